"""Comparisons of many slices from columns of figures. May import engine, stats and core."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from lossctl.api.comparisons.paired_slices import PairedSlices
from lossctl.api.results.evaluations import FEW_EFFECTIVE_ROWS
from lossctl.api.results.slices import Shown, in_order, named
from lossctl.core.losses.loss import ChosenLoss
from lossctl.core.results.comparison import Comparison
from lossctl.core.results.evaluation import NO_SPREAD
from lossctl.core.results.interval import Interval
from lossctl.core.results.slices import Slice, few_line
from lossctl.core.settings import Settings
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.version import __version__
from lossctl.sources import Slices

__all__ = ["Pattern", "ShownSlices"]


@dataclass(frozen=True, slots=True)
class Pattern:
    """What the comparisons of one match by one loss share.

    Parameters
    ----------
    match, index
        Which match, and which loss.
    chosen
        The loss.
    baseline, candidate
        The models.
    signature
        Its parts before the rows, and those after the version.
    level
        The coverage of intervals.
    """

    match: int
    index: int
    chosen: ChosenLoss
    baseline: str
    candidate: str
    signature: tuple[str, str]
    level: float


@dataclass(frozen=True, slots=True)
class ShownSlices:
    """The slices that are shown.

    Parameters
    ----------
    slices
        What was found of all.
    codes
        Those shown, in order.
    names
        What they are called.
    """

    slices: PairedSlices
    codes: Sequence[int]
    names: Sequence[Slice]

    @classmethod
    def of(
        cls, slices: PairedSlices, coded: Slices, settings: Settings, rows: tuple[int, int], units: str
    ) -> tuple[ShownSlices, list[str]]:
        """Choose them, and give what is to be said of those left out and of those that are small.

        Parameters
        ----------
        slices, coded
            What was found, and what the slices are.
        settings
            What the run was asked to do.
        rows
            How many rows there are, and how many of these no other source has.
        units
            What is compared: rows.
        """
        order = np.asarray(in_order(coded), dtype=np.int64)
        n, n_read = slices.first.n_of(len(order)), slices.first.n_read_of(len(order))
        few = (n > 0) & (n < (settings.min_n or 1))
        codes = order[((n > 0) & ~few)[order]]
        elsewhere = rows[1] + int(n_read[n > 0].sum())
        shown = Shown(
            codes.tolist(),
            few=(int(few.sum()), int(n_read[few].sum())),
            empty=(len(order) - int(np.count_nonzero(n)), rows[0] - elsewhere),
            slices=len(order),
        )
        made = cls(slices, shown.codes, [named(coded, code) for code in shown.codes])
        return made, [*shown.lines(settings), *made.few_effective(units)]

    def few_effective(self, units: str) -> list[str]:
        """Say of how many slices the intervals rest on few rows."""
        effective = self.slices.effective_rows()[np.asarray(self.codes, dtype=np.int64)]
        few = effective < FEW_EFFECTIVE_ROWS
        if not few.any():
            return []
        least = int(np.argmin(effective))
        counts, fewest = (int(np.count_nonzero(few)), len(few)), (float(effective[least]), self.names[least])
        return [few_line(counts, FEW_EFFECTIVE_ROWS, f"effective {units}", fewest)]

    def comparisons(self, pattern: Pattern, alone: Callable[[int, Slice], Sequence[Comparison]]) -> list[Comparison]:
        """Return the comparison of each; `alone` makes those of a slice, by match, from what was found of it alone."""
        codes = np.asarray(self.codes, dtype=np.int64)
        values, told = self.slices.differences(pattern.match, pattern.index, pattern.level)
        wins, ties, compared = (each[codes] for each in self.slices.counts(pattern.match, pattern.index))
        n, n_read = self.slices.n[codes], self.slices.n_read[codes]
        needed, methods = told.rows_needed(self.slices.n), told.methods()
        figures = (values.baseline, values.candidate, told.delta, told.low, told.high)
        shares = (told.relative, told.relative_low, told.relative_high)
        tests = (told.p_value, told.detectable)
        columns = zip(*(each[codes].tolist() for each in (*figures, *shares, *tests)), strict=True)
        counts = zip(*(each.tolist() for each in (wins, ties, compared, n, n_read)), strict=True)
        doubtful, (before, after), level = told.doubtful.tolist(), pattern.signature, pattern.level
        found = []
        for code, name, of, (won, tied, rows, used, read) in zip(self.codes, self.names, columns, counts, strict=True):
            if doubtful[code]:
                found.append(alone(code, name)[pattern.match])
                continue
            baseline, candidate, delta, low, high, share, share_low, share_high, p, detectable = of
            found.append(
                Comparison(
                    chosen=pattern.chosen,
                    slice=name,
                    baseline=pattern.baseline,
                    candidate=pattern.candidate,
                    baseline_value=baseline,
                    candidate_value=candidate,
                    delta=delta,
                    delta_ci=None if _given(low) is None else Interval(level, low, high, methods[code][0]),
                    relative=_given(share),
                    relative_ci=None
                    if _given(share_low) is None
                    else Interval(level, share_low, share_high, methods[code][1]),
                    p_value=_given(p),
                    p_adjusted=_given(p),
                    significant=False,
                    wins=won,
                    ties=tied,
                    losses=rows - won - tied,
                    detectable=_given(detectable),
                    rows_needed=needed[code][0],
                    rows_needed_low=needed[code][1],
                    rows_needed_high=needed[code][2],
                    n=rows,
                    status=NO_SPREAD if _given(low) is None and _given(p) is not None else "ok",
                    signature=f"{before}|n={used}/{read}|lossctl={__version__}{after}",
                )
            )
        return found


def _given(value: float) -> float | None:
    """Return a number; ``None`` for NaN."""
    return None if math.isnan(value) else value
