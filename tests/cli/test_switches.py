"""Parameters of losses that are true or false are flags; the texts of before, lists of them too, are read as ever."""

from __future__ import annotations

import pytest

from lossctl.core.errors import ExitCode
from lossctl.losses import LOSSES, parameters
from tests.cli.cases import Run, write

SWITCHES = [flag for flag in parameters().values() if flag.is_switch]
RANKS = "label,p_0,p_1,p_2\n0,0.5,0.3,0.2\n2,0.1,0.3,0.6\n1,0.4,0.4,0.2\n"
FORECASTS = "target,prediction,scale\n1,1.5,0.5\n2,2,2\n4,1,0.8\n"
DATA = {"ranked_probability_score": RANKS}


def test_each_parameter_that_is_true_or_false_is_a_switch() -> None:
    known = {param.name for loss in LOSSES.values() for param in loss.params if isinstance(param.default, bool)}
    assert {flag.name for flag in SWITCHES} == known
    assert known


@pytest.mark.parametrize(("flag", "loss"), [(flag.name, loss) for flag in SWITCHES for loss in flag.losses])
def test_a_switch_is_what_its_words_say(run: Run, flag: str, loss: str) -> None:
    write(DATA.get(loss, FORECASTS))

    def value(*words: str) -> str:
        ran = run("eval", *words, "p.csv", "-l", loss, "-f", "bare")
        assert ran.code == ExitCode.OK, ran.stderr
        return ran.stdout

    on, off = value(f"--{flag}", "true"), value(f"--{flag}", "false")
    assert on != off
    assert value(f"--{flag}") == value(f"--{flag}=yes") == on
    assert value(f"--no-{flag}") == value(f"--{flag}", "0") == off
    assert value(f"--{flag}", "true,false") == on + off


@pytest.mark.parametrize(
    ("words", "problem", "cure"),
    [
        ("--full --no-full", "--full / --no-full is given twice", "give it once"),
        ("--no-full=true", "--no-full takes no value", "write --no-full alone"),
        ("--full maybe", "--full: 'maybe' is not true or false", "write --full or --no-full"),
        ("--no-full true", "--full: 'true' is not true or false", "write --full or --no-full"),
    ],
)
def test_what_says_neither_is_refused(run: Run, words: str, problem: str, cure: str) -> None:
    write(FORECASTS)
    ran = run("eval", "p.csv", "-l", "gaussian_nll", *words.split())
    assert (ran.code, ran.stdout) == (ExitCode.USAGE, "")
    ran.require_said(problem, cure)


def test_the_other_spelling_of_the_prediction(run: Run) -> None:
    write({"p.csv": "y,model\n1,1.5\n2,2\n4,1\n"})
    for flag in ("-p", "--pred", "--prediction"):
        assert run("eval", "p.csv", "-l", "mae", "-f", "bare", flag, "model").stdout == "1.1666666666666667\n"
