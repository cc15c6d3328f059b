"""What a row is judged by, as one number: a hash of its target, weight and group, the same in every order and format.

Imports NumPy and core.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import field

import numpy as np
import numpy.typing as npt

from lossctl.core.rows.block import Batch
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array
from lossctl.sources.query.row_marks import mix

__all__ = ["Judged", "checksum", "short"]

Hashes = npt.NDArray[np.uint64]

_SHORT = np.uint64(48)
_NOTHING = np.uint64(0x7FF8_0000_0000_0000)
"""The bits of the NaN that stands for every missing number."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The columns that say what predictions are judged by.

    Parameters
    ----------
    target
        Those of the target; none for losses of predictions alone.
    labels
        What each of them holds that is read as codes of labels; hashed as texts, so that their order does not count.
    weight
        The column of weights.
    group
        The column of groups, in a read group by group.
    """

    target: tuple[str, ...] = ()
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    weight: str | None = None
    group: str | None = None

    @property
    def words(self) -> str:
        """What they are to a person."""
        said = [name for name, there in zip(("target", "weight", "group"), self._there, strict=True) if there]
        return " or ".join(said) or "key"

    @property
    def _there(self) -> tuple[bool, ...]:
        return bool(self.target), self.weight is not None, self.group is not None

    @property
    def columns(self) -> tuple[str, ...]:
        """What is to be read as numbers."""
        return self.target if self.weight is None else (*self.target, self.weight)

    @property
    def texts(self) -> tuple[str, ...]:
        """What is to be read as texts."""
        return () if self.group is None else (self.group,)

    def hashes(self, batch: Batch) -> Hashes:
        """Return the hash of each row, of 64 bits.

        Examples
        --------
        >>> batch = Batch({"y": np.array([1.0, -0.0, 0.0])}, 0, 3)
        >>> first, second, third = Judged(("y",)).hashes(batch).tolist()
        >>> first != second == third
        True
        """
        found = mix(np.full(len(batch), len(self.target), np.uint64))
        for name in self.target:
            values = batch.columns[name]
            labels = self.labels.get(name)
            for each in np.atleast_2d(values.T):
                found = mix(found ^ (_bits(each) if labels is None else _codes(each, labels)))
        if self.weight is not None:
            found = mix(found ^ _bits(batch.columns[self.weight]))
        if self.group is not None:
            found = mix(found ^ _groups(batch, self.group))
        return found


def short(hashes: Hashes) -> npt.NDArray[np.uint64]:
    """Return what is kept of each hash: 16 bits, as numbers."""
    return hashes >> _SHORT


def checksum(values: Array) -> int:
    """Return a sum over the bits of numbers in any order, modulo 2⁶⁴; one NaN counts as any other.

    Examples
    --------
    >>> checksum(np.array([1.0, np.nan])) == checksum(np.array([np.nan, 1.0])) != checksum(np.array([1.0, np.inf]))
    True
    """
    return int(mix(_raw(values)).sum(dtype=np.uint64))


def _raw(values: Array) -> Hashes:
    bits = np.ascontiguousarray(values, dtype=np.float64).view(np.uint64)
    return np.where(np.isnan(values), _NOTHING, bits)


def _bits(values: Array) -> Hashes:
    """Return the bits of numbers; zeros of either sign are one number."""
    return _raw(values + 0.0)


def _codes(codes: Array, labels: Sequence[str]) -> Hashes:
    """Return hashes of labels by their codes; what is none of them is as good as missing."""
    table = np.array([*(_digest(label) for label in labels), int(_NOTHING)], dtype=np.uint64)
    known = (codes >= 0.0) & (codes < len(labels))
    return table[np.where(known, codes, len(labels)).astype(np.intp)]


def _groups(batch: Batch, name: str) -> Hashes:
    if batch.starts is None:
        raise ValueError("rows are not read group by group")
    texts = batch.texts[name].take(batch.starts).to_pylist()
    digests = np.array([_digest(str(each)) for each in texts], dtype=np.uint64)
    return np.repeat(digests, np.diff(batch.starts, append=len(batch)))


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest()[8:], "little")
