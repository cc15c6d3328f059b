"""Column names → roles: which columns are the target, the predictions and the weight.

Imports core and its own package.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate

from lossctl.core.block import Binding
from lossctl.core.errors import UsageError
from lossctl.core.loss import PROBABILITY, ChosenLoss, Kind, Role
from lossctl.core.settings import Settings
from lossctl.sources.names import listed, unknown_column

__all__ = ["USUAL_NAMES", "bind", "can_bind", "has_usual_target"]

USUAL_NAMES = {
    Role.TARGET: ("target", "y_true", "y", "label", "actual", "observed", "truth"),
    Role.PREDICTION: ("prediction", "y_pred", "pred", "yhat", "y_hat", "predicted", "forecast", "score"),
}
"""Names looked for, in any case, where the user names no column."""

_DISTRIBUTION_NAMES = {Role.TARGET: "p", Role.PREDICTION: "q"}
"""The letters of the formulas: looked for first, alone or as ``p_*``, where every loss is one of distributions."""

_FLAGS = {Role.TARGET: "-t", Role.PREDICTION: "-p"}


def bind(names: Sequence[str], losses: Sequence[ChosenLoss], settings: Settings) -> list[Binding]:
    """Settle which columns each model consists of.

    Parameters
    ----------
    names
        The columns of the source, in its order.
    losses
        What will be computed: their roles say what is needed.
    settings
        What the user said of columns.

    Returns
    -------
    list[Binding]
        One a model: a binding for each ``-p``, or the only one.

    Raises
    ------
    UsageError
        Where a named column does not exist, or the usual names yield none or several.

    Examples
    --------
    >>> from lossctl.losses import LOSSES
    >>> bind(["id", "y", "yhat"], [LOSSES["mae"].choose()], Settings())[0].needed
    ('y', 'yhat')
    """
    needed = {role for chosen in losses for role in chosen.loss.roles}
    distributions = all(chosen.loss.kind is Kind.DISTRIBUTION for chosen in losses)
    if settings.weight is not None:
        _require(settings.weight, names, "-w")
    target: tuple[str, ...] = ()
    target_text = None
    if Role.TARGET in needed or settings.target is not None:
        target_text = settings.target
        if target_text is None:
            target_text = _usual(Role.TARGET, names, distributions=distributions)
        target = _expand(target_text, names, Role.TARGET)
    texts: list[str | None] = [None]
    if Role.PREDICTION in needed:
        texts = list(settings.predictions) or [
            _usual_classes(names, losses) or _usual(Role.PREDICTION, names, distributions=distributions)
        ]
    elif settings.predictions:
        texts = list(settings.predictions)
    bindings = []
    for text in dict.fromkeys(texts):
        prediction = () if text is None else _expand(text, names, Role.PREDICTION)
        prediction = _aligned(target_text, target, text, prediction)
        labels = _classes(text, prediction, losses, settings)
        labels, weights = _weighing(labels, losses, settings)
        model = text or target_text or ""
        bindings.append(Binding(model, target, prediction, settings.weight, target_text, text, labels, weights))
    return bindings


def _weighing(
    labels: tuple[str, ...], losses: Sequence[ChosenLoss], settings: Settings
) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Give the labels, with the one to ignore, and what each weighs; no weights where every label weighs 1."""
    given, ignored = settings.class_weights, settings.ignore_label
    if not (given or ignored is not None) or all(chosen.loss.kind is not Kind.MULTICLASS for chosen in losses):
        return labels, ()
    if not labels:
        raise UsageError("weights of classes and a label to ignore need names of classes", "name them with --classes")
    for label in given:
        if label not in labels:
            raise UsageError(f"--class-weights: there is no class {label!r}", f"the classes are {listed(labels)}")
    if ignored is not None and ignored not in labels:
        labels = (*labels, ignored)
    return labels, tuple(0.0 if label == ignored else float(given.get(label, 1.0)) for label in labels)


def _usual_classes(names: Sequence[str], losses: Sequence[ChosenLoss]) -> str | None:
    """Find the columns of class probabilities, ``p`` or ``p_*``, or of scores, ``s`` or ``s_*``."""
    if not losses or any(chosen.loss.kind is not Kind.MULTICLASS for chosen in losses):
        return None
    letters = {"p" if chosen.loss.prediction == PROBABILITY else "s" for chosen in losses}
    for letter in sorted(letters) if len(letters) == 1 else ():
        if letter in names:
            return letter
        if any(name.startswith(f"{letter}_") for name in names):
            return f"{letter}_*"
    return None


def _classes(
    text: str | None, prediction: tuple[str, ...], losses: Sequence[ChosenLoss], settings: Settings
) -> tuple[str, ...]:
    """Name the classes of a multiclass prediction: as the user says, or as its columns are called after their prefix.

    None are named for a list column or for thresholds, where targets are places.
    """
    if text is None or all(chosen.loss.kind is not Kind.MULTICLASS for chosen in losses):
        return ()
    thresholds = any(chosen.loss.thresholds for chosen in losses)
    if settings.classes:
        if len(prediction) not in {1, len(settings.classes) - thresholds}:
            raise UsageError(
                f"--classes names {len(settings.classes)} classes and -p {text} has {len(prediction)} columns",
                "name one class more than there are thresholds" if thresholds else "name as many",
            )
        return settings.classes
    if len(prediction) == 1 or thresholds:
        return ()
    if text.count("*") == 1 and text not in prediction:
        return tuple(_category(text, name) for name in prediction)
    prefixes = {name.rpartition("_")[0] for name in prediction}
    return tuple(name.rpartition("_")[2] for name in prediction) if len(prefixes) == 1 else prediction


def can_bind(names: Sequence[str], losses: Sequence[ChosenLoss], settings: Settings) -> bool:
    """Say whether `bind` would find every column."""
    try:
        bind(names, losses, settings)
    except UsageError:
        return False
    return True


def has_usual_target(names: Sequence[str]) -> bool:
    """Say whether a column has a usual name of a target."""
    return any(_spelled(usual, names) for usual in USUAL_NAMES[Role.TARGET])


def _usual(role: Role, names: Sequence[str], *, distributions: bool) -> str:
    found = [name for usual in USUAL_NAMES[role] for name in _spelled(usual, names)]
    letter = _DISTRIBUTION_NAMES[role]
    if distributions and _spelled(letter, names):
        found = _spelled(letter, names)
    elif distributions and any(name.startswith(f"{letter}_") for name in names):
        found = [f"{letter}_*"]
    if len(found) == 1:
        return found[0]
    columns = listed(names)
    if found:
        raise UsageError(
            f"{len(found)} columns could be the {role}: {', '.join(found)}",
            f"choose one with {_FLAGS[role]} COLUMN; the columns are {columns}",
        )
    raise UsageError(
        f"no column has a usual name of a {role} ({', '.join(USUAL_NAMES[role])})",
        f"name it with {_FLAGS[role]} COLUMN; the columns are {columns}",
    )


def _spelled(usual: str, names: Sequence[str]) -> list[str]:
    """Give the columns of this name, whatever their case and the spaces around them."""
    return [name for name in names if name.strip().lower() == usual]


def _expand(text: str, names: Sequence[str], role: Role) -> tuple[str, ...]:
    """Give the columns of a name, a glob or a list; an existing name wins over the other readings."""
    if text in names:
        return (text,)
    if "," in text:
        parts = tuple(part.strip() for part in text.split(","))
        for part in parts:
            _require(part, names, _FLAGS[role])
        return parts
    if any(sign in text for sign in "*?["):
        pattern = re.compile(translate(text))
        found = tuple(name for name in names if pattern.match(name))
        if not found:
            raise UsageError(f"no column matches {text!r}", f"the columns are {listed(names)}")
        return found
    _require(text, names, _FLAGS[role])
    return (text,)


def _require(name: str, names: Sequence[str], flag: str) -> None:
    if name not in names:
        raise unknown_column(name, names, flag)


def _aligned(
    target_text: str | None, target: tuple[str, ...], text: str | None, prediction: tuple[str, ...]
) -> tuple[str, ...]:
    """Put the columns of a prediction's glob in the order of the target's: ``q_cat`` belongs to ``p_cat``."""
    if target_text is None or text is None or len(target) < 2 or len(prediction) < 2:  # noqa: PLR2004 -- vectors only
        return prediction
    if len(target) != len(prediction):
        raise UsageError(
            f"-t {target_text} has {len(target)} columns and -p {text} has {len(prediction)}",
            "both must list the same categories",
        )
    if target_text.count("*") != 1 or text.count("*") != 1 or target_text in target or text in prediction:
        return prediction
    by_category = {_category(text, name): name for name in prediction}
    wanted = [_category(target_text, name) for name in target]
    missing = [category for category in wanted if category not in by_category]
    if missing:
        raise UsageError(
            f"-p {text} has no column for {missing[0]!r}, which -t {target_text} has",
            "both must list the same categories",
        )
    return tuple(by_category[category] for category in wanted)


def _category(glob: str, name: str) -> str:
    head, tail = glob.split("*")
    return name[len(head) : len(name) - len(tail)]
