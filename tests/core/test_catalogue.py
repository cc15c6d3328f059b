"""The list of losses for people: under a line for each task and kind its losses, at any width."""

from __future__ import annotations

import pytest

from lossctl.api.setup.losses import list_losses
from lossctl.core.results.catalogue import LossCard, LossList
from lossctl.losses import LOSSES
from lossctl.reports import RenderOptions, render


def test_losses_stand_under_their_task_and_kind_each_once() -> None:
    rows = LossList(tuple(LOSSES.values())).view().rows
    found = {}
    heading = ""
    for name, summary in rows:
        if summary:
            assert str(name).startswith("  ")
            found[str(name).strip()] = heading
        else:
            heading = str(name)
    assert len(rows) == len(found) + len(set(found.values())), "a heading stands once, and above a loss"
    assert set(found) == set(LOSSES)
    for name, loss in LOSSES.items():
        assert found[name] in {f"{loss.task} ({loss.kind})", loss.task}
        assert (found[name] == loss.task) == (loss.task == loss.kind)
    assert found["contrastive"] == "embeddings (binary)"
    assert found["brier"] == "binary"


def test_parameters_stand_behind_the_summary_with_their_defaults() -> None:
    rows = dict(LossList((LOSSES["hampel"], LOSSES["mae"])).view().rows)
    assert str(rows["  hampel"]).endswith(" [a=2.0, b=4.0, c=8.0]")
    assert rows["  mae"] == LOSSES["mae"].summary


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_list_of_every_loss_is_one_table_of_few_lines(width: int) -> None:
    lines = render(list_losses(), "table", RenderOptions(width=width)).splitlines()
    assert sum(line.startswith("loss ") for line in lines) == 1
    assert max(map(len, lines)) <= width
    assert len(lines) < (600 if width < 80 else 3 * len(LOSSES) if width < 200 else 2 * len(LOSSES))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("mae", ("kinks (ŷ − y)", "0")),
        ("hinge", ("kinks ((2y − 1)ŷ)", "1")),
        ("hinge_embedding", ("kinks ((2y − 1)ŷ)", "-1")),
        ("crps_normal", ("scale in", "(0, inf)")),
    ],
)
def test_a_card_says_where_kinks_are_and_what_a_scale_may_be(name: str, line: tuple[str, str]) -> None:
    rows = LossCard(LOSSES[name].choose()).view().rows
    assert line in rows
    assert sum(row[0] == "scale in" for row in rows) == (name == "crps_normal")
