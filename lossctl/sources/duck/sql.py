"""Names and texts as SQL writes them. Imports nothing."""

from __future__ import annotations

__all__ = ["quote_name", "quote_text"]


def quote_name(name: str) -> str:
    """Write a name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """Write a text for SQL."""
    return "'" + text.replace("'", "''") + "'"
