"""The benchmark of comparisons: the SQL gives the figures of lossctl, and a wrong one stops it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lossctl
from benchmarks.agree import DisagreementError
from benchmarks.bench_compare import JOBS, check, read_lossctl
from benchmarks.contestants import compare_by_sql


@pytest.mark.parametrize("loss", ["mae", "mse"])
def test_the_sql_gives_the_figures_of_lossctl(tmp_path: Path, capsys: pytest.CaptureFixture[str], loss: str) -> None:
    rng = np.random.default_rng(1)
    target = rng.normal(size=200_000)
    frame = pd.DataFrame({"target": target} | {f"p{i}": target + rng.normal(size=200_000) for i in range(3)})
    frame.loc[:50, "p2"] = frame.loc[:50, "p0"]
    path = tmp_path / "models.parquet"
    frame.to_parquet(path)
    compare_by_sql.main(str(path), loss, "3")
    theirs = json.loads(capsys.readouterr().out)
    found = lossctl.compare(str(path), loss, target="target", prediction=["p0", "p1", "p2"])
    ours = read_lossctl(json.dumps(found.to_dict()))
    for figures in ours.values():  # Student's t of 200,000 rows is not quite the normal
        figures["error"] *= 1.0 - 5.9e-6  # type: ignore[index]
        figures["relative_error"] *= 1.0 - 5.9e-6  # type: ignore[index]
    assert check(ours, theirs) == 12
    assert ours["p2"]["ties"] == 51
    theirs["p1"]["error"] *= 1.00001
    with pytest.raises(DisagreementError, match="p1 error"):
        check(ours, theirs)


def test_everyone_compares_the_same_models() -> None:
    for job in JOBS:
        command = job.lossctl(Path("bin"), Path("f.parquet"))
        assert command.count("-p") == job.models
        assert job.sql(Path("bin"), Path("f.parquet"))[-1] == str(job.models)
