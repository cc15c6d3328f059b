"""What other commands say in flags that a check does not have, in words of gates. Imports core.

Losses, columns and values are looked at by the code of `lossctl.evaluate`, whose cures name ``--loss``, ``--skill`` or
``--nan``. A check names its losses in gates.
"""

from __future__ import annotations

import re

from lossctl.core.errors import LossctlError

__all__ = ["in_gates", "of_check", "without_bootstrap"]

_OMIT = "--nonfinite omit --max-omitted SHARE leaves such rows out, --nonfinite fail fails the gates they are in"
_RELATIVE = "a gate bounds a loss, not its ratio to that of guessing: --gate '{0} <= NUMBER'"
_FIGURES = {"0.5": "p50({0})", "max": "max({0})"}
_SKILL = re.compile(r"--loss (\w+) --skill.*")
_QUANTILE = re.compile(r"--loss (\w+) --quantiles (0\.5|max)")
_LOSS = re.compile(r"--loss (?:'([^']+)'|([\w.]+))")
_BOOTSTRAP = re.compile(r"; --bootstrap widens (?:it|them)")


def of_check(error: LossctlError) -> LossctlError:
    """Return an error whose cure names no flag that a check does not have.

    Examples
    --------
    >>> of_check(LossctlError("no loss is called 'mdape'", "--loss mape --quantiles 0.5 gives the median")).cure
    "--gate 'p50(mape) <= NUMBER' gives the median"
    """
    cure = in_gates(error.cure or "")
    if cure != (error.cure or ""):
        error.say(error.problem, cure)
    return error


def in_gates(text: str) -> str:
    """Write a cure, or a warning, in words of gates.

    Examples
    --------
    >>> in_gates("one row makes up 45% of the variance; --bootstrap widens it")
    'one row makes up 45% of the variance'
    >>> in_gates("--loss log_loss or --loss brier score the probabilities")
    "--gate 'log_loss <= NUMBER' or --gate 'brier <= NUMBER' score the probabilities"
    """
    if text.startswith("--nan omit"):
        return _OMIT
    text = without_bootstrap(text)
    text = _SKILL.sub(lambda found: _RELATIVE.format(found[1]), text)
    text = _QUANTILE.sub(lambda found: f"--gate '{_FIGURES[found[2]].format(found[1])} <= NUMBER'", text)
    text = _LOSS.sub(lambda found: f"--gate '{found[1] or found[2]} <= NUMBER'", text)
    return text.replace("choose --nan omit", "choose --nonfinite omit --max-omitted SHARE")


def without_bootstrap(text: str) -> str:
    """Leave out of a warning what ``--bootstrap`` would do, where the command has none."""
    return _BOOTSTRAP.sub("", text)
