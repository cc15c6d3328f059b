"""The filter of ``--where``: one SQL condition over the columns of the source, and nothing else.

Imports the standard library and core; parsed by DuckDB.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from lossctl.core.errors import UsageError
from lossctl.core.system.fast_dataclass import dataclass
from lossctl.sources.files.options import ColumnType

if TYPE_CHECKING:
    import duckdb

__all__ = ["LESS", "Filter", "parse_filter"]

Node = Mapping[str, Any]
NOT_ALLOWED = {
    "SUBQUERY": "another query",
    "WINDOW": "a window function",
    "STAR": "*",
    "PARAMETER": "a parameter",
    "POSITIONAL_REFERENCE": "a column by its number",
    "LAMBDA": "a function of its own",
    "DEFAULT": "a default",
}
"""What nodes that a condition may not hold are to a person."""
LONGEST = 100_000
DEEPEST = 100
MOST_COPIES = 250
"""How many characters a condition may have, how deep it may be nested, and how many copies of the texts of a row it may
make: ``a || a`` makes two. DuckDB holds those of 2,048 rows, and its own limit of memory does not count them;
`lossctl.sources.query.limits` looks at what they take."""
_LETTERS_A_COPY = 100
_SHOWN = 100
"""Characters of a condition in an error."""
LESS = "make fewer or shorter texts and lists in"
"""The start of the cure where a condition takes too much memory."""
TEXTUAL = frozenset(
    """
    ~~ !~~ ~~* !~~* ~ !~ || ->> lower upper lcase ucase length len strlen contains starts_with ends_with prefix suffix
    regexp_matches regexp_full_match regexp_extract regexp_replace substring substr left right trim ltrim rtrim
    replace concat split_part string_split strptime strpos instr position like_escape ilike_escape not_like_escape
    not_ilike_escape md5
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

    @property
    def shown(self) -> str:
        """The condition as an error about memory or time quotes it: in quotes, and its start where it is long."""
        return repr(self.text if len(self.text) <= _SHOWN else f"{self.text[:_SHOWN]}…")


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
    if len(text) > LONGEST:
        problem = f"--where has {len(text)} characters, and {LONGEST} are the most"
        raise UsageError(problem, "put the rows that are meant into a column of the file, and filter by it")
    try:
        expression = _parsed(text, connection)
        _refuse_others(text, expression, connection)
        _copies(text, expression)
    except RecursionError:
        raise _too_deep(text) from None
    uses: dict[str, ColumnType] = {}
    _collect(expression, ColumnType.BOOLEAN, uses)
    return Filter(text, uses)


def _parsed(text: str, connection: duckdb.DuckDBPyConnection) -> Node:
    """Return the tree of a condition.

    It is parsed twice: as a column of its own, which tells what else was written, and as an argument, which is how it
    stands in queries and where nothing can follow it.
    """
    tree = _tree(f"select ({text}\n)", connection)
    if tree.get("error"):
        message = str(tree.get("error_message", "not SQL")).splitlines()[0]
        if "expression depth" in message:
            raise _too_deep(text)
        from lossctl.sources.duck.condition_faults import not_parsed

        problem, cure = not_parsed(message, text)
        raise UsageError(f"--where {text!r} is not a condition: {problem}", cure)
    statements = tree["statements"]
    node = statements[0]["node"]
    alone = len(statements) == 1 and node.get("type") == "SELECT_NODE" and len(node["select_list"]) == 1
    empty = alone and node["from_table"]["type"] == "EMPTY" and not node.get("where_clause") and not node["modifiers"]
    more = not empty or any(node.get(each) for each in ("having", "qualify", "sample", "group_expressions"))
    inner = {} if more else _tree(f"select coalesce((\n{text}\n), false)", connection)
    if more or inner.get("error"):
        raise UsageError(f"--where {text!r} is more than one condition", CURE)
    (argument, _) = inner["statements"][0]["node"]["select_list"][0]["children"]
    found: Node = argument
    return found


def _tree(query: str, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    found = connection.execute("select json_serialize_sql(?)", [query]).fetchall()[0][0]
    tree: dict[str, Any] = json.loads(found)
    return tree


def _too_deep(text: str) -> UsageError:
    cure = f"{DEEPEST} levels are the most: compare with many values by in (…)"
    return UsageError(f"--where {text[:_LETTERS_A_COPY]!r} is nested too deeply", cure)


def _refuse_others(text: str, expression: Node, connection: duckdb.DuckDBPyConnection) -> None:
    """Refuse all that `lossctl.sources.query.allowed` does not list."""
    from lossctl.sources.query.allowed import COLLATIONS, NODES, OPERATORS, TYPES

    for part, depth in _nodes(expression):
        kind, shape = str(part["class"]), str(part.get("type"))
        if depth > DEEPEST:
            raise _too_deep(text)
        arrow = kind == "LAMBDA" and part.get("syntax_type") == "SINGLE_ARROW" and part["expr"]["class"] == "CONSTANT"
        if kind not in NODES or (kind == "LAMBDA" and not arrow):
            raise UsageError(f"--where {text!r} holds {NOT_ALLOWED.get(kind, kind.lower())}", CURE)
        if kind == "OPERATOR" and shape not in OPERATORS:
            raise UsageError(f"--where {text!r} holds {shape.removeprefix('OPERATOR_').lower()}()", CURE)
        if kind == "COLLATE" and str(part["collation"]).lower() not in COLLATIONS:
            cure = f"one of {', '.join(sorted(COLLATIONS))}"
            raise UsageError(f"--where {text!r}: there is no collation {part['collation']}", cure)
        if kind == "TYPE" and (str(part["type_name"]).lower() not in TYPES or part.get("schema")):
            problem = f"--where {text!r}: {part['type_name']} is no type that a condition may cast to"
            raise UsageError(problem, "such as double, varchar, date or timestamp")
        if kind == "FUNCTION":
            _refuse_function(text, part, connection)


def _refuse_function(text: str, call: Node, connection: duckdb.DuckDBPyConnection) -> None:
    from lossctl.sources.query.allowed import FUNCTIONS

    name, owner = str(call["function_name"]), call.get("schema")
    if owner and name.lower() in FUNCTIONS:
        raise UsageError(f"--where {text!r}: {owner}.{name}() is no function", f"write {name}({owner}, …)")
    plain = not (owner or call.get("filter") or call.get("distinct") or call["order_bys"].get("orders"))
    if name.lower() not in FUNCTIONS or not plain:
        raise _no_such_function(text, name, connection)


def _no_such_function(text: str, name: str, connection: duckdb.DuckDBPyConnection) -> UsageError:
    """Return the error for a function that a condition may not call: why, and what to call instead."""
    from lossctl.core.names import meant
    from lossctl.sources.query.allowed import FUNCTIONS, INSTEAD

    query = "select function_type, stability from duckdb_functions() where function_name = lower(?)"
    known = connection.execute(query, [name]).fetchall()
    kinds, stabilities = {kind for kind, _ in known}, {stability for _, stability in known}
    if not known:
        why = "there is no such function"
    elif kinds & {"aggregate", "window"}:
        why = "it is of many rows, and a condition is of one"
    elif stabilities & {"VOLATILE"}:
        why = "it gives another answer each time"
    else:
        why = "its value can depend on more than the row, or it can take any amount of time or memory"
    listed = "docs/formats.md lists the functions of a condition"
    cure = INSTEAD.get(name.lower()) or " ".join(filter(None, (meant(name, FUNCTIONS), listed)))
    return UsageError(f"--where {text!r} calls {name}(): {why}", cure)


def _copies(text: str, expression: Node) -> None:
    """Refuse a condition that makes many copies of a row's texts, or texts of any length."""
    made = 0.0

    def weight(node: Any) -> float:
        """Return how many texts of the row the value of a node may hold, and count those that are made on the way."""
        nonlocal made
        if isinstance(node, list):
            return sum(map(weight, node))
        if not isinstance(node, dict):
            return 0
        if str(node.get("function_name")).lower() == "concat_ws":  # the first stands between all others
            first, *others = map(weight, node["arguments"])
            below = first * len(others) + sum(others)
        else:
            below = sum(weight(each) for each in node.values())
        kind = node.get("class")
        if kind == "CONSTANT":
            literal = node["literal"]
            return len(literal["text"]) / _LETTERS_A_COPY if literal.get("kind") in {"STRING", "HEX"} else 0
        if kind == "COLUMN_REF":
            return 1
        if not _makes_copies(node):
            return below if kind in {None, "CASE", "OPERATOR"} else min(below, 1)
        below *= _growth(text, node)
        made += below
        if made > MOST_COPIES:
            problem = f"--where {text[:_LETTERS_A_COPY]!r} makes more than {MOST_COPIES} copies of the texts of a row"
            raise UsageError(problem, "shorten it, or put what it computes into a column of the file")
        return below

    weight(expression)


def _makes_copies(node: Node) -> bool:
    from lossctl.sources.query.allowed import TEXT_MAKERS

    if node.get("class") == "FUNCTION":
        return str(node["function_name"]).lower() in TEXT_MAKERS
    return node.get("class") in {"CAST", "COLLATE", "LAMBDA"} or node.get("type") in {
        "ARRAY_CONSTRUCTOR",
        "ARRAY_SLICE",
    }


def _growth(text: str, node: Node) -> int:
    """Return by how much a function can make a text longer; refuse a replacement whose length is not written."""
    name = str(node.get("function_name")).lower()
    if name in {"string_split", "str_split", "string_to_array", "split"}:
        return 16  # bytes that an item of a list takes, and each may be one character
    if name not in {"replace", "regexp_replace"}:
        return 1
    given = [each["expression"].get("literal", {}).get("text") for each in node["arguments"][1:3]]
    if len(given) < 2 or None in given:  # noqa: PLR2004 -- what is replaced, and by what
        problem = f"--where {text!r}: {name}() takes something else than two texts for what is replaced and by what"
        raise UsageError(problem, "write both in quotes")
    old, new = map(len, given)
    return new + 1 if name == "regexp_replace" else 1 + new // max(old, 1)


def _nodes(value: object, depth: int = 0) -> Iterator[tuple[Node, int]]:
    """Yield the nodes of a tree, each with how deep it stands."""
    if isinstance(value, dict):
        if "class" in value:
            depth += 1
            yield value, depth
        for each in value.values():
            yield from _nodes(each, depth)
    elif isinstance(value, list):
        for each in value:
            yield from _nodes(each, depth)


def _walk(value: object) -> Iterator[Node]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from _walk(each)
    elif isinstance(value, list):
        for each in value:
            yield from _walk(each)


def _collect(node: Any, context: ColumnType, uses: dict[str, ColumnType]) -> None:
    """Note the columns under a node, each with the type that the parts around it ask for."""
    if isinstance(node, list):
        for each in node:
            _collect(each, context, uses)
        return
    if not isinstance(node, dict):
        return
    kind = node.get("class")
    if kind == "COLUMN_REF":
        name = node["column_names"][0]
        if uses.get(name, ColumnType.UNKNOWN) in {ColumnType.UNKNOWN, context}:
            uses[name] = context
        elif ColumnType.NUMBER in {uses[name], context}:
            uses[name] = ColumnType.NUMBER
        return
    inner = _context(node, context)
    for each in node.values():
        _collect(each, inner, uses)


def _context(node: Node, context: ColumnType) -> ColumnType:
    """Return what columns directly under a node must hold."""
    kind, shape = node.get("class"), str(node.get("type"))
    if kind in {"COMPARISON", "BETWEEN"} or shape in {"COMPARE_IN", "COMPARE_NOT_IN"}:
        return _shown(node)
    if kind == "CONJUNCTION" or shape == "OPERATOR_NOT":
        return ColumnType.BOOLEAN
    if kind == "FUNCTION":
        return ColumnType.TEXT if node.get("function_name") in TEXTUAL else _shown(node)
    if kind in {"CAST", "COLLATE", "LAMBDA"} or shape in {"OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"}:
        return ColumnType.TEXT
    return context


def _shown(node: Node) -> ColumnType:
    """Return what the parts of a comparison are: its constants and casts show it."""
    for part in _walk(node):
        literal = part.get("literal")
        kind = literal.get("kind") if isinstance(literal, dict) else None
        if kind in {"STRING", "BOOLEAN"}:
            return ColumnType.TEXT if kind == "STRING" else ColumnType.BOOLEAN
        cast = part.get("type_expr")
        if part.get("class") == "COLLATE" or (isinstance(cast, dict) and cast.get("type_name") not in NUMERIC_TYPES):
            return ColumnType.TEXT
    return ColumnType.NUMBER
