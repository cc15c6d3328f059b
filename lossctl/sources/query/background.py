"""A call that runs beside its caller. Imports core."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Generic, TypeVar

from lossctl.core.system.shutdown import watch

__all__ = ["Beside"]

T = TypeVar("T")


class Beside(Generic[T]):
    """A call in a thread of its own, waited for where its result is needed.

    `concurrent.futures` does this too, but takes longer to import than what runs here takes in most runs.

    Parameters
    ----------
    call
        What to do.

    Examples
    --------
    >>> Beside(lambda: 6 * 7).result()
    42
    """

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._found: list[T] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=copy_context().run, args=(self._run,), daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # no thread may be had: then it is done here and now
            self._run()
            return
        watch()  # what is called may keep those that wait for it, and there is more than one thread from here on

    def _run(self) -> None:
        try:
            self._found.append(self._call())
        except BaseException as error:  # noqa: BLE001 -- handed to the caller, which raises it
            self._error = error

    def wait(self) -> None:
        """Wait until the call is over, however it ended."""
        if self._thread.ident is not None:
            self._thread.join()

    def result(self) -> T:
        """Wait for the call, and give what it returned or raise what it raised."""
        self.wait()
        if self._error is not None:
            raise self._error
        return self._found[0]
