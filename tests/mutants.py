"""Mutants: a seeded sample of small faults in the modules a change touched, each run against the tests that reach it.

::

    python -m tests.mutants                     # what the branch changed since main
    python -m tests.mutants lossctl/stats       # modules or folders
    make mutants

A mutant that survives is printed with its place and the change: either a test is missing, or the change makes no
difference. Mutants are made in a copy of the project, and the session of each is ended with all its processes.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import math
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
COPIED = ("lossctl", "tests", "examples", "docs", "benchmarks", "pyproject.toml", "README.md", "Makefile", "LICENSE")
_NO_TESTS = 5
"""How pytest ends where there are none, as of a module without examples."""
NEAREST, FURTHER = 8, 32
"""Files of tests that a mutant meets, the nearest by imports first; and that one meets which survives these."""
_STEM, _DEEP = 5, 2
"""Letters of a module's name that a test speaks of it by; dots in the name of a test of a room. Others come last."""
MOST_SECONDS = 60.0
"""Of a file of tests: one that takes longer is left out."""
LEAST_SECONDS = 60.0
"""That a mutant is given, or ten times what its tests take."""

COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
OPERATIONS: Mapping[type[ast.operator], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.FloorDiv: "*",
    ast.Mod: "*",
    ast.Pow: "*",
    ast.BitAnd: "|",
    ast.BitOr: "&",
}


@dataclass(frozen=True, order=True)
class Mutant:
    """One change of one module.

    Parameters
    ----------
    path
        Of the module, from the root.
    line
        Where.
    start, end
        The bytes of the module that are replaced.
    text
        What takes their place.
    was
        What they are.
    """

    path: str
    line: int
    start: int
    end: int
    text: str
    was: str

    def __str__(self) -> str:
        before, after = (re.sub(r"\s+", " ", each)[:70] for each in (self.was, self.text))
        return f"{self.path}:{self.line}: {before}  →  {after}"

    def applied(self, source: str) -> str:
        data = source.encode()
        return (data[: self.start] + self.text.encode() + data[self.end :]).decode()


def mutants_of(path: str, source: str) -> list[Mutant]:
    """Return every mutant of a module that compiles."""
    return [each for each in _Finder(path, source).found() if _compiles(each.applied(source))]


def _compiles(source: str) -> bool:
    try:
        compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


@dataclass
class _Finder:
    path: str
    source: str
    _starts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._starts = [0]
        for line in self.source.encode().splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def found(self) -> Iterator[Mutant]:
        yield from sorted(self._walk(ast.parse(self.source)))

    def _walk(self, node: ast.AST) -> Iterator[Mutant]:
        yield from self._mutants(node)
        for name, value in ast.iter_fields(node):
            if name in {"annotation", "returns", "decorator_list"}:  # what a type checker reads
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not _says_nothing(child):
                    yield from self._walk(child)

    def _mutants(self, node: ast.AST) -> Iterator[Mutant]:
        yield from self._of_operators(node)
        yield from self._of_statements(node)

    def _of_operators(self, node: ast.AST) -> Iterator[Mutant]:
        match node:
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                yield self._between(node, left, right, COMPARISONS[type(op)])
            case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATIONS:
                yield self._between(node, left, right, OPERATIONS[type(op)])
            case ast.BoolOp(op=op, values=[left, right, *_]):
                yield self._between(node, left, right, "or" if isinstance(op, ast.And) else "and")
            case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
                yield self._replaced(node, self._text(operand))
            case ast.Constant(value=bool(value)):
                yield self._replaced(node, str(not value))
            case ast.Constant(value=int(value) | float(value)):
                yield self._replaced(node, f"{value + 1!r}")
            case ast.Subscript(slice=ast.Slice(lower=None, upper=ast.expr() as upper, step=None)):
                yield self._replaced(upper, "")

    def _of_statements(self, node: ast.AST) -> Iterator[Mutant]:
        match node:
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
                if not isinstance(test, ast.Compare | ast.UnaryOp):  # turned as operators are
                    yield self._replaced(test, f"not ({self._text(test)})")
            case ast.Expr(value=ast.Call()):
                yield self._replaced(node, "pass")
            case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
                yield self._replaced(value, "None")
            case ast.Break():
                yield self._replaced(node, "continue")
            case ast.Continue():
                yield self._replaced(node, "break")
            case ast.keyword(arg=str()):
                yield self._replaced(node, "", after=r"\s*,?")

    def _between(self, node: ast.AST, left: ast.expr, right: ast.expr, text: str) -> Mutant:
        """Replace the operator between two parts; parentheses about them stay."""
        start, end = self._place(left)[1], self._place(right)[0]
        gap = self.source.encode()[start:end].decode()
        inner = re.search(r"[^\s()][^()]*[^\s()]|[^\s()]", gap)
        if inner is None:
            return self._replaced(node, self._text(node))
        low, high = start + len(gap[: inner.start()].encode()), start + len(gap[: inner.end()].encode())
        whole = self._text(node)
        begin = self._place(node)[0]
        data = whole.encode()
        changed = (data[: low - begin] + text.encode() + data[high - begin :]).decode()
        return self._replaced(node, changed)

    def _replaced(self, node: ast.AST, text: str, after: str = "") -> Mutant:
        start, end = self._place(node)
        if after and (more := re.match(after, self.source.encode()[end:].decode())):
            end += len(more[0].encode())
        was = self.source.encode()[start:end].decode()
        return Mutant(self.path, getattr(node, "lineno", 0), start, end, text, was)

    def _text(self, node: ast.AST) -> str:
        start, end = self._place(node)
        return self.source.encode()[start:end].decode()

    def _place(self, node: ast.AST) -> tuple[int, int]:
        at = [getattr(node, name) for name in ("lineno", "col_offset", "end_lineno", "end_col_offset")]
        return self._starts[at[0] - 1] + at[1], self._starts[at[2] - 1] + at[3]


def _says_nothing(node: ast.AST) -> bool:
    """Whether no result hangs on a node: a docstring, a list of exports, what only a type checker imports."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom() | ast.Raise(exc=None):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case (
            ast.If(test=ast.Name(id="TYPE_CHECKING"))
            | ast.keyword(arg="strict" | "slots" | "frozen" | "help" | "metavar")
        ):
            return True
    return False


def sample(paths: Sequence[str], count: int, seed: int, root: Path = ROOT) -> list[Mutant]:
    """Draw so many mutants of some modules, in order of their places; the same for the same seed."""
    every = [each for path in sorted(paths) for each in mutants_of(path, (root / path).read_text(encoding="utf-8"))]
    every = [each for each in every if each.text != each.was]
    return sorted(random.Random(seed).sample(every, min(count, len(every))))  # noqa: S311 -- no secret


# Which tests reach a module


@cache
def _imports(root: Path) -> Mapping[str, frozenset[str]]:
    """Return what each module of the project imports of it, anywhere in it."""
    paths = {
        str(path.relative_to(root).with_suffix("")).replace("/", ".").removesuffix(".__init__"): path
        for folder in ("lossctl", "tests")
        for path in (root / folder).rglob("*.py")
    }
    graph: dict[str, frozenset[str]] = {}
    for name, path in paths.items():
        text = path.read_text(encoding="utf-8")
        named = {each for node in ast.walk(ast.parse(text)) for each in _named(node)}
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        if "import_module" in text or "iter_modules" in text:  # by names that only a run knows
            named |= {each for each in paths if each.rpartition(".")[0] == package}
        if name.startswith("tests."):  # fixtures
            named |= {f"{name.rsplit('.', depth)[0]}.conftest" for depth in (1, 2)}
        graph[name] = frozenset(named & paths.keys())
    return graph


def _named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (each.name for each in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{each.name}" for each in node.names)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "script":
        yield "lossctl.cli.main"


def reaching(path: str, root: Path = ROOT) -> list[str]:
    """Return the files of tests that reach a module, the nearest by imports first; those of its own room before others.

    A module that starts another process, as tests of the command line do, counts as importing all of the command line.
    """
    graph, module = _imports(root), path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    importers: dict[str, set[str]] = {}
    for name, imported in graph.items():
        for each in imported:
            importers.setdefault(each, set()).add(name)
    far, queue = {module: 0}, deque([module])
    while queue:
        name = queue.popleft()
        for each in importers.get(name, ()):
            if each not in far:
                far[each] = far[name] + 1
                queue.append(each)
    room, stem = module.split(".")[1], module.rpartition(".")[2]
    tests = [name for name in far if name.startswith("tests.") and name.rpartition(".")[2].startswith("test_")]
    files = {name: f"{name.replace('.', '/')}.py" for name in tests}

    def rank(name: str) -> tuple[bool, bool, bool, int, bool, str]:
        speaks = stem[: max(_STEM, len(stem) - 3)] in (root / files[name]).read_text(encoding="utf-8")
        return (
            name.count(".") < _DEEP,
            not name.endswith(f".test_{stem}"),
            not speaks,
            far[name],
            f".{room}." not in name,
            name,
        )

    return [files[name] for name in sorted(tests, key=rank)]


# Running


def copied(folder: Path) -> Path:
    """Copy the project: mutants must not be seen by anything but their own tests."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".hypothesis"))
        elif source.exists():
            shutil.copy(source, folder / name)
    return folder


def environment(root: Path) -> dict[str, str]:
    chosen = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**chosen, "PYTHONPATH": str(root), "CI": "1"}  # CI: the same examples each time


def run_tests(root: Path, files: Sequence[str], seconds: float) -> str:
    """Run files of tests until one fails: ``passed``, ``failed``, ``none`` to run, or ``hung``: they take longer."""
    words = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", "--no-header", *files]
    process = subprocess.Popen(
        words,
        cwd=root,
        env=environment(root),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return {0: "passed", _NO_TESTS: "none"}.get(process.wait(seconds), "failed")
    except subprocess.TimeoutExpired:
        return "hung"
    finally:
        end(process.pid)
        process.wait()


def end(leader: int) -> None:
    """End a session with all its processes, also those that lead a group of their own."""
    for pid in [leader, *_of_session(leader)]:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def _of_session(session: int) -> list[int]:
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            after = place.read_text().rpartition(")")[2].split()  # state, parent, group, session
            if int(after[3]) == session:
                found.append(int(place.parent.name))
    return found


@dataclass
class Tried:
    """What came of the mutants."""

    killed: list[Mutant] = field(default_factory=list)
    hung: list[Mutant] = field(default_factory=list)
    survived: list[Mutant] = field(default_factory=list)
    left: list[Mutant] = field(default_factory=list)


def try_mutants(
    root: Path, mutants: Sequence[Mutant], until: float, nearest: int = NEAREST, further: int = FURTHER
) -> Tried:
    """Run each mutant against the tests nearest to it, and one that survives against others, until the time is over."""
    tried, took = Tried(), dict[str, float]()
    for number, mutant in enumerate(mutants, start=1):
        if time.monotonic() > until:
            tried.left.append(mutant)
            continue
        reach = reaching(mutant.path, root)
        verdict = "passed"
        for files in ([mutant.path, *reach[:nearest]], *([each] for each in reach[nearest:further])):
            if verdict not in {"failed", "hung"} and (good := usable(root, files, took)):
                verdict = _verdict(root, mutant, good, took)
        came = {"failed": tried.killed, "hung": tried.hung}.get(verdict, tried.survived)
        came.append(mutant)
        if verdict != "failed":
            _say(f"{'hung' if verdict == 'hung' else 'survived':9} {mutant}")
        if number % 10 == 0:
            _say(f"{number} of {len(mutants)}")
    return tried


def _verdict(root: Path, mutant: Mutant, files: Sequence[str], took: Mapping[str, float]) -> str:
    seconds = max(LEAST_SECONDS, 10.0 * sum(took[each] for each in files))
    return run_mutant(root, mutant, files, seconds)


def usable(root: Path, files: Sequence[str], took: dict[str, float]) -> list[str]:
    """Return the files whose tests pass without a mutant, and note how long each takes, infinity where it does not."""
    for each in files:
        if each not in took:
            began = time.monotonic()
            verdict = run_tests(root, [each], MOST_SECONDS)
            took[each] = time.monotonic() - began if verdict in {"passed", "none"} else math.inf
            if took[each] == math.inf:
                _say(f"left out  {each}: without a mutant it {verdict}")
    return [each for each in files if took[each] < math.inf]


def run_mutant(root: Path, mutant: Mutant, files: Sequence[str], seconds: float) -> str:
    path = root / mutant.path
    source = path.read_text(encoding="utf-8")
    try:
        _write(path, mutant.applied(source))
        return run_tests(root, files, seconds)
    finally:
        _write(path, source)


def _write(path: Path, source: str) -> None:
    """Write a module, and forget what was compiled of it: its size and the second of writing may be the same."""
    path.write_text(source, encoding="utf-8")
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()


def touched(since: str) -> list[str]:
    """Return the modules that differ from a revision, those not committed too."""
    words = ["git", "diff", "--name-only", "--diff-filter=d", since, "--", "lossctl"]
    names = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in names if name.endswith(".py")]


def modules(named: Sequence[str]) -> list[str]:
    found = []
    for name in named:
        place = ROOT / name
        found += sorted(str(each.relative_to(ROOT)) for each in place.rglob("*.py")) if place.is_dir() else [name]
    return found


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 -- what the program is for


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", help="modules or folders; those that changed since --since without them")
    parser.add_argument("--since", default="main", metavar="REV")
    parser.add_argument("--count", type=int, default=60, help="how many mutants (60)")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=30.0, help="when to stop (30)")
    parser.add_argument("--nearest", type=int, default=NEAREST, help=f"files of tests that each meets ({NEAREST})")
    parser.add_argument("--further", type=int, default=FURTHER, help=f"that each survivor meets ({FURTHER})")
    parser.add_argument("--list", action="store_true", help="print the mutants and run none")
    asked = parser.parse_args()
    paths = modules(asked.modules) or touched(asked.since)
    drawn = sample(paths, asked.count, asked.seed) if paths else []
    if asked.list or not drawn:
        for each in drawn or ["no module changed"]:
            _say(str(each))
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the copy and the session are cleared away
    until = time.monotonic() + 60.0 * asked.minutes
    with tempfile.TemporaryDirectory(prefix="lossctl-mutants-") as folder:
        tried = try_mutants(copied(Path(folder)), drawn, until, asked.nearest, asked.further)
    counts = f"{len(tried.killed)} killed, {len(tried.hung)} hung, {len(tried.survived)} survived"
    counts += f", {len(tried.left)} not run: the time was over" if tried.left else ""
    _say(f"{len(drawn)} mutants of {len(paths)} modules, seed {asked.seed}: {counts}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
