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

from lossctl.api import NAN_POLICIES, loss_parameters
from lossctl.core.method import DEFAULT_RESAMPLES, DEFAULT_SEED, HAC_NAMES

__all__ = [
    "By",
    "ClassWeights",
    "Classes",
    "Clip",
    "Decimal",
    "Delimiter",
    "Digits",
    "Export",
    "Format",
    "Group",
    "IgnoreLabel",
    "InputFormat",
    "Key",
    "Level",
    "Levels",
    "Losses",
    "MinRows",
    "Nan",
    "Normalize",
    "Null",
    "OutputFile",
    "Positive",
    "Predictions",
    "Scales",
    "Skip",
    "Sources",
    "Target",
    "Targets",
    "Threads",
    "Unmatched",
    "Weight",
    "Where",
    "hac_flag",
    "loss_flags",
    "resamples_flag",
    "seed_flag",
]

_COLUMNS, _ROWS, _READING, _OUTPUT = "Columns", "Rows", "Reading", "Output"
_PARAMETERS = "Parameters of losses (each sets every chosen loss that has it)"

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE...",
        help="CSV, TSV, JSON lines or Parquet (.gz, .zst), a quoted glob, or - for standard input. "
        "Several are several models; label=path names one.",
        show_default=False,
    ),
]
Losses = Annotated[
    list[str],
    typer.Option(
        "--loss",
        "-l",
        metavar="NAME",
        help="Repeatable; a list 'mae,mse'; with parameters 'huber(delta=0.5,1)'; or all.",
        show_default=False,
    ),
]
Target = Annotated[
    str | None,
    typer.Option("--target", "-t", metavar="COL", help="A name, a glob 'p_*' or a list.", rich_help_panel=_COLUMNS),
]
Predictions = Annotated[
    list[str] | None,
    typer.Option(
        "--pred",
        "-p",
        metavar="COL",
        help="Repeatable: several models. A glob or a list ('lo,hi', 'a_*,b_*') is one model's vector, interval, "
        "quantiles or ensemble.",
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
        help="The levels of quantiles, in the order of the columns; read from their names (q0.05) without it.",
        rich_help_panel=_COLUMNS,
    ),
]
Group = Annotated[
    str | None,
    typer.Option(
        "--group", metavar="COL", help="The column of the groups that a ranking orders.", rich_help_panel=_COLUMNS
    ),
]
By = Annotated[
    list[str] | None,
    typer.Option(
        "--by",
        metavar="COL",
        help="Every loss for each slice too: rows that share the values of these columns. Repeatable.",
        rich_help_panel=_COLUMNS,
    ),
]
MinRows = Annotated[
    int | None,
    typer.Option(
        "--min-n", metavar="N", help="Leave out slices of fewer rows, and say how many.", rich_help_panel=_ROWS
    ),
]
Key = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        "-k",
        metavar="COL",
        help="The column that says which rows of two files belong together. Repeatable.",
        rich_help_panel=_COLUMNS,
    ),
]
Targets = Annotated[
    str | None,
    typer.Option(
        "--targets", metavar="FILE", help="The file the targets are in, joined by --key.", rich_help_panel=_COLUMNS
    ),
]
Unmatched = Annotated[
    str,
    typer.Option(
        "--unmatched",
        metavar="error|drop",
        help="Rows whose key the other file does not have: refuse, or leave out and count.",
        rich_help_panel=_ROWS,
    ),
]
Weight = Annotated[
    str | None,
    typer.Option("--weight", "-w", metavar="COL", help="Weights of rows, at least 0.", rich_help_panel=_COLUMNS),
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
        help="The classes, in their order. Columns that name them are bound by name; without it numbers stand in their "
        "order, other names as the columns do.",
        rich_help_panel=_COLUMNS,
    ),
]
ClassWeights = Annotated[
    str | None,
    typer.Option(
        "--class-weights",
        metavar="A=X,B=Y",
        help="What rows weigh by their class, beside their own weight.",
        rich_help_panel=_COLUMNS,
    ),
]
IgnoreLabel = Annotated[
    str | None,
    typer.Option("--ignore-label", metavar="LABEL", help="Leave rows of this label out.", rich_help_panel=_COLUMNS),
]
Where = Annotated[
    str | None,
    typer.Option("--where", metavar="SQL", help="A condition rows must meet.", rich_help_panel=_ROWS),
]
Nan = Annotated[
    str,
    typer.Option(
        "--nan",
        metavar="|".join(NAN_POLICIES),
        help="Rows with a missing or non-finite number: refuse, or leave out and count.",
        rich_help_panel=_ROWS,
    ),
]
Null = Annotated[
    list[str] | None,
    typer.Option(
        "--null", metavar="TOKEN", help="A text that stands for a missing number. Repeatable.", rich_help_panel=_ROWS
    ),
]
Clip = Annotated[
    float | None,
    typer.Option(
        "--clip",
        metavar="EPS",
        help="Move probabilities into [EPS, 1-EPS] first, also those outside [0, 1] by at most 1e-4 (or EPS).",
        rich_help_panel=_ROWS,
    ),
]
Normalize = Annotated[
    bool,
    typer.Option("--normalize", help="Divide distributions by their sums first.", rich_help_panel=_ROWS),
]
Delimiter = Annotated[
    str | None,
    typer.Option("--delimiter", metavar="CHAR", help="What separates fields.", rich_help_panel=_READING),
]
Decimal = Annotated[
    str,
    typer.Option("--decimal", metavar="CHAR", help="The decimal mark: . or ,", rich_help_panel=_READING),
]
Skip = Annotated[
    int,
    typer.Option(
        "--skip",
        metavar="N",
        help="Lines of a text file to pass over before its header.",
        show_default=False,
        rich_help_panel=_READING,
    ),
]
InputFormat = Annotated[
    str | None,
    typer.Option(
        "--input-format",
        metavar="NAME",
        help="csv, tsv, jsonl or parquet, where the file's name does not tell.",
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
    typer.Option("--level", metavar="P", help="Coverage of confidence intervals.", rich_help_panel=_OUTPUT),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-f",
        metavar="NAME",
        help="table (the default), json, jsonl, csv, tsv, markdown, latex, html or bare.",
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
        help="Significant digits in table, markdown, latex, html (default 6).",
        rich_help_panel=_OUTPUT,
    ),
]
OutputFile = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write to FILE instead of standard output, in the format its name ends in.",
        rich_help_panel=_OUTPUT,
    ),
]


def hac_flag(panel: str) -> Any:
    """Return the description of ``--hac``, which each command shows in a panel of its own."""
    return typer.Option(
        "--hac",
        metavar="|".join(HAC_NAMES),
        help="Standard error of a series: by cosines (default), or by covariances of H rows.",
        rich_help_panel=panel,
    )


def seed_flag(panel: str) -> Any:
    """Return the description of ``--seed``, in a panel."""
    return typer.Option("--seed", metavar="N", help=f"Random seed (default {DEFAULT_SEED}).", rich_help_panel=panel)


def resamples_flag(panel: str) -> Any:
    """Return the description of ``--resamples``, in a panel."""
    words = f"Number of resamples (default {DEFAULT_RESAMPLES})."
    return typer.Option("--resamples", metavar="B", help=words, rich_help_panel=panel)


def loss_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command one flag for every parameter of the registry.

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
    keyword = {name: name.replace("-", "_") for name, _ in registered}
    flags = [
        inspect.Parameter(
            keyword[name],
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[
                str | None,
                typer.Option(f"--{name.replace('_', '-')}", metavar="X", help=text, rich_help_panel=_PARAMETERS),
            ],
        )
        for name, text in registered
    ]

    @wraps(command)
    def with_flags(**arguments: Any) -> Any:
        parameters = {name: arguments.pop(keyword[name]) for name, _ in registered}
        return command(**arguments, **{name: text for name, text in parameters.items() if text is not None})

    with_flags.__signature__ = inspect.Signature([*own, *flags])  # type: ignore[attr-defined]  # Typer reads it
    with_flags.__annotations__ = {each.name: each.annotation for each in (*own, *flags)}
    return with_flags
