"""Whether the columns bound are of the shape that a loss takes: how many, how long, lists or numbers.

What follows from names, types and the first list of a column, before any row is read. May import sources and core.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from lossctl.core.errors import DataError, UsageError
from lossctl.core.losses.loss import ALPHA, ChosenLoss, Kind, Role
from lossctl.core.rows.block import Binding
from lossctl.core.settings import Settings
from lossctl.sources import ColumnType, Source
from lossctl.sources.columns.kinds import alpha_of, coverage_text, reads_as

__all__ = ["ShapeError", "lies_across", "require_shape", "width_of"]

_PAIR = 2
_CLASSES_CURE = "name them with a glob: -p 'p_*'; for one probability a row choose a binary loss, such as log_loss"
_COLUMNS_CURE = "give both the same number of columns, or both as list columns"
_LABELS_CURE = f"for a column of labels, --loss categorical_cross_entropy; else {_COLUMNS_CURE}"
_VECTORS_CURE = "name their columns with globs, or list columns: -t 'y_*' -p 's_*'"


class ShapeError(DataError):
    """Lists too long or too short for a loss; the caller knows of which source."""


def require_shape(source: Source, chosen: ChosenLoss, binding: Binding) -> None:
    """Refuse columns that a loss does not take.

    Raises
    ------
    UsageError
        Where they are too many, too few, lists, or no lists.
    ShapeError
        Where the lists are too long or too short.
    """
    _SHAPES[chosen.loss.kind](source, chosen, binding)


def width_of(source: Source, binding: Binding, role: Role) -> int:
    """Return how many numbers a row holds of a role; 0 where no list of a column holds any."""
    widths = [source.width(name) for name in binding.columns(role)]
    return sum(widths) if all(widths) else 0


def lies_across(source: Source, binding: Binding) -> bool:
    """Return whether some role of a model is a vector a row: of a distribution, not one down the file."""
    return any(_is_vector(source, binding, role) for role in Role)


def _is_vector(source: Source, binding: Binding, role: Role) -> bool:
    return len(binding.columns(role)) > 1 or _is_list(source, binding, role)


def _is_list(source: Source, binding: Binding, role: Role) -> bool:
    return any(source.columns[name] is ColumnType.NUMBERS for name in binding.columns(role))


def _require_numbers(source: Source, chosen: ChosenLoss, binding: Binding) -> None:
    for role in chosen.loss.roles:
        _require_number(source, chosen, binding, role)


def _require_number(source: Source, chosen: ChosenLoss, binding: Binding, role: Role) -> None:
    if _is_vector(source, binding, role):
        several = "for several models, repeat -p" if role is Role.PREDICTION else "name it with -t COLUMN"
        if role is Role.PREDICTION and chosen.loss.of_classes:
            several = f"--loss {chosen.loss.of_classes} takes a column for each class; {several}"
        elif role is Role.PREDICTION and (kin := _read_as(binding)):
            several = f"--loss {kin}; {several}"
        takes = f"{chosen.loss.id} takes one column of numbers as its {role}"
        raise UsageError(f"{takes}, and {binding.text(role)} is a vector", several)


def _read_as(binding: Binding) -> str:
    """Return the loss of what the names of several columns say that they are, and what it takes; empty: nothing."""
    reads = reads_as(binding.prediction, Settings())
    return {Kind.QUANTILES: "crps_quantile takes quantiles", Kind.INTERVAL: "interval_score takes an interval"}.get(
        reads or Kind.REAL, ""
    )


def _one_column(binding: Binding, role: Role) -> str:
    """Return the words that a role is one column, and which, where the user wrote a glob."""
    (name,) = binding.columns(role)
    text = binding.text(role)
    return f"{text} is one column" if text == name else f"{text} is one column, {name}"


def _require_width(
    source: Source, chosen: ChosenLoss, binding: Binding, takes: str, cure: str, *, width: int = 0
) -> int:
    """Refuse a prediction of one number a row, or of another width than that given, and say how wide it is."""
    found = width_of(source, binding, Role.PREDICTION)
    text = binding.text(Role.PREDICTION)
    lists = _is_list(source, binding, Role.PREDICTION)
    if not _is_vector(source, binding, Role.PREDICTION) and width != 1:
        raise UsageError(f"{chosen.loss.id} takes {takes}, and {_one_column(binding, Role.PREDICTION)}", cure)
    if width and found not in {0, width}:
        if lists:
            problem = f'column "{text}": its lists hold {found} numbers a row, and {chosen.loss.id} takes {takes}'
            raise ShapeError(problem, cure)
        raise UsageError(f"{chosen.loss.id} takes {takes}, and {text} has {found} columns", cure)
    return found


def _require_interval(source: Source, chosen: ChosenLoss, binding: Binding) -> None:
    _require_number(source, chosen, binding, Role.TARGET)
    _require_width(source, chosen, binding, "a lower and an upper end", "name them with -p LOWER,UPPER", width=_PAIR)
    if ALPHA in chosen.given or ALPHA not in chosen.params:
        return
    alpha = alpha_of(binding.prediction)
    if alpha is not None and alpha != chosen.params[ALPHA]:  # else it would have been chosen
        text = binding.text(Role.PREDICTION)
        problem = f"by its names {text} is an interval of {coverage_text(alpha)}, and another model's is not"
        raise UsageError(problem, "take intervals of one level together, or say with --alpha which it is")


def _require_quantiles(source: Source, chosen: ChosenLoss, binding: Binding) -> None:
    _require_number(source, chosen, binding, Role.TARGET)
    count = len(binding.levels)
    takes = f"a quantile for each of the {count} levels" if count > 1 else "the quantile of the one level"
    _require_width(source, chosen, binding, takes, "give as many with --levels", width=count)
    chosen.check_columns(levels=np.array(binding.levels))


def _require_parametric(source: Source, chosen: ChosenLoss, binding: Binding) -> None:
    _require_number(source, chosen, binding, Role.TARGET)
    takes = "a location and a scale"
    _require_width(source, chosen, binding, takes, "name the column of the scale with --scale COLUMN", width=_PAIR)


def _require_ensemble(source: Source, chosen: ChosenLoss, binding: Binding) -> None:
    _require_width(source, chosen, binding, "several members", "name their columns with a glob: -p 'm_*'")
    _require_vectors_of_target(source, chosen, binding)


def _require_vectors(source: Source, chosen: ChosenLoss, binding: Binding) -> None:
    if chosen.loss.labels_pairs:
        _require_number(source, chosen, binding, Role.TARGET)
        width = _require_width(source, chosen, binding, "several vectors", "name both: -p 'a_*,b_*'")
        if width % chosen.loss.vectors:
            raise _uneven(source, chosen, binding, f"{chosen.loss.vectors} vectors of one length")
        chosen.check_columns(components=width // chosen.loss.vectors)
        return
    for role in chosen.loss.roles:
        if not _is_vector(source, binding, role):
            raise UsageError(f"{chosen.loss.id} takes vectors, and {_one_column(binding, role)}", _VECTORS_CURE)
    _require_vectors_of_target(source, chosen, binding)


def _require_vectors_of_target(source: Source, chosen: ChosenLoss, binding: Binding) -> None:
    """Refuse a prediction that does not hold as many vectors, as long as the target, as the loss takes."""
    length = width_of(source, binding, Role.TARGET)
    width = width_of(source, binding, Role.PREDICTION)
    if not (length and width):
        return
    wanted = chosen.loss.vectors
    if wanted == 1 and length != width and chosen.loss.kind is Kind.VECTORS:
        raise _other_width(source, binding, length, width)
    several = f"{wanted} vectors" if wanted > 1 else "a whole number of vectors"
    if width % length or (wanted > 1 and width != wanted * length):
        raise _uneven(source, chosen, binding, f"{several} as long as the target's {length}")
    if not wanted:
        chosen.check_columns(members=width // length, components=length)


def _uneven(source: Source, chosen: ChosenLoss, binding: Binding, takes: str) -> ShapeError | UsageError:
    width, text = width_of(source, binding, Role.PREDICTION), binding.text(Role.PREDICTION)
    if _is_list(source, binding, Role.PREDICTION) or _is_list(source, binding, Role.TARGET):
        problem = f'column "{text}": it holds {width} numbers a row, and {chosen.loss.id} takes {takes}'
        return ShapeError(problem, _VECTORS_CURE)
    return UsageError(f"{chosen.loss.id} takes {takes}, and -p {text} has {width} columns", _VECTORS_CURE)


def _require_classes(source: Source, chosen: ChosenLoss, binding: Binding) -> None:
    if _is_vector(source, binding, Role.TARGET):
        problem = (
            f"{chosen.loss.id} takes one column of labels as its target, and {binding.text(Role.TARGET)} is several"
        )
        raise UsageError(problem, "name it with -t COLUMN")
    takes = f"{chosen.loss.id} takes a column for each class"
    if not _is_vector(source, binding, Role.PREDICTION):
        raise UsageError(f"{takes}, and {_one_column(binding, Role.PREDICTION)}", _CLASSES_CURE)
    if width_of(source, binding, Role.PREDICTION) == 1 and not chosen.loss.thresholds:
        text = binding.text(Role.PREDICTION)
        problem = f'column "{text}": its lists hold 1 number a row, and {takes}, two or more'
        raise ShapeError(
            problem, "give each class its number; for one probability a row choose a binary loss, such as log_loss"
        )


def _require_distributions(source: Source, chosen: ChosenLoss, binding: Binding) -> None:
    columns = [name for role in chosen.loss.roles for name in binding.columns(role)]
    if any(source.columns[name] is ColumnType.OTHER for name in columns):
        return  # reading tells what stands there instead of numbers
    shapes = {(len(binding.columns(role)), _is_list(source, binding, role)) for role in chosen.loss.roles}
    ways = {_is_vector(source, binding, role) for role in Role if binding.columns(role)}  # across, or down the file
    if len(shapes) > 1 or len(ways) > 1:
        raise UsageError(
            f"-t {binding.text(Role.TARGET)} and -p {binding.text(Role.PREDICTION)} do not list the same categories",
            _LABELS_CURE if _may_be_labels(source, chosen, binding) else _COLUMNS_CURE,
        )
    if shapes == {(1, False)} and chosen.loss.across:
        raise UsageError(
            f"{chosen.loss.id} takes a distribution across columns, in the order of its categories",
            "name the columns with globs: -t 'p_*' -p 'q_*'",
        )
    if shapes == {(1, False)} and binding.weighted and chosen.loss.finish is not None:
        raise UsageError(
            f"{chosen.loss.id} is of a whole distribution: its events, one a row, take no weights",
            "leave out --weight, or write one distribution a row",
        )
    widths = [width_of(source, binding, role) for role in chosen.loss.roles]
    if all(widths) and len(set(widths)) > 1:
        raise _other_width(source, binding, *widths)


def _may_be_labels(source: Source, chosen: ChosenLoss, binding: Binding) -> bool:
    """Return whether a target is one column beside a prediction of several: of labels, rather than of probabilities."""
    several = _is_vector(source, binding, Role.PREDICTION) and len(chosen.loss.roles) > 1
    return several and not _is_vector(source, binding, Role.TARGET)


def _other_width(source: Source, binding: Binding, length: int, width: int) -> ShapeError | UsageError:
    target, prediction = binding.text(Role.TARGET), binding.text(Role.PREDICTION)
    cure = "both must list the same categories"
    if any(_is_list(source, binding, role) for role in Role):
        problem = f'columns "{target}" and "{prediction}": the lists hold {length} and {width} numbers a row'
        return ShapeError(problem, cure)
    return UsageError(f"-t {target} has {length} columns and -p {prediction} has {width}", cure)


_SHAPES: Mapping[Kind, Callable[[Source, ChosenLoss, Binding], None]] = MappingProxyType(
    {
        Kind.REAL: _require_numbers,
        Kind.BINARY: _require_numbers,
        Kind.MULTICLASS: _require_classes,
        Kind.DISTRIBUTION: _require_distributions,
        Kind.INTERVAL: _require_interval,
        Kind.QUANTILES: _require_quantiles,
        Kind.PARAMETRIC: _require_parametric,
        Kind.ENSEMBLE: _require_ensemble,
        Kind.GROUPED: _require_numbers,
        Kind.VECTORS: _require_vectors,
    }
)
"""What each kind of input takes."""
