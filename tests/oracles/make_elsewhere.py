"""What the scripts ``make_elsewhere_*.py`` share: inputs, and how an answer of another library is written down.

An answer is a number, or one for each row, that a name in ``Loss.elsewhere`` gave for inputs of ours. Where `differs`
is set the library's answer is not the loss; elsewhere the two agree. The scripts run by hand where the library is
installed and import nothing of lossctl. `tests.elsewhere` reads what they write.
"""

from __future__ import annotations

import json
import pydoc
from pathlib import Path
from typing import Any

import numpy as np

ROWS, CLASSES, LENGTH = 10, 4, 3

_rng = np.random.default_rng(11)
WEIGHTS = _rng.uniform(0.5, 4.0, ROWS)
_y = _rng.normal(0.4, 2.0, ROWS)
REAL = _y, _y + _rng.normal(0.1, 1.5, ROWS)
POSITIVE = np.exp(_rng.normal(0.3, 0.8, ROWS)), np.exp(_rng.normal(0.2, 0.7, ROWS))
COUNTS = _rng.integers(0, 6, ROWS).astype(float), np.exp(_rng.normal(0.8, 0.5, ROWS))
LABEL = np.array([0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0])
CHANCE = LABEL, _rng.uniform(0.05, 0.95, ROWS)
LOGIT = LABEL, _rng.normal(0.2, 1.7, ROWS)
CLASS = _rng.integers(0, CLASSES, ROWS).astype(float)
CHANCES = CLASS, _rng.dirichlet([1.5] * CLASSES, ROWS)
SCORES = CLASS, _rng.normal(0.3, 1.5, (ROWS, CLASSES))
LABELS = _rng.integers(0, 2, (ROWS, CLASSES)).astype(float), SCORES[1]
PAIR = _rng.dirichlet([1.2] * CLASSES, ROWS), _rng.dirichlet([1.6] * CLASSES, ROWS)
VECTORS = _rng.normal(0.3, 2.0, (ROWS, LENGTH)), _rng.normal(0.2, 2.0, (ROWS, LENGTH))
TRIPLE = VECTORS[0], np.concatenate([VECTORS[1], _rng.normal(0.2, 2.0, (ROWS, LENGTH))], axis=1)
LABELLED = LABEL, TRIPLE[1]
TWO = LABEL, _rng.normal(0.3, 1.5, (ROWS, 2))
DISTANCE = LABEL, _rng.gamma(1.5, 0.8, ROWS)
FORECAST = _y, np.column_stack([REAL[1], 10.0 ** _rng.uniform(-0.5, 0.5, ROWS)])

LOW_SCORES = SCORES[0], SCORES[1] - 3.0
LOG_COUNTS = COUNTS[0], np.log(COUNTS[1])

NEARLY = (np.array([[0.3, 0.7]]), np.array([[0.3 + 2.0**-40, 0.7 - 2.0**-40]]))
"""Two distributions a few 1e-12 apart."""


def one(target: Any, prediction: Any) -> tuple[np.ndarray, np.ndarray]:
    """Make a row of inputs."""
    return np.array([target], dtype=float), np.array([prediction], dtype=float)


def hot(label: np.ndarray, classes: int) -> np.ndarray:
    """Write labels as rows of 0 and a 1."""
    return (label[:, None] == np.arange(classes)).astype(float)


def answer(
    name: str, loss: str, inputs: tuple[np.ndarray, np.ndarray], theirs: Any, *, differs: bool = False, **more: Any
) -> dict[str, Any]:
    """Write down an answer; `more` may be ``weights``, ``slope=True`` where it is one, ``refused`` and ``true``.

    ``refused`` says that lossctl takes no such inputs; ``true`` is what is right where no formula can tell: at a kink.
    """
    values = np.asarray(theirs, dtype=float)
    found = {"name": name, "loss": loss, "target": inputs[0].tolist(), "prediction": inputs[1].tolist()}
    more = {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in more.items()}
    return {**found, "answer": values.tolist(), "differs": differs, **more}


def write(library: str, version: str, answers: list[dict[str, Any]]) -> None:
    """Write the file, named after the library and its version, once each name is found there."""
    for name in {one["name"] for one in answers if ": " not in one["name"]}:
        assert pydoc.locate(name.partition("(")[0]) is not None, name
    document = {"library": library, "version": version, "answers": answers}
    path = Path(__file__).parent / "frozen" / "elsewhere" / f"{library}_{version.replace('.', '_')}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document, indent=None, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")
