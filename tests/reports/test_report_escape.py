"""Escaping: what is shown, what is guarded, and that the guard comes off exactly."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lossctl.core.escape import guarded, is_plain, terminal, unguarded, visible

ANY_TEXT = st.text(st.characters(exclude_categories=()))
TRICKY = st.text(st.sampled_from("\\'\"nrtxuU0a#:=-\n\t\r\0 \u202e\ud800é＝"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 日本 👩", "plain é 日本 👩"),
        ("no\u00a0break wide\u3000space", "no\u00a0break wide\u3000space"),
        ("\n\r\t", r"\n\r\t"),
        ("\x00\x1b\x7f\x9b", r"\x00\x1b\x7f\x9b"),
        ("\u202e\u2066\u200b\ufeff", r"\u202e\u2066\u200b\ufeff"),
        ("\u2028\u2029\x85", r"\u2028\u2029\x85"),
        ("\u3164\u115f", r"\u3164\u115f"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("C:\\data", "C:\\data"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(ANY_TEXT)
def test_visible_text_prints(text: str) -> None:
    shown = visible(text)
    assert all(map(is_plain, shown))
    assert visible(shown) == shown
    shown.encode("utf-8")


@given(ANY_TEXT | st.text(st.sampled_from(":# e")))
def test_terminal_text_holds_no_command(text: str) -> None:
    shown = terminal(text)
    assert "::" not in shown
    assert "##" not in shown


@pytest.mark.parametrize(
    "text",
    ["huber(delta=0.5)", "C:\\new\\table", "a,b", 'say "hi"', "", "-", "+", "@", "std::vector", "a#b", "日本", "p@q"],
)
def test_text_without_hazard_is_not_touched(text: str) -> None:
    assert guarded(text) == text


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+x", "'+x"),
        ("-x", "'-x"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("＝x", "'＝x"),
        ("＋x", "'＋x"),
        ("－x", "'－x"),
        ("＠x", "'＠x"),
        ("\t=x", r"'\t=x"),
        ("\r=x", r"'\r=x"),
        ("=\n", r"'=\n"),
        ("'a", "''a"),
        ("a\n\\n", r"'a\n\\n"),
        ("\x1b\u202e\U000e0041", r"'\x1b\u202e\U000e0041"),
        ("::error::x", "'::error::x"),
        ("  ::error::x", "'  ::error::x"),
        ("x ##[error]", r"'x #\x23[error]"),
    ],
)
def test_text_with_a_hazard_is_guarded(text: str, safe: str) -> None:
    assert guarded(text) == safe
    assert unguarded(safe) == text


def test_more_characters_can_be_escaped() -> None:
    assert guarded('a"b', also='"') == r"'a\x22b"
    assert guarded('a"b') == 'a"b'


@given(ANY_TEXT | TRICKY)
@example("'\\x41")
@example("\\x41\n")
def test_the_guard_comes_off_exactly(text: str) -> None:
    for also in ("", '"'):
        safe = guarded(text, also)
        assert unguarded(safe) == text
        assert "##" not in safe
        assert all(map(is_plain, safe))
        assert not safe.lstrip().startswith("::")
        assert len(safe) < 2 or safe[0] not in "=+-@＝＋－＠"
        assert not set(also) & set(safe)
