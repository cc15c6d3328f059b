"""Results about losses themselves: the list that `lossctl losses` prints and the card that `lossctl show` prints.

Everything on them is read from rows of the registry. Imports the standard library and core.
"""

from __future__ import annotations

import math
from typing import Any

from lossctl.core.losses.elsewhere import Elsewhere
from lossctl.core.losses.loss import ChosenLoss, Kind, Loss
from lossctl.core.results.repr import Shown, line, lines
from lossctl.core.results.view import Cell, Column, Scalar, View, finite_or_none
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.core.version import __version__

__all__ = ["LOSSES_SCHEMA", "SHOW_SCHEMA", "LossCard", "LossList"]

LOSSES_SCHEMA = "lossctl/losses/1"
SHOW_SCHEMA = "lossctl/show/1"

_FACTS = (
    ("convex", "convex in the prediction"),
    ("lipschitz", "Lipschitz constant"),
    ("smoothness", "Lipschitz constant of slope"),
    ("kinks", "kinks"),
    ("low", "lower bound"),
    ("high", "upper bound"),
    ("minimum_at_target", "minimum at the target"),
    ("slope_vanishes", "slope is zero there"),
    ("symmetric", "symmetric"),
)
"""Fields of `Facts` and what a person calls them."""


def _describe(loss: Loss) -> dict[str, Any]:
    return {
        "id": loss.id,
        "aliases": list(loss.aliases),
        "elsewhere": [name for entry in loss.elsewhere for name in entry.names],
        "task": loss.task,
        "kind": str(loss.kind),
        "summary": loss.summary,
        "formula": loss.formula,
        "latex": loss.latex,
        "params": [
            {"name": param.name, "default": param.default, "expects": param.expects, "summary": param.summary}
            for param in loss.params
        ],
        "target": None if loss.target is None else str(loss.target),
        "prediction": None if loss.prediction is None else str(loss.prediction),
        "direction": str(loss.direction),
        "reference": loss.reference,
        "example": loss.example,
        "note": loss.note,
    }


@dataclass(frozen=True, slots=True)
class LossList(Shown):
    """Rows of the registry, as a result."""

    losses: tuple[Loss, ...]

    def __repr__(self) -> str:
        return lines(self.losses, line(self, f"of {len(self.losses)}"))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of schema ``lossctl/losses/1``."""
        return {"schema": LOSSES_SCHEMA, "version": __version__, "losses": list(self.items())}

    def items(self) -> list[dict[str, Any]]:
        """Return the JSON object of each loss."""
        return [_describe(loss) for loss in self.losses]

    def records(self) -> list[dict[str, Scalar]]:
        """Return each loss as a flat row."""
        return [_flat(item) for item in self.items()]

    def view(self) -> View:
        """Return the table for people: under a line for each task and kind of input its losses."""
        columns = (Column("loss"), Column("summary [parameters]", wraps=True))
        groups: dict[str, dict[str, list[Loss]]] = {}  # tasks in the registry's order, and so the kinds of each
        for loss in self.losses:
            groups.setdefault(loss.task, {}).setdefault(str(loss.kind), []).append(loss)
        rows: list[tuple[Cell, ...]] = []
        for task, kinds in groups.items():
            for kind, losses in kinds.items():
                rows.append((task if task == kind else f"{task} ({kind})", ""))
                rows.extend((f"  {loss.id}", _with_parameters(loss)) for loss in losses)
        return View(columns, tuple(rows))

    def bare(self) -> list[Scalar]:
        """Return the ids alone."""
        return [loss.id for loss in self.losses]


def _named(entry: Elsewhere) -> str:
    """Return a name elsewhere with what it takes unless told otherwise, and its names for our parameters."""
    said = [f"{name}={value}".lower() for name, value in entry.params.items()]
    said += [f"its {theirs} is {ours}" for theirs, ours in entry.renamed.items()]
    return f"{entry.name} ({', '.join(said)})" if said else entry.name


def _with_parameters(loss: Loss) -> str:
    parameters = ", ".join(f"{param.name}={param.format(param.default)}" for param in loss.params)
    return f"{loss.summary} [{parameters}]" if parameters else loss.summary


@dataclass(frozen=True, slots=True)
class LossCard(Shown):
    """All there is to say of one loss, for the parameters chosen."""

    chosen: ChosenLoss

    def __repr__(self) -> str:
        return line(self, f"{self.chosen.label}: {self.chosen.loss.summary}")

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of schema ``lossctl/show/1``."""
        return {"schema": SHOW_SCHEMA, "version": __version__, **self.items()[0]}

    def items(self) -> list[dict[str, Any]]:
        """Return the one JSON object."""
        facts = {name: _fact(self.chosen.fact(name)) for name, _ in _FACTS}
        described = _describe(self.chosen.loss)
        chosen = {"chosen": dict(self.chosen.params), "unit": self.chosen.unit}
        return [{**described, **chosen, "slope": self.chosen.loss.slope, "facts": {**facts, "note": self._facts_note}}]

    @property
    def _facts_note(self) -> str:
        return self.chosen.loss.facts.note

    def records(self) -> list[dict[str, Scalar]]:
        """Return the object as one flat row."""
        return [_flat(self.items()[0])]

    def view(self) -> View:
        """Return the table for people: a line for each thing there is to say."""
        loss = self.chosen.loss
        lines: list[tuple[Cell, ...]] = [
            ("name", None if self.chosen.typed in {"", loss.id} else loss.id),
            ("formula", loss.formula),
            ("gradient", loss.slope),
            ("also called", ", ".join(loss.aliases)),
            ("elsewhere", ", ".join(_named(entry) for entry in loss.elsewhere if not entry.differs)),
            ("not the same", "; ".join(f"{entry.name} {entry.differs}" for entry in loss.elsewhere if entry.differs)),
            ("task", loss.task),
            ("input kind", str(loss.kind)),
            ("target in", None if loss.target is None else str(loss.target)),
            ("prediction in", None if loss.prediction is None else str(loss.prediction)),
            ("scale in", None if loss.scale is None else str(loss.scale)),
            ("unit", self.chosen.unit or "that of the data"),
        ]
        lines += [(f"parameter {each.name}", self._parameter(each.name)) for each in loss.params]
        kinks = "kinks ((2y − 1)ŷ)" if loss.kind is Kind.BINARY else "kinks (ŷ − y)"
        lines += [(kinks if name == "kinks" else text, self._fact_text(name)) for name, text in _FACTS]
        lines += [("facts", loss.facts.note), ("note", loss.note), ("LaTeX", loss.latex)]
        lines += [("reference", loss.reference), ("example", loss.example)]
        rows = tuple(line for line in lines if line[1] not in {None, ""})
        return View((Column(self.chosen.title, style="main"), Column("", wraps=True)), rows, title=loss.summary)

    def _parameter(self, name: str) -> str:
        param = self.chosen.loss.param(name)
        if param is None:
            return ""
        value, default = param.format(self.chosen.params[name]), param.format(param.default)
        return f"{value} (default {default}, {param.expects}): {param.summary}"

    def _fact_text(self, name: str) -> str | None:
        value = self.chosen.fact(name)
        if value is None and name == "minimum_at_target":
            return "does not apply: no prediction is compared with a target"
        if value is None:
            return "none" if name in {"lipschitz", "smoothness", "high"} else None
        if isinstance(value, float) and math.isnan(value):
            return "depends on the number of columns"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, tuple):
            return ", ".join(f"{each:g}" for each in value) or "none"
        return f"{value:g}"

    def bare(self) -> list[Scalar]:
        """Return the formula alone."""
        return [self.chosen.loss.formula]


def _fact(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return finite_or_none(value) if isinstance(value, float) else value


def _flat(item: dict[str, Any], prefix: str = "") -> dict[str, Scalar]:
    flat: dict[str, Scalar] = {}
    for key, value in item.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            flat.update(_flat(value, f"{name}."))
        elif isinstance(value, list):
            flat[name] = ";".join(_listed(each) for each in value)
        else:
            flat[name] = value
    return flat


def _listed(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    return f"{value['name']}={'none' if value['default'] is None else value['default']}"
