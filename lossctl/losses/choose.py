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
from dataclasses import field, replace

from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import ChosenLoss, Loss, Param, Value
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.losses.table import LOSSES

__all__ = ["ALL", "Flag", "choose", "find", "negated", "parameters", "search", "synonyms", "wants_all"]

ALL = "all"
"""The word that stands for every loss that fits the data."""

_LIST_CURE = "`lossctl losses` lists every loss"
_COLUMNS = frozenset({"k", "p"})
"""Parameters that a column has the letter of: -k and -p."""
_LONGEST = 80
"""How long a name may be that is shown as typed; it may come from a file of anyone's."""
_NUMBER = re.compile(r"[-+.\d,e]+")


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
    """One item of ``--loss``: the loss, the texts of each parameter's values, and what a library's name says.

    Parameters
    ----------
    loss
        The loss.
    values
        The texts of the values in parentheses, by our parameters.
    typed
        The name as typed; empty where it is to be shown by its id.
    params
        The defaults of the library whose name it is, where they are not ours.
    renamed
        Our parameters by that library's names.
    """

    loss: Loss
    values: Mapping[str, Sequence[str]]
    typed: str = ""
    params: Mapping[str, Value] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)

    def param(self, name: str, *, elsewhere: bool = True) -> Param | None:
        """Find a parameter by a library's name for it or by ours; ``None`` where the loss has none of that name.

        A name that libraries take for different parameters of this loss is none.
        """
        if name in self.renamed:
            return self.loss.param(self.renamed[name])
        if (own := self.loss.param(name)) is not None or not elsewhere:
            return own
        meant = {entry.renamed[name] for entry in self.loss.elsewhere if name in entry.renamed}
        meant = meant or {ours for ours in _meanings().get(name, ()) if self.loss.param(ours) is not None}
        return self.loss.param(meant.pop()) if len(meant) == 1 else None


def find(name: str) -> Loss:
    """Find a loss by id, by alias, or by the name of another library for the same number.

    Raises
    ------
    UsageError
        Where no loss is called so; the cure names the nearest. Where that library's number is another one, it says how.

    Examples
    --------
    >>> find("L1").id, find("cross-entropy").id, find("torch.nn.CrossEntropyLoss").id
    ('mae', 'cross_entropy', 'softmax_cross_entropy')
    """
    return _item(name, {}).loss


def negated(chosen: ChosenLoss) -> bool:
    """Whether the name that a loss was chosen by is, in its library, minus the loss: ``neg_log_loss``.

    Examples
    --------
    >>> [negated(chosen) for chosen in choose(["neg_log_loss,mse"])]
    [True, False]
    """
    if not chosen.typed.casefold().startswith("neg"):
        return False
    from lossctl.losses.naming import named

    found = named(chosen.typed, {})
    return found is not None and found.negated


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
    ours = {name: any(item.param(name, elsewhere=False) is not None for item in items) for name in typed}
    given = {name: (texts, not ours[name]) for name, texts in typed.items()}  # where a loss has it, it is no synonym
    chosen = [one for item in items for one in _expand(item, given)]
    return list(dict.fromkeys(chosen))


def wants_all(texts: Iterable[str]) -> bool:
    """Return whether the word ``all`` is among what was typed for ``--loss``.

    Examples
    --------
    >>> wants_all(["mae", "ALL"]), wants_all(["mae,mse"])
    (True, False)
    """
    return any(_fold(item) == ALL for text in texts for item in _split(text))


def parameters() -> Mapping[str, Flag]:
    """Return every parameter of the registry as a flag, in the registry's order.

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


def synonyms() -> Mapping[str, str]:
    """Return the names of other libraries for parameters, which no loss here has, each with ours.

    Examples
    --------
    >>> synonyms()["fair_c"]
    'c'
    """
    return {name: " or --".join(ours) for name, ours in _meanings().items()}


def _meanings() -> Mapping[str, Sequence[str]]:
    """Return which parameters other libraries call by a name that none of ours has; letters are too many things."""
    own = {param.name for loss in LOSSES.values() for param in loss.params}
    found: dict[str, list[str]] = {}
    for loss in LOSSES.values():
        for entry in loss.elsewhere:
            for theirs, ours in entry.renamed.items():
                if theirs not in own and len(theirs) > 1 and ours not in found.setdefault(theirs, []):
                    found[theirs].append(ours)
    return {name: ours for name, ours in found.items() if ours}


def search(word: str) -> list[Loss]:
    """Find the losses whose names, here or elsewhere, task, kind or summary hold a word, in any case.

    It must start where a word does, or a capital: KL is in ``KLDivLoss``, and not in ``sklearn``. Blanks, hyphens and
    underscores are alike. Where nothing holds all of it, words such as "loss" and the s of a plural count for nothing.

    Examples
    --------
    >>> [loss.id for loss in search("surprisal")], [loss.id for loss in search("HuberLoss")]
    (['self_information'], ['huber'])
    >>> "quantile" in [loss.id for loss in search("pinball losses")]
    True
    """
    found = _holding([_joined(word)])
    if not found and (item := _known(word)) is not None:
        return [item.loss]
    if not found:
        from lossctl.losses.other_names import EMPTY_WORDS

        words = [each.removesuffix("s") for each in _joined(word).split("_") if each not in EMPTY_WORDS]
        found = _holding([each for each in words if each]) if any(words) else []
    return found


def _holding(words: Sequence[str]) -> list[Loss]:
    """Find the losses of whose texts each word begins a word."""
    wanted = [re.compile(rf"(?:(?<![^\W_])|(?=[A-Z]))(?i:{re.escape(each)})") for each in words]
    texts = {loss.id: [re.sub(r"[\s-]+", "_", each) for each in _texts(loss)] for loss in LOSSES.values()}
    return [LOSSES[name] for name, held in texts.items() if all(any(map(each.search, held)) for each in wanted)]


def _known(name: str) -> _Item | None:
    try:
        return _item(name, {})
    except UsageError:
        return None


def _texts(loss: Loss) -> tuple[str, ...]:
    elsewhere = (name for entry in loss.elsewhere for name in entry.names)
    return (loss.id, *loss.aliases, *elsewhere, loss.task, str(loss.kind), loss.summary)


def _joined(text: str) -> str:
    return re.sub(r"[\s_-]+", "_", text.strip().casefold())


def _fold(name: str) -> str:
    return name.strip().casefold().replace("-", "_")


def _names() -> dict[str, Loss]:
    return {name: loss for loss in LOSSES.values() for name in (loss.id, *loss.aliases)}


def _flag(name: str, meanings: Mapping[str, Sequence[str]], *, is_switch: bool) -> Flag:
    """Return what a flag means for the first loss that has it, and which others have it: to tell all takes a page."""
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
    inside, closing, after = rest.rpartition(")")
    if opening and (not closing or after.strip() or "(" in inside or ")" in inside):
        raise UsageError(f"the parentheses of {part!r} do not match", f"write {_pattern(find(name))}")
    return _item(name, _arguments(name, inside))


def _arguments(name: str, inside: str) -> Mapping[str, Sequence[str]]:
    """Read what stands in parentheses: the texts of each parameter's values, by its name as typed."""
    arguments: dict[str, list[str]] = {}
    current: list[str] | None = None
    for piece in _split(inside) if inside.strip() else ():
        key, equals, value = piece.partition("=")
        if equals:
            if _fold(key) in arguments:
                loss = find(name)
                raise UsageError(f"{loss.id}: parameter {_fold(key)} is given twice", f"write {_pattern(loss)}")
            current = arguments[_fold(key)] = [value]
        elif current is None:
            loss = find(name)
            problem = f"{loss.id}: {piece!r} does not say which parameter it is"
            raise UsageError(problem, f"write {_pattern(loss)}")
        else:
            current.append(piece)
    return arguments


def _item(name: str, arguments: Mapping[str, Sequence[str]]) -> _Item:
    """Find the loss that a name means with what stands in parentheses after it."""
    typed = name.strip()
    if (own := _names().get(_fold(name))) is not None:
        return _with_values(_Item(own, {}, typed), arguments)
    from lossctl.losses.naming import named, unknown

    found = named(typed, arguments)
    if found is None:
        raise unknown(typed)
    shadowed = any(found.loss.param(theirs) is not None for theirs in found.renamed)
    shown = "" if found.used or shadowed or len(typed) > _LONGEST else typed
    rest = {key: values for key, values in arguments.items() if key not in found.used}
    return _with_values(_Item(found.loss, {}, shown, found.params, found.renamed), rest)


def _with_values(item: _Item, arguments: Mapping[str, Sequence[str]]) -> _Item:
    values: dict[str, Sequence[str]] = {}
    for key, texts in arguments.items():
        param = item.param(key)
        if param is None:
            raise _no_parameter(item.loss, key)
        if param.name in values:
            raise UsageError(f"{item.loss.id}: parameter {param.name} is given twice", f"write {_pattern(item.loss)}")
        values[param.name] = texts
    return replace(item, values=values)


def _no_parameter(loss: Loss, name: str) -> UsageError:
    known = ", ".join(param.name for param in loss.params)
    cure = f"its parameters: {known}" if known else f"{loss.id} has none: write --loss {loss.id}"
    bases = {each.partition("(")[0] for entry in loss.elsewhere for each in entry.names}
    for other in LOSSES.values():  # where libraries have an argument, there may be a loss of its own: from_logits
        told = [each.partition("(") for entry in other.elsewhere for each in entry.names if f"({name}=" in each]
        if other is not loss and any(base in bases for base, _, _ in told):
            cure = f"write --loss {other.id}"
    return UsageError(f"{loss.id} has no parameter {name.strip()!r}", cure)


def _pattern(loss: Loss) -> str:
    """Show how the loss is written."""
    return f"--loss '{loss.choose().label}'"


def _refuse_unused(flags: Mapping[str, Sequence[str]], items: Sequence[_Item]) -> None:
    for name, texts in flags.items():
        if any(item.param(name) is not None for item in items):
            continue
        known, chosen = parameters(), ", ".join(dict.fromkeys(item.loss.id for item in items))
        if name in (others := synonyms()):
            raise UsageError(f"--{name} is another name of --{others[name]}, not for {chosen}", f"drop --{name}")
        if name not in known:
            raise UsageError(f"no loss has a parameter {name!r}", "`lossctl show LOSS` lists those of a loss")
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


def _expand(item: _Item, flags: Mapping[str, tuple[Sequence[str], bool]]) -> Iterable[ChosenLoss]:
    """Yield the product of an item's values, the first parameter varying slowest.

    Beside the texts of a flag stands whether other libraries' names for a parameter count.
    """
    values = dict(item.values)
    for name, (texts, elsewhere) in flags.items():
        param = item.param(name, elsewhere=elsewhere)
        if param is None:
            continue
        if param.name in values:
            problem = f"{item.loss.id}: {param.name} is given both in the name and as --{name}"
            raise UsageError(problem, "give it one way")
        values[param.name] = texts
    read = [[_read(item.loss, name, text) for text in texts] for name, texts in values.items()]
    for one in itertools.product(*read):
        yield replace(item.loss.choose(**{**item.params, **dict(zip(values, one, strict=True))}), typed=item.typed)


def _read(loss: Loss, name: str, text: str) -> Value:
    try:
        param = loss.param(name)
        return None if param is None else param.parse(text)
    except UsageError as error:
        raise UsageError(f"{loss.id}: {error.problem}", error.cure or f"write {_pattern(loss)}") from None
