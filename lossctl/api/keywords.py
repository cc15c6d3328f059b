"""Errors in words of Python: what a command line says with flags, callers of the functions write as keywords.

Problems and cures are written once, for the command line. Imports core alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from lossctl.core.errors import LossctlError

__all__ = ["in_keywords", "said_in_keywords"]

_SPECIAL = {
    "-t": "target",
    "-p": "prediction",
    "--pred": "prediction",
    "--baseline-pred": "baseline_prediction",
    "-w": "weight",
    "-k": "key",
    "-l": "losses",
    "--loss": "losses",
    "-g": "gates",
    "--gate": "gates",
}
_SWITCHES = frozenset(
    "skill normalize bootstrap permutation explain calibrate fail_unsure sequential allow_inverted".split()  # noqa: SIM905 -- a table
)
_KEYWORDS = frozenset(
    """
    weight where nan null delimiter decimal skip input_format clip level positive classes class_weights ignore_label
    scale levels group by min_n key targets unmatched threads target quantiles seed resamples baseline cluster block
    horizon hac adjust test correction nonfinite max_omitted keep
    """.split()  # noqa: SIM905 -- a table
)
_LISTS = frozenset({"null", "classes", "levels", "quantiles"})
_NUMBERS = frozenset({"levels", "quantiles"})
_NO_VALUES = "is are needs takes gives divides moves pairs says leaves would and or in for on names widens cannot must"
"""What may follow a flag and is no value of it."""
_VALUE = rf"(?:[ =](?!(?:{'|'.join(_NO_VALUES.split())})\b)('[^']*'|\"[^\"]*\"|[^\s;:)(]*[^\s;:)(.,]|,(?![^\s])))?"
_FLAG = re.compile(rf"(?<![\w'-])(--[a-z][a-z-]*|-[tpwklg])(?![\w-]){_VALUE}")
_PROGRAM = re.compile(r"`?lossctl losses`?")


def in_keywords(text: str) -> str:
    """Write a problem or a cure with keywords in the place of flags.

    Examples
    --------
    >>> in_keywords("name it with -t COLUMN; if it is in another file: --targets FILE --key id")
    "name it with target=COLUMN; if it is in another file: targets=FILE, key='id'"
    >>> in_keywords("--skill divides by it; check that the right columns are bound (-t, -p)")
    'skill=True divides by it; check that the right columns are bound (target, prediction)'
    >>> in_keywords("of labels 1 to 3: --classes 1,2,3, or -p old -p new")
    "of labels 1 to 3: classes=['1', '2', '3'], or prediction=['old', 'new']"
    """
    text = _PROGRAM.sub("lossctl.list_losses()", text).replace("repeat -p", "give prediction a list")
    parts: list[str] = []
    written: tuple[str, list[str]] | None = None
    end = 0
    for found in _FLAG.finditer(text):
        name = _SPECIAL.get(found[1]) or found[1].removeprefix("--").replace("-", "_")
        if name not in _SWITCHES | _KEYWORDS | {*_SPECIAL.values()}:
            continue  # a parameter of a loss, which stands in its name
        between, given = text[end : found.start()], found[2]
        end = found.end() if given is not None and name not in _SWITCHES else found.end(1)
        values = [] if given is None or name in _SWITCHES else [_value(given)]
        if written is not None and between == " " and written[1] and written[0] == name and values:
            written[1].extend(values)
            parts[-1] = f"{name}=[{', '.join(written[1])}]"
            continue
        parts.append(", " if between == " " and written is not None else between)
        written = (name, values)
        parts.append(_assigned(name, given, values))
    return "".join((*parts, text[end:]))


def _assigned(name: str, given: str | None, values: list[str]) -> str:
    if name in _SWITCHES:
        return f"{name}=True"
    if given is None:
        return name
    if name in _LISTS:
        texts = given.strip("'\"").split(",") if len(given) > 1 else [given]
        return f"{name}=[{', '.join(map(_value if name in _NUMBERS else repr, texts))}]"
    return f"{name}={values[0]}"


def _value(text: str) -> str:
    """Write a value as Python does: a number or a placeholder as it is, a text in quotes."""
    if text[:1] in {"'", '"'} or re.fullmatch(r"[A-Z]{2,}", text):
        return text
    return text if re.fullmatch(r"-?\d+(\.\d*)?(e-?\d+)?", text) else repr(text)


def said_in_keywords(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let what a function raises name keywords, and not flags."""

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except LossctlError as error:
            error.say(in_keywords(error.problem), in_keywords(error.cure) if error.cure else error.cure)
            raise

    return called
