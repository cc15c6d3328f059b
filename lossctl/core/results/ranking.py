"""What comparisons say together: which model is the best by each loss, and where losses disagree about two models.

Imports the standard library and core. Nothing here computes a statistic: it reads what comparisons found.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from lossctl.core.losses.loss import Direction
from lossctl.core.results.slices import slice_text
from lossctl.core.system.fast_dataclass import dataclass

if TYPE_CHECKING:
    from lossctl.core.results.comparison import Comparison

__all__ = ["Best", "Disagreement", "alike", "best", "disagreements"]

_MOST_NAMED = 5
"""The most losses that a line for people names on each side."""

Place = tuple[str, tuple[tuple[str, str | None], ...]]
"""A loss and a slice, as texts that can be a key."""


@dataclass(frozen=True, slots=True)
class Best:
    """The best models by one loss on one slice.

    Parameters
    ----------
    models
        Those whose value is the best; mostly one.
    second
        The best of the others; ``None`` where there is none.
    told
        Whether the data tell the best from the second: that difference is significant. ``None`` where the two were not
        compared with each other.
    """

    models: tuple[str, ...]
    second: str | None
    told: bool | None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Losses that disagree about which of two models is better.

    Parameters
    ----------
    slice
        The rows that are looked at, as texts by column; empty for all.
    models
        The two.
    losses
        Those that prefer the first model, and those that prefer the second.
    sure
        Whether all these differences are significant; else losses are counted by their values alone.
    """

    slice: tuple[tuple[str, str | None], ...]
    models: tuple[str, str]
    losses: tuple[tuple[str, ...], tuple[str, ...]]
    sure: bool

    def line(self, most: int | None = None) -> str:
        """Say it in a line, which names at most so many losses on each side.

        Examples
        --------
        >>> found = Disagreement((("sex", "f"),), ("ridge", "knn"), (("mae",), ("mse", "rmse")), sure=True)
        >>> found.line()
        'losses disagree about ridge and knn where sex=f: mae prefers ridge; mse and rmse prefer knn'
        """
        where = f" where {slice_text(dict(self.slice))}" if self.slice else ""
        sides = "; ".join(
            f"{_several(losses, most)} {_verb(losses)} {model}"
            for model, losses in zip(self.models, self.losses, strict=True)
        )
        if self.sure:
            return f"losses disagree about {self.models[0]} and {self.models[1]}{where}: {sides}"
        return f"by value alone{where}, {sides}; not all of these differences are significant"

    def short_line(self) -> str:
        """Say it in a line that names a few losses."""
        return self.line(_MOST_NAMED)


def alike(comparisons: Iterable[Comparison]) -> dict[Place, list[Comparison]]:
    """Put comparisons by one loss on one slice together, in their order."""
    groups: dict[Place, list[Comparison]] = {}
    for each in comparisons:
        groups.setdefault((each.chosen.label, tuple(each.slice.items())), []).append(each)
    return groups


def best(comparisons: Sequence[Comparison]) -> Best | None:
    """Find the best model among comparisons by one loss on one slice; ``None`` where no value is a number.

    An infinite value can be the best or the worst, and one that is not a number neither. Of two that are infinite none
    is known to be the best.
    """
    values: dict[str, float] = {}
    for each in comparisons:
        values[each.baseline], values[each.candidate] = each.baseline_value, each.candidate_value
    ordered = {model: value for model, value in values.items() if not math.isnan(value)}
    if not ordered:
        return None
    choose: Callable[[Iterable[float]], float] = min
    if comparisons[0].chosen.loss.direction is Direction.HIGHER:
        choose = max
    winning = choose(ordered.values())
    models = tuple(model for model, value in ordered.items() if value == winning)
    rest = {model: value for model, value in ordered.items() if value != winning}
    if len(models) > 1:
        return Best(models, models[1], told=False) if math.isfinite(winning) else None
    if not rest:
        return Best(models, None, told=None)
    behind = choose(rest.values())
    second = next(model for model, value in rest.items() if value == behind)
    pairs = [each for each in comparisons if {each.baseline, each.candidate} == {models[0], second}]
    return Best(models, second, told=pairs[0].significant if pairs else None)


def disagreements(comparisons: Iterable[Comparison], *, by_value: bool = False) -> list[Disagreement]:
    """Find the pairs of models about which losses disagree.

    Parameters
    ----------
    comparisons
        Of several losses.
    by_value
        Give instead those pairs of which it cannot be said for sure: losses differ in which value is better, but no two
        that differ are both significant.
    """
    pairs: dict[tuple[object, ...], list[Comparison]] = {}
    for each in comparisons:
        slice_key = tuple(each.slice.items())
        turned = (slice_key, each.candidate, each.baseline)
        key = turned if turned in pairs else (slice_key, each.baseline, each.candidate)
        pairs.setdefault(key, []).append(each)
    found: list[Disagreement] = []
    for together in pairs.values():
        sure = _sides(together, lambda each: each.better)
        if all(sure):
            found += [] if by_value else [_disagreement(together[0], sure, sure=True)]
        elif by_value:
            sides = _sides(together, _by_value)
            found += [_disagreement(together[0], sides, sure=False)] if all(sides) else []
    return found


def _disagreement(first: Comparison, sides: tuple[list[str], list[str]], *, sure: bool) -> Disagreement:
    losses = (tuple(sides[0]), tuple(sides[1]))
    return Disagreement(tuple(first.slice.items()), (first.baseline, first.candidate), losses, sure)


def _sides(together: Sequence[Comparison], better: Callable[[Comparison], bool | None]) -> tuple[list[str], list[str]]:
    """Return the losses that prefer the baseline of the first comparison, and those that prefer its candidate."""
    sides: tuple[list[str], list[str]] = ([], [])
    for each in together:
        found = better(each)
        if found is not None:
            prefers = each.candidate if found else each.baseline
            sides[int(prefers == together[0].candidate)].append(each.chosen.title)
    return sides


def _by_value(each: Comparison) -> bool | None:
    if not math.isfinite(each.delta) or each.delta == 0.0:
        return None
    return (each.delta < 0.0) == (each.chosen.loss.direction is Direction.LOWER)


def _verb(losses: Sequence[str]) -> str:
    return "prefers" if len(losses) == 1 else "prefer"


def _several(losses: Sequence[str], most: int | None) -> str:
    if most is not None and len(losses) > most + 1:  # one more name is as short as "and 1 more"
        return f"{', '.join(losses[:most])} and {len(losses) - most} more"
    return " and ".join([", ".join(losses[:-1]), losses[-1]] if len(losses) > 1 else losses)
