"""Columns of files that are called what a reader calls its own: nothing is taken for anything else."""

from __future__ import annotations

import numpy as np
import pytest

from lossctl.sources import open_source
from lossctl.sources.joins.side_by_side import paired_by_key
from lossctl.sources.joins.targets import join

pytestmark = pytest.mark.usefixtures("shared_databases")

NAMES = ("row0", "row1", "KEY0_0", "key1_0", "passes0", "s0_v0", "who0")
LEFT, RIGHT = ["a", "b", "c", "d"], ["d", "b", "a", "c"]
VALUES = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}


def columns(names: list[str], key: str, value: str) -> dict[str, list[str] | list[float]]:
    return {key: list(names), value: [VALUES[name] for name in names]}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("role", ["key", "left", "right"])
def test_names_of_a_reader_are_free_for_columns(name: str, role: str) -> None:
    key, left, right = (name if role == each else each for each in ("key", "left", "right"))
    where = f'"{left}" > 1.5'
    for ordered in (False, True):
        with open_source(columns(LEFT, key, left)) as one, open_source(columns(RIGHT, key, right)) as other:
            joined = join(one, other, [key], ordered=ordered)
            (batch,) = joined.read([left, right], where=where, identity=[key], texts=[key])
            assert batch.columns[left].tolist() == batch.columns[right].tolist() == [2.0, 3.0, 4.0]
            assert batch.texts[key].to_pylist() == ["b", "c", "d"]
            assert batch.rows is not None
            assert batch.rows.tolist() == [1, 2, 3]
            (bare,) = one.read([left], identity=[key])
            assert bare.identity is not None
            np.testing.assert_array_equal(batch.identity, bare.identity[1:])
            joined.close()
        with open_source(columns(LEFT, key, left)) as one, open_source(columns(RIGHT, key, right)) as other:
            requests = [one.request([left]), other.request([right])]
            ((first, second),) = paired_by_key([one, other], requests, [key], ordered=ordered)
            assert first.columns[left].tolist() == second.columns[right].tolist() == [1.0, 2.0, 3.0, 4.0]
            assert second.rows is not None
            assert second.rows.tolist() == [2, 1, 3, 0]
