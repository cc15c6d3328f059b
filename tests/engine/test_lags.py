"""Products of rows of a series: whatever the order, the cut and the merge, and with rows missing."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossctl.core.rows.block import Batch, Binding, Block
from lossctl.core.rows.faults import Faults
from lossctl.engine.accumulators.lags import LagTally, positions_of

PAIRS = ((0, 0), (0, 1), (1, 1))


def by_hand(x: npt.NDArray[np.float64], positions: list[int], lags: int) -> list[list[Fraction]]:
    at = {position: [Fraction(float(each)) for each in x[:, place]] for place, position in enumerate(positions)}
    found = []
    for lag in range(lags + 1):
        sums = [Fraction(0)] * len(PAIRS)
        for position, late in at.items():
            early = at.get(position - lag)
            for place, (i, j) in enumerate(PAIRS if early is not None else ()):
                assert early is not None
                sums[place] += late[i] * early[j] + (late[j] * early[i] if i != j else 0)
        found.append(sums)
    return found


@given(
    positions=st.sets(st.integers(0, 39), max_size=12).map(lambda gaps: [p for p in range(40) if p not in gaps]),
    cuts=st.lists(st.integers(0, 40), max_size=4),
    lags=st.integers(0, 6),
    data=st.data(),
)
@settings(max_examples=100, deadline=None)
def test_products_are_those_of_all_pairs(positions: list[int], cuts: list[int], lags: int, data: st.DataObject) -> None:
    n = len(positions)
    x = np.random.default_rng(n).integers(-999, 999, size=(2, n)).astype(float)  # their products are exact
    parts = list(pairwise([0, *sorted(min(cut, n) for cut in cuts), n]))
    tally = LagTally(lags, PAIRS)
    others = LagTally(lags, PAIRS)
    for number, place in enumerate(data.draw(st.permutations(range(len(parts))))):
        start, stop = parts[place]
        into = others if number % 2 else tally
        into.add(list(x[:, start:stop]), np.array(positions[start:stop], dtype=np.int64))
    tally.merge(others)
    assert tally.fractions() == by_hand(x, positions, lags)
    assert tally.fractions() == tally.fractions()


def test_what_overflows_is_missing() -> None:
    tally = LagTally(1, ((0, 0),))
    with np.errstate(over="ignore"):
        tally.add([np.array([1e200, 1e200])], np.arange(2))
    assert tally.fractions() is None


@pytest.mark.parametrize("numbered", [False, True])
def test_positions_count_the_rows_that_were_read(*, numbered: bool) -> None:
    y = np.array([1.0, 2.0, np.nan, 4.0])
    rows = np.array([5, 9, 12, 40]) if numbered else None
    batch = Batch({"y": y, "p": y}, 20, 4, rows)
    block, _ = Block.of(batch, Binding("p", ("y",), ("p",)), Faults())
    assert positions_of(block, rows, 100).tolist() == [100, 101, 103]
    fewer = Batch({"y": y[[1, 3]], "p": y[[1, 3]]}, 20, 2, np.array([9, 40]) if numbered else np.array([21, 23]))
    block, _ = Block.of(fewer, Binding("p", ("y",), ("p",)), Faults())
    assert positions_of(block, rows, 100).tolist() == [101, 103]
