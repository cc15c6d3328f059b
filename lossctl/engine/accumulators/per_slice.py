"""Rows handed out by slice: to each slice what a run over its rows alone would have been given.

Rows of a slice are gathered until there are enough of them to be worth a kernel's while. Imports core and its own
package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import field, replace

import numpy as np

from lossctl.core.rows.block import BLOCK_ROWS, WIDE_ROW, Batch
from lossctl.core.rows.runs import starts_of_runs
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.engine.accumulators.pairs import PairsPlan, PairsTally, picked
from lossctl.engine.fitting import lag_column, sliced_lag

__all__ = ["SlicedPairs", "looking_back"]

_ENOUGH = 2**13
"""Rows of a slice that are compared at once: what Python does for them is then little beside what NumPy does."""
_MOST_WAITING = 32 * BLOCK_ROWS
"""Rows that may wait, of all slices together; fewer where each has more than `WIDE_ROW` numbers."""


@dataclass(slots=True)
class SlicedPairs:
    """The pairs of each slice, by its code; use `add` in file order, then `finish`.

    Parameters
    ----------
    plan_of
        What to compare of a slice; ``None``: nothing.
    tallies
        What is found.
    """

    plan_of: Callable[[int], PairsPlan | None]
    tallies: dict[int, PairsTally] = field(default_factory=dict)
    _waiting: dict[int, list[Sequence[Batch]]] = field(default_factory=dict)
    _rows: dict[int, int] = field(default_factory=dict)
    _read: dict[int, int] = field(default_factory=dict)

    def add(self, batches: Sequence[Batch]) -> None:
        """Add the same rows of each model, a batch each."""
        for code, some in _by_slice(batches):
            if code not in self._read:
                plan = self.plan_of(code)
                self._read[code] = 0
                if plan is not None:
                    self.tallies[code] = plan.tally()
            if code not in self.tallies:
                continue
            self._waiting.setdefault(code, []).append(some)
            self._rows[code] = self._rows.get(code, 0) + len(some[0])
            if self._rows[code] >= _ENOUGH or some[0].starts is not None:
                self._compare(code)
        numbers = sum(each.numbers(each.columns) for each in {id(each): each for each in batches}.values())
        if sum(self._rows.values()) * max(1, numbers // WIDE_ROW) > _MOST_WAITING:
            self.finish()

    def finish(self) -> None:
        """Compare all rows that wait."""
        for code in list(self._waiting):
            self._compare(code)

    def _compare(self, code: int) -> None:
        """Compare the rows of a slice that wait."""
        waiting = self._waiting.pop(code)
        self._rows.pop(code)
        tally = self.tallies[code]
        joined: dict[int, Batch] = {}
        together = []
        for place, batch in enumerate(waiting[0]):
            key = id(batch)  # models of one source have one and the same
            if key not in joined:
                joined[key] = looking_back(_joined([each[place] for each in waiting]), tally.plan)
            together.append(joined[key])
        self._read[code] += tally.add_all(together, self._read[code])


def _by_slice(batches: Sequence[Batch]) -> Iterator[tuple[int, list[Batch]]]:
    """Yield the code and the rows of each slice, in their order."""
    codes = batches[0].slices
    if codes is None:
        raise ValueError("the rows know no slices")
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    starts = starts_of_runs(ordered)
    ends = np.append(starts[1:], len(codes))
    distinct = {id(batch): batch for batch in batches}
    if batches[0].starts is not None:  # groups are kept whole, row by row
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            some = {key: picked(batch, order[start:end]) for key, batch in distinct.items()}
            yield int(ordered[start]), [some[id(batch)] for batch in batches]
        return
    sorted_batches = {key: picked(batch, order) for key, batch in distinct.items()}
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        some = {key: batch.cut(start, end) for key, batch in sorted_batches.items()}
        yield int(ordered[start]), [some[id(batch)] for batch in batches]


def _joined(batches: Sequence[Batch]) -> Batch:
    """Put batches of one slice together, that are in file order and in no groups."""
    first = batches[0]
    if len(batches) == 1:
        return first
    columns = {name: np.concatenate([batch.columns[name] for batch in batches]) for name in first.columns}
    rows = np.concatenate([batch.rows for batch in batches if batch.rows is not None])
    identity = None
    if first.identity is not None:
        identity = np.concatenate([batch.identity for batch in batches if batch.identity is not None])
    return Batch(columns, first.first_row, len(rows), rows, None, first.file, None, identity)


def looking_back(batch: Batch, plan: PairsPlan) -> Batch:
    """Let losses of a series look back within the slice."""
    found = {lag_column(chosen, of.binding)[2] for of in plan.plans for chosen in of.losses if chosen.loss.series}
    lags = {lag: batch.columns[sliced_lag(lag)] for lag in found if sliced_lag(lag) in batch.columns}
    return replace(batch, columns={**batch.columns, **lags}) if lags else batch
