"""The table of comparisons for people: losses down, models below each other, or two beside each other.

Imports the standard library and core. Nothing here computes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lossctl.core.results.evaluation import NO_SPREAD
from lossctl.core.results.ranking import Best, alike, best
from lossctl.core.results.slices import slice_cells, slice_columns
from lossctl.core.results.view import Brief, Cell, Change, Column, Span, View, rounded

if TYPE_CHECKING:
    from lossctl.core.results.comparison import Comparison

__all__ = ["table"]

UNTOLD = "~"
"""The verdict on a difference that is not significant."""

_MARKS = {True: "*", False: "*~", None: "*?"}
_LEGEND = {
    "*": "significantly better than the runner-up",
    "*~": "best value, but not significantly better than the runner-up",
    "*?": "best value, not compared with the runner-up (--all-pairs does)",
}
_DETECTABLE, _NEEDED = "can detect", "rows needed"
_DETECTABLE_MEANS = "smallest difference that a sample of this size finds 80 % of the time"
_NEEDED_MEANS = "about the sample size that would find this difference 80 % of the time"
_SLICE = "slice "
"""What the name of a column of slices begins with here, so that no other is called so."""
_OPTIONAL = ("best", "best of two", "change", "detectable", "needed")
"""Columns that are left out where nothing stands in them."""


def table(comparisons: Sequence[Comparison], notes: Sequence[str]) -> View:
    """Lay comparisons out: a line each where there are two models, else a block of lines for each loss and slice.

    Two models are laid out in blocks too where a terminal is too narrow for their names beside each other.

    Parameters
    ----------
    comparisons
        Loss by loss; those of one loss and slice stand together.
    notes
        Lines under the table, beside those that say what its marks mean.
    """
    pairs = {(each.baseline, each.candidate) for each in comparisons}
    if len(pairs) > 1:
        return _laid_out(comparisons, notes)
    return replace(_laid_out(comparisons, notes, *pairs), narrow=lambda: _laid_out(comparisons, notes))


def _laid_out(comparisons: Sequence[Comparison], notes: Sequence[str], pair: tuple[str, str] | None = None) -> View:
    """Lay comparisons of a pair of models out in lines, else in blocks."""
    slices = slice_columns(each.slice for each in comparisons)
    level = next((each.delta_ci.level for each in comparisons if each.delta_ci is not None), 0.95)
    lay_out = _block if pair is None else _lines
    rows = [row for together in alike(comparisons).values() for row in lay_out(together, slices)]
    columns = _columns(slices, level, pair)
    idle = {name for name in _OPTIONAL if all(row.get(name) is None for row in rows)}
    shown = [name for name in columns if name not in idle]
    lead = [name for name in shown if name == "loss" or name.startswith(_SLICE)]
    cells = tuple(tuple(row.get(name) for name in shown) for row in _without_repeats(rows, lead))
    if any(each.status == NO_SPREAD for each in comparisons):
        notes = ("without an interval: the differences of all rows are equal, and p is that of flipped signs", *notes)
    return View(tuple(columns[name] for name in shown), cells, notes=tuple(notes), legend=tuple(_legend(rows, shown)))


def _columns(slices: Sequence[str], level: float, pair: tuple[str, str] | None) -> dict[str, Column]:
    """Return the columns: the values of two models beside each other, those of more below each other."""
    lead = {"loss": Column("loss"), **{_SLICE + name: Column(name) for name in slices}}
    if pair is None:
        best_of_all = Column("best", rank=1)
        lead |= {"model": Column("model"), "best": best_of_all, "value": Column("value", "right", "main")}
    else:
        lead |= {"baseline": Column(pair[0], "right", "main"), "value": Column(pair[1], "right", "main")}
    figures = {
        "change": Column("change", "right", "main", rank=2),
        "verdict": Column("verdict", style="verdict"),
        "best of two": Column("best", rank=1),
        "p": Column("p", "right"),
        "n": Column("n", "right", "side", rank=3),
        "difference": Column("difference", "right"),
        "ci": Column(f"{100 * level:g}% CI", "right", "side"),
        "wins": Column("wins/ties/losses", "right", "side", rank=4, wraps=True),
        "detectable": Column(_DETECTABLE, "right", "side", rank=5, wraps=True),
        "needed": Column(_NEEDED, "right", "side", rank=6, wraps=True),
    }
    return lead | figures


def _lines(together: Sequence[Comparison], slices: Sequence[str]) -> list[dict[str, Cell]]:
    """Return the line of one loss and slice, of two models."""
    (each,) = together
    found = best(together)
    marks = _marks(found)
    mark = next(iter(marks.values()), None)
    winner = None if mark is None else f"{next(iter(marks))} {mark}"
    if found is not None and len(found.models) > 1:
        mark, winner = None, "equal"
    row = {"baseline": each.baseline_value, "best": mark, "best of two": winner}
    return [_lead(each, slices) | row | _cells(each)]


def _block(together: Sequence[Comparison], slices: Sequence[str]) -> list[dict[str, Cell]]:
    """Return the rows of one loss and slice: each baseline, with its candidates below."""
    marks = _marks(best(together))
    lead = _lead(together[0], slices)
    rows: list[dict[str, Cell]] = []
    for baseline in dict.fromkeys(each.baseline for each in together):
        own = [each for each in together if each.baseline == baseline]
        value = own[0].baseline_value
        rows.append(lead | {"model": baseline, "best": marks.get(baseline), "value": value, "difference": "baseline"})
        rows += [lead | {"best": marks.get(each.candidate)} | _cells(each) for each in own]
    return rows


def _lead(each: Comparison, slices: Sequence[str]) -> dict[str, Cell]:
    cells = zip(slices, slice_cells(each.slice, slices), strict=True)
    return {"loss": each.chosen.title, **{_SLICE + name: cell for name, cell in cells}}


def _marks(found: Best | None) -> dict[str, str]:
    if found is None or found.second is None:
        return {}
    return dict.fromkeys(found.models, _MARKS[found.told])


def _cells(each: Comparison) -> dict[str, Cell]:
    change = Change(each.relative) if each.significant and each.relative is not None else None
    needed = each.rows_needed if each.rows_needed is not None and each.rows_needed > each.n else None
    return {
        "model": each.candidate,
        "value": each.candidate_value,
        "change": change,
        "verdict": {True: "better", False: "worse", None: UNTOLD}[each.better],
        "p": None if each.p_adjusted is None else Brief(each.p_adjusted),
        "n": each.n,
        "difference": each.delta,
        "ci": None if each.delta_ci is None else Span(each.delta_ci.low, each.delta_ci.high),
        "wins": f"{each.wins}/{each.ties}/{each.losses}",
        "detectable": None if each.significant else each.detectable,
        "needed": None if each.significant or needed is None else rounded(needed),
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


def _legend(rows: Sequence[Mapping[str, Cell]], shown: Sequence[str]) -> list[tuple[str, str]]:
    """Return what the marks that occur mean, and the columns that need a word, each with the header it explains."""
    marks = [mark for mark in _LEGEND if any(row["best"] == mark for row in rows)]
    lines = [("best", "best: " + "; ".join(f"{mark} = {_LEGEND[mark]}" for mark in marks))] if marks else []
    if any(row.get("verdict") == UNTOLD for row in rows):
        lines.append(("verdict", f"{UNTOLD} = no significant difference"))
    words = {"detectable": (_DETECTABLE, _DETECTABLE_MEANS), "needed": (_NEEDED, _NEEDED_MEANS)}
    return lines + [(header, f"{header} = {text}") for name, (header, text) in words.items() if name in shown]
