"""`lossctl.worst_rows`: the rows of the largest losses. Joins sources, the losses and the engine.

May import every package but `cli`; what a run needs is imported when it runs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from lossctl.api.evaluating import Progress
from lossctl.api.rowwise import Found, find_rows, kept_columns, model_names
from lossctl.api.selecting import Selection, select
from lossctl.core.errors import UsageError
from lossctl.core.lines import key_text
from lossctl.core.loss import ChosenLoss
from lossctl.core.settings import Options, Settings
from lossctl.core.worst_rows import Figure, WorstRow, WorstRows

if TYPE_CHECKING:
    from lossctl.core.worst import Worst
    from lossctl.engine.plan import ModelPlan, ModelTally

__all__ = ["MOST_ROWS", "worst_rows"]

MOST_ROWS = 100_000
"""They are held in memory, and by each worker: whoever wants more wants every row."""


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
        The worst first, model by model and loss by loss.

    Raises
    ------
    UsageError, DataError
        As `lossctl.evaluate`; and UsageError where a column to keep is not there, the count is not from 1 to 100,000,
        or a row has no loss of its own: losses of groups, and those that are ratios of means.

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
            kept = kept_columns(one.source, keep)
            texts = _texts(one, (*kept, *settings.key))
            for tally, index in one.reported:
                mine = [_with_texts(row, texts, kept, settings.key) for row in _rows(one, next(names), tally, index)]
                rows += mine
                notes += _share(tally, index, mine, many=many)
    warnings = dict.fromkeys(line for one in found for line in one.warnings)
    notices = dict.fromkeys(line for one in found for line in one.notices)
    return WorstRows(tuple(rows), tuple(warnings), tuple(notices), tuple(notes), ",".join(settings.key) or None)


def _watched(count: int, plan: ModelPlan) -> ModelPlan:
    from lossctl.engine.watched import Watch, WatchedPlan

    return WatchedPlan.of(plan, Watch(top=count))


def _with_texts(
    row: WorstRow, texts: Mapping[int, Mapping[str, str | None]], kept: Sequence[str], key: Sequence[str]
) -> WorstRow:
    """Put beside a row what was read of it."""
    mine = texts[row.row - 1]
    named = key_text([mine[name] for name in key]) if key else None
    return replace(row, key=named, keep={name: mine[name] for name in kept})


def _worst(tally: ModelTally, index: int) -> Worst:
    from lossctl.engine.watched import WatchedTally

    if not isinstance(tally, WatchedTally):
        raise TypeError("the plan was not watched")
    return tally.worst[index]


def _texts(one: Found, columns: Sequence[str]) -> dict[int, Mapping[str, str | None]]:
    """Read some columns of all rows that are told of, in one look at the source."""
    numbers = sorted({int(row) for tally, index in one.reported for row in _worst(tally, index).rows})
    if not columns:
        return {row: {} for row in numbers}
    return dict(zip(numbers, one.source.texts(numbers, list(dict.fromkeys(columns))), strict=True))


def _rows(one: Found, model: str, tally: ModelTally, index: int) -> list[WorstRow]:
    worst, binding = _worst(tally, index), tally.plan.binding
    chosen = tally.plan.losses[index]
    rows = []
    for place, (row, loss) in enumerate(zip(worst.rows.tolist(), worst.losses.tolist(), strict=True)):
        beside = {name: _figure(values[place]) for name, values in worst.beside.items()}
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
            )
        )
    return rows


def _figure(value: Any) -> Figure:
    return float(value) if value.ndim == 0 else tuple(value.tolist())


def _share(tally: ModelTally, index: int, rows: Sequence[WorstRow], *, many: bool) -> list[str]:
    """Say how much of the sum of a loss the worst rows make, where no row can take of it."""
    chosen = tally.plan.losses[index]
    low = chosen.fact("low")
    total = tally.moments(index).value * float(tally.rows.total)
    if low is None or not low >= 0.0 or not math.isfinite(total) or total <= 0.0:
        return []
    share = math.fsum(row.weight * row.value for row in rows) / total
    of = f"{rows[0].model}, {chosen.label}: " if many else ""
    them = "this row makes" if len(rows) == 1 else f"these {len(rows)} rows make"
    return [f"{of}{them} up {100.0 * min(share, 1.0):.3g}% of the sum over {tally.rows.n}"]
