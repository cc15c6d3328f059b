"""`--sequential`: bounds, p-values and verdicts of gates that hold at all looks; where it is refused, and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import lossctl
from lossctl.api.comparisons.contenders import Opened, line_up
from lossctl.api.comparisons.pairing import pair_up
from lossctl.api.setup.losses import select
from lossctl.api.setup.open import open_for
from lossctl.core.errors import UsageError
from lossctl.core.method import Method
from lossctl.core.results.verdict import Checked
from lossctl.core.settings import Settings
from lossctl.stats.margin import Margin, margin
from lossctl.stats.sequence import one_look, over_looks

ROWS = 600


def frame(rows: int = ROWS, shift: float = 0.0) -> dict[str, Any]:
    random = np.random.default_rng(5)
    old = random.normal(size=rows)
    new = 0.9 * old + 0.4 * random.normal(size=rows) + shift
    places = np.arange(rows)
    return {"target": np.zeros(rows), "old": old, "new": new, "c": places // 4, "s": np.where(places % 3, "a", "b")}


def hits(rows: int = ROWS) -> dict[str, Any]:
    random = np.random.default_rng(6)
    old = (random.random(rows) < 0.3).astype(float)
    return {"target": np.zeros(rows), "old": old, "new": np.where(random.random(rows) < 0.12, 1.0 - old, old)}


def check(*gates: str, data: Any = None, **options: Any) -> Checked:
    settings: Any = {"prediction": "new", "baseline_prediction": "old", "sequential": True, **options}
    return lossctl.check(frame() if data is None else data, gates, **settings)


def found(data: dict[str, Any], method: Method, limit: float, share: float, level: float) -> Margin:
    settings = Settings.of(prediction=["old", "new"])
    with open_for(data, select("mse"), settings) as source:
        (models,) = line_up([Opened(None, source, settings)], select("mse"))
        paired = pair_up(models, settings, None, method, skewed=True)
    told = margin(paired.sums[0][0], paired.values_of(0, 0), paired.method, limit=limit, share=share, level=level)
    assert told is not None
    return told


@pytest.mark.parametrize(("limit", "share"), [(0.0, 0.0), (0.2, 0.0), (0.0, -0.15), (0.0, 0.1)])
@pytest.mark.parametrize("units", [{}, {"cluster": "c"}, {"block": 5}])
@pytest.mark.parametrize("data", [frame(), hits()], ids=["numbers", "two values"])
def test_many_looks_are_one_at_a_higher_level(
    data: dict[str, Any], units: dict[str, Any], limit: float, share: float
) -> None:
    if units.get("cluster") and "c" not in data:
        data = {**data, "c": np.arange(ROWS) // 4}
    n = ROWS / {"cluster": 4, "block": 5}.get(next(iter(units), ""), 1)
    many = found(data, Method(**units, sequential=True), limit, share, 0.95)
    once = found(data, Method(**units), limit, share, one_look(0.95, n))
    assert (many.low, many.high, many.detectable) == (once.low, once.high, once.detectable)
    assert many.p_above == over_looks(once.p_above, n)
    assert many.p_below == over_looks(once.p_below, n)
    single = found(data, Method(**units), limit, share, 0.95)
    assert many.low < single.low < many.value < single.high < many.high


@pytest.mark.parametrize(
    ("options", "data", "method"),
    [
        ({}, frame(), "t-sequence"),
        ({"cluster": "c"}, frame(), "cluster-t-sequence"),
        ({"block": 5}, frame(), "block-t-sequence"),
        ({}, hits(), "tango-sequence"),
    ],
)
def test_an_interval_says_which_bounds_it_is_of(options: dict[str, Any], data: Any, method: str) -> None:
    for gate in ("delta(mse) <= 0.1", "delta(mse) <= 10%") if method != "tango-sequence" else ("delta(mse) <= 0.1",):
        (many,), (once,) = check(gate, data=data, **options), check(gate, data=data, sequential=False, **options)
        assert (many.ci.method, many.ci.level) == (method, 0.95)
        assert many.ci.low < once.ci.low < many.value < once.ci.high < many.ci.high


def test_an_interval_is_two_sided() -> None:
    data = frame()
    gap = data["new"] ** 2 - data["old"] ** 2
    z = np.sqrt(2 * (1 + 1 / (ROWS * 7.13e-3)) * np.log(1 + np.sqrt(ROWS * 7.13e-3 + 1) / (2 * 0.025)))
    half = stats.t.isf(stats.norm.sf(z), ROWS - 1) * stats.sem(gap)
    (told,) = check("delta(mse) <= 0")
    assert_allclose([told.ci.low, told.ci.high], [gap.mean() - half, gap.mean() + half], rtol=1e-7)


@pytest.mark.parametrize(
    ("z", "once", "many"), [(2.0, "fail", "unsure"), (2.7, "fail", "unsure"), (3.1, "fail", "fail")]
)
def test_what_one_look_shows_many_do_not_yet(z: float, once: str, many: str) -> None:
    gap = np.tile([1.0, -1.0], ROWS // 2) + z / np.sqrt(ROWS - 1.0)
    data = {"target": 0.0 * gap, "old": 0.0 * gap + 10.0, "new": gap + 10.0}
    assert check("delta(mae) <= 0", data=data, sequential=False)[0].verdict.value == once
    assert check("delta(mae) <= 0", data=data)[0].verdict.value == many
    better = {**data, "new": 10.0 - gap}
    verdict = "pass" if many == "fail" else "inconclusive"
    assert check("delta(mae) <= 1e-9", data=better, test="noninferior")[0].verdict.value == verdict


def test_holm_takes_its_share() -> None:
    gap = np.tile([1.0, -1.0], ROWS // 2)
    new = np.concatenate([gap + 3.0 / np.sqrt(ROWS - 1.0), gap, gap, gap]) + 10.0
    data = {"target": 0.0 * new, "old": 0.0 * new + 10.0, "new": new, "s": np.repeat(list("abcd"), ROWS)}
    assert check("delta(mae)[s=*] <= 0", data=data, correction="none").exit_code == 1
    assert check("delta(mae)[s=*] <= 0", data=data).exit_code == 0


@pytest.mark.parametrize("test", ["regress", "noninferior"])
def test_fewer_than_a_hundred_rows_are_not_evaluated(test: str) -> None:
    (few,) = check("delta(mse) <= 0.5", data=frame(99), test=test)
    assert (few.verdict.value, few.ci, few.n) == ("not_evaluated", None, 99)
    assert few.reason == "--sequential takes at least 100 rows, and these come to 99"
    assert check("delta(mse) <= 0.5", data=frame(99), test=test).exit_code == 4
    assert check("delta(mse) <= 0.5", data=frame(100), test=test)[0].verdict.value != "not_evaluated"


def test_of_slices_clusters_and_weights_as_many_count_as_stand_for_themselves() -> None:
    verdicts = {each.slice["s"]: each.verdict.value for each in check("delta(mse)[s=*] <= 0.5", data=frame(297))}
    assert verdicts == {"a": "pass", "b": "not_evaluated"}  # 198 rows, and 99
    (clusters,) = check("delta(mse) <= 0.5", data=frame(396), cluster="c")
    assert (clusters.verdict.value, "100 clusters, and these come to 99" in clusters.reason) == ("not_evaluated", True)
    assert check("delta(mse) <= 0.5", data=frame(400), cluster="c")[0].verdict.value == "pass"
    (blocks,) = check("delta(mse) <= 0.5", data=frame(396), block=4)
    assert (blocks.verdict.value, "100 blocks, and these come to 99" in blocks.reason) == ("not_evaluated", True)
    weighted = {**frame(120), "w": np.where(np.arange(120) % 2, 3.0, 1.0)}  # 96 effective rows
    assert "come to 96" in check("delta(mse) <= 0.5", data=weighted, weight="w")[0].reason
    nothing = {**frame(300), "w": np.where(np.arange(300) % 3, 1.0, 0.0)}  # no row of b counts
    verdicts = [each.verdict.value for each in check("delta(mse)[s=*] <= 0.5", data=nothing, weight="w")]
    assert verdicts == ["pass", "not_evaluated"]
    single = {**frame(600), "c": np.where(np.arange(600) % 3, 0, np.arange(600))}  # all rows of a are one cluster
    reasons = [each.reason for each in check("delta(mse)[s=*] <= 0.5", data=single, cluster="c")]
    assert ["come to 1" in each for each in reasons] == [True, False]


def test_equal_differences_are_told_by_their_signs_as_before() -> None:
    data = {**frame(120), "new": frame(120)["old"]}
    equal = {"target": np.zeros(120), "old": np.arange(120.0), "new": np.arange(120.0) + 0.25}
    assert check("delta(mae) <= 0.1", data=equal)[0].verdict.value == "fail"
    assert check("delta(mse) <= 0", data=data)[0].verdict.value == "unsure"


@pytest.mark.parametrize(
    ("gates", "options", "words"),
    [
        (("delta(mse) <= 1",), {"test": "point"}, "point is none"),
        (("mse <= 1",), {}, "no gate is one"),
        (("delta(mse) <= 1",), {"horizon": 2}, "sequential and horizon are both given"),
        (("delta(mse) <= 1",), {"calibrate": True}, "calibrate tells of one look"),
        (("delta(mse) <= 1",), {"sequential": "yes"}, "neither true nor false"),
    ],
)
def test_it_is_refused_where_it_makes_no_sense(gates: tuple[str, ...], options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        check(*gates, **options)


def test_other_gates_of_the_same_run_are_what_they_were() -> None:
    gates = ("mse <= 9", "n >= 10", "delta(mse) <= 0.5")
    assert [each.verdict.value for each in check(*gates)] == ["pass", "pass", "pass"]


@pytest.mark.parametrize("kind", ["bootstrap", "permutation"])
def test_it_is_for_students_t(kind: Any) -> None:
    with pytest.raises(UsageError, match="sequential is for Student's t"):
        Method(kind, sequential=True)
    assert Method(cluster="c", sequential=True).signature == "method=t|cluster=c|sequential"
