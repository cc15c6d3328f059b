"""Every loss by slice: what a run over the rows of that slice alone gives, to the bit; the whole as without them."""

from __future__ import annotations

import shlex
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lossctl
from lossctl.core.errors import DataError, UsageError
from lossctl.core.results.columns import SliceResults, pieces_of
from lossctl.core.results.view import listed
from lossctl.losses import LOSSES
from tests.transcript import ROOT

_KEYWORDS = {
    "-t": "target",
    "-p": "prediction",
    "--target": "target",
    "--pred": "prediction",
    "--group": "group",
    "--scale": "scale",
}
"""By the flags that name columns."""
_SLICES = ("a", "b 2", "c'c", None)
_CONDITIONS = ("part = 'a'", "part = 'b 2'", "part = 'c''c'", "part is null")

Document = dict[str, Any]


def _commands() -> dict[tuple[str, ...], str]:
    """Return the losses by the file and the columns that their examples take."""
    found: dict[tuple[str, ...], list[str]] = {}
    for loss in LOSSES.values():
        file, *words = shlex.split(loss.example)[2:]
        pairs = zip(words[::2], words[1::2], strict=True)
        columns = [word for flag, value in pairs if flag in _KEYWORDS for word in (flag, value)]
        found.setdefault((file, *columns), []).append(loss.id)
    return {command: ",".join(ids) for command, ids in found.items()}


COMMANDS = _commands()

VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "weighted": {"weight": "weighs"},
    "holes": {"nan": "omit"},
    "skill": {"skill": True},
}


@cache
def _table(file: str, *, holes: bool) -> pd.DataFrame:
    """Return an example with columns to slice and to weigh by."""
    rng = np.random.default_rng(8)
    frame = pd.read_csv(ROOT / file)
    rows = len(frame)
    if holes:
        for name in frame.columns:
            if name not in {"id", "query", "label", "third"} and pd.api.types.is_numeric_dtype(frame[name]):
                frame[name] = frame[name].astype(float).mask(rng.random(rows) < 0.02)
    frame["part"] = rng.choice(np.array(_SLICES, dtype=object), rows, p=[0.4, 0.3, 0.2, 0.1])
    frame["weighs"] = np.where(rng.random(rows) < 0.1, 0.0, rng.gamma(2.0, size=rows))
    return frame


def _run(command: tuple[str, ...], variant: str, **more: Any) -> tuple[list[Document], tuple[str, ...]]:
    file, *words = command
    options = {_KEYWORDS[flag]: value for flag, value in zip(words[::2], words[1::2], strict=True)}
    normalize = "digit_shares" in file and "target" in options
    found = lossctl.evaluate(
        _table(file, holes=variant == "holes"),
        COMMANDS[command],
        **{**options, **VARIANTS[variant], **more, "normalize": normalize},
    )
    return found.items(), found.warnings


_alone = cache(_run)


def _comparable(document: Document) -> Document:
    kept = {name: value for name, value in document.items() if name not in {"slice", "signature"}}
    return kept | {"settings": [part for part in document["signature"].split("|") if part[:3] not in {"by=", "whe"}]}


def _suits(command: tuple[str, ...], variant: str) -> bool:
    """Return whether a variant has a meaning for the columns, and of several alike take one."""
    name = Path(command[0]).stem
    if variant == "weighted":
        down_the_file = name == "digit_shares" and "--target" in command  # whose events take no weights
        return name in {"diabetes", "digit_embeddings", "digit_shares"} and not down_the_file
    if variant == "skill":
        return name in {"preds", "diabetes"}
    return variant == "plain" or name in {"diabetes", "digit_embeddings", "digit_ranking"}


WAYS = {
    "plain": ("parted", "ordered", "waiting"),
    "weighted": ("waiting", "ordered"),
    "holes": ("summed",),
    "skill": ("summed",),
}
CASES = [
    pytest.param(command, variant, way, id=f"{' '.join(command)} {variant} {way}")
    for number, command in enumerate(COMMANDS)
    for variant in VARIANTS
    if _suits(command, variant)
    for way in WAYS[variant][number % len(WAYS[variant]) :][:1]
]
"""Each file and its losses by one of the ways of each variant, in turn."""


def _take(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take each way to sum rows by slice, whatever their number, in blocks small enough to need merging."""
    monkeypatch.setattr("lossctl.engine.run.local.BLOCK_ROWS", 64)
    monkeypatch.setattr("lossctl.engine.accumulators.sliced.BLOCK_ROWS", 50)
    if way != "parted":
        monkeypatch.setattr("lossctl.engine.accumulators.sliced._FEW", 0)
    if way == "ordered":
        monkeypatch.setattr("lossctl.engine.accumulators.sliced._MANY", 0)
    if way == "waiting":
        monkeypatch.setattr("lossctl.engine.accumulators.sliced._MOST", 0)
        monkeypatch.setattr("lossctl.engine.accumulators.sliced._WINDOW", 150)


@pytest.mark.parametrize(("command", "variant", "way"), CASES)
def test_a_slice_is_what_its_rows_alone_give(
    command: tuple[str, ...], variant: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = _alone(command, variant)
    alone = [_alone(command, variant, where=condition)[0] for condition in _CONDITIONS]
    _take(way, monkeypatch)
    found, _ = _run(command, variant, by="part", threads=4)
    assert [each for each in found if not each["slice"]] == whole
    for value, expected in zip(_SLICES, alone, strict=True):
        of_slice = [_comparable(each) for each in found if each["slice"] == {"part": value}]
        assert of_slice == [_comparable(each) for each in expected]
    assert [each["slice"].get("part", "whole") for each in found] == ["whole", *_SLICES] * len(whole)


def _frame(slices: int, rows: int = 2000) -> pd.DataFrame:
    rng = np.random.default_rng(11)
    y = rng.gamma(3.0, size=rows)
    return pd.DataFrame(
        {
            "y": y,
            "p": y * rng.lognormal(sigma=0.2, size=rows),
            "q": np.round(y + rng.normal(size=rows), 1),
            "w": rng.uniform(0.2, 3.0, rows),
            "k": rng.integers(0, slices, rows),
            "side": rng.choice(["left", "right"], rows),
        }
    )


MODELS: dict[str, Any] = {"target": "y", "prediction": ["p", "q"]}


@pytest.mark.parametrize("weight", [None, "w"])
@pytest.mark.parametrize("way", ["summed", "ordered", "waiting"])
def test_many_small_slices_are_what_their_tallies_say(
    way: str, weight: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    _take(way, monkeypatch)
    frame = _frame(slices=200, rows=600)
    options = {**MODELS, "by": "k", "weight": weight}
    quick = lossctl.evaluate(frame, "mae,mse,rmse,wmape", **options)
    monkeypatch.setattr("lossctl.api.results.slices.quick_results", lambda *_: None)
    assert lossctl.evaluate(frame, "mae,mse,rmse,wmape", **options).items() == quick.items()
    assert len(quick) == 8 * (1 + frame["k"].nunique())
    records = quick.records()
    columns = {name: listed(values) for name, values in quick.columns().items()}
    assert columns == {name: [each[name] for each in records] for name in records[0]}
    assert quick[-1] == quick.results[len(quick) - 1] == list(quick)[-1]
    numbers = [int(each.slice["k"] or "") for each in quick[1 : len(quick) // 8]]
    assert numbers == sorted(numbers)


def test_columns_say_of_infinite_losses_and_single_rows_what_records_do() -> None:
    frame = _frame(slices=40, rows=600)
    frame.loc[0, "k"] = 1000
    frame.loc[frame["k"] == 3, "p"] = 1e200
    found = lossctl.evaluate(frame, "mse", target="y", prediction="p", by="k")
    records = found.records()
    assert {each["slice"] for each in records if each["value"] is None} == {"", "k=3"}
    assert [each["slice"] for each in records if each["ci.level"] is None and each["value"] is not None] == ["k=1000"]
    columns = {name: listed(values) for name, values in found.columns().items()}
    assert columns == {name: [each[name] for each in records] for name in records[0]}


@pytest.mark.parametrize("way", ["parted", "summed", "ordered", "waiting"])
def test_slices_whose_variance_cancels_are_centred_each_by_itself(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = _frame(slices=4)
    frame.loc[frame["k"] == 2, "p"] = frame["y"] + 1e7 + frame["w"] * 1e-3
    frame.loc[frame["k"] == 3, "p"] = frame["y"] - 3e8 + frame["w"] * 1e-2
    options = {"target": "y", "prediction": "p"}
    alone = [lossctl.evaluate(frame, "mae,mse", **options, where=f"k = {code}").items() for code in range(4)]
    _take(way, monkeypatch)
    found = lossctl.evaluate(frame, "mae,mse", **options, by="k").items()
    for code in range(4):
        of_slice = [_comparable(each) for each in found if each["slice"] == {"k": str(code)}]
        assert of_slice == [_comparable(each) for each in alone[code]]
        assert 0.0 < of_slice[0]["std_error"] < 1.0


def test_combinations_of_columns_are_slices_of_each_model_and_file(tmp_path: Path) -> None:
    frame = _frame(slices=3)
    sources = [str(tmp_path / f"{name}.csv") for name in ("one", "other")]
    frame.to_csv(sources[0], index=False)
    frame.iloc[:900].to_csv(sources[1], index=False)
    found = lossctl.evaluate(sources, "mae", **MODELS, by=["side", "k"], threads=2)
    assert found.by == ("side", "k")
    assert len(found) == 2 * 2 * (1 + 6)
    for each in found:
        rows = frame if each.source == sources[0] else frame.iloc[:900]
        for name, value in each.slice.items():
            rows = rows[rows[name].astype(str) == value]
        assert each.n == len(rows)
        np.testing.assert_allclose(each.value, (rows[each.prediction] - rows["y"]).abs().mean(), rtol=1e-12)
    first = [each.slice for each in found[1:7]]
    assert first == [{"side": side, "k": k} for side in ("left", "right") for k in "012"]
    records = found.records()
    assert [each["slice"] for each in records[:2]] == ["", "side=left;k=0"]
    assert [each["slice.side"] for each in records[:2]] == [None, "left"]
    assert found.to_frame()["slice.k"][2] == "1"
    headers = [column.header for column in found.view().columns]
    assert headers[:4] == ["model", "loss", "side", "k"]


def test_slices_stand_in_the_order_of_numbers_then_of_texts() -> None:
    ordered = [
        "-3",
        "-0",
        "0",
        "1",
        "1.5",
        "2",
        "9.5",
        "10",
        "1e1",
        "100",
        "(9)",
        "9 to 5",
        "inf",
        "nan",
        "unknown",
        None,
    ]
    rng = np.random.default_rng(2)
    for texts in (ordered, ordered[:10], [*ordered[:10], None], ordered[10:], ordered[9:11]):
        frame = pd.DataFrame({"c": rng.permutation(np.array(texts, dtype=object)), "y": 1.0, "pred": 2.0})
        assert [each.slice["c"] for each in lossctl.evaluate(frame, "mae", by="c")[1:]] == texts


def test_small_and_empty_slices_are_left_out_and_told_of() -> None:
    frame = pd.DataFrame({"y": np.arange(12.0), "pred": 1.0, "c": list("aaaaaaabbcdd")})
    frame.loc[[9, 10], "pred"] = np.nan  # all of c, one of d
    found = lossctl.evaluate(frame, "mae", by="c", min_n=2, nan="omit")
    assert [each.slice for each in found] == [{}, {"c": "a"}, {"c": "b"}]
    assert found.warnings[:3] == (
        "<frame>: pred: only 10 rows: the confidence intervals are approximate",
        "<frame>: 1 of 4 slices has fewer than 2 rows and is left out (2 rows)",
        "<frame>: 1 of 4 slices has no row that counts and is left out (1 row)",
    )
    everything = lossctl.evaluate(frame, "mae", by="c", nan="omit")
    assert [(each.n, each.n_read, each.n_dropped) for each in everything] == [
        (10, 12, 2),
        (7, 7, 0),
        (2, 2, 0),
        (1, 2, 1),
    ]
    assert everything[3].std_error is None


def test_a_loss_that_a_slice_has_no_value_of_is_left_out_of_that() -> None:
    frame = pd.DataFrame({"y": [1.0, 3.0, 2.0, 5.0], "pred": 1.5, "c": ["a", "a", "b", "a"]})
    found = lossctl.evaluate(frame, "mase,mae", by="c")
    assert [(each.loss, each.slice.get("c")) for each in found] == [
        ("mase", None),
        ("mase", "a"),
        ("mae", None),
        ("mae", "a"),
        ("mae", "b"),
    ]
    assert any("mase is left out of 1 slice: <frame>, slice c=b:" in each for each in found.warnings)
    relative = lossctl.evaluate(frame, "mae", by="c", skill=True)
    assert [each.slice for each in relative] == [{}, {"c": "a"}]


def test_a_slice_of_a_distribution_is_none() -> None:
    frame = {"p": np.array([0.25, 0.25, 0.5]), "q": np.array([0.5, 0.25, 0.25]), "c": np.array([0, 1, 1])}
    with pytest.raises(DataError, match=r"slice c=0, column .* sum to 0.25, not to 1"):
        lossctl.evaluate(frame, "kl_divergence", target="p", prediction="q", by="c")
    found = lossctl.evaluate(frame, "kl_divergence", target="p", prediction="q", by="c", normalize=True)
    np.testing.assert_allclose([each.value for each in found], [0.25, 0.0, 0.0817042], atol=1e-7)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"by": ["c", "c"]}, "'c' stands twice"),
        ({"by": "absent"}, 'no column "absent"'),
        ({"min_n": 3}, "there are no slices"),
        ({"by": "c", "min_n": 0}, "not a whole number of at least 1"),
    ],
)
def test_slices_that_make_no_sense_are_refused(options: dict[str, Any], problem: str) -> None:
    frame = pd.DataFrame({"y": [1.0, 3.0], "pred": 1.5, "c": ["a", "b"]})
    with pytest.raises(UsageError, match=problem):
        lossctl.evaluate(frame, "mae", **options)


@pytest.mark.parametrize("zero", ["bc", "b", ""])
def test_slices_of_an_infinite_value_are_counted_and_the_first_is_named(zero: str) -> None:
    slices = np.array(list("aabbcc"))
    target = np.where(np.isin(slices, list(zero)), 0.0, 2.0)
    found = lossctl.evaluate({"target": target, "prediction": target + 1.0, "g": slices}, "wmape", by="g")
    whole = "ok" if zero else "no_spread"  # losses of rows are all 1
    by_slice = ["inf" if name in zero else "no_spread" for name in "abc"]
    assert [each.status for each in found] == [whole, *by_slice]
    warned = [each for each in found.warnings if "infinite" in each]
    count = "2 slices" if len(zero) > 1 else "1 slice"
    assert warned == ([f"<frame>: wmape of {count} (first: g=b) is infinite: every target is 0"] if zero else [])


def test_slices_that_stand_apart_are_asked_themselves_for_an_interval() -> None:
    frame = pd.DataFrame({"y": np.random.default_rng(3).normal(size=601), "pred": 0.5, "g": np.arange(601) // 30})
    (_, found) = pieces_of(lossctl.evaluate(frame, "mae", by="g").results)
    assert isinstance(found, SliceResults)
    made = list(found.all())
    assert [each.tolist() for each in found.kinds()] == [
        [each.std_error is not None for each in made],
        [each.ci is not None for each in made],
    ]
    bare = {place: replace(each, ci=None, std_error=None) for place, each in enumerate(made) if place != 3}
    for others, count in (({}, 20), (bare, 1), ({**bare, 3: bare[4]}, 0)):
        given = replace(found, others=others)
        assert [int(each.sum()) for each in given.kinds()] == [count, count]
        assert given.has_intervals == (count > 0)
        assert given.large_shares(0.0)[0] == count
        assert sum(each is not None for each in listed(given.columns(["g"])["ci.level"])) == count
