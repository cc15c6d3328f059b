"""What columns look like, and the usual losses of that, where nobody named a loss.

Names of columns settle what can be bound, as for any loss; then the first rows tell numbers, labels, probabilities and
scores apart. What can be read in two ways is refused with both. May import sources, losses, engine and core.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Unpack

from lossctl.api.setup.faults import check_rows, loss_error
from lossctl.api.setup.first_rows import Rows, Sample
from lossctl.api.setup.fit import require_meaning, require_used
from lossctl.api.setup.losses import Selection, loss_parameters, select
from lossctl.api.setup.open import labelled, open_for
from lossctl.api.setup.plan import LeftOut, plan, read_for, wrong_positive
from lossctl.api.setup.shapes import ShapeError, require_shape
from lossctl.core.errors import DataError, UsageError
from lossctl.core.losses.loss import ChosenLoss
from lossctl.core.rows.block import Binding
from lossctl.core.settings import Options, Settings
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.engine.passes import compute
from lossctl.sources import Source
from lossctl.sources.columns.bind import bind
from lossctl.sources.columns.classes import numbers_after
from lossctl.sources.columns.kinds import may_be_levels
from lossctl.sources.files.cures import label_cure
from lossctl.sources.names import listed

__all__ = ["select_usual", "usual_losses", "usual_of"]

_TWO, _MOST_MODELS = 2, 5


@dataclass(frozen=True, slots=True)
class _Look:
    """A way to read columns.

    Parameters
    ----------
    losses
        The usual losses of it, the most usual first.
    words
        What the columns then are.
    fits
        Whether the first rows agree.
    meant
        Whether they are meant for it, and do not agree: the error that a loss of it gives is the one to show.
    """

    losses: str
    words: str
    fits: Callable[[Sample], bool]
    meant: Callable[[Sample], bool] = lambda s: s.slips


_MEMBERS = "crps_ensemble"

_LOOKS = (
    _Look(
        "mae,rmse,mse",
        "{t} and {p} are numbers",
        lambda s: s.is_numeric and not (s.is_binary and (s.is_score or not s.falls_below_zero)),
    ),
    _Look(
        "log_loss,brier",
        "{t} is 0 or 1, and {p} a probability",
        lambda s: s.is_binary and s.lies_between(0.0, 1.0) and not s.is_hard,
        lambda s: s.slips or (s.is_binary and s.exceeds_one_alone) or (s.has_other_labels and not s.is_hard),
    ),
    _Look("bce_logits,hinge", "{t} is 0 or 1, and {p} a score, such as a logit", lambda s: s.is_binary and s.is_score),
    _Look(
        "categorical_cross_entropy,multiclass_brier",
        "{t} holds classes, and {p} their probabilities",
        lambda s: s.sums_to_one and s.lies_between(0.0, 1.0) and s.has_known_classes,
        lambda s: s.slips or (s.is_vector and s.look_like_probabilities and s.may_be_classes),
    ),
    _Look(
        "softmax_cross_entropy",
        "{t} holds classes, and {p} their scores",
        lambda s: s.prediction is not None and not s.look_like_probabilities and s.has_known_classes,
    ),
    _Look(
        "crps_quantile,weighted_interval_score",
        "{p} are quantiles of {t}",
        lambda s: s.is_numeric and not s.look_like_probabilities,
    ),
    _Look("interval_score", "{p} are the ends of an interval for {t}", lambda s: s.is_numeric),
    _Look("crps_normal,gaussian_nll", "{p} are a mean and a standard deviation for {t}", lambda s: s.is_numeric),
    _Look(
        "crps_ensemble",
        "{p} are members of an ensemble for {t}",
        lambda s: s.is_numeric and not s.look_like_probabilities,
    ),
    _Look(
        "kl_divergence,cross_entropy",
        "{t} and {p} are distributions",
        lambda s: s.are_distributions,
    ),
    _Look("listnet,pairwise_logistic,approx_ndcg", "{p} ranks by {t} in each group", lambda s: s.is_numeric),
    _Look("multilabel_soft_margin", "{t} are labels that apply or not, and {p} their scores", lambda s: s.is_binary),
    _Look(
        "euclidean",
        "{t} and {p} are vectors",
        lambda s: s.is_numeric and not (s.is_binary or s.look_like_probabilities),
    ),
)


@dataclass(frozen=True, slots=True)
class _Fit:
    """A way to read the columns of a source that its names and first rows allow."""

    look: _Look
    names: str
    bindings: tuple[Binding, ...]

    @property
    def words(self) -> str:
        predictions = ", ".join(str(each.prediction_text) for each in self.bindings)
        return self.look.words.format(t=self.bindings[0].target_text, p=predictions)

    def rivals(self, other: _Fit) -> bool:
        """Whether both cannot be meant: they take the same prediction, or what is one's target for a prediction."""
        pairs = [(mine, theirs) for mine in self.bindings for theirs in other.bindings]
        return any(
            set(mine.prediction) == set(theirs.prediction)
            or set(mine.target) & set(theirs.prediction)
            or set(theirs.target) & set(mine.prediction)
            for mine, theirs in pairs
        )


def select_usual(told: Callable[[str], object], parameters: Mapping[str, str] | None = None) -> Selection:
    """Leave it to the data which losses are usual.

    Parameters
    ----------
    told
        Called for each source with what its columns look like, and which losses were taken.
    parameters
        Refused: they are of losses that somebody names.

    Raises
    ------
    UsageError
        Where there are parameters.
    """
    for name in parameters or ():
        flag = next(each for each in loss_parameters() if each.name == name)
        problem = f"--{name.replace('_', '-')} is for {', '.join(flag.losses)}, and no loss is named"
        raise UsageError(problem, f"name one: --loss {flag.losses[0]}")
    return Selection(select(",".join(look.losses for look in _LOOKS)).losses, fitting_only=True, told=told)


def usual_of(source: Source, settings: Settings, told: Callable[[str], object]) -> Selection:
    """Return the usual losses of what a source holds, and tell why they were taken.

    Raises
    ------
    UsageError
        As `look_at`.
    """
    names, words = look_at(source, settings)
    told(f"{source.name}: {words}: taking {names.replace(',', ', ')}; --loss NAME takes others")
    return select(names)


def usual_losses(source: Any, **options: Unpack[Options]) -> tuple[str, str]:
    """Return the names of the usual losses of what a source holds, and what that is, in words.

    Raises
    ------
    UsageError, DataError
        As `lossctl.evaluate`; and where the columns fit nothing, or several things that cannot all be meant.

    Examples
    --------
    >>> usual_losses({"target": [1.0, 2.0], "prediction": [1.5, 2.0]})
    ('mae,rmse,mse', 'target and prediction are numbers')
    """
    settings = Settings.of(**options)
    ((_, location),) = labelled(source)
    with open_for(location, select_usual(str), settings) as opened:
        return look_at(opened, settings)


def look_at(source: Source, settings: Settings) -> tuple[str, str]:
    """Return the names of the usual losses of what a source holds, and what that is, in words.

    Raises
    ------
    UsageError
        Where the columns fit nothing, or several things that cannot all be meant; the cure says what to type.
    """
    fits: list[_Fit] = []
    meant: list[_Fit] = []
    rows = Rows(source, settings)
    for look in _LOOKS:
        with suppress(UsageError, ShapeError):  # it takes other columns
            found = _fit(look, rows)
            samples = [Sample(rows, each) for each in found.bindings]
            if all(map(look.fits, samples)):
                fits.append(found)
            elif any(map(look.meant, samples)):
                meant.append(found)
    _require_readable(rows, fits, meant)
    for place, one in enumerate(fits):
        for other in fits[place + 1 :]:
            if one.rivals(other):
                problem = f"{source.name} can be read in two ways: {one.words}; or {other.words}"
                raise UsageError(problem, f"--loss {one.names} is for the first, --loss {other.names} for the second")
    if not fits:
        raise _unlike(rows)
    for fit in fits:
        _require_members(source, fit)
    return ",".join(each.names for each in fits), "; ".join(each.words + _for_models(each, rows) for each in fits)


def _require_members(source: Source, fit: _Fit) -> None:
    """Refuse columns that are taken for members of an ensemble and may be quantiles, whose names do not tell levels."""
    for each in fit.bindings if fit.look.losses == _MEMBERS else ():
        if may_be_levels(each.prediction):
            problem = f"{source.name} can be read in two ways: {fit.words}; or quantiles, of levels that no name tells"
            cure = f"--loss {_MEMBERS} is for the first, --loss crps_quantile --levels A,B,C for the second"
            raise UsageError(problem, cure)


def _for_models(fit: _Fit, rows: Rows) -> str:
    """Return what to type where columns that are taken for the members of an ensemble are a model each."""
    if fit.look.losses != _MEMBERS or len(fit.bindings) > 1:
        return ""
    (binding,) = fit.bindings
    columns, given = binding.prediction, rows.settings.predictions
    if not given or not 1 < len(columns) <= _MOST_MODELS or numbers_after(columns):
        return ""
    return f" (for {len(columns)} models: {' '.join(f'-p {shlex.quote(name)}' for name in columns)})"


def _fit(look: _Look, rows: Rows) -> _Fit:
    """Return how the columns of a source are read so, by their names."""
    names: list[str] = []
    bindings: list[Binding] = []
    for name in look.losses.split(","):
        (chosen,) = select(name).losses
        try:
            bindings = _bound(chosen, rows.source, rows.settings)
        except (UsageError, ShapeError):
            if name == look.losses.rpartition(",")[2] and not names:
                raise
            continue
        names.append(name)
    return _Fit(look, ",".join(names), tuple(bindings))


def _require_readable(rows: Rows, fits: Sequence[_Fit], meant: Sequence[_Fit]) -> None:
    """Raise the error that a loss gives, if named, of columns that are meant for it and are not taken otherwise.

    Where a target holds labels, a prediction of labels may stand beside those that losses score.
    """
    taken = {each.prediction for fit in fits for each in fit.bindings}
    for one in meant:
        alone = all(each.prediction not in taken for each in one.bindings)
        if not fits or (alone and all(Sample(rows, each).target is not None for each in one.bindings)):
            _require_named(rows, one)


def _require_named(rows: Rows, one: _Fit) -> None:
    """Raise the error that the first loss of a look gives on these columns, as if somebody had named it."""
    source, settings = rows.source, rows.settings
    selection = select(one.names.partition(",")[0])
    plans = plan(source, selection, settings, LeftOut(source.name))
    for tally in compute(partial(read_for, source, plans, settings), plans, settings.threads):
        check_rows(source, tally, settings)
        error = loss_error(source, tally, 0)
        if error is not None:
            raise DataError(error.problem, f"{error.cure}{_others(rows, Sample(rows, tally.plan.binding))}")


def _others(rows: Rows, sample: Sample) -> str:
    """Return which losses take predictions that may be no probabilities, as the end of a cure."""
    others: tuple[tuple[str, str], ...] = ()
    if sample.is_vector and not sample.are_meant_for_probabilities:
        others = (("scores", "softmax_cross_entropy"),)
    elif not sample.is_vector and sample.exceeds_one_alone:
        others = ("scores", "bce_logits"), ("numbers", "mae")
    return "".join(f"; of {what}, --loss {name}" for what, name in others if _takes(name, rows, sample.binding))


def _takes(name: str, rows: Rows, binding: Binding) -> bool:
    """Whether a loss takes the prediction of a binding too."""
    try:
        bound = bind(list(rows.source.columns), select(name).losses, rows.settings, rows.source.spaces)
    except UsageError:
        return False
    return any(each.prediction == binding.prediction for each in bound)


def _bound(chosen: ChosenLoss, source: Source, settings: Settings) -> list[Binding]:
    """Bind a loss to what its columns are for."""
    require_used(settings, [chosen])
    bindings = bind(list(source.columns), [chosen], settings, source.spaces)
    for each in bindings:
        require_shape(source, chosen, each)
    require_meaning(source, chosen, bindings, settings)
    return bindings


def _unlike(rows: Rows) -> UsageError:
    """Return the error of columns that nothing fits: what is missing among their names, or what stands in them."""
    source, settings = rows.source, rows.settings
    (chosen,) = select("log_loss").losses
    try:
        binding = bind(list(source.columns), [chosen], settings, source.spaces)[0]
    except UsageError as error:
        return _unbound(rows, error)
    sample = Sample(rows, binding)
    target, prediction = binding.target_text, binding.prediction_text
    if columns := _columns_of_labels(rows, sample.labels):
        problem = f"{source.name}: {target} holds the labels {listed(sample.labels)}, which columns are called by"
        return UsageError(problem, f"name those columns together, as the classes: -p {shlex.quote(','.join(columns))}")
    if sample.target is None and len(sample.labels) == _TWO and sample.lies_between(0.0, 1.0):
        one, other = sample.labels
        if settings.positive is not None:
            return wrong_positive(f"{source.name}: ", binding.target[0], settings.positive, sample.labels)
        cure = label_cure([one, other])
        said = ", and neither is a usual word for the positive class" if " or " in cure else ""
        return UsageError(f"{source.name}: {target} holds the labels {one} and {other}{said}", cure)
    if sample.prediction is None or sample.is_hard:
        problem = f"{source.name}: {prediction} holds labels, and losses score probabilities or numbers"
        return UsageError(problem, "name the column of the probabilities with -p COLUMN")
    found = f"{target} ({sample.words_of('target')}) and {prediction} ({sample.words_of('prediction')})"
    problem = f"{source.name}: cannot tell which losses suit {found}"
    return UsageError(problem, "name one with --loss; `lossctl losses` lists every loss")


def _unbound(rows: Rows, error: UsageError) -> UsageError:
    """Return the error that no prediction is found by its name, with what a prediction of several columns takes."""
    source, settings = rows.source, rows.settings
    problem, cure = f"{source.name}: {error.problem}", error.cure or ""
    if "-p COLUMN" not in cure:
        return UsageError(problem, cure)
    (chosen,) = select("log_loss").losses
    for name in source.columns:  # whichever is not the target, which is what is looked for
        with suppress(UsageError):
            (binding,) = bind(list(source.columns), [chosen], replace(settings, predictions=(name,)), source.spaces)
            if columns := _columns_of_labels(rows, Sample(rows, binding).labels):
                return UsageError(problem, f"columns are called as the labels: -p {shlex.quote(','.join(columns))}")
            break
    return UsageError(
        problem,
        f"{cure}; where one prediction has several columns, COLUMN is a glob such as 'p_*', or a list such as a,b,c",
    )


def _columns_of_labels(rows: Rows, labels: Sequence[str]) -> list[str]:
    """Return the columns that are called as the labels of the target are, in their order; none: not all are there."""
    wanted = set(labels)
    found = [name for name in rows.source.columns if name in wanted]
    return found if len(found) >= _TWO and wanted == set(found) else []
