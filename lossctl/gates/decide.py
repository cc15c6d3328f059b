"""From what was found to a verdict: each gate by its test, and all that are tested as one family. Imports core.

A gate states what passes, so everything else does not: a NaN, an infinity, a slice that is not there. With L and U the
one-sided bounds of what is tested, in the direction in which the gate fails, and m its limit::

    point        passes where the value keeps to the bound
    regress      fails where L > m; passes where U <= m; between the two it is unsure
    noninferior  passes where U <= m; fails where L > m; between the two it is inconclusive

So a bound that demands an improvement, m < 0, is kept to where the improvement is shown, and not by an equal model.
Where there are p-values they decide, adjusted for the family: that of "it keeps to the limit" for a failure, that of
"it does not" for a pass that must be shown, of a non-inferiority test or of an improvement.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from lossctl.core.errors import UsageError
from lossctl.core.results.interval import Interval
from lossctl.core.results.slices import Slice, slice_text
from lossctl.core.results.verdict import GateResult, Place, Verdict
from lossctl.core.results.view import about
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.gates.gate import Gate, Measure
from lossctl.gates.words import comparison_words, distance_words, interval_words

__all__ = ["Evidence", "Found", "Test", "check_test", "decide", "default_test", "no_such_slice", "waive"]

Adjust = Callable[[Sequence[float | None]], Sequence[float | None]]
"""Adjusts the p-values of a family; a missing one stays missing."""


class Test(StrEnum):
    """How a gate is decided."""

    __test__ = False  # no class of tests, for pytest

    POINT = "point"
    REGRESS = "regress"
    NONINFERIOR = "noninferior"


class Evidence(NamedTuple):
    """What the data say of a difference, for gates with a test.

    Parameters
    ----------
    low, high
        Its one-sided confidence bounds, in its own unit.
    limit
        What it is held against: the bound of the gate, or 0 where a relative bound was turned into a difference.
    p_keeps
        The p-value of "it keeps to the limit": small where it is shown to break it. ``None``: the bounds decide.
    p_breaks
        The p-value of "it does not keep to the limit": small where it is shown to keep to it.
    detectable
        The smallest difference from the limit that these rows show 80 % of the time, in the unit of the gate's value.
    needed
        How many rows would show the difference from the limit that was found; ``None`` where that can't be told.
    why
        Why it can't be told, in words, where the differences of rows do not vary.
    """

    low: float
    high: float
    limit: float
    p_keeps: float | None = None
    p_breaks: float | None = None
    detectable: float | None = None
    needed: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for one gate on one slice.

    Parameters
    ----------
    gate
        The gate.
    value
        What is held against the bound, a share where that is a percentage; ``None`` where there is none.
    n
        The rows it rests on.
    slice
        The rows it is about; empty for all.
    test
        How it is decided.
    ci
        The interval of the value, where it has one.
    evidence
        For gates with a test.
    missing
        Why there is no value or no evidence, in words.
    place
        Where the gate is written.
    """

    gate: Gate
    value: float | None
    n: int
    slice: Slice
    test: Test = Test.POINT
    ci: Interval | None = None
    evidence: Evidence | None = None
    missing: str = ""
    place: Place | None = None


def default_test(gate: Gate) -> Test:
    """Return the test of a gate that names none: `Test.REGRESS` for a delta, else `Test.POINT`."""
    return Test.REGRESS if gate.measure is Measure.DELTA else Test.POINT


def check_test(gate: Gate, test: Test) -> None:
    """Refuse a test that makes no sense of a gate.

    Raises
    ------
    UsageError
        A non-inferiority test without a margin; a test of what is no difference.
    """
    if test is Test.POINT:
        return
    if gate.measure is not Measure.DELTA:
        raise UsageError(
            f"gate {gate.shown!r}: {test.value} is a test of a delta", "write delta(LOSS), or test = point"
        )
    if test is Test.NONINFERIOR and not _room(gate) > 0.0:
        raise UsageError(
            f"gate {gate.shown!r}: a test of non-inferiority needs a margin", "let the bound allow some loss: <= 0.01"
        )


def _room(gate: Gate) -> float:
    """Return how much worse the bound of a delta lets a candidate be; below 0: how much better it must be."""
    return gate.bound.share if gate.operator.keeps_low else -gate.bound.share


def decide(found: Sequence[Found], *, level: float = 0.95, min_n: int = 1, adjust: Adjust = list) -> list[GateResult]:
    """Decide all gates of a run.

    Parameters
    ----------
    found
        What was found, gate by gate.
    level
        The confidence of the bounds: 1 − `level` is the chance of a false verdict that p-values are held against.
    min_n
        The least rows of a slice: of one that a gate names, fewer is not evaluated; of ``*``, it is skipped.
    adjust
        Adjusts the p-values of a family, such as Holm's method; without it they stand as they are.

    Returns
    -------
    list[GateResult]
        One for each of `found`.

    Examples
    --------
    >>> from lossctl.gates.grammar import parse_gate
    >>> results = decide([Found(parse_gate("mse <= 0.3"), 0.31, 442, {})])
    >>> results[0].verdict, results[0].reason
    (<Verdict.FAIL: 'fail'>, '0.31 > 0.3')
    """
    tested = _adjusted([None if _is_left_out(each, min_n) else _evidence(each) for each in found], found, adjust)
    small = round(1.0 - level, 12)
    return [_decide(each, evidence, min_n, small) for each, evidence in zip(found, tested, strict=True)]


def _evidence(found: Found) -> Evidence | None:
    """Return the evidence that a test can go by: all of it finite."""
    evidence = found.evidence
    if found.test is Test.POINT or evidence is None or found.value is None:
        return None
    numbers = [evidence.low, evidence.high, evidence.limit, found.value, found.gate.bound.share]
    numbers += [p for p in (evidence.p_keeps, evidence.p_breaks) if p is not None]
    return evidence if all(map(math.isfinite, numbers)) else None


def _adjusted(tested: Sequence[Evidence | None], found: Sequence[Found], adjust: Adjust) -> list[Evidence | None]:
    """Adjust the p-values of all failures, and those of all passes that must be shown."""
    shown = [each.test is Test.NONINFERIOR or _room(each.gate) < 0.0 for each in found]
    keeps = adjust([None if each is None else each.p_keeps for each in tested])
    breaks = adjust(
        [each.p_breaks if each is not None and yes else None for each, yes in zip(tested, shown, strict=True)]
    )
    return [
        each and _with(each, p_keeps, p_breaks if yes else each.p_breaks)
        for each, p_keeps, p_breaks, yes in zip(tested, keeps, breaks, shown, strict=True)
    ]


def _with(evidence: Evidence, p_keeps: float | None, p_breaks: float | None) -> Evidence:
    """Return evidence with adjusted p-values; the same where these stayed as they were."""
    if p_keeps == evidence.p_keeps and p_breaks == evidence.p_breaks:
        return evidence
    return evidence._replace(p_keeps=p_keeps, p_breaks=p_breaks)


def _decide(found: Found, evidence: Evidence | None, min_n: int, small: float) -> GateResult:
    """Decide one gate."""
    if _is_left_out(found, min_n):
        return _few_rows(found, min_n)
    if found.value is None:
        return _result(found, Verdict.NOT_EVALUATED, found.missing or "there is no value")
    words = comparison_words(found.value, found.gate)
    if found.test is Test.POINT:
        holds = found.gate.operator.holds(found.value, found.gate.bound.share)
        return _result(found, Verdict.PASS if holds else Verdict.FAIL, words)
    if evidence is None:
        return _result(found, Verdict.NOT_EVALUATED, found.missing or f"{words}, with no interval to test by")
    return _by_test(found, evidence, small, words + interval_words(found.ci, percent=found.gate.bound.percent))


def _by_test(found: Found, evidence: Evidence, small: float, words: str) -> GateResult:
    keeps, breaks = evidence.p_keeps, evidence.p_breaks
    fails = keeps < small if keeps is not None else not _keeps(found, evidence, worst=False)
    passes = breaks <= small if breaks is not None else _keeps(found, evidence, worst=True)
    if fails or passes:
        return _result(found, Verdict.FAIL if fails else Verdict.PASS, words)
    verdict = Verdict.UNSURE if found.test is Test.REGRESS else Verdict.INCONCLUSIVE
    return _result(found, verdict, f"{words}: {_undecided(found, evidence)}")


def _undecided(found: Found, evidence: Evidence) -> str:
    """Return why a gate is neither shown to fail nor to pass, and what would decide it."""
    if evidence.why:
        return evidence.why
    words = "undecided"
    if evidence.detectable is not None:
        rows, what = (
            f"{found.n} {'row' if found.n == 1 else 'rows'}",
            "change" if found.gate.bound.percent else "difference",
        )
        distance = distance_words(evidence.detectable, percent=found.gate.bound.percent)
        words += f"; {rows} can tell only if the {what} is {distance} or more away from the bound"
    if evidence.needed is not None and evidence.needed > found.n:
        words += f"; this one would take {about(evidence.needed)} rows"
    return words


def _keeps(found: Found, evidence: Evidence, *, worst: bool) -> bool:
    """Return whether the worst, or the best, of what the data allow keeps to the limit."""
    end = evidence.high if worst is found.gate.operator.keeps_low else evidence.low
    return found.gate.operator.holds(end, evidence.limit)


def _is_left_out(found: Found, min_n: int) -> bool:
    return bool(found.gate.terms) and found.gate.measure is not Measure.ROWS and found.n < min_n


def _few_rows(found: Found, min_n: int) -> GateResult:
    """Return what becomes of a slice of few rows: it is skipped where the gate is for every one there is."""
    rows = f"{found.n} {'row' if found.n == 1 else 'rows'}, and {min_n} are the least"
    if any(term.every for term in found.gate.terms):
        return _result(found, Verdict.SKIPPED, rows)
    if found.n == 0:
        return no_such_slice(found)
    return _result(found, Verdict.NOT_EVALUATED, rows)


def no_such_slice(found: Found) -> GateResult:
    """Fail a gate whose slice has no rows: it vanished, or its name is mistyped."""
    name = slice_text(found.slice) or str(found.gate)
    return _result(found, Verdict.FAIL, f"no row is in the slice {name}")


def waive(result: GateResult, reason: str) -> GateResult:
    """Skip a gate that failed, for a reason that is told; any other result stays as it is.

    Examples
    --------
    >>> failed = GateResult("mse <= 0.3", Verdict.FAIL, {}, 0.31, 0.3, None, 442, "0.31 > 0.3")
    >>> waive(failed, "new sensor").reason
    'waived: new sensor (0.31 > 0.3)'
    """
    if result.verdict is not Verdict.FAIL:
        return result
    return replace(result, verdict=Verdict.SKIPPED, reason=f"waived: {reason} ({result.reason})", waived=True)


def _result(found: Found, verdict: Verdict, reason: str) -> GateResult:
    gate = found.gate
    return GateResult(
        gate.shown, verdict, found.slice, found.value, gate.bound.share, found.ci, found.n, reason, found.place
    )
