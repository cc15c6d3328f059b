"""What `--help` prints: usage, a sentence, examples, and the options in groups, as wide as the terminal.

``--help`` shows of each option the first sentence, and names those that few need in a line of their group;
``--help-all`` shows all of all. Loaded where somebody asks for help. May import Typer and core.

Typer's own help by rich takes 186 lines at 80 columns for `eval`, and ``rich_markup_mode=None`` drops the groups.
"""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from lossctl.cli.streams import in_color, width

__all__ = ["first_sentence", "first_words", "of_command", "of_program"]

MOST_USED, COMPUTE, PARAMETERS, OPTIONS = "Most used", "What to compute", "Parameters of losses", "Options"
GROUPS = (COMPUTE, PARAMETERS, "Gates", "Statistics", "Columns", "Rows", "Reading", "Output", OPTIONS)
"""The order they stand in."""

_FIRST = (
    *("sources", "source", "word", "gate", "baseline", "baseline_pred", "loss", "config", "target", "pred", "key"),
    *("weight", "by", "where", "format", "output", "help_all"),
)
"""What the first hour takes, in the order it is thought of."""
_LATER = {"eval": ("key",), "compare": ("baseline_pred", "weight"), "check": ("key",)}
"""Of these, what a command shows in its group."""

_FOLDED = frozenset(
    {
        *("seed", "resamples", "hac", "sequential", "correction", "scale", "levels", "group", "classes"),
        *("class_weights", "ignore_label", "min_n", "unmatched", "null", "normalize", "max_omitted"),
        *("delimiter", "decimal", "skip", "input_format", "threads", "allow_inverted"),
    }
)
"""Options that few need: their group names them in a line, and ``--help-all`` says what they do."""

_REFUSED: Mapping[str, frozenset[str]] = MappingProxyType({"check": frozenset({"by", "nan"})})
"""Options that a command knows only to say what to write in their place."""

_FIRST_WORDS = """\
Usage: lossctl COMMAND [options]

To begin, with a file of targets and predictions:
  lossctl eval FILE                           the usual losses of what it holds
  lossctl eval FILE --loss huber --delta 1.0  a loss by name
  lossctl check FILE --gate 'mae <= 0.3'      a gate: exit code 1 if it fails

lossctl losses lists the losses; lossctl show huber explains one.
lossctl --help lists the commands, lossctl eval --help the options of one.
"""

_NARROWEST, _USUAL, _WIDEST = 40, 80, 120
_LEFT = 21
"""The most characters of an option whose text starts on the same line."""
_BOLD, _NAME, _END = "\x1b[1m", "\x1b[36m", "\x1b[0m"


def of_command(command: Any, context: Any, *, everything: bool = False) -> str:
    """Return the help of a command.

    Parameters
    ----------
    command
        As Typer made it.
    context
        Of its call.
    everything
        Whether all options are told in full.
    """
    groups = _grouped(command, context, everything=everything)
    told = {title: [each for each in group if _is_told(each, everything=everything)] for title, group in groups.items()}
    page = _Page()
    page.head(_usage(command, context), command, everything=everything)
    page.align(_spellings(each) for group in told.values() for each in group)
    for title, group in groups.items():
        page.group(title, [_entry(each, full=everything) for each in told[title]])
        for names, where in _named([each for each in group if each not in told[title]]):
            page.names(names, where)
    return page.text()


def of_program(group: Any) -> str:
    """Return the help of the program: its commands, each in a line."""
    page = _Page()
    page.head("Usage: lossctl COMMAND [options]", group)
    page.align(group.commands)
    page.group("Commands", [(name, first_sentence(each.help)) for name, each in group.commands.items()])
    page.align(each.opts[0] for each in group.params)
    entries = [_entry(each, full=True) for each in group.params]
    page.group(OPTIONS, [*entries, ("-h, --help", "Show this text; after a command, its options.")])
    return page.text()


def first_words() -> str:
    """Return what to type first, for somebody who has typed nothing."""
    return _FIRST_WORDS


class _Page:
    """The lines of a help text, as they are written."""

    def __init__(self) -> None:
        self._color = in_color(sys.stdout)
        self._width = max(_NARROWEST, min(width() or _USUAL, _WIDEST))
        self._left = _LEFT
        self._lines: list[str] = []

    def text(self) -> str:
        return "\n".join(self._lines)

    def line(self, text: str, style: str = "") -> None:
        self._lines.append(f"{style}{text}{_END}" if style and self._color else text)

    def wrapped(self, text: str, first: str = "", rest: str = "") -> None:
        for each in _wrap(text, self._width, first, rest):
            self.line(each)

    def head(self, usage: str, command: Any, *, everything: bool = False) -> None:
        """Write the usage, the sentence and the examples."""
        text = " ".join(inspect.cleandoc(command.help).split())
        self.wrapped(usage, rest="       ")
        self.line("")
        self.wrapped(text if everything else first_sentence(text))
        self.line("")
        self.line("Examples:", _BOLD)
        for example in command.epilog.splitlines():
            self.line(f"  {example}")  # never broken: it is there to be copied

    def align(self, names: Iterable[str]) -> None:
        """Let all texts begin in one column, behind the longest of these names that is not too long."""
        most = min(_LEFT, self._width // 3)
        self._left = max((len(each) for each in names if len(each) <= most), default=most)

    def group(self, title: str, entries: Sequence[tuple[str, str]]) -> None:
        """Write a heading, and each option with its text beside."""
        self.line("")
        self.line(f"{title}:", _BOLD)
        for name, text in entries:
            lines = _wrap(text, self._width - self._left - 4)
            beside = lines.pop(0) if len(name) <= self._left else ""
            self.line(f"  {self._named(name)}{' ' * (self._left - len(name))}  {beside}".rstrip())
            for each in lines:
                self.line(f"{' ' * (self._left + 4)}{each}")

    def names(self, names: str, told: str) -> None:
        """Name options that are told elsewhere, and where."""
        if names:
            self.wrapped(f"{names}: {told}", "  ", "  ")

    def _named(self, name: str) -> str:
        return f"{_NAME}{name}{_END}" if self._color else name


def _usage(command: Any, context: Any) -> str:
    arguments = [each.metavar for each in command.get_params(context) if each.param_type_name == "argument"]
    return " ".join(["Usage: lossctl", command.name, *arguments, "[options]"])


def _grouped(command: Any, context: Any, *, everything: bool) -> dict[str, list[Any]]:
    """Return the options by group, those that are used most in one of their own."""
    refused = {"help", *_REFUSED.get(command.name, ())}  # what --help shows is said beside --help-all
    shown = [
        each for each in command.get_params(context) if each.name not in refused and (everything or not each.hidden)
    ]
    first = [each for each in _FIRST if each not in _LATER.get(command.name, ())]
    used = sorted((each for each in shown if each.name in first), key=lambda each: first.index(each.name))
    groups: dict[str, list[Any]] = {MOST_USED: used, **{title: [] for title in GROUPS}}
    for each in shown:
        if each not in used:
            groups[COMPUTE if _is_parameter(each) and not everything else each.rich_help_panel or OPTIONS].append(each)
    return {title: options for title, options in groups.items() if options}


def _named(options: Sequence[Any]) -> list[tuple[str, str]]:
    """Return the names of options that are told elsewhere, and where."""
    synonyms = [f"{each.opts[0]} ({each.help})" for each in options if each.hidden]
    shown = [each for each in options if not each.hidden]
    parameters = [each.opts[0] for each in shown if _is_parameter(each) and not _is_letter(each)]
    rest = [each.opts[0] for each in shown if not _is_parameter(each)]
    return [
        (", ".join(synonyms), "names in other libraries"),
        (" ".join(parameters), "parameters of losses; see lossctl show LOSS or --help-all"),
        (", ".join(rest), "see --help-all"),
    ]


def _is_told(option: Any, *, everything: bool) -> bool:
    """Whether help says what an option does, and does not only name it."""
    return not option.hidden and (everything or (option.name not in _FOLDED and not _is_parameter(option)))


def _is_parameter(option: Any) -> bool:
    return bool(option.rich_help_panel == PARAMETERS)


def _entry(option: Any, *, full: bool) -> tuple[str, str]:
    text = option.help or ""
    return _spellings(option, full=full), " ".join(text.split()) if full else first_sentence(text)


def _spellings(option: Any, *, full: bool = False) -> str:
    """Return how an option is written, its letter first, and what stands for its value; all its names or the usual."""
    if option.param_type_name == "argument":
        return str(option.metavar)
    off = [each for each in (*option.opts, *option.secondary_opts) if f"--{each[5:]}" in option.opts]
    names = [each for each in option.opts if each not in off]
    letters, words = [each for each in names if each[:2] != "--"], [each for each in names if each[:2] == "--"]
    shown = ", ".join([*letters, *(words if full else words[:1])]) + "".join(f" / {each}" for each in off)
    return shown if option.is_flag or off else f"{shown} {option.metavar}"


def _is_letter(option: Any) -> bool:
    """Whether an option is two dashes and a letter, as parameters of losses are that formulas call so."""
    return all(len(each) == len("--x") for each in option.opts)


def first_sentence(text: str | None) -> str:
    """Return the first sentence of a text, which ends in a full stop before a capital."""
    return re.split(r"(?<=\.)\s+(?=[A-Z])", " ".join((text or "").split()), maxsplit=1)[0]


def _wrap(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """Break a text into lines between words: names of options are not broken at their dashes."""
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False, break_long_words=False
    ) or [""]
