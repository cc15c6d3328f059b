"""Who runs: lossctl, and the scripts a user would write instead. Imports the standard library only.

Every contestant is a command. It gets a file and a list of losses, and prints what it computed as JSON. A script
stands alone and imports nothing of ours, because its imports are part of what is measured. A loss is written
``mae``, ``mse``, ``huber:DELTA`` or ``smooth_l1:BETA``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CONTESTANTS", "Answers", "Contestant"]

Answers = Mapping[str, Mapping[str, float]]
"""By loss, then by figure: ``value``, ``std_error``, ``l1``, …"""
Command = Callable[[Path, str, tuple[str, ...]], list[str]]
"""``command(directory of the environment's programs, file, losses)``."""

SCRIPTS = Path(__file__).parent
PARAMETERS = {"huber": "delta", "smooth_l1": "beta"}


@dataclass(frozen=True)
class Contestant:
    """One way to do a job.

    Parameters
    ----------
    name
        What the tables call it.
    command
        What is run.
    read
        Its stdout to answers.
    note
        What it computes.
    """

    name: str
    command: Command
    read: Callable[[str], Answers]
    note: str = "everything"


def lossctl_command(programs: Path, file: str, losses: tuple[str, ...]) -> list[str]:
    """Run the installed command."""
    flags = [part for loss in losses for part in ("--loss", in_brackets(loss))]
    return [str(programs / "lossctl"), "eval", file, *flags, "--format", "json"]


def in_brackets(loss: str) -> str:
    """Write a loss as lossctl wants it: ``huber:1.0`` is ``huber(delta=1.0)``.

    Examples
    --------
    >>> in_brackets("huber:1.0"), in_brackets("mae")
    ('huber(delta=1.0)', 'mae')
    """
    name, _, value = loss.partition(":")
    return f"{name}({PARAMETERS[name]}={value})" if value else name


def read_lossctl(text: str) -> Answers:
    """Read the JSON of `lossctl eval`."""
    answers = {}
    for result in json.loads(text)["results"]:
        parameters = "".join(f":{value}" for value in result["params"].values())
        figures = {"value": result["value"], "std_error": result["std_error"], **result["gradient"]}
        answers[result["loss"] + parameters] = figures
    return answers


def script(name: str, *arguments: str) -> Command:
    """Run a script of this folder."""
    return lambda programs, file, losses: [
        str(programs / "python"),
        str(SCRIPTS / f"{name}.py"),
        *arguments,
        file,
        *losses,
    ]


def imports(programs: Path, _file: str, _losses: tuple[str, ...]) -> list[str]:
    """Import what every run needs, and nothing else: the floor under start-up."""
    return [str(programs / "python"), "-c", "import numpy, duckdb; print('{}')"]


_ALL = (
    Contestant("lossctl", lossctl_command, read_lossctl),
    Contestant("imports", imports, json.loads, "nothing: `import numpy, duckdb` alone"),
    Contestant("sql", script("by_sql", "fast"), json.loads),
    Contestant("sql-plain", script("by_sql", "plain"), json.loads, "everything, in the SQL quickest to type"),
    Contestant("polars", script("by_polars", "all"), json.loads),
    Contestant("polars-value", script("by_polars", "value"), json.loads, "values alone"),
    Contestant("pandas", script("by_pandas", "numpy"), json.loads, "values alone"),
    Contestant("sklearn", script("by_pandas", "sklearn"), json.loads, "values alone"),
)
CONTESTANTS = {contestant.name: contestant for contestant in _ALL}
