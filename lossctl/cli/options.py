"""Options that several commands share, each described once, and the flags that come from the registry.

May import Typer, the api and core.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from lossctl.api import NAN_POLICIES, Flag, loss_parameters, parameter_synonyms
from lossctl.core.method import DEFAULT_RESAMPLES, DEFAULT_SEED, HAC_NAMES

__all__ = [
    "Block",
    "By",
    "ClassWeights",
    "Classes",
    "Clip",
    "Cluster",
    "Decimal",
    "Delimiter",
    "Digits",
    "Export",
    "Format",
    "Group",
    "Hac",
    "Horizon",
    "IgnoreLabel",
    "InputFormat",
    "Key",
    "Level",
    "Levels",
    "Losses",
    "MinRows",
    "Nan",
    "NoPager",
    "Normalize",
    "Null",
    "OutputFile",
    "Positive",
    "Predictions",
    "Quiet",
    "Scales",
    "Skip",
    "Sources",
    "Target",
    "Targets",
    "Threads",
    "Unmatched",
    "UsualLosses",
    "Weight",
    "Where",
    "Wide",
    "loss_flags",
    "resamples_flag",
    "seed_flag",
]

_STATISTICS, _COLUMNS, _ROWS, _READING, _OUTPUT = "Statistics", "Columns", "Rows", "Reading", "Output"
_PARAMETERS = "Parameters of losses"

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE...",
        help="Predictions: CSV, TSV, JSON lines or Parquet. Also .gz and .zst, a quoted glob (one source of many "
        "files), and - for standard input. Several sources are several models; label=path names one.",
        show_default=False,
    ),
]
UsualLosses = Annotated[
    list[str] | None,
    typer.Option(
        "--loss",
        "-l",
        metavar="NAME",
        help="Losses, such as mae,mse or huber (default: the usual). Parameters: 'huber(delta=0.5,1)' is two losses. "
        "The word all takes every loss that fits the columns. Without it, the usual losses of what the columns hold. "
        "Repeatable.",
        show_default=False,
    ),
]
Losses = Annotated[
    list[str] | None,
    typer.Option(
        "--loss",
        "-l",
        metavar="NAME",
        help="Losses: mae,mse or 'huber(delta=0.5,1)', or all. The word all takes every loss that fits the columns. "
        "Repeatable.",
        show_default=False,
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        "-t",
        metavar="COL",
        help="True values (default: target, y, label, …). A name, a glob 'p_*' or a list. The names looked for are "
        "target, y_true, y, label, actual, observed and truth, in any case.",
        rich_help_panel=_COLUMNS,
    ),
]
Predictions = Annotated[
    list[str] | None,
    typer.Option(
        "--pred",
        "--prediction",
        "-p",
        metavar="COL",
        help="Predictions, one -p per model (default: prediction, …). A glob or a list ('lo,hi', 'a_*,b_*') is one "
        "model's vector, interval, quantiles or ensemble. The names looked for are prediction, y_pred, pred, yhat, "
        "y_hat, predicted, forecast and score, in any case; for probabilities, probability, prob, proba and the like "
        "first.",
        rich_help_panel=_COLUMNS,
    ),
]
Scales = Annotated[
    list[str] | None,
    typer.Option(
        "--scale",
        metavar="COL",
        help="Column of the predicted standard deviation (or scale); one per -p, same order.",
        rich_help_panel=_COLUMNS,
    ),
]
Levels = Annotated[
    str | None,
    typer.Option(
        "--levels",
        metavar="P,Q,R",
        help="Levels of the quantiles, in the order of the columns. Without it they are read from the columns' names "
        "(q0.05).",
        rich_help_panel=_COLUMNS,
    ),
]
Group = Annotated[
    str | None,
    typer.Option("--group", metavar="COL", help="Groups that a ranking orders.", rich_help_panel=_COLUMNS),
]
By = Annotated[
    list[str] | None,
    typer.Option(
        "--by",
        metavar="COL",
        help="Also evaluate each slice: rows that share a value. Repeatable: several columns make slices of their "
        "combinations.",
        rich_help_panel=_COLUMNS,
    ),
]
MinRows = Annotated[
    int | None,
    typer.Option(
        "--min-n",
        metavar="N",
        help="Leave out slices of fewer than N rows. A warning says how many.",
        rich_help_panel=_ROWS,
    ),
]
Key = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        "-k",
        metavar="COL",
        help="Column that pairs the rows of two files. Repeatable: several columns are one key.",
        rich_help_panel=_COLUMNS,
    ),
]
Targets = Annotated[
    str | None,
    typer.Option(
        "--targets", metavar="FILE", help="File that holds the targets; --key joins it.", rich_help_panel=_COLUMNS
    ),
]
Unmatched = Annotated[
    str,
    typer.Option(
        "--unmatched",
        metavar="error|drop",
        help="Rows whose key the other file lacks: stop, or leave them out and count them (default error).",
        rich_help_panel=_ROWS,
    ),
]
Weight = Annotated[
    str | None,
    typer.Option("--weight", "-w", metavar="COL", help="Weights of rows, 0 or more.", rich_help_panel=_COLUMNS),
]
Positive = Annotated[
    str | None,
    typer.Option(
        "--positive",
        metavar="LABEL",
        help="For text labels: the label that counts as 1 (positive).",
        rich_help_panel=_COLUMNS,
    ),
]
Classes = Annotated[
    str | None,
    typer.Option(
        "--classes",
        metavar="A,B,C",
        help="Classes, in order. Columns that name classes are matched by name. Without it, classes that are numbers "
        "are in the order of the numbers, others in the order of the columns.",
        rich_help_panel=_COLUMNS,
    ),
]
ClassWeights = Annotated[
    str | None,
    typer.Option(
        "--class-weights",
        metavar="A=X,B=Y",
        help="Weight of each class; multiplies the weights of the rows.",
        rich_help_panel=_COLUMNS,
    ),
]
IgnoreLabel = Annotated[
    str | None,
    typer.Option("--ignore-label", metavar="LABEL", help="Leave out the rows of this label.", rich_help_panel=_COLUMNS),
]
Where = Annotated[
    str | None,
    typer.Option(
        "--where",
        metavar="SQL",
        help="Take only rows that meet it, such as 'age < 65'.",
        rich_help_panel=_ROWS,
    ),
]
Nan = Annotated[
    str,
    typer.Option(
        "--nan",
        metavar="|".join(NAN_POLICIES),
        help="Missing or non-finite numbers (default error). Stop, or leave the rows out and count them (omit).",
        rich_help_panel=_ROWS,
    ),
]
Null = Annotated[
    list[str] | None,
    typer.Option(
        "--null",
        metavar="TOKEN",
        help="Text that marks a missing number, such as NA. Repeatable.",
        rich_help_panel=_ROWS,
    ),
]
Clip = Annotated[
    float | None,
    typer.Option(
        "--clip",
        metavar="EPS",
        help="Move probabilities into [EPS, 1-EPS] first. Those outside [0, 1] by more than 1e-4 (or EPS) stay errors.",
        rich_help_panel=_ROWS,
    ),
]
Normalize = Annotated[
    bool,
    typer.Option("--normalize", help="Divide each distribution by its sum first.", rich_help_panel=_ROWS),
]
Delimiter = Annotated[
    str | None,
    typer.Option(
        "--delimiter",
        metavar="CHAR",
        help="Character between fields, such as ';' (default: found in the file).",
        rich_help_panel=_READING,
    ),
]
Decimal = Annotated[
    str,
    typer.Option("--decimal", metavar="CHAR", help="Decimal mark: . or , (default .).", rich_help_panel=_READING),
]
Skip = Annotated[
    int,
    typer.Option(
        "--skip",
        metavar="N",
        help="Lines of a text file before its header (default 0).",
        show_default=False,
        rich_help_panel=_READING,
    ),
]
InputFormat = Annotated[
    str | None,
    typer.Option(
        "--input-format",
        metavar="NAME",
        help="Format of the source: csv, tsv, jsonl or parquet (default: by the file's name).",
        rich_help_panel=_READING,
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        metavar="N",
        help="Threads (default: one per core). Does not change results.",
        rich_help_panel=_READING,
    ),
]
Level = Annotated[
    float,
    typer.Option(
        "--level", metavar="P", help="Coverage of confidence intervals (default 0.95).", rich_help_panel=_STATISTICS
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="COL",
        help="Column of groups of dependent rows, such as patients.",
        rich_help_panel=_STATISTICS,
    ),
]
Block = Annotated[
    int | None,
    typer.Option(
        "--block", metavar="L", help="A series: L consecutive rows are dependent.", rich_help_panel=_STATISTICS
    ),
]
Horizon = Annotated[
    int | None,
    typer.Option(
        "--horizon",
        metavar="H",
        help="Forecasts H rows ahead: the Diebold-Mariano test. The rows are a series in file order.",
        rich_help_panel=_STATISTICS,
    ),
]
Hac = Annotated[
    str | None,
    typer.Option(
        "--hac",
        metavar="|".join(HAC_NAMES),
        help="Standard error of a series: by cosines (ewc), or by covariances of H rows (dm) (default ewc).",
        rich_help_panel=_STATISTICS,
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-f",
        metavar="NAME",
        help="table (default), json, jsonl, csv, tsv, markdown, latex, html or bare. The format bare prints the "
        "values alone, one per line.",
        rich_help_panel=_OUTPUT,
    ),
]
Export = Annotated[
    list[str] | None,
    typer.Option(
        "--export",
        metavar="FORMAT=PATH",
        help="Write the result to a file too. Repeatable.",
        rich_help_panel=_OUTPUT,
    ),
]
Digits = Annotated[
    int | None,
    typer.Option(
        "--digits",
        metavar="N",
        min=1,
        max=17,
        help="Significant digits for people (default 6). They count in table, markdown, latex and html.",
        rich_help_panel=_OUTPUT,
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        help="No warnings and no progress, only errors. Results, exit codes and the warnings in JSON and other reports "
        "stay as they are.",
        rich_help_panel=_OUTPUT,
    ),
]
NoPager = Annotated[
    bool,
    typer.Option(
        "--no-pager", help="Print without a pager, also what is longer than the screen.", rich_help_panel=_OUTPUT
    ),
]
Wide = Annotated[
    bool,
    typer.Option("--wide", help="Show all columns of the table, however wide.", rich_help_panel=_OUTPUT),
]
OutputFile = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write to FILE; its name says the format (.csv, .json). Nothing is printed then.",
        rich_help_panel=_OUTPUT,
    ),
]


def seed_flag(panel: str) -> Any:
    """Return the description of ``--seed``, in a panel."""
    return typer.Option("--seed", metavar="N", help=f"Random seed (default {DEFAULT_SEED}).", rich_help_panel=panel)


def resamples_flag(panel: str) -> Any:
    """Return the description of ``--resamples``, in a panel."""
    words = f"Number of resamples (default {DEFAULT_RESAMPLES})."
    return typer.Option("--resamples", metavar="B", help=words, rich_help_panel=panel)


def loss_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return a command one flag for every parameter of the registry.

    The command takes them as ``**parameters``: the texts of those the user gave, by name.
    """
    registered = loss_parameters()
    given = inspect.signature(command)
    hints = get_type_hints(command, include_extras=True)
    own = [
        each.replace(annotation=hints[each.name])
        for each in given.parameters.values()
        if each.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    flags = [
        inspect.Parameter(
            each.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[
                str | None,
                typer.Option(*_spellings(each), metavar="X", help=each.help, rich_help_panel=_PARAMETERS),
            ],
        )
        for each in registered
    ]
    others = {name: ours for name, ours in parameter_synonyms().items() if name not in given.parameters}
    flags += [_synonym(name, ours) for name, ours in others.items()]

    @wraps(command)
    def with_flags(**arguments: Any) -> Any:
        parameters = {name: arguments.pop(name) for name in (*(each.name for each in registered), *others)}
        return command(**arguments, **{name: text for name, text in parameters.items() if text is not None})

    with_flags.__signature__ = inspect.Signature([*own, *flags])  # type: ignore[attr-defined]  # Typer reads it
    with_flags.__annotations__ = {each.name: each.annotation for each in (*own, *flags)}
    return with_flags


def _synonym(name: str, ours: str) -> inspect.Parameter:
    """Return a flag that another library calls so: it is taken, and ``--help-all`` names it with ours."""
    word, own = (f"--{each.replace('_', '-')}" for each in (name, ours))
    flag = typer.Option(word, metavar="X", help=own, hidden=True, rich_help_panel=_PARAMETERS)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, flag])


def _spellings(flag: Flag) -> tuple[str, ...]:
    """Return how a parameter is written; `lossctl.cli.command` reads ``--full`` and ``--no-full`` as its values."""
    word = flag.name.replace("_", "-")
    return (f"--{word}", f"--no-{word}") if flag.is_switch else (f"--{word}",)
