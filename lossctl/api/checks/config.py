"""The configuration of a check, read from where the command runs, as `lossctl.check` takes it.

May import gates and core.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from lossctl.api.checks.check import Asked
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.gates.config import find_config, read_config
from lossctl.gates.decide import Test
from lossctl.gates.grammar import parse_gate

__all__ = ["CheckConfig", "load_check_config"]


@dataclass(frozen=True, slots=True)
class CheckConfig:
    """What a configuration says.

    Parameters
    ----------
    source
        The predictions; ``None``: the command names them.
    gates
        Each with its place.
    options
        Keywords of `lossctl.check`.
    reports
        Files to write, by format.
    """

    source: str | None = None
    gates: tuple[Asked, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    reports: Mapping[str, Path] = field(default_factory=dict)


def load_check_config(path: Path | None = None) -> CheckConfig:
    """Read a configuration, or that of the folder where the command runs; nothing where there is none.

    Raises
    ------
    UsageError
        Where it is wrong, or one of its gates does not parse.
    """
    found = find_config(Path()) if path is None else read_config(path)
    if found is None:
        return CheckConfig()
    options = dict(found.values)
    gates = tuple(
        Asked(parse_gate(gate), None if test is None else Test(test), place) for gate, test, place in found.gates
    )
    return CheckConfig(options.pop("source", None), gates, options, options.pop("reports", {}))
