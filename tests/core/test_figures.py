"""Figures of many slices at once are those of the moments of each, to the bit, or said to be in doubt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossctl.core.exact import double_double as doubles
from lossctl.core.exact.rounding import round_fraction, sqrt_fraction
from lossctl.core.losses.loss import Reduction
from lossctl.core.rows.block import Batch, Block
from lossctl.core.types import Array
from lossctl.engine.accumulators.moment_columns import Figures, Units, figures_of
from lossctl.engine.accumulators.tallies import LossTallies, WeightTallies

CODES = 60


def tallied(loss: Array, slope: Array, codes: Array, weight: Array | None = None) -> tuple[LossTallies, WeightTallies]:
    block = Block(None, None, weight, Batch({}, 0, len(loss)), None)
    rows, tally = WeightTallies(weight is not None), LossTallies(weight is not None)
    rows.add(weight, codes)
    tally.add(loss, slope, block, codes)
    return tally, rows


def share_in_doubt(tally: LossTallies, rows: WeightTallies) -> float:
    """Compare every figure that is not in doubt with that of the moments; say how many codes are."""
    rows.n.reserve(CODES)
    n = rows.n.array[:CODES]
    found = figures_of(tally, Units(rows, n, n), CODES)
    known = np.flatnonzero((n > 0) & ~found.doubtful)
    for code in known.tolist():
        moments = tally.of(code, int(n[code])).moments(rows.of(code), Reduction.MEAN)
        gradient = moments.gradient(1.0)
        for each in fields(Figures):
            if each.name == "doubtful":
                continue
            given = getattr(found, each.name)[code]
            truth = getattr(moments if hasattr(moments, each.name) else gradient, each.name)
            assert (None if np.isnan(given) else given) == truth, each.name
    return 1.0 - len(known) / np.count_nonzero(n)


SAMPLES: dict[str, Callable[[np.random.Generator, int], tuple[Array, Array]]] = {
    "squares": lambda rng, n: (rng.normal(size=n) ** 2, 2.0 * rng.normal(size=n)),
    "signs": lambda rng, n: (np.abs(rng.normal(size=n)), rng.choice([-1.0, 0.0, 1.0], n)),
    "few bits": lambda rng, n: (rng.integers(0, 9, n) / 8.0, rng.integers(-9, 9, n) / 8.0),
    "vectors": lambda rng, n: (rng.gamma(2.0, size=n), rng.normal(size=(n, 3)) * (rng.random((n, 3)) < 0.8)),
    "nothing": lambda _, n: (np.zeros(n), np.zeros(n)),
    "wide": lambda rng, n: (np.exp(9.0 * rng.normal(size=n)), np.exp(30.0 * rng.normal(size=n))),
    "infinite": lambda rng, n: (np.where(rng.random(n) < 0.01, np.inf, 1.0 + rng.random(n)), rng.normal(size=n)),
    "extreme": lambda rng, n: (np.exp(200.0 * rng.normal(size=n)), np.exp(300.0 * rng.normal(size=n))),
}


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rows", [70, 900])
def test_figures_are_those_of_the_moments_or_in_doubt(name: str, rows: int, *, weighted: bool) -> None:
    rng = np.random.default_rng(rows)
    with np.errstate(over="ignore"):
        loss, slope = SAMPLES[name](rng, rows)
    weight = rng.uniform(0.2, 3.0, rows) if weighted else None
    doubt = share_in_doubt(*tallied(loss, slope, rng.integers(0, CODES, rows), weight))
    assert doubt <= {"extreme": 1.0, "infinite": 0.5, "wide": 0.1}.get(name, 0.1 if rows > 100 else 0.5)


finite = st.floats(min_value=-1e60, max_value=1e60).filter(lambda x: x == 0.0 or abs(x) > 1e-60)
numbers = st.lists(st.tuples(finite, finite, finite), min_size=1, max_size=20)


def pair(values: list[tuple[float, float, float]], place: int, vague: float = 0.0) -> doubles.Doubles:
    """Make numbers of 106 bits, a double and something below its last bit, known to a share `vague` of them."""
    high = np.array([each[place] for each in values])
    high, low = doubles.two_sum(high, high * 2.0**-54 * np.array([np.tanh(each[2]) for each in values]))
    return doubles.Doubles(high, low, np.abs(high) * vague)


def truth(number: doubles.Doubles, place: int, off: int = 0) -> Fraction:
    """Return a number, or the ends of what it may be."""
    exact = Fraction(float(number.high[place])) + Fraction(float(number.low[place]))
    return exact + off * Fraction(float(number.bound[place]))


@given(numbers, st.sampled_from([0.0, 2.0**-90, 2.0**-60]), st.sampled_from([-1, 1]), st.sampled_from([-1, 1]))
def test_no_error_is_larger_than_its_bound(
    values: list[tuple[float, float, float]], vague: float, one: int, other: int
) -> None:
    a, b = pair(values, 0, vague), pair(values, 1, vague)
    some = replace_zero(b)
    with np.errstate(all="ignore"):
        made = {"add": doubles.add(a, b), "multiply": doubles.multiply(a, b), "divide": doubles.divide(a, some)}
    for place in range(len(values)):
        x, y = truth(a, place, one), truth(b, place, other)
        expected = {"add": x + y, "multiply": x * y, "divide": x / truth(some, place, other)}
        for name, number in made.items():
            assert abs(truth(number, place) - expected[name]) <= Fraction(float(number.bound[place])), name
            if doubles.is_rounded(number)[place] and doubles.is_safe(number)[place]:
                assert number.high[place] == round_fraction(expected[name]), name


def replace_zero(number: doubles.Doubles) -> doubles.Doubles:
    return doubles.Doubles(np.where(number.high == 0.0, 3.0, number.high), number.low, number.bound)


@given(numbers)
def test_a_root_is_within_its_bound(values: list[tuple[float, float, float]]) -> None:
    a = pair([(abs(x), y, z) for x, y, z in values], 0)
    found = doubles.root(a)
    for place in range(len(values)):
        x, made, bound = truth(a, place), truth(found, place), Fraction(float(found.bound[place]))
        assert (made - bound) ** 2 <= x <= (made + bound) ** 2
        if doubles.is_rounded(found)[place]:
            assert found.high[place] == sqrt_fraction(x)


def test_a_quotient_by_a_power_of_two_is_exact() -> None:
    half_way = doubles.Doubles(np.array([1.0]), np.array([2.0**-53]), np.zeros(1))
    found = doubles.divide(half_way, doubles.exactly(np.array([4.0])))
    assert doubles.is_rounded(found).all()
    assert found.high.tolist() == [0.25]  # ties to even
    vague = replace_bound(half_way)
    assert not doubles.is_rounded(doubles.divide(vague, doubles.exactly(np.array([4.0])))).any()


@given(st.one_of(st.integers(2**53, 2**54 - 1), st.integers(2**54, 2**84)), st.integers(1, 10**6), st.integers(-2, 2))
def test_a_mean_that_lies_half_way_is_known_to(mean: int, count: int, off: int) -> None:
    total = mean * count + off
    high = float(total)
    exact = doubles.Doubles(np.array([high]), np.array([float(total - int(high))]), np.zeros(1))
    found = doubles.divide(exact, doubles.exactly(np.array([float(count)])))
    assert abs(truth(found, 0) - Fraction(total, count)) <= Fraction(float(found.bound[0]))
    if off == 0:
        assert found.bound[0] == 0.0
    if doubles.is_rounded(found)[0]:
        assert found.high[0] == round_fraction(Fraction(total, count))


def test_a_quotient_that_leaves_something_below_what_is_looked_at_is_not_taken_for_exact() -> None:
    high = [float.fromhex(each) for each in ("0x1.55b87012db444p+3", "0x1.40e5d8b9a9686p+2", "0x1.0b674a7894f1ep+5")]
    low = [float.fromhex(each) for each in ("0x1.c30fd9e6a7ba9p-51", "-0x1.524b12be90255p-52", "0x1.6f096c5012b17p-49")]
    total, by = doubles.Doubles(np.array(high), np.array(low), np.zeros(3)), doubles.exactly(np.array([6.0, 3.0, 30.0]))
    found = doubles.divide(total, by)
    for place in range(3):
        lost = abs(truth(found, place) - truth(total, place) / truth(by, place))
        assert 0 < lost <= Fraction(float(found.bound[place]))


def replace_bound(number: doubles.Doubles) -> doubles.Doubles:
    return number._replace(bound=np.full_like(number.high, 1e-30))
