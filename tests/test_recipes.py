"""Recipes do what they say: what other programs would run is read, and what is lossctl's in it is run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from tests.documents import Block, blocks
from tests.transcript import ROOT, run, scratch

RECIPES = ROOT / "docs" / "recipes.md"
TEXT = RECIPES.read_text(encoding="utf-8")
FILES = ROOT / "examples" / "recipes"
WANTED = [
    *("scikit-learn", "LightGBM", "XGBoost", "PyTorch", "Kaggle", "Hugging Face", "R", "Nixtla", "DVC", "MLflow"),
    *("GitHub", "GitLab", "make"),
]
MOST_LINES = 14


@pytest.fixture(autouse=True)
def folder() -> Iterator[Path]:
    with scratch() as place:
        yield place


def of(language: str, *, documents: bool = False) -> list[Any]:
    found = blocks(language) if documents else blocks(language, [RECIPES])
    return [pytest.param(each, id=each.place) for each in found]


def section(name: str) -> str:
    return TEXT.split(f"\n## {name}\n")[1].split("\n## ")[0]


def test_there_is_a_recipe_for_each() -> None:
    assert re.findall(r"^## (.*)$", TEXT, re.MULTILINE) == WANTED


@pytest.mark.parametrize("name", WANTED)
def test_each_recipe_types_lossctl(name: str) -> None:
    assert re.search(r"\blossctl (?:eval|compare|check) |lossctl\.evaluate\(", section(name))


def test_the_frame_of_scikit_learn_gives_what_its_file_gives() -> None:
    import pandas as pd

    import lossctl

    frame = pd.read_csv(FILES / "sklearn.csv")
    code = re.search(r"`(lossctl\.evaluate\(frame\b.*?\))`", section("scikit-learn"))
    assert code is not None
    names = {"lossctl": lossctl, "frame": frame.drop(columns="label"), "y_test": frame["label"]}
    (found,) = eval(code[1], names)  # noqa: S307 -- our own text
    (row,) = re.findall(r"^categorical_cross_entropy +(\S+)", section("scikit-learn"), re.MULTILINE)
    assert f"{found.value:.6g}" == row


@pytest.mark.parametrize("block", [each for name in ("py", "python", "r", "yaml", "make") for each in of(name)])
def test_recipes_are_short(block: Block) -> None:
    assert len(block.text.splitlines()) <= MOST_LINES
    assert max(map(len, block.text.splitlines())) <= 125


@pytest.mark.parametrize("block", of("py"))
def test_python_of_other_libraries_is_python(block: Block) -> None:
    compile(block.text, block.place, "exec")


@pytest.mark.parametrize("file", [each.name for each in FILES.iterdir() if each.suffix != ".py" and each.is_file()])
def test_each_file_is_that_of_a_recipe(file: str) -> None:
    assert re.search(rf"^\$ lossctl [^\n]*\b{re.escape(file)}", TEXT, re.MULTILINE)
    assert (FILES / file).stat().st_size < 20_000


def test_the_file_of_a_recipe_has_the_columns_that_it_writes() -> None:
    (block,) = blocks("python", [RECIPES])
    kept = Path("sklearn.csv").read_text(encoding="utf-8").splitlines()
    Path("sklearn.csv").unlink()
    exec(compile(block.text, block.place, "exec"), {})  # noqa: S102 -- what a reader would paste
    written = Path("sklearn.csv").read_text(encoding="utf-8").splitlines()
    assert (written[0], len(written)) == (kept[0], len(kept))


def test_what_is_logged_to_mlflow_are_numbers_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: dict[str, float] = {}
    recorder = ModuleType("mlflow")

    def start_run() -> AbstractContextManager[None]:
        return nullcontext()

    recorder.start_run, recorder.log_metrics = start_run, logged.update  # type: ignore[attr-defined]  # as mlflow's are
    monkeypatch.setitem(sys.modules, "mlflow", recorder)
    code = re.search(r"```py\n(.*?)```", section("MLflow"), re.DOTALL)
    assert code
    exec(compile(code[1], "mlflow", "exec"), {})  # noqa: S102 -- what a reader would paste
    assert set(logged) == {"mae", "rmse", "mae_std_error", "rmse_std_error"}
    assert all(isinstance(each, float) for each in logged.values())


def texts(document: object) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    for each in document.values() if isinstance(document, dict) else document if isinstance(document, list) else ():
        yield from texts(each)


@pytest.mark.parametrize("block", of("yaml", documents=True))
def test_what_is_yaml_reads_as_that_and_its_commands_run(block: Block) -> None:
    commands = [line for text in texts(yaml.safe_load(block.text)) for line in text.splitlines()]
    own = [line for line in commands if line.startswith("lossctl ")]
    assert own or "lossctl" in block.text
    for line in own:
        ran = run(line)
        assert ran.code == 0, ran.stderr
        named = [
            word.partition("=")[2] for word in shlex.split(line) if re.fullmatch(r"(?:json|junit|markdown)=.*", word)
        ]
        assert named
        assert all(Path(each).stat().st_size for each in named)
    read = [line for line in commands if line.startswith("cat ")]
    assert all(Path(shlex.split(line)[1]).exists() for line in read)


@pytest.mark.parametrize("block", of("make"))
def test_make_makes_it(block: Block) -> None:
    Path("Makefile").write_text(block.text, encoding="utf-8")
    target = block.text.partition(":")[0]
    subprocess.run(["make", target], check=True, capture_output=True)
    assert "<testsuite" in Path(target).read_text(encoding="utf-8")
