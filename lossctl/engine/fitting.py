"""Whether the values of a block fit a loss, and what its kernel gets beside its columns: by kind of input.

The checks themselves are those of `rows.block`; here stands which of them a kind calls for. Imports core and
its own package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast

import numpy as np

from lossctl.core.losses.loss import PROBABILITY, ChosenLoss, Domain, Kind, Loss, Role
from lossctl.core.rows.block import Binding, Block
from lossctl.core.rows.faults import Faults
from lossctl.core.types import Array

__all__ = ["context_of", "fits", "lag_column", "simplex_roles", "sliced_lag", "target_of"]


def simplex_roles(loss: Loss) -> tuple[Role, ...]:
    """Return the roles whose values are probabilities that sum to 1."""
    if loss.kind is Kind.DISTRIBUTION:
        return loss.roles
    return (Role.PREDICTION,) if loss.kind is Kind.MULTICLASS and loss.prediction == PROBABILITY else ()


def fits(chosen: ChosenLoss, block: Block, binding: Binding, faults: Faults) -> bool:
    """Return whether every row of a block fits a loss; record those that do not."""
    found = [_role_fits(chosen, role, block, binding, faults) for role in chosen.loss.roles]
    check = _CHECKS.get(chosen.loss.kind)
    if check is not None:
        found.append(check(chosen, block, binding, faults))
    return all(found)


def context_of(chosen: ChosenLoss, block: Block, binding: Binding) -> dict[str, Any]:
    """Return what a kernel gets beside its columns; see `lossctl.core.losses.loss.Loss.kernel`."""
    if chosen.loss.kind is Kind.QUANTILES:
        return {"levels": np.array(binding.levels)}
    if chosen.loss.kind is Kind.GROUPED:
        return {"starts": block.starts}
    if chosen.loss.series:
        lagged = block.batch.columns[lag_column(chosen, binding)[2]]
        return {"lagged": lagged if block.kept is None else lagged[block.kept]}
    return {}


def target_of(chosen: ChosenLoss, block: Block) -> Array | None:
    """Return the target as a kernel takes it: to an ensemble, a list of one number a row is a number."""
    target = block.target
    if chosen.loss.kind is Kind.ENSEMBLE and target is not None and target.shape[1:] == (1,):
        return target[:, 0]
    return target


def lag_column(chosen: ChosenLoss, binding: Binding) -> tuple[str, int, str]:
    """Return the column of targets that a loss of a series looks back on, how far, and what to call the past."""
    (name,), period = binding.target, cast("int", chosen.params["period"])
    return name, period, f"{name} {period} rows before"


def sliced_lag(lag: str) -> str:
    """Return what to call the past of a column where it does not reach beyond the slice of the row."""
    return f"{lag} in its slice"


def _role_fits(chosen: ChosenLoss, role: Role, block: Block, binding: Binding, faults: Faults) -> bool:
    domain, column = chosen.loss.domain(role), binding.text(role)
    if chosen.loss.kind is Kind.PARAMETRIC and role is Role.PREDICTION:
        return _parameters_fit(chosen, block, binding, faults)
    if domain is not None and not block.check_domain(role, domain, column, faults):
        return False
    values = block.values(role)
    simplex = role in simplex_roles(chosen.loss) and values is not None and values.ndim > 1
    return not simplex or block.check_sums(role, column, faults)


def _parameters_fit(chosen: ChosenLoss, block: Block, binding: Binding, faults: Faults) -> bool:
    """Check a location and a scale, each in its own domain and by the name of its own column."""
    names = binding.prediction if len(binding.prediction) > 1 else binding.prediction * 2
    domains = (chosen.loss.prediction, chosen.loss.scale)
    found = [
        domain is None or block.check_component(place, domain, name, faults)
        for place, (domain, name) in enumerate(zip(domains, names, strict=True))
    ]
    return all(found)


def _codes_fit(chosen: ChosenLoss, block: Block, binding: Binding, faults: Faults) -> bool:
    if block.prediction is None:
        return True
    columns = block.prediction.shape[1]
    codes = Domain(0.0, columns if chosen.loss.thresholds else columns - 1.0, whole=True)
    return block.check_domain(Role.TARGET, codes, binding.text(Role.TARGET), faults)


def _ends_fit(_chosen: ChosenLoss, block: Block, binding: Binding, faults: Faults) -> bool:
    return block.check_ends(binding.text(Role.PREDICTION), faults)


def _vectors_fit(chosen: ChosenLoss, block: Block, binding: Binding, faults: Faults) -> bool:
    if not chosen.loss.nonzero or block.prediction is None:
        return True
    width = block.prediction.shape[1] // chosen.loss.vectors if chosen.loss.labels_pairs else _length(block.target)
    checked = (Role.PREDICTION,) if chosen.loss.labels_pairs else chosen.loss.roles
    found = [block.check_not_zero(role, width, binding.text(role), faults) for role in checked]
    return all(found)


def _length(target: Array | None) -> int:
    return 1 if target is None or target.ndim == 1 else int(target.shape[1])


_CHECKS: Mapping[Kind, Callable[[ChosenLoss, Block, Binding, Faults], bool]] = MappingProxyType(
    {Kind.MULTICLASS: _codes_fit, Kind.INTERVAL: _ends_fit, Kind.VECTORS: _vectors_fit}
)
"""What a kind asks of values beyond the domains of its columns."""
