"""What every kernel must do, and every fact of its row, on inputs drawn from the row."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from lossctl.core.losses.loss import ChosenLoss, Kind, Role
from lossctl.core.types import Array
from lossctl.engine.plan import Linear
from tests.each import Test, for_each_choice
from tests.sample import Sample
from tests.support import CASES, FAR, at_target, everyday, extreme, fact, far, somewhere, uses

every_case = for_each_choice(CASES)
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=3, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
"""Draws of up to 400 rows each, for every loss of a kind; a smaller seed would show nothing simpler."""


def cases_with(*roles: Role, convex: bool | None = None) -> Callable[[Test], Test]:
    found = [chosen for chosen in CASES if all(uses(chosen, role) for role in roles)]
    if convex is not None:
        found = [chosen for chosen in found if bool(chosen.fact("convex")) is convex]
    return for_each_choice(found)


def cases_of(kind: Kind, *roles: Role) -> Callable[[Test], Test]:
    return for_each_choice(one for one in CASES if one.loss.kind is kind and all(uses(one, role) for role in roles))


predicting = cases_with(Role.PREDICTION)
comparing = cases_with(Role.TARGET, Role.PREDICTION)


def generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def norm(slope: Array) -> Array:
    with np.errstate(over="ignore"):  # the slope of a logarithm at 1e-300
        return np.abs(slope) if slope.ndim == 1 else np.sqrt(np.square(slope).sum(axis=1))


def inner(slope: Array, step: Array) -> Array:
    product = slope * step
    return product if product.ndim == 1 else product.sum(axis=1)


# What a kernel gives


@few
@given(seed=seeds)
@every_case
def test_shapes_and_signs(chosen: ChosenLoss, seed: int) -> None:
    sample = extreme(chosen.loss, generator(seed))
    loss, slope = sample.compute(chosen)
    like = sample.prediction if sample.prediction is not None else sample.target
    assert loss.dtype == slope.dtype == np.float64
    assert loss.shape == like.shape[:1]
    assert slope.shape == like.shape
    for values in (loss, slope):
        assert not np.isnan(values).any()
        assert not (np.signbit(values) & (values == 0.0)).any(), "a negative zero would print as −0.0"


@few
@given(seed=seeds, cut=st.integers(1, 399))
@every_case
def test_a_row_knows_nothing_of_the_others(chosen: ChosenLoss, seed: int, cut: int) -> None:
    sample = extreme(chosen.loss, generator(seed))
    whole = sample.compute(chosen)
    parts = [sample.take(rows).compute(chosen) for rows in (slice(cut), slice(cut, cut + 1), slice(cut + 1, None))]
    for part, expected in zip(zip(*parts, strict=True), whole, strict=True):
        assert_array_equal(np.concatenate(part), expected)
    for mine, expected in zip(sample.take(slice(None, None, -3)).compute(chosen), whole, strict=True):
        assert_array_equal(mine, expected[::-3])


@every_case
def test_the_layout_in_memory_does_not_matter(chosen: ChosenLoss) -> None:
    sample = extreme(chosen.loss, generator(5))
    columns = (sample.target, sample.prediction)
    turned = Sample(*(None if v is None else np.asfortranarray(v) for v in columns), sample.context)
    for mine, expected in zip(turned.compute(chosen), sample.compute(chosen), strict=True):
        assert_array_equal(mine, expected)


@every_case
def test_inputs_are_left_alone(chosen: ChosenLoss) -> None:
    sample = everyday(chosen.loss, generator(6))
    inputs = [values for values in (sample.target, sample.prediction) if values is not None]
    for values in inputs:
        values.flags.writeable = False
    loss, slope = sample.compute(chosen)
    assert not np.shares_memory(loss, slope)
    for values in inputs:
        assert not np.shares_memory(loss, values)
        assert not np.shares_memory(slope, values)


@every_case
def test_no_rows(chosen: ChosenLoss) -> None:
    loss, slope = everyday(chosen.loss, generator(7)).take(slice(0, 0)).compute(chosen)
    assert len(loss) == len(slope) == 0


# Slopes


@few
@given(seed=seeds)
@predicting
def test_slope_is_the_derivative(chosen: ChosenLoss, seed: int) -> None:
    """A complex step where the kernel lets one through; central differences where it takes an absolute value."""
    sample = everyday(chosen.loss, generator(seed), rows=60)
    assert sample.prediction is not None
    slope = sample.compute(chosen)[1]
    columns = [...] if slope.ndim == 1 else [(..., k) for k in range(slope.shape[1])]
    for where in columns:
        step = np.zeros_like(sample.prediction)
        step[where] = 1.0
        loss = complex_step(chosen, sample, step)
        if np.iscomplexobj(loss):
            assert_allclose(slope[where], loss.imag / 1e-30, rtol=1e-12, atol=1e-15)  # log1p of complex is rounded so
        else:
            assert_allclose(slope[where], central(chosen, sample, step), rtol=1e-6, atol=1e-6)


def complex_step(chosen: ChosenLoss, sample: Sample, step: Array) -> Array | None:
    try:
        return sample.with_prediction(sample.prediction + 1e-30j * step).compute(chosen)[0]
    except TypeError:  # the kernel takes a sign, which complex numbers have none of
        return None


def central(chosen: ChosenLoss, sample: Sample, step: Array) -> Array:
    size = 1e-6
    ahead, behind = (sample.with_prediction(sample.prediction + way * size * step) for way in (1.0, -1.0))
    found = (ahead.compute(chosen)[0] - behind.compute(chosen)[0]) / (2.0 * size)
    for kink in chosen.fact("kinks"):  # a difference across a kink is no derivative
        columns = sample.prediction.reshape(len(found), -1)
        located = columns[:, :1] if chosen.loss.kind is Kind.PARAMETRIC else columns
        residuals = located - sample.target.reshape(len(found), -1)
        if chosen.loss.across:  # of ordered categories those of the cumulated shares
            residuals = np.cumsum(residuals, axis=1)
        across = (np.abs(residuals - kink) <= size).any(axis=1)
        found[across] = inner(sample.compute(chosen)[1], step)[across]
    return found


@every_case
def test_a_loss_without_prediction_has_no_slope(chosen: ChosenLoss) -> None:
    if uses(chosen, Role.PREDICTION):
        return
    assert not everyday(chosen.loss, generator(8)).compute(chosen)[1].any()
    assert chosen.fact("lipschitz") == chosen.fact("smoothness") == 0.0


@comparing
def test_slope_at_a_kink_is_the_subgradient_of_least_norm(chosen: ChosenLoss) -> None:
    if chosen.loss.kind is Kind.DISTRIBUTION:
        return
    for kink in chosen.fact("kinks"):
        binary = chosen.loss.kind is Kind.BINARY  # kinks are residuals; of labels, margins, (2y − 1)ŷ
        side = 1.0 if not binary or chosen.loss.prediction.contains(np.array([kink]))[0] else -1.0
        target, start = (0.5 + 0.5 * side, 0.0) if binary else [somewhere(chosen.loss)] * 2
        here, left, right = (slope_at(chosen, target, start + side * kink + shift) for shift in (0.0, -1e-9, 1e-9))
        assert left != right, "a kink is where the slope jumps"
        assert here == min(max(0.0, min(left, right)), max(left, right)), "downwards too: the limits and all between"


@cases_of(Kind.DISTRIBUTION, Role.TARGET, Role.PREDICTION)
def test_slope_jumps_at_the_target_where_a_kink_is_declared_and_there_alone(chosen: ChosenLoss) -> None:
    sample = everyday(chosen.loss, generator(15))
    step = 1e-7 * (everyday(chosen.loss, generator(16)).target - sample.target)
    ahead, here, behind = (
        inner(sample.with_prediction(sample.target + way * step).compute(chosen)[1], step / norm(step)[:, None])
        for way in (1.0, 0.0, -1.0)
    )
    jumps = np.abs(ahead - behind) > 0.1
    if chosen.fact("kinks") == (0.0,):
        assert jumps.all()
        assert not here.any()
    else:
        assert not jumps.any()


def slope_at(chosen: ChosenLoss, target: float, prediction: float) -> float:
    """Return the slope by a prediction; of several numbers by the first: a location beside a scale of 1, a quantile."""
    if chosen.loss.kind in {Kind.INTERVAL, Kind.QUANTILES, Kind.ENSEMBLE}:
        sample = everyday(chosen.loss, generator(14), rows=1)
        sample.target[0], sample.prediction[0, 0] = target, prediction
        return sample.compute(chosen)[1][0, 0]
    forecast = [[prediction, 1.0]] if chosen.loss.kind is Kind.PARAMETRIC else [prediction]
    return chosen.compute(np.array([target]), np.array(forecast))[1].flat[0]


@cases_of(Kind.REAL, Role.TARGET, Role.PREDICTION)
def test_no_kink_is_left_out(chosen: ChosenLoss) -> None:
    """A slope jumps at 0 or where a parameter says, or nowhere."""
    numbers = [float(value) for value in chosen.params.values() if isinstance(value, (int, float))]
    places = np.array(sorted({0.0, *numbers, *(-number for number in numbers)}))
    target = np.full_like(places, somewhere(chosen.loss))
    ahead, behind = (chosen.compute(target, target + places + way * 1e-9)[1] for way in (1.0, -1.0))
    jump = np.abs(ahead - behind) > 1e-5 * np.maximum(1.0, np.abs(ahead))
    jumps = places[chosen.loss.prediction.contains(target + places - 1e-9) & jump]
    assert sorted(chosen.fact("kinks")) == list(jumps)


# Facts


@few
@given(seed=seeds, share=st.floats(0.05, 0.95))
@cases_with(Role.PREDICTION, convex=True)
def test_convex(chosen: ChosenLoss, seed: int, share: float) -> None:
    assert bends_upwards(chosen, everyday(chosen.loss, generator(seed)), seed, share)


@cases_with(Role.PREDICTION, convex=False)
def test_not_convex(chosen: ChosenLoss) -> None:
    """Some are convex near the target, and some distributions but where an event is certain."""
    draws = [everyday, far, *([extreme] if chosen.loss.kind is Kind.DISTRIBUTION else [])]
    tries = ((draw, seed, share) for seed in range(20) for share in (0.2, 0.5, 0.9) for draw in draws)
    assert not all(
        bends_upwards(chosen, draw(chosen.loss, generator(seed)), seed, share) for draw, seed, share in tries
    )


def bends_upwards(chosen: ChosenLoss, one: Sample, seed: int, share: float) -> bool:
    """Return whether the loss lies below its chords and above its tangents."""
    other = one.with_prediction(generator(seed + 1).permutation(one.prediction))
    between = one.with_prediction(share * one.prediction + (1.0 - share) * other.prediction)
    (first, slope), (second, _) = one.compute(chosen), other.compute(chosen)
    chord = share * first + (1.0 - share) * second
    slack = 1e-12 * (1.0 + np.abs(first) + np.abs(second))
    below = between.compute(chosen)[0] <= chord + slack + 1e-12 * np.where(np.isfinite(norm(slope)), norm(slope), 0.0)
    with np.errstate(invalid="ignore"):  # an infinite slope by two events may come to nothing
        tangent = first + inner(slope, other.prediction - one.prediction)
    above = (tangent <= second + slack + 1e-12 * norm(slope)) | ~np.isfinite(norm(slope))
    return bool((below & above).all())


@predicting
def test_lipschitz(chosen: ChosenLoss) -> None:
    sample = far(chosen.loss, generator(9))
    bound = fact(chosen, "lipschitz", sample)
    steepest = norm(sample.compute(chosen)[1]).max()
    if chosen.loss.across:  # along its own slope a prediction goes to where it is steepest
        for _ in range(8):
            slope = sample.compute(chosen)[1]
            sample = sample.with_prediction(sample.target + 1e-3 * slope / norm(slope)[:, None])
        steepest = max(steepest, norm(slope).max())
    if bound is not None and chosen.loss.kind is not Kind.GROUPED:
        steepest = max(steepest, norm(extreme(chosen.loss, generator(9)).compute(chosen)[1]).max())
    if chosen.loss.kind is Kind.REAL and chosen.fact("kinks"):  # a slope may be steepest just before it jumps
        close = np.array([kink * side for kink in chosen.fact("kinks") for side in (0.999, 1.001)])
        target = np.full_like(close, somewhere(chosen.loss))
        steepest = max(steepest, np.abs(chosen.compute(target, target + close)[1]).max())
    if bound is None:
        assert steepest > 1e6 or "bounded" in chosen.loss.facts.note
    else:
        assert_allclose(steepest, bound, rtol=1e-2)
        assert steepest <= bound * (1.0 + 1e-15)


@predicting
def test_smooth(chosen: ChosenLoss) -> None:
    """The slope changes by at most the smoothness times the step, and somewhere by that much."""
    rng = generator(10)
    one = far(chosen.loss, rng, rows=4000)
    bound = fact(chosen, "smoothness", one)
    factor = 1.0 + 10.0 ** rng.uniform(-6, -1, one.prediction.shape)
    if one.prediction.ndim > 1:  # a slope may change fastest where one value grows and another falls
        factor = factor ** rng.choice([-1.0, 1.0], one.prediction.shape)
    moved = one.prediction * factor
    moved = np.where(chosen.loss.prediction.contains(moved), moved, one.prediction / factor)
    steps = norm(moved - one.prediction)
    with np.errstate(invalid="ignore"):  # where both slopes are infinite their difference says nothing
        change = norm(one.with_prediction(moved).compute(chosen)[1] - one.compute(chosen)[1])
    kinks = len(chosen.fact("kinks"))
    if bound is None:
        said = any(word in chosen.loss.facts.note for word in ("bounded", "jumps", "Kinks"))
        assert kinks or said or np.nanmax(change[steps > 0] / steps[steps > 0]) > 1e6
    else:
        assert not kinks
        assert (change <= bound * steps * (1.0 + 1e-12) + 1e-9 * norm(one.compute(chosen)[1])).all()
        fastest = (change[steps > 0] / steps[steps > 0]).max()
        if one.prediction.ndim > 1 and bound > 0.0:
            fastest = max(fastest, fastest_change(chosen, one, moved))
        assert fastest >= 0.99 * bound


def fastest_change(chosen: ChosenLoss, one: Sample, moved: Array) -> float:
    """Go the way the slope changed, again and again: that leads to where it changes fastest."""
    size = 1e-3 * norm(one.prediction)
    start = one.compute(chosen)[1]
    for _ in range(12):
        way = one.with_prediction(moved).compute(chosen)[1] - start
        moved = one.prediction + way * (size / np.maximum(norm(way), 1e-300))[:, None]
    step = norm(moved - one.prediction)
    return (norm(one.with_prediction(moved).compute(chosen)[1] - start)[step > 0] / step[step > 0]).max()


@few
@given(seed=seeds)
@every_case
def test_bounds(chosen: ChosenLoss, seed: int) -> None:
    for sample in (everyday(chosen.loss, generator(seed)), extreme(chosen.loss, generator(seed))):
        low, high = fact(chosen, "low", sample), fact(chosen, "high", sample)
        loss = sample.compute(chosen)[0]
        assert low is None or (loss >= low).all()
        assert high is None or (loss <= high * (1.0 + 1e-15)).all()  # of inputs that sum to 1 within rounding


@every_case
def test_bounds_are_reached(chosen: ChosenLoss) -> None:
    sample = extreme(chosen.loss, generator(11))
    low, high = fact(chosen, "low", sample), fact(chosen, "high", sample)
    loss = sample.compute(chosen)[0]
    if low is not None:
        assert_allclose(loss.min(), low, atol=1e-9)
    if high is not None:
        assert_allclose(loss.max(), high, rtol=1e-2)
    elif uses(chosen, Role.PREDICTION) and "loss is bounded" not in chosen.loss.facts.note:
        assert loss.max() > 50.0  # a logarithm of 1e300 is no larger


@few
@given(seed=seeds)
@comparing
def test_minimum_at_target(chosen: ChosenLoss, seed: int) -> None:
    sample = everyday(chosen.loss, generator(seed))
    least = at_target(chosen.loss, sample).compute(chosen)[0]
    further = at_target(chosen.loss, sample, 1.01 * FAR)  # of scores: no minimum is there, where more is better yet
    others = [other.compute(chosen)[0] for other in (sample, further)]
    assert all((least <= other + 1e-14 * np.abs(other)).all() for other in others) == chosen.fact("minimum_at_target")


@few
@given(seed=seeds)
@comparing
def test_slope_vanishes_at_target(chosen: ChosenLoss, seed: int) -> None:
    sample = everyday(chosen.loss, generator(seed))
    slope = at_target(chosen.loss, sample).compute(chosen)[1]
    rounding = 1e-15 * norm(sample.compute(chosen)[1]).max() if chosen.fact("slope_vanishes") else 0.0
    assert (np.abs(slope) <= rounding).all() == chosen.fact("slope_vanishes")


@every_case
def test_a_row_says_whether_it_is_least_at_the_target_if_it_is_compared_with_one(chosen: ChosenLoss) -> None:
    compared = uses(chosen, Role.TARGET) and uses(chosen, Role.PREDICTION)
    for name in ("minimum_at_target", "slope_vanishes"):
        assert (chosen.fact(name) is not None) == compared
    assert chosen.fact("convex") is not None


@given(residual=st.floats(-1e308, 1e308))
@cases_of(Kind.REAL, Role.TARGET, Role.PREDICTION)
def test_symmetric_in_the_residual(chosen: ChosenLoss, residual: float) -> None:
    if chosen.fact("symmetric") and chosen.loss.task not in {"relative", "counts"}:  # which take no negative numbers
        loss, slope = chosen.compute(np.zeros(2), np.array([residual, -residual]))
        assert loss[0] == loss[1]
        assert slope[0] == -slope[1]


@comparing
def test_symmetric(chosen: ChosenLoss) -> None:
    """Target and prediction change places; a scale stays where it is."""
    if chosen.fact("symmetric") is None:
        return
    sample = everyday(chosen.loss, generator(12))
    back = sample.target.copy()
    location = sample.prediction
    if chosen.loss.kind is Kind.PARAMETRIC:
        location, back = location[:, 0], np.column_stack([back, location[:, 1]])
    turned = Sample(location, back)
    forth, back = sample.compute(chosen)[0], turned.compute(chosen)[0]
    if chosen.fact("symmetric"):
        assert_allclose(forth, back, rtol=1e-12)
    else:
        assert np.abs(forth - back).max() > 1e-3


# Distributions in both shapes


@few
@given(seed=seeds)
@cases_of(Kind.DISTRIBUTION)
def test_down_the_file_is_the_same_distribution(chosen: ChosenLoss, seed: int) -> None:
    if chosen.loss.across:
        return
    for sample in (everyday(chosen.loss, generator(seed), rows=8), extreme(chosen.loss, generator(seed), rows=8)):
        loss, slope = sample.compute(chosen)
        for row in range(8):
            terms, term_slopes = Sample(
                *(None if values is None else values[row].copy() for values in (sample.target, sample.prediction))
            ).compute(chosen)
            parts = np.atleast_2d(terms)  # of which there may be several
            totals = tuple(math.fsum(part) if np.isfinite(part).all() else float(part.sum()) for part in parts)
            if math.isinf(totals[0]) and math.isfinite(loss[row]):
                continue  # the logarithm of a sum that is past every float64
            value, factors = chosen.finish(totals)
            if factors == (1.0,):
                assert_array_equal(term_slopes, slope[row])
            elif math.isfinite(value):
                with np.errstate(over="ignore"):
                    chained = Linear(value, factors).combine(np.atleast_2d(term_slopes))
                assert_allclose(chained, slope[row], rtol=1e-12, atol=1e-300)
            assert value >= chosen.fact("low"), "also where p and q miss a sum of 1 by their rounding"
            assert_allclose(value, loss[row], rtol=1e-12, atol=1e-14 if len(parts) == 1 else 1e-26)
