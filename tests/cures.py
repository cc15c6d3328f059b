"""Cures followed: the flags that a hint names are added to the command line that failed, and it is run again.

A cure is right where following it gives a result, or another error that tells something new. `follow` does that for
any command line; a test says which of several proposals is meant, and what stands for a placeholder such as COLUMN.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import typer

from lossctl.cli.commands import application
from tests.cli.cases import Ran, Run

MOST_STEPS = 5

_CLAUSES = re.compile(r";\s+|,?\s+or\s+(?=[a-z ]*-)|,\s+(?=or )")
"""What stands between proposals of which one is meant."""
_FLAG = re.compile(r"(?<![\w'-])(--[a-z][a-z-]*|-[a-z])(?:[ =]('[^']*'|\"[^\"]*\"|[^\s)]+))?")


@dataclass(frozen=True)
class Option:
    """An option of a command: whether it takes a value, may stand twice, and what its help calls its value."""

    takes_value: bool
    repeats: bool
    metavar: str


@cache
def options_of(command: str) -> Mapping[str, Option]:
    """Return the options of a command by every name they have."""
    given = typer.main.get_command(application([command, "x"]))
    inner = getattr(given, "commands", {command: given})[command]
    return {
        name: Option(not each.is_flag, each.multiple, each.metavar or "")
        for each in inner.params
        for name in getattr(each, "opts", ())
        if name.startswith("-")
    }


def hint_of(ran: Ran) -> str:
    """Return what a run hints at; empty where it does not."""
    return next((line.removeprefix("hint:  ") for line in ran.lines if line.startswith("hint:  ")), "")


def error_of(ran: Ran) -> str:
    """Return the error of a run; empty where there is none."""
    return next((line.removeprefix("error: ") for line in ran.lines if line.startswith("error: ")), "")


def proposals(hint: str, command: str, fill: Mapping[str, str] | None = None) -> list[list[str]]:
    """Return what a hint proposes to add to a command line: one list of words for each proposal.

    Parameters
    ----------
    hint
        The line after ``hint:``.
    command
        The command that gave it: a flag that it does not have is a fault of the hint.
    fill
        What to write for a placeholder, such as ``{"COLUMN": "y"}``; proposals with others are left out.

    Examples
    --------
    >>> proposals("if it marks a missing value, add --null NA and choose --nan omit", "eval")
    [['--null', 'NA', '--nan', 'omit']]
    >>> proposals("add --decimal ,; else --clip EPS", "eval", {"EPS": "1e-9"})
    [['--decimal', ','], ['--clip', '1e-9']]
    """
    known, fill = options_of(command), fill or {}
    found = []
    for clause in _CLAUSES.split(hint):
        words: list[str] = []
        for name, value in _FLAG.findall(clause):
            if name not in known:
                raise AssertionError(f"the hint names {name}, which lossctl {command} does not have: {hint}")
            option, text = known[name], _unquoted(value)
            if not option.takes_value:
                words += [name]
                continue
            if _is_placeholder(text, option):
                if text not in fill:
                    words = []
                    break
                text = fill[text]
            words += [name, text]
        if words:
            found.append(words)
    return found


def _unquoted(value: str) -> str:
    bare = value if len(value) == 1 else value.rstrip(",:.")
    return shlex.split(bare)[0] if bare else ""


def _is_placeholder(text: str, option: Option) -> bool:
    """Return whether a value stands for one that the reader knows."""
    return not text or text == option.metavar or text in {"COLUMN", "COL", "EPS", "FILE", "LABEL", "NAME", "N"}


def added(arguments: Sequence[str], words: Sequence[str]) -> list[str]:
    """Add words to a command line; an option that may stand once takes the place of its old value."""
    known, result = options_of(arguments[0]), list(arguments)
    place = result.index("--") if "--" in result else len(result)
    pending = list(words)
    while pending:
        name = pending.pop(0)
        option = known[name]
        value = [pending.pop(0)] if option.takes_value else []
        if name in result and option.takes_value and not option.repeats:
            result[result.index(name) + 1] = value[0]
        elif value or name not in result:
            result[place:place] = [name, *value]
            place += 1 + len(value)
    return result


def follow(
    run: Run, *arguments: str, choose: int = 0, fill: Mapping[str, str] | None = None, steps: int = MOST_STEPS
) -> list[Ran]:
    """Run a command line, add what its hint proposes, and so on until there is a result or nothing more to add.

    Parameters
    ----------
    run
        As the fixture of ``tests/cli`` gives it.
    *arguments
        The command line, the command first.
    choose
        Which proposal is followed, where a hint has several; the last where it has fewer.
    fill
        As in `proposals`.
    steps
        The most cures that are followed.

    Returns
    -------
    list[Ran]
        Each run in order. None says what one before it said: a cure that changes nothing is a fault.
    """
    line, ran = list(arguments), [run(*arguments)]
    for _ in range(steps):
        offered = proposals(hint_of(ran[-1]), line[0], fill) if error_of(ran[-1]) else []
        if not offered:
            break
        line = added(line, offered[min(choose, len(offered) - 1)])
        ran.append(run(*line))
        said = [error_of(each) for each in ran if error_of(each)]
        if len(set(said)) < len(said):
            raise AssertionError(f"the cure changes nothing: {shlex.join(line)}\n{ran[-1].stderr}")
    return ran
