"""`lossctl check`: gates for CI, and the exit code they come to. May import the api and core."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lossctl import api
from lossctl.cli import options
from lossctl.cli.output import Destination, Outcome
from lossctl.cli.reading import reading_flags
from lossctl.core.errors import UsageError

EPILOG = "Example: lossctl check preds.csv --gate 'mse <= 3100' --gate 'p95(mae) <= 120'"

_GATES = "Gates"

Gates = Annotated[
    list[str] | None,
    typer.Option(
        "--gate",
        "-g",
        metavar="GATE",
        help="What must hold: 'mse <= 0.3', 'p95(mae)[sex=*] < 2', 'delta(mse) <= 1%', 'gap(mae, sex) <= 0.1', "
        "'n >= 100'. Repeatable.",
        rich_help_panel=_GATES,
    ),
]
Baseline = Annotated[
    str | None,
    typer.Option(
        "--baseline",
        metavar="FILE",
        help="What deltas are taken from: predictions of the same rows.",
        rich_help_panel=_GATES,
    ),
]
BaselinePred = Annotated[
    str | None,
    typer.Option(
        "--baseline-pred",
        metavar="COL",
        help="The baseline's prediction column, in the source or in --baseline FILE.",
        rich_help_panel=_GATES,
    ),
]
Test = Annotated[
    str | None,
    typer.Option(
        "--test",
        metavar="point|regress|noninferior",
        help="How deltas are decided. Default: regress, which fails where a change for the worse is shown.",
        rich_help_panel=_GATES,
    ),
]
Correction = Annotated[
    str | None,
    typer.Option(
        "--correction",
        metavar="holm|none",
        help="Adjust p for the number of gates. Default: holm.",
        rich_help_panel=_GATES,
    ),
]
Nonfinite = Annotated[
    str | None,
    typer.Option(
        "--nonfinite",
        metavar="error|fail|omit",
        help="Rows with a missing or non-finite number: refuse, fail their gates, or leave out up to --max-omitted.",
        rich_help_panel=_GATES,
    ),
]
MaxOmitted = Annotated[
    float | None,
    typer.Option(
        "--max-omitted", metavar="SHARE", help="The most rows that may be left out, as 0.01.", rich_help_panel=_GATES
    ),
]
AllowInverted = Annotated[
    bool,
    typer.Option("--allow-inverted", help="Let a gate ask for a loss of at least so much.", rich_help_panel=_GATES),
]


@reading_flags
def check(  # noqa: PLR0913 -- one argument a flag: Typer reads them from here
    *,
    sources: options.Sources,
    reading: dict[str, Any],
    gate: Gates = None,
    baseline: Baseline = None,
    baseline_pred: BaselinePred = None,
    test: Test = None,
    correction: Correction = None,
    nonfinite: Nonfinite = None,
    max_omitted: MaxOmitted = None,
    allow_inverted: AllowInverted = False,
    format: options.Format = "table",  # noqa: A002 -- the flag's name
    export: options.Export = None,
    output: options.OutputFile = None,
    digits: options.Digits = None,
) -> Outcome:
    """Check gates: exit code 0 where every one passed, 1 where one failed, 4 where one could not be evaluated."""
    destination = Destination.of(format, export, output, digits)
    destination.spare([*sources, *([baseline] if baseline else [])])
    asked: dict[str, Any] = {
        "baseline_prediction": baseline_pred,
        "test": test,
        "correction": correction,
        "nonfinite": nonfinite,
        "max_omitted": max_omitted,
        "allow_inverted": allow_inverted,
    }
    result = api.check(sources, gate or (), baseline=baseline, **asked, **_reading(reading))
    return Outcome(result, destination, result.warnings, result.exit_code)


def _reading(flags: dict[str, Any]) -> dict[str, Any]:
    """Refuse the flags of other commands that gates have their own of."""
    if flags["nan"] != "error":
        raise UsageError("check takes no --nan", "--nonfinite fail or omit, with --max-omitted")
    if flags["by"]:
        raise UsageError("check takes no --by", "a gate names its slices: 'mse[col=*] <= 1'")
    return {name: value for name, value in flags.items() if name not in {"nan", "by"}}
