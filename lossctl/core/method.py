"""How two models are compared: which method, on which units, with which random numbers.

Imports the standard library and core.
"""

from __future__ import annotations

from operator import index
from typing import Literal, SupportsIndex

from lossctl.core.errors import UsageError
from lossctl.core.system.fast_dataclass import dataclass

__all__ = ["DEFAULT_RESAMPLES", "DEFAULT_SEED", "HAC_NAMES", "METHOD_NAMES", "Hac", "Method", "MethodName"]

MethodName = Literal["t", "bootstrap", "permutation", "diebold_mariano"]
METHOD_NAMES: tuple[MethodName, ...] = ("t", "bootstrap", "permutation", "diebold_mariano")
Hac = Literal["ewc", "dm"]
HAC_NAMES: tuple[Hac, ...] = ("ewc", "dm")

DEFAULT_SEED = 20
DEFAULT_RESAMPLES = 9999

_FEWEST_RESAMPLES = 99
_MOST_RESAMPLES = 10**6
"""As many take minutes."""


@dataclass(frozen=True, slots=True)
class Method:
    """How a difference is told from chance.

    Parameters
    ----------
    kind
        ``t``: Student's t; ``bootstrap``: replicates of resampled units; ``permutation``: their signs flipped;
        ``diebold_mariano``: a series in file order, whose differences depend on those before.
    cluster
        The column that says which rows belong together: these are the units, not the rows.
    block
        So many rows of the file, one after the other, belong together.
    horizon
        How many rows ahead was forecast; 1 where it is not given.
    seed
        Of the random numbers, from 0 to 2⁶⁴ − 1.
    resamples
        How many replicates.
    listed
        Whether there were so few units that each choice of their signs is a replicate, and none is drawn.
    hac
        How the error of a series allows for that: ``ewc`` by equal-weighted cosines, for any dependence that fades;
        ``dm`` by the covariances of `horizon` − 1 rows, as Diebold and Mariano did.
    sequential
        Whether what is said of a limit holds at all looks at a file that grows (see `lossctl.stats.sequence`).

    Raises
    ------
    UsageError
        Where these make no sense, or not together.

    Examples
    --------
    >>> Method("bootstrap", cluster="patient").label
    'cluster-bootstrap'
    >>> Method("bootstrap", cluster="patient").signature
    'method=bootstrap|cluster=patient|seed=20|resamples=9999'
    """

    kind: MethodName = "t"
    cluster: str | None = None
    block: int | None = None
    horizon: int | None = None
    seed: int = DEFAULT_SEED
    resamples: int = DEFAULT_RESAMPLES
    listed: bool = False
    hac: Hac | None = None
    sequential: bool = False

    def __post_init__(self) -> None:
        if self.kind not in METHOD_NAMES:
            raise UsageError(f"method: there is no {self.kind!r}", f"one of {', '.join(METHOD_NAMES)}")
        if self.cluster is not None and not (isinstance(self.cluster, str) and self.cluster):
            raise UsageError(f"cluster: {self.cluster!r} is not the name of a column", "give one, in quotes")
        _require("block", self.block, 1, 2**53)
        _require("horizon", self.horizon, 1, 2**16)
        _require("seed", self.seed, 0, 2**64 - 1)
        _require("resamples", self.resamples, _FEWEST_RESAMPLES, _MOST_RESAMPLES)
        self._require_together()

    def _require_together(self) -> None:
        if self.cluster is not None and self.block is not None:
            raise UsageError("cluster and block are both given", "rows belong together in one way")
        if self.hac is not None and self.hac not in HAC_NAMES:
            raise UsageError(f"hac: there is no {self.hac!r}", f"one of {', '.join(HAC_NAMES)}")
        if self.sequential and self.is_series:
            cure = "leave out one of them; for rows that depend on those before there is --block L"
            raise UsageError("sequential and horizon are both given, and there are no bounds for both", cure)
        if self.sequential and self.kind != "t":
            raise UsageError(f"sequential is for Student's t, not for {self.kind}", "leave out one of them")
        if not self.is_series:
            if self.hac is not None:
                raise UsageError(f"hac is for a series, not for {self.kind}", "add a horizon, or leave out hac")
            if self.horizon is not None:
                cure = "leave out the other method, or the horizon"
                raise UsageError(f"horizon is for Diebold-Mariano, not for {self.kind}", cure)
        elif self.cluster is not None or self.block is not None:
            which = "cluster" if self.cluster is not None else "block"
            cure = f"leave out {which}, or the horizon"
            raise UsageError(f"Diebold-Mariano takes rows one by one in file order, and no {which}", cure)

    @property
    def has_units(self) -> bool:
        """Whether sums are needed for each unit that is resampled, or belongs together."""
        return self.is_grouped or self.resamples_units or self.is_smoothed

    @property
    def is_grouped(self) -> bool:
        """Whether units are more than rows."""
        return self.cluster is not None or self.block is not None

    @property
    def resamples_units(self) -> bool:
        """Whether random numbers decide."""
        return self.kind in {"bootstrap", "permutation"}

    @property
    def is_series(self) -> bool:
        """Whether the order of rows counts."""
        return self.kind == "diebold_mariano"

    @property
    def is_smoothed(self) -> bool:
        """Whether the error of a series is that of cosines over all of it."""
        return self.is_series and self.hac != "dm"

    @property
    def lags(self) -> int:
        """How many rows apart differences may still depend on each other, of a series."""
        return (self.horizon or 1) - 1

    @property
    def label(self) -> str:
        """What an interval calls it."""
        name = self.kind.replace("_", "-") + ("-ewc" if self.is_smoothed else "")
        if self.is_grouped:
            return f"{'block' if self.cluster is None else 'cluster'}-{name}"
        return name

    @property
    def signature(self) -> str:
        """Write what it takes to do the same again."""
        parts = [f"method={self.kind}"]
        if self.cluster is not None:
            parts.append(f"cluster={self.cluster}")
        if self.block is not None:
            parts.append(f"block={self.block}")
        if self.is_series:
            parts += [f"hac={self.hac or 'ewc'}", f"horizon={self.lags + 1}"]
        if self.sequential:
            parts.append("sequential")
        if self.listed:
            parts.append("signs=all")
        elif self.resamples_units:
            parts += [f"seed={self.seed}", f"resamples={self.resamples}"]
        return "|".join(parts)


def _require(name: str, value: object, least: int, most: int) -> None:
    """Refuse what is no whole number from `least` to `most`."""
    if value is None:
        return
    if not isinstance(value, SupportsIndex) or isinstance(value, bool) or not least <= index(value) <= most:
        raise UsageError(f"{name}: {value!r} is not a whole number from {least} to {most}", f"such as {least + 1}")
