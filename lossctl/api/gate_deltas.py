"""The differences gates look at: candidate less baseline, paired row by row, of all rows and by slice.

They are those of `lossctl.compare`. May import every package but `cli`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import field, replace

from lossctl.api.asking import bounds_of
from lossctl.api.calibrating import Spread
from lossctl.api.compared import carried_lines, unit_lines, value_lines
from lossctl.api.gate_figures import NO_WHOLE_ROW, Figure, columns_of, fits, refuse_omitted
from lossctl.api.opponents import Opponent
from lossctl.api.pairing import Model, Paired, pair_up
from lossctl.api.slicing import in_order, named
from lossctl.core.dataclass import dataclass
from lossctl.core.loss import ChosenLoss
from lossctl.core.method import Method
from lossctl.core.settings import Settings
from lossctl.core.slices import Slice
from lossctl.gates.decide import Evidence, Test
from lossctl.gates.gate import Gate
from lossctl.sources import Slices
from lossctl.stats.margin import Margin, margin, standing
from lossctl.stats.paired import Difference, rows_needed
from lossctl.stats.sequence import FEWEST, one_look
from lossctl.stats.signs import rows_for_agreeing, rows_for_none

__all__ = ["Delta", "Deltas"]


@dataclass(frozen=True, slots=True)
class Delta:
    """A difference, and what the data say of it."""

    figure: Figure
    evidence: Evidence | None
    spread: Spread | None = None


@dataclass(slots=True)
class _Table:
    """Pairs of one set of losses, of the whole and of each slice."""

    places: Mapping[ChosenLoss, int]
    whole: Paired
    slices: list[tuple[Slice, Paired]]
    lost: list[Slice]


@dataclass(slots=True)
class Deltas:
    """The differences between a candidate and its baseline.

    Parameters
    ----------
    opponent
        Both.
    losses
        By the name a gate calls it.
    settings, method
        How rows are read, and what the units are.
    max_omitted
        The largest share of rows that may be left out.
    """

    opponent: Opponent
    losses: Mapping[str, ChosenLoss]
    settings: Settings
    method: Method
    max_omitted: float | None = None
    warnings: list[str] = field(default_factory=list)
    _found: dict[tuple[str, ...], list[_Table]] = field(default_factory=dict)

    def of(self, gate: Gate, test: Test) -> list[Delta]:
        """Give the difference of a gate on each slice it is about; none where no row is in such a slice."""
        chosen = self.losses[gate.loss]
        table = next(each for each in self._tables(columns_of(gate)) if chosen in each.places)
        parts = [*([({}, table.whole)] if not gate.terms else []), *table.slices]
        index = table.places[chosen]
        parts = [(values, paired) for values, paired in parts if fits(gate.terms, values)]
        found = [self._delta(gate, test, values, paired, index) for values, paired in parts]
        self._warn_same(gate, [paired for _, paired in parts], table.whole, index)
        lost = [values for values in table.lost if fits(gate.terms, values)]
        return [*found, *(Delta(Figure(values, None, 0, missing=NO_WHOLE_ROW), None) for values in lost)]

    def _tables(self, columns: tuple[str, ...]) -> list[_Table]:
        if columns not in self._found:
            self._found[columns] = [self._table(pair, columns) for pair in self.opponent.pairs]
        return self._found[columns]

    def _table(self, pair: tuple[Model, Model], columns: tuple[str, ...]) -> _Table:
        slices = Slices(columns) if columns else None
        settings = replace(self.settings, by=columns, min_n=None)
        paired = pair_up(list(pair), settings, None, self.method, by=slices, skewed=True)
        self.warnings += [*paired.warnings, *value_lines(pair, paired), *unit_lines(paired)]
        self.warnings += [] if columns else carried_lines(pair, paired)
        counted, omitted = _counts(paired)
        refuse_omitted(pair[1].source.name, omitted, counted + omitted, self.max_omitted)
        places = {chosen: place for place, chosen in enumerate(pair[1].plan.losses)}
        codes = [] if slices is None else [(code, named(slices, code)) for code in in_order(slices)]
        parts = [(values, paired.slices[code]) for code, values in codes if code in paired.slices]
        return _Table(places, paired, parts, [values for code, values in codes if code not in paired.slices])

    def _delta(self, gate: Gate, test: Test, values: Slice, paired: Paired, index: int) -> Delta:
        of, n, omitted = paired.values_of(0, index), *_counts(paired)
        told, missing = self._told(paired, index)
        percent = gate.bound.percent
        value, ci = of.delta, told.delta_ci
        if percent:
            if of.relative is None:
                words = f"the baseline's {gate.loss} is {of.baseline:.4g}: there is no percentage of it"
                return Delta(Figure(values, None, n, omitted, missing=words), None)
            value, ci = of.relative, told.relative_ci
        figure = Figure(values, value, n, omitted, ci, missing=missing)
        if missing:
            return Delta(figure, None)
        evidence, spread = self._evidence(gate, paired, index)
        return Delta(figure, None if test is Test.POINT else evidence, spread)

    def _told(self, paired: Paired, index: int) -> tuple[Difference, str]:
        """Return a difference with its intervals; and why it can't be told at each of many looks, where it can't."""
        level = self.settings.level
        if not self.method.sequential:
            return paired.differences(level)[0][index], ""
        rows = standing(paired.sums[0][index], paired.method)
        if rows < FEWEST:
            told = replace(paired.differences(level)[0][index], delta_ci=None, relative_ci=None)
            units = _units(paired.method)
            return told, f"--sequential takes at least {FEWEST} {units}, and these come to {math.floor(rows)}"
        told = paired.differences(2.0 * one_look(0.5 + 0.5 * level, rows) - 1.0)[0][index]
        ends = (told.delta_ci, told.relative_ci)
        delta_ci, relative_ci = (each and replace(each, level=level, method=f"{each.method}-sequence") for each in ends)
        return replace(told, delta_ci=delta_ci, relative_ci=relative_ci), ""

    def _warn_same(self, gate: Gate, parts: Sequence[Paired], whole: Paired, index: int) -> None:
        """Warn where no row that a gate looks at has another loss than the baseline, though others have."""
        tied = [each.pairs[0][index].ties == each.pairs[0][index].n for each in (*parts, whole)]
        if parts and all(tied[:-1]) and not tied[-1]:
            self.warnings.append(f"{gate.shown}: in these rows every {gate.loss} is that of the baseline")

    def _evidence(self, gate: Gate, paired: Paired, index: int) -> tuple[Evidence | None, Spread | None]:
        percent, of = gate.bound.percent, paired.values_of(0, index)
        share, limit = (gate.bound.share, 0.0) if percent else (0.0, gate.bound.share)
        sums, level = paired.sums[0][index], self.settings.level
        least, most = bounds_of(self.losses[gate.loss])
        span = None if least is None or most is None or not math.isfinite(most - least) else most - least
        found = margin(sums, of, paired.method, limit=limit, share=share, level=level, span=span)
        if found is None:
            return None, None
        keeps, breaks = found.p_below, found.p_above
        if not gate.operator.keeps_low:
            keeps, breaks = breaks, keeps
        if found.alike or found.unchanged:
            why = _unvaried(found, paired, gate, 1.0 - level)
            return Evidence(found.low, found.high, limit, keeps, breaks, why=why), None
        detectable = found.detectable / of.baseline if percent else found.detectable
        spread = (found.std_error / (of.baseline if percent else 1.0), found.freedom)
        shown = detectable if math.isfinite(detectable) else None
        needed = rows_needed(sums.n, found.detectable, found.value - limit)
        return Evidence(found.low, found.high, limit, keeps, breaks, shown, needed), spread


def _unvaried(found: Margin, paired: Paired, gate: Gate, small: float) -> str:
    """Return why differences that do not vary decide nothing, and how many rows like these would."""
    n, units = paired.sums[0][0].n, _units(paired.method)
    if found.alike:
        words = f"the differences of all {n} rows are equal, so their spread is unknown"
        if found.p_above == found.p_below:
            return f"{words}; they are as large as the bound"
        return f"{words}; {rows_for_agreeing(small)} {units} with equal differences would decide"
    words = "no row differs from the baseline"
    if found.share is None:
        return f"{words}; {gate.loss} has no largest value, so other rows may be off by any amount"
    needed = rows_for_none(found.share, small)
    return words if needed is None else f"{words}; {needed:,} {units} without a difference would decide"


def _units(method: Method) -> str:
    return "rows" if not method.is_grouped else "blocks" if method.cluster is None else "clusters"


def _counts(paired: Paired) -> tuple[int, int]:
    """Give how many rows counted, and how many were left out."""
    rows = paired.tally.models[0]
    return rows.rows.n, rows.n_dropped
