"""`lossctl compare`: models side by side, paired row by row. May import the api and core."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lossctl import api
from lossctl.cli import options
from lossctl.cli.output import Destination, Outcome
from lossctl.cli.progress import progress
from lossctl.cli.reading import reading_flags
from lossctl.core.compare_settings import ADJUSTMENT_NAMES
from lossctl.core.errors import UsageError

EPILOG = "Example: lossctl compare examples/data/diabetes.csv -p ridge -p knn -l mae"

_COMPARING = "Comparing"

Baseline = Annotated[
    str | None,
    typer.Option(
        "--baseline",
        metavar="FILE",
        help="What all models are compared with, instead of the first: predictions of the same rows, or what "
        "lossctl baseline stored of them.",
        rich_help_panel=_COMPARING,
    ),
]
BaselinePred = Annotated[
    str | None,
    typer.Option(
        "--baseline-pred",
        metavar="COL",
        help="The baseline's prediction column, in the source or in --baseline FILE.",
        rich_help_panel=_COMPARING,
    ),
]
AllPairs = Annotated[
    bool,
    typer.Option(
        "--all-pairs", help="Compare every model with every other, not with the first.", rich_help_panel=_COMPARING
    ),
]
Bootstrap = Annotated[
    bool,
    typer.Option(
        "--bootstrap", help="Intervals from resampled rows, instead of Student's t.", rich_help_panel=_COMPARING
    ),
]
Permutation = Annotated[
    bool,
    typer.Option(
        "--permutation", help="p-values from flipped signs, instead of Student's t.", rich_help_panel=_COMPARING
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="COL",
        help="The column that says which rows belong together, such as those of a patient.",
        rich_help_panel=_COMPARING,
    ),
]
Block = Annotated[
    int | None,
    typer.Option(
        "--block",
        metavar="L",
        help="So many rows, one after the other, belong together: for a series.",
        rich_help_panel=_COMPARING,
    ),
]
Horizon = Annotated[
    int | None,
    typer.Option(
        "--horizon",
        metavar="H",
        help="Forecasts of a series, H rows ahead, in file order: the test of Diebold and Mariano.",
        rich_help_panel=_COMPARING,
    ),
]
HacOption = Annotated[str | None, options.hac_flag(_COMPARING)]
Seed = Annotated[int | None, options.seed_flag(_COMPARING)]
Resamples = Annotated[int | None, options.resamples_flag(_COMPARING)]
Adjust = Annotated[
    str,
    typer.Option(
        "--adjust",
        metavar="|".join(ADJUSTMENT_NAMES),
        help="Adjust p for many comparisons: Benjamini-Hochberg, Holm, or not.",
        rich_help_panel=_COMPARING,
    ),
]


@options.loss_flags
@reading_flags
def compare(  # noqa: PLR0913 -- one argument a flag: Typer reads them from here
    *,
    sources: options.Sources,
    loss: options.Losses,
    reading: dict[str, Any],
    baseline: Baseline = None,
    baseline_pred: BaselinePred = None,
    all_pairs: AllPairs = False,
    bootstrap: Bootstrap = False,
    permutation: Permutation = False,
    cluster: Cluster = None,
    block: Block = None,
    horizon: Horizon = None,
    hac: HacOption = None,
    seed: Seed = None,
    resamples: Resamples = None,
    adjust: Adjust = "bh",
    format: options.Format = None,  # noqa: A002 -- the flag's name
    export: options.Export = None,
    output: options.OutputFile = None,
    digits: options.Digits = None,
    **parameters: Any,
) -> Outcome:
    """Compare models with the first, or a baseline: paired differences with intervals, p-values, wins and losses."""
    read = (*sources, reading.get("targets"), baseline)
    destination = Destination.of(format, export, output, digits, read=read)
    selection = api.select(loss, parameters)
    asked: dict[str, Any] = {
        "baseline": baseline,
        "baseline_prediction": baseline_pred,
        "pairs": "all" if all_pairs else "baseline",
        "method": _method(bootstrap=bootstrap, permutation=permutation),
        "cluster": cluster,
        "block": block,
        "horizon": horizon,
        "hac": hac,
        "seed": seed,
        "resamples": resamples,
        "adjust": adjust,
    }
    with progress() as on_progress:
        result = api.compare(sources, selection, on_progress=on_progress, **asked, **reading)
    return Outcome(result, destination, result.notices)


def _method(*, bootstrap: bool, permutation: bool) -> str | None:
    """Give the method that is named; ``None``: the one that the other flags call for."""
    if bootstrap and permutation:
        raise UsageError("--bootstrap and --permutation are both given", "a difference is told from chance in one way")
    return "bootstrap" if bootstrap else "permutation" if permutation else None
