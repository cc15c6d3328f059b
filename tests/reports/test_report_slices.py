"""Many slices are written by column: the same bytes as one by one, whatever they are called and hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lossctl.core.results.columns import Pieces, SliceResults
from lossctl.core.results.evaluation import GRADIENT_FIGURES, Evaluation
from lossctl.core.results.evaluations import Evaluations
from lossctl.reports import RenderOptions, formats, render
from lossctl.reports.shared import columns

ODD = (0.0, -0.0, 1e-5, 1e16, 5e-324, 1.7976931348623157e308, 0.1, 999999.5, 9.9999995e-05, np.inf, -np.inf, np.nan)
COLUMNS = ("shop", 'b"y\n##')


def slices(whole: Evaluation, count: int, texts: tuple[str, ...], *, seed: int = 3) -> SliceResults:
    """Results in general position: some of one row, some that stand by themselves, some figures that are odd."""
    rng = np.random.default_rng(seed)
    figures: dict[str, Any] = {
        name: rng.lognormal(size=count, sigma=4.0)
        for name in ("value", "std_error", "freedom", "low", "high", "weight_sum", *GRADIENT_FIGURES)
    }
    figures["l1"] = figures["row_mean_abs"]
    for name in ("l2", "mean", "low", "row_max"):
        figures[name][: len(ODD)] = rng.permutation(ODD)[:count]
    figures["low"] *= -1.0
    figures["low"][rng.random(count) < 0.2] = np.nan  # no spread
    figures["high"][np.isnan(figures["low"])] = np.nan
    figures["sign_balance"] = np.where(rng.random(count) < 0.5, 0.0, -0.0)
    alone = rng.random(count) < 0.2
    for name in ("std_error", "low", "high"):
        figures[name][alone] = np.nan
    figures["n"], figures["n_read"] = (rng.integers(1, 9, count) for _ in range(2))
    figures["n_dropped"] = rng.integers(0, 2, count)
    figures["row_max_at"] = rng.integers(1, 10**12, count)
    named = [texts[number % len(texts)] + str(number // len(texts) or "") for number in rng.permutation(count)]
    values = {COLUMNS[0]: [None, *named[1:]], COLUMNS[1]: [("", None, "x")[place % 3] for place in range(count)]}
    made = SliceResults(whole, 'huber|by=shop"', 0.9, values, figures, {})
    odd = [0, 5, count - 1]
    others = {place: replace(made.at(place), value=np.inf, std_error=None, ci=None, status="inf") for place in odd}
    return replace(made, others=others)


@pytest.fixture
def pieces(evaluations: Evaluations, all_hostile: tuple[str, ...]) -> Evaluations:
    wholes = [replace(each, slice={}) for each in evaluations]
    texts = tuple(text for text in all_hostile if len(text) < 100)
    parts = [part for each in wholes for part in (each, slices(each, 90, texts))]
    return Evaluations(Pieces(tuple(parts)), evaluations.warnings)


FOR_PEOPLE = {"table", "markdown", "latex", "html"}
OPTIONS = (RenderOptions(), RenderOptions(digits=3, width=400, color=True), RenderOptions(digits=17))


@pytest.mark.parametrize(
    ("name", "at_once"),
    [(name, size) for name in formats() for size in (columns.AT_ONCE, 40)[: 2 - (name in FOR_PEOPLE)]],
)
def test_many_slices_are_written_as_one_by_one(
    name: str, at_once: int, pieces: Evaluations, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("columns", "entries"):
        monkeypatch.setattr(f"lossctl.reports.shared.{module}.AT_ONCE", at_once)
    monkeypatch.setattr("lossctl.reports.shared.columns._LONG", at_once // 2)
    alone = Evaluations(tuple(pieces.results), pieces.warnings)
    for options in OPTIONS if name in FOR_PEOPLE else OPTIONS[:1]:
        assert render(pieces, name, options) == render(alone, name, options)


def test_no_slice_is_made_to_be_written(pieces: Evaluations, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    one = SliceResults.at
    monkeypatch.setattr(SliceResults, "at", lambda of, place: made.append(place) or one(of, place))
    monkeypatch.setattr(SliceResults, "all", None)
    for name in formats():
        made.clear()
        assert render(pieces, name).count("\n") >= len(pieces)
        assert len(made) <= 6  # of two losses, a pattern each with an interval, with an error alone, and without


def test_lines_are_not_taken_for_texts() -> None:
    texts = ["two\nlines", "plain"]
    assert columns.column_texts(texts) == ["'two\\nlines", "plain"]
    assert columns.json_cells(texts) == ['"two\\nlines"', '"plain"']
