"""The first rows of a source, as far as they tell numbers, labels, probabilities and scores apart.

May import sources and core.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import closing
from functools import cached_property
from typing import Literal

import numpy as np

from lossctl.core.rows.block import Binding
from lossctl.core.settings import Settings
from lossctl.core.spelling import canonical
from lossctl.core.types import Array
from lossctl.sources import ColumnType, Source
from lossctl.sources.columns.classes import numbers_after
from lossctl.sources.columns.patterns import SCORE_NAMES, spelled
from lossctl.sources.files.cures import means_missing
from lossctl.sources.names import listed

__all__ = ["Rows", "Sample"]

_ROWS = 10_000
"""So many rows are looked at."""
_ROUNDED = 1e-3
"""How far from 1 the probabilities of a row may sum."""
_FAR, _FAR_EACH = 0.05, 0.005
"""How far they may sum from 1 and still be meant for probabilities: of rounding to two digits, by so much a class."""
_TWO, _MOST_LABELS, _SHOWN = 2, 1000, 4
_LIKE_A_NUMBER = re.compile(r"[^A-Za-z]*\d[^A-Za-z]*")
"""A text that a person means for a number: ``10%``, ``$1,200``, ``0,5``, ``[1, 2]``."""


class Rows:
    """The first rows of a source; each column is read once."""

    def __init__(self, source: Source, settings: Settings) -> None:
        self.source, self.settings = source, settings
        self._read: dict[str, list[str | None] | Array] = {}

    def column(self, name: str) -> list[str | None] | Array:
        """Return the numbers of a column of lists, else texts."""
        if name not in self._read:
            self._read[name] = self._first(name)
        return self._read[name]

    def _first(self, name: str) -> list[str | None] | Array:
        lists, texts = ([name], []) if self.source.columns[name] is ColumnType.NUMBERS else ([], [name])
        reading = self.source.read(lists, where=self.settings.where, texts=texts)
        with closing(reading) as batches:  # type: ignore[type-var]  # a generator, which can be closed
            batch = next(iter(batches), None)
        if batch is None:
            return []
        return batch.columns[name][:_ROWS] if lists else batch.texts[name].to_pylist()[:_ROWS]


class Sample:
    """The first rows of one model: numbers where all that stand there are, else ``None``."""

    def __init__(self, rows: Rows, binding: Binding) -> None:
        self.binding, self._rows = binding, rows

    @cached_property
    def target(self) -> Array | None:
        """The numbers of the target; ``None``: some cell is none."""
        return self._values(self.binding.target)

    @cached_property
    def prediction(self) -> Array | None:
        """The numbers of the prediction; ``None``: some cell is none."""
        return self._values(self.binding.prediction)

    @cached_property
    def labels(self) -> list[str]:
        """The values of the target as texts, at most some."""
        found = self._rows.column(self.binding.target[0])
        return sorted({text for text in found if text})[:_MOST_LABELS] if isinstance(found, list) else []

    @property
    def is_vector(self) -> bool:
        """Whether a row has several predictions."""
        return self.prediction is not None and self.prediction.ndim > 1

    def words_of(self, role: Literal["target", "prediction"]) -> str:
        """Return in words what a column or several hold: numbers and their range, or labels."""
        values = self.target if role == "target" else self.prediction
        if values is None:
            labels = self.labels if role == "target" else []
            return f"labels: {listed(labels[:_SHOWN])}{', …' if len(labels) > _SHOWN else ''}" if labels else "texts"
        if not values.size:
            return "nothing"
        low, high = float(values.min()), float(values.max())
        return f"numbers from {low:g} to {high:g}" if low < high else f"the number {low:g} alone"

    @property
    def is_numeric(self) -> bool:
        """Whether target and prediction are numbers."""
        return self.target is not None and self.prediction is not None

    @property
    def are_distributions(self) -> bool:
        """Whether target and prediction sum to 1, in each row or, of one column each, down a file that is short."""
        known = [each for each in (self.target, self.prediction) if each is not None and 1 < len(each) < _ROWS]
        if self.is_binary and any(each.ndim == 1 for each in known):  # labels of which one is 1
            return False
        return len(known) == _TWO and all(
            bool((each >= 0.0).all() and (abs(each.sum(axis=each.ndim - 1) - 1.0) < _ROUNDED).all()) for each in known
        )

    @property
    def is_binary(self) -> bool:
        """Whether the target is 0 or 1, or ``--positive`` says of two labels which is."""
        positive = self._rows.settings.positive
        if positive is not None and self.labels:
            return canonical(positive) in map(canonical, self.labels) and len(self.labels) <= _TWO
        if self.target is None:
            return False
        return bool(self.target.size and np.isin(self.target, (0.0, 1.0)).all())

    @property
    def is_hard(self) -> bool:
        """Whether predictions are 0 and 1 alone, as labels are."""
        values = self.prediction
        return values is not None and bool(values.size and np.isin(values, (0.0, 1.0)).all())

    @property
    def is_score(self) -> bool:
        """Whether predictions fall below 0, and are scores by their name or because they leave [0, 1] by far.

        A score of two classes is negative for one of them: what only exceeds 1 may be a slip, or a percentage.
        """
        named = bool(spelled(SCORE_NAMES, self.binding.prediction))
        near = self.lies_between(-1.0, 2.0)
        return self.falls_below_zero and (named or not near)

    @property
    def falls_below_zero(self) -> bool:
        """Whether some prediction is below 0."""
        values = self.prediction
        return values is not None and bool((values < 0.0).any())

    @property
    def exceeds_one_alone(self) -> bool:
        """Whether predictions leave [0, 1] upwards alone."""
        return self.prediction is not None and not self.falls_below_zero and not self.lies_between(0.0, 1.0)

    @property
    def sums_to_one(self) -> bool:
        """Whether the predictions of every row sum to 1, or are to be divided by their sum."""
        values = self.prediction
        if values is None or values.ndim == 1:
            return False
        divided = self._rows.settings.normalize and not self.falls_below_zero
        return divided or bool((abs(values.sum(axis=1) - 1.0) < _ROUNDED).all())

    @property
    def are_meant_for_probabilities(self) -> bool:
        """Whether the predictions of most rows lie in [0, 1] and sum to about 1."""
        values = self.prediction
        if values is None or values.ndim == 1 or not len(values):
            return False
        far = max(_FAR, _FAR_EACH * values.shape[1])
        inside = ((values >= 0.0) & (values <= 1.0)).all(axis=1)
        return bool(np.mean(inside & (abs(values.sum(axis=1) - 1.0) <= far)) > 1 / _TWO)

    @property
    def look_like_probabilities(self) -> bool:
        """Whether the predictions of a row sum to 1, or are meant to; beside labels also where all lie in [0, 1]."""
        beside_labels = self.target is None and self.lies_between(0.0, 1.0)
        return self.sums_to_one or self.are_meant_for_probabilities or beside_labels

    @property
    def has_other_labels(self) -> bool:
        """Whether the target is −1 or 1, or 1 or 2, as others write two classes."""
        found = set() if self.target is None or self.target.ndim > 1 else set(np.unique(self.target).tolist())
        return found in ({-1.0, 1.0}, {1.0, 2.0})

    @property
    def slips(self) -> bool:
        """Whether most cells of the target and of the prediction are numbers, and some are not."""
        return self._slips(self.binding.prediction) or (
            self.prediction is not None and self._slips(self.binding.target)
        )

    @property
    def has_known_classes(self) -> bool:
        """Whether each label is a class of the prediction, or a place among them where they have no names."""
        classes = self._classes
        return set(map(canonical, self.labels)) <= classes if classes else self.is_numeric

    @property
    def may_be_classes(self) -> bool:
        """Whether the target holds texts, or numbers of which some are classes of the prediction."""
        classes = self._classes
        return self.target is None or not classes or not classes.isdisjoint(map(canonical, self.labels))

    @cached_property
    def _classes(self) -> set[str]:
        """The classes of the prediction, by their names or the numbers that end these, whichever the labels are."""
        names = self.binding.labels
        numbers = numbers_after(names) if set(names).isdisjoint(self.labels) else ()
        return set(numbers or names)

    def lies_between(self, low: float, high: float) -> bool:
        """Whether all predictions are numbers in a range."""
        values = self.prediction
        return values is not None and bool(((values >= low) & (values <= high)).all())

    def _slips(self, names: Sequence[str]) -> bool:
        read = [(name, self._rows.column(name)) for name in names]
        texts = [found for _, found in read if isinstance(found, list)]
        if self._values(names) is not None or not texts:
            return False
        return all(_mostly_numbers(found, self._rows.settings) for found in texts)

    def _values(self, names: Sequence[str]) -> Array | None:
        """Return the numbers of columns, ``(n,)`` or ``(n, K)``, of the rows that have all."""
        try:
            read = [numbers_of(self._rows.column(name), self._rows.settings) for name in names]
        except ValueError:
            return None
        values = np.column_stack(read) if len(read) > 1 else read[0]
        finite = np.isfinite(values)
        return values[finite.all(axis=1) if values.ndim > 1 else finite]


def numbers_of(texts: list[str | None] | Array, settings: Settings) -> Array:
    """Read texts as numbers; a missing one is NaN."""
    if not isinstance(texts, list):
        return texts
    words = {"": "nan", "false": "0", "true": "1", **{text.lower(): "nan" for text in settings.null}}
    given = [(text or "").lower() for text in texts]
    return np.array([float(words.get(text, text).replace(settings.decimal, ".")) for text in given])


def _mostly_numbers(texts: Sequence[str | None], settings: Settings) -> bool:
    """Return whether more than half of the texts are meant for numbers, of those that mark no missing value."""
    given = [text for text in texts if text and not means_missing(text)]
    return 2 * sum(_LIKE_A_NUMBER.fullmatch(text) is not None or _is_number(text, settings) for text in given) > len(
        given
    )


def _is_number(text: str, settings: Settings) -> bool:
    try:
        numbers_of([text], settings)
    except ValueError:
        return False
    return True
