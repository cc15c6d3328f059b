"""Comparisons of models of one source: values, intervals, ties, and what is refused."""

from __future__ import annotations

import json
import math
import shlex
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import lossctl
from lossctl.core.errors import DataError, ExitCode, UsageError
from lossctl.core.losses.loss import Kind
from lossctl.core.results.view import Change
from lossctl.losses import LOSSES
from tests.transcript import run_arguments, scratch

PAIR: Any = {"target": "y", "prediction": ["old", "new"]}


def frame_of(rows: int = 120, seed: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    y = rng.gamma(3.0, 4.0, size=rows)
    return pd.DataFrame(
        {
            "y": y,
            "old": y + rng.normal(size=rows) * 2.0,
            "new": y * 1.1 + rng.normal(size=rows),
            "third": y + 2.0 + rng.normal(size=rows),
            "w": rng.gamma(2.0, size=rows),
            "g": rng.integers(0, 25, rows),
        }
    )


def only(result: lossctl.Comparisons) -> lossctl.Comparison:
    (found,) = result
    return found


def half_of(interval: lossctl.Interval | None, value: float | None) -> float:
    assert interval is not None
    assert value is not None
    assert_allclose(interval.high - value, value - interval.low, rtol=1e-9)
    return interval.high - value


def column_of(found: lossctl.Comparisons, header: str) -> list[Any]:
    """Return the cells of a column of the table for people."""
    view = found.view()
    place = [column.header for column in view.columns].index(header)
    return [row[place] for row in view.rows]


KINDS = {
    (loss.kind, loss.parts, loss.finish is None, loss.series, loss.labels_pairs, loss.across): loss.id
    for loss in LOSSES.values()
}
"""A loss of each kind, and of each way to come to a value."""


@pytest.mark.parametrize("loss", KINDS.values())
def test_a_model_is_as_good_as_itself(loss: str) -> None:
    command = shlex.split(LOSSES[loss].example)
    sources = [word for word in command if word.startswith("examples/data/")]
    words = ["compare", *(word for word in command[2:] if word not in sources), "-f", "json"]
    with scratch():
        ran = run_arguments([*words, "--", f"one={sources[0]}", f"other={sources[0]}"])
    if ran.code == ExitCode.USAGE and "down the file is one value" in ran.stderr:
        assert LOSSES[loss].kind is Kind.DISTRIBUTION
        return
    assert ran.code == ExitCode.OK, ran.stderr
    for found in json.loads(ran.stdout)["comparisons"]:
        assert (found["delta"], found["p_value"], found["significant"]) == (0.0, 1.0, False)
        assert (found["wins"], found["ties"], found["losses"]) == (0, found["n"], 0)
        assert (found["delta_ci"], found["detectable"], found["status"]) == (None, None, "no_spread")
        assert found["baseline_value"] == found["candidate_value"]
        assert (found["baseline"], found["candidate"]) == ("one", "other")


def test_the_difference_is_that_of_scipy() -> None:
    frame = frame_of()
    found = only(lossctl.compare(frame, "mae", **PAIR))
    b, c = (frame["old"] - frame["y"]).abs(), (frame["new"] - frame["y"]).abs()
    expected = stats.ttest_rel(c, b)
    interval = expected.confidence_interval(0.95)
    assert_allclose([found.baseline_value, found.candidate_value], [b.mean(), c.mean()], rtol=1e-13)
    assert found.delta_ci is not None
    assert_allclose([found.delta_ci.low, found.delta_ci.high], [interval.low, interval.high], rtol=1e-9)
    assert_allclose(found.p_value, expected.pvalue, rtol=1e-9)
    assert (found.wins, found.ties, found.losses, found.n) == ((c < b).sum(), 0, (c > b).sum(), 120)
    assert_allclose(found.relative, c.mean() / b.mean() - 1.0, rtol=1e-12)


def test_weights_weigh_rows() -> None:
    frame = frame_of()
    found = only(lossctl.compare(frame, "mae", weight="w", **PAIR))
    w = frame["w"].to_numpy()
    b, c = (np.abs(frame[name] - frame["y"]).to_numpy() for name in ("old", "new"))
    d = c - b
    mean = np.sum(w * d) / np.sum(w)
    effective = np.sum(w) ** 2 / np.sum(w * w)
    error = np.sqrt(effective / (effective - 1) * np.sum((w * (d - mean)) ** 2)) / np.sum(w)
    assert_allclose(found.delta, mean, rtol=1e-12)
    assert_allclose(half_of(found.delta_ci, found.delta), stats.t.ppf(0.975, effective - 1) * error, rtol=1e-9)
    share = np.sum(w * c) / np.sum(w * b)
    rest = np.sqrt(effective / (effective - 1) * np.sum((w * (c - share * b)) ** 2)) / np.sum(w * b)
    assert_allclose(half_of(found.relative_ci, found.relative), stats.t.ppf(0.975, effective - 1) * rest, rtol=1e-9)


def moved(values: Any, kind: str, target: np.ndarray[Any, Any]) -> tuple[float, np.ndarray[Any, Any]]:
    """Return a value and how it moves with each row, by hand: n times its change as a row weighs 1/n more."""
    error = np.abs(values - target)
    if kind == "rmse":
        value = math.sqrt(np.mean(error**2))
        return value, error**2 / (2.0 * value)
    if kind == "wmape":
        by = np.mean(np.abs(target))
    else:
        by = np.mean(np.abs(np.diff(target)))
        value = float(np.mean(error) / by)
        steps = np.concatenate([[0.0], np.abs(np.diff(target))])
        known = np.concatenate([[0.0], np.ones(len(target) - 1)])
        return value, error / by - value * (steps - by * known) / (by * np.mean(known))
    value = float(np.mean(error) / by)
    return value, (error - value * np.abs(target)) / by


@pytest.mark.parametrize("kind", ["rmse", "wmape", "mase"])
def test_values_that_are_no_means_go_by_the_delta_method(kind: str) -> None:
    frame = frame_of()
    target = frame["y"].to_numpy()
    found = only(lossctl.compare(frame, kind, **PAIR))
    (one, b), (other, c) = (moved(frame[name].to_numpy(), kind, target) for name in ("old", "new"))
    assert_allclose([found.baseline_value, found.candidate_value], [one, other], rtol=1e-12)
    t = stats.t.ppf(0.975, 119) / math.sqrt(120)
    assert_allclose(found.delta, other - one, rtol=1e-11)
    assert_allclose(half_of(found.delta_ci, found.delta), t * np.std(c - b, ddof=1), rtol=1e-9)
    spread = np.std(c - other / one * b, ddof=1) / one
    assert_allclose(half_of(found.relative_ci, found.relative), t * spread, rtol=1e-9)
    nearer = np.abs(frame["new"] - frame["y"]) < np.abs(frame["old"] - frame["y"])
    assert (found.wins, found.ties) == (nearer.sum(), 0)


@pytest.mark.parametrize("kind", ["rmse", "wmape"])
def test_the_delta_method_is_about_what_the_bootstrap_gives(kind: str) -> None:
    frame = frame_of(400)
    found = only(lossctl.compare(frame, kind, **PAIR))
    target = frame["y"].to_numpy()

    def statistic(rows: Any) -> float:
        of = rows.astype(int)
        one, other = (moved(frame[name].to_numpy()[of], kind, target[of])[0] for name in ("old", "new"))
        return other - one

    rows = (np.arange(400.0),)
    resampled = stats.bootstrap(rows, statistic, n_resamples=600, vectorized=False, method="percentile", rng=1)
    assert found.delta_ci is not None
    low, high = resampled.confidence_interval
    assert_allclose([found.delta_ci.low, found.delta_ci.high], [low, high], atol=0.15 * (high - low))


def test_losses_without_rows_left_out_by_another_model() -> None:
    frame = frame_of()
    gaps = frame.copy()
    gaps.loc[[4, 40], "new"] = np.nan
    gaps.loc[7, "old"] = np.nan
    kept = frame.drop(index=[4, 7, 40])
    found = lossctl.compare(gaps, "mae,rmse,wmape", nan="omit", **PAIR)
    expected = lossctl.compare(kept, "mae,rmse,wmape", **PAIR)
    for mine, theirs in zip(found.items(), expected.items(), strict=True):
        assert "|n=117/120|" in mine.pop("signature")
        del theirs["signature"]
        assert mine == theirs
    with pytest.raises(DataError, match="old"):
        lossctl.compare(gaps, "mae", **PAIR)


def test_a_ranking_is_compared_group_by_group() -> None:
    frame = frame_of()
    frame["y"], frame["g"] = np.round(frame["y"]) % 4, frame["g"] % 6
    found = only(lossctl.compare(frame, "listnet", group="g", **PAIR))
    values = {
        name: [
            lossctl.evaluate(part, "listnet", target="y", prediction=name, group="g")[0].value
            for _, part in frame.groupby("g")
        ]
        for name in ("old", "new")
    }
    b, c = (np.array(values[name]) for name in ("old", "new"))
    expected = stats.ttest_rel(c, b)
    assert found.n == frame["g"].nunique()
    assert_allclose(found.delta, np.mean(c - b), rtol=1e-10)
    assert_allclose(found.p_value, expected.pvalue, rtol=1e-8)
    assert (found.wins, found.losses) == (np.sum(c < b), np.sum(c > b))


def test_distributions_across_columns() -> None:
    rng = np.random.default_rng(4)
    columns = {}
    for name in ("p", "q", "r"):
        of = rng.dirichlet([1.0, 2.0, 3.0], 50)
        columns |= {f"{name}_{place}": of[:, place] for place in range(3)}
    frame = pd.DataFrame(columns)
    found = only(lossctl.compare(frame, "kl_divergence", target="p_*", prediction=["q_*", "r_*"]))
    rows = [stats.entropy(frame.filter(like="p_"), frame.filter(like=f"{name}_"), axis=1, base=2) for name in "qr"]
    expected = stats.ttest_rel(rows[1], rows[0])
    assert_allclose(found.delta, np.mean(rows[1] - rows[0]), rtol=1e-10)
    assert_allclose(found.p_value, expected.pvalue, rtol=1e-8)


def test_many_candidates_and_losses_are_ordered_and_adjusted_together() -> None:
    frame = frame_of()
    options: Any = {"target": "y", "prediction": ["old", "new", "third"]}
    found = lossctl.compare(frame, "mse,mae", **options)
    assert [(each.loss, each.baseline, each.candidate) for each in found] == [
        ("mse", "old", "new"),
        ("mse", "old", "third"),
        ("mae", "old", "new"),
        ("mae", "old", "third"),
    ]
    p_values = [each.p_value for each in found]
    assert_allclose([each.p_adjusted for each in found], stats.false_discovery_control(p_values), rtol=1e-12)
    plain = lossctl.compare(frame, "mse,mae", adjust="none", **options)
    assert [each.p_adjusted for each in plain] == p_values
    assert "adjusted for 4 comparisons (Benjamini-Hochberg)" in " ".join(found.view().notes)
    assert "adjusted" not in " ".join(plain.view().notes)


def test_what_is_significant_is_called_better_or_worse() -> None:
    y = np.arange(30.0)
    wobble = np.tile([0.1, -0.1, 0.05], 10)
    frame = {"y": y, "base": y + 1.0 + wobble, "good": y + 0.1, "bad": y + 3.0, "same": y + 1.0 - wobble}
    found = lossctl.compare(frame, "mae", target="y", prediction=["base", "good", "bad", "same"])
    assert [each.better for each in found] == [True, False, None]
    changes, verdicts = (column_of(found, name) for name in ("change", "verdict"))
    assert verdicts == [None, "better", "worse", "~"]
    assert column_of(found, "difference")[0] == "baseline"
    assert isinstance(changes[1], Change)
    assert changes[3] is None


def test_nearly_equal_differences_keep_their_digits() -> None:
    rng = np.random.default_rng(7)
    y, noise = np.zeros(400), rng.integers(-2048, 2048, 400) / 2**21  # exact beside 1e9
    frame = {"y": y, "old": rng.integers(1, 9, 400).astype(float), "new": 1e9 + noise}
    frame["new"] = frame["old"] + frame["new"]
    found = only(lossctl.compare(frame, "mae", **PAIR))
    expected = stats.t.ppf(0.975, 399) * np.std(noise, ddof=1) / 20.0
    assert_allclose(half_of(found.delta_ci, 1e9 + float(np.mean(noise))), expected, rtol=1e-3)
    assert found.detectable is not None
    quantiles = stats.t.ppf(0.975, 399) + stats.t.ppf(0.8, 399)
    assert_allclose(found.detectable, quantiles * np.std(noise, ddof=1) / 20.0, rtol=1e-6)


def test_a_candidate_in_proportion_has_a_sharp_relative_change() -> None:
    rng = np.random.default_rng(7)
    errors = rng.gamma(2.0, size=200)
    frame = {"y": np.zeros(200), "old": errors, "new": 1.1 * errors * (1.0 + 1e-9 * rng.normal(size=200))}
    found = only(lossctl.compare(frame, "mae", **PAIR))
    rest = frame["new"] - (1.0 + (found.relative or 0.0)) * errors
    half = stats.t.ppf(0.975, 199) * np.std(rest, ddof=1) / math.sqrt(200) / np.mean(errors)
    assert_allclose(half_of(found.relative_ci, found.relative), half, rtol=1e-3)


def test_losses_near_the_largest_number() -> None:
    frame = frame_of()
    scale = 2.0**990
    big = frame[["y", "old", "new"]] * scale
    plain, found = (only(lossctl.compare(each, "mae", **PAIR)) for each in (frame, big))
    assert found.status == "ok"
    assert_allclose(found.delta / scale, plain.delta, rtol=1e-12)
    assert_allclose(half_of(found.delta_ci, found.delta) / scale, half_of(plain.delta_ci, plain.delta), rtol=1e-9)
    assert_allclose(half_of(found.relative_ci, found.relative), half_of(plain.relative_ci, plain.relative), rtol=1e-9)
    assert found.p_value == pytest.approx(plain.p_value, rel=1e-9)


def test_infinite_losses_have_a_status_and_no_difference() -> None:
    frame = {"y": [1.0, 0.0, 1.0], "old": [0.5, 0.5, 0.25], "new": [0.5, 0.5, 0.0], "worst": [0.0, 0.5, 0.0]}
    result = lossctl.compare(frame, "log_loss", target="y", prediction=["old", "new"])
    document = only(result).to_dict()
    assert document["status"] == "inf"
    for name in ("candidate_value", "delta", "delta_ci", "relative", "relative_ci", "p_value", "p_adjusted"):
        assert document[name] is None, name
    assert document["detectable"] is None
    assert (document["wins"], document["ties"], document["losses"]) == (0, 2, 1)
    assert any("of new is infinite in 1 of 3" in said for said in result.warnings)
    both = only(lossctl.compare(frame, "log_loss", target="y", prediction=["new", "worst"])).to_dict()
    assert (both["status"], both["delta"], both["baseline_value"]) == ("inf", None, None)
    assert (both["wins"], both["ties"], both["losses"]) == (0, 2, 1)
    json.dumps(document, allow_nan=False)


@pytest.mark.parametrize("rows", [1, 2])
def test_few_rows(rows: int) -> None:
    frame = frame_of().head(rows)
    found = only(lossctl.compare(frame, "mae", **PAIR))
    assert (found.delta_ci is None) == (found.p_value is None) == (rows == 1)
    assert found.n == rows
    assert found.relative is not None


def test_a_baseline_without_loss_has_no_relative_change() -> None:
    frame = frame_of().assign(old=lambda f: f["y"])
    for loss in ("mae", "rmse"):
        found = only(lossctl.compare(frame, loss, **PAIR))
        assert found.baseline_value == 0.0
        assert found.relative is found.relative_ci is None
        assert found.significant


def test_a_baseline_of_negative_value_has_no_relative_change() -> None:
    frame = {"y": [10.0, 20.0, 30.0, 40.0], "old": [12.0, 20.0, 35.0, 30.0], "new": [1.0, 10.0, 30.0, 1.0]}
    result = lossctl.compare(frame, "poisson_nll,mae", **PAIR)
    found = result[0]
    assert found.baseline_value < 0.0 < found.delta
    assert found.relative is found.relative_ci is None
    assert found.delta_ci is not None
    assert result[1].relative is not None
    assert "poisson_nll of old is negative: there is no relative change" in result.warnings
    assert column_of(result, "difference")[0] == found.delta


def test_few_rows_are_told() -> None:
    assert lossctl.compare(frame_of(), "mae", **PAIR).warnings == ()
    warnings = lossctl.compare(frame_of(20), "mae", **PAIR).warnings
    assert warnings == ("only 20 rows: the confidence intervals are approximate",)


@pytest.mark.parametrize("form", [pl.from_pandas, pa.Table.from_pandas, lambda frame: dict(frame.items())])
def test_every_frame_gives_the_same_bits(form: Any) -> None:
    frame = frame_of().drop(columns="g")
    expected = lossctl.compare(frame, "mae,rmse", **PAIR)
    found = lossctl.compare(form(frame), "mae,rmse", **PAIR)
    assert found.items() == expected.items()


def test_results_as_a_frame_and_bare() -> None:
    found = lossctl.compare(frame_of(), "mae,huber(delta=0.5)", **PAIR)
    frame = found.to_frame()
    assert list(frame["loss"]) == ["mae", "huber"]
    assert list(frame["params"]) == ["", "delta=0.5"]
    assert list(frame["delta_ci.low"]) == [each.delta_ci.low for each in found]
    assert found.bare() == [each.delta for each in found]


def test_order_of_rows_and_threads_do_not_matter() -> None:
    frame = frame_of(5000)
    expected = lossctl.compare(frame, "mae,rmse,wmape", threads=1, **PAIR).items()
    shuffled = frame.sample(frac=1.0, random_state=1)
    for threads in (1, 2, 7):
        assert lossctl.compare(shuffled, "mae,rmse,wmape", threads=threads, **PAIR).items() == expected


@pytest.mark.parametrize(
    ("losses", "options", "said"),
    [
        ("mae", {"prediction": ["old"]}, "there is one model, old, and nothing to compare"),
        ("mae", {"skill": True}, "compare takes no skill"),
        ("mae", {"adjust": "bonferroni"}, "there is no 'bonferroni'"),
        ("entropy", {"prediction": ["old", "new"]}, "down the file is one value"),
    ],
)
def test_what_makes_no_comparison_is_refused(losses: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        lossctl.compare(frame_of(), losses, **(PAIR | options))


def test_a_sum_down_the_file_is_refused_before_it_is_read() -> None:
    told: list[int] = []
    with pytest.raises(UsageError, match="down the file"):
        lossctl.compare(frame_of(), "entropy", on_progress=lambda rows, _: told.append(rows), **PAIR)
    assert told == []


def test_no_source_is_refused() -> None:
    with pytest.raises(UsageError, match="no source"):
        lossctl.compare([], "mae")
