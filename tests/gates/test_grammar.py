"""The language of gates: what it reads, what it refuses and where, and that it reads back what it writes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossctl.core.errors import ExitCode, UsageError
from lossctl.core.escape import is_plain
from lossctl.core.losses.loss import Direction
from lossctl.gates.gate import FIGURES, GRADIENT_FIGURES, QUANTILES, Bound, Gate, Measure, Operator, Term
from lossctl.gates.grammar import GateError, parse_gate

LOW, HIGH = Direction.LOWER, Direction.HIGHER
AT_MOST = Operator.AT_MOST


@pytest.mark.parametrize(
    ("text", "gate"),
    [
        ("mse <= 0.30", Gate(Measure.VALUE, AT_MOST, Bound(0.3), "mse")),
        ("  mse<=.3  ", Gate(Measure.VALUE, AT_MOST, Bound(0.3), "mse")),
        ("huber(delta=0.5) < 2e-3", Gate(Measure.VALUE, Operator.BELOW, Bound(0.002), "huber(delta=0.5)")),
        ("Log-Cosh > -1", Gate(Measure.VALUE, Operator.ABOVE, Bound(-1.0), "Log-Cosh")),
        ("p95( mae ) <= 3.", Gate(Measure.FIGURE, AT_MOST, Bound(3.0), "mae", "p95")),
        ("max(mae) <= 3", Gate(Measure.FIGURE, AT_MOST, Bound(3.0), "mae", "max")),
        ("row_rms(huber(delta=1)) <= 3", Gate(Measure.FIGURE, AT_MOST, Bound(3.0), "huber(delta=1)", "row_rms")),
        ("delta(mse)<=1%", Gate(Measure.DELTA, AT_MOST, Bound(1.0, percent=True), "mse")),
        ("delta(mse) <= +5 %", Gate(Measure.DELTA, AT_MOST, Bound(5.0, percent=True), "mse")),
        ("gap(mse, region) <= 1", Gate(Measure.GAP, AT_MOST, Bound(1.0), "mse", column="region")),
        ('gap(mse,"a, b") <= 1', Gate(Measure.GAP, AT_MOST, Bound(1.0), "mse", column="a, b")),
        ("n >= 100", Gate(Measure.ROWS, Operator.AT_LEAST, Bound(100.0))),
        ("nonfinite <= 0", Gate(Measure.NONFINITE, AT_MOST, Bound(0.0))),
        ("mse[sex=f] < 1", Gate(Measure.VALUE, Operator.BELOW, Bound(1.0), "mse", terms=(Term("sex", "f"),))),
        (
            "mse [ sex = f , age=*,x=null ] < 1",
            Gate(
                Measure.VALUE,
                Operator.BELOW,
                Bound(1.0),
                "mse",
                terms=(Term("sex", "f"), Term("age", every=True), Term("x")),
            ),
        ),
        (
            r'mse["a]b"="null", c = "\u00e9\n\"", d = New York, e=""] < 1',
            Gate(
                Measure.VALUE,
                Operator.BELOW,
                Bound(1.0),
                "mse",
                terms=(Term("a]b", "null"), Term("c", 'é\n"'), Term("d", "New York"), Term("e", "")),
            ),
        ),
    ],
)
def test_gates(text: str, gate: Gate) -> None:
    found = parse_gate(text)
    assert found == gate
    assert found.text == text.strip()
    assert parse_gate(str(found)) == gate


names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_-]{0,12}", fullmatch=True).filter(
    lambda name: name not in {*FIGURES, "n", "nonfinite", "delta", "gap", "mean"}
)
losses = st.one_of(names, st.builds("{}({}={})".format, names, names, st.floats(allow_nan=False)))
texts = st.text(st.characters(exclude_categories=()), max_size=12)
words = st.one_of(texts, st.text(st.sampled_from(' "\\[]=,*()<>\n\u2028null%a'), max_size=9))
bounds = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def gates(draw: st.DrawFn) -> Gate:
    measure = draw(st.sampled_from(Measure))
    rows = measure in {Measure.ROWS, Measure.NONFINITE}
    columns = draw(st.lists(words, unique=True, max_size=4))
    gap = columns.pop() if measure is Measure.GAP and columns else "of"
    terms = [Term(name, draw(st.none() | words)) if draw(st.booleans()) else Term(name, every=True) for name in columns]
    return Gate(
        measure,
        draw(st.sampled_from(Operator)),
        Bound(draw(bounds), percent=measure is Measure.DELTA and draw(st.booleans())),
        "" if rows else draw(losses),
        draw(st.sampled_from(FIGURES)) if measure is Measure.FIGURE else "",
        gap if measure is Measure.GAP else "",
        tuple(term for term in terms if term.column != gap),
    )


@given(gates())
def test_what_is_written_reads_back(gate: Gate) -> None:
    assert parse_gate(str(gate)) == gate
    assert parse_gate(f"\n {gate}\t") == gate
    assert str(parse_gate(str(gate))) == str(gate)
    assert str(gate).isprintable()


@given(st.text(st.sampled_from('msen (),[]=<>%*"0.1e\\p95delta'), max_size=30) | texts)
def test_any_text_is_a_gate_or_an_error_in_a_place(text: str) -> None:
    found = parsed(text)
    if isinstance(found, Gate):
        assert math.isfinite(found.bound.share)
        assert parse_gate(str(found)) == found
        return
    assert 0 <= found.position <= len(text)
    assert f"character {found.position + 1}:" in found.problem
    assert found.exit_code is ExitCode.USAGE
    assert all(map(is_plain, found.problem))


def parsed(text: str) -> Gate | GateError:
    try:
        return parse_gate(text)
    except GateError as error:
        return error


@pytest.mark.parametrize(
    ("text", "position", "problem"),
    [
        ("", 0, "nothing here"),
        ("   ", 3, "nothing here"),
        ("0.3 >= mse", 0, "expected a loss"),
        ("mse", 3, "expected <=, <, >= or >, found the end"),
        ("mse = 0.3", 4, "found '= 0.3'"),
        ("mse == 0.3", 4, "found '== 0.3'"),
        ("mse ≤ 0.3", 4, "expected <="),
        ("mse != 0.3", 4, "expected <="),
        ("mse <= ", 7, "expected a finite number, found the end"),
        ("mse <= nan", 7, "expected a finite number"),
        ("mse <= inf", 7, "expected a finite number"),
        ("mse <= -infinity", 7, "expected a finite number"),
        ("mse <= 1e999", 7, "past every 64-bit float"),
        ("mse <= 0x10", 8, "left over"),
        ("mse <= 1_000", 8, "left over"),
        ("mse <= 1,5", 8, "left over"),
        ("mse <= 1 and mae <= 2", 9, "left over"),
        ("mse <= 1%", 7, "only of a delta"),
        ("gap(mse, a) <= 1%", 15, "only of a delta"),
        ("mse <= 1 <= 2", 9, "left over"),
        ("p95 <= 1", 4, "p95 is of a loss"),
        ("delta <= 1", 6, "delta is of a loss"),
        ("mean <= 1", 5, "mean is of a loss"),
        ("mean(mse) <= 1", 0, "mean is no figure"),
        ("p42(mse) <= 1", 0, "p42 is no figure"),
        ("delta(p95(mse)) <= 1", 6, "cannot stand inside"),
        ("delta(p42(mse)) <= 1", 6, "p42 is no figure"),
        ("delta(mse <= 1", 10, "expected )"),
        ("delta() <= 1", 6, "expected a loss"),
        ("huber(delta=1 <= 1", 5, "parentheses do not match"),
        ("huber(delta=(1)) <= 1", 5, "parentheses do not match"),
        ("n(mse) <= 1", 1, "n is of the rows"),
        ("gap(mse) <= 1", 7, "expected ,"),
        ("gap(mse, ) <= 1", 9, "expected a column"),
        ("gap(mse, a)[a=1] <= 1", 17, "names the slices of the gap"),
        ("mse[] <= 1", 4, "expected a column"),
        ("mse[a] <= 1", 5, "expected ="),
        ("mse[a=] <= 1", 6, "expected a value"),
        ("mse[a=1 <= 1", 8, "expected ]"),
        ("mse[a=b*] <= 1", 7, "expected ]"),
        ("mse[a=1,a=2] <= 1", 8, "named twice"),
        ("mse[a=1,] <= 1", 8, "expected a column"),
        ('mse[a="1] <= 1', 6, "quotes are not closed"),
        (r'mse[a="\x"] <= 1', 6, "no JSON string"),
    ],
)
def test_faults_have_their_place(text: str, position: int, problem: str) -> None:
    with pytest.raises(GateError) as caught:
        parse_gate(text)
    assert (caught.value.position, problem in caught.value.problem) == (position, True), caught.value.problem
    assert caught.value.cure


def test_an_unknown_figure_gets_the_nearest() -> None:
    with pytest.raises(GateError) as caught:
        parse_gate("row_rmse(mse) <= 1")
    assert caught.value.cure == "did you mean row_rms?"


def test_a_gate_of_100_000_characters_makes_a_short_message() -> None:
    with pytest.raises(GateError) as caught:
        parse_gate("mse <= 1 \x1b[31m::error::" + "x" * 100_000)
    assert len(caught.value.problem) < 300
    assert "\x1b" not in caught.value.problem


OPERATORS = {"<=": True, "<": True, ">=": False, ">": False}


@pytest.mark.parametrize(("operator", "low"), OPERATORS.items())
@pytest.mark.parametrize("direction", Direction)
def test_an_operator_against_the_direction_is_inverted(operator: str, direction: Direction, *, low: bool) -> None:
    for expression in ("mse", "p95(mse)", "max(mse)", "delta(mse)"):
        gate = parse_gate(f"{expression} {operator} 1")
        assert gate.is_inverted(direction) is ((direction is LOW) is not low)
    for expression in ("gap(mse, a)", "nonfinite"):  # are better low whatever the loss
        assert parse_gate(f"{expression} {operator} 1").is_inverted(direction) is not low
    for expression in ("n", "zero_share(mse)"):
        assert not parse_gate(f"{expression} {operator} 1").is_inverted(direction)


def test_an_inverted_operator_is_refused_unless_it_is_meant() -> None:
    gate = parse_gate("mse >= 0.3")
    with pytest.raises(UsageError, match="mse is better when lower") as caught:
        gate.check_direction(LOW)
    assert caught.value.cure == "write <=, or add --allow-inverted if it is meant"
    gate.check_direction(LOW, allow_inverted=True)
    gate.check_direction(HIGH)
    with pytest.raises(UsageError, match="mse is better when higher") as caught:
        parse_gate("mse < 0.3").check_direction(HIGH)
    assert caught.value.cure == "write >, or add --allow-inverted if it is meant"


@pytest.mark.parametrize(
    ("operator", "below", "equal", "above"), [("<=", 1, 1, 0), ("<", 1, 0, 0), (">=", 0, 1, 1), (">", 0, 0, 1)]
)
def test_operators_hold(operator: str, below: int, equal: int, above: int) -> None:
    holds = Operator(operator).holds
    assert [holds(value, 0.5) for value in (0.4, 0.5, 0.6)] == [bool(below), bool(equal), bool(above)]
    assert not any(holds(value, 0.5) for value in (math.nan, math.inf, -math.inf))
    assert not any(holds(0.5, bound) for bound in (math.nan, math.inf, -math.inf))


def test_figures_are_those_of_rows_and_of_the_gradient() -> None:
    assert set(FIGURES) == {*QUANTILES, *GRADIENT_FIGURES}
    assert Bound(2.5, percent=True).share == 0.025
    assert Bound(2.5).share == 2.5
