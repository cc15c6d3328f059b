"""`lossctl compare`: models side by side, paired row by row. May import the api and core."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lossctl import api
from lossctl.cli import options
from lossctl.cli.named import named
from lossctl.cli.output import Destination, Outcome
from lossctl.cli.progress import progress
from lossctl.cli.reading import reading_flags
from lossctl.core.compare_settings import ADJUSTMENT_NAMES
from lossctl.core.errors import UsageError

EXAMPLES = (
    "lossctl compare examples/data/diabetes.csv -p ridge -p knn -l mae",
    "lossctl compare examples/data/diabetes.csv -p ridge -p knn -l mse --bootstrap",
)

_STATISTICS = "Statistics"

Baseline = Annotated[
    str | None,
    typer.Option(
        "--baseline",
        metavar="FILE",
        help="Compare with FILE instead of the first model. It holds predictions of the same rows, or what lossctl "
        "baseline stored.",
        rich_help_panel=_STATISTICS,
    ),
]
BaselinePred = Annotated[
    str | None,
    typer.Option(
        "--baseline-pred",
        metavar="COL",
        help="Prediction column of the baseline. It is a column of --baseline FILE, or without one of the source.",
        rich_help_panel=_STATISTICS,
    ),
]
AllPairs = Annotated[
    bool,
    typer.Option(
        "--all-pairs",
        help="Compare every model with every other. Without it, with the first.",
        rich_help_panel=_STATISTICS,
    ),
]
Bootstrap = Annotated[
    bool,
    typer.Option(
        "--bootstrap", help="Intervals from resampled rows instead of Student's t.", rich_help_panel=_STATISTICS
    ),
]
Permutation = Annotated[
    bool,
    typer.Option(
        "--permutation", help="p-values from random signs instead of Student's t.", rich_help_panel=_STATISTICS
    ),
]
Seed = Annotated[int | None, options.seed_flag(_STATISTICS)]
Resamples = Annotated[int | None, options.resamples_flag(_STATISTICS)]
Adjust = Annotated[
    str,
    typer.Option(
        "--adjust",
        metavar="|".join(ADJUSTMENT_NAMES),
        help="Adjust p for many comparisons (default bh). Benjamini-Hochberg (bh), Holm (holm), or not.",
        rich_help_panel=_STATISTICS,
    ),
]


@options.loss_flags
@reading_flags
def compare(  # noqa: PLR0913 -- one argument a flag: Typer reads them from here
    *,
    sources: options.Sources,
    loss: options.Losses = None,
    reading: dict[str, Any],
    baseline: Baseline = None,
    baseline_pred: BaselinePred = None,
    all_pairs: AllPairs = False,
    bootstrap: Bootstrap = False,
    permutation: Permutation = False,
    cluster: options.Cluster = None,
    block: options.Block = None,
    horizon: options.Horizon = None,
    hac: options.Hac = None,
    seed: Seed = None,
    resamples: Resamples = None,
    adjust: Adjust = "bh",
    format: options.Format = None,  # noqa: A002 -- the flag's name
    export: options.Export = None,
    output: options.OutputFile = None,
    digits: options.Digits = None,
    quiet: options.Quiet = False,
    wide: options.Wide = False,
    **parameters: Any,
) -> Outcome:
    """Models side by side, row by row: differences, intervals, p-values."""
    read = (*sources, reading.get("targets"), baseline)
    destination = Destination.of(format, export, output, digits, wide=wide, read=read)
    selection = named(loss, parameters, sources, "compare", reading)
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
    with progress(quiet=quiet) as on_progress:
        result = api.compare(sources, selection, on_progress=on_progress, **asked, **reading)
    return Outcome(result, destination, result.notices, quiet=quiet)


def _method(*, bootstrap: bool, permutation: bool) -> str | None:
    """Return the method that is named; ``None``: the one that the other flags call for."""
    if bootstrap and permutation:
        raise UsageError("--bootstrap and --permutation are both given", "a difference is told from chance in one way")
    return "bootstrap" if bootstrap else "permutation" if permutation else None
