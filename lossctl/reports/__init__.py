"""Output formats: pure functions from a result to text. May import core alone.

A format is one module beside this file, found by its name, with ``render(result, options) -> str``. It is
imported when it is asked for and not before, so that printing JSON does not load what prints tables. What
formats share lives in the package `lossctl.reports.shared`, which is no format because it is a package.
"""

from __future__ import annotations

import errno
import os
import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING

from lossctl.core.errors import UsageError
from lossctl.core.results.repr import tables_by
from lossctl.reports.shared.options import RenderOptions
from lossctl.reports.shared.short import FOR_PEOPLE, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lossctl.core.results.view import Reportable

__all__ = ["RenderOptions", "canonical", "formats", "render", "unknown"]

_ORDER = ("table", "json", "jsonl", "csv", "tsv", "markdown", "latex", "html", "bare")
"""The order the command line documents. A format not named here follows, by name."""
_ALIASES = {"md": "markdown"}
_DEFAULT = RenderOptions()


def _for_notebooks(result: Reportable) -> str:
    from lossctl.reports.html import fragment

    return fragment(shortened(result), _DEFAULT)


tables_by(_for_notebooks)


def formats() -> tuple[str, ...]:
    """Return the names of the formats, without importing any.

    Examples
    --------
    >>> formats()[:4]
    ('table', 'json', 'jsonl', 'csv')
    """
    found = {module.name for module in pkgutil.iter_modules(__path__) if not module.ispkg}
    if not found:  # it passes over a folder that can't be read
        raise OSError(errno.EIO, os.strerror(errno.EIO), __path__[0])
    return (*(name for name in _ORDER if name in found), *sorted(found.difference(_ORDER)))


def canonical(name: str) -> str:
    """Return the name of a format that may be given by a short one.

    Examples
    --------
    >>> canonical("md"), canonical("json")
    ('markdown', 'json')
    """
    return _ALIASES.get(name, name)


def render(
    result: Reportable,
    format: str,  # noqa: A002 - the word of the flag and of the documentation
    options: RenderOptions = _DEFAULT,
) -> str:
    """Write a result as text.

    Parameters
    ----------
    result
        What to write.
    format
        One of `formats`. Those for people cut a text of more than 2,000 characters and say by how many; those for
        machines keep it.
    options
        How; formats for machines ignore it.

    Returns
    -------
    str
        The text, ending in one newline; empty where a format of one entry a line has no entry. The same result
        and options give the same text.

    Raises
    ------
    UsageError
        Where there is no such format.

    Examples
    --------
    >>> from lossctl.core.results.evaluations import Evaluations
    >>> print(render(Evaluations(()), "json"), end="")
    {
      "schema": "lossctl/eval/1",
      "version": "0.1.0",
      "results": [],
      "warnings": []
    }
    """
    known, name = formats(), canonical(format)
    if name not in known:
        raise unknown(name, known)
    if name in FOR_PEOPLE:
        result = shortened(result)
    text: str = import_module(f"{__name__}.{name}").render(result, options)
    return text


def unknown(name: str, known: Sequence[str]) -> UsageError:
    """Return the error of a name that no format has, with the nearest that some have."""
    from lossctl.core.names import meant

    return UsageError(f"no format is called {name!r}", meant(name, known) or f"the formats: {', '.join(known)}")
