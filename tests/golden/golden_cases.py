"""The golden files: what each command of ``cases.toml`` prints, and how it ends, in ``expected/<name>.txt``."""

from __future__ import annotations

import tomllib
from pathlib import Path

from lossctl.core.errors import ExitCode
from tests.transcript import Ran, run

FOLDER = Path(__file__).parent
EXPECTED = FOLDER / "expected"
_TABLE = tomllib.loads((FOLDER / "cases.toml").read_text(encoding="utf-8"))
CASES: dict[str, str] = _TABLE["cases"]
"""Commands by name."""
FILES: dict[str, str] = _TABLE["files"]
"""What the small files hold that some commands read."""


def write_files(folder: Path) -> None:
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")


def produce(name: str) -> str:
    """Run a case, and give what its golden file should hold; a program that broke has no such file."""
    ran = run(CASES[name])
    broke = ran.code >= ExitCode.INTERNAL or "Traceback" in ran.stderr
    assert not broke, f"{CASES[name]}\n{ran.stderr}"
    return transcript(CASES[name], ran)


def transcript(command: str, ran: Ran) -> str:
    streams = "".join(f"--- {name}\n{_ended(text)}" for name, text in (("stdout", ran.stdout), ("stderr", ran.stderr)))
    return f"$ {command}\n{streams}--- exit {ran.code}\n"


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n(no line end)\n"
