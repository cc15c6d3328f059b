"""The differences gates look at: candidate less baseline, paired row by row, of all rows and by slice.

They are those of `lossctl.compare`. May import every package but `cli`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import NamedTuple

import numpy as np

from lossctl.api.checks.calibrate import Spread
from lossctl.api.checks.figures import NO_WHOLE_ROW, Figure, columns_of, fits, refuse_omitted
from lossctl.api.checks.gates import bounds_of
from lossctl.api.comparisons.compared import carried_lines, unit_lines, value_lines
from lossctl.api.comparisons.opponents import Opponent
from lossctl.api.comparisons.paired_slices import BLOCK, PairedSlices
from lossctl.api.comparisons.pairing import Model, Paired, pair_up
from lossctl.api.results.slices import in_order, named
from lossctl.core.losses.loss import ChosenLoss
from lossctl.core.method import Method
from lossctl.core.results.interval import Interval
from lossctl.core.results.slices import Slice
from lossctl.core.settings import Settings
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Codes, Mask
from lossctl.gates.decide import Evidence, Test
from lossctl.gates.gate import Gate
from lossctl.sources import Slices
from lossctl.stats.differences import Difference, rows_needed
from lossctl.stats.hits import DIFFERENCE, RATIO
from lossctl.stats.margin import Margin, margins
from lossctl.stats.measured import Measured, measured_alone, standing
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
    """Pairs of one set of losses, of the whole and of each slice: what these are called, by code, in order."""

    places: Mapping[ChosenLoss, int]
    whole: Paired
    slices: dict[int, Slice]
    lost: list[Slice]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a gate looks at: its test, the place of its loss, and the slices it is about, by code.

    No code stands for all rows.
    """

    gate: Gate
    test: Test
    index: int
    slices: Mapping[int | None, Slice]

    @property
    def share(self) -> float:
        """What share of the baseline is taken off."""
        return self.gate.bound.share if self.gate.bound.percent else 0.0

    @property
    def limit(self) -> float:
        """What the rest is held against."""
        return 0.0 if self.gate.bound.percent else self.gate.bound.share


class _Told(NamedTuple):
    """A difference as gates show it, in their unit, and why there is none."""

    value: float | None
    ci: Interval | None
    n: int
    omitted: int
    baseline: float
    missing: str = ""


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

    def of(self, gate: Gate, test: Test) -> Iterator[Delta]:
        """Yield the difference of a gate on each slice it is about; none where no row is in such a slice."""
        chosen = self.losses[gate.loss]
        table = next(each for each in self._tables(columns_of(gate)) if chosen in each.places)
        slices: dict[int | None, Slice] = {} if gate.terms else {None: {}}
        slices |= {code: values for code, values in table.slices.items() if fits(gate.terms, values)}
        asked = _Asked(gate, test, table.places[chosen], slices)
        self._warn_same(asked, table)
        lost = [values for values in table.lost if fits(gate.terms, values)]
        if slices:
            yield from self._deltas(asked, table)
        for values in lost:
            yield Delta(Figure(values, None, 0, missing=NO_WHOLE_ROW), None)

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
        table = _Table(places, paired, {}, [])
        if slices is not None:
            with_rows = set(paired.slices)
            for code in in_order(slices):
                values = named(slices, code)
                if code in with_rows:
                    table.slices[code] = values
                else:
                    table.lost.append(values)
        return table

    def _deltas(self, asked: _Asked, table: _Table) -> Iterator[Delta]:
        """Yield the difference on each slice, and what the data say of it; of a block of slices together."""
        gate, percent = asked.gate, asked.gate.bound.percent
        level, span = self.settings.level, _span(self.losses[gate.loss])
        limit, share, sequential = asked.limit, asked.share, self.method.sequential
        words = _Words(gate, self.method, 1.0 - level)
        columns, named_codes = self._columns(asked, table), [*asked.slices]
        for start in range(0, len(named_codes), BLOCK):
            codes = named_codes[start : start + BLOCK]
            if columns is None:
                told, measured = self._alone(asked, table, codes)
            else:
                told, measured = self._together(asked, table, columns, np.array(codes, dtype=np.int64))
            held = margins(measured, limit=limit, share=share, level=level, span=span, sequential=sequential).rows()
            for code, of, found in zip(codes, told, held, strict=True):
                figure = Figure(asked.slices[code], of.value, of.n, of.omitted, of.ci, missing=of.missing)
                if of.missing or found is None:
                    yield Delta(figure, None)
                    continue
                unit = of.baseline if percent else 1.0
                evidence, spread = _evidence(found, asked, of.n, unit, words)
                yield Delta(figure, None if asked.test is Test.POINT else evidence, spread)

    def _columns(self, asked: _Asked, table: _Table) -> tuple[PairedSlices, Measured, Mask] | None:
        """Return slices whose sums stand together, with what is measured and where it is to be looked at alone.

        ``None`` where they do not.
        """
        slices = table.whole.slices
        if self.method.sequential or None in asked.slices or not isinstance(slices, PairedSlices):
            return None
        measured, doubtful = slices.measured(0, asked.index, asked.share)
        return slices, measured, doubtful | slices.differences(0, asked.index, self.settings.level)[1].doubtful

    def _together(
        self, asked: _Asked, table: _Table, columns: tuple[PairedSlices, Measured, Mask], codes: Codes
    ) -> tuple[list[_Told], Measured]:
        """Return what is told and measured of slices from columns; what these do not settle is looked at alone."""
        slices, measured, doubtful = columns
        told = _told_of(asked, slices, codes, self.settings.level)
        places = np.flatnonzero(doubtful[codes])
        if not len(places):
            return told, measured.some(codes)
        alone, others = self._alone(asked, table, codes[places].tolist())
        for place, each in zip(places.tolist(), alone, strict=True):
            told[place] = each
        order = np.arange(len(codes))
        order[places] = len(codes) + np.arange(len(places))
        return told, Measured.joined([measured.some(codes), others]).some(order)

    def _alone(self, asked: _Asked, table: _Table, codes: Sequence[int | None]) -> tuple[list[_Told], Measured]:
        """Return what is told and measured of slices one by one."""
        told, measured = [], []
        for code in codes:
            paired = table.whole if code is None else table.whole.slices[code]
            sums, values = paired.sums[0][asked.index], paired.values_of(0, asked.index)
            told.append(self._told_alone(asked, paired))
            measured.append(measured_alone(sums, values, paired.method, asked.share))
        return told, Measured.joined(measured)

    def _told_alone(self, asked: _Asked, paired: Paired) -> _Told:
        of, (n, omitted) = paired.values_of(0, asked.index), _counts(paired)
        if asked.gate.bound.percent and of.relative is None:
            return _Told(None, None, n, omitted, of.baseline, _no_share(asked.gate, of.baseline))
        told, missing = self._told(paired, asked.index)
        value, ci = (of.relative, told.relative_ci) if asked.gate.bound.percent else (of.delta, told.delta_ci)
        return _Told(value, ci, n, omitted, of.baseline, missing)

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

    def _warn_same(self, asked: _Asked, table: _Table) -> None:
        """Warn where no row that a gate looks at has another loss than the baseline, though others have."""
        whole = table.whole.pairs[0][asked.index]
        if whole.ties == whole.n or not asked.slices or None in asked.slices:
            return
        slices, codes = table.whole.slices, [code for code in asked.slices if code is not None]
        if isinstance(slices, PairedSlices):
            same = slices.are_tied(0, asked.index, np.array(codes, dtype=np.int64))
        else:
            pairs = (slices[code].pairs[0][asked.index] for code in codes)
            same = all(each.ties == each.n for each in pairs)
        if same:
            loss = asked.gate.loss
            self.warnings.append(f"{asked.gate.shown}: in these rows every {loss} is that of the baseline")


class _Words(NamedTuple):
    """What the words about differences that do not vary are made of."""

    gate: Gate
    method: Method
    small: float

    def of(self, found: Margin, n: int) -> str:
        """Return why differences that do not vary decide nothing, and how many rows like these would."""
        units = _units(self.method)
        if found.alike:
            words = f"the differences of all {n} rows are equal, so their spread is unknown"
            if found.p_above == found.p_below:
                return f"{words}; they are as large as the bound"
            return f"{words}; {rows_for_agreeing(self.small)} {units} with equal differences would decide"
        words = "no row differs from the baseline"
        if math.isnan(found.share):
            return f"{words}; {self.gate.loss} has no largest value, so other rows may be off by any amount"
        needed = rows_for_none(found.share, self.small)
        return words if needed is None else f"{words}; {needed:,} {units} without a difference would decide"


def _evidence(found: Margin, asked: _Asked, n: int, unit: float, words: _Words) -> tuple[Evidence, Spread | None]:
    """Return what the data say of a difference, and its standard error, in the unit of the gate."""
    keeps, breaks = found.p_below, found.p_above
    if not asked.gate.operator.keeps_low:
        keeps, breaks = breaks, keeps
    if found.alike or found.unchanged:
        return Evidence(found.low, found.high, asked.limit, keeps, breaks, why=words.of(found, n)), None
    detectable = found.detectable / unit
    shown = detectable if math.isfinite(detectable) else None
    needed = rows_needed(n, found.detectable, found.value - asked.limit)
    evidence = Evidence(found.low, found.high, asked.limit, keeps, breaks, shown, needed)
    return evidence, (found.std_error / unit, found.freedom)


def _told_of(asked: _Asked, slices: PairedSlices, codes: Codes, level: float) -> list[_Told]:
    """Return the differences of slices from columns of figures, as gates show them."""
    values, found = slices.differences(0, asked.index, level)
    percent = asked.gate.bound.percent
    columns = (found.delta, found.low, found.high)
    if percent:
        columns = (found.relative, found.relative_low, found.relative_high)
    name, by_hits = (RATIO, found.hits[1]) if percent else (DIFFERENCE, found.hits[0])
    figures = (by_hits, *columns, slices.n, slices.n_dropped, values.baseline)
    told, rows = [], zip(*(each[codes].tolist() for each in figures), strict=True)
    for two_valued, value, low, high, n, omitted, baseline in rows:
        if math.isnan(value):
            told.append(_Told(None, None, n, omitted, baseline, _no_share(asked.gate, baseline)))
            continue
        ci = None if math.isnan(low) else Interval(level, low, high, name if two_valued else "t")
        told.append(_Told(value, ci, n, omitted, baseline))
    return told


def _no_share(gate: Gate, baseline: float) -> str:
    return f"the baseline's {gate.loss} is {baseline:.4g}: there is no percentage of it"


def _span(chosen: ChosenLoss) -> float | None:
    """Return the largest difference that a row could have."""
    least, most = bounds_of(chosen)
    return None if least is None or most is None or not math.isfinite(most - least) else most - least


def _units(method: Method) -> str:
    return "rows" if not method.is_grouped else "blocks" if method.cluster is None else "clusters"


def _counts(paired: Paired) -> tuple[int, int]:
    """Return how many rows counted, and how many were left out."""
    rows = paired.tally.models[0]
    return rows.rows.n, rows.n_dropped
