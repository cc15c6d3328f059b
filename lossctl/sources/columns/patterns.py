"""Names, globs and lists as a user types them, and the columns they stand for.

Imports the standard library, core and its own package.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import translate

from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import Role
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.sources.names import listed, unknown_column

__all__ = [
    "FLAGS",
    "PROBABILITY_NAMES",
    "SCORE_NAMES",
    "USUAL_NAMES",
    "Spaces",
    "category",
    "expand",
    "parts",
    "require",
    "spelled",
    "usual",
]

USUAL_NAMES = {
    Role.TARGET: ("target", "y_true", "y", "label", "actual", "observed", "truth"),
    Role.PREDICTION: ("prediction", "y_pred", "pred", "yhat", "y_hat", "predicted", "forecast", "score"),
}
"""Names looked for, in any case, where the user names no column."""

PROBABILITY_NAMES = ("probability", "prob", "proba", "y_prob", "y_proba", "y_probability", "y_score", "score")
SCORE_NAMES = ("logit", "logits", "y_logit", "y_score", "score")
"""Of predictions that are probabilities, or scores of two classes: looked for before the others. Beside ``y_score``
scikit-learn calls the predicted label ``y_pred``.
"""

_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*|[-+]?(nan|inf)")

FLAGS = {Role.TARGET: "-t", Role.PREDICTION: "-p"}


@dataclass(frozen=True, slots=True)
class Spaces:
    """Where names of targets and of predictions are looked for, where these stand in different files.

    Parameters
    ----------
    predictions
        The columns of the predictions.
    targets
        Those of the targets, and what each is called in the source that joins both.
    file
        What the user calls the targets.
    """

    predictions: tuple[str, ...]
    targets: Mapping[str, str]
    file: str


def expand(text: str, names: Sequence[str], flag: str) -> tuple[str, ...]:
    """Return the columns of a name, a glob, or a list of these; an existing name wins over the other readings.

    Raises
    ------
    UsageError
        Where there is no such column.

    Examples
    --------
    >>> expand("a_*,b", ["b", "a_1", "a_2"], "-p")
    ('a_1', 'a_2', 'b')
    """
    return tuple(name for part in parts(text, names) for name in _columns(part, names, flag))


def parts(text: str, names: Sequence[str]) -> list[str]:
    """Return the members of a list, each a name or a glob; a name or a glob is a list of one.

    Examples
    --------
    >>> parts("a_*, b", ["b"]), parts("a,b", ["a,b"])
    (['a_*', 'b'], ['a,b'])
    """
    return [text] if text in names else [part.strip() for part in text.split(",")]


def _columns(text: str, names: Sequence[str], flag: str) -> tuple[str, ...]:
    if text in names or not any(sign in text for sign in "*?["):
        require(text, names, flag)
        return (text,)
    pattern = re.compile(translate(text))
    found = tuple(name for name in names if pattern.match(name))
    if not found:
        raise UsageError(f"no column matches {text!r}", f"the columns are {listed(names)}")
    return found


def require(name: str, names: Sequence[str], flag: str) -> None:
    """Refuse a name that no column has."""
    if name not in names:
        raise unknown_column(name, names, flag)


def spelled(wanted: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return the columns of these names, whatever their case and the spaces around them.

    Examples
    --------
    >>> spelled(["y", "target"], ["id", " Target", "Y"])
    ['Y', ' Target']
    """
    return [name for each in wanted for name in names if name.strip().lower() == each]


def usual(role: Role, names: Sequence[str], wanted: Sequence[str] | None = None, first: Sequence[str] = ()) -> str:
    """Return the one column that has a usual name.

    Parameters
    ----------
    role, names
        What is looked for, among which columns.
    wanted
        The names; those of `USUAL_NAMES` where they are not given.
    first
        Names that win over these.

    Raises
    ------
    UsageError
        Where there is none, or several.
    """
    wanted = wanted or USUAL_NAMES[role]
    found = spelled(first, names) or spelled(wanted, names)
    if len(found) == 1:
        return found[0]
    columns = listed(names)
    if found:
        raise UsageError(
            f"{len(found)} columns could be the {role}: {listed(found)}",
            f"choose one with {FLAGS[role]} COLUMN; the columns are {columns}",
        )
    if names and all(map(_NUMBER.fullmatch, names)):
        problem = f"the first line holds numbers and no names: {columns}"
        raise UsageError(problem, "add a line above it with the names of the columns, such as: y_true,y_pred")
    cure = f"name it with {FLAGS[role]} COLUMN; the columns are {columns}"
    if role is Role.TARGET and len(names) == 1:
        cure = f"the file has one column, {columns}: a table has several, and --delimiter says what stands between them"
    raise UsageError(
        f"no column has a usual name of a {role} ({', '.join(dict.fromkeys((*first, *wanted)))})",
        cure,
    )


def category(glob: str, name: str) -> str:
    """Return what stands for the star of a glob in a name.

    Examples
    --------
    >>> category("p_*", "p_cat")
    'cat'
    """
    head, tail = glob.split("*")
    return name[len(head) : len(name) - len(tail)]
