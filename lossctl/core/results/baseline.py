"""What a stored baseline says of itself: losses with their values, keys, and the data it was made of.

Imports the standard library and core. Nothing here reads or writes.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from lossctl.core.errors import DataError, ExitCode, LossctlError
from lossctl.core.names import meant, one_of
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.version import __version__

__all__ = [
    "ABOVE",
    "BASELINE_SCHEMA",
    "BELOW",
    "CHECK",
    "METADATA_KEY",
    "NOT_A_NUMBER",
    "Baseline",
    "Column",
    "NotInBaselineError",
]

BASELINE_SCHEMA = "lossctl/baseline/1"
METADATA_KEY = "lossctl"
"""Under this key the metadata of a Parquet file hold the document."""

ABOVE = sys.float_info.max
"""Stands for ∞ where stored losses are read: what computes takes finite numbers alone."""
BELOW = -ABOVE
"""Stands for −∞."""
CHECK = "target_hash"
"""The column of 16 bits of what each row was judged by."""
NOT_A_NUMBER = math.nextafter(ABOVE, 0.0)
"""Stands for NaN."""

_FAMILY, _, _VERSION = BASELINE_SCHEMA.rpartition("/")
_MOST_DIGITS = 9
"""Of a version: Python reads no number of thousands of digits, which a file may hold."""
_CHECKSUM = "checksum"
"""The key of the document's own hash."""
_ANEW = "make it anew: lossctl baseline SOURCE -o FILE"


class NotInBaselineError(LossctlError):
    """A baseline does not hold what is asked of it, so that nothing can be said. Exit code 4."""

    exit_code = ExitCode.NOT_EVALUATED


@dataclass(frozen=True, slots=True)
class Column:
    """A column of losses of rows.

    Parameters
    ----------
    name
        What it is called in the file.
    checksum
        A sum over the bits of its values, which tells whether they are those that were stored.
    """

    name: str
    checksum: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was stored of one model.

    Parameters
    ----------
    model
        What its results call it.
    source
        What it was read from, as the user named it.
    key
        The columns that together name a row; none where no rows are kept.
    n
        How many rows there were, those included that no loss could use.
    targets
        The order-free hash of keys, targets, weights and groups: 32 hexadecimal digits.
    settings
        What was asked for that changes losses; what reads the baseline must ask for the same.
    results
        The results of ``eval``, as in its JSON: of each loss the whole before its slices.
    columns
        Of each loss, by label, the columns of its parts; none where no rows are kept.
    version
        Of the lossctl that stored it.
    """

    model: str
    source: str
    key: tuple[str, ...]
    n: int
    targets: str
    settings: Mapping[str, Any]
    results: tuple[Mapping[str, Any], ...]
    columns: Mapping[str, tuple[Column, ...]]
    version: str = __version__

    @property
    def has_rows(self) -> bool:
        """Whether comparisons with it are paired."""
        return bool(self.columns)

    @property
    def labels(self) -> tuple[str, ...]:
        """The losses it holds, by label."""
        return tuple(dict.fromkeys(str(each["label"]) for each in self.results))

    def require(self, labels: Sequence[str], name: str) -> None:
        """Refuse losses that it does not hold.

        Raises
        ------
        NotInBaselineError
            Where one is missing.
        """
        held = self.columns if self.has_rows else self.labels
        missing = [label for label in labels if label not in held]
        if missing:
            problem = f"{name} holds no {', '.join(missing)}"
            alike = [each for each in held if each.partition("(")[0] == missing[0].partition("(")[0]]
            near = f"did you mean {one_of(alike)}?" if alike else meant(missing[0], held)
            holds = f"it holds {', '.join(held)}; {_ANEW} --loss {missing[0]}"
            raise NotInBaselineError(problem, f"{near} {holds}" if near else holds)

    def require_parts(self, parts: Mapping[str, int], name: str) -> None:
        """Refuse losses, by label, whose columns are not as many as they have parts.

        Raises
        ------
        DataError
            Where there is one.
        """
        for label, count in parts.items():
            if len(self.columns.get(label, ())) != count:
                raise DataError(f"{name} is a damaged baseline: it says no columns of {label}, or too many", _ANEW)

    def require_columns(self, columns: Collection[str], numbers: Collection[str], rows: int | None, name: str) -> None:
        """Refuse a file that does not hold the columns and rows it says; `numbers` are the columns of numbers.

        Raises
        ------
        DataError
            Where one is missing.
        """
        computed = [CHECK, *(each.name for of in self.columns.values() for each in of)]
        missing = [each for each in (*self.key, *computed) if each not in columns]
        if missing:
            raise DataError(f'{name} is a damaged baseline: it has no column "{missing[0]}"', _ANEW)
        others = [each for each in computed if each not in numbers]
        if others:
            raise DataError(f'{name} is a damaged baseline: the column "{others[0]}" holds no numbers', _ANEW)
        if rows != self.n:
            raise DataError(f"{name} is a damaged baseline: it has {rows} rows, and says it has {self.n}", _ANEW)

    def value(self, label: str, values: Mapping[str, str | None] | None = None) -> Mapping[str, Any] | None:
        """Return the result of a loss, for the whole or for a slice; ``None`` where there is none."""
        wanted = dict(values or {})
        return next((each for each in self.results if each["label"] == label and each["slice"] == wanted), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of schema ``lossctl/baseline/1``."""
        columns = {label: [[each.name, each.checksum] for each in of] for label, of in self.columns.items()}
        document = {
            "schema": BASELINE_SCHEMA,
            "version": self.version,
            "model": self.model,
            "source": self.source,
            "key": list(self.key),
            "n": self.n,
            "targets": self.targets,
            "settings": dict(self.settings),
            "columns": columns,
            "results": [dict(each) for each in self.results],
        }
        return {**document, _CHECKSUM: _checksum(document)}

    @classmethod
    def of(cls, text: str, name: str) -> Baseline:
        """Read the document of a file.

        Raises
        ------
        DataError
            Where it is damaged, of another schema, or of a newer version of this one.
        """
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{name} is cut short or damaged: its JSON can't be read ({error})", _ANEW) from None
        schema = document.get("schema") if isinstance(document, dict) else None
        _require_schema(schema, document.get("version") if isinstance(document, dict) else None, name)
        if document.pop(_CHECKSUM, None) != _checksum(document):
            raise DataError(f"{name} is a damaged baseline: its document is not the one that was stored", _ANEW)
        try:
            return cls(
                model=_typed(document["model"], str),
                source=_typed(document["source"], str),
                key=tuple(_typed(each, str) for each in document["key"]),
                n=_typed(document["n"], int),
                targets=_hexadecimal(document["targets"]),
                settings=_typed(document["settings"], dict),
                results=tuple(_result(each) for each in document["results"]),
                columns={
                    label: tuple(Column(_typed(one, str), _hexadecimal(check)) for one, check in of)
                    for label, of in document["columns"].items()
                },
                version=_typed(document["version"], str),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            what = f"{type(error).__name__}: {error}"
            raise DataError(
                f"{name} is a damaged baseline: its metadata do not say what they must ({what})", _ANEW
            ) from None


def _checksum(document: Mapping[str, Any]) -> str:
    """Return a hash of all that a document says, however it is written: a changed digit of a value is still JSON."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:16]


def _require_schema(schema: object, version: object, name: str) -> None:
    if schema == BASELINE_SCHEMA:
        return
    family, _, number = str(schema).rpartition("/")
    if family == _FAMILY and number.isdecimal() and int(number[:_MOST_DIGITS]) > int(_VERSION):
        problem = f"{name} was stored by lossctl {version}, as {schema}, which is newer than this one"
        raise DataError(problem, f"this is lossctl {__version__} and reads {BASELINE_SCHEMA}: bring it up to date")
    raise DataError(f"{name} is no baseline: its schema is {schema!r}, not {BASELINE_SCHEMA!r}", _ANEW)


def _typed(value: Any, kind: type | tuple[type, ...]) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{value!r} is of another type")
    return value


def _hexadecimal(value: Any) -> str:
    int(_typed(value, str), 16)
    return str(value)


def _result(value: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _typed(value, dict)
    for name, kind in (("label", str), ("slice", dict), ("n", int), ("status", str)):
        _typed(found[name], kind)
    if found["value"] is not None and not math.isfinite(_typed(found["value"], (int, float))):
        raise ValueError(f"{found['value']!r} is not finite")
    return found
