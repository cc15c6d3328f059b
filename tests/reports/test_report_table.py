"""The table: it fits, it loses nothing, it lines up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from lossctl.core.escape import terminal
from lossctl.core.result import Evaluations
from lossctl.core.view import Column, Span, View
from lossctl.reports import RenderOptions, render
from lossctl.reports.shared.clip import clip
from lossctl.reports.shared.numbers import format_cell
from lossctl.reports.shared.short import MOST

STYLE = re.compile(r"\x1b\[\d*m")
WORDS = st.text(st.sampled_from("ab -:語\n\u202eé"), max_size=30)
CELLS = st.none() | st.floats() | st.integers(-(10**6), 10**6) | WORDS


@st.composite
def views(draw: Any) -> View:
    count = draw(st.integers(1, 6))
    columns = tuple(
        Column(draw(WORDS), draw(st.sampled_from(["left", "right"])), draw(st.sampled_from(["plain", "main", "side"])))
        for _ in range(count)
    )
    rows = draw(st.lists(st.tuples(*[CELLS] * count), max_size=4))
    return View(columns, tuple(rows), draw(WORDS), tuple(draw(st.lists(WORDS, max_size=2))))


def letters(texts: Iterable[str]) -> Counter[str]:
    return Counter("".join(texts).replace(" ", "").replace("\n", ""))


def everything(view: View) -> Counter[str]:
    texts = [view.title, *view.notes, *(column.header for column in view.columns)]
    return letters(terminal(format_cell(cell, 6)) for cell in (*texts, *(cell for row in view.rows for cell in row)))


@given(views(), st.integers(1, 100) | st.none())
def test_nothing_is_lost_at_any_width(made: Any, view: View, width: int | None) -> None:
    text = render(made(table=view), "table", RenderOptions(width=width))
    assert not everything(view) - letters([text])
    assert "…" not in text


@given(views(), st.integers(24, 100))
def test_no_line_runs_over_the_width(made: Any, view: View, width: int) -> None:
    for line in render(made(table=view), "table", RenderOptions(width=width)).split("\n"):
        assert cell_len(line) <= width


@given(views(), st.integers(1, 100) | st.none())
def test_color_adds_styles_and_changes_nothing_else(made: Any, view: View, width: int | None) -> None:
    plain = render(made(table=view), "table", RenderOptions(width=width))
    colored = render(made(table=view), "table", RenderOptions(width=width, color=True))
    assert "\x1b" not in plain
    assert [line.rstrip(" ") for line in STYLE.sub("", colored).split("\n")] == plain.split("\n")


@given(views())
def test_without_a_width_a_row_is_a_line(made: Any, view: View) -> None:
    text = render(made(table=View(view.columns, view.rows)), "table")
    assert text.count("\n") == 1 + len(view.rows)


@pytest.mark.parametrize("width", [80, 60])
def test_evaluations_on_a_terminal_keep_every_number_whole(evaluations: Evaluations, width: int) -> None:
    text = render(evaluations, "table", RenderOptions(width=width))
    lines = text.split("\n")
    assert max(map(len, lines)) <= width
    for cell in (cell for row in evaluations.view().rows for cell in row):
        assert format_cell(cell, 6) in text
    # each table of the split repeats the model and the loss
    assert sum(line.startswith("model") for line in lines) == text.count("\n\n") + 1 > 1


def test_a_terminal_wide_enough_changes_nothing(evaluations: Evaluations) -> None:
    natural = render(evaluations, "table")
    wide = max(map(len, natural.split("\n")))
    assert render(evaluations, "table", RenderOptions(width=wide)) == natural
    assert render(evaluations, "table", RenderOptions(width=wide - 1)) != natural


def test_a_header_breaks_before_the_table_is_split(made: Any) -> None:
    view = View((Column("loss"), Column("mean slope", "right"), Column("n", "right")), (("mse", 0.25, 12),))
    assert render(made(table=view), "table", RenderOptions(width=18)) == (
        "          mean\nloss     slope   n\nmse   0.250000  12\n"
    )
    assert render(made(table=view), "table", RenderOptions(width=17)) == (
        "loss  mean slope\nmse     0.250000\n\nloss   n\nmse   12\n"
    )


def test_text_folds_before_the_table_is_split(made: Any) -> None:
    view = View((Column("loss"), Column("what"), Column("n", "right")), (("mse", "the mean of the squares", 12),))
    assert render(made(table=view), "table", RenderOptions(width=24)) == (
        "loss  what             n\nmse   the mean of     12\n      the squares\n"
    )


def test_text_gives_way_before_a_wider_number_does(made: Any) -> None:
    view = View((Column("loss"), Column("CI", "right")), (("alpha beta gamma", Span(0.123456, 0.234567)),))
    assert render(made(table=view), "table", RenderOptions(width=27)) == (
        "loss                     CI\nalpha  [0.123456, 0.234567]\nbeta\ngamma\n"
    )


def test_long_words_are_cut_before_a_table_of_text_is_split(made: Any) -> None:
    view = View(tuple(map(Column, "abc")), (("x" * 30, "y" * 30, "z" * 30),))
    text = render(made(table=view), "table", RenderOptions(width=40))
    assert text.split("\n")[:2] == ["a" + " " * 13 + "b" + " " * 13 + "c", "  ".join(letter * 12 for letter in "xyz")]


def test_a_line_loses_blanks_at_its_end_and_no_other_space(made: Any) -> None:
    view = View((Column("n", "right"), Column("model")), ((1, "a"), (2, "b\u3000"), (3, "long")))
    assert render(made(table=view), "table") == "n  model\n1  a\n2  b\u3000\n3  long\n"


def test_wide_characters_line_up(made: Any) -> None:
    view = View((Column("model"), Column("n", "right")), (("日本", 1), ("ab", 22)))
    assert render(made(table=view), "table") == "model   n\n日本    1\nab     22\n"


def test_styles_mark_the_main_and_the_side_figures(made: Any) -> None:
    columns = (Column("a"), Column("b", "right", "main"), Column("c", "right", "side"))
    text = render(made(table=View(columns, (("x", 1, 2),), "t")), "table", RenderOptions(color=True))
    assert text == (
        "\x1b[1mt\x1b[0m\n\n\x1b[4ma\x1b[0m\x1b[4m  \x1b[0m\x1b[4mb\x1b[0m\x1b[4m  \x1b[0m\x1b[4mc\x1b[0m\n"
        "x  \x1b[1m1\x1b[0m\x1b[1m  \x1b[0m\x1b[2m2\x1b[0m\n"
    )


def test_a_hostile_label_is_shown_whole(hostile: str, labelled: Any) -> None:
    line = render(labelled(hostile), "table").split("\n")[1]
    shown, number = line.rsplit(" ", 1)
    assert (shown.rstrip(" "), number) == (terminal(clip(hostile, MOST)).rstrip(" "), "0.250000")


def test_each_of_many_rows_is_a_line(made: Any) -> None:
    view = View((Column("slice"), Column("value", "right")), tuple((f"s{n}", n / 7) for n in range(2_000)))
    assert render(made(table=view), "table").count("\n") == 2_001


def test_no_word_is_cut_for_the_sake_of_one_more_column(made: Any) -> None:
    figures = tuple(Column(name, "right") for name in "abc")
    view = View((Column("loss"), *figures), (("cross_entropy", 0.5, 0.25, 0.125),))
    assert render(made(table=view), "table", RenderOptions(width=30)) == (
        "loss                  a\ncross_entropy  0.500000\n\n"
        "loss                  b\ncross_entropy  0.250000\n\n"
        "loss                  c\ncross_entropy  0.125000\n"
    )
    assert "cross_entr " in render(made(table=view), "table", RenderOptions(width=20))


@given(views(), st.booleans(), st.sampled_from([None, 300]))
@example(View((Column(""),), ()), True, None)  # noqa: FBT003 -- in colour
def test_a_table_that_fits_is_what_rich_would_print(made: Any, view: View, color: Any, width: int | None) -> None:
    options = RenderOptions(color=color, width=width)
    quick = render(made(table=view), "table", options)
    with mock.patch("lossctl.reports.table._fits", return_value=False):
        assert quick == render(made(table=view), "table", options)
