"""Write the files of the recipes: ``python make_recipes.py LightGBM XGBoost``, in this folder.

A recipe of docs/recipes.md is run as it stands there, where its library is installed. So were made the files of
scikit-learn 1.9.1, LightGBM 4.7.0, XGBoost 3.2.0 and statsforecast 2.1.1, and by Rscript that of R 4.2.2. The files of
PyTorch, Hugging Face and Kaggle hold draws in the shape that their recipes write; without arguments they are drawn.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
RECIPES = HERE.parent.parent / "docs" / "recipes.md"
SEED = 20


def run(name: str) -> None:
    """Run the Python of a recipe."""
    text = RECIPES.read_text(encoding="utf-8")
    section = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
    for code in re.findall(r"^```py(?:thon)?\n(.*?)^```$", section, re.MULTILINE | re.DOTALL):
        exec(compile(code, name, "exec"), {})  # noqa: S102 -- our own text


def draw() -> None:
    """Draw what a classifier of PyTorch and one of Hugging Face write, and a competition of Kaggle."""
    import pandas as pd

    rng = np.random.default_rng(SEED)
    inputs, weights = rng.normal(size=(100, 4)), 0.5 * rng.normal(size=(4, 3))
    labels = (inputs[:, :3] + rng.normal(size=(100, 3))).argmax(axis=1)
    logits = (inputs @ weights).astype(np.float32)
    with (HERE / "torch.jsonl").open("w", encoding="utf-8") as file:
        for label, row in zip(labels.tolist(), logits.tolist(), strict=True):
            print(json.dumps({"label": label, "logits": row}), file=file)
    labels = rng.integers(0, 3, 150)
    logits = (rng.normal(size=(150, 3)) + 2 * np.eye(3)[labels]).astype(np.float32)
    pd.DataFrame({"label": labels, "logits": list(logits)}).to_parquet(HERE / "huggingface.parquet", index=False)
    ids, price = np.arange(1461, 1661), np.round(np.exp(rng.normal(12, 0.4, 200)), -2)
    usage = rng.choice(["Public", "Private"], 200)
    pd.DataFrame({"Id": ids, "SalePrice": price, "Usage": usage}).to_csv(HERE / "solution.csv", index=False)
    for name, width in (("submission", 0.3), ("submission_2", 0.25)):
        order = rng.permutation(200)
        frame = pd.DataFrame({"Id": ids, "SalePrice": np.round(price * np.exp(rng.uniform(-width, width, 200)), 2)})
        frame.iloc[order].to_csv(HERE / f"{name}.csv", index=False)


if __name__ == "__main__":
    for each in sys.argv[1:]:
        run(each)
    if not sys.argv[1:]:
        draw()
