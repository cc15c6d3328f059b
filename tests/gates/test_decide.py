"""Verdicts from values, bounds and p-values: what is not shown to pass does not, and one family is one family."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossctl.core.errors import UsageError
from lossctl.core.results.interval import Interval
from lossctl.core.results.verdict import GateResult, Place, Verdict
from lossctl.gates.decide import Evidence, Found, Test, check_test, decide, default_test, no_such_slice, waive
from lossctl.gates.grammar import parse_gate
from lossctl.gates.words import comparison_words, figure_words, interval_words
from lossctl.stats.adjust import adjust

PASS, FAIL, INCONCLUSIVE, UNSURE, SKIPPED, NOT = (
    Verdict.PASS,
    Verdict.FAIL,
    Verdict.INCONCLUSIVE,
    Verdict.UNSURE,
    Verdict.SKIPPED,
    Verdict.NOT_EVALUATED,
)


def one(found: Found, **settings: float) -> GateResult:
    (result,) = decide([found], **settings)
    return result


def point(text: str, value: float | None, n: int = 100, **slice_: str | None) -> Found:
    return Found(parse_gate(text), value, n, slice_)


def held(text: str, value: float, low: float, high: float, test: Test = Test.REGRESS, **more: float) -> Found:
    gate = parse_gate(text)
    return Found(gate, value, 100, {}, test, evidence=Evidence(low, high, gate.bound.share, **more))


@pytest.mark.parametrize(
    ("text", "value", "verdict"),
    [
        ("mse <= 0.3", 0.3, PASS),
        ("mse <= 0.3", math.nextafter(0.3, 1), FAIL),
        ("mse < 0.3", 0.3, FAIL),
        ("mse < 0.3", math.nextafter(0.3, 0), PASS),
        ("n >= 100", 100.0, PASS),
        ("n >= 100", 99.0, FAIL),
        ("n > 100", 100.0, FAIL),
        ("mse <= 0.3", math.nan, FAIL),
        ("mse >= 0.3", math.nan, FAIL),
        ("mse <= 0.3", math.inf, FAIL),
        ("mse <= 0.3", -math.inf, FAIL),
        ("mse >= 0.3", math.inf, FAIL),
        ("mse <= 0.3", None, NOT),
    ],
)
def test_point(text: str, value: float | None, verdict: Verdict) -> None:
    assert one(point(text, value)).verdict is verdict


def test_a_bound_that_is_not_finite_passes_nothing() -> None:
    gate = parse_gate("mse <= 0.3")
    for bound in (math.nan, math.inf, -math.inf):
        broken = replace(gate, bound=replace(gate.bound, number=bound))
        assert one(Found(broken, 0.1, 9, {})).verdict is FAIL
        evidence = Evidence(0.0, 0.1, bound)
        for test in (Test.REGRESS, Test.NONINFERIOR):
            assert one(Found(broken, 0.1, 9, {}, test, evidence=evidence)).verdict is NOT


REGRESS, NONINFERIOR = Test.REGRESS, Test.NONINFERIOR


@pytest.mark.parametrize(
    ("low", "high", "regress", "noninferior"),
    [
        (0.011, 0.02, FAIL, FAIL),
        (0.01, 0.02, UNSURE, INCONCLUSIVE),  # touching the margin is not beyond it
        (-0.02, 0.01, PASS, PASS),
        (-0.02, 0.011, UNSURE, INCONCLUSIVE),
        (-0.02, -0.01, PASS, PASS),
    ],
)
def test_bounds_decide(low: float, high: float, regress: Verdict, noninferior: Verdict) -> None:
    for text, sign in (("delta(mse) <= 0.01", 1.0), ("delta(mse) >= -0.01", -1.0)):
        ends = sorted((sign * low, sign * high))
        value = 0.5 * sum(ends)
        assert one(held(text, value, *ends)).verdict is regress, text
        assert one(held(text, value, *ends, NONINFERIOR)).verdict is noninferior, text


def test_a_strict_gate_needs_more_than_touching() -> None:
    assert one(held("delta(mse) < 0", 0.0, 0.0, 0.0)).verdict is FAIL
    assert one(held("delta(mse) <= 0", 0.0, 0.0, 0.0)).verdict is PASS
    assert one(held("delta(mse) < 0.01", 0.0, -0.01, 0.01, NONINFERIOR)).verdict is INCONCLUSIVE
    assert one(held("delta(mse) <= 0.01", 0.0, -0.01, 0.01, NONINFERIOR)).verdict is PASS
    assert one(held("delta(mse) <= 0", 0.0, 0.0, 0.0)).reason == "0 <= 0"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("test", [REGRESS, NONINFERIOR])
def test_evidence_that_is_not_finite_passes_nothing(bad: float, test: Test) -> None:
    good = held("delta(mse) <= 0.01", 0.0, -0.001, 0.001, test, p_keeps=0.9, p_breaks=0.001)
    assert one(good).verdict is PASS
    for name in ("low", "high", "limit", "p_keeps", "p_breaks"):
        evidence = good.evidence._replace(**{name: bad})
        assert one(replace(good, evidence=evidence)).verdict is NOT, name
    assert one(replace(good, value=bad)).verdict is NOT
    assert one(replace(good, evidence=None)).verdict is NOT
    assert one(replace(good, evidence=None, missing="no baseline")).reason == "no baseline"
    assert one(replace(good, value=None, missing="no baseline")).verdict is NOT


def test_an_unsure_regression_says_so_and_what_would_decide() -> None:
    found = held("delta(mse) <= 1%", 0.008, -0.01, 0.03, detectable=0.026, needed=16_899)
    found = replace(found, ci=Interval(0.95, -0.012, 0.032, "t"), slice={"sex": "f"})
    reason = (
        "+0.8% <= 1%, 95% CI [-1.2%, +3.2%]: undecided; 100 rows can tell only if the change is 2.6% or more "
        "away from the bound; this one would take about 17,000 rows"
    )
    assert (one(found).verdict, one(found).reason) == (UNSURE, reason)
    noninferior = one(replace(found, test=NONINFERIOR))
    assert (noninferior.verdict, noninferior.reason) == (INCONCLUSIVE, reason)
    enough = replace(found, evidence=found.evidence._replace(needed=100))  # as where gates are corrected together
    assert one(enough).reason.endswith("; 100 rows can tell only if the change is 2.6% or more away from the bound")
    difference = held("delta(mse) <= 1", 0.5, -1.0, 2.0, detectable=281.68)
    assert one(difference).reason.endswith("if the difference is 282 or more away from the bound")
    equal = replace(found, evidence=found.evidence._replace(why="no row differs"))
    assert one(equal).reason.endswith("[-1.2%, +3.2%]: no row differs")
    assert one(held("delta(mse) <= 1%", 0.0, -0.1, 0.0)).verdict is PASS


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(-0.03, -0.01, PASS), (-0.03, -0.009, UNSURE), (0.0, 0.0, FAIL), (-0.02, 0.02, UNSURE), (-0.009, 0.02, FAIL)],
)
def test_a_demand_for_an_improvement_passes_where_it_is_shown(low: float, high: float, verdict: Verdict) -> None:
    for text, sign in (("delta(mse) <= -0.01", 1.0), ("delta(mse) >= 0.01", -1.0)):
        ends = sorted((sign * low, sign * high))
        assert one(held(text, 0.5 * sum(ends), *ends)).verdict is verdict, text


def test_improvements_that_must_be_shown_are_a_family() -> None:
    family = [held("delta(mse) <= -1", -2.0, -3.0, -1.5, p_keeps=0.9, p_breaks=0.03) for _ in range(2)]
    assert [each.verdict for each in decide(family)] == [PASS, PASS]
    assert [each.verdict for each in decide(family, adjust=holm)] == [UNSURE, UNSURE]


def test_a_failure_reads_as_documented() -> None:
    found = held("delta(mse)[sex=f] <= 1%", 0.031, 0.02, 0.042)
    result = one(replace(found, ci=Interval(0.95, 0.018, 0.044, "t"), slice={"sex": "f"}, place=Place("a.toml", 3)))
    assert (result.verdict, result.value, result.bound, result.n) == (FAIL, 0.031, 0.01, 100)
    assert result.reason == "+3.1% > 1%, 95% CI [+1.8%, +4.4%]"
    assert result.place == Place("a.toml", 3)


def test_p_values_decide_where_there_are_some() -> None:
    far = {"low": 9.0, "high": 9.5}  # bounds that would decide otherwise
    assert one(held("delta(mse) <= 1", 9.0, **far, p_keeps=0.051)).verdict is UNSURE
    assert one(held("delta(mse) <= 1", 9.0, **far, p_keeps=0.049)).verdict is FAIL
    assert one(held("delta(mse) <= 1", 9.0, **far, p_keeps=0.049), level=0.99).verdict is UNSURE
    assert one(held("delta(mse) <= 1", 9.0, **far, test=NONINFERIOR, p_keeps=0.9, p_breaks=0.05)).verdict is PASS
    assert one(held("delta(mse) <= 1", 9.0, **far, p_keeps=0.05)).verdict is UNSURE, "L = m is not beyond it"
    assert one(held("delta(mse) <= 1", 9.0, **far, p_keeps=0.9, p_breaks=0.05)).verdict is PASS
    assert one(held("delta(mse) <= 1", 9.0, **far, p_keeps=0.9, p_breaks=0.051)).verdict is UNSURE
    assert (
        one(held("delta(mse) <= 1", 9.0, **far, test=NONINFERIOR, p_keeps=0.9, p_breaks=0.051)).verdict is INCONCLUSIVE
    )


def holm(p_values: object) -> list[float | None]:
    return adjust(p_values, "holm")


def test_the_family_is_adjusted_for_what_is_tested() -> None:
    keeps = [0.02, 0.03, 0.9]
    family = [held("delta(mse) <= 1", 2.0, 1.5, 3.0, p_keeps=p, p_breaks=0.8) for p in keeps]
    assert [each.verdict for each in decide(family)] == [FAIL, FAIL, UNSURE]
    assert [each.verdict for each in decide(family, adjust=holm)] == [UNSURE, UNSURE, UNSURE]
    alone = [family[0], point("mse <= 1", 0.5), point("mse <= 1", 2.0)]  # of a family of one
    assert [each.verdict for each in decide(alone, adjust=holm)] == [FAIL, PASS, FAIL]
    few = [replace(each, gate=parse_gate("delta(mse)[a=*] <= 1"), n=3) for each in family[1:]]
    assert [each.verdict for each in decide([family[0], *few], adjust=holm, min_n=10)] == [FAIL, SKIPPED, SKIPPED]


def test_passes_are_adjusted_where_they_must_be_shown() -> None:
    family = [held("delta(mse) <= 1", 0.0, -1.0, 0.5, NONINFERIOR, p_keeps=0.9, p_breaks=p) for p in (0.02, 0.03)]
    assert [each.verdict for each in decide(family)] == [PASS, PASS]
    assert [each.verdict for each in decide(family, adjust=holm)] == [PASS, PASS]
    family = [*family, replace(family[0])]
    assert [each.verdict for each in decide(family, adjust=holm)] == [INCONCLUSIVE] * 3
    family[2] = replace(family[2], test=REGRESS)  # whose pass needs not be shown
    assert [each.verdict for each in decide(family, adjust=holm)] == [PASS] * 3


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.sampled_from([REGRESS, NONINFERIOR])), max_size=6))
def test_adjusting_never_fails_more(family: list[tuple[float, float, Test]]) -> None:
    found = [  # what is shown on both sides at once is no evidence: the two p-values come to 1 at the least
        held("delta(mse) <= 1", 1.0, 0.0, 2.0, t, p_keeps=a, p_breaks=max(b, 1.0 - a)) for a, b, t in family
    ]
    plain, adjusted = decide(found), decide(found, adjust=holm)
    for before, after in zip(plain, adjusted, strict=True):
        assert before.verdict is FAIL or after.verdict is not FAIL
        assert after.verdict is not PASS or before.verdict is PASS


def test_slices_of_few_rows() -> None:
    named, starred = "mse[a=x] <= 1", "mse[a=x,b=*] <= 1"
    assert one(point(named, 0.5, 9, a="x"), min_n=10).verdict is NOT
    assert one(point(named, 0.5, 10, a="x"), min_n=10).verdict is PASS
    assert one(point(starred, 0.5, 9, a="x", b="y"), min_n=10).verdict is SKIPPED
    assert one(point(starred, 0.5, 9, a="x", b="y"), min_n=10).reason == "9 rows, and 10 are the least"
    gone = one(point(named, None, 0, a="x"), min_n=10)
    assert (gone.verdict, gone.reason) == (FAIL, "no row is in the slice a=x")
    assert one(point(named, None, 0, a="x")).verdict is FAIL
    assert one(point("mse <= 1", 0.5, 9), min_n=10).verdict is PASS, "all rows are no slice"
    assert one(point("n[a=x] >= 30", 9.0, 9, a="x"), min_n=10).verdict is FAIL, "a gate of rows counts them"
    assert no_such_slice(point(starred, None, 0)).reason == "no row is in the slice mse[a=x,b=*] <= 1.0"


def test_tests_that_make_no_sense_are_refused() -> None:
    assert default_test(parse_gate("delta(mse) <= 1%")) is REGRESS
    assert default_test(parse_gate("gap(mse, a) <= 1")) is Test.POINT
    check_test(parse_gate("delta(mse) <= 0"), REGRESS)
    check_test(parse_gate("mse <= 0"), Test.POINT)
    check_test(parse_gate("delta(mse) <= 1%"), NONINFERIOR)
    check_test(parse_gate("delta(mse) >= -0.1"), NONINFERIOR)
    for text in ("delta(mse) <= 0", "delta(mse) <= -1", "delta(mse) >= 0", "delta(mse) >= 0.1"):
        with pytest.raises(UsageError, match="needs a margin"):
            check_test(parse_gate(text), NONINFERIOR)
    for test in (REGRESS, NONINFERIOR):
        with pytest.raises(UsageError, match="is a test of a delta"):
            check_test(parse_gate("mse <= 1"), test)


def test_a_waiver_is_for_a_failure_alone() -> None:
    failed = one(point("mse <= 0.3", 0.31))
    assert waive(failed, "new sensor").verdict is SKIPPED
    assert waive(failed, "new sensor").reason == "waived: new sensor (0.31 > 0.3)"
    for verdict in (PASS, INCONCLUSIVE, UNSURE, NOT):
        assert waive(replace(failed, verdict=verdict), "new sensor").verdict is verdict


@pytest.mark.parametrize(
    ("text", "value", "words"),
    [
        ("mse <= 0.3", 0.3, "0.3 <= 0.3"),
        ("mse < 0.3", 0.3, "0.3 >= 0.3"),
        ("mse <= 0.3", 0.30004, "0.30004 > 0.3"),
        ("mse <= 0.3", math.nextafter(0.3, 1), "0.30000000000000004 > 0.3"),
        ("n >= 100", 99.0, "99 < 100"),
        ("n > 1234567", 1234568.0, "1234568 > 1234567"),
        ("mse <= 0.3", -0.0, "0 <= 0.3"),
        ("mse <= 0.3", math.inf, "the value is +inf"),
        ("mse <= 0.3", -math.inf, "the value is -inf"),
        ("delta(mse) <= 1%", -0.02, "-2% <= 1%"),
        ("delta(mse) <= -1%", 0.0, "0% > -1%"),
        ("delta(mse) <= 0%", 0.0, "0% <= 0%"),
        ("delta(mse) <= 1%", math.nextafter(0.01, 1), "1.0000000000000002% > 1.0%"),
    ],
)
def test_words(text: str, value: float, words: str) -> None:
    assert comparison_words(value, parse_gate(text)) == words


def test_no_interval_no_words() -> None:
    assert interval_words(None, percent=True) == ""
    assert figure_words(math.nan, percent=True) == "not a number"
