"""The line on a terminal that says which columns were taken for what, and which for nothing."""

from __future__ import annotations

import io
import shlex
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossctl.cli.columns_line import columns_line
from lossctl.core.bound import BoundColumns
from lossctl.core.escape import terminal
from tests.cli.cases import Run
from tests.terminals import at_terminal
from tests.transcript import ROOT

DATA = ROOT / "examples" / "data"
LINE = "columns: target ← target, prediction ← prediction; not used: id\n"


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def told(run: Run, monkeypatch: pytest.MonkeyPatch) -> object:
    """Return what a command says of columns, standard error being a terminal."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")

    def tell(line: str) -> list[str]:
        shown = Terminal()
        monkeypatch.setattr(sys, "stderr", shown)
        command, name, *rest = shlex.split(line)
        run(command, str(DATA / f"{name}.csv"), *rest)
        return [each for each in shown.getvalue().splitlines() if not each.startswith("warning: ")]

    return tell


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("eval preds --loss mae", "target ← target, prediction ← prediction; not used: id"),
        (
            "eval diabetes -p ridge -p knn --loss mae,mse -w weight --by sex",
            "target ← target, prediction ← ridge, knn, weight ← weight; not used: id, forest, age_band",
        ),
        (
            "eval diabetes -p ridge --loss mae --where \"AGE_band = 'under 40' or sex > 1\"",
            "target ← target, prediction ← ridge; not used: id, knn, forest, weight",
        ),
        (
            "eval diabetes -p ridge --loss mae --top 3 --keep 's*'",
            "target ← target, prediction ← ridge; not used: id, knn, forest, age_band, weight",
        ),
        (
            "eval diabetes -p ridge --loss mae --per-row --key id",
            "target ← target, prediction ← ridge; not used: knn, forest, sex, age_band, weight",
        ),
        (
            "compare diabetes -p ridge -p knn --loss mae --cluster age_band",
            "target ← target, prediction ← ridge, knn; not used: id, forest, sex, weight",
        ),
        (
            "check diabetes -p knn --baseline-pred ridge -g 'delta(mae)[sex=*] <= 1%' -g 'gap(mae, age_band) <= 9'",
            "target ← target, prediction ← knn, ridge; not used: id, forest, weight",
        ),
        ("check diabetes -p knn --gate 'n[sex=1] >= 2' --gate 'mae <= 50'", None),
        (
            "eval iris_soft -t 'p_*' -p 'q_*' --loss cross_entropy",
            "target ← p_*, prediction ← q_*; not used: id, label",
        ),
        (
            "eval diabetes_forecasts --loss gaussian_nll --where 'id > 9' --by log_prediction_scale",
            "target ← target, prediction ← prediction,prediction_scale; not used: log_prediction",
        ),
        (
            "eval digit_ranking --loss approx_ndcg --group query -t relevance",
            "target ← relevance, prediction ← score, group ← query; not used: document",
        ),
        ("eval digit_shares --loss entropy", "target ← p; not used: event, q"),
    ],
)
def test_a_line_says_what_was_bound_and_what_was_not_used(told: object, line: str, expected: str | None) -> None:
    assert callable(told)
    expected = expected or "target ← target, prediction ← knn; not used: id, ridge, forest, age_band, weight"
    assert told(line) == [f"columns: {expected}"]


def test_targets_of_another_file_are_called_as_there(told: object) -> None:
    assert callable(told)
    Path("t.csv").write_text("id,y,site\n" + "".join(f"{n},{n},a\n" for n in range(1, 443)))
    line = told("eval preds --loss mae --targets t.csv --key id -t y")
    assert line == ["columns: target ← y, prediction ← prediction; not used: target, site"]


def test_a_target_that_both_files_have_is_used(told: object) -> None:
    assert callable(told)
    Path("t.csv").write_text("id,target,site\n" + "".join(f"{n},{n},a\n" for n in range(1, 443)))
    line = told("eval preds --loss mae --targets t.csv --key id")
    assert line == ["columns: target ← target, prediction ← prediction; not used: site"]


@pytest.mark.parametrize("arguments", [("losses",), ("show", "mae"), ("--version",)])
def test_no_line_where_nothing_is_bound(run: Run, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("TERM", "xterm")
    run(*arguments)
    assert shown.getvalue() == ""


def test_no_line_off_a_terminal_and_none_where_it_is_to_be_quiet(run: Run) -> None:
    command = ("eval", str(DATA / "preds.csv"), "--loss", "mae")
    assert run(*command).stderr == ""
    shown = at_terminal(command, env={"NO_COLOR": "1"})
    assert shown.text.startswith(LINE)
    assert at_terminal([*command, "-q"], env={"NO_COLOR": "1"}).text == shown.text.removeprefix(LINE)
    assert at_terminal(command, env={"NO_COLOR": "1", "TERM": "dumb"}).text == shown.text.removeprefix(LINE)
    apart = at_terminal(command, env={"NO_COLOR": "1"}, apart=True)
    assert (apart.text, apart.errors) == (shown.text.removeprefix(LINE), "")


NAMES = st.lists(st.text("abc_\x1b\n", min_size=1, max_size=30), unique=True, max_size=12)


@given(NAMES, NAMES, st.integers(40, 200))
def test_it_is_one_line_that_names_as_many_as_fit(predictions: list[str], others: list[str], width: int) -> None:
    others = [name for name in others if name not in predictions]
    bound = BoundColumns()
    for name in predictions or ["p"]:
        bound.add([*predictions, *others], {"prediction": name})
    bound.use(predictions)
    line = columns_line(bound, width)
    start, _, end = line.partition("; not used: ")
    assert bool(end) == bool(others)

    def named(count: int) -> str:
        return ", ".join(others[:count]) + (f" and {len(others) - count} more" if count < len(others) else "")

    fitting = [
        count for count in range(1, len(others) + 1) if len(terminal(f"{start}; not used: {named(count)}")) <= width
    ]
    assert end == (named(max(fitting)) if fitting else f"{len(others)} columns" if others else "")
