"""What docs/ci.md, action.yml and .pre-commit-hooks.yaml tell CI systems to run, run here."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest

from lossctl.cli.main import main
from tests.documents import blocks
from tests.transcript import ROOT

PAGE = ROOT / "docs" / "ci.md"
COMMANDS = [
    found for block in blocks("text", [PAGE]) for found in re.findall(r"lossctl check [^\n]*?(?=\"|\n|$)", block.text)
]
ACTION = (ROOT / "action.yml").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "examples" / "data" / "preds.csv").read_text(encoding="utf-8")
    (tmp_path / "predictions.csv").write_text(text, encoding="utf-8")


def test_there_are_commands_for_each_system() -> None:
    assert len(COMMANDS) == 3


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_of_the_page_runs(command: str) -> None:
    assert main(shlex.split(command)[1:]) == 0
    for written in re.findall(r"[\w.]+\.(?:xml|txt|json)\b", command):
        assert Path(written).stat().st_size


def test_the_configuration_of_the_page_is_read() -> None:
    (text,) = [block.text for block in blocks("text", [PAGE]) if block.text.startswith("[check]")]
    assert tomllib.loads(text)["check"]["gates"]
    Path("lossctl.toml").write_text(text, encoding="utf-8")
    assert main(["check"]) == 3  # it names files that are not here
    assert Path("lossctl-reports").is_dir()


def test_the_hook_runs_a_check() -> None:
    hook = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    entry = re.search(r"^  entry: lossctl (.*)$", hook, re.MULTILINE)
    assert entry is not None
    Path("lossctl.toml").write_text("[check]\nsource = 'predictions.csv'\ngates = ['mae <= 50']", encoding="utf-8")
    assert main(shlex.split(entry[1])) == 0


def run_action(folder: Path, gates: str, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the last step of the action as GitHub does, with its inputs in the environment."""
    script = textwrap.dedent(ACTION[ACTION.rindex("run: |") + len("run: |") :]).strip("\n")
    program = folder / "bin" / "lossctl"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lossctl "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "RUNNER_TEMP": str(folder),
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "SOURCE": "predictions.csv",
        "GATES": gates,
        "BASELINE": "",
        "ARGUMENTS": "",
        **inputs,
    }
    shell = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]
    return subprocess.run(shell, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_the_action_passes_and_fails(tmp_path: Path) -> None:
    ran = run_action(tmp_path, "mae <= 50\n\nmse <= 3200\n", ARGUMENTS="--level\n0.9")
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr
    ran = run_action(tmp_path, "mae <= 5")
    assert ran.returncode == 1
    assert ran.stdout.startswith("::error title=gate failed::mae <= 5: ")
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "| pass | mae" in summary
    assert "| fail | mae" in summary


def test_the_summary_is_of_this_run_alone(tmp_path: Path) -> None:
    assert run_action(tmp_path, "mae <= 50").returncode == 0
    (tmp_path / "summary.md").unlink()
    assert run_action(tmp_path, "mea <= 50").returncode == 2
    assert not (tmp_path / "summary.md").exists()


def test_installing_loads_no_module_of_the_checkout(tmp_path: Path) -> None:
    for name in ("pip", "json"):
        (tmp_path / f"{name}.py").write_text("open('pwned', 'w')", encoding="utf-8")
    step = ACTION[ACTION.index("- name: Install") : ACTION.index("- name: Check")]
    given = dict(re.findall(r'^ {8}(\w+): "([^"]*)"', step, re.MULTILINE))
    subprocess.run([sys.executable, "-m", "pip", "--version"], env=os.environ | given, check=False, timeout=60)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("package", ["", "lossctl==0.1.0", "--pre; touch pwned"])
def test_the_action_installs_the_revision_it_is_pinned_to(package: str, tmp_path: Path) -> None:
    step = ACTION[ACTION.index("- name: Install") : ACTION.index("- name: Check")]
    assert "if: inputs.package != 'none'" in step
    assert re.search(r'^  package:\n.*\n    default: ""$', ACTION, re.MULTILINE)
    (script,) = re.findall(r"run: (.*)\n", step)
    program = tmp_path / "bin" / "python"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > said\n', encoding="utf-8")
    program.chmod(0o755)
    given = {"PATH": f"{program.parent}:{os.environ['PATH']}", "PACKAGE": package, "GITHUB_ACTION_PATH": "/actions/a b"}
    subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, env=os.environ | given, check=True, timeout=60)
    said = (tmp_path / "said").read_text(encoding="utf-8").splitlines()
    assert said == ["-m", "pip", "install", "--quiet", "--", package or "/actions/a b"]
    assert not (tmp_path / "pwned").exists()


def test_inputs_of_the_action_run_nothing(tmp_path: Path) -> None:
    ran = run_action(tmp_path, '$(touch pwned) <= 1\n"; touch pwned; "', SOURCE="--config=$(touch pwned)")
    assert ran.returncode == 2
    assert not (tmp_path / "pwned").exists()
    steps = ACTION[ACTION.index("runs:") :]
    scripts = re.findall(r"run: (?:\|\n((?: {8}.*\n)+)|(.*)\n)", steps)
    assert len(scripts) == 2
    assert not any("${{" in part for found in scripts for part in found)
