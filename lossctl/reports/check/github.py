"""Annotations of GitHub Actions: a line per gate that did not pass, where it is written. Imports core, shared reports.

A gate that is unsure is a warning, and an error where the check does not let it pass.

GitHub shows ten errors and ten warnings of a step: after nine there is one that says how many more there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossctl.core.errors import ExitCode
from lossctl.core.results.verdict import Verdict
from lossctl.reports.shared.clip import clip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lossctl.core.results.verdict import Checked, GateResult
    from lossctl.reports.shared.options import RenderOptions

__all__ = ["render"]

_SHOWN = 9
_MOST_TITLE, _MOST_MESSAGE = 120, 2000
_TITLES = {
    Verdict.FAIL: "gate failed",
    Verdict.NOT_EVALUATED: "gate not evaluated",
    Verdict.INCONCLUSIVE: "gate inconclusive",
    Verdict.UNSURE: "gate unsure",
}


def render(checked: Checked, options: RenderOptions) -> str:
    """Write the errors, failures first, then the warnings; nothing where all passed and nothing is said.

    Examples
    --------
    >>> from lossctl.core.results.verdict import Checked, GateResult, Place, Verdict
    >>> from lossctl.reports.shared.options import RenderOptions
    >>> place = Place("pyproject.toml", 12)
    >>> gate = GateResult("mse <= 0.3", Verdict.FAIL, {}, 0.31, 0.3, None, 442, "0.31 > 0.3", place)
    >>> print(render(Checked((gate,)), RenderOptions()), end="")
    ::error file=pyproject.toml,line=12,title=gate failed::mse <= 0.3: 0.31 > 0.3
    """
    del options  # for people
    said = [each for each in checked.worst_first if each.verdict in _TITLES]
    unsure = [] if checked.fail_unsure else [each for each in said if each.verdict is Verdict.UNSURE]
    errors = [_annotation("error", each) for each in said if each not in unsure]
    if not errors and checked.exit_code is not ExitCode.OK:
        errors = [_command("error", checked.summary())]
    warnings = [_annotation("warning", each) for each in unsure]
    warnings += [_command("warning", each) for each in checked.warnings]
    lines = _few("error", errors) + _few("warning", warnings)
    return "".join(f"{line}\n" for line in lines)


def _few(kind: str, lines: Sequence[str]) -> list[str]:
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], *([_command(kind, f"{more} more")] if more > 0 else [])]


def _annotation(kind: str, each: GateResult) -> str:
    message = "\n".join(clip(line, _MOST_MESSAGE) for line in (f"{each.label}: {each.reason}", *each.details))
    properties = {"title": _TITLES[each.verdict]}
    if each.place is not None:
        properties = {"file": each.place.file, "line": str(each.place.line), **properties}
    return _line(kind, properties, message)


def _command(kind: str, message: str) -> str:
    return _line(kind, {"title": "lossctl check"}, clip(message, _MOST_MESSAGE))


def _line(kind: str, properties: dict[str, str], message: str) -> str:
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{kind} {given}::{_data(message)}"


def _data(text: str) -> str:
    """Escape a message as GitHub undoes it, the mark of escapes first; ``##`` would start a command of the old kind."""
    return text.replace("##", r"#\x23").replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(clip(text, _MOST_TITLE)).replace(":", "%3A").replace(",", "%2C")
