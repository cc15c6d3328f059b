"""The documents of the project and the blocks of code in them; shared by the test that runs them and `tests.refresh`.

A block marked ``console`` is a transcript: ``$`` starts a command, ``>`` goes on with it, the rest is what it
prints; in the README, which is read first, at a terminal of 80 columns. A block marked ``python`` runs as it stands, or
as a doctest where it shows a prompt. Commands in blocks marked ``bash`` run, and what they print is not shown. Blocks
marked ``sh`` make environments or take minutes: ``.ci/run`` runs those of the README.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from tests.transcript import ROOT, Ran, run

README = ROOT / "README.md"
DOCUMENTS = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"^```(?P<language>[a-z]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE_OF_LAST = "echo $?"


@dataclass(frozen=True)
class Block:
    """A block of code: where it stands, what it is, what it holds."""

    file: Path
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line}"


def blocks(language: str | None = None, files: list[Path] | None = None) -> list[Block]:
    found = (block for file in files or DOCUMENTS for block in _blocks(file))
    return [block for block in found if language in {None, block.language}]


def _blocks(file: Path) -> Iterator[Block]:
    text = file.read_text(encoding="utf-8")
    for match in _BLOCK.finditer(text):
        yield Block(file, text.count("\n", 0, match.start()) + 2, match["language"], match["text"])


def replay(text: str, file: Path) -> str:
    """Return a transcript of a document with what its commands print now in the place of what they printed."""
    shown, last = [], Ran(0, "", "", "")
    columns = {"COLUMNS": "80"} if file == README else {}
    for typed, command in _commands(text):
        if command == _CODE_OF_LAST:
            printed = f"{last.code}\n"
        else:
            with mock.patch.dict(os.environ, columns):
                last = run(command)
            printed = last.shown
        shown.append(f"{typed}{printed}")
    return "".join(shown)


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command as it is typed, over one line or several, and as a shell reads it."""
    for match in re.finditer(r"^\$ .*\n(?:> .*\n)*", text, re.MULTILINE):
        lines = [line[2:].removesuffix("\\") for line in match[0].splitlines()]
        yield match[0], "".join(lines)


def replayed(file: Path) -> str:
    """Return a document with all its transcripts replayed."""
    text = file.read_text(encoding="utf-8")
    return _BLOCK.sub(
        lambda match: f"```console\n{replay(match['text'], file)}```" if match["language"] == "console" else match[0],
        text,
    )
