from __future__ import annotations

import pydoc
import re
import shlex
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lossctl.core.losses.loss import ChosenLoss, Loss
from lossctl.losses import LOSSES, choose, find, search
from tests.each import for_each, for_each_choice
from tests.losses.hand_values import HAND_VALUES, Hand
from tests.sample import Sample
from tests.support import EVERY, whole

ROOT = Path(__file__).parents[2]
ROWS = list(LOSSES.values())

every_row = for_each("loss", ROWS, lambda loss: loss.id)


def test_the_table_is_keyed_by_id_and_read_only() -> None:
    assert [loss.id for loss in ROWS] == list(LOSSES)
    with pytest.raises(TypeError):
        LOSSES["mae"] = LOSSES["mse"]  # type: ignore[index]


def test_no_two_losses_share_a_name() -> None:
    names = Counter(name for loss in ROWS for name in (loss.id, *loss.aliases, "all"))
    names["all"] -= len(ROWS)
    assert [name for name, count in names.items() if count > 1] == []
    assert names["all"] == 0


@every_row
def test_names_are_what_a_shell_takes(loss: Loss) -> None:
    for name in (loss.id, *loss.aliases, *(param.name for param in loss.params)):
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name), name


def test_a_name_elsewhere_in_two_rows_is_explained_by_both() -> None:
    owners: dict[str, list[Loss]] = {}
    for loss in ROWS:
        found = [name for entry in loss.elsewhere for name in entry.names]
        assert len(set(found)) == len(found)
        for entry in loss.elsewhere:
            owners.setdefault(entry.name, []).append(loss)
    shared = {name: losses for name, losses in owners.items() if len(losses) > 1}
    assert set(shared) == {"sklearn.metrics.log_loss", "sklearn.metrics.hinge_loss"}
    for name, losses in shared.items():
        for loss in losses:
            assert name.rpartition(".")[2] in loss.note, loss.id


NAMES_ELSEWHERE = sorted({name for loss in ROWS for entry in loss.elsewhere for name in entry.names})
INSTALLED = ("scipy", "sklearn", "scoringrules")


@for_each("name", NAMES_ELSEWHERE, str)
def test_a_name_elsewhere_is_what_a_user_types(name: str) -> None:
    full = r"[a-z_]\w*(\.\w+)+(\([\w=', -]+\))?|(lightgbm|xgboost): [a-z0-9:_-]+"
    assert re.fullmatch(rf"{full}|neg_\w+|absolute_error|KLD", name)


@for_each("name", [name for name in NAMES_ELSEWHERE if name.partition(".")[0] in INSTALLED], str)
def test_a_name_of_a_library_at_hand_exists(name: str) -> None:
    found = pydoc.locate(name.partition("(")[0])
    assert callable(found)


def test_libraries_at_hand_are_named() -> None:
    assert {name.partition(".")[0] for name in NAMES_ELSEWHERE} >= set(INSTALLED)


@every_row
def test_a_row_says_everything(loss: Loss) -> None:
    for text in (loss.task, loss.summary, loss.formula, loss.slope, loss.latex, loss.reference, loss.example):
        assert text == text.strip()
        assert text
    assert not loss.summary.endswith(".")
    assert re.search(r"\((1[6-9]|20)\d\d\)", loss.reference), "a reference names its year"
    assert loss.roles
    assert loss.facts.low is not None or loss.facts.note
    assert all(param.summary for param in loss.params)


@every_row
def test_a_summary_begins_with_the_usual_name(loss: Loss) -> None:
    name, colon, rest = loss.summary.partition(": ")
    assert colon and rest  # noqa: PT018 -- one thing, in two parts
    assert 4 <= len(name) <= 50
    assert len(loss.summary) <= 110, "a line"
    assert loss in search(name)
    for riddle in ("surprise at", "by how much", "of which", "is told", "stands for", "so that it"):
        assert riddle not in loss.summary


@every_row
def test_notes_are_sentences(loss: Loss) -> None:
    for note in (loss.note, loss.facts.note):
        assert not note or note.endswith(".")


@every_row
def test_the_latex_is_balanced(loss: Loss) -> None:
    bare = loss.latex.replace(r"\{", "").replace(r"\}", "")
    depth = 0
    for character in bare:
        depth += {"{": 1, "}": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0
    assert len(re.findall(r"\\left\b", bare)) == len(re.findall(r"\\right\b", bare))
    assert re.findall(r"\\begin\{(\w+)\}", bare) == re.findall(r"\\end\{(\w+)\}", bare)


@every_row
def test_defaults_lie_in_their_domain_and_read_back(loss: Loss) -> None:
    for param in loss.params:
        assert param.check(param.default) == param.default
        assert param.parse(param.format(param.default)) == param.default
        for name, constant in param.constants.items():
            assert param.parse(name) == constant


@every_row
def test_the_example_runs_the_loss_on_real_data(loss: Loss) -> None:
    words = shlex.split(loss.example)
    assert words[:2] == ["lossctl", "eval"]
    assert (ROOT / words[2]).is_relative_to(ROOT / "examples" / "data")
    assert (ROOT / words[2]).is_file()
    chosen = choose([words[words.index("--loss") + 1]])
    assert [one.loss.id for one in chosen] == [loss.id]


@every_row
def test_a_loss_is_found_by_each_of_its_names(loss: Loss) -> None:
    for name in (loss.id, *loss.aliases):
        assert find(name.upper().replace("_", "-")) is loss
        assert loss in search(name)


@for_each_choice(EVERY)
def test_a_label_reads_back(chosen: ChosenLoss) -> None:
    assert choose([chosen.label]) == [chosen]


@for_each_choice(EVERY)
def test_information_has_a_unit_and_data_have_their_own(chosen: ChosenLoss) -> None:
    if chosen.loss.task == "information":
        assert chosen.unit
    elif chosen.unit is not None:
        assert chosen.unit == "nats", "the natural logarithm of a probability"


def test_every_row_has_hand_values() -> None:
    assert set(HAND_VALUES) == set(LOSSES)
    assert [name for name, values in HAND_VALUES.items() if len(values) < 2] == []


@every_row
def test_hand_values_use_every_parameter(loss: Loss) -> None:
    used = {name for hand in HAND_VALUES[loss.id] for name in hand.params}
    assert used == {param.name for param in loss.params}


@for_each("case", [(name, hand) for name, hands in HAND_VALUES.items() for hand in hands], str)
def test_hand_values(case: tuple[str, Hand]) -> None:
    name, hand = case
    chosen = LOSSES[name].choose(**hand.params)
    if chosen.loss.parts > 1:  # the columns of a whole file
        value, gradient = whole(chosen, Sample(np.array(hand.target), np.array(hand.prediction)))
        assert_allclose(value, hand.loss, rtol=1e-14)
        assert_allclose(gradient, hand.slope, rtol=1e-14)
        return
    target, prediction = (None if v is None else np.array([v]) for v in (hand.target, hand.prediction))
    context = {name: np.array(values) for name, values in hand.context.items()}
    loss, slope = Sample(target, prediction, context).compute(chosen)
    assert_allclose(loss, [hand.loss], rtol=1e-14)
    assert_allclose(slope, [hand.slope], rtol=1e-14)
