"""Results of many slices as entries of a JSON document and as cells of a table, by column. Imports NumPy and core."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from lossctl.core.results.columns import Pieces, SliceResults
from lossctl.core.results.evaluation import GRADIENT_FIGURES, Evaluation, cells_of
from lossctl.core.results.slices import slice_cells
from lossctl.core.results.view import Alike, Cell, Field, Span, listed

__all__ = ["alike", "cells", "values"]

_FIGURES = ("value", "n", "n_read", "n_dropped", "n_outside", "weight_sum")


def alike(results: Pieces) -> list[Alike]:
    """Return the entries of results, those of many slices by what they have in common."""
    found: list[Alike] = []
    first = 0
    for piece in results.pieces:
        if isinstance(piece, Evaluation):
            found.append(Alike([first], piece.to_dict(), {}))
            first += 1
        else:
            found += _alike(piece, first)
            first += len(piece)
    return found


def _alike(results: SliceResults, first: int) -> list[Alike]:
    """Return the entries of slices, of which the first has a place: by whether there is an error and an interval."""
    has_error, has_interval = results.kinds()
    usual = np.ones(len(results), np.bool_)
    usual[[*results.others]] = False
    found = [Alike([first + place], other.to_dict(), {}) for place, other in results.others.items()]
    for error, interval in ((True, True), (True, False), (False, False)):
        places = np.flatnonzero(usual & (has_error == error) & (has_interval == interval))
        if len(places):
            pattern, numbers = results.at(int(places[0])).to_dict(), (places + first).tolist()
            found.append(Alike(numbers, pattern, _fields(results.some(places), error=error, interval=interval)))
    return found


def _fields(results: SliceResults, *, error: bool, interval: bool) -> dict[tuple[str, ...], Field]:
    """Return the fields in which slices differ; all have an error and an interval, or none."""
    figures = results.figures
    found: dict[tuple[str, ...], Field] = {("slice", name): values for name, values in results.slices.items()}
    found |= {(name,): figures[name] for name in _FIGURES if name in figures}
    found |= {("gradient", name): figures[name] for name in GRADIENT_FIGURES}
    found["signature",] = results.signatures()
    if error:
        found["std_error",] = figures["std_error"]
    if interval:
        found |= {("ci", "low"): figures["low"], ("ci", "high"): figures["high"]}
    return found


def cells(results: Pieces, by: Sequence[str]) -> dict[str, list[Cell]]:
    """Return the cells of a table of results by column, as `lossctl.core.results.evaluation.cells_of` those of one."""
    found: dict[str, list[Cell]] = {}
    for piece in results.pieces:
        of = _of_one(piece, by) if isinstance(piece, Evaluation) else _cells(piece, by)
        for name, column in of.items():
            found.setdefault(name, []).extend(column)
    return found


def _of_one(result: Evaluation, by: Sequence[str]) -> Mapping[str, Sequence[Cell]]:
    return {name: [cell] for name, cell in cells_of(result, by).items()}


def _cells(results: SliceResults, by: Sequence[str]) -> dict[str, list[Cell]]:
    count, figures = len(results), results.figures
    found: dict[str, list[Cell]] = {name: [cell] * count for name, cell in cells_of(results.whole, by).items()}
    for name in by:
        texts = results.slices[name]
        missing = slice_cells({name: None}, [name])[0]
        found[f"by {name}"] = [missing if text is None else text for text in texts]
    ends = zip(figures["low"].tolist(), figures["high"].tolist(), strict=True)
    found["value"], found["std_error"] = figures["value"].tolist(), [*listed(figures["std_error"])]
    found["ci"] = [None if math.isnan(low) else Span(low, high) for low, high in ends]
    found |= {name: figures[name].tolist() for name in ("l2", "row_mean_abs", "row_max", "n")}
    found["dropped"] = figures["n_dropped"].tolist()
    for place, other in results.others.items():
        for name, cell in cells_of(other, by).items():
            found[name][place] = cell
    return found


def values(results: Pieces) -> list[float]:
    """Return the value of each result."""
    found: list[float] = []
    for piece in results.pieces:
        if isinstance(piece, Evaluation):
            found.append(piece.value)
            continue
        of_slices = piece.figures["value"].tolist()
        for place, other in piece.others.items():
            of_slices[place] = other.value
        found += of_slices
    return found
