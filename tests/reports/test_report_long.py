"""Texts of any length: cut for people, whole for machines, and never slow."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest

from lossctl.core.escape import unguarded, visible
from lossctl.core.results.view import Column, View
from lossctl.reports import RenderOptions, render
from lossctl.reports.shared.short import FOR_PEOPLE, MOST

LONG = {
    "control characters": "\x01\x1b" * 20_000,
    "lone surrogates": "\ud800" * 40_000,
    "marks above": "e" + "\u0301" * 40_000,
    "hearts": "👩\u200d👧" * 20_000,
    "words": "ab " * 20_000,
}


@pytest.mark.parametrize("name", sorted(FOR_PEOPLE))
@pytest.mark.parametrize("width", [None, 80])
def test_people_see_the_start_of_a_long_text_and_how_much_more_there_is(
    name: str, width: int | None, made: Any
) -> None:
    for text in LONG.values():
        columns = (Column(text), Column("value", "right"), Column(text, "right"))
        view = View(columns, ((text, 0.25, "a"), ("b", text, 1)), text, (text,))
        shown = render(made(table=view), name, RenderOptions(width=width))
        assert len(shown) < 10 * 6 * MOST
        for cut in re.findall(r"\((\d+) more\)", shown.replace("\n", "")) if width is None else ():
            assert len(text) - MOST < int(cut) < len(text)


def test_a_text_is_cut_only_where_what_is_shown_is_too_long(made: Any) -> None:
    whole, cut = "\x01" * (MOST // 4), "\x01" * (MOST // 4 + 1)
    first, second = (render(made(table=View((Column("a"),), ((text,),))), "table") for text in (whole, cut))
    assert first == f"a\n{visible(whole)}\n"
    assert second.startswith("a\n\\x01\\x01")
    assert second.endswith(" more)\n")


def test_machines_get_all_of_it(labelled: Any) -> None:
    for text in LONG.values():
        result = labelled(text)
        assert json.loads(render(result, "jsonl"))["model"] == text
        csv.field_size_limit(10_000_000)
        ((_, (label, _)),) = [list(csv.reader(io.StringIO(render(result, "csv"), newline="")))]
        assert unguarded(label) == text
