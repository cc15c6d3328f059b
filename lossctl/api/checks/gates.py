"""The gates a check is asked to hold: read, each with its test, and none that says nothing. Imports gates and core."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lossctl.core.errors import UsageError
from lossctl.core.losses.loss import ChosenLoss, Kind
from lossctl.core.results.verdict import Place
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.gates.decide import Test, check_test, default_test
from lossctl.gates.gate import Gate, Measure
from lossctl.gates.grammar import parse_gate
from lossctl.gates.settings import CheckSettings

__all__ = ["Asked", "asked_of", "bounds_of", "require_telling"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A gate with what is said beside it.

    Parameters
    ----------
    gate
        The gate.
    test
        How it is decided; ``None``: as the check says.
    place
        Where it is written.
    """

    gate: Gate
    test: Test | None = None
    place: Place | None = None


def asked_of(gates: object, own: CheckSettings) -> list[Asked]:
    """Read gates: as text, parsed, or with what is said beside them.

    Raises
    ------
    UsageError
        Where one is none, does not parse, or its test makes no sense of it.
    """
    given: list[Any] = [gates] if isinstance(gates, str | Gate | Asked) else _listed(gates)
    asked = []
    for each in given:
        one = each if isinstance(each, Asked) else Asked(each if isinstance(each, Gate) else parse_gate(each))
        test = one.test
        if test is None:
            test = own.test if own.test is not None and one.gate.measure is Measure.DELTA else default_test(one.gate)
        check_test(one.gate, test)
        asked.append(replace(one, test=test))
    if own.method.sequential:
        _require_tests(asked)
    return asked


def _require_tests(asked: Sequence[Asked]) -> None:
    """Refuse deltas without a test, and no deltas at all, where tests are to hold at all looks."""
    for each in asked:
        if each.gate.measure is Measure.DELTA and each.test is Test.POINT:
            raise UsageError(
                f"gate {each.gate.shown!r}: sequential is for deltas with a test, and point is none",
                "write test = regress or noninferior, or leave out sequential",
            )
    if asked and not any(each.gate.measure is Measure.DELTA for each in asked):
        raise UsageError("sequential is for deltas, and no gate is one", "write delta(LOSS), or leave out sequential")


def _listed(gates: object) -> list[Any]:
    given = list(gates) if isinstance(gates, Iterable) else [gates]
    for each in given:
        if not isinstance(each, str | Gate | Asked):
            raise UsageError(f"{type(each).__name__} is no gate", "write one as a text: 'mse <= 0.3'")
    return given


def require_telling(asked: Sequence[Asked], losses: Mapping[str, ChosenLoss]) -> None:
    """Refuse gates that no rows could break, and gates given twice, which weaken the others by Holm's method.

    Parameters
    ----------
    asked
        The gates.
    losses
        By the name a gate calls it.

    Raises
    ------
    UsageError
        Where there is one.
    """
    seen: set[tuple[Gate, Test | None]] = set()
    for each in asked:
        gate, chosen = each.gate, losses.get(each.gate.loss)
        if gate.always_holds(*bounds_of(chosen)):
            raise UsageError(f"gate {gate.shown!r} holds whatever the rows are", "write a bound that can be broken")
        same = replace(gate, loss=gate.loss if chosen is None else chosen.label), each.test
        if same in seen:
            raise UsageError(f"gate {gate.shown!r} stands twice", "write it once")
        seen.add(same)


def bounds_of(chosen: ChosenLoss | None) -> tuple[float | None, float | None]:
    """Return what the value of a loss lies between, where that is a plain number for rows and for their mean."""
    if chosen is None or chosen.loss.finish is not None or chosen.loss.kind is Kind.DISTRIBUTION:
        return None, None
    low, high = chosen.loss.facts.low, chosen.loss.facts.high
    return low if isinstance(low, float | int) else None, high if isinstance(high, float | int) else None
