"""Measured tables in Markdown, and their places in the documents. Imports the standard library only."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

__all__ = ["between", "insert", "markdown", "print_or_write"]


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose columns stand under each other; the first row is its header."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [rows[0], ["-" * width for width in widths], *rows[1:]]
    padded = ([cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in padded)


def between(page: str, name: str) -> str:
    """Return what stands in a page between the marks of a name."""
    return page.split(_begin(name))[1].split(_end(name), maxsplit=1)[0]


def insert(page: str, text: str, name: str = "measured") -> str:
    """Put a text between the marks of a name, in place of what stands there."""
    before, rest = page.split(_begin(name))
    _, after = rest.split(_end(name))
    return f"{before}{_begin(name)}\n\n{text}\n{_end(name)}{after}"


def print_or_write(what: str | None, table: Callable[[], str], name: str) -> None:
    """Run a script that measures: print its table, or write it into the page that ``--write`` names."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--write", type=Path, metavar="PAGE", help="the document whose table is replaced")
    page = parser.parse_args().write
    measured = table()
    if page is None:
        sys.stdout.write(measured)
        return
    page.write_text(insert(page.read_text(encoding="utf-8"), measured, name), encoding="utf-8")


def _begin(name: str) -> str:
    return f"<!-- {name}: begin -->"


def _end(name: str) -> str:
    return f"<!-- {name}: end -->"
