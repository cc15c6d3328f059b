"""`lossctl eval`: value, uncertainty and gradient norms of each loss for each model. May import the api and core."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from lossctl import api
from lossctl.cli import options
from lossctl.cli.output import Destination, Outcome
from lossctl.cli.progress import progress
from lossctl.cli.reading import reading_flags
from lossctl.core.errors import UsageError
from lossctl.core.results.quantiles import read_levels

EXAMPLES = (
    "lossctl eval preds.csv --loss huber --delta 1.0",
    "lossctl eval examples/data/diabetes.csv -p ridge -p knn -l mae,mse --by sex",
)

Skill = Annotated[
    bool,
    typer.Option(
        "--skill",
        help="Divide by the loss of guessing the mean of the targets. Below 1: better than guessing. mse gives the "
        "relative squared error.",
        rich_help_panel="What to compute",
    ),
]
PerRow = Annotated[
    bool,
    typer.Option(
        "--per-row",
        help="Loss and slope of every row, as CSV or to -o FILE. FILE may be CSV, TSV, JSON lines or Parquet.",
        rich_help_panel="What to compute",
    ),
]


Top = Annotated[
    int | None,
    typer.Option(
        "--top", metavar="N", help="Show the N worst rows of each model and loss.", rich_help_panel="What to compute"
    ),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        "--keep",
        metavar="COL",
        help="With --top: columns to show beside each row. A name, a glob or a list. Repeatable.",
        rich_help_panel="What to compute",
    ),
]
Quantiles = Annotated[
    str | None,
    typer.Option(
        "--quantiles",
        metavar="[P,Q,R]",
        help="Exact quantiles of the rows' losses and |slopes|. Without a value: p50,p90,p95,p99,max; else those "
        "named, such as 0.1,max.",
        rich_help_panel="What to compute",
    ),
]


Bootstrap = Annotated[
    bool,
    typer.Option(
        "--bootstrap", help="Intervals from resampled rows instead of Student's t.", rich_help_panel="Statistics"
    ),
]
Seed = Annotated[int | None, options.seed_flag("Statistics")]
Resamples = Annotated[int | None, options.resamples_flag("Statistics")]


@options.loss_flags
@reading_flags
def evaluate(  # noqa: PLR0913 -- one argument a flag: Typer reads them from here
    *,
    sources: options.Sources,
    loss: options.UsualLosses = None,
    reading: dict[str, Any],
    skill: Skill = False,
    quantiles: Quantiles = None,
    bootstrap: Bootstrap = False,
    seed: Seed = None,
    resamples: Resamples = None,
    top: Top = None,
    keep: Keep = None,
    per_row: PerRow = False,
    format: options.Format = None,  # noqa: A002 -- the flag's name
    export: options.Export = None,
    output: options.OutputFile = None,
    digits: options.Digits = None,
    quiet: options.Quiet = False,
    wide: options.Wide = False,
    **parameters: Any,
) -> Outcome:
    """Value, confidence interval and gradient norms of losses."""
    if keep and top is None:
        raise UsageError("--keep is of no use without --top", "the rows to keep columns of: --top 10")
    read, notes = (*sources, reading.get("targets")), list[str]()
    selection = _selection(loss, parameters, sources, notes)
    drawing: dict[str, Any] = {"bootstrap": bootstrap, "seed": seed, "resamples": resamples}
    drawn = {"--bootstrap": bootstrap, "--seed": seed is not None, "--resamples": resamples}
    if per_row:
        others = {"--top": top, "--quantiles": quantiles, "--export": export, "--digits": digits, "--skill": skill}
        others |= {"--wide": wide}
        _refuse("--per-row", others | drawn)
        from lossctl.cli import rows

        to = rows.RowDestination.of(format, output)
        destination = Destination.of(to.kind, None, output, known=rows.ROW_FORMATS, read=read)
        given = rows.per_row(sources, selection, destination, to, reading, quiet=quiet)
        return replace(given, notes=tuple(notes))
    destination = Destination.of(format, export, output, digits, wide=wide, read=read)
    if not loss and destination.format == "bare":
        raise UsageError("bare prints values alone, and no loss is named", "name one, such as: --loss mae")
    if top is not None:
        _refuse("--top", {"--quantiles": quantiles, "--skill": skill} | drawn)
        with progress(quiet=quiet) as on_progress:
            worst = api.worst_rows(sources, selection, top, keep=keep or (), on_progress=on_progress, **reading)
        return Outcome(worst, destination, worst.notices, notes=tuple(notes), quiet=quiet)
    levels = () if quantiles is None else read_levels(quantiles)
    with progress(quiet=quiet) as on_progress:
        asked = {"quantiles": levels, "on_progress": on_progress, "skill": skill, **drawing}
        result = api.evaluate(sources, selection, **asked, **reading)
    return Outcome(result, destination, result.notices, notes=tuple(notes), quiet=quiet)


def _selection(
    loss: list[str] | None, parameters: dict[str, str], sources: list[str], notes: list[str]
) -> api.Selection:
    """Return the losses that are named, or leave it to the data which are usual, and note which were taken."""
    if loss:
        return api.select(loss, parameters)
    from lossctl.cli.named import refuse_names

    refuse_names(sources, "eval")
    return api.select_usual(notes.append, parameters)


_WHY = {
    "--export": "there is one table of rows, and -o writes it",
    "--digits": "numbers of rows keep all their digits",
    "--wide": "all their columns are written",
    "--skill": "what predicting the mean costs is no loss of a row",
    **dict.fromkeys(("--bootstrap", "--seed", "--resamples"), "intervals are those of values, not of rows"),
    "--top": "run them apart: every row has its loss there, the worst too",
    "--quantiles": "run them apart: quantiles stand beside the values of losses",
}
"""Why a flag does not go with rows."""


def _refuse(flag: str, others: dict[str, Any]) -> None:
    """Refuse flags that make no sense beside another."""
    for name, given in others.items():
        if given:
            raise UsageError(f"{flag} takes no {name}", _WHY[name])
