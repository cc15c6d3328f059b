"""What a reader should know of how columns were bound: where their names left a choice that moves the value.

May import sources, engine and core.
"""

from __future__ import annotations

from collections.abc import Iterable

from lossctl.core.block import Binding
from lossctl.core.loss import ChosenLoss
from lossctl.core.settings import Settings
from lossctl.sources import Source
from lossctl.sources.bind_classes import have_numbers, order_of

__all__ = ["cautions"]

Bound = tuple[ChosenLoss, Binding]


def cautions(source: Source, bound: Iterable[Bound], settings: Settings) -> list[str]:
    """Return warnings about the columns that losses were bound to.

    Parameters
    ----------
    source
        Where the columns are.
    bound
        Each loss that is reported, with its columns.
    settings
        What the user said of columns.
    """
    pairs = list(bound)
    return [f"{source.name}: {line}" for line in _orders(pairs, settings)]


def _orders(bound: Iterable[Bound], settings: Settings) -> list[str]:
    """Warn of classes that are texts, and stand in the order of their columns for want of a better one."""
    losses: dict[tuple[str, ...], dict[str, None]] = {}
    for chosen, binding in bound:
        order = order_of(chosen, binding)
        if order and not settings.classes and not have_numbers(order):
            losses.setdefault(order, {})[chosen.loss.id] = None
    return [
        f"{', '.join(ids)} {'takes' if len(ids) == 1 else 'take'} the classes in the order of the columns, "
        f"{' < '.join(order)}; --classes gives another"
        for order, ids in losses.items()
    ]
