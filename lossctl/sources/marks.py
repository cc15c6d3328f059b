"""What is read of each row beside its numbers: its slice, who it is, and texts. Imports arro3, NumPy and core."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lossctl.core.block import Rows
from lossctl.core.errors import DataError
from lossctl.core.mixing import STEP, finalize
from lossctl.sources.arrow import to_mask
from lossctl.sources.options import ColumnType
from lossctl.sources.piece import Piece
from lossctl.sources.place import Place

if TYPE_CHECKING:
    from lossctl.sources.slices import Slices, Values

__all__ = ["NO_MARKS", "Marks", "NoIdentityError", "mix"]

_WHOLE, _TEXT = 0, 1


class NoIdentityError(Exception):
    """A row that is nobody: its index in the batch."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index

    def explained(self, place: Place, column: str) -> DataError:
        """Say where it stands."""
        return DataError(f'{place}, column "{column}": the value is missing', "it says which rows are one: fill it in")


@dataclass(frozen=True, slots=True)
class Marks:
    """What is asked for beside numbers; see `lossctl.sources.source.Source.read`."""

    by: Slices | None = None
    identity: str | None = None
    texts: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read as text."""
        by = () if self.by is None else self.by.columns
        return tuple(dict.fromkeys((*by, *(() if self.identity is None else (self.identity,)), *self.texts)))

    def query(self, piece: Piece, types: Mapping[str, ColumnType]) -> Iterator[str]:
        """Give the SQL of what is read, under names of our own, from a relation with columns of these types."""
        for number, name in enumerate(() if self.by is None else self.by.columns):
            whole = piece.whole_number(name)
            value = whole or piece.text(name, types[name])
            yield f"coalesce({value}, {'0' if whole else repr('')}) as by{number}"
            yield f"{'0' if whole else f'hash({value})'}::ubigint as hash{number}"
            yield f"({value}) is null as lacks{number}"
        if self.identity is not None:
            yield from _identity(piece.text(self.identity, types[self.identity]), piece.whole_number(self.identity))
        for number, name in enumerate(self.texts):
            yield f"{piece.text(name, types[name])} as text{number}"

    @property
    def names(self) -> list[str]:
        """The names of our own."""
        by = (
            []
            if self.by is None
            else [f"{kind}{n}" for n in range(len(self.by.columns)) for kind in ("by", "hash", "lacks")]
        )
        who = [] if self.identity is None else ["who", "hashed", "kind"]
        return [*by, *who, *(f"text{number}" for number in range(len(self.texts)))]

    def read(self, record: Any, kept: Rows | None) -> dict[str, Any]:
        """Give the fields of a batch, of the rows at these places (``None``: all).

        Raises
        ------
        NoIdentityError
            Where a row's identity is missing.
        """
        fields: dict[str, Any] = {}
        if self.by is not None:
            columns = (_values(record, number) for number in range(len(self.by.columns)))
            fields["slices"] = self.by.encode(columns, kept)
        if self.identity is not None:
            fields["identity"] = _identities(record, kept)
        if self.texts:
            texts = {name: record.column(f"text{number}") for number, name in enumerate(self.texts)}
            fields["texts"] = {n: each if kept is None else each.take(kept) for n, each in texts.items()}
        return fields


NO_MARKS = Marks()


def _values(record: Any, number: int) -> Values:
    from lossctl.sources.slices import Values

    hashes = np.asarray(record.column(f"hash{number}"))
    return Values(record.column(f"by{number}"), hashes, to_mask(record.column(f"lacks{number}")))


def _identity(text: str, whole: str | None) -> Iterator[str]:
    """Give the SQL of an identity: a whole number as it is, any other text by its digest."""
    number = whole or f"try_cast({text} as bigint)"
    is_whole = f"({number} is not null)" if whole else f"coalesce({number}::varchar = {text}, false)"
    yield f"case when {is_whole} then {number} else 0 end as who"
    yield f"case when {is_whole} then 0::ubigint else coalesce(md5_number_lower({text}), 0)::ubigint end as hashed"
    yield f"case when {is_whole} then {_WHOLE} when ({text}) is null then 2 else {_TEXT} end::utinyint as kind"


def _identities(record: Any, kept: Rows | None) -> npt.NDArray[np.uint64]:
    numbers, digests, kinds = (np.asarray(record.column(name)) for name in ("who", "hashed", "kind"))
    if kept is not None:
        numbers, digests, kinds = numbers[kept], digests[kept], kinds[kept]
    if len(kinds) and kinds.max() > _TEXT:
        index = int(np.argmax(kinds > _TEXT))
        raise NoIdentityError(index if kept is None else int(kept[index]))
    return np.where(kinds == _WHOLE, mix(numbers), digests)


def mix(numbers: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """Scatter 64-bit whole numbers over all 64-bit numbers, no two to one: what splitmix64 gives of each at its start.

    Examples
    --------
    >>> mix(np.array([0, 1], dtype=np.int64)).tolist()
    [16294208416658607535, 10451216379200822465]
    """
    return finalize(numbers.astype(np.int64).view(np.uint64) + np.uint64(STEP))
