"""Where no loss is named, columns that are meant for a loss and do not fit it get the error and cure of that loss."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

import pytest

from lossctl.core.errors import ExitCode
from tests.cli.cases import Run, write
from tests.cures import error_of, follow, hint_of

CLASSES = "categorical_cross_entropy"
ROUND = "0.7,0.2,0.11\n{},0.2,0.7,0.1\n{},0.33,0.33,0.33\n"
PERCENT = "y,{}\n0,30\n1,92.5\n1,40\n"

SLIPS: Mapping[str, tuple[str, str, str, str]] = {
    "rounded, of names": ("y_true,proba_a,proba_b,proba_c\na," + ROUND.format("b", "c"), "-p 'proba_*'", CLASSES, ""),
    "rounded, of places": ("y,p_1,p_2,p_3\n1," + ROUND.format("2", "3"), "", CLASSES, ""),
    "rounded, of digits": ("y,p_a,p_b\na,0.701,0.3\nb,0.25,0.749\n", "", CLASSES, ""),
    "one sum of many": ("y,p_a,p_b\na,0.7,0.3\nb,0.25,0.75\nb,0.9,0.3\n", "-p 'p_*'", CLASSES, ""),
    "no sums of 1": (
        "y,p_a,p_b\na,0.7,0.7\nb,0.25,0.1\n",
        "-p 'p_*'",
        CLASSES,
        "; of scores, --loss softmax_cross_entropy",
    ),
    "a stray label": ("y_true,proba_a,proba_b\na,0.7,0.3\nb,0.2,0.8\nNeb,0.5,0.5\n", "-p 'proba_*'", CLASSES, ""),
    "labels of text that are no classes": ("y,p_a,p_b\nA,0.7,0.3\nB,0.25,0.75\n", "", CLASSES, ""),
    "a number that is no class": ("y,p_0,p_1,p_2\n1,0.5,0.25,0.25\n3,0.25,0.25,0.5\n", "", CLASSES, ""),
    "above 1": ("y,y_score\n0,0.3\n1,1.2\n1,0.9\n", "", "log_loss", "; of scores, --loss bce_logits"),
    "above 1, by another name": ("y,y_proba\n0,0.3\n1,1.2\n1,0.9\n", "", "log_loss", ""),
    "percentages": (PERCENT.format("y_score"), "", "log_loss", "; of scores, --loss bce_logits"),
    "percentages, of numbers": (
        *(PERCENT.format("yhat"), "", "log_loss"),
        "; of scores, --loss bce_logits; of numbers, --loss mae",
    ),
    "above 1 beside labels": (
        "y,y_score,y_pred\n0,0.3,0\n1,1.2,1\n1,0.9,1\n",
        "",
        "log_loss",
        "; of scores, --loss bce_logits",
    ),
    "a missing value": ("y_true,y_pred\n1,2\n2,NA\n3,3\n", "", "mae", ""),
    "a missing target": ("y_true,y_pred\n1,2\nNA,2\n3,3\n", "", "mae", ""),
    "a missing probability": ("y,y_prob\n1,0.5\n0,NA\n0,0.25\n", "", "log_loss", ""),
    "percent": ("y_true,y_pred\n10,10%\n20,15%\n", "", "mae", ""),
    "commas": ("y_true;y_pred\n1,5;1,6\n2,0;2,1\n", "", "mae", ""),
    "thousands": ('y_true,y_pred\n1000,"1,234.5"\n2000,"2,345.6"\n', "", "mae", ""),
    "dollars": ("y_true,y_pred\n10,$12\n20,$19.5\n", "", "mae", ""),
    "lists": ('y_true,y_pred\n1,"[0.1, 0.9]"\n0,"[0.3, 0.7]"\n', "", "mae", ""),
    "a word": ("y_true,y_pred\n10,12\n20,x\n30,31\n", "", "mae", ""),
    "one cell of several columns": ("y,p_a,p_b\na,0.7,0.3\nb,0.25,NA\n", "-p 'p_*'", CLASSES, ""),
    "a slip beside an interval": ("y,y_pred,lo,hi\n1,1,0,2\n2,NA,1,3\n3,3,2,4\n", "", "mae", ""),
    "labels -1 and 1": ("y,y_prob\n-1,0.3\n1,0.7\n-1,0.2\n", "", "log_loss", ""),
    "labels 1 and 2": ("y,y_prob\n1,0.3\n2,0.7\n1,0.2\n", "", "log_loss", ""),
}
"""The file, the words beside it, the loss it is meant for, and what the cure says beside that of the loss."""


@pytest.mark.parametrize("name", SLIPS)
def test_what_is_meant_for_a_loss_gets_its_error(run: Run, name: str) -> None:
    content, typed, loss, more = SLIPS[name]
    write(content)
    words = shlex.split(typed)
    ran, named = (
        run("eval", "p.csv", *words),
        run("eval", "p.csv", *words, "--loss", loss),
    )
    assert (ran.code, ran.stdout) == (named.code, "") != (ExitCode.OK, "")
    assert error_of(ran) == error_of(named) != ""
    assert hint_of(ran) == hint_of(named) + more


@pytest.mark.parametrize("name", [*SLIPS])
def test_following_the_cure_helps(run: Run, name: str) -> None:
    write(SLIPS[name][0])
    runs = follow(run, "eval", "p.csv", *shlex.split(SLIPS[name][1]))
    if len(runs) > 1:
        assert runs[-1].code == ExitCode.OK, runs[-1].stderr


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("rounded, of names", "categorical_cross_entropy, multiclass_brier"),
        ("no sums of 1", "categorical_cross_entropy, multiclass_brier"),
        ("above 1", "bce_logits"),
        ("percentages, of numbers", "bce_logits"),
        ("a missing value", "mae, rmse, mse"),
        ("a missing target", "mae, rmse, mse"),
        ("a missing probability", "log_loss, brier"),
        ("commas", "mae, rmse, mse"),
        ("labels -1 and 1", "log_loss, brier"),
        ("labels 1 and 2", "log_loss, brier"),
    ],
)
def test_the_cure_gives_the_losses_that_are_meant(run: Run, name: str, names: str) -> None:
    write(SLIPS[name][0])
    *_, last = follow(run, "eval", "p.csv", *shlex.split(SLIPS[name][1]))
    assert last.code == ExitCode.OK, last.stderr
    assert f": taking {names};" in last.stderr or f"\n{names}" in last.stdout


WINE = "class,Barbera,Barolo\nBarbera,0.7,0.3\nBarolo,0.2,0.8\nBarolo,0.4,0.6\n"


@pytest.mark.parametrize("words", [(), ("-p", "Barbera"), ("-p", "Barbera", "-p", "Barolo"), ("-p", "B*,B*o")])
def test_columns_called_as_the_labels_are_named_together(run: Run, words: tuple[str, ...]) -> None:
    write(WINE)
    ran = run("eval", "p.csv", "-t", "class", *words)
    assert ran.code == ExitCode.USAGE
    assert hint_of(ran).endswith(": -p Barbera,Barolo")
    cured = run("eval", "p.csv", "-t", "class", "-p", "Barbera,Barolo")
    assert ": taking categorical_cross_entropy, multiclass_brier;" in cured.lines[0]


def test_labels_are_no_slips(run: Run) -> None:
    write("y,p_1,p_A,prediction\n1,0.75,0.25,1\nA,0.25,0.75,A\n1,0.5,0.5,1\n")
    assert ": taking categorical_cross_entropy, multiclass_brier;" in run("eval", "p.csv").lines[0]


NUMBERS = "5,3,4,9\n6,2,5,8\n7,4,7,8\n"


@pytest.mark.parametrize("names", ["q10,q50,q90", "p10,p50,p90", "pred_q10,pred_q50,pred_q90", "q_10,q_50,q_90"])
@pytest.mark.parametrize("named", [True, False])
def test_percentages_in_names_are_levels(run: Run, names: str, named: bool) -> None:  # noqa: FBT001 -- with -p
    write(f"y,{names}\n{NUMBERS}")
    ran = run("eval", "p.csv", *(["-p", names] if named else []), "-f", "json")
    told = run(
        "eval",
        "p.csv",
        "-p",
        names,
        "-f",
        "json",
        "-l",
        "crps_quantile,weighted_interval_score",
        "--levels",
        "0.1,0.5,0.9",
    )
    assert (ran.code, ran.stdout) == (told.code, told.stdout) != (ExitCode.USAGE, "")
    members = run("eval", "p.csv", "-p", names, "-f", "bare", "-l", "crps_ensemble")
    assert members.code == ExitCode.OK


@pytest.mark.parametrize("names", ["q1,q2,q3", "q11,q12,q13"])
def test_numbers_that_may_be_levels_or_members_are_refused(run: Run, names: str) -> None:
    write(f"y,{names}\n{NUMBERS}")
    ran = run("eval", "p.csv", "-p", "q*")
    assert (ran.code, ran.stdout) == (ExitCode.USAGE, "")
    two = "q* are members of an ensemble for y; or quantiles, of levels that no name tells"
    ran.require_said(
        f"p.csv can be read in two ways: {two}",
        "--loss crps_ensemble is for the first, --loss crps_quantile --levels A,B,C for the second",
    )
    assert run("eval", "p.csv", "-p", "q*", "--loss", "crps_ensemble").code == ExitCode.OK
    levels = ("--levels", "0.1,0.5,0.9")
    assert run("eval", "p.csv", "-p", "q*", "--loss", "crps_quantile", *levels).code == ExitCode.OK


def test_classes_called_by_percentages_are_told_by_their_values(run: Run) -> None:
    write("y,p_10,p_90\n10,0.25,0.75\n90,0.5,0.5\n90,0.125,0.875\n")
    for words in ((), ("-p", "p_*")):
        assert ": taking categorical_cross_entropy, multiclass_brier;" in run("eval", "p.csv", *words).lines[0]


def test_several_models_taken_for_members_are_told_apart(run: Run) -> None:
    write("y,ridge,knn,m_1,m_2\n1,2,3,4,5\n2,4,3,1,5\n3,3,3,2,2\n")
    note = run("eval", "p.csv", "-p", "ridge,knn").lines[0]
    words = "ridge,knn are members of an ensemble for y (for 2 models: -p ridge -p knn): taking crps_ensemble;"
    assert words in note
    ran = run("eval", "p.csv", "-p", "ridge", "-p", "knn")
    assert "ridge, knn are numbers: taking mae, rmse, mse;" in ran.lines[0]
    assert "models" not in run("eval", "p.csv", "-p", "m_*").lines[0]


@pytest.mark.parametrize("command", ["eval", "compare", "check"])
def test_a_label_that_turns_a_loss_is_asked_about_by_every_command(run: Run, command: str) -> None:
    rows = "\n".join(f"{'no' if row % 3 else 'yes'},{0.2 + row % 7 / 50 if row % 3 else 0.7},0.5" for row in range(60))
    write(f"y,a,b\n{rows}\n")
    more = {"eval": ["-l", "brier"], "compare": ["-p", "b", "-l", "brier"], "check": ["-g", "brier <= 0.9"]}
    words = ["p.csv", "-p", "a", *more[command]]
    ran = run(command, *words, "--positive", "no")
    assert ran.code == ExitCode.OK, ran.stderr
    question = "a: brier is worse than guessing the share of no, and lower with --positive yes: is --positive no right?"
    assert [line for line in ran.lines if "--positive" in line] == [f"warning: p.csv: {question}"]
    assert "--positive" not in run(command, *words, "--positive", "yes").stderr
