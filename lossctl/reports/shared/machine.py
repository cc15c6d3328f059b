"""Values as machines read them: full precision, nothing that is not finite. Imports core.

Floats are written by ``repr``: the shortest text that reads back as the same float64.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from lossctl.core.escape import guarded, is_plain
from lossctl.core.view import Columnar, transposed

if TYPE_CHECKING:
    from lossctl.core.view import Reportable, Scalar

__all__ = ["column_texts", "json_text", "scalar_text", "table"]

_UNSAFE = re.compile(r"[^\x20-\x7e\n]|(?<=#)#")
"""Inside JSON strings newlines are escaped already: one that is left stands between tokens."""
_SIMPLE = re.compile(r"[0-9A-Za-z/][\x20\x21\x24-\x7e]*")
"""Text without hazard, as almost all is: it is found faster than what `lossctl.core.escape.guarded` looks for."""
_LONG = 10_000
"""A column from here on is worth what it takes to import Arrow."""
_SMALL, _LARGE = 1e-4, 1e16
"""Between these no float is written with a power of ten."""
_NEVER_SIMPLE = '"'
"""No such character is in such text."""


def json_text(value: object, indent: int | None = None) -> str:
    r"""Write a JSON value. A number that is not finite becomes ``null``, wherever it stands.

    Control characters, invisible characters, lone surrogates and the second of two ``#`` (a mark of CI commands)
    are written as ``\uXXXX``, so the text is plain UTF-8 and reads back the same.

    Examples
    --------
    >>> print(json_text({"a": [1.5, float("nan")], "b": "é\x9b"}))
    {"a": [1.5, null], "b": "é\u009b"}
    """
    text = json.dumps(_finite(value), indent=indent, ensure_ascii=False, allow_nan=False)
    return _UNSAFE.sub(_escaped, text)


def scalar_text(value: Scalar, also: str = "") -> str:
    """Write a field of a table: missing and not finite is empty, text is `guarded`.

    Parameters
    ----------
    value
        The field.
    also
        More characters to escape in text.

    Examples
    --------
    >>> [scalar_text(value) for value in (None, float("inf"), True, 3, 0.1, "=x")]
    ['', '', 'true', '3', '0.1', "'=x"]
    """
    if isinstance(value, float):
        # not repr(value): that of a NumPy float names its type
        return float.__repr__(value) if math.isfinite(value) else ""
    if value is None:
        return ""
    if isinstance(value, str):
        return _guarded(value, also)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


_guarded = lru_cache(2**12)(guarded)
"""The same few texts stand in every row of a long table."""


def table(result: Reportable) -> Mapping[str, Sequence[Scalar]]:
    """Give the flat rows of a result by column, by the names of the fields.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> table(SimpleNamespace(records=lambda: [{"a": 1, "b": 2}, {"a": 3, "c": 4}]))
    {'a': [1, 3], 'b': [2, None], 'c': [None, 4]}
    """
    return result.columns() if isinstance(result, Columnar) else transposed(result.records())


def column_texts(values: Sequence[Scalar], also: str = "") -> Sequence[str]:
    """Write a column of a table: as `scalar_text` each field, but long columns in a fraction of the time.

    Examples
    --------
    >>> column_texts([0.1, 2.0]), column_texts(["=x", "x"]), column_texts([1, None])
    (['0.1', '2.0'], ["'=x", 'x'], ['1', ''])
    """
    kinds = set(map(type, values))
    if kinds == {float} and all(map(math.isfinite, cast("Sequence[float]", values))):
        return _float_texts(cast("Sequence[float]", values))
    if kinds == {int}:
        alike = values.count(values[0]) == len(values)
        return [str(values[0])] * len(values) if alike else [*map(str, values)]
    if kinds <= {str, type(None)} and also in _NEVER_SIMPLE:
        texts = cast("Sequence[str | None]", values)
        if texts and texts.count(texts[0]) == len(texts):
            return [scalar_text(texts[0], also)] * len(texts)
        simple = _SIMPLE.fullmatch
        return [each if each and simple(each) else _guarded(each or "", also) for each in texts]
    return [scalar_text(each, also) for each in values]


def _float_texts(values: Sequence[float]) -> Sequence[str]:
    """Write finite floats as ``repr`` does.

    Arrow writes the same shortest digits in a third of the time, save that it has another way with powers of ten.
    """
    if len(values) < _LONG:
        return [*map(float.__repr__, values)]
    import arro3.core as arro

    texts = arro.Array(values, type=arro.DataType.float64()).cast(arro.DataType.utf8()).to_pylist()
    return [
        text if _SMALL <= value < _LARGE or -_LARGE < value <= -_SMALL or value == 0.0 else float.__repr__(value)
        for value, text in zip(values, texts, strict=True)
    ]


def _finite(value: object) -> object:
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (dict, Mapping)):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value


def _escaped(match: re.Match[str]) -> str:
    char = match[0]
    if is_plain(char) and char != "#":
        return char
    # above the first plane JSON writes a pair of surrogates
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
