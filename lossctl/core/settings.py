"""What a run was asked to do, beside the source and the losses.

`Options` is what callers write, as keywords, each documented once; `Settings` is the same, checked and frozen.
Imports the standard library and core.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from numbers import Integral, Real
from typing import Any, Literal, TypedDict

from lossctl.core.errors import UsageError
from lossctl.core.system.fast_dataclass import dataclass

__all__ = ["NanPolicy", "Options", "Settings", "Unmatched"]

NanPolicy = Literal["error", "omit"]
Unmatched = Literal["error", "drop"]

MOST_THREADS = 1024
"""Each thread costs memory: a slip of the keyboard must not take all of it."""

LEAST_LEVEL, MOST_LEVEL = 0.5, 0.9999
"""Of confidence. Below the least the two bounds of a difference change places; above the most no gate could fail."""

MOST_SKIPPED = 1_000_000
"""Lines above a header that are still taken for that."""

_MOST_CLIP = 0.5
"""[clip, 1 - clip] must not be empty."""


class Options(TypedDict, total=False):
    """Keywords shared by every function that reads predictions.

    Parameters
    ----------
    target
        The target column; a glob such as ``'p_*'`` or a list such as ``'lo,hi'`` for a vector. Without it the usual
        names are looked for (target, y_true, y, label, actual, observed, truth).
    prediction
        The prediction columns, each of them a model: names, globs or lists as for `target`. Without it the usual
        names are looked for (prediction, y_pred, pred, yhat, y_hat, predicted, forecast, score); for probabilities
        and scores of two classes such as probability, y_score or logit first.
    weight
        The column of weights: finite and at least 0. A row of weight 0 is out.
    where
        A condition in SQL that a row must meet.
    nan
        What to do about rows with a missing or non-finite number: ``error`` refuses, ``omit`` leaves them out and
        counts them.
    null
        Texts that stand for a missing number, beside the empty field.
    delimiter
        What separates the fields of a text file; settled from the header where it is not given.
    decimal
        The decimal mark of a text file.
    skip
        Lines of a text file to pass over before its header, such as comments.
    input_format
        ``csv``, ``tsv``, ``jsonl`` or ``parquet``, where the file's name does not tell.
    clip
        Moves predicted probabilities into [clip, 1 - clip] first, also those outside [0, 1] by at most 1e-4, or by
        `clip` where that is more; `n_outside` counts the latter. Stands in the signature.
    normalize
        Divides distributions by their sums first. Stands in the signature.
    level
        The coverage of confidence intervals, from 0.5 to 0.9999.
    positive
        Of a binary target that holds two texts, the one that counts as 1.
    classes
        The classes of a multiclass prediction, or the categories of a distribution, in their order. Columns that name
        them are bound by name; without it they stand in the order of numbers, or of the columns.
    class_weights
        What rows weigh by the class they are of, beside their own weight; 1 where a class is not named.
    ignore_label
        A label whose rows are left out of the sum and of the divisor.
    scale
        The column of the scale of each prediction of a location and a scale, in order. Without it the usual names are
        looked for (the prediction's with _scale, _sigma, _std or _sd after it; scale, sigma, std, sd, stddev).
    levels
        The levels of quantiles, in the order of the prediction's columns; read from their names where not given.
    group
        The column of the groups that losses of ranking compare rows in.
    skill
        Gives values relative to those of predicting the mean of the targets for every row: relative squared error for
        mse, relative absolute error for mae. Stands in the signature.
    by
        Columns to slice by: every loss is given for each slice of the rows that share their values, after the whole. A
        missing value is a value of its own.
    min_n
        The fewest rows of a slice that is shown; those of fewer are counted in a warning.
    key
        The columns that together say which row of one file belongs to which row of another. Rows of the same key are
        joined, whatever their order; without it rows are compared in file order.
    targets
        Where the targets are, if not in the source: a path or a frame, joined on `key`. `target` names its columns.
    unmatched
        What to do about rows whose key another file does not have: ``error`` refuses, ``drop`` leaves them out and
        counts them.
    threads
        How many threads read and compute; as many as there are cores where it is not given.
    """

    target: str | None
    prediction: str | Sequence[str] | None
    weight: str | None
    where: str | None
    nan: NanPolicy
    null: Sequence[str]
    delimiter: str | None
    decimal: str
    skip: int
    input_format: str | None
    clip: float | None
    normalize: bool
    level: float
    positive: str | None
    classes: Sequence[str]
    class_weights: Mapping[str, float]
    ignore_label: str | None
    scale: str | Sequence[str] | None
    levels: Sequence[float]
    group: str | None
    skill: bool
    by: str | Sequence[str]
    min_n: int | None
    key: str | Sequence[str] | None
    targets: Any
    unmatched: Unmatched
    threads: int | None


@dataclass(frozen=True, slots=True)
class Settings:
    """`Options` with their defaults, checked.

    Raises
    ------
    UsageError
        Where a value makes no sense.

    Examples
    --------
    >>> try:
    ...     Settings.of(level=1.5)
    ... except UsageError as error:
    ...     print(error)
    level: 1.5 is not a number from 0.5 to 0.9999
    """

    target: str | None = None
    predictions: tuple[str, ...] = ()
    weight: str | None = None
    where: str | None = None
    nan: NanPolicy = "error"
    null: tuple[str, ...] = ()
    delimiter: str | None = None
    decimal: str = "."
    skip: int = 0
    input_format: str | None = None
    clip: float | None = None
    normalize: bool = False
    level: float = 0.95
    positive: str | None = None
    classes: tuple[str, ...] = ()
    class_weights: Mapping[str, float] = field(default_factory=dict)
    ignore_label: str | None = None
    scales: tuple[str, ...] = ()
    levels: tuple[float, ...] = ()
    group: str | None = None
    skill: bool = False
    by: tuple[str, ...] = ()
    min_n: int | None = None
    key: tuple[str, ...] = ()
    targets: Any = None
    unmatched: Unmatched = "error"
    threads: int | None = None

    @classmethod
    def of(cls, **options: object) -> Settings:
        """Build from the keywords of `Options`."""
        unknown = set(options) - set(Options.__annotations__)
        if unknown:
            from lossctl.core.names import meant

            known = f"the options: {', '.join(Options.__annotations__)}"
            raise UsageError(
                f"no option is called {min(unknown)!r}", meant(min(unknown), Options.__annotations__) or known
            )
        ready: dict[str, Any] = {name: value for name, value in options.items() if name not in {"prediction", "scale"}}
        for name in ("null", "classes", "by", "key"):
            ready[name] = _texts(options.get(name))
        ready["levels"] = _levels(options.get("levels"))
        return cls(predictions=_texts(options.get("prediction")), scales=_texts(options.get("scale")), **ready)

    def __post_init__(self) -> None:
        if self.nan not in {"error", "omit"}:
            raise UsageError(f"nan: {self.nan!r} is not error or omit", "omit leaves rows out, error refuses them")
        for name in ("target", "weight", "where", "delimiter", "input_format", "positive", "ignore_label", "group"):
            _require_text(name, getattr(self, name))
        if not (_is_number(self.level) and LEAST_LEVEL <= self.level <= MOST_LEVEL):
            raise _wrong_level(self.level)
        if self.clip is not None and not (_is_number(self.clip) and 0.0 < self.clip < _MOST_CLIP):
            raise UsageError(f"clip: {self.clip!r} is not between 0 and 0.5", "such as 1e-15")
        if self.threads is not None and not (_is_whole(self.threads) and 1 <= self.threads <= MOST_THREADS):
            cure = "without it there are as many as cores"
            raise UsageError(f"threads: {self.threads!r} is not a whole number from 1 to {MOST_THREADS}", cure)
        if not (_is_whole(self.skip) and 0 <= self.skip <= MOST_SKIPPED):
            problem = f"skip: {self.skip!r} is not a whole number from 0 to {MOST_SKIPPED}"
            raise UsageError(problem, "such as 1, for a line above the header")
        self._check_slices()
        self._check_keys()
        for label, weight in self.class_weights.items():
            if not (_is_number(weight) and 0.0 <= weight < float("inf")):
                raise UsageError(f"class_weights: {label}={weight!r} is no weight", "weights are numbers of at least 0")
        if self.decimal not in {".", ","}:
            raise UsageError(f"decimal: {self.decimal!r} is neither a point nor a comma", "write 1.5 or 1,5 throughout")

    def _check_slices(self) -> None:
        for name in self.by:
            if self.by.count(name) > 1:
                raise UsageError(f"by: {name!r} stands twice", "name each column once")
        if self.min_n is None:
            return
        if not (_is_whole(self.min_n) and self.min_n >= 1):
            raise UsageError(f"min_n: {self.min_n!r} is not a whole number of at least 1", "such as 30")
        if not self.by:
            raise UsageError("--min-n is of no use: there are no slices", "name their columns: --by COL")

    def _check_keys(self) -> None:
        for name in self.key:
            if self.key.count(name) > 1:
                raise UsageError(f"key: {name!r} stands twice", "name each column once")
        if self.unmatched not in {"error", "drop"}:
            cure = "drop leaves rows out, error refuses them"
            raise UsageError(f"unmatched: {self.unmatched!r} is not error or drop", cure)
        if self.targets is not None and not self.key:
            problem = "--targets needs to know which row belongs to which"
            raise UsageError(problem, "name the column that both files have: --key COL")
        if self.unmatched == "drop" and not self.key:
            raise UsageError("--unmatched is of no use: rows are not matched by a key", "name its column: --key COL")


def _wrong_level(level: object) -> UsageError:
    cure = "it is the share of intervals that cover: 95 % is 0.95"
    if isinstance(level, float) and 0.0 < level < LEAST_LEVEL:
        cure = f"it is the share of intervals that cover, not of those that miss: {1.0 - level:.4g}"
    return UsageError(f"level: {level!r} is not a number from {LEAST_LEVEL} to {MOST_LEVEL}", cure)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _require_text(name: str, value: object) -> None:
    if value is not None and not isinstance(value, str):
        raise UsageError(f"{name}: {value!r} is not a text", "give one, in quotes")


def _levels(given: object) -> tuple[float, ...]:
    """Read the levels of quantiles: different numbers between 0 and 1."""
    if given is None:
        return ()
    listed: list[Any] = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    for level in listed:
        if not (_is_number(level) and 0.0 < level < 1.0):
            raise UsageError(f"levels: {level!r} is not a number between 0 and 1", "such as 0.05, 0.5 and 0.95")
    levels = tuple(float(level) for level in listed)
    for level in levels:
        if levels.count(level) > 1:
            raise UsageError(f"levels: {level!r} stands twice", "give each level once")
    return levels


def _texts(given: object) -> tuple[str, ...]:
    """Read one text, several, or none."""
    if given is None:
        return ()
    if isinstance(given, str):
        return (given,)
    if isinstance(given, Sequence) and all(isinstance(each, str) for each in given):
        return tuple(given)
    raise UsageError(f"{given!r} is neither a text nor a list of texts", "give names in quotes")
