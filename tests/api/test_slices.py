"""Every loss by slice: what a run over the rows of that slice alone gives, to the bit; the whole as without them."""

from __future__ import annotations

import shlex
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lossctl
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
    """Give the losses by the file and the columns that their examples take."""
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
    """Give an example with columns to slice and to weigh by."""
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
    """Say whether a variant has a meaning for the columns, and of several alike take one."""
    name = Path(command[0]).stem
    if variant == "weighted":
        return name in {"diabetes", "digit_embeddings", "digit_shares"}
    if variant == "skill":
        return name in {"preds", "diabetes"}
    return variant == "plain" or name in {"diabetes", "digit_embeddings", "digit_ranking"}


WAYS = {"plain": ("parted", "ordered"), "weighted": ("ordered",), "holes": ("summed",), "skill": ("summed",)}
CASES = [
    pytest.param(command, variant, way, id=f"{' '.join(command)} {variant} {way}")
    for command in COMMANDS
    for variant in VARIANTS
    if _suits(command, variant)
    for way in WAYS[variant]
]


def _take(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take each way to sum rows by slice, whatever their number, in blocks small enough to need merging."""
    monkeypatch.setattr("lossctl.engine.local.BLOCK_ROWS", 64)
    monkeypatch.setattr("lossctl.engine.sliced.BLOCK_ROWS", 50)
    if way != "parted":
        monkeypatch.setattr("lossctl.engine.sliced._FEW", 0)
    if way == "ordered":
        monkeypatch.setattr("lossctl.engine.sliced._MANY", 0)
        monkeypatch.setattr("lossctl.engine.sliced._WINDOW", 150)


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
