"""`lossctl show`: every loss, with a curve below where one number moves it."""

from __future__ import annotations

import json
import re

import pytest

from lossctl.core.charts.curve import has_curve
from lossctl.losses import LOSSES
from tests.cli.cases import Run


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_can_be_shown_and_has_its_curve_or_nothing_below(run: Run, name: str) -> None:
    ran = run("show", name)
    assert (ran.code, ran.stderr) == (0, "")
    chosen = LOSSES[name].choose()
    assert LOSSES[name].summary.split()[0] in ran.stdout
    blocks = ran.stdout.split("\n\n")
    drawn = any("loss ℓ" in block and "┬" in block for block in blocks)
    assert drawn == has_curve(chosen)
    assert ran.stdout.endswith("\n")
    assert not ran.stdout.endswith("\n\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["mse"], {"minimum at the target": "yes", "slope is zero there": "yes"}),
        (["reverse_kl"], {"minimum at the target": "yes", "slope is zero there": "no"}),
        (["exponential"], {"minimum at the target": "no", "slope is zero there": "no"}),
        (["entropy"], {"minimum at the target": "does not apply: no prediction is compared with a target"}),
        (["focal"], {"slope is zero there": "yes"}),
        (["focal", "--gamma", "0"], {"slope is zero there": "no"}),
        (["wasserstein1"], {"upper bound": "depends on the number of columns"}),
        (["quantile"], {"symmetric": "yes"}),
        (["quantile", "--tau", "0.9"], {"symmetric": "no"}),
    ],
    ids=" ".join,
)
def test_facts_are_those_of_the_parameters_chosen(run: Run, words: list[str], said: dict[str, str]) -> None:
    shown = " ".join(run("show", *words).stdout.split())  # a narrow terminal breaks lines
    for name, value in said.items():
        assert f"{name} {value}" in shown, shown


def test_no_room_for_a_curve_leaves_no_blank_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lossctl.api.setup.losses.CURVE_WIDTH", 5)
    ran = run("show", "mae")
    assert ran.code == 0
    assert "┬" not in ran.stdout
    assert not ran.stdout.endswith("\n\n")


def test_the_names_elsewhere_stand_in_a_line_and_in_the_documents(run: Run) -> None:
    names = [name for entry in LOSSES["huber"].elsewhere for name in entry.names]
    line = re.search(r"^elsewhere\s+(.*)$", run("show", "huber", "--format", "table").stdout, re.MULTILINE)
    assert line
    assert line[1].startswith("torch.nn.HuberLoss, ")
    assert json.loads(run("show", "huber", "--format", "json").stdout)["elsewhere"] == names
    listed = json.loads(run("losses", "HuberLoss", "--format", "json").stdout)["losses"]
    assert [(each["id"], each["elsewhere"]) for each in listed] == [("huber", names)]
    assert "elsewhere" not in run("show", "savage").stdout
