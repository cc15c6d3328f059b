"""What a comparison can be asked for, what it cannot, and how its signature says it."""

from __future__ import annotations

from typing import Any

import pytest

from lossctl.core.compare_settings import CompareOptions, CompareSettings
from lossctl.core.errors import UsageError
from lossctl.core.settings import Options

WAYS: list[tuple[dict[str, Any], str, str | None]] = [
    ({}, "method=t|adjust=bh", None),
    ({"adjust": "none", "pairs": "all"}, "method=t|adjust=none|pairs=all", None),
    (
        {"method": "bootstrap"},
        "method=bootstrap|seed=20|resamples=9999|adjust=bh",
        "p and intervals: bootstrap, 9999 resamples, seed 20",
    ),
    (
        {"method": "permutation", "block": 7, "seed": 3, "resamples": 199},
        "method=permutation|block=7|seed=3|resamples=199|adjust=bh",
        "p and intervals: permutation of signs, blocks of 7 rows, 199 resamples, seed 3",
    ),
    ({"cluster": "site"}, "method=t|cluster=site|adjust=bh", "p and intervals: clusters of site"),
    (
        {"horizon": 3},
        "method=diebold_mariano|hac=ewc|horizon=3|adjust=bh",
        "p and intervals: Diebold-Mariano, of forecasts 3 rows ahead, equal-weighted cosines",
    ),
    (
        {"method": "diebold_mariano"},
        "method=diebold_mariano|hac=ewc|horizon=1|adjust=bh",
        "p and intervals: Diebold-Mariano, of forecasts 1 row ahead, equal-weighted cosines",
    ),
]


@pytest.mark.parametrize(("options", "signature", "note"), WAYS)
def test_what_is_asked_is_said(options: dict[str, Any], signature: str, note: str | None) -> None:
    asked = CompareSettings.of({**options, "target": "y", "nan": "omit"})
    assert (asked.signature, asked.note) == (signature, note)
    assert CompareSettings.of(dict.fromkeys(CompareOptions.__annotations__) | options) == asked


@pytest.mark.parametrize(
    ("options", "problem", "cure"),
    [
        ({"adjust": "bonferroni"}, "adjust: there is no 'bonferroni'", "one of bh, holm, none"),
        ({"pairs": "some"}, "pairs: there is no 'some'", "one of baseline, all"),
        ({"method": "z"}, "method: there is no 'z'", "one of t, bootstrap, permutation, diebold_mariano"),
        (
            {"seed": 1},
            "seed is of no use: the method t draws no random numbers",
            "choose bootstrap or permutation, or leave out seed",
        ),
        (
            {"resamples": 999, "horizon": 2},
            "resamples is of no use: the method diebold-mariano draws no random numbers",
            "choose bootstrap or permutation, or leave out resamples",
        ),
        ({"cluster": "a", "block": 2}, "cluster and block are both given", "rows belong together in one way"),
        (
            {"method": "bootstrap", "horizon": 2},
            "horizon is for Diebold-Mariano, not for bootstrap",
            "leave out the other method, or the horizon",
        ),
        (
            {"horizon": 2, "block": 2},
            "Diebold-Mariano takes rows one by one in file order, and no block",
            "leave out block, or the horizon",
        ),
        (
            {"method": "bootstrap", "resamples": 10},
            "resamples: 10 is not a whole number from 99 to 1000000",
            "such as 100",
        ),
        ({"method": "bootstrap", "seed": -1}, f"seed: -1 is not a whole number from 0 to {2**64 - 1}", "such as 1"),
        ({"cluster": ""}, "cluster: '' is not the name of a column", "give one, in quotes"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any], problem: str, cure: str) -> None:
    with pytest.raises(UsageError) as caught:
        CompareSettings.of(options)
    assert (caught.value.problem, caught.value.cure) == (problem, cure)


def test_options_of_comparisons_come_beside_those_of_all() -> None:
    assert set(Options.__annotations__) < set(CompareOptions.__annotations__)


def test_a_name_that_is_no_option_is_refused_with_all_that_are() -> None:
    with pytest.raises(UsageError, match="no option is called 'resample'") as caught:
        CompareSettings.of({"resample": 99})
    assert {"resamples", "target", "cluster"} <= set(str(caught.value.cure).removeprefix("the options: ").split(", "))
