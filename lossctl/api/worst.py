"""`lossctl.worst_rows`: the rows of the largest losses. Joins sources, the losses and the engine.

May import every package but `cli`; what a run needs is imported when it runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from lossctl.api.results.computed import Progress
from lossctl.api.results.rowwise import Found, find_rows, kept_columns, model_names
from lossctl.api.setup.losses import Selection, select
from lossctl.core.bound import note_used
from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import ChosenLoss
from lossctl.core.results.row_lines import key_text
from lossctl.core.results.slices import Slice
from lossctl.core.results.worst_rows import Figure, WorstRow, WorstRows
from lossctl.core.settings import Options, Settings
from lossctl.core.system.input_files import one_run

if TYPE_CHECKING:
    from lossctl.engine.accumulators.worst import Worst
    from lossctl.engine.plan import ModelPlan, ModelTally

__all__ = ["MOST_ROWS", "worst_rows"]

MOST_ROWS = 100_000
"""They are held in memory, and by each worker: whoever wants more wants every row."""


@one_run()
def worst_rows(
    source: Any,
    losses: str | Sequence[str | ChosenLoss] | Selection,
    count: int,
    *,
    keep: Sequence[str] = (),
    on_progress: Progress | None = None,
    **options: Unpack[Options],
) -> WorstRows:
    """Find the rows of the largest losses, for each model and loss.

    Parameters
    ----------
    source, losses, on_progress, **options
        As in `lossctl.evaluate`.
    count
        How many rows. Of equal losses the first rows are given.
    keep
        Columns of any type to give beside, as texts: names, globs or lists.

    Returns
    -------
    WorstRows
        The worst first, model by model and loss by loss; with ``by`` first of the whole, then of each slice.

    Raises
    ------
    UsageError, DataError
        As `lossctl.evaluate`; and UsageError where a column to keep is not there, the count is not from 1 to 100,000,
        a row has no loss of its own (losses of groups, and those that are ratios of means), or the rows of all slices
        together are more than a million.

    Examples
    --------
    >>> frame = {"target": [1.0, 2.0, 4.0], "prediction": [1.5, 2.0, 1.0]}
    >>> [(each.row, each.value) for each in worst_rows(frame, "mse", 2)]
    [(3, 9.0), (1, 0.25)]
    """
    settings = Settings.of(**options)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_ROWS:
        cure = f"from 1 to {MOST_ROWS:,}; --per-row gives them all"
        raise UsageError(f"top: {count!r} is not a number of rows", cure)
    selection = losses if isinstance(losses, Selection) else select(losses)

    with ExitStack() as stack:
        watched = partial(_watched, count)
        found = find_rows(stack, source, selection, settings, on_progress, watched=watched, keep=keep)
        names = iter(model_names(found))
        many = sum(len(one.reported) for one in found) > 1
        rows: list[WorstRow] = []
        notes: list[str] = []
        for one in found:
            for (tally, index), mine in zip(one.reported, _rows_of(one, names, count, keep, settings), strict=True):
                rows += mine
                of_whole = [row for row in mine if not row.slice]
                notes += _share(tally, index, of_whole, many=many, sliced=one.slices is not None)
    warnings = dict.fromkeys(line for one in found for line in one.warnings)
    notices = dict.fromkeys(line for one in found for line in one.notices)
    return WorstRows(tuple(rows), tuple(warnings), tuple(notices), tuple(notes), ",".join(settings.key) or None)


def _rows_of(
    one: Found, names: Iterator[str], count: int, keep: Sequence[str], settings: Settings
) -> list[list[WorstRow]]:
    """Return the worst rows of each loss reported of a source, those of the whole and then of each slice."""
    kept = kept_columns(one.source, keep)
    note_used(kept)
    worst = _worst_of(one, count, settings)
    texts = _texts(one, worst, (*kept, *settings.key))
    return [
        [
            _with_texts(row, texts, kept, settings.key)
            for values, each in parts
            for row in _rows(one, model, of, values, each)
        ]
        for of, parts, model in zip(one.reported, worst, names, strict=False)  # names are of all sources
    ]


def _watched(count: int, plan: ModelPlan) -> ModelPlan:
    from lossctl.engine.accumulators.watched import Watch, WatchedPlan

    return WatchedPlan.of(plan, Watch(top=count))


def _with_texts(
    row: WorstRow, texts: Mapping[int, Mapping[str, str | None]], kept: Sequence[str], key: Sequence[str]
) -> WorstRow:
    """Put beside a row what was read of it."""
    if not kept and not key:
        return row
    mine = texts[row.row - 1]
    named = key_text([mine[name] for name in key]) if key else None
    return replace(row, key=named, keep={name: mine[name] for name in kept})


def _worst(tally: ModelTally, index: int) -> Worst:
    from lossctl.engine.accumulators.watched import WatchedTally

    if not isinstance(tally, WatchedTally):
        raise TypeError("the plan was not watched")
    return tally.worst[index]


def _worst_of(one: Found, count: int, settings: Settings) -> list[list[tuple[Slice, Worst]]]:
    """Return for each loss reported the worst rows of the whole, and of each slice."""
    found: list[list[tuple[Slice, Worst]]] = [[({}, _worst(*each))] for each in one.reported]
    if one.slices is not None:
        from lossctl.api.results.row_slices import worst_of_slices

        by_slice = worst_of_slices(one.source, one.slices, one.reported, count, settings)
        for (tally, index), parts in zip(one.reported, found, strict=True):
            worst = by_slice[id(tally), index]
            worst.settle()
            parts += [(one.slices.name(code), worst.of(code)) for code in one.slices.shown[id(tally)].codes]
    return found


def _texts(
    one: Found, worst: Sequence[Sequence[tuple[Slice, Worst]]], columns: Sequence[str]
) -> dict[int, Mapping[str, str | None]]:
    """Read some columns of all rows that are told of, in one look at the source."""
    numbers = sorted({row for parts in worst for _, each in parts for row in each.rows.tolist()})
    if not columns:
        return {row: {} for row in numbers}
    return dict(zip(numbers, one.source.texts(numbers, list(dict.fromkeys(columns))), strict=True))


def _rows(one: Found, model: str, of: tuple[ModelTally, int], values: Slice, worst: Worst) -> list[WorstRow]:
    """Return the worst rows of one loss, an index of a tally, on a slice."""
    tally, index = of
    chosen, binding = tally.plan.losses[index], tally.plan.binding
    rows = []
    for place, (row, loss) in enumerate(zip(worst.rows.tolist(), worst.losses.tolist(), strict=True)):
        beside = {name: _figure(numbers[place]) for name, numbers in worst.beside.items()}
        target = beside.get("target")
        if binding.labels and isinstance(target, float):
            target = binding.labels[int(target)]
        weight = beside.get("weight")
        rows.append(
            WorstRow(
                source=one.source.name,
                model=model,
                chosen=chosen,
                rank=place + 1,
                row=row + 1,
                key=None,
                weight=weight if isinstance(weight, float) else 1.0,
                value=loss,
                slope=beside["slope"],
                target=target,
                prediction=beside.get("prediction"),
                slice=values,
            )
        )
    return rows


def _figure(value: Any) -> Figure:
    return float(value) if value.ndim == 0 else tuple(value.tolist())


def _share(tally: ModelTally, index: int, rows: Sequence[WorstRow], *, many: bool, sliced: bool) -> list[str]:
    """Return how much of the sum of a loss the worst rows make, where no row can take of it."""
    chosen = tally.plan.losses[index]
    low = chosen.fact("low")
    total = tally.moments(index).value * float(tally.rows.total)
    if low is None or not low >= 0.0 or not math.isfinite(total) or total <= 0.0:
        return []
    share = math.fsum(row.weight * row.value for row in rows) / total
    of = f"{rows[0].model}, {chosen.title}: " if many else ""
    of += "of the whole, " if sliced else ""
    them = "this row makes" if len(rows) == 1 else f"these {len(rows)} rows make"
    return [f"{of}{them} up {100.0 * min(share, 1.0):.3g}% of the sum over {tally.rows.n}"]
