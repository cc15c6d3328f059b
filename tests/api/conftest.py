"""Sources share databases here: what is tested is what is made of their rows."""

from __future__ import annotations

import pytest

from tests.databases import shared_databases  # noqa: F401 -- pytest finds fixtures by the names of a conftest


@pytest.fixture(autouse=True, scope="module")
def _databases(shared_databases: None) -> None:  # noqa: F811 -- as above
    pass
