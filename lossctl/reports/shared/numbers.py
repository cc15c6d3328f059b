"""Numbers as people read them: rounded to significant digits. Imports core.

Trailing zeros are kept. Then numbers of one magnitude have as many decimals each, so their points stand under
one another in a column that is set right, and the reader sees how many digits were asked for. An exact zero is
``0``: nothing was rounded away, because significant digits never round a number to zero. Digits before the
point are never rounded away either: with 3 digits, 123456 stays 123456.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from lossctl.core.results.view import Brief, Cell, Change, Span

__all__ = ["format_cell", "format_cells", "format_change", "format_number", "format_span"]

_LEAST_EXPONENT = -4
"""1e-4 is the smallest power of ten written out: below it the zeros take more room than ``e-05``."""
_WHOLE_DIGITS = 6
"""Numbers with no more digits before the point than this are written out, whatever the digits asked for."""

_BRIEF = 3
"""The most digits of percentages and p-values: more would be read and mean nothing."""


def format_cell(cell: Cell, digits: int) -> str:
    """Write a cell for people. Text is not escaped here: each format has its own way.

    Examples
    --------
    >>> [format_cell(cell, 3) for cell in (None, True, 1200, 0.04449, Span(0.9, 1.1), "mse")]
    ['', 'yes', '1200', '0.0445', '[0.90, 1.10]', 'mse']
    >>> [format_cell(cell, 6) for cell in (Change(0.0754321), Brief(0.0123456))]
    ['+7.54%', '0.0123']
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, Span | Change | Brief):
        return _format_figure(cell, digits)
    return format_number(cell, digits) if isinstance(cell, float) else str(cell)


def format_cells(cells: Sequence[Cell], digits: int) -> list[str]:
    """Write cells as `format_cell` does, those of a long column in half of the time.

    Examples
    --------
    >>> format_cells([0.25, 12.0], 3), format_cells(["mse", None, 1], 3)
    (['0.250', '12.0'], ['mse', '', '1'])
    """
    kinds = set(map(type, cells))
    some: Sequence[Any] = cells
    if kinds == {str}:
        return [*some]
    if kinds == {float}:
        return [format_number(each, digits) for each in some]
    if kinds == {Span}:
        return [format_span(each, digits) for each in some]
    return [format_cell(each, digits) for each in cells]


def _format_figure(cell: Span | Change | Brief, digits: int) -> str:
    if isinstance(cell, Span):
        return format_span(cell, digits)
    if isinstance(cell, Change):
        return format_change(cell.share, digits)
    return format_number(cell.value, min(digits, _BRIEF))


def format_number(value: float, digits: int) -> str:
    """Round to significant digits.

    Examples
    --------
    >>> [format_number(value, 6) for value in (0.0, 1.0, 12.3456789, 2.5e-7, 1.5e9, float("-inf"))]
    ['0', '1.00000', '12.3457', '2.50000e-07', '1.50000e+09', '-inf']
    """
    if value == 0:
        return "0"
    if digits >= _WHOLE_DIGITS:  # what Python does for this is the same
        return f"{value:#.{digits}g}".removesuffix(".")
    if not _written_out(value, digits):
        return f"{value:.{digits - 1}e}" if math.isfinite(value) else str(float(value))
    return f"{value:.{_decimals(value, digits)}f}"


def format_change(share: float, digits: int) -> str:
    """Write a relative change as a percentage with its sign.

    Examples
    --------
    >>> [format_change(share, 6) for share in (0.0754321, -0.13, 0.0, 12.0, 1e-6)]
    ['+7.54%', '-13.0%', '0%', '+1200%', '+0.000100%']
    """
    text = format_number(100.0 * share, min(digits, _BRIEF))
    return f"{'+' if share > 0.0 else ''}{text}%"


def format_span(span: Span, digits: int) -> str:
    """Write both ends with the same decimals: those the larger end needs.

    Where one end calls for an exponent, or would be rounded to zero by that, each end gets its own digits:
    whether an interval reaches zero must show.

    Examples
    --------
    >>> format_span(Span(-0.0123456, 1.25), 3)
    '[-0.01, 1.25]'
    >>> format_span(Span(0.00123, 1.25), 3)
    '[0.00123, 1.25]'
    """
    # adding 0.0 turns -0.0 into 0.0
    low, high = span.low + 0.0, span.high + 0.0
    larger, wide = low if abs(low) > abs(high) else high, max(digits, _WHOLE_DIGITS)
    if larger != 0 and math.isfinite(low) and math.isfinite(high):
        exponents = [_exponent(end, wide) for end in (low, high) if end != 0]
        if min(exponents) >= _LEAST_EXPONENT and max(exponents) < wide:
            decimals = max(digits - 1 - max(exponents), 0) if digits == wide else _decimals(larger, digits)
            texts = f"{low:.{decimals}f}", f"{high:.{decimals}f}"
            if (low == 0 or texts[0].strip("-0.")) and (high == 0 or texts[1].strip("-0.")):
                return f"[{texts[0]}, {texts[1]}]"
    return f"[{format_number(span.low, digits)}, {format_number(span.high, digits)}]"


def _written_out(value: float, digits: int) -> bool:
    if not math.isfinite(value):
        return False
    return _LEAST_EXPONENT <= _exponent(value, max(digits, _WHOLE_DIGITS)) < max(digits, _WHOLE_DIGITS)


def _decimals(value: float, digits: int) -> int:
    return max(digits - 1 - _exponent(value, digits), 0)


def _exponent(value: float, digits: int) -> int:
    """Return the power of ten of the first digit after rounding: 9.99 to two digits is 10."""
    return int(f"{value:.{digits - 1}e}".partition("e")[2])
