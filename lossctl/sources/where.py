"""The filter of ``--where``: one SQL condition over the columns of the source, and nothing else.

Imports the standard library and core; parsed by DuckDB.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from lossctl.core.dataclass import dataclass
from lossctl.core.errors import UsageError
from lossctl.sources.options import ColumnType

if TYPE_CHECKING:
    import duckdb

__all__ = ["Filter", "parse_filter"]

Node = Mapping[str, Any]
FORBIDDEN = {
    "SUBQUERY": "another query",
    "WINDOW": "a window function",
    "STAR": "*",
    "PARAMETER": "a parameter",
}
VOLATILE = frozenset(
    """
    random uuid gen_random_uuid uuidv4 uuidv7 now today current_date current_time current_timestamp get_current_time
    get_current_timestamp transaction_timestamp current_localtime current_localtimestamp current_setting nextval
    currval setseed txid_current
    """.split(),  # noqa: SIM905 -- as below
)
"""Functions that would let the same rows give other bits, or that look at the machine."""
TEXTUAL = frozenset(
    """
    ~~ !~~ ~~* !~~* ~ !~ || ->> lower upper lcase ucase length len strlen contains starts_with ends_with prefix suffix
    regexp_matches regexp_full_match regexp_extract regexp_replace substring substr left right trim ltrim rtrim
    replace concat split_part string_split strptime strpos instr position like_escape ilike_escape not_like_escape
    not_ilike_escape md5 hash levenshtein
    """.split(),  # noqa: SIM905 -- a list literal would fill a page
)
"""Functions whose arguments are text."""
NUMERIC_TYPES = frozenset(
    ("tinyint", "smallint", "int", "integer", "bigint", "hugeint", "float", "real", "double", "decimal", "numeric"),
)
CURE = "give one condition over the columns, such as --where \"region = 'north' and weight > 0\""


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition that rows must meet.

    Parameters
    ----------
    text
        The SQL.
    uses
        The names it speaks of, and what each must hold for the condition to make sense, where that shows.
    """

    text: str
    uses: Mapping[str, ColumnType] = field(default_factory=dict)


def parse_filter(text: str, connection: duckdb.DuckDBPyConnection) -> Filter:
    """Read a condition.

    Raises
    ------
    UsageError
        Where it is not one SQL expression over columns.

    Notes
    -----
    In a text file a column has no type until it is read, so the condition decides: what is compared with a text is
    text, what is a condition by itself is true or false, and all else is a number. Text that meets a number is then an
    error that names the line, never a silent comparison of digits as letters.
    """
    if not text.strip():
        raise UsageError("--where is empty", CURE)
    found = connection.execute("select json_serialize_sql(?)", [f"select ({text}\n)"]).fetchall()[0][0]
    tree = json.loads(found)
    if tree.get("error"):
        message = str(tree.get("error_message", "not SQL")).splitlines()[0]
        raise UsageError(f"--where {text!r} is not a condition: {message}", CURE)
    statements = tree["statements"]
    node = statements[0]["node"]
    alone = len(statements) == 1 and node.get("type") == "SELECT_NODE" and len(node["select_list"]) == 1
    empty = alone and node["from_table"]["type"] == "EMPTY" and not node.get("where_clause") and not node["modifiers"]
    if not empty or node.get("having") or node.get("qualify") or node.get("sample") or node["group_expressions"]:
        raise UsageError(f"--where {text!r} is more than one condition", CURE)
    expression = node["select_list"][0]
    for part in _walk(expression):
        if part.get("class") in FORBIDDEN:
            raise UsageError(f"--where {text!r} holds {FORBIDDEN[part['class']]}", CURE)
        if part.get("class") == "FUNCTION" and part.get("function_name") in VOLATILE:
            problem = f"--where {text!r} holds {part['function_name']}(), which gives another answer each time"
            raise UsageError(problem, CURE)
    uses: dict[str, ColumnType] = {}
    _collect(expression, ColumnType.BOOLEAN, uses, frozenset())
    return Filter(text, uses)


def _walk(value: object) -> Iterator[Node]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from _walk(each)
    elif isinstance(value, list):
        for each in value:
            yield from _walk(each)


def _collect(node: Any, context: ColumnType, uses: dict[str, ColumnType], bound: frozenset[str]) -> None:
    """Note the columns under a node, each with the type that the parts around it ask for."""
    if isinstance(node, list):
        for each in node:
            _collect(each, context, uses, bound)
        return
    if not isinstance(node, dict):
        return
    kind = node.get("class")
    if kind == "COLUMN_REF":
        name = node["column_names"][0]
        if name not in bound and uses.get(name, ColumnType.UNKNOWN) in {ColumnType.UNKNOWN, context}:
            uses[name] = context
        elif name not in bound and ColumnType.NUMBER in {uses[name], context}:
            uses[name] = ColumnType.NUMBER
        return
    if kind == "LAMBDA":
        bound |= {part["column_names"][0] for part in _walk(node.get("lhs")) if part.get("class") == "COLUMN_REF"}
    inner = _context(node, context)
    for each in node.values():
        _collect(each, inner, uses, bound)


def _context(node: Node, context: ColumnType) -> ColumnType:
    """Say what columns directly under a node must hold."""
    kind, shape = node.get("class"), str(node.get("type"))
    if kind in {"COMPARISON", "BETWEEN"} or shape in {"COMPARE_IN", "COMPARE_NOT_IN"}:
        return _shown(node)
    if kind == "CONJUNCTION" or shape == "OPERATOR_NOT":
        return ColumnType.BOOLEAN
    if kind == "FUNCTION":
        return ColumnType.TEXT if node.get("function_name") in TEXTUAL else _shown(node)
    if kind in {"CAST", "COLLATE"} or shape in {"OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"}:
        return ColumnType.TEXT
    return context


def _shown(node: Node) -> ColumnType:
    """Say what the parts of a comparison are: its constants and casts show it."""
    for part in _walk(node):
        literal = part.get("literal")
        kind = literal.get("kind") if isinstance(literal, dict) else None
        if kind in {"STRING", "BOOLEAN"}:
            return ColumnType.TEXT if kind == "STRING" else ColumnType.BOOLEAN
        cast = part.get("type_expr")
        if part.get("class") == "COLLATE" or (isinstance(cast, dict) and cast.get("type_name") not in NUMERIC_TYPES):
            return ColumnType.TEXT
    return ColumnType.NUMBER
