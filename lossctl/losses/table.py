"""The registry: every loss lossctl knows, in the catalogue's order. One row is all there is to say of a loss.

To add one, write its kernel in the module of its task and its row in the module of the same name under `losses.rows`:
flags, help, validation, documentation, curves and tests follow from the row. Imports core and the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from lossctl.core.losses.loss import Loss
from lossctl.losses.rows import (
    binary_logit,
    binary_probability,
    counts,
    divergence,
    divergence_power,
    embeddings,
    ensemble,
    forecast,
    information,
    multiclass_logit,
    multiclass_probability,
    multilabel,
    ordinal,
    percentage,
    quantiles,
    ranking,
    regression,
    robust,
)

__all__ = ["LOSSES"]

LOSSES: Mapping[str, Loss] = MappingProxyType(
    {
        row.id: row
        for rows in (
            regression.ROWS,
            robust.ROWS,
            percentage.ROWS,
            counts.ROWS,
            binary_probability.ROWS,
            binary_logit.ROWS,
            multiclass_probability.ROWS,
            multiclass_logit.ROWS,
            multilabel.ROWS,
            ordinal.ROWS,
            embeddings.ROWS,
            ranking.ROWS,
            information.ROWS,
            divergence.ROWS,
            divergence_power.ROWS,
            quantiles.ROWS,
            ensemble.ROWS,
            forecast.ROWS,
        )
        for row in rows
    }
)
"""Every loss by its id, in the catalogue's order. Read-only."""
