"""One test for many cases that take less time than a test of pytest does, which is some milliseconds.

Each case is tried, also after one has failed, and those that fail are named.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pytest

from lossctl.core.losses.loss import ChosenLoss

MOST_FAILURES = 5
"""Enough to see what they share: to find the simplest draw for hundreds would take minutes."""

Test = Callable[..., None]
Case = TypeVar("Case")


def for_each(
    name: str, cases: Iterable[Case], label: Callable[[Case], object], *, batch: Callable[[Case], str] | None = None
) -> Callable[[Test], Test]:
    """Give a test each of some cases as its argument ``name``: all in one test, or in one for each name of a batch."""
    batches: dict[str, list[Case]] = {}
    for case in cases:
        batches.setdefault(batch(case) if batch else "all", []).append(case)

    if not batches:
        raise ValueError(f"there is no {name} to try")

    def decorate(test: Test) -> Test:
        def tried(**given: Any) -> None:
            failures = []
            for case in batches[given.pop("batch") if batch else "all"]:
                try:
                    test(**given, **{name: case})
                except Exception as problem:  # noqa: BLE001 -- whatever it is, it is raised below
                    problem.add_note(f"{name}: {label(case)}")
                    failures.append(problem)
                if len(failures) == MOST_FAILURES:
                    break
            if failures:
                raise failures[0] if len(failures) == 1 else ExceptionGroup("with several cases", failures)

        signature = inspect.signature(test)
        names = [*(each for each in signature.parameters if each != name), *(["batch"] if batch else [])]
        wanted = [inspect.Parameter(each, inspect.Parameter.KEYWORD_ONLY) for each in names]
        tried.__signature__ = signature.replace(parameters=wanted)  # type: ignore[attr-defined] # as inspect documents
        tried.__name__, tried.__qualname__ = test.__name__, test.__qualname__
        tried.__module__, tried.__doc__ = test.__module__, test.__doc__
        tried.pytestmark = list(getattr(test, "pytestmark", []))  # type: ignore[attr-defined] # as pytest keeps marks
        tried.cases = {key: [str(label(case)) for case in some] for key, some in batches.items()}  # type: ignore[attr-defined] # read below
        return pytest.mark.parametrize("batch", batches)(tried) if batch else tried

    return decorate


def for_each_choice(cases: Iterable[ChosenLoss]) -> Callable[[Test], Test]:
    """Return a test each of some losses with their parameters, as ``chosen``: a test for each kind of loss."""
    return for_each("chosen", cases, lambda chosen: chosen.label, batch=lambda chosen: chosen.loss.kind.name.lower())


def name_cases(item: pytest.Item) -> None:
    """Let ``-k`` find a test by the cases that it tries."""
    cases = getattr(getattr(item, "function", None), "cases", None)
    if cases is not None:
        given = getattr(getattr(item, "callspec", None), "params", {})
        item.extra_keyword_matches.update(cases[given.get("batch", "all")])
