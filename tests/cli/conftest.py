"""The command line, run in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from lossctl.cli.main import main
from tests.cli.cases import Ran, Run
from tests.databases import shared_databases  # noqa: F401 -- for the modules here that ask for it


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOSSCTL_TRACEBACK", raising=False)

    def run_main(*arguments: str) -> Ran:
        code = main(list(arguments))
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run_main
