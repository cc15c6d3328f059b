"""Arrow batches made by Python for DuckDB to read. Imports arro3 and core."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
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
        self._signals: list[int] = []

    def stream(self) -> arro.RecordBatchReader:
        """Return what DuckDB reads, once."""
        return arro.RecordBatchReader.from_batches(self._schema, self._batches())

    @contextmanager
    def uncancelled(self) -> Iterator[None]:
        """Hold signals back while DuckDB writes what it reads here, and act on them when it is done: the batches end.

        A query that is cancelled while it writes may wait for ever for one of its own tasks (DuckDB 2.0: about one in
        fifteen).
        """
        if threading.current_thread() is not threading.main_thread():  # where no signal is acted on
            yield
            return
        handlers = {
            number: handler
            for number in (signal.SIGINT, signal.SIGTERM)
            if callable(handler := signal.getsignal(number))
        }
        for number in handlers:
            signal.signal(number, lambda number, _: self._signals.append(number))
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            if self._signals:
                first = signal.Signals(self._signals[0])
                handlers[first](first, None)
                raise KeyboardInterrupt  # what was written is not the whole, whatever the handler thinks of it

    def raise_failure(self) -> None:
        """Raise what went wrong, where something did."""
        if self._failure is not None:
            raise self._failure

    def _batches(self) -> Iterator[arro.RecordBatch]:
        try:
            for arrays in self._made:
                if self._signals:
                    return
                yield arro.RecordBatch.from_arrays(arrays, schema=self._schema)
        except GeneratorExit:
            raise
        except BaseException as failure:  # raised again where DuckDB has given up
            self._failure = failure
            raise
