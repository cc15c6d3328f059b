"""`lossctl show`: every loss, with a curve below where one number moves it."""

from __future__ import annotations

import pytest

from lossctl.core.curve import has_curve
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


def test_no_room_for_a_curve_leaves_no_blank_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lossctl.api.selecting.CURVE_WIDTH", 5)
    ran = run("show", "mae")
    assert ran.code == 0
    assert "┬" not in ran.stdout
    assert not ran.stdout.endswith("\n\n")
