"""The commands and the program as Typer runs them, with help and checks of our own. May import Typer and core."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, NoReturn

from typer import Exit
from typer.core import TyperCommand, TyperGroup, TyperOption

from lossctl.core.errors import UsageError

__all__ = ["Command", "Program", "with_values"]

_ALONE: Mapping[str, str] = MappingProxyType({"--quantiles": "p50,p90,p95,p99,max"})
"""Options whose value may be left out, which Typer does not know of, and what it is then."""

_LEVELS = re.compile(r"(?:(?:p?-?[\d.]+(?:e-?\d+)?|min|max)?(?:,\s*|$))+")
"""What follows such an option as its value; anything else is another argument."""

_TRUTHS = re.compile(r"(?:(?:true|false|yes|no|1|0)(?:,\s*|$))+", re.IGNORECASE)
"""What follows a parameter that is true or false as its value, or its values."""


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
        args = with_values(args, self._switches)
        self._refuse_slips(args)
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        single = [each for each in given if isinstance(each, TyperOption) and not (each.multiple or each.is_flag)]
        for option in single:
            if single.count(option) > 1:
                raise UsageError(f"{' / '.join(option.opts)} is given twice", "give it once")
        return super().parse_args(ctx, args)

    def get_help(self, ctx: Any) -> str:
        """Return what ``--help`` prints."""
        from lossctl.cli.help import of_command

        return of_command(self, ctx)

    def get_help_option(self, ctx: Any) -> Any:
        """Return ``--help``."""
        return _paged(super().get_help_option(ctx))

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the options, with ``--help`` and ``--help-all``."""
        return [*super().get_params(ctx), self._help_all]

    @cached_property
    def _switches(self) -> frozenset[str]:
        """The parameters of losses that are true or false."""
        valued = [each for each in self.params if isinstance(each, TyperOption) and not each.is_flag]
        names = {name for each in valued for name in each.opts}
        return frozenset(name for name in names if _off(name) in names)

    @cached_property
    def _help_all(self) -> TyperOption:
        return TyperOption(
            param_decls=["--help-all"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            help="Show all options in full; -h or --help: this text.",
            callback=_print_all,
        )

    def _refuse_slips(self, args: Sequence[str]) -> None:
        """Refuse a long flag with one dash, and a word after a flag or its value that names no file.

        Left to itself Typer takes ``-loss`` for ``-l oss``, and the 2000 of ``--bootstrap 2000`` for a source.
        """
        options = {name: each for each in self.params for name in (*each.opts, *each.secondary_opts)}
        reads = any(each.name in {"source", "sources"} for each in self.params)
        rest, before = list(args), None
        while rest and (arg := rest.pop(0)) != "--":
            if arg[:1] != "-" or arg == "-":
                if reads and before is not None:
                    from lossctl.cli.stray import stray

                    if refusal := stray(*before, [arg, *rest]):
                        raise refusal
                before = None
                continue
            if arg[1] != "-" and arg[2:] and f"-{arg.partition('=')[0]}" in options:
                raise UsageError(f"{arg} has one dash", f"a flag of more than a letter has two: -{arg}")
            name, sign, given = arg.partition("=") if arg[1] == "-" else (arg[:2], arg[2:3], arg[2:])
            option: Any = options.get(name)
            if option is None:
                return  # which is refused for that
            value = given if sign else rest.pop(0) if rest and not option.is_flag else ""
            before = (option, name, None if option.is_flag else value)


class Program(TyperGroup):
    """The program, whose arguments are a command and its arguments."""

    def get_help(self, ctx: Any) -> str:  # noqa: ARG002 -- Typer calls it so
        """Return what ``lossctl --help`` prints."""
        from lossctl.cli.help import of_program

        return of_program(self)

    def get_help_option(self, ctx: Any) -> Any:
        """Return ``--help``."""
        return _paged(super().get_help_option(ctx))


def _paged(option: Any) -> Any:
    """Let an option that prints help show it by a pager."""
    option.callback = _print_help
    return option


def _print_all(context: Any, _option: Any, wanted: bool) -> None:  # noqa: FBT001 -- Typer calls it so
    if wanted and not context.resilient_parsing:
        from lossctl.cli.help import of_command

        _show(of_command(context.command, context, everything=True))


def _print_help(context: Any, _option: Any, wanted: bool) -> None:  # noqa: FBT001 -- Typer calls it so
    if wanted and not context.resilient_parsing:
        _show(context.get_help())


def _show(text: str) -> NoReturn:
    from lossctl.cli.output import print_text

    print_text(f"{text}\n", pages=True)
    raise Exit


def with_values(args: Sequence[str], switches: Collection[str] = ()) -> list[str]:
    """Add to options that may stand alone the value they stand for, unless one follows.

    Parameters
    ----------
    args
        As typed.
    switches
        Options that are true alone, and false where ``no-`` begins their name.

    Raises
    ------
    UsageError
        Where such a name has a value.

    Examples
    --------
    >>> with_values(["p.csv", "--quantiles", "--loss", "mae"])
    ['p.csv', '--quantiles', 'p50,p90,p95,p99,max', '--loss', 'mae']
    >>> with_values(["--full", "--no-variance"], ["--full", "--variance"])
    ['--full', 'true', '--variance', 'false']
    """
    found = []
    offs = {_off(name): name for name in switches}
    end = args.index("--") if "--" in args else len(args)
    for place, arg in enumerate(args[:end]):
        name, has_value, _ = arg.partition("=")
        if name in offs:
            if has_value:
                raise UsageError(f"{name} takes no value", f"write {name} alone")
            found += [offs[name], "false"]
            continue
        found.append(arg)
        follows = args[place + 1 : place + 2]
        if arg in _ALONE and not any(_LEVELS.fullmatch(each) for each in follows):
            found.append(_ALONE[arg])
        elif arg in switches and not any(_TRUTHS.fullmatch(each) for each in follows):
            found.append("true")
    return [*found, *args[end:]]


def _off(name: str) -> str:
    return f"--no-{name[2:]}"
