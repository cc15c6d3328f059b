"""Stored baselines: a comparison with one gives the bits of a comparison with what it was made of."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lossctl
from lossctl.api.comparisons.compared import compare_models
from lossctl.api.comparisons.stored import Stored, models_against, open_baseline
from lossctl.api.setup.open import open_for
from lossctl.core.compare_settings import CompareSettings
from lossctl.core.errors import DataError, LossctlError, UsageError
from lossctl.core.results.baseline import Baseline
from lossctl.core.results.comparison import Comparison
from lossctl.core.settings import Settings

SAME = (
    *("baseline_value", "candidate_value", "delta", "delta_ci", "relative", "relative_ci", "p_value"),
    *("wins", "ties", "losses", "detectable", "rows_needed", "n", "status", "slice"),
)
"""What must not hang on where the baseline's losses come from."""


def against(
    file: Path | str, candidate: Any, losses: str, asked: Mapping[str, Any] | None = None, **options: Any
) -> list[Comparison]:
    """Compare a candidate with a stored baseline."""
    selection, chosen = lossctl.select(losses), Settings.of(**options)
    found: list[Comparison] = []
    with ExitStack() as stack:
        source = stack.enter_context(open_for(candidate, selection, chosen))
        stored = open_baseline(stack, file, chosen)
        assert stored is not None
        for pair in models_against(stack, source, stored, selection, chosen):
            found += compare_models(pair, chosen, CompareSettings.of(asked or {}), None, None).comparisons
    return found


def opened(file: Path | str) -> Baseline:
    """Read what a file says of itself."""
    with ExitStack() as stack:
        stored = open_baseline(stack, file, Settings())
        assert isinstance(stored, Stored)
        return stored.baseline


def require_same(found: Sequence[Comparison], expected: Sequence[Comparison]) -> None:
    """Hold comparisons against each other, to the bit."""

    def by(each: Comparison) -> tuple[str, str]:
        return each.chosen.label, str(each.slice)

    assert len(found) == len(expected)
    for mine, theirs in zip(sorted(found, key=by), sorted(expected, key=by), strict=True):
        assert by(mine) == by(theirs)
        for name in SAME:
            assert repr(getattr(mine, name)) == repr(getattr(theirs, name)), (by(mine), name)
        assert mine.chosen.unit == theirs.chosen.unit
        assert mine.chosen.loss.direction is theirs.chosen.loss.direction


def frame_of(rows: int = 150, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    y = rng.gamma(3.0, 4.0, size=rows)
    return pd.DataFrame(
        {
            "id": [f"row {number}" for number in rng.permutation(rows)],
            "number": rng.permutation(rows) * 7 - 100,
            "part": rng.integers(0, 5, rows),
            "y": y,
            "old": y + rng.normal(size=rows) * 2.0,
            "new": y * 1.02 + rng.normal(size=rows) * 1.5,
            "w": rng.gamma(2.0, size=rows),
            "site": rng.integers(0, 30, rows),
            "region": rng.choice(["north", "south", "east"], rows),
        }
    )


CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "means": ("mae,mse,huber(delta=0.5,1)", {}, {}),
    "roots": ("rmse,rmsle", {}, {}),
    "ratios": ("wmape,mae", {}, {}),
    "weights": ("mae,rmse,wmape", {"weight": "w"}, {}),
    "slices": ("mae,rmse,wmape", {"by": "region"}, {}),
    "weighted slices": ("mae,wmape", {"by": ["region", "part"], "weight": "w"}, {}),
    "a filter": ("mse,wmape", {"where": "region <> 'north' and w > 0.5"}, {}),
    "whole-number keys": ("mae,rmse", {"key": "number"}, {}),
    "two keys": ("mae,rmse", {"key": ["part", "id"]}, {}),
    "bootstrap": ("mae,rmse,wmape", {}, {"method": "bootstrap", "resamples": 199}),
    "permutation": ("mae", {}, {"method": "permutation", "resamples": 199}),
    "clusters": ("mae,wmape", {}, {"cluster": "site"}),
    "blocks": ("mae,rmse", {}, {"block": 10}),
    "a series": ("mae,wmape", {}, {"horizon": 3}),
    "a loss of a series": ("mase(period=3),mae", {}, {}),
    "groups": ("lambda_rank,approx_ndcg", {"group": "site", "target": "grade"}, {}),
    "binary": ("log_loss,brier", {"target": "hit"}, {}),
    "a level": ("mae", {"level": 0.8}, {}),
}
"""Losses, options of reading and options of comparing."""


def prepared(name: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    data = frame_of()
    options = {"key": "id", "target": "y"} | CASES[name][1]
    if name == "roots":
        data[["old", "new"]] = data[["old", "new"]].abs()
    if name == "groups":
        data["grade"] = np.floor(data["y"]) % 4
    if name == "binary":
        data["hit"] = (data["y"] > data["y"].median()).astype(float)
        data["old"], data["new"] = (1.0 / (1.0 + np.exp(-data[each] / 20.0)) for each in ("old", "new"))
    return data, options


@pytest.mark.parametrize("name", CASES)
def test_it_gives_the_bits_of_what_it_was_made_of(name: str, tmp_path: Path) -> None:
    losses, _, asked = CASES[name]
    data, options = prepared(name)
    reading = {each: value for each, value in options.items() if each != "key"}
    if "method" in asked:  # rows are drawn by their keys
        models = [data.assign(p=data[each]) for each in ("old", "new")]
        expected = lossctl.compare(models, losses, prediction="p", **asked, **options)
    else:
        expected = lossctl.compare(data, losses, prediction=["old", "new"], **asked, **reading)
    file = tmp_path / "base.parquet"
    making = {each: value for each, value in options.items() if each != "level"}
    lossctl.store_baseline(data.drop(columns="new"), losses, file, prediction="old", **making)
    found = against(file, data.drop(columns="old"), losses, asked, prediction="new", **options)
    require_same(found, expected.comparisons)


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl"])
def test_order_and_form_of_the_candidate_do_not_count(form: str, tmp_path: Path) -> None:
    data = frame_of()
    data["id"] = np.arange(len(data))  # whole numbers here, texts there
    file, candidate = tmp_path / "base.parquet", tmp_path / f"new.{form}"
    lossctl.store_baseline(data, "mae,wmape", file, key="id", target="y", prediction="old")
    expected = lossctl.compare(data, "mae,wmape", target="y", prediction=["old", "new"])
    mixed = data.drop(columns="old").sample(frac=1.0, random_state=1)
    if form == "csv":
        mixed.to_csv(candidate, index=False)
    elif form == "parquet":
        mixed.to_parquet(candidate)
    else:
        candidate.write_text("".join(json.dumps(row) + "\n" for row in mixed.to_dict("records")))
    found = against(file, str(candidate), "mae,wmape", key="id", target="y", prediction="new")
    require_same(found, expected.comparisons)


numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: x or 0.0)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, list[Any]]:
    n = draw(st.integers(2, 40))
    keys = draw(st.lists(st.text(min_size=1, max_size=6), min_size=n, max_size=n, unique=True))
    keys = [key.encode("utf-8", "ignore").decode().replace("\0", "0") or "empty" for key in keys]
    if len(set(keys)) < n:
        keys = [f"{place}{key}" for place, key in enumerate(keys)]
    columns: dict[str, list[Any]] = {"key": keys}
    for name in ("y", "old", "new"):
        columns[name] = draw(st.lists(numbers, min_size=n, max_size=n))
    columns["w"] = draw(st.lists(st.floats(0.0, 1e3).filter(lambda x: x == 0.0 or x > 1e-9), min_size=n, max_size=n))
    columns["w"][0] = 1.5
    columns["order"] = draw(st.permutations(range(n)))
    return columns


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tables(),
    st.sampled_from(["w", None]),
    st.sampled_from(["mae,mse", "rmse,huber", "wmape,mae", "quantile_loss,rmse"]),
)
def test_bits_of_any_rows(
    tmp_path: Path,
    table: dict[str, list[Any]],
    weight: str | None,
    losses: str,
) -> None:
    order = table["order"]
    data = {name: np.array(values, dtype=object if name == "key" else None) for name, values in table.items()}
    options = {"target": "y", "weight": weight}
    try:
        expected = lossctl.compare(data, losses, prediction=["old", "new"], **options)
    except LossctlError:
        return
    file = tmp_path / "base.parquet"
    lossctl.store_baseline(data, losses, file, key="key", prediction="old", **options)
    mixed = {name: values[order] for name, values in data.items() if name != "old"}
    require_same(against(file, mixed, losses, key="key", prediction="new", **options), expected.comparisons)


EXAMPLES = Path(__file__).parents[2] / "examples" / "data"
KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "multiclass": ("digits.csv", "categorical_cross_entropy", {"prediction": "p_*", "target": "label"}),
    "labels of texts": ("iris_soft.csv", "categorical_cross_entropy", {"prediction": "q_*", "target": "label"}),
    "distributions": ("iris_soft.csv", "kl_divergence,hellinger", {"target": "p_*", "prediction": "q_*"}),
    "intervals": ("diabetes_quantiles.csv", "winkler(alpha=0.1)", {"prediction": "q0.05,q0.95"}),
    "ensembles": ("diabetes_ensemble.csv", "crps_ensemble", {"prediction": "m_*"}),
    "two texts": ("breast_cancer.csv", "log_loss,dice", {"target": "diagnosis", "positive": "benign"}),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_model_is_as_good_as_what_was_stored_of_it(name: str, tmp_path: Path) -> None:
    file, losses, options = KINDS[name]
    if name == "two texts":
        options = options | {"prediction": "boosting_probability"}
    source = str(EXAMPLES / file)
    made = lossctl.store_baseline(source, losses, tmp_path / "b.parquet", key="id", **options)
    found = against(tmp_path / "b.parquet", source, losses, key="id", **options)
    assert [each.chosen.label for each in found] == [each.chosen.label for each in made.results]
    for each, result in zip(found, made.results, strict=True):
        assert each.baseline_value == each.candidate_value == result.value
        assert (each.delta, each.p_value, each.ties) == (0.0, 1.0, each.n)


def test_infinite_losses_stay_infinite(tmp_path: Path) -> None:
    data = pd.DataFrame(
        {"id": [1, 2, 3, 4], "y": [0.0, 1.0, 1.0, 0.0], "old": [0.2, 0.0, 0.9, 0.4], "new": [0.1, 0.8, 0.0, 0.3]}
    )
    expected = lossctl.compare(data, "log_loss,brier", target="y", prediction=["old", "new"])
    lossctl.store_baseline(data, "log_loss,brier", tmp_path / "b.parquet", key="id", target="y", prediction="old")
    found = against(tmp_path / "b.parquet", data, "log_loss,brier", key="id", target="y", prediction="new")
    assert found[0].baseline_value == np.inf
    require_same(found, expected.comparisons)


def test_rows_left_out_by_either_are_left_out(tmp_path: Path) -> None:
    data = frame_of()
    data.loc[[3, 50], "old"] = np.nan
    data.loc[[4, 50], "new"] = np.nan
    data.loc[9, "y"] = np.nan
    options: dict[str, Any] = {"target": "y", "nan": "omit"}
    expected = lossctl.compare(data, "mae,wmape", prediction=["old", "new"], **options)
    lossctl.store_baseline(data, "mae,wmape", tmp_path / "b.parquet", key="id", prediction="old", **options)
    found = against(tmp_path / "b.parquet", data, "mae,wmape", key="id", prediction="new", **options)
    assert found[0].n == len(data) - 4
    require_same(found, expected.comparisons)
    whole = data.drop(columns="old").dropna()
    with pytest.raises(DataError, match='column "mae": the value is missing'):
        against(tmp_path / "b.parquet", whole, "mae", key="id", prediction="new", target="y", unmatched="drop")


def test_of_several_losses_some_may_be_asked_for(tmp_path: Path) -> None:
    data = frame_of()
    lossctl.store_baseline(data, "mae,wmape,rmse", tmp_path / "b.parquet", key="id", target="y", prediction="old")
    for losses in ("rmse", "mae,wmape"):
        expected = lossctl.compare(data, losses, target="y", prediction=["old", "new"])
        found = against(tmp_path / "b.parquet", data, losses, key="id", target="y", prediction="new")
        require_same(found, expected.comparisons)


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    data = frame_of(3000)
    for number, (each, threads) in enumerate(((data, 1), (data.sample(frac=1.0, random_state=2), 4))):
        file = tmp_path / f"{number}.parquet"
        lossctl.store_baseline(each, "mae,wmape", file, key="id", target="y", prediction="old", threads=threads)
    assert (tmp_path / "0.parquet").read_bytes() == (tmp_path / "1.parquet").read_bytes()


def test_unmatched_rows_may_be_left_out(tmp_path: Path) -> None:
    data = frame_of()
    lossctl.store_baseline(data[:120], "mae", tmp_path / "b.parquet", key="id", target="y", prediction="old")
    options: dict[str, Any] = {"key": "id", "target": "y", "prediction": "new"}
    with pytest.raises(DataError, match="30 rows have a key that is not in"):
        against(tmp_path / "b.parquet", data, "mae", **options)
    found = against(tmp_path / "b.parquet", data[20:], "mae", unmatched="drop", **options)
    require_same(found, lossctl.compare(data[20:120], "mae", target="y", prediction=["old", "new"]).comparisons)


def test_any_tool_reads_it(tmp_path: Path) -> None:
    data = frame_of(20)
    lossctl.store_baseline(data, "mse,wmape", tmp_path / "b.parquet", key="number", target="y", prediction="old")
    read = pd.read_parquet(tmp_path / "b.parquet").merge(data, on="number")
    assert list(read.columns[:5]) == ["number", "mse", "wmape[1]", "wmape[2]", "target_hash"]
    np.testing.assert_array_equal(read["mse"], (read["old"] - read["y"]) ** 2)
    np.testing.assert_array_equal(read["wmape[1]"], np.abs(read["old"] - read["y"]))
    np.testing.assert_array_equal(read["wmape[2]"], np.abs(read["y"]))


def test_what_it_says_of_itself(tmp_path: Path) -> None:
    data = frame_of()
    options: dict[str, Any] = {"target": "y", "prediction": "old", "weight": "w", "by": "region"}
    made = lossctl.store_baseline(data, "mse,huber", tmp_path / "b.parquet", key="id", **options)
    expected = lossctl.evaluate(data, "mse,huber", **options)
    baseline = opened(tmp_path / "b.parquet")
    assert baseline == made.baseline
    assert (baseline.model, baseline.key, baseline.n, baseline.labels) == (
        "old",
        ("id",),
        150,
        ("mse", "huber(delta=1.0)"),
    )
    for result in expected:
        stored = baseline.value(result.chosen.label, result.slice)
        assert stored is not None
        assert stored["value"] == result.value
    assert baseline.value("mse", {"region": "west"}) is None


def test_values_alone(tmp_path: Path) -> None:
    data = frame_of()
    made = lossctl.store_baseline(data, "mse", tmp_path / "b.json", rows=False, target="y", prediction="old")
    baseline = opened(tmp_path / "b.json")
    assert baseline == made.baseline
    assert not baseline.has_rows
    with pytest.raises(LossctlError, match="keeps no rows") as raised:
        against(tmp_path / "b.json", data, "mse", target="y", prediction="new")
    assert raised.value.exit_code == 4


def test_no_file_of_predictions_is_taken_for_a_baseline(tmp_path: Path) -> None:
    data = frame_of(5)
    data.to_parquet(tmp_path / "p.parquet")
    data.to_csv(tmp_path / "p.csv")
    data.to_json(tmp_path / "p.jsonl", orient="records", lines=True)
    with ExitStack() as stack:
        for named in (*map(str, tmp_path.iterdir()), str(tmp_path / "none"), data, "-", str(tmp_path)):
            assert open_baseline(stack, named, Settings()) is None


def test_what_cannot_be_stored_is_refused(tmp_path: Path) -> None:
    data = frame_of(20)
    file = tmp_path / "b.parquet"
    base: dict[str, Any] = {"target": "y", "prediction": "old"}
    with pytest.raises(UsageError, match="rows are stored by key"):
        lossctl.store_baseline(data, "mse", file, **base)
    with pytest.raises(UsageError, match="one model"):
        lossctl.store_baseline(data, "mse", file, key="id", target="y", prediction=["old", "new"])
    with pytest.raises(DataError, match="occurs twice"):
        lossctl.store_baseline(data, "mse", file, key="part", **base)
    with pytest.raises(DataError, match='column "id": the key is missing'):
        lossctl.store_baseline(data.assign(id=data["id"].where(data.index != 7)), "mse", file, key="id", **base)
    with pytest.raises(UsageError, match="as a column of the baseline is"):
        lossctl.store_baseline(data.rename(columns={"id": "MSE"}), "mse", file, key="MSE", **base)
    with pytest.raises(UsageError, match="no skill"):
        lossctl.store_baseline(data, "mse", file, key="id", skill=True, **base)
    with pytest.raises(DataError, match="can't be written"):
        lossctl.store_baseline(data, "mse", tmp_path / "none" / "b.parquet", key="id", **base)
    assert list(tmp_path.iterdir()) == []


def test_a_baseline_is_hashed_where_a_gate_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = frame_of(40)
    file = str(tmp_path / "b.parquet")
    lossctl.store_baseline(data, "mae", file, key="id", target="y", prediction="old")
    hashed: list[object] = []
    monkeypatch.setattr(
        "lossctl.api.comparisons.opponents.digest_of", lambda each: hashed.append(each) or "0123456789abcdef"
    )
    options: dict[str, Any] = {"baseline": file, "key": "id", "target": "y", "prediction": "new", "test": "point"}
    assert lossctl.check(data, "delta(mae) <= 9", explain=True, **options).exit_code == 0
    assert hashed == []
    gates = ["delta(mae) <= -9", "delta(mae) <= -8"]
    failed = lossctl.check(data, gates, explain=True, allow_inverted=True, **options)
    assert "the baseline is 0123456789abcdef: a waiver of this gate names it" in failed.gates[0].details
    assert hashed == [file]
