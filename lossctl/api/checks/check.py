"""`lossctl.check`: gates held against the figures of a model, alone or beside a baseline.

May import every package but `cli`; what a run needs is imported when it runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from lossctl.api.checks.gates import Asked, asked_of, require_telling
from lossctl.api.checks.wording import in_gates, of_check
from lossctl.api.setup.interval_levels import with_levels
from lossctl.api.setup.losses import Selection, select
from lossctl.api.setup.open import labelled, one_file, open_for
from lossctl.core.bound import note_used
from lossctl.core.errors import LossctlError, UsageError
from lossctl.core.losses.loss import ChosenLoss, Direction
from lossctl.core.results.verdict import Checked, GateResult, Verdict
from lossctl.core.settings import Settings
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.system.input_files import one_run
from lossctl.gates.decide import Evidence, Found, decide, default_test, no_such_slice, waive
from lossctl.gates.gate import Gate, Measure
from lossctl.gates.grammar import parse_gate
from lossctl.gates.settings import OWN, CheckOptions, CheckSettings
from lossctl.losses import negated
from lossctl.reports.check import formats as check_formats
from lossctl.reports.check import render as render_check
from lossctl.sources import shared_file

if TYPE_CHECKING:
    from lossctl.api.checks.calibrate import Spread
    from lossctl.api.checks.deltas import Deltas
    from lossctl.api.checks.figures import Figure, Figures
    from lossctl.api.checks.scalar_deltas import ScalarDeltas
    from lossctl.sources import Source

    Differences = Deltas | ScalarDeltas

__all__ = ["Asked", "check", "check_formats", "render_check"]

_COUNTS = {Measure.ROWS, Measure.NONFINITE}
_COUNTED = "mae"
"""What rows are counted for, where no gate names a loss."""


@one_run()
def check(
    source: Any,
    gates: str | Gate | Asked | Iterable[str | Gate | Asked],
    *,
    baseline: Any = None,
    **options: Unpack[CheckOptions],
) -> Checked:
    """Hold gates against a model's losses, or against how they differ from a baseline's.

    Parameters
    ----------
    source
        One source of one model's predictions, as in `lossctl.evaluate`.
    gates
        As text, such as ``'mse <= 0.3'``, ``'p95(mae)[sex=*] < 2'`` or ``'delta(mse) <= 1%'``; or parsed.
    baseline
        What deltas are taken from, if it is no column of the source: another file or frame of the same rows.
    **options
        See `lossctl.gates.settings.CheckOptions`, and `lossctl.core.settings.Options`.

    Returns
    -------
    Checked
        One result for each gate and slice, in the order of the gates. Nothing passes but what was found to keep to its
        bound.

    Raises
    ------
    UsageError
        Where a gate, a loss, a column or an option is wrong, or a delta has no baseline.
    DataError
        Where the data are: as of `lossctl.evaluate` and `lossctl.compare`.

    Examples
    --------
    >>> frame = {"target": [1.0, 2.0, 4.0], "prediction": [1.5, 2.0, 1.0]}
    >>> [(each.verdict.value, each.reason) for each in check(frame, ["mae <= 2", "n >= 10"])]
    [('pass', '1.167 <= 2'), ('fail', '3 < 10')]
    """
    own = CheckSettings.of(options)
    nan = "error" if own.nonfinite == "error" else "omit"
    settings = Settings.of(nan=nan, **{name: value for name, value in options.items() if name not in OWN})
    run = _Run(settings, own, asked_of(gates, own), baseline)
    named = labelled(source)
    if len(named) != 1:
        raise UsageError(f"a check is of one model, and {len(named)} sources are given", "check them one by one")
    if not run.asked:
        return Checked((), ("there are no gates: nothing was checked; state one, such as --gate 'mae <= 0.3'",))
    try:
        return run.checked(named[0][1])
    except LossctlError as error:
        raise of_check(error) from error.__cause__


@dataclass(slots=True)
class _Run:
    """One check: what was asked, and what is opened for it."""

    settings: Settings
    own: CheckSettings
    asked: Sequence[Asked]
    baseline: Any
    warnings: list[str] = field(default_factory=list)
    location: Any = None
    judged_against: Any = None
    joins: bool = False
    _digest: tuple[str | None] | None = None

    def digest(self) -> str | None:
        """Return what waivers are bound to; ``None``: there is no one file. Asked for where a gate fails alone."""
        from lossctl.api.comparisons.opponents import digest_of

        if self._digest is None:
            self._digest = (digest_of(self.judged_against),)
        return self._digest[0]

    def checked(self, location: Any) -> Checked:
        """Find what the gates look at, and decide them."""
        self.location = location
        losses = self._losses()
        self._require_waivers()
        selection = Selection(tuple(dict.fromkeys(losses.values())))
        with ExitStack() as stack:
            source = stack.enter_context(open_for(location, selection, self.settings))
            losses = self._with_levels(source, losses)
            figures, deltas = self._figures(source, losses), self._deltas(stack, source, losses)
            if self.settings.key and self.settings.targets is None and not self.joins:
                from lossctl.sources.joins.side_by_side import require_unique

                request = source.request([], self.settings.where)
                require_unique(source, request, self.settings.key, self.settings.threads)
            results = self._decided(self._found(figures, deltas))
            if self.own.explain:
                results = self._explained(results, figures, deltas)
        gates = tuple(each for each, _ in results)
        return Checked(gates, tuple(dict.fromkeys(map(in_gates, self.warnings))), self.own.fail_unsure)

    def _with_levels(self, source: Source, losses: Mapping[str, ChosenLoss]) -> dict[str, ChosenLoss]:
        """Return the losses with the level of intervals that the columns tell."""
        opened = [(source, self.settings)]
        return {name: with_levels(Selection((each,)), opened).losses[0] for name, each in losses.items()}

    def _require_waivers(self) -> None:
        """Refuse waivers of gates that are not there."""
        for each in self.own.waive:
            if parse_gate(each.gate) not in [asked.gate for asked in self.asked]:
                raise UsageError(f"waive: there is no gate {each.gate!r}", "write the gate as it stands, or remove it")

    def _losses(self) -> dict[str, ChosenLoss]:
        """Return each loss by the name that gates call it, and refuse gates against its direction."""
        losses: dict[str, ChosenLoss] = {}
        for each in self.asked:
            gate = each.gate
            direction = Direction.LOWER
            if gate.loss:
                chosen = select(gate.loss)
                if len(chosen.losses) != 1 or chosen.fitting_only:
                    raise UsageError(f"gate {gate.shown!r}: {gate.loss} is not one loss", "write a gate for each")
                if negated(chosen.losses[0]):
                    problem = f"gate {gate.shown!r}: {gate.loss} is minus the loss in scikit-learn, and not here"
                    raise UsageError(problem, f"bound the loss from above: {chosen.losses[0].loss.id} <= NUMBER")
                losses[gate.loss] = chosen.losses[0]
                direction = chosen.losses[0].loss.direction
            gate.check_direction(direction, allow_inverted=self.own.allow_inverted)
        require_telling(self.asked, losses)
        return losses or {_COUNTED: select(_COUNTED).losses[0]}

    def _found(self, figures: Figures, deltas: Differences | None) -> list[_Part]:
        """Return what was found for each gate and slice."""
        found: list[_Part] = []
        for each in self.asked:
            note_used(term.column for term in each.gate.terms)
            if deltas is not None and each.gate.measure is Measure.DELTA:
                made = _of_deltas(each, deltas)
            else:
                made = _of_figures(each, figures)
            found += made or [_Part(each, _nowhere(each))]
        self.warnings += figures.warnings
        if deltas is not None:
            self.warnings += deltas.warnings
        return found

    def _figures(self, source: Source, losses: Mapping[str, ChosenLoss]) -> Figures:
        from lossctl.api.checks.figures import Figures, refuse_omitted

        wanted = {each.gate.loss for each in self.asked if each.gate.measure is not Measure.DELTA}
        if any(each.gate.measure in _COUNTS for each in self.asked):
            wanted = set(losses)
        mine = {name: chosen for name, chosen in losses.items() if name in wanted}
        figures = Figures(source, mine, self.settings, self.own.min_n)
        if mine:
            whole = figures.whole()
            refuse_omitted(source.name, whole.n_dropped, whole.n_read, self.own.max_omitted)
        return figures

    def _deltas(self, stack: ExitStack, source: Source, losses: Mapping[str, ChosenLoss]) -> Differences | None:
        from lossctl.api.checks.deltas import Deltas
        from lossctl.api.checks.figures import refuse_omitted
        from lossctl.api.comparisons.opponents import open_opponent

        self.judged_against = self.baseline
        wanted = {each.gate.loss for each in self.asked if each.gate.measure is Measure.DELTA}
        if not wanted:
            if self.baseline is not None or self.own.baseline_prediction is not None:
                self.warnings.append("no gate is a delta: the baseline is not looked at")
            return None
        mine = {name: chosen for name, chosen in losses.items() if name in wanted}
        selection = Selection(tuple(dict.fromkeys(mine.values())))
        prediction = self.own.baseline_prediction
        self._refuse_itself(self.location)
        opponent = open_opponent(stack, source, self.baseline, prediction, selection, self.settings)
        self.judged_against = opponent.location
        self.warnings += opponent.said
        self.joins = self.baseline is not None and opponent.stored is None
        if opponent.stored is not None:
            from lossctl.api.checks.scalar_deltas import scalar_deltas

            scalars = scalar_deltas(source, opponent.stored, mine, self.settings)
            whole = scalars.figures.whole()
            refuse_omitted(source.name, whole.n_dropped, whole.n_read, self.own.max_omitted)
            return scalars
        return Deltas(opponent, mine, self.settings, self.own.method, self.own.max_omitted)

    def _refuse_itself(self, location: Any) -> None:
        """Refuse the candidate's own predictions as its baseline, by whatever name."""
        prediction = self.own.baseline_prediction
        itself = not prediction or self.settings.predictions == (prediction,)
        shared = shared_file(location, self.baseline) if itself else None
        if shared is not None:
            raise one_file(shared)

    def _decided(self, parts: Sequence[_Part]) -> list[tuple[GateResult, Gate]]:
        """Decide gates, all of a run together."""
        from lossctl.stats.adjust import adjust

        results = decide(
            [each.found for each in parts],
            level=self.settings.level,
            min_n=self.own.min_n,
            adjust=partial(adjust, method=self.own.correction),
        )
        settled = [self._settled(result, part) for result, part in zip(results, parts, strict=True)]
        settled = _held_somewhere(settled, parts)
        if self.own.calibrate:
            settled = self._calibrated(settled, parts)
        return [(self._waived(result, part), part.asked.gate) for result, part in zip(settled, parts, strict=True)]

    def _calibrated(self, results: Sequence[GateResult], parts: Sequence[_Part]) -> list[GateResult]:
        """Add to each result what its gate would do on other rows like these."""
        from lossctl.api.checks.calibrate import calibration

        level = self.settings.level
        corrected = sum(part.found.evidence is not None for part in parts) if self.own.correction == "holm" else 1
        calibrated = []
        for result, part in zip(results, parts, strict=True):
            line = calibration(part.found, part.spread, level, max(1, corrected))
            calibrated.append(replace(result, details=(*result.details, line)))
        return calibrated

    def _waived(self, result: GateResult, part: _Part) -> GateResult:
        """Skip a failed gate that has a waiver for this very baseline."""
        if result.verdict is not Verdict.FAIL:
            return result
        for each in self.own.waive:
            if parse_gate(each.gate) != part.asked.gate:
                continue
            if self.digest() is not None and each.baseline == self.digest():
                return waive(result, each.reason)
            self.warnings.append(
                f"the waiver of {result.gate} is void: it is for the baseline {each.baseline}, "
                f"and this is {self.digest() or 'none that can be told by a file'}"
            )
        return result

    def _explained(
        self, results: Sequence[tuple[GateResult, Gate]], figures: Figures, deltas: Differences | None
    ) -> list[tuple[GateResult, Gate]]:
        """Add to each failure why."""
        from lossctl.api.checks.explain import Explainer

        columns = dict.fromkeys(term.column for each in self.asked for term in each.gate.terms)
        explainer = Explainer(figures, deltas, tuple(columns), self.settings)
        explained = []
        for result, gate in results:
            lines: list[str] = []
            if result.verdict is Verdict.FAIL and result.n:
                lines += explainer.lines(gate, result.slice)
                if gate.measure is Measure.DELTA and self.digest() is not None:
                    lines.append(f"the baseline is {self.digest()}: a waiver of this gate names it")
            explained.append((replace(result, details=(*result.details, *lines)), gate))
        return explained

    def _settled(self, result: GateResult, part: _Part) -> GateResult:
        """Return the result of a gate, or what becomes of it where rows are missing."""
        found = part.found
        if found.n == 0 and found.missing:  # there are rows, and nothing to look at in them
            verdict = Verdict.FAIL if self.own.nonfinite == "fail" else Verdict.NOT_EVALUATED
            return replace(result, verdict=verdict, reason=found.missing)
        if found.n == 0 and found.gate.terms:
            return no_such_slice(found)
        if part.omitted and self.own.nonfinite == "fail" and result.verdict is not Verdict.SKIPPED:
            rows = f"{part.omitted} of {part.omitted + found.n} rows have a missing or non-finite value"
            return replace(result, verdict=Verdict.FAIL, reason=rows)
        return result


@dataclass(frozen=True, slots=True)
class _Part:
    """A gate on one slice: what was found, how many rows were left out of it, and the standard error."""

    asked: Asked
    found: Found
    omitted: int = 0
    spread: Spread | None = None


def _held_somewhere(results: Sequence[GateResult], parts: Sequence[_Part]) -> list[GateResult]:
    """Return a gate that was skipped on every slice as not evaluated: it was held against its bound nowhere."""
    held = {
        id(part.asked) for result, part in zip(results, parts, strict=True) if result.verdict is not Verdict.SKIPPED
    }
    return [
        result if id(part.asked) in held else replace(result, verdict=Verdict.NOT_EVALUATED)
        for result, part in zip(results, parts, strict=True)
    ]


def _of_figures(asked: Asked, figures: Figures) -> list[_Part]:
    counts = asked.gate.measure in _COUNTS
    return [
        _Part(asked, _of(asked, each), 0 if counts else each.omitted, each.spread) for each in figures.of(asked.gate)
    ]


def _of_deltas(asked: Asked, deltas: Differences) -> list[_Part]:
    test = asked.test or default_test(asked.gate)
    return [
        _Part(asked, _of(asked, each.figure, each.evidence), each.figure.omitted, each.spread)
        for each in deltas.of(asked.gate, test)
    ]


def _of(asked: Asked, figure: Figure, evidence: Evidence | None = None) -> Found:
    return Found(
        asked.gate,
        figure.value,
        figure.n,
        figure.slice,
        asked.test or default_test(asked.gate),
        figure.ci,
        evidence,
        figure.missing,
        asked.place,
    )


def _nowhere(asked: Asked) -> Found:
    """Return what stands for a slice that no row is in."""
    named = {term.column: term.value for term in asked.gate.terms if not term.every}
    return Found(asked.gate, None, 0, named, place=asked.place)
