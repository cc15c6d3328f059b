"""Which columns make a prediction of each kind, named or not, from nothing but their names."""

from __future__ import annotations

from typing import Any

import pytest

from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import ChosenLoss, Kind
from lossctl.core.settings import Settings
from lossctl.sources.columns.bind import bind
from lossctl.sources.columns.kinds import level_of, levels_of, may_be_levels, reads_as
from tests.kinds import COSINE, ENSEMBLE, INTERVAL, PARAMETRIC, QUANTILES, TRIPLET


def columns(names: str, loss: ChosenLoss, **options: Any) -> list[tuple[str, ...]]:
    return [each.prediction for each in bind(names.split(), [loss], Settings.of(**options))]


def refusal(names: str, loss: ChosenLoss, **options: Any) -> str:
    with pytest.raises(UsageError) as caught:
        bind(names.split(), [loss], Settings.of(**options))
    assert caught.value.cure
    return f"{caught.value.problem} / {caught.value.cure}"


# --- intervals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("y upper lower", ("lower", "upper")),
        ("y hi lo", ("lo", "hi")),
        ("y Low HIGH", ("Low", "HIGH")),
        ("y yhat_upper yhat_lower yhat", ("yhat_lower", "yhat_upper")),
        ("y pi.lower.95 pi.upper.95", ("pi.lower.95", "pi.upper.95")),
        ("y lower upper lower_bound", ("lower", "upper")),
    ],
)
def test_ends_are_found_by_their_names(names: str, found: tuple[str, ...]) -> None:
    assert columns(names, INTERVAL) == [found]


def test_ends_that_cannot_be_found_are_asked_for() -> None:
    assert "no two columns are called like the ends" in refusal("y below slow", INTERVAL)
    said = refusal("y lo hi a_lower a_upper", INTERVAL)
    assert "2 pairs of columns could be an interval: lo, hi; a_lower, a_upper" in said
    assert "-p LOWER,UPPER" in said


def test_named_ends_are_taken_as_they_are_named() -> None:
    assert columns("y a b c", INTERVAL, prediction=["b,a", "a,c"]) == [("b", "a"), ("a", "c")]
    assert "there is no column" in refusal("y a b", INTERVAL, prediction="a,z")


# --- quantiles -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("q0.05", 0.05),
        ("q_0.5", 0.5),
        ("quantile=.9", 0.9),
        ("model2_q0.25", 0.25),
        ("v1.5_q0.25", 0.25),
        ("q0.05_v2", 0.05),
        ("q1e-05", 1e-5),
        ("q1.5e-3", 1.5e-3),
        ("p97.5", 97.5),
        ("q05", None),
        ("pred_q05", None),
        ("e-3", None),
        ("median", None),
    ],
)
def test_the_level_is_the_last_decimal_number_of_a_name(name: str, level: float | None) -> None:
    assert level_of(name) == level


def test_quantiles_are_put_in_the_order_of_their_levels() -> None:
    (binding,) = bind(["y", "q0.95", "q0.05", "q0.5"], [QUANTILES], Settings.of(prediction="q*"))
    assert (binding.prediction, binding.levels) == (("q0.05", "q0.5", "q0.95"), (0.05, 0.5, 0.95))
    (usual,) = bind(["y", "q0.95", "x0.1", "q0.05", "q0.5"], [QUANTILES], Settings())
    assert usual.prediction == binding.prediction
    assert usual.model == usual.prediction_text == "q0.05,q0.5,q0.95"
    (given,) = bind(["y", "hi", "lo"], [QUANTILES], Settings.of(prediction="hi,lo", levels=[0.9, 0.1]))
    assert (given.prediction, given.levels, given.order) == (("lo", "hi"), (0.1, 0.9), ())


def test_levels_of_a_list_column_are_those_given() -> None:
    (binding,) = bind(["y", "q"], [QUANTILES], Settings.of(prediction="q", levels=[0.5, 0.9, 0.1]))
    assert (binding.prediction, binding.levels, binding.order) == (("q",), (0.1, 0.5, 0.9), (2, 0, 1))


@pytest.mark.parametrize(
    ("names", "options", "said"),
    [
        ("y q1 q2 q3", {"prediction": "q*"}, 'the column "q1" holds no level'),
        ("y q025 q975", {"prediction": "q*"}, 'the column "q025" holds no level'),
        ("y q05 q5", {"prediction": "q*"}, 'the column "q05" holds no level'),
        ("y q0.1 q90", {"prediction": "q*"}, 'the column "q90" holds no level'),
        ("y q50", {"prediction": "q50"}, 'the column "q50" holds no level'),
        ("y p2.5 p75", {"prediction": "p*"}, 'level 2.5 of the column "p2.5" is not between 0 and 1'),
        ("y q0.0 q0.5", {"prediction": "q*"}, 'level 0.0 of the column "q0.0" is not between'),
        ("y q0.5 q0.50", {"prediction": "q*"}, 'the columns "q0.5", "q0.50" are of one level: 0.5'),
        ("y a b c", {"prediction": "a,b,c", "levels": [0.1, 0.9]}, "-p a,b,c has 3 columns and --levels gives 2"),
        ("y q", {"prediction": "q"}, "--levels 0.05,0.5,0.95"),
        ("y yhat", {}, "no columns are called like quantiles"),
        ("y q0.1 q0.9 b_q0.1 b_q0.9", {}, "2 groups of columns could be quantiles: q0.1, q0.9; b_q0.1, b_q0.9"),
    ],
)
def test_levels_that_make_no_sense_are_refused(names: str, options: dict[str, Any], said: str) -> None:
    assert said in refusal(names, QUANTILES, **options)


PERCENT = {
    "q10 q50 q90": (0.1, 0.5, 0.9),
    "q05 q95": (0.05, 0.95),
    "q5 q50 q95": (0.05, 0.5, 0.95),
    "q_10 q_90": (0.1, 0.9),
    "m_q10 m_q90": (0.1, 0.9),
    "p10 p50 p90": (0.1, 0.5, 0.9),
    "p2.5 p97.5": (0.025, 0.975),
    "q2.5 q50 q97.5": (0.025, 0.5, 0.975),
    "Q0.5 Q99.5": (0.005, 0.995),
    "quantile_25 quantile_75": (0.25, 0.75),
    "percentile_1 percentile_99": (0.01, 0.99),
    "q75 q90 q95": (0.75, 0.9, 0.95),
    "q5 q10 q60": (0.05, 0.1, 0.6),
    "p1 p99": (0.01, 0.99),
}
NO_PERCENT = {
    "q1 q2 q3": True,
    "q1 q2 q10": True,
    "q11 q12 q13": True,
    "p1 p2": False,
    "p1 p2 p10": True,
    "p_0 p_1 p_2": False,
    "p_8 p_9 p_10 p_11": False,
    "m_10 m_50 m_90": False,
    "a10 a90": False,
    "q10 p90": False,
    "q0 q50 q100": False,
    "q10": False,
    "q0.1 q0.9": False,
    "a b": False,
}
"""Names that tell no percentages, and whether they may be levels all the same."""


@pytest.mark.parametrize("names", PERCENT)
def test_percentages_are_levels(names: str) -> None:
    levels = PERCENT[names]
    for order in (1, -1):
        given = names.split()[::order]
        assert levels_of(given) == levels[::order]
        assert reads_as(given, Settings()) is Kind.QUANTILES
        assert not may_be_levels(given)
        (bound,) = bind(["y", *given], [QUANTILES], Settings.of(prediction=",".join(given)))
        assert (bound.prediction, bound.levels) == (tuple(names.split()), levels)
        assert bind(["y", *given], [QUANTILES], Settings())[0].prediction == bound.prediction
        assert columns(f"y {names}", ENSEMBLE, prediction=",".join(given)) == [tuple(given)]


@pytest.mark.parametrize("names", NO_PERCENT)
def test_numbers_that_may_count_something_are_no_levels(names: str) -> None:
    for order in (1, -1):
        given = names.split()[::order]
        assert levels_of(given) == tuple(map(level_of, given))
        assert may_be_levels(given) is NO_PERCENT[names]


@pytest.mark.parametrize("levels", [[0.0, 0.5], [1.0], [0.5, 0.5], [float("nan")], ["a"], [True]])
def test_levels_given_must_be_different_probabilities(levels: list[Any]) -> None:
    with pytest.raises(
        UsageError,
        match=r"^levels: .* (is not a number between 0 and 1\nhint:  such as|stands twice\nhint:  give each) ",
    ):
        Settings.of(levels=levels)


# --- a location and a scale ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "options", "found"),
    [
        ("y m s", {"prediction": "m", "scale": "s"}, [("m", "s")]),
        ("y a b s t", {"prediction": ["a", "b"], "scale": ["t", "s"]}, [("a", "t"), ("b", "s")]),
        ("y m s", {"prediction": "m,s"}, [("m", "s")]),
        ("y mu sigma", {}, [("mu", "sigma")]),
        ("y prediction prediction_scale", {}, [("prediction", "prediction_scale")]),
        ("y pred std other_std", {}, [("pred", "std")]),
        ("y a a_sd b_sigma b", {"prediction": ["a", "b"]}, [("a", "a_sd"), ("b", "b_sigma")]),
        ("y mu a_sd sigma a", {"prediction": "a"}, [("a", "a_sd")]),
    ],
)
def test_a_scale_is_found_for_each_location(names: str, options: dict[str, Any], found: list[tuple[str, ...]]) -> None:
    assert columns(names, PARAMETRIC, **options) == found


def test_the_model_is_its_location_and_the_text_names_both() -> None:
    (binding,) = bind(["y", "m", "s"], [PARAMETRIC], Settings.of(prediction="m", scale="s"))
    assert (binding.model, binding.prediction_text) == ("m", "m,s")


@pytest.mark.parametrize(
    ("names", "options", "said"),
    [
        ("y a b s", {"prediction": ["a", "b"], "scale": "s"}, "--scale and -p must be as many, and are 1 and 2"),
        ("y a b s", {"prediction": "a,b", "scale": "s"}, "-p a,b has 2 columns, and --scale another"),
        ("y mu sigma std", {}, "2 columns could be the scale of mu: sigma, std"),
        ("y mu s", {"prediction": "mu", "scale": "z"}, '--scale: there is no column "z"'),
        ("y a b", {}, "no column has a usual name of a prediction"),
    ],
)
def test_scales_that_do_not_pair_up_are_refused(names: str, options: dict[str, Any], said: str) -> None:
    assert said in refusal(names, PARAMETRIC, **options)


# --- ensembles and vectors -------------------------------------------------------------------------------------------


def test_members_are_found_by_their_names_or_named_by_a_glob() -> None:
    assert columns("y m_2 m_1", ENSEMBLE) == [("m_2", "m_1")]
    assert columns("y members", ENSEMBLE) == [("members",)]
    assert columns("y a_1 a_2 b_1", ENSEMBLE, prediction=["a_*", "b_*"]) == [("a_1", "a_2"), ("b_1",)]
    assert "no columns are called like the members" in refusal("y a_1", ENSEMBLE)
    assert "ensemble and m_* could be the members" in refusal("y ensemble m_1", ENSEMBLE)


def test_a_list_may_hold_globs_whose_columns_go_with_the_targets() -> None:
    names = "y_cat y_dog a_dog a_cat b_cat b_dog"
    assert columns(names, TRIPLET, target="y_*", prediction="a_*,b_*") == [("a_cat", "a_dog", "b_cat", "b_dog")]
    assert columns(names, TRIPLET, target="y_cat,y_dog", prediction="a_*,b_*") == [("a_dog", "a_cat", "b_cat", "b_dog")]
    listed = columns(names, TRIPLET, target="y_*", prediction="a_*, b_dog,b_cat")
    assert listed == [("a_dog", "a_cat", "b_dog", "b_cat")]
    assert "has no column for 'dog'" in refusal("y_cat y_dog a_cat a_eel", COSINE, target="y_*", prediction="a_*")
    assert "no column matches 'z*'" in refusal(names, TRIPLET, target="y_*", prediction="a_*,z*")


@pytest.mark.parametrize(
    ("names", "options", "kind"),
    [
        ("q0.1 q0.9", {}, Kind.QUANTILES),
        ("a b", {"levels": [0.1, 0.9]}, Kind.QUANTILES),
        ("q", {"levels": [0.1, 0.9]}, Kind.QUANTILES),
        ("lower upper", {}, Kind.INTERVAL),
        ("upper lower", {}, None),
        ("mu sigma", {}, Kind.PARAMETRIC),
        ("a z", {"scale": "z"}, Kind.PARAMETRIC),
        ("m_1 m_2", {}, None),
        ("q0.1 m", {}, None),
        ("q0.1", {}, Kind.QUANTILES),
        ("quantile_0.1", {}, Kind.QUANTILES),
        ("model_v0.5", {}, None),
    ],
)
def test_columns_tell_what_they_are_by_their_names(names: str, options: dict[str, Any], kind: Kind | None) -> None:
    assert reads_as(names.split(), Settings.of(**options)) is kind
