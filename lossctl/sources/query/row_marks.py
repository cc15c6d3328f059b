"""What is read of each row beside its numbers: its slice, who it is, and texts. Imports arro3, NumPy and core."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lossctl.core.errors import DataError
from lossctl.core.rows.block import Rows
from lossctl.core.rows.hashing import STEP, finalize
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.sources.duck.arrow import to_mask
from lossctl.sources.duck.place import Place
from lossctl.sources.files.options import ColumnType
from lossctl.sources.files.piece import Piece

if TYPE_CHECKING:
    from lossctl.sources.query.slicing import Slices, Values

__all__ = ["NO_MARKS", "Marks", "NoIdentityError", "as_text", "mix"]

_WHOLE, _TEXT = 0, 1


def as_text(name: str) -> str:
    """Name the texts of a column that is also read as something else, as no column of a file is named."""
    return f"{name} as a text within lossctl"


class NoIdentityError(Exception):
    """A row that is nobody: its index in the batch, and the column that does not say who it is."""

    def __init__(self, index: int, column: str) -> None:
        super().__init__(index, column)
        self.index, self.column = index, column

    def explained(self, place: Place) -> DataError:
        """Return where it stands."""
        problem = f'{place}, column "{self.column}": the value is missing'
        return DataError(problem, "it says which rows are one: fill it in")


@dataclass(frozen=True, slots=True)
class Marks:
    """What is asked for beside numbers; see `lossctl.sources.query.source.Source.read`."""

    by: Slices | None = None
    identity: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read as text."""
        by = () if self.by is None else self.by.columns
        return tuple(dict.fromkeys((*by, *self.identity, *self.texts)))

    def query(self, piece: Piece, types: Mapping[str, ColumnType], twofold: Collection[str] = ()) -> Iterator[str]:
        """Yield the SQL of what is read, under names of our own, from a relation with columns of these types.

        Of `twofold` the relation has the texts apart, as `as_text` names them.
        """
        text = {
            name: piece.text(as_text(name)) if name in twofold else piece.text(name, types[name])
            for name in self.columns
        }
        for number, name in enumerate(() if self.by is None else self.by.columns):
            whole = piece.whole_number(name)
            value = whole or text[name]
            yield f"coalesce({value}, {'0' if whole else repr('')}) as by{number}"
            yield f"{'0' if whole else f'hash({value})'}::ubigint as hash{number}"
            yield f"({value}) is null as lacks{number}"
        for number, name in enumerate(self.identity):
            yield from _identity(text[name], piece.whole_number(name), number)
        for number, name in enumerate(self.texts):
            yield f"{text[name]} as text{number}"

    @property
    def names(self) -> list[str]:
        """The names of our own."""
        by = (
            []
            if self.by is None
            else [f"{kind}{n}" for n in range(len(self.by.columns)) for kind in ("by", "hash", "lacks")]
        )
        who = [f"{kind}{n}" for n in range(len(self.identity)) for kind in ("who", "hashed", "kind")]
        return [*by, *who, *(f"text{number}" for number in range(len(self.texts)))]

    def read(self, record: Any, kept: Rows | None) -> dict[str, Any]:
        """Return the fields of a batch, of the rows at these places (``None``: all).

        Raises
        ------
        NoIdentityError
            Where a row's identity is missing.
        """
        fields: dict[str, Any] = {}
        if self.by is not None:
            columns = (_values(record, number) for number in range(len(self.by.columns)))
            fields["slices"] = self.by.encode(columns, kept)
        if self.identity:
            fields["identity"] = _identities(record, kept, self.identity)
        if self.texts:
            texts = {name: record.column(f"text{number}") for number, name in enumerate(self.texts)}
            fields["texts"] = {n: each if kept is None else each.take(kept) for n, each in texts.items()}
        return fields


NO_MARKS = Marks()


def _values(record: Any, number: int) -> Values:
    from lossctl.sources.query.slicing import Values

    hashes = np.asarray(record.column(f"hash{number}"))
    return Values(record.column(f"by{number}"), hashes, to_mask(record.column(f"lacks{number}")))


def _identity(text: str, whole: str | None, of: int) -> Iterator[str]:
    """Yield the SQL of a column of an identity: a whole number as it is, any other text by its digest."""
    number = whole or f"try_cast({text} as bigint)"
    is_whole = f"({number} is not null)" if whole else f"coalesce({number}::varchar = {text}, false)"
    yield f"case when {is_whole} then {number} else 0 end as who{of}"
    yield f"case when {is_whole} then 0::ubigint else coalesce(md5_number_lower({text}), 0)::ubigint end as hashed{of}"
    yield f"case when {is_whole} then {_WHOLE} when ({text}) is null then 2 else {_TEXT} end::utinyint as kind{of}"


def _identities(record: Any, kept: Rows | None, columns: Sequence[str]) -> npt.NDArray[np.uint64]:
    """Return what says who rows are: the number of the first column, which each further one scatters and moves on."""
    found = _numbers(record, kept, columns, 0)
    for of in range(1, len(columns)):
        found = mix(found) + _numbers(record, kept, columns, of)
    return found


def _numbers(record: Any, kept: Rows | None, columns: Sequence[str], of: int) -> npt.NDArray[np.uint64]:
    numbers, digests, kinds = (np.asarray(record.column(f"{name}{of}")) for name in ("who", "hashed", "kind"))
    if kept is not None:
        numbers, digests, kinds = numbers[kept], digests[kept], kinds[kept]
    if len(kinds) and kinds.max() > _TEXT:
        index = int(np.argmax(kinds > _TEXT))
        raise NoIdentityError(index if kept is None else int(kept[index]), columns[of])
    return np.where(kinds == _WHOLE, mix(numbers), digests)


def mix(numbers: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """Scatter 64-bit whole numbers over all 64-bit numbers, no two to one: what splitmix64 gives of each at its start.

    Examples
    --------
    >>> mix(np.array([0, 1], dtype=np.int64)).tolist()
    [16294208416658607535, 10451216379200822465]
    """
    return finalize(numbers.astype(np.int64).view(np.uint64) + np.uint64(STEP))
