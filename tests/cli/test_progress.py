"""The bar on standard error: it appears when a run takes long, moves as the run does, and is gone at the end."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

import pytest

from lossctl.cli import progress as module
from lossctl.cli.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Terminal]:
    """Put a terminal in the place of standard error: from the test, for pytest has its own before."""

    def put() -> Terminal:
        shown = Terminal()
        monkeypatch.setattr(sys, "stderr", shown)
        return shown

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(module, "_SHOW_AFTER_SECONDS", 0.0)
    return put


def shown_by(bar: Any) -> Any:
    return bar._shown  # noqa: SLF001 -- rich's bar is what is looked at


def task_of(bar: Any) -> Any:
    (task,) = shown_by(bar).tasks
    return task


def test_the_bar_moves_as_the_run_does(begin: Callable[[], Terminal]) -> None:
    terminal = begin()
    with progress() as on_progress:
        assert on_progress is not None
        bar = on_progress.__self__  # type: ignore[attr-defined]  # a bound method
        for rows, fraction in [(1000, 0.125), (2000, 0.25), (7000, 0.875), (8000, 1.0)]:
            on_progress(rows, fraction)
            task = task_of(bar)
            assert (task.completed, task.total, task.fields["rows"]) == (fraction, 1.0, f"{rows:,} rows")
            assert task.percentage == 100 * fraction
    assert shown_by(bar).finished
    assert "reading" in terminal.getvalue()


def test_a_run_of_unknown_length_counts_rows(begin: Callable[[], Terminal]) -> None:
    terminal = begin()
    with progress() as on_progress:
        assert on_progress is not None
        bar = on_progress.__self__  # type: ignore[attr-defined]  # a bound method
        on_progress(12_345, None)
        task = task_of(bar)
        assert (task.completed, task.total, task.fields["rows"]) == (0.0, None, "12,345 rows")
        on_progress(24_690, 0.5)  # the length has become known
        assert (task_of(bar).completed, task_of(bar).total) == (0.5, 1.0)
    assert " rows" in terminal.getvalue()


def test_a_short_run_shows_nothing(begin: Callable[[], Terminal], monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = begin()
    clock = [100.0]
    monkeypatch.setattr(module, "_SHOW_AFTER_SECONDS", 1.0)
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    with progress() as on_progress:
        assert on_progress is not None
        for seconds in (0.0, 0.5, 0.99):
            clock[0] = 100.0 + seconds
            on_progress(1, 0.5)
        assert terminal.getvalue() == ""
        clock[0] = 101.0
        on_progress(1, 0.5)
        assert task_of(on_progress.__self__).completed == 0.5  # type: ignore[attr-defined]  # a bound method


def test_the_bar_is_gone_also_where_a_run_fails(begin: Callable[[], Terminal]) -> None:
    terminal = begin()
    bars = []

    def fail() -> None:
        with progress() as on_progress:
            assert on_progress is not None
            bars.append(on_progress.__self__)  # type: ignore[attr-defined]  # a bound method
            on_progress(1, 0.5)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not shown_by(bars[0]).live.is_started
    assert terminal.getvalue().endswith("\x1b[2K")  # what erases the line


@pytest.mark.parametrize("term", ["dumb", "xterm"])
def test_no_bar_off_a_terminal(term: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal() if term == "dumb" else io.StringIO())
    monkeypatch.setenv("TERM", term)
    with progress() as on_progress:
        assert on_progress is None
