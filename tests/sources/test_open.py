"""What a user may name, how often it can be read, and what is left behind."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pytest

from lossctl.core.errors import DataError
from lossctl.sources import ReadOptions, open_source, split_label

Write = Callable[[str, str | bytes], str]
Read = Callable[..., list[tuple[object, ...]]]
Fault = Callable[..., tuple[str, str, str | None]]

PLAIN = "a,b\n1,2\n3,4\n"
MANY = "a,b\n" + "".join(f"{row},{row / 2}\n" for row in range(400_000))


class Piped:
    """Standard input, as bytes."""

    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


def open_descriptors() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def test_nothing_by_that_name(write: Write, fault: Fault) -> None:
    write("preds.csv", PLAIN)
    Path("folder").mkdir()
    cases = {
        "pred.csv": ("there is no file pred.csv", "did you mean preds.csv?"),
        "zzz": ("there is no file zzz", "check the path"),
        "no/such/preds.csv": ("there is no file no/such/preds.csv", "check the path"),
        "folder": ("folder is a directory", "name its files, such as with: 'folder/*.csv'"),
        "*.nope": ("no file matches *.nope", "check the pattern, and quote it so that the shell leaves it alone"),
    }
    for name, (problem, cure) in cases.items():
        assert fault(name) == ("DataError", problem, cure)
    remote = ("UsageError", "https://x.org/p.csv is remote, and only files are read")
    assert fault("https://x.org/p.csv") == (*remote, "download it first, such as with: curl -O")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission(write: Write, fault: Fault) -> None:
    Path(write("p.csv", PLAIN)).chmod(0)
    assert fault("p.csv")[1] == "p.csv cannot be read: Permission denied"


@pytest.mark.parametrize(
    "name", ["we[i]r*d?.csv", "q'uo te.csv", 'dou"ble.csv', "back\\slash.csv", "-x=1.csv", "ünï.csv"]
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_odd_names_are_taken_as_they_are(name: str, kind: str, write: Write, read: Read) -> None:
    write("weird_.csv", "a,b\n9,9\n")
    if kind == "csv":
        assert read(write(name, PLAIN)) == [(0, 1, 2), (1, 3, 4)]
    else:
        write("x", b"")
        with duckdb.connect() as connection:
            connection.execute("copy (select 1.0 a) to 'x.parquet'")
        assert read(write(name, Path("x.parquet").read_bytes())) == [(0, 1)]


def test_a_glob_is_the_union_of_its_files_by_name(write: Write, read: Read) -> None:
    write("g10.csv", "a,b\n5,6\n")
    write("g2.csv", "b;a\n8;7\n")
    write("g1.csv", PLAIN)
    Path("g3.csv").mkdir()
    assert read("g*.csv") == [(0, 1, 2), (1, 3, 4), (2, 5, 6), (3, 7, 8)]
    with open_source("g*.csv") as source:
        assert source.name == "g*.csv"
        assert [str(source.locate(row)) for row in range(4)] == [
            "g1.csv line 2",
            "g1.csv line 3",
            "g10.csv line 2",
            "g2.csv line 2",
        ]
        assert source.raw(3, "a") == "7"
        assert sum(map(len, source.read(["a"]))) == 4
        assert str(source.locate(3)) == "g2.csv line 2"


def test_a_file_without_rows_moves_no_place(write: Write, read: Read) -> None:
    for name, text in (("g1.csv", PLAIN), ("g2.csv", "a,b\n"), ("g3.csv", "a,b\n5,6\n")):
        write(name, text)
    assert read("g*.csv", ["a"]) == [(0, 1), (1, 3), (2, 5)]
    with open_source("g*.csv") as source:
        assert str(source.locate(2)) == "g3.csv line 2"


def test_files_of_a_glob_must_have_the_same_columns(write: Write, fault: Fault) -> None:
    write("g1.csv", "a,b\n1,2\n")
    write("g2.csv", "a,c\n1,2\n")
    cure = "give files of the same columns, or name them apart"
    assert fault("g*.csv") == ("DataError", 'g2.csv has no column "b", which g1.csv has', cure)
    write("g2.csv", "a,b,c\n1,2,3\n")
    assert fault("g*.csv") == ("DataError", 'g1.csv has no column "c", which g2.csv has', cure)
    write("h1.jsonl", '{"a":[1]}\n')
    write("h2.jsonl", '{"a":1}\n')
    problem = 'column "a" holds numbers in h1.jsonl and number in h2.jsonl'
    assert fault("h*.jsonl") == ("DataError", problem, "give files whose columns hold the same")


def test_a_fault_in_a_later_file_names_that_file(write: Write, fault: Fault) -> None:
    write("g1.csv", PLAIN)
    write("g2.csv", "a,b\n1,2\nx,2\n")
    assert fault("g*.csv")[1] == 'g2.csv line 3, column "a": "x" is not a number'


def test_labels() -> None:
    assert split_label("ridge=r.csv") == ("ridge", "r.csv")
    assert split_label("a=b=c.csv") == ("a", "b=c.csv")
    assert split_label("r.csv") == (None, "r.csv")
    assert split_label("=r.csv") == (None, "=r.csv")
    assert split_label("r=") == (None, "r=")
    assert split_label("runs/day=1/p.csv") == (None, "runs/day=1/p.csv")
    assert split_label("ridge=runs/*.csv") == ("ridge", "runs/*.csv")
    assert split_label("-") == (None, "-")


def test_a_path_that_exists_is_no_label(write: Write) -> None:
    write("day=1.csv", PLAIN)
    Path("day=2").mkdir()
    write("day=2/p.csv", PLAIN)
    assert split_label("day=1.csv") == (None, "day=1.csv")
    assert split_label("day=*.csv") == (None, "day=*.csv")
    assert split_label("day=2/*.csv") == (None, "day=2/*.csv")
    assert split_label("day=3.csv") == ("day", "3.csv")


@pytest.mark.parametrize("kind", ["csv", "parquet", "gz"])
def test_standard_input(kind: str, write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import gzip

    content = PLAIN.encode()
    if kind == "parquet":
        write("x", b"")
        with duckdb.connect() as connection:
            connection.execute("copy (select unnest([1.0, 3.0]) a, unnest([2.0, 4.0]) b) to 'x.parquet'")
        content = Path("x.parquet").read_bytes()
    spool = tmp_path / "spool"
    spool.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spool))
    monkeypatch.setattr(sys, "stdin", Piped(gzip.compress(content) if kind == "gz" else content))
    descriptors = open_descriptors()
    with open_source("-") as source:
        assert source.name == "<stdin>"
        for _ in range(2):
            (batch,) = source.read(["b", "a"])
            np.testing.assert_array_equal(batch.columns["a"], [1, 3])
            np.testing.assert_array_equal(batch.columns["b"], [2, 4])
        assert str(source.locate(1)) == ("<stdin> row 2" if kind == "parquet" else "<stdin> line 3")
    assert list(spool.iterdir()) == []
    assert open_descriptors() == descriptors


def test_standard_input_that_cannot_be_read_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    fault: Fault,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "stdin", Piped(b""))
    assert fault("-")[1] == "<stdin> is empty"
    monkeypatch.setattr(sys, "stdin", Piped(b"a,b\n1,x\n"))
    assert fault("-")[1] == '<stdin> line 2, column "b": "x" is not a number'
    monkeypatch.setattr(sys, "stdin", Piped("a,b\n".encode("utf-16")))
    assert fault("-")[2] == "convert it: iconv -f UTF-16 -t UTF-8"

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    problem = f"a stream cannot be kept in {tmp_path}: No space left on device"
    assert fault("-") == ("DataError", problem, "set TMPDIR to a folder with room")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("shutil.copyfileobj", interrupted)
    with pytest.raises(KeyboardInterrupt):
        open_source("-")
    assert list(tmp_path.iterdir()) == []


def test_batches_cover_all_rows_in_order_and_again(write: Write) -> None:
    with open_source(write("p.csv", MANY)) as source:
        for size in (1000, 2**16):
            batches = [part for batch in source.read(["b", "a"]) for part in batch.split(size)]
            assert max(map(len, batches)) <= size
            assert [batch.first_row for batch in batches] == list(np.cumsum([0, *map(len, batches)])[:-1])
            np.testing.assert_array_equal(np.concatenate([batch.columns["a"] for batch in batches]), np.arange(400_000))
            np.testing.assert_array_equal(
                np.concatenate([batch.columns["b"] for batch in batches]), np.arange(400_000) / 2
            )
        assert all(batch.rows is None for batch in batches)


def test_reading_can_stop_early_and_start_again_and_run_twice_at_once(write: Write) -> None:
    with open_source(write("p.csv", MANY)) as source:
        first = source.read(["a"])
        next(first)
        first.close()
        one, two = source.read(["a"]), source.read(["b"])
        pairs = [(len(left), len(right)) for left, right in zip(one, two, strict=True)]
        assert sum(left for left, _ in pairs) == 400_000
        assert all(left == right for left, right in pairs)


def test_progress_grows_to_one(write: Write) -> None:
    with open_source(write("p.csv", MANY)) as source:
        shares = [source.progress() for _ in source.read(["a"])]
        assert shares == sorted(shares)
        assert 0.0 < shares[0] < 0.5
        assert shares[-1] > 0.6
        assert source.progress() == 1.0


def test_a_cancelled_read_ends_in_an_error_and_never_looks_complete(write: Write) -> None:
    with open_source(write("p.csv", MANY + MANY.removeprefix("a,b\n") * 2)) as source:
        seen, outcome, started = [], [], threading.Event()

        def consume() -> None:
            try:
                for batch in source.read(["b"]):
                    seen.append(len(batch))
                    started.set()
                    threading.Event().wait(0.01)
                outcome.append(None)
            except DataError as error:
                outcome.append(error.problem)

        thread = threading.Thread(target=consume)
        thread.start()
        assert started.wait(20)
        source.cancel()
        thread.join(20)
        assert not thread.is_alive()
        assert outcome == ["p.csv: reading was cancelled"]
        assert sum(seen) < 1_200_000


def test_closing_twice_is_fine(write: Write) -> None:
    source = open_source(write("p.csv", PLAIN))
    list(source.read(["a"]))
    source.close()
    source.close()


def test_threads_change_nothing(write: Write) -> None:
    path, found = write("p.csv", MANY), []
    for threads in (1, 3):
        with open_source(path, ReadOptions(threads=threads)) as source:
            found.append(np.concatenate([batch.columns["b"] for batch in source.read(["b"])]))
    np.testing.assert_array_equal(found[0], found[1])


def test_no_more_threads_than_cores_are_started(write: Write) -> None:
    with open_source(write("p.csv", PLAIN), ReadOptions(threads=1_000_000)) as source:
        assert sum(map(len, source.read(["a"]))) == 2
        with source._connection.cursor() as cursor:  # noqa: SLF001 -- nothing public shows it
            assert cursor.sql("select current_setting('threads')").fetchall() == [(os.cpu_count(),)]


def test_an_unknown_column_is_refused_before_reading(write: Write, fault: Fault) -> None:
    path = write("p.csv", "target,prediction\n1,2\n")
    expected = ("UsageError", 'p.csv: there is no column "predicton"')
    assert fault(path, ["predicton"]) == (*expected, "did you mean prediction? the columns are: target, prediction")


def test_the_package_loads_no_engine_until_a_source_is_opened() -> None:
    code = "import sys, lossctl.sources; print([name for name in ('duckdb', 'arro3', 'pandas') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_files_and_arrays_need_neither_pandas_nor_pyarrow(write: Write) -> None:
    write("p.csv", PLAIN)
    write("p.jsonl", '{"a":[1,2],"b":1}\n')
    with duckdb.connect() as connection:
        connection.execute("copy (select 1.0 a, [1.0, null] b) to 'p.parquet'")
    code = """
import sys
import numpy as np
from lossctl.sources import open_source
for source in ("p.csv", "p.jsonl", "p.parquet", {"a": np.arange(3), "b": np.ones((3, 2))}):
    with open_source(source) as opened:
        assert sum(map(len, opened.read(["a", "b"], where="1 = 1"))) > 0
print([name for name in ("pandas", "pyarrow", "polars") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_memory_stays_flat(tmp_path: Path) -> None:
    code = """
import resource, sys
from lossctl.sources import open_source
peaks = []
for path in sys.argv[1:]:
    with open_source(path) as source:
        rows = sum(map(len, source.read(["a", "b"])))
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
print(rows, peaks[-1] - peaks[0])
"""
    paths = [str(tmp_path / name) for name in ("small.parquet", "large.parquet")]
    with duckdb.connect() as connection:
        for path, rows in zip(paths, (500_000, 8_000_000), strict=True):
            connection.sql("select random() a, random() b from range(?)", params=[rows]).write_parquet(path)
    done = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True, check=True)
    rows, grown = done.stdout.split()
    assert rows == "8000000"
    assert float(grown) < 60
