"""Column names → roles: which columns are the target, the predictions, the weight and the group.

Imports core and its own package.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import replace

from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import PROBABILITY, REAL_LINE, ChosenLoss, Kind, Role
from lossctl.core.rows.block import Binding
from lossctl.core.settings import Settings
from lossctl.core.spelling import canonical
from lossctl.sources.columns.classes import classes_of, ordered_distributions
from lossctl.sources.columns.kinds import KINDS, Found
from lossctl.sources.columns.patterns import (
    FLAGS,
    PROBABILITY_NAMES,
    SCORE_NAMES,
    USUAL_NAMES,
    Spaces,
    category,
    expand,
    parts,
    require,
    spelled,
    usual,
)
from lossctl.sources.names import listed

__all__ = ["USUAL_NAMES", "alike", "bind", "can_bind", "has_usual_target"]

_DISTRIBUTION_NAMES = {Role.TARGET: "p", Role.PREDICTION: "q"}
"""The letters of the formulas: looked for first, alone or as ``p_*``, for losses of distributions."""

_RELEVANCE_NAMES = (*USUAL_NAMES[Role.TARGET], "relevance", "rel", "grade", "gain")
"""What a ranking is judged by is often called so."""


_KEY = re.compile(r"(?:.*[_ ])?(?:id|key|index|uuid|guid)", re.IGNORECASE)
"""What a column is called that says which row is which."""


def alike(losses: Sequence[ChosenLoss]) -> list[list[ChosenLoss]]:
    """Group losses that bind to columns alike: by input kind, by probabilities or scores, predictions alone apart.

    Examples
    --------
    >>> from lossctl.losses import LOSSES
    >>> [len(group) for group in alike([LOSSES[name].choose() for name in ("mae", "entropy", "mse")])]
    [2, 1]
    """
    groups: dict[tuple[object, ...], list[ChosenLoss]] = {}
    for chosen in losses:
        alone = chosen.loss.roles == (Role.PREDICTION,)
        scores = str(chosen.loss.prediction) if chosen.loss.kind in {Kind.MULTICLASS, Kind.BINARY} else ""
        groups.setdefault((chosen.loss.kind, alone, scores, chosen.loss.thresholds), []).append(chosen)
    return list(groups.values())


def bind(
    names: Sequence[str], losses: Sequence[ChosenLoss], settings: Settings, spaces: Spaces | None = None
) -> list[Binding]:
    """Settle which columns each model consists of.

    Parameters
    ----------
    names
        The columns of the source, in its order.
    losses
        What will be computed: losses that bind `alike`, whose roles say what is needed.
    settings
        What the user said of columns.
    spaces
        Where targets and predictions are looked for, where they stand in different files.

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
    kind = losses[0].loss.kind
    if settings.weight is not None:
        require(settings.weight, names, "-w")
    group = _group(names, losses, settings)
    target: tuple[str, ...] = ()
    target_text = settings.target
    if Role.TARGET in needed or target_text is not None:
        try:
            target_text, target = _target(names if spaces is None else spaces, kind, target_text)
        except UsageError as error:
            if spaces is None and target_text is None:
                error.say(error.problem, _or_elsewhere(error.cure, names))
            raise
    found = [Found(target_text or "", "", ())]
    names = names if spaces is None else spaces.predictions
    if Role.PREDICTION in needed or settings.predictions:
        found = KINDS.get(kind, _any_kind)(names, _settled(names, losses, settings))
    common = Binding("", target, (), settings.weight, target_text, group=group)
    bindings = [_binding(each, common, names, losses, settings) for each in dict.fromkeys(found)]
    if spaces is not None:
        bindings = [replace(each, target=tuple(spaces.targets[name] for name in each.target)) for each in bindings]
    if {Role.TARGET, Role.PREDICTION} <= needed:
        for each in bindings:
            _require_apart(each, names, kind)
    return bindings


def _or_elsewhere(cure: str | None, names: Sequence[str]) -> str | None:
    """Add to a cure of a target that is not there that it may be in another file, where a column could match rows."""
    keys = [name for name in names if _KEY.fullmatch(name)]
    if cure is None or not keys or not cure.startswith(f"name it with {FLAGS[Role.TARGET]} "):
        return cure
    return f"{cure}; if it is in another file: --targets FILE --key {shlex.quote(keys[0])}"


def _require_apart(binding: Binding, names: Sequence[str], kind: Kind) -> None:
    """Refuse a column that is the target and predicts it too: it would be right in every row."""
    both = [name for name in binding.prediction if name in binding.target]
    if not both:
        return
    given = binding.target_text, binding.prediction_text
    what = f'"{both[0]}"' if len(both) == 1 else given[1]
    of_labels = "; for a column of labels, --loss categorical_cross_entropy" if kind is Kind.DISTRIBUTION else ""
    cure = f"name another with -t or -p: the columns are {listed(names)}{of_labels}"
    raise UsageError(f"-t {given[0]} and -p {given[1]}: {what} can't be both the target and a prediction", cure)


def _target(names: Sequence[str] | Spaces, kind: Kind, text: str | None) -> tuple[str, tuple[str, ...]]:
    """Name the target to a person, and give its columns, by the names they have in their own file."""
    if not isinstance(names, Spaces):
        text = _usual_target(names, kind) if text is None else text
        return text, expand(text, names, "-t")
    try:
        return _target(list(names.targets), kind, text)
    except UsageError as error:
        raise UsageError(f"{names.file}: {error.problem}", error.cure) from None


def _binding(
    found: Found, common: Binding, names: Sequence[str], losses: Sequence[ChosenLoss], settings: Settings
) -> Binding:
    """Bind one model to what was found, beside what all models share."""
    text = found.text or None
    kind, target = losses[0].loss.kind, common.target
    columns = _aligned(common.target_text, target, found, names, kind)
    classes: tuple[str, ...] = ()
    if kind is Kind.MULTICLASS and text is not None:
        columns, classes = classes_of(text, columns, losses, settings)
    elif kind is Kind.DISTRIBUTION:
        given = settings.classes if any(chosen.loss.across for chosen in losses) else ()
        target, columns = ordered_distributions((common.target_text or "", text or ""), target, columns, given)
    labels, weights = _weighing(classes, losses, settings)
    return replace(
        common,
        model=found.model,
        target=target,
        prediction=columns,
        prediction_text=text,
        labels=labels,
        label_weights=weights,
        levels=found.levels,
        order=found.order,
    )


def _any_kind(names: Sequence[str], settings: Settings) -> list[Found]:
    return [Found(text, text, expand(text, names, "-p")) for text in settings.predictions]


def _settled(names: Sequence[str], losses: Sequence[ChosenLoss], settings: Settings) -> Settings:
    """Name the prediction by a usual name where the user names none, for kinds that do not look themselves."""
    kind = losses[0].loss.kind
    if settings.predictions or kind in KINDS:
        return settings
    letters = _usual_classes(names, losses) or _letter(Role.PREDICTION, names, kind)
    text = letters or usual(Role.PREDICTION, names, first=_first_names(losses[0]))
    return replace(settings, predictions=(text,))


def _first_names(chosen: ChosenLoss) -> tuple[str, ...]:
    """Return the names that predictions of a loss are looked for by before the usual ones."""
    if chosen.loss.prediction == PROBABILITY and chosen.loss.kind in {Kind.BINARY, Kind.REAL}:
        return PROBABILITY_NAMES
    return SCORE_NAMES if chosen.loss.kind is Kind.BINARY and chosen.loss.prediction == REAL_LINE else ()


def _usual_target(names: Sequence[str], kind: Kind) -> str:
    wanted = _RELEVANCE_NAMES if kind is Kind.GROUPED else None
    return _letter(Role.TARGET, names, kind) or usual(Role.TARGET, names, wanted)


def _letter(role: Role, names: Sequence[str], kind: Kind) -> str | None:
    """Find the columns of a distribution, ``p`` or ``p_*`` and ``q`` or ``q_*``."""
    letter = _DISTRIBUTION_NAMES[role]
    if kind is not Kind.DISTRIBUTION:
        return None
    if found := spelled([letter], names):
        return found[0] if len(found) == 1 else None
    return f"{letter}_*" if any(name.startswith(f"{letter}_") for name in names) else None


def _group(names: Sequence[str], losses: Sequence[ChosenLoss], settings: Settings) -> str | None:
    """Return the column of groups, for losses that compare rows within them."""
    if losses[0].loss.kind is not Kind.GROUPED:
        return None
    if settings.group is None:
        problem = "a ranking compares the rows of a group, and no column of groups is named"
        raise UsageError(problem, "name it with --group COLUMN")
    if settings.weight is not None:
        raise UsageError("a ranking takes no weights of rows: each counts by its group", "leave out -w")
    require(settings.group, names, "--group")
    return settings.group


def _weighing(
    labels: tuple[str, ...], losses: Sequence[ChosenLoss], settings: Settings
) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Return the labels, with the one to ignore, and what each weighs; no weights where every label weighs 1."""
    given = {canonical(label): weight for label, weight in settings.class_weights.items()}
    ignored = None if settings.ignore_label is None else canonical(settings.ignore_label)
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
        numbered = [name for name in names if re.fullmatch(rf"{letter}\d+", name)]
        if len(numbered) > 1:  # as h2o calls them
            return ",".join(numbered)
    return None


def can_bind(names: Sequence[str], losses: Sequence[ChosenLoss], settings: Settings) -> bool:
    """Return whether `bind` would find every column."""
    try:
        bind(names, losses, settings)
    except UsageError:
        return False
    return True


def has_usual_target(names: Sequence[str]) -> bool:
    """Return whether a column has a usual name of a target."""
    return bool(spelled(USUAL_NAMES[Role.TARGET], names))


def _aligned(
    target_text: str | None, target: tuple[str, ...], found: Found, names: Sequence[str], kind: Kind
) -> tuple[str, ...]:
    """Put the columns of each glob of a prediction in the order of the target's: ``q_cat`` belongs to ``p_cat``."""
    columns = found.columns
    vectors = kind in {Kind.DISTRIBUTION, Kind.VECTORS, Kind.ENSEMBLE}
    if target_text is None or not vectors or len(target) < 2 or len(columns) < 2:  # noqa: PLR2004 -- vectors only
        return columns
    if kind is Kind.DISTRIBUTION and len(target) != len(columns):
        raise UsageError(
            f"-t {target_text} has {len(target)} columns and -p {found.text} has {len(columns)}",
            "both must list the same categories",
        )
    members = [(part, expand(part, names, "-p")) for part in parts(found.text, names)]
    if not _is_glob(target_text, names) or any(len(inside) != len(target) for _, inside in members):
        return columns
    return tuple(
        name
        for part, inside in members
        for name in (_in_order(target_text, target, part, inside) if _is_glob(part, names) else inside)
    )


def _is_glob(text: str, names: Sequence[str]) -> bool:
    return text.count("*") == 1 and text not in names and "," not in text


def _in_order(target_text: str, target: tuple[str, ...], text: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    by_category = {category(text, name): name for name in columns}
    wanted = [category(target_text, name) for name in target]
    missing = [each for each in wanted if each not in by_category]
    if missing:
        raise UsageError(
            f"-p {text} has no column for {missing[0]!r}, which -t {target_text} has",
            "both must list the same categories",
        )
    return tuple(by_category[each] for each in wanted)
