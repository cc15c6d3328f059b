"""Choosing losses by name, and telling about them. May import the losses and core."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import ChosenLoss
from lossctl.core.results.catalogue import LossCard, LossList
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.losses import Flag, choose, find, parameters, search, synonyms, wants_all
from lossctl.losses.table import LOSSES
from lossctl.reports import RenderOptions

__all__ = [
    "Flag",
    "Selection",
    "draw_loss",
    "is_loss",
    "list_losses",
    "loss_names",
    "loss_parameters",
    "parameter_synonyms",
    "parameters_elsewhere",
    "select",
    "show_loss",
]

CURVE_WIDTH, CURVE_HEIGHT = 100, 18
"""The size of a curve, in characters, where the terminal is no narrower."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Losses to compute.

    Parameters
    ----------
    losses
        Each with its parameters.
    fitting_only
        Whether those that do not fit the data are left out, and named, instead of being an error.
    told
        Where nobody named a loss: called with what the columns look like and which losses were taken for that. The
        losses are then those that may be taken.
    """

    losses: tuple[ChosenLoss, ...]
    fitting_only: bool = False
    told: Callable[[str], object] | None = None


def select(losses: str | Sequence[str | ChosenLoss], parameters: Mapping[str, str] | None = None) -> Selection:
    """Choose losses by name.

    Parameters
    ----------
    losses
        Names, aliases, ``'huber(delta=0.5,1)'``, comma-separated lists, or ``'all'`` for every loss that fits.
    parameters
        Values for every chosen loss that has the parameter.

    Raises
    ------
    UsageError
        Where a name, a parameter or a value is unknown.

    Examples
    --------
    >>> [chosen.label for chosen in select("mae,huber", {"delta": "0.5"}).losses]
    ['mae', 'huber(delta=0.5)']
    """
    given: list[Any] = [losses] if isinstance(losses, str | ChosenLoss) else _listed(losses)
    ready = [each for each in given if isinstance(each, ChosenLoss)]
    texts = [each for each in given if not isinstance(each, ChosenLoss)]
    if not given:
        raise UsageError("no loss is chosen", "name one with --loss; lossctl losses lists them")
    chosen = [*ready, *(choose(texts, parameters) if texts else ())]
    return Selection(tuple(dict.fromkeys(chosen)), fitting_only=wants_all(texts))


def _listed(losses: object) -> list[Any]:
    given = list(losses) if isinstance(losses, Iterable) else [losses]
    for each in given:
        if not isinstance(each, str | ChosenLoss):
            cure = "give names such as 'mae', or lossctl.LOSSES['huber'].choose(delta=0.5)"
            raise UsageError(f"{type(each).__name__} is no loss", cure)
    return given


def list_losses(word: str | None = None) -> LossList:
    """List the losses with a word in a name, here or in another library, in task, kind or summary; without one all.

    Raises
    ------
    UsageError
        Where none does.

    Examples
    --------
    >>> list_losses("surprisal").bare()
    ['self_information']
    """
    found = tuple(LOSSES.values()) if word is None else tuple(search(word))
    if not found:
        from lossctl.losses.naming import measure

        problem = f"no loss has {word!r} in its names, task, kind or summary"
        raise UsageError(problem, measure(word or "") or "`lossctl losses` lists them all")
    return LossList(found)


def show_loss(name: str, given: Mapping[str, str] | None = None) -> LossCard:
    """Tell all about one loss.

    Parameters
    ----------
    name
        Its id or an alias, with parameters or without: ``huber``, ``huber(delta=0.5)``.
    given
        Values of its parameters, as typed.

    Raises
    ------
    UsageError
        Where there is no such loss, or more than one is named.

    Examples
    --------
    >>> show_loss("l1").chosen.label
    'mae'
    """
    chosen = choose([name], given)
    if len(chosen) != 1:
        raise UsageError(f"{name!r} names {len(chosen)} losses", "show takes one")
    return LossCard(chosen[0])


def draw_loss(card: LossCard, options: RenderOptions) -> str:
    """Draw the curve of a loss and of its slope for a terminal; empty where it has none.

    Parameters
    ----------
    card
        What `show_loss` gave.
    options
        How wide, and whether in colour.

    Examples
    --------
    >>> from lossctl.reports import RenderOptions
    >>> print(draw_loss(show_loss("mae"), RenderOptions(width=60)).splitlines()[0].strip())
    mae
    """
    from lossctl.core.charts.curve import curve, has_curve
    from lossctl.figures.terminal import draw

    if not has_curve(card.chosen):
        return ""
    width = min(options.width or CURVE_WIDTH, CURVE_WIDTH)
    return draw(curve(card.chosen), width, CURVE_HEIGHT, color=options.color)


def parameters_elsewhere(name: str) -> tuple[str, ...]:
    """Return the parameters of losses that other libraries call so.

    Examples
    --------
    >>> parameters_elsewhere("dof")
    ('df',)
    """
    from lossctl.losses.other_names import FLAGS_ELSEWHERE

    return FLAGS_ELSEWHERE.get(name, ())


def is_loss(name: str) -> bool:
    """Whether a loss is called so.

    Examples
    --------
    >>> is_loss("L1"), is_loss("p.csv")
    (True, False)
    """
    try:
        find(name)
    except UsageError:
        return False
    return True


def parameter_synonyms() -> Mapping[str, str]:
    """Return what other libraries call parameters of ours that have no flag of that name, each with ours.

    Examples
    --------
    >>> parameter_synonyms()["huber_slope"]
    'delta'
    """
    return synonyms()


def loss_names() -> tuple[str, ...]:
    """Return every name that ``--loss`` takes, our own first and then those of other libraries.

    Examples
    --------
    >>> loss_names()[:2], "HuberLoss" in loss_names()
    (('mae', 'l1'), True)
    """
    from lossctl.losses.naming import names

    return names()


def loss_parameters() -> tuple[Flag, ...]:
    """Return every parameter of the registry as a flag, in the registry's order."""
    return tuple(parameters().values())
