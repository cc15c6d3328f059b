"""Domains: which numbers lie in one, and how it is written."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lossctl.core.losses.domain import BINARY, NONNEGATIVE, POSITIVE, PROBABILITY, REAL_LINE, Domain

NUMBERS = np.array(
    [-math.inf, -2.5, -1.0, -5e-324, -0.0, 0.0, 5e-324, 0.5, 1.0, 1.0 + 2.0**-52, 3.0, math.inf, math.nan]
)

CASES = [
    (
        REAL_LINE,
        "(-inf, inf)",
        [-math.inf, -2.5, -1.0, -5e-324, 0.0, 0.0, 5e-324, 0.5, 1.0, 1.0 + 2.0**-52, 3.0, math.inf],
    ),
    (NONNEGATIVE, "[0, inf)", [0.0, 0.0, 5e-324, 0.5, 1.0, 1.0 + 2.0**-52, 3.0, math.inf]),
    (POSITIVE, "(0, inf)", [5e-324, 0.5, 1.0, 1.0 + 2.0**-52, 3.0, math.inf]),
    (PROBABILITY, "[0, 1]", [0.0, 0.0, 5e-324, 0.5, 1.0]),
    (BINARY, "{0, 1}", [0.0, 0.0, 1.0]),
    (Domain(-1.0, 1.0, low_open=True, high_open=True), "(-1, 1)", [-5e-324, 0.0, 0.0, 5e-324, 0.5]),
    (Domain(low=0.0, whole=True), "whole numbers in [0, inf)", [0.0, 0.0, 1.0, 3.0, math.inf]),
    (
        Domain(without_zero=True),
        "(-inf, 0) or (0, inf)",
        [-math.inf, -2.5, -1.0, -5e-324, 5e-324, 0.5, 1.0, 1.0 + 2.0**-52, 3.0, math.inf],
    ),
    (
        Domain(-1.0, 3.0, high_open=True, without_zero=True),
        "[-1, 0) or (0, 3)",
        [-1.0, -5e-324, 5e-324, 0.5, 1.0, 1.0 + 2.0**-52],
    ),
    (Domain(-1.0, 3.0, whole=True, without_zero=True), "{-1, 1, 2, 3}", [-1.0, 1.0, 3.0]),
]


@pytest.mark.parametrize(("domain", "text", "inside"), CASES, ids=[text for _, text, _ in CASES])
def test_a_domain_holds_its_numbers_and_no_others(domain: Domain, text: str, inside: list[float]) -> None:
    assert str(domain) == text
    held = domain.contains(NUMBERS)
    assert NUMBERS[held].tolist() == inside
    for number, holds in zip(NUMBERS[:-1], held[:-1], strict=True):
        assert domain.contains_all(np.array([number])) == holds or math.isinf(number)
    finite = NUMBERS[np.isfinite(NUMBERS)]
    assert domain.contains_all(finite[domain.contains(finite)])
    assert domain.contains_all(finite) == bool(domain.contains(finite).all())
    assert domain.contains_all(np.zeros(0))
    assert domain.is_real_line == (domain == REAL_LINE)
