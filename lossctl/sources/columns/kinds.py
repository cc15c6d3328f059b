"""The predictions of each kind of input: which columns make one, and how they are found where none is named.

Kinds that are not here take what `lossctl.sources.columns.bind` finds for any loss. Imports core and its own package.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import Kind, Role
from lossctl.core.settings import Settings
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.sources.columns.patterns import USUAL_NAMES, expand, require, spelled, usual
from lossctl.sources.names import listed

__all__ = [
    "KINDS",
    "Found",
    "alpha_of",
    "are_percent",
    "coverage_text",
    "level_of",
    "levels_of",
    "may_be_levels",
    "reads_as",
]

_LOCATIONS = (*USUAL_NAMES[Role.PREDICTION], "mu", "mean", "loc", "location", "prediction_mean")
_SCALES = ("scale", "sigma", "std", "sd", "stddev", "prediction_scale", "prediction_std", "pred_scale", "pred_std")
_SCALE_ENDINGS = ("scale", "sigma", "std", "sd")
_ENDS = (("lower", "upper"), ("low", "high"), ("lo", "hi"))
_MEMBERS = ("members", "ensemble")
_MEMBER_PREFIXES = ("member_", "m_", "ens_")
_QUANTILE_PREFIXES = ("q", "quantile")
_PERCENT_PREFIXES = (*_QUANTILE_PREFIXES, "p", "percentile")

_END_WORD = "(?:lower|upper|low|high|lo|hi)"
_BETWEEN = "[^0-9a-z]*(?:ci|pi)?[^0-9a-z]*"
_COVERAGES = (
    rf"(?<![a-z]){_END_WORD}{_BETWEEN}(?P<level>\d+(?:\.\d+)?)(?![0-9a-z])",
    rf"(?<![0-9a-z.])(?:ci|pi)?(?P<level>\d+(?:\.\d+)?)%?{_BETWEEN}{_END_WORD}(?![a-z])",
)
"""The number beside the word for an end: ``lo-90``, ``lower_90``, ``ci_95_upper``, ``0.9_hi``. Compiled where used."""
_LEAST_PERCENT = (10, 50)
"""Below, a whole number beside an end is another thing, such as a horizon: after the word, and before it."""

_PAIR, _PERCENT = 2, 100
_NUMBER = re.compile(r"(?:\d+\.\d*|\.\d+|\d+(?=[eE]-\d))(?:[eE]-?\d+)?")
"""A decimal number: it has a point or a negative exponent, so that ``q05`` and ``model2`` hold none."""
_PERCENT_NAME = re.compile(r"(?P<start>.*?)[ _=-]*(?P<number>\d+(?:\.\d+)?)%?")
_HALF, _TWO_DIGITS = 50, 10


@dataclass(frozen=True, slots=True)
class Found:
    """The columns of one model's prediction.

    Parameters
    ----------
    model
        What a result calls the model.
    text
        The columns as a person names them.
    columns
        Their names in order.
    levels, order
        As in `lossctl.core.rows.block.Binding`.
    """

    model: str
    text: str
    columns: tuple[str, ...]
    levels: tuple[float, ...] = ()
    order: tuple[int, ...] = ()


def level_of(name: str) -> float | None:
    """Read the level of a quantile from the name of its column: the last decimal number in it.

    Examples
    --------
    >>> level_of("q0.05"), level_of("model2_q_0.5"), level_of("q05")
    (0.05, 0.5, None)
    """
    found = _NUMBER.findall(name)
    return float(found[-1]) if found else None


def levels_of(columns: Sequence[str]) -> tuple[float | None, ...]:
    """Read the levels of quantiles from the names of their columns: decimal numbers, or percentages.

    Examples
    --------
    >>> levels_of(["q0.05", "q0.5"]), levels_of(["q10", "q50", "q90"]), levels_of(["q1", "q2", "q3"])
    ((0.05, 0.5), (0.1, 0.5, 0.9), (None, None, None))
    """
    return _percentages(columns) or tuple(level_of(name) for name in columns)


def are_percent(columns: Sequence[str]) -> bool:
    """Return whether names tell levels of quantiles as percentages, as those of ``q10`` and ``q90`` do."""
    return bool(_percentages(columns))


def may_be_levels(columns: Sequence[str]) -> bool:
    """Return whether names may tell levels of quantiles as percentages, and may number members: ``q1``, ``q2``, ``q3``.

    Examples
    --------
    >>> may_be_levels(["q1", "q2", "q3"]), may_be_levels(["q10", "q90"]), may_be_levels(["p_1", "p_2"])
    (True, False, False)
    """
    word, numbers = _numbered(columns)
    counts = word not in _QUANTILE_PREFIXES and _is_run(numbers)
    return bool(numbers) and not counts and not all(each < 1 for each in numbers) and not are_percent(columns)


def _percentages(columns: Sequence[str]) -> tuple[float, ...]:
    """Read levels that names tell as percentages; none where they may number something else.

    Numbers that follow one another may count members or classes. Others are percentages where each has its
    mirror, as 10 has 90; and where they have two digits or lie on both sides of 50. After ``p``, which begins the
    names of classes too, the latter takes both.
    """
    word, numbers = _numbered(columns)
    if not numbers or _is_run(numbers) or max(numbers) < 1:
        return ()
    around, long = 1 <= min(numbers) <= _HALF <= max(numbers), min(numbers) >= _TWO_DIGITS
    told = around or long if word in _QUANTILE_PREFIXES else around and long
    if not told and set(numbers) != {_PERCENT - each for each in numbers}:
        return ()
    return tuple(float(each / _PERCENT) for each in numbers)


def _numbered(columns: Sequence[str]) -> tuple[str, list[Decimal]]:
    """Return the word for a quantile that names begin with, all alike, and the different percentages after it."""
    parts = [_PERCENT_NAME.fullmatch(name) for name in columns]
    starts = {part["start"].lower() for part in parts if part}
    numbers = [Decimal(part["number"]) for part in parts if part]
    word = re.split(r"[^a-z]+", next(iter(starts), ""))[-1]
    differ = len(numbers) == len(columns) == len(set(numbers)) >= _PAIR
    fit = differ and len(starts) == 1 and word in _PERCENT_PREFIXES and all(0 < each < _PERCENT for each in numbers)
    return (word, numbers) if fit else ("", [])


def _is_run(numbers: Sequence[Decimal]) -> bool:
    """Return whether numbers follow one another, in any order."""
    return bool(numbers) and max(numbers) - min(numbers) == len(numbers) - 1


def alpha_of(columns: Sequence[str]) -> float | None:
    """Read from the names of an interval's ends which share of targets it may miss; ``None``: they do not tell.

    Names tell a coverage, ``lo-90`` and ``hi-90``, or the levels of the ends, ``q0.05`` and ``q0.95``, ``q5`` and
    ``q95``.

    Raises
    ------
    UsageError
        Where the two names tell different levels.

    Examples
    --------
    >>> alpha_of(["ARIMA-lo-90", "ARIMA-hi-90"]), alpha_of(["q0.05", "q0.95"]), alpha_of(["lo", "hi"])
    (0.1, 0.1, None)
    """
    if len(columns) != _PAIR:
        return None
    told = [_coverage(name) for name in columns]
    if told[0] is not None and told[0] == told[1]:
        return float(1 - told[0])
    ends = [_end_level(name) for name in columns]
    if None not in ends and sum(each for each in ends if each is not None) == 1 and ends[0] != ends[1]:
        return float(2 * min(each for each in ends if each is not None))
    decimals = {level_of(name) for name in columns}
    levels = len(decimals) == _PAIR and all(each is not None and 0.0 < each < 1.0 for each in decimals)
    if not levels and not any(told):  # a number that is no level, such as that of a version
        return None
    shown = " and ".join(f'"{name}"' for name in columns)
    cure = "name the two ends of one interval with -p LOWER,UPPER, or say its level with --alpha: 0.1 for 90 %"
    raise UsageError(f"the names of the columns {shown} tell two different levels", cure)


def coverage_text(alpha: float) -> str:
    """Write which share of targets an interval covers, by the share that it may miss.

    Examples
    --------
    >>> coverage_text(0.1)
    '90 %'
    """
    return f"{100.0 * (1.0 - alpha):.6g} %"


def _coverage(name: str) -> Decimal | None:
    """Read the coverage beside the word for an end: a share, or percent."""
    for pattern, least in zip(_COVERAGES, _LEAST_PERCENT, strict=True):
        found = re.search(pattern, name.lower())
        if found:
            number = Decimal(found["level"])
            if 0 < number < 1:
                return number
            if least <= number < _PERCENT:
                return number / _PERCENT
    return None


def _end_level(name: str) -> Decimal | None:
    """Read the level of an end: the last number in its name, in percent where it is not below 1."""
    found = re.findall(r"\d+(?:\.\d+)?|\.\d+", name)
    number = Decimal(found[-1]) if found else None
    return number if number is None or number < 1 else number / _PERCENT


def reads_as(columns: Sequence[str], settings: Settings) -> Kind | None:
    """Return of which kind several columns of a prediction are by their names; ``None``: they do not tell.

    Examples
    --------
    >>> reads_as(["q0.05", "q0.95"], Settings()).value, reads_as(["mu", "sigma"], Settings()).value
    ('quantiles', 'parametric')
    """
    if settings.levels and len(columns) in {1, len(settings.levels)}:
        return Kind.QUANTILES
    if len(columns) < _PAIR:  # a number in one name, such as that of a version, is not yet a level
        return Kind.QUANTILES if columns and _beginning(columns[0]) else None
    if all(0.0 < (level or 0.0) < 1.0 for level in levels_of(columns)):
        return Kind.QUANTILES
    if len(columns) == _PAIR and (columns[0], columns[1]) in _pairs_of_ends(columns):
        return Kind.INTERVAL
    if len(columns) == _PAIR and columns[1] in {*settings.scales, *_scales_of(columns[0], columns, alone=True)}:
        return Kind.PARAMETRIC
    return None


def _interval(names: Sequence[str], settings: Settings) -> list[Found]:
    """Bind a lower and an upper end."""
    if settings.predictions:
        return _as_named(names, settings)
    pairs = _pairs_of_ends(names)
    if len(pairs) == 1:
        text = ",".join(pairs[0])
        return [Found(text, text, pairs[0])]
    found = f"{len(pairs)} pairs of columns could be an interval: {'; '.join(map(', '.join, pairs))}"
    raise UsageError(
        found
        if pairs
        else "no two columns are called like the ends of an interval (such as lower and upper, lo and hi)",
        f"name them with -p LOWER,UPPER; the columns are {listed(names)}",
    )


def _pairs_of_ends(names: Sequence[str]) -> list[tuple[str, str]]:
    """Find columns whose names are the same but for a word: lower and upper, low and high, lo and hi."""
    by_lower = {name.strip().lower(): name for name in names}
    pairs = []
    for folded, name in by_lower.items():
        words = re.split(r"([^0-9a-z]+)", folded)
        for low, high in _ENDS:
            if low in words:
                partner = "".join(high if word == low else word for word in words)
                if partner in by_lower:
                    pairs.append((name, by_lower[partner]))
    return pairs


def _quantiles(names: Sequence[str], settings: Settings) -> list[Found]:
    """Bind quantiles in ascending order of their levels."""
    if settings.predictions:
        named = _as_named(names, settings)
    else:
        columns = _usual_quantiles(names)
        text = ",".join(columns)
        named = [Found(text, text, columns)]
    return [_with_levels(each, settings.levels) for each in named]


def _usual_quantiles(names: Sequence[str]) -> tuple[str, ...]:
    """Find the columns called q or quantile, with one beginning, and a level."""
    groups: dict[str, list[str]] = {}
    numbered: dict[str, list[str]] = {}
    for name in names:
        if start := _beginning(name):
            groups.setdefault(start, []).append(name)
        if part := _PERCENT_NAME.fullmatch(name):
            numbered.setdefault(part["start"], []).append(name)
    groups |= {start: group for start, group in numbered.items() if are_percent(group)}
    if len(groups) == 1:
        (group,) = groups.values()
        return tuple(name for _, name in sorted(zip(map(_known, levels_of(group)), group, strict=True)))
    found = "; ".join(", ".join(group) for group in groups.values())
    raise UsageError(
        f"{len(groups)} groups of columns could be quantiles: {found}"
        if groups
        else "no columns are called like quantiles (such as q0.05 and q0.95)",
        f"name them with a glob: -p 'q*'; the columns are {listed(names)}",
    )


def _known(level: float | None) -> float:
    return level or 0.0


def _beginning(name: str) -> str:
    """Return what stands before the level in a name such as ``model_q0.05``; empty where it says no quantile."""
    numbers = list(_NUMBER.finditer(name))
    start = name[: numbers[-1].start()].rstrip(" _-=") if numbers else ""
    return start if re.split(r"[^a-z]+", start.lower())[-1] in _QUANTILE_PREFIXES else ""


def _with_levels(found: Found, given: tuple[float, ...]) -> Found:
    """Return the columns with their levels, ascending; of a list column, the order that makes them so."""
    columns = found.columns
    if given and len(columns) not in {1, len(given)}:
        raise UsageError(
            f"-p {found.text} has {len(columns)} columns and --levels gives {len(given)}", "give a level for each"
        )
    levels = given or _percentages(columns) or tuple(_level(name) for name in columns)
    order = tuple(sorted(range(len(levels)), key=levels.__getitem__))
    ascending = tuple(levels[place] for place in order)
    if len(columns) == len(levels):
        twice = [place for place, level in enumerate(levels) if levels.count(level) > 1]
        if twice:
            names = ", ".join(f'"{columns[place]}"' for place in twice)
            raise UsageError(f"the columns {names} are of one level: {levels[twice[0]]!r}", "name each level once")
        return Found(found.model, found.text, tuple(columns[place] for place in order), ascending)
    return Found(found.model, found.text, columns, ascending, () if ascending == levels else order)


def _level(name: str) -> float:
    level = level_of(name)
    cure = "name columns such as q0.05, or give the levels in their order: --levels 0.05,0.5,0.95"
    if level is None:
        raise UsageError(f'the name of the column "{name}" holds no level of a quantile', cure)
    if not 0.0 < level < 1.0:
        raise UsageError(f'the level {level!r} of the column "{name}" is not between 0 and 1', cure)
    return level


def _parametric(names: Sequence[str], settings: Settings) -> list[Found]:
    """Bind a location and its scale."""
    texts = settings.predictions or (usual(Role.PREDICTION, names, _LOCATIONS),)
    scales = settings.scales
    if scales and len(scales) != len(texts):
        problem = f"--scale and -p must be as many, and are {len(scales)} and {len(texts)}"
        raise UsageError(problem, "give a --scale for each -p, in their order")
    found = []
    for place, text in enumerate(texts):
        columns = expand(text, names, "-p")
        if scales and len(columns) > 1:
            raise UsageError(f"-p {text} has {len(columns)} columns, and --scale another", "name the scale once")
        scale: str | None = None
        if scales:
            scale = scales[place]
            require(scale, names, "--scale")
        elif len(columns) == 1:
            scale = _usual_scale(columns[0], names, alone=len(texts) == 1)
        if scale is None:
            found.append(Found(text, text, columns))
        else:
            found.append(Found(text, f"{text},{scale}", (*columns, scale)))
    return found


def _usual_scale(location: str, names: Sequence[str], *, alone: bool) -> str | None:
    """Find the one column that is called like the scale of a location; ``None``: there is none."""
    found = [name for name in _scales_of(location, names, alone=alone) if name != location]
    if len(found) > 1:
        raise UsageError(
            f"{len(found)} columns could be the scale of {location}: {', '.join(found)}",
            f"choose one with --scale COLUMN; the columns are {listed(names)}",
        )
    return found[0] if found else None


def _scales_of(location: str, names: Sequence[str], *, alone: bool) -> list[str]:
    """Return the columns called like the scale of one location; else, where it is the only one, like any scale."""
    own = spelled([f"{location.strip().lower()}_{ending}" for ending in _SCALE_ENDINGS], names)
    return own or (spelled(_SCALES, names) if alone else [])


def _ensemble(names: Sequence[str], settings: Settings) -> list[Found]:
    """Bind the members of an ensemble."""
    if settings.predictions:
        return _as_named(names, settings)
    texts = spelled(_MEMBERS, names)
    texts += [f"{start}*" for start in _MEMBER_PREFIXES if any(name.startswith(start) for name in names)]
    if len(texts) == 1:
        return [Found(texts[0], texts[0], expand(texts[0], names, "-p"))]
    raise UsageError(
        f"{' and '.join(texts)} could be the members of an ensemble"
        if texts
        else "no columns are called like the members of an ensemble (such as member_1, m_1)",
        f"name them with a glob: -p 'm_*'; the columns are {listed(names)}",
    )


def _as_named(names: Sequence[str], settings: Settings) -> list[Found]:
    return [Found(text, text, expand(text, names, "-p")) for text in settings.predictions]


KINDS: Mapping[Kind, Callable[[Sequence[str], Settings], list[Found]]] = MappingProxyType(
    {
        Kind.INTERVAL: _interval,
        Kind.QUANTILES: _quantiles,
        Kind.PARAMETRIC: _parametric,
        Kind.ENSEMBLE: _ensemble,
    }
)
"""How the predictions of a kind are found among the names of columns."""
