"""Which names count as near: other spellings of one thing, never another thing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossctl.core.names import meant, nearest, one_of
from lossctl.losses import LOSSES
from lossctl.losses.other_names import EMPTY_WORDS

NAMES = {name: loss.id for loss in LOSSES.values() for name in (loss.id, *loss.aliases)}
OTHER_THINGS = [
    # what is typed, and what no cure may propose for it, though most letters agree
    ("crps", "rps"),
    ("mbe", "mse"),
    ("nse", "mse"),
    ("rae", "mae"),
    ("kge", "gce"),
    ("auc", "cauchy"),
    ("ece", "bce"),
    ("roc_auc", "cauchy"),
    ("median_absolute_error", "mean_absolute_error"),
    ("sparse_cross_entropy", "cross_entropy"),
    ("l3", "l2"),
    ("json", "epsilon"),
    ("metric", "margin"),
    ("model", "decimal"),
    ("gate", "base"),
    ("preds_v2.csv", "preds_v1.csv"),
    ("q0.5", "q0.9"),
    ("p_10", "p_1"),
    ("p_1", "p_10"),
    ("t", "tv"),
    ("pred", "target"),
    ("yhat", "what"),
    ("", "a"),
    ("rmsd", "rmse"),
]
ONE_THING = [
    ("Predicton", "prediction"),
    ("PREDICTION", "prediction"),
    ("y-true", "y_true"),
    ("smoothl1", "smooth_l1"),
    ("logloss", "log_loss"),
    ("hubr", "huber"),
    ("hubre", "huber"),
    ("ame", "mae"),
    ("mea", "mae"),
    ("maee", "mae"),
    ("msle_", "msle"),
    ("rsme", "rmse"),
    ("qunatile", "quantile"),
    ("qantil", "quantile"),
    ("wieght", "weight"),
    ("crps", "crps_normal"),
    ("gaussian", "gaussian_nll"),
    ("evaluate", "eval"),
    ("pred", "prediction"),
    ("p.cvs", "p.csv"),
    ("idd", "id"),
    ("na me", "name"),
    ("hinga", "hinge"),
    ("entropy", "cross_entropy"),
]


@pytest.mark.parametrize(("typed", "other"), OTHER_THINGS)
def test_another_thing_is_not_proposed(typed: str, other: str) -> None:
    assert nearest(typed, [other]) == []
    assert meant(typed, [other]) is None


@pytest.mark.parametrize(("typed", "thing"), ONE_THING)
def test_another_spelling_is_proposed(typed: str, thing: str) -> None:
    assert nearest(typed, ["zzz", thing]) == [thing]
    assert meant(typed, ["zzz", thing]) == f"did you mean {thing}?"


def test_what_agrees_more_comes_alone() -> None:
    assert nearest("Hinge", ["hinge_embedding", "hing", "hinge"]) == ["hinge"]
    assert nearest("hinge_loss", ["hinge_embedding", "hinge", "hinge_los"], empty=EMPTY_WORDS) == ["hinge"]
    assert nearest("hinge", ["squared_hinge", "hinge_embedding", "hinga"]) == ["hinge_embedding"]
    assert nearest("score", ["squared", "mean"], empty=EMPTY_WORDS) == []


def test_at_most_three_or_as_many_as_asked() -> None:
    names = [f"pred_{letter}" for letter in "abcde"]
    assert nearest("pred", names) == names[:3]
    assert nearest("pred", names, most=9) == names


def test_names_of_which_one_is_chosen() -> None:
    assert one_of(["a"]) == "a"
    assert one_of(["a", "b"]) == "a or b"
    assert one_of(["a", "b", "c"]) == "a, b or c"


LETTERS = "abcdefghijklmnopqrstuvwxyz"
LONG = [name for name in NAMES if name.isalpha() and len(name) > 5]


@given(st.sampled_from(LONG), st.integers(1, 99), st.sampled_from(["lose", "double", "change", "swap"]))
def test_a_slip_in_a_long_name_is_seen(name: str, place: int, kind: str) -> None:
    at = 1 + place % (len(name) - 2)
    slip = {
        "lose": name[:at] + name[at + 1 :],
        "double": name[:at] + name[at] + name[at:],
        "change": name[:at] + LETTERS[(LETTERS.index(name[at]) + place) % 26] + name[at + 1 :],
        "swap": name[:at] + name[at + 1] + name[at] + name[at + 2 :],
    }[kind]
    assert nearest(slip, [name]) == [name]


@given(st.text(max_size=12), st.lists(st.text(max_size=12), max_size=5))
def test_any_names_are_compared(name: str, known: list[str]) -> None:
    found = nearest(name, known)
    assert len(found) <= 3
    assert {*found} <= {*known}


@given(st.text(LETTERS, min_size=5, max_size=9), st.text(LETTERS, min_size=5, max_size=9))
def test_near_is_near_from_both_sides(one: str, other: str) -> None:
    assert bool(nearest(one, [other])) == bool(nearest(other, [one]))
