"""Which model is the best by each loss, and where losses disagree."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from lossctl.core.losses.loss import Direction
from lossctl.core.results.ranking import Best, Disagreement, alike, best, disagreements
from lossctl.losses import LOSSES
from tests.comparisons import made, settled

AB, AC, BC = ("a", "b"), ("a", "c"), ("b", "c")
GAIN = replace(LOSSES["mae"], id="gain", direction=Direction.HIGHER).choose()
"""More of it is better, as of no loss there is yet."""


def test_the_best_is_told_from_the_second_where_they_differ_significantly() -> None:
    for make, told in ((made, False), (settled, True)):
        found = [make("mae", AB, (3.0, 2.0)), settled("mae", AC, (3.0, 4.0))]
        assert best(found) == Best(("b",), "a", told=told)
        turned = [settled("mae", ("c", "a"), (4.0, 3.0)), make("mae", ("b", "a"), (2.0, 3.0))]
        assert best(turned) == Best(("b",), "a", told=told)


def test_candidates_are_not_compared_with_each_other() -> None:
    found = [settled("mae", AB, (3.0, 2.0)), settled("mae", AC, (3.0, 1.0))]
    assert best(found) == Best(("c",), "b", told=None)
    assert best([*found, settled("mae", BC, (2.0, 1.0))]) == Best(("c",), "b", told=True)


def test_equal_values_are_best_together() -> None:
    found = [settled("mae", AB, (3.0, 2.0)), settled("mae", AC, (3.0, 2.0))]
    assert best(found) == Best(("b", "c"), "c", told=False)


def test_values_that_are_no_finite_numbers() -> None:
    assert best([made("mae", AB, (math.nan, math.nan), delta=math.nan)]) is None
    assert best([made("mae", AB, (2.0, math.nan), delta=math.nan)]) == Best(("a",), None, told=None)
    assert best([made("mae", AB, (2.0, math.inf), delta=math.inf)]) == Best(("a",), "b", told=False)
    assert best([made("mae", AB, (math.inf, math.inf), delta=math.nan)]) is None


def test_losses_and_slices_stand_together_in_their_order() -> None:
    found = [
        made("mse", AB, (1.0, 2.0)),
        made("mse", AB, (1.0, 2.0), slice={"sex": "f"}),
        made("mae", AB, (1.0, 2.0)),
        made("mse", AC, (1.0, 2.0)),
    ]
    groups = alike(found)
    assert list(groups) == [("mse", ()), ("mse", (("sex", "f"),)), ("mae", ())]
    assert groups["mse", ()] == [found[0], found[3]]


def test_losses_that_prefer_different_models_disagree() -> None:
    found = [settled("mae", AB, (3.0, 2.0)), settled("mse", AB, (3.0, 4.0)), settled("rmse", AB, (3.0, 4.0))]
    (one,) = disagreements(found)
    assert one == Disagreement((), AB, (("mse", "rmse"), ("mae",)), sure=True)
    assert one.line() == "losses disagree about a and b: mse and rmse prefer a; mae prefers b"
    assert disagreements(found, by_value=True) == []


def test_a_pair_the_other_way_round_is_the_same_pair() -> None:
    found = [settled("mae", AB, (3.0, 2.0)), settled("mse", ("b", "a"), (4.0, 3.0))]
    assert disagreements(found) == [Disagreement((), AB, (("mse",), ("mae",)), sure=True)]
    agreeing = [settled("mae", AB, (3.0, 2.0)), settled("mse", ("b", "a"), (3.0, 4.0))]
    assert disagreements(agreeing) == []


def test_what_is_not_significant_is_no_disagreement_but_by_value() -> None:
    for make in (made, settled):
        found = [make("mae", AB, (3.0, 2.0)), made("mse", AB, (3.0, 4.0))]
        assert disagreements(found) == []
        (one,) = disagreements(found, by_value=True)
        assert one == Disagreement((), AB, (("mse",), ("mae",)), sure=False)
        said = "by value alone, mse prefers a; mae prefers b; not all of these differences are significant"
        assert one.line() == said


@pytest.mark.parametrize("delta", [0.0, math.inf, math.nan])
def test_no_difference_and_no_number_prefer_no_model(delta: float) -> None:
    found = [made("mae", AB, (3.0, 2.0)), made("mse", AB, (3.0, 3.0 + delta), delta=delta)]
    assert disagreements(found, by_value=True) == []


def test_pairs_and_slices_are_looked_at_apart() -> None:
    f, m = {"sex": "f", "site": None}, {"sex": "m", "site": "1"}
    found = [
        settled("mae", AB, (3.0, 2.0), slice=f),
        settled("mse", AB, (3.0, 4.0), slice=m),
        settled("mse", AC, (3.0, 4.0), slice=f),
    ]
    assert disagreements(found) == []
    found.append(settled("mse", AB, (3.0, 4.0), slice=f))
    (one,) = disagreements(found)
    assert one.line() == "losses disagree about a and b where sex=f;site missing: mse prefers a; mae prefers b"


def test_a_line_for_people_names_a_few_losses() -> None:
    names = ("mae", "huber", "log_cosh", "cauchy", "mape", "smape", "wmape")
    one = Disagreement((), AB, (names, ("mse",)), sure=True)
    assert "mae, huber, log_cosh, cauchy, mape and 2 more prefer a; mse prefers b" in one.short_line()
    assert "mape, smape and wmape prefer a" in one.line()
    six = Disagreement((), AB, (names[:6], ("mse",)), sure=True)
    assert six.short_line() == six.line()


def test_the_other_direction() -> None:
    found = [settled("mae", AB, (0.5, 0.25), chosen=GAIN), settled("mae", AC, (0.5, 0.75), chosen=GAIN)]
    assert best(found) == Best(("c",), "a", told=True)
    (one,) = disagreements([found[0], settled("mae", AB, (3.0, 2.0))])
    assert one.losses == (("gain",), ("mae",))
    (one,) = disagreements([made("mae", AB, (0.5, 0.25), chosen=GAIN), made("mae", AB, (3.0, 2.0))], by_value=True)
    assert one.losses == (("gain",), ("mae",))
