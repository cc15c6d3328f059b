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

EXAMPLES = (
    "lossctl check preds.csv --gate 'mse <= 3200'",
    "lossctl check preds.csv -g 'p90(mae) <= 120' -g 'n >= 100' --explain",
)

_GATES, _STATISTICS = "Gates", "Statistics"

Gates = Annotated[
    list[str] | None,
    typer.Option(
        "--gate",
        "-g",
        metavar="GATE",
        help="Condition for passing: 'mse <= 0.3', 'delta(mse) <= 1%'. Others: 'p95(mae)[sex=*] < 2', 'gap(mae, sex) "
        "<= 0.1', 'n >= 100'. Repeatable.",
        rich_help_panel=_GATES,
    ),
]
Baseline = Annotated[
    str | None,
    typer.Option(
        "--baseline",
        metavar="FILE",
        help="File that delta(…) gates compare with. It holds predictions of the same rows, or what lossctl baseline "
        "stored.",
        rich_help_panel=_GATES,
    ),
]
BaselinePred = Annotated[
    str | None,
    typer.Option(
        "--baseline-pred",
        metavar="COL",
        help="Prediction column of the baseline. It is a column of --baseline FILE, or without one of the source.",
        rich_help_panel=_GATES,
    ),
]
Test = Annotated[
    str | None,
    typer.Option(
        "--test",
        metavar="point|regress|noninferior",
        help="How delta gates are decided (default regress). With point, by the numbers alone; with regress, one "
        "fails if a change for the worse is shown; with noninferior, one passes only if a change for the worse is "
        "ruled out.",
        rich_help_panel=_STATISTICS,
    ),
]
Correction = Annotated[
    str | None,
    typer.Option(
        "--correction",
        metavar="holm|none",
        help="Adjust p for the number of gates (default holm).",
        rich_help_panel=_STATISTICS,
    ),
]
Nonfinite = Annotated[
    str | None,
    typer.Option(
        "--nonfinite",
        metavar="error|fail|omit",
        help="Missing or non-finite numbers (default error). Stop; fail the gates of the rows; or leave the rows "
        "out, at most --max-omitted of them.",
        rich_help_panel="Rows",
    ),
]
MaxOmitted = Annotated[
    float | None,
    typer.Option(
        "--max-omitted",
        metavar="SHARE",
        help="Largest share of rows that may be left out, such as 0.01.",
        rich_help_panel="Rows",
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-f",
        metavar="NAME",
        help="table (default), json, jsonl, csv, tsv, markdown, latex, html, bare, github, junit or openmetrics.",
        rich_help_panel="Output",
    ),
]
Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SOURCE]",
        help="Predictions: CSV, TSV, JSON lines or Parquet. Also .gz and .zst, a quoted glob (one source of many "
        "files), and - for standard input. Without it, the configuration names the source.",
        show_default=False,
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Gates and options from FILE (default: lossctl.toml). Else from the table [tool.lossctl.check] of "
        "pyproject.toml.",
        rich_help_panel=_GATES,
    ),
]
Explain = Annotated[
    bool | None,
    typer.Option("--explain", help="Show the slices and rows that add most to a failure.", rich_help_panel=_GATES),
]
Calibrate = Annotated[
    bool | None,
    typer.Option(
        "--calibrate",
        help="Show how often each gate fails by chance. It also shows how often it is unsure, and which change it "
        "finds.",
        rich_help_panel=_GATES,
    ),
]
FailUnsure = Annotated[
    bool | None,
    typer.Option(
        "--fail-unsure",
        help="Exit with 4, not 0, if a gate is unsure. Unsure: shown neither to fail nor to pass.",
        rich_help_panel=_GATES,
    ),
]
Sequential = Annotated[
    bool | None,
    typer.Option(
        "--sequential",
        help="For a file that grows: delta tests hold at every look. The two models stay the same; from 100 rows on.",
        rich_help_panel=_STATISTICS,
    ),
]
OnlyFailures = Annotated[
    bool,
    typer.Option(
        "--only-failures",
        help="Only count the gates that passed. Reports for machines keep them.",
        rich_help_panel="Output",
    ),
]
AllowInverted = Annotated[
    bool | None,
    typer.Option(
        "--allow-inverted",
        help="Allow gates such as 'mse >= 1', which a worse model passes.",
        rich_help_panel=_GATES,
    ),
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
    cluster: options.Cluster = None,
    block: options.Block = None,
    horizon: options.Horizon = None,
    hac: options.Hac = None,
    config: ConfigFile = None,
    format: Format = None,  # noqa: A002 -- the flag's name
    export: options.Export = None,
    output: options.OutputFile = None,
    digits: options.Digits = None,
    quiet: options.Quiet = False,
    only_failures: OnlyFailures = False,
) -> Outcome:
    """Gates for CI: exit code 0 if none failed, 1 if one failed.

    It is 4 if a gate could not be evaluated, 2 or 3 if the command line or the data are wrong.
    """
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
    asked = {**configured.options, **_given(own), **_typed(context, reading)}
    named = sources or ([] if configured.source is None else [configured.source])
    read = (*named, asked.get("baseline"), asked.get("targets"))
    exports = [*_reports(configured.reports), *(export or ())]
    destination = Destination.of(format, exports, output, digits, known=api.check_formats(), read=read)
    destination = replace(destination, unfollowed=frozenset(configured.reports.values()))
    result = replace(api.check(named, gate or configured.gates, **asked), only_failures=only_failures)
    said: dict[str, Any] = {"quiet": quiet, "notes": _left_out(configured) if gate else ()}
    return Outcome(result, destination, result.warnings, result.exit_code, render=api.render_check, **said)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _left_out(configured: Any) -> tuple[str, ...]:
    """Say that the gates of a configuration are not held, where flags name others."""
    files = list(dict.fromkeys(each.place.file for each in configured.gates if each.place is not None))
    count = len(configured.gates)
    gates = "its gate is" if count == 1 else f"its {count} gates are"
    return tuple(f"{file}: {gates} left out, for --gate names others; its other settings hold" for file in files)


def _typed(context: typer.Context, reading: dict[str, Any]) -> dict[str, Any]:
    """Return the flags of reading that were typed, and refuse those of other commands that gates have their own of."""
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
    """Return the reports of a configuration as exports, with their folder made."""
    for path in reports.values():
        try:
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise UsageError(f"{path.parent} can't be made: {error.strerror}", "make it") from None
    return [f"{name}={path}" for name, path in reports.items()]
