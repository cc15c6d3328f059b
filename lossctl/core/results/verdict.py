"""Frozen results of gates: a verdict each, and what they come to together.

Imports the standard library and core. Nothing here decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from lossctl.core.errors import ExitCode
from lossctl.core.results.interval import Interval
from lossctl.core.results.repr import Shown, line, lines, shown_by, whose
from lossctl.core.results.slices import Slice, slice_columns, slice_fields, slice_text
from lossctl.core.results.view import Cell, Column, Scalar, View, finite_or_none, flat
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.version import __version__

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CHECK_SCHEMA", "Checked", "GateResult", "Place", "Verdict", "exit_code"]

CHECK_SCHEMA = "lossctl/check/1"


class Verdict(StrEnum):
    """What became of a gate. `UNSURE` is that of a test for a change for the worse that shows neither."""

    PASS = "pass"  # noqa: S105 -- the word of the documentation, and no password
    FAIL = "fail"
    UNSURE = "unsure"
    INCONCLUSIVE = "inconclusive"
    SKIPPED = "skipped"
    NOT_EVALUATED = "not_evaluated"


_WORST_FIRST = (
    Verdict.FAIL,
    Verdict.NOT_EVALUATED,
    Verdict.INCONCLUSIVE,
    Verdict.UNSURE,
    Verdict.SKIPPED,
    Verdict.PASS,
)
_EARLIEST_FIRST = (ExitCode.USAGE, ExitCode.DATA, ExitCode.GATE_FAILED, ExitCode.NOT_EVALUATED, ExitCode.OK)
"""Of several exit codes that apply the first is given."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a gate is written, for what points at it.

    Parameters
    ----------
    file
        The configuration file, relative to where the command ran.
    line
        The line, from 1.
    """

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class GateResult(Shown):
    """What became of one gate on one slice. The first fields are those of the JSON of `check`.

    Parameters
    ----------
    gate
        The gate as written.
    verdict
        What became of it.
    slice
        The rows it is about; empty for all.
    value
        What was held against the bound; ``None`` where there is none.
    bound
        The bound; of a percentage a share of 1.
    ci
        The interval of the value, where it has one.
    n
        The rows it rests on.
    reason
        Why, in words: the figures that decided, what is missing.
    place
        Where it is written; ``None`` where that was no file.
    details
        Lines that explain a failure: the worst slices and rows.
    waived
        Whether it failed and is skipped for a reason that was given: it was held against its bound all the same.
    """

    gate: str
    verdict: Verdict
    slice: Slice
    value: float | None
    bound: float
    ci: Interval | None
    n: int
    reason: str
    place: Place | None = None
    details: tuple[str, ...] = ()
    waived: bool = False

    def __repr__(self) -> str:
        return line(self, f"{self.verdict.value}: {whose(self.label, {})}: {whose(self.reason, {})}")

    @property
    def label(self) -> str:
        """The gate and the slice it was held on, in a line."""
        name = slice_text(self.slice)
        return f"{self.gate} on {name}" if name else self.gate

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "gate": self.gate,
            "verdict": self.verdict.value,
            "slice": dict(self.slice),
            "value": finite_or_none(self.value),
            "bound": finite_or_none(self.bound),
            "ci": None if self.ci is None else self.ci.to_dict(),
            "n": self.n,
            "reason": self.reason,
            "details": list(self.details),
        }

    def record(self, by: Sequence[str] = ()) -> dict[str, Scalar]:
        """Return the same as one flat row, with a field for each column that slices; without the details."""
        row: dict[str, Any] = {}
        for name, value in self.to_dict().items():
            if name != "details":
                row.update(slice_fields(self.slice, by) if name == "slice" else {name: value})
        return flat(row, {"ci": [item.name for item in fields(Interval)]})


def exit_code(verdicts: Iterable[Verdict], faults: Iterable[ExitCode] = (), *, fail_unsure: bool = False) -> ExitCode:
    """Return the exit code of a check: of all that apply the first of 2, 3, 1, 4 and 0.

    It is 4 also where nothing was held against any bound: no gates at all, or none but skipped ones.

    Parameters
    ----------
    verdicts
        Of the gates.
    faults
        Exit codes of what went wrong besides.
    fail_unsure
        Whether an unsure gate makes it 4; else it counts as held against its bound and not failed.

    Examples
    --------
    >>> int(exit_code([Verdict.PASS, Verdict.FAIL, Verdict.NOT_EVALUATED])), int(exit_code([]))
    (1, 4)
    >>> int(exit_code([Verdict.UNSURE])), int(exit_code([Verdict.UNSURE], fail_unsure=True))
    (0, 4)
    """
    seen = set(verdicts)
    codes = set(faults)
    if Verdict.FAIL in seen:
        codes.add(ExitCode.GATE_FAILED)
    undecided = {Verdict.INCONCLUSIVE, Verdict.NOT_EVALUATED} | ({Verdict.UNSURE} if fail_unsure else set())
    if seen & undecided or not seen & {Verdict.PASS, Verdict.FAIL, Verdict.UNSURE}:
        codes.add(ExitCode.NOT_EVALUATED)
    return next((code for code in _EARLIEST_FIRST if code in codes), max(codes, default=ExitCode.OK))


@dataclass(frozen=True, slots=True)
class Checked(Shown, Sequence[GateResult]):
    """What a check gives: a sequence of `GateResult`, with warnings.

    Parameters
    ----------
    gates
        One for each gate and slice, in the order of the gates.
    warnings
        What a reader should know.
    fail_unsure
        Whether an unsure gate makes the exit code 4.
    only_failures
        Whether tables for people leave out the gates that passed, and count them.

    Examples
    --------
    >>> one = GateResult("mse <= 0.3", Verdict.PASS, {}, 0.25, 0.3, None, 442, "0.25 <= 0.3")
    >>> Checked((one,)).verdict, int(Checked((one,)).exit_code), int(Checked(()).exit_code)
    (<Verdict.PASS: 'pass'>, 0, 4)
    """

    gates: tuple[GateResult, ...]
    warnings: tuple[str, ...] = ()
    fail_unsure: bool = False
    only_failures: bool = False

    def __repr__(self) -> str:
        return lines(self.worst_first, line(self, self.summary()))

    def __len__(self) -> int:
        return len(self.gates)

    def __getitem__(self, index: Any) -> Any:
        return self.gates[index]

    @property
    def exit_code(self) -> ExitCode:
        """What the process is to say; a gate that is waived lets pass."""
        verdicts = (Verdict.PASS if each.waived else each.verdict for each in self.gates)
        return exit_code(verdicts, fail_unsure=self.fail_unsure)

    @property
    def verdict(self) -> Verdict:
        """The worst of the verdicts; where no gate was held against its bound, ``not_evaluated``."""
        seen = {each.verdict for each in self.gates}
        if self.exit_code is ExitCode.OK:
            return Verdict.UNSURE if Verdict.UNSURE in seen else Verdict.PASS
        worst = next((each for each in _WORST_FIRST if each in seen), Verdict.NOT_EVALUATED)
        return worst if worst in {Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.UNSURE} else Verdict.NOT_EVALUATED

    @property
    def worst_first(self) -> tuple[GateResult, ...]:
        """The gates, failures first; those of one verdict in their order."""
        return tuple(sorted(self.gates, key=lambda each: _WORST_FIRST.index(each.verdict)))

    def counts(self) -> Mapping[Verdict, int]:
        """Count the gates of each verdict, the worst first; those there are none of are left out."""
        found = {verdict: sum(each.verdict is verdict for each in self.gates) for verdict in _WORST_FIRST}
        return {verdict: count for verdict, count in found.items() if count}

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of schema ``lossctl/check/1``."""
        return {
            "schema": CHECK_SCHEMA,
            "version": __version__,
            "verdict": self.verdict.value,
            "exit_code": int(self.exit_code),
            "gates": self.items(),
            "warnings": list(self.warnings),
        }

    def items(self) -> list[dict[str, Any]]:
        """Return the JSON object of each gate."""
        return [each.to_dict() for each in self.gates]

    def records(self) -> list[dict[str, Scalar]]:
        """Return each gate as a flat row."""
        by = slice_columns(each.slice for each in self.gates)
        return [each.record(by) for each in self.gates]

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas DataFrame, one row a gate, with the columns of the CSV output."""
        import pandas as pd

        return pd.DataFrame(self.records())

    def bare(self) -> list[Scalar]:
        """Return the verdicts alone."""
        return [each.verdict.value for each in self.gates]

    def summary(self) -> str:
        """Say in a line what became of the gates.

        Examples
        --------
        >>> Checked(()).summary()
        'not evaluated: there are no gates'
        """
        if not self.gates:
            return "not evaluated: there are no gates"
        counts = [f"{count} {verdict.value.replace('_', ' ')}" for verdict, count in self.counts().items()]
        return f"{self.verdict.value.replace('_', ' ')}: {', '.join(counts)} of {len(self.gates)}"

    def view(self) -> View:
        """Return the table for people: a line each, failures first."""
        shown = [each for each in self.worst_first if each.verdict is not Verdict.PASS or not self.only_failures]
        passed = len(self.gates) - len(shown)
        left_out = (f"not shown: {passed} that passed",) if passed else ()
        names = any(each.slice for each in shown)
        columns = [Column("verdict", style="verdict"), Column("gate"), *([Column("slice")] if names else [])]
        columns.append(Column("why", wraps=True))
        rows: list[tuple[Cell, ...]] = []
        for each in shown:
            where = (slice_text(each.slice),) if names else ()
            rows.append((each.verdict.value.replace("_", " "), each.gate, *where, each.reason))
        details = tuple(f"{each.label}: {line}" for each in shown for line in each.details)
        return View(tuple(columns), tuple(rows), notes=(*details, *left_out, self.summary() + self._unsure()))

    def _unsure(self) -> str:
        """Return what an unsure gate means to who runs the command; empty where it is another that decides."""
        lets_pass = self.verdict is Verdict.UNSURE and self.exit_code is ExitCode.OK
        return " (exit code 0; --fail-unsure makes it 4)" if lets_pass else ""


shown_by(GateResult, lambda one: Checked((one,)))
