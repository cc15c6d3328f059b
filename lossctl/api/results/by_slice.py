"""The results of slices after those of the whole. May import sources, engine, losses and core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lossctl.api.results.signatures import signature_asked
from lossctl.api.results.sliced import Pattern
from lossctl.api.results.slices import in_order, results_of
from lossctl.core.results.columns import MOST_SHARES, SliceResults
from lossctl.core.results.evaluation import Evaluation
from lossctl.core.results.slices import Slice, decided_line
from lossctl.core.settings import Settings
from lossctl.engine.accumulators.tally import FEW_FOR_SHARES, LARGE_SHARE
from lossctl.engine.plan import ModelTally
from lossctl.sources import Source

if TYPE_CHECKING:
    from lossctl.api.results.computed import Computed, Sliced

__all__ = ["lines_of_models", "with_slices"]


def with_slices(
    source: Source,
    computed: Computed,
    sliced: Sliced,
    results: Sequence[Evaluation],
    settings: Settings,
    *,
    drawn: bool,
) -> tuple[list[Evaluation | SliceResults], list[str]]:
    """Return after each result of the whole those of the slices, and warnings.

    Parameters
    ----------
    source, computed, sliced, results, settings
        What was computed, of what, and what was found of the whole.
    drawn
        Whether intervals are drawn at random: then no row decides one.
    """
    from lossctl.api.results.evaluations import result_of

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

        alone: dict[int, list[tuple[float, Slice]]] = {}

        def result(
            tally: ModelTally, index: int, values: Slice, alone: dict[int, list[tuple[float, Slice]]] = alone
        ) -> Evaluation:
            found = result_of(source, tally, index, settings, values)
            if found.ci is not None and tally.units.n >= FEW_FOR_SHARES:
                alone.setdefault(index, []).append((tally.moments(index).largest_share, values))
            return found

        of_model = results_of(source, made, patterns, sliced.slices, order, settings, result)
        found.update({(id(tally), index): each for index, each in of_model.found.items()})
        decided = [] if drawn else _decided(tally, of_model.found, alone)
        for line in (*of_model.warnings, *decided):
            told.setdefault(line, []).append(tally.plan.binding.model)
    joined = [
        each
        for whole, (tally, index) in zip(results, computed.reported, strict=True)
        for each in (whole, *found[id(tally), index])
    ]
    return joined, lines_of_models(source, computed, told)


def _decided(
    tally: ModelTally,
    results: Mapping[int, Sequence[Evaluation | SliceResults]],
    alone: Mapping[int, Sequence[tuple[float, Slice]]],
) -> list[str]:
    """Warn of slices whose intervals one row decides: once for all losses, with the worst slices by name.

    Parameters
    ----------
    tally
        What was found of the whole.
    results
        Those of each loss, by index.
    alone
        The largest shares of slices that stand alone.
    """
    from lossctl.api.setup.plan import several

    counts: dict[str, int] = {}
    largest: dict[tuple[str | None, ...], tuple[float, Slice]] = {}
    for index, pieces in results.items():
        found = [each for each in alone.get(index, []) if each[0] > LARGE_SHARE]
        together = [piece.large_shares(LARGE_SHARE) for piece in pieces if isinstance(piece, SliceResults)]
        count = len(found) + sum(many for many, _ in together)
        if count:
            counts[tally.plan.losses[index].title] = count
        for each in (*found, *(each for _, some in together for each in some)):
            name = tuple(each[1].values())
            largest[name] = max(largest.get(name, each), each, key=lambda share: share[0])
    if not counts:
        return []
    worst = sorted(largest.values(), key=lambda share: -share[0])[:MOST_SHARES]
    slices = max(sum(1 if isinstance(piece, Evaluation) else len(piece) for piece in each) for each in results.values())
    few = min(counts.values()), max(counts.values())
    unit = "row" if tally.plan.binding.group is None else "group"
    return [f"{several([*counts], MOST_SHARES)}: {decided_line(few, slices, unit, worst)}"]


def lines_of_models(source: Source, computed: Computed, told: Mapping[str, Sequence[str]]) -> list[str]:
    """Say of which models each line is; of all of them, once."""
    models = {tally.plan.binding.model for tally in computed.tallies}
    lines = [
        f"{source.name}: {line}" if set(those) == models else f"{source.name}: {model}: {line}"
        for line, those in told.items()
        for model in those
    ]
    return list(dict.fromkeys(lines))
