"""The keys of a configuration, their types, and the JSON Schema that editors check it by. Imports core and gates."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from inspect import getdoc
from types import MappingProxyType
from typing import Any

from lossctl.core.errors import UsageError
from lossctl.core.escape import visible
from lossctl.core.settings import Options
from lossctl.gates.decide import Test
from lossctl.gates.settings import CORRECTIONS, NONFINITE, CheckOptions

__all__ = ["CHOICES", "KEYS", "Key", "checked", "schema"]


class Key(StrEnum):
    """What a key holds."""

    TEXT = "a text"
    TEXTS = "a text or a list of texts"
    PATH = "a path"
    NUMBER = "a finite number"
    NUMBERS = "a list of finite numbers"
    WHOLE = "a whole number"
    FLAG = "true or false"
    CHOICE = "one of its words"
    WEIGHTS = "a table of numbers"
    REPORTS = "a table of file names by format"
    GATES = "a list of gates: texts, or tables with gate and test"
    WAIVERS = "a list of tables with gate, baseline and reason"


KEYS: Mapping[str, Key] = MappingProxyType(
    {
        "source": Key.PATH,
        "gates": Key.GATES,
        "baseline": Key.PATH,
        "baseline_prediction": Key.TEXT,
        "key": Key.TEXTS,
        "targets": Key.PATH,
        "unmatched": Key.CHOICE,
        "target": Key.TEXT,
        "prediction": Key.TEXT,
        "scale": Key.TEXT,
        "levels": Key.NUMBERS,
        "group": Key.TEXT,
        "weight": Key.TEXT,
        "positive": Key.TEXT,
        "classes": Key.TEXTS,
        "class_weights": Key.WEIGHTS,
        "ignore_label": Key.TEXT,
        "where": Key.TEXT,
        "null": Key.TEXTS,
        "clip": Key.NUMBER,
        "normalize": Key.FLAG,
        "delimiter": Key.TEXT,
        "decimal": Key.TEXT,
        "skip": Key.WHOLE,
        "input_format": Key.TEXT,
        "level": Key.NUMBER,
        "test": Key.CHOICE,
        "correction": Key.CHOICE,
        "min_n": Key.WHOLE,
        "nonfinite": Key.CHOICE,
        "max_omitted": Key.NUMBER,
        "allow_inverted": Key.FLAG,
        "cluster": Key.TEXT,
        "block": Key.WHOLE,
        "horizon": Key.WHOLE,
        "hac": Key.TEXT,
        "waive": Key.WAIVERS,
        "explain": Key.FLAG,
        "calibrate": Key.FLAG,
        "fail_unsure": Key.FLAG,
        "sequential": Key.FLAG,
        "reports": Key.REPORTS,
    }
)
CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "unmatched": ("error", "drop"),
        "test": tuple(each.value for each in Test),
        "correction": CORRECTIONS,
        "nonfinite": NONFINITE,
    }
)
_OWN_WORDS = {
    "source": "The predictions: a path or a glob inside the folder of this file.",
    "gates": "What must hold: 'mse <= 0.3', or {gate = 'delta(mse) <= 1%', test = 'noninferior'}.",
    "baseline": "What deltas are taken from: a file of predictions, or git:REVISION:PATH.",
    "reports": "Reports to write into lossctl-reports/ beside this file: {junit = 'gates.xml'}.",
}
_SHORT = 80
_WAIVER = ("gate", "baseline", "reason")


def checked(name: str, value: Any, where: str) -> Any:
    """Check the type of a value, and give it as `lossctl.check` takes it.

    Raises
    ------
    UsageError
        Where it is of another type.
    """
    key = KEYS[name]
    if not _IS[key](value):
        raise UsageError(f"{where}: {visible(repr(value))[:_SHORT]} is not {key}", _cure(name))
    if key is Key.CHOICE and value not in CHOICES[name]:
        raise UsageError(f"{where}: there is no {visible(value)!r}", _cure(name))
    if key is Key.TEXTS:
        return (value,) if isinstance(value, str) else tuple(value)
    if key is Key.GATES:
        return tuple(_gate(each, where) for each in value)
    if key is Key.WAIVERS:
        return tuple(_entries(each, _WAIVER, where) for each in value)
    return value


def _cure(name: str) -> str:
    return f"one of {', '.join(CHOICES[name])}" if name in CHOICES else f"{name} takes {KEYS[name]}"


def _gate(given: Any, where: str) -> tuple[str, str | None]:
    if isinstance(given, str):
        return given, None
    found = _entries(given, ("gate",), where, ("test",))
    if "test" in found and found["test"] not in CHOICES["test"]:
        raise UsageError(f"{where}: there is no test {visible(found['test'])!r}", _cure("test"))
    return found["gate"], found.get("test")


def _entries(
    given: Mapping[str, Any], needed: tuple[str, ...], where: str, also: tuple[str, ...] = ()
) -> dict[str, str]:
    for name, value in given.items():
        if name not in (*needed, *also):
            raise UsageError(f"{where}: there is no key {visible(name)!r}", f"the keys: {', '.join((*needed, *also))}")
        if not isinstance(value, str):
            raise UsageError(f"{where}: {name} is not a text", "put it in quotes")
    for name in needed:
        if name not in given:
            raise UsageError(f"{where}: a table without {name}", f"it needs {', '.join(needed)}")
    return dict(given)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) <= sys.float_info.max  # so no NaN, and no whole number that is past every float


def _all(value: Any, kind: Any) -> bool:
    return isinstance(value, list) and all(map(kind, value))


def _tables_of(value: Any, kind: Any) -> bool:
    return isinstance(value, dict) and all(map(kind, value.values()))


_IS: Mapping[Key, Callable[[Any], bool]] = {
    Key.TEXT: _is_text,
    Key.PATH: _is_text,
    Key.CHOICE: _is_text,
    Key.TEXTS: lambda value: _is_text(value) or _all(value, _is_text),
    Key.NUMBER: _is_number,
    Key.NUMBERS: lambda value: _all(value, _is_number),
    Key.WHOLE: lambda value: isinstance(value, int) and not isinstance(value, bool),
    Key.FLAG: lambda value: isinstance(value, bool),
    Key.WEIGHTS: lambda value: _tables_of(value, _is_number),
    Key.REPORTS: lambda value: _tables_of(value, _is_text),
    Key.GATES: lambda value: _all(value, lambda each: isinstance(each, str | dict)),
    Key.WAIVERS: lambda value: _all(value, lambda each: isinstance(each, dict)),
}


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the table ``[check]`` of ``lossctl.toml``, made from the keys.

    Examples
    --------
    >>> schema()["properties"]["check"]["properties"]["correction"]["enum"]
    ['holm', 'none']
    """
    properties = {name: {**_shape(name, key), "description": _words(name)} for name, key in KEYS.items()}
    table = {"type": "object", "additionalProperties": False, "properties": properties}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "lossctl.toml",
        "description": "In pyproject.toml the same table is [tool.lossctl.check].",
        "type": "object",
        "additionalProperties": False,
        "properties": {"check": table},
    }


def _shape(name: str, key: Key) -> dict[str, Any]:
    text, number = {"type": "string"}, {"type": "number"}
    shapes: dict[Key, dict[str, Any]] = {
        Key.TEXT: text,
        Key.PATH: text,
        Key.TEXTS: {"anyOf": [text, {"type": "array", "items": text}]},
        Key.NUMBER: number,
        Key.NUMBERS: {"type": "array", "items": number},
        Key.WHOLE: {"type": "integer"},
        Key.FLAG: {"type": "boolean"},
        Key.WEIGHTS: {"type": "object", "additionalProperties": number},
        Key.REPORTS: {"type": "object", "additionalProperties": text},
        Key.GATES: {"type": "array", "items": {"anyOf": [text, _object(("gate",), {"test": _choice("test")})]}},
        Key.WAIVERS: {"type": "array", "items": _object(_WAIVER, {})},
    }
    return _choice(name) if key is Key.CHOICE else shapes[key]


def _choice(name: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(CHOICES[name])}


def _object(needed: tuple[str, ...], also: Mapping[str, Any]) -> dict[str, Any]:
    properties = {**{name: {"type": "string"} for name in needed}, **also}
    return {"type": "object", "additionalProperties": False, "required": list(needed), "properties": properties}


def _words(name: str) -> str:
    """Describe a key, in the words of the option that it sets."""
    if name in _OWN_WORDS:
        return _OWN_WORDS[name]
    for options in (CheckOptions, Options):
        lines = (getdoc(options) or "").splitlines()
        if name in lines:
            place = lines.index(name) + 1
            end = next((at for at in range(place, len(lines)) if not lines[at].startswith("    ")), len(lines))
            return " ".join(line.strip() for line in lines[place:end])
    raise KeyError(name)
