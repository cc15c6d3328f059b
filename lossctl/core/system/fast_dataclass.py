"""Dataclasses, made in a fifth of the time: lossctl makes some seventy of them each time it starts.

The standard library of Python 3.11 compiles every method of a dataclass on its own, which took a tenth of a small
run. Here `__init__` alone is compiled. What comes out is a dataclass to all who ask: `fields`, `replace`, pickling,
patterns and type checkers know no difference.

Imports the standard library.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Sequence
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen: bool = False, slots: bool = False, eq: bool = True) -> Callable[[type], type]:
        """Make a class a dataclass, as `dataclasses.dataclass` does; it knows fewer options, and is sooner done.

        Parameters
        ----------
        frozen
            Attributes can't be set once an instance is made.
        slots
            Instances have places for these fields, and no dictionary.
        eq
            Two instances of the class are equal when their fields are, compared as a tuple (a NaN is equal to itself);
            those of a frozen class have a hash as well.

        Examples
        --------
        >>> @dataclass(frozen=True, slots=True)
        ... class Point:
        ...     "A point."
        ...     x: float
        ...     y: float = 0.0
        >>> Point(1.5)
        Point(x=1.5, y=0.0)
        >>> Point(1.5) == Point(1.5, 0.0), len({Point(1.5), Point(1.5)})
        (True, 1)
        """

        def make(cls: type) -> type:
            if any(dataclasses.is_dataclass(base) for base in cls.__mro__[1:]):
                return dataclasses.dataclass(frozen=frozen, slots=slots, eq=eq)(cls)
            own = vars(cls)
            made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
            methods = _methods(made, frozen=frozen, eq=eq)
            if frozen and slots:
                methods |= {"__getstate__": _state, "__setstate__": _set_state}
            for name, method in methods.items():
                if own.get(name) is None:
                    setattr(made, name, method)
            made.__init__ = _init(made, frozen=frozen, slots=slots)
            params = made.__dataclass_params__
            params.init = params.repr = True
            params.eq, params.frozen = eq, frozen
            return made

        return make


_MISSING = dataclasses.MISSING
_NOT_GIVEN = object()
"""Stands where a field with a default factory was not given."""

_set = object.__setattr__


def _init(cls: Any, *, frozen: bool, slots: bool) -> Callable[..., None]:
    """Compile the ``__init__`` of a dataclass."""
    fields = dataclasses.fields(cls)
    known: dict[str, object] = {"_set": _set, "_not_given": _NOT_GIVEN}
    taken, lines = [], []
    for field in fields:
        name, default = field.name, f"_default_{field.name}"
        has_factory, has_default = (each is not _MISSING for each in (field.default_factory, field.default))
        if has_factory or has_default:
            known[default] = field.default_factory if has_factory else field.default
        if field.init:
            taken.append(f"{name}=_not_given" if has_factory else f"{name}={default}" if has_default else name)
            value = f"{default}() if {name} is _not_given else {name}" if has_factory else name
        elif has_factory:
            value = f"{default}()"
        elif has_default and slots:
            value = default
        else:
            continue
        lines.append(f"_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    body = "\n  ".join(lines) or "pass"
    text = f"def make({', '.join(known)}):\n def __init__(self, {', '.join(taken)}):\n  {body}\n return __init__"
    found: dict[str, Any] = {}
    exec(text, vars(sys.modules[cls.__module__]), found)  # noqa: S102 -- the text is made of names of fields alone
    init: Callable[..., None] = found["make"](**known)
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    init.__annotations__ = {field.name: field.type for field in fields if field.init} | {"return": None}
    return init


def _methods(cls: Any, *, frozen: bool, eq: bool) -> dict[str, object]:
    """Return the methods of a dataclass that need no compiling."""
    fields = dataclasses.fields(cls)
    shown = [field.name for field in fields if field.repr]
    values = _getter([field.name for field in fields if field.compare])

    @recursive_repr()
    def show(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    def equal(self: Any, other: object) -> bool:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def hashed(self: Any) -> int:
        return hash(values(self))

    methods: dict[str, object] = {"__repr__": show}
    if eq:
        methods |= {"__eq__": equal, "__hash__": hashed if frozen else None}
    if frozen:
        methods |= {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
    return methods


def _getter(names: Sequence[str]) -> Callable[[Any], tuple[object, ...]]:
    """Return what reads attributes as a tuple, also where there are fewer than two."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda instance: tuple(getattr(instance, name) for name in names)


def _refuse_to_set(_self: object, name: str, _value: object) -> None:
    msg = f"cannot assign to field {name!r}"
    raise dataclasses.FrozenInstanceError(msg)


def _refuse_to_delete(_self: object, name: str) -> None:
    msg = f"cannot delete field {name!r}"
    raise dataclasses.FrozenInstanceError(msg)


def _state(self: Any) -> list[object]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, state: Sequence[object]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        _set(self, field.name, value)
