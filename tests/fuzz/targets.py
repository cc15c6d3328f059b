"""What is fuzzed: for each kind of input how it is made, what it is asked, and what must hold of the answer.

A case is the bytes of one file. `Target.judge` gives what is wrong with lossctl's answer to it, or nothing: never a
traceback, a fault of its own, a hang or a dead process, and of CSV and JSON lines never another value than Python's own
readers give.
"""

from __future__ import annotations

import csv
import io
import json
import math
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lossctl.core.errors import UsageError
from lossctl.core.spelling import canonical
from lossctl.gates.grammar import parse_gate
from tests.cli.cases import Ran
from tests.fuzz.worker import DIED, HUNG, Worker

CORPUS = Path(__file__).parent / "corpus"
JSON = ("-f", "json", "--nan", "omit", "--threads", "1")
CODES = frozenset({0, 1, 2, 3, 4})

GOOD = b"target,prediction\n1,2\n3,5\n"


@dataclass(frozen=True)
class Target:
    """One kind of input.

    Parameters
    ----------
    name
        The folder of its seeds in the corpus.
    file
        What its file is called.
    make
        Makes a case from a random generator and seeds.
    judge
        Says what is wrong; empty where nothing is.
    """

    name: str
    file: str
    make: Callable[[random.Random, Sequence[bytes]], bytes]
    judge: Callable[[bytes, Worker, str], str]

    def seeds(self) -> list[bytes]:
        """Return the seeds of the corpus, in the order of their names."""
        return [path.read_bytes() for path in sorted((CORPUS / self.name).glob("*"))]


def unsound(ran: Ran) -> str:
    """Return what no answer may be, whatever was asked."""
    if ran.code in {DIED, HUNG}:
        return "the process died" if ran.code == DIED else "no answer"
    if ran.code not in CODES:
        return f"exit code {ran.code}: {ran.stderr[:500]}"
    if "Traceback" in ran.stderr or "fault of lossctl" in ran.stderr:
        return f"a fault of its own: {ran.stderr[:500]}"
    if ran.code in {2, 3} and not any(line.startswith("error: ") for line in ran.lines):
        return f"exit code {ran.code} without an error"
    return ""


# --- delimited text -------------------------------------------------------------------------------------------------

_CELLS = ["1", "2.5", "-3e2", "", " 4", '"6"', '"7.5"', "0", "1e-3", "-0", "10"]
_ODD = [
    "x",
    '"1',
    '1"',
    '"1"2',
    "1,2",
    '"a""b"',
    "1__0",
    "1_0",
    "NA",
    "nan",
    "inf",
    '"\n8"',
    "true",
    "é",
    '""',
    " ",
    "٣",
]
_NOTES = ["a", "b", "", '"a,b"', '"c\nd"', "True", "1.0", "007", '""', "é", "'", "\\"]
_TYPES = [",", ";", "\t", "|"]
_ENDS = ["\n", "\r\n", "\r"]


def make_csv(rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Write a table with a few odd cells, or change bytes of a seed."""
    if seeds and rng.random() < 0.4:
        return mutated(rng, seeds, _ODD + _TYPES + _ENDS)
    delimiter, end = rng.choice(_TYPES), rng.choice(_ENDS)
    header = ["target", "prediction", "note"][: rng.choice([2, 3, 3])]
    odd = rng.choice([0.0, 0.02, 0.1])
    lines = [delimiter.join(header)]
    for _ in range(rng.randint(0, 8)):
        cells = [rng.choice(_ODD if rng.random() < odd else _CELLS) for _ in range(2)]
        cells += [rng.choice(_NOTES)] * (len(header) - 2)
        cells += [""] if rng.random() < odd else []
        lines.append(delimiter.join(cells if rng.random() > odd / 2 else cells[:-1]))
        if rng.random() < odd:
            lines.append(rng.choice(["", " ", delimiter]))
    if rng.random() < 0.1:  # so do these
        lines[1:1] = [delimiter.join(["1", "2", "x" * 1000][: len(header)])] * (70 if len(header) > 2 else 7000)
    text = end.join(lines) + (end if rng.random() < 0.8 else "")
    mark = "\ufeff" if rng.random() < 0.1 else ""
    return (mark + text).encode()


def mutated(rng: random.Random, seeds: Sequence[bytes], words: Sequence[str]) -> bytes:
    """Change a few bytes of a seed: flip, drop, repeat, or put a word of the format there."""
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(data) + 1)
        what = rng.randrange(5)
        if what == 0 and place < len(data):
            data[place] ^= 1 << rng.randrange(8)
        elif what == 1:
            del data[place : place + rng.randint(1, 4)]
        elif what == 2:
            data[place:place] = data[max(0, place - rng.randint(1, 12)) : place]
        elif what == 3 and place < len(data):
            data[place] = rng.randrange(256)
        else:
            data[place:place] = rng.choice(words).encode()
    return bytes(data)


def read_csv(data: bytes) -> dict[str, list[str]] | None:
    """Read a table with Python's strict reader; ``None`` where it is none that has a target and a prediction."""
    text = data.decode("utf-8-sig", errors="surrogateescape").lstrip("\r\n")
    told = re.match(r'"?sep=([^A-Za-z0-9"\r\n])"? *(\r\n|\r|\n)', text, re.IGNORECASE)
    if told:
        text = text[told.end() :].lstrip("\r\n")
    for delimiter in [told[1]] if told else _TYPES:
        try:
            records = [
                each for each in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if each
            ]
        except csv.Error:
            continue
        names = [name.strip().lower() for name in records[0]] if records else []
        if names.count("target") == 1 and names.count("prediction") == 1:
            rows = [row[: len(names)] if not any(row[len(names) :]) else row for row in records[1:]]
            if any(len(row) != len(names) for row in rows):
                return None
            columns = {name: [row[place] for row in rows] for place, name in enumerate(records[0])}
            return {name.strip().lower(): values for name, values in columns.items()}
    return None


_DECIMAL = re.compile(r"\s*[+-]?(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)([eE][+-]?\d+(_\d+)*)?\s*", re.ASCII)


def number_of(text: str) -> float | None:
    """Return the number a text is to lossctl; NaN where it is missing, ``None`` where it is none."""
    if text == "":
        return math.nan
    if re.fullmatch(r"\s*[+-]?(nan|inf(inity)?)\s*", text, re.IGNORECASE):
        return math.nan
    return finite(float(text.replace("_", ""))) if _DECIMAL.fullmatch(text) else None


def finite(number: float) -> float:
    """Return a number; NaN where it is none, for rows of both are left out."""
    return number if math.isfinite(number) else math.nan


def numbers_of(texts: Sequence[str]) -> list[float] | None:
    """Return the numbers of a column; ``None`` where a text is none, and the column holds more than truth values."""
    words = {text.lower() for text in texts} - {""}
    if words and words <= {"true", "false"}:
        return [math.nan if text == "" else float(text.lower() == "true") for text in texts]
    found = [number_of(text) for text in texts]
    return None if any(each is None for each in found) else [each for each in found if each is not None]


def judge_csv(data: bytes, worker: Worker, file: str) -> str:
    """Compare mean absolute errors, whole and by note, with those of what Python reads."""
    (worker.folder / file).write_bytes(data)
    expected = read_csv(data)
    sliced = expected is not None and "note" in expected
    by = ("--by", "note") if sliced else ()
    ran = worker.run("eval", file, "--loss", "mae", "-t", "target", "-p", "prediction", *JSON, *by)
    if ran.code == 2 and "there is no column" in ran.stderr:  # of other case, or with spaces
        ran = worker.run("eval", file, "--loss", "mae", *JSON, *by)
    if (fault := unsound(ran)) or ran.code != 0:
        return fault
    if expected is None:
        return f"read, and Python does not: {ran.stdout[:300]}"
    target, prediction = numbers_of(expected["target"]), numbers_of(expected["prediction"])
    if target is None or prediction is None:
        return f"read, though a value is no number: {ran.stdout[:300]}"
    losses = [abs(y - p) for y, p in zip(target, prediction, strict=True)]
    found = {_slice(each): (each["value"], each["n"]) for each in json.loads(ran.stdout)["results"]}
    parts: dict[Any, list[float]] = {(): losses}
    for loss, note in zip(losses, expected["note"] if sliced else [], strict=False):
        parts.setdefault((canonical(note) or None,), []).append(loss)
    return differing(parts, found)


def _slice(result: Mapping[str, Any]) -> tuple[str | None, ...]:
    return tuple(result["slice"].values())


def differing(parts: Mapping[Any, Sequence[float]], found: Mapping[Any, tuple[float | None, int]]) -> str:
    """Return where values differ from the means of losses that are finite, or are of other rows."""
    kept = {key: [loss for loss in part if not math.isnan(loss)] for key, part in parts.items()}
    expected = {key: (math.fsum(part) / len(part), len(part)) for key, part in kept.items() if part}
    if expected.keys() != found.keys():
        return f"other slices: {sorted(map(str, expected))} expected, {sorted(map(str, found))} found"
    for key, (value, n) in expected.items():
        mine, rows = found[key]
        if rows != n or mine is None or not math.isclose(value, mine, rel_tol=1e-12, abs_tol=1e-300):
            return f"another value of {key}: {value!r} of {n} rows expected, {mine!r} of {rows} found"
    return ""


# --- JSON lines -----------------------------------------------------------------------------------------------------

_JSON = [
    "1",
    "2.5",
    "-3e2",
    "null",
    '"4"',
    "true",
    "[1]",
    "{}",
    '"x"',
    "NaN",
    "1e400",
    "0.10",
    "-0",
    '"\\u0031"',
    "01",
    "1.",
]


def make_jsonl(rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Write objects with a few odd values, or change bytes of a seed."""
    if seeds and rng.random() < 0.4:
        return mutated(rng, seeds, [*_JSON, "\n", ",", '"target":', "{", "}", "\r\n", " "])
    odd, lines = rng.choice([0.0, 0.03, 0.15]), []
    for _ in range(rng.randint(1, 6)):
        cells = [(name, rng.choice(_JSON if rng.random() < odd else _JSON[:3])) for name in ("target", "prediction")]
        if rng.random() < 0.5:
            cells.append(("note", rng.choice(['"a"', '"b"', "true", "1", "1.0", "null", '"1.0"', '"é"'])))
        if rng.random() < odd:
            cells.append(rng.choice(cells))
        rng.shuffle(cells)
        lines.append("{" + ",".join(f'"{name}":{value}' for name, value in cells) + "}")
    if rng.random() < 0.3:  # what stands beyond the first records is read by another reader
        lines[:0] = ['{"target":1,"prediction":2,"note":"a"}'] * 101
    return (("\n" if rng.random() < 0.8 else "\r\n").join(lines) + "\n").encode()


def read_jsonl(data: bytes) -> list[dict[str, Any]] | None:
    """Read objects with Python's reader; ``None`` where a line is none."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        if names.count("target") > 1 or names.count("prediction") > 1:  # others are not read
            raise ValueError("a key stands twice")
        return dict(pairs)

    try:
        text = data.decode("utf-8-sig")
        rows = [json.loads(line, object_pairs_hook=unique) for line in text.split("\n") if line.strip()]
    except (ValueError, RecursionError):
        return None
    return rows if all(isinstance(row, dict) for row in rows) else None


def json_number(value: Any) -> float | None:
    """Return the number a value is to lossctl; NaN where it is missing, ``None`` where it is none."""
    if value is None:
        return math.nan
    if isinstance(value, str):
        try:
            plain = value.strip() == value and "_" not in value and value.isascii()
            return finite(float(value)) if plain else None
        except ValueError:
            return None
    return finite(float(value)) if isinstance(value, int | float) else None


def judge_jsonl(data: bytes, worker: Worker, file: str) -> str:
    """Compare mean absolute errors, whole and by note, with those of what Python reads."""
    (worker.folder / file).write_bytes(data)
    rows = read_jsonl(data)
    sliced = rows is not None and any("note" in row for row in rows[:100])
    by = ("--by", "note") if sliced else ()
    ran = worker.run("eval", file, "--loss", "mae", "-t", "target", "-p", "prediction", *JSON, *by)
    if (fault := unsound(ran)) or ran.code != 0:
        return fault
    if rows is None:
        return f"read, and Python does not: {ran.stdout[:300]}"
    pairs = [(json_number(row.get("target")), json_number(row.get("prediction"))) for row in rows]
    if any(y is None or p is None for y, p in pairs):
        return f"read, though a value is no number: {ran.stdout[:300]}"
    losses = [abs(y - p) for y, p in pairs if y is not None and p is not None]
    parts: dict[Any, list[float]] = {(): losses}
    for loss, row in zip(losses, rows if sliced else [], strict=False):
        parts.setdefault((note_of(row.get("note")),), []).append(loss)
    found = {_slice(each): (each["value"], each["n"]) for each in json.loads(ran.stdout)["results"]}
    if any(key and key[0] is not None and key[0].startswith(("{", "[")) for key in parts):
        return ""  # how a structure is written is nobody's business
    return differing(parts, found)


def note_of(value: Any) -> str | None:
    """Return the text of a value that slices."""
    if value is None:
        return None
    return canonical(value if isinstance(value, str) else json.dumps(value))


# --- Parquet --------------------------------------------------------------------------------------------------------


def _parquet(codec: str, **given: Any) -> bytes:
    table = pa.table(
        {"target": [1.0, 2.0, None, 4.0] * 8, "prediction": [1, 2, 3, 5] * 8, "note": ["a", "b", None, "é"] * 8}
    )
    stream = io.BytesIO()
    pq.write_table(table, stream, compression=codec, **given)
    return stream.getvalue()


PARQUETS = tuple(_parquet(codec, use_dictionary=codec != "none") for codec in ("none", "snappy", "zstd", "gzip"))


def make_parquet(rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Flip bits of a Parquet file, or cut it; mostly where it describes itself."""
    data = bytearray(rng.choice(seeds or PARQUETS))
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    for _ in range(rng.randint(1, 3)):
        low = footer if rng.random() < 0.6 else 0
        data[rng.randrange(low, len(data))] ^= 1 << rng.randrange(8)
    return bytes(data[: rng.randrange(len(data))]) if rng.random() < 0.05 else bytes(data)


def judge_parquet(data: bytes, worker: Worker, file: str) -> str:
    """Demand an answer: a flipped bit of a value is another value, and nobody can tell."""
    (worker.folder / file).write_bytes(data)
    return unsound(worker.run("eval", file, "--loss", "mae", "--by", "note", *JSON))


# --- configurations -------------------------------------------------------------------------------------------------

_TOML = [
    '"x"',
    "3",
    "-1",
    "[]",
    "{}",
    "true",
    "nan",
    "1e999",
    '["a"]',
    "'''",
    "\\u0000",
    "[check]",
    "gates",
    "=",
    "#",
    "\n",
]


def make_toml(rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Change bytes of a configuration, or the values of its keys."""
    data = rng.choice(seeds)
    if rng.random() < 0.5:
        lines = data.decode().split("\n")
        for _ in range(rng.randint(1, 3)):
            place = rng.randrange(len(lines))
            name = lines[place].partition("=")[0]
            lines[place] = f"{name}= {rng.choice(_TOML)}" if rng.random() < 0.7 else lines[rng.randrange(len(lines))]
        return "\n".join(lines).encode()
    return mutated(rng, seeds, _TOML)


def judge_toml(data: bytes, worker: Worker, file: str) -> str:
    """Demand an answer; what is no TOML is never a pass."""
    (worker.folder / "p.csv").write_bytes(GOOD)
    (worker.folder / file).write_bytes(data)
    return unsound(worker.run("check", "--config", file, "-f", "json"))


# --- gates ----------------------------------------------------------------------------------------------------------

_GATES = (
    *(
        "mae",
        "delta",
        "(",
        ")",
        "[",
        "]",
        "<=",
        ">=",
        "<",
        ">",
        "%",
        "5",
        "-1",
        "1e9",
        ".",
        "gap",
        "by",
        ",",
        "=",
        "*",
        "null",
    ),
    *(
        '"',
        "'",
        "\\",
        "p95",
        "n",
        "nonfinite",
        "huber(delta=1)",
        " ",
        "\n",
        "é",
        "\x00",
        "1e999",
        "row_max",
        "true",
        "1.0",
    ),
)


def make_gate(rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Put words of the grammar together, or change bytes of a gate."""
    if rng.random() < 0.7:
        return mutated(rng, seeds, _GATES)
    return "".join(rng.choice(_GATES) for _ in range(rng.randint(1, 12))).encode()


def judge_gate(data: bytes, worker: Worker, file: str) -> str:
    """Demand that a gate is refused, or means the same when it is written out and read again."""
    del file
    text = data.decode(errors="replace")
    try:
        gate = parse_gate(text)
    except UsageError:
        return ""
    except Exception as error:  # noqa: BLE001 -- what is looked for
        return f"{type(error).__name__}: {error}"
    again = parse_gate(str(gate))
    if (again.terms, again.bound, again.operator, again.loss) != (gate.terms, gate.bound, gate.operator, gate.loss):
        return f"read again it is another gate: {gate} and {again}"
    if "\0" in text:
        return ""
    (worker.folder / "p.csv").write_bytes(GOOD)
    return unsound(worker.run("check", "p.csv", f"--gate={text}", "-f", "json"))


TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        target.name: target
        for target in (
            Target("csv", "f.csv", make_csv, judge_csv),
            Target("jsonl", "f.jsonl", make_jsonl, judge_jsonl),
            Target("parquet", "f.parquet", make_parquet, judge_parquet),
            Target("toml", "f.toml", make_toml, judge_toml),
            Target("gates", "f.txt", make_gate, judge_gate),
        )
    }
)
