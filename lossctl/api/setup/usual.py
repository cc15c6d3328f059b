"""What columns look like, and the usual losses of that, where nobody named a loss.

Names of columns settle what can be bound, as for any loss; then the first rows tell numbers, labels, probabilities and
scores apart. What can be read in two ways is refused with both. May import sources, losses, engine and core.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from functools import cached_property
from typing import Any, Unpack

import numpy as np

from lossctl.api.setup.fit import require_meaning, require_used
from lossctl.api.setup.losses import Selection, loss_parameters, select
from lossctl.api.setup.open import labelled, open_for
from lossctl.api.setup.plan import wrong_positive
from lossctl.api.setup.shapes import ShapeError, require_shape
from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import ChosenLoss
from lossctl.core.rows.block import Binding
from lossctl.core.settings import Options, Settings
from lossctl.core.spelling import canonical
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.types import Array
from lossctl.sources import ColumnType, Source
from lossctl.sources.columns.bind import bind
from lossctl.sources.columns.patterns import SCORE_NAMES, spelled

__all__ = ["select_usual", "usual_losses", "usual_of"]

_ROWS = 10_000
"""So many rows are looked at."""
_ROUNDED = 1e-3
"""How far from 1 the probabilities of a row may sum."""
_TWO, _MOST_LABELS = 2, 1000


class _Rows:
    """The first rows of a source; each column is read once."""

    def __init__(self, source: Source, settings: Settings) -> None:
        self.source, self.settings = source, settings
        self._read: dict[str, list[str | None] | Array] = {}

    def column(self, name: str) -> list[str | None] | Array:
        """Return the numbers of a column of lists, else texts."""
        if name not in self._read:
            self._read[name] = self._first(name)
        return self._read[name]

    def _first(self, name: str) -> list[str | None] | Array:
        lists, texts = ([name], []) if self.source.columns[name] is ColumnType.NUMBERS else ([], [name])
        reading = self.source.read(lists, where=self.settings.where, texts=texts)
        with closing(reading) as batches:  # type: ignore[type-var]  # a generator, which can be closed
            batch = next(iter(batches), None)
        if batch is None:
            return []
        return batch.columns[name][:_ROWS] if lists else batch.texts[name].to_pylist()[:_ROWS]


class _Sample:
    """The first rows of one model: numbers where all that stand there are, else ``None``."""

    def __init__(self, rows: _Rows, binding: Binding) -> None:
        self.binding, self._rows = binding, rows

    @cached_property
    def target(self) -> Array | None:
        return self._values(self.binding.target)

    @cached_property
    def prediction(self) -> Array | None:
        return self._values(self.binding.prediction)

    @cached_property
    def labels(self) -> list[str]:
        """The values of the target as texts, at most some."""
        found = self._rows.column(self.binding.target[0])
        return sorted({text for text in found if text})[:_MOST_LABELS] if isinstance(found, list) else []

    @property
    def is_numeric(self) -> bool:
        return self.target is not None and self.prediction is not None

    @property
    def are_distributions(self) -> bool:
        """Whether target and prediction sum to 1, in each row or, of one column each, down a file that is short."""
        known = [each for each in (self.target, self.prediction) if each is not None and 0 < len(each) < _ROWS]
        if self.is_binary and any(each.ndim == 1 for each in known):  # labels of which one is 1
            return False
        return len(known) == _TWO and all(
            bool((each >= 0.0).all() and (abs(each.sum(axis=each.ndim - 1) - 1.0) < _ROUNDED).all()) for each in known
        )

    @property
    def is_binary(self) -> bool:
        """Whether the target is 0 or 1, or ``--positive`` says of two texts which is."""
        if self.target is None:
            return self._rows.settings.positive in self.labels and len(self.labels) <= _TWO
        return bool(self.target.size and np.isin(self.target, (0.0, 1.0)).all())

    @property
    def is_hard(self) -> bool:
        """Whether predictions are 0 and 1 alone, as labels are."""
        values = self.prediction
        return values is not None and bool(values.size and np.isin(values, (0.0, 1.0)).all())

    @property
    def is_score(self) -> bool:
        """Whether predictions leave [0, 1], and are scores by their name or because they leave it by far."""
        named = bool(spelled(SCORE_NAMES, self.binding.prediction))
        inside, near = self.lies_between(0.0, 1.0), self.lies_between(-1.0, 2.0)
        return self.prediction is not None and not inside and (named or not near)

    @property
    def sums_to_one(self) -> bool:
        values = self.prediction
        return values is not None and values.ndim > 1 and bool((abs(values.sum(axis=1) - 1.0) < _ROUNDED).all())

    @property
    def has_known_classes(self) -> bool:
        """Whether each label is a class of the prediction, or a place among them where they have no names."""
        classes = set(self.binding.labels)
        return set(map(canonical, self.labels)) <= classes if classes else self.is_numeric

    def lies_between(self, low: float, high: float) -> bool:
        """Whether all predictions are numbers in a range."""
        values = self.prediction
        return values is not None and bool(((values >= low) & (values <= high)).all())

    def _values(self, names: Sequence[str]) -> Array | None:
        """Return the numbers of columns, ``(n,)`` or ``(n, K)``, of the rows that have all."""
        try:
            read = [_numbers(self._rows.column(name), self._rows.settings) for name in names]
        except ValueError:
            return None
        values = np.column_stack(read) if len(read) > 1 else read[0]
        finite = np.isfinite(values)
        return values[finite.all(axis=1) if values.ndim > 1 else finite]


def _numbers(texts: list[str | None] | Array, settings: Settings) -> Array:
    """Read texts as numbers; a missing one is NaN."""
    if not isinstance(texts, list):
        return texts
    words = {"": "nan", "false": "0", "true": "1", **{text.lower(): "nan" for text in settings.null}}
    given = [(text or "").lower() for text in texts]
    return np.array([float(words.get(text, text).replace(settings.decimal, ".")) for text in given])


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
    """

    losses: str
    words: str
    fits: Callable[[_Sample], bool] = lambda _: True


_LOOKS = (
    _Look(
        "mae,rmse,mse",
        "{t} and {p} are numbers",
        lambda s: s.is_numeric and not (s.is_binary and (s.is_score or s.lies_between(0.0, 1.0))),
    ),
    _Look(
        "log_loss,brier",
        "{t} is 0 or 1, and {p} a probability",
        lambda s: s.is_binary and s.lies_between(0.0, 1.0) and not s.is_hard,
    ),
    _Look("bce_logits,hinge", "{t} is 0 or 1, and {p} a score, such as a logit", lambda s: s.is_binary and s.is_score),
    _Look(
        "categorical_cross_entropy,multiclass_brier",
        "{t} holds classes, and {p} their probabilities",
        lambda s: s.sums_to_one and s.lies_between(0.0, 1.0) and s.has_known_classes,
    ),
    _Look(
        "softmax_cross_entropy",
        "{t} holds classes, and {p} their scores",
        lambda s: s.prediction is not None and not s.sums_to_one and s.has_known_classes,
    ),
    _Look("crps_quantile,weighted_interval_score", "{p} are quantiles of {t}", lambda s: s.is_numeric),
    _Look("interval_score", "{p} are the ends of an interval for {t}", lambda s: s.is_numeric),
    _Look("crps_normal,gaussian_nll", "{p} are a mean and a standard deviation for {t}", lambda s: s.is_numeric),
    _Look("crps_ensemble", "{p} are members of an ensemble for {t}", lambda s: s.is_numeric and not s.sums_to_one),
    _Look(
        "kl_divergence,cross_entropy",
        "{t} and {p} are distributions",
        lambda s: s.are_distributions,
    ),
    _Look("listnet,pairwise_logistic,approx_ndcg", "{p} ranks by {t} in each group", lambda s: s.is_numeric),
    _Look("multilabel_soft_margin", "{t} are labels that apply or not, and {p} their scores", lambda s: s.is_binary),
    _Look("euclidean", "{t} and {p} are vectors", lambda s: s.is_numeric and not (s.is_binary or s.sums_to_one)),
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
    rows = _Rows(source, settings)
    for look in _LOOKS:
        with suppress(UsageError, ShapeError):  # it takes other columns
            fits += _fit(look, rows)
    for place, one in enumerate(fits):
        for other in fits[place + 1 :]:
            if one.rivals(other):
                problem = f"{source.name} can be read in two ways: {one.words}; or {other.words}"
                raise UsageError(problem, f"--loss {one.names} is for the first, --loss {other.names} for the second")
    if not fits:
        raise _unlike(rows)
    return ",".join(each.names for each in fits), "; ".join(each.words for each in fits)


def _fit(look: _Look, rows: _Rows) -> list[_Fit]:
    """Return how the columns of a source are read so; nothing where the first rows do not agree."""
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
    agree = all(look.fits(_Sample(rows, each)) for each in bindings)
    return [_Fit(look, ",".join(names), tuple(bindings))] if agree else []


def _bound(chosen: ChosenLoss, source: Source, settings: Settings) -> list[Binding]:
    """Bind a loss to what its columns are for."""
    require_used(settings, [chosen])
    bindings = bind(list(source.columns), [chosen], settings, source.spaces)
    for each in bindings:
        require_shape(source, chosen, each)
    require_meaning(source, chosen, bindings, settings)
    return bindings


def _unlike(rows: _Rows) -> UsageError:
    """Return the error of columns that nothing fits: what is missing among their names, or what stands in them."""
    source, settings = rows.source, rows.settings
    (chosen,) = select("log_loss").losses
    try:
        binding = bind(list(source.columns), [chosen], settings, source.spaces)[0]
    except UsageError as error:
        return UsageError(f"{source.name}: {error.problem}", error.cure)
    sample = _Sample(rows, binding)
    target, prediction = binding.target_text, binding.prediction_text
    if sample.target is None and len(sample.labels) == _TWO and sample.lies_between(0.0, 1.0):
        one, other = sample.labels
        if settings.positive is not None:
            return wrong_positive(f"{source.name}: ", binding.target[0], settings.positive, sample.labels)
        neither = "and neither is a usual word for the positive class"
        problem = f"{source.name}: {target} holds the labels {one} and {other}, {neither}"
        return UsageError(problem, f"--positive {shlex.quote(other)}, or --positive {shlex.quote(one)}")
    if sample.prediction is None or sample.is_hard:
        problem = f"{source.name}: {prediction} holds labels, and losses score probabilities or numbers"
        return UsageError(problem, "name the column of the probabilities with -p COLUMN")
    problem = f"{source.name}: {target} and {prediction} do not say which losses are usual"
    return UsageError(problem, "name one with --loss; `lossctl losses` lists every loss")
