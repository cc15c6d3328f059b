"""Student's distribution for many degrees of freedom at once: the same bits as for one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from lossctl.stats.student import t_quantile, t_tail
from lossctl.stats.students import t_quantiles, t_tails

FREEDOM = np.concatenate([np.arange(1.0, 60.0), [99.0, 101.0, 777.0, 9_999.0, 1e4, 10_001.0, 1e7, 2.5, 0.75]])


@pytest.mark.parametrize("probability", [0.51, 0.8, 0.975, 1.0 - 1e-12])
def test_quantiles_are_those_of_each(probability: float) -> None:
    assert_array_equal(t_quantiles(probability, FREEDOM), [t_quantile(probability, each) for each in FREEDOM.tolist()])


def test_tails_are_those_of_each() -> None:
    rng = np.random.default_rng(8)
    x = np.abs(rng.standard_cauchy((40, len(FREEDOM)))) * 10.0 ** rng.integers(-9, 9, (40, 1))
    x[0] = 0.0
    x[1:6] = np.array([[np.inf], [1e149], [1e160], [5e-324], [38.0]])
    freedom = np.tile(FREEDOM, len(x))
    found = t_tails(x.ravel(), freedom)
    assert_array_equal(found, [t_tail(*each) for each in zip(x.ravel().tolist(), freedom.tolist(), strict=True)])


def test_of_nothing_there_is_nothing() -> None:
    nothing = np.empty(0)
    assert len(t_tails(nothing, nothing)) == len(t_quantiles(0.9, nothing)) == 0
