"""Names of other libraries: which loss is meant, with which parameters, or how that library's number differs.

Loaded where a name is none of our own. Imports core and the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType

from lossctl.core.errors import UsageError
from lossctl.core.losses.elsewhere import UNCOMPARED, Elsewhere
from lossctl.core.losses.loss import Kind, Loss, Value
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.losses.table import LOSSES

__all__ = ["Arguments", "Named", "measure", "named", "names", "plain", "squashed", "unknown"]

Arguments = Mapping[str, Sequence[str]]
"""What stands in the parentheses after a name, as typed: the texts of each parameter's values, by its folded name."""

LIST_CURE = "`lossctl losses` lists every loss"
_MOST_NEAR = 3
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
_PREFIXES = (("torch.nn.functional.", "F."), ("keras.", "tf.keras."), ("torch.nn.", "nn."))
"""How programs write the beginning of a name."""
_ARGUMENTS = re.compile(r"(?P<name>[^()]+)(?:\((?P<inside>.*)\))?")
_SUFFIX = re.compile(r"@[^()]*$")
"""What XGBoost's metrics carry: ``tweedie-nloglik@1.5``."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a name of another library means here.

    Parameters
    ----------
    loss
        The loss of that number.
    params
        What that library takes unless told otherwise, where our default is another.
    renamed
        Our parameters by its names for them.
    used
        Arguments that chose the loss, and are no parameters of it.
    negated
        Whether that library gives minus the number.
    """

    loss: Loss
    params: Mapping[str, Value]
    renamed: Mapping[str, str]
    used: frozenset[str] = frozenset()
    negated: bool = False


@dataclass(frozen=True, slots=True)
class _Known:
    """One name of an entry: the arguments it asks for, how it is written, and whether it gives minus the number."""

    loss: Loss
    entry: Elsewhere
    wanted: Mapping[str, str]
    ways: frozenset[str]
    negated: bool


def squashed(name: str) -> str:
    """Return a name as names are compared: without case, blanks, hyphens and underscores.

    Examples
    --------
    >>> squashed("Huber_Loss"), squashed("lightgbm: l1")
    ('huberloss', 'lightgbm:l1')
    """
    return re.sub(r"[\s_-]", "", name.casefold())


def plain(name: str) -> str:
    """Return a name without its library and without what follows an ``@``.

    Examples
    --------
    >>> plain("sklearn.metrics.roc_auc_score"), plain("xgboost: ndcg@5"), plain("reg:gamma")
    ('roc_auc_score', 'ndcg', 'gamma')
    """
    return re.split(r"[.:]\s*", _SUFFIX.sub("", name))[-1]


def named(name: str, arguments: Arguments) -> Named | None:
    """Find the loss that a name of another library means; ``None`` where no library is known to call one so.

    Parameters
    ----------
    name
        The name as typed, in full (``torch.nn.HuberLoss``, ``lightgbm:huber``) or its end (``HuberLoss``).
    arguments
        What stands in parentheses after it.

    Raises
    ------
    UsageError
        Where that library's number is another one, or libraries mean different ones; it says how, and what to write.

    Examples
    --------
    >>> found = named("lightgbm:huber", {})
    >>> found.loss.id, dict(found.params)
    ('huber', {'delta': 0.9})
    """
    bare = _SUFFIX.sub("", name.strip())
    known = [each for each in _index().get(squashed(bare), ()) if each.entry.differs != UNCOMPARED]
    spelled = [each for each in known if bare in each.ways]
    hits = _fitting(spelled or known, arguments)
    if _SUFFIX.search(name):
        hits = [each for each in hits if each.entry.differs]
    if not hits:
        return _own(name)
    kinds = {(each.loss.id, tuple(each.entry.params.items())) for each in hits}
    first = hits[0]
    kinds -= {(first.loss.of_classes, ())}
    if len(kinds) > 1 or any(each.entry.differs for each in hits):
        raise _refused(name, hits)
    renamed = {theirs: ours for each in hits if each.loss is first.loss for theirs, ours in each.entry.renamed.items()}
    told = {key for each in (spelled or known) for key in each.wanted if not _takes(first, key)}
    used = frozenset(key for key in told & set(arguments) if key in first.wanted or _is_bool(arguments[key]))
    return Named(first.loss, first.entry.params, renamed, used, first.negated)


def unknown(name: str) -> UsageError:
    """Return the error that no loss is called so, and what is nearest: as a measure that is no loss, or as a slip.

    Examples
    --------
    >>> unknown("hubr").cure
    'did you mean huber? `lossctl losses` lists every loss'
    """
    return UsageError(f"no loss is called {name.strip()!r}", _nearest(name))


def _nearest(name: str) -> str:
    from lossctl.core.names import nearest, one_of
    from lossctl.losses.other_names import EMPTY_WORDS

    there = {each.loss.id: each.loss for each in _index().get(squashed(_SUFFIX.sub("", name)), ())}
    if meant := _other_spelling(name):
        return meant
    known = measure(name)
    if not there and known is not None:
        return known
    own = {each: loss for loss in LOSSES.values() for each in (loss.id, *loss.aliases)}
    for each in () if there else nearest(plain(name), own, empty=EMPTY_WORDS, most=len(own)):
        if own[each] not in there.values():
            there[each] = own[each]
    shown = _by_kind(there)
    return f"did you mean {one_of(shown)}? {LIST_CURE}" if shown else LIST_CURE


def _other_spelling(name: str) -> str | None:
    """Return how losses are written that are known, but put together by other signs; ``None``: some is not known.

    Examples
    --------
    >>> _other_spelling("mse;mae"), _other_spelling("huber:delta=1")
    ('write --loss mse,mae', "write --loss 'huber(delta=1)'")
    """
    several = re.split(r"[\s;|+&/]+", name.strip(" ;|+&/"))
    if len(several) > 1 and all(map(_is_known, several)):
        return f"write --loss {','.join(several)}"
    with_values = re.fullmatch(r"\s*(\w+)\s*[:@\[{/?]\s*(\w+\s*[=:]\s*[-+.\w]+)\s*[\]}]?\s*", name)
    if with_values is None or not _is_known(with_values[1]):
        return None
    name, param, value = with_values[1], *re.split(r"\s*[=:]\s*", with_values[2])
    return f"write --loss '{name}({param}={value})'"


def _is_known(name: str) -> bool:
    return squashed(name) in {squashed(each) for loss in LOSSES.values() for each in (loss.id, *loss.aliases)}


def measure(name: str) -> str | None:
    """Return what is nearest here to a measure that is no loss, by any library's name for it; ``None``: it is none.

    Examples
    --------
    >>> measure("sklearn.metrics.f1_score") == measure("f1_macro") == measure("F1")
    True
    """
    from lossctl.losses.other_names import AFFIXES, MEASURES

    measures = {squashed(each): cure for each, cure in MEASURES.items()}
    words = re.findall(r"[^\W_]+", plain(name).replace("-", "_"))
    while words:
        key = squashed("".join(words)).removeprefix("neg" if words[0].casefold() == "neg" else "")
        for each in (key, key.removesuffix("score"), key.removesuffix("loss")):
            if each in measures:
                return measures[each]
        if words.pop().casefold() not in AFFIXES:
            return None
    return None


def _by_kind(near: Mapping[str, Loss]) -> list[str]:
    """Name at most three losses: of each kind the first, and what it is of, where they are of several."""
    firsts: dict[Kind, str] = {}
    for name, loss in near.items():
        firsts.setdefault(loss.kind, f"{name} for {_KINDS[loss.kind]}")
    return [*(near if len(firsts) == 1 else firsts.values())][:_MOST_NEAR]


@cache
def names() -> tuple[str, ...]:
    """Return every name that ``--loss`` takes: ids, aliases, and those of libraries in full and by their ends.

    Examples
    --------
    >>> {"huber", "l1", "HuberLoss", "torch.nn.HuberLoss", "reg:squarederror", "neg_log_loss"} <= set(names())
    True
    """
    found = dict.fromkeys(name for loss in LOSSES.values() for name in (loss.id, *loss.aliases))
    for loss in LOSSES.values():
        for entry in loss.elsewhere:
            for name in entry.names:
                if "(" not in name:
                    found |= dict.fromkeys(each for each in (_end(name), name.replace(": ", ":")) if _is_taken(each))
    return tuple(found)


def _is_taken(name: str) -> bool:
    try:
        return named(name, {}) is not None
    except UsageError:
        return False


def _end(name: str) -> str:
    """Return the last part of a name, as a program that has imported it calls it."""
    library, colon, rest = name.partition(": ")
    return rest if colon else library.rpartition(".")[2]


@cache
def _index() -> Mapping[str, tuple[_Known, ...]]:
    """Return what is known under each way of writing a name of a library."""
    index: dict[str, list[_Known]] = {}
    for loss in LOSSES.values():
        for entry in loss.elsewhere:
            for name in entry.names:
                bare, wanted = _parted(name)
                ways = frozenset(_ways(bare))
                known = _Known(loss, entry, wanted, ways, name in entry.negated.split())
                for way in {squashed(way) for way in ways}:
                    index.setdefault(way, []).append(known)
    return MappingProxyType({way: tuple(known) for way, known in index.items()})


def _parted(name: str) -> tuple[str, Mapping[str, str]]:
    """Part a name from the arguments that it is this loss with."""
    match = _ARGUMENTS.fullmatch(name)
    bare, inside = (name, None) if match is None else (match["name"], match["inside"])
    pairs = (each.partition("=") for each in (inside or "").split(","))
    return bare, {key.strip().casefold(): _value(value) for key, _, value in pairs if key.strip()}


def _is_bool(values: Sequence[str]) -> bool:
    return len(values) == 1 and _value(values[0]) in {"true", "false"}


def _value(text: str) -> str:
    return text.strip().strip("'\"").casefold()


def _ways(name: str) -> Iterator[str]:
    """Yield the ways in which a name is written: in full, and by its ends."""
    library, colon, rest = name.partition(": ")
    if colon:
        yield from (f"{library}:{rest}", rest)
        return
    parts = name.split(".")
    yield from (".".join(parts[place:]) for place in range(len(parts)))
    yield from (short + name.removeprefix(long) for long, short in _PREFIXES if name.startswith(long))


def _fitting(known: Sequence[_Known], arguments: Arguments) -> list[_Known]:
    """Return those whose arguments are given, if these say more than the name; else those that ask for none."""
    given = {key: _value(values[0]) for key, values in arguments.items() if len(values) == 1}
    bare = [each for each in known if not each.wanted]
    told = [each for each in known if each.wanted and each.wanted.items() <= given.items()]
    if told and not any(_takes(each, key) for each in bare for key in told[0].wanted):
        return told
    return bare


def _takes(known: _Known, key: str) -> bool:
    return known.loss.param(key) is not None or key in known.entry.renamed


def _own(name: str) -> Named | None:
    """Find a loss by its own name written without underscores, or with ``loss`` at its end."""
    own = {squashed(each): loss for loss in LOSSES.values() for each in (loss.id, *loss.aliases)}
    key = squashed(name)
    loss = own.get(key) or own.get(key.removesuffix("loss"))
    return None if loss is None else Named(loss, {}, {})


def _refused(name: str, hits: Sequence[_Known]) -> UsageError:
    """Return the error that a name means no number here, or several: how it differs, and a cure."""
    of: dict[tuple[str, str], list[str]] = {}
    for each in hits:
        names = of.setdefault((each.loss.id, each.entry.differs), [])
        names += [] if each.entry.name in names else [each.entry.name]
    if len(of) == 1:
        ((loss, differs),) = of
        return UsageError(
            f"{' and '.join(of[loss, differs])} differs from {loss} here: it {differs}", _cure(hits, name)
        )
    lines = [
        f"{', '.join(dict.fromkeys(map(_library, names)))}: {f'not {loss}, it {differs}' if differs else loss}"
        for (loss, differs), names in of.items()
    ]
    return UsageError(f"{name.strip()!r} is not one number: {'; '.join(lines)}", _cure(hits, name))


def _library(name: str) -> str:
    return name.partition(":")[0].partition(".")[0]


def _cure(hits: Sequence[_Known], name: str) -> str:
    from lossctl.core.names import one_of

    return f"write {one_of([*dict.fromkeys(_written(each, name) for each in hits)])}"


def _written(known: _Known, name: str) -> str:
    """Write a loss so that ``--loss`` takes it, with what follows an ``@``."""
    loss, suffix = known.loss, _SUFFIX.search(name)
    params = dict(known.entry.params)
    if suffix is not None and len(loss.params) == 1:
        params[loss.params[0].name] = suffix[0][1:]
    try:
        title = loss.choose(**params).title
    except UsageError:
        title = loss.choose(**known.entry.params).title
    return f"--loss '{title}'" if "(" in title else f"--loss {title}"
