"""Errors in Python name keywords, which a caller can write; those of the command line name flags."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lossctl
from lossctl import api
from lossctl.api.keywords import in_keywords
from lossctl.core.errors import LossctlError

FRAME = {"id": [1, 2, 3], "y": [1.0, 2.0, 4.0], "old": [1.0, 2.5, 3.0], "new": [1.0, 2.0, 3.0]}
LABELS = {"y": ["malignant", "benign", "benign"], "p": [0.9, 0.2, 0.1], "z": [-2.0, 0.5, 1.0]}
FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("evaluate", {"source": FRAME, "losses": "mae"}, "prediction=COLUMN"),
    ("evaluate", {"source": FRAME, "losses": "mae", "target": "w"}, "target"),
    ("evaluate", {"source": FRAME, "losses": "r2"}, "losses='mse', skill=True"),
    ("evaluate", {"source": FRAME, "losses": "mae mse", "prediction": "old"}, "losses='mae,mse'"),
    ("evaluate", {"source": LABELS, "losses": "log_loss", "prediction": "p"}, "positive='malignant'"),
    (
        "evaluate",
        {"source": LABELS, "losses": "log_loss", "prediction": "z", "positive": "benign"},
        "losses='bce_logits'",
    ),
    ("evaluate", {"source": FRAME, "losses": "mae", "prediction": "old", "clip": 0.1}, "clip is of no use"),
    ("evaluate", {"source": FRAME, "losses": "mae", "prediction": "old", "min_n": 3}, "by=COL"),
    ("evaluate", {"source": FRAME, "losses": "mae", "prediction": "old", "key": "id"}, "targets=FILE"),
    ("compare", {"source": FRAME, "losses": "mae", "prediction": "old"}, "(prediction=['old', 'new'])"),
    ("check", {"source": FRAME, "gates": "r2 >= 0.3", "prediction": "old"}, "gates='mse <= NUMBER'"),
    ("check", {"source": FRAME, "gates": "delta(mae) <= 1%", "prediction": "old"}, "baseline_prediction=COL"),
    ("store_baseline", {"source": FRAME, "losses": "mae", "prediction": "old", "path": "b.parquet"}, "key=COL"),
    (
        "worst_rows",
        {"source": {**FRAME, "old": [np.nan, 1, 2]}, "losses": "mae", "count": 1, "prediction": "old"},
        "nan='omit'",
    ),
]
FLAG = re.compile(r"(?<![\w'-])--?[a-z][a-z-]*\b(?!\()")


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: f"{case[0]}-{case[2]}")
def test_an_error_names_keywords_and_the_command_line_flags(case: tuple[str, dict[str, Any], str]) -> None:
    name, given, said = case
    with pytest.raises(LossctlError) as caught:
        getattr(lossctl, name)(**given)
    words = f"{caught.value.problem} | {caught.value.cure}"
    assert said in words
    assert not FLAG.search(words), words
    assert str(caught.value) == caught.value.problem
    assert caught.value.__notes__ == [f"hint:  {caught.value.cure}"]
    with pytest.raises(LossctlError) as typed:
        getattr(api, name)(**given)
    assert FLAG.search(f"{typed.value.problem} | {typed.value.cure}")


def test_the_cure_of_a_label_works() -> None:
    assert lossctl.evaluate(LABELS, "log_loss", prediction="p", positive="malignant")[0].n == 3
    assert lossctl.evaluate(LABELS, "bce_logits", prediction="z", positive="malignant")[0].n == 3


def test_functions_are_the_same_beside() -> None:
    for name in ("evaluate", "compare", "check", "worst_rows", "open_rows", "store_baseline", "select"):
        assert inspect.signature(getattr(lossctl, name)) == inspect.signature(getattr(api, name))
        assert getattr(lossctl, name).__doc__ == getattr(api, name).__doc__
    assert inspect.isclass(lossctl.Selection)


def test_a_keyword_follows_every_flag_that_a_message_names_with_a_value() -> None:
    """Words after a flag are a verb, or its value: none of the project's own messages is cut in its middle."""
    texts = {
        node.value
        for path in Path(lossctl.__file__).parent.rglob("*.py")
        if "cli" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value
    }
    shown = {in_keywords(text) for text in texts if FLAG.search(text)}
    verbs = r"is|are|needs|takes|gives|divides|moves|pairs|leaves|would|and|or|widens|names|says|cannot"
    assert len(shown) > 40
    assert not [each for each in shown if re.search(rf"\w=\[?'(?:{verbs})\b", each)]


def test_the_usual_losses_are_taken_where_none_is_named() -> None:
    frame = {"y_true": [1.0, 2.0, 4.0], "y_pred": [1.5, 2.0, 3.0]}
    found = lossctl.evaluate(frame)
    named = lossctl.evaluate(frame, "mae,rmse,mse")
    assert [*found] == [*named]
    assert [each for each in found.warnings if each not in named.warnings] == [
        "<frame>: y_true and y_pred are numbers: taking mae, rmse, mse; losses=NAME takes others"
    ]
    with pytest.raises(LossctlError, match="prediction"):
        lossctl.evaluate({"y_true": [1.0], "what": [2.0]})
