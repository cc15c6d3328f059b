"""The configuration of `lossctl check`: what may stand in ``pyproject.toml`` or ``lossctl.toml``, and reading it.

A configuration may come from anyone who opens a pull request. So it holds settings and nothing that runs; it names
files inside its own folder, and its reports are written to one folder there, `REPORTS`. Flags, which come from who runs
the command, may name any file. Imports core.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lossctl.core.errors import UsageError
from lossctl.core.escape import visible
from lossctl.core.names import meant
from lossctl.core.results.verdict import Place
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.system.input_files import note_input
from lossctl.gates.config_keys import KEYS, Key, checked
from lossctl.gates.confined import confined, confined_report

__all__ = ["FILES", "REPORTS", "Config", "find_config", "read_config"]

FILES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"lossctl.toml": ("check",), "pyproject.toml": ("tool", "lossctl", "check")}
)
"""The files that are looked for, and the table of each."""
REPORTS = "lossctl-reports"
"""The folder beside the configuration that its reports are written to."""


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration, read and checked.

    Parameters
    ----------
    file
        Where it stands, as it was named.
    values
        By key, ready for `lossctl.check`: paths are relative to where the command runs.
    gates
        Each gate as written with its test, if it names one, and its place.
    """

    file: str
    values: Mapping[str, Any] = field(default_factory=dict)
    gates: tuple[tuple[str, str | None, Place], ...] = ()


def find_config(folder: Path) -> Config | None:
    """Read the configuration of a folder; ``None`` where it has none.

    Raises
    ------
    UsageError
        Where it is wrong, or two files have one.
    """
    found = [name for name in FILES if os.path.lexists(folder / name) and _is_one(folder / name)]
    if len(found) > 1:
        raise UsageError(f"{' and '.join(found)} both configure lossctl check", "keep one of them")
    return read_config(folder / found[0]) if found else None


def read_config(path: Path) -> Config:
    """Read a configuration.

    Raises
    ------
    UsageError
        Where there is no such file or table, it is no TOML, a key is unknown or its value of the wrong type, or a path
        leads out of its folder.
    """
    note_input(path, str(path))
    table = _table(path)
    if table is None:
        names = ".".join(_names(path))
        raise UsageError(f"{path}: there is no table [{names}]", "gates = ['mse <= 0.3'] under it is the least")
    values: dict[str, Any] = {}
    for name, value in table.items():
        if name not in KEYS:
            raise UsageError(f"{path}: there is no key {visible(name)!r}", _nearest(name))
        values[name] = checked(name, value, f"{path}: {name}")
    folder = path.parent
    for name, key in KEYS.items():
        if key is Key.PATH and name in values:
            values[name] = confined(values[name], folder, f"{path}: {name}")
    if "reports" in values:
        values["reports"] = {
            kind: confined_report(file, folder / REPORTS, f"{path}: reports.{kind}")
            for kind, file in values["reports"].items()
        }
    lines = path.read_text(encoding="utf-8").splitlines()
    gates = tuple(
        (gate, test, Place(str(path), _line_of(gate, number, lines)))
        for number, (gate, test) in enumerate(values.pop("gates", ()))
    )
    return Config(str(path), values, gates)


def _is_one(path: Path) -> bool:
    """Return whether a file has a configuration; one that can't be read, or is elsewhere, is an error."""
    if not path.is_file():
        raise UsageError(f"{path} is no file", "mend it, or remove it")
    inside = path.resolve().is_relative_to(path.parent.resolve())
    if (inside or path.name == "pyproject.toml") and _table(path) is None:
        return False
    if not inside:
        raise UsageError(f"{path} is a link out of its folder", "remove it, or name it: --config FILE")
    return True


def _names(path: Path) -> tuple[str, ...]:
    return FILES["pyproject.toml" if path.name == "pyproject.toml" else "lossctl.toml"]


def _table(path: Path) -> Mapping[str, Any] | None:
    """Return the table of a file; ``None`` where it has none."""
    try:
        found: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}", "check the path") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no TOML: {_reason(error)}", "mend the file") from None
    if path.name != "pyproject.toml":
        for name in found:
            if name != "check":
                if name in KEYS:
                    raise UsageError(f"{path}: {name} stands outside the table [check]", "put a line [check] above it")
                raise UsageError(f"{path}: there is no table {visible(name)!r}", "the table is [check]")
    for name in _names(path):
        if name not in found:
            return None
        found = found[name]
        if not isinstance(found, dict):
            raise UsageError(f"{path}: {name} is no table", f"write [{'.'.join(_names(path))}]")
    table: Mapping[str, Any] = found
    return table


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    told = isinstance(error, (tomllib.TOMLDecodeError, UnicodeDecodeError))
    return visible(str(error)) if told else "a number in it has thousands of digits"


def _nearest(name: str) -> str:
    return meant(name, KEYS) or f"the keys: {', '.join(KEYS)}"


def _line_of(gate: str, number: int, lines: list[str]) -> int:
    """Return the line that a gate is on; where it is written otherwise there, that of the list."""
    found = [place for place, line in enumerate(lines, start=1) if gate in line and not line.lstrip().startswith("#")]
    if not found:
        return next((place for place, line in enumerate(lines, start=1) if line.lstrip().startswith("gates")), 1)
    return found[min(number, len(found) - 1)] if len(found) > 1 else found[0]
