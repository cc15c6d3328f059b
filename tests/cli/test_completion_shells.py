"""Tab in bash, zsh and fish: what the line is that the shell then runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shells import SHELLS, Shell, require, typed

HEADER = "id,my target,it's,a:b,größe,ridge,rich\n"
ROW = "1,2,3,4,5,6,7\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("completion")
    (place / "p.csv").write_text(HEADER + ROW, encoding="utf-8")
    (place / "two words.csv").write_text("spaced,x\n1,2\n", encoding="utf-8")
    (place / "broken.csv").write_bytes(b"\xff\xfe\0\0,\n")
    (place / "semi.txt").write_text("first;second\n1;2\n", encoding="utf-8")
    return place


@pytest.fixture(scope="module", params=SHELLS)
def shell(request: pytest.FixtureRequest, folder: Path) -> Iterator[Shell]:
    opened = Shell(request.param, folder)
    yield opened
    opened.close()


LINES = [
    ("lossctl ev", ["eval"]),
    ("lossctl eval --loss=mae,HUB", ["eval", "--loss=mae,huber"]),
    ("lossctl eval -l 'huber(de", ["eval", "-l", "huber(delta="]),
    ("lossctl eval p.csv --export mark", ["eval", "p.csv", "--export", "markdown="]),
    ("lossctl eval p.csv -t my", ["eval", "p.csv", "-t", "my target"]),
    ('lossctl eval p.csv -t "my ta', ["eval", "p.csv", "-t", "my target"]),
    ("lossctl eval p.csv -t my\\ t", ["eval", "p.csv", "-t", "my target"]),
    ("lossctl eval p.csv -w it", ["eval", "p.csv", "-w", "it's"]),
    ("lossctl eval p.csv --by a:", ["eval", "p.csv", "--by", "a:b"]),
    ("lossctl eval p.csv -p größe,ric", ["eval", "p.csv", "-p", "größe,rich"]),
    ("lossctl eval 'two words.csv' -p sp", ["eval", "two words.csv", "-p", "spaced"]),
    ("lossctl eval two\\ words.csv -p sp", ["eval", "two words.csv", "-p", "spaced"]),
    ("lossctl check p.csv --gate 'delta(hub", ["check", "p.csv", "--gate", "delta(huber"]),
    ("lossctl eval broken.csv -t x", ["eval", "broken.csv", "-t", "x"]),
    ("lossctl eval label=semi", ["eval", "label=semi.txt"]),
]
"""What is typed before Tab, and what the shell then runs."""


def test_tab(shell: Shell) -> None:
    assert [(line, shell.completed(line)) for line, _ in LINES] == LINES


@pytest.mark.parametrize("shell_name", SHELLS)
def test_completion_installs_itself(shell_name: str, tmp_path: Path) -> None:
    require(shell_name)
    (tmp_path / "home").mkdir()
    environment = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "HOME": str(tmp_path / "home"),
    }
    program = f"{shutil.which('lossctl', path=environment['PATH'])} --install-completion && true"
    subprocess.run([shell_name, "-c", program], env=environment, check=True, capture_output=True)
    (tmp_path / "p.csv").write_text(HEADER + ROW, encoding="utf-8")
    assert typed(shell_name, tmp_path, ["lossctl eval p.csv -t my"], own=True) == [["eval", "p.csv", "-t", "my target"]]


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_completion_is_shown_and_installed_again_with_exit_code_0(shell_name: str, tmp_path: Path) -> None:
    """A Dockerfile or ``set -e`` stops at any other; a second time leaves the settings of the shell as they are."""
    program = [sys.executable, "-m", "lossctl"]
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(tmp_path),
        "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1",
    }
    settings = []
    for _ in range(3):
        ran = subprocess.run(
            [*program, "--install-completion", shell_name], env=environment, capture_output=True, text=True, check=False
        )
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "installed in" in ran.stdout
        settings.append({each.name: each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()})
    assert settings[0] == settings[1] == settings[2]
    shown = subprocess.run(
        [*program, "--show-completion", shell_name], env=environment, capture_output=True, text=True, check=False
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "lossctl" in shown.stdout
    with subprocess.Popen(
        [*program, "--show-completion", shell_name], env=environment, stdout=subprocess.PIPE
    ) as unread:
        assert unread.stdout is not None
        unread.stdout.close()
    assert unread.returncode == 141
