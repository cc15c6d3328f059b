"""Results of many slices kept as columns: an `Evaluation` is made where somebody asks for one.

A hundred thousand of them would take longer to make, and to write one by one, than their figures take to compute.
Imports NumPy and core.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from itertools import accumulate, chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lossctl.core.results.evaluation import GRADIENT_FIGURES, NO_SPREAD, Evaluation, Gradient
from lossctl.core.results.interval import Interval
from lossctl.core.results.slices import Slice, slice_texts
from lossctl.core.results.view import Field, Scalar, listed
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.version import __version__

__all__ = [
    "LARGEST_SHARE",
    "MOST_SHARES",
    "Numbers",
    "Pieces",
    "SliceResults",
    "SliceValue",
    "has_interval",
    "joined",
    "pieces_of",
]


LARGEST_SHARE = "largest_share"
"""The figure that says which share of the variance the largest loss of a slice makes up; 0 where it has few."""


MOST_SHARES = 3
"""So many of the largest of these are named."""


class SliceValue(NamedTuple):
    """The value of a loss on a slice, and what it rests on: fields of an `Evaluation`."""

    slice: Slice
    value: float
    n: int
    n_dropped: int
    ci: Interval | None
    spread: tuple[float, float] | None = None
    """The standard error and its degrees of freedom, where there is an interval."""

    @classmethod
    def of(cls, result: Evaluation) -> SliceValue:
        """Take it out of a result."""
        error, freedom = result.std_error, result.freedom
        spread = None if result.ci is None or error is None or freedom is None else (error, freedom)
        return cls(result.slice, result.value, result.n, result.n_dropped, result.ci, spread)


Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64] | npt.NDArray[np.int64]
"""One for each slice."""


@dataclass(frozen=True, slots=True, eq=False)
class SliceResults:
    """The results of one loss of one model for many slices, in the order they are shown.

    Parameters
    ----------
    whole
        The result of the whole: what is no figure is the same for each slice.
    signature
        That of a slice, without the rows and the version.
    level
        The coverage of intervals.
    slices
        The values of each column that slices.
    figures
        By the name of a field, the number of each slice: ``value``, ``std_error`` (NaN where there is none) and its
        ``freedom``, ``low`` and ``high`` of intervals (NaN where there is none), ``n``, ``n_read``, ``n_dropped``,
        ``weight_sum``, those of `Gradient`, `LARGEST_SHARE`, and with ``--clip`` ``n_outside``. Whole numbers are
        int64, others float64.
    others
        By their place, results to which none of this applies, save what the slice is called.
    method
        What intervals call it.
    tail
        What a signature ends with, after the version.
    """

    whole: Evaluation
    signature: str
    level: float
    slices: Mapping[str, Sequence[str | None]]
    figures: Mapping[str, Numbers]
    others: Mapping[int, Evaluation]
    method: str = "t"
    tail: str = ""

    def __len__(self) -> int:
        return len(self.figures["value"])

    @property
    def model(self) -> str:
        """The model."""
        return self.whole.model

    @property
    def source(self) -> str:
        """What the source is called."""
        return self.whole.source

    def kinds(self) -> tuple[Flags, Flags]:
        """Return which slices have a standard error, and which an interval; of those that stand in no columns, none."""
        several, varies = (~np.isnan(self.figures[name]) for name in ("std_error", "low"))
        several[[*self.others]] = varies[[*self.others]] = False
        return several, varies

    @property
    def has_intervals(self) -> bool:
        """Whether some slice has an interval."""
        return any(each.ci is not None for each in self.others.values()) or bool(self.kinds()[1].any())

    def large_shares(self, least: float) -> tuple[int, list[tuple[float, Slice]]]:
        """Return in how many slices the largest loss makes up more of the variance, and the largest such shares."""
        shares = np.where(self.kinds()[1], self.figures[LARGEST_SHARE], 0.0)
        places = np.argsort(-shares, kind="stable")[:MOST_SHARES].tolist()
        count = int(np.count_nonzero(shares > least))
        return count, [(float(shares[place]), self._name(place)) for place in places[:count]]

    def _name(self, place: int) -> Slice:
        return {name: values[place] for name, values in self.slices.items()}

    def renamed(self, model: str, source: str | None = None) -> SliceResults:
        """Return the same of a model that is called otherwise, and of a source where that is given."""
        others = {place: each.renamed(model, source) for place, each in self.others.items()}
        return replace(self, whole=self.whole.renamed(model, source), others=others)

    def values(self) -> Iterator[SliceValue]:
        """Yield the value of each slice, which takes a tenth of the time of its result."""
        fields = ("value", "n", "n_dropped", "low", "high", "std_error", "freedom")
        columns = (self.figures[name].tolist() for name in fields)
        names = [*self.slices]
        rows = zip(zip(*self.slices.values(), strict=True), *columns, strict=True)
        for place, (texts, value, n, dropped, low, high, error, freedom) in enumerate(rows):
            if place in self.others:
                yield SliceValue.of(self.others[place])
                continue
            ci = None if math.isnan(low) else Interval(self.level, low, high, self.method)
            spread = None if ci is None else (error, freedom)
            yield SliceValue(dict(zip(names, texts, strict=True)), value, n, dropped, ci, spread)

    def at(self, place: int) -> Evaluation:
        """Return the result of one slice."""
        return self._made(place, [values[place].item() for values in self.figures.values()])

    def all(self) -> Iterator[Evaluation]:
        """Return the result of each slice."""
        rows = zip(*(values.tolist() for values in self.figures.values()), strict=True)
        return map(self._made, range(len(self)), rows)

    def _made(self, place: int, figures: Sequence[Any]) -> Evaluation:
        """Return the result of one slice, of whose figures the numbers are known."""
        if place in self.others:
            return self.others[place]
        of = dict(zip(self.figures, figures, strict=True))
        several, varies = (not math.isnan(of[name]) for name in ("std_error", "low"))
        n, n_read = of["n"], of["n_read"]
        return replace(
            self.whole,
            slice=self._name(place),
            value=of["value"],
            std_error=of["std_error"] if several else None,
            freedom=of["freedom"] if several else None,
            ci=Interval(self.level, of["low"], of["high"], self.method) if varies else None,
            n=n,
            n_read=n_read,
            n_dropped=of["n_dropped"],
            weight_sum=of["weight_sum"],
            gradient=Gradient(**{name: of[name] for name in GRADIENT_FIGURES}),
            status="ok" if varies or not several else NO_SPREAD,
            signature=f"{self.signature}|n={n}/{n_read}|lossctl={__version__}{self.tail}",
            n_outside=of.get("n_outside"),
        )

    def columns(self, by: Sequence[str]) -> dict[str, Field]:
        """Return, by the name of a field of `Evaluation.record`, that of each slice."""
        shared, count = self.whole.record(by), len(self)
        found: dict[str, Any] = {name: [value] * count for name, value in shared.items()}
        figures, none = self.figures, [None] * count
        found["slice"] = slice_texts(self.slices)
        found |= {f"slice.{name}": [*self.slices.get(name, none)] for name in by}
        found |= {name: _finite(figures[name]) for name in ("value", "std_error")}
        counts = ("n", "n_read", "n_dropped", "n_outside", "weight_sum")
        found |= {name: figures[name].copy() for name in counts if name in figures}
        found |= {f"gradient.{name}": _finite(figures[name]) for name in GRADIENT_FIGURES}
        several, varies = self.kinds()
        missing = np.flatnonzero(~varies).tolist()
        for name, each in (("ci.level", self.level), ("ci.method", self.method)):
            found[name] = _without([each] * count, missing)
        found["ci.low"], found["ci.high"] = _finite(figures["low"]), _finite(figures["high"])
        found["status"] = ["ok"] * count
        for place in np.flatnonzero(several & ~varies).tolist():
            found["status"][place] = NO_SPREAD
        found["signature"] = self.signatures()
        for place, other in self.others.items():
            for name, value in other.record(by).items():
                _put(found, name, place, value)
        return found

    def signatures(self) -> list[str]:
        """Return the signature of each slice: those of the same counts are one object."""
        n, n_read = self.figures["n"], self.figures["n_read"]
        counts = n.tolist() if np.array_equal(n, n_read) else [*zip(n.tolist(), n_read.tolist(), strict=True)]
        pairs = {each: each if isinstance(each, tuple) else (each, each) for each in set(counts)}
        ends = f"|lossctl={__version__}{self.tail}"
        texts = {each: f"{self.signature}|n={n}/{n_read}{ends}" for each, (n, n_read) in pairs.items()}
        return [texts[each] for each in counts]

    def some(self, places: Numbers) -> SliceResults:
        """Return the results of some slices, none of which is among the others."""
        if len(places) == len(self):
            return self
        slices = {name: [values[place] for place in places.tolist()] for name, values in self.slices.items()}
        figures = {name: values[places] for name, values in self.figures.items()}
        return replace(self, slices=slices, figures=figures, others={})


def _finite(values: Numbers) -> Numbers:
    """Return numbers in an array of their own, NaN in place of those that are not finite."""
    return values.copy() if values.dtype == np.int64 else np.where(np.isfinite(values), values, np.nan)


def _without(values: list[Scalar], places: Sequence[int]) -> list[Scalar]:
    for place in places:
        values[place] = None
    return values


def _put(columns: dict[str, Any], name: str, place: int, value: Scalar) -> None:
    """Put a value into a column, which becomes a list where it is an array that has no place for it."""
    if value is None and isinstance(columns[name], np.ndarray):
        if columns[name].dtype == np.float64:
            value = np.nan
        else:
            columns[name] = columns[name].tolist()
    columns[name][place] = value


@dataclass(slots=True, eq=False)
class Pieces(Sequence[Evaluation]):
    """Results one after another, some of which stand together as columns.

    Parameters
    ----------
    pieces
        Single results, and those of many slices.
    """

    pieces: tuple[Evaluation | SliceResults, ...]
    _ends: list[int] = field(init=False)
    _made: tuple[Evaluation, ...] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._ends = [*accumulate(1 if isinstance(each, Evaluation) else len(each) for each in self.pieces)]

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[Evaluation]:
        return iter(self.all())

    def __getitem__(self, index: Any) -> Any:
        if self._made is not None or isinstance(index, slice):
            return self.all()[index]
        place = range(len(self))[index]
        at = bisect_right(self._ends, place)
        piece = self.pieces[at]
        return piece if isinstance(piece, Evaluation) else piece.at(place - self._ends[at] + len(piece))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (Pieces, tuple)) and self.all() == tuple(other)

    def __hash__(self) -> int:
        return hash(self.all())

    def __repr__(self) -> str:
        return repr(self.all())

    def all(self) -> tuple[Evaluation, ...]:
        """Return all of them, which are made once."""
        if self._made is None:
            made: list[Evaluation] = []
            for each in self.pieces:
                made += [each] if isinstance(each, Evaluation) else each.all()
            self._made = tuple(made)
        return self._made

    @property
    def level(self) -> float | None:
        """The coverage of intervals; ``None`` where there are none."""
        for piece in self.pieces:
            if isinstance(piece, SliceResults):
                if piece.has_intervals:
                    return piece.level
            elif piece.ci is not None:
                return piece.ci.level
        return None

    @property
    def has_quantiles(self) -> bool:
        """Whether some result has quantiles: then each is written by itself."""
        wholes = (piece.whole if isinstance(piece, SliceResults) else piece for piece in self.pieces)
        return any(each.quantiles is not None for each in wholes)

    @property
    def by(self) -> tuple[str, ...]:
        """The columns that slice."""
        found = (tuple(each.slice if isinstance(each, Evaluation) else each.slices) for each in self.pieces)
        return next((each for each in found if each), ())

    def columns(self) -> dict[str, Field]:
        """Return, by the name of a field of `Evaluation.record`, that of each result."""
        parts: dict[str, list[Field]] = {}
        by = self.by
        for piece in self.pieces:
            if isinstance(piece, Evaluation):
                for name, value in piece.record(by).items():
                    parts.setdefault(name, []).append([value])
            else:
                for name, values in piece.columns(by).items():
                    parts.setdefault(name, []).append(values)
        return {name: _one_after_another(each) for name, each in parts.items()}


def _one_after_another(parts: Sequence[Field]) -> Field:
    """Put the parts of a column together: as an array where each is one, or short and of its kind."""
    kinds = {each.dtype for each in parts if isinstance(each, np.ndarray)}
    if len(kinds) == 1:
        (kind,) = kinds
        fits = {float, type(None)} if kind == np.float64 else {int}
        if all(set(map(type, each)) <= fits for each in parts if not isinstance(each, np.ndarray)):
            return np.concatenate([np.asarray(each, kind) for each in parts])  # None becomes NaN
    return [*chain.from_iterable(map(listed, parts))]


def has_interval(piece: Evaluation | SliceResults) -> bool:
    """Return whether a result has an interval, or one of many slices."""
    return piece.has_intervals if isinstance(piece, SliceResults) else piece.ci is not None


def joined(pieces: Sequence[Evaluation | SliceResults]) -> Sequence[Evaluation]:
    """Return results one after another, as a tuple where each stands alone."""
    alone = tuple(each for each in pieces if isinstance(each, Evaluation))
    return alone if len(alone) == len(pieces) else Pieces(tuple(pieces))


def pieces_of(results: Sequence[Evaluation]) -> Sequence[Evaluation | SliceResults]:
    """Return what results were joined from."""
    return results.pieces if isinstance(results, Pieces) else results
