"""The slices of rows by the values of columns: a number for each, handed out as they are met. Imports arro3 and NumPy.

Texts are told apart by their letters: a hash finds the number of a text soon, and the text is then compared with the
one that has the number, so that no two slices can be taken for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import count, repeat
from typing import Any

import arro3.core as arro
import numpy as np
import numpy.typing as npt

from lossctl.core.rows.block import Rows
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.sources.query.hash_table import Table, WholeTable

__all__ = ["Flags", "Slices", "Values"]

_DICTIONARY = arro.DataType.dictionary(arro.DataType.int32(), arro.DataType.utf8())
_SCHEMA = arro.Schema([arro.Field("text", arro.DataType.utf8(), nullable=True)])
_SHIFT = 32
"""Two codes make one number: there are no more of them than Python can keep texts for."""
_LAST = (1 << _SHIFT) - 1

Flags = npt.NDArray[np.bool_]


class Slices:
    """The slices that the rows of a source fall into, numbered from 0 in the order of their first rows.

    Filled by `Source.read`; given to another read, of this source or another, the same values
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
        """Return the values of a slice as texts, one a column; ``None`` where it is missing."""
        values: list[str | None] = []
        for pairs, texts in zip(reversed(self._pairs), reversed(self._texts), strict=False):
            code, last = divmod(pairs.keys[code], 1 << _SHIFT)
            values.append(texts.keys[last])
        return (self._texts[0].keys[code], *reversed(values))

    def coded_columns(self) -> list[tuple[Sequence[str | None], Rows]]:
        """Return for each column its different values as texts, and by code which of them it is."""
        columns: list[tuple[Sequence[str | None], Rows]] = []
        codes = np.arange(len(self))
        for pairs, texts in zip(reversed(self._pairs), reversed(self._texts), strict=False):
            keys = np.array(pairs.keys, dtype=np.int64)[codes]
            columns.append((texts.keys, keys & _LAST))
            codes = keys >> _SHIFT
        columns.append((self._texts[0].keys, codes))
        return columns[::-1]

    def encode(self, columns: Iterable[Values], kept: Rows | None) -> Rows:
        """Return the codes of rows.

        Parameters
        ----------
        columns
            The values of each column.
        kept
            The places of the rows that count, in order; ``None``: all.
        """
        codes: Rows | None = None
        for place, values in enumerate(columns):
            mine = self._texts[place].of(values if kept is None else values.take(kept))
            codes = mine if codes is None else self._pairs[place - 1].of_numbers((codes << _SHIFT) | mine, None, int)
        if codes is None:
            raise ValueError("no columns")
        return codes


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a column.

    Parameters
    ----------
    values
        An Arrow array of texts or of whole numbers.
    hashes
        Of each text, a number that is the same for the same text: it saves looking at texts, and decides nothing.
    missing
        Where there is no value; ``None``: nowhere.
    """

    values: Any
    hashes: npt.NDArray[np.uint64]
    missing: Flags | None

    def take(self, places: Rows) -> Values:
        """Return some of them."""
        missing = None if self.missing is None else self.missing[places]
        return Values(self.values.take(places), self.hashes[places], missing)


class _Numbers:
    """Numbers for keys, from 0 in the order they are first met."""

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self._known: dict[Any, int] = {}
        self._of_wholes, self._of_hashes = WholeTable(), Table()
        self._texts: Any = arro.Array([], type=arro.DataType.utf8())

    def __len__(self) -> int:
        return len(self.keys)

    def of(self, column: Values) -> Rows:
        """Return the numbers of values; the keys are texts, and ``None`` where a value is missing."""
        missing = column.missing if column.missing is not None and column.missing.any() else None
        if column.values.type == arro.DataType.int64():
            return self.of_numbers(np.asarray(column.values), missing, str)
        return self._of_texts(column.values, column.hashes, missing)

    def of_numbers(self, values: Rows, missing: Flags | None, key: Callable[[int], Any]) -> Rows:
        """Return the numbers of whole numbers, whose keys are what `key` makes of them."""
        found = np.ascontiguousarray(values, dtype=np.int64)
        codes = self._known_of(self._of_wholes.find(found), missing)
        new = np.flatnonzero(codes < 0)
        if len(new):
            different, local = np.unique(values[new], return_inverse=True)
            codes[new] = self._assign(local, [key(each) for each in different.tolist()], missing, new)
            learnt = new if missing is None else new[~missing[new]]
            different, first = np.unique(found[learnt], return_index=True)
            self._of_wholes.add(different, codes[learnt[first]])
        return codes

    def _of_texts(self, values: Any, hashes: npt.NDArray[np.uint64], missing: Flags | None) -> Rows:
        codes = self._known_of(self._of_hashes.find(hashes), missing)
        new = np.flatnonzero(codes < 0)
        if len(new):
            local, found = _told_apart(values.take(new))
            codes[new] = self._assign(local, found, missing, new)
            self._learn(hashes, codes, new if missing is None else new[~missing[new]])
            self._extend()
        if _same(self._texts.take(codes), values):
            return codes
        local, found = _told_apart(values)  # two texts share a hash, which someone must have sought
        codes = self._assign(local, found, missing, np.arange(len(codes)))
        self._extend()
        return codes

    def _extend(self) -> None:
        """Keep the texts of all keys as Arrow has them; a missing one is empty there, as where it is read."""
        more = arro.Array([each or "" for each in self.keys[len(self._texts) :]], type=arro.DataType.utf8())
        self._texts = arro.ChunkedArray([self._texts, more]).combine_chunks()

    def _known_of(self, codes: Rows, missing: Flags | None) -> Rows:
        """Return the numbers that were found, and that of missing values; −1 for others."""
        if missing is not None:
            codes[missing] = self._known.get(None, -1)
        return codes

    def _learn(self, hashes: npt.NDArray[np.uint64], codes: Rows, new: Rows) -> None:
        """Look up from now on what was new."""
        different, first = np.unique(hashes[new], return_index=True)
        unknown = self._of_hashes.find(different) < 0
        self._of_hashes.add(different[unknown], codes[new[first[unknown]]])

    def _assign(self, local: Rows, found: list[Any], missing: Flags | None, rows: Rows) -> Rows:
        """Return the numbers of rows, whose keys stand at their `local` places in `found`."""
        if missing is not None:
            local, found = np.where(missing[rows], len(found), local), [*found, None]
        numbers = np.fromiter(map(self._known.get, found, repeat(-1)), np.int64, len(found))
        first = np.full(len(found), len(local))
        first[local[::-1]] = np.arange(len(local))[::-1]  # of equal places the one written last stays
        new = np.flatnonzero((numbers < 0) & (first < len(local)))
        new = new[np.argsort(first[new])]
        keys = [found[place] for place in new.tolist()]
        self._known.update(zip(keys, count(len(self.keys)), strict=False))
        numbers[new] = np.arange(len(self.keys), len(self.keys) + len(new))
        self.keys += keys
        return numbers[local]


def _told_apart(values: Any) -> tuple[Rows, list[Any]]:
    """Return the different texts of an Arrow array, and each row's place among them."""
    coded = values.cast(_DICTIONARY)
    local: Rows = np.asarray(arro.dictionary_indices(coded)).astype(np.int64)
    return local, arro.dictionary_dictionary(coded).to_pylist()


def _same(one: Any, other: Any) -> bool:
    """Return whether two Arrow arrays hold the same texts."""
    return bool(
        arro.RecordBatch.from_arrays([one], schema=_SCHEMA) == arro.RecordBatch.from_arrays([other], schema=_SCHEMA)
    )
