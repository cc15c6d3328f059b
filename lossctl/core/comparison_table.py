"""The table of many comparisons for people: a block of models for each loss and slice, the baseline first.

Imports the standard library and core. Nothing here computes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lossctl.core.ranking import Best, alike, best
from lossctl.core.view import Brief, Cell, Change, Column, Span, View

if TYPE_CHECKING:
    from lossctl.core.comparison import Comparison

__all__ = ["table"]

UNTOLD = "~"
"""Stands for a change of which the data do not tell that it is one."""

_MARKS = {True: "*", False: "*~", None: "*?"}
_LEGEND = {
    "*": "significantly better than the second",
    "*~": "by value alone: not significantly better than the second",
    "*?": "not compared with the second; --all-pairs does",
}
_ALL_ROWS = "all"


def table(comparisons: Sequence[Comparison], notes: Sequence[str]) -> View:
    """Lay comparisons out.

    Parameters
    ----------
    comparisons
        Loss by loss; those of one loss and slice stand together.
    notes
        Lines under the table, beside those that say what its marks mean.
    """
    slices = tuple(dict.fromkeys(name for each in comparisons for name in each.slice))
    level = next((each.delta_ci.level for each in comparisons if each.delta_ci is not None), 0.95)
    columns = {
        "loss": Column("loss"),
        **{f"slice {name}": Column(name) for name in slices},
        "model": Column("model"),
        "best": Column("best"),
        "value": Column("value", "right", "main"),
        "change": Column("change", "right", "main"),
        "verdict": Column("verdict"),
        "p": Column("p", "right"),
        "n": Column("n", "right", "side"),
        "difference": Column("difference", "right"),
        "ci": Column(f"{100 * level:g}% CI", "right", "side"),
        "wins": Column("wins/ties/losses", "right", "side"),
        "detectable": Column("detectable", "right", "side"),
        "needed": Column("rows needed", "right", "side"),
    }
    rows: list[dict[str, Cell]] = []
    for together in alike(comparisons).values():
        rows += _block(together, slices)
    idle = {name for name in ("best", "verdict", "detectable", "needed") if all(row.get(name) is None for row in rows)}
    shown = [name for name in columns if name not in idle]
    lead = shown[: shown.index("model")]
    cells = tuple(tuple(row.get(name) for name in shown) for row in _without_repeats(rows, lead))
    return View(tuple(columns[name] for name in shown), cells, notes=(*_legend(rows), *notes))


def _block(together: Sequence[Comparison], slices: Sequence[str]) -> list[dict[str, Cell]]:
    """Give the rows of one loss and slice: each baseline, with its candidates below."""
    marks = _marks(best(together))
    first = together[0]
    lead: dict[str, Cell] = {"loss": first.chosen.label}
    lead |= {f"slice {name}": _slice_text(first.slice, name) for name in slices}
    rows: list[dict[str, Cell]] = []
    for baseline in dict.fromkeys(each.baseline for each in together):
        own = [each for each in together if each.baseline == baseline]
        value = own[0].baseline_value
        rows.append(lead | {"model": baseline, "best": marks.get(baseline), "value": value, "change": "baseline"})
        rows += [lead | {"best": marks.get(each.candidate)} | _cells(each) for each in own]
    return rows


def _slice_text(values: Mapping[str, str | None], name: str) -> str | None:
    return values.get(name, _ALL_ROWS)


def _marks(found: Best | None) -> dict[str, str]:
    if found is None or found.second is None:
        return {}
    return dict.fromkeys(found.models, _MARKS[found.told])


def _cells(each: Comparison) -> dict[str, Cell]:
    change: Cell = UNTOLD
    if each.significant:
        change = None if each.relative is None else Change(each.relative)
    needed = each.rows_needed if each.rows_needed is not None and each.rows_needed > each.n else None
    return {
        "model": each.candidate,
        "value": each.candidate_value,
        "change": change,
        "verdict": {True: "better", False: "worse", None: None}[each.better],
        "p": None if each.p_adjusted is None else Brief(each.p_adjusted),
        "n": each.n,
        "difference": each.delta,
        "ci": None if each.delta_ci is None else Span(each.delta_ci.low, each.delta_ci.high),
        "wins": f"{each.wins}/{each.ties}/{each.losses}",
        "detectable": None if each.significant else each.detectable,
        "needed": None if each.significant else needed,
    }


def _without_repeats(rows: Sequence[dict[str, Cell]], lead: Sequence[str]) -> list[dict[str, Cell]]:
    """Leave out of the leading columns what stands above, as far as all to the left of it does."""
    shown: list[dict[str, Cell]] = []
    above: dict[str, Cell] = {}
    for row in rows:
        kept = dict(row)
        for name in lead:
            if name not in above or row[name] != above[name]:
                break
            kept[name] = None
        shown.append(kept)
        above = row
    return shown


def _legend(rows: Sequence[Mapping[str, Cell]]) -> list[str]:
    """Say what the marks mean that occur."""
    lines = []
    marks = [mark for mark in _LEGEND if any(row["best"] == mark for row in rows)]
    if marks:
        lines.append("best: " + "; ".join(f"{mark} {_LEGEND[mark]}" for mark in marks))
    if any(row["change"] == UNTOLD for row in rows):
        told = "~ the data do not tell"
        if any(row.get("detectable") is not None for row in rows):
            told += "; detectable: the least difference so many rows show in four of five samples"
        if any(row.get("needed") is not None for row in rows):
            told += "; rows needed: to show this one as often"
        lines.append(told)
    return lines
