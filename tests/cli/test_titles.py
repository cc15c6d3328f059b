"""What people read of a loss: what was typed, with the parameters that somebody chose; machines read ids and labels."""

from __future__ import annotations

import csv
import io
import json

import pytest

from lossctl.core.loss import ChosenLoss
from lossctl.losses import choose
from tests.cli.cases import Run
from tests.each import for_each_choice
from tests.support import EVERY
from tests.transcript import ROOT

DATA = str(ROOT / "examples" / "data" / "breast_cancer.csv")


@pytest.mark.parametrize(
    ("texts", "flags", "titles"),
    [
        ("log_loss,huber", {}, ["log_loss", "huber"]),
        ("Log-Loss", {}, ["Log-Loss"]),
        ("huber(delta=0.5,1)", {}, ["huber(delta=0.5)", "huber(delta=1.0)"]),
        ("bce", {"pos_weight": "2"}, ["bce(pos_weight=2.0)"]),
        ("huber", {"delta": "1"}, ["huber(delta=1.0)"]),
        ("log_loss,bce", {}, ["log_loss"]),
        ("huber(delta=1),huber", {}, ["huber(delta=1.0)"]),
    ],
)
def test_a_title_is_what_was_typed(texts: str, flags: dict[str, str], titles: list[str]) -> None:
    assert [chosen.title for chosen in choose([texts], flags)] == titles


@for_each_choice(EVERY)
def test_titles_tell_losses_apart_and_read_back(chosen: ChosenLoss) -> None:
    assert choose([chosen.title]) == [chosen]


def test_tables_and_messages_show_titles_and_machines_read_ids(run: Run) -> None:
    line = ("eval", DATA, "-p", "logistic_probability", "--loss", "log_loss")
    for kind in ("table", "markdown", "html", "latex"):
        ran = run(*line, "-f", kind)
        assert "log_loss" in ran.stdout.replace("\\", "")
        assert "cross" not in ran.stdout + ran.stderr
        assert "smoothing" not in ran.stdout + ran.stderr
    (result,) = json.loads(run(*line, "-f", "json").stdout)["results"]
    assert result["loss"] == "binary_cross_entropy"
    assert result["params"] == {"label_smoothing": 0.0, "pos_weight": 1.0}
    assert result["signature"].startswith("binary_cross_entropy(label_smoothing=0.0,pos_weight=1.0)|")
    (record,) = csv.DictReader(io.StringIO(run(*line, "-f", "csv").stdout))
    assert record["loss"] == "binary_cross_entropy"
