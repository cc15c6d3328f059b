"""What keeps a result from being given: faults of the data, turned into errors that name a place.

May import sources, engine, losses and core.
"""

from __future__ import annotations

import math

from lossctl.core.errors import DataError
from lossctl.core.losses.loss import PROBABILITY, ChosenLoss, Kind, Reduction, Role
from lossctl.core.rows.block import CLIP_REACH, SUM_TOLERANCE
from lossctl.core.rows.faults import Fault, What, explain
from lossctl.core.settings import Settings
from lossctl.engine.plan import ModelTally
from lossctl.losses.skill import UNIT
from lossctl.sources import Source

__all__ = ["check_rows", "loss_error", "taken_in"]

_MOST_SHOWN = 20
"""The most classes that a message names."""
_OF_SCORES = {Kind.BINARY: "bce_logits", Kind.MULTICLASS: "softmax_cross_entropy"}
"""What takes scores, where a loss takes probabilities."""


def check_rows(source: Source, tally: ModelTally, settings: Settings) -> None:
    """Refuse rows that no loss could be computed on.

    Raises
    ------
    DataError
        No rows; a weight that is negative or extreme; all weights 0; a missing or non-finite number, unless they
        are to be omitted.
    """
    name = source.name
    if tally.n_read == 0 and settings.where is not None:
        raise DataError(f"{name}: no row meets the condition {settings.where!r}", "check --where")
    if tally.n_read == 0:
        raise DataError(f"{name}: there are no rows", "check that the file is the right one and whole")
    for what in (What.NEGATIVE_WEIGHT, What.EXTREME_WEIGHT):
        for fault in tally.faults.of(what):
            raise _error(source, fault)
    if settings.nan == "error":
        for fault in tally.faults.of(What.NOT_FINITE):
            raise _error(source, fault)
    if tally.rows.n == 0 and tally.n_dropped < tally.n_read:
        column = tally.plan.binding.weight_text
        left = f" where no value is missing ({tally.n_dropped} rows were omitted)" if tally.n_dropped else ""
        raise DataError(f'{name}, column "{column}": every weight is 0{left}', "at least one row must count")
    if tally.rows.n == 0:
        raise DataError(f"{name}: every row has a missing or non-finite value", "--nan omit leaves none of them")


def loss_error(source: Source, tally: ModelTally, index: int) -> DataError | None:
    """Return what keeps one loss of a plan from being computed on the data; ``None`` where nothing does."""
    chosen = tally.plan.losses[index]
    for what in (What.OUT_OF_DOMAIN, *What):  # whatever was found: rows left out of a loss must not go unsaid
        for fault in tally.loss_faults[index].of(what):
            return _loss_fault(source, tally, chosen, fault)
    if chosen.loss.series and math.isnan(tally.finished(index)[0]):
        period = chosen.params["period"]
        problem = (
            f"{source.name}: {chosen.title}: no row has a target {period} {'row' if period == 1 else 'rows'} before"
        )
        return DataError(problem, "choose a shorter --period")
    linear = tally.plan.linear.get(index)
    if chosen.unit == UNIT and math.isnan(tally.finished(index)[0]) and not (linear and linear.overflown):
        problem = f"{source.name}: {chosen.title}: predicting the mean of the targets costs nothing to compare with"
        return DataError(problem, "leave out --skill: the targets are all equal")
    if tally.reduction(chosen) is Reduction.SUM and tally.plan.column_sums is None:
        return _column_sum_error(source, tally, chosen)
    return None


def taken_in(source: Source, tally: ModelTally) -> list[str]:
    """Warn of probabilities outside [0, 1] that were taken in."""
    lines = []
    for fault in tally.faults.of(What.MOVED_IN):
        rows = "1 row has" if fault.count == 1 else f"{fault.count} rows have"
        first = f'{source.locate(fault.row)}, column "{fault.column}": {fault.value!r}'
        outside = f"a probability outside [0, 1] by at most {tally.plan.reach:g}"
        lines.append(f"{rows} {outside}, which --clip moves in (first: {first})")
    return lines


def _loss_fault(source: Source, tally: ModelTally, chosen: ChosenLoss, fault: Fault) -> DataError:
    """Return the error of rows that do not fit a loss."""
    labels, error = tally.plan.binding.labels, _error(source, fault)
    if fault.what is not What.OUT_OF_DOMAIN:
        return error
    if labels and fault.column == tally.plan.binding.text(Role.TARGET):
        return _label_error(source, fault, labels)
    return DataError(error.problem, _cure(fault, tally, chosen) or error.cure)


def _cure(fault: Fault, tally: ModelTally, chosen: ChosenLoss) -> str:
    """Return what to do about scores, labels counted from 1, or what `--clip` would do; empty: it is none of these."""
    if chosen.loss.kind is Kind.MULTICLASS and fault.column == tally.plan.binding.text(Role.TARGET):
        return _counted_from_one(fault)
    if chosen.loss.prediction != PROBABILITY or fault.column != tally.plan.binding.text(Role.PREDICTION):
        return ""
    if tally.plan.clip is None:
        if fault.beyond <= CLIP_REACH:
            return "--clip 1e-06 moves it in, and counts such rows"
        scores = _OF_SCORES.get(chosen.loss.kind)
        return (
            f"of scores such as logits: --loss {scores}; else check the columns (-t, -p)"
            if scores and fault.value < 0.0
            else ""
        )
    return f"--clip takes in what is outside by at most {tally.plan.reach:g}, and this is not: is it a probability?"


def _counted_from_one(fault: Fault) -> str:
    """Return what to do about labels 1 to K of classes that are counted from 0; empty where they are none."""
    classes = fault.detail.count(",") + 1
    if fault.value != classes:
        return ""
    return f"of labels 1 to {classes}: --classes {','.join(map(str, range(1, classes + 1)))}"


def _error(source: Source, fault: Fault) -> DataError:
    place = source.locate(fault.row)
    of_several = {What.NOT_SUMMING_TO_ONE, What.ZERO_SUM, What.CROSSED, What.ZERO_VECTOR}
    raw = None if fault.what in of_several else source.raw(fault.row, fault.column)
    return DataError(*explain(fault, str(place), raw))


def _label_error(source: Source, fault: Fault, labels: tuple[str, ...]) -> DataError:
    raw = source.raw(fault.row, fault.column)
    value = "the label" if raw is None else f'"{raw}"'
    rows = "" if fault.count == 1 else f" ({fault.count} rows have such a label)"
    problem = f'{source.locate(fault.row)}, column "{fault.column}": {value} is none of the classes{rows}'
    shown = ", ".join(labels[:_MOST_SHOWN]) + (", …" if len(labels) > _MOST_SHOWN else "")
    return DataError(problem, f"the classes are {shown}; name others with --classes")


def _column_sum_error(source: Source, tally: ModelTally, chosen: ChosenLoss) -> DataError | None:
    for role in chosen.loss.roles:
        total = tally.column_sums()[role]
        if abs(total - 1.0) > SUM_TOLERANCE:
            cure = "--normalize divides each by their sum" if total else "choose another column (-t, -p)"
            if role is Role.TARGET and total.is_integer() and total > 1.0 and Role.PREDICTION in chosen.loss.roles:
                cure = f"for labels 0 and 1, --loss binary_cross_entropy; of one distribution down the file, {cure}"
            return DataError(
                f'{source.name}, column "{tally.plan.binding.text(role)}": '
                f"the probabilities down the file sum to {total!r}, not to 1",
                cure,
            )
    return None
