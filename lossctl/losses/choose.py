"""From a user's words to losses: names, lists, parameters in the name or as flags, sweeps. Imports core and the table.

The grammar of ``--loss``::

    text   = item {"," item}
    item   = name ["(" param "=" value {"," value} {"," param "=" value {"," value}} ")"]

Names and parameters are read in any case, with ``-`` and ``_`` alike.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from lossctl.core.dataclass import dataclass
from lossctl.core.errors import UsageError
from lossctl.core.loss import ChosenLoss, Kind, Loss, Param, Value
from lossctl.losses.table import LOSSES

__all__ = ["ALL", "Flag", "choose", "find", "parameters", "search", "wants_all"]

ALL = "all"
"""The word that stands for every loss that fits the data."""

_LIST_CURE = "`lossctl losses` lists every loss"
_MOST_NEAR = 3
_COLUMNS = frozenset({"k", "p"})
"""Parameters that a column has the letter of: -k and -p."""
_NUMBER = re.compile(r"[-+.\d,e]+")
_KINDS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.REAL: "numbers",
        Kind.BINARY: "two labels",
        Kind.MULTICLASS: "classes",
        Kind.DISTRIBUTION: "distributions",
        Kind.INTERVAL: "intervals",
        Kind.QUANTILES: "quantiles",
        Kind.PARAMETRIC: "a location and a scale",
        Kind.ENSEMBLE: "ensembles",
        Kind.GROUPED: "rankings",
        Kind.VECTORS: "vectors",
    }
)
"""What the columns of a kind hold, in a message."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A parameter as a flag of the command line, for every loss that has it.

    Parameters
    ----------
    name
        The parameter's name.
    help
        What it means, its default and which losses have it.
    losses
        The ids of those losses.
    is_switch
        Whether it is true or false.
    """

    name: str
    help: str
    losses: tuple[str, ...]
    is_switch: bool = False


@dataclass(frozen=True, slots=True)
class _Item:
    """One item of ``--loss`` as typed: the loss, the texts of each parameter's values, and the loss's name."""

    loss: Loss
    values: Mapping[str, Sequence[str]]
    typed: str = ""


def find(name: str) -> Loss:
    """Find a loss by id or alias.

    Raises
    ------
    UsageError
        Where no loss is called so; the cure names those that another library calls so, else the nearest.

    Examples
    --------
    >>> find("L1").id, find("cross-entropy").id
    ('mae', 'cross_entropy')
    """
    names = _names()
    folded = _fold(name)
    if folded in names:
        return names[folded]
    raise UsageError(f"no loss is called {name.strip()!r}", _cure_of_name(folded))


def _cure_of_name(folded: str) -> str:
    """Return what a name that no loss has may mean: in another library, as a measure that is no loss, or as a slip."""
    from lossctl.core.names import nearest, one_of
    from lossctl.losses.other_names import EMPTY_WORDS, MEASURES

    squashed = folded.replace("_", "")
    there = [loss for loss in LOSSES.values() if squashed in {each.replace("_", "") for each in _names_elsewhere(loss)}]
    if not there and folded in MEASURES:
        return MEASURES[folded]
    names = _names()
    near = {loss.id: loss for loss in there}
    for each in () if there else nearest(folded, names, empty=EMPTY_WORDS, most=len(names)):
        if names[each] not in near.values():
            near[each] = names[each]
    shown = _by_kind(near)
    return f"did you mean {one_of(shown)}? {_LIST_CURE}" if shown else _LIST_CURE


def _by_kind(near: Mapping[str, Loss]) -> list[str]:
    """Name at most three losses: of each kind the first, and what it is of, where they are of several."""
    firsts: dict[Kind, str] = {}
    for name, loss in near.items():
        firsts.setdefault(loss.kind, f"{name} for {_KINDS[loss.kind]}")
    return [*(near if len(firsts) == 1 else firsts.values())][:_MOST_NEAR]


def choose(texts: Sequence[str], flags: Mapping[str, str] | None = None) -> list[ChosenLoss]:
    """Choose losses as ``--loss`` and the parameter flags say; duplicates are dropped, the order is kept.

    Parameters
    ----------
    texts
        The values of ``--loss``: ``mae,mse``, ``huber(delta=0.5)``, ``huber(delta=0.5,1,2)``. The word ``all``
        stands for every loss of the registry; whether each fits the data is the caller's to say.
    flags
        Parameter flags as typed, by name: ``{"delta": "0.5,1"}`` sets every chosen loss that has a delta.

    Raises
    ------
    UsageError
        An unknown loss or parameter, a bad value, a flag that no chosen loss has, or a parameter given both ways.

    Examples
    --------
    >>> [chosen.label for chosen in choose(["mae,huber"], {"delta": "0.5,2"})]
    ['mae', 'huber(delta=0.5)', 'huber(delta=2.0)']
    """
    items = [item for text in texts for item in _parse(text)]
    if not items:
        raise UsageError("no loss is chosen", f"name one with --loss; {_LIST_CURE}")
    typed = {_fold(name): _split(text) for name, text in (flags or {}).items()}
    _refuse_unused(typed, items)
    chosen = [one for item in items for one in _expand(item, typed)]
    return list(dict.fromkeys(chosen))


def wants_all(texts: Iterable[str]) -> bool:
    """Say whether the word ``all`` is among what was typed for ``--loss``.

    Examples
    --------
    >>> wants_all(["mae", "ALL"]), wants_all(["mae,mse"])
    (True, False)
    """
    return any(_fold(item) == ALL for text in texts for item in _split(text))


def parameters() -> Mapping[str, Flag]:
    """Give every parameter of the registry as a flag, in the registry's order.

    Examples
    --------
    >>> "huber" in parameters()["delta"].losses
    True
    """
    owners: dict[str, dict[str, list[str]]] = {}
    switches: set[str] = set()
    for loss in LOSSES.values():
        for param in loss.params:
            if isinstance(param.default, bool):
                switches.add(param.name)
            meaning = f"{param.summary} (default {param.format(param.default)})"
            owners.setdefault(param.name, {}).setdefault(meaning, []).append(loss.id)
    return {name: _flag(name, meanings, is_switch=name in switches) for name, meanings in owners.items()}


def search(word: str) -> list[Loss]:
    """Find the losses whose id, aliases, names elsewhere, task, kind or summary hold a word, in any case.

    It must start where a word does, or a capital: KL is in ``KLDivLoss``, and not in ``sklearn``.

    Examples
    --------
    >>> [loss.id for loss in search("surprisal")], [loss.id for loss in search("HuberLoss")]
    (['self_information'], ['huber'])
    """
    wanted = re.compile(rf"(?:(?<![^\W_])|(?=[A-Z]))(?i:{re.escape(_fold(word))})")
    return [loss for loss in LOSSES.values() if any(wanted.search(text.replace("-", "_")) for text in _texts(loss))]


def _texts(loss: Loss) -> tuple[str, ...]:
    return (loss.id, *loss.aliases, *loss.elsewhere, loss.task, str(loss.kind), loss.summary)


def _names_elsewhere(loss: Loss) -> set[str]:
    """Give the loss's names in other libraries without arguments: in full, and without the library."""
    full = [_fold(text.partition("(")[0]) for text in loss.elsewhere]
    return {*full, *(re.split(r"\.|: ", name)[-1] for name in full)}


def _fold(name: str) -> str:
    return name.strip().casefold().replace("-", "_")


def _names() -> dict[str, Loss]:
    return {name: loss for loss in LOSSES.values() for name in (loss.id, *loss.aliases)}


def _flag(name: str, meanings: Mapping[str, Sequence[str]], *, is_switch: bool) -> Flag:
    """Tell what a flag means for the first loss that has it, and which others have it: to tell all takes a page."""
    (meaning, first), *rest = meanings.items()
    others = [one for _, ids in rest for one in ids]
    text = f"{meaning}: {', '.join(first)}" + (f"; also of {', '.join(others)}" if others else "")
    return Flag(name, text, (*first, *others), is_switch)


def _split(text: str) -> list[str]:
    """Split at the commas outside parentheses."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        if character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [part.strip() for part in (*parts, text[start:])]


def _parse(text: str) -> list[_Item]:
    items: list[_Item] = []
    for part in _split(text):
        if _fold(part) == ALL:
            items.extend(_Item(loss, {}) for loss in LOSSES.values())
        else:
            items.append(_parse_item(part, text))
    return items


def _parse_item(part: str, text: str) -> _Item:
    name, opening, rest = part.partition("(")
    if not name.strip():
        raise UsageError(f"a loss has no name in {text!r}", "write a list without spaces or empty places: mae,mse")
    loss = find(name)
    if not opening:
        return _Item(loss, {}, name.strip())
    inside, closing, after = rest.rpartition(")")
    if not closing or after.strip() or "(" in inside or ")" in inside:
        raise UsageError(f"the parentheses of {part!r} do not match", f"write {_pattern(loss)}")
    return _Item(loss, _parse_values(loss, inside) if inside.strip() else {}, name.strip())


def _parse_values(loss: Loss, inside: str) -> Mapping[str, Sequence[str]]:
    values: dict[str, list[str]] = {}
    current: list[str] | None = None
    for piece in _split(inside):
        name, equals, value = piece.partition("=")
        if equals:
            param = _param(loss, name)
            if param.name in values:
                raise UsageError(f"{loss.id}: parameter {param.name} is given twice", f"write {_pattern(loss)}")
            current = values[param.name] = [value]
        elif current is None:
            raise UsageError(f"{loss.id}: {piece!r} does not say which parameter it is", f"write {_pattern(loss)}")
        else:
            current.append(piece)
    return values


def _param(loss: Loss, name: str) -> Param:
    param = loss.param(_fold(name))
    if param is None:
        known = ", ".join(param.name for param in loss.params)
        cure = f"its parameters: {known}" if known else f"{loss.id} has none: write --loss {loss.id}"
        raise UsageError(f"{loss.id} has no parameter {name.strip()!r}", cure)
    return param


def _pattern(loss: Loss) -> str:
    """Show how the loss is written."""
    return f"--loss '{loss.choose().label}'"


def _refuse_unused(flags: Mapping[str, Sequence[str]], items: Sequence[_Item]) -> None:
    known = parameters()
    for name, texts in flags.items():
        if name not in known:
            raise UsageError(f"no loss has a parameter {name!r}", "`lossctl show LOSS` lists those of a loss")
        if all(item.loss.param(name) is None for item in items):
            chosen = ", ".join(dict.fromkeys(item.loss.id for item in items))
            problem = f"--{name} is for {', '.join(known[name].losses)}, not for {chosen}"
            raise UsageError(problem, _cure_of_flag(name, ",".join(texts), items))


def _cure_of_flag(name: str, text: str, items: Sequence[_Item]) -> str:
    """Return which parameter of the chosen losses is meant by the name of another, or which column by a letter."""
    from lossctl.losses.other_names import FLAGS_ELSEWHERE

    flag = name.replace("_", "-")
    if name in _COLUMNS and not _NUMBER.fullmatch(text):
        return f"a column is named with one dash: -{flag} {text}"
    for item in items:
        for other in FLAGS_ELSEWHERE.get(name, ()):
            param = item.loss.param(other)
            if param is not None and _takes(param, text):
                return f"{item.loss.id} calls it --{other.replace('_', '-')}: --{other.replace('_', '-')} {text}"
    return f"drop --{flag}"


def _takes(param: Param, text: str) -> bool:
    try:
        return all(param.parse(each) is not None for each in _split(text))
    except UsageError:
        return False


def _expand(item: _Item, flags: Mapping[str, Sequence[str]]) -> Iterable[ChosenLoss]:
    """Give the product of an item's values, the first parameter varying slowest."""
    values = dict(item.values)
    for name, texts in flags.items():
        if item.loss.param(name) is None:
            continue
        if name in values:
            problem = f"{item.loss.id}: {name} is given both in the name and as --{name}"
            raise UsageError(problem, "give it one way")
        values[name] = texts
    read = [[_read(item.loss, name, text) for text in texts] for name, texts in values.items()]
    chosen = (item.loss.choose(**dict(zip(values, one, strict=True))) for one in itertools.product(*read))
    return [replace(one, typed=item.typed) for one in chosen]


def _read(loss: Loss, name: str, text: str) -> Value:
    try:
        return _param(loss, name).parse(text)
    except UsageError as error:
        raise UsageError(f"{loss.id}: {error.problem}", error.cure or f"write {_pattern(loss)}") from None
