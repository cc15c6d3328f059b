"""The language of gates: from text to a `Gate`, with the place of every fault. Imports core and its own package.

::

    gate  = expr [slice] op bound
    expr  = LOSS | FIGURE "(" LOSS ")" | "delta(" LOSS ")" | "gap(" LOSS "," COLUMN ")" | "n" | "nonfinite"
    slice = "[" COLUMN "=" value {"," COLUMN "=" value} "]"
    value = TEXT | "*" | "null"
    op    = "<=" | "<" | ">=" | ">"
    bound = NUMBER ["%"]

LOSS is a name as in ``--loss``, with parameters: ``huber(delta=0.5)``, ``torch.nn.HuberLoss``. COLUMN and TEXT stand in
double quotes, as in JSON, where they hold blanks at an end, marks of the language, or are empty. ``*`` is every value
there is, ``null`` a missing one. A percentage is of the baseline's value, so it is for ``delta`` alone. Names of losses
and columns are not looked up here.
"""

from __future__ import annotations

import json
import math
import re

from lossctl.core.errors import UsageError
from lossctl.core.escape import visible
from lossctl.core.names import meant
from lossctl.core.spelling import canonical
from lossctl.gates.gate import FIGURES, Bound, Gate, Measure, Operator, Term

__all__ = ["GateError", "parse_gate"]

_NAME = re.compile(r"[A-Za-z_][\w-]*(?:(?:\.|:[ ]?)[A-Za-z_][\w-]*)*(?:@[\d.]+)?", re.ASCII)
"""A name, which other libraries write with points, colons and what follows an ``@``: ``reg:squarederror``."""
_BLANK = re.compile(r"\s*")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_OPERATOR = re.compile(r"<=|>=|<|>")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_WORD = re.compile(r'[^\[\]=,"*()<>]*')
_PARAMETERS = re.compile(r"\([^()]*\)")
_LONGEST = 80
"""How much of a gate a message shows; it may come from a file of anyone's."""
_CURE = "a gate reads like: mse <= 0.3, p95(mae)[region=east] < 2, delta(mse) <= 1%"


class GateError(UsageError):
    """A gate that does not parse.

    Parameters
    ----------
    text
        The gate.
    position
        Where in it the fault is, from 0.
    problem, cure
        What is wrong, and what to do.
    """

    def __init__(self, text: str, position: int, problem: str, cure: str = _CURE) -> None:
        shown = visible(text if len(text) <= _LONGEST else text[:_LONGEST] + "…")
        super().__init__(f'gate "{shown}", character {position + 1}: {problem}', cure)
        self.position = position


def parse_gate(text: str) -> Gate:
    """Parse a gate.

    Raises
    ------
    GateError
        Where the text is no gate, or its bound is no finite number.

    Examples
    --------
    >>> gate = parse_gate("p95( huber(delta=0.5) )[sex=f, age=*] <= 2")
    >>> gate.figure, gate.loss, gate.bound.share
    ('p95', 'huber(delta=0.5)', 2.0)
    >>> print(gate)
    p95(huber(delta=0.5))[sex=f,age=*] <= 2.0
    """
    return _Parser(text).gate()


class _Parser:
    """Reads one gate from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def gate(self) -> Gate:
        self._skip()
        if self.at == len(self.text):
            raise self._error("there is nothing here")
        measure, figure, loss, column = self._expression()
        terms = self._terms()
        if measure is Measure.GAP and column in {term.column for term in terms}:
            raise self._error(f"{visible(column)!r} names the slices of the gap and the slice it is in")
        operator = self._operator()
        bound = self._bound(measure)
        if self.at < len(self.text):
            raise self._error(f"{self._rest()} is left over")
        return Gate(measure, operator, bound, loss, figure, column, terms, self.text.strip())

    def _expression(self) -> tuple[Measure, str, str, str]:
        """Read what is looked at: the measure, the figure, the loss and the column of a gap."""
        start, name = self.at, self._name("a loss, a figure of one, n or nonfinite")
        if not self._is_call():
            if name in {Measure.ROWS, Measure.NONFINITE}:
                return Measure(name), "", "", ""
            if name in {*FIGURES, Measure.DELTA, Measure.GAP} or name == "mean":
                raise self._error(f"{name} is of a loss", f"write {name}(mse)" if name != "mean" else "write the loss")
            return Measure.VALUE, "", name, ""
        if name in {Measure.DELTA, Measure.GAP, *FIGURES}:
            return self._call(name)
        if name in {Measure.ROWS, Measure.NONFINITE}:
            raise self._error(f"{name} is of the rows, not of a loss", f"write {name}")
        parameters = self._parameters()
        if "=" not in parameters and parameters != "()":
            raise self._unknown_figure(start, name)
        return Measure.VALUE, "", name + parameters, ""

    def _call(self, name: str) -> tuple[Measure, str, str, str]:
        self._take("(")
        loss, column = self._loss(), ""
        if name == Measure.GAP:
            self._take(",")
            column = self._text("a column")
        self._take(")")
        if name in FIGURES:
            return Measure.FIGURE, name, loss, ""
        return Measure(name), "", loss, column

    def _loss(self) -> str:
        start, name = self.at, self._name("a loss")
        if name in {*FIGURES, Measure.DELTA, Measure.GAP} and self._is_call():
            raise GateError(self.text, start, f"{name} cannot stand inside another figure", "gate each by itself")
        parameters = self._parameters() if self._is_call() else ""
        if parameters not in {"", "()"} and "=" not in parameters:
            raise self._unknown_figure(start, name)
        return name + parameters

    def _parameters(self) -> str:
        match = _PARAMETERS.match(self.text, self.at)
        if match is None:
            raise self._error("the parentheses do not match")
        self.at = match.end()
        self._skip()
        return match[0]

    def _is_call(self) -> bool:
        return self.text.startswith("(", self.at)

    def _terms(self) -> tuple[Term, ...]:
        if not self.text.startswith("[", self.at):
            return ()
        self._take("[")
        terms: list[Term] = []
        while True:
            start, column = self.at, self._text("a column")
            if column in {term.column for term in terms}:
                raise GateError(self.text, start, f"{visible(column)!r} is named twice", "name a column once")
            self._take("=")
            terms.append(self._term(column))
            if not self.text.startswith(",", self.at):
                self._take("]")
                return tuple(terms)
            self._take(",")

    def _term(self, column: str) -> Term:
        if self.text.startswith("*", self.at):
            self._take("*")
            return Term(column, every=True)
        quoted = self.text.startswith('"', self.at)
        value = self._text("a value, * or null")
        return Term(column, None if value == "null" and not quoted else canonical(value))

    def _operator(self) -> Operator:
        match = _OPERATOR.match(self.text, self.at)
        if match is None:
            found = self._rest() or "the end"
            raise self._error(f"expected <=, <, >= or >, found {found}")
        self.at = match.end()
        self._skip()
        return Operator(match[0])

    def _bound(self, measure: Measure) -> Bound:
        start, match = self.at, _NUMBER.match(self.text, self.at)
        if match is None:
            raise self._error(f"expected a finite number, found {self._rest() or 'the end'}")
        number = float(match[0])
        if not math.isfinite(number):
            raise self._error(f"{match[0]} is past every 64-bit float", "a bound must be finite")
        self.at = match.end()
        self._skip()
        if not self.text.startswith("%", self.at):
            return Bound(number)
        if measure is not Measure.DELTA:
            raise GateError(
                self.text, start, "a percentage is of the baseline's value, so only of a delta", "write delta(LOSS)"
            )
        self._take("%")
        return Bound(number, percent=True)

    def _name(self, wanted: str) -> str:
        match = _NAME.match(self.text, self.at)
        if match is None:
            raise self._error(f"expected {wanted}, found {self._rest() or 'the end'}")
        self.at = match.end()
        self._skip()
        return match[0]

    def _text(self, wanted: str) -> str:
        """Read a word, or a string in double quotes."""
        if self.text.startswith('"', self.at):
            return self._string()
        match = _WORD.match(self.text, self.at)
        word = match[0].strip() if match is not None else ""
        if not word:
            raise self._error(f"expected {wanted}, found {self._rest() or 'the end'}", 'an empty text is ""')
        self.at += len(match[0]) if match is not None else 0
        return word

    def _string(self) -> str:
        match = _STRING.match(self.text, self.at)
        if match is None:
            raise self._error("the quotes are not closed", 'end the text with "')
        try:
            text: str = json.loads(match[0], strict=False)
        except ValueError:
            raise self._error(
                "the text in quotes is no JSON string", r"write \" for quotes and \\ for \ in it"
            ) from None
        self.at = match.end()
        self._skip()
        return text

    def _take(self, mark: str) -> None:
        if not self.text.startswith(mark, self.at):
            raise self._error(f"expected {mark}, found {self._rest() or 'the end'}")
        self.at += 1
        self._skip()

    def _skip(self) -> None:
        match = _BLANK.match(self.text, self.at)
        self.at = match.end() if match is not None else self.at

    def _rest(self) -> str:
        rest = self.text[self.at : self.at + 20]
        return repr(visible(rest)) if rest else ""

    def _error(self, problem: str, cure: str = _CURE) -> GateError:
        return GateError(self.text, self.at, problem, cure)

    def _unknown_figure(self, start: int, name: str) -> GateError:
        known = meant(name, [*FIGURES, "delta", "gap"]) or f"the figures: delta, gap, {', '.join(FIGURES)}"
        if name == "mean":
            known = "the mean of a loss is its value: write the loss alone"
        return GateError(self.text, start, f"{name} is no figure of a loss, and what follows no parameter", known)
