"""Formats for people: parsed back, hostile text is text and nothing else."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt  # rich depends on it

from lossctl.core.escape import visible
from lossctl.core.results.evaluations import Evaluations
from lossctl.core.results.view import Brief, Change, Column, Span, View
from lossctl.reports import RenderOptions, render
from lossctl.reports.shared.clip import clip
from lossctl.reports.shared.short import MOST

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
MARKS = st.text(st.sampled_from("\\|`*_[]<>&~$@#:!/w.-1a \n{}%^"), max_size=12)


class Page(HTMLParser):
    """The tags of a page, and the text of its cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.cells, self.attributes, self.inside = [], [], [], False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.inside = tag in {"td", "th"}
        if self.inside:
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag not in {"td", "th"}

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.cells[-1] += data


def github_cells(line: str) -> list[str]:
    """Split a row as GitHub does: at pipes with no backslash before them, pairs of backslashes apart."""
    cells = re.findall(r"((?:\\.|[^|\\])*)\|", line)
    return [unescape(re.sub(r"\\(.)", r"\1", cell)).replace("\u200b", "").strip(" ") for cell in cells[1:]]


@given(ANY_TEXT | MARKS)
def test_markdown_cells_read_back(labelled: Any, text: str) -> None:
    lines = render(labelled(text), "markdown").split("\n")
    assert lines[1] == "| :--- | ---: |"
    assert len(lines) == 4
    assert github_cells(lines[2]) == [visible(text).strip(" "), "0.250000"]


def test_hostile_markdown_reads_back(hostile: str, labelled: Any) -> None:
    line = render(labelled(hostile), "markdown").split("\n")[2]
    assert github_cells(line) == [clip(hostile, MOST).strip(" "), "0.250000"]
    assert "<" not in line
    assert not re.search(
        r"(?<!\\)[`*\[\]~]|!\[|://|www\.|@\w|#\d|GH-\d|\$|:\w+:", line.replace("&#36;", "").replace("&#8203;", "\0")
    )


def test_markdown_is_nothing_but_text_to_a_parser(all_hostile: tuple[str, ...], made: Any) -> None:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    columns = (Column("model"), Column("value", "right"))
    for hostile in all_hostile:
        shown = clip(hostile, MOST).strip(" ")
        view = View(columns, ((hostile, 0.25),), hostile, (hostile,))
        inlines = [token for token in parser.parse(render(made(table=view), "markdown")) if token.type == "inline"]
        texts = ["".join(child.content for child in token.children or ()).replace("\u200b", "") for token in inlines]
        around = [shown] if shown else []
        assert texts == [*around, "model", "value", shown, "0.250000", *around]
        assert {child.type for token in inlines for child in token.children or ()} <= {"text", "text_special"}


@pytest.mark.parametrize(
    ("title", "start"),
    [("# head", "\\#"), ("- item", "\\-"), ("+ item", "\\+"), ("1. item", "1\\."), ("12) item", "12\\)"),
     ("> quote", "&gt;"), ("=== x", "\\="), ("    code", "code"), ("---", "\\-"), ("* item", "\\*")],
)  # fmt: skip
def test_a_markdown_title_starts_no_block(title: str, start: str, made: Any) -> None:
    assert render(made(table=View((Column("a"),), (), title)), "markdown").startswith(start)


@given(ANY_TEXT | MARKS)
def test_html_cells_read_back(labelled: Any, text: str) -> None:
    page = Page(render(labelled(text), "html"))
    assert page.cells == ["model", "value", visible(text), "0.250000"]


def test_hostile_html_adds_no_tag_and_no_attribute(hostile: str, labelled: Any) -> None:
    page, tame = Page(render(labelled(hostile), "html")), Page(render(labelled("x"), "html"))
    assert page.tags == tame.tags
    assert page.attributes == tame.attributes
    assert page.cells[2] == clip(hostile, MOST)


def test_html_needs_nothing_from_elsewhere(evaluations: Evaluations) -> None:
    text = render(evaluations, "html")
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "a"} & set(page.tags)
    assert not {"src", "href", "style", "onclick"} & set(page.attributes)
    assert "http" not in text.replace("http-equiv", "")
    assert "default-src 'none'" in text
    assert "color-scheme: light dark" in text


LATEX_TOKENS = re.compile(
    r"\\text[a-z]+\{\}|\\char34\{\}|\\[{}$&#%_]|\{[\[\]*]\}|\{\}|\$\\[A-Za-z]+\$|\$[_^]\{[^{}]\}\$|\$-\$|~"
)


@given(MARKS | ANY_TEXT)
def test_latex_leaves_no_special_character(labelled: Any, text: str) -> None:
    line = render(labelled(text), "latex").split("\n")[4]
    cell, number, end = re.fullmatch(r"(.*) & ([0-9.]+) (\\\\)", line).groups()
    assert (number, end) == ("0.250000", "\\\\")
    assert not re.search(r"[\\{}$&#%_^~<>|\[\]*`\"]|--|''|,,|::", LATEX_TOKENS.sub("\0", cell))


def test_latex_of_every_special(labelled: Any) -> None:
    line = render(labelled("\\{}$&#%_^~<>|[]*`\" -- '' ,, ::"), "latex").split("\n")[4]
    assert line == (
        r"\textbackslash{}\{\}\$\&\#\%\_\textasciicircum{}\textasciitilde{}\textless{}\textgreater{}\textbar{}"
        r"{[}{]}{*}\textasciigrave{}\char34{} -{}- '{}' ,{}, :{}: & 0.250000 \\"
    )


def test_latex_sets_numbers_as_numbers(made: Any) -> None:
    columns = tuple(Column(name, "right") for name in "abcdefghi")
    row = (-0.25, 2.5e-7, float("-inf"), Span(-1.0, 2e9), True, -3, None, Change(-0.125), Brief(1.5e-9))
    line = render(made(table=View(columns, (row,))), "latex", RenderOptions(digits=3)).split("\n")[4]
    assert line == (
        r"$-0.250$ & $2.50 \times 10^{-7}$ & $-\infty$ & {[}$-1.00$, $2.00 \times 10^{9}${]} & yes & $-3$ &  "
        r"& $-12.5$\% & $1.50 \times 10^{-9}$ \\"
    )


def test_latex_writes_the_signs_of_the_field(made: Any) -> None:
    header = "‖∂ℓ/∂ŷ‖₂² ≤ σ − µ × 10⁻³ y\u0302"
    line = render(made(table=View((Column(header),), ())), "latex").split("\n")[2]
    assert line == (
        r"$\Vert$$\partial$$\ell$/$\partial$ŷ$\Vert$$_{2}$$^{2}$ $\leq$ $\sigma$ $-$ $\mu$ $\times$ 10$^{-}$$^{3}$ ŷ \\"
    )


@pytest.mark.parametrize("name", ["table", "markdown", "latex", "html"])
def test_digits_round_for_people(name: str, evaluations: Evaluations) -> None:
    assert "0.045" in render(evaluations, name, RenderOptions(digits=2))
    assert "0.0449" not in render(evaluations, name, RenderOptions(digits=2))
    assert "0.0449123457" in render(evaluations, name, RenderOptions(digits=9))
