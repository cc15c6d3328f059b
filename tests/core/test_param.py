"""Parameters: what a user may type for one, and how it is written back."""

from __future__ import annotations

import math

import pytest

from lossctl.core.errors import UsageError
from lossctl.core.losses.domain import POSITIVE, Domain
from lossctl.core.losses.param import Param, Value

SHARE = Param(
    "alpha",
    default=None,
    summary="a share, or none",
    domain=Domain(low=0.0, high=1.0, low_open=True, high_open=True),
    constants={"none": None},
)
BASE = Param("base", 2.0, "of the logarithm", POSITIVE, constants={"e": math.e})
CODE = Param("code", 1.0, "a number, or one that stands for a word", POSITIVE, constants={"off": -1.0})


@pytest.mark.parametrize(
    ("param", "text", "value"),
    [
        (SHARE, "none", None),
        (SHARE, " NONE ", None),
        (SHARE, "0.25", 0.25),
        (BASE, "e", math.e),
        (BASE, "10", 10.0),
        (CODE, "off", -1.0),
    ],
)
def test_a_name_stands_for_its_value_also_where_that_is_no_number_or_out_of_the_domain(
    param: Param, text: str, value: Value
) -> None:
    assert param.parse(text) == value
    assert param.check(value) == value
    assert param.format(value) == {10.0: "10.0", 0.25: "0.25"}.get(value, text.strip().lower())


@pytest.mark.parametrize(
    ("param", "value", "said"),
    [
        (SHARE, 0.0, "parameter alpha: 0.0 is not a number in (0, 1) or none"),
        (SHARE, -1.0, "parameter alpha: -1.0 is not a number in (0, 1) or none"),
        (SHARE, True, "parameter alpha: True is not a number in (0, 1) or none"),
        (SHARE, "null", "parameter alpha: 'null' is not a number in (0, 1) or none"),
        (BASE, None, "parameter base: None is not a number in (0, inf) or e"),
        (BASE, math.nan, "parameter base: nan is not a number in (0, inf) or e"),
        (CODE, -2.0, "parameter code: -2.0 is not a number in (0, inf) or off"),
        (Param("k", 0, "whole", Domain(low=0.0, whole=True)), None, "parameter k: None is not a whole number in"),
        (Param("full", default=False, summary="a switch"), None, "parameter full: None is not true or false"),
        (Param("way", "up", "a word", choices=("up", "down")), None, "parameter way: None is not one of up, down"),
    ],
)
def test_what_is_no_value_is_refused(param: Param, value: Value, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        param.check(value)
    assert refused.value.problem.startswith(said)
