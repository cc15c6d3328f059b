"""What was typed and does not parse: what is wrong, and what was meant, in words of lossctl. May import Typer and core.

Loaded where a command line is refused, and then only.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import typer

from lossctl.api import is_loss, parameters_elsewhere
from lossctl.cli.commands import COMMANDS, application
from lossctl.cli.stray import could_be_a_file
from lossctl.core.errors import UsageError
from lossctl.core.names import meant, one_of

__all__ = ["explained"]

_FLAGS: Mapping[str, str] = MappingProxyType(
    {
        "json csv tsv jsonl markdown latex html bare table": "--format {0}",
        "md": "--format markdown",
        "tex": "--format latex",
        "output-format out-format fmt as type to-format": "--format NAME",
        "out outfile out-file output-file save save-to to dest destination write": "-o FILE",
        "report": "--export FORMAT=FILE",
        "metric metrics losses score scoring scorer criterion objective measure eval-metric function m": "--loss NAME",
        "model models estimator candidate": "-p COLUMN",
        "y-true ytrue y truth true actual actuals obs observed response label labels ground-truth gold reference-col": (
            "--target COLUMN"
        ),
        "y-pred ypred yhat y-hat prediction-col predicted forecast fitted score-col prob proba estimate": (
            "--pred COLUMN"
        ),
        "sample-weight sample-weights case-weights wt": "--weight COLUMN",
        "sep separator delim fs d F": "--delimiter CHAR",
        "groupby group-by slice slices stratify strata facet segment segments breakdown": "--by COLUMN",
        "filter query subset condition rows-where": "--where CONDITION",
        "confidence conf conf-level confidence-level ci coverage significance": "--level P",
        "na na-rm na-omit dropna drop-na skipna nan-policy missing ignore-nan": "--nan omit",
        "na-values na-value na-string na-strings null-values missing-value": "--null TEXT",
        "id ids id-col on join index index-col": "--key COLUMN",
        "n-boot nboot n-bootstrap n-bootstraps n-resamples boot replicates iterations n-iter B R": (
            "--bootstrap --resamples N"
        ),
        "random-state random-seed rng": "--seed N",
        "jobs n-jobs workers num-workers n-workers cores processes j": "--threads N",
        "precision decimals round places": "--digits N",
        "p-adjust padjust multiple-testing fdr": "--adjust bh",
        "reference ref control base-file base-model": "--baseline FILE",
        "fail-under threshold max assert fail-if fail-on": "--gate 'mae <= 0.3'",
        "pos-label positive-class": "--positive LABEL",
        "class-names label-names": "--classes A,B,C",
        "quantile-levels probs": "--levels P,Q,R",
        "sigma std sd stddev": "--scale COLUMN",
        "worst largest n head": "--top N",
        "percentiles percentile": "--quantiles P,Q,R",
        "silent no-progress no-warnings": "--quiet",
        "failures only-failed failed-only": "--only-failures",
        "rowwise per-sample row-losses reduction": "--per-row",
    }
)
_MEANT: Mapping[str, str] = MappingProxyType({name: cure for names, cure in _FLAGS.items() for name in names.split()})
"""What flags of other programs are called here."""

_SAID: Mapping[str, str] = MappingProxyType(
    {
        "verbose": "there is no more to say: warnings stand on standard error",
        "v": "lossctl --version prints the version; warnings stand on standard error",
        "debug": "warnings stand on standard error, and LOSSCTL_TRACEBACK=1 shows where lossctl itself fails",
        "from-logits logits": "binary_cross_entropy_with_logits and softmax_cross_entropy take logits",
        "header no-header": "the first line holds the names of the columns",
        "encoding": "files are UTF-8: convert them, such as with: iconv -t utf-8",
        "input file data in infile input-file i path csv-file": "a file has no flag: lossctl {command} FILE",
        "version V": "lossctl --version",
        "usage ?": "lossctl {command} --help",
        "force overwrite y yes": "files are replaced without asking",
        "color colour no-color": "NO_COLOR=1 and FORCE_COLOR=1 say whether there are colours",
    }
)
_ANSWERS: Mapping[str, str] = MappingProxyType({name: cure for names, cure in _SAID.items() for name in names.split()})
"""What lossctl has no flag for."""

_COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "evaluate score metrics metric run loss predict measure": "eval",
        "diff vs test-difference": "compare",
        "gate gates test assert verify validate ci": "check",
        "list ls catalogue search": "losses",
        "info describe explain man doc docs plot": "show",
        "store save freeze snapshot": "baseline",
    }
)
_OF_CHECK = {"--loss", "-l", "--metric", "-m"}


def explained(error: typer.TyperException, arguments: Sequence[str]) -> UsageError:
    """Return the error for a command line that does not parse: what is wrong, and what was meant."""
    command: Any = typer.main.get_command(application(()))
    for word in arguments[:1]:
        command = command.commands.get(word, command)
    ways = {"NoSuchOption": _no_such_flag, "BadOptionUsage": _bad_value, "MissingParameter": _missing}
    name = type(error).__name__
    if name in ways:
        return ways[name](error, command, arguments)
    if name == "BadParameter":
        return _wrong(error)
    return _no_such_command(arguments) if _is_group(command) else _too_much(error, command)


def _no_such_flag(error: Any, command: Any, arguments: Sequence[str]) -> UsageError:
    option = str(error.option_name)
    if not _is_group(command):
        return UsageError(f"lossctl {command.name} has no flag {option}", _cure_of_flag(option, command, arguments))
    if option in {"-V", "-v"}:
        return UsageError(f"lossctl has no flag {option}", "lossctl --version")
    return UsageError(
        f"{option} comes before a command", f"a command comes first, such as: lossctl eval {_typed(arguments)}"
    )


def _cure_of_flag(option: str, command: Any, arguments: Sequence[str] = ()) -> str:
    own, name = _flags(command), str(command.name)
    word = option[1:] if option[1] != "-" else option[2:].lower().replace("_", "-")
    is_known = option[1] != "-" or len(word) > 1  # -m is none of --m
    parameters = [f"--{each.replace('_', '-')}" for each in parameters_elsewhere(word.replace("-", "_"))]
    known = [each for each in parameters if each in own]
    others = [each for each, flags in _all_flags().items() if option in flags]
    if whole := _in_two_words(option, own, arguments):
        cure = f"did you mean {whole}?"
    elif name == "check" and option in _OF_CHECK:
        cure = "a gate names its loss: --gate 'mae <= 0.3'"
    elif word in _ANSWERS and is_known:
        cure = _ANSWERS[word].format(command=name)
    elif others:
        cure = f"it is a flag of lossctl {one_of(others)}"
    elif word in _MEANT and is_known:
        cure = _elsewhere(_MEANT[word].format(word), own)
    elif known:
        cure = f"did you mean {one_of(known)}?"
    else:
        cure = meant(option, [each for each in own if each.startswith("--")]) or f"lossctl {name} --help"
    return cure


def _in_two_words(option: str, own: Sequence[str], arguments: Sequence[str]) -> str | None:
    """Return the flag that a word and its value are together: ``--fail-on unsure`` is ``--fail-unsure``."""
    given = " ".join(arguments).partition(option)[2].lstrip(" =").partition(" ")[0]
    whole = f"{option.removesuffix('-on').removesuffix('-if')}-{given}"
    return whole if given and whole in own else None


def _elsewhere(cure: str, own: Sequence[str]) -> str:
    """Ask whether a flag was meant, and say of which command it is where it is of another."""
    flag = cure.split(maxsplit=1)[0]
    if flag in own:
        return f"did you mean {cure}?"
    others = [each for each, flags in _all_flags().items() if flag in flags]
    return f"did you mean {cure} of lossctl {one_of(others)}?"


def _no_such_command(arguments: Sequence[str]) -> UsageError:
    name = next((each for each in arguments if not each.startswith("-") or each == "-"), "")
    rest = list(arguments[list(arguments).index(name) + 1 :]) if name else []
    if could_be_a_file(name):
        verb = "check" if {"--gate", "-g"} & set(rest) else "eval"
        line = f"lossctl {verb} {_typed([name, *rest])}"
        known = "is no command but a file" if Path(name).exists() else "is no command, and there is no such file"
        return UsageError(f"{name} {known}", f"a command comes first: {line}")
    if is_loss(name):
        files = [each for each in rest if Path(each).exists()]
        line = f"lossctl eval {_typed(files)} --loss {name}" if files else f"lossctl show {name}"
        return UsageError(f"{name} is no command but a loss", line)
    return UsageError(f"there is no command {name!r}", _cure_of_command(name, rest))


def _cure_of_command(name: str, rest: Sequence[str]) -> str:
    if name == "help":
        return " ".join(["lossctl", *(each for each in rest[:1] if each in COMMANDS), "--help"])
    if name == "version":
        return "lossctl --version"
    for words, command in _COMMANDS.items():
        if name.lower() in words.split():
            return f"did you mean lossctl {command}?"
    return meant(name, COMMANDS) or f"the commands: {', '.join(COMMANDS)}"


def _missing(error: Any, command: Any, _arguments: Sequence[str]) -> UsageError:
    parameter, example = error.param, f"such as: {str(command.epilog).splitlines()[0]}"
    if parameter.param_type_name == "argument":
        return UsageError(f"lossctl {command.name} needs {parameter.metavar}", example)
    return UsageError(f"lossctl {command.name} needs {parameter.opts[0]} {parameter.metavar}", example)


def _bad_value(error: Any, command: Any, _arguments: Sequence[str]) -> UsageError:
    option = str(error.option_name)
    found = next((each for each in command.params if option in (*each.opts, *each.secondary_opts)), None)
    if found is None or found.is_flag:
        return UsageError(f"{option} takes no value", f"write {option} alone")
    return UsageError(f"{option} needs a value", f"write {option} {found.metavar}")


def _too_much(error: typer.TyperException, command: Any) -> UsageError:
    more = error.format_message().partition("(s) (")[2].rstrip(".").removesuffix(")")
    takes = " ".join(str(each.metavar) for each in command.params if each.param_type_name == "argument").strip("[]")
    problem = f"lossctl {command.name} takes one {takes}, and more follows: {more}"
    return UsageError(problem, "put quotes around what has spaces, or run it once for each")


def _wrong(error: Any) -> UsageError:
    """Return the error of a value that is no number, or out of its range."""
    parameter, value = error.param, re.match(r"'?(.*?)'? is not ", error.message, re.DOTALL)
    flag, kind = parameter.opts[0], parameter.type
    low, high = getattr(kind, "min", None), getattr(kind, "max", None)
    noun = "a whole number" if "int" in kind.name else "a number"
    within = "" if low is None else f" from {low} to {high}"
    typed = repr(value[1]) if value is not None else "the value"
    return UsageError(f"{flag}: {typed} is not {noun}{within}", f"write {flag} {parameter.metavar}")


def _is_group(command: Any) -> bool:
    return hasattr(command, "commands")


def _flags(command: Any) -> list[str]:
    return [each for parameter in command.params for each in (*parameter.opts, *parameter.secondary_opts)]


@cache
def _all_flags() -> Mapping[str, Sequence[str]]:
    group: Any = typer.main.get_command(application(()))
    return {name: _flags(command) for name, command in group.commands.items()}


def _typed(arguments: Sequence[str]) -> str:
    return " ".join(map(shlex.quote, arguments))
