"""What is special about distances between distributions: how they hang together, and their limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from mpmath import mp
from numpy.testing import assert_allclose
from scipy.spatial import distance

import lossctl
from lossctl.core.errors import UsageError
from lossctl.core.types import Array
from lossctl.losses import LOSSES, choose
from tests.oracles.formulas import FORMULAS
from tests.support import everyday


def pair() -> tuple[Array, Array]:
    sample = everyday(LOSSES["kl_divergence"], np.random.default_rng(8))
    assert sample.target is not None
    assert sample.prediction is not None
    return sample.target, sample.prediction


def value(name: str, p: Array, q: Array, /, **params: float) -> Array:
    return LOSSES[name].choose(**params).compute(p, q)[0]


def test_a_small_distance_has_its_digits_where_scipy_has_none() -> None:
    p = np.array([[0.3, 0.7]])
    q = p + np.array([[2.0**-40, -(2.0**-40)]])
    with mp.workdps(60):
        (a, b), (c, d) = ([mp.mpf(float(x)) for x in row[0]] for row in (p, q))
        terms = [x * mp.log(2 * x / (x + y)) + y * mp.log(2 * y / (x + y)) for x, y in ((a, c), (b, d))]
        true = float(mp.sqrt(mp.fsum(terms) / 2))
    assert abs(distance.jensenshannon(p[0], q[0]) / true - 1.0) > 1e-6
    assert_allclose(value("jensen_shannon_distance", p, q, base=math.e), true, rtol=1e-14)


@pytest.mark.parametrize("name", ["renyi", "tsallis", "alpha_divergence"])
@pytest.mark.parametrize("gap", [1e-3, 1e-9, -1e-9, 1e-15])
def test_order_one_is_kullback_leibler(name: str, gap: float) -> None:
    p, q = pair()
    order, base = ("q", {}) if name == "tsallis" else ("alpha", {})
    base = {"base": math.e} if name == "renyi" else base
    expected = value("kl_divergence", p, q, base=math.e)
    assert_allclose(value(name, p, q, **{order: 1.0 + gap}, **base), expected, rtol=20 * abs(gap) + 1e-13)


def test_the_family() -> None:
    p, q = pair()
    squared = value("squared_hellinger", p, q)
    assert_allclose(value("hellinger", p, q) ** 2, squared, rtol=1e-14)
    assert_allclose(value("alpha_divergence", p, q, alpha=0.5), 4.0 * squared, rtol=1e-14)
    assert_allclose(value("alpha_divergence", p, q, alpha=2.0), 0.5 * value("chi_square", p, q), rtol=1e-13)
    assert_allclose(value("tsallis", p, q, q=2.0), value("chi_square", p, q), rtol=1e-12)
    assert_allclose(value("bhattacharyya", p, q, base=math.e), -np.log1p(-squared), rtol=1e-12)
    forth, back = value("kl_divergence", p, q), value("reverse_kl", p, q)
    assert_allclose(value("jeffreys", p, q), forth + back, rtol=1e-13)
    assert_allclose(back, value("kl_divergence", q, p), rtol=0.0)
    assert_allclose(value("energy_distance", p, q), np.sqrt(2.0 * value("cramer", p, q)), rtol=1e-14)


def test_inequalities() -> None:
    p, q = pair()
    total, squared = value("total_variation", p, q), value("squared_hellinger", p, q)
    assert (squared <= total).all()
    assert (total <= np.sqrt(2.0 * squared)).all()
    assert (2.0 * total**2 <= value("kl_divergence", p, q, base=math.e)).all(), "Pinsker"
    assert (total <= value("wasserstein1", p, q) + 1e-15).all(), "categories lie at least one apart"


def test_convex_distances_with_a_kink_have_slope_zero_at_it() -> None:
    p, _ = pair()
    for name in ("hellinger", "jensen_shannon_distance", "energy_distance", "total_variation", "wasserstein1"):
        loss, slope = LOSSES[name].choose().compute(p, p.copy())
        assert not loss.any(), name
        assert not slope.any(), name


@pytest.mark.parametrize("q", [1e-300, 1e-309, 1e-320, 5e-324])
def test_jensen_shannon_of_an_event_that_is_all_but_left_out(q: float) -> None:
    loss, slope = LOSSES["jensen_shannon"].choose(base=math.e).compute(np.array([[0.5, 0.5]]), np.array([[q, 1.0]]))
    assert_allclose(slope[0, 0], 0.5 * (math.log(q) - math.log(0.25)), rtol=1e-15)
    assert_allclose(loss, 0.75 * math.log(4.0 / 3.0), rtol=1e-15)


def test_jensen_shannon_keeps_the_last_digits_at_every_distance() -> None:
    t = np.rint(np.geomspace(1e-3, 0.9, 200) * 2.0**30) / 2.0**30  # so that 1 ± t is not rounded
    found = LOSSES["jensen_shannon"].choose(base=math.e).compute(1.0 - t, 1.0 + t)[0]  # the mean of each pair is 1
    with mp.workdps(40):
        true = [float(((1 - x) * mp.log(1 - x) + (1 + x) * mp.log(1 + x)) / 2) for x in map(mp.mpf, t.tolist())]
    assert_allclose(found, true, rtol=1e-15)


def test_a_high_power_of_a_ratio_does_not_multiply_its_rounding() -> None:
    p, q = np.random.default_rng(8).uniform(0.1, 0.9, (2, 300))
    slope = LOSSES["tsallis"].choose(q=37.0).compute(p, q)[1]
    with mp.workdps(40):
        true = [-float((mp.mpf(a) / mp.mpf(b)) ** 37) for a, b in zip(p.tolist(), q.tolist(), strict=True)]
    assert_allclose(slope, true, rtol=6e-16)


@pytest.mark.parametrize("p", [1e-301, 1e-309, 1e-316, 1e-318])
def test_a_power_of_a_ratio_that_has_few_digits(p: float) -> None:
    slope = LOSSES["tsallis"].choose(q=0.37).compute(np.array([p]), np.array([0.3]))[1]
    with mp.workdps(40):
        true = -float((mp.mpf(p) / mp.mpf(0.3)) ** mp.mpf(0.37))
    assert_allclose(slope, true, rtol=1e-14)


def test_energy_distance_of_distributions_that_differ_by_less_than_a_square_can_hold() -> None:
    p = np.array([[0.0, 0.0, 1.0]])
    for size in (1e-30, 1e-125, 1e-162, 1e-300):
        loss, slope = LOSSES["energy_distance"].choose().compute(p, np.array([[3.0 * size, size, 1.0]]))
        assert_allclose(loss, np.sqrt(50.0) * size, rtol=1e-14)
        assert_allclose(slope, np.sqrt(2.0) * np.array([[1.4, 0.8, 0.0]]), rtol=1e-14)


@pytest.mark.parametrize("name", [name for name, loss in LOSSES.items() if loss.across])
def test_order_matters_to_ordered_categories(name: str) -> None:
    p, near, far = np.array([[1.0, 0, 0]]), np.array([[0, 1.0, 0]]), np.array([[0, 0, 1.0]])
    assert value(name, p, near)[0] < value(name, p, far)[0]
    assert value(name, np.ones((1, 1)), np.ones((1, 1)))[0] == 0.0


SPREAD = np.array([1.0, -2.0, 3.0, -1.0, -1.0])
"""What one distribution of a pair has over the other, event by event; it adds up to 0."""


@pytest.mark.parametrize("chosen", ["renyi", "renyi(alpha=2.6,base=e)", "renyi(alpha=0.37)", "bhattacharyya"])
@pytest.mark.parametrize("gap", [2.0**-20, 2.0**-33, 2.0**-50])
def test_down_the_file_a_small_divergence_has_its_digits(chosen: str, gap: float) -> None:
    p = np.array([0.5, 0.25, 0.125, 0.0625, 0.0625])
    q = p + gap * SPREAD  # the numbers are whole multiples of 2⁻⁵⁶, so that both sum to 1
    (one,) = choose([chosen])
    (result,) = lossctl.evaluate({"p": p, "q": q}, chosen)
    with mp.workdps(60):
        of_p, of_q = ([mp.mpf(value) for value in values.tolist()] for values in (p, q))
        true = float(FORMULAS[one.loss.id](of_p, of_q, **{k: mp.mpf(v) for k, v in one.params.items()}))
    assert 0.0 < true < 200.0 * gap**2
    assert_allclose(result.value, true, rtol=4e-16)
    slope = one.compute(p[None], q[None])[1]
    assert_allclose(result.gradient.l2, np.sqrt(np.square(slope).sum()), rtol=1e-14)
    assert result.gradient.sign_balance == -1.0


def test_down_the_file_a_sum_that_misses_one_is_no_divergence() -> None:
    p = np.array([0.3, 0.3, 0.4 - 3e-7])
    assert [one.value for one in lossctl.evaluate({"p": p, "q": p}, "renyi(alpha=0.37,2.6),bhattacharyya")] == [0.0] * 3


def test_down_the_file_no_event_in_common_is_infinitely_far() -> None:
    apart = {"p": np.array([0.5, 0.5, 0.0]), "q": np.array([0.0, 0.0, 1.0])}
    for name in ("renyi(alpha=0.5)", "renyi(alpha=2)", "bhattacharyya"):
        (result,) = lossctl.evaluate(apart, name)
        assert (result.value, result.status, result.gradient.linf) == (math.inf, "inf", math.inf)
        assert (result.gradient.zero_share, result.gradient.row_max_at) == (1 / 3, 1)


def test_down_the_file_the_event_that_makes_a_divergence_infinite_is_named() -> None:
    results = lossctl.evaluate({"p": np.array([0.5, 0.5, 0.0]), "q": np.array([0.25, 0.0, 0.75])}, "renyi(alpha=2)")
    assert results[0].value == math.inf
    assert "infinite in 1 of 3 rows (first: <frame> row 2)" in results.warnings[0]


def test_down_the_file_weights_multiply_the_terms_of_the_sum() -> None:
    p, q = np.array([0.125, 0.375, 0.5]), np.array([0.25, 0.5, 0.25])
    weight = np.array([0.75, 0.25, 1.0])
    (result,) = lossctl.evaluate({"p": p, "q": q, "w": weight}, "squared_hellinger", weight="w")
    assert_allclose(result.value, 0.5 * (weight * np.square(np.sqrt(p) - np.sqrt(q))).sum(), rtol=1e-14)
    for name in ("kl", "reverse_kl", "renyi", "tsallis", "bhattacharyya"):
        with pytest.raises(UsageError, match="is of a whole distribution: its events, one a row, take no weights"):
            lossctl.evaluate({"p": p, "q": q, "w": weight}, name, weight="w")


@pytest.mark.parametrize("chosen", ["renyi(alpha=2.6)", "renyi(alpha=0.37)", "bhattacharyya"])
@pytest.mark.parametrize("q", [[0.25, 0.75 + 2.0**-26], [1e-20, 1.0]], ids=["misses one", "hardly any in common"])
def test_down_the_file_two_events_by_fifty_digits(chosen: str, q: list[float]) -> None:
    p = [0.25 + 2.0**-20, 0.75 - 2.0**-20] if q[1] < 1.0 else [1.0, 0.0]
    (one,) = choose([chosen])
    with mp.workdps(50):
        params = {name: mp.mpf(value) for name, value in one.params.items()}
        true = float(FORMULAS[one.loss.id](list(map(mp.mpf, p)), list(map(mp.mpf, q)), **params))
    (result,) = lossctl.evaluate({"p": np.array(p), "q": np.array(q)}, chosen)
    assert_allclose(result.value, max(true, 0.0), rtol=1e-14)


@pytest.mark.parametrize(
    ("p", "q"),
    [([1e-3, 1.0 - 1e-3], [1e-150, 1.0]), ([0.5, 0.5], [1.0, 3e-180]), ([6.1e-7, 1.0 - 6.1e-7], [1.7e-125, 1.0])],
)
def test_down_the_file_a_slope_is_finite_where_the_divergence_is(p: list[float], q: list[float]) -> None:
    (one,) = choose(["renyi(alpha=2.6)"])
    (result,) = lossctl.evaluate({"p": np.array(p), "q": np.array(q)}, "renyi(alpha=2.6)")
    loss, slope = one.compute(np.array([p]), np.array([q]))
    assert_allclose(result.value, loss[0], rtol=1e-14)
    with mp.workdps(50):
        ratios = [(mp.mpf(a) / mp.mpf(b)) ** mp.mpf(2.6) for a, b in zip(p, q, strict=True)]
        total = mp.fsum(b * ratio for b, ratio in zip(map(mp.mpf, q), ratios, strict=True))
        assert_allclose(slope[0], [-float(ratio / total / mp.log(2)) for ratio in ratios], rtol=1e-12)
    assert_allclose([result.gradient.linf, result.gradient.l1], [np.abs(slope).max(), np.abs(slope).sum()], rtol=1e-12)


def _by_sixty_digits(name: str, p: list[float], q: list[float]) -> float:
    """Compute a distance by its definition."""
    with mp.workdps(60):
        pairs = [(mp.mpf(a), mp.mpf(b)) for a, b in zip(p, q, strict=True)]
        if name == "hellinger":
            return float(mp.sqrt(mp.fsum((mp.sqrt(a) - mp.sqrt(b)) ** 2 for a, b in pairs) / 2))
        terms = [one * mp.log(2 * one / (a + b), 2) for a, b in pairs for one in (a, b) if one > 0]
        return float(mp.sqrt(mp.fsum(terms) / 2))


@pytest.mark.parametrize("name", ["hellinger", "jensen_shannon_distance"])
@pytest.mark.parametrize(("a", "b"), [(3e-310, 7e-310), (1.2e-320, 0.0), (0.0, 1.5e-322), (5e-324, 1e-323)])
def test_the_least_probabilities_have_a_distance_with_all_its_digits(name: str, a: float, b: float) -> None:
    """In a row, beside ordinary rows, and down the file; its slope is that of probabilities 2^600 as large."""
    p, q = [0.75, 0.25 + a, a], [0.75, 0.25 + b, b]
    expected = _by_sixty_digits(name, p, q)
    (chosen,) = choose([name])
    others = [[0.5, 0.25, 0.25], [0.2, 0.3, 0.5]]
    loss, slope = chosen.compute(np.array([p, others[0]]), np.array([q, others[1]]))
    assert_allclose(loss[0], expected, rtol=1e-14)
    apart = chosen.compute(np.array([others[0]]), np.array([others[1]]))
    assert (loss[1], slope[1].tolist()) == (apart[0][0], apart[1][0].tolist())
    larger = chosen.compute(np.ldexp([[a, 1.0]], 600), np.ldexp([[b, 1.0]], 600))[1]
    assert_allclose(slope[0, 2], np.ldexp(larger[0, 0], 300), rtol=1e-13)
    (found,) = lossctl.evaluate({"p": np.array(p), "q": np.array(q)}, name, target="p", prediction="q")
    assert_allclose(found.value, expected, rtol=1e-14)
    if b > 0.0:
        assert_allclose(found.gradient.linf, abs(slope[0, 2]), rtol=1e-13)
