"""Results made by hand, in general position, for every test of a format."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import pytest

from lossctl.core.results.evaluation import Evaluation, Gradient
from lossctl.core.results.evaluations import Evaluations
from lossctl.core.results.interval import Interval
from lossctl.core.results.view import Column, Scalar, Span, View
from lossctl.losses import LOSSES


@dataclass(frozen=True)
class Made:
    """A result of any content: what it offers is what it was given."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    table: View = field(default_factory=lambda: View((), ()))
    values: list[Scalar] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return {"schema": "test/1", "results": self.entries}

    def items(self) -> list[dict[str, Any]]:
        return self.entries

    def records(self) -> list[dict[str, Any]]:
        return self.entries

    def view(self) -> View:
        return self.table

    def bare(self) -> list[Scalar]:
        return self.values


@pytest.fixture(scope="session")
def made() -> type[Made]:
    return Made


@pytest.fixture(scope="session")
def labelled() -> Any:
    """One row a label: the label, and a number beside it."""

    def build(*labels: str) -> Made:
        columns = (Column("model"), Column("value", "right", "main"))
        rows = tuple((label, 0.25 + number) for number, label in enumerate(labels))
        entries = [{"model": label, "value": 0.1 + number} for number, label in enumerate(labels)]
        return Made(entries, View(columns, rows), list(labels))

    return build


@pytest.fixture(scope="session")
def evaluations() -> Evaluations:
    """Two models; the second has an infinite value and no interval."""
    steady = Gradient(0.2412, 3.1238e-3, 1e-4, -1.25e-3, 0.2415, 0.30127, 0.5, 8123, 0.0, 0.0102)
    broken = Gradient(math.inf, math.inf, math.nan, None, 1.5e7, None, None, None, 0.125, None)
    common = {"source": "preds.csv", "target": "y", "slice": {"sex": "f", "age": "<30"}, "reduction": "mean"}
    first = Evaluation(
        **common,
        model="lasso",
        prediction="p_lasso",
        chosen=LOSSES["huber"].choose(delta=0.5),
        value=0.04491234567890123,
        std_error=2.1345678e-4,
        ci=Interval(0.95, 0.044493912, 0.045330779, "t"),
        n=9998,
        n_read=10000,
        n_dropped=2,
        weight_sum=9998.5,
        gradient=steady,
        status="ok",
        signature="huber(delta=0.5)|mean",
    )
    second = Evaluation(
        **common,
        model="k|nn",
        prediction="p_knn",
        chosen=LOSSES["kl_divergence"].choose(base=10.0),
        value=math.inf,
        std_error=None,
        ci=None,
        n=3,
        n_read=3,
        n_dropped=0,
        weight_sum=3.0,
        gradient=broken,
        status="infinite",
        signature="kl_divergence(base=10.0)|mean",
    )
    return Evaluations((first, second), ("few rows: n = 3",))


@pytest.fixture(scope="session")
def frozen() -> Made:
    """A table and entries that no other package decides, for golden text."""
    columns = (
        Column("model"),
        Column("loss"),
        Column("value", "right", "main"),
        Column("unit"),
        Column("std error", "right", "side"),
        Column("95% CI", "right", "side"),
        Column("|grad|₂", "right"),
        Column("n", "right", "side"),
    )
    rows = (
        (
            "lasso",
            "huber(delta=0.5)",
            0.04491234567890123,
            None,
            2.1345678e-4,
            Span(0.044493912, 0.045330779),
            0.25,
            9998,
        ),
        ("k|nn", "kl_divergence(base=2.0)", math.inf, "bits", None, None, 1.5e7, 3),
    )
    entries = [
        {"model": "lasso", "unit": None, "value": 0.04491234567890123, "n": 9998, "paired": True, "status": "ok"},
        {"model": "k,nn", "unit": "bits", "value": math.inf, "n": 3, "paired": False, "status": "infinite"},
    ]
    return Made(entries, View(columns, rows), [0.04491234567890123, None])


HOSTILE = (
    "",
    "[bold red]x[/bold red]",
    "\x1b[31mred\x1b[0m",
    "\x9b31mred",
    "::error::boom",
    " \t::error file=a::b",
    "fold x::error::boom",
    ":::::",
    "##[error]boom",
    "##vso[task.setvariable variable=a]b",
    "#####",
    "two\nlines\r\n::error::x",
    "tab\there",
    "\0",
    "\ud800",
    "\udfff\ud83d",
    "\u202eevil\u2066",
    "zero\u200bwidth\u2060\ufeff",
    "hangul\u3164filler",
    "\x85\u2028\u2029",
    "tag\U000e0041",
    "\x7f",
    "a|b",
    "a\\|b",
    "\\",
    "\\n",
    "C:\\new\\x1b",
    "`code` ``",
    "<script>alert(1)</script>",
    "</td></table><!--",
    "&amp; &lt; &#8203;",
    "![x](http://example.org/p.png) <img src=x>",
    "[x](javascript:1) www.example.org",
    "@user @org/team",
    "org/repo#12 #1 GH-7 :smile: $x$",
    "**bold** _it_ ~~no~~",
    "=1+1",
    "+1",
    "-1",
    "-",
    "@SUM(A1)",
    "＝1+1",
    "'quoted'",
    "''",
    'say "hi"',
    '"',
    "a,b;c",
    "%$#_{}~^&\\ []*'-- ,,",
    "\\input{/etc/passwd}",
    "日本語 e\u0301 👩",
    "1e400",
    "nan",
    "x" * 100_000,
    "語" * 1_000,
)


@pytest.fixture(params=HOSTILE, ids=[f"{number}" for number in range(len(HOSTILE))])
def hostile(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def all_hostile() -> tuple[str, ...]:
    return HOSTILE
