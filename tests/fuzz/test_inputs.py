"""Fuzzing at a small size: the corpus and some cases of one seed; ``make fuzz`` searches on.

The judges are held against answers that are wrong on purpose: a judge that sees nothing would find nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.cases import Ran
from tests.fuzz.__main__ import case_of, search, smallest
from tests.fuzz.targets import TARGETS
from tests.fuzz.worker import DIED, HUNG, Worker

SEED = 11
CASES = {"csv": 45, "jsonl": 40, "parquet": 40, "toml": 30, "gates": 300}


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    with Worker(tmp_path_factory.mktemp("fuzz")) as started:
        yield started


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_answered_wrongly(name: str, worker: Worker) -> None:
    target = TARGETS[name]
    assert target.seeds() or name == "parquet"
    found = list(search(target, worker, SEED, range(CASES[name])))
    assert found == []


def test_many_cases_are_read(worker: Worker) -> None:
    """A fuzzer whose every file is refused compares nothing."""
    target, read = TARGETS["csv"], 0
    for number in range(25):
        (worker.folder / "f.csv").write_bytes(case_of(target, SEED, number))
        read += worker.run("eval", "f.csv", "--loss", "mae", "--nan", "omit", "-f", "bare").code == 0
    assert read > 6


class Stub(Worker):
    """Answers with what it is given."""

    def __init__(self, folder: Path, answer: Ran) -> None:
        super().__init__(folder)
        self.answer = answer

    def run(self, *arguments: str) -> Ran:
        del arguments
        return self.answer


def result(value: float | None, n: int, **values: str | None) -> dict[str, Any]:
    return {"slice": values, "value": value, "n": n}


@pytest.mark.parametrize("name", ["csv", "jsonl"])
@pytest.mark.parametrize(
    ("results", "problem"),
    [
        ([result(1.5, 2), result(1.0, 1, note="a"), result(2.0, 1, note=None)], ""),
        ([result(1.5000001, 2), result(1.0, 1, note="a"), result(2.0, 1, note=None)], "another value"),
        ([result(1.5, 3), result(1.0, 1, note="a"), result(2.0, 1, note=None)], "another value"),
        ([result(1.5, 2), result(1.0, 1, note="b"), result(2.0, 1, note=None)], "other slices"),
        ([result(1.5, 2), result(1.0, 1, note="a")], "other slices"),
    ],
)
def test_judges_see_other_values(name: str, results: list[Any], problem: str, tmp_path: Path) -> None:
    data = {
        "csv": b"target,prediction,note\n1,2,a\n3,5,\n",
        "jsonl": b'{"target":1,"prediction":2,"note":"a"}\n{"target":3,"prediction":5}\n',
    }[name]
    stub = Stub(tmp_path, Ran(0, json.dumps({"results": results}), ""))
    assert TARGETS[name].judge(data, stub, "f").startswith(problem)
    assert bool(TARGETS[name].judge(data, stub, "f")) is bool(problem)


@pytest.mark.parametrize("name", ["csv", "jsonl"])
def test_judges_see_that_what_is_no_table_was_read(name: str, tmp_path: Path) -> None:
    stub = Stub(tmp_path, Ran(0, json.dumps({"results": [result(1.0, 1)]}), ""))
    texts = ['target,prediction\n1,"2', '{"target":1', "target,prediction\n1,x\n", '{"target":1,"prediction":"x"}']
    for data in map(str.encode, texts):
        assert TARGETS[name].judge(data, stub, "f")


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("ran", [Ran(70, "", "error: "), *(Ran(code, "", "") for code in (DIED, HUNG, 2, 3))])
def test_judges_see_what_no_answer_may_be(name: str, ran: Ran, tmp_path: Path) -> None:
    target = TARGETS[name]
    data = b"mae <= 3" if name == "gates" else case_of(target, 1, 0)
    assert target.judge(data, Stub(tmp_path, ran), target.file)


def test_a_process_that_dies_or_hangs_is_replaced(tmp_path: Path) -> None:
    with Worker(tmp_path, seconds=20.0) as worker:
        assert worker.run("--version").code == 0
        worker.stop()
        assert worker.run("eval", "nothing.csv", "--loss", "mae").code == 3
        worker.seconds = 0.0
        assert worker.run("--version").code == HUNG
        worker.seconds = 20.0
        assert worker.run("--version").code == 0


def test_the_smallest_file_still_shows_it(tmp_path: Path) -> None:
    target = TARGETS["jsonl"]
    stub = Stub(tmp_path, Ran(70, "", ""))
    assert smallest(target, stub, b"one\ntwo\nthree\n" * 20) == b""
    assert case_of(TARGETS["csv"], 3, 99) == case_of(TARGETS["csv"], 3, 99) != case_of(TARGETS["csv"], 4, 99)
