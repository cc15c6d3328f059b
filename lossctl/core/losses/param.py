"""Parameters of losses: what a user may type for one, and what it means.

Imports the standard library, NumPy, `core.domain` and `core.errors`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field

import numpy as np

from lossctl.core.errors import UsageError
from lossctl.core.losses.domain import REAL_LINE, Domain
from lossctl.core.system.fast_dataclass import dataclass

__all__ = ["Param", "Value"]

Value = float | int | bool | str | None
"""A parameter's value; ``None``: a number is left out, where the parameter has a name for that."""


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of a loss: a flag, a field of ``--loss 'name(param=value)'``, a keyword of the kernel.

    Parameters
    ----------
    name
        The flag without its dashes, and the kernel's keyword.
    default
        The value when none is given. Its type is the parameter's type.
    summary
        What it means, for help and documentation.
    domain
        The values allowed, for a number.
    constants
        Names that stand for numbers, such as ``e``, or for ``None``: no number. They need not lie in the domain.
    choices
        The values allowed, for a text.
    """

    name: str
    default: Value
    summary: str
    domain: Domain = REAL_LINE
    constants: Mapping[str, float | None] = field(default_factory=dict)
    choices: tuple[str, ...] = ()

    def parse(self, text: str) -> Value:
        """Read a value as typed by a user.

        Raises
        ------
        UsageError
            Where the text is no value of this parameter's type, or lies out of its domain.
        """
        stripped = text.strip()
        if isinstance(self.default, bool):
            return self._parse_bool(stripped)
        if isinstance(self.default, str):
            return self.check(stripped)
        if stripped.lower() in self.constants:
            return self.check(self.constants[stripped.lower()])
        try:
            return self.check(int(stripped) if isinstance(self.default, int) else float(stripped))
        except ValueError:
            raise UsageError(f"parameter {self.name}: {text!r} is not {self.expects}") from None

    def check(self, value: Value) -> Value:
        """Return the value in the parameter's own type, or refuse it.

        Raises
        ------
        UsageError
            Where the value is of another type or lies out of the domain.
        """
        if isinstance(value, str) and not isinstance(self.default, (bool, str)):
            return self.parse(value)
        if not isinstance(value, bool) and value in self.constants.values():
            return value
        wrong = UsageError(f"parameter {self.name}: {value!r} is not {self.expects}")
        if isinstance(self.default, bool) or isinstance(value, bool):
            if isinstance(self.default, bool) and isinstance(value, bool):
                return value
            raise wrong
        if isinstance(self.default, str):
            if isinstance(value, str) and value in self.choices:
                return value
            raise wrong
        return self._check_number(value, wrong)

    def _check_number(self, value: Value, wrong: UsageError) -> Value:
        if value is None:
            raise wrong
        number = float(value)
        if not math.isfinite(number) or not self.domain.contains_all(np.array([number])):
            raise wrong
        if isinstance(self.default, int):
            if number != int(number):
                raise wrong
            return int(number)
        return number

    def _parse_bool(self, text: str) -> bool:
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if text.lower() not in words:
            raise UsageError(f"parameter {self.name}: {text!r} is not {self.expects}")
        return words[text.lower()]

    @property
    def expects(self) -> str:
        """What a value must be, in words."""
        if isinstance(self.default, bool):
            return "true or false"
        if isinstance(self.default, str):
            return "one of " + ", ".join(self.choices)
        noun = "a whole number" if isinstance(self.default, int) else "a number"
        where = "" if self.domain.is_real_line else f" in {self.domain}"
        names = "".join(f" or {name}" for name in self.constants)
        return f"{noun}{where}{names}"

    def format(self, value: Value) -> str:
        """Write a value so that `parse` reads it back."""
        for name, constant in self.constants.items():
            if value == constant:
                return name
        if isinstance(value, bool):
            return "true" if value else "false"
        return repr(value) if not isinstance(value, str) else value
