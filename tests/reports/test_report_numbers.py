"""Numbers for people, against decimal arithmetic."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lossctl.core.results.view import Brief, Change, Span
from lossctl.reports.shared.numbers import format_cell, format_number, format_span

FINITE = st.floats(allow_nan=False, allow_infinity=False)
DIGITS = st.integers(1, 17)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.0, 6, "0"),
        (-0.0, 6, "0"),
        (1.0, 6, "1.00000"),
        (-1.0, 1, "-1"),
        (0.0449123456, 6, "0.0449123"),
        (0.00010000, 6, "0.000100000"),
        (0.000099999949, 6, "9.99999e-05"),
        (0.00009999999, 6, "0.000100000"),
        (9.9999999, 6, "10.0000"),
        (999999.4, 6, "999999"),
        (999999.5, 6, "1.00000e+06"),
        (123456.7, 3, "123457"),
        (12345.6789, 10, "12345.67890"),
        (1234567890.5, 12, "1234567890.50"),
        (5e-324, 3, "4.94e-324"),
        (1.7976931348623157e308, 3, "1.80e+308"),
        (math.inf, 6, "inf"),
        (-math.inf, 6, "-inf"),
        (math.nan, 6, "nan"),
    ],
)
def test_a_number(value: Any, digits: int, text: str) -> None:
    assert format_number(value, digits) == text


@given(FINITE, DIGITS)
def test_a_number_is_rounded_to_its_digits_and_no_further(value: Any, digits: int) -> None:
    assume(value != 0)
    text = format_number(value, digits)
    exact = Decimal(value)
    rounded = Context(prec=digits, rounding=ROUND_HALF_EVEN).create_decimal(exact)
    # digits before the point are kept, so the text may be nearer than asked, never farther
    assert abs(Decimal(text) - exact) <= abs(rounded - exact)
    shown = text.lstrip("-").partition("e")[0].replace(".", "").lstrip("0")
    assert len(shown) >= digits
    assert len(shown) == digits or "." not in text


@given(FINITE)
def test_seventeen_digits_read_back(value: Any) -> None:
    assert float(format_number(value, 17)) == value


@given(st.integers(-4, 5), st.floats(1, 9.9), st.floats(1, 9.9))
def test_numbers_of_one_magnitude_line_up(exponent: int, first: float, second: float) -> None:
    assert len(format_number(first * 10.0**exponent, 6)) == len(format_number(second * 10.0**exponent, 6))


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.0444939, 0.0453308, "[0.0444939, 0.0453308]"),
        (0.998, 1.002, "[0.99800, 1.00200]"),
        (-12.5, 0.0325, "[-12.5000, 0.0325]"),
        (0.0, 0.25, "[0.000000, 0.250000]"),
        (-0.0, 0.25, "[0.000000, 0.250000]"),
        (0.0, 0.0, "[0, 0]"),
        (1e-7, 3.5, "[1.00000e-07, 3.50000]"),
        (2.5e-4, 1e5, "[0.000250000, 100000]"),
        (-1e-9, 1e9, "[-1.00000e-09, 1.00000e+09]"),
        (-math.inf, 3.5, "[-inf, 3.50000]"),
        (math.nan, math.nan, "[nan, nan]"),
    ],
)
def test_a_span(low: float, high: float, text: str) -> None:
    assert format_span(Span(low, high), 6) == text


@given(FINITE, FINITE, DIGITS)
def test_a_span_never_rounds_an_end_to_zero_or_over_it(low: float, high: float, digits: int) -> None:
    texts = format_span(Span(low, high), digits).strip("[]").split(", ")
    for end, text in zip((low, high), texts, strict=True):
        assert (float(text) == 0) == (end == 0)
        assert end == 0 or math.copysign(1, float(text)) == math.copysign(1, end)


@pytest.mark.parametrize(
    ("cell", "text"),
    [(None, ""), (True, "yes"), (False, "no"), (10_000_000, "10000000"), (-3, "-3"), ("0.10", "0.10"), (0.1, "0.100")],
)
def test_a_cell(cell: Any, text: str) -> None:
    assert format_cell(cell, 3) == text


@pytest.mark.parametrize(
    ("cell", "digits", "text"),
    [
        (Change(0.0754321), 6, "+7.54%"),
        (Change(0.0754321), 2, "+7.5%"),
        (Change(-0.5), 17, "-50.0%"),
        (Change(0.0), 6, "0%"),
        (Change(1234.5), 6, "+123450%"),
        (Change(-1e-12), 6, "-1.00e-10%"),
        (Brief(0.04321987), 6, "0.0432"),
        (Brief(0.04321987), 1, "0.04"),
        (Brief(3.2e-17), 6, "3.20e-17"),
        (Brief(1.0), 6, "1.00"),
    ],
)
def test_percentages_and_p_values_have_few_digits(cell: Brief | Change, digits: int, text: str) -> None:
    assert format_cell(cell, digits) == text
