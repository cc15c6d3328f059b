"""A command that takes no option twice, unless it is one to repeat. May import Typer and core."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperOption

from lossctl.core.errors import UsageError

__all__ = ["Command"]


class Command(TyperCommand):
    """A command of lossctl.

    Left to itself Typer takes the last of several: a second ``--where`` would drop the first without a word.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments.

        Raises
        ------
        UsageError
            Where an option stands twice that has one value.
        """
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        single = [each for each in given if isinstance(each, TyperOption) and not (each.multiple or each.is_flag)]
        for option in single:
            if single.count(option) > 1:
                raise UsageError(f"{' / '.join(option.opts)} is given twice", "give it once")
        return super().parse_args(ctx, args)
