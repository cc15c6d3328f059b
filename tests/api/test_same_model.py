"""A model held against itself: refused where candidate and baseline are one file, said wherever no row differs."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lossctl
from lossctl.sources import shared_file

ROWS = 40
GOOD = "id,y,p,g\n" + "".join(f"{n},{n}.0,{n}.5,{'ab'[n % 2]}\n" for n in range(ROWS))
OTHER = GOOD.replace("\n7,7.0,7.5,", "\n7,7.0,7.75,")
OPTIONS: dict[str, Any] = {"target": "y", "prediction": "p"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.csv").write_text(GOOD)
    (tmp_path / "link.csv").symlink_to("good.csv")
    os.link("good.csv", "hard.csv")
    (tmp_path / "copy.csv").write_text(GOOD)
    with gzip.open("copy.csv.gz", "wt") as file:
        file.write(GOOD)
    (tmp_path / "other.csv").write_text(OTHER)
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "1.csv").write_text(GOOD)
    return tmp_path


NAMES = ["good.csv", "./good.csv", "link.csv", "hard.csv", "goo*.csv", "parts/../good.csv", "h[a]rd.csv", "**/good.csv"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("key", [None, "id"])
def test_one_file_is_refused_whatever_it_is_called(name: str, key: str | None) -> None:
    for baseline in (name, Path(name), str(Path(name).absolute())):
        for one, other in (("good.csv", baseline), (baseline, "good.csv")):
            with pytest.raises(lossctl.UsageError, match="one file"):
                lossctl.check(one, "delta(mae) <= 9", baseline=other, key=key, **OPTIONS)
            with pytest.raises(lossctl.UsageError, match="one file"):
                lossctl.compare(one, "mae", baseline=other, key=key, **OPTIONS)


def test_a_file_among_others_is_one_of_them() -> None:
    with pytest.raises(lossctl.UsageError, match=r"parts/1\.csv: candidate and baseline are one file"):
        lossctl.check("parts/*.csv", "delta(mae) <= 9", baseline="parts/1.csv", **OPTIONS)
    assert shared_file("parts/*.csv", "good.csv") is None
    assert shared_file("git:main:a.csv", "git:main:a.csv") == "git:main:a.csv"
    assert shared_file("none.csv", "none*.csv") is None
    assert shared_file({"y": [1]}, "good.csv") is None


def warned(found: Any) -> list[str]:
    return [line for line in found.warnings if "same predictions" in line]


def copies(folder: Path) -> dict[str, Callable[[], Any]]:
    def stored(*, rows: bool) -> str:
        path = f"stored-{rows}.{'parquet' if rows else 'json'}"
        lossctl.store_baseline("copy.csv", "mae,mse", path, rows=rows, key="id", **OPTIONS)
        return path

    data = np.genfromtxt(folder / "good.csv", delimiter=",", skip_header=1, usecols=(0, 1, 2))
    return {
        "copy": lambda: "copy.csv",
        "compressed": lambda: "copy.csv.gz",
        "glob": lambda: "parts/*.csv",
        "frame": lambda: {"id": data[:, 0], "y": data[:, 1], "p": data[:, 2]},
        "stored": lambda: stored(rows=True),
        "values": lambda: stored(rows=False),
    }


@pytest.mark.parametrize("how", ["copy", "compressed", "glob", "frame", "stored", "values"])
@pytest.mark.parametrize("key", [None, "id"])
def test_a_copy_is_said(how: str, key: str | None, folder: Path) -> None:
    if key is None and how == "stored":
        key = "id"
    baseline = copies(folder)[how]()
    slices = () if how in {"frame", "values"} else ("delta(mae)[g=*] <= 9", "delta(mae)[g=a] <= 8")
    gates = ["delta(mae) <= 9", "delta(mse) <= 9", *slices]
    found = lossctl.check("good.csv", gates, baseline=baseline, key=key, test="point", **OPTIONS)
    (line, *more) = warned(found)
    assert not any("that of the baseline" in each for each in found.warnings)
    assert f"{ROWS} rows" in line
    assert len(more) == (1 if how == "values" else 0)
    assert not warned(lossctl.check("other.csv", gates, baseline=baseline, key=key, test="point", **OPTIONS))
    if how != "values":
        (line,) = warned(lossctl.compare("good.csv", "mae,mse", baseline=baseline, key=key, **OPTIONS))
        assert f"have the same mae, mse in all {ROWS} rows" in line
        assert not warned(lossctl.compare("other.csv", "mae,mse", baseline=baseline, key=key, **OPTIONS))


def test_columns_and_several_models_are_said() -> None:
    frame = {"y": np.arange(5.0), "a": np.arange(5.0) + 1.0, "b": np.arange(5.0) - 1.0, "c": np.zeros(5)}
    (line,) = warned(lossctl.compare(frame, "mae", target="y", prediction=["a", "b", "c"]))
    assert line == "b and a have the same mae in all 5 rows: are they the same predictions?"
    found = warned(lossctl.compare(["good.csv", "copy.csv", "copy.csv.gz"], "mae", pairs="all", **OPTIONS))
    assert len(found) == 3
    assert "delta" not in " ".join(
        warned(lossctl.check(frame, "delta(mae) <= 1", target="y", prediction="a", baseline_prediction="c"))
    )
    assert warned(lossctl.check(frame, "delta(mae) <= 1", target="y", prediction="a", baseline_prediction="b"))


def test_one_loss_of_several_is_said() -> None:
    frame = {"y": [0.0, 1.0, 1.0], "a": [1.0, 2.0, 3.0], "b": [-1.0, 0.0, -1.0]}
    (line,) = warned(lossctl.compare(frame, "mae,pinball(tau=0.9)", target="y", prediction=["a", "b"]))
    assert "have the same mae in all 3 rows" in line


def test_slices_that_do_not_differ_are_said() -> None:
    gates = ["delta(mae)[g=a] <= 9", "delta(mae)[g=b] <= 9", "delta(mae)[g=*] <= 8"]
    found = lossctl.check("other.csv", gates, baseline="good.csv", test="point", **OPTIONS).warnings
    assert [line for line in found if "that of the baseline" in line] == [
        "delta(mae)[g=a] <= 9: in these rows every mae is that of the baseline"
    ]
