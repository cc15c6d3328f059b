"""The figures gates look at: values, quantiles, gradients and counts of one model, of all rows and by slice.

They are those of `lossctl.evaluate`; each set of columns that slice is computed once.

May import sources, gates and core.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace

from lossctl.api.evaluate import evaluate_source
from lossctl.api.setup.losses import Selection
from lossctl.core.errors import DataError, UsageError
from lossctl.core.losses.loss import ChosenLoss
from lossctl.core.results.columns import SliceResults, SliceValue, joined, pieces_of
from lossctl.core.results.evaluation import Evaluation
from lossctl.core.results.interval import Interval
from lossctl.core.results.quantiles import Quantiles, level_name
from lossctl.core.results.slices import Slice
from lossctl.core.settings import Settings
from lossctl.core.spelling import spellings
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.gates.gate import QUANTILES, Gate, Measure, Term
from lossctl.sources import Source

__all__ = ["NO_WHOLE_ROW", "Figure", "Figures", "columns_of", "condition", "fits", "refuse_omitted", "unaccounted"]

NO_WHOLE_ROW = "every row of it has a missing or non-finite value"
_TWO = 2


@dataclass(frozen=True, slots=True)
class Figure:
    """What a gate looks at, found on one slice.

    Parameters
    ----------
    slice
        The rows.
    value
        The figure; ``None`` where there is none.
    n, omitted
        The rows it rests on, and those left out for a missing or non-finite number.
    ci
        Its interval.
    missing
        Why there is no value.
    spread
        Its standard error and the degrees of freedom of that; ``None`` where it has none.
    """

    slice: Slice
    value: float | None
    n: int
    omitted: int = 0
    ci: Interval | None = None
    missing: str = ""
    spread: tuple[float, float] | None = None


def columns_of(gate: Gate) -> tuple[str, ...]:
    """Return the columns that slice for a gate."""
    return tuple(term.column for term in gate.terms)


def fits(terms: Sequence[Term], values: Slice) -> bool:
    """Return whether a slice is one that the conditions are about; the whole is, where there are none."""
    return bool(values) == bool(terms) and all(term.every or values[term.column] == term.value for term in terms)


def unaccounted(whole: tuple[int, int], slices: Sequence[tuple[int, int]]) -> str:
    """Say that rows are of slices where nothing is left to look at; empty where there are none.

    Parameters
    ----------
    whole, slices
        The rows that counted, and those that were left out: of all, and of each slice.
    """
    rows = sum(whole) - sum(sum(each) for each in slices)
    if rows <= 0:
        return ""
    return f"{rows} {'row is' if rows == 1 else 'rows are'} of slices where no row is whole"


@dataclass(slots=True)
class Figures:
    """One model's figures.

    Parameters
    ----------
    source
        Where its predictions are, open.
    losses
        By the name a gate calls it: every loss a gate is about.
    settings
        How rows are read.
    min_n
        The least rows of a slice that counts in a gap.
    """

    source: Source
    losses: Mapping[str, ChosenLoss]
    settings: Settings
    min_n: int = 1
    warnings: list[str] = field(default_factory=list)
    _pieces: dict[tuple[tuple[str, ...], str], list[Evaluation | SliceResults]] = field(default_factory=dict)
    _found: dict[tuple[tuple[str, ...], str], list[SliceValue]] = field(default_factory=dict)
    _looked: dict[tuple[tuple[str, ...], str], dict[tuple[str | None, ...], Quantiles | None]] = field(
        default_factory=dict
    )

    def of(self, gate: Gate) -> list[Figure]:
        """Return the figure of a gate on each slice it is about; none where no row is in such a slice."""
        match gate.measure:
            case Measure.GAP:
                return list(self._gaps(gate))
            case Measure.ROWS | Measure.NONFINITE:
                return list(self._counts(gate))
            case _ if gate.figure in QUANTILES:
                return list(self._quantiles(gate))
            case _:
                return self.values_of(gate)

    def values_of(self, gate: Gate) -> list[Figure]:
        """Return the value of a gate's loss, or a figure of its gradient, on each slice it is about."""
        chosen, terms = self.losses[gate.loss], gate.terms
        if gate.measure is Measure.FIGURE:
            results = joined(self._computed(columns_of(gate), chosen))
            return [_figure(gate, each) for each in results if fits(terms, each.slice)] + self._rest(gate, chosen)
        found = self._of_terms(chosen, gate)
        return [
            Figure(each.slice, each.value, each.n, each.n_dropped, each.ci, spread=each.spread) for each in found
        ] + self._rest(gate, chosen)

    def whole(self) -> Evaluation:
        """Return the result of all rows that left out the most of them."""
        chosen = tuple(dict.fromkeys(self.losses.values()))
        results = [each for one in chosen for each in joined(self._computed((), one))]
        return max(results, key=lambda each: each.n_dropped)

    def _of_terms(self, chosen: ChosenLoss, gate: Gate) -> list[SliceValue]:
        return [each for each in self._evaluated(columns_of(gate), chosen) if fits(gate.terms, each.slice)]

    def _rest(self, gate: Gate, chosen: ChosenLoss) -> list[Figure]:
        """Return what stands for slices that have no result, where a gate is for every slice."""
        if not any(term.every for term in gate.terms):
            return []
        whole, *slices = self._evaluated(columns_of(gate), chosen)
        missing = self._unaccounted(whole, slices)
        return [Figure({}, None, 0, missing=missing)] if missing else []

    def _unaccounted(self, whole: SliceValue, slices: Sequence[SliceValue]) -> str:
        """Say that rows are of slices where nothing is left; those that a join dropped are of none."""
        alone = self.source.alone[0]
        return unaccounted((whole.n, whole.n_dropped - alone), [(each.n, each.n_dropped) for each in slices])

    def _evaluated(self, columns: tuple[str, ...], chosen: ChosenLoss) -> Sequence[SliceValue]:
        """Return the values of a loss: of the whole, and then of each slice by some columns."""
        key = (columns, chosen.label)
        if key not in self._found:
            found: list[SliceValue] = []
            for piece in self._computed(columns, chosen):
                found += [SliceValue.of(piece)] if isinstance(piece, Evaluation) else piece.values()
            self._found[key] = found
        return self._found[key]

    def _computed(self, columns: tuple[str, ...], chosen: ChosenLoss) -> Sequence[Evaluation | SliceResults]:
        """Return the results of a loss: of the whole, and then of the slices by some columns, together where many."""
        if (columns, chosen.label) not in self._pieces:
            losses = tuple(dict.fromkeys(self.losses.values()))
            settings = replace(self.settings, by=columns, min_n=None)
            results = evaluate_source(self.source, Selection(losses), settings, (), None, None)
            self.warnings += results.warnings
            for each in losses:
                mine = [one for one in pieces_of(results.results) if _loss_of(one) == each]
                self._require_one(mine)
                self._pieces[columns, each.label] = mine
        return self._pieces[columns, chosen.label]

    def _require_one(self, results: Sequence[Evaluation | SliceResults]) -> None:
        models = list(dict.fromkeys(each.model for each in results))
        if len(models) > 1:
            problem = f"{self.source.name}: there are {len(models)} models, {', '.join(models)}, and a check is of one"
            raise UsageError(problem, "name one with -p, and the other with --baseline-pred")

    def _counts(self, gate: Gate) -> Iterator[Figure]:
        """Count rows by the loss that has the fewest, and those left out by the one that leaves out the most."""
        worst: dict[tuple[str | None, ...], SliceValue] = {}
        for chosen in self.losses.values():
            for each in self._of_terms(chosen, gate):
                key = tuple(each.slice.values())
                if key not in worst or each.n < worst[key].n:
                    worst[key] = each
            if gate.measure is Measure.NONFINITE:
                rest = self._rest(gate, chosen)
                if rest:
                    yield from rest
                    return
        for each in worst.values():
            count = each.n if gate.measure is Measure.ROWS else each.n_dropped
            yield Figure(each.slice, float(count), each.n, 0)

    def _gaps(self, gate: Gate) -> Iterator[Figure]:
        """Yield the largest value less the smallest, between the slices by a column, in each slice of the gate."""
        columns = (*columns_of(gate), gate.column)
        chosen = self.losses[gate.loss]
        whole, *slices = self._evaluated(columns, chosen)
        groups: dict[tuple[str | None, ...], list[SliceValue]] = {}
        for each in slices:
            if all(term.every or each.slice[term.column] == term.value for term in gate.terms):
                groups.setdefault(tuple(each.slice[name] for name in columns_of(gate)), []).append(each)
        missing = self._unaccounted(whole, slices)
        for key, group in groups.items():
            values = dict(zip(columns_of(gate), key, strict=True))
            counted = [each for each in group if each.n >= self.min_n]
            rows, omitted = sum(each.n for each in counted), sum(each.n_dropped for each in group)
            if missing or len(counted) < _TWO:
                few = f"{len(counted)} of {len(group)} slices by {gate.column} can be told apart, and two are needed"
                yield Figure(values, None, rows, omitted, missing=missing or few)
                continue
            found = [each.value for each in counted]
            finite = all(map(math.isfinite, found))
            yield Figure(values, max(found) - min(found) if finite else math.nan, rows, omitted)

    def _quantiles(self, gate: Gate) -> Iterator[Figure]:
        """Yield a quantile of the losses of rows."""
        chosen, level = self.losses[gate.loss], QUANTILES[gate.figure]
        for each in self._of_terms(chosen, gate):
            quantiles = self._looked_up(columns_of(gate), chosen).get(tuple(each.slice.values()))
            found = None if quantiles is None else quantiles.loss[level_name(level)]
            missing = "" if found is not None else f"rows have no {chosen.title} of their own"
            yield Figure(each.slice, found, each.n, each.n_dropped, missing=missing)
        yield from self._rest(gate, chosen)

    def _looked_up(
        self, columns: tuple[str, ...], chosen: ChosenLoss
    ) -> Mapping[tuple[str | None, ...], Quantiles | None]:
        """Return the quantiles of all slices by some columns, and under no values those of the whole."""
        key = (columns, chosen.label)
        if key not in self._looked:
            settings = replace(self.settings, by=columns, min_n=None)
            levels = tuple(QUANTILES.values())
            results = evaluate_source(self.source, Selection((chosen,)), settings, levels, None, None)
            self._looked[key] = {tuple(each.slice.values()): each.quantiles for each in results}
        return self._looked[key]


def condition(given: str | None, values: Slice) -> str | None:
    """Return the condition that a row is of a slice."""
    conditions = [] if given is None else [f"({given}\n)"]  # it may end in a comment
    for name, value in values.items():
        column = '"' + name.replace('"', '""') + '"'
        if value is None:
            conditions.append(f"{column} is null")
        else:
            texts = ("'" + each.replace("'", "''") + "'" for each in spellings(value))
            conditions.append(f"({' or '.join(f'cast({column} as varchar) = {text}' for text in texts)})")
    return " and ".join(conditions) if conditions else None


def _loss_of(piece: Evaluation | SliceResults) -> ChosenLoss:
    return piece.chosen if isinstance(piece, Evaluation) else piece.whole.chosen


def _figure(gate: Gate, result: Evaluation) -> Figure:
    """Return a figure of a gradient."""
    found = getattr(result.gradient, gate.figure)
    return Figure(result.slice, found, result.n, result.n_dropped, missing=_no_figure(found, gate))


def _no_figure(found: float | None, gate: Gate) -> str:
    return "" if found is not None else f"there is no {gate.expression} of these rows"


def refuse_omitted(source: str, omitted: int, read: int, most: float | None) -> None:
    """Refuse that more than a share of the rows read is left out."""
    if most is not None and omitted > most * read:
        problem = f"{source}: {omitted} of {read} rows have a missing or non-finite value"
        raise DataError(f"{problem}, more than max_omitted = {most:g} allows", "mend the data, or allow more")
