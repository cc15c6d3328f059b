"""The results of slices after those of the whole. May import sources, engine, losses and core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lossctl.api.signatures import signature_asked
from lossctl.api.sliced_results import Pattern
from lossctl.api.slicing import in_order, results_of
from lossctl.core.dataclass import dataclass
from lossctl.core.result import Evaluation
from lossctl.core.settings import Settings
from lossctl.core.slice_results import SliceResults
from lossctl.core.slices import Slice
from lossctl.engine.plan import ModelTally
from lossctl.engine.sliced_passes import BySlice
from lossctl.sources import Source
from lossctl.sources.slices import Slices

if TYPE_CHECKING:
    from lossctl.api.evaluating import Computed

__all__ = ["Sliced", "lines_of_models", "with_slices"]


@dataclass(frozen=True, slots=True)
class Sliced:
    """What was computed of slices.

    Parameters
    ----------
    slices
        Which there are.
    made
        One for each tally of the whole, in order.
    """

    slices: Slices
    made: Sequence[BySlice]


def with_slices(
    source: Source, computed: Computed, sliced: Sliced, results: Sequence[Evaluation], settings: Settings
) -> tuple[list[Evaluation | SliceResults], list[str]]:
    """Give after each result of the whole those of the slices, and warnings."""
    from lossctl.api.evaluating import result_of

    def pattern(whole: Evaluation, tally: ModelTally, index: int) -> Pattern:
        signature = signature_asked(tally, tally.plan.losses[index], settings, by=settings.by)
        return Pattern(whole, signature, settings.level)

    order = in_order(sliced.slices)
    found: dict[tuple[int, int], list[Evaluation | SliceResults]] = {}
    told: dict[str, list[str]] = {}
    for tally, made in zip(computed.tallies, sliced.made, strict=True):
        patterns = {
            index: pattern(whole, tally, index)
            for whole, (each, index) in zip(results, computed.reported, strict=True)
            if each is tally
        }

        def result(alone: ModelTally, index: int, values: Slice) -> Evaluation:
            return result_of(source, alone, index, settings, values)

        of_model = results_of(source, made, patterns, sliced.slices, order, settings, result)
        found.update({(id(tally), index): each for index, each in of_model.found.items()})
        for line in of_model.warnings:
            told.setdefault(line, []).append(tally.plan.binding.model)
    joined = [
        each
        for whole, (tally, index) in zip(results, computed.reported, strict=True)
        for each in (whole, *found[id(tally), index])
    ]
    return joined, lines_of_models(source, computed, told)


def lines_of_models(source: Source, computed: Computed, told: Mapping[str, Sequence[str]]) -> list[str]:
    """Say of which models each line is; of all of them, once."""
    models = {tally.plan.binding.model for tally in computed.tallies}
    lines = [
        f"{source.name}: {line}" if set(those) == models else f"{source.name}: {model}: {line}"
        for line, those in told.items()
        for model in those
    ]
    return list(dict.fromkeys(lines))
