"""Warnings of one kind are said once, with the number and the names; what is not alike is left as it is."""

from __future__ import annotations

import json
import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossctl.cli.merging import merged
from tests.cli.cases import Run
from tests.transcript import ROOT

DATA = ROOT / "examples" / "data"
LOSSES = ["mae", "mse", "huber(delta=2.0)", "huber", "log_cosh", "rmse", "cauchy"]
MODELS = ["ridge", "knn 5", "p_*"]
CANCER = ("eval", str(DATA / "breast_cancer.csv"), "-p", "logistic_probability", "-p", "boosting_probability")


def heavy(model: str, loss: str, share: int = 45, n: str = "569") -> str:
    return f"a.csv: {model}: {loss}: one row of {n} makes up {share}% of the variance: --bootstrap widens it"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], []),
        ([heavy("ridge", "mae")], [heavy("ridge", "mae")]),
        ([heavy("ridge", "mae")] * 2, [heavy("ridge", "mae")]),
        ([heavy("ridge", "mae", 9), heavy("ridge", "mse", 31)], [heavy("ridge", "mae, mse").replace("45", "9% to 31")]),
        ([heavy("ridge", "mae"), heavy("knn 5", "mae")], [heavy("ridge, knn 5", "mae")]),
        (
            [heavy("ridge", "mae"), "other", heavy("ridge", "huber(delta=2.0)"), heavy("ridge", "huber")],
            [heavy("ridge", "mae, huber(delta=2.0), huber"), "other"],
        ),
        # no model is said to have what it has not
        (
            [heavy("ridge", "mae"), heavy("ridge", "mse"), heavy("knn 5", "mse")],
            [heavy("ridge", "mae, mse"), heavy("knn 5", "mse")],
        ),
        ([heavy("ridge", loss) for loss in LOSSES[:6]], [heavy("ridge", ", ".join(LOSSES[:6]))]),
        (
            [heavy("ridge", loss) for loss in LOSSES],
            [heavy("ridge", "7 (mae, mse, huber(delta=2.0), huber, log_cosh and 2 more)")],
        ),
        (
            ["mae of ridge is infinite in 1,200 of 5,000", "mse of ridge is infinite in 3 of 5,000"],
            ["mae, mse of ridge are infinite in 3 to 1,200 of 5,000"],
        ),
        (["mae is infinite", "mse is infinite"], ["mae, mse are infinite"]),
        # other words, other places in a file, and names that nobody knows
        (["mae is too large", "mse is too small"], ["mae is too large", "mse is too small"]),
        (
            ["mae: a.csv line 2 is bad", "mse: a.csv line 3 is bad"],
            ["mae: a.csv line 2 is bad", "mse: a.csv line 3 is bad"],
        ),
        (["gru: few rows", "lstm: few rows"], ["gru: few rows", "lstm: few rows"]),
        (["mae.csv: few rows", "mse.csv: few rows"], ["mae.csv: few rows", "mse.csv: few rows"]),
        (["all 4 rows", "all 5 rows"], ["all 4 rows", "all 5 rows"]),
    ],
    ids=str,
)
def test_lines_that_differ_in_a_name_become_one(lines: list[str], expected: list[str]) -> None:
    assert merged(lines, [*LOSSES, *MODELS, "a.csv"]) == expected


def test_without_names_nothing_is_alike() -> None:
    lines = ["mae: few", "mse: few"]
    assert merged(lines, []) == lines


@given(st.sets(st.tuples(st.sampled_from(MODELS), st.sampled_from(LOSSES[:5]))), st.randoms())
def test_what_is_said_together_is_what_was_said_apart(pairs: set[tuple[str, str]], order: object) -> None:
    listed = sorted(pairs)
    order.shuffle(listed)  # type: ignore[attr-defined]  # Hypothesis says no type
    said = set()
    lines = merged([heavy(*pair) for pair in listed], [*LOSSES, *MODELS, "a.csv"])
    for line in lines:
        models, losses = re.fullmatch(r"a\.csv: (.*?): (.*?): one row.*", line).groups()  # type: ignore[union-attr]
        together = set(product(models.split(", "), losses.split(", ")))
        assert not together & said
        said |= together
    assert said == pairs
    assert len(lines) <= len({model for model, _ in pairs})


def test_a_table_of_many_losses_has_one_warning_of_a_kind_and_json_one_each(run: Run) -> None:
    losses = "log_loss,brier,focal_loss,mae"
    ran = run(*CANCER, "--loss", losses)
    heavy_lines = [line for line in ran.stderr.splitlines() if "of the variance" in line]
    whole = json.loads(run(*CANCER, "--loss", losses, "-f", "json").stdout)["warnings"]
    each = [line for line in whole if "of the variance" in line]
    assert len(heavy_lines) < len(each)
    assert all("logistic_probability" in line or "boosting_probability" in line for line in heavy_lines)
    assert (len(ran.stderr.splitlines()), len(whole)) == (1, 2)
    assert run(*CANCER, "--loss", losses, "-q").stdout.endswith("\n1 warning is not shown (-q)\n")
