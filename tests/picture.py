"""The picture of the README: what a terminal shows of a command that is really run. `tests.refresh` writes it."""

from __future__ import annotations

import io
import os
import re
import shlex
from unittest import mock
from xml.etree import ElementTree as ET

from tests.transcript import ROOT, run_arguments, scratch

PICTURE = ROOT / "docs" / "images" / "check.svg"
WIDTH = 100
TYPED = """\
lossctl check examples/data/diabetes.csv -p forest --baseline-pred ridge \\
    --gate 'p90(mae) <= 120' --gate 'delta(mae) <= 2%' --gate 'delta(mse)[sex=1] <= 10%'"""
_FONT = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
"""Fonts that rich would load from another host."""
_CLASS = re.compile(r"\.(\S+) \{ fill: (#\w+)")


def draw() -> str:
    """Run the command and draw what it prints, in its colours."""
    from rich.console import Console
    from rich.text import Text

    with scratch(), mock.patch.dict(os.environ, {"FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "TERM": "xterm"}):
        printed = run_arguments(shlex.split(TYPED.replace("\\\n", ""))[1:]).shown
        console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="standard")
        console.print(Text.from_ansi(f"$ {TYPED}\n{printed}"))
        return _FONT.sub("", console.export_svg(title="lossctl", unique_id="lossctl"))


def shown(picture: str) -> list[tuple[str, str]]:
    """Return the texts of a picture in order, each with its colour: what of it is no matter of rich's version."""
    colours = dict(_CLASS.findall(picture))
    root = ET.fromstring(picture)  # noqa: S314 -- our own picture
    texts = [each for each in root.iter("{http://www.w3.org/2000/svg}text") if (each.text or "").strip()]
    return [((each.text or "").replace("\xa0", " "), colours.get(each.get("class", ""), "")) for each in texts]
