"""One column where a loss takes several, of every kind: right by the formula, or refused; never broadcast over rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from mpmath import mp
from numpy.testing import assert_allclose

import lossctl
from lossctl.core.losses.loss import BINARY, PROBABILITY, ChosenLoss, Kind, Loss, Role
from lossctl.core.rows.block import Batch, Binding
from lossctl.core.types import Array
from lossctl.engine.plan import ModelPlan
from tests.kinds import row
from tests.oracles.formulas import FORMULAS

KINDS = {
    Kind.MULTICLASS,
    Kind.DISTRIBUTION,
    Kind.INTERVAL,
    Kind.QUANTILES,
    Kind.PARAMETRIC,
    Kind.ENSEMBLE,
    Kind.VECTORS,
}
ONE_NUMBER = {Kind.REAL, Kind.BINARY, Kind.GROUPED}
LOSSES = [loss for loss in lossctl.LOSSES.values() if loss.kind in KINDS]
FORMS = {"column": (1, 3), "glob": (3,), "list": (2,), "list of targets": (3,), "list of predictions": (3,)}
"""How one number a row is written, and files of how many rows are tried so."""


def test_every_kind_takes_one_number_or_is_here() -> None:
    assert set(Kind) == KINDS | ONE_NUMBER


def numbers(loss: Loss, role: Role, rows: int) -> Array:
    """Draw a column that lies in the domain of a role, and of which a distribution is one: across, or down the file."""
    rng = np.random.default_rng([rows, role is Role.TARGET])
    if loss.kind is Kind.DISTRIBUTION:
        weights = rng.gamma(1.0, size=rows) + 0.1
        return np.asarray(weights / weights.sum())
    domain = loss.domain(role)
    if domain == BINARY or (loss.kind is Kind.MULTICLASS and role is Role.TARGET):
        return rng.integers(0, 2 if domain == BINARY or loss.thresholds else 1, rows).astype(float)
    if domain == PROBABILITY:
        return np.ones(rows)
    return np.asarray(rng.lognormal(size=rows) if loss.id.startswith("lognormal") else rng.normal(3.0, 9.0, rows))


def source_of(loss: Loss, form: str, rows: int) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return columns of one number a row, and how they are named; lists are matrices of one column."""
    frame = {"y_a": numbers(loss, Role.TARGET, rows), "p_0.5": numbers(loss, Role.PREDICTION, rows)}
    for name, role in (("y_a", "targets"), ("p_0.5", "predictions")):
        if form in {"list", f"list of {role}"}:
            across = loss.kind is Kind.DISTRIBUTION
            frame[name] = np.ones((rows, 1)) if across else frame[name][:, None]
    globbed = form == "glob"
    named: dict[str, Any] = {"target": "y_*" if globbed else "y_a", "prediction": "p_*" if globbed else "p_0.5"}
    return frame, named if loss.target is not None else {"prediction": named["prediction"]}


def expected(loss: ChosenLoss, frame: dict[str, Array], *, down_the_file: bool) -> float:
    """Compute the value by the formula, row by row; that of a distribution down the file of all rows at once."""
    given = dict(loss.params) | ({"levels": [mp.mpf(0.5)]} if loss.loss.kind is Kind.QUANTILES else {})
    target, prediction = (frame[name].tolist() for name in ("y_a", "p_0.5"))
    rows = [(target, prediction)] if down_the_file else list(zip(target, prediction, strict=True))
    vector = loss.loss.kind in {Kind.QUANTILES, Kind.ENSEMBLE}
    formula = FORMULAS[loss.loss.id]
    if loss.loss.id == "crps_ensemble":
        target = [y[0] if isinstance(y, list) else y for y in target]
        rows = list(zip(target, prediction, strict=True))
    values = [formula(y, q if isinstance(q, list) or not vector else [q], **given) for y, q in rows]
    return float(mp.fsum(values) / len(values))


Outcome = tuple[str, int, lossctl.Evaluation | lossctl.LossctlError, dict[str, Array]]


def outcomes(loss: ChosenLoss) -> Iterator[Outcome]:
    for form, sizes in FORMS.items():
        for rows in sizes:
            frame, named = source_of(loss.loss, form, rows)
            try:
                (result,) = lossctl.evaluate(frame, loss, **named)
            except lossctl.LossctlError as error:
                yield form, rows, error, frame
            else:
                yield form, rows, result, frame


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.id)
def test_one_column_is_right_or_refused(loss: Loss) -> None:
    chosen = loss.choose()
    for form, rows, found, frame in outcomes(chosen):
        if isinstance(found, lossctl.LossctlError):
            assert isinstance(found, lossctl.UsageError | lossctl.DataError)
            assert found.cure
            continue
        down_the_file = loss.kind is Kind.DISTRIBUTION and found.reduction == "sum"
        assert_allclose(
            found.value, expected(chosen, frame, down_the_file=down_the_file), rtol=1e-13, atol=1e-15, err_msg=form
        )
        assert found.n == rows


def bits(tally: Any) -> tuple[Any, ...]:
    moments = tally.moments(0)
    return moments.value, moments.std_error, moments.gradient(1.0)


@pytest.mark.parametrize("loss", ["weighted_interval_score", "crps_quantile"])
@pytest.mark.parametrize("form", ["column", "list"])
def test_one_quantile_split_and_merged_is_the_whole_to_the_bit(loss: str, form: str) -> None:
    rng = np.random.default_rng(8)
    y, q = rng.normal(size=(2, 500)) * 10.0 ** rng.uniform(-3, 6, (2, 500))
    batch = Batch({"y": y, "q": q if form == "column" else q[:, None], "w": rng.gamma(1.0, size=500)}, 0, 500)
    binding = Binding("q", ("y",), ("q",), "w", levels=(0.5,))
    plan = ModelPlan(binding, (lossctl.LOSSES[loss].choose(),))
    whole, merged = plan.tally(), plan.tally()
    whole.add(batch)
    for start, stop in ((300, 500), (0, 1), (1, 300)):
        part = plan.tally()
        part.add(batch.cut(start, stop))
        merged.merge(part)
    assert bits(merged) == bits(whole)
    assert_allclose(bits(whole)[0], np.average(np.abs(y - q), weights=batch.columns["w"]), rtol=1e-14)


@pytest.mark.parametrize("loss", ["weighted_interval_score", "crps_quantile"])
def test_the_median_alone_is_scored_as_by_mae(loss: str) -> None:
    rng = np.random.default_rng(9)
    frame = {"y": rng.normal(size=3000), "old_q0.5": rng.normal(size=3000), "new_q0.5": rng.normal(size=3000)}
    named: Any = {"target": "y", "prediction": ["old_q0.5", "new_q0.5"]}
    score, mae = (lossctl.evaluate(frame, each, **named) for each in (loss, "mae"))
    assert [each.value for each in score] == [each.value for each in mae]
    assert [each.std_error for each in score] == [each.std_error for each in mae]
    (told,), (by_mae,) = (lossctl.compare(frame, each, **named) for each in (loss, "mae"))
    assert (told.delta, told.wins, told.p_value) == (by_mae.delta, by_mae.wins, by_mae.p_value)
    assert told.delta != 0.0


def test_all_takes_one_column_for_a_quantile_where_its_name_says_so() -> None:
    frame = {"y": [1.0, -15.0, 22.0], "q0.5": [1.0, 2.0, 3.0], "model_v0.5": [1.0, 2.0, 3.0]}
    taken, left = (lossctl.evaluate(frame, "all", target="y", prediction=name) for name in ("q0.5", "model_v0.5"))
    values = {each.loss: each.value for each in taken}
    assert values["weighted_interval_score"] == values["crps_quantile"] == values["mae"] == 12.0
    assert "mae" in {each.loss for each in left}
    assert "crps_quantile" not in {each.loss for each in left}
    assert any("do not say that model_v0.5 is quantiles" in each for each in left.warnings)
    (named,) = lossctl.evaluate(frame, "crps_quantile", target="y", prediction="model_v0.5")
    assert named.value == 12.0


@pytest.mark.parametrize(
    ("loss", "slope"),
    [
        ((3, 3), (3,)),
        ((1,), (3,)),
        ((), (3,)),
        ((3,), (3, 3)),
        ((3,), (1, 3)),
        ((3,), ()),
        ((2, 3), (2,)),
        ((4,), (3,)),
    ],
)
def test_what_a_kernel_gives_in_another_shape_is_refused(loss: tuple[int, ...], slope: tuple[int, ...]) -> None:
    def kernel(_target: Array, _prediction: Array) -> tuple[Array, Array]:
        return np.ones(loss), np.ones(slope)

    chosen = row(Kind.REAL, kernel=kernel).choose()
    tally = ModelPlan(Binding("p", ("y",), ("p",)), (chosen,)).tally()
    with pytest.raises(RuntimeError, match=r"the kernel of test_real gave losses of shape"):
        tally.add(Batch({"y": np.arange(3.0), "p": np.arange(3.0)}, 0, 3))
