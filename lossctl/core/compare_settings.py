"""What a comparison was asked to do, beside what every run is: which pairs, and how differences are told from chance.

`CompareOptions` is what callers write, as keywords, each documented once; `CompareSettings` is the same, checked and
frozen. Imports the standard library and core.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any, Literal, get_args

from lossctl.core.errors import UsageError
from lossctl.core.method import DEFAULT_RESAMPLES, DEFAULT_SEED, Hac, Method, MethodName
from lossctl.core.settings import Options
from lossctl.core.system.fast_dataclass import dataclass

__all__ = ["ADJUSTMENT_NAMES", "OWN", "Adjustment", "CompareOptions", "CompareSettings", "Pairs"]

Adjustment = Literal["bh", "holm", "none"]
ADJUSTMENT_NAMES: tuple[Adjustment, ...] = get_args(Adjustment)
Pairs = Literal["baseline", "all"]
_PAIR_NAMES: tuple[Pairs, ...] = get_args(Pairs)
_WORDS = {"bootstrap": "bootstrap", "permutation": "permutation of signs", "diebold_mariano": "Diebold-Mariano"}


class CompareOptions(Options, total=False):
    """Keywords of `lossctl.compare`, beside those of `Options`.

    Parameters
    ----------
    baseline_prediction
        The baseline's prediction column: in the source, or in the file of the baseline.
    adjust
        How p-values are adjusted for the number of comparisons: ``bh`` (Benjamini and Hochberg), ``holm`` or ``none``.
    pairs
        ``baseline`` compares every model with the first, ``all`` with every other.
    method
        How a difference is told from chance: ``t``, ``bootstrap``, ``permutation`` or ``diebold_mariano``; see
        `lossctl.core.method.Method`. Without it ``t``, or ``diebold_mariano`` where there is a horizon.
    cluster
        The column that says which rows belong together.
    block
        How many rows of the file, one after the other, belong together.
    horizon
        How many rows ahead was forecast.
    hac
        How the error of a series allows for dependence: ``ewc`` (equal-weighted cosines) or ``dm`` (the covariances of
        `horizon` − 1 rows); ``ewc`` where it is not given.
    seed
        Of the random numbers, from 0 to 2⁶⁴ − 1; 20 where it is not given.
    resamples
        How many replicates there are; 9999 where it is not given.
    """

    baseline_prediction: str | None
    adjust: Adjustment
    pairs: Pairs
    method: MethodName | None
    cluster: str | None
    block: int | None
    horizon: int | None
    hac: Hac | None
    seed: int | None
    resamples: int | None


OWN = frozenset(CompareOptions.__annotations__) - frozenset(Options.__annotations__)
"""The names of those that are not of `Options`."""


@dataclass(frozen=True, slots=True)
class CompareSettings:
    """`CompareOptions` with their defaults, checked.

    Raises
    ------
    UsageError
        Where a value makes no sense, or two do not go together.

    Examples
    --------
    >>> CompareSettings.of({"method": "bootstrap", "seed": 7}).signature
    'method=bootstrap|seed=7|resamples=9999|adjust=bh'
    >>> try:
    ...     CompareSettings.of({"seed": 7})
    ... except UsageError as error:
    ...     print(error)
    seed is of no use: the method t draws no random numbers
    """

    adjust: Adjustment = "bh"
    pairs: Pairs = "baseline"
    method: Method = field(default_factory=Method)
    baseline_prediction: str | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> CompareSettings:
        """Build from the keywords of `CompareOptions`; those of `Options` are left alone."""
        for name in options:
            if name not in CompareOptions.__annotations__:
                raise UsageError(
                    f"no option is called {name!r}", f"the options: {', '.join(CompareOptions.__annotations__)}"
                )
        given = {name: value for name, value in options.items() if name in OWN and value is not None}
        kind = given.get("method", "diebold_mariano" if "horizon" in given else "t")
        method = Method(
            kind,
            cluster=given.get("cluster"),
            block=given.get("block"),
            horizon=given.get("horizon"),
            seed=given.get("seed", DEFAULT_SEED),
            resamples=given.get("resamples", DEFAULT_RESAMPLES),
            hac=given.get("hac"),
        )
        for name in ("seed", "resamples"):
            if name in given and not method.resamples_units:
                problem = f"{name} is of no use: the method {kind.replace('_', '-')} draws no random numbers"
                raise UsageError(problem, f"choose bootstrap or permutation, or leave out {name}")
        return cls(given.get("adjust", "bh"), given.get("pairs", "baseline"), method, given.get("baseline_prediction"))

    def __post_init__(self) -> None:
        if self.adjust not in ADJUSTMENT_NAMES:
            raise UsageError(f"adjust: there is no {self.adjust!r}", f"one of {', '.join(ADJUSTMENT_NAMES)}")
        if self.pairs not in _PAIR_NAMES:
            raise UsageError(f"pairs: there is no {self.pairs!r}", f"one of {', '.join(_PAIR_NAMES)}")

    @property
    def signature(self) -> str:
        """Write what it takes to do the same again."""
        return "|".join([self.method.signature, f"adjust={self.adjust}", *["pairs=all"] * (self.pairs == "all")])

    @property
    def listed(self) -> CompareSettings:
        """The same, of what had so few units that all of their signs were listed."""
        return replace(self, method=replace(self.method, listed=True))

    @property
    def note(self) -> str | None:
        """Say to people by which method differences are told from chance; ``None``: by Student's t on rows."""
        method = self.method
        words = [_WORDS[method.kind]] if method.kind in _WORDS else []
        if method.kind == "diebold_mariano":
            words.append(f"of forecasts {method.lags + 1} {'row' if method.lags == 0 else 'rows'} ahead")
            words += ["equal-weighted cosines"] * method.is_smoothed
        if method.cluster is not None:
            words.append(f"clusters of {method.cluster}")
        if method.block is not None:
            words.append(f"blocks of {method.block} rows")
        if method.listed:
            words.append("all of them")
        elif method.resamples_units:
            words += [f"{method.resamples} resamples", f"seed {method.seed}"]
        return f"p and intervals: {', '.join(words)}" if words else None
