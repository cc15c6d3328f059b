"""Which words may follow on a command line. Imports Typer, the api and core; what reads a file where one is read.

What an option takes is what its help shows in the place of the value: ``COL`` is a column, ``a|b`` one of two words. So
a new option is completed as soon as it is described.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import typer

from lossctl.cli.command import with_values
from lossctl.cli.commands import COMMANDS, application, with_command
from lossctl.cli.help import first_sentence
from lossctl.core.errors import ExitCode, LossctlError
from lossctl.core.system.fast_dataclass import dataclass

__all__ = ["Offer", "offer"]

_SECONDS = 5.0
"""How long a file may take to be opened: a network drive that is gone must not keep somebody from typing."""
_LISTS = frozenset({"--target", "--pred", "--keep"})
"""Options whose columns may be a list."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Words that may stand in the place of the one that is typed.

    Parameters
    ----------
    words
        Each whole, and what it means.
    kind
        ``words``; ``open`` where each goes on, so that no space follows; ``files`` where the shell knows better.
    """

    words: tuple[tuple[str, str], ...] = ()
    kind: str = "words"


_FILES = Offer(kind="files")


@dataclass(frozen=True, slots=True)
class _Typed:
    """A command line so far: its arguments, the values of its options, and the option whose value is being typed."""

    command: Any
    arguments: list[str] = field(default_factory=list)
    values: dict[str, list[str]] = field(default_factory=dict)
    option: Any = None

    def value(self, name: str) -> str | None:
        return next(iter(self.values.get(name, ())), None)


def offer(words: Sequence[str], partial: str) -> Offer:
    """Return what the word that is being typed may become.

    Parameters
    ----------
    words
        Those before it, after the name of the program, without their quotes.
    partial
        The word so far.

    Examples
    --------
    >>> offer([], "ev").words
    (('eval', 'Value, confidence interval and gradient norms of losses.'),)
    >>> offer(["eval", "p.csv", "--loss"], "mae,hub").words[0][0]
    'mae,huber'
    """
    if not words:
        return _commands(partial)
    words = with_command(words)
    group: Any = typer.main.get_command(application([words[0]]))
    command = group.commands.get(words[0])
    if command is None:
        return _FILES
    typed = _read(command, words[1:])
    if typed.option is not None:
        return _of_option(typed, partial)
    if partial.startswith("-") and "--" not in words:
        return _options(typed, partial) if "=" not in partial else _assigned(typed, partial)
    return _argument(typed, partial)


def _assigned(typed: _Typed, partial: str) -> Offer:
    """Offer values of an option that stand after a ``=``."""
    name, _, value = partial.partition("=")
    option = _options_of(typed.command).get(name)
    if option is None or option.is_flag:
        return Offer()
    found = _of_option(_Typed(typed.command, typed.arguments, typed.values, option), value)
    return Offer(tuple((f"{name}={word}", meaning) for word, meaning in found.words), found.kind)


def _commands(partial: str) -> Offer:
    group: Any = typer.main.get_command(application(()))
    if partial.startswith("-"):
        return _options(_Typed(group), partial)
    found = _starting(((name, first_sentence(group.commands[name].help)) for name in COMMANDS), partial)
    return Offer(found) if found else _FILES


def _read(command: Any, words: Sequence[str]) -> _Typed:
    """Read what was typed; what does not parse is left out, for nobody has finished."""
    options, rest = _options_of(command), list(with_values(words))
    typed = _Typed(command)
    while rest:
        word = rest.pop(0)
        if word == "--":
            typed.arguments.extend(rest)
            break
        if word == "-" or not word.startswith("-"):
            typed.arguments.append(word)
            continue
        name, sign, value = word.partition("=") if word.startswith("--") else (word[:2], word[2:], word[2:])
        option = options.get(name)
        if option is None or option.is_flag:
            continue
        if not sign and not rest:
            return _Typed(command, typed.arguments, typed.values, option)
        typed.values.setdefault(option.opts[0], []).append(value if sign else rest.pop(0))
    return typed


def _options_of(command: Any) -> dict[str, Any]:
    options = (each for each in command.get_params(typer.Context(command)) if each.param_type_name == "option")
    return {name: each for each in options for name in (*each.opts, *each.secondary_opts)}


def _options(typed: _Typed, partial: str) -> Offer:
    shown = {
        name: first_sentence(each.help)
        for name, each in _options_of(typed.command).items()
        if not each.hidden and (each.multiple or each.opts[0] not in typed.values)
    }
    names = [name for name in shown if len(name) > len("--x") or (partial == "-" and name[1] != "-")]
    return Offer(_starting(((name, shown[name]) for name in names), partial))


def _argument(typed: _Typed, partial: str) -> Offer:
    named = [each.metavar or "" for each in typed.command.params if each.param_type_name == "argument"]
    takes = named[0].strip("[].").upper() if named else ""
    if takes == "LOSS":
        return _losses(typed, partial)
    if takes == "WORD":
        return _searched(partial)
    return _FILES if takes.startswith("SOURCE") or not takes else Offer()


def _of_option(typed: _Typed, partial: str) -> Offer:
    option = typed.option
    names = [name for name in option.opts if name.startswith("--")]
    for name in names:
        if name in _BY_NAME:
            return _BY_NAME[name](typed, partial)
    takes = option.metavar or ""
    if "|" in takes:
        return Offer(_starting(((each, "") for each in takes.strip("[]").split("|")), partial))
    if takes == "X":
        return _parameter(names[0], partial)
    return _BY_METAVAR.get(takes.strip("[]."), _nothing)(typed, partial)


def _nothing(_typed: _Typed, _partial: str) -> Offer:
    return Offer()


def _files(_typed: _Typed, _partial: str) -> Offer:
    return _FILES


def _starting(words: Iterable[tuple[str, str]], partial: str) -> tuple[tuple[str, str], ...]:
    """Return the words that begin as typed: in these letters, else in any case, ``-`` and ``_`` alike."""
    known = list(words)
    for fold in (str, _fold):
        if found := tuple(each for each in known if fold(each[0]).startswith(fold(partial))):
            return found
    return ()


def _fold(text: str) -> str:
    return text.casefold().replace("-", "_")


def _member(partial: str) -> tuple[str, str]:
    """Cut a list into what stands before its last member, and that: at a comma outside of parentheses."""
    depth = place = 0
    for position, sign in enumerate(partial):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth <= 0:
            place = position + 1
    return partial[:place], partial[place:]


def _losses(_typed: _Typed, partial: str) -> Offer:
    """Offer losses, by other names where none is called so, and their parameters in parentheses."""
    from lossctl import api

    before, last = _member(partial)
    losses = api.list_losses().losses
    name, opening, inside = last.partition("(")
    if opening:
        found = [each for each in losses if _fold(name) in {each.id, *map(_fold, each.aliases)}]
        head, _, start = inside.rpartition(",")
        head = f"{before}{name}({head}{',' if head else ''}"
        params = ((f"{each.name}=", each.summary) for loss in found for each in loss.params)
        return Offer(tuple((f"{head}{word}", text) for word, text in _starting(params, start)), "open")
    words = _starting(((each.id, each.summary) for each in losses), last)
    if not words:
        words = _starting(((alias, each.summary) for each in losses for alias in each.aliases), last)
    if not words:
        words = _starting(((each, "") for each in api.loss_names()), last)
    if not words and last:
        words = _starting(((each, "") for each in api.loss_names()), last)
    taken = set(before.split(","))
    return Offer(tuple((f"{before}{word}", text) for word, text in words if word not in taken))


def _searched(partial: str) -> Offer:
    from lossctl import api

    losses = api.list_losses().losses
    kinds = dict.fromkeys(word for each in losses for word in (each.task, str(each.kind)))
    return Offer(_starting([*((each, "") for each in kinds), *((each.id, each.summary) for each in losses)], partial))


def _parameter(option: str, partial: str) -> Offer:
    from lossctl import api

    name = option.removeprefix("--").replace("-", "_")
    params = [each for loss in api.list_losses().losses for each in loss.params if each.name == name]
    words = [word for each in params for word in (*each.constants, *each.choices)]
    if any(isinstance(each.default, bool) for each in params):
        words += ["true", "false"]
    return Offer(_starting(((word, "") for word in dict.fromkeys(words)), partial))


def _formats(typed: _Typed) -> Sequence[str]:
    from lossctl import api

    return api.check_formats() if typed.command.name == "check" else api.formats()


def _format(typed: _Typed, partial: str) -> Offer:
    return Offer(_starting(((each, "") for each in _formats(typed)), partial))


def _export(typed: _Typed, partial: str) -> Offer:
    if "=" in partial:
        return _FILES
    return Offer(_starting(((f"{each}=", "") for each in _formats(typed)), partial), "open")


def _columns(typed: _Typed, partial: str) -> Offer:
    """Offer the columns of the files on the line, of a list its next."""
    known = [(each, "") for each in _names_on(typed)]
    if found := _starting(known, partial):
        return Offer(found)
    if typed.option is None or typed.option.opts[0] not in _LISTS:
        return Offer()
    before, sign, last = partial.rpartition(",")
    taken = set(before.split(","))
    return Offer(tuple((f"{before}{sign}{word}", "") for word, _ in _starting(known, last) if word not in taken))


def _expression(typed: _Typed, partial: str) -> Offer:
    """Offer a gate's losses and figures, and columns where they stand in one or in a condition."""
    start = re.search(r"\w*$", partial)
    before, last = (partial, "") if start is None else (partial[: start.start()], start[0])
    if typed.option.opts[0] == "--gate" and before.count("[") <= before.count("]"):
        words = _of_gates(before) if not re.search(r"[<>=]\s*$", before) else []
    else:
        words = [(each, "") for each in _names_on(typed)]
    found = _starting(words, last)
    quoted = ((word if re.fullmatch(r"\w+\(?", word) else f'"{word}"', text) for word, text in found if word != last)
    return Offer(tuple((f"{before}{word}", text) for word, text in quoted), "open")


def _of_gates(before: str) -> list[tuple[str, str]]:
    from lossctl import api
    from lossctl.api.hints import gate_words

    losses = [(each.id, each.summary) for each in api.list_losses().losses]
    return losses if before.strip() else [*losses, *((each, "") for each in gate_words())]


def _names_on(typed: _Typed) -> list[str]:
    """Return the columns of the files on the line, those of the baseline first where its column is asked for."""
    from lossctl.api.hints import column_names

    sources = [*typed.arguments, *typed.values.get("--targets", ()), *typed.values.get("--baseline", ())]
    if typed.option is not None and "--baseline-pred" in typed.option.opts:
        sources.reverse()
    skip = typed.value("--skip") or "0"
    options: dict[str, Any] = {
        "delimiter": typed.value("--delimiter"),
        "decimal": typed.value("--decimal") or ".",
        "format": typed.value("--input-format"),
        "skip": int(skip) if skip.isdigit() else 0,
        "threads": 1,
    }
    found: dict[str, None] = {}
    with _not_for_ever():
        for each in sources:
            with suppress(LossctlError, OSError):
                found.update(dict.fromkeys(column_names(os.path.expandvars(Path(each).expanduser()), **options)))
    return list(found)


@contextmanager
def _not_for_ever() -> Iterator[None]:
    """End this process where a file does not open: a signal would not reach what waits for a disk."""
    ending = threading.Timer(_SECONDS, os._exit, (int(ExitCode.USAGE),))
    ending.daemon = True
    ending.start()
    try:
        yield
    finally:
        ending.cancel()


_BY_NAME: Mapping[str, Callable[[_Typed, str], Offer]] = MappingProxyType(
    {
        "--loss": _losses,
        "--format": _format,
        "--input-format": lambda _, partial: Offer(
            _starting(((each, "") for each in ("csv", "tsv", "jsonl", "parquet")), partial)
        ),
        "--delimiter": lambda _, partial: Offer(
            _starting(((each, "") for each in ("comma", "semicolon", "tab", "pipe")), partial)
        ),
        "--decimal": lambda _, partial: Offer(_starting(((each, "") for each in (".", ",")), partial)),
    }
)
"""What options take whose help does not show it."""
_BY_METAVAR: Mapping[str, Callable[[_Typed, str], Offer]] = MappingProxyType(
    {
        "COL": _columns,
        "FILE": _files,
        "FORMAT=PATH": _export,
        "GATE": _expression,
        "SQL": _expression,
    }
)
"""What options take, by what their help shows; what a person alone knows, such as a number, is not completed."""
