"""The shape of the house: who may import whom, what is imported late, and how long a function may be."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.each import for_each
from tests.transcript import ROOT

HOUSE = ROOT / "lossctl"
MODULES = sorted(HOUSE.rglob("*.py"))
ROOMS = {path.name for path in HOUSE.iterdir() if (path / "__init__.py").is_file()}
STAR = {"losses", "sources", "engine", "stats", "gates", "reports", "figures"}
"""Rooms that see core and never each other."""
SEES = {"core": set[str](), "api": STAR | {"core"}, "cli": {"api", "core"}, "": STAR | {"core", "api"}}
"""What the other rooms see beside themselves; the empty name is the package itself."""

AT_THE_TOP = {
    "core": {"numpy"},
    "losses": {"numpy"},
    "sources": {"numpy", "duckdb", "arro3"},
    "engine": {"numpy"},
    "stats": {"numpy"},
    "gates": {"numpy"},
    "reports": set[str](),
    "figures": {"numpy"},
    "api": {"numpy"},
    "cli": {"typer"},
    "": set[str](),
}
"""Packages of others that a room may import when it is imported itself."""
INSIDE = {
    "core": {"pandas"},
    "sources": {"backports"},
    "reports": {"rich", "arro3"},
    "figures": {"plotille"},
    "cli": {"rich"},
}
"""Packages of others that a room may import besides, inside functions: they cost time or are optional."""
LONGEST_FUNCTION = 60
ORDER = {
    "core": (
        "errors types version bound",
        "system",
        "escape names spelling exact losses",
        "method rows",
        "settings",
        "compare_settings",
        "results",
        "charts",
    ),
    "sources": ("names", "duck", "files", "columns", "query", "joins", "writing"),
    "engine": (
        "fitting",
        "plan",
        "slice_order run",
        "accumulators",
        "series",
        "passes",
        "sliced_passes each_row kept_rows",
    ),
    "api": ("keywords", "setup", "results", "comparisons", "checks", "evaluate", "baseline rows worst hints"),
}
"""Of a room, its modules and sub-packages from the bottom up: each sees those below it, and its own."""
UPWARD = {
    ("engine.plan", "engine.accumulators"): "a plan makes tallies, until it knows the protocol of accumulators alone",
    ("engine.accumulators", "engine.sliced_passes"): "a pass by slice has a type of its own, until there is one driver",
    ("api.checks", "api.evaluate"): "gates evaluate one by one, until a check makes one plan",
}
"""Imports against the order, and why they still stand."""
CIRCLES: dict[frozenset[str], str] = {}
"""Modules that import each other, and why they still do."""


@dataclass(frozen=True)
class Import:
    """An import: of what, and when it happens."""

    name: str
    line: int
    when: str


def room_of(path: Path) -> str:
    inside = path.relative_to(HOUSE)
    if inside.name == "__main__.py":
        return "cli"  # the door of the command line, which stands outside for Python's sake
    return inside.parts[0] if len(inside.parts) > 1 else ""


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(node: ast.AST, package: str, when: str = "top") -> Iterator[Import]:
    """Find imports: at the top, inside a function, or for a type checker alone."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(each.name, child.lineno, when) for each in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (Import(name, child.lineno, when) for name in _modules(child, package))
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            yield from imports(ast.Module(child.body, []), package, "typing")
            yield from imports(ast.Module(child.orelse, []), package, when)
        else:
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from imports(child, package, "inside" if function else when)


def _modules(node: ast.ImportFrom, package: str) -> list[str]:
    """Name the modules that ``from x import y`` reads: y may be a module of the package x."""
    base = node.module or ""
    if node.level:
        parts = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*parts, *([base] if base else [])])
    return [f"{base}.{each.name}" if base == "lossctl" else base for each in node.names]


def imports_of(path: Path) -> list[Import]:
    package = ".".join(path.relative_to(ROOT).parent.parts)
    return list(imports(tree_of(path), package))


def broken(path: Path) -> list[str]:
    """Name the imports of a module that its room must not have."""
    room, found = room_of(path), []
    for each in imports_of(path):
        first, *rest = each.name.split(".")
        if first == "lossctl":
            known = rest[0] if rest and rest[0] in ROOMS else ""
            allowed = SEES.get(room, {"core"}) | {room}
            if known not in allowed or (known == "" and room != ""):
                found.append(f"{path.relative_to(ROOT)}:{each.line} imports {each.name}")
        elif first not in sys.stdlib_module_names and each.when != "typing":
            late = INSIDE.get(room, set()) if each.when == "inside" else set()
            if first not in AT_THE_TOP[room] | late:
                found.append(f"{path.relative_to(ROOT)}:{each.line} imports {each.name} ({each.when})")
    return found


each_module = for_each("path", MODULES, str)


@each_module
def test_imports_keep_to_the_star(path: Path) -> None:
    assert broken(path) == []


@each_module
def test_a_module_says_what_it_is_for_and_what_it_may_import(path: Path) -> None:
    docstring = ast.get_docstring(tree_of(path))
    assert docstring
    if path.stem not in {"__init__", "__main__", "version"}:
        assert re.search(r"\b(?:[Ii]mports?|[Ss]ees)\b", docstring)


@each_module
def test_functions_are_short(path: Path) -> None:
    functions = [each for each in ast.walk(tree_of(path)) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert [each.name for each in functions if (each.end_lineno or 0) - each.lineno + 1 > LONGEST_FUNCTION] == []


@each_module
def test_a_silenced_check_says_why(path: Path) -> None:
    silenced = re.findall(r"# (?:ruff: )?(?:noqa|type: ignore)[^\n]*", path.read_text(encoding="utf-8"))
    assert [each for each in silenced if not re.search(r"(?:--| - |\]\s+#)\s*\S+ \S+", each)] == []


def name_of(path: Path) -> str:
    """Name a module without the ``lossctl`` at its front."""
    inside = path.relative_to(HOUSE).with_suffix("")
    return ".".join(inside.parts).removesuffix(".__init__")


def seen_by(path: Path) -> set[str]:
    """Name the modules of lossctl that a module imports."""
    known = {name_of(each) for each in MODULES}
    found = {each.name.removeprefix("lossctl.") for each in imports_of(path)}
    return {name for name in found if name in known and name != name_of(path)}


def place_of(name: str) -> tuple[str, int]:
    """Return the part of its room that a module belongs to, and how far up this stands."""
    room, part, *_ = name.split(".")
    for floor, parts in enumerate(ORDER[room]):
        if part in parts.split():
            return f"{room}.{part}", floor
    raise AssertionError(f"{name} has no place in ORDER")


def against_the_order(path: Path) -> set[tuple[str, str]]:
    """Return the imports of a module that go up inside its room, as the parts they lead from and to."""
    name = name_of(path)
    if name.count(".") == 0 or name.split(".")[0] not in ORDER:
        return set()
    part, floor = place_of(name)
    found = set()
    for other in seen_by(path):
        if other.startswith(f"{name.split('.')[0]}.") and place_of(other)[0] != part and place_of(other)[1] >= floor:
            found.add((part, place_of(other)[0]))
    return found


def test_imports_inside_a_room_go_down() -> None:
    assert {each for path in MODULES for each in against_the_order(path)} == set(UPWARD)


def circles(graph: Mapping[str, set[str]]) -> set[frozenset[str]]:
    """Return the groups of modules that reach each other; see Tarjan, Depth-first search, 1972."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    waiting: list[str] = []
    found = set()

    def visit(name: str) -> None:
        order[name] = lowest[name] = len(order)
        waiting.append(name)
        for other in graph[name]:
            if other not in order:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in waiting:
                lowest[name] = min(lowest[name], order[other])
        if lowest[name] == order[name]:
            group = waiting[waiting.index(name) :]
            del waiting[waiting.index(name) :]
            if len(group) > 1:
                found.add(frozenset(group))

    for name in graph:
        if name not in order:
            visit(name)
    return found


def test_modules_do_not_import_in_a_circle() -> None:
    assert circles({name_of(path): seen_by(path) for path in MODULES}) == set(CIRCLES)


def test_circles_are_found() -> None:
    graph = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": {"e"}, "e": set[str](), "f": {"e", "a"}}
    assert circles(graph) == {frozenset("abc")}


def test_every_room_is_known() -> None:
    assert STAR | {"core", "api", "cli"} >= ROOMS


@pytest.mark.parametrize(
    ("module", "line", "found"),
    [
        ("losses/new.py", "import numpy as np", False),
        ("losses/new.py", "from lossctl.core.losses.loss import Loss", False),
        ("losses/new.py", "from lossctl.losses import table", False),
        ("losses/new.py", "from lossctl.stats.intervals import t_interval", True),
        ("losses/new.py", "from lossctl import stats", True),
        ("losses/new.py", "from lossctl import evaluate", True),
        ("losses/new.py", "import lossctl.engine.plan", True),
        ("losses/new.py", "from ..engine import plan", True),
        ("losses/new.py", "from .table import LOSSES", False),
        ("losses/new.py", "def f():\n    from lossctl.sources import bind", True),
        ("losses/new.py", "if TYPE_CHECKING:\n    from lossctl.sources import Source", True),
        ("losses/new.py", "import scipy", True),
        ("core/new.py", "def f():\n    import pandas", False),
        ("core/new.py", "import pandas", True),
        ("core/new.py", "if TYPE_CHECKING:\n    import pandas", False),
        ("core/new.py", "try:\n    import pandas\nexcept ImportError:\n    pass", True),
        ("core/new.py", "class A:\n    import pandas", True),
        ("core/new.py", "from lossctl.losses import LOSSES", True),
        ("reports/new.py", "def f():\n    import rich.table", False),
        ("reports/new.py", "import rich", True),
        ("engine/new.py", "import duckdb", True),
        ("sources/new.py", "import duckdb", False),
        ("cli/new.py", "from lossctl import api", False),
        ("cli/new.py", "from lossctl.losses import LOSSES", True),
        ("api/new.py", "from lossctl.cli import main", True),
        ("api/new.py", "from lossctl.sources import bind", False),
        ("__init__.py", "from lossctl.cli import main", True),
        ("__init__.py", "from lossctl.api import evaluate", False),
    ],
)
def test_the_rules_catch(
    module: str, line: str, *, found: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lossctl" / module
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(f'"""A module. Imports nothing."""\n\n{line}\n', encoding="utf-8")
    monkeypatch.setattr(f"{__name__}.HOUSE", tmp_path / "lossctl")
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    assert bool(broken(path)) is found
