"""`lossctl check`: gates for CI, and the exit code they come to. May import the api and core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from lossctl import api
from lossctl.cli import options
from lossctl.cli.output import Destination, Outcome
from lossctl.cli.reading import reading_flags
from lossctl.core.errors import UsageError

EPILOG = "Example: lossctl check preds.csv --gate 'mse <= 3200'"

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
Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SOURCE]",
        help="CSV, TSV, JSON lines or Parquet (.gz, .zst), a quoted glob, or - for standard input.",
        show_default=False,
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster", metavar="COL", help="The column that says which rows belong together.", rich_help_panel=_GATES
    ),
]
Block = Annotated[
    int | None,
    typer.Option(
        "--block", metavar="L", help="So many rows, one after the other, belong together.", rich_help_panel=_GATES
    ),
]
Horizon = Annotated[
    int | None,
    typer.Option("--horizon", metavar="H", help="Forecasts of a series, H rows ahead.", rich_help_panel=_GATES),
]
HacOption = Annotated[str | None, options.hac_flag(_GATES)]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The configuration. Default: lossctl.toml, or [tool.lossctl.check] of pyproject.toml, in this folder.",
        rich_help_panel=_GATES,
    ),
]
Explain = Annotated[
    bool | None,
    typer.Option("--explain", help="Say of each failure which slices and rows add most to it.", rich_help_panel=_GATES),
]
Calibrate = Annotated[
    bool | None,
    typer.Option(
        "--calibrate",
        help="Say of each gate how often it would fail or be unsure by chance, and which change it would catch.",
        rich_help_panel=_GATES,
    ),
]
FailUnsure = Annotated[
    bool | None,
    typer.Option(
        "--fail-unsure",
        help="Exit with 4 where a gate is unsure: neither shown to fail nor to pass. Default: 0.",
        rich_help_panel=_GATES,
    ),
]
Sequential = Annotated[
    bool | None,
    typer.Option(
        "--sequential",
        help="Tests of deltas hold at every look at a file that grows, of the same two models. From 100 rows on.",
        rich_help_panel=_GATES,
    ),
]
AllowInverted = Annotated[
    bool | None,
    typer.Option("--allow-inverted", help="Let a gate ask for a loss of at least so much.", rich_help_panel=_GATES),
]


@reading_flags
def check(  # noqa: PLR0913 -- one argument a flag: Typer reads them from here
    *,
    context: typer.Context,
    sources: Sources = None,
    reading: dict[str, Any],
    gate: Gates = None,
    baseline: Baseline = None,
    baseline_pred: BaselinePred = None,
    test: Test = None,
    correction: Correction = None,
    nonfinite: Nonfinite = None,
    max_omitted: MaxOmitted = None,
    allow_inverted: AllowInverted = None,
    explain: Explain = None,
    calibrate: Calibrate = None,
    fail_unsure: FailUnsure = None,
    sequential: Sequential = None,
    cluster: Cluster = None,
    block: Block = None,
    horizon: Horizon = None,
    hac: HacOption = None,
    config: ConfigFile = None,
    format: options.Format = None,  # noqa: A002 -- the flag's name
    export: options.Export = None,
    output: options.OutputFile = None,
    digits: options.Digits = None,
) -> Outcome:
    """Check gates: exit code 0 where none failed, 1 where one failed, 4 where one could not be evaluated."""
    configured = api.load_check_config(config)
    own = {
        "baseline": baseline,
        "baseline_prediction": baseline_pred,
        "test": test,
        "correction": correction,
        "nonfinite": nonfinite,
        "max_omitted": max_omitted,
        "allow_inverted": allow_inverted,
        "explain": explain,
        "calibrate": calibrate,
        "fail_unsure": fail_unsure,
        "sequential": sequential,
        "cluster": cluster,
        "block": block,
        "horizon": horizon,
        "hac": hac,
    }
    given = {name: value for name, value in own.items() if value is not None} | _typed(context, reading)
    asked = {**configured.options, **given}
    named = sources or ([] if configured.source is None else [configured.source])
    exports = [*_reports(configured.reports), *(export or ())]
    read = (*named, asked.get("baseline"), asked.get("targets"))
    destination = replace(
        Destination.of(format, exports, output, digits, known=api.check_formats(), read=read),
        unfollowed=frozenset(configured.reports.values()),
    )
    result = api.check(named, gate or configured.gates, **asked)
    return Outcome(result, destination, result.warnings, result.exit_code, render=api.render_check)


def _typed(context: typer.Context, reading: dict[str, Any]) -> dict[str, Any]:
    """Give the flags of reading that were typed, and refuse those of other commands that gates have their own of."""
    names = {"pred" if name == "prediction" else name: name for name in reading}
    typed = {
        keyword: reading[keyword]
        for name, keyword in names.items()
        if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"
    }
    if "nan" in typed:
        raise UsageError("check takes no --nan", "--nonfinite fail, or --nonfinite omit with --max-omitted")
    if "by" in typed:
        raise UsageError("check takes no --by", "a gate names its slices: 'mse[col=*] <= 1'")
    return typed


def _reports(reports: Mapping[str, Path]) -> list[str]:
    """Give the reports of a configuration as exports, with their folder made."""
    for path in reports.values():
        try:
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise UsageError(f"{path.parent} can't be made: {error.strerror}", "make it") from None
    return [f"{name}={path}" for name, path in reports.items()]
