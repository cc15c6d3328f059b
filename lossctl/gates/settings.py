"""What a check was asked to do, beside what every run is: how gates are decided. Imports core and its own package.

`CheckOptions` is what callers write, as keywords, each documented once; `CheckSettings` is the same, checked
and frozen.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import field, fields
from numbers import Integral, Real
from typing import Any, Literal, get_args

from lossctl.core.errors import UsageError
from lossctl.core.method import Hac, Method
from lossctl.core.settings import Options
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.gates.decide import Test

__all__ = ["CORRECTIONS", "NONFINITE", "OWN", "CheckOptions", "CheckSettings", "Correction", "Nonfinite", "Waiver"]

Correction = Literal["holm", "none"]
Nonfinite = Literal["error", "fail", "omit"]
CORRECTIONS: tuple[Correction, ...] = get_args(Correction)
NONFINITE: tuple[Nonfinite, ...] = get_args(Nonfinite)
_ELSEWHERE = {"nan": "nonfinite says what to do about such numbers", "by": "a gate names its slices: mse[col=*] <= 1"}
"""Options of other functions that a check has its own of."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """A failed gate that is let pass, for a reason, until the baseline moves.

    Parameters
    ----------
    gate
        The gate, as written or written back.
    baseline
        The digest of the baseline, as a check prints it: the waiver is void for any other.
    reason
        Why.
    """

    gate: str
    baseline: str
    reason: str

    @classmethod
    def of(cls, given: object) -> Waiver:
        """Read one: a `Waiver`, or a mapping of its fields.

        Raises
        ------
        UsageError
            Where a field is missing, empty, unknown or no text.
        """
        if isinstance(given, Waiver):
            return given
        names = [each.name for each in fields(cls)]
        cure = 'write {gate = "mse <= 0.3", baseline = "DIGEST", reason = "why"}'
        if not isinstance(given, Mapping):
            raise UsageError(f"waive: {given!r} is no waiver", cure)
        for name in given:
            if name not in names:
                raise UsageError(f"waive: a waiver has no {name!r}", cure)
        for name in names:
            if not isinstance(given.get(name), str) or not given[name].strip():
                raise UsageError(f"waive: a waiver needs its {name}", cure)
        return cls(**given)


class CheckOptions(Options, total=False):
    """Keywords of `lossctl.check`, beside those of `Options` (of which it takes neither ``nan`` nor ``by``).

    Parameters
    ----------
    baseline_prediction
        The baseline's prediction column: in the source, or in the file of the baseline.
    test
        How deltas are decided, where a gate does not say: ``point``, ``regress`` (the default) or ``noninferior``.
    correction
        How p-values of all gates together are adjusted: ``holm`` or ``none``.
    nonfinite
        What to do about rows with a missing or non-finite number: ``error`` refuses, ``fail`` fails the gates they are
        in, ``omit`` leaves them out, up to `max_omitted`.
    max_omitted
        The largest share of rows that ``omit`` may leave out, of candidate and baseline together.
    allow_inverted
        Lets a gate hold a loss that is better when lower to at least a bound.
    waive
        Waivers: each lets one gate fail, for a reason, until the baseline moves.
    explain
        Says of each failure which slices and rows add most to it; a look or two more at the rows.
    calibrate
        Says of each gate how often it would fail or be unsure by chance, and which change it would catch.
    fail_unsure
        Makes the exit code 4 where a gate is unsure: neither shown to fail nor to pass.
    sequential
        Makes tests of deltas hold at every look at a file that grows, for a fixed pair of models, from 100 rows on.
    cluster
        The column that says which rows belong together.
    block
        How many rows of the file, one after the other, belong together.
    horizon
        How many rows ahead was forecast: differences of a series, by Diebold and Mariano.
    hac
        How their error allows for dependence: ``ewc`` or ``dm``, see `lossctl.core.method.Method`.
    """

    baseline_prediction: str | None
    test: Literal["point", "regress", "noninferior"] | None
    correction: Correction
    nonfinite: Nonfinite
    max_omitted: float | None
    allow_inverted: bool
    waive: Iterable[Waiver | Mapping[str, str]]
    explain: bool
    calibrate: bool
    fail_unsure: bool
    sequential: bool
    cluster: str | None
    block: int | None
    horizon: int | None
    hac: Hac | None


OWN = (frozenset(CheckOptions.__annotations__) - frozenset(Options.__annotations__)) | {"min_n"}
"""The names of those that are not of `Options`; ``min_n`` is of slices that gates name."""


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """`CheckOptions` with their defaults, checked.

    Raises
    ------
    UsageError
        Where a value makes no sense, or two do not go together.

    Examples
    --------
    >>> try:
    ...     CheckSettings.of({"nonfinite": "omit"})
    ... except UsageError as error:
    ...     print(error)
    nonfinite = omit needs max_omitted
    """

    baseline_prediction: str | None = None
    test: Test | None = None
    correction: Correction = "holm"
    nonfinite: Nonfinite = "error"
    max_omitted: float | None = None
    allow_inverted: bool = False
    waive: tuple[Waiver, ...] = ()
    explain: bool = False
    calibrate: bool = False
    fail_unsure: bool = False
    min_n: int = 1
    method: Method = field(default_factory=Method)

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> CheckSettings:
        """Build from the keywords of `CheckOptions`; those of `Options` are left alone."""
        for name, cure in _ELSEWHERE.items():
            if name in options:
                raise UsageError(f"check takes no {name}", cure)
        given = {name: value for name, value in options.items() if name in OWN and value is not None}
        units = {
            name: given.pop(name) for name in ("cluster", "block", "horizon", "hac", "sequential") if name in given
        }
        _require_flag("sequential", units.get("sequential", False))
        method = Method("diebold_mariano" if "horizon" in units else "t", **units)
        if "test" in given:
            given["test"] = _test(given["test"])
        waivers = given.pop("waive", ())
        if isinstance(waivers, Mapping | str):
            raise UsageError("waive: a list of waivers is needed", "write waive = [{gate = …}]")
        return cls(**given, waive=tuple(map(Waiver.of, waivers)), method=method)

    def __post_init__(self) -> None:
        for name, value, known in (
            ("correction", self.correction, CORRECTIONS),
            ("nonfinite", self.nonfinite, NONFINITE),
        ):
            if value not in known:
                raise UsageError(f"{name}: there is no {value!r}", f"one of {', '.join(known)}")
        if not (_is(Integral, self.min_n) and self.min_n >= 1):
            raise UsageError(f"min_n: {self.min_n!r} is not a whole number of at least 1", "such as 30")
        for name, flag in (
            ("allow_inverted", self.allow_inverted),
            ("explain", self.explain),
            ("calibrate", self.calibrate),
            ("fail_unsure", self.fail_unsure),
        ):
            _require_flag(name, flag)
        if self.method.sequential and self.calibrate:
            raise UsageError("calibrate tells of one look, and sequential is for many", "leave out one of them")
        if self.baseline_prediction is not None and not isinstance(self.baseline_prediction, str):
            raise UsageError(f"baseline_prediction: {self.baseline_prediction!r} is no column", "give its name")
        self._check_omitted()

    def _check_omitted(self) -> None:
        share = self.max_omitted
        if self.nonfinite != "omit":
            if share is not None:
                raise UsageError("max_omitted is of no use: nothing is omitted", "add nonfinite = omit")
            return
        if share is None:
            raise UsageError("nonfinite = omit needs max_omitted", "the largest share of rows to leave out, as 0.01")
        if not (_is(Real, share) and math.isfinite(share) and 0.0 <= share < 1.0):
            raise UsageError(f"max_omitted: {share!r} is no share from 0 to 1", "such as 0.01")


def _require_flag(name: str, flag: object) -> None:
    if not isinstance(flag, bool):
        raise UsageError(f"{name}: {flag!r} is neither true nor false", "write true")


def _is(kind: type, value: object) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


def _test(given: object) -> Test:
    known = [each.value for each in Test]
    if given not in known:
        raise UsageError(f"test: there is no {given!r}", f"one of {', '.join(known)}")
    return Test(given)
