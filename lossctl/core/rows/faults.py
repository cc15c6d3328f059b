"""What was found wrong with rows, counted and merged in any order.

A fault keeps how many rows have it and which is the first, so that a message can name one place and say how many
there are. Imports core alone.
"""

from __future__ import annotations

from dataclasses import field, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array

__all__ = ["LEAST_WEIGHT", "MOST_WEIGHT", "Fault", "Faults", "What", "explain", "first_bad", "shortened"]

LEAST_WEIGHT, MOST_WEIGHT = 1e-100, 1e100
"""Weights beyond are refused: their products with losses, and the squares of these, would overflow or vanish."""


class What(StrEnum):
    """The ways a row can be wrong."""

    NOT_FINITE = "not finite"
    NEGATIVE_WEIGHT = "negative weight"
    EXTREME_WEIGHT = "extreme weight"
    OUT_OF_DOMAIN = "out of domain"
    NOT_SUMMING_TO_ONE = "not summing to one"
    ZERO_SUM = "zero sum"
    CROSSED = "crossed"
    ZERO_VECTOR = "zero vector"
    MOVED_IN = "moved in"
    """No fault once it is mended: a probability just outside [0, 1], where it is asked to be clipped."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Rows that share a fault.

    Parameters
    ----------
    what
        The kind of fault.
    column
        The column, as a person would name it.
    count
        How many rows have it.
    row
        The number of the first of them, from 0.
    value
        Its value there.
    detail
        The domain that was left, in words; empty where there is none.
    other
        Another value there, where it takes two to be wrong.
    beyond
        By how much the worst of these rows leaves the domain.
    """

    what: What
    column: str
    count: int
    row: int
    value: float
    detail: str = ""
    other: float = 0.0
    beyond: float = 0.0


@dataclass(slots=True)
class Faults:
    """Faults by kind, column and detail; `merge` is commutative and associative."""

    found: dict[tuple[What, str, str], Fault] = field(default_factory=dict)

    def record(self, fault: Fault) -> None:
        """Count a fault, and keep the place of the first."""
        key = (fault.what, fault.column, fault.detail)
        known = self.found.get(key)
        if known is None:
            self.found[key] = fault
            return
        first = min(known, fault, key=lambda each: each.row)
        beyond = max(known.beyond, fault.beyond)
        self.found[key] = replace(first, count=known.count + fault.count, beyond=beyond)

    def merge(self, other: Faults) -> None:
        """Take over what another part of the data found."""
        for fault in other.found.values():
            self.record(fault)

    def of(self, what: What) -> list[Fault]:
        """Return the faults of a kind, the earliest row first."""
        return sorted((f for f in self.found.values() if f.what is what), key=lambda f: (f.row, f.column))


def first_bad(
    good: npt.NDArray[np.bool_], values: Array, rows: npt.NDArray[np.int64] | None = None
) -> tuple[int, int, float]:
    """Return ``(count, index, value)`` of the rows where `good` is false, for a mask known to have some.

    The index is that of the first in the source, where `rows` gives their numbers there.
    """
    bad = np.flatnonzero(~good)
    index = int(bad[0] if rows is None else bad[np.argmin(rows[bad])])
    return len(bad), index, float(values[index])


def explain(fault: Fault, place: str, raw: str | None) -> tuple[str, str]:
    """Return what is wrong and what can be done about it.

    Parameters
    ----------
    fault
        What was found.
    place
        Where its first row stands, such as ``preds.csv line 17``.
    raw
        The value as it stands in a text file, where that is known.

    Returns
    -------
    tuple[str, str]
        The problem and the cure.

    Examples
    --------
    >>> explain(Fault(What.NOT_FINITE, "y", 3, 16, float("nan")), "preds.csv line 18", "")[0]
    'preds.csv line 18, column "y": the value is missing (3 rows have a missing or non-finite value in it)'
    """
    shown = f"{fault.value!r}" if raw is None else shortened(raw.strip())
    value, cure = _WORDS[fault.what](fault, shown)
    rows = "" if fault.count == 1 else f" ({fault.count} rows have {_PLURAL[fault.what]})"
    return f'{place}, column "{fault.column}": {value}{rows}', cure


def _not_finite(fault: Fault, shown: str) -> tuple[str, str]:
    cure = "--nan omit leaves such rows out and counts them"
    if shown in {"", "nan"} and not np.isinf(fault.value):
        return "the value is missing" if shown == "" else "the value is missing or not a number (nan)", cure
    if np.isnan(fault.value) and shown.lower().lstrip("+-") != "nan":  # null, or a text that --null names
        return f"a number is missing in {shown}" if shown.startswith("[") else f"the value is missing ({shown})", cure
    beyond = np.isinf(fault.value) and "inf" not in shown.lower()
    return f"{shown} is {'too large for a 64-bit float' if beyond else 'not finite'}", cure


def shortened(text: str, most: int = 100) -> str:
    """Cut off the end of a text too long to show, and say how long it is.

    Examples
    --------
    >>> shortened("1234567890", 6)
    '123 … (10 characters)'
    """
    return text if len(text) <= most else f"{text[: most // 2]} … ({len(text)} characters)"


def _negative_weight(_fault: Fault, shown: str) -> tuple[str, str]:
    return f"the weight {shown} is negative", "weights must be at least 0; a weight of 0 leaves a row out"


def _extreme_weight(_fault: Fault, shown: str) -> tuple[str, str]:
    cure = "multiply all of them by one number: a mean depends on their ratios alone"
    return f"the weight {shown} does not lie between {LEAST_WEIGHT:g} and {MOST_WEIGHT:g}", cure


def _out_of_domain(fault: Fault, shown: str) -> tuple[str, str]:
    cure = "check that the right columns are bound (-t, -p)"
    if fault.detail == "[0, 1]" and _LEAST_PERCENT <= fault.value <= _PERCENT:
        cure += "; of percentages, write a hundredth"
    if fault.detail == "{0, 1}" and fault.value in _OTHER_LABELS:
        labels, positive = _OTHER_LABELS[fault.value]
        cure = f"of labels {labels}, name the one that counts as 1: --positive {positive}"
    return f"{shown} does not lie in {fault.detail}", cure


_LEAST_PERCENT, _PERCENT = 10.0, 100.0
"""Below, a number that should be a probability may be a count, or off by rounding."""
_OTHER_LABELS = {-1.0: ("-1 and 1", 1), 2.0: ("1 and 2", 2)}
"""Labels of two classes that others write, by the one that is neither 0 nor 1, and which is mostly the positive one."""


_NO_SUM = "mend the row, or leave such rows out with --where"


def _not_summing(fault: Fault, _shown: str) -> tuple[str, str]:
    cure = "--normalize divides each by its sum" if fault.value else _NO_SUM
    return f"the probabilities sum to {fault.value!r}, not to 1", cure


def _zero_sum(_fault: Fault, _shown: str) -> tuple[str, str]:
    return "the numbers sum to 0, by which --normalize cannot divide them", _NO_SUM


def _crossed(fault: Fault, _shown: str) -> tuple[str, str]:
    problem = f"the lower end {fault.value!r} lies above the upper end {fault.other!r}"
    return problem, "name the columns in order, such as -p lower,upper"


def _zero_vector(_fault: Fault, _shown: str) -> tuple[str, str]:
    return "a vector of zeros has no direction", "leave such rows out with --where"


_WORDS = {
    What.NOT_FINITE: _not_finite,
    What.NEGATIVE_WEIGHT: _negative_weight,
    What.EXTREME_WEIGHT: _extreme_weight,
    What.OUT_OF_DOMAIN: _out_of_domain,
    What.NOT_SUMMING_TO_ONE: _not_summing,
    What.ZERO_SUM: _zero_sum,
    What.CROSSED: _crossed,
    What.ZERO_VECTOR: _zero_vector,
}
_PLURAL = {
    What.NOT_FINITE: "a missing or non-finite value in it",
    What.NEGATIVE_WEIGHT: "a negative weight",
    What.EXTREME_WEIGHT: "such a weight",
    What.OUT_OF_DOMAIN: "such a value",
    What.NOT_SUMMING_TO_ONE: "such a sum",
    What.ZERO_SUM: "such a sum",
    What.CROSSED: "such ends",
    What.ZERO_VECTOR: "such a vector",
}
