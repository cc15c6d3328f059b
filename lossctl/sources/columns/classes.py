"""The classes of a prediction: what its columns call them, and in which order they stand.

Names are read before places: ``p_cat`` belongs to the label ``cat`` wherever it stands. Classes that are numbers stand
in the order of numbers, so that ``p_10`` comes after ``p_2``. Imports core and its own package.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import ChosenLoss, Role
from lossctl.core.rows.block import Binding
from lossctl.core.settings import Settings
from lossctl.core.spelling import canonical
from lossctl.sources.columns.patterns import category
from lossctl.sources.names import listed

__all__ = ["classes_of", "have_numbers", "names_of_columns", "numbers_after", "order_of", "ordered_distributions"]

_NUMBERED = r"(\D+?)[ _.-]*(\d+)"
"""A beginning, and a whole number after it, as in ``p1`` and ``grade-10``."""

Columns = tuple[str, ...]

_NUMBER = r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?"


def names_of_columns(text: str, columns: Columns) -> tuple[str, ...]:
    """Return what columns are called after what they share: the star of a glob, or the words before the last ``_``.

    One column alone has no name: it may be a list.

    Examples
    --------
    >>> names_of_columns("p_*", ("p_cat", "p_dog")), names_of_columns("m_p_1,m_p_0", ("m_p_1", "m_p_0"))
    (('cat', 'dog'), ('1', '0'))
    >>> names_of_columns("cat,dog", ("cat", "dog"))
    ('cat', 'dog')
    """
    if len(columns) < 2:  # noqa: PLR2004 -- a vector
        return ()
    if text.count("*") == 1 and "," not in text and text not in columns:
        return tuple(category(text, name) for name in columns)
    prefixes = {name.rpartition("_")[0] for name in columns}
    return tuple(name.rpartition("_")[2] for name in columns) if len(prefixes) == 1 else columns


def have_numbers(names: Sequence[str]) -> bool:
    """Return whether every name is a number, or one after the same beginning, of which no two are equal.

    Examples
    --------
    >>> have_numbers(["0", "10", "2"]), have_numbers(["p1", "p10"]), have_numbers(["1", "01"]), have_numbers(["a", "b"])
    (True, True, False, False)
    """
    return _numbers(names) is not None


def _is_number(name: str) -> bool:
    return re.fullmatch(_NUMBER, name) is not None


def _numbers(names: Sequence[str]) -> list[float] | None:
    """Return the numbers that names are; ``None``: some name is none, or two are equal."""
    ends = [name for name in names if _is_number(name)]
    if len(ends) < len(names):
        ends = list(numbers_after(names))
    found = [float(end) for end in ends]
    return found if names and len(set(found)) == len(names) else None


def numbers_after(names: Sequence[str]) -> tuple[str, ...]:
    """Return the whole numbers that follow the same beginning in every name; none where some name has none.

    Examples
    --------
    >>> numbers_after(["p1", "p2"]), numbers_after(["p1", "q2"])
    (('1', '2'), ())
    """
    parts = [re.fullmatch(_NUMBERED, name) for name in names]
    if None in parts or len({part[1] for part in parts if part}) != 1:
        return ()
    return tuple(part[2] for part in parts if part)


def _in_order(columns: Columns, names: Sequence[str], wanted: Sequence[str]) -> Columns:
    """Return the columns of these names in another order of the names."""
    by_name = dict(zip(names, columns, strict=True))
    return tuple(by_name[name] for name in wanted if name in by_name)


def _ascending(names: Sequence[str]) -> tuple[str, ...]:
    numbers = _numbers(names)
    return tuple(names) if numbers is None else tuple(name for _, name in sorted(zip(numbers, names, strict=True)))


def classes_of(
    text: str, columns: Columns, losses: Sequence[ChosenLoss], settings: Settings
) -> tuple[Columns, tuple[str, ...]]:
    """Settle the order of the columns of a multiclass prediction, and which class each is of.

    Parameters
    ----------
    text, columns
        The prediction as the user named it, and its columns as they were found.
    losses
        What will be computed.
    settings
        The classes, where the user gives them.

    Returns
    -------
    tuple[str, ...]
        The columns in the order of the classes: that of ``--classes``, else of numbers, else as found.
    tuple[str, ...]
        The classes. None for a list column or thresholds where the user names none: targets are places then.

    Raises
    ------
    UsageError
        Where ``--classes`` names more or fewer classes than there are columns, or others than these are called.
    """
    names = tuple(map(canonical, names_of_columns(text, columns)))
    given = tuple(map(canonical, settings.classes))
    for each in (names, given):
        if twice := [name for name, count in Counter(each).items() if count > 1]:
            raise UsageError(f"two classes of -p {text} are called {twice[0]!r}", "name each class once")
    thresholds = any(chosen.loss.thresholds for chosen in losses)
    if given and len(columns) not in {1, len(given) - thresholds}:
        raise UsageError(
            f"--classes names {len(given)} classes and -p {text} has {len(columns)} columns",
            "name one class more than there are thresholds" if thresholds else "name as many",
        )
    if len(columns) == 1:
        return columns, given
    if thresholds:
        known = given if given and set(names) <= set(given) else _ascending(names)
        return _in_order(columns, names, known), given
    if not given:
        return _in_order(columns, names, _ascending(names)), _ascending(names)
    if set(names) == set(given):
        return _in_order(columns, names, given), given
    _require_places(text, columns, names, given)
    return _in_order(columns, names, _ascending(names)), given


def _require_places(text: str, columns: Columns, names: Sequence[str], given: Sequence[str]) -> None:
    """Refuse ``--classes`` where columns are called by other classes, unless their names are but places.

    Places are numbers beside classes that are none, or columns that the user lists one by one, in an order of his own.
    """
    shared = set(names) & set(given)
    one_by_one = [part.strip() for part in text.split(",")] == list(columns)
    by_place = all(map(_is_number, names)) and not all(map(_is_number, given))
    if not shared and (one_by_one or by_place):
        return
    raise UsageError(
        f"--classes names {listed(given)}, and the columns of -p {text} are called {listed(names)}",
        f"leave out --classes, or give the names of the columns, in their order: --classes {','.join(names)}"
        if shared or have_numbers(names)
        else f"leave out --classes, or list the columns in its order, such as -p {','.join(columns)}",
    )


def ordered_distributions(
    texts: tuple[str, str], target: Columns, prediction: Columns, given: Sequence[str]
) -> tuple[Columns, Columns]:
    """Put the categories of distributions in their order: that of ``--classes``, else of numbers, else as found.

    Parameters
    ----------
    texts
        Target and prediction as the user named them.
    target, prediction
        Their columns, those of one category at the same place; none where a loss takes no prediction.
    given
        The order the user gives; empty: none.

    Raises
    ------
    UsageError
        Where ``--classes`` names other categories than the columns.
    """
    names = names_of_columns(texts[0], target)
    theirs = names_of_columns(texts[1], prediction)
    if not names or (prediction and theirs != names):  # columns by place alone
        return target, prediction
    if given and set(given) != set(names):
        raise UsageError(
            f"--classes names {listed(given)}, and the columns of -t {texts[0]} are called {listed(names)}",
            "name the same categories, in their order, or leave out --classes",
        )
    order = given or _ascending(names)
    return _in_order(target, names, order), _in_order(prediction, theirs, order)


def order_of(chosen: ChosenLoss, binding: Binding) -> tuple[str, ...]:
    """Return the classes of a loss that takes them in order; none where the order does not count, or is of places."""
    if not chosen.loss.ordered:
        return ()
    names = names_of_columns(binding.text(Role.PREDICTION), binding.prediction)
    return binding.labels[: len(names)] or names
