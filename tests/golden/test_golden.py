from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.golden.golden_cases import CASES, EXPECTED, produce, write_files
from tests.transcript import REFRESH, alike, difference, scratch


@pytest.fixture(autouse=True)
def folder() -> Iterator[None]:
    with scratch() as place:
        write_files(place)
        yield


@pytest.mark.parametrize("name", CASES)
def test_a_command_prints_its_golden_file(name: str) -> None:
    file = EXPECTED / f"{name}.txt"
    assert file.is_file(), f"{file.name} is missing: {REFRESH}"
    expected, actual = file.read_bytes().decode(), produce(name)
    assert alike(expected, actual), difference(expected, actual, file.name)


def test_each_golden_file_has_a_command() -> None:
    assert {file.stem for file in EXPECTED.iterdir()} == set(CASES), f"{REFRESH} removes those that have none"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a 1.2500\n", "a 1.2500\n", True),
        ("a 1.2500\n", "a 1.2501\n", False),
        ("a 45.25311384928233,", "a 45.25311384928234,", True),
        ("a 45.25311384928233,", "a 45.25311384938233,", False),
        ("a 45.25311384928233,", "a -45.25311384928233,", False),
        ("a 4.525311384928233e-9", "a 4.525311384928234e-9", True),
        ("a 4.525311384928233e-9", "a 4.525311384928233e-8", False),
        ("a 45.25311384928233,", "b 45.25311384928234,", False),
        ("n=442", "n=443", False),
        ("a 1.0", "a 1.0000000000000002", True),
        ("a 0", "a 1e-300", False),
        ("a\n", "a", False),
    ],
)
def test_only_the_last_digits_of_full_precision_are_forgiven(one: str, other: str, *, same: bool) -> None:
    assert alike(one, other) is same
