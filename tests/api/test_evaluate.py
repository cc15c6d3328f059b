"""`lossctl.evaluate` as a whole: what it computes, and that nothing but the rows can change a bit of it."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import lossctl
from lossctl.core.rows.block import BLOCK_ROWS
from lossctl.core.settings import Options, Settings

REGRESSION = "mae,mse,smooth_l1,huber(delta=0.5)"


def frame_of(rows: int, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    target = rng.normal(2.0, 3.0, rows)
    return pd.DataFrame(
        {
            "target": target,
            "prediction": target + rng.standard_t(3, rows),
            "weight": rng.uniform(0.2, 3.0, rows),
            "region": rng.choice(["north", "south"], rows),
        }
    )


def figures(results: lossctl.Evaluations) -> list[dict[str, Any]]:
    """Return what must not depend on how the rows arrived: all but the source's name and the place of the peak."""
    documents = results.items()
    for document in documents:
        del document["source"]
        del document["gradient"]["row_max_at"]
    return documents


@pytest.fixture(scope="module")
def large() -> pd.DataFrame:
    return frame_of(5 * BLOCK_ROWS + 17)


@pytest.fixture(scope="module")
def reference(large: pd.DataFrame) -> list[dict[str, Any]]:
    return figures(lossctl.evaluate(large, REGRESSION, weight="weight", threads=1))


@pytest.mark.parametrize("threads", [2, 5])
def test_threads_change_no_bit(large: pd.DataFrame, reference: list[dict[str, Any]], threads: int) -> None:
    assert figures(lossctl.evaluate(large, REGRESSION, weight="weight", threads=threads)) == reference


def test_the_order_of_rows_changes_no_bit(large: pd.DataFrame, reference: list[dict[str, Any]]) -> None:
    shuffled = large.sample(frac=1.0, random_state=11)
    assert figures(lossctl.evaluate(shuffled, REGRESSION, weight="weight")) == reference


def test_the_format_of_the_file_and_its_split_change_no_bit(large: pd.DataFrame, tmp_path: Path) -> None:
    rows = large.iloc[: BLOCK_ROWS + 17_017]  # more than a block, and more batches than one
    expected = figures(lossctl.evaluate(rows, REGRESSION, weight="weight", threads=1))
    rows.to_csv(tmp_path / "whole.csv", index=False)
    rows.to_parquet(tmp_path / "whole.parquet", row_group_size=10_007)
    text = (tmp_path / "whole.csv").read_bytes()
    (tmp_path / "whole.csv.gz").write_bytes(gzip.compress(text, 1))
    (tmp_path / "whole.tsv").write_bytes(text.replace(b",", b"\t"))
    parts = tmp_path / "parts"
    parts.mkdir()
    header, *lines = text.splitlines(keepends=True)
    for index, start in enumerate(range(0, len(lines), 31_001)):
        (parts / f"{index}.csv").write_bytes(b"".join([header, *lines[start : start + 31_001]]))
    for name in ("whole.csv", "whole.tsv", "whole.parquet", "whole.csv.gz", "parts/*.csv"):
        results = lossctl.evaluate(str(tmp_path / name), REGRESSION, weight="weight")
        assert figures(results) == expected, name


@pytest.mark.parametrize("convert", [pl.from_pandas, pa.Table.from_pandas, lambda frame: dict(frame.items())])
def test_frames_of_every_library_give_the_same_bits(convert: Any) -> None:
    frame = frame_of(500)[["target", "prediction"]]
    assert figures(lossctl.evaluate(convert(frame), "mse")) == figures(lossctl.evaluate(frame, "mse"))


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32 - 1), st.integers(2, 40))
def test_repeating_a_row_is_giving_it_weight_two(seed: int, rows: int) -> None:
    frame = frame_of(rows, seed)
    twice = pd.concat([frame, frame.iloc[[0]]])
    weighted = frame.assign(weight=[2.0] + [1.0] * (rows - 1))
    one = lossctl.evaluate(twice, "huber")[0]
    other = lossctl.evaluate(weighted, "huber", weight="weight")[0]
    assert one.value == other.value
    assert other.n == rows


def test_a_document_says_everything_the_schema_names(tmp_path: Path) -> None:
    path = tmp_path / "preds.csv"
    path.write_text("target,prediction\n1,1.5\n2,2\n4,1\n")
    document = lossctl.evaluate(str(path), "huber").to_dict()
    assert document["schema"] == "lossctl/eval/1"
    assert document["warnings"] == [f"{path}: prediction: only 3 rows: the confidence intervals are approximate"]
    (result,) = document["results"]
    assert list(result) == [
        *("source", "target", "prediction", "slice", "loss", "params", "unit", "reduction", "value", "std_error"),
        *("ci", "n", "n_read", "n_dropped", "weight_sum", "gradient", "status", "signature"),
    ]
    assert result["params"] == {"delta": 1.0}
    assert result["value"] == (0.125 + 0.0 + 2.5) / 3
    assert result["gradient"]["row_max_at"] == 3
    assert result["signature"] == "huber(delta=1.0)|mean|w=none|nan=error|n=3/3|lossctl=" + lossctl.__version__
    json.dumps(document, allow_nan=False)


def test_to_frame_has_a_row_a_result() -> None:
    frame = lossctl.evaluate(frame_of(50), REGRESSION).to_frame()
    assert list(frame["loss"]) == ["mae", "mse", "smooth_l1", "huber"]
    assert {"value", "ci.low", "gradient.l2", "n"} <= set(frame.columns)


def test_results_are_a_sequence() -> None:
    results = lossctl.evaluate(frame_of(50), REGRESSION)
    assert len(results) == 4
    assert results[-1].loss == "huber"
    assert [result.loss for result in results[1:3]] == ["mse", "smooth_l1"]


def test_rows_with_missing_numbers_are_refused_with_their_count_and_the_first() -> None:
    frame = frame_of(30)
    frame.loc[[4, 9], "target"] = np.nan
    with pytest.raises(lossctl.DataError, match=r'row 5, column "target": .*\(2 rows have'):
        lossctl.evaluate(frame, "mae")


def test_omitted_rows_are_counted() -> None:
    frame = frame_of(30)
    frame.loc[[4, 9], "target"] = [np.nan, np.inf]
    (result,) = lossctl.evaluate(frame, "mae", nan="omit")
    assert (result.n, result.n_read, result.n_dropped) == (28, 30, 2)
    kept = frame.drop(index=[4, 9])
    assert result.value == lossctl.evaluate(kept, "mae")[0].value
    assert "nan=omit" in result.signature
    assert "n=28/30" in result.signature


def test_a_condition_keeps_the_numbers_of_rows() -> None:
    frame = frame_of(200)
    frame.loc[150, "prediction"] = np.nan
    frame.loc[150, "region"] = "south"
    with pytest.raises(lossctl.DataError, match="row 151"):
        lossctl.evaluate(frame, "mae", where="region = 'south'")
    (result,) = lossctl.evaluate(frame, "mae", where="region = 'north'")
    north = frame[frame.region == "north"]
    assert result.n == len(north)
    assert_allclose(result.value, (north.prediction - north.target).abs().mean(), rtol=1e-14)
    assert result.gradient.row_max_at == int(north.index[0]) + 1


def test_several_models_in_one_file_are_told_apart_by_their_columns() -> None:
    frame = frame_of(40).assign(other=1.0)
    results = lossctl.evaluate(frame, "mae,mse", prediction=["prediction", "other"])
    assert [(each.model, each.loss) for each in results] == [
        ("prediction", "mae"),
        ("prediction", "mse"),
        ("other", "mae"),
        ("other", "mse"),
    ]


def test_several_files_are_several_models(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        frame_of(20, seed=len(name) + ord(name[0])).to_csv(tmp_path / name, index=False)
    results = lossctl.evaluate([f"base={tmp_path / 'a.csv'}", str(tmp_path / "b.csv")], "mae")
    assert [each.model for each in results] == ["base", str(tmp_path / "b.csv")]
    assert results[0].value != results[1].value


# --- distributions ---------------------------------------------------------------------------------------------------

P, Q = [0.1, 0.2, 0.3, 0.4], [0.25, 0.15, 0.35, 0.25]


def bits(weights: list[float], ratios: list[float]) -> float:
    return math.fsum(w * math.log2(r) for w, r in zip(weights, ratios, strict=True))


def test_a_distribution_down_the_file_is_summed() -> None:
    results = lossctl.evaluate({"p": np.array(P), "q": np.array(Q)}, "entropy,cross_entropy,kl")
    entropy, cross, divergence = (each.value for each in results)
    assert_allclose(entropy, -bits(P, P), rtol=1e-15)
    assert_allclose(cross, -bits(P, Q), rtol=1e-15)
    assert_allclose(divergence, cross - entropy, rtol=1e-13)
    assert {each.reduction for each in results} == {"sum"}
    assert results[0].prediction is None
    assert results[0].unit == "bits"
    assert results[1].std_error is None


@pytest.mark.parametrize(("base", "unit", "scale"), [("e", "nats", math.log(2)), ("10", "hartleys", math.log10(2))])
def test_the_base_scales_values_and_gradients(base: str, unit: str, scale: float) -> None:
    frame = {"p": np.array(P), "q": np.array(Q)}
    in_bits = lossctl.evaluate(frame, "cross_entropy")[0]
    in_base = lossctl.evaluate(frame, f"cross_entropy(base={base})")[0]
    assert in_base.unit == unit
    assert_allclose(in_base.value, in_bits.value * scale, rtol=1e-14)
    assert_allclose(in_base.gradient.l2, in_bits.gradient.l2 * scale, rtol=1e-14)


def test_distributions_across_columns_are_averaged_and_bound_by_category() -> None:
    frame = pd.DataFrame(
        {
            "p_cat": [0.5, 0.0],
            "p_dog": [0.5, 1.0],
            "q_dog": [0.25, 0.125],
            "q_cat": [0.75, 0.875],
        }
    )
    (result,) = lossctl.evaluate(frame, "cross_entropy")
    expected = (-0.5 * math.log2(0.75) - 0.5 * math.log2(0.25) - math.log2(0.125)) / 2
    assert_allclose(result.value, expected, rtol=1e-15)
    assert result.reduction == "mean"


def test_list_columns_give_the_same_as_flat_ones() -> None:
    rng = np.random.default_rng(2)
    p, q = rng.dirichlet(np.ones(3), 50), rng.dirichlet(np.ones(3), 50)
    flat = pd.DataFrame({f"{name}_{k}": v[:, k] for name, v in (("p", p), ("q", q)) for k in range(3)})
    lists = pa.table({"p": p.tolist(), "q": q.tolist()})
    assert figures_without_names(lists) == figures_without_names(flat)


def figures_without_names(frame: Any) -> list[dict[str, Any]]:
    documents = figures(lossctl.evaluate(frame, "entropy,cross_entropy,kl"))
    return [{**each, "target": None, "prediction": None} for each in documents]


def test_lists_of_different_lengths_are_refused() -> None:
    frame = pa.table({"p": [[0.5, 0.5]], "q": [[0.25, 0.25, 0.5]]})
    with pytest.raises(lossctl.DataError, match="hold 2 and 3 numbers a row"):
        lossctl.evaluate(frame, "kl")


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.sampled_from(["down", "across"]))
def test_cross_entropy_is_at_least_entropy_and_the_divergence_never_negative(seed: int, size: int, way: str) -> None:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(size, 0.3))
    q = p * np.exp(rng.normal(0.0, 10.0 ** -rng.integers(0, 10), size))
    q /= q.sum()
    if way == "down":
        frame: Any = {"p": p, "q": q}
    else:
        frame = pa.table({"p": [p.tolist()], "q": [q.tolist()]})
    entropy, cross, divergence = (each.value for each in lossctl.evaluate(frame, "entropy,cross_entropy,kl"))
    assert divergence >= 0.0
    assert cross >= entropy - 1e-15  # p and q sum to 1 within rounding, no better
    same: Any = {"p": p, "q": p} if way == "down" else pa.table({"p": [p.tolist()], "q": [p.tolist()]})
    entropy, cross, divergence = (each.value for each in lossctl.evaluate(same, "entropy,cross_entropy,kl"))
    assert cross == entropy
    assert divergence == 0.0


def test_probability_zero_for_what_happened_is_infinite_and_counted() -> None:
    results = lossctl.evaluate({"p": np.array([0.5, 0.5]), "q": np.array([1.0, 0.0])}, "cross_entropy")
    assert results[0].value == math.inf
    assert results[0].status == "inf"
    assert results.to_dict()["results"][0]["value"] is None
    assert "infinite in 1 of 2 rows" in results.warnings[0]


def test_clipping_is_opt_in_and_signed() -> None:
    frame = {"p": np.array([0.5, 0.5]), "q": np.array([1.0, 0.0])}
    (result,) = lossctl.evaluate(frame, "cross_entropy", clip=0.001)
    assert_allclose(result.value, -0.5 * (math.log2(0.999) + math.log2(0.001)), rtol=1e-14)
    assert result.gradient.linf == 0.0
    assert "clip=0.001" in result.signature


def test_distributions_must_sum_to_one_unless_normalized() -> None:
    frame = {"p": np.array(P) * 3.0 / 4.0, "q": np.array(Q) * 0.5}
    with pytest.raises(lossctl.DataError, match=r"down the file sum to 0\.75, not to 1"):
        lossctl.evaluate(frame, "kl")
    (result,) = lossctl.evaluate(frame, "kl", normalize=True)
    assert_allclose(result.value, bits(P, P) - bits(P, Q), rtol=1e-13)
    assert "normalize" in result.signature


def test_rows_are_normalized_each_by_its_own_sum() -> None:
    frame = pa.table({"p": [[1.0, 3.0], [2.0, 2.0]], "q": [[0.5, 0.5], [0.2, 0.6]]})
    with pytest.raises(lossctl.DataError, match="does not lie in"):
        lossctl.evaluate(frame, "kl")
    (result,) = lossctl.evaluate(frame, "kl", normalize=True)
    first = bits([0.25, 0.75], [0.5, 1.5])
    second = bits([0.5, 0.5], [2.0, 0.5 / 0.75])
    assert_allclose(result.value, (first + second) / 2, rtol=1e-14)


def test_self_information_takes_the_prediction_alone() -> None:
    (result,) = lossctl.evaluate({"q": np.array([0.5, 0.125])}, "surprisal", prediction="q")
    assert (result.value, result.target, result.unit) == (2.0, None, "bits")


# --- a second pass ---------------------------------------------------------------------------------------------------


def test_a_variance_far_below_the_mean_is_right() -> None:
    rng = np.random.default_rng(4)
    noise = rng.normal(0.0, 1e-3, 3000)
    frame = {"target": np.zeros(3000), "prediction": 1e8 + noise}
    (result,) = lossctl.evaluate(frame, "mae")
    assert_allclose(result.std_error, (1e8 + noise).std(ddof=1) / math.sqrt(3000), rtol=1e-6)


# --- all -------------------------------------------------------------------------------------------------------------


def test_all_means_every_loss_that_fits_and_names_the_others() -> None:
    results = lossctl.evaluate(frame_of(200), "all")
    assert "mse" in {each.loss for each in results}
    assert "kl_divergence" not in {each.loss for each in results}
    assert any("kl_divergence" in warning and "does not lie in [0, 1]" in warning for warning in results.warnings)
    assert any("self_information" in warning and "takes no target" in warning for warning in results.warnings)
    named = {each.loss for each in results} | {
        identifier for identifier in lossctl.LOSSES if any(identifier in warning for warning in results.warnings)
    }
    assert named == set(lossctl.LOSSES)


def test_settings_have_every_option() -> None:
    singular = {"predictions": "prediction", "scales": "scale"}
    fields = {singular.get(name, name) for name in Settings.__dataclass_fields__}
    assert fields == set(Options.__annotations__)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"nan": "drop"}, "nan: 'drop' is not error or omit"),
        ({"level": 1.0}, "level: 1.0 is not a number from 0.5 to 0.9999"),
        ({"clip": 0.5}, "clip: 0.5 is not between 0 and 0.5"),
        ({"threads": 0}, "threads: 0 is not a whole number from 1 to 1024"),
        ({"decimal": ";"}, "decimal: ';' is neither a point nor a comma"),
        ({"wieght": "w"}, "no option is called 'wieght'"),
        ({"prediction": 3}, "3 is neither a text nor a list of texts"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(lossctl.UsageError, match=said.replace("(", r"\(")):
        lossctl.evaluate(frame_of(3), "mae", **options)
