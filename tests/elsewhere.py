"""What other libraries answer under the names in `Loss.elsewhere`, beside what lossctl answers and what is true.

The answers of SciPy, scikit-learn and scoringrules are computed; those of heavier libraries are read from
``tests/oracles/frozen/elsewhere/``. `tests.differences` writes a page of them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from mpmath import mp

from lossctl.core.losses.loss import ChosenLoss, Kind
from lossctl.core.types import Array
from lossctl.losses import choose
from tests.oracles.elsewhere_live import live
from tests.oracles.fifty_digits import differences, exactly, formula_of, precise
from tests.oracles.formulas import FORMULAS
from tests.sample import Sample
from tests.support import whole

FROZEN = Path(__file__).parent / "oracles" / "frozen" / "elsewhere"


@dataclass(frozen=True)
class Answer:
    """What a library answered.

    `answer` is a number for all rows together, or one for each; a slope where `slope` is set. It is not the loss where
    `differs` is set, and as many digits as `digits` where it is. `true` is what is right where no formula can tell.
    """

    name: str
    loss: str
    target: Array
    prediction: Array
    answer: Array
    differs: bool
    weights: Array | None = None
    context: dict[str, Array] = field(default_factory=dict)
    slope: bool = False
    refused: bool = False
    true: Any = None
    digits: int = 6

    @cached_property
    def chosen(self) -> ChosenLoss:
        (chosen,) = choose([self.loss])
        return chosen

    @property
    def sample(self) -> Sample:
        return Sample(self.target, self.prediction, self.context)

    @property
    def ours(self) -> Array:
        """What lossctl answers."""
        if self.slope:
            return self.sample.compute(self.chosen)[1]
        if self.chosen.loss.parts > 1:
            return np.array(whole(self.chosen, self.sample)[0])
        return self._finished(self.sample.compute(self.chosen)[0])

    @property
    def exact(self) -> Array:
        """What is true, by fifty digits."""
        if self.true is not None:
            return np.array([self.true], dtype=float)
        if self.slope:
            formula = formula_of(self.chosen, self.sample)
            with mp.workdps(100):
                return np.array([differences(formula, precise(self.target, 0), precise(self.prediction, 0))])
        if self.chosen.loss.parts > 1:
            formula = FORMULAS[self.chosen.loss.id]
            with mp.workdps(50):
                targets, predictions = (
                    [mp.mpf(each) for each in row.tolist()] for row in (self.target, self.prediction)
                )
                return np.array(float(formula(targets, predictions, **self.chosen.params)))
        return self._finished(exactly(self.chosen, self.sample))

    def _finished(self, losses: Array) -> Array:
        """Make one number of the losses of rows where the library gave one."""
        if self.answer.ndim:
            return losses
        mean = float(np.average(losses, weights=self.weights))
        return np.array(self.chosen.finish((mean,))[0])


@cache
def answers() -> tuple[Answer, ...]:
    """Return all answers, those that are computed first."""
    frozen = [json.loads(path.read_text()) for path in sorted(FROZEN.glob("*.json"))]
    found = [*live(), *(each for document in frozen for each in document["answers"])]
    return tuple(_read(each) for each in found)


def versions() -> dict[str, str]:
    """Return the version of each library whose answers are frozen."""
    documents = [json.loads(path.read_text()) for path in sorted(FROZEN.glob("*.json"))]
    return {document["library"]: document["version"] for document in documents}


def _read(given: dict[str, Any]) -> Answer:
    arrays = {name: np.array(given[name], dtype=float) for name in ("target", "prediction", "answer")}
    weights = np.array(given["weights"]) if "weights" in given else None
    context = {name: np.array(values) for name, values in given.get("context", {}).items()}
    read = Answer(**{**given, **arrays, "weights": weights, "context": context})
    if read.chosen.loss.kind is Kind.GROUPED or read.answer.ndim in {0, read.target.ndim, 1} or read.slope:
        return read
    return Answer(**{**read.__dict__, "answer": read.answer[:, 0]})
