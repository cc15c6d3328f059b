"""How often each command reads its source: these numbers may fall, and not rise."""

from __future__ import annotations

from typing import Any

import pytest

from lossctl.sources.query.source import Source
from tests.transcript import run, scratch

MODELS = "examples/data/diabetes.csv -p ridge -p knn"
CHECK = "lossctl check examples/data/diabetes.csv -p knn --baseline-pred ridge"
GATES = (
    "--gate 'delta(mse)<=9' --gate 'delta(mse)[sex=*]<=9' --gate 'p95(mae)[sex=*]<=999' --gate 'mae<=99' "
    "--gate 'gap(mae,sex)<=99' --gate 'row_rms(mse)[age_band=*]<=999'"
)
READS = {
    f"lossctl eval {MODELS} --loss mae,huber": 1,
    f"lossctl eval {MODELS} --loss rmse,wmape": 2,
    f"lossctl eval {MODELS} --loss mae --skill": 4,
    f"lossctl eval {MODELS} --loss mae --bootstrap": 3,
    f"lossctl eval {MODELS} --loss mae --quantiles": 2,
    f"lossctl eval {MODELS} --loss mae --top 3": 1,
    f"lossctl eval {MODELS} --loss mae --by sex": 1,
    f"lossctl eval {MODELS} --loss rmse --by sex": 1,
    f"lossctl eval {MODELS} --loss mae --by sex --quantiles -w weight": 5,
    f"lossctl eval {MODELS} --loss mae --per-row -f csv": 2,
    f"lossctl compare {MODELS} --loss mae": 1,
    f"lossctl compare {MODELS} --loss rmse": 3,
    f"lossctl compare {MODELS} --loss mae --by sex": 1,
    f"lossctl compare {MODELS} --loss all": 5,
    f"lossctl compare {MODELS} --loss mae --bootstrap": 1,
    f"lossctl compare {MODELS} --loss mae --cluster age_band": 1,
    f"{CHECK} --gate 'delta(mae)<=9'": 1,
    f"{CHECK} {GATES}": 11,
    f"{CHECK} {GATES} --gate 'delta(mae)[sex=*]<=-9' --explain": 15,
    "lossctl baseline examples/data/diabetes.csv -p ridge --loss mae --key id -o b.parquet": 2,
}
"""Commands, and how often each reads the rows of its file."""


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that holds an entry for each read of a source."""
    found: list[str] = []
    for name in ("_read", "_read_groups"):
        original = getattr(Source, name)

        def counted(self: Source, *given: Any, _original: Any = original, **named: Any) -> Any:
            found.append(self.name)
            return _original(self, *given, **named)

        monkeypatch.setattr(Source, name, counted)
    return found


@pytest.mark.parametrize(("command", "expected"), READS.items(), ids=range(len(READS)))
def test_each_command_reads_its_source_so_often(command: str, expected: int, reads: list[str]) -> None:
    with scratch():
        ran = run(command)
    assert ran.code in {0, 1}, ran.stderr
    assert len(reads) == expected, command
