"""What somebody who is still typing a command may want next: columns of a file, words of gates.

Imports sources, gates and core.
"""

from __future__ import annotations

import glob
import stat
from pathlib import Path
from typing import Any

from lossctl.gates.gate import FIGURES
from lossctl.sources import ReadOptions, open_source, split_label

__all__ = ["column_names", "gate_words"]


def column_names(source: str, **options: Any) -> list[str]:
    """Return the names of the columns of a file, of a glob the first: no more than its beginning or footer is read.

    Parameters
    ----------
    source
        As typed: a path, a glob, ``label=path``. Standard input, a pipe, a device and a file of a git revision are
        not read, and have none.
    options
        How to read it: the fields of `lossctl.sources.ReadOptions`.

    Raises
    ------
    LossctlError
        Where it can't be read.

    Examples
    --------
    >>> column_names("-")
    []
    """
    _, path = split_label(source)
    found = [path] if Path(path).exists() else sorted(glob.glob(path, recursive=True))  # noqa: PTH207 -- a pattern
    if not found or not stat.S_ISREG(Path(found[0]).stat().st_mode):
        return []
    with open_source(Path(found[0]), ReadOptions(**options)) as opened:
        return list(opened.columns)


def gate_words() -> list[str]:
    """Return the words that a gate may begin with, beside losses.

    Examples
    --------
    >>> gate_words()[:2]
    ['delta(', 'gap(']
    """
    return ["delta(", "gap(", *(f"{each}(" for each in FIGURES), "n", "nonfinite"]
