"""Frozen comparisons of two models by one loss, and the table of many.

Imports the standard library and core. Nothing here computes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from lossctl.core.losses.loss import ChosenLoss, Direction, Value
from lossctl.core.results.interval import Interval
from lossctl.core.results.repr import Shown, interval, line, whose
from lossctl.core.results.slices import Slice, slice_fields
from lossctl.core.results.view import Scalar, finite_or_none, flat
from lossctl.core.system.fast_dataclass import dataclass

__all__ = ["Comparison"]


@dataclass(frozen=True, slots=True)
class Comparison(Shown):
    """How a candidate differs from a baseline by one loss. The fields are those of the JSON of `compare`.

    Parameters
    ----------
    chosen
        The loss.
    slice
        The rows compared; empty for all.
    baseline, candidate
        The models.
    baseline_value, candidate_value
        Their values.
    delta
        Candidate less baseline.
    delta_ci
        The interval of the difference, from differences of rows; ``None`` where it is not defined.
    relative, relative_ci
        The difference as a share of the baseline's value.
    p_value
        How probable so large a difference is where there is none.
    p_adjusted
        The same, for all comparisons made together.
    significant
        Whether `p_adjusted` lies below 1 − level.
    wins, ties, losses
        The rows where the candidate's loss is lower, as high within 1e-9 of the baseline's, or higher.
    detectable
        The smallest difference that a sample of this size finds 80 % of the time.
    rows_needed, rows_needed_low, rows_needed_high
        The sample size that would find this difference 80 % of the time: an estimate, and as few and as many as the
        differences of the interval would take; ``None`` where no number of rows would.
    n
        The rows (or groups) compared.
    status
        ``ok``; ``no_spread`` where the differences of rows do not vary, so that there is no interval; or what keeps the
        difference from being a number.
    signature
        What was computed, on what, with which settings.
    """

    chosen: ChosenLoss
    slice: Slice
    baseline: str
    candidate: str
    baseline_value: float
    candidate_value: float
    delta: float
    delta_ci: Interval | None
    relative: float | None
    relative_ci: Interval | None
    p_value: float | None
    p_adjusted: float | None
    significant: bool
    wins: int
    ties: int
    losses: int
    detectable: float | None
    rows_needed: int | None
    rows_needed_low: int | None
    rows_needed_high: int | None
    n: int
    status: str
    signature: str

    @property
    def loss(self) -> str:
        """The id of the loss."""
        return self.chosen.loss.id

    @property
    def params(self) -> Mapping[str, Value]:
        """The parameters of the loss."""
        return self.chosen.params

    def __repr__(self) -> str:
        what = f"{self.chosen.title} {self.delta:+.6g}{interval(self.delta_ci)}"
        p = "" if self.p_adjusted is None else f", p {self.p_adjusted:.3g}"
        pair = f"{whose(self.candidate, {})} - {whose(self.baseline, self.slice)}"
        return line(self, f"{pair}: {what}{p}, n {self.n}")

    @property
    def better(self) -> bool | None:
        """Whether the candidate is better; ``None`` where the data do not tell."""
        if not self.significant:
            return None
        return (self.delta < 0.0) == (self.chosen.loss.direction is Direction.LOWER)

    def adjusted(self, p_value: float | None, *, significant: bool) -> Comparison:
        """Return the same with its adjusted p-value: sooner than `dataclasses.replace`, where there are many."""
        made = object.__new__(Comparison)
        for name in self.__slots__:
            object.__setattr__(made, name, getattr(self, name))
        object.__setattr__(made, "p_adjusted", p_value)
        object.__setattr__(made, "significant", significant)
        return made

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "loss": self.loss,
            "params": dict(self.params),
            "slice": dict(self.slice),
            "baseline": self.baseline,
            "candidate": self.candidate,
            "baseline_value": finite_or_none(self.baseline_value),
            "candidate_value": finite_or_none(self.candidate_value),
            "delta": finite_or_none(self.delta),
            "delta_ci": None if self.delta_ci is None else self.delta_ci.to_dict(),
            "relative": finite_or_none(self.relative),
            "relative_ci": None if self.relative_ci is None else self.relative_ci.to_dict(),
            "p_value": self.p_value,
            "p_adjusted": self.p_adjusted,
            "significant": self.significant,
            "wins": self.wins,
            "ties": self.ties,
            "losses": self.losses,
            "detectable": finite_or_none(self.detectable),
            "rows_needed": self.rows_needed,
            "rows_needed_low": self.rows_needed_low,
            "rows_needed_high": self.rows_needed_high,
            "n": self.n,
            "status": self.status,
            "signature": self.signature,
        }

    def record(self, by: Sequence[str] = ()) -> dict[str, Scalar]:
        """Return the same as one flat row: nested fields joined by a dot, and one for each column that slices."""
        ends = [item.name for item in fields(Interval)]
        row: dict[str, Any] = {}
        for name, value in self.to_dict().items():
            row.update(slice_fields(self.slice, by) if name == "slice" else {name: value})
        return flat(row, {"delta_ci": ends, "relative_ci": ends})
