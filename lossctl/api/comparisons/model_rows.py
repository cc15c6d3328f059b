"""The rows of all models, side by side: each source is read once, and gives the rows of its models.

May import sources, engine and core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from itertools import tee
from operator import itemgetter
from typing import TYPE_CHECKING, cast

from lossctl.api.comparisons.aligned import KEY_CURE, require_same, side_by_side
from lossctl.api.setup.plan import read_for, request_for
from lossctl.api.setup.unmatched import left_out, reading_warnings, unmatched
from lossctl.core.errors import DataError
from lossctl.core.method import Method
from lossctl.core.rows.block import Batch
from lossctl.core.settings import Settings
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.engine.accumulators.pairs import PairsPlan, PairsTally
from lossctl.engine.accumulators.per_slice import SlicedPairs
from lossctl.engine.accumulators.sliced import SlicedPlan
from lossctl.engine.fitting import lag_column, sliced_lag
from lossctl.engine.plan import ModelPlan, ModelTally
from lossctl.engine.run.local import run
from lossctl.engine.run.processes import Crew
from lossctl.engine.series import with_lags
from lossctl.sources import Slices, Source
from lossctl.sources.joins.keys import require_keys
from lossctl.sources.joins.side_by_side import Matched, paired_by_key, require_unique

if TYPE_CHECKING:
    from lossctl.engine.accumulators.pair_slices import SlicedPairsPlan, SlicedPairsTally

__all__ = ["Model", "ModelRows", "identity_of"]

Progress = Callable[[int, float | None], None]


@dataclass(frozen=True, slots=True)
class Model:
    """One model of one source, by the name the user knows it by."""

    name: str
    source: Source
    plan: ModelPlan


def identity_of(method: Method, settings: Settings) -> tuple[str, ...]:
    """Return the columns that say who a row is to a method: of its cluster or, where rows are drawn, of its key.

    None where a row is its number in the first file, or nobody asks.
    """
    if method.cluster is not None:
        return (method.cluster,)
    return settings.key if method.resamples_units and method.block is None else ()


@dataclass(slots=True)
class ModelRows:
    """What is read in each pass.

    Parameters
    ----------
    models
        The baseline first.
    settings
        What the run was asked to do.
    identity
        The columns of the first source that say who each row is; see `identity_of`.
    by
        The slices of the rows of the first source; filled by the first pass.
    crew
        Processes to compute in. Rows of one source are handed to them, where neither their order nor slices count.
    ordered
        Whether rows must come in the order of the first source, also where they are joined.
    matched
        What was left out of sources that are matched by a key.
    """

    models: Sequence[Model]
    settings: Settings
    identity: Sequence[str] = ()
    by: Slices | None = None
    crew: Crew | None = None
    ordered: bool = False
    matched: Matched = field(default_factory=Matched)

    def compare(
        self,
        plans: Mapping[int | None, PairsPlan],
        others: PairsPlan | None = None,
        on_progress: Progress | None = None,
    ) -> dict[int | None, PairsTally]:
        """Read all rows, and compare them.

        Parameters
        ----------
        plans
            What to compare of each slice, by its code, and of the whole, by ``None``.
        others
            What to compare of slices that have no plan.
        on_progress
            Called with the rows read so far and, where it is known, the fraction of the input.
        """
        if others is None and list(plans) == [None] and self._may_share(plans[None]):
            (together,) = self._shared([plans[None]], on_progress)
            return {None: cast("PairsTally", together)}
        whole = plans[None].tally() if None in plans else None
        sliced = SlicedPairs(lambda code: plans.get(code, others))
        has_slices = others is not None or any(code is not None for code in plans)
        first = 0
        for batches in self._read(on_progress):
            if whole is not None:
                whole.add_all(batches, first)
            if has_slices:
                sliced.add(batches)
            first += len(batches[0])
        sliced.finish()
        found: dict[int | None, PairsTally] = {} if whole is None else {None: whole}
        return found | {code: tally for code, tally in sliced.tallies.items()}  # noqa: C416 -- for keys of another type

    def compare_slices(
        self, whole: PairsPlan, slices: SlicedPairsPlan, on_progress: Progress | None = None
    ) -> tuple[PairsTally, SlicedPairsTally]:
        """Read all rows, and compare them together and slice by slice."""
        if self._may_share(whole):
            one, other = self._shared([whole, slices], on_progress)
            return cast("PairsTally", one), cast("SlicedPairsTally", other)
        found, sliced, first = whole.tally(), slices.tally(), 0
        for batches in self._read(on_progress):
            sliced.add_all(batches)
            first += found.add_all(batches, first)
        return found, sliced

    def alone(self) -> list[int]:
        """Return for each model how many rows of its source were left out, for others have no row of their key."""
        sources = list(dict.fromkeys(model.source for model in self.models))
        counts = dict(zip(sources, self.matched.alone, strict=False))
        return [left_out(model.source) + counts.get(model.source, 0) for model in self.models]

    def unmatched(self) -> list[str]:
        """Warn of rows that were left out, for another source has no row of their key."""
        sources = list(dict.fromkeys(model.source for model in self.models))
        said = []
        for source, count in zip(sources, self.matched.alone, strict=False):
            others = [other.name for other in sources if other is not source]
            if count:
                every = "all of " if len(others) > 1 else ""
                said.append(unmatched(count, source.name, every + " and ".join(others)))
        return [*said, *(line for source in sources for line in reading_warnings(source))]

    def _may_share(self, plan: PairsPlan) -> bool:
        """Return whether rows may be compared in any order, by others."""
        method, settings = plan.method, self.settings
        if method.is_series or (method.block is not None and (settings.where or settings.targets is not None)):
            return False  # where rows stand is known from those that came before
        return all(model.source is self.models[0].source for model in self.models)

    def _shared(self, plans: Sequence[PairsPlan | SlicedPairsPlan], on_progress: Progress | None) -> list[ModelTally]:
        """Let others compare the rows that are read here."""
        batches = (batches[0] for batches in self._read(on_progress))
        asked = cast("list[ModelPlan]", plans)  # all that is asked of a plan is its losses and a tally to add to
        return run(batches, asked, self.settings.threads, None, self.crew)

    def _read(self, on_progress: Progress | None) -> Iterator[list[Batch]]:
        """Read each source once, and give each model its rows."""
        sources = list(dict.fromkeys(model.source for model in self.models))
        own = [[model.plan for model in self.models if model.source is each] for each in sources]
        place = [sources.index(model.source) for model in self.models]
        if self.ordered:
            sources[0].keep_order()
        together: Iterable[list[Batch]]
        if len(sources) > 1 and self.settings.key:
            together = self._by_key(sources, own)
        else:
            streams = [self._stream(source, mine) for source, mine in zip(sources, own, strict=True)]
            together = ([batch] for batch in streams[0])
            if len(sources) > 1:
                together = side_by_side(sources, streams, [mine[0] for mine in own])
        rows = 0
        for side in together:
            rows += len(side[0])
            if on_progress is not None:
                on_progress(rows, sources[0].progress())
            shared = side if self.by is None else self._looking_back(side, [mine[0] for mine in own])
            yield [shared[each] for each in place]

    def _by_key(self, sources: Sequence[Source], own: Sequence[Sequence[ModelPlan]]) -> Iterator[list[Batch]]:
        """Read the rows of the same keys, of all sources together."""
        from lossctl.sources.joins.with_baseline import watched

        settings, plans = self.settings, [plan for mine in own for plan in mine]
        require_keys(sources, settings.key)
        requests = [
            request_for(source, mine, settings, self.by if place == 0 else None, self.identity if place == 0 else ())
            for place, (source, mine) in enumerate(zip(sources, own, strict=True))
        ]
        matched = paired_by_key(
            sources,
            requests,
            settings.key,
            unmatched=settings.unmatched,
            ordered=self.ordered or any(chosen.loss.series for plan in plans for chosen in plan.losses),
            matched=self.matched,
            threads=settings.threads,
        )
        sides = [
            with_lags(watched(source, map(itemgetter(place), copy)), self._looking(mine))
            for place, (source, copy, mine) in enumerate(zip(sources, tee(matched, len(sources)), own, strict=True))
        ]
        for batches in zip(*sides, strict=True):
            try:
                require_same(sources, batches, [mine[0] for mine in own], KEY_CURE)
            except DataError:  # of a key that stands twice one row is of another target: that is what to mend
                for source, request in zip(sources, requests, strict=True):
                    require_unique(source, request, settings.key, settings.threads)
                raise
            yield list(batches)

    def _looking(self, plans: Sequence[ModelPlan]) -> list[ModelPlan | SlicedPlan]:
        """Return the plans whose losses look back: over all rows, and within slices."""
        return [*plans, *([] if self.by is None else [SlicedPlan(plan) for plan in plans])]

    def _looking_back(self, side: Sequence[Batch], plans: Sequence[ModelPlan]) -> list[Batch]:
        """Let all sources look back on what the first does: the same targets, of which it alone knows the slices."""
        given: list[Batch] = []
        for batch, plan in zip(side, plans, strict=True):
            lags = {}
            for chosen in plan.losses:
                if chosen.loss.series:
                    mine, theirs = (sliced_lag(lag_column(chosen, each.binding)[2]) for each in (plans[0], plan))
                    lags[theirs] = side[0].columns[mine]
            given.append(replace(batch, columns={**batch.columns, **lags}) if lags else batch)
        return given

    def _stream(self, source: Source, plans: Sequence[ModelPlan]) -> Iterable[Batch]:
        """Read one source; only the rows of the first say which slice they are of, and who they are."""
        is_first = source is self.models[0].source
        by, identity = (self.by, self.identity) if is_first else (None, ())
        sliced = [] if self.by is None else [SlicedPlan(plan) for plan in plans]
        group = plans[0].binding.group
        texts = () if group is None or all(model.source is source for model in self.models) else (group,)
        return with_lags(read_for(source, plans, self.settings, by, identity, texts), [*plans, *sliced])
