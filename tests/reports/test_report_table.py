"""The table: it fits, it loses nothing, it lines up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from lossctl.core.escape import terminal
from lossctl.core.results.evaluations import Evaluations
from lossctl.core.results.view import Column, Span, View
from lossctl.reports import RenderOptions, render
from lossctl.reports.shared.clip import clip
from lossctl.reports.shared.numbers import format_cell
from lossctl.reports.shared.short import MOST

STYLE = re.compile(r"\x1b\[[\d;]*m")
WORDS = st.text(st.sampled_from("ab -:語\n\u202eé"), max_size=30)
CELLS = st.none() | st.floats() | st.integers(-(10**6), 10**6) | WORDS
PROSE = Column("why it is", wraps=True)


@st.composite
def views(draw: Any) -> View:
    count = draw(st.integers(1, 6))
    columns = tuple(
        Column(
            draw(WORDS),
            draw(st.sampled_from(["left", "right"])),
            draw(st.sampled_from(["plain", "main", "side", "verdict"])),
            draw(st.integers(0, 2)),
            draw(st.booleans()),
        )
        for _ in range(count)
    )
    rows = draw(st.lists(st.tuples(*[CELLS | st.sampled_from(["pass", "~"])] * count), max_size=4))
    return View(columns, tuple(rows), draw(WORDS), tuple(draw(st.lists(WORDS, max_size=2 * bool(rows)))))


def letters(texts: Iterable[str]) -> Counter[str]:
    return Counter("".join(texts).replace(" ", "").replace("\n", ""))


def everything(view: View) -> Counter[str]:
    """Count the letters of a view, those of a name once: rows below each other that have the same may share a line."""
    texts = [view.title, *view.notes, *(column.header for column in view.columns)]
    for column, *cells in zip(view.columns, *view.rows, strict=True):
        shown = [format_cell(cell, 6) for cell in cells]
        texts += {*shown} if column.justify == "left" else shown
    return letters(map(terminal, texts))


def always(view: View) -> View:
    """Return the view without the columns that give way."""
    kept = [place for place, column in enumerate(view.columns) if column.rank == 0]
    rows = tuple(tuple(row[place] for place in kept) for row in view.rows)
    return replace(view, columns=tuple(view.columns[place] for place in kept), rows=rows)


@given(views(), st.integers(1, 100) | st.none())
def test_nothing_but_whole_columns_is_left_out(made: Any, view: View, width: int | None) -> None:
    text = render(made(table=view), "table", RenderOptions(width=width))
    assert not everything(always(view)) - letters([text])
    if width is None:
        assert not everything(view) - letters([text])
    assert "…" not in text


@given(views(), st.integers(1, 100) | st.none())
def test_color_adds_styles_and_changes_nothing_else(made: Any, view: View, width: int | None) -> None:
    plain = render(made(table=view), "table", RenderOptions(width=width))
    colored = render(made(table=view), "table", RenderOptions(width=width, color=True))
    assert "\x1b" not in plain
    assert STYLE.sub("", colored) == plain


@given(views())
def test_without_a_width_a_row_is_a_line(made: Any, view: View) -> None:
    text = render(made(table=View(view.columns, view.rows)), "table")
    assert text.count("\n") == 1 + len(view.rows)


NAMES = st.text(st.sampled_from("ab_語e\u0301()=.,0"), min_size=1, max_size=40)
FIGURES = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([1.23457e-10, 12.5, 0.0])


@st.composite
def evaluated(draw: Any) -> View:
    """Make a table of results: its columns, and values of any size under names of any length."""
    names = [Column(header) for header in draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))]
    spans = [Column("95% CI", "right", "side")] * draw(st.integers(0, 1))
    asked = [Column("value", "right", "main"), Column("|grad|₂", "right"), Column("n", "right", "side")]
    more = [
        Column(f"mean of {place}", "right", rank=draw(st.integers(1, 3)), wraps=draw(st.booleans()))
        for place in range(draw(st.integers(0, 5)))
    ]
    figures = draw(st.permutations([*asked, *more]))
    count = draw(st.integers(0, 4))
    cells = [
        *(draw(st.lists(NAMES, min_size=count, max_size=count)) for _ in names),
        *([Span(draw(FIGURES), draw(FIGURES)) for _ in range(count)] for _ in spans),
        *(draw(st.lists(FIGURES, min_size=count, max_size=count)) for _ in figures),
    ]
    return View((*names, *spans, *figures), tuple(zip(*cells, strict=True)))


@given(evaluated(), st.integers(40, 200))
def test_one_table_of_whole_names_and_numbers_as_wide_as_the_terminal(made: Any, view: View, width: int) -> None:
    text = render(made(table=view), "table", RenderOptions(width=width))
    table, _, notes = text.partition("\n\n")
    said = " ".join(notes.split("\n")).strip()
    found = re.fullmatch(rf"not shown at width {width}: (.*) \(--wide or -f json shows all\)", said)
    gone = found[1].split(", ") if found else []
    shown = [place for place, column in enumerate(view.columns) if column.header not in gone]
    assert set(gone) <= {column.header for column in view.columns if column.rank}
    assert bool(said) == bool(gone)
    ranks = [column.rank for column in view.columns]
    assert max((ranks[place] for place in shown), default=0) <= min(
        (ranks[place] for place in range(len(ranks)) if place not in shown), default=9
    )
    # each row has the cells of the columns that are shown, whole and in their order, and no others
    lines = iter(table.removesuffix("\n").split("\n"))
    apart = lifted(view, width)
    heads = [column.header for column in view.columns]
    if apart:
        assert next(lines).split() == heads[: len(apart)]
    rest = [place for place in shown if place not in apart]
    while not heads[rest[-1]].endswith((line := next(lines)).split(" ")[-1]):
        assert line.strip()
    last = None
    for row in view.rows:
        names = [format_cell(row[place], 6) for place in apart]
        if names and names != last:
            assert next(lines).split() == names
        last = names
        line = next(lines)
        assert line.split() == " ".join(format_cell(row[place], 6) for place in rest).split()
    assert next(lines, None) is None
    # a line runs over the width only where names beside each other do, or figures that are always shown
    figures = [place for place in rest if ranks[place] == 0]
    names = {tuple(format_cell(row[place], 6) for place in apart) for row in view.rows}
    long = {"".join(each) for each in names if cell_len("  ".join(each)) > width}
    for line in text.split("\n"):
        if cell_len(line) > width and "".join(line.split()) not in long:
            assert line.split() == [heads[place] for place in apart] or gone == [heads[at] for at in others(view)]
            assert line.split() == [heads[place] for place in apart] or least(view, figures) > width - 2 * bool(apart)


def least(view: View, places: Sequence[int]) -> int:
    """Return the width that columns need beside each other, with no header to break."""
    widest = [
        max(cell_len(text) for text in (view.columns[at].header, *(format_cell(row[at], 6) for row in view.rows)))
        for at in places
    ]
    return sum(each + 2 for each in widest) - 2


def others(view: View) -> list[int]:
    return [at for at, column in enumerate(view.columns) if column.rank]


def lifted(view: View, width: int) -> list[int]:
    """Return the names that stand in a line of their own: the fewest that let the others stand in one."""
    kept = [at for at, column in enumerate(view.columns) if not column.rank]
    names = [at for at in kept if view.columns[at].justify == "left"]
    if least(view, kept) <= width:
        return []
    fitting = (count for count in range(1, len(names)) if least(view, kept[count:]) <= width - 2)
    return names[: next(fitting, len(names))]


@pytest.mark.parametrize("width", [80, 60])
def test_evaluations_on_a_terminal_are_one_table_with_every_number_whole(evaluations: Evaluations, width: int) -> None:
    text = render(evaluations, "table", RenderOptions(width=width))
    lines = text.split("\n")
    assert max(map(len, lines)) <= width
    view = evaluations.view()
    gone = re.split(", | \\(", text.partition(f"not shown at width {width}: ")[2].replace("\n", " "))
    assert {column.header for column in view.columns if not column.rank} == {
        *("model", "loss", "sex", "age", "value", "95% CI", "|grad|₂", "n")
    }
    for header, *cells in zip([column.header for column in view.columns], *view.rows, strict=True):
        assert all(format_cell(cell, 6) in text for cell in cells if header not in gone)
    assert sum("value" in line for line in lines) == 1


def test_a_terminal_wide_enough_changes_nothing(evaluations: Evaluations) -> None:
    natural = render(evaluations, "table")
    enough = max(map(len, natural.split("\n")))
    assert render(evaluations, "table", RenderOptions(width=enough)) == natural
    assert render(evaluations, "table", RenderOptions(width=enough - 1)) != natural


def test_a_header_breaks_before_a_column_is_left_out(made: Any) -> None:
    columns = (Column("loss"), Column("mean slope", "right", rank=1, wraps=True), Column("n", "right"))
    view = View(columns, (("mse", 0.25, 12),))
    assert render(made(table=view), "table", RenderOptions(width=18)) == (
        "          mean\nloss     slope   n\nmse   0.250000  12\n"
    )
    assert render(made(table=view), "table", RenderOptions(width=17)) == (
        "loss   n\nmse   12\n\nnot shown at\nwidth 17: mean\nslope (--wide or\n-f json shows\nall)\n"
    )


def test_a_header_that_is_a_name_is_not_broken(made: Any) -> None:
    view = View((Column("my loss"), Column("your model", "right")), (("mse", 0.25),))
    text = render(made(table=view), "table", RenderOptions(width=10))
    assert text == "my loss\n  your model\nmse\n    0.250000\n"


def test_names_have_a_line_of_their_own_where_figures_need_the_width(made: Any) -> None:
    columns = (Column("loss"), Column("sex"), Column("value", "right"), Column("n", "right", rank=1))
    view = View(columns, (("smooth_l1(beta=0.25)", "f", 0.5, 12), ("smooth_l1(beta=0.25)", "(all)", 1.5, 442)))
    assert render(made(table=view), "table", RenderOptions(width=30)) == (
        "loss\n  sex       value    n\nsmooth_l1(beta=0.25)\n  f      0.500000   12\n  (all)   1.50000  442\n"
    )
    # both names stand apart where the second does not fit beside the figures
    long = replace(view, rows=(*view.rows, ("mae", "neither of the two", 2.5, 3)))
    assert render(made(table=long), "table", RenderOptions(width=25)) == (
        "loss  sex\n     value    n\n"
        "smooth_l1(beta=0.25)  f\n  0.500000   12\n"
        "smooth_l1(beta=0.25)  (all)\n   1.50000  442\n"
        "mae  neither of the two\n   2.50000    3\n"
    )


def test_prose_folds_at_spaces_and_stands_below_where_a_word_is_too_long(made: Any) -> None:
    view = View((Column("gate"), PROSE), (("mse", "the mean of the squares is too large"), ("mae", "x" * 30 + " is")))
    assert render(made(table=view), "table", RenderOptions(width=34)) == (
        f"gate  why it is\nmse   the mean of the squares is\n      too large\nmae\n  {'x' * 30}\n  is\n"
    )


def test_a_line_loses_blanks_at_its_end_and_no_other_space(made: Any) -> None:
    view = View((Column("n", "right"), Column("model")), ((1, "a"), (2, "b\u3000"), (3, "long")))
    assert render(made(table=view), "table") == "n  model\n1  a\n2  b\u3000\n3  long\n"


def test_wide_characters_line_up(made: Any) -> None:
    view = View((Column("model"), Column("n", "right")), (("日本", 1), ("ab", 22)))
    assert render(made(table=view), "table") == "model   n\n日本    1\nab     22\n"


def test_styles_mark_the_main_and_the_side_figures_and_verdicts(made: Any) -> None:
    columns = (Column("a"), Column("b", "right", "main"), Column("c", "right", "side"), Column("d", style="verdict"))
    rows = (("x", 1, 2, "worse"), ("x", 10, 2, "better"), ("x", 1, 2, "neither"))
    text = render(made(table=View(columns, rows, "t")), "table", RenderOptions(color=True))
    assert text == (
        "\x1b[1mt\x1b[0m\n\n\x1b[4ma   b  c  d\x1b[0m\n"
        "x   \x1b[1m1\x1b[0m  \x1b[2m2\x1b[0m  \x1b[1;31mworse\x1b[0m\n"
        "x  \x1b[1m10\x1b[0m  \x1b[2m2\x1b[0m  \x1b[32mbetter\x1b[0m\n"
        "x   \x1b[1m1\x1b[0m  \x1b[2m2\x1b[0m  neither\n"
    )


def test_a_hostile_label_is_shown_whole(hostile: str, labelled: Any) -> None:
    line = render(labelled(hostile), "table").split("\n")[1]
    shown, number = line.rsplit(" ", 1)
    assert (shown.rstrip(" "), number) == (terminal(clip(hostile, MOST)).rstrip(" "), "0.250000")


def test_each_of_many_rows_is_a_line(made: Any) -> None:
    view = View((Column("slice"), Column("value", "right")), tuple((f"s{n}", n / 7) for n in range(2_000)))
    assert render(made(table=view), "table").count("\n") == 2_001


def test_a_column_is_left_out_with_all_of_a_higher_rank(made: Any) -> None:
    columns = (Column("loss"), Column("x" * 30, "right", rank=1), Column("n", "right", rank=2))
    text = render(made(table=View(columns, (("mse", 1.5, 12),))), "table", RenderOptions(width=20))
    assert text.startswith("loss\nmse\n\n")  # there was room for n, but a wider terminal would then have lost it
    assert text.replace("\n", " ").endswith(f"not shown at width 20: {'x' * 30}, n (--wide or -f json shows all) ")


def test_headers_of_no_rows_are_left_out_where_a_note_says_it_all(made: Any) -> None:
    assert render(made(table=View((Column("gate"),), (), notes=("all passed",))), "table") == "all passed\n"
    assert render(made(table=View((Column("gate"),), ())), "table") == "gate\n"


def test_a_legend_goes_with_its_column(made: Any) -> None:
    columns = (Column("loss"), Column("needed", "right", rank=1))
    view = View(columns, (("mse", 1234567.0),), notes=("and more",), legend=(("needed", "needed = rows"),))
    assert render(made(table=view), "table").endswith("\n\nneeded = rows\nand more\n")
    assert "needed = rows" not in render(made(table=view), "table", RenderOptions(width=12))


def test_the_narrow_table_is_shown_where_the_other_does_not_fit_and_it_does_better(made: Any) -> None:
    narrow = View((Column("model"), Column("value", "right")), (("a", 1.5), ("b" * 9, 2.5)))
    wide = View((Column("loss"), Column("a", "right"), Column("b" * 9, "right")), (("mae", 1.5, 2.5),))
    both = replace(wide, narrow=lambda: narrow)

    def shown(view: View, width: int | None) -> str:
        return render(made(table=view), "table", RenderOptions(width=width))

    for width in (None, 24):
        assert shown(both, width) == shown(wide, width)
    for width in (23, 18):
        assert shown(both, width) == shown(narrow, width)
    assert shown(both, 17) == shown(narrow, 17)  # names apart, where the other would run over the width
    rank = (*wide.columns, Column("best", rank=1))
    ranked = replace(both, columns=rank, rows=(("mae", 1.5, 2.5, "a"),))
    assert shown(ranked, 30) == shown(replace(ranked, narrow=None), 30)
    assert shown(ranked, 29) == shown(narrow, 29)  # it shows all its columns
    apart = replace(narrow, rows=(("a", 1.5), ("b" * 20, 2.5)))  # both need lines of names, and fit below them
    assert shown(replace(both, narrow=lambda: apart), 22) == shown(wide, 22)


def test_the_narrow_table_is_cut_as_the_other(made: Any) -> None:
    narrow = View((Column("model"),), (("b" * 9_999,),))
    wide = View((Column("loss"), Column("b" * 9_999, "right")), (("mae", 2.5),), narrow=lambda: narrow)
    shown = render(made(table=wide), "table", RenderOptions(width=80))
    assert shown.startswith("model\nbbb")
    assert len(shown) < 2 * MOST
