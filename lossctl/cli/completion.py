"""Words for a shell that completes a command line: what it asks by variables, and how it is answered.

Imports the standard library, Typer and core; `lossctl.cli.completing`, which knows the words, when one is asked for.

The script of a shell calls the command without arguments and gives the line in variables. The answer is lines: what
the words are (`Offer`), then a word each, with a tab before what it means. Standard error stays empty, for text there
would end up in the line that somebody is typing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from types import MappingProxyType

from lossctl.core.errors import ExitCode
from lossctl.core.system.fast_dataclass import dataclass

__all__ = ["SCRIPTS", "Line", "complete", "cut", "escaped", "take_instruction", "use_own_scripts"]

_VARIABLE = "_LOSSCTL_COMPLETE"
_SPACES = " \t\n"
_SPECIAL = frozenset(" \t\n\\'\"`$&|;<>()[]{}*?!#~^=:@,%+") - frozenset("=:@,%+")
"""Signs that bash reads otherwise than as themselves."""
_SPECIAL_IN_DOUBLE = frozenset('\\"`$!')

_BASH = """\
_lossctl_completion() {
    local line kind
    COMPREPLY=()
    {
        IFS= read -r kind
        while IFS= read -r line; do COMPREPLY+=("$line"); done
    } < <(env %(autocomplete_var)s=complete_bash _LOSSCTL_LINE="${COMP_LINE:0:$COMP_POINT}" _LOSSCTL_WORD="$2" \\
        "$1" 2> /dev/null)
    case $kind in
        files) compopt -o default ;;
        open) compopt -o nospace ;;
    esac
}
complete -F _lossctl_completion %(prog_name)s
"""
_ZSH = """\
#compdef %(prog_name)s
_lossctl() {
    local -a lines found shown long
    local line
    local program=${~${(Q)words[1]}}
    lines=("${(@f)$(env %(autocomplete_var)s=complete_zsh _LOSSCTL_WORDS="${(F)${(@Q)words[1,CURRENT-1]}}" \\
        _LOSSCTL_WORD="${(Q)PREFIX}" $program 2> /dev/null)}")
    for line in "${(@)lines[2,-1]}"; do
        found+=("${line%%%%$'\\t'*}")
        shown+=("${line/$'\\t'/  -- }")
    done
    [[ -n ${(M)shown:#*  -- *} ]] && long=(-l)
    case $lines[1] in
        files) compset -P '*='; _files ;;
        open) compadd -U $long -S '' -d shown -a found ;;
        words) compadd -U $long -d shown -a found ;;
    esac
}
if [[ $funcstack[1] == _%(prog_name)s ]]; then
    _lossctl "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit; compinit -i; }
    compdef _lossctl %(prog_name)s
fi
"""
_FISH = """\
function __lossctl_complete
    set -l before (commandline -opc)
    set -lx %(autocomplete_var)s complete_fish
    set -lx _LOSSCTL_WORDS (string join \\n -- $before | string collect)
    set -lx _LOSSCTL_WORD (commandline -ct)
    set -l lines (eval (string escape -- $before[1]) 2> /dev/null)
    if test "$lines[1]" = files
        set -l label (string match --regex -- '^[^/=]*=' $_LOSSCTL_WORD)
        set -l path (string replace -- "$label" '' $_LOSSCTL_WORD)
        string replace --regex -- '^' "$label" (__fish_complete_path $path)
    else
        printf '%%s\\n' $lines[2..]
    end
end
complete --command %(prog_name)s --no-files --arguments '(__lossctl_complete)'
"""
SCRIPTS: Mapping[str, str] = MappingProxyType({"bash": _BASH, "zsh": _ZSH, "fish": _FISH})
"""What a shell is told once, by its name; Typer fills in the names of the program and of the variable."""


def take_instruction(arguments: list[str]) -> str | None:
    """Return what a shell asks for, and take it out of the environment.

    The scripts of shells call the command without arguments. With some it runs as usual: a variable that is left over
    in a CI job must not stand in for the check.
    """
    asked = os.environ.pop(_VARIABLE, None)
    return None if arguments else asked or None


def use_own_scripts() -> None:
    """Let ``--install-completion`` and ``--show-completion`` of Typer write the scripts of this module.

    Typer's own split a line at spaces alone, and so lose names of files and columns that hold one. Its installer for
    bash would add an empty line to ``~/.bashrc`` each time.
    """
    from typer import _completion_shared as shared

    install = shared.install_bash

    def install_once(**names: str) -> Path:
        settings = Path.home() / ".bashrc"
        before = settings.read_bytes() if settings.is_file() else b""
        installed = install(**names)
        if os.fsencode(f"source '{installed}'") in before:
            settings.write_bytes(before)
        return installed

    shared._completion_scripts.update(SCRIPTS)  # noqa: SLF001 -- Typer has no other way; a test installs each
    shared.install_bash = install_once


def complete(instruction: str) -> ExitCode:
    """Answer a shell; whatever the variables hold, nothing but an exit code says that they are wrong."""
    kind, _, shell = instruction.partition("_")
    try:
        with redirect_stderr(StringIO()):
            if kind == "source":
                answer = _script(shell)
            elif kind == "complete" and shell in _SHELLS:
                answer = _SHELLS[shell](os.environ)
            else:
                return ExitCode.USAGE
    except Exception:  # noqa: BLE001 -- COMP_POINT=x, a damaged file, and what else a shell may name
        return ExitCode.USAGE
    sys.stdout.write(answer)
    return ExitCode.OK


def _script(shell: str) -> str:
    from typer._completion_shared import get_completion_script

    use_own_scripts()
    return get_completion_script(prog_name="lossctl", complete_var=_VARIABLE, shell=shell) + "\n"


@dataclass(frozen=True, slots=True)
class Line:
    """A line cut into words as a shell does.

    Parameters
    ----------
    words
        Without their quotes; the last is the one that is typed, empty after a space.
    raw
        The last with its quotes.
    quote
        The quote that is open at its end; empty where none is.
    """

    words: tuple[str, ...]
    raw: str
    quote: str


def cut(text: str) -> Line:
    r"""Cut a line into words.

    Examples
    --------
    >>> cut("eval 'my file.csv' -t my\\ c")
    Line(words=('eval', 'my file.csv', '-t', 'my c'), raw='my\\ c', quote='')
    >>> cut('eval "my c')
    Line(words=('eval', 'my c'), raw='"my c', quote='"')
    """
    words, word, quote, start, place = [], "", "", 0, 0
    inside = False
    while place < len(text):
        sign = text[place]
        if sign == "\\" and quote != "'" and (not quote or text[place + 1 : place + 2] in _SPECIAL_IN_DOUBLE):
            word, inside = word + text[place + 1 : place + 2], True
            place += 1
        elif sign == quote:
            quote = ""
        elif quote or sign not in "'\"" + _SPACES:
            word, inside = word + sign, True
        elif sign in _SPACES:
            if inside:
                words.append(word)
            word, inside, start = "", False, place + 1
        else:
            quote, inside = sign, True
        place += 1
    return Line((*words, word), text[start:], quote)


def _bash(variables: Mapping[str, str]) -> str:
    """Answer bash, which puts an answer in the place of a part of the word: what follows a ``=``, a ``:``, a quote."""
    from lossctl.cli.completing import offer

    line, part = cut(variables["_LOSSCTL_LINE"]), variables.get("_LOSSCTL_WORD", "")
    _, *before = line.words
    if not before:
        raise ValueError("the command itself is not completed")
    given = offer(before[:-1], before[-1])
    kept = line.raw[: len(line.raw) - len(part)] if line.raw.endswith(part) else line.raw
    stays = len(cut(kept).words[-1])
    return _lines(given.kind, [(escaped(word[stays:], line.quote), "") for word, _ in given.words])


def escaped(text: str, quote: str) -> str:
    """Write a text so that bash reads it as it is, where a quote is open or none."""
    if quote == "'":
        return text.replace("'", "'\\''")
    special = _SPECIAL_IN_DOUBLE - {"!"} if quote else _SPECIAL
    return "".join(f"\\{sign}" if sign in special else sign for sign in text)


def _zsh(variables: Mapping[str, str]) -> str:
    from lossctl.cli.completing import offer

    given = offer(variables["_LOSSCTL_WORDS"].split("\n")[1:], variables.get("_LOSSCTL_WORD", ""))
    return _lines(given.kind, given.words)


def _fish(variables: Mapping[str, str]) -> str:
    from lossctl.cli.completing import offer

    given = offer(variables["_LOSSCTL_WORDS"].split("\n")[1:], cut(variables.get("_LOSSCTL_WORD", "")).words[-1])
    return _lines(given.kind, given.words)


def _powershell(variables: Mapping[str, str]) -> str:
    """Answer the script of Typer, which has its own variables and form."""
    from lossctl.cli.completing import offer

    line = cut(variables["_TYPER_COMPLETE_ARGS"])
    given = offer(line.words[1:-1], variables.get("_TYPER_COMPLETE_WORD_TO_COMPLETE", ""))
    return "".join(f"{word}:::{_plain(meaning) or ' '}\n" for word, meaning in given.words)


_SHELLS: Mapping[str, Callable[[Mapping[str, str]], str]] = MappingProxyType(
    {"bash": _bash, "zsh": _zsh, "fish": _fish, "powershell": _powershell, "pwsh": _powershell}
)


def _lines(kind: str, words: Sequence[tuple[str, str]]) -> str:
    """Write an answer. A word that holds a control character is left out: it could not be told from two."""
    shown = [f"{word}\t{_plain(meaning)}" if meaning else word for word, meaning in words if _plain(word) == word]
    return "".join(f"{each}\n" for each in (kind, *shown))


def _plain(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)
