"""OpenMetrics, for Prometheus and what reads its format: a check as gauges. Imports core and shared reports."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from lossctl.core.escape import terminal
from lossctl.core.results.slices import slice_text
from lossctl.core.results.verdict import Verdict
from lossctl.core.results.view import finite_or_none
from lossctl.reports.shared.clip import clip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lossctl.core.results.verdict import Checked, GateResult
    from lossctl.reports.shared.options import RenderOptions

__all__ = ["render"]

_MOST = 500
"""Characters of a label."""
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def render(checked: Checked, options: RenderOptions) -> str:
    """Write the gauges; one that has no number is left out, and so is whether a skipped or an unsure gate passed.

    Examples
    --------
    >>> from lossctl.core.results.verdict import Checked, GateResult, Verdict
    >>> from lossctl.reports.shared.options import RenderOptions
    >>> gate = GateResult("mse <= 0.3", Verdict.PASS, {}, 0.25, 0.3, None, 442, "0.25 <= 0.3")
    >>> print(render(Checked((gate,)), RenderOptions()), end="")
    # TYPE lossctl_check_exit_code gauge
    # HELP lossctl_check_exit_code What the check exits with: 0 if no gate failed and each could be evaluated.
    lossctl_check_exit_code 0
    # TYPE lossctl_check_gates gauge
    # HELP lossctl_check_gates How many gates have the verdict.
    lossctl_check_gates{verdict="pass"} 1
    # TYPE lossctl_gate_passed gauge
    # HELP lossctl_gate_passed 1 if the gate passed, 0 if it failed or could not be evaluated.
    lossctl_gate_passed{gate="mse <= 0.3",slice=""} 1
    # TYPE lossctl_gate_value gauge
    # HELP lossctl_gate_value What was held against the bound.
    lossctl_gate_value{gate="mse <= 0.3",slice=""} 0.25
    # TYPE lossctl_gate_bound gauge
    # HELP lossctl_gate_bound The bound.
    lossctl_gate_bound{gate="mse <= 0.3",slice=""} 0.3
    # TYPE lossctl_gate_rows gauge
    # HELP lossctl_gate_rows The rows the value rests on.
    lossctl_gate_rows{gate="mse <= 0.3",slice=""} 442
    # EOF
    """
    del options  # for people
    labels = _labels(checked.gates)
    gauges: dict[str, tuple[str, Sequence[float | None]]] = {
        "passed": (
            "1 if the gate passed, 0 if it failed or could not be evaluated.",
            [_passed(g, checked) for g in checked.gates],
        ),
        "value": ("What was held against the bound.", [finite_or_none(g.value) for g in checked.gates]),
        "bound": ("The bound.", [finite_or_none(g.bound) for g in checked.gates]),
        "rows": ("The rows the value rests on.", [g.n for g in checked.gates]),
    }
    words = "What the check exits with: 0 if no gate failed and each could be evaluated."
    lines = [*_head("lossctl_check_exit_code", words), f"lossctl_check_exit_code {int(checked.exit_code)}"]
    lines += _head("lossctl_check_gates", "How many gates have the verdict.")
    lines += [f'lossctl_check_gates{{verdict="{verdict}"}} {count}' for verdict, count in checked.counts().items()]
    for name, (meaning, values) in gauges.items():
        lines += _head(f"lossctl_gate_{name}", meaning)
        lines += [f"lossctl_gate_{name}{each} {v!r}" for each, v in zip(labels, values, strict=True) if v is not None]
    return "\n".join([*lines, "# EOF"]) + "\n"


def _head(name: str, meaning: str) -> list[str]:
    return [f"# TYPE {name} gauge", f"# HELP {name} {meaning}"]


def _passed(each: GateResult, checked: Checked) -> int | None:
    said = each.verdict is Verdict.UNSURE and not checked.fail_unsure
    return None if said or each.verdict is Verdict.SKIPPED else int(each.verdict is Verdict.PASS)


def _labels(gates: Sequence[GateResult]) -> list[str]:
    """Name each gate and slice; what would be called like another gets its number among those."""
    seen: Counter[str] = Counter()
    found = []
    for each in gates:
        text = f'gate="{_value(each.gate)}",slice="{_value(slice_text(each.slice))}"'
        seen[text] += 1
        copy = f',copy="{seen[text]}"' if seen[text] > 1 else ""
        found.append(f"{{{text}{copy}}}")
    return found


def _value(text: str) -> str:
    return terminal(clip(text, _MOST)).translate(_ESCAPES)
