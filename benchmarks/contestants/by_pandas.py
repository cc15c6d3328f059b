"""The values alone by pandas, or by pandas and scikit-learn. Run as `by_pandas.py numpy|sklearn FILE LOSS…`.

Imports pandas, NumPy and, where asked, scikit-learn, which has mae and mse but neither huber nor smooth_l1.
"""

import json
import sys

import numpy as np
import pandas as pd


def value(loss: str, target: np.ndarray, prediction: np.ndarray) -> float:
    """Return the mean loss."""
    name, _, parameter = loss.partition(":")
    r = prediction - target
    if name == "mae":
        return float(np.abs(r).mean())
    if name == "mse":
        return float(np.square(r).mean())
    knee = float(parameter)
    size = np.abs(r)
    huber = np.where(size < knee, size * size / 2, knee * (size - knee / 2))
    return float(huber.mean() if name == "huber" else huber.mean() / knee)


def value_by_sklearn(loss: str, target: np.ndarray, prediction: np.ndarray) -> float:
    """Return the mean loss by scikit-learn, where it has the loss."""
    from sklearn import metrics

    known = {"mae": metrics.mean_absolute_error, "mse": metrics.mean_squared_error}
    return float(known[loss](target, prediction)) if loss in known else value(loss, target, prediction)


def main(how: str, file: str, *losses: str) -> None:
    """Read the two columns and print the values."""
    columns = ["target", "prediction"]
    is_parquet = file.endswith(".parquet")
    frame = pd.read_parquet(file, columns=columns) if is_parquet else pd.read_csv(file, usecols=columns)
    target, prediction = frame["target"].to_numpy(), frame["prediction"].to_numpy()
    compute = value_by_sklearn if how == "sklearn" else value
    print(json.dumps({loss: {"value": compute(loss, target, prediction)} for loss in losses}))


if __name__ == "__main__":
    main(*sys.argv[1:])
