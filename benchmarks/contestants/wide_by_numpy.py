"""Softmax cross-entropy of wide rows, by plain NumPy. Run as `wide_by_numpy.py FILE`; prints the figures as JSON.

The whole file is read by pyarrow, and computed at once: as one does in a notebook. Imports NumPy and pyarrow.
"""

import json
import sys

import numpy as np
import pyarrow.csv
import pyarrow.parquet

FILE = sys.argv[1]
TABLE = pyarrow.csv.read_csv(FILE) if FILE.endswith(".csv") else pyarrow.parquet.read_table(FILE)


def evaluate() -> dict[str, float]:
    """Compute the value and the figures of its gradient."""
    label = TABLE["label"].to_numpy()
    rows = np.arange(len(label))
    if "p" in TABLE.column_names:
        score = TABLE["p"].combine_chunks().values.to_numpy().reshape(len(label), -1)
    else:
        score = np.column_stack([TABLE[name].to_numpy() for name in TABLE.column_names if name != "label"])
    below = score - score.max(axis=1, keepdims=True)
    exps = np.exp(below)
    total = exps.sum(axis=1, keepdims=True)
    loss = np.log(total[:, 0]) - below[rows, label]
    slope = exps / total
    slope[rows, label] -= 1.0
    norm = np.linalg.norm(slope, axis=1)
    return {
        "n": float(len(label)),
        "value": float(loss.mean()),
        "std_error": float(loss.std(ddof=1) / np.sqrt(len(label))),
        "l1": float(np.abs(slope).sum() / len(label)),
        "l2": float(np.linalg.norm(slope) / len(label)),
        "row_mean_abs": float(norm.mean()),
        "row_max": float(norm.max()),
    }


sys.stdout.write(json.dumps({"softmax_cross_entropy": evaluate()}))
