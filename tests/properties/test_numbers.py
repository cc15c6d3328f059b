"""The figures of a result against plain NumPy, on random files in general position."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import lossctl
from lossctl.core.rows.block import BLOCK_ROWS
from lossctl.core.types import Array

Kernel = Callable[[Array], tuple[Array, Array]]

KERNELS: dict[str, Kernel] = {
    "mae": lambda r: (np.abs(r), np.sign(r)),
    "mse": lambda r: (r * r, 2.0 * r),
    "huber(delta=0.7)": lambda r: (
        np.where(np.abs(r) < 0.7, r * r / 2.0, 0.7 * (np.abs(r) - 0.35)),
        np.clip(r, -0.7, 0.7),
    ),
    "smooth_l1(beta=1.3)": lambda r: (
        np.where(np.abs(r) < 1.3, r * r / 2.6, np.abs(r) - 0.65),
        np.clip(r / 1.3, -1.0, 1.0),
    ),
}


@dataclass(frozen=True)
class Table:
    """Columns, and which rows and weights count under the options that go with them."""

    frame: pd.DataFrame
    options: dict[str, Any]
    kept: Array
    weight: Array
    n_read: int
    n_dropped: int


def draw(rng: np.random.Generator, rows: int, *, weighted: bool, gaps: bool, filtered: bool) -> Table:
    target = rng.normal(1.3, 3.0, rows) * 10.0 ** rng.uniform(-3, 3)
    prediction = target + rng.standard_t(3, rows)
    prediction[rng.random(rows) < 0.1] += 40.0
    even = rng.random(rows) < 0.1
    prediction[even] = target[even]
    weight = rng.gamma(0.6, size=rows)
    weight[rng.random(rows) < 0.2] = 0.0
    weight[0] = 1.7
    group = rng.integers(0, 3, rows)
    group[0] = 1
    frame = pd.DataFrame({"target": target, "prediction": prediction, "w": weight, "g": group})
    if gaps:
        for name in ("target", "prediction"):
            holes = np.flatnonzero(rng.random(rows) < 0.05)
            frame.loc[holes[holes > 0], name] = rng.choice([np.nan, np.inf, -np.inf], (holes > 0).sum())
    read = group == 1 if filtered else np.ones(rows, bool)
    used = weight if weighted else np.ones(rows)
    finite = np.isfinite(frame[["target", "prediction"]]).to_numpy().all(axis=1)
    options: dict[str, Any] = {"nan": "omit"}
    options |= {"weight": "w"} if weighted else {}
    options |= {"where": "g = 1"} if filtered else {}
    weighing = read & (used > 0.0)
    kept = weighing & finite
    return Table(frame, options, kept, used[kept], int(read.sum()), int((weighing & ~finite).sum()))


def expected(table: Table, kernel: Kernel) -> dict[str, float | None]:
    rows = table.frame[table.kept]
    w, n = table.weight, int(table.kept.sum())
    loss, slope = kernel((rows["prediction"] - rows["target"]).to_numpy())
    total = math.fsum(w)
    value = math.fsum(w * loss) / total
    pull = w * slope / total
    squares = math.fsum(w * w)
    error = math.sqrt(math.fsum((w * (loss - value)) ** 2) / (total**2 - squares)) if n > 1 else None
    half = None if error is None else error * stats.t.ppf(0.95, max(1.0, total**2 / squares - 1.0))
    return {
        "value": value,
        "std_error": error,
        "ci.low": None if half is None else value - half,
        "ci.high": None if half is None else value + half,
        "n": n,
        "n_read": table.n_read,
        "n_dropped": table.n_dropped,
        "weight_sum": total,
        "gradient.l1": math.fsum(np.abs(pull)),
        "gradient.l2": math.sqrt(math.fsum(pull * pull)),
        "gradient.linf": np.abs(pull).max(),
        "gradient.mean": math.fsum(pull),
        "gradient.row_mean_abs": math.fsum(w * np.abs(slope)) / total,
        "gradient.row_rms": math.sqrt(math.fsum(w * slope * slope) / total),
        "gradient.row_max": np.abs(slope).max(),
        "gradient.row_max_at": int(np.flatnonzero(table.kept)[np.abs(slope).argmax()]) + 1,
        "gradient.zero_share": float((slope == 0.0).mean()),
        "gradient.sign_balance": float(np.sign(slope).mean()),
    }


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize(
    ("weighted", "gaps", "filtered"),
    [(False, False, False), (True, False, False), (False, True, True), (True, True, False), (True, True, True)],
)
def test_every_figure_is_what_numpy_says(
    suffix: str, tmp_path: Path, *, weighted: bool, gaps: bool, filtered: bool
) -> None:
    rng = np.random.default_rng([len(suffix), weighted, gaps, filtered])
    for rows in (1, 2, 41, 3 * BLOCK_ROWS + 5 if suffix == ".parquet" else 700):
        table = draw(rng, rows, weighted=weighted, gaps=gaps, filtered=filtered)
        path = tmp_path / f"p{suffix}"
        if suffix == ".csv":
            table.frame.to_csv(path, index=False)
        else:
            table.frame.to_parquet(path, row_group_size=4001)
        results = lossctl.evaluate(str(path), list(KERNELS), level=0.9, **table.options)
        for (name, kernel), found in zip(KERNELS.items(), results.to_frame().to_dict("records"), strict=True):
            for figure, wanted in expected(table, kernel).items():
                where = f"{name} {figure} of {rows} rows"
                if wanted is None:
                    assert pd.isna(found[figure]), where
                elif isinstance(wanted, int):
                    assert found[figure] == wanted, where
                else:
                    assert_allclose(found[figure], wanted, rtol=1e-11, atol=1e-14, err_msg=where)


def gradient_by_differences(value: Callable[[Array], float], at: Array, step: float) -> Array:
    gradient = np.zeros_like(at)
    for index in np.ndindex(at.shape):
        nudge = np.zeros_like(at)
        nudge[index] = step
        gradient[index] = (value(at + nudge) - value(at - nudge)) / (2.0 * step)
    return gradient


def require_norms(found: lossctl.Gradient, gradient: Array, tolerance: float) -> None:
    assert_allclose(found.l1, np.abs(gradient).sum(), rtol=tolerance)
    assert_allclose(found.l2, np.sqrt((gradient**2).sum()), rtol=tolerance)
    assert_allclose(found.linf, np.abs(gradient).max(), rtol=tolerance)


@pytest.mark.parametrize("name", KERNELS)
def test_the_gradient_is_the_derivative_of_the_value(name: str) -> None:
    rng = np.random.default_rng(8)
    target = rng.normal(0.2, 2.0, 5)
    prediction = target + rng.normal(0.1, 1.5, 5)
    weight = rng.gamma(1.1, size=5)

    def evaluate(guess: Array) -> lossctl.Evaluation:
        return lossctl.evaluate({"target": target, "prediction": guess, "w": weight}, name, weight="w")[0]

    gradient = gradient_by_differences(lambda guess: evaluate(guess).value, prediction, 1e-6)
    require_norms(evaluate(prediction).gradient, gradient, 1e-8)


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize("name", ["cross_entropy(base=10)", "kl"])
def test_the_gradient_of_a_distribution_is_the_derivative_of_the_value(name: str, *, across: bool) -> None:
    rng = np.random.default_rng(9)
    shape = (2,) if across else ()
    p, q = rng.dirichlet(np.full(3, 2.0), shape), rng.dirichlet(np.full(3, 2.0), shape)
    options: dict[str, Any] = {"weight": "w"} if across else {}
    weight = rng.gamma(1.1, size=2 if across else 3)

    def evaluate(guess: Array) -> lossctl.Evaluation:
        return lossctl.evaluate({"p": p, "q": guess, "w": weight}, name, **options)[0]

    gradient = gradient_by_differences(lambda guess: evaluate(guess).value, q, 3e-8)  # sums stay 1 within 1e-6
    require_norms(evaluate(q).gradient, gradient, 1e-5)


def test_weights_of_one_are_no_weights() -> None:
    rng = np.random.default_rng(10)
    target = rng.normal(size=500)
    frame = {"target": target, "prediction": target + rng.normal(size=500), "w": np.ones(500)}
    without, with_ones = (lossctl.evaluate(frame, list(KERNELS), weight=name).to_frame() for name in (None, "w"))
    pd.testing.assert_frame_equal(without.drop(columns="signature"), with_ones.drop(columns="signature"))


@pytest.mark.parametrize("scale", [2.0**-300, 2.0**300])
def test_only_the_ratios_of_weights_matter(scale: float) -> None:
    rng = np.random.default_rng(11)
    target = rng.normal(size=60)
    frame = {"target": target, "prediction": target + rng.normal(size=60), "w": rng.gamma(0.7, size=60)}
    scaled = {**frame, "w": frame["w"] * scale}
    one, other = (lossctl.evaluate(each, list(KERNELS), weight="w").to_frame() for each in (frame, scaled))
    numbers = one.select_dtypes("number").columns.drop("weight_sum")
    pd.testing.assert_frame_equal(one[numbers], other[numbers], rtol=1e-15)


def test_a_weighted_loss_that_overflows_is_found_in_its_row() -> None:
    frame = {
        "target": np.zeros(4),
        "prediction": np.array([1.0, 2.0, 1e250, 3.0]),
        "w": np.array([1.0, 1.0, 1e90, 1.0]),
    }
    (result,) = results = lossctl.evaluate(frame, "mae", weight="w")
    assert result.value == math.inf
    assert "infinite in 1 of 4 rows (first: <frame> row 3); it is too large" in results.warnings[0]
    frame["prediction"][2] = 1e200
    (result,) = lossctl.evaluate(frame, "mae", weight="w")
    assert_allclose(result.value, 1e200, rtol=1e-15)
    assert result.std_error is None  # its square does not fit
