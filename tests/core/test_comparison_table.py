"""The table of comparisons for people: what stands in which row, and what is said below."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lossctl.core.results.comparison import Comparison
from lossctl.core.results.comparisons import Comparisons
from lossctl.core.results.view import Brief, Change, Span, View
from lossctl.reports import RenderOptions, render
from tests.comparisons import made, settled

TOLD = (
    ("verdict", "~ = no significant difference"),
    ("can detect", "can detect = smallest difference that a sample of this size finds 80 % of the time"),
    ("rows needed", "rows needed = about the sample size that would find this difference 80 % of the time"),
)
AB, AC, BC = ("a", "b"), ("a", "c"), ("b", "c")


def view_of(*found: Comparison, **fields: Any) -> View:
    return Comparisons(tuple(found), **fields).view()


def column(view: View, header: str) -> list[object]:
    place = [each.header for each in view.columns].index(header)
    return [row[place] for row in view.rows]


def headers(view: View) -> list[str]:
    return [each.header for each in view.columns]


def test_a_block_of_models_for_each_loss_the_baseline_first() -> None:
    view = view_of(
        made("mae", AB, (3.0, 2.0)),
        settled("mae", AC, (3.0, 4.0), relative=0.25),
        settled("mse", AB, (9.0, 8.0), relative=-0.125),
        made("mse", AC, (9.0, 7.0)),
    )
    assert column(view, "loss") == ["mae", None, None, "mse", None, None]
    assert column(view, "model") == ["a", "b", "c"] * 2
    assert column(view, "value") == [3.0, 2.0, 4.0, 9.0, 8.0, 7.0]
    assert column(view, "change") == [None, None, Change(0.25), None, Change(-0.125), None]
    assert column(view, "verdict") == [None, "~", "worse", None, "better", "~"]
    assert column(view, "difference") == ["baseline", -1.0, 1.0, "baseline", -1.0, -2.0]
    assert column(view, "p") == [None, Brief(0.5), Brief(0.002), None, Brief(0.002), Brief(0.5)]
    assert column(view, "best") == [None, "*~", None, None, None, "*?"]
    assert column(view, "90% CI")[1] == Span(-2.0, 0.0)
    assert column(view, "wins/ties/losses") == [None, "3/2/1", "3/2/1"] * 2


def test_two_models_stand_beside_each_other() -> None:
    view = view_of(
        made("mae", AB, (3.0, 2.0)),
        settled("mse", AB, (9.0, 8.0), relative=-0.125),
        settled("rmse", AB, (3.0, 4.0), relative=0.25),
        made("huber", AB, (3.0, 3.0)),
    )
    assert headers(view)[:7] == ["loss", "a", "b", "change", "verdict", "best", "p"]
    assert column(view, "a") == [3.0, 9.0, 3.0, 3.0]
    assert column(view, "b") == [2.0, 8.0, 4.0, 3.0]
    assert column(view, "change") == [None, Change(-0.125), Change(0.25), None]
    assert column(view, "verdict") == ["~", "better", "worse", "~"]
    assert column(view, "best") == ["b *~", "b *", "a *", "equal"]
    assert column(view, "difference") == [-1.0, -1.0, 1.0, 0.0]


def test_two_models_of_long_names_stand_below_each_other_at_a_terminal() -> None:
    names = ("predictions_ridge_2026.csv", "predictions_tree_2026.csv")
    two = Comparisons((settled("mae", names, (3.0, 2.0), relative=-1 / 3),))
    for width, after in ((80, []), (100, ["*", "2.00000"])):  # names on lines of their own, and beside their figures
        lines = render(two, "table", RenderOptions(width=width)).splitlines()
        assert max(map(len, lines)) <= width
        assert [line.split()[:3] for line in lines if names[1] in line] == [[names[1], *after]]
    assert render(two, "table").startswith(f"loss  {names[0]}  {names[1]}  change")


def test_what_would_be_needed_stands_where_nothing_is_told() -> None:
    view = view_of(
        made("mae", AB, (3.0, 2.0)),
        made("mse", AB, (3.0, 2.0), rows_needed=6),
        made("rmse", AB, (3.0, 2.0), rows_needed=None, detectable=None),
        settled("huber", AB, (3.0, 2.0)),
    )
    assert column(view, "can detect") == [0.75, 0.75, None, None]
    assert column(view, "rows needed") == ["20", None, None, None]
    all_told = view_of(settled("mae", AB, (3.0, 2.0)))
    assert not {"can detect", "rows needed"} & set(headers(all_told))
    assert [header for header, _ in all_told.legend] == ["best"]


def test_a_change_that_is_no_share_is_missing_but_has_a_verdict() -> None:
    view = view_of(settled("mae", AB, (0.0, 2.0)))
    assert "change" not in headers(view)
    assert column(view, "verdict") == ["worse"]
    assert column(view, "difference") == [2.0]


def test_slices_have_columns_and_whole_files_say_all() -> None:
    f, m = {"sex": "f", "site": "1"}, {"sex": "m", "site": "1"}
    slices: list[dict[str, str]] = [{}, f, m]
    found = [made("mae", pair, (3.0, 2.0), slice=each) for each in slices for pair in (AB, AC)]
    view = view_of(*found, made("mse", AB, (3.0, 2.0)))
    assert headers(view)[:4] == ["loss", "sex", "site", "model"]
    assert column(view, "loss") == ["mae", *[None] * 8, "mse", None]
    assert column(view, "sex") == ["(all)", None, None, "f", None, None, "m", None, None, "(all)", None]
    assert column(view, "site") == ["(all)", None, None, "1", None, None, "1", None, None, "(all)", None]
    assert column(view, "best") == [*[None, "*~", "*~"] * 3, None, "*~"]


def test_slices_of_two_models_take_a_line_each() -> None:
    slices: list[dict[str, str | None]] = [{}, {"sex": "f"}, {"sex": None}]
    view = view_of(*(made(loss, AB, (3.0, 2.0), slice=each) for loss in ("mae", "mse") for each in slices))
    assert headers(view)[:4] == ["loss", "sex", "a", "b"]
    assert column(view, "loss") == ["mae", None, None, "mse", None, None]
    assert column(view, "sex") == ["(all)", "f", "(missing)"] * 2


def test_all_pairs_have_a_block_for_each_baseline() -> None:
    view = view_of(
        settled("mae", AB, (3.0, 2.0), relative=-1 / 3),
        settled("mae", AC, (3.0, 4.0), relative=1 / 3),
        settled("mae", BC, (2.0, 4.0), relative=1.0),
    )
    assert column(view, "model") == ["a", "b", "c", "b", "c"]
    assert column(view, "change") == [None, Change(-1 / 3), Change(1 / 3), None, Change(1.0)]
    assert column(view, "best") == [None, "*", None, "*", None]


def test_notes_tell_of_the_marks_that_occur_and_of_no_others() -> None:
    view = view_of(made("mae", AB, (3.0, 2.0)), adjustment="holm", notes=("and more",))
    best = ("best", "best: *~ = best value, but not significantly better than the runner-up")
    assert view.legend == (best, *TOLD)
    assert view.below() == (*(text for _, text in view.legend), "and more")
    several = view_of(
        settled("mae", AB, (3.0, 2.0)), settled("mse", AB, (3.0, 2.0)), settled("mse", AC, (3.0, 1.0)), adjustment="bh"
    )
    assert several.below() == (
        (
            "best: * = significantly better than the runner-up; "
            "*? = best value, not compared with the runner-up (--all-pairs does)"
        ),
        "p is adjusted for 3 comparisons (Benjamini-Hochberg)",
    )


def test_no_value_that_is_a_number_has_no_best() -> None:
    nan = float("nan")
    nothing = replace(made("mae", AB, (nan, nan)), delta=nan, delta_ci=None, p_adjusted=None, detectable=None)
    view = view_of(nothing)
    assert "best" not in headers(view)
    assert column(view, "verdict") == ["~"]
    assert column(view, "p") == [None]


def test_flat_rows_have_a_field_for_each_column_that_slices() -> None:
    f = {"sex": "f", "site": None}
    rows = Comparisons((made("mae", AB, (3.0, 2.0)), made("mae", AB, (3.0, 2.0), slice=f))).records()
    shown = [[row[name] for name in ("slice", "slice.sex", "slice.site")] for row in rows]
    assert shown == [["", None, None], ["sex=f;site missing", "f", None]]
    assert list(rows[0])[:6] == ["loss", "params", "slice", "slice.sex", "slice.site", "baseline"]
    assert "slice.sex" not in Comparisons((made("mae", AB, (3.0, 2.0)),)).records()[0]


def test_a_narrow_terminal_always_shows_what_tells_models_apart() -> None:
    f = {"sex": "f"}
    many = view_of(*(made("mae", pair, (3.0, 2.0), slice=each) for each in ({}, f) for pair in (AB, AC)))
    always = [each.header for each in many.columns if each.rank == 0]
    assert always == ["loss", "sex", "model", "value", "verdict", "p", "difference", "90% CI"]
    two = view_of(settled("mae", AB, (3.0, 2.0), relative=-1 / 3))
    assert [each.header for each in two.columns if each.rank == 0] == [
        *("loss", "a", "b", "verdict", "p"),
        *always[-2:],
    ]
    ranked = sorted((each for each in many.columns if each.rank), key=lambda each: each.rank)
    assert [each.header for each in ranked] == ["best", "n", "wins/ties/losses", "can detect", "rows needed"]
