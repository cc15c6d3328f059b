"""Results in a Python console and a notebook, and errors in a traceback."""

from __future__ import annotations

import html.parser
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import lossctl
from lossctl import api
from lossctl.core.errors import LossctlError
from lossctl.core.results import repr as showing

EVIL = "<script>alert(1)</script>\n\x1b[31m" + 300 * "x"
RNG = np.random.default_rng(20)
TARGET = RNG.normal(size=200)
FRAME = {
    "id": np.arange(200),
    "target": TARGET,
    EVIL: TARGET + RNG.normal(size=200),
    "ridge": TARGET + 0.1 * RNG.normal(size=200),
    "shop": np.array([f"<b>{index % 12}</b>" for index in range(200)]),
}
MODELS = ["ridge", EVIL]


def stored() -> object:
    return api.store_baseline(FRAME, "mae,mse", Path("b.parquet"), key="id", prediction="ridge")


RESULTS: dict[str, Callable[[], object]] = {
    "evaluation": lambda: api.evaluate(FRAME, "huber", prediction="ridge")[0],
    "evaluations": lambda: api.evaluate(FRAME, "mae,mse", prediction=MODELS),
    "slices": lambda: api.evaluate(FRAME, "mae", prediction=MODELS, by="shop"),
    "comparison": lambda: api.compare(FRAME, "mae", prediction=MODELS)[0],
    "comparisons": lambda: api.compare(FRAME, "mae,mse", prediction=MODELS, by="shop"),
    "gate": lambda: api.check(FRAME, ["mae <= 1"], prediction=EVIL)[0],
    "check": lambda: api.check(FRAME, ["mae <= 1", "mae[shop=*] <= 0.01"], prediction=EVIL),
    "worst row": lambda: api.worst_rows(FRAME, "mae", 3, prediction=EVIL)[0],
    "worst rows": lambda: api.worst_rows(FRAME, "mae", 30, prediction=EVIL, keep=["shop"]),
    "baseline": stored,
    "losses": lossctl.list_losses,
    "loss card": lambda: lossctl.show_loss("huber"),
}
SINGLE = {"evaluation", "comparison", "gate", "worst row", "loss card"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_is_shown_in_a_line_or_a_few(name: str) -> None:
    shown = repr(RESULTS[name]())
    lines = shown.split("\n")
    assert len(lines) == 1 if name in SINGLE else 2 <= len(lines) <= 7
    assert all(len(line) <= 400 and line.isprintable() for line in lines)
    assert lines[0].startswith("<")


def test_what_is_shown_tells_the_value() -> None:
    found = api.evaluate({"target": [1.0, 2.0, 4.0], "prediction": [1.5, 2.0, 1.0]}, "mae,huber", quantiles=())
    shown = f"mae 1.16667, 95% CI [{found[0].ci.low:.6g}, {found[0].ci.high:.6g}], n 3>"
    assert repr(found[0]) == f"<Evaluation prediction: {shown}"
    assert repr(found).split("\n")[:2] == ["<Evaluations of 2>", f"  {found[0]!r}"]
    unit = api.evaluate({"target": [1.0, 0.0], "prediction": [0.5, 0.5]}, "log_loss")[0]
    assert "0.693147 nats" in repr(unit)


def test_what_is_shown_of_others_tells_what_they_are() -> None:
    compared = api.compare(FRAME, "mse", prediction=["ridge", EVIL], by="shop")
    assert repr(compared).endswith(f"\n  … {len(compared) - 5} more")
    assert f"mse {compared[0].delta:+.6g}, 95% CI [{compared[0].delta_ci.low:.6g}, " in repr(compared[0])
    assert f", p {compared[0].p_adjusted:.3g}, n 200>" in repr(compared[0])
    checked = api.check(FRAME, ["mae <= 1", "mae <= 0.01"], prediction="ridge")
    assert repr(checked).split("\n")[0] == "<Checked fail: 1 fail, 1 pass of 2>"
    assert repr(checked).split("\n")[1].startswith("  <GateResult fail: mae <= 0.01: ")
    assert repr(lossctl.LOSSES["mae"]).startswith("<Loss mae: ")
    assert repr(lossctl.LOSSES["huber"].choose(delta=2.0)) == "<ChosenLoss huber(delta=2.0)>"
    worst = api.worst_rows(FRAME, "mae", 1, prediction="ridge", by=["shop"])[0]
    assert repr(worst) == f"<WorstRow row {worst.row} of ridge: mae {worst.value:.6g}>"


class Cells(html.parser.HTMLParser):
    """What tags a page has, and what stands in its cells."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.rows = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.rows += tag == "tr"
        assert {name for name, _ in attrs} <= {"class", "scope"}


@pytest.mark.parametrize("name", RESULTS)
def test_a_notebook_shows_a_table_and_runs_nothing(name: str) -> None:
    page = RESULTS[name]()._repr_html_()  # type: ignore[attr-defined]  # every one has it
    cells = Cells()
    cells.feed(page)
    assert cells.tags <= {"table", "caption", "thead", "tbody", "tr", "th", "td", "p"}
    assert cells.rows >= 2
    assert "\x1b" not in page


def test_the_table_is_that_of_the_page() -> None:
    found = api.evaluate(FRAME, "mae,mse", prediction="ridge")
    table = found._repr_html_()
    assert table is not None
    assert table.strip() in lossctl.render(found, "html")


def test_of_a_long_table_the_first_rows_are_shown() -> None:
    frame = {"target": TARGET, "prediction": 0.0 * TARGET, "one": np.arange(200)}
    page = api.evaluate(frame, "mae", by="one")._repr_html_()
    assert page is not None
    assert page.count("<tr>") == 101
    assert "and 101 more rows" in page


def test_without_what_writes_tables_none_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showing, "_writers", [])
    assert lossctl.list_losses()._repr_html_() is None


def test_a_traceback_shows_the_cure() -> None:
    with pytest.raises(lossctl.UsageError) as caught:
        api.evaluate(FRAME, "hubr", prediction="ridge")
    shown = "".join(traceback.format_exception(caught.value))
    assert shown.endswith(f"UsageError: no loss is called 'hubr'\nhint:  {caught.value.cure}\n")
    assert caught.value.notes == ()


def test_the_cure_comes_first_and_is_not_told_twice() -> None:
    error = lossctl.DataError("wrong", "mend it")
    error.add_note("more")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 -- it is our own
    for each in (error, again):
        assert (str(each), each.cure, each.notes) == ("wrong", "mend it", ("more",))
        assert each.__notes__ == ["hint:  mend it", "more"]
    assert not hasattr(LossctlError("wrong"), "__notes__")
    assert LossctlError("wrong").notes == ()
