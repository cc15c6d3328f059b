"""The mutants: which changes are drawn, which tests they meet, and that nothing of a hung test is left."""

from __future__ import annotations

import ast
import time
from pathlib import Path

import pytest

from tests import mutants
from tests.mutants import Mutant, end, mutants_of, reaching, run_mutant, run_tests, sample, try_mutants

SOURCE = '''"""Text."""
from __future__ import annotations
__all__ = ["f"]
def f(a: int = 1, *, b: bool = True) -> int:
    """Return 2."""
    if a < 3 and not b:
        print(a, end="é")
    while b:
        break
    return (a) + -4 if a is None else g(x=a[:2])
'''
EXPECTED = {
    (4, "1", "2"),
    (4, "True", "False"),
    (6, "a < 3", "a <= 3"),
    (6, "3", "4"),
    (6, "not b", "b"),
    (6, "a < 3 and not b", "a < 3 or not b"),
    (6, "a < 3 and not b", "not (a < 3 and not b)"),
    (7, 'print(a, end="é")', "pass"),
    (7, 'end="é"', ""),
    (8, "b", "not (b)"),
    (9, "break", "continue"),
    (10, "(a) + -4 if a is None else g(x=a[:2])", "None"),
    (10, "(a) + -4", "(a) - -4"),
    (10, "-4", "4"),
    (10, "4", "5"),
    (10, "a is None", "a is not None"),
    (10, "x=a[:2]", ""),
    (10, "2", ""),
    (10, "2", "3"),
}


def test_the_changes_of_a_module() -> None:
    found = mutants_of("m.py", SOURCE)
    assert {(each.line, each.was, each.text) for each in found} == EXPECTED
    for each in found:
        assert ast.dump(ast.parse(each.applied(SOURCE))) != ast.dump(ast.parse(SOURCE))
        assert each.applied(SOURCE).startswith('"""Text."""')
    assert str(found[0]) == "m.py:4: 1  →  2"


def test_a_draw_is_the_same_for_a_seed_and_another_for_another() -> None:
    path = "lossctl/core/names.py"
    assert sample([path], 9, 1) == sample([path], 9, 1) != sample([path], 9, 2)
    assert len(sample([path], 9, 1)) == 9
    assert len(sample([path], 10_000, 1)) == len({*sample([path], 10_000, 1)}) < 10_000


@pytest.mark.parametrize(
    ("module", "test"),
    [
        ("lossctl/core/names.py", "tests/core/test_names.py"),
        ("lossctl/stats/differences.py", "tests/stats/test_paired.py"),
        ("lossctl/api/checks/explain.py", "tests/api/test_explaining.py"),
        ("lossctl/cli/progress.py", "tests/cli/test_progress.py"),
        ("lossctl/reports/json.py", "tests/reports/test_report_machines.py"),
    ],
)
def test_the_tests_that_reach_a_module(module: str, test: str) -> None:
    assert test in reaching(module)[: mutants.NEAREST]


def test_the_command_line_is_reached_though_it_is_imported_by_name() -> None:
    assert {"tests/cli/test_bad_arguments.py", "tests/gates/test_fails_closed.py"} <= {*reaching("lossctl/cli/show.py")}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "lossctl" / "core").mkdir(parents=True)
    (tmp_path / "tests" / "core").mkdir(parents=True)
    for folder in ("lossctl", "lossctl/core"):
        (tmp_path / folder / "__init__.py").touch()
    (tmp_path / "lossctl" / "core" / "sign.py").write_text("def sign(x):\n    return 1 if x > 0 else -1\n")
    test = "from lossctl.core.sign import sign\ndef test_sign():\n    assert sign(5) == 1\n"
    (tmp_path / "tests" / "core" / "test_sign.py").write_text(test)
    mutants._imports.cache_clear()  # noqa: SLF001 -- of the project itself
    return tmp_path


def test_survivors_are_told_and_the_module_is_as_it_was(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = "lossctl/core/sign.py"
    source = (project / path).read_text()
    drawn = [each for each in sample([path], 99, 1, project) if each.was in {"x > 0", "-1"}]
    tried = try_mutants(project, drawn, time.monotonic() + 60)
    assert [str(each) for each in tried.survived] == [f"{path}:2: x > 0  →  x >= 0", f"{path}:2: -1  →  1"]
    assert not tried.hung + tried.left
    assert f"survived  {path}:2: x > 0  →  x >= 0" in capsys.readouterr().out
    assert (project / path).read_text() == source
    assert try_mutants(project, drawn, time.monotonic() - 1).left == drawn
    (killed,) = [each for each in sample([path], 99, 1, project) if each.text == "None"]
    assert run_mutant(project, killed, ["tests/core/test_sign.py"], 60.0) == "failed"


def test_a_hung_test_is_ended_with_its_processes(project: Path) -> None:
    pids = project / "pids"
    (project / "tests" / "core" / "test_sign.py").write_text(
        "import os, subprocess, sys, time\n"
        "def test_sign():\n"
        "    other = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'], process_group=0)\n"
        f"    open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{other.pid}}')\n"
        "    time.sleep(99)\n"
    )
    assert run_tests(project, ["tests/core/test_sign.py"], 3.0) == "hung"
    until = time.monotonic() + 5.0
    while any(map(_runs, map(int, pids.read_text().split()))):
        assert time.monotonic() < until
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] not in "ZX"


def test_ending_what_has_ended_is_no_fault() -> None:
    end(2**22 + 1)


def test_a_mutant_is_told_in_a_line() -> None:
    assert str(Mutant("m.py", 3, 0, 9, "", "key=\n   1,")) == "m.py:3: key= 1,  →  "
