"""Losses of groups: whole groups reach the kernel, in an order of their own; means over groups, gradients by rows."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose
from scipy import special, stats

import lossctl
from lossctl import api
from lossctl.core.losses.loss import Kind
from lossctl.core.rows.block import BLOCK_ROWS, Batch, Binding, Block
from lossctl.core.rows.faults import Faults
from lossctl.sources import open_source
from lossctl.sources.query.source import Source
from tests.kinds import GROUPED

OPTIONS: Any = {"target": "y", "prediction": "s", "group": "g"}


def frame_of(rows: int = 500, groups: int = 23, seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    names = [f"query {number}" for number in rng.permutation(groups)]
    return pd.DataFrame(
        {
            "y": rng.integers(0, 4, rows).astype(float),
            "s": np.round(rng.normal(size=rows), 1),  # with ties
            "other": rng.normal(size=rows),
            "g": rng.choice(names, rows),
            "n": rng.integers(0, groups, rows),
        }
    )


def by_hand(frame: pd.DataFrame, group: str = "g") -> tuple[pd.Series, pd.Series]:
    """Return the loss of each group, and d mean / d score of each row."""
    shares = frame["s"].groupby(frame[group]).transform(special.softmax)
    values = (shares * frame["y"]).groupby(frame[group]).sum()
    slopes = shares * (frame["y"] - frame[group].map(values)) / len(values)
    return values, slopes


def figures(results: lossctl.Evaluations) -> list[dict[str, Any]]:
    documents = results.items()
    for document in documents:
        del document["source"]
        del document["gradient"]["row_max_at"]
    return documents


def tied_line(frame: pd.DataFrame, labels: str) -> str:
    """Return what is to be said of groups with nothing to order."""
    given = frame[np.isfinite(frame["y"])].groupby("g")["y"]
    tied = given.max() == given.min()
    none = int((tied & (given.max() <= 0.0)).sum())
    why = "no two relevances differ" + (f" (in {none} of them no relevance is above 0)" if none else "")
    return f"{labels}: {tied.sum()} of {len(tied)} groups count as 0, because {why}"


@pytest.mark.parametrize("levels", [1, 2])
def test_groups_with_nothing_to_order_are_counted(levels: int) -> None:
    """Whole, cut into batches of any size, with rows left out, in several threads, compared, and held to a gate."""
    rng = np.random.default_rng(6)
    rows = 150_000
    groups = np.sort(rng.integers(0, 50_000, rows))
    frame = pd.DataFrame(
        {"g": groups, "y": rng.integers(2 - levels, 2, rows).astype(float), "s": rng.normal(size=rows)}
    )
    frame["other"] = -frame["s"]
    frame.loc[::7, "y"] = np.nan
    shuffled = frame.sample(frac=1.0, random_state=2)
    losses = "pairwise_hinge,listnet,approx_ndcg"
    labels = "pairwise_hinge, approx_ndcg"
    line = tied_line(frame, labels)
    assert ("no relevance is above 0" in line) == (levels == 2)
    for source, threads in ((frame, 1), (shuffled, 4)):
        found = api.evaluate(source, losses, nan="omit", threads=threads, **OPTIONS)
        assert f"<frame>: s: {line}" in found.warnings
    compared = api.compare(frame, losses, nan="omit", target="y", prediction=["s", "other"], group="g")
    assert line in compared.warnings
    gates = ["approx_ndcg <= 1", "delta(pairwise_hinge) <= 9"]
    told = api.check(frame, gates, nonfinite="omit", max_omitted=0.2, baseline_prediction="other", **OPTIONS).warnings
    assert f"<frame>: s: {tied_line(frame, 'approx_ndcg')}" in told
    assert tied_line(frame, "pairwise_hinge") in told
    extent = frame.groupby("g")["y"].agg(["min", "max"])
    frame = frame[frame["g"].isin(extent.index[extent["min"] < extent["max"]])]
    if levels == 2:
        assert not any("count as 0" in each for each in api.evaluate(frame, losses, nan="omit", **OPTIONS).warnings)


def test_the_value_is_a_mean_over_groups_and_the_gradient_one_over_rows() -> None:
    frame = frame_of()
    (result,) = api.evaluate(frame, GROUPED, **OPTIONS)
    values, slopes = by_hand(frame)
    assert_allclose(result.value, values.mean(), rtol=1e-13)
    assert_allclose(result.std_error, stats.sem(values), rtol=1e-12)
    assert result.ci is not None
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    assert_allclose([result.ci.low, result.ci.high], [values.mean() - half, values.mean() + half], rtol=1e-11)
    gradient = result.gradient
    assert_allclose(gradient.l1, slopes.abs().sum(), rtol=1e-12)
    assert_allclose(gradient.l2, np.linalg.norm(slopes), rtol=1e-12)
    assert_allclose(gradient.linf, slopes.abs().max(), rtol=1e-12)
    by_row = slopes.abs() * len(values)
    assert_allclose(gradient.row_mean_abs, by_row.mean(), rtol=1e-12)
    assert_allclose(gradient.row_rms, np.sqrt((by_row**2).mean()), rtol=1e-12)
    assert_allclose(gradient.row_max, by_row.max(), rtol=1e-12)
    assert gradient.row_max_at is not None
    assert_allclose(by_row[gradient.row_max_at - 1], by_row.max(), rtol=1e-12)
    assert (result.n, result.n_read, result.weight_sum) == (500, 500, 23.0)
    assert "|group=g|" in result.signature


def test_the_place_of_the_largest_slope_is_the_first_of_equals() -> None:
    scores = [0.5, 0.0, 0.0, 0.5, 0.5, 0.0]
    for names in ("zzbbaa", "aabbzz", "bbzzaa"):
        frame = pd.DataFrame({"y": [1.0, 0, 0, 1, 1, 0], "s": scores, "g": list(names)})
        (result,) = api.evaluate(frame, GROUPED, **OPTIONS)
        assert result.gradient.row_max_at in {1, 2}  # of the first group, whatever it is called


def cut(frame: pd.DataFrame) -> list[pd.DataFrame]:
    return [frame.iloc[part] for part in np.array_split(np.arange(len(frame)), 4)]


def source_of(frame: pd.DataFrame, form: str, folder: Path) -> Any:
    """Write the frame to a file, or to the files of a glob, or give it as a frame of another kind."""
    if form in {"p.csv", "p.csv.gz"}:
        frame.to_csv(folder / form, index=False)
    elif form == "p.parquet":
        frame.to_parquet(folder / form, row_group_size=50)
    elif form == "p.jsonl":
        (folder / form).write_text("".join(json.dumps(row) + "\n" for row in frame.to_dict("records")))
    elif form == "part-*.csv":
        for number, part in enumerate(cut(frame)):
            part.to_csv(folder / f"part-{number}.csv", index=False)
    elif form == "part-*.parquet":
        for number, part in enumerate(cut(frame)):
            part.to_parquet(folder / f"part-{number}.parquet")
    else:
        return _FRAMES[form](frame)
    return str(folder / form)


_FRAMES: dict[str, Any] = {
    "pandas": lambda frame: frame,
    "polars": pl.from_pandas,
    "arrow": pa.Table.from_pandas,
    "arrays": lambda frame: {name: frame[name].to_numpy() for name in frame},
    "categories": lambda frame: frame.astype({"g": "category", "n": "Int64"}),
    "floats": lambda frame: pa.table({name: pa.array(frame[name].to_numpy(), from_pandas=False) for name in "ysg"}),
}
FORMS = ("p.csv", "p.csv.gz", "p.parquet", "p.jsonl", "part-*.csv", "part-*.parquet", "polars", "arrow", "arrays")


@pytest.mark.parametrize("group", ["g", "n"])
def test_every_form_of_source_gives_the_same_bits(group: str, tmp_path: Path) -> None:
    frame = frame_of()
    options = {**OPTIONS, "group": group, "where": "other > -1"}
    kept = frame[frame["other"] > -1.0].reset_index(drop=True)
    expected = api.evaluate(frame, GROUPED, **options)
    assert_allclose(expected[0].value, by_hand(kept, group)[0].mean(), rtol=1e-13)
    for form in (*FORMS, "categories"):
        result = api.evaluate(source_of(frame, form, tmp_path), GROUPED, **options)
        assert figures(result) == figures(expected), form
        assert result[0].gradient.row_max_at == expected[0].gradient.row_max_at, form


def test_order_blocks_and_threads_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = frame_of(40_000, 300)
    frame.loc[:9_000, "g"] = "one that is larger than a block"
    reference = figures(api.evaluate(frame, GROUPED, **OPTIONS, threads=1))
    assert_allclose(reference[0]["value"], by_hand(frame)[0].mean(), rtol=1e-12)
    shuffled = frame.sample(frac=1.0, random_state=1)
    assert figures(api.evaluate(shuffled, GROUPED, **OPTIONS, threads=4)) == reference
    monkeypatch.setattr("lossctl.engine.run.local.BLOCK_ROWS", 1000)
    assert figures(api.evaluate(shuffled, GROUPED, **OPTIONS, threads=4)) == reference
    monkeypatch.setattr("lossctl.engine.run.local.BLOCK_ROWS", 1)
    assert figures(api.evaluate(frame[:1500], GROUPED, **OPTIONS))[0] == {
        **figures(api.evaluate(frame[:1500].iloc[::-1], GROUPED, **OPTIONS))[0]
    }


def test_rankings_of_the_registry_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = frame_of(3000, 150)
    frame.loc[:400, "g"] = "a large one"
    losses = [name for name, loss in lossctl.LOSSES.items() if loss.kind is Kind.GROUPED]
    reference = figures(api.evaluate(frame, losses, **OPTIONS, threads=1))
    assert len(reference) == len(losses) > 0
    for rows in (1, 70):
        monkeypatch.setattr("lossctl.engine.run.local.BLOCK_ROWS", rows)
        shuffled = frame.sample(frac=1.0, random_state=rows)
        assert figures(api.evaluate(shuffled, losses, **OPTIONS, threads=4)) == reference


def test_other_losses_run_beside_and_keep_their_order() -> None:
    frame = frame_of()
    mae, mse = lossctl.LOSSES["mae"].choose(), lossctl.LOSSES["mse"].choose()
    results = api.evaluate(frame, [mae, GROUPED, mse], target="y", prediction=["s", "other"], group="g")
    assert [(each.model, each.loss) for each in results] == [
        (model, loss) for model in ("s", "other") for loss in ("mae", "test_grouped", "mse")
    ]
    assert_allclose(results[0].value, (frame["s"] - frame["y"]).abs().mean(), rtol=1e-13)
    renamed = frame.drop(columns="s").rename(columns={"other": "s"})
    assert_allclose(results[4].value, by_hand(renamed)[0].mean(), rtol=1e-13)


def test_rows_left_out_leave_their_groups() -> None:
    frame = frame_of()
    frame.loc[[3, 44], "s"] = np.nan
    frame.loc[frame["g"] == "query 5", "y"] = np.inf  # a whole group
    with pytest.raises(lossctl.DataError, match=r"missing or not|not finite"):
        api.evaluate(frame, GROUPED, **OPTIONS)
    (result,) = api.evaluate(frame, GROUPED, nan="omit", **OPTIONS)
    kept = frame[np.isfinite(frame["s"]) & np.isfinite(frame["y"])].reset_index(drop=True)
    values, slopes = by_hand(kept)
    assert_allclose(result.value, values.mean(), rtol=1e-13)
    assert_allclose(result.gradient.l1, slopes.abs().sum(), rtol=1e-12)
    assert (result.n, result.n_dropped, result.weight_sum) == (len(kept), 500 - len(kept), 22.0)


def test_the_first_bad_row_is_the_first_of_the_file(tmp_path: Path) -> None:
    frame = frame_of()
    frame.loc[[7, 5, 400], "s"] = np.nan
    frame.loc[[7, 5, 400], "g"] = ["query 1", "query 8", "query 0"]  # the last group, query 9, is a batch of its own
    frame.to_csv(tmp_path / "p.csv", index=False)
    with pytest.raises(lossctl.DataError, match=r'p.csv line 7, column "s": the value is missing \(3 rows'):
        api.evaluate(str(tmp_path / "p.csv"), GROUPED, **OPTIONS)


@pytest.mark.parametrize("form", ["p.csv", "p.jsonl", "p.parquet", "pandas", "polars", "part-*.csv", "floats"])
def test_a_row_without_a_group_is_refused_and_named(form: str, tmp_path: Path) -> None:
    frame = frame_of()
    frame["g"] = frame["n"].astype(float) if form == "floats" else frame["g"].astype(object)
    frame.loc[[130, 99, 300], "g"] = np.nan if form == "floats" else None
    source = source_of(frame, form, tmp_path)
    place = {"p.csv": "line 101", "p.jsonl": "line 100", "part-*.csv": "line 101"}.get(form, "row 100")
    with pytest.raises(lossctl.DataError, match=f'{place}, column "g": the group is missing\nhint: ') as caught:
        api.evaluate(source, GROUPED, **OPTIONS)
    condition = 'not isnan("g")' if form == "floats" else '"g" is not null'
    assert caught.value.cure == f"leave such rows out: --where '{condition}'"
    (result,) = api.evaluate(source, GROUPED, where=condition, **OPTIONS)
    assert_allclose(result.value, by_hand(frame[frame["g"].notna()])[0].mean(), rtol=1e-13)


def test_what_is_wrong_in_a_file_is_named_as_ever(tmp_path: Path) -> None:
    frame = frame_of(40)
    parts = source_of(frame, "part-*.csv", tmp_path)
    lines = (tmp_path / "part-2.csv").read_text().splitlines()
    lines[4] = lines[4].replace(lines[4].split(",")[1], "abc", 1)
    (tmp_path / "part-2.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(lossctl.DataError, match=r'part-2.csv line 5, column "s": "abc" is not a number'):
        api.evaluate(parts, GROUPED, **OPTIONS)
    (tmp_path / "part-1.csv").write_text(lines[0] + '\n1,2,3,"a,4\n')
    with pytest.raises(lossctl.DataError, match=r"part-1.csv line 2 has a quote that is never closed"):
        api.evaluate(parts, GROUPED, **OPTIONS)
    with pytest.raises(lossctl.UsageError, match="--where 'y / ' is not a condition"):
        api.evaluate(frame, GROUPED, where="y / ", **OPTIONS)
    with pytest.raises(lossctl.UsageError, match=r"--where .* fails"):
        api.evaluate(frame, GROUPED, where="y::varchar::date is null", **OPTIONS)
    packed = Path(source_of(frame, "p.csv.gz", tmp_path))
    packed.write_bytes(packed.read_bytes()[:-30])
    with pytest.raises(lossctl.DataError, match=r"p.csv.gz"):
        api.evaluate(str(packed), GROUPED, **OPTIONS)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"group": None}, "a ranking compares the rows of a group, and no column of groups is named"),
        ({"group": "z"}, '--group: there is no column "z"'),
        ({"weight": "other"}, "a ranking takes no weights of rows"),
        ({"prediction": "s,other"}, "takes one column of numbers as its prediction"),
        ({"group": 3}, "group: 3 is not a text"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(lossctl.UsageError, match=said):
        api.evaluate(frame_of(40), GROUPED, **{**OPTIONS, **options})


def test_a_condition_may_not_round_the_names_of_groups(tmp_path: Path) -> None:
    frame = frame_of(40).assign(g=2**53 + np.arange(40) // 20)
    frame.to_csv(tmp_path / "p.csv", index=False)
    (result,) = api.evaluate(str(tmp_path / "p.csv"), GROUPED, **OPTIONS)
    assert result.weight_sum == 2.0
    with pytest.raises(lossctl.UsageError, match='takes the column "g" for numbers, and --group for names'):
        api.evaluate(str(tmp_path / "p.csv"), GROUPED, where="g > 5", **OPTIONS)
    (cast,) = api.evaluate(str(tmp_path / "p.csv"), GROUPED, where='"g"::double > 5', **OPTIONS)
    (typed,) = api.evaluate(frame, GROUPED, where="g > 5", **OPTIONS)
    assert cast.value == typed.value == result.value


# --- the parts -------------------------------------------------------------------------------------------------------


def read_groups(opened: Source, batch_rows: int) -> list[Batch]:
    return [part for batch in opened.read(["y", "s"], group="g") for part in batch.split(batch_rows)]


@pytest.mark.parametrize("batch_rows", [1, 30, 10**6])
def test_no_batch_ends_within_a_group(batch_rows: int) -> None:
    frame = frame_of(2000)
    with open_source(frame) as opened:
        batches = read_groups(opened, batch_rows)
    seen: list[str] = []
    for batch in batches:
        assert batch.rows is not None
        assert batch.starts is not None
        assert batch.starts[0] == 0
        for start, stop in zip(batch.starts, [*batch.starts[1:], len(batch)], strict=True):
            rows = batch.rows[start:stop]
            assert np.all(np.diff(rows) > 0)
            (name,) = set(frame["g"][rows])
            seen.append(name)
            assert batch.columns["s"][start:stop].tolist() == frame["s"][rows].tolist()
        assert len(batch) <= batch_rows or len(batch.starts) == 1
    assert len(seen) == len(set(seen)) == 23
    assert sum(map(len, batches)) == 2000


def test_groups_are_joined_where_arrow_cuts_them() -> None:
    rows = 400_000  # Arrow's batches are smaller than the first group, so that one of them starts no group
    frame = pd.DataFrame({"y": np.arange(rows) % 3.0, "s": 0.5, "g": np.arange(rows) // 260_000})
    with open_source(frame) as opened:
        batches = read_groups(opened, BLOCK_ROWS)
    assert [len(batch) for batch in batches] == [260_000, 140_000]
    assert all(np.array_equal(batch.columns["y"], frame["y"][batch.rows]) for batch in batches)


def test_reading_groups_may_stop_early() -> None:
    with open_source(frame_of(2000)) as opened:
        batches = opened.read(["y", "s"], group="g")
        first = next(iter(batches))
        batches.close()  # type: ignore[attr-defined]  # a generator
        assert len(read_groups(opened, 10**6)) == 2
    assert len(first) > 10
    with open_source(frame_of(200_000, 3)) as opened:
        batches = opened.read(["y", "s"], group="g")
        next(iter(batches))
        opened.cancel()
        with pytest.raises(lossctl.DataError, match="reading was cancelled"):
            list(batches)


def test_what_is_sorted_on_disk_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    frame = frame_of(200_000, 5000)
    with open_source(frame) as opened:
        folder = opened._connection.execute("select current_setting('temp_directory')").fetchall()[0][0]  # noqa: SLF001 -- where it would be
        assert Path(folder).parent == tmp_path
        (Path(folder) / "spilled").write_bytes(b"rows")
    assert list(tmp_path.iterdir()) == []


def test_a_block_orders_the_rows_of_each_group() -> None:
    columns = {"y": np.array([1.0, 0, 2, 0, 5, 4]), "s": np.array([3.0, 3, 1, 2, 0, np.nan])}
    batch = Batch(columns, 0, 6, np.array([10, 4, 7, 2, 9, 1]), np.array([0, 3]))
    binding = Binding("m", ("y",), ("s",), group="g")
    block, dropped = Block.of(batch, binding, Faults())
    assert dropped == 1
    assert (block.target, block.prediction) == (pytest.approx([2, 0, 1, 5, 0]), pytest.approx([1, 3, 3, 0, 2]))
    assert block.starts is not None
    assert block.starts.tolist() == [0, 3]
    assert [block.row_number(index) for index in range(5)] == [7, 4, 10, 9, 2]
    assert block.first_row(np.array([False, True])) == 2
    assert block.first_row(np.array([True, False, True, False, False])) == 7
