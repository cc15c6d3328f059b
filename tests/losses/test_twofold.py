"""Arithmetic with twice the digits, and what lies next to the hinges of embeddings, by as many digits as it takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mpmath import mp
from numpy.testing import assert_allclose

from lossctl.core.types import Array
from lossctl.losses import LOSSES
from lossctl.losses.embeddings_near import distance_beyond
from lossctl.losses.twofold import Twofold, difference, product
from tests.oracles.formulas import FORMULAS


def draw(seed: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(2, 400)) * 10.0 ** rng.uniform(-20, 20, (2, 400))


def exact(x: Twofold) -> list[Any]:
    return [mp.mpf(high) + mp.mpf(low) for high, low in zip(x.high.tolist(), x.low.tolist(), strict=True)]


def worst(found: Twofold, true: list[Any]) -> float:
    return max(float(abs(a / b - 1)) for a, b in zip(exact(found), true, strict=True))


@pytest.mark.parametrize("seed", range(3))
def test_operations_have_thirty_digits(seed: int) -> None:
    (a, b), (c, d) = draw(seed), draw(seed + 10)
    with mp.workdps(80):
        for name, made in (("difference", difference(a, b)), ("product", product(a, b))):
            pairs = zip(map(mp.mpf, a.tolist()), map(mp.mpf, b.tolist()), strict=True)
            true = [x - y if name == "difference" else x * y for x, y in pairs]
            assert exact(made) == true, name
        x, y = product(a, b), product(c, d)
        of_x, of_y = exact(x), exact(y)
        assert worst(x + y, [p + q for p, q in zip(of_x, of_y, strict=True)]) < 1e-30
        assert worst(x - y, [p - q for p, q in zip(of_x, of_y, strict=True)]) < 1e-30
        assert worst(x * y, [p * q for p, q in zip(of_x, of_y, strict=True)]) < 1e-30
        assert worst(x / y, [p / q for p, q in zip(of_x, of_y, strict=True)]) < 1e-30
        assert worst(x.size().root(), [mp.sqrt(abs(p)) for p in of_x]) < 1e-30


def test_sums_of_rows_and_roots_of_nothing() -> None:
    rows = Twofold.of(np.array([[1.0, 1e-25, -1.0], [0.0, 0.0, 0.0]]))
    total = rows.row_sum()
    assert total.rounded.tolist() == [1e-25, 0.0]
    assert Twofold.of(np.zeros(1)).root().rounded.tolist() == [0.0]
    assert (-Twofold.of(np.array([-2.0]))).rounded.tolist() == [2.0]


def triplets() -> tuple[Array, Array]:
    """Return anchors at every distance from a positive and a negative that are nearly as far, or next to the kink."""
    rng = np.random.default_rng(5)
    anchor = rng.normal(size=(60, 4)) * 10.0 ** rng.uniform(8, 60, (60, 1))
    near = rng.normal(size=(60, 4))
    far = near + rng.normal(size=(60, 4)) * 10.0 ** rng.uniform(-30, -7, (60, 1))
    kink = rng.normal(size=(40, 4))
    length = 1.0 + 10.0 ** rng.uniform(-16, -7, (40, 1))  # how far the negative lies: the margin, and a little more
    beyond = kink + np.roll(np.eye(4), 1, axis=0)[rng.integers(0, 4, 40)] * length
    return np.vstack([anchor, kink]), np.vstack([np.hstack([near, far]), np.hstack([kink, beyond])])


@pytest.mark.parametrize("p", [1.0, 2.0, 2.6, 7.0])
@pytest.mark.parametrize("margin", [0.0, 1.0])
def test_distances_that_agree_in_all_digits(p: float, margin: float) -> None:
    anchor, pair = triplets()
    loss, slope = LOSSES["triplet_margin"].choose(margin=margin, p=p).compute(anchor, pair)
    with mp.workdps(60):
        true = [
            float(FORMULAS["triplet_margin"](list(map(mp.mpf, a)), list(map(mp.mpf, b)), margin=margin, p=mp.mpf(p)))
            for a, b in zip(anchor.tolist(), pair.tolist(), strict=True)
        ]
    assert_allclose(loss, true, rtol=1e-14 if p in {1.0, 2.0} else 1e-12)
    assert (np.any(slope != 0.0, axis=1) == (np.array(true) > 0.0)).all()


@pytest.mark.parametrize("margin", [-1.0, -0.5, 0.0, 0.3, 0.96, 1.0])
def test_a_cosine_at_its_margin(margin: float) -> None:
    rng = np.random.default_rng(6)
    first, other = rng.normal(size=(2, 80, 3))
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    across = other - (other * first).sum(axis=1, keepdims=True) * first
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    angle = np.arccos(margin) + rng.normal(size=(80, 1)) * 10.0 ** rng.uniform(-16, -8, (80, 1))
    second = 10.0 ** rng.uniform(-9, 9, (80, 1)) * (np.cos(angle) * first + np.sin(angle) * across)
    pair = np.hstack([first, second])
    loss, _ = LOSSES["cosine_embedding"].choose(margin=margin).compute(np.zeros(80), pair)
    with mp.workdps(60):
        true = [float(FORMULAS["cosine_embedding"](0, list(map(mp.mpf, row)), mp.mpf(margin))) for row in pair.tolist()]
    assert_allclose(loss, true, rtol=1e-14, atol=1e-33)
    assert np.count_nonzero(loss) > 20 or margin == 1.0


LARGEST = 1.5e308
FAR_OFF = [
    ([LARGEST, 0.0], [-LARGEST, 0.0], [-LARGEST, 1e290]),  # their difference from the anchor overflows
    ([1e76, 0.0, -3e76], [1.3, 1.03, 0.7], [0.9, 2e-122, 0.4]),  # one component of a tiny distance beside the others
    ([0.0, 0.0], [1.0, 2.0**-60], [2.0**-60, 1.0]),
    ([-1e-25, 1.0], [1.0, 1.0], [1.0 + 2.0**-52, 1.0 + 2.0**-53]),
]


@pytest.mark.parametrize(("anchor", "near", "far"), FAR_OFF)
@pytest.mark.parametrize("p", [1.0, 2.0, 2.6])
@pytest.mark.parametrize("swap", [False, True])
def test_triplets_far_off(anchor: list[float], near: list[float], far: list[float], p: float, *, swap: bool) -> None:
    near, far = (far, near) if swap else (near, far)
    loss, _ = LOSSES["triplet_margin"].choose(margin=0.0, p=p).compute(np.array([anchor]), np.array([near + far]))
    with mp.workdps(800):
        true = float(FORMULAS["triplet_margin"](list(map(mp.mpf, anchor)), list(map(mp.mpf, near + far)), 0, mp.mpf(p)))
    assert_allclose(loss, true, rtol=1e-14)


def test_a_difference_of_sizes_keeps_what_float64_cannot() -> None:
    a, n, f = np.array([[0.0, 0.0]]), np.array([[1.0, -(2.0**-80)]]), np.array([[-1.0, 2.0**-90]])
    assert distance_beyond(a, n, f, 0.0, 1.0).tolist() == [2.0**-80 - 2.0**-90]
    n, f = np.array([[-1.0, 0.0]]), np.array([[-(2.0**-70), 1.0]])
    assert distance_beyond(a, n, f, 0.0, 1.0).tolist() == [-(2.0**-70)]
