"""The passes of a comparison by every method: every loss, slices, matches, threads, and what is refused."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import lossctl
from lossctl.api.comparisons.model_rows import ModelRows
from lossctl.api.comparisons.pairing import Model, Paired, pair_up, tell_apart
from lossctl.api.setup.losses import select
from lossctl.api.setup.plan import LeftOut, plan
from lossctl.core.errors import DataError, UsageError
from lossctl.core.method import Method
from lossctl.core.rows.block import Batch
from lossctl.core.settings import Settings
from lossctl.losses import LOSSES
from lossctl.sources import Slices, open_source
from tests.transcript import ROOT

ALL_METHODS = [
    Method(),
    Method(cluster="cluster"),
    Method(block=7),
    Method("bootstrap", resamples=199),
    Method("bootstrap", cluster="cluster", resamples=199),
    Method("permutation", resamples=199),
    Method("permutation", block=7, resamples=199),
    Method("diebold_mariano", horizon=3),
    Method("diebold_mariano", horizon=3, hac="dm"),
]
KEYWORDS = {
    "-t": "target",
    "-p": "prediction",
    "--target": "target",
    "--pred": "prediction",
    "--group": "group",
    "--scale": "scale",
}


def name_of(method: Method) -> str:
    return method.label


def frame(rows: int = 600, seed: int = 1) -> dict[str, Any]:
    rng = np.random.default_rng([rows, seed])
    y = 5.0 + rng.normal(size=rows)
    return {
        "y": y,
        "one": y + rng.normal(size=rows),
        "two": y + 1.1 * rng.normal(size=rows),
        "three": y + 0.2 + 0.9 * rng.normal(size=rows),
        "slice": rng.choice(["a", "b", "c"], size=rows),
        "cluster": rng.integers(0, 80, rows),
        "w": rng.gamma(2.0, size=rows),
    }


@contextmanager
def lined_up(of: Any, losses: str, predictions: list[str], **options: Any) -> Iterator[tuple[list[Model], Settings]]:
    settings = Settings.of(target="y", prediction=predictions, **options)
    with open_source(pd.DataFrame(of)) as source:
        plans = plan(source, select(losses), settings, LeftOut("frame"))
        yield [Model(each.binding.model, source, each) for each in plans], settings


def figures(paired: Paired, level: float = 0.95) -> list[Any]:
    counts = [(pair.n, pair.wins, pair.ties, pair.losses) for pairs in paired.pairs for pair in pairs]
    return [paired.differences(level), counts]


@pytest.mark.parametrize(
    ("method", "weight"),
    [
        (Method(cluster="cluster"), "w"),
        (Method("bootstrap", resamples=199), "w"),
        (Method("permutation", block=7, resamples=199), None),
        (Method("diebold_mariano", horizon=3), None),
        (Method("diebold_mariano", horizon=3), "w"),
        (Method("diebold_mariano", horizon=3, hac="dm"), None),
        (Method("diebold_mariano", horizon=3, hac="dm"), "w"),
    ],
)
def test_slices_are_what_their_rows_alone_give(method: Method, weight: str | None) -> None:
    of = frame()
    of["one"][[3, 200]] = of["two"][[5, 200, 399]] = np.nan
    losses, models, options = "mae,rmse,wmape,mase(period=2)", ["one", "two"], {"nan": "omit", "weight": weight}
    if weight is not None:
        losses = "mae,rmse,wmape"
    with lined_up(of, losses, models, **options) as (lined, settings):
        by = Slices(["slice"])
        sliced = pair_up(lined, settings, None, method, by=by)
        whole = figures(pair_up(lined, settings, None, method))
    assert figures(sliced) == whole
    assert len(sliced.slices) == 3
    for code, paired in sliced.slices.items():
        condition = f"slice = '{by.values(code)[0]}'"
        with lined_up(of, losses, models, where=condition, **options) as (lined, settings):
            assert figures(pair_up(lined, settings, None, method)) == figures(paired)
    together = tell_apart([sliced, *sliced.slices.values()], 0.95)
    assert together == [each.differences(0.95) for each in (sliced, *sliced.slices.values())]


def in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let rows come in small batches, and few wait."""
    read = ModelRows._read  # noqa: SLF001 -- what comes between a source and its reader

    def pieces(self: ModelRows, on_progress: Any) -> Iterator[list[Batch]]:
        for batches in read(self, on_progress):
            for piece in zip(*(batch.split(70) for batch in batches), strict=True):
                yield list(piece)

    monkeypatch.setattr(ModelRows, "_read", pieces)
    monkeypatch.setattr("lossctl.engine.accumulators.per_slice._ENOUGH", 50)
    monkeypatch.setattr("lossctl.engine.accumulators.per_slice._MOST_WAITING", 90)


def test_slices_of_many_rows_are_compared_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    method = Method("diebold_mariano", horizon=4)
    with lined_up(frame(900), "mae,rmse", ["one", "two"]) as (lined, settings):
        whole = pair_up(lined, settings, None, method, by=Slices(["slice"]))
        in_pieces(monkeypatch)
        pieces = pair_up(lined, settings, None, method, by=Slices(["slice"]))
    assert {code: figures(each) for code, each in pieces.slices.items()} == {
        code: figures(each) for code, each in whole.slices.items()
    }


@pytest.mark.parametrize("method", [Method(), Method("bootstrap", resamples=199)], ids=name_of)
def test_slices_of_groups_are_what_their_rows_alone_give(method: Method, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    of = frame(400)
    of["y"] = rng.integers(0, 4, 400).astype(float)
    of["g"] = rng.integers(0, 60, 400)
    in_pieces(monkeypatch)
    with lined_up(of, "ranknet", ["one", "two"], group="g") as (lined, settings):
        by = Slices(["slice"])
        sliced = pair_up(lined, settings, None, method, by=by)
    for code, paired in sliced.slices.items():
        condition = f"slice = '{by.values(code)[0]}'"
        with lined_up(of, "ranknet", ["one", "two"], group="g", where=condition) as (lined, settings):
            assert figures(pair_up(lined, settings, None, method)) == figures(paired)


@pytest.mark.parametrize("method", [ALL_METHODS[0], ALL_METHODS[4], ALL_METHODS[7]], ids=name_of)
def test_every_match_is_what_two_models_alone_give(method: Method) -> None:
    names = ["one", "two", "three"]
    with lined_up(frame(), "mae,rmse", names) as (lined, settings):
        every = pair_up(lined, settings, None, method, every=True)
    assert every.matches == ((0, 1), (0, 2), (1, 2))
    for (one, other), found in zip(every.matches, every.differences(0.95), strict=True):
        with lined_up(frame(), "mae,rmse", [names[one], names[other]]) as (lined, settings):
            assert pair_up(lined, settings, None, method).differences(0.95) == [found]


@pytest.mark.parametrize("method", [ALL_METHODS[0], ALL_METHODS[2], ALL_METHODS[3]], ids=name_of)
def test_processes_and_threads_give_the_bits_of_one(method: Method, monkeypatch: pytest.MonkeyPatch) -> None:
    of = frame(20_000)
    monkeypatch.setattr("lossctl.core.rows.block.BLOCK_ROWS", 3000)
    monkeypatch.setattr("lossctl.engine.run.local.BLOCK_ROWS", 3000)
    with lined_up(of, "mae,rmse", ["one", "two"], threads=4) as (lined, settings):
        found = figures(pair_up(lined, settings, None, method))
        monkeypatch.setattr("lossctl.api.comparisons.model_rows.ModelRows._may_share", lambda *_: False)
        assert figures(pair_up(lined, settings, None, method)) == found


@pytest.mark.parametrize("method", ALL_METHODS, ids=name_of)
def test_the_order_of_a_file_matters_to_series_and_rows_alone(method: Method) -> None:
    """Who a row is by its number is another row in another order; clusters, and Student's t, know no order."""
    of = frame(300)
    turned = {name: values[::-1].copy() for name, values in of.items()}
    found = []
    for each in (of, turned):
        with lined_up(each, "mae", ["one", "two"]) as (lined, settings):
            found.append(pair_up(lined, settings, None, method).differences(0.95))
    if method.cluster is not None or method == Method():
        assert found[0] == found[1]
    (ours,), (theirs,) = (each[0] for each in found)
    assert ours.delta == theirs.delta
    assert ours.delta_ci is not None
    assert theirs.delta_ci is not None
    assert_allclose(ours.delta_ci.high, theirs.delta_ci.high, atol=0.35 * (ours.delta_ci.high - ours.delta))


def commands() -> dict[tuple[str, ...], list[str]]:
    """Return the losses by the file and columns of their examples; not those that are sums down a file."""
    found: dict[tuple[str, ...], list[str]] = {}
    for loss in LOSSES.values():
        file, *words = shlex.split(loss.example)[2:]
        pairs = zip(words[::2], words[1::2], strict=True)
        columns = [word for flag, value in pairs if flag in KEYWORDS for word in (flag, value)]
        found.setdefault((file, *columns), []).append(loss.id)
    return found


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_a_model_is_as_good_as_itself_by_every_loss(command: tuple[str, ...]) -> None:
    file, *flags = command
    options: dict[str, Any] = {KEYWORDS[flag]: value for flag, value in zip(flags[::2], flags[1::2], strict=True)}
    losses = commands()[command]
    table = pd.read_csv(ROOT / file)
    drawn: dict[str, Any] = {"method": "bootstrap", "cluster": table.columns[0], "resamples": 99}
    methods = [drawn, {} if "group" in options else {"horizon": 2}]
    for method in methods:
        try:
            found = lossctl.compare([table, table], losses, **options, **method)
        except UsageError as error:
            assert re.search("down the file is one value", str(error))  # noqa: PT017 -- others are raised
            return
        for each in found:
            assert (each.delta, each.p_value, each.wins, each.losses) == (0.0, 1.0, 0, 0), each.signature
            assert each.ties == each.n


def test_values_that_are_not_finite_have_no_interval_by_any_method() -> None:
    of = frame(40)
    of["y"][:] = 1.0
    of["one"] = np.full(40, 0.5)
    of["two"] = np.full(40, 0.25)
    of["two"][7] = 0.0
    for method in ALL_METHODS:
        with lined_up(of, "binary_cross_entropy", ["one", "two"]) as (lined, settings):
            (found,) = pair_up(lined, settings, None, method).differences(0.95)[0]
        assert found.delta == np.inf
        assert found.delta_ci is found.p_value is found.detectable is None


@pytest.mark.parametrize("method", ALL_METHODS, ids=name_of)
def test_differences_that_are_nearly_alike_keep_their_digits(method: Method) -> None:
    """Where squares cancel, every method gives what it gives of differences without what they have in common."""
    noise = np.round(np.random.default_rng(4).normal(size=60) * 2.0**10) / 2.0**20
    of = {"y": np.zeros(60), "one": np.ones(60), "two": 1.0 + noise, "three": 1.0 + 2.0**30 + noise}
    with lined_up({**of, "cluster": np.arange(60) // 4}, "mae", ["one", "two", "three"]) as (lined, settings):
        (plain,), (found,) = pair_up(lined, settings, None, method).differences(0.95)
    assert found.delta_ci is not None
    assert plain.delta_ci is not None
    width, expected = (each.delta_ci.high - each.delta for each in (found, plain))
    assert_allclose(width, expected, rtol=2e-3)
    assert found.p_value is not None
    assert found.p_value <= 0.01


def test_a_series_whose_squares_cancel_is_read_again() -> None:
    """A forecast one row ahead is Student's t, and so it is where both read their rows again."""
    rng = np.random.default_rng(5)
    one = 1.0 + np.round(rng.gamma(2.0, size=80) * 2.0**10) / 2.0**20
    of = {"y": np.zeros(80), "one": one, "two": one + 2.0**30 + np.round(rng.normal(size=80) * 2.0**10) / 2.0**20}
    with lined_up(of, "mae", ["one", "two"]) as (lined, settings):
        ((plain,),) = pair_up(lined, settings, None, Method()).differences(0.95)
        ((found,),) = pair_up(lined, settings, None, Method("diebold_mariano", hac="dm")).differences(0.95)
    for name in ("delta_ci", "relative_ci"):
        ours, theirs = getattr(found, name), getattr(plain, name)
        assert_allclose(ours.high - ours.low, theirs.high - theirs.low, rtol=1e-6)


@pytest.mark.parametrize("weight", [None, "w"])
def test_values_that_are_no_means_are_compared_alike_by_rows_and_units(weight: str | None) -> None:
    """Blocks of one row are rows, but for how weights enter; replicates of many lie about as far apart as t says."""
    with lined_up(frame(), "rmse,wmape", ["one", "two"], weight=weight) as (lined, settings):
        methods = (Method(), Method(block=1), Method("bootstrap", resamples=999), Method("permutation", resamples=999))
        plain, *others = (pair_up(lined, settings, None, method).differences(0.95)[0] for method in methods)
    for found, rtol in zip(others, (1e-9 if weight is None else 0.002, 0.12, 0.12), strict=True):
        for mine, theirs in zip(found, plain, strict=True):
            for name in ("delta_ci", "relative_ci"):
                ours, expected = getattr(mine, name), getattr(theirs, name)
                half = 0.5 * (expected.high - expected.low)
                assert_allclose([ours.low, ours.high], [expected.low, expected.high], atol=rtol * half)


def test_one_cluster_or_block_is_refused() -> None:
    of = frame(20)
    of["cluster"][:] = 3
    with lined_up(of, "mae", ["one", "two"]) as (lined, settings):
        with pytest.raises(DataError, match='all 20 rows are of one cluster of "cluster"'):
            pair_up(lined, settings, None, Method(cluster="cluster"))
        with pytest.raises(DataError, match="all 20 rows are of one block of 20"):
            pair_up(lined, settings, None, Method("bootstrap", block=20))
        assert pair_up(lined, settings, None, Method(block=19)).n_units == 2


def test_a_series_is_longer_than_its_horizon() -> None:
    with lined_up(frame(5), "mae", ["one", "two"]) as (lined, settings):
        with pytest.raises(DataError, match="a forecast 5 rows ahead is not told from chance by 5 rows"):
            pair_up(lined, settings, None, Method("diebold_mariano", horizon=5))
        (found,) = pair_up(lined, settings, None, Method("diebold_mariano", horizon=4)).differences(0.95)[0]
        assert found.p_value is not None
