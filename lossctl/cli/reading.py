"""The flags of every command that reads predictions, and what they mean to the api. May import the api and core."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import Any, get_type_hints

from lossctl.cli import options
from lossctl.core.errors import UsageError

__all__ = ["reading_flags"]

_FLAGS: Mapping[str, tuple[Any, Any]] = MappingProxyType(
    {
        "target": (options.Target, None),
        "pred": (options.Predictions, None),
        "scale": (options.Scales, None),
        "levels": (options.Levels, None),
        "group": (options.Group, None),
        "by": (options.By, None),
        "min_n": (options.MinRows, None),
        "key": (options.Key, None),
        "targets": (options.Targets, None),
        "unmatched": (options.Unmatched, "error"),
        "weight": (options.Weight, None),
        "positive": (options.Positive, None),
        "classes": (options.Classes, None),
        "class_weights": (options.ClassWeights, None),
        "ignore_label": (options.IgnoreLabel, None),
        "where": (options.Where, None),
        "nan": (options.Nan, "error"),
        "null": (options.Null, None),
        "clip": (options.Clip, None),
        "normalize": (options.Normalize, False),
        "delimiter": (options.Delimiter, None),
        "decimal": (options.Decimal, "."),
        "skip": (options.Skip, 0),
        "input_format": (options.InputFormat, None),
        "threads": (options.Threads, None),
        "level": (options.Level, 0.95),
    }
)
"""By name: what Typer is told, and the default."""


def reading_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Put the flags that say what to read in the place of a command's argument ``reading``.

    The command gets there a dict of keywords for `lossctl.evaluate` and its like.
    """
    given = inspect.signature(command)
    hints = get_type_hints(command, include_extras=True)
    parameters: list[inspect.Parameter] = []
    for each in given.parameters.values():
        if each.name == "reading":
            parameters += [
                inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
                for name, (annotation, default) in _FLAGS.items()
            ]
        else:
            parameters.append(each.replace(annotation=hints[each.name]))

    @wraps(command)
    def with_reading(**arguments: Any) -> Any:
        flags = {name: arguments.pop(name) for name in _FLAGS}
        return command(reading=_keywords(flags), **arguments)

    with_reading.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # Typer reads it
    with_reading.__annotations__ = {each.name: each.annotation for each in parameters}
    return with_reading


def _keywords(flags: dict[str, Any]) -> dict[str, Any]:
    """Turn what was typed into what the api takes."""
    classes = flags["classes"]
    return {
        **{name: value for name, value in flags.items() if name != "pred"},
        "prediction": flags["pred"],
        "levels": _levels(flags["levels"]),
        "classes": () if classes is None else [each.strip() for each in classes.split(",")],
        "class_weights": _weights(flags["class_weights"]),
        "null": flags["null"] or (),
    }


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
