"""Intervals, quantiles, scales, ensembles and vectors from every file format and frame: values and refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.testing import assert_allclose

import lossctl
from lossctl import api
from lossctl.core.losses.loss import ChosenLoss, Domain, Kind
from lossctl.core.types import Array
from tests.kinds import COSINE, ENSEMBLE, INTERVAL, MANY, PAIR, PARAMETRIC, QUANTILES, TRIPLET, chosen, weighed

ROWS = 60
MAE, MSE = lossctl.LOSSES["mae"].choose(), lossctl.LOSSES["mse"].choose()
FORMATS = ("csv", "tsv", "csv.gz", "jsonl", "parquet", "pandas", "polars", "arrow", "arrays")
LIST_FORMATS = ("jsonl", "parquet", "polars", "arrow", "arrays")
Columns = dict[str, Any]


def numbers(rows: int = ROWS) -> dict[str, Array]:
    rng = np.random.default_rng(5)
    low, wide = rng.normal(size=rows), rng.gamma(2.0, size=rows)
    names = {"y_a": "y_b", "a_b": "a_a", "b_a": "b_b", "m_1": "m_2", "m_3": "m_4"}
    several = {name: rng.normal(size=rows) for pair in names.items() for name in pair}
    return {
        "y": rng.normal(size=rows),
        "same": rng.integers(0, 2, rows).astype(float),
        "lo": low,
        "hi": low + wide,
        "mu": rng.normal(size=rows),
        "sigma": rng.gamma(2.0, size=rows),
        "q0.9": rng.normal(size=rows),
        "q0.1": rng.normal(size=rows),
        "q0.5": rng.normal(size=rows),
        **several,
    }


def source_of(columns: Columns, form: str, folder: Path) -> Any:
    """Return the columns as a file or a frame of some form; a matrix is a list column."""
    lists = {name: list(values) if np.ndim(values) == 1 else values.tolist() for name, values in columns.items()}
    if form == "arrays":
        return columns
    if form in {"csv", "tsv", "csv.gz"}:
        pd.DataFrame(lists).to_csv(folder / f"p.{form}", index=False, sep="\t" if form == "tsv" else ",")
    elif form == "jsonl":
        rows = [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
        (folder / "p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif form == "parquet":
        pq.write_table(pa.table(lists), folder / "p.parquet")
    else:
        return {"pandas": pd.DataFrame, "polars": pl.DataFrame, "arrow": pa.table}[form](lists)
    return str(folder / f"p.{form}")


def vector(columns: Columns, names: str) -> Array:
    return np.column_stack([columns[name] for name in names.split()])


CASES: dict[str, tuple[ChosenLoss, dict[str, Any], str, str]] = {
    "interval": (INTERVAL, {"target": "y", "prediction": "lo,hi"}, "y", "lo hi"),
    "usual interval": (INTERVAL, {}, "y", "lo hi"),
    "scale": (PARAMETRIC, {"target": "y", "prediction": "mu", "scale": "sigma"}, "y", "mu sigma"),
    "usual scale": (PARAMETRIC, {}, "y", "mu sigma"),
    "listed scale": (PARAMETRIC, {"prediction": "mu,sigma"}, "y", "mu sigma"),
    "ensemble": (ENSEMBLE, {"target": "y", "prediction": "m_*"}, "y", "m_1 m_2 m_3 m_4"),
    "vectors": (COSINE, {"target": "y_*", "prediction": "a_*"}, "y_a y_b", "a_a a_b"),
    "several vectors": (TRIPLET, {"target": "y_*", "prediction": "a_*,b_*"}, "y_a y_b", "a_a a_b b_a b_b"),
    "one glob of several vectors": (TRIPLET, {"target": "y_*", "prediction": "m_*"}, "y_a y_b", "m_1 m_2 m_3 m_4"),
    "any number of vectors": (
        MANY,
        {"target": "y_*", "prediction": "b_*,a_*,m_1,lo"},
        "y_a y_b",
        "b_a b_b a_b a_a m_1 lo",
    ),
    "members of vectors": (ENSEMBLE, {"target": "y_*", "prediction": "m_*"}, "y_a y_b", "m_1 m_2 m_3 m_4"),
    "labelled pairs": (PAIR, {"target": "same", "prediction": "a_*,b_*"}, "same", "a_b a_a b_a b_b"),
    "labelled scores": (PAIR, {"target": "same", "prediction": "m_1,m_2"}, "same", "m_1 m_2"),
}


@pytest.mark.parametrize(
    ("name", "form"),
    [
        *((name, "arrays") for name in CASES),
        *((name, form) for name in ("interval", "several vectors") for form in FORMATS),
    ],
)
def test_columns_reach_the_kernel_in_order(name: str, form: str, tmp_path: Path) -> None:
    loss, options, target, prediction = CASES[name]
    columns = numbers()
    (result,) = api.evaluate(source_of(columns, form, tmp_path), loss, **options)
    expected = weighed(vector(columns, target), vector(columns, prediction))
    assert_allclose(result.value, expected.mean(), rtol=1e-14)
    assert result.n == ROWS


@pytest.mark.parametrize("form", FORMATS)
def test_quantiles_reach_the_kernel_with_their_levels(form: str, tmp_path: Path) -> None:
    columns = numbers()
    source = source_of(columns, form, tmp_path)
    mean = {name: float(np.mean(values)) for name, values in columns.items()}
    (result,) = api.evaluate(source, QUANTILES, target="y", prediction="q*")
    by_hand = mean["y"] + 0.1 * mean["q0.1"] + 0.5 * mean["q0.5"] + 0.9 * mean["q0.9"]
    assert_allclose(result.value, by_hand, rtol=1e-13)
    assert "|levels=0.1,0.5,0.9|" in result.signature
    (given,) = api.evaluate(source, QUANTILES, target="y", prediction="lo,hi", levels=[0.75, 0.25])
    assert_allclose(given.value, mean["y"] + 0.75 * mean["lo"] + 0.25 * mean["hi"], rtol=1e-13)


@pytest.mark.parametrize("form", LIST_FORMATS)
def test_lists_are_vectors_too(form: str, tmp_path: Path) -> None:
    columns = numbers()
    mean = {name: float(np.mean(values)) for name, values in columns.items()}
    lists = {
        "y": columns["y"],
        "same": columns["same"],
        "anchor": vector(columns, "y_a y_b"),
        "near": vector(columns, "a_a a_b"),
        "far": vector(columns, "b_a b_b"),
        "both": vector(columns, "m_1 m_2 m_3 m_4"),
        "ends": vector(columns, "lo hi"),
        "normal": vector(columns, "mu sigma"),
        "quantiles": vector(columns, "q0.9 q0.1 q0.5"),
    }
    source = source_of(lists, form, tmp_path)

    def value(loss: ChosenLoss, target: str, prediction: str, **options: Any) -> float:
        (result,) = api.evaluate(source, loss, target=target, prediction=prediction, **options)
        return float(result.value)

    def expected(target: str, prediction: str) -> Any:
        return pytest.approx(weighed(lists[target], vector(lists, prediction)).mean(), rel=1e-13)

    assert value(COSINE, "anchor", "near") == expected("anchor", "near")
    assert value(TRIPLET, "anchor", "near,far") == expected("anchor", "near far")
    assert value(TRIPLET, "anchor", "both") == expected("anchor", "both")
    assert value(ENSEMBLE, "y", "both") == expected("y", "both")
    assert value(ENSEMBLE, "anchor", "both") == expected("anchor", "both")
    assert value(PAIR, "same", "near,far") == expected("same", "near far")
    assert value(INTERVAL, "y", "ends") == expected("y", "ends")
    assert value(PARAMETRIC, "y", "normal") == expected("y", "normal")
    by_hand = mean["y"] + 0.1 * mean["q0.1"] + 0.5 * mean["q0.5"] + 0.9 * mean["q0.9"]
    assert_allclose(value(QUANTILES, "y", "quantiles", levels=[0.9, 0.1, 0.5]), by_hand, rtol=1e-13)


def test_losses_of_several_kinds_bind_to_their_own_columns() -> None:
    columns = numbers()
    results = api.evaluate(
        columns, [MAE, PARAMETRIC, MSE], target="y", prediction=["mu", "lo"], scale=["sigma", "hi"], where="hi > 0"
    )
    keep = columns["hi"] > 0.0
    kept = {name: values[keep] for name, values in columns.items()}
    assert [(each.model, each.loss, each.prediction) for each in results] == [
        ("mu", "mae", "mu"),
        ("mu", "test_parametric", "mu,sigma"),
        ("mu", "mse", "mu"),
        ("lo", "mae", "lo"),
        ("lo", "test_parametric", "lo,hi"),
        ("lo", "mse", "lo"),
    ]
    assert_allclose(results[0].value, np.abs(kept["mu"] - kept["y"]).mean(), rtol=1e-13)
    assert_allclose(results[4].value, weighed(kept["y"], vector(kept, "lo hi")).mean(), rtol=1e-13)


def test_missing_numbers_leave_rows_out_whichever_column_they_are_in() -> None:
    columns = numbers()
    columns["sigma"][3], columns["mu"][5] = np.nan, np.inf
    with pytest.raises(lossctl.DataError, match='row 4, column "sigma": the value is missing'):
        api.evaluate(columns, PARAMETRIC, target="y")
    (result,) = api.evaluate(columns, PARAMETRIC, target="y", nan="omit", weight="hi", where="hi > 0")
    keep = (columns["hi"] > 0.0) & np.isfinite(columns["sigma"]) & np.isfinite(columns["mu"])
    kept = {name: values[keep] for name, values in columns.items()}
    assert_allclose(
        result.value, np.average(weighed(kept["y"], vector(kept, "mu sigma")), weights=kept["hi"]), rtol=1e-13
    )


# --- refusals --------------------------------------------------------------------------------------------------------


def refusal(source: Any, loss: ChosenLoss, **options: Any) -> lossctl.LossctlError:
    with pytest.raises(lossctl.LossctlError) as caught:
        api.evaluate(source, loss, **options)
    return caught.value


def test_an_interval_whose_ends_are_crossed_is_named(tmp_path: Path) -> None:
    columns = numbers()
    columns["lo"][[7, 9]] = [4.5, 1e6]
    columns["hi"][7] = 0.25
    path = source_of(columns, "csv", tmp_path)
    error = refusal(path, INTERVAL, target="y")
    assert isinstance(error, lossctl.DataError)
    assert str(error) == (
        f'{path} line 9, column "lo,hi": the lower end 4.5 lies above the upper end 0.25 (2 rows have such ends)'
    )
    assert error.cure == "name the columns in order, such as -p lower,upper"
    columns["lo"][[7, 9]] = columns["hi"][[7, 9]]
    assert api.evaluate(columns, INTERVAL, target="y")[0].status == "ok"


@pytest.mark.parametrize("scale", [0.0, -1.5])
def test_a_scale_out_of_its_domain_is_named(scale: float, tmp_path: Path) -> None:
    columns = numbers()
    columns["sigma"][7] = scale
    path = source_of(columns, "csv", tmp_path)
    error = refusal(path, PARAMETRIC, target="y")
    assert isinstance(error, lossctl.DataError)
    assert str(error) == f'{path} line 9, column "sigma": {scale} does not lie in (0, inf)'
    in_list = {"y": columns["y"], "normal": vector(columns, "mu sigma")}
    assert f'row 8, column "normal": {scale} does not lie in' in str(refusal(in_list, PARAMETRIC, prediction="normal"))
    bounded = chosen(Kind.PARAMETRIC, prediction=Domain(low=0.0), scale=Domain(low=0.0))
    columns["sigma"][7], columns["mu"][:] = 0.0, 1.0
    assert api.evaluate(columns, bounded, target="y")[0].status == "ok"
    columns["mu"][3] = -2.0
    assert 'row 4, column "mu": -2.0 does not lie in [0, inf)' in str(refusal(columns, bounded, target="y"))


def test_a_vector_of_zeros_is_named_where_it_has_no_direction() -> None:
    columns = numbers()
    columns["a_a"][4] = columns["a_b"][4] = 0.0
    columns["y_a"][6] = 0.0
    assert 'row 5, column "a_*": a vector of zeros has no direction' in str(
        refusal(columns, COSINE, target="y_*", prediction="a_*")
    )
    assert 'row 5, column "b_*,a_*": a vector of zeros' in str(
        refusal(columns, PAIR, target="same", prediction="b_*,a_*")
    )
    assert api.evaluate(columns, TRIPLET, target="y_*", prediction="a_*,b_*")[0].status == "ok"
    assert 'row 5, column "a_*": a vector' in str(refusal(columns, COSINE, target="b_*", prediction="a_*"))
    assert 'row 5, column "a_*": a vector' in str(refusal(columns, COSINE, target="a_*", prediction="b_*"))


SHAPES: dict[str, tuple[ChosenLoss, dict[str, Any], type[Exception], str]] = {
    "one end": (INTERVAL, {"prediction": "lo"}, lossctl.UsageError, "takes a lower and an upper end, and lo is one"),
    "three ends": (INTERVAL, {"prediction": "q*"}, lossctl.UsageError, r"an upper end, and q\* has 3 columns"),
    "a target of two": (INTERVAL, {"target": "y_*", "prediction": "lo,hi"}, lossctl.UsageError, "as its target"),
    "no scale": (
        PARAMETRIC,
        {"prediction": "lo,hi,mu"},
        lossctl.UsageError,
        "a location and a scale, and lo,hi,mu has",
    ),
    "one member": (ENSEMBLE, {"prediction": "m_1"}, lossctl.UsageError, "takes several members, and m_1 is one column"),
    "half a member": (
        ENSEMBLE,
        {"target": "y_*", "prediction": "q*"},
        lossctl.UsageError,
        r"a whole number of vectors as long as the target's 2, and -p q\* has 3",
    ),
    "one number": (COSINE, {"prediction": "mu"}, lossctl.UsageError, "takes vectors"),
    "too long": (
        COSINE,
        {"target": "y_*", "prediction": "q*"},
        lossctl.UsageError,
        r"y_\* has 2 columns and -p q\*",
    ),
    "one vector": (TRIPLET, {"target": "y_*", "prediction": "a_*"}, lossctl.UsageError, "takes 2 vectors as long as"),
    "no other vector": (
        lossctl.LOSSES["info_nce"].choose(),
        {"target": "y_*", "prediction": "a_*"},
        lossctl.UsageError,
        "at least one other vector, and there is one",
    ),
    "half a vector": (PAIR, {"target": "same", "prediction": "q*"}, lossctl.UsageError, "2 vectors of one length"),
    "labels in a vector": (PAIR, {"target": "y_*", "prediction": "m_*"}, lossctl.UsageError, "as its target"),
    "shares beside vectors": (
        lossctl.LOSSES["entropy"].choose(),  # it takes the target alone, and is down the file or across
        {"target": "same", "prediction": "a_*"},
        lossctl.UsageError,
        r"same and -p a_\* do not list the same categories",
    ),
    "lists of three": (INTERVAL, {"prediction": "list"}, lossctl.DataError, 'column "list": its lists hold 3 numbers'),
    "lists of other length": (
        COSINE,
        {"target": "pair", "prediction": "list"},
        lossctl.DataError,
        'columns "pair" and "list": the lists hold 2 and 3 numbers a row',
    ),
    "a list and levels": (
        QUANTILES,
        {"prediction": "list", "levels": [0.1, 0.9]},
        lossctl.DataError,
        "hold 3 numbers a row, and test_quantiles takes a quantile for each of the 2 levels",
    ),
    "a list without levels": (QUANTILES, {"prediction": "list"}, lossctl.UsageError, "holds no level of a quantile"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_columns_of_another_shape_are_refused(name: str) -> None:
    loss, options, kind, said = SHAPES[name]
    columns = numbers()
    source = {**columns, "list": vector(columns, "q0.1 q0.5 q0.9"), "pair": vector(columns, "lo hi")}
    with pytest.raises(kind, match=said) as caught:
        api.evaluate(source, loss, **{"target": "y", **options})
    assert str(caught.value).startswith("<frame>")
    assert isinstance(caught.value, lossctl.LossctlError)
    assert caught.value.cure


def test_a_row_whose_list_is_longer_is_named(tmp_path: Path) -> None:
    rows = [{"y": [1.0, 2.0], "a": [1.0, 0.5]}, {"y": [0.5, 1.0], "a": [2.0, 1.0, 3.0]}]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    error = refusal(str(tmp_path / "p.jsonl"), COSINE, target="y", prediction="a")
    assert str(error).endswith('p.jsonl line 2, column "a": a list of 3 values, where the first has 2')


def test_a_column_of_empty_lists_lacks_every_vector() -> None:
    table = pa.table({"y": pa.array([[], None], pa.list_(pa.float64())), "a": [[1.0], [2.0]]})
    with pytest.raises(lossctl.DataError, match="the value is missing"):
        api.evaluate(table, COSINE, target="y", prediction="a")


def test_a_loss_may_refuse_levels_and_members() -> None:
    def check(levels: Any = (), members: int = 0, components: int = 0) -> None:
        if len(levels) == 3 or (members, components) == (4, 1):
            raise lossctl.UsageError("these columns will not do", "give others")

    columns = numbers()
    quantiles = replace(QUANTILES, loss=replace(QUANTILES.loss, check_columns=check))
    ensemble = replace(ENSEMBLE, loss=replace(ENSEMBLE.loss, check_columns=check))
    assert "will not do" in str(refusal(columns, quantiles, target="y", prediction="q*"))
    assert api.evaluate(columns, quantiles, target="y", prediction="q0.1,q0.5")[0].status == "ok"
    assert "will not do" in str(refusal(columns, ensemble, target="y", prediction="m_*"))
    assert api.evaluate(columns, ensemble, target="y_*", prediction="m_*")[0].status == "ok"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"clip": 0.1}, "--clip is of no use: mae, mse take no probabilities"),
        ({"normalize": True}, "--normalize is of no use: mae, mse take no distributions"),
        ({"scale": "sigma"}, "--scale is of no use: mae, mse take no scale"),
        ({"levels": [0.5]}, "--levels is of no use: mae, mse take no levels of quantiles"),
        ({"group": "same"}, "--group is of no use: mae, mse take no groups"),
        ({"classes": ["a"]}, "--classes is of no use: mae, mse take no classes"),
        ({"class_weights": {"a": 1.0}}, "--class-weights is of no use: mae, mse take no classes"),
        ({"ignore_label": "a"}, "--ignore-label is of no use: mae, mse take no classes"),
    ],
)
def test_an_option_that_no_loss_uses_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(lossctl.UsageError) as caught:
        api.evaluate(numbers(), "mae,mse", target="y", prediction="mu", **options)
    assert str(caught.value) == said


def test_an_option_that_one_loss_uses_is_not_refused() -> None:
    results = api.evaluate({"y": [0, 1], "q": [0.0, 0.5]}, "mae,brier", target="y", prediction="q", clip=0.25)
    assert [each.value for each in results] == [0.25, (0.25**2 + 0.5**2) / 2]
