"""lossctl's dataclasses beside the standard library's: nobody who uses one can tell which it is."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field
from typing import Any

import pytest

from lossctl.core.system import fast_dataclass as ours

KINDS = [
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": False},
    {"frozen": False, "slots": True},
    {"frozen": False, "slots": False},
    {"frozen": True, "slots": True, "eq": False},
    {"frozen": False, "slots": True, "eq": False},
]

Pair = tuple[Any, Any, dict[str, bool]]
"""A class made by lossctl, the same made by the standard library, and with which options."""


class Told:
    """What a class is made of."""

    first: int
    second: str = "two"
    many: list[int] = field(default_factory=lambda: [1, 2])
    unseen: float = field(default=0.5, repr=False)
    aside: object = field(default=None, compare=False)
    later: float = field(init=False)
    counted: int = field(init=False, default=7)
    made: dict[str, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "later", self.first + 0.25)


def made_by(dataclass: Callable[..., Any], options: dict[str, bool]) -> type:
    """Return a class with all that a dataclass can have, made anew by either."""
    body = {name: value for name, value in vars(Told).items() if name not in {"__dict__", "__weakref__"}}
    cls = type("Told", (), body)
    made: type = dataclass(**options)(cls)
    return made


@pytest.fixture(params=KINDS, ids=lambda kind: "+".join(name for name, value in kind.items() if value) or "none")
def pair(request: pytest.FixtureRequest) -> Pair:
    options = {"eq": True, **request.param}
    return made_by(ours.dataclass, options), made_by(dataclasses.dataclass, options), options


def test_it_looks_the_same(pair: Pair) -> None:
    mine, theirs, _ = pair
    assert (
        repr(mine(3))
        == repr(theirs(3))
        == "Told(first=3, second='two', many=[1, 2], aside=None, later=3.25, counted=7, made={})"
    )
    assert str(inspect.signature(mine)).replace("_not_given", "") != ""
    for one, other in zip(dataclasses.fields(mine), dataclasses.fields(theirs), strict=True):
        assert (one.name, one.type, one.init, one.repr, one.compare) == (
            other.name,
            other.type,
            other.init,
            other.repr,
            other.compare,
        )
    assert mine.__match_args__ == theirs.__match_args__
    for name in ("init", "repr", "eq", "frozen"):
        assert getattr(mine.__dataclass_params__, name) == getattr(theirs.__dataclass_params__, name)
    given = [
        [(p.name, p.kind, p.annotation) for p in inspect.signature(each).parameters.values()] for each in (mine, theirs)
    ]
    assert given[0] == given[1]
    assert mine.__init__.__qualname__ == theirs.__init__.__qualname__


def test_it_is_made_and_compared_the_same(pair: Pair) -> None:
    for cls in pair[:2]:
        assert cls(1).many == [1, 2]
        assert cls(1).many is not cls(1).many
        assert cls(1, many=[]).many == []
        assert (cls(1) == cls(1, aside="other")) is pair[2]["eq"]
        assert cls(1) != cls(2)
        assert cls(1) != cls(1, unseen=0.75)
        assert cls(1).__eq__(1) is NotImplemented
        for wrong in ((), (1, 2, 3, 4, 5, 6)):
            with pytest.raises(TypeError, match="positional argument"):
                cls(*wrong)
        with pytest.raises(TypeError, match="unexpected keyword argument 'later'"):
            cls(1, later=2)


def test_what_is_the_same_is_equal_on_every_python(pair: Pair) -> None:
    """From Python 3.13 on the standard library compares NaN with itself as a number; results compare as before."""
    mine, _, options = pair
    nan = float("nan")
    assert (mine(1, unseen=nan) == mine(1, unseen=nan)) is options["eq"]
    assert mine(1, unseen=nan) != mine(1, unseen=-nan)


def test_it_has_a_hash_where_it_should(pair: Pair) -> None:
    mine, theirs, options = pair
    for cls in (mine, theirs):
        if options["eq"] and not options["frozen"]:
            with pytest.raises(TypeError, match="unhashable"):
                hash(cls(1))
        elif options["eq"]:
            with pytest.raises(TypeError, match="unhashable type: 'list'"):
                hash(cls(1))
            object.__setattr__(one := cls(1, many=()), "made", ())
            object.__setattr__(other := cls(1, many=(), aside=2), "made", ())
            assert hash(one) == hash(other) == hash((1, "two", (), 0.5, 1.25, 7, ()))
        else:
            assert hash(one := cls(1)) == object.__hash__(one)


def test_it_stays_as_it_is_when_frozen(pair: Pair) -> None:
    for cls in pair[:2]:
        one = cls(1)
        if not pair[2]["frozen"]:
            one.first = 5
            assert one.first == 5
            continue
        for name in ("first", "later"):
            with pytest.raises(FrozenInstanceError, match=f"^cannot assign to field '{name}'$"):
                setattr(one, name, 2)
            with pytest.raises(FrozenInstanceError, match=f"^cannot delete field '{name}'$"):
                delattr(one, name)
        assert (one.first, one.later) == (1, 1.25)


def test_it_has_a_dictionary_unless_it_has_slots(pair: Pair) -> None:
    assert [hasattr(cls(1), "__dict__") for cls in pair[:2]] == [not pair[2]["slots"]] * 2


def test_it_is_copied_replaced_and_pickled(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    for cls in pair[:2]:
        monkeypatch.setattr(sys.modules[__name__], "Told", cls)
        one = cls(3, aside="kept")
        for other in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):  # noqa: S301 -- it is our own
            assert repr(other) == repr(one)
            assert (other.unseen, other.aside) == (0.5, "kept")
        with pytest.raises((TypeError, ValueError), match=r"field later is declared with init=False"):
            dataclasses.replace(one, later=1)
        assert dataclasses.replace(one, second="new").second == "new"
        assert dataclasses.asdict(one)["later"] == 3.25


def test_own_methods_stay() -> None:
    @ours.dataclass(frozen=True, slots=True)
    class Own:
        """A class with methods of its own."""

        x: int

        def __repr__(self) -> str:
            return "mine"

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 11

    assert (repr(Own(1)), Own(1) == Own(2), hash(Own(1))) == ("mine", True, 11)


@pytest.mark.parametrize("names", [(), ("one",), ("one", "two")])
def test_few_fields_compare_as_tuples(names: tuple[str, ...]) -> None:
    cls = ours.dataclass(frozen=True)(
        type("Few", (), {"__annotations__": dict.fromkeys(names, "float"), "__module__": __name__, "__doc__": "few"})
    )
    nan = float("nan")
    assert cls(*[nan] * len(names)) == cls(*[nan] * len(names))
    assert hash(cls(*range(len(names)))) == hash(tuple(range(len(names))))
    assert repr(cls(*range(len(names)))) == f"Few({', '.join(f'{name}={at}' for at, name in enumerate(names))})"


def test_an_instance_within_itself_is_shown() -> None:
    @ours.dataclass()
    class Loop:
        """It may hold itself."""

        inner: object = None

    one = Loop()
    one.inner = one
    assert repr(one).endswith("Loop(inner=...)")


def test_a_class_may_inherit_fields() -> None:
    @ours.dataclass(frozen=True, slots=True)
    class Base:
        """A base."""

        x: int

    @ours.dataclass(frozen=True, slots=True)
    class More(Base):
        """It has one field more."""

        y: int = 2

    assert repr(More(1)).endswith("More(x=1, y=2)")
    assert More(1) == More(1, 2) != More(1, 3)
    with pytest.raises(FrozenInstanceError):
        More(1).x = 2  # type: ignore[misc] -- that is what is refused
    with pytest.raises(TypeError, match="non-frozen dataclass from a frozen"):
        ours.dataclass()(type("Thawed", (Base,), {"__annotations__": {"z": "int"}}))
