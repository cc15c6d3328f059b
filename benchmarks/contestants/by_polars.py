"""The same figures by Polars, lazily and streaming. Run as `by_polars.py all|value FILE LOSS…`. Imports Polars."""

import json
import sys

import polars as pl


def expressions(loss: str) -> tuple[pl.Expr, pl.Expr]:
    """Return the loss and its slope over the residual r."""
    name, _, value = loss.partition(":")
    r = pl.col("r")
    if name == "mae":
        return r.abs(), r.sign()
    if name == "mse":
        return r * r, 2 * r
    knee = float(value)
    if name == "huber":
        outside = knee * (r.abs() - knee / 2)
        return pl.when(r.abs() < knee).then(r * r / 2).otherwise(outside), r.clip(-knee, knee)
    outside = r.abs() - knee / 2
    return pl.when(r.abs() < knee).then(r * r / (2 * knee)).otherwise(outside), (r / knee).clip(-1.0, 1.0)


def figures(loss: str, *, value_alone: bool) -> dict[str, pl.Expr]:
    """Return every figure of a loss as an aggregate."""
    row, slope = expressions(loss)
    if value_alone:
        return {"value": row.mean()}
    return {
        "value": row.mean(),
        "std_error": row.std() / pl.len().sqrt(),
        "l1": slope.abs().mean(),
        "l2": (slope * slope).sum().sqrt() / pl.len(),
        "linf": slope.abs().max() / pl.len(),
        "mean": slope.mean(),
        "row_mean_abs": slope.abs().mean(),
        "row_rms": (slope * slope).mean().sqrt(),
        "row_max": slope.abs().max(),
        "zero_share": (slope == 0).mean(),
        "sign_balance": slope.sign().mean(),
    }


def main(what: str, file: str, *losses: str) -> None:
    """Run the query and print its figures."""
    rows = pl.scan_parquet(file) if file.endswith(".parquet") else pl.scan_csv(file)
    residuals = rows.select((pl.col("prediction") - pl.col("target")).alias("r"))
    wanted = {loss: figures(loss, value_alone=what == "value") for loss in losses}
    aggregates = [each.alias(f"{loss} {name}") for loss in losses for name, each in wanted[loss].items()]
    row = residuals.select(aggregates).collect(engine="streaming").row(0, named=True)
    print(json.dumps({loss: {name: row[f"{loss} {name}"] for name in wanted[loss]} for loss in losses}))


if __name__ == "__main__":
    main(*sys.argv[1:])
