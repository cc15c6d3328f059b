"""Hints of a first run, followed: each leads to a result, and none names a flag that its command does not have."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lossctl
from lossctl.core.errors import UsageError
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
    pq.write_table(table.set_column(0, "label", [[0, 7, 2]]), "list.parquet")
    ran = run("eval", "list.parquet", "-p", "proba", "-l", "categorical_cross_entropy")
    assert hint_of(ran) == "check that the right columns are bound (-t, -p)"


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


def test_no_warning_names_a_flag_that_the_command_does_not_have(run: Run) -> None:
    write("y,y_pred\n" + "1,1.01\n2,2.01\n" * 60 + "3,90\n")
    assert "--bootstrap widens it" in run("eval", "p.csv", "-l", "mae").stderr
    ran = run("check", "p.csv", "-g", "mae <= 3")
    assert "the interval may be far too narrow" in ran.stderr
    assert "--bootstrap" not in ran.stderr
    assert "--bootstrap" not in options_of("check")
    ran = run("baseline", "p.csv", "-l", "mae", "--no-rows", "-o", "b.json")
    assert "the interval may be far too narrow" in ran.stderr
    assert "--bootstrap" not in ran.stderr
    assert "--bootstrap" not in options_of("baseline")


def test_targets_in_another_file(run: Run) -> None:
    write({"p.csv": "id,y_pred\n1,1.5\n2,2\n3,4\n", "t.csv": "id,y\n2,2\n1,1\n3,5\n"})
    ran = run("eval", "p.csv")
    assert hint_of(ran).endswith("; if it is in another file: --targets FILE --key id")
    assert run("eval", "p.csv", "--targets", "t.csv", "--key", "id").code == 0
    write({"p.csv": "x,y_pred\n1,1.5\n", "t.csv": "id,z\n1,1\n"})
    assert "--targets" not in hint_of(run("eval", "p.csv", "-l", "mae"))
    write({"p.csv": "id,y_pred\n1,1.5\n"})
    assert "another file" not in hint_of(run("eval", "p.csv", "-l", "mae", "--targets", "t.csv", "--key", "id"))
    assert "another file" not in hint_of(run("eval", "p.csv", "-l", "mae", "-t", "z"))


def test_an_unsure_gate_says_what_it_comes_to(run: Run) -> None:
    rows = "".join(f"{row},{row + (row * 7) % 5},{row + (row * 3) % 7}\n" for row in range(12))
    write("y,a,b\n" + rows)
    line = ("check", "p.csv", "-p", "a", "--baseline-pred", "b", "-g", "delta(mae) <= 1%")
    ran = run(*line)
    assert ran.code == 0
    assert ran.stdout.splitlines()[-1] == "unsure: 1 unsure of 1 (exit code 0; --fail-unsure makes it 4)"
    strict = run(*line, "--fail-unsure")
    assert strict.code == 4
    assert strict.stdout.splitlines()[-1] == "unsure: 1 unsure of 1"
    both = run(*line, "-g", "mae <= 0")
    assert both.code == 1
    assert "--fail-unsure" not in both.stdout


def test_gates_that_a_flag_puts_others_in_the_place_of(run: Run) -> None:
    write({"p.csv": "y,y_pred\n1,1.5\n2,2\n", "lossctl.toml": "[check]\ngates = ['mae <= 0', 'mse <= 0']\n"})
    said = "note:    lossctl.toml: its 2 gates are left out, for --gate names others; its other settings hold"
    assert said in run("check", "p.csv", "-g", "mae <= 9").lines
    assert "lossctl.toml" not in run("check", "p.csv").stderr
    write({"lossctl.toml": "[check]\nlevel = 0.9\n"})
    assert "lossctl.toml" not in run("check", "p.csv", "-g", "mae <= 9").stderr


def test_an_option_that_has_another_name() -> None:
    with pytest.raises(UsageError) as caught:
        lossctl.evaluate({"y": [1.0], "p": [1.0]}, "mae", pred="p")  # type: ignore[call-arg]  # what is typed wrong
    assert caught.value.cure == "did you mean prediction?"


@pytest.mark.parametrize("twice", ["p.csv", "q.csv"])
@pytest.mark.parametrize("way", [(), ("--bootstrap", "--resamples", "99")])
def test_a_key_that_stands_twice_in_one_file(run: Run, twice: str, way: tuple[str, ...]) -> None:
    """Its second row has another target: the key is what to mend, not the target."""
    rows = [f"{row},{row * 9 + 1},{row * 9}\n" for row in range(40)]
    files = {name: "id,y,y_pred\n" + "".join(rows) for name in ("p.csv", "q.csv")}
    write(files | {twice: files[twice].replace("\n5,", "\n4,")})
    ran = run("compare", "p.csv", "q.csv", "-k", "id", "-l", "mae", *way)
    assert ran.code == 3
    assert error_of(ran) == f'{twice} line 7: the key id "4" occurs twice (first: {twice} line 6)'
    write(files | {twice: files[twice].replace("\n5,46", "\n5,47")})
    assert 'column "y": 46' in error_of(run("compare", "p.csv", "q.csv", "-k", "id", "-l", "mae", *way))
