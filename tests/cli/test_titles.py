"""What people read of a loss: what was typed, with the parameters that somebody chose; machines read ids and labels."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace

import pytest

from lossctl.core.losses.loss import ChosenLoss
from lossctl.engine.run.processes import _Pickler, _Unpickler
from lossctl.losses import LOSSES, choose
from lossctl.losses.skill import relative_to
from lossctl.losses.stored import stored
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


def test_titles_follow_a_loss_wherever_it_goes() -> None:
    (chosen,) = choose(["HuberLoss(delta=0.5)"])
    assert stored(chosen, 1).title == relative_to(chosen, 2.0).title == "HuberLoss(delta=0.5)"
    sent = io.BytesIO()
    _Pickler(sent).dump(chosen)
    received = _Unpickler(io.BytesIO(sent.getvalue()), LOSSES).load()
    assert received == chosen
    assert received.title == "HuberLoss(delta=0.5)"


def test_parameters_that_columns_tell_are_shown() -> None:
    (chosen,) = choose(["winkler"])
    assert chosen.title == "winkler"
    assert replace(chosen, params={"alpha": 0.1}).title == "winkler(alpha=0.1)"


def test_a_name_whose_parameters_are_called_otherwise_there_is_shown_by_its_id() -> None:
    (chosen,) = choose(["keras.losses.Tversky(alpha=0.3)"])
    assert chosen.title == "tversky(beta=0.3)"


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


def test_names_of_other_libraries_are_shown_as_typed_and_kept_by_id(run: Run) -> None:
    file = str(ROOT / "examples" / "data" / "diabetes.csv")
    line = ("eval", file, "-p", "ridge", "-l", "reg:squarederror,HuberLoss,mphe,pinball_loss(alpha=0.9)")
    ran = run(*line, "--huber-slope", "2")
    shown = [each.split()[0] for each in ran.stdout.splitlines()[1:]]
    assert shown == ["reg:squarederror", "HuberLoss", "mphe(delta=2.0)", "pinball_loss(tau=0.9)"]
    results = json.loads(run(*line, "-f", "json").stdout)["results"]
    assert [each["loss"] for each in results] == ["mse", "huber", "pseudo_huber", "quantile"]


def test_a_name_of_the_negative_is_taken_with_a_warning_and_refused_in_gates(run: Run) -> None:
    file = str(ROOT / "examples" / "data" / "diabetes.csv")
    ran = run("eval", file, "-p", "ridge", "-l", "neg_mean_absolute_error", "-f", "bare")
    assert ran.stdout == run("eval", file, "-p", "ridge", "-l", "mae", "-f", "bare").stdout
    assert "neg_mean_absolute_error is minus the loss in scikit-learn" in ran.stderr
    for gate in ("neg_root_mean_squared_error >= -99", "neg_mean_absolute_error < 99"):
        ran = run("check", file, "-p", "ridge", "-g", gate, "--allow-inverted")
        assert ran.code == 2
        assert "is minus the loss in scikit-learn" in ran.stderr


@pytest.mark.parametrize(
    "gate",
    [
        "reg:squarederror <= 4000",
        "torch.nn.HuberLoss<=99",
        "p95(nn.L1Loss)[sex=*] < 500",
        "lightgbm: huber(alpha=0.5) <= 100",
        "poisson-nloglik <= 9999",
    ],
)
def test_gates_take_names_of_other_libraries(run: Run, gate: str) -> None:
    file = str(ROOT / "examples" / "data" / "diabetes.csv")
    ran = run("check", file, "-p", "ridge", "-g", gate)
    assert ran.code == 0, ran.stderr + ran.stdout
    assert gate.partition("[")[0].partition("<")[0].strip() in ran.stdout


@pytest.mark.parametrize(
    ("word", "ids"),
    [
        ("log loss", {"binary_cross_entropy", "categorical_cross_entropy"}),
        ("Log-Loss", {"binary_cross_entropy"}),
        ("pinball losses", {"quantile"}),
        ("HuberLoss", {"huber"}),
        ("F.l1_loss", {"mae"}),
        ("tf.keras.losses.Huber", {"huber"}),
        ("mean squared errors", {"mse"}),
        ("cross entropy", {"binary_cross_entropy", "softmax_cross_entropy", "cross_entropy"}),
    ],
)
def test_words_are_normalised_where_losses_are_looked_for(run: Run, word: str, ids: set[str]) -> None:
    found = json.loads(run("losses", word, "-f", "json").stdout)["losses"]
    assert ids <= {each["id"] for each in found}


def test_a_measure_that_is_no_loss_is_told_what_is_nearest(run: Run) -> None:
    for command in (("losses", "accuracy"), ("show", "accuracy"), ("show", "sklearn.metrics.accuracy_score")):
        ran = run(*command)
        assert ran.code == 2
        assert "--loss log_loss or --loss brier" in ran.stderr


def test_a_card_of_a_loss_by_another_name_says_what_it_is_called_here(run: Run) -> None:
    shown = run("show", "BCELoss", "-f", "table").stdout
    assert re.search(r"^BCELoss$", shown, re.MULTILINE)
    assert re.search(r"^name +binary_cross_entropy$", shown, re.MULTILINE)
