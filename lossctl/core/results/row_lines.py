"""The losses of single rows, as they are handed on to be written: what the engine computes and a sink takes.

Imports NumPy and core; pandas inside a function.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

import numpy as np

from lossctl.core.rows.block import Rows
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array, RowCodes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Layout", "Lines", "frame_of", "key_text", "slice_column"]


@dataclass(frozen=True, slots=True)
class Layout:
    """What each line tells.

    Parameters
    ----------
    entries
        The model and the loss of each entry, as a person names them.
    key
        The columns that name rows together; ``None``: they are named by their number.
    weighted
        Whether lines tell the weight of the row.
    vectors
        Whether slopes are lists.
    width
        How long the longest of them is.
    slices
        The columns that slice, each with its value in every slice, by code.
    """

    entries: Sequence[tuple[str, str]]
    key: tuple[str, ...] | None = None
    weighted: bool = False
    vectors: bool = False
    width: int = 1
    slices: Mapping[str, Sequence[str | None]] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns of a table of lines.

        Examples
        --------
        >>> Layout([("ridge", "mse")], weighted=True).columns
        ('model', 'loss', 'row', 'weight', 'value', 'slope')
        >>> Layout([("ridge", "mse")], slices={"sex": ["f", "m"]}).columns
        ('model', 'loss', 'row', 'slice.sex', 'value', 'slope')
        """
        name, slices = "row" if self.key is None else "key", tuple(map(slice_column, self.slices))
        return ("model", "loss", name, *slices, *(("weight",) if self.weighted else ()), "value", "slope")


@dataclass(frozen=True, slots=True)
class Lines:
    """Rows of several losses, row by row, and of one row in the order of the losses.

    Parameters
    ----------
    entries
        ``(n,)``: which loss of which model, by its place in `Layout.entries`.
    rows
        ``(n,)``: the number of the row in its source, from 0.
    weights
        ``(n,)``; ``None`` where every row weighs 1.
    losses
        ``(n,)``: the loss of the row.
    slopes
        Of vectors all components, row after row; else ``(n,)``: d loss / d prediction.
    keys
        ``(n,)``: what the key columns hold in the row, by `key_text`; ``None``: rows are named by their number.
    ends
        Of vectors, ``(n + 1,)``: where the components of each row begin, and the last end; ``None``: one number a row.
    slices
        ``(n,)``: the slice of the row, by its code in `Layout.slices`; ``None``: rows are not told apart by slice.
    """

    entries: RowCodes
    rows: Rows
    weights: Array | None
    losses: Array
    slopes: Array
    keys: Sequence[str] | None = None
    ends: RowCodes | None = None
    slices: Rows | None = None

    def __len__(self) -> int:
        return len(self.rows)


def slice_column(name: str) -> str:
    """Return what the column of a table is called that holds the values of a column that slices."""
    return f"slice.{name}"


def key_text(parts: Sequence[str | None]) -> str:
    """Name a row by its key: by several parts as a line of CSV does, so that no two keys read alike.

    Examples
    --------
    >>> key_text(["a,b"]), key_text(["7", "north"]), key_text(["a,b", "c", "", None])
    ('a,b', '7,north', '"a,b",c,"",')
    """
    if len(parts) == 1:
        return parts[0] or ""
    return ",".join("" if each is None else _quoted(each) for each in parts)


def _quoted(part: str) -> str:
    hazard = not part or any(sign in part for sign in ',"\r\n')
    return '"' + part.replace('"', '""') + '"' if hazard else part


def frame_of(lines: Iterable[Lines], layout: Layout) -> pd.DataFrame:
    """Return a pandas DataFrame of all lines."""
    import pandas as pd

    models, losses = (np.array(names, dtype=object) for names in zip(*layout.entries, strict=True))
    slices = {slice_column(name): np.array(values, dtype=object) for name, values in layout.slices.items()}
    frames = []
    for each in lines:
        slopes: Any = each.slopes
        if each.ends is not None:
            slopes = pd.Series(np.split(each.slopes, each.ends[1:-1]), dtype=object)
        columns = {"model": models[each.entries], "loss": losses[each.entries], "row": each.rows + 1, "key": each.keys}
        columns |= {name: values[each.slices] for name, values in slices.items()}
        columns |= {"weight": each.weights, "value": each.losses, "slope": slopes}
        frames.append(pd.DataFrame({name: columns[name] for name in layout.columns}))
    return pd.concat(frames, ignore_index=True)
