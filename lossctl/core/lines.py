"""The losses of single rows, as they are handed on to be written: what the engine computes and a sink takes.

Imports NumPy and core; pandas inside a function.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lossctl.core.block import Rows
from lossctl.core.dataclass import dataclass
from lossctl.core.loss import Array

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Codes", "Layout", "Lines", "frame_of", "key_text"]

Codes = npt.NDArray[np.int32]


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
    """

    entries: Sequence[tuple[str, str]]
    key: tuple[str, ...] | None = None
    weighted: bool = False
    vectors: bool = False
    width: int = 1

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns of a table of lines.

        Examples
        --------
        >>> Layout([("ridge", "mse")], weighted=True).columns
        ('model', 'loss', 'row', 'weight', 'value', 'slope')
        """
        name = "row" if self.key is None else "key"
        return ("model", "loss", name, *(("weight",) if self.weighted else ()), "value", "slope")


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
    """

    entries: Codes
    rows: Rows
    weights: Array | None
    losses: Array
    slopes: Array
    keys: Sequence[str] | None = None
    ends: Codes | None = None

    def __len__(self) -> int:
        return len(self.rows)


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
    """Give a pandas DataFrame of all lines."""
    import pandas as pd

    models, losses = (np.array(names, dtype=object) for names in zip(*layout.entries, strict=True))
    frames = []
    for each in lines:
        slopes: Any = each.slopes
        if each.ends is not None:
            slopes = pd.Series(np.split(each.slopes, each.ends[1:-1]), dtype=object)
        columns = {"model": models[each.entries], "loss": losses[each.entries], "row": each.rows + 1, "key": each.keys}
        columns |= {"weight": each.weights, "value": each.losses, "slope": slopes}
        frames.append(pd.DataFrame({name: columns[name] for name in layout.columns}))
    return pd.concat(frames, ignore_index=True)
