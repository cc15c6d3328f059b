"""`lossctl eval`: value, uncertainty and gradient norms of each loss for each model. May import the api and core."""

from __future__ import annotations

from typing import Any, cast

from lossctl import api
from lossctl.cli import options
from lossctl.cli.output import Destination, Outcome
from lossctl.cli.progress import progress
from lossctl.core.errors import UsageError

EPILOG = "Example: lossctl eval preds.csv --loss huber --delta 1.0"


@options.loss_flags
def evaluate(  # noqa: PLR0913 -- one argument a flag: Typer reads them from here
    *,
    sources: options.Sources,
    loss: options.Losses,
    target: options.Target = None,
    pred: options.Predictions = None,
    scale: options.Scales = None,
    levels: options.Levels = None,
    group: options.Group = None,
    weight: options.Weight = None,
    positive: options.Positive = None,
    classes: options.Classes = None,
    class_weights: options.ClassWeights = None,
    ignore_label: options.IgnoreLabel = None,
    where: options.Where = None,
    nan: options.Nan = "error",
    null: options.Null = None,
    clip: options.Clip = None,
    normalize: options.Normalize = False,
    delimiter: options.Delimiter = None,
    decimal: options.Decimal = ".",
    input_format: options.InputFormat = None,
    threads: options.Threads = None,
    level: options.Level = 0.95,
    format: options.Format = "table",  # noqa: A002 -- the flag's name
    export: options.Export = None,
    output: options.OutputFile = None,
    digits: options.Digits = None,
    **parameters: Any,
) -> Outcome:
    """Evaluate losses on files of predictions: value, uncertainty and gradient norms."""
    destination = Destination.of(format, export, output, digits)
    destination.spare(sources)
    selection = api.select(loss, parameters)
    reading: dict[str, Any] = {"null": null or (), "delimiter": delimiter, "decimal": decimal, "threads": threads}
    with progress() as on_progress:
        result = api.evaluate(
            sources,
            selection,
            on_progress=on_progress,
            target=target,
            prediction=pred,
            scale=scale,
            levels=_levels(levels),
            group=group,
            weight=weight,
            positive=positive,
            classes=() if classes is None else [each.strip() for each in classes.split(",")],
            class_weights=_weights(class_weights),
            ignore_label=ignore_label,
            where=where,
            nan=cast("Any", nan),  # checked by Settings
            clip=clip,
            normalize=normalize,
            level=level,
            input_format=input_format,
            **reading,
        )
    return Outcome(result, destination, result.warnings)


def _levels(text: str | None) -> list[float]:
    """Read ``0.05,0.5,0.95``."""
    levels = []
    for item in [] if text is None else text.split(","):
        try:
            levels.append(float(item))
        except ValueError:
            raise UsageError(f"--levels: {item!r} is not a number", "such as --levels 0.05,0.5,0.95") from None
    return levels


def _weights(text: str | None) -> dict[str, float]:
    """Read ``cat=2,dog=0.5``."""
    weights: dict[str, float] = {}
    for item in [] if text is None else text.split(","):
        label, sign, number = item.rpartition("=")
        try:
            weights[label.strip()] = float(number)
        except ValueError:
            sign = ""
        if not sign:
            raise UsageError(f"--class-weights: {item!r} is not CLASS=WEIGHT", "such as --class-weights cat=2,dog=0.5")
    return weights
