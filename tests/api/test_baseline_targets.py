"""Stored baselines where targets stand in a file of their own: of the baseline, of the candidate, or of both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lossctl
from lossctl.core.errors import DataError
from lossctl.core.results.verdict import Checked

GATES = ("delta(mae) <= 9", "delta(wmape) <= 2%", "delta(rmse)[part=*] <= 9", "rmse <= 9")
ASKED: dict[str, Any] = {"key": "id", "target": "y", "prediction": "p"}


def tables(rows: int = 60) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Make targets, and two models' predictions of them, each in an order of its own."""
    rng = np.random.default_rng(8)
    y = rng.gamma(3.0, 4.0, size=rows)
    known = pd.DataFrame({"id": [f"k{row}" for row in range(rows)], "y": y, "part": rng.choice(["a", "b"], rows)})
    old, new = (known[["id"]].assign(p=y + rng.normal(size=rows) * spread) for spread in (2.0, 1.5))
    return known.sample(frac=1.0, random_state=1), old, new.sample(frac=1.0, random_state=2)


def figures(found: Checked) -> list[tuple[Any, ...]]:
    return [(each.gate, each.slice, each.verdict, each.value, each.ci, each.n) for each in found.gates]


@pytest.mark.parametrize("apart", [(True, False), (False, True), (True, True)])
def test_it_does_not_count_where_targets_stand(apart: tuple[bool, bool], tmp_path: Path) -> None:
    known, old, new = tables()
    whole = [each.merge(known, on="id") for each in (old, new)]
    sides = [(table, {"targets": known}) for table in (old, new)]
    (stored, making), (candidate, reading) = (
        sides[place] if apart[place] else (whole[place], dict[str, Any]()) for place in (0, 1)
    )
    path = str(tmp_path / "b.parquet")
    lossctl.store_baseline(stored, "mae,wmape,rmse", path, **ASKED, **making)
    expected = lossctl.check(whole[1], GATES, baseline=whole[0], **ASKED)
    assert figures(lossctl.check(candidate, GATES, baseline=path, **ASKED, **reading)) == figures(expected)
    (compared, *_) = lossctl.compare(candidate, "mae", baseline=path, **ASKED, **reading)
    assert (compared.delta, compared.delta_ci, compared.n) == (expected.gates[0].value, expected.gates[0].ci, 60)


@pytest.mark.parametrize("apart", [(True, False), (False, True), (True, True)])
def test_stored_values_are_of_targets_wherever_they_stand(apart: tuple[bool, bool], tmp_path: Path) -> None:
    known, old, new = tables()
    whole = [each.merge(known, on="id") for each in (old, new)]
    of = [
        (table, {"targets": known, "key": "id"}) if far else (one, {})
        for table, one, far in zip((old, new), whole, apart, strict=True)
    ]
    path = str(tmp_path / "b.json")
    columns: dict[str, Any] = {"target": "y", "prediction": "p"}
    lossctl.store_baseline(of[0][0], "mae", path, rows=False, **columns, **of[0][1])
    (gate,) = lossctl.check(of[1][0], "delta(mae) <= 9", baseline=path, test="point", **columns, **of[1][1]).gates
    (expected,) = lossctl.check(whole[1], "delta(mae) <= 9", baseline=whole[0], **ASKED).gates
    np.testing.assert_allclose(float(gate.value or 0.0), float(expected.value or 0.0), rtol=1e-13)


def test_another_target_is_refused_by_the_row_of_the_predictions(tmp_path: Path) -> None:
    known, old, new = tables()
    path = str(tmp_path / "b.parquet")
    lossctl.store_baseline(old, "mae", path, targets=known, **ASKED)
    other = known.assign(y=known["y"] + (known["id"] == "k7") * 1e-9)
    place = int(np.flatnonzero(new["id"] == "k7")[0]) + 1
    for run in (lossctl.check, lossctl.compare):
        with pytest.raises(DataError, match=f'row {place}, the key id "k7": the target is not what'):
            run(new, "delta(mae) <= 9" if run is lossctl.check else "mae", baseline=path, targets=other, **ASKED)


def test_rows_that_are_left_out_by_either_join_are_counted_and_told(tmp_path: Path) -> None:
    known, old, new = tables()
    path = str(tmp_path / "b.parquet")
    lossctl.store_baseline(old[old["id"] != "k9"], "mae", path, **ASKED, targets=known[known["id"] != "k9"])
    fewer, new = known[~known["id"].isin(["k3", "k4"])], new[new["id"] != "k5"]
    with pytest.raises(DataError, match="2 rows have a key that is not in"):
        lossctl.check(new, "delta(mae) <= 9", baseline=path, targets=fewer, **ASKED)
    options = {"targets": fewer, "unmatched": "drop", **ASKED}
    gate = lossctl.check(new, "delta(mae) <= 9", baseline=path, **options)
    compared = lossctl.compare(new, "mae", baseline=path, **options)
    (one,) = compared
    assert (gate.gates[0].value, gate.gates[0].n) == (one.delta, one.n) == (one.delta, 56)
    assert "|n=56/59|" in one.signature  # of the 59 rows of the candidate: without k3, k4 and k9
    for line in (
        f"{path}: 3 rows have a key that is not in <frame>, and are left out",
        "<frame>: 1 row has a key that is not in " + path + ", and is left out",
        "<frame>: 2 rows have a key that is not in <frame>, and are left out",
        "<frame>: 1 row has a key that is not in <frame>, and is left out",
    ):
        assert line in gate.warnings
        assert line in compared.warnings
