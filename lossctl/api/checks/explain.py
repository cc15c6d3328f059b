"""Why a gate failed: the slices it fails most on, and the rows that add most to it, with their keys.

May import sources, engine, gates and core.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from lossctl.api.checks.deltas import Deltas
from lossctl.api.checks.figures import Figures, condition
from lossctl.api.comparisons.model_rows import ModelRows, identity_of
from lossctl.api.results.computed import compute_source
from lossctl.api.setup.losses import Selection
from lossctl.core.errors import DataError, UsageError
from lossctl.core.results.slices import Slice, slice_text
from lossctl.core.settings import Settings
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.engine.accumulators.pair_rows import WorstGaps, WorstGapsPlan
from lossctl.engine.accumulators.pairs import PairsPlan
from lossctl.engine.accumulators.watched import Watch, WatchedPlan, WatchedTally
from lossctl.gates.decide import Test
from lossctl.gates.gate import Bound, Gate, Measure, Term
from lossctl.sources import Slices

if TYPE_CHECKING:
    from lossctl.api.checks.scalar_deltas import ScalarDeltas
    from lossctl.engine.accumulators.worst import Worst
    from lossctl.engine.plan import ModelPlan
    from lossctl.sources import Source

__all__ = ["UNSHOWN", "Explainer"]

UNSHOWN = "the reason can't be shown: "
"""What a report says of a failed gate whose slices and rows can't be read again."""

_ROWS, _SLICES = 3, 3
_BY_ROWS = {"", "p50", "p90", "p95", "p99", "max"}
"""Figures that single rows make high."""


@dataclass(slots=True)
class Explainer:
    """Explains failures.

    Parameters
    ----------
    figures, deltas
        What the gates looked at.
    columns
        By which slices are told of.
    settings
        How rows are read.
    """

    figures: Figures
    deltas: Deltas | ScalarDeltas | None
    columns: Sequence[str]
    settings: Settings

    def lines(self, gate: Gate, values: Slice) -> list[str]:
        """Explain the failure of a gate on a slice; nothing where there is nothing to add, or it can't be found."""
        if gate.measure not in {Measure.VALUE, Measure.FIGURE, Measure.DELTA}:
            return []
        try:
            return [*self._slices(gate, values), *self._rows(gate, values)]
        except UsageError:  # there is nothing to look at, and the verdict stands without
            return []
        except DataError as error:
            return [f"{UNSHOWN}{error.problem}"]

    def _slices(self, gate: Gate, values: Slice) -> list[str]:
        lines = []
        for column in self.columns:
            if column in values:
                continue
            fixed = tuple(Term(name, value) for name, value in values.items())
            asked = replace(gate, terms=(*fixed, Term(column, every=True)))
            deltas = self.deltas if gate.measure is Measure.DELTA else None
            found = self.figures.of(asked) if deltas is None else [each.figure for each in deltas.of(asked, Test.POINT)]
            known = [each for each in found if each.value is not None]
            known.sort(key=lambda each: each.value or 0.0, reverse=gate.operator.keeps_low)
            told = [
                f"{slice_text(each.slice)} ({_shown(each.value, gate.bound)}, {each.n} rows)"
                for each in known[:_SLICES]
            ]
            if told:
                lines.append(f"worst by {column}: {', '.join(told)}")
        return lines

    def _rows(self, gate: Gate, values: Slice) -> list[str]:
        if gate.measure is Measure.DELTA:
            return self._rows_of_delta(self.deltas, gate, values) if isinstance(self.deltas, Deltas) else []
        if gate.figure not in _BY_ROWS:
            return []
        worst = self._worst(gate, values)
        if worst is None or not len(worst.rows):
            return []
        names = self._names(self.figures.source, worst.rows.tolist())
        told = [f"{name} ({loss:.4g})" for name, loss in zip(names, worst.losses.tolist(), strict=True)]
        return [f"largest losses: {', '.join(told)}"]

    def _worst(self, gate: Gate, values: Slice) -> Worst | None:
        chosen = self.figures.losses[gate.loss]

        def watched(plan: ModelPlan) -> ModelPlan:
            return WatchedPlan.of(plan, Watch(top=_ROWS))

        settings = replace(self.settings, by=(), min_n=None, where=condition(self.settings.where, values))
        computed = compute_source(self.figures.source, Selection((chosen,)), settings, None, None, watched=watched)
        tally, index = computed.reported[0]
        return tally.worst[index] if isinstance(tally, WatchedTally) and gate.operator.keeps_low else None

    def _rows_of_delta(self, deltas: Deltas, gate: Gate, values: Slice) -> list[str]:
        chosen = deltas.losses[gate.loss]
        pair = next(each for each in deltas.opponent.pairs if chosen in each[1].plan.losses)
        index = pair[1].plan.losses.index(chosen)
        slices = Slices(tuple(values)) if values else None
        wanted = None
        if slices is not None:
            named = tuple(values.values())

            def wanted(codes: Any) -> Any:
                return np.isin(codes, [code for code in range(len(slices)) if slices.values(code) == named])

        signs = [1.0 if gate.operator.keeps_low else -1.0] * len(pair[1].plan.losses)
        plan = WorstGapsPlan(PairsPlan((pair[0].plan, pair[1].plan), ((0, 1),), deltas.method), _ROWS, signs, wanted)
        rows = ModelRows(list(pair), deltas.settings, identity_of(deltas.method, deltas.settings), slices)
        (tally,) = rows.compare({None: cast("PairsPlan", plan)}).values()
        worst = cast("WorstGaps", tally).worst[index]
        known = (worst.losses > 0.0) | ((worst.losses == 0.0) & (worst.finer > 0.0))
        if not known.any():
            return []
        names = self._names(pair[1].source, worst.rows[known].tolist())
        losses = worst.beside["slope"][known].tolist()
        told = [f"{name} ({old:.4g} → {new:.4g})" for name, (old, new) in zip(names, losses, strict=True)]
        return [f"rows that add most: {', '.join(told)}"]

    def _names(self, source: Source, rows: Sequence[int]) -> list[str]:
        """Name rows by their key, or by their number from 1."""
        keys = list(self.settings.key)
        if not keys:
            return [f"row {row + 1}" for row in rows]
        order = sorted(set(rows))
        texts = dict(zip(order, source.texts(order, keys), strict=True))
        return [" ".join(f"{name}={texts[row][name]}" for name in keys) for row in rows]


def _shown(value: float | None, bound: Bound) -> str:
    number = 0.0 if value is None else value
    return f"{100.0 * number:+.4g}%" if bound.percent else f"{number:.4g}"
