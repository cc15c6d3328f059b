"""Values as machines read them: full precision, nothing that is not finite. Imports core.

Floats are written by ``repr``: the shortest text that reads back as the same float64.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from io import StringIO
from typing import TYPE_CHECKING

from lossctl.core.escape import guarded, is_plain
from lossctl.core.results.view import Columnar, transposed

if TYPE_CHECKING:
    from lossctl.core.results.view import Field, Reportable, Scalar

__all__ = ["json_text", "scalar_text", "table"]

_UNSAFE = re.compile(r"[^\x20-\x7e\n]|(?<=#)#")
"""Inside JSON strings newlines are escaped already: one that is left stands between tokens."""


def json_text(value: object, indent: int | None = None) -> str:
    r"""Write a JSON value. A number that is not finite becomes ``null``, wherever it stands.

    Control characters, invisible characters, lone surrogates and the second of two ``#`` (a mark of CI commands)
    are written as ``\uXXXX``, so the text is plain UTF-8 and reads back the same.

    Examples
    --------
    >>> print(json_text({"a": [1.5, float("nan")], "b": "é\x9b"}))
    {"a": [1.5, null], "b": "é\u009b"}
    """
    try:
        text = _dumped(value, indent)
    except (TypeError, ValueError):  # a mapping that is no dictionary, or a number that is not finite
        text = _dumped(_finite(value), indent)
    inline = text.replace("\n", "")
    if inline.isascii() and inline.isprintable() and "##" not in text:  # as almost all is
        return text
    return _UNSAFE.sub(_escaped, text)


def _dumped(value: object, indent: int | None) -> str:
    if indent is None:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    text = StringIO()  # a list of the pieces of an indented text, as of json.dumps, takes several times its room
    text.writelines(json.JSONEncoder(indent=indent, ensure_ascii=False, allow_nan=False).iterencode(value))
    return text.getvalue()


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


def table(result: Reportable) -> Mapping[str, Field]:
    """Return the flat rows of a result by column, by the names of the fields.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> table(SimpleNamespace(records=lambda: [{"a": 1, "b": 2}, {"a": 3, "c": 4}]))
    {'a': [1, 3], 'b': [2, None], 'c': [None, 4]}
    """
    return result.columns() if isinstance(result, Columnar) else transposed(result.records())


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
