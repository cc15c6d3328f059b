"""What all formats have in common: how they are found, that they are pure, that nothing in the data is interpreted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lossctl import reports
from lossctl.core.errors import UsageError
from lossctl.core.results.evaluations import Evaluations
from lossctl.core.results.view import Column, Reportable, View
from lossctl.reports import RenderOptions, formats, render

FORMATS = ("table", "json", "jsonl", "csv", "tsv", "markdown", "latex", "html", "bare")
GOLDEN = Path(__file__).parent / "golden"


def assert_prints_only_text(text: str, separator: str = "\n") -> None:
    text.encode("utf-8")
    assert not [ascii(char) for char in set(text) - {"\n", separator} if not char.isprintable()]
    assert not [line for line in text.splitlines() if line.lstrip().startswith("::")]
    assert "##" not in text


def modules_after(code: str) -> set[str]:
    program = f"import sys\n{code}\nimport json\nprint(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(run.stdout.splitlines()[-1]))


def test_formats_stand_in_the_documented_order() -> None:
    assert formats() == FORMATS


def test_each_format_is_a_file_of_its_own() -> None:
    files = {path.stem for path in Path(reports.__file__).parent.glob("*.py")}
    assert files == {*FORMATS, "__init__"}


def test_a_file_more_is_a_format_more(
    evaluations: Evaluations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "count.py").write_text("def render(result, options):\n    return f'{len(result.items())}\\n'\n")
    monkeypatch.setattr(reports, "__path__", [*reports.__path__, str(tmp_path)])
    assert formats() == (*FORMATS, "count")
    assert render(evaluations, "count") == "2\n"
    monkeypatch.delitem(sys.modules, "lossctl.reports.count")
    monkeypatch.delattr(reports, "count")


@pytest.mark.parametrize("name", FORMATS)
def test_golden(name: str, frozen: Reportable) -> None:
    expected = (GOLDEN / f"result.{name}").read_bytes().decode()
    assert render(frozen, name) == expected


def test_a_view_with_title_and_notes_golden(made: Any) -> None:
    columns = (Column("σ ‖x‖₂"), Column("n", "right", "side"))
    result = made(table=View(columns, (("a", 1), ("b", None)), "# A title", ("- one note", "another note")))
    text = "\n".join(render(result, name) for name in ("table", "markdown", "latex", "html"))
    assert text == (GOLDEN / "prose.txt").read_bytes().decode()


@pytest.mark.parametrize(
    ("typed", "cure"),
    [
        ("jsn", "json"),
        ("Markdwon", "markdown"),
        ("TABLE", "did you mean table"),
        ("zzz", "the formats: table, json, jsonl, csv, tsv, markdown, latex, html, bare"),
        ("shared", "the formats: table"),
        ("__init__", "the formats: table"),
        ("shared.numbers", "the formats: table"),
        ("", "the formats: table"),
    ],
)
def test_an_unknown_format_is_a_usage_error_with_a_cure(typed: str, cure: str, evaluations: Evaluations) -> None:
    with pytest.raises(UsageError) as caught:
        render(evaluations, typed)
    assert repr(typed) in caught.value.problem
    assert cure in caught.value.cure


@pytest.mark.parametrize("bad", [{"digits": 0}, {"digits": -3}, {"digits": 18}, {"width": 0}, {"width": -80}])
def test_options_out_of_range_are_usage_errors(bad: dict[str, int]) -> None:
    with pytest.raises(UsageError) as caught:
        RenderOptions(**bad)
    assert str(next(iter(bad.values()))) in caught.value.problem
    assert caught.value.cure


@pytest.mark.parametrize("name", FORMATS)
def test_pure(name: str, evaluations: Evaluations, monkeypatch: pytest.MonkeyPatch) -> None:
    options = RenderOptions(width=60, color=True)
    first = render(evaluations, name, options)
    for variable, value in {"COLUMNS": "20", "NO_COLOR": "1", "FORCE_COLOR": "1", "TERM": "dumb"}.items():
        monkeypatch.setenv(variable, value)
    assert render(evaluations, name, options) == first


@pytest.mark.parametrize("name", ["json", "jsonl", "csv", "tsv", "bare"])
def test_formats_for_machines_ignore_the_options(name: str, evaluations: Evaluations) -> None:
    assert render(evaluations, name, RenderOptions(digits=2, width=10, color=True)) == render(evaluations, name)


@pytest.mark.parametrize("name", FORMATS)
def test_text_ends_in_one_newline(name: str, evaluations: Evaluations) -> None:
    text = render(evaluations, name)
    assert text.endswith("\n")
    assert name == "bare" or not text.endswith("\n\n")


def test_no_entries_give_no_lines(made: Any) -> None:
    assert [render(made(), name) for name in ("jsonl", "csv", "tsv", "bare")] == [""] * 4


@pytest.mark.parametrize("name", FORMATS)
def test_hostile_text_prints_as_text_and_never_as_a_command(
    name: str, all_hostile: tuple[str, ...], labelled: Any
) -> None:
    for hostile in all_hostile:
        assert_prints_only_text(render(labelled(hostile), name), separator="\t" if name == "tsv" else "\n")


@pytest.mark.parametrize("name", ["table", "markdown", "latex", "html"])
def test_headers_titles_and_notes_are_escaped_like_cells(name: str, all_hostile: tuple[str, ...], made: Any) -> None:
    texts = [text for text in all_hostile if len(text) < 1000]
    columns = tuple(Column(text) for text in texts)
    for title, note in zip(texts, reversed(texts), strict=True):
        assert_prints_only_text(render(made(table=View(columns, (), title, (note,))), name))


def test_results_are_reportable(evaluations: Evaluations, made: Any) -> None:
    assert isinstance(evaluations, Reportable)
    assert isinstance(made(), Reportable)


def test_finding_formats_imports_none() -> None:
    loaded = modules_after("from lossctl.reports import formats; formats()")
    assert not loaded.intersection(f"lossctl.reports.{name}" for name in FORMATS)


def test_json_imports_no_other_format_and_no_rich() -> None:
    loaded = modules_after(
        "from lossctl.core.results.evaluations import Evaluations\n"
        "from lossctl.reports import render\n"
        "render(Evaluations(()), 'json')"
    )
    assert {name for name in FORMATS if f"lossctl.reports.{name}" in loaded} == {"json"}
    assert not {module for module in loaded if module.partition(".")[0] in {"rich", "pandas", "polars", "pyarrow"}}


@pytest.mark.parametrize("width", ["None", "9"])
def test_a_table_imports_of_rich_the_widths_of_characters_and_no_more(width: str) -> None:
    loaded = modules_after(
        "from lossctl.core.results.evaluations import Evaluations\n"
        "from lossctl.reports import RenderOptions, render\n"
        f"render(Evaluations(()), 'table', RenderOptions(width={width}))"
    )
    assert "rich.cells" in loaded
    assert not loaded.intersection({"rich.console", "rich.table", "rich.text", "rich.progress", "pygments"})
