"""Sums by unit: whatever the order, the cut and the merge, and however many units there are."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from lossctl.core.errors import DataError
from lossctl.core.method import Method
from lossctl.core.rows.block import Batch, Binding, Block
from lossctl.core.rows.faults import Faults
from lossctl.engine.accumulators.units import BUCKETS, SeriesTally, UnitTally, identities_of, splitmix64

Identities = npt.NDArray[np.uint64]
BOOTSTRAP, CLUSTERS = Method("bootstrap"), Method(cluster="c")


def summed(method: Method, values: npt.NDArray[np.float64], who: Identities, cuts: list[int]) -> UnitTally:
    tally = UnitTally(method)
    for start, stop in pairwise([0, *sorted(cuts), len(who)]):
        codes = tally.codes(who[start:stop])
        tally.add_weights(None, codes)
        tally.add("x", values[start:stop], codes)
    return tally


def floats(tally: UnitTally) -> list[npt.NDArray[np.float64]]:
    return tally.floats(["x"])


@given(
    who=st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 5), min_size=1, max_size=40),
    cuts=st.lists(st.integers(0, 40), max_size=4),
    method=st.sampled_from([BOOTSTRAP, CLUSTERS]),
    data=st.data(),
)
@settings(max_examples=60, deadline=None)
def test_any_order_cut_and_merge_gives_the_same_bits(
    who: list[int], cuts: list[int], method: Method, data: st.DataObject
) -> None:
    ids = np.array(who, dtype=np.uint64)
    values = np.random.default_rng(len(who)).normal(size=len(who)) * 10.0 ** np.arange(len(who))
    order = np.array(data.draw(st.permutations(range(len(who)))))
    expected = floats(summed(method, values, ids, []))
    cuts = [min(cut, len(who)) for cut in cuts]
    assert_array_equal(floats(summed(method, values[order], ids[order], cuts)), expected)
    parts = [order[start:stop] for start, stop in pairwise([0, *sorted(cuts), len(who)])]
    tallies = [summed(method, values[part], ids[part], []) for part in parts]
    for part in tallies[1:]:
        tallies[0].merge(part)
    assert_array_equal(floats(tallies[0]), expected)
    distinct = sorted(set(who), key=lambda each: int(splitmix64(method.seed, np.array([each], dtype=np.uint64))[0]))
    assert_array_equal(expected[1], [math.fsum(values[ids == each]) for each in distinct])
    assert_array_equal(expected[0], [who.count(each) for each in distinct])


def many(n: int) -> tuple[npt.NDArray[np.float64], Identities]:
    return np.random.default_rng(n).normal(size=n), np.arange(n, dtype=np.uint64)


@pytest.mark.parametrize("n", [BUCKETS, BUCKETS + 1])
def test_more_units_than_buckets_are_put_into_these(n: int) -> None:
    values, who = many(n)
    tally = summed(BOOTSTRAP, values, who, [])
    assert tally.in_buckets == (n > BUCKETS)
    assert len(tally) == len(floats(tally)[0]) == BUCKETS
    if n > BUCKETS:
        codes = (splitmix64(BOOTSTRAP.seed, who) >> np.uint64(52)).astype(np.int64)
        assert_allclose(floats(tally)[1], np.bincount(codes, values, BUCKETS), rtol=1e-12, atol=1e-15)
        assert_array_equal(floats(tally)[0], np.bincount(codes, minlength=BUCKETS))


@pytest.mark.parametrize("cuts", [[100], [BUCKETS], [BUCKETS - 5, BUCKETS + 5], [6000], [1, 2, 3, 8000]])
def test_when_units_are_put_into_buckets_changes_nothing(cuts: list[int]) -> None:
    values, who = many(9000)
    expected = floats(summed(BOOTSTRAP, values, who, []))
    assert_array_equal(floats(summed(BOOTSTRAP, values, who, cuts)), expected)
    parts = [slice(start, stop) for start, stop in pairwise([0, *cuts, 9000])]
    for order in (parts, parts[::-1]):
        tallies = [summed(BOOTSTRAP, values[part], who[part], []) for part in order]
        for part in tallies[1:]:
            tallies[0].merge(part)
        assert_array_equal(floats(tallies[0]), expected)


def test_clusters_are_told_apart_however_many_they_are() -> None:
    values, who = many(9000)
    tally = summed(CLUSTERS, values, who, [4000])
    assert not tally.in_buckets
    assert len(tally) == 9000
    assert_array_equal(np.sort(floats(tally)[1]), np.sort(values))


def test_sorted_rows_are_spread_as_well_as_any() -> None:
    """The error by buckets is that by rows, though rows come in the order of their values."""
    values = np.sort(np.random.default_rng(1).normal(size=60_000))
    tally = summed(BOOTSTRAP, values, np.arange(60_000, dtype=np.uint64), [30_000])
    w, x = floats(tally)
    u = x - values.mean() * w
    assert_allclose(np.sqrt(np.sum(u * u)) / 60_000, values.std() / math.sqrt(60_000), rtol=0.04)


def block(rows: npt.NDArray[np.int64] | None = None, identity: Identities | None = None) -> Block:
    y = np.array([1.0, np.nan, 3.0, 4.0, 5.0, 6.0])
    batch = Batch({"y": y, "p": y}, 10, 6, rows, identity=identity)
    made, _ = Block.of(batch, Binding("p", ("y",), ("p",)), Faults())
    return made


def test_a_row_is_its_number_its_identity_or_its_place_in_blocks() -> None:
    assert identities_of(block(), BOOTSTRAP).tolist() == [10, 12, 13, 14, 15]
    rows = np.array([3, 5, 8, 13, 21, 34])
    assert identities_of(block(rows), BOOTSTRAP).tolist() == [3, 8, 13, 21, 34]
    assert identities_of(block(rows), Method(block=5)).tolist() == [0, 1, 2, 4, 6]
    known = np.array([7, 7, 2**63, 1, 1, 7], dtype=np.uint64)
    assert identities_of(block(rows, known), CLUSTERS).tolist() == [7, 2**63, 1, 1, 7]
    assert identities_of(block(rows, known), Method("bootstrap", block=5)).tolist() == [0, 1, 2, 4, 6]


def grouped(identity: list[int]) -> Block:
    values = np.array([3.0, 2.0, 1.0, 5.0, 4.0])
    columns = {"y": values, "p": values}
    batch = Batch(columns, 0, 5, np.array([9, 4, 6, 2, 8]), np.array([0, 3]), identity=np.array(identity, np.uint64))
    made, _ = Block.of(batch, Binding("p", ("y",), ("p",), group="g"), Faults())
    return made


def test_a_group_is_its_first_row_and_of_one_cluster() -> None:
    made = grouped([1, 1, 1, 2, 2])
    assert identities_of(made, CLUSTERS).tolist() == [1, 2]
    plain = Block(
        made.target, made.prediction, None, Batch(made.batch.columns, 0, 5, made.batch.rows), None, made.starts
    )
    assert identities_of(plain, BOOTSTRAP).tolist() == [4, 2]
    with pytest.raises(DataError, match='a group has rows of several clusters of "c"'):
        identities_of(grouped([1, 1, 3, 2, 2]), CLUSTERS)


def series(n: int, cuts: list[int], *, shuffled: bool = False) -> SeriesTally:
    values, positions = many(n)
    tallies = []
    for start, stop in pairwise([0, *cuts, n]):
        tally = SeriesTally(Method("diebold_mariano"))
        order = np.random.default_rng(1).permutation(stop - start) if shuffled else np.arange(stop - start)
        codes = tally.codes(positions[start:stop][order])
        tally.add_weights(None, codes)
        tally.add("x", values[start:stop][order], codes)
        tallies.append(tally)
    for tally in tallies[1:]:
        tallies[0].merge(tally)
    return tallies[0]


@pytest.mark.parametrize(("n", "stretch"), [(1, 1), (5, 1), (4096, 1), (4097, 2), (8192, 2), (8193, 4), (20_000, 8)])
def test_stretches_of_a_series_are_as_short_as_may_be_and_alike(n: int, stretch: int) -> None:
    tally = series(n, [])
    weights, sums = tally.floats(["x"])
    starts = np.arange(0, n, stretch)
    assert len(tally) == len(starts) <= BUCKETS
    assert_array_equal(weights, np.diff(starts, append=n))
    assert_allclose(sums, np.add.reduceat(many(n)[0], starts), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("cuts", [[1], [4096], [100, 5000, 16_000], [17_000, 17_001]])
def test_neither_cut_nor_order_changes_the_sums_of_a_series(cuts: list[int]) -> None:
    expected = series(20_000, []).floats(["x"])
    for shuffled in (False, True):
        assert_array_equal(series(20_000, cuts, shuffled=shuffled).floats(["x"]), expected)


@pytest.mark.parametrize("swapped", [False, True])
def test_parts_of_longer_and_shorter_stretches_are_joined(*, swapped: bool) -> None:
    values, positions = many(9000)
    tallies = []
    for part in (slice(8000, 9000), slice(0, 10)):
        tally = SeriesTally(Method("diebold_mariano"))
        codes = tally.codes(positions[part])
        tally.add_weights(None, codes)
        tally.add("x", values[part], codes)
        tallies.append(tally)
    joined, other = tallies if swapped else tallies[::-1]
    joined.merge(other)
    weights, sums = joined.floats(["x"])
    assert len(weights) == -(-9000 // 4)
    assert_array_equal(np.flatnonzero(weights), [0, 1, 2, *range(2000, 2250)])
    assert_allclose(sums[2000], np.sum(values[8000:8004]), rtol=1e-12)


def test_rows_of_a_slice_are_placed_by_those_read_before() -> None:
    rows = np.array([3, 5, 8, 13, 21, 34])
    made = block(rows)
    assert identities_of(made, Method(block=2), rows, 7).tolist() == [3, 4, 5, 5, 6]
    assert identities_of(made, Method("diebold_mariano"), rows, 7).tolist() == [7, 9, 10, 11, 12]
    assert identities_of(made, Method("bootstrap", block=2), rows, 0).tolist() == [0, 1, 1, 2, 2]
