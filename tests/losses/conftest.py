"""Kernels are called here as `ChosenLoss.compute` calls them: with NumPy quiet about overflow and division by zero."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield
