"""Hints of a first run, followed: each leads to a result, and none names a flag that its command does not have."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.cases import Run, write
from tests.cures import error_of, follow, hint_of, options_of

pytestmark = pytest.mark.usefixtures("shared_databases")

LABELS = "y,p\nmalignant,.9\nbenign,.2\nmalignant,.7\nbenign,.1\n"


@pytest.mark.parametrize("losses", [(), ("-l", "log_loss")])
def test_a_slip_in_the_positive_label(run: Run, losses: tuple[str, ...]) -> None:
    write(LABELS)
    line = ("eval", "p.csv", "-p", "p", *losses, "--positive")
    ran = run(*line, "maligant")
    assert "not 'maligant' and one other value" in error_of(ran)
    assert hint_of(ran) == "did you mean --positive malignant?"
    right = run(*line, "malignant")
    assert right.code == 0
    assert hint_of(run(*line, "x17")) == "--positive names one of the two values of the target"


@pytest.mark.parametrize(
    ("data", "line", "cured"),
    [
        ("y,z\n1,-2.5\n0,-1\n1,-.5\n", "-p z -l log_loss", "--loss bce_logits"),
        (
            "y,s_0,s_1\n1,-2.5,1\n0,-1,-2\n1,.5,3\n",
            "-p s_* -l categorical_cross_entropy",
            "--loss softmax_cross_entropy",
        ),
    ],
)
def test_scores_where_a_loss_takes_probabilities(run: Run, data: str, line: str, cured: str) -> None:
    """A first value above 1 may be a percentage, and says nothing of logits: a negative one does."""
    write(data)
    ran = run("eval", "p.csv", *line.split())
    assert f"of scores such as logits: {cured};" in hint_of(ran)
    wanted = [word for word in line.split() if word not in line.split()[-2:]]
    assert run("eval", "p.csv", *wanted, *cured.split()).code == 0


def test_labels_that_are_counted_from_1(run: Run) -> None:
    table = pa.table({"label": [1, 3, 2], "proba": [[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.1, 0.8, 0.1]]})
    pq.write_table(table, "list.parquet")
    *_, first, last = follow(
        run, "eval", "list.parquet", "-p", "proba", "-l", "categorical_cross_entropy", "-f", "bare"
    )
    assert hint_of(first) == "of labels 1 to 3: --classes 1,2,3"
    assert last.code == 0
    assert float(last.stdout.split()[-1]) == pytest.approx(0.42432178)


@pytest.mark.parametrize(("loss", "columns"), [("crps_quantile", "q0.1,q0.5,q0.9"), ("interval_score", "lo,hi")])
@pytest.mark.parametrize("asked", ["quantile", "mae"])
def test_quantiles_and_intervals_where_a_loss_takes_one_number(run: Run, loss: str, columns: str, asked: str) -> None:
    names = columns.split(",")
    write(
        f"y,{columns}\n"
        + "".join(f"{row},{','.join(str(row + each) for each in range(len(names)))}\n" for row in range(4))
    )
    ran = run("eval", "p.csv", "-p", columns, "-l", asked)
    assert f"--loss {loss} takes" in hint_of(ran)
    assert run("eval", "p.csv", "-p", columns, "-l", loss).code == 0


@pytest.mark.parametrize("loss", [(), ("-l", "mae")])
def test_a_file_without_a_header(run: Run, loss: tuple[str, ...]) -> None:
    rows = "3.21e+02,3.10e+02\n1.0e+00,2.0e+00\n-4,nan\n"
    write(rows.replace("\n-4,nan", ""))
    ran = run("eval", "p.csv", *loss)
    assert "the first line holds numbers and no names: 3.21e+02, 3.10e+02" in error_of(ran)
    assert hint_of(ran) == "add a line above it with the names of the columns, such as: y_true,y_pred"
    Path("p.csv").write_text("y_true,y_pred\n" + Path("p.csv").read_text())
    assert run("eval", "p.csv", *loss).code == 0


def test_a_file_that_is_no_table(run: Run) -> None:
    write("[check]\ngates=[]\n")
    assert "the file has one column" in hint_of(run("eval", "p.csv"))


def test_a_check_warns_without_a_flag_it_does_not_have(run: Run) -> None:
    write("y,y_pred\n" + "1,1.01\n2,2.01\n" * 60 + "3,90\n")
    assert "--bootstrap widens it" in run("eval", "p.csv", "-l", "mae").stderr
    ran = run("check", "p.csv", "-g", "mae <= 3")
    assert "the interval may be far too narrow" in ran.stderr
    assert "--bootstrap" not in ran.stderr
    assert "--bootstrap" not in options_of("check")
