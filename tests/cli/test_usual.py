"""Where nobody names a loss, the usual losses of what the columns look like are shown, or what to type is said."""

from __future__ import annotations

import io
import json
import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossctl.api import usual_losses
from lossctl.api.setup.usual import _LOOKS
from lossctl.core.errors import DataError, ExitCode, UsageError
from lossctl.losses import choose
from tests.cli.cases import ANY, GOOD, Run, write
from tests.transcript import ROOT

DATA = ROOT / "examples" / "data"
NUMBERS = "mae,rmse,mse"
TAKEN = [
    ("preds.csv", NUMBERS),
    ("preds.parquet", NUMBERS),
    ("diabetes.csv -p ridge -p knn", NUMBERS),
    ("diabetes_forecasts.csv", f"{NUMBERS},crps_normal,gaussian_nll"),
    ("diabetes_quantiles.csv", "crps_quantile,weighted_interval_score"),
    ("diabetes_ensemble.csv", "crps_ensemble"),
    ("breast_cancer.csv -p logistic_probability -p boosting_probability", "log_loss,brier"),
    ("breast_cancer.csv -t diagnosis --positive benign -p logistic_probability", "log_loss,brier"),
    ("breast_cancer.csv -p logistic_logit", "bce_logits,hinge"),
    ("digits.csv", "categorical_cross_entropy,multiclass_brier,softmax_cross_entropy"),
    ("digits.parquet", "categorical_cross_entropy,multiclass_brier,softmax_cross_entropy"),
    ("digits.csv -p 'p_*'", "categorical_cross_entropy,multiclass_brier"),
    ("iris_soft.csv -t label -p 'q_*'", "categorical_cross_entropy,multiclass_brier"),
    ("iris_soft.csv -t 'p_*' -p 'q_*'", "kl_divergence,cross_entropy"),
    ("digit_shares.csv", "kl_divergence,cross_entropy"),
    ("digit_ranking.csv -t relevance --group query", "listnet,pairwise_logistic,approx_ndcg"),
    ("digit_shapes.csv -t 'y_*' -p 's_*'", "multilabel_soft_margin"),
    ("digit_embeddings.csv -t 'a_*' -p 'b_*'", "euclidean"),
]
"""What is taken for the example files, by what is typed."""


def test_every_look_is_of_losses_there_are_and_is_taken_somewhere() -> None:
    taken = {name for _, names in TAKEN for name in names.split(",")} | {"interval_score"}
    for look in _LOOKS:
        choose(look.losses.split(","))
        assert taken & set(look.losses.split(",")), look.losses


def test_the_page_tells_every_look() -> None:
    page = (ROOT / "docs" / "usual.md").read_text(encoding="utf-8")
    rows = [line.split("|")[2] for line in page.splitlines() if line.startswith("| ") and "`" in line]
    assert [",".join(re.findall("`([a-z_]+)`", row)) for row in rows] == [look.losses for look in _LOOKS]


@pytest.mark.usefixtures("shared_databases")
@pytest.mark.parametrize(("typed", "names"), TAKEN, ids=[typed for typed, _ in TAKEN])
def test_the_usual_losses_are_those_of_the_same_names(
    run: Run, typed: str, names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(DATA)
    words = shlex.split(typed)
    ran, named = run("eval", *words, "-f", "json"), run("eval", *words, "-f", "json", "-l", names)
    assert ran.code == named.code == ExitCode.OK, ran.stderr
    assert ran.stdout == named.stdout
    note, *warnings = ran.lines
    assert note.startswith(f"note:    {words[0]}: ")
    assert note.endswith(f": taking {names.replace(',', ', ')}; --loss NAME takes others")
    assert warnings == named.lines


@pytest.mark.usefixtures("shared_databases")
def test_a_file_alone_is_evaluated(run: Run) -> None:
    write(GOOD)
    for words in ((), ("--where", "target < 4"), ("-l", "huber"), ("other=p.csv", "-f", "csv"), ("--top", "1")):
        ran, named = run("p.csv", *words), run("eval", "p.csv", *words)
        assert ran.code == ExitCode.OK, ran.stderr
        assert (ran.stdout, ran.stderr) == (named.stdout, named.stderr)


def test_gates_beside_a_file_alone_are_not_evaluated(run: Run) -> None:
    write(GOOD)
    ran = run("p.csv", "--gate", "mae <= 1")
    assert (ran.code, ran.stdout) == (ExitCode.USAGE, "")
    ran.require_said("p.csv is no command but a file", "a command comes first: lossctl check p.csv --gate 'mae <= 1'")


def test_a_command_wins_over_a_file_of_its_name(run: Run) -> None:
    write({"losses": GOOD})
    assert "huber  " in run("losses", "huber").stdout


def test_what_is_no_file_names_the_command(run: Run) -> None:
    run("none.csv", "-t", "y").require_said(
        "none.csv is no command, and there is no such file", "a command comes first: lossctl eval none.csv -t y"
    )


def test_standard_input_is_read_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write(GOOD)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(GOOD.encode())))
    ran = run("eval", "-", "-f", "csv")
    assert ran.code == ExitCode.OK
    assert ran.stdout.replace("<stdin>", "p.csv") == run("eval", "p.csv", "-f", "csv", "-l", NUMBERS).stdout


def test_targets_of_another_file(run: Run) -> None:
    write({"p.csv": "id,yhat\n1,1.5\n2,2\n3,0\n", "t.csv": "id,y\n2,2\n1,1\n3,1\n"})
    ran = run("eval", "p.csv", "--targets", "t.csv", "--key", "id", "-f", "json")
    assert [each["loss"] for each in json.loads(ran.stdout)["results"]] == NUMBERS.split(",")


@pytest.mark.parametrize(("command", "words"), [("compare", ("p.csv",)), ("baseline", ("p.csv", "-o", "b.parquet"))])
def test_where_a_loss_must_be_named_the_usual_ones_are_proposed(run: Run, command: str, words: tuple[str, ...]) -> None:
    write("id,y,prob\n1,1,0.7\n2,0,0.3\n3,1,0.9\n")
    ran = run(command, *words)
    assert (ran.code, ran.stdout) == (ExitCode.USAGE, "")
    ran.require_said(
        f"lossctl {command} needs --loss NAME", "y is 0 or 1, and prob a probability: --loss log_loss,brier"
    )


def test_no_gates_say_how_to_state_one(run: Run) -> None:
    write(GOOD)
    ran = run("check", "p.csv")
    assert ran.code == ExitCode.NOT_EVALUATED
    assert ran.lines == ["warning: there are no gates: nothing was checked; state one, such as --gate 'mae <= 0.3'"]


REFUSED: Mapping[str, tuple[str, tuple[str, ...], str, str]] = {
    "two ways": (
        "label,p_a,p_b,q_a,q_b\na,1,0,0.9,0.1\nb,0,1,0.2,0.8\n",
        (),
        (
            "p.csv can be read in two ways: label holds classes, and p_* their probabilities; or p_* and q_* are "
            "distributions"
        ),
        (
            "--loss categorical_cross_entropy,multiclass_brier is for the first, --loss kl_divergence,cross_entropy "
            "for "
            "the second"
        ),
    ),
    "labels of text": (
        "y,prob\nno,0.25\nyes,0.75\n",
        (),
        "p.csv: y holds the labels no and yes",
        "of a target of two texts, name the one that counts as 1: --positive yes",
    ),
    "labels of text, of which neither says it": (
        "y,prob\ncat,0.25\ndog,0.75\n",
        (),
        "p.csv: y holds the labels cat and dog, and neither is a usual word for the positive class",
        "of a target of two texts, name the one that counts as 1: --positive cat or --positive dog",
    ),
    "labels for predictions": (
        "y,yhat\n0,0\n1,1\n1,0\n",
        (),
        "p.csv: yhat holds labels, and losses score probabilities or numbers",
        "name the column of the probabilities with -p COLUMN",
    ),
    "texts": (
        "y,yhat\ncat,cat\ndog,cat\n",
        (),
        "p.csv: yhat holds labels, and losses score probabilities or numbers",
        "name the column of the probabilities with -p COLUMN",
    ),
    "no prediction": (
        "y,model\n1,2\n",
        (),
        f"p.csv: no column has a usual name of a prediction ({ANY}prediction, y_pred{ANY})",
        (
            "name it with -p COLUMN; the columns are y, model; where one prediction has several columns, COLUMN is a "
            "glob such as 'p_*', or a list such as a,b,c"
        ),
    ),
    "nothing": (
        "y,yhat\ncat,3\ndog,4\ncow,9\n",
        (),
        "p.csv: cannot tell which losses suit y (labels: cat, cow, dog) and yhat (numbers from 3 to 9)",
        "name one with --loss; `lossctl losses` lists every loss",
    ),
    "bare": (GOOD, ("-f", "bare"), "bare prints values alone, and no loss is named", "name one, such as: --loss mae"),
    "parameters": (
        GOOD,
        ("--delta", "2"),
        "--delta is for huber, pseudo_huber, and no loss is named",
        "name one: --loss huber",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_says_nothing_or_two_things_is_refused_with_what_to_type(run: Run, name: str) -> None:
    content, words, problem, cure = REFUSED[name]
    write(content)
    ran = run("eval", "p.csv", *words)
    assert (ran.code, ran.stdout) == (ExitCode.USAGE, "")
    ran.require_said(problem, cure)


@pytest.mark.parametrize("name", ["two ways", "labels of text", "labels of text, of which neither says it"])
def test_the_cure_works(run: Run, name: str) -> None:
    content, words, _, cure = REFUSED[name]
    write(content)
    flags = re.findall("--[a-z]+ [a-z_,]+", cure)
    assert flags
    for flag in flags:
        ran = run("eval", "p.csv", *words, *flag.split(), *(["-t", "p_*"] if "kl_" in flag else []))
        assert ran.code == ExitCode.OK, ran.stderr


@pytest.mark.parametrize(
    ("content", "words", "names"),
    [
        ("y,prob\n0,0.2\n1,0.7\n5,3\n", "--where 'y < 2'", "log_loss,brier"),
        ("y;prob\n0;0,2\n1;0,7\n", "--decimal ,", "log_loss,brier"),
        ("y,prob\n0,0.2\n1,0.7\nnone,0.5\n", "--null none --nan omit", "log_loss,brier"),
        ("y,prob\nno,0.2\nyes,0.7\n", "--positive yes", "log_loss,brier"),
        ("y,lo,hi\n1,0,2\n3,1,2\n", "", "interval_score"),
        ("y,yhat,lo,hi\n1,1,0,2\n3,2,1,2\n", "", f"{NUMBERS},interval_score"),
        ("y,y_pred,y_prob\n0,0,0.2\n1,1,0.7\n", "", "log_loss,brier"),
        ("y,score\n0,-0.2\n1,0.7\n", "", "bce_logits,hinge"),
        ("y,yhat,p_a,p_b\n3,2,0.2,0.8\n4,6,0.5,0.5\n", "", NUMBERS),
        ("y,p1,p2\n1,0.2,0.8\n2,0.5,0.5\n", "", "categorical_cross_entropy,multiclass_brier"),
        ("y,yhat\n0,-0.2\n1,0.7\n", "", NUMBERS),
    ],
)
def test_options_and_names_count_when_columns_are_looked_at(run: Run, content: str, words: str, names: str) -> None:
    write(content)
    ran = run("eval", "p.csv", *shlex.split(words))
    assert ran.code == ExitCode.OK, ran.stderr
    assert f": taking {names.replace(',', ', ')};" in ran.lines[0]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("y,prob\na,0.2\nb,0.7\nc,0.5\n", "--positive a"),
        ("y,yhat\ncat,3\ndog,4\ncow,9\n", "--positive cat"),
    ],
)
def test_what_is_no_usual_kind_is_refused(run: Run, content: str, words: str) -> None:
    write(content)
    ran = run("eval", "p.csv", *shlex.split(words))
    assert (ran.code, ran.stdout) == (ExitCode.USAGE, "")


def test_no_rows_are_an_error_of_the_data(run: Run) -> None:
    write("target,prediction\n")
    assert run("eval", "p.csv").code == ExitCode.DATA


def usual(target: object, prediction: object, **options: object) -> str:
    return usual_losses({"y": target, "yhat": prediction}, **options)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("target", "prediction", "names"),
    [
        ([0, 1, 1], [0.0, 1.0, 0.5], "log_loss,brier"),
        ([0, 1, 1], [-1e-9, 1.0, 1.0 + 1e-9], NUMBERS),  # a line through labels leaves [0, 1] a little
        ([0, 1, 1], [-3.0, 1.0, 0.5], "bce_logits,hinge"),
        ([0, 1, 1], [-0.5, 1.0, 2.5], "bce_logits,hinge"),
        ([0, 1, 2], [0.0, 1.0, 0.5], NUMBERS),
        ([-1, 1, 1], [0.2, 0.9, 0.5], NUMBERS),
        ([True, False, True], [0.2, 0.9, 0.5], "log_loss,brier"),
        ([0.0, 1.0, float("nan")], [0.2, 0.9, 0.5], "log_loss,brier"),
    ],
)
def test_values_tell_numbers_probabilities_and_scores_apart(
    target: list[float], prediction: list[float], names: str
) -> None:
    assert usual(np.array(target), np.array(prediction)) == names


FLOATS = st.floats(-1e6, 1e6)


@given(st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=8))
def test_what_is_taken_follows_from_the_values_and_from_no_order(rows: list[tuple[float, float]]) -> None:
    def taken(pairs: list[tuple[float, float]]) -> str:
        target, prediction = np.array(pairs).T
        try:
            return usual(target.copy(), prediction.copy())
        except (UsageError, DataError) as error:
            return error.problem

    found = taken(rows)
    assert found == taken(rows[::-1])
    binary = {target for target, _ in rows} <= {0.0, 1.0}
    inside = all(0.0 <= prediction <= 1.0 for _, prediction in rows)
    if not binary:
        assert found == NUMBERS or "; or y and yhat are distributions" in found
    elif inside:
        assert (found == "log_loss,brier") != ({prediction for _, prediction in rows} <= {0.0, 1.0})
    elif all(prediction >= 0.0 for _, prediction in rows):
        assert "does not lie in [0, 1]" in found
    else:
        assert found in {NUMBERS, "bce_logits,hinge"}


def test_nothing_typed_says_on_standard_error_what_to_type_first(run: Run) -> None:
    ran = run()
    assert (ran.code, ran.stdout) == (ExitCode.USAGE, "")
    assert ran.lines[0] == "Usage: lossctl COMMAND [options]"
    assert len(ran.lines) <= 12
    assert max(map(len, ran.lines)) <= 80
    write({"FILE": "target,prediction\n1,1.1\n2,2.2\n3,3.3\n"})
    typed = [line.split("  ")[1] for line in ran.lines if line.startswith("  lossctl ")]
    typed += [part for line in ran.lines[-2:] for part in line.replace(";", ",").split(", ")]
    for line in typed:
        words = shlex.split(line.partition(" lists")[0].partition(" explains")[0].partition(" the options")[0])
        assert run(*words[1:]).code == ExitCode.OK, line


def test_hostile_names_of_columns_are_escaped(run: Run) -> None:
    write({"p.csv": Path(DATA / "preds.csv").read_text().replace("target", "y\x1b[31m", 1)})
    ran = run("eval", "p.csv", "-t", "y\x1b[31m")
    assert ran.code == ExitCode.OK, ran.stderr
    assert "\x1b" not in ran.stderr
