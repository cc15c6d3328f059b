"""What is special about losses of forecasts that are a location and a scale."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scoringrules
from mpmath import mp
from numpy.testing import assert_allclose, assert_array_equal
from scipy import integrate, stats

from lossctl.core.losses.loss import POSITIVE, ChosenLoss, Kind
from lossctl.losses import choose
from tests.generators_parametric import located
from tests.oracles.formulas import FORMULAS
from tests.support import CASES, extreme

FORECASTS = [chosen for chosen in CASES if chosen.loss.kind is Kind.PARAMETRIC]
DISTRIBUTIONS = {
    "crps_normal": stats.norm,
    "crps_laplace": stats.laplace,
    "crps_student_t": stats.t,
    "crps_logistic": stats.logistic,
}

every_forecast = pytest.mark.parametrize("chosen", FORECASTS, ids=lambda chosen: chosen.label)


def one(text: str, y: float, location: float, scale: float) -> tuple[float, float, float]:
    """Return the loss of a forecast, and its slopes by location and scale."""
    (chosen,) = choose([text])
    loss, slope = chosen.compute(np.array([y]), np.array([[location, scale]]))
    return float(loss[0]), *slope[0].tolist()


@every_forecast
def test_a_forecast_has_a_scale_above_zero(chosen: ChosenLoss) -> None:
    assert chosen.loss.scale == POSITIVE
    assert chosen.loss.task == "forecast"


def test_every_crps_has_a_distribution() -> None:
    assert {each.loss.id for each in FORECASTS if each.loss.id.startswith("crps")} == set(DISTRIBUTIONS)


@every_forecast
def test_symmetric_about_the_location(chosen: ChosenLoss) -> None:
    rng = np.random.default_rng(3)
    r, scale = np.geomspace(1e-3, 1e3, 60), 10.0 ** rng.uniform(-1, 1, 60)
    y = np.zeros(60) if chosen.loss.target.is_real_line else np.ones(60)
    (above, up), (below, down) = (chosen.compute(y, np.column_stack([way * r, scale])) for way in (1.0, -1.0))
    assert chosen.fact("symmetric") is (True if chosen.loss.target.is_real_line else None)
    assert_array_equal(above, below)
    assert_array_equal(up, down * [-1.0, 1.0])


@every_forecast
def test_only_the_unit_changes_with_the_unit(chosen: ChosenLoss) -> None:
    """A CRPS counts in the unit of the data; a logarithmic score moves by the logarithm of the unit."""
    if not chosen.loss.target.is_real_line or chosen.params.get("variance"):
        return
    rng = np.random.default_rng(4)
    y, forecast = rng.normal(size=50), np.column_stack([rng.normal(size=50), rng.gamma(2.0, size=50)])
    here, there = (chosen.compute(unit * y, unit * forecast)[0] for unit in (1.0, 7.3))
    if chosen.loss.id.startswith("crps"):
        assert_allclose(there, 7.3 * here, rtol=1e-14)
    else:
        moved = (2.0 if chosen.loss.id == "dawid_sebastiani" else 1.0) * math.log(7.3)
        assert_allclose(there - here, moved, rtol=1e-12)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_crps_is_the_integral_that_defines_it(name: str) -> None:
    for (chosen,) in ([each] for each in FORECASTS if each.loss.id == name):
        frozen = DISTRIBUTIONS[name](*chosen.params.values(), loc=-0.7, scale=1.9)
        for y in (-0.7, 0.4, 6.3):
            left, _ = integrate.quad(lambda t, d=frozen: d.cdf(t) ** 2, -math.inf, y, epsabs=1e-11)
            right, _ = integrate.quad(lambda t, d=frozen: d.sf(t) ** 2, y, math.inf, epsabs=1e-11)
            assert_allclose(one(chosen.label, y, -0.7, 1.9)[0], left + right, rtol=1e-8)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_crps_of_a_sure_forecast_is_the_absolute_error(name: str) -> None:
    for scale in (1e-300, 1e-20):
        assert one(name, 1.0, 3.5, scale)[:2] == (2.5, 1.0)
    with np.errstate(all="ignore"):
        theirs = scoringrules.crps_normal(1.0, 3.5, 5e-324)
    assert not math.isfinite(theirs)
    assert one(name, 1.0, 3.5, 5e-324)[:2] == (2.5, 1.0)


def test_the_slope_of_crps_laplace_by_the_scale_far_away() -> None:
    """Where e^(−a) as 1 less something has no digits left, and a times it would show that."""
    a = np.linspace(25.0, 40.0, 100)
    slope = choose(["crps_laplace"])[0].compute(np.zeros(100), np.column_stack([a, np.ones(100)]))[1][:, 1]
    with mp.workdps(40):
        exact = [float((1 + mp.mpf(each)) * mp.exp(-mp.mpf(each)) - mp.mpf(3) / 4) for each in a.tolist()]
    assert_allclose(slope, exact, rtol=4e-16)


CROSSING = {
    "gaussian_nll": lambda z, scale: (1 - z**2) / scale,
    "gaussian_nll(variance=true)": lambda z, variance: (1 - z**2) / (2 * variance),
    "laplace_nll": lambda z, scale: (1 - abs(z)) / scale,
    "student_t_nll(df=4)": lambda z, scale: (1 - z**2) / (1 + z**2 / 4) / scale,
    "dawid_sebastiani": lambda z, scale: 2 * (1 - z**2) / scale,
}


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize("name", CROSSING)
def test_the_slope_by_the_scale_keeps_its_digits_where_it_changes_sign(name: str, side: float) -> None:
    (chosen,) = choose([name])
    y, location = side * np.random.default_rng(5).normal(size=200), side * np.full(200, 2.7)
    scale = np.abs(location - y) * (1.0 + np.geomspace(1e-15, 1e-2, 200))
    squared = chosen.params.get("variance", False)
    scale = scale**2 if squared else scale
    with mp.workdps(60):
        rows = [[mp.mpf(float(each)) for each in row] for row in zip(y, location, scale, strict=True)]
        exact = [CROSSING[name]((m - t) / (mp.sqrt(s) if squared else s), s) for t, m, s in rows]
    found = chosen.compute(y, np.column_stack([location, scale]))[1][:, 1]
    assert_allclose(found, [float(each) for each in exact], rtol=2e-15)


@pytest.mark.parametrize("variance", [1.0 + 2.0**-52, 1.0 - 2.0**-53, 1.0 + 1e-9])
def test_a_variance_of_nearly_one_has_a_logarithm(variance: float) -> None:
    loss, _, _ = one("gaussian_nll(variance=true)", 1.0, 1.0, variance)
    assert_allclose(loss, 0.5 * math.log(variance), rtol=1e-15)


@every_forecast
def test_slopes_over_the_whole_range(chosen: ChosenLoss) -> None:
    """Against differences of 150 digits along steps in units of the scale, where these have digits to spare."""
    sample = extreme(chosen.loss, np.random.default_rng(6))
    slope, unit = sample.compute(chosen)[1], sample.prediction[:, 1]
    width = np.sqrt(unit) if chosen.params.get("variance") else unit
    apart = np.abs(sample.prediction[:, 0] - located(chosen.loss, sample.target)) / width
    assert not chosen.loss.id.startswith("crps") or np.isfinite(slope).all()
    for row in np.flatnonzero((apart < 1e30) & (apart > 1e-30) & (unit > 1e-290))[:60]:
        exact = _slopes(chosen, float(sample.target[row]), *map(float, sample.prediction[row]))
        crossed = 2e-15 / (1.0 if chosen.loss.id.startswith("crps") else unit[row])
        assert_allclose(slope[row], exact, rtol=1e-14, atol=max(crossed, 1e-320))


def _slopes(chosen: ChosenLoss, y: float, location: float, scale: float) -> list[float]:
    formula = FORMULAS[chosen.loss.id]
    with mp.workdps(150):
        params = {name: mp.mpf(value) if isinstance(value, float) else value for name, value in chosen.params.items()}
        at, middle, unit = mp.mpf(y), mp.mpf(location), mp.mpf(scale)
        width = mp.sqrt(unit) if chosen.params.get("variance") else unit
        by_location = mp.diff(lambda t: formula(at, [middle + width * t, unit], **params), 0) / width
        by_scale = mp.diff(lambda t: formula(at, [middle, unit * (1 + t)], **params), 0) / unit
        return [float(by_location), float(by_scale)]


def test_scoringrules_ends_where_an_exponential_does() -> None:
    with np.errstate(all="ignore"):
        assert scoringrules.crps_logistic(1.0, 3.0, 1e-3) == math.inf
        assert math.isnan(scoringrules.logs_logistic(1.0, 3.0, 1e-3))
        assert scoringrules.logs_laplace(1.0, 3.0, 1e-3) == math.inf
        assert math.isnan(scoringrules.crps_t(1.0, 4.0, 3.0, 1e-200))
        assert scoringrules.logs_t(1.0, 4.0, 3.0, 1e-200) == math.inf
    assert_allclose(one("crps_logistic", 1.0, 3.0, 1e-3)[0], 1.999, rtol=1e-15)
    assert_allclose(one("logistic_nll", 1.0, 3.0, 1e-3)[0], 2000.0 + math.log(1e-3), rtol=1e-15)
    assert_allclose(one("laplace_nll", 1.0, 3.0, 1e-3)[0], 2000.0 + math.log(2e-3), rtol=1e-15)
    assert one("crps_student_t(df=4)", 1.0, 3.0, 1e-200)[0] == 2.0
    assert_allclose(one("student_t_nll(df=4)", 1.0, 3.0, 1e-200)[0], 1843.0489036482484, rtol=1e-15)


def test_many_degrees_of_freedom_are_the_normal_distribution() -> None:
    """scoringrules loses the constants: from 1e16 degrees on its scores are off by a half and more; torch's by 30."""
    theirs, torchs = (scoringrules.crps_t(1.0, 1e16, 3.0, 2.0), scoringrules.logs_t(1.0, 1e16, 3.0, 2.0)), 32.5
    crps, nll = one("crps_normal", 1.0, 3.0, 2.0)[0], one("gaussian_nll(full=true)", 1.0, 3.0, 2.0)[0]
    assert abs(theirs[0] - crps) > 0.7
    assert abs(theirs[1] - nll) > 0.4
    assert abs(torchs - nll) > 30.0
    for df in ("1e16", "1e300"):
        assert_allclose(one(f"crps_student_t(df={df})", 1.0, 3.0, 2.0)[0], crps, rtol=1e-15)
        assert_allclose(one(f"student_t_nll(df={df})", 1.0, 3.0, 2.0)[0], nll, rtol=1e-15)


def test_barely_more_than_one_degree_of_freedom() -> None:
    """The score has a limit there, which the terms of the formula have not."""
    theirs = scoringrules.crps_t(1.0, 1.0 + 1e-13, 3.0, 2.0)
    chosen = choose([f"crps_student_t(df={df!r})" for df in (1.0 + 2.0**-52, 1.0 + 1e-13, 1.0 + 1e-9)])
    found = [one(each.label, 1.0, 3.0, 2.0)[0] for each in chosen]
    with mp.workdps(60):
        exact = [float(FORMULAS["crps_student_t"](1, (3, 2), df=mp.mpf(each.params["df"]))) for each in chosen]
    assert_allclose(found, exact, rtol=2e-15)
    assert abs(theirs - found[1]) > 5e-3


def test_an_outlier_beyond_every_square() -> None:
    assert_allclose(one("student_t_nll(df=1)", 0.0, 1e300, 1e-300), [_cauchy(), 2e-300, -1e300], rtol=1e-15)


def _cauchy() -> float:
    with mp.workdps(50):
        return float(mp.log1p(mp.mpf(1e300) ** 2 / mp.mpf(1e-300) ** 2) + mp.log(mp.mpf(1e-300) * mp.pi))


def test_torch_raises_a_small_variance_and_we_do_not() -> None:
    """torch 2.13's gaussian_nll_loss(0, 1e-3, var=1e-8) has eps=1e-6."""
    y, variance, eps = 1e-3, 1e-8, 1e-6
    theirs = 0.5 * (math.log(max(variance, eps)) + y**2 / max(variance, eps))
    ours, _, _ = one("gaussian_nll(variance=true)", y, 0.0, variance)
    assert_allclose(theirs, -6.407755278982137, rtol=1e-14)
    assert_allclose(ours, 50.0 + 0.5 * math.log(1e-8), rtol=1e-14)


@pytest.mark.parametrize("name", ["gaussian_nll", "laplace_nll", "student_t_nll", "dawid_sebastiani"])
def test_the_best_scale_for_a_residual_is_its_size(name: str) -> None:
    assert one(name, 1.0, 3.5, 2.5)[2] == 0.0
    assert one(name, 1.0, 3.5, 2.4)[2] < 0.0 < one(name, 1.0, 3.5, 2.6)[2]
