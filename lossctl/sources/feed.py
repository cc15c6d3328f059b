"""Arrow batches made by Python for DuckDB to read. Imports arro3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import arro3.core as arro

__all__ = ["Feed"]


class Feed:
    """Batches as a stream; keeps what went wrong in making them, of which DuckDB tells only the message.

    Parameters
    ----------
    schema
        Of each batch.
    batches
        The arrays of each.
    """

    def __init__(self, schema: arro.Schema, batches: Iterable[list[Any]]) -> None:
        self._schema = schema
        self._made = batches
        self._failure: BaseException | None = None

    def stream(self) -> arro.RecordBatchReader:
        """Give what DuckDB reads, once."""
        return arro.RecordBatchReader.from_batches(self._schema, self._batches())

    def raise_failure(self) -> None:
        """Raise what went wrong, where something did."""
        if self._failure is not None:
            raise self._failure

    def _batches(self) -> Iterator[arro.RecordBatch]:
        try:
            for arrays in self._made:
                yield arro.RecordBatch.from_arrays(arrays, schema=self._schema)
        except GeneratorExit:
            raise
        except BaseException as failure:  # raised again where DuckDB has given up
            self._failure = failure
            raise
