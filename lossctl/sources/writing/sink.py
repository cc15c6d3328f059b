"""Rows written as they are computed: CSV, TSV, JSON lines or Parquet, by DuckDB. Memory stays flat.

Imports duckdb, arro3, NumPy and core.
"""

# ruff: noqa: S608 -- what goes into SQL is quoted by quote_name and quote_text

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, nullcontext, suppress
from functools import partial
from types import MappingProxyType
from typing import Any, BinaryIO

import arro3.core as arro
import duckdb
import numpy as np

from lossctl.core.errors import NO_THREAD, DataError, reason_of
from lossctl.core.escape import guarded
from lossctl.core.results.row_lines import Layout, Lines, slice_column
from lossctl.sources.duck.arrow_feed import Feed
from lossctl.sources.duck.sql import quote_name, quote_text

__all__ = ["SINKS", "write_lines"]

SINKS = ("csv", "tsv", "jsonl", "parquet")
"""What `write_lines` writes."""

_OPTIONS = {
    "csv": "format csv, header true",
    "tsv": "format csv, header true, delimiter '\t', quote ''",
    "jsonl": "format csv, header false, quote '', delimiter '\x01'",  # lines that are JSON already
    "parquet": "format parquet",
}
_MOST_WAITING = "200MB"
"""Of text that several threads wrote, to be put in its order: without a limit it grows with the rows, and no limit is
faster (30 M rows: 13 s and 0.5 GB without, 12 s and 0.14 GB with one)."""
_GROUP_NUMBERS, _LEAST_GROUP, _MOST_GROUP = 2**21, 2048, 122_880
"""Of a row group of Parquet, which is held until it is whole: the numbers of its slopes, and its rows."""
_CHUNK = 1 << 20
"""Bytes of a pipe that are handed on at once."""


def write_lines(
    lines: Iterable[Lines],
    layout: Layout,
    kind: str,
    target: str | BinaryIO,
    *,
    json_text: Callable[[Any], str],
    gzip: bool = False,
    threads: int | None = None,
) -> None:
    """Write lines in their order.

    Numbers read back to the same bits. An infinite one is ``inf`` in CSV and TSV, where a list is ``[0.5, -0.25]``; in
    JSON lines it is ``null``, and ``status`` says which value the loss has.

    Parameters
    ----------
    lines
        What to write; read by this thread or those of DuckDB, one at a time.
    layout
        Its columns.
    kind
        One of `SINKS`.
    target
        The path of a file, which is written over, or a stream, which text is written to as it comes.
    json_text
        Writes a value as JSON.
    gzip
        Whether to compress text.
    threads
        How many may write.

    Raises
    ------
    DataError
        Where the file can't be written.
    BrokenPipeError
        Where nobody reads the stream any more.
    """
    written = _WRITTEN.get(kind, json_text)
    source = _feed(lines, layout, kind, written)
    with closing(duckdb.connect()) as connection:
        for setting in _settings(layout, kind, threads):
            connection.execute(f"set {setting}")
        connection.register("lines", source.stream())
        try:
            with source.uncancelled():
                _copy(connection, _query(layout, kind, written), target, _options(layout, kind, gzip=gzip))
        except duckdb.Error as error:
            source.raise_failure()
            cure = "free some space or choose another path"
            raise DataError(f"rows can't be written: {reason_of(error)}", cure) from error
        except BaseException:  # an interrupt that reached the rows first is what the user did
            source.raise_failure()
            raise


def _settings(layout: Layout, kind: str, threads: int | None) -> list[str]:
    """Return what keeps memory flat: where a row may be long, one thread writes rows as they come."""
    long = layout.vectors or layout.key is not None or layout.slices
    most = os.cpu_count() or 1
    return [
        f"threads = {1 if long else min(threads or most, most)}",
        "enable_progress_bar = false",
        "temp_directory = ''",
        *([f"memory_limit = '{_MOST_WAITING}'"] if kind != "parquet" and not long else []),
    ]


def _options(layout: Layout, kind: str, *, gzip: bool) -> str:
    options = _OPTIONS[kind] + (", compression gzip" if gzip else "") + ", use_tmp_file false"
    if kind != "parquet":
        return options
    return f"{options}, row_group_size {max(_LEAST_GROUP, min(_MOST_GROUP, _GROUP_NUMBERS // layout.width))}"


def _copy(connection: duckdb.DuckDBPyConnection, query: str, target: str | BinaryIO, options: str) -> None:
    with nullcontext(target) if isinstance(target, str) else _Pipe(target) as path:
        connection.execute(f"copy ({query}) to {quote_text(path)} ({options})")


def _query(layout: Layout, kind: str, written: Callable[[str], str]) -> str:
    """Return the SQL that turns entries into names, and numbers into what the format can hold."""
    models, losses = (
        ", ".join(quote_text(written(each)) for each in names) for names in zip(*layout.entries, strict=True)
    )
    chosen = {"model": f"([{models}])[entry + 1]", "loss": f"([{losses}])[entry + 1]"}
    if kind == "jsonl":
        return _json_query(layout, chosen)
    if layout.vectors and kind != "parquet":
        chosen["slope"] = "slope::varchar"
    chosen |= {slice_column(name): f"slice{number}" for number, name in enumerate(layout.slices)}
    columns = [f"{chosen.get(name, name)} as {quote_name(written(name))}" for name in layout.columns]
    return f"select {', '.join(columns)} from lines"


def _json_query(layout: Layout, chosen: dict[str, str]) -> str:
    """Return the SQL of lines of JSON; texts are written as JSON already."""
    slope = _json_number("slope")
    if layout.vectors:
        finite = "list_transform(slope, lambda x: case when isfinite(x) then x end)"
        slope = f"replace({finite}::varchar, 'NULL', 'null')"
    status = (
        "case when isfinite(value) then 'ok' when isnan(value) then 'nan' when value > 0 then 'inf' else '-inf' end"
    )
    chosen |= {"value": _json_number("value"), "slope": slope, "status": f"'\"' || {status} || '\"'"}
    slices = {slice_column(name): "slice" for name in layout.slices}  # together they are an object
    names = dict.fromkeys(slices.get(name, name) for name in (*layout.columns, "status"))
    fields = [f"'\"{name}\": ' || {chosen.get(name, name)}" for name in names]
    joined = " || ', ' || ".join(fields)
    return f"select '{{' || {joined} || '}}' from lines"


def _json_number(number: str) -> str:
    return f"case when isfinite({number}) then {number}::varchar else 'null' end"


def _feed(lines: Iterable[Lines], layout: Layout, kind: str, written: Callable[[Any], str]) -> Feed:
    slope = arro.DataType.float64()
    fields = {"entry": arro.DataType.int32()}
    fields |= {"row": arro.DataType.int64()} if layout.key is None else {"key": arro.DataType.utf8()}
    slices = _slices(layout, kind, written)
    fields |= {name: arro.DataType.utf8() for name in slices}
    fields |= {"weight": arro.DataType.float64()} if layout.weighted else {}
    fields |= {"value": arro.DataType.float64(), "slope": arro.DataType.list(slope) if layout.vectors else slope}
    schema = arro.Schema([arro.Field(name, of) for name, of in fields.items()])
    return Feed(schema, (_arrays(some, slices.values(), written) for some in lines if len(some)))


def _slices(layout: Layout, kind: str, written: Callable[[Any], str]) -> dict[str, Any]:
    """Return Arrow arrays of what is written of each slice, by code: a text for each column, or an object of JSON."""
    if kind == "jsonl" and layout.slices:
        every = zip(*layout.slices.values(), strict=True)
        objects = [written(dict(zip(layout.slices, values, strict=True))) for values in every]
        return {"slice": arro.Array(objects, type=arro.DataType.utf8())}
    columns = enumerate(layout.slices.values())
    texts = {number: [None if value is None else written(value) for value in values] for number, values in columns}
    return {f"slice{number}": arro.Array(each, type=arro.DataType.utf8()) for number, each in texts.items()}


def _arrays(lines: Lines, slices: Iterable[Any], written: Callable[[str], str]) -> list[Any]:
    arrays = [_numbers(lines.entries)]
    if lines.keys is None:
        arrays.append(_numbers(lines.rows + 1))
    else:
        keys = _all_written(lines.keys, written)
        arrays.append(arro.Array(keys, type=arro.DataType.utf8()))
    if lines.slices is not None:
        arrays += [each.take(lines.slices) for each in slices]
    if lines.weights is not None:
        arrays.append(_numbers(lines.weights))
    arrays.append(_numbers(lines.losses))
    slopes = _numbers(lines.slopes)
    arrays.append(slopes if lines.ends is None else arro.list_array(_numbers(lines.ends), slopes))
    return arrays


def _all_written(texts: Sequence[str], written: Callable[[str], str]) -> list[str]:
    """Write texts; mostly one look at all of them tells that none needs a second."""
    joined = "\n".join(texts)
    if joined.count("\n") == len(texts) - 1 and _HARMLESS.fullmatch(joined):
        around = written("")  # quotes, of JSON
        return [f"{around[:1]}{text}{around[1:]}" for text in texts] if around else list(texts)
    return [written(text) for text in texts]


_HARMLESS = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_ .:/-]*(?:\n|$))*")
"""Texts of a line each that every format holds as they are."""

_WRITTEN: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {"csv": guarded, "tsv": partial(guarded, also='"\t'), "parquet": str}
)
"""How a format holds text; JSON lines as JSON."""


def _numbers(values: Any) -> Any:
    return arro.Array.from_numpy(np.ascontiguousarray(values))


class _Pipe:
    """A path to write to whose bytes go on to a stream: DuckDB knows files alone."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._failure: BaseException | None = None
        self._read, self._write = os.pipe()
        self._pump = threading.Thread(target=self._run, name="lossctl-pipe", daemon=True)

    def __enter__(self) -> str:
        try:
            self._pump.start()
        except RuntimeError:
            for end in (self._read, self._write):
                os.close(end)
            raise MemoryError(NO_THREAD) from None
        return f"/dev/fd/{self._write}"

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        os.close(self._write)
        self._pump.join()
        if self._failure is not None and (kind is None or issubclass(kind, duckdb.Error)):
            raise self._failure

    def _run(self) -> None:
        try:
            while chunk := os.read(self._read, _CHUNK):
                self._stream.write(chunk)
            self._stream.flush()
        except BaseException as failure:  # noqa: BLE001 -- raised by the thread that writes
            self._failure = failure
        finally:
            with suppress(OSError):
                os.close(self._read)
