"""The slices of rows by the values of columns: a number for each, handed out as they are met. Imports arro3 and NumPy.

Texts are told apart by their letters and never by a hash, so that no two slices can be taken for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import arro3.core as arro
import numpy as np
import numpy.typing as npt

from lossctl.core.block import Rows

__all__ = ["Slices"]

_DICTIONARIES = {
    "text": arro.DataType.dictionary(arro.DataType.int32(), arro.DataType.utf8()),
    "whole": arro.DataType.dictionary(arro.DataType.int32(), arro.DataType.int64()),
}
_SHIFT = 32
"""Two codes make one number: there are no more of them than Python can keep texts for."""

Flags = npt.NDArray[np.bool_]


class Slices:
    """The slices that the rows of a source fall into, numbered from 0 in the order of their first rows.

    Filled by `lossctl.sources.source.Source.read`; given to another read, of this source or another, the same values
    keep their numbers.

    Parameters
    ----------
    columns
        The columns whose values, taken together, make a slice. A missing value is a value of its own.

    Examples
    --------
    >>> from lossctl.sources import open_source
    >>> frame = {"shop": ["b", "a", None, "b"], "y": [1.0, 2.0, 3.0, 4.0]}
    >>> slices = Slices(["shop"])
    >>> with open_source(frame) as source:
    ...     [batch.slices.tolist() for batch in source.read(["y"], by=slices)]
    [[0, 1, 2, 0]]
    >>> [slices.values(code) for code in range(len(slices))]
    [('b',), ('a',), (None,)]
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        self._texts: list[_Numbers] = [_Numbers() for _ in self.columns]
        self._pairs: list[_Numbers] = [_Numbers() for _ in self.columns[1:]]

    def __len__(self) -> int:
        return len([*self._texts, *self._pairs][-1])

    def values(self, code: int) -> tuple[str | None, ...]:
        """Give the values of a slice as texts, one a column; ``None`` where it is missing."""
        values: list[str | None] = []
        for pairs, texts in zip(reversed(self._pairs), reversed(self._texts), strict=False):
            code, last = divmod(pairs.keys[code], 1 << _SHIFT)
            values.append(texts.keys[last])
        return (self._texts[0].keys[code], *reversed(values))

    def encode(self, columns: Iterable[tuple[Any, Flags | None]], kept: Rows | None) -> Rows:
        """Give the codes of rows.

        Parameters
        ----------
        columns
            Of each column the Arrow array of texts or of whole numbers, and which of them are missing.
        kept
            The places of the rows that count, in order; ``None``: all.
        """
        codes: Rows | None = None
        found: list[Any]
        for place, (values, missing) in enumerate(columns):
            local, found = _told_apart(values, kept)
            found = [str(each) for each in found]
            if missing is not None and missing.any():
                local = np.where(missing if kept is None else missing[kept], len(found), local)
                found.append(None)
            mine = self._texts[place].of(local, found)
            if codes is None:
                codes = mine
            else:
                local, found = _told_apart(arro.Array.from_numpy((codes << _SHIFT) | mine), None)
                codes = self._pairs[place - 1].of(local, found)
        if codes is None:
            raise ValueError("no columns")
        return codes


class _Numbers:
    """Numbers for keys, from 0 in the order they are first met."""

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self._known: dict[Any, int] = {}

    def __len__(self) -> int:
        return len(self.keys)

    def of(self, local: Rows, found: Sequence[Any]) -> Rows:
        """Give the numbers of rows, whose keys stand at their `local` places in `found`."""
        known = [self._known.get(key, -1) for key in found]
        numbers = np.array(known, dtype=np.int64)
        if len(numbers) and numbers.min() < 0:
            first = np.full(len(found), len(local))
            first[local[::-1]] = np.arange(len(local))[::-1]  # of equal places the one written last stays
            for place in np.argsort(first, kind="stable").tolist():
                if numbers[place] < 0 and first[place] < len(local):
                    numbers[place] = self._known[found[place]] = len(self.keys)
                    self.keys.append(found[place])
        return numbers[local]


def _told_apart(values: Any, kept: Rows | None) -> tuple[Rows, list[Any]]:
    """Give the different values of an Arrow array, as texts or pairs of codes, and each row's place among them."""
    whole = values.type == arro.DataType.int64()
    coded = values.cast(_DICTIONARIES["whole" if whole else "text"])
    local: Rows = np.asarray(arro.dictionary_indices(coded))
    return local if kept is None else local[kept], arro.dictionary_dictionary(coded).to_pylist()
