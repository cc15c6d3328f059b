"""The line that says which columns were taken for what. Loaded where standard error is a terminal. May import core."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lossctl.core.bound import BoundColumns
from lossctl.core.escape import terminal

__all__ = ["columns_line"]

_MOST = 4
"""So many columns of a role are named."""


def columns_line(bound: BoundColumns, width: int, *, arrow: str = "←", besides: Collection[str] = ()) -> str:
    """Return what each role was bound to, `besides` those, and which columns were not used, as many as fit a line.

    Examples
    --------
    >>> bound = BoundColumns()
    >>> bound.add(["id", "y", "p"], {"target": "y", "prediction": "p"})
    >>> bound.use(["y", "p"])
    >>> columns_line(bound, 80)
    'target ← y, prediction ← p; not used: id'
    """
    roles = {role: texts for role, texts in bound.roles.items() if role not in besides}
    line = ", ".join(f"{role} {arrow} {_some([*texts], _MOST)}" for role, texts in roles.items())
    unused = bound.unused
    if not unused:
        return line
    start = f"{line}{'; ' if line else ''}not used: "
    fitting = (count for count in range(len(unused), 0, -1) if len(terminal(start + _some(unused, count))) <= width)
    count = next(fitting, 0)
    return start + (_some(unused, count) if count else f"{len(unused)} columns")


def _some(names: Sequence[str], most: int) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
