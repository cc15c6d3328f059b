"""Answers of other libraries: where they agree lossctl's are the same, where they differ lossctl's are true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lossctl.core.losses.loss import Loss, Role
from lossctl.losses import LOSSES
from tests.differences import SILENT, TEXTS, page
from tests.each import Test, for_each
from tests.elsewhere import Answer, answers

NOT_LOSSES = {"jax.numpy.abs", "statsmodels.robust.norms.RamsayE"}
"""Names that the catalogue speaks of without having a loss of that name."""


def named_by(loss: Loss) -> set[str]:
    return {entry.name for entry in loss.elsewhere}


def some(*, differs: bool, refused: bool = False) -> Callable[[Test], Test]:
    found = [one for one in answers() if one.differs is differs and one.refused is refused]
    return for_each("one", found, lambda one: f"{one.name} beside {one.loss}, rows of {one.target}")


@some(differs=False)
def test_libraries_that_agree(one: Answer) -> None:
    assert one.answer.size > 1 or not one.answer.ndim, "one row shows little"
    assert_allclose(one.ours, one.answer, rtol=10.0**-one.digits, atol=1e-12)


@some(differs=True)
def test_where_libraries_differ_ours_is_the_true_one(one: Answer) -> None:
    if one.loss == "fair":  # stands for Ramsay's norm, which is half of squared error there too
        assert_allclose(one.ours, [5e-19], rtol=1e-8)
    else:
        assert_allclose(one.ours, one.exact, rtol=1e-13)
    with pytest.raises(AssertionError):
        assert_allclose(one.answer, one.exact, rtol=1e-6)


@some(differs=True, refused=True)
def test_what_libraries_take_and_we_refuse(one: Answer) -> None:
    domain = one.chosen.loss.domain(Role.TARGET)
    assert not domain.contains(one.target).any()
    assert np.isfinite(one.answer).all()


def test_each_answer_is_under_a_name_of_its_loss() -> None:
    for one in answers():
        assert one.name in named_by(one.chosen.loss) or one.name in NOT_LOSSES, one.name
    named = {name for loss in LOSSES.values() for name in named_by(loss)}
    assert not NOT_LOSSES & named


def test_weights_elsewhere_divide_by_the_number_of_rows() -> None:
    weighted = [one for one in answers() if one.weights is not None]
    assert {one.name for one in weighted} == {"torch.nn.HuberLoss", "keras.losses.MeanSquaredError"}
    for one in weighted:
        assert_allclose(one.answer * one.weights.size, one.ours * one.weights.sum(), rtol=1e-6)


KNOWN_TO_DIFFER = {
    "scoringrules.weighted_interval_score": 1,  # adds half of the median
    "torch.nn.HuberLoss": 1,  # weights divide by n
    "torch.nn.PoissonNLLLoss(log_input=False)": 2,  # Stirling; 1e-8 in the logarithm
    "torch.nn.SoftMarginLoss": 2,  # inf, in single and in double precision
    "keras.losses.BinaryCrossentropy": 1,  # clips
    "keras.losses.CategoricalCrossentropy": 1,
    "keras.losses.KLDivergence": 1,
    "keras.losses.MeanSquaredLogarithmicError": 1,  # takes small values for 1e-7
    "keras.losses.MeanSquaredError": 1,  # weights divide by n
    "keras.losses.LogCosh": 1,  # 0 at 1e-9
    "optax.log_cosh": 1,
    "optax.losses.kl_divergence": 2,  # NaN at zeros; no digits where distributions are near
    "optax.losses.triplet_margin_loss": 2,  # NaN for p = 3; 1e-6 under the root
    "torchmetrics.LogCoshError": 2,  # overflows; 0 at 1e-9
    "torchmetrics.HingeLoss(task='binary')": 1,  # depends on the batch
    "sklearn.metrics.mean_poisson_deviance": 1,  # 0 for 9e-19
    "lightgbm: gamma_deviance": 1,  # a sum
    "jax.numpy.abs": 1,  # a slope of 1 at 0
    "scipy.special.kl_div": 1,  # 0 for 3e-18
    "statsmodels.robust.norms.RamsayE": 1,  # 0 at 1e-9
}


def test_what_is_known_to_differ_is_held() -> None:
    counted = Counter(one.name for one in answers() if one.differs)
    assert {name: counted[name] for name in KNOWN_TO_DIFFER} == KNOWN_TO_DIFFER


def test_each_text_of_the_page_is_of_an_answer_and_each_cell_fits_its_table() -> None:
    assert set(TEXTS) <= {one.name for one in answers()}
    lines = page().splitlines()
    assert {line.count("|") for line in lines if line.startswith("|")} == {3, 4}
    assert not [line for line in lines if "{" in line]


def test_only_names_without_an_answer_are_not_compared() -> None:
    answered, named = {one.name for one in answers()}, {name for loss in LOSSES.values() for name in named_by(loss)}
    assert not SILENT - (named - answered)
    assert page().count("not compared: ") == len(SILENT)


def test_each_name_stands_on_the_page() -> None:
    lines = page()
    for loss in LOSSES.values():
        for entry in loss.elsewhere:
            assert f"| {', '.join(f'`{name}`' for name in entry.names)} | `{loss.id}` |" in lines
