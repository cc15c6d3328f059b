"""P-values of many comparisons made together. Imports the standard library."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

__all__ = ["ADJUSTMENTS", "adjust"]


def _holm(p_values: Sequence[float]) -> list[float]:
    count, found, least = len(p_values), [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(count), key=p_values.__getitem__)):
        least = max(least, min(1.0, (count - rank) * p_values[index]))
        found[index] = least
    return found


def _benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    count, found, most = len(p_values), [0.0] * len(p_values), 1.0
    for rank, index in reversed(list(enumerate(sorted(range(count), key=p_values.__getitem__), start=1))):
        most = min(most, p_values[index] * count / rank)
        found[index] = most
    return found


ADJUSTMENTS: Mapping[str, Callable[[Sequence[float]], list[float]]] = MappingProxyType(
    {"holm": _holm, "bh": _benjamini_hochberg, "none": list}
)


def adjust(p_values: Sequence[float | None], method: str) -> list[float | None]:
    """Adjust p-values for how many there are; a missing one stays missing and does not count.

    Parameters
    ----------
    p_values
        Between 0 and 1.
    method
        ``holm`` keeps the chance of any false alarm at the level; ``bh`` (Benjamini and Hochberg) the expected share of
        false alarms among the alarms; ``none`` leaves them.

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 65–70.
    Benjamini and Hochberg (1995), Controlling the false discovery rate, Journal of the Royal Statistical Society B 57,
    289–300.

    Examples
    --------
    >>> adjust([0.01, None, 0.04, 0.03], "holm")
    [0.03, None, 0.06, 0.06]
    >>> adjust([0.01, 0.04, 0.03], "bh")
    [0.03, 0.04, 0.04]
    """
    given = [p for p in p_values if p is not None]
    found = iter(ADJUSTMENTS[method](given))
    return [None if p is None else next(found) for p in p_values]
