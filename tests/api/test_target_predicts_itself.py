"""A column is the target or predicts it: what is bound as both would be right in every row, and is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lossctl import api
from lossctl.core.errors import UsageError

FRAME = pd.DataFrame(
    {
        "label": [0, 1, 1],
        "score": [0.2, 0.7, 0.6],
        "p_0": [0.8, 0.3, 0.4],
        "p_1": [0.2, 0.7, 0.6],
        "s": [1.0, 2.0, 1.0],
    }
)


@pytest.mark.parametrize(
    ("loss", "options"),
    [
        ("mae", {"target": "score", "prediction": "score"}),
        ("mae", {"prediction": "label"}),
        ("brier", {"target": "score"}),
        ("cross_entropy", {"prediction": "p_*"}),
        ("kl_divergence", {"target": "p_0,p_1", "prediction": "p_*"}),
        ("crps_ensemble", {"prediction": "*"}),
        ("interval_score", {"target": "score", "prediction": "score,s"}),
        ("gaussian_nll", {"prediction": "score", "scale": "label"}),
        ("cosine", {"target": "p_*", "prediction": "p_*"}),
    ],
)
def test_a_column_that_predicts_itself_is_refused(loss: str, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="can't be both the target and a prediction"):
        api.evaluate(FRAME, loss, **options)


def test_the_cure_names_what_labels_take() -> None:
    with pytest.raises(UsageError) as caught:
        api.evaluate(FRAME, "kl_divergence", prediction="p_*")
    assert "for a column of labels, --loss categorical_cross_entropy" in caught.value.cure
    found = api.evaluate(FRAME, "categorical_cross_entropy", prediction="p_*")
    assert found[0].value == pytest.approx(-np.log([0.8, 0.7, 0.6]).mean())


def test_every_command_refuses() -> None:
    for run in (
        lambda: api.compare(FRAME, "mae", prediction=["score", "label"]),
        lambda: api.check(FRAME, "mae <= 1", target="score", prediction="score"),
        lambda: api.evaluate(FRAME, "all", target="score", prediction="score"),
    ):
        with pytest.raises(UsageError, match="both the target and a prediction"):
            run()


def test_columns_of_one_name_in_two_files_are_two(tmp_path: Path) -> None:
    truth, guesses = tmp_path / "truth.csv", tmp_path / "guesses.csv"
    truth.write_text("id,y\n1,1\n2,2\n")
    guesses.write_text("id,y\n1,2\n2,4\n")
    (found,) = api.evaluate(str(guesses), "mae", target="y", prediction="y", targets=str(truth), key="id")
    assert found.value == 1.5


def test_a_loss_without_a_target_has_none_to_predict() -> None:
    (found,) = api.evaluate(FRAME, "entropy", target="p_*", prediction="p_*")
    assert found.n == 3
