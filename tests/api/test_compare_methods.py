"""Comparisons by every method, and of all pairs: what is passed on, what is said, and what a signature gives back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import fft, stats

import lossctl
from lossctl.core.errors import UsageError

PAIR: Any = {"target": "y", "prediction": ["old", "new"]}
METHODS: dict[str, dict[str, Any]] = {
    "t": {},
    "bootstrap": {"method": "bootstrap", "resamples": 499},
    "permutation": {"method": "permutation", "resamples": 499},
    "diebold-mariano-ewc": {"horizon": 3},
    "diebold-mariano": {"horizon": 3, "hac": "dm"},
    "block-t": {"block": 10},
    "block-bootstrap": {"method": "bootstrap", "block": 10, "resamples": 499},
    "block-permutation": {"method": "permutation", "block": 10, "resamples": 499},
}
"""Options by what intervals call the method."""


def frame_of(rows: int = 240, seed: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    y = rng.gamma(3.0, 4.0, size=rows)
    return pd.DataFrame(
        {
            "y": y,
            "old": y + rng.normal(size=rows) * 2.0,
            "new": y * 1.02 + rng.normal(size=rows) * 1.5,
            "third": y + 2.0 + rng.normal(size=rows),
            "w": rng.gamma(2.0, size=rows),
            "site": rng.integers(0, 30, rows),
            "half": (np.arange(rows) >= 80).astype(int),
        }
    )


@pytest.mark.parametrize("label", METHODS)
def test_a_model_is_as_good_as_itself_by_every_method(label: str) -> None:
    options = {"target": "y", "prediction": "old"} | METHODS[label]
    for weight in (None, "w"):
        found = lossctl.compare([frame_of(), frame_of()], "mae,rmse,wmape,mase", weight=weight, **options)
        for each in found:
            assert (each.delta, each.p_value, each.p_adjusted, each.significant) == (0.0, 1.0, 1.0, False)
            assert (each.wins, each.ties, each.losses) == (0, each.n, 0)
            assert each.delta_ci is each.relative_ci is each.detectable is None
            assert each.status == "no_spread"


@pytest.mark.parametrize("label", METHODS)
def test_methods_are_named_and_agree_about_what_is_plain(label: str) -> None:
    plain = lossctl.compare(frame_of(), "mae,rmse", **PAIR)
    found = lossctl.compare(frame_of(), "mae,rmse", **METHODS[label], **PAIR)
    for mine, theirs in zip(found, plain, strict=True):
        assert (mine.baseline_value, mine.candidate_value, mine.delta, mine.relative) == (
            *(theirs.baseline_value, theirs.candidate_value, theirs.delta, theirs.relative),
        )
        assert (mine.wins, mine.ties, mine.losses, mine.n) == (theirs.wins, theirs.ties, theirs.losses, theirs.n)
        assert mine.delta_ci is not None
        assert mine.relative_ci is not None
        assert theirs.delta_ci is not None
        assert mine.delta_ci.method == mine.relative_ci.method == label
        half = theirs.delta_ci.high - theirs.delta
        assert_allclose([mine.delta_ci.low, mine.delta_ci.high], [theirs.delta - half, theirs.delta + half], atol=half)
        assert mine.p_value is not None
        assert (mine.p_value < 0.05) == (not mine.delta_ci.low <= 0.0 <= mine.delta_ci.high)


@pytest.mark.parametrize("horizon", [1, 2, 5])
def test_diebold_and_mariano_by_hand(horizon: int) -> None:
    frame = frame_of()
    found = lossctl.compare(frame, "mse", horizon=horizon, hac="dm", **PAIR)[0]
    d = ((frame["new"] - frame["y"]) ** 2 - (frame["old"] - frame["y"]) ** 2).to_numpy()
    n, u = len(d), d - d.mean()
    autocovariances = [np.sum(u[lag:] * u[: n - lag]) / n for lag in range(horizon)]
    statistic = d.mean() / np.sqrt((autocovariances[0] + 2.0 * np.sum(autocovariances[1:])) / n)
    harvey = np.sqrt((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n)  # Harvey, Leybourne and Newbold 1997
    assert_allclose(found.p_value, 2.0 * stats.t.sf(abs(statistic * harvey), n - 1), rtol=1e-9)
    assert found.signature.endswith(f"|method=diebold_mariano|hac=dm|horizon={horizon}|adjust=bh")


@pytest.mark.parametrize(("horizon", "count"), [(1, 12), (2, 12), (24, 5)])
def test_the_error_of_a_series_is_that_of_its_slow_cosines(horizon: int, count: int) -> None:
    """The sums of u times cosines are half of the cosine transform that SciPy knows."""
    frame = frame_of()
    found = lossctl.compare(frame, "mse", horizon=horizon, **PAIR)[0]
    b, c = (((frame[name] - frame["y"]) ** 2).to_numpy() for name in ("old", "new"))
    for interval, u, scale in (
        (found.delta_ci, c - b - np.mean(c - b), 1.0),
        (found.relative_ci, c - np.mean(c) / np.mean(b) * b, np.mean(b)),
    ):
        error = np.sqrt(2.0 / count * np.sum((0.5 * fft.dct(u)[1 : count + 1]) ** 2)) / len(u) / scale
        assert interval is not None
        assert_allclose(0.5 * (interval.high - interval.low), stats.t.ppf(0.975, count) * error, rtol=1e-9)
    assert found.delta_ci is not None
    assert found.delta_ci.method == "diebold-mariano-ewc"
    assert found.signature.endswith(f"|method=diebold_mariano|hac=ewc|horizon={horizon}|adjust=bh")


def test_a_series_that_is_short_for_its_horizon_is_told() -> None:
    told = "only 119 rows for forecasts 12 rows ahead: intervals are unreliable below 120"
    assert told in lossctl.compare(frame_of(119), "mae", horizon=12, **PAIR).warnings
    assert not any("ahead" in said for said in lossctl.compare(frame_of(120), "mae", horizon=12, **PAIR).warnings)
    (said,) = (
        each for each in lossctl.compare(frame_of(), "mae", horizon=9, by="half", **PAIR).warnings if "times" in each
    )
    assert (
        said == "the confidence intervals of 1 of 2 slices are approximate: "
        "fewer than 90 rows, 10 times the horizon (the fewest: 80, in half=0)"
    )


def read_back(signature: str) -> dict[str, Any]:
    """Turn a signature into the options that gave it."""
    given = dict(part.split("=", 1) for part in signature.split("|") if "=" in part and not part.startswith("n="))
    texts = ("method", "adjust", "cluster", "pairs", "hac")
    options: dict[str, Any] = {name: given[name] for name in texts if name in given}
    return options | {name: int(given[name]) for name in ("seed", "resamples", "block", "horizon") if name in given}


@pytest.mark.parametrize("options", [*METHODS.values(), {"method": "bootstrap", "seed": 5, "resamples": 199}])
def test_a_signature_reads_back_into_options(options: dict[str, Any]) -> None:
    asked = {"adjust": "holm", "pairs": "all"} | options
    models: Any = {"target": "y", "prediction": ["old", "new", "third"]}
    found = lossctl.compare(frame_of(), "mae,mse", **asked, **models)
    again = lossctl.compare(frame_of(), "mae,mse", **read_back(found[0].signature), **models)
    assert again.items() == found.items()
    other = lossctl.compare(frame_of(), "mae,mse", **(asked | {"adjust": "none"}), **models)
    assert other[0].signature != found[0].signature


def test_a_seed_changes_what_is_drawn_and_nothing_else() -> None:
    asked: Any = {"method": "bootstrap", "resamples": 199, **PAIR}
    one, same, other = (lossctl.compare(frame_of(), "mae", seed=seed, **asked)[0] for seed in (1, 1, 2))
    assert one == same
    assert one.delta_ci != other.delta_ci
    assert (one.delta, one.wins) == (other.delta, other.wins)


def test_all_pairs_are_what_pairs_of_two_give() -> None:
    frame, names = frame_of(), ["old", "new", "third"]
    pairs = [("old", "new"), ("old", "third"), ("new", "third")]
    for options in (METHODS["diebold-mariano"], METHODS["block-bootstrap"], {"weight": "w"}):
        asked: Any = {"target": "y", "adjust": "none"} | options
        found = lossctl.compare(frame, "mae,rmse", pairs="all", prediction=names, **asked)
        assert [(each.loss, each.baseline, each.candidate) for each in found] == [
            (loss, *pair) for loss in ("mae", "rmse") for pair in pairs
        ]
        for place, pair in enumerate(pairs):
            alone = lossctl.compare(frame, "mae,rmse", prediction=list(pair), **asked)
            for mine, theirs in zip(found[place::3], alone, strict=True):
                expected = theirs.to_dict() | {"signature": mine.signature}
                assert mine.signature == f"{theirs.signature}|pairs=all"
                assert mine.to_dict() == expected


def test_all_pairs_are_adjusted_together() -> None:
    models: Any = {"target": "y", "prediction": ["old", "new", "third"]}
    found = lossctl.compare(frame_of(), "mae", pairs="all", adjust="holm", **models)
    p_values = sorted(each.p_value or 0.0 for each in found)
    smallest = min(found, key=lambda each: each.p_value or 0.0)
    assert smallest.p_adjusted == pytest.approx(3.0 * p_values[0], rel=1e-12)
    assert "p is adjusted for 3 comparisons (Holm)" in found.view().notes


def test_candidates_about_which_losses_disagree_are_found_among_all_pairs() -> None:
    rng = np.random.default_rng(5)
    small = rng.uniform(0.0, 0.2, 400)
    small[::20] = rng.uniform(5.0, 6.0, 20)
    even = rng.uniform(0.6, 0.8, 400)
    frame = {"y": np.zeros(400), "worst": even + 9.0, "even": even, "rare": small}
    models: Any = {"target": "y", "prediction": ["worst", "even", "rare"]}
    assert lossctl.compare(frame, "mae,mse", **models).warnings == ()
    found = lossctl.compare(frame, "mae,mse", pairs="all", **models)
    assert found.warnings == ("losses disagree about even and rare: mse prefers even; mae prefers rare",)


def test_what_may_be_chance_is_a_note_of_all_pairs() -> None:
    rng = np.random.default_rng(8)
    one, other = rng.uniform(0.6, 0.8, 120), np.linspace(0.0, 1.38, 120)
    frame = {"y": np.zeros(120), "one": one, "other": other, "far": one + 5.0}
    models: Any = {"target": "y", "prediction": ["one", "other", "far"]}
    found = lossctl.compare(frame, "mae,mse", pairs="all", **models)
    assert found.warnings == ()
    said = "by value alone, mse prefers one; mae prefers other; not all of these differences are significant"
    assert found.notes == (said,)
    assert said in found.view().notes
    assert lossctl.compare(frame, "mae,mse", **models).notes == ()


def test_few_blocks_are_told() -> None:
    assert lossctl.compare(frame_of(), "mae", block=12, **PAIR).warnings == ()
    said = lossctl.compare(frame_of(), "mae", block=13, **PAIR).warnings
    assert said == (
        "only 19 blocks of unequal weight, worth 18.7 equal ones: the confidence intervals are approximate",
    )


def test_the_method_is_said_under_the_table() -> None:
    found = lossctl.compare(frame_of(), "mae", method="bootstrap", block=8, seed=3, resamples=99, **PAIR)
    assert found.view().notes[-1] == "p and intervals: bootstrap, blocks of 8 rows, 99 resamples, seed 3"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"method": "z"}, "there is no 'z'"),
        ({"seed": 3}, "seed is of no use"),
        ({"block": 3, "cluster": "site"}, "cluster and block are both given"),
        ({"pairs": "every"}, "there is no 'every'"),
        ({"resample": 5}, "no option is called 'resample'"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_read(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        lossctl.compare("missing.csv", "mae", **options)


@pytest.mark.parametrize("label", METHODS)
@pytest.mark.parametrize("by", [None, "s"])
def test_differences_equal_but_for_rounding_have_no_spread(label: str, by: str | None) -> None:
    """0.1 is no double: rows that all differ by 0.1 differ by it in other last bits, in the whole and in slices."""
    rng = np.random.default_rng(5)
    old = rng.integers(1, 9, size=240) / 10.0
    frame = {
        "y": np.zeros(240),
        "old": old,
        "new": old + 0.1,
        "s": np.repeat(["u", "v"], 120),
        "c": np.arange(240) // 3,
    }
    options = {"target": "y", "prediction": ["old", "new"]} | METHODS[label]
    for each in lossctl.compare(frame, "mae", by=by, **options):
        assert (each.status, each.delta_ci, each.detectable, each.rows_needed) == ("no_spread", None, None, None)
        assert each.p_value is not None
        assert 0.0 < each.p_value < 1e-3
