"""How a report for people is to look. Imports core."""

from __future__ import annotations

from lossctl.core.errors import UsageError
from lossctl.core.system.fast_dataclass import dataclass

__all__ = ["RenderOptions"]

_MOST_DIGITS = 17
"""What it takes to tell any two float64 apart; more would be noise."""


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """How a report for people is to look. Formats for machines ignore it.

    Parameters
    ----------
    digits
        Significant digits, 1 to 17; ``None``: 6.
    width
        Columns of the terminal, at least 1; ``None``: as wide as it needs, for a file or a pipe.
    color
        Whether the text may carry terminal styles.

    Raises
    ------
    UsageError
        Where digits or width are out of range.

    Examples
    --------
    >>> RenderOptions(digits=3).significant
    3
    >>> RenderOptions().significant
    6
    """

    digits: int | None = None
    width: int | None = None
    color: bool = False

    def __post_init__(self) -> None:
        if self.digits is not None and not 1 <= self.digits <= _MOST_DIGITS:
            raise UsageError(f"{self.digits} significant digits", f"choose 1 to {_MOST_DIGITS}")
        if self.width is not None and self.width < 1:
            raise UsageError(f"a width of {self.width} columns", "choose at least 1")

    @property
    def significant(self) -> int:
        """The significant digits of a number."""
        return 6 if self.digits is None else self.digits
