"""Fault injection: the N-th open, read, write, allocation or thread of a run fails, for each N.

A run whose N-th step fails ends with the result it has without the fault, or with exit code 3 and a message; outputs
are old or new and whole, nothing is left behind, a failed gate is never passed. ``python -m tests.fuzz.faults`` tries
every N; with a number it tries about so many of each kind.
"""

from __future__ import annotations

import builtins
import errno
import functools
import io
import json
import os
import resource
import shutil
import sys
import tempfile
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, Self

from lossctl.api.checks.explain import UNSHOWN
from tests.forked import Done, forked, load_what_runs_need

ROWS = 400
_ASKED = "-t y -p p"
RUNS = {
    "eval": f"eval p.csv {_ASKED} -l mae,rmse -f json -o out.json",
    "eval of JSON lines": f"eval p.jsonl.gz {_ASKED} -l mae --by g --quantiles 0.5 -f json -o out.json",
    "eval of Parquet with targets": "eval q.parquet --targets p.csv -k id -t y -p p -l mae -f json -o out.json",
    "rows": f"eval p.csv {_ASKED} -l mae --per-row -o out.csv",
    "compare": "compare p.csv -t y -p p -p old -l mae,mse -f json -o out.json",
    "compare two files": "compare p.csv other.csv -t y -p p -k id -l mae -f json -o out.json",
    "check": f"check p.csv {_ASKED} --baseline-pred old -g mae<=0.1 -g delta(mae)<=9 --explain --export junit=out.xml",
    "check against a file": f"check p.csv {_ASKED} -k id --baseline base.parquet -g delta(mae)<=.1 -f json -o out.json",
    "baseline": f"baseline p.csv {_ASKED} -k id -l mae -o out.parquet",
}
SMALL = {"eval", "compare two files", "check", "baseline"}
"""Those that are tried where not every fault is."""
FAILS = {"check", "check against a file"}
"""Gates of theirs fail: never 0."""
DATA = ("p.csv", "other.csv", "p.jsonl.gz", "q.parquet", "base.parquet", "tmp")

Before = Callable[[], object]


def _data(folder: Path) -> None:
    """Write what the runs read."""
    import gzip

    import pandas as pd

    (folder / "tmp").mkdir()
    numbers = range(1, ROWS + 1)
    table = pd.DataFrame(
        {"id": list(numbers), "y": [float(n) for n in numbers], "p": [n + 0.5 + n % 7 / 64 for n in numbers]}
    )
    table["old"], table["g"] = table["p"] - 0.25, ["ab"[n % 2] for n in numbers]
    table.to_csv(folder / "p.csv", index=False)
    table.assign(p=table["old"]).to_csv(folder / "other.csv", index=False)
    table[["id", "p"]].to_parquet(folder / "q.parquet", index=False)
    lines = table.to_json(orient="records", lines=True)
    (folder / "p.jsonl.gz").write_bytes(gzip.compress(lines.encode()))


@dataclass
class _Count:
    """Counts calls, and fails the N-th and, where the fault lasts, all that follow."""

    at: int
    error: Callable[[], BaseException]
    lasting: bool = False
    seen: int = 0

    def step(self) -> None:
        self.seen += 1
        os.pwrite(3, str(self.seen).encode(), 0)
        if self.seen == self.at or (self.lasting and 0 < self.at < self.seen):
            raise self.error()

    def counting(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def counted(*arguments: Any, **options: Any) -> Any:
            self.step()
            return call(*arguments, **options)

        return counted


def _system(number: int) -> Callable[[], OSError]:
    return lambda: OSError(number, os.strerror(number))


def _patched(count: _Count, *places: tuple[Any, str]) -> None:
    for holder, name in places:
        setattr(holder, name, count.counting(getattr(holder, name)))


def fail_open(at: int) -> None:
    """Fail what Python opens: headers, configurations, outputs, temporary files."""
    count = _Count(at, _system((errno.EMFILE, errno.EIO, errno.EACCES)[at % 3]))
    _patched(count, (os, "open"), (os, "mkdir"))
    builtins.open = io.open = count.counting(io.open)  # type: ignore[assignment]  # what counts is no function of C


class _Reader:
    """A file that can be read a few times."""

    def __init__(self, file: Any, count: _Count) -> None:
        self._file, self._count = file, count

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._file, name)
        return self._count.counting(found) if name.startswith("read") and name != "readable" else found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._file)


def fail_read(at: int) -> None:
    """Fail what Python reads."""
    count, opened = _Count(at, _system(errno.EIO)), io.open

    def opening(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        found = opened(file, mode, *arguments, **options)
        return _Reader(found, count) if mode == "rb" and not isinstance(file, int) else found

    builtins.open = io.open = opening  # type: ignore[assignment]  # as above


class _Database:
    """A connection of DuckDB some of whose queries fail."""

    def __init__(self, real: Any, count: _Count) -> None:
        self._real, self._count = real, count

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        return self._count.counting(found) if name in {"execute", "sql"} else found

    def cursor(self) -> _Database:
        return _Database(self._real.cursor(), self._count)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._real.close()


def fail_query(at: int) -> None:
    """Fail what DuckDB is asked: it can't read, it has no memory, or it can't spill."""
    import duckdb

    def error() -> BaseException:
        if at % 2:
            return duckdb.IOException('IO Error: Could not read from file "p.csv": Input/output error')
        return duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate data of size 16.0 MiB")

    count, connect = _Count(at, error), duckdb.connect
    duckdb.connect = lambda *arguments, **options: _Database(connect(*arguments, **options), count)


def fail_batch(at: int) -> None:
    """Fail the N-th batch that comes from DuckDB, as Arrow hands its errors on."""
    import arro3.core as arro

    message = (
        "C Data interface error: IO Error: Could not read all bytes from file",
        "C Data interface error: Out of Memory Error: could not allocate block",
    )[at % 2]
    real, count = arro.RecordBatchReader, _Count(at, lambda: OSError(message))

    class Failing:
        from_batches = real.from_batches

        @staticmethod
        def from_arrow(source: Any) -> Iterator[Any]:
            reader = real.from_arrow(source)
            while True:
                count.step()
                try:
                    yield next(reader)
                except StopIteration:
                    return

    arro.RecordBatchReader = Failing


def fail_memory(at: int) -> None:
    """Fail what NumPy allocates."""
    import numpy as np

    count = _Count(at, lambda: MemoryError("Unable to allocate 16.0 MiB for an array"))
    names = "empty zeros ones full concatenate asarray array arange where flatnonzero abs subtract multiply frombuffer"
    _patched(count, *((np, name) for name in names.split()))


def fail_thread(at: int) -> None:
    """Let no further thread be started."""
    count = _Count(at, lambda: RuntimeError("can't start new thread"), lasting=True)
    _patched(count, (threading.Thread, "start"))


def fail_rename(at: int) -> None:
    """Fail what puts outputs in their place."""
    count = _Count(at, _system((errno.EACCES, errno.EROFS, errno.EPERM)[at % 3]))
    _patched(count, (os, "replace"), (os, "rename"), (os, "chmod"), (os, "unlink"), (os, "readlink"), (os, "stat"))


def limit_files(at: int) -> None:
    """Allow no more open files, for DuckDB as well."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (at, at))


def limit_size(at: int) -> None:
    """Let no file grow beyond so many bytes, as on a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (at, at))


def limit_memory(at: int) -> None:
    """Allow so many MiB of address space more than there are."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    size = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmSize"))
    most = (size << 10) + (at << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


COUNTED: dict[str, Callable[[int], None]] = {
    "open": fail_open,
    "read": fail_read,
    "query": fail_query,
    "batch": fail_batch,
    "allocation": fail_memory,
    "thread": fail_thread,
    "rename": fail_rename,
}
LIMITED: dict[str, tuple[Callable[[int], None], tuple[int, ...]]] = {
    "open files": (limit_files, tuple(range(4, 30))),
    "size of a file": (limit_size, (200, 500, 1000, 2000, 4000, 8000)),
    "memory": (limit_memory, (2, 4, 8, *range(40, 400, 20))),
}
_FOREIGN = ("Errno", "Exception", "exception", "C Data interface", "std::", "IO Error", "Memory Error", "RuntimeError")
KILLED = {127, -6}
"""The C library, or DuckDB, has ended the process: there was no memory for the data of a thread. Nothing can be tidied
up then, and it is no code of ours; outputs are old or new all the same."""


UNEXPLAINED = escape(UNSHOWN).encode()
"""What a report in XML says where a failed gate can't be explained."""


@dataclass
class Survey:
    """What was tried, and what is wrong."""

    folder: Path
    most: int | None
    wrong: list[str] = field(default_factory=list)
    codes: dict[str, Counter[int]] = field(default_factory=dict)

    def run(self) -> None:
        os.chdir(self.folder)
        os.environ["TMPDIR"] = str(self.folder / "tmp")
        tempfile.tempdir = None
        _data(self.folder)
        stored = forked(f"baseline other.csv {_ASKED} -k id -l mae -o base.parquet".split())
        assert stored.code == 0, stored
        chosen = {name: words.split() for name, words in RUNS.items() if self.most is None or name in SMALL}
        load_what_runs_need(list(chosen.values()))
        for each in self.folder.glob("out.*"):
            each.unlink()
        for name, words in chosen.items():
            self._try(name, words)

    def _try(self, name: str, words: list[str]) -> None:
        out = self.folder / words[-1].rpartition("=")[2]
        whole = self._whole(name, words, out)
        for kind, fail in COUNTED.items():
            steps = int(forked(words, functools.partial(fail, 0)).note or 0)
            out.write_bytes(b"old")
            for at in _some(range(1, steps + 1), self.most, name + kind):
                self.judge(f"{name}, {kind} {at}", kind, forked(words, functools.partial(fail, at)), out, whole)
        for kind, (limit, values) in LIMITED.items():
            for at in _some(values, self.most, name + kind):
                self.judge(f"{name}, {kind} {at}", kind, forked(words, functools.partial(limit, at)), out, whole)
        out.unlink()

    def _whole(self, name: str, words: list[str], out: Path) -> tuple[int, bytes]:
        done = forked(words)
        assert done.code == (1 if name in FAILS else 0), done
        result = out.read_bytes()
        out.write_bytes(b"old")
        return done.code, result

    def judge(self, what: str, kind: str, done: Done, out: Path, whole: tuple[int, bytes]) -> None:
        """Note what is wrong with a run, and put everything back."""
        self.codes.setdefault(kind, Counter())[done.code] += 1
        code, new = whole
        found = out.read_bytes() if out.exists() else None
        left = sorted({each.name for each in self.folder.iterdir()} - {*DATA, out.name})
        left += [each.name for each in (self.folder / "tmp").iterdir()]
        killed = kind == "memory" and done.code in KILLED
        explained = done.code == code == 1 and UNEXPLAINED in (found or b"")  # the gate has failed all the same
        stored = what.startswith("baseline") and done.code == 3 and found == new  # it stands, and can't be told of
        errors = [line for line in done.err.splitlines() if line.startswith("error: ")]
        said = [
            ("code", done.code not in {code, 3} and not killed),
            ("output", found != {code: new, 3: b"old"}.get(done.code, found) and not explained and not stored),
            ("half an output", found not in {b"old", new} and not explained),
            ("left behind", bool(left) and not killed),
            ("message", len(errors) != (done.code == 3) and not killed),
            ("cure", done.code == 3 and "hint:  " not in done.err),
            ("trace", "Traceback" in done.err or "Exception ignored" in done.err),
            ("words of others", any(word in done.err for word in _FOREIGN)),
        ]
        if done.code == 2 and len(errors) == 1 and "can't be written: " in errors[0]:  # it is looked at before all else
            said = [("output", found != b"old"), ("left behind", bool(left))]
        faults = [name for name, is_so in said if is_so]
        if faults:
            self.wrong.append(f"{what}: {', '.join(faults)}: {done.code} {done.err[:500]!r} {found!r:.60} {left}")
        out.write_bytes(b"old")
        for name in left:
            path = next(each for each in (self.folder / name, self.folder / "tmp" / name) if os.path.lexists(each))
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _some(values: Sequence[int], most: int | None, seed: str) -> list[int]:
    """Choose so many of some values, evenly, from a place that the seed settles."""
    if most is None or len(values) <= most:
        return list(values)
    shift = zlib.crc32(seed.encode()) / 2**32
    return [values[int((place + shift) * len(values) / most)] for place in range(most)]


def main() -> int:
    """Print what is wrong as JSON, and how often each code came."""
    folder = tempfile.mkdtemp()  # a folder that removes itself would do so at the end of each child
    try:
        survey = Survey(Path(folder), int(sys.argv[1]) if len(sys.argv) > 1 else None)
        survey.run()
    finally:
        os.chdir("/")
        shutil.rmtree(folder)
    codes = {kind: {str(code): times for code, times in sorted(found.items())} for kind, found in survey.codes.items()}
    sys.stdout.write(json.dumps({"wrong": survey.wrong, "codes": codes}, indent=1) + "\n")
    return 1 if survey.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
