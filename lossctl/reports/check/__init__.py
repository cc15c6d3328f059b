"""Output formats of a check alone, beside those of every result: pure functions from a `Checked` to text. Imports core.

One module a format, with ``render(checked, options) -> str``, as in `lossctl.reports`. A format of the same name there
gives way: the Markdown of a check is cut to what a step summary takes.
"""

from __future__ import annotations

import errno
import os
import pkgutil
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from lossctl import reports
from lossctl.reports.shared.clip import clip
from lossctl.reports.shared.options import RenderOptions

if TYPE_CHECKING:
    from lossctl.core.results.verdict import Checked, GateResult

__all__ = ["formats", "render"]

_DEFAULT = RenderOptions()
_FOR_PEOPLE = {"table", "markdown", "latex", "html"}
_MOST = 500
"""Characters of a text in a format for people: laying out one of a megabyte would take minutes."""


def _own() -> tuple[str, ...]:
    found = tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))
    if not found:  # it passes over a folder that can't be read
        raise OSError(errno.EIO, os.strerror(errno.EIO), __path__[0])
    return found


def formats() -> tuple[str, ...]:
    """Return the names of the formats a check can be written in, without importing any.

    Examples
    --------
    >>> formats()[0], formats()[-3:]
    ('table', ('github', 'junit', 'openmetrics'))
    """
    return tuple(dict.fromkeys((*reports.formats(), *_own())))


def render(
    checked: Checked,
    format: str,  # noqa: A002 - the word of the flag and of the documentation
    options: RenderOptions = _DEFAULT,
) -> str:
    """Write a check as text.

    Parameters
    ----------
    checked
        What to write.
    format
        One of `formats`.
    options
        How; formats for machines ignore it.

    Raises
    ------
    UsageError
        Where there is no such format.

    Examples
    --------
    >>> from lossctl.core.results.verdict import Checked
    >>> print(render(Checked(()), "github"), end="")
    ::error title=lossctl check::not evaluated: there are no gates
    """
    name = reports.canonical(format)
    if name not in formats():
        raise reports.unknown(name, formats())
    if name in _FOR_PEOPLE:
        checked = _short(checked)
    if name not in _own():
        return reports.render(checked, name, options)
    text: str = import_module(f"{__name__}.{name}").render(checked, options)
    return text


def _short(checked: Checked) -> Checked:
    gates = tuple(map(_short_gate, checked.gates))
    return replace(checked, gates=gates, warnings=tuple(clip(each, _MOST) for each in checked.warnings))


def _short_gate(each: GateResult) -> GateResult:
    texts = (each.gate, each.reason, *each.slice, *filter(None, each.slice.values()), *each.details)
    together = "".join(texts)
    if len(together) <= _MOST and together.isascii() and together.isprintable():  # as almost all are
        return each
    names = {clip(name, _MOST): None if value is None else clip(value, _MOST) for name, value in each.slice.items()}
    gate, reason = clip(each.gate, _MOST), clip(each.reason, _MOST)
    return replace(each, gate=gate, slice=names, reason=reason, details=tuple(clip(d, _MOST) for d in each.details))
