"""Columns of several files: which hold the same, and which SQL would take for one. Imports core and its own package."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lossctl.core.errors import DataError
from lossctl.sources.files.options import ColumnType
from lossctl.sources.files.piece import Piece

__all__ = ["refuse_alike", "union_of"]


def refuse_alike(names: Iterable[str]) -> None:
    """Refuse names that SQL takes for one."""
    seen: dict[str, str] = {}
    for name in names:
        if name.lower() in seen:
            problem = f'the columns "{seen[name.lower()]}" and "{name}" differ only in case'
            raise DataError(problem, "rename one of them to use both")
        seen[name.lower()] = name


def union_of(pieces: Sequence[Piece]) -> dict[str, ColumnType]:
    """Return the columns of the pieces, which must be the same."""
    merged = dict(pieces[0].columns)
    for piece in pieces[1:]:
        for name in (*merged, *piece.columns):
            if name not in piece.columns or name not in merged:
                has, lacks = (pieces[0], piece) if name in merged else (piece, pieces[0])
                problem = f'{lacks.name} has no column "{name}", which {has.name} has'
                raise DataError(problem, "give files of the same columns, or name them apart")
            merged[name] = _merge(merged[name], piece.columns[name], name, pieces[0], piece)
    return merged


def _merge(one: ColumnType, other: ColumnType, name: str, first: Piece, second: Piece) -> ColumnType:
    if one is other or other is ColumnType.UNKNOWN:
        return one
    if one is ColumnType.UNKNOWN:
        return other
    if {one, other} == {ColumnType.NUMBER, ColumnType.BOOLEAN}:
        return ColumnType.NUMBER
    problem = f'column "{name}" holds {one} in {first.name} and {other} in {second.name}'
    raise DataError(problem, "give files whose columns hold the same")
