"""Make the files the benchmarks read: id, target, prediction, weight, region; as CSV and Parquet.

Runs as a script inside the benchmark environment, in a process of its own, so that the memory it takes is not
counted against anyone. Imports NumPy, pyarrow and DuckDB. Rows are made in chunks, so 100 M rows need no more memory
than 1 M.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 1_000_000
SEED = 0
SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("target", pa.float64()),
        ("prediction", pa.float64()),
        ("weight", pa.float64()),
        ("region", pa.string()),
    ]
)


def chunks(rows: int) -> Iterator[pa.RecordBatch]:
    """Make the rows, a chunk at a time; each chunk has its own seed, so a longer file begins like a shorter one."""
    for start in range(0, rows, CHUNK):
        size = min(CHUNK, rows - start)
        random = np.random.default_rng([SEED, start])
        target = random.normal(size=CHUNK)
        prediction = target + 0.3 * random.normal(size=CHUNK)
        weight = random.uniform(0.5, 2.0, CHUNK)
        region = np.array(["a", "b", "c", "d"])[random.integers(0, 4, CHUNK)]
        columns = [np.arange(start, start + CHUNK), target, prediction, weight, region]
        yield pa.record_batch([pa.array(column[:size]) for column in columns], schema=SCHEMA)


def write(rows: int, path: Path) -> None:
    """Write a file through DuckDB; it appears under its name only when it is whole."""
    connection = duckdb.connect()
    connection.register("made", pa.RecordBatchReader.from_batches(SCHEMA, chunks(rows)))
    unfinished = path.with_name(f"unfinished-{path.name}")
    form = "(format csv, header)" if path.suffix == ".csv" else "(format parquet)"
    connection.execute(f"copy (from made) to '{unfinished}' {form}")
    unfinished.rename(path)


if __name__ == "__main__":
    write(int(sys.argv[1]), Path(sys.argv[2]))
