"""Documentation runs: every command in it is executed here and what it prints is compared."""

from __future__ import annotations

import doctest
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from lossctl.api import formats
from lossctl.cli.commands import application
from lossctl.core.errors import ExitCode
from lossctl.core.results.evaluation import Evaluation, Gradient
from lossctl.core.results.interval import Interval
from lossctl.core.settings import Options
from lossctl.losses import LOSSES
from tests import differences
from tests.databases import shared_databases  # noqa: F401 -- for the tests here that ask for it
from tests.documents import DOCUMENTS, Block, blocks, replay
from tests.picture import PICTURE, draw, shown
from tests.transcript import ROOT, alike, difference, run, run_arguments, scratch

README = (ROOT / "README.md").read_text(encoding="utf-8")
FORMATS = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
MOST_LINES, MOST_WORDS = 150, 1100
ELSEWHERE = {"py", "r", "yaml", "make"}
"""What other programs run; `tests.test_recipes` tries what of it can be."""
COMMANDS = list(typer.main.get_command(application()).commands)  # type: ignore[attr-defined]  # a group


@pytest.fixture(autouse=True)
def folder() -> Iterator[None]:
    with scratch():
        yield


def by_place(found: list[Block]) -> list[object]:
    return [pytest.param(block, id=block.place) for block in found]


@pytest.mark.parametrize("block", by_place(blocks("console")))
def test_transcripts(block: Block) -> None:
    printed = replay(block.text, block.file)
    assert alike(block.text, printed), difference(block.text, printed, block.place)


@pytest.mark.parametrize("block", by_place(blocks("python")))
def test_python(block: Block) -> None:
    if ">>>" not in block.text:
        exec(compile(block.text, block.place, "exec"), {})  # noqa: S102 -- what a reader would paste
        return
    test = doctest.DocTestParser().get_doctest(block.text, {}, block.place, str(block.file), block.line)
    report: list[str] = []
    doctest.DocTestRunner(verbose=False).run(test, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize("block", by_place(blocks("bash")))
def test_commands_that_are_not_shown_running(block: Block) -> None:
    commands = [line for line in block.text.splitlines() if line and not line.startswith("#")]
    assert len(commands) >= 5
    assert {ran.code: ran.stderr for ran in map(run, commands)}.keys() == {ExitCode.OK}


def test_each_block_says_how_it_runs() -> None:
    for file in DOCUMENTS:
        assert file.read_text(encoding="utf-8").count("```") == 2 * len(blocks(None, [file])), file
    assert {block.language for block in blocks()} <= {"console", "python", "sh", "bash", "text", "json", *ELSEWHERE}


def test_the_readme_has_transcripts_and_python() -> None:
    languages = {block.language for block in blocks("console") + blocks("python") if block.file.name == "README.md"}
    assert languages == {"console", "python"}


def test_ci_runs_the_commands_of_the_readme() -> None:
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    typed = [line for block in blocks("sh", [ROOT / "README.md"]) for line in block.text.splitlines()]
    assert len(typed) >= 2
    assert [line for line in typed if f"{line} || exit 1" not in ci] == []


def test_the_page_of_differences_is_current() -> None:
    expected, written = differences.page(), differences.PAGE.read_text(encoding="utf-8")
    assert written == expected, difference(written, expected, str(differences.PAGE))


@pytest.mark.usefixtures("shared_databases")
@pytest.mark.parametrize("loss", LOSSES)
def test_the_example_of_each_loss_runs(loss: str) -> None:
    ran = run(LOSSES[loss].example)
    assert ran.code == ExitCode.OK, ran.stderr
    assert any(name in ran.stdout for name in (loss, *LOSSES[loss].aliases))


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_two_examples_that_run(command: str) -> None:
    ran = run_arguments([command, "--help"])
    assert ran.code == ExitCode.OK
    assert ran.stderr == ""
    examples = re.findall(rf"^  (lossctl {command} .*)", ran.stdout, re.MULTILINE)
    assert len(examples) > 1, f"lossctl {command} --help has no two examples"
    for example in examples:
        assert run(example).code == ExitCode.OK, example


@pytest.mark.parametrize("command", COMMANDS)
def test_the_readme_tells_of_each_command(command: str) -> None:
    assert f"lossctl {command}" in README


def test_the_readme_is_read_in_two_minutes() -> None:
    assert len(README.splitlines()) <= MOST_LINES
    assert len(README.split()) <= MOST_WORDS
    assert (
        max(len(line) for block in blocks("console", [ROOT / "README.md"]) for line in block.text.splitlines()) <= 160
    )


def test_the_picture_is_what_a_terminal_shows() -> None:
    assert shown(PICTURE.read_text(encoding="utf-8")) == shown(draw())


def test_the_picture_loads_nothing() -> None:
    assert set(re.findall(r"https?://[^\s\"')]+", PICTURE.read_text(encoding="utf-8"))) <= {
        "http://www.w3.org/2000/svg",
        "https://www.textualize.io",
    }


def test_every_document_is_listed() -> None:
    listed = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    for file in (ROOT / "docs").rglob("*.md"):
        assert file.name == "index.md" or f"]({file.relative_to(ROOT / 'docs')})" in listed, file


@pytest.mark.parametrize("code", ExitCode)
def test_the_documents_tell_of_each_exit_code(code: ExitCode) -> None:
    assert re.search(rf"^\| {int(code)} \|", FORMATS, re.MULTILINE)


@pytest.mark.parametrize("name", formats())
def test_each_output_format_is_documented(name: str) -> None:
    assert f"`{name}`" in FORMATS


@pytest.mark.parametrize("name", Options.__annotations__)
def test_each_option_of_the_api_is_a_flag_or_said_to_be_none(name: str) -> None:
    assert f"--{name.replace('_', '-')}" in run_arguments(["eval", "--help-all"]).stdout


def fields() -> list[str]:
    own = [name for name in Evaluation.__dataclass_fields__ if name not in {"chosen", "model", "freedom"}]
    inner = [f"gradient.{name}" for name in Gradient.__dataclass_fields__]
    return [*own, "loss", "params", "unit", *inner, *(f"ci.{name}" for name in Interval.__dataclass_fields__)]


@pytest.mark.parametrize("field", fields())
def test_each_field_of_the_json_is_documented(field: str) -> None:
    assert re.search(rf"^\| [^|]*`{re.escape(field)}`", FORMATS, re.MULTILINE)


PAGES = [*DOCUMENTS, *(ROOT / name for name in ("CHANGELOG.md", "SECURITY.md", "examples/README.md"))]


def headings(file: Path) -> set[str]:
    """Return what GitHub calls the headings of a page."""
    text = re.sub(r"^```.*?^```$", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return {
        re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }


@pytest.mark.parametrize("file", PAGES, ids=lambda file: str(file.relative_to(ROOT)))
def test_links_lead_somewhere(file: Path) -> None:
    for path, heading in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", file.read_text(encoding="utf-8")):
        to = file.parent / path if path else file
        assert to.exists(), path
        assert not heading or heading in headings(to), f"{path}#{heading}"


def test_pages_have_headings_as_github_calls_them() -> None:
    assert "from-python" in headings(ROOT / "docs" / "compare.md")
    assert "epsilon--0" not in headings(ROOT / "docs" / "compare.md")


def test_help_names_every_command() -> None:
    ran = run_arguments(["--help"])
    assert ran.code == ExitCode.OK
    for command in COMMANDS:
        assert re.search(rf"^  {command} ", ran.stdout, re.MULTILINE)


def test_the_installed_program_prints_what_the_module_prints() -> None:
    typed = "lossctl eval preds.csv --loss huber --delta 1.0"
    here = run_arguments(shlex.split(typed)[1:])
    there = run(f"{typed} | cat")
    assert (there.code, there.stdout, there.stderr) == (here.code, here.stdout, here.stderr)
