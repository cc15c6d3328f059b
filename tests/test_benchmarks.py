"""The benchmarks measure what they say: answers are compared, a wrong or missing one stops the run.

No time is measured here. Imports the benchmarks, which import the standard library.
"""

from __future__ import annotations

import importlib
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parent.parent
PREDS = ROOT / "examples" / "data" / "preds"


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT))
    import benchmarks.run

    return benchmarks


def test_contestants_agree_on_real_predictions(benchmarks: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    losses = ("mae", "mse", "smooth_l1:30.0", "huber:40.0")
    everyone = [("by_sql", "fast", "parquet")]  # for CSV it knows the columns of the benchmark's files only
    everyone += [("by_sql", "plain", "csv"), ("by_polars", "all", "csv"), ("by_polars", "value", "parquet")]
    everyone += [("by_pandas", "sklearn", "csv"), ("by_pandas", "numpy", "parquet")]
    answers = []
    for script, how, form in everyone:
        importlib.import_module(f"benchmarks.contestants.{script}").main(how, f"{PREDS}.{form}", *losses)
        answers.append(json.loads(capsys.readouterr().out))
    first, *others = answers
    assert set(first) == set(losses)
    assert len(first["mae"]) == 11
    assert [benchmarks.agree.check(first, other, ("first", "other")) for other in others] == [44, 44, 4, 4, 4]
    assert first["huber:40.0"]["value"] == pytest.approx(huber_by_hand(40.0), rel=1e-12)


def huber_by_hand(delta: float) -> float:
    rows = [line.split(",") for line in PREDS.with_suffix(".csv").read_text(encoding="utf-8").splitlines()[1:]]
    sizes = [abs(float(prediction) - float(target)) for _, target, prediction in rows]
    return math.fsum(size**2 / 2 if size < delta else delta * (size - delta / 2) for size in sizes) / len(sizes)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, None, 0.25 * (1.0 + 1e-8), -0.25, 0.0])
def test_a_wrong_answer_stops_the_run(benchmarks: ModuleType, wrong: float | None) -> None:
    with pytest.raises(benchmarks.agree.DisagreementError, match=r"mae value: a 0\.25, b"):
        benchmarks.agree.check({"mae": {"value": 0.25}}, {"mae": {"value": wrong}}, ("a", "b"))


def test_an_answer_that_is_not_a_number_agrees_with_nothing(benchmarks: ModuleType) -> None:
    for value in (math.nan, math.inf):
        with pytest.raises(benchmarks.agree.DisagreementError):
            benchmarks.agree.check({"mae": {"value": value}}, {"mae": {"value": value}}, ("a", "b"))


def test_a_missing_loss_stops_the_run(benchmarks: ModuleType) -> None:
    with pytest.raises(benchmarks.agree.DisagreementError, match="a did not answer for mse"):
        benchmarks.agree.check({"mae": {"value": 1.0}}, {"mse": {"value": 1.0}}, ("a", "b"))


def test_rounding_agrees_and_cancelling_figures_are_held_to_their_terms(benchmarks: ModuleType) -> None:
    first = {"mae": {"value": 0.25, "mean": 1e-12, "row_mean_abs": 1.0}}
    other = {"mae": {"value": 0.25 * (1.0 + 1e-10), "mean": 2e-12, "row_mean_abs": 1.0}}
    assert benchmarks.agree.check(first, other, ("a", "b")) == 3


def test_lossctl_gets_its_losses_and_its_json_is_read(benchmarks: ModuleType) -> None:
    lossctl = benchmarks.contestants.CONTESTANTS["lossctl"]
    command = lossctl.command(Path("bin"), "f.csv", ("mae", "smooth_l1:0.5"))
    assert " ".join(command) == "bin/lossctl eval f.csv --loss mae --loss smooth_l1(beta=0.5) --format json"
    result = {"loss": "huber", "params": {"delta": 1.0}, "value": 2.0, "std_error": 0.5, "gradient": {"l1": 3.0}}
    read = lossctl.read(json.dumps({"results": [result]}))
    assert read == {"huber:1.0": {"value": 2.0, "std_error": 0.5, "l1": 3.0}}


def test_a_failed_run_is_an_error_with_its_message(benchmarks: ModuleType) -> None:
    with pytest.raises(benchmarks.measure.FailedRunError, match=r"exit code 3: (?s:.*)no rows"):
        benchmarks.measure.measure([sys.executable, "-c", "import sys; print('no rows', file=sys.stderr); sys.exit(3)"])


def test_peak_memory_is_that_of_the_child() -> None:
    # In a process of its own: the memory of whoever measures counts, and this one may hold much.
    code = """
import sys, benchmarks.run
from benchmarks.measure import measure
print(*(measure([sys.executable, "-c", f"x = b'x' * {size}; print(len(x))"]).peak for size in (1, 300_000_000)))
print(*sorted({"numpy", "duckdb", "pandas", "lossctl"} & sys.modules.keys()))
"""
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    peaks, heavy = ran.stdout.splitlines()
    small, big = map(int, peaks.split())
    assert small < 60_000_000
    assert 305_000_000 < big < 360_000_000
    assert heavy == ""


def measured(benchmarks: ModuleType, seconds: dict[str, list[float]], peak: int, *targets: object) -> object:
    job = benchmarks.jobs.Job("one loss", "10m", "parquet", ("huber:1.0",), tuple(seconds), targets, 3)
    runs = {name: [benchmarks.measure.Run(each, each, peak, "") for each in times] for name, times in seconds.items()}
    return benchmarks.report.Measured(job, runs)


def test_ratios_are_medians_over_rounds(benchmarks: ModuleType) -> None:
    # Medians 2 and 2, whose ratio is 1; the ratios of the rounds are 0.5, 1.5 and 2.
    one = measured(benchmarks, {"lossctl": [1.0, 3.0, 2.0], "sql": [2.0, 2.0, 1.0]}, 10**8)
    assert one.ratio("lossctl", "sql") == 1.5


@pytest.mark.parametrize(
    ("kind", "limit", "holds"),
    [
        ("sql", 1.5, True),
        ("sql", 1.49, False),
        ("bytes", 4e8, True),
        ("bytes", 3.9e8, False),
    ],
)
def test_targets_hold_or_not(benchmarks: ModuleType, kind: str, limit: float, *, holds: bool) -> None:
    target = benchmarks.jobs.Target(kind, limit)
    one = measured(benchmarks, {"lossctl": [1.0, 3.0, 2.0], "sql": [2.0, 2.0, 1.0]}, 400_000_000, target)
    (verdict,) = benchmarks.report.verdicts([one])
    assert verdict.holds is holds
    assert ("**fail**" in benchmarks.report.tables([one], ["a machine"])) is not holds


def test_the_page_has_a_place_for_the_tables(benchmarks: ModuleType) -> None:
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    written = benchmarks.report.insert(page, "one table\n")
    assert "one table" in written
    assert benchmarks.report.insert(written, "one table\n") == written


@pytest.mark.parametrize("place", [0, 2, 3])
def test_wide_rows_by_lossctl_are_those_by_numpy(
    place: int, benchmarks: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = importlib.import_module("benchmarks.bench_wide")
    monkeypatch.setattr(benchmarks.environment, "DATA", tmp_path)
    python, job = Path(sys.executable), wide.JOBS[place]
    file = wide.data_file(python, job, 300, 50)
    run = wide.commands(job, file, python.with_name("lossctl"), python)
    ours, theirs = (benchmarks.measure.measure(command).output for command in run.values())
    assert benchmarks.agree.check(wide.read_lossctl(ours), json.loads(theirs), ("lossctl", "numpy")) == 7


def test_gates_of_many_slices_are_decided_and_none_fails(
    benchmarks: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gates = importlib.import_module("benchmarks.bench_gates")
    monkeypatch.setattr(benchmarks.environment, "DATA", tmp_path)
    programs = Path(sys.executable).parent
    run = benchmarks.measure.measure(gates.command(programs, gates.data_file(programs, 30), "json"))
    found = json.loads(run.output)["gates"]
    assert [(each["slice"], each["n"]) for each in found] == [({"g": str(code)}, 5) for code in range(30)]
    assert {each["verdict"] for each in found} <= {"pass", "unsure"}
