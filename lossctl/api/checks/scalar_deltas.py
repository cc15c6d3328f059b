"""Differences from a baseline that keeps values and no rows: they have no interval, so they are for ``test = point``.

May import sources, gates and core.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

import numpy as np

from lossctl.api.checks.deltas import Delta
from lossctl.api.checks.figures import Figure, Figures
from lossctl.core.errors import DataError
from lossctl.core.losses.loss import ChosenLoss
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.gates.decide import Test
from lossctl.gates.gate import Gate

if TYPE_CHECKING:
    from lossctl.api.comparisons.stored import Stored
    from lossctl.core.settings import Settings
    from lossctl.sources import Source

__all__ = ["ScalarDeltas", "scalar_deltas"]

_TWO_64 = 2**64


@dataclass(slots=True)
class ScalarDeltas:
    """The values of a candidate, and those that a baseline stored of the same data.

    Parameters
    ----------
    figures
        The candidate's.
    stored
        The baseline.
    warnings
        What a reader should know.
    """

    figures: Figures
    stored: Stored
    warnings: list[str] = field(default_factory=list)

    def of(self, gate: Gate, test: Test) -> list[Delta]:
        """Return the difference of a gate on each slice it is about; none where no row is in such a slice."""
        return [self._delta(gate, test, each) for each in self.figures.values_of(gate)]

    def _delta(self, gate: Gate, test: Test, mine: Figure) -> Delta:
        chosen = self.figures.losses[gate.loss]
        name, result = chosen.title, self.stored.baseline.value(chosen.label, mine.slice)
        old = None if result is None else result["value"]
        if result is not None and old is None:
            missing = f"the {name} that {self.stored.name} keeps is no finite number"
            return Delta(Figure(mine.slice, None, mine.n, mine.omitted, missing=missing), None)
        if old is None or mine.value is None:
            missing = mine.missing or f"{self.stored.name} has no {name} of these rows: it keeps values, and no rows"
            return Delta(Figure(mine.slice, None, mine.n, mine.omitted, missing=missing), None)
        if result is not None and result["n"] != mine.n:
            missing = f"{self.stored.name} has {result['n']} of these rows, and the candidate {mine.n}"
            return Delta(Figure(mine.slice, None, mine.n, mine.omitted, missing=missing), None)
        if gate.bound.percent and not old > 0.0:
            missing = f"the baseline's {gate.loss} is {old:.4g}: there is no percentage of it"
            return Delta(Figure(mine.slice, None, mine.n, mine.omitted, missing=missing), None)
        gap = mine.value - old
        if gap == 0.0:
            same = f"the {name} of {mine.n} rows is exactly that of {self.stored.name}: are they the same predictions?"
            self.warnings += [] if same in self.warnings else [same]
        missing = "" if test is Test.POINT else f"{self.stored.name} keeps no rows to test by: it takes test = point"
        return Delta(
            Figure(mine.slice, gap / old if gate.bound.percent else gap, mine.n, mine.omitted, missing=missing), None
        )


def scalar_deltas(source: Source, stored: Stored, losses: Mapping[str, ChosenLoss], settings: Settings) -> ScalarDeltas:
    """Hold a candidate against stored values, once its data are known to be those they are of.

    Parameters
    ----------
    source
        The candidate, open.
    stored
        The baseline.
    losses
        By the name a gate calls it.
    settings
        How the candidate's rows are read.

    Raises
    ------
    UsageError
        Where the baseline was made with other settings.
    DataError
        Where it was made of other data.
    NotInBaselineError
        Where it does not hold a loss.
    """
    from lossctl.api.comparisons.stored import judged_by, require_order, require_settings
    from lossctl.api.setup.losses import Selection
    from lossctl.api.setup.plan import LeftOut, plan, read_for

    baseline = stored.baseline
    chosen = tuple(dict.fromkeys(losses.values()))
    baseline.require([each.label for each in chosen], stored.name)
    require_settings(stored, settings)
    plans = plan(source, Selection(chosen), settings, LeftOut(source.name))
    require_order(stored, plans, settings)
    judged = judged_by(plans)
    total, rows = 0, 0
    for batch in read_for(source, plans, settings, texts=judged.texts):
        total = (total + int(judged.hashes(batch).sum(dtype=np.uint64))) % _TWO_64
        rows += len(batch)
    if rows != baseline.n or f"{total:016x}" != baseline.targets[:16]:
        problem = f"{source.name}: the {judged.words}s of its {rows} rows are not those {stored.name} was made with"
        raise DataError(problem, "make the baseline anew, of these data: lossctl baseline SOURCE -o FILE --no-rows")
    return ScalarDeltas(Figures(source, losses, settings), stored)
