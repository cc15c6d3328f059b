"""Tallies against plain formulas, and against themselves in another order, cut or weighting."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from lossctl.core.exact.sum import sqrt_fraction
from lossctl.core.losses.loss import Reduction
from lossctl.core.rows.block import Batch, Binding, Block
from lossctl.core.rows.faults import Faults
from lossctl.engine.accumulators.tally import LossTally, Moments, WeightTally, row_norms

BINDING = Binding("m", ("y",), ("p",), None)
WEIGHTED = Binding("m", ("y",), ("p",), "w")


def rng(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


def block_of(size: int, weight: np.ndarray | None = None, first_row: int = 0) -> Block:
    columns = {"y": np.zeros(size), "p": np.ones(size)}
    binding = BINDING
    if weight is not None:
        columns["w"] = weight
        binding = WEIGHTED
    return Block.of(Batch(columns, first_row, size), binding, Faults())[0]


def tallied(
    loss: np.ndarray,
    slope: np.ndarray,
    weight: np.ndarray | None = None,
    cuts: tuple[int, ...] = (),
    reduction: Reduction = Reduction.MEAN,
    center: float = 0.0,
) -> Moments:
    """Tally in parts cut at `cuts`, each in a tally of its own, merged last to first."""
    weighted = weight is not None
    edges = [0, *cuts, len(loss)]
    total, rows = LossTally(weighted, center), WeightTally(weighted)
    for start, stop in reversed(list(itertools.pairwise(edges))):
        block = block_of(stop - start, None if weight is None else weight[start:stop], start)
        part, part_rows = LossTally(weighted, center), WeightTally(weighted)
        kept = slice(None) if block.kept is None else block.kept
        part.add(loss[start:stop][kept], slope[start:stop][kept], block)
        part_rows.add(block)
        total.merge(part)
        rows.merge(part_rows)
    return total.moments(rows, reduction)


def test_unweighted_figures_are_those_of_numpy() -> None:
    loss, slope = rng().gamma(2.0, size=997), rng(6).normal(0.3, 1.7, size=997)
    slope[::9] = 0.0
    moments = tallied(loss, slope)
    assert moments.value == float(sum(map(Fraction, loss.tolist())) / 997)
    assert_allclose(moments.std_error, loss.std(ddof=1) / math.sqrt(997), rtol=1e-13)
    gradient = moments.gradient(1.0)
    assert_allclose(gradient.l1, np.abs(slope / 997).sum(), rtol=1e-14)
    assert_allclose(gradient.l2, np.linalg.norm(slope / 997), rtol=1e-14)
    assert_allclose(gradient.linf, np.abs(slope / 997).max(), rtol=1e-15)
    assert_allclose(gradient.mean, slope.mean(), rtol=1e-14)
    assert_allclose(gradient.row_mean_abs, np.abs(slope).mean(), rtol=1e-14)
    assert_allclose(gradient.row_rms, np.sqrt((slope**2).mean()), rtol=1e-14)
    assert gradient.row_max == np.abs(slope).max()
    assert gradient.row_max_at == int(np.abs(slope).argmax()) + 1
    assert gradient.zero_share == 111 / 997
    assert gradient.sign_balance == (np.sum(slope > 0) - np.sum(slope < 0)) / 997


def test_weighted_figures_are_those_of_numpy() -> None:
    loss, slope, weight = rng().gamma(2.0, size=500), rng(6).normal(0.3, 1.7, 500), rng(7).uniform(0.1, 4.0, 500)
    moments = tallied(loss, slope, weight)
    mean = (weight * loss).sum() / weight.sum()
    assert_allclose(moments.value, mean, rtol=1e-14)
    expected = math.sqrt(((weight * (loss - mean)) ** 2).sum() / (weight.sum() ** 2 - (weight**2).sum()))
    assert_allclose(moments.std_error, expected, rtol=1e-12)
    assert_allclose(moments.freedom, weight.sum() ** 2 / (weight**2).sum() - 1.0, rtol=1e-12)
    pulled = weight * slope / weight.sum()
    gradient = moments.gradient(1.0)
    assert_allclose(gradient.l1, np.abs(pulled).sum(), rtol=1e-14)
    assert_allclose(gradient.l2, np.linalg.norm(pulled), rtol=1e-14)
    assert_allclose(gradient.linf, np.abs(pulled).max(), rtol=1e-14)
    assert_allclose(gradient.mean, pulled.sum(), rtol=1e-13)
    assert_allclose(gradient.row_mean_abs, (weight * np.abs(slope)).sum() / weight.sum(), rtol=1e-14)
    assert_allclose(gradient.row_rms, math.sqrt((weight * slope**2).sum() / weight.sum()), rtol=1e-14)
    assert gradient.row_max == np.abs(slope).max()


def test_vector_slopes_count_by_their_norm_in_row_figures_and_by_component_in_norms() -> None:
    loss, slope = rng().gamma(2.0, size=300), rng(6).normal(0.2, 1.0, size=(300, 4))
    slope[7] = 0.0
    norms = np.linalg.norm(slope, axis=1)
    gradient = tallied(loss, slope, cuts=(100, 101)).gradient(1.0)
    assert_allclose(gradient.l1, np.abs(slope).sum() / 300, rtol=1e-14)
    assert_allclose(gradient.l2, np.sqrt((slope**2).sum()) / 300, rtol=1e-14)
    assert_allclose(gradient.linf, np.abs(slope).max() / 300, rtol=1e-15)
    assert_allclose(gradient.mean, slope.mean(), rtol=1e-12)
    assert_allclose(gradient.row_mean_abs, norms.mean(), rtol=1e-14)
    assert_allclose(gradient.row_rms, np.sqrt((norms**2).mean()), rtol=1e-14)
    assert_allclose(gradient.row_max, norms.max(), rtol=1e-15)
    assert gradient.row_max_at == int(norms.argmax()) + 1
    assert gradient.zero_share == 1 / 300


@pytest.mark.parametrize("size", [1e-320, 1e-200, 1e-150, 1e-145, 1.0, 1e153, 1e154, 1e300])
@pytest.mark.parametrize("columns", [1, 3])
def test_weighted_row_rms_where_squares_leave_float64(size: float, columns: int) -> None:
    shape = (40,) if columns == 1 else (40, columns)
    slope, weight = size * rng(6).normal(size=shape), rng(7).uniform(0.1, 4.0, 40)
    slope[::7], weight[5] = 0.0, 0.0
    norms = [math.hypot(*np.atleast_1d(one)) for one in slope]
    square = sum(Fraction(w) * Fraction(norm) ** 2 for w, norm in zip(weight.tolist(), norms, strict=True))
    true = sqrt_fraction(square / sum(map(Fraction, weight.tolist())))
    assert_allclose(tallied(np.ones(40), slope, weight).gradient(1.0).row_rms, true, rtol=2e-15, atol=1e-323)


def test_infinite_slopes_have_an_infinite_row_rms() -> None:
    for slope in (np.array([1e200, np.inf]), np.array([-np.inf, 1.0]), np.array([[1e200, 1.0], [np.inf, 1.0]])):
        assert tallied(np.ones(2), slope, np.array([0.5, 2.0])).gradient(1.0).row_rms == math.inf


def test_a_row_that_weighs_two_counts_as_two_rows_to_the_last_bit() -> None:
    loss, slope = rng().gamma(2.0, size=50), rng(6).normal(size=50)
    weight = rng(7).integers(1, 4, 50)
    repeated = tallied(np.repeat(loss, weight), np.repeat(slope, weight), np.ones(weight.sum()))
    assert tallied(loss, slope, weight.astype(float)).gradient(1.0).row_rms == repeated.gradient(1.0).row_rms


def test_weighted_vector_slopes() -> None:
    loss, slope, weight = rng().gamma(2.0, size=80), rng(6).normal(size=(80, 3)), rng(7).uniform(0.1, 4.0, 80)
    gradient = tallied(loss, slope, weight).gradient(1.0)
    pulled, norms = weight[:, None] * slope / weight.sum(), np.linalg.norm(slope, axis=1)
    assert_allclose(gradient.l2, np.linalg.norm(pulled), rtol=1e-14)
    assert_allclose(gradient.row_mean_abs, (weight * norms).sum() / weight.sum(), rtol=1e-14)
    assert_allclose(gradient.row_rms, math.sqrt((weight * norms**2).sum() / weight.sum()), rtol=1e-14)


@pytest.mark.parametrize("scale", [1e200, 1e-200])
def test_norms_of_huge_and_tiny_slopes_neither_overflow_nor_vanish(scale: float) -> None:
    slope = rng().normal(size=(50, 3))
    plain = tallied(np.ones(50), slope).gradient(1.0)
    scaled = tallied(np.ones(50), slope * scale).gradient(1.0)
    for name in ("l2", "row_mean_abs", "row_rms", "row_max"):
        assert_allclose(getattr(scaled, name), getattr(plain, name) * scale, rtol=1e-12)


def test_a_sum_is_not_averaged_and_has_no_standard_error() -> None:
    loss, slope = rng().gamma(2.0, size=40), rng(6).normal(size=40)
    moments = tallied(loss, slope, reduction=Reduction.SUM)
    assert moments.value == math.fsum(loss)
    assert moments.std_error is None
    assert_allclose(moments.gradient(1.0).l1, np.abs(slope).sum(), rtol=1e-14)
    assert_allclose(moments.gradient(1.0).mean, slope.mean(), rtol=1e-13)


def test_the_scale_of_a_finish_reaches_every_figure_of_the_gradient() -> None:
    moments = tallied(rng().gamma(2.0, size=40), rng(6).normal(size=40))
    plain, scaled = moments.gradient(1.0), moments.gradient(-0.25)
    for name in ("l1", "l2", "linf", "row_mean_abs", "row_rms", "row_max"):
        assert getattr(scaled, name) == 0.25 * getattr(plain, name)
    assert scaled.mean == -0.25 * plain.mean  # type: ignore[operator]
    assert scaled.zero_share == plain.zero_share


@given(st.data())
def test_cutting_and_merging_in_any_order_gives_the_same_bits(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 60))
    seed = data.draw(st.integers(0, 2**32 - 1))
    values = rng(seed)
    loss = values.gamma(0.3, size=size) * 10.0 ** values.integers(-9, 9, size)
    slope = values.normal(size=size) * 10.0 ** values.integers(-9, 9, size)
    weight = values.integers(0, 4, size) * values.uniform(0.3, 2.0, size) if data.draw(st.booleans()) else None
    if weight is not None:
        weight[0] = 1.25
    cuts = tuple(sorted(data.draw(st.sets(st.integers(1, size - 1), max_size=4))))
    whole, cut = tallied(loss, slope, weight), tallied(loss, slope, weight, cuts)
    assert cut.value == whole.value
    assert cut.std_error == whole.std_error
    assert cut.gradient(1.0) == whole.gradient(1.0)


def test_permuted_rows_give_the_same_bits_but_for_the_place_of_the_peak() -> None:
    loss, slope, weight = rng().gamma(0.3, size=400), rng(6).normal(size=400), rng(7).uniform(0.1, 4.0, 400)
    order = rng(8).permutation(400)
    one, other = tallied(loss, slope, weight), tallied(loss[order], slope[order], weight[order])
    assert one.value == other.value
    assert one.std_error == other.std_error
    first, second = one.gradient(1.0), other.gradient(1.0)
    assert order[second.row_max_at - 1] == first.row_max_at - 1  # type: ignore[operator]
    for name in ("l1", "l2", "linf", "mean", "row_mean_abs", "row_rms", "row_max", "zero_share", "sign_balance"):
        assert getattr(first, name) == getattr(second, name)


def test_whole_weights_are_repeated_rows() -> None:
    loss, slope = rng().gamma(2.0, size=60), rng(6).normal(size=60)
    weight = rng(7).integers(1, 5, 60)
    weighted = tallied(loss, slope, weight.astype(float))
    repeated = tallied(np.repeat(loss, weight), np.repeat(slope, weight))
    assert weighted.value == repeated.value
    one, other = weighted.gradient(1.0), repeated.gradient(1.0)
    assert_allclose(one.row_rms, other.row_rms, rtol=1e-15)
    assert_allclose(one.mean, other.mean, rtol=1e-15)
    assert_allclose(one.l1, other.l1, rtol=1e-15)


def test_a_row_of_weight_zero_is_out_even_where_its_loss_is_infinite() -> None:
    loss, slope, weight = rng().gamma(2.0, size=30), rng(6).normal(size=30), rng(7).uniform(0.1, 4.0, 30)
    with_zero = tallied(
        np.insert(loss, 4, np.inf), np.insert(slope, 4, -np.inf), np.insert(weight, 4, 0.0), cuts=(3, 9)
    )
    without = tallied(loss, slope, weight)
    assert with_zero.value == without.value
    assert with_zero.std_error == without.std_error
    assert with_zero.rows.n == 30
    assert with_zero.tally.infinite == 0


def test_infinite_losses_are_counted_and_the_first_is_named() -> None:
    loss, slope = rng().gamma(2.0, size=30), rng(6).normal(size=30)
    loss[[11, 17, 29]] = np.inf
    moments = tallied(loss, slope, cuts=(12, 20))
    assert moments.value == math.inf
    assert moments.std_error is None
    assert moments.tally.infinite == 3
    assert moments.tally.first_infinite == 11


def test_the_first_of_equal_peaks_is_named_whatever_the_order() -> None:
    slope = np.array([0.5, -2.0, 1.0, 2.0, -2.0])
    assert tallied(np.ones(5), slope, cuts=(1, 3)).gradient(1.0).row_max_at == 2
    assert tallied(np.ones(5), slope, cuts=(2,)).gradient(1.0).row_max_at == 2


def test_a_variance_far_below_the_mean_is_found_and_right_after_centring() -> None:
    noise = rng().normal(size=1000)
    loss = 1e9 + noise
    moments = tallied(loss, np.ones(1000))
    assert moments.cancelled
    again = tallied(loss, np.ones(1000), cuts=(300,), center=moments.value)
    exact = [Fraction(each) for each in loss.tolist()]
    mean = sum(exact) / 1000
    variance = sum((each - mean) ** 2 for each in exact) / 999 / 1000
    assert_allclose(again.std_error, math.sqrt(variance), rtol=1e-12)
    assert again.value == moments.value
    assert not again.cancelled


def test_an_ordinary_variance_needs_no_second_pass() -> None:
    assert not tallied(rng().gamma(2.0, size=100), np.ones(100)).cancelled


def test_one_row_has_no_standard_error() -> None:
    assert tallied(np.array([2.5]), np.array([1.0])).std_error is None


def test_equal_losses_have_a_standard_error_of_zero() -> None:
    loss = np.full(10, 0.1)
    first = tallied(loss, np.ones(10))
    assert first.cancelled
    assert tallied(loss, np.ones(10), center=first.value).std_error == 0.0


def test_effective_rows() -> None:
    rows = WeightTally(weighted=True)
    rows.add(block_of(3, np.array([1.0, 1.0, 4.0])))
    assert rows.effective_rows == 2.0
    plain = WeightTally(weighted=False)
    plain.add(block_of(7))
    assert plain.effective_rows == 7.0


def test_the_norm_of_a_row_does_not_depend_on_the_rows_beside_it() -> None:
    slope = rng(8).normal(size=(400, 7))
    beside = np.vstack([slope, np.zeros((1, 7)), np.full((1, 7), 1e200), np.full((1, 7), 1e-200)])
    np.testing.assert_array_equal(row_norms(beside)[:400], row_norms(slope))
    assert_allclose(row_norms(beside)[400:], np.sqrt(7.0) * np.array([0.0, 1e200, 1e-200]), rtol=1e-15)
