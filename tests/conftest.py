"""Settings of every test: a plain terminal; Hypothesis without a clock, and the same examples each time in CI.

Small tests of many cases are found by the name of each, as `tests.each` says.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.each import name_cases
from tests.short import shortly

# readline sets the first two for workers of pytest
for _name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS", "GITLAB_CI"):
    os.environ.pop(_name, None)

collect_ignore_glob = ["oracles/make_elsewhere_*.py", "oracles/make_names.py"]
"""Scripts that import the libraries whose answers they freeze: none is installed for the tests."""

settings.register_profile(
    "lossctl",
    deadline=None,  # a busy machine is no fault of the code
    max_examples=25,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("lossctl")


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    return shortly(left, right) if op == "==" else None


def pytest_itemcollected(item: pytest.Item) -> None:
    name_cases(item)
