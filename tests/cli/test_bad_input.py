"""Bad input at the command line: what each fault is called, what to do about it, and how the program ends.

A case is what the input files hold, the arguments, and all that is said on standard error. Every error is one line,
with a cure in another; standard output stays empty.
"""

from __future__ import annotations

import gzip
import io
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.cases import GOOD, HEAD, WIDE, Bad, Fine, Run, evaluate, require_refusal

pytestmark = pytest.mark.usefixtures("shared_databases")

USUAL_TARGETS = "(target, y_true, y, label, actual, observed, truth)"
USUAL_PREDICTIONS = "(prediction, y_pred, pred, yhat, y_hat, predicted, forecast, score)"
OMIT = "--nan omit leaves such rows out and counts them"
QUOTES = "quote whole values, and write a quote inside a quoted value twice"
MEND = "mend the line; a value that holds the delimiter must stand in quotes"
BOUND = "check that the right columns are bound (-t, -p)"

GOOD_MAE = f"{3.5 / 3!r}\n"


def parquet(**columns: object) -> pa.Table:
    return pa.table(columns)


def lists(p: list[object], q: list[object]) -> dict[str, pa.Table]:
    kind = pa.list_(pa.float64())
    return {"p.parquet": parquet(p=pa.array(p, kind), q=pa.array(q, kind))}


def packed(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


FLAT = parquet(target=[1.0, 2.0, 4.0], prediction=[1.5, 2.0, 1.0])
PQ = ("p.parquet",)
DISTRIBUTIONS = "entropy,cross_entropy,kl"


POSITIVE = "of a target of two texts, name the one that counts as 1: --positive a or --positive b"
STRAY = "write a number there, or nothing where it is missing"


def not_a_number(text: str, cure: str = STRAY) -> tuple[str, str]:
    return (
        f'p.csv line 3, column "target": "{text}" is not a number',
        cure,
    )


def not_one_type(held: str, cure: str = "choose another column, or write it as numbers") -> tuple[str, str]:
    return f'p.parquet, column "target" holds {held}, not numbers', cure


FILES = {
    "missing file": Bad(
        {"preds.csv": GOOD}, "there is no file pred.csv", "did you mean preds.csv?", sources=("pred.csv",)
    ),
    "missing file like no other": Bad({}, "there is no file p.csv", "check the path"),
    "second file is missing": Bad(GOOD, "there is no file q.csv", "check the path", sources=("p.csv", "q.csv")),
    "missing file with a label": Bad({}, "there is no file a.csv", "check the path", sources=("ridge=a.csv",)),
    "directory": Bad({"d/p.csv": GOOD}, "d is a directory", "name its files, such as with: 'd/*.csv'", sources=("d",)),
    "glob without match": Bad(
        GOOD,
        "no file matches q*.csv",
        "check the pattern, and quote it so that the shell leaves it alone",
        sources=("q*.csv",),
    ),
    "glob of different columns": Bad(
        {"a.csv": GOOD, "b.csv": "target,pred\n1,2\n"},
        'b.csv has no column "prediction", which a.csv has',
        "give files of the same columns, or name them apart",
        sources=("*.csv",),
    ),
    "glob with a bad file": Bad(
        {"a.csv": GOOD, "b.csv": HEAD + "1,2\n3,x\n"},
        'b.csv line 3, column "prediction": "x" is not a number',
        STRAY,
        sources=("*.csv",),
    ),
    "remote": Bad(
        {},
        "https://x.org/p.csv is remote, and only files are read",
        "download it first, such as with: curl -O",
        code=2,
        sources=("https://x.org/p.csv",),
    ),
    "the same file twice": Bad(
        GOOD,
        "two models are called 'p.csv'",
        "label them apart: one=a.csv other=b.csv",
        code=2,
        sources=("p.csv", "p.csv"),
    ),
    "the same label twice": Bad(
        {"a.csv": GOOD, "b.csv": GOOD},
        "two models are called 'm'",
        "label them apart: one=a.csv other=b.csv",
        code=2,
        sources=("m=a.csv", "m=b.csv"),
    ),
    "standard input twice": Bad(
        {}, "standard input is named twice", "it can be read once", code=2, sources=("a=-", "b=-")
    ),
    "empty file": Bad("", "p.csv is empty", "it needs a header line with the names of its columns"),
    "header only": Bad(HEAD, "p.csv: there are no rows", "check that the file is the right one and whole"),
    "empty gzip": Bad(
        {"p.csv.gz": gzip.compress(b"")},
        "p.csv.gz is empty",
        "it needs a header line with the names of its columns",
        sources=("p.csv.gz",),
    ),
    "gzip cut short": Bad(
        {"p.csv.gz": gzip.compress(GOOD.encode())[:-5]},
        "p.csv.gz is cut short: its gzip data do not decompress",
        "copy or download it again",
        sources=("p.csv.gz",),
    ),
}

COLUMNS = {
    "no such target": Bad(
        GOOD,
        'p.csv: -t: there is no column "targt"',
        "did you mean target? the columns are: target, prediction",
        code=2,
        options=("-t", "targt"),
    ),
    "no such prediction among several": Bad(
        GOOD,
        'p.csv: -p: there is no column "Predicton"',
        "did you mean prediction? the columns are: target, prediction",
        code=2,
        options=("-p", "prediction", "-p", "Predicton"),
    ),
    "no such weight": Bad(
        GOOD,
        'p.csv: -w: there is no column "weight"',
        "the columns are: target, prediction",
        code=2,
        options=("-w", "weight"),
    ),
    "an empty name is a name": Bad(
        GOOD, 'p.csv: -t: there is no column ""', "the columns are: target, prediction", code=2, options=("-t", "")
    ),
    "an empty place in a list": Bad(
        GOOD,
        'p.csv: -p: there is no column ""',
        "the columns are: target, prediction",
        code=2,
        options=("-p", "prediction,"),
    ),
    "a glob that matches nothing": Bad(
        GOOD, "p.csv: no column matches 'q*'", "the columns are target, prediction", code=2, options=("-p", "q*")
    ),
    "a vector where a number belongs": Bad(
        "target,p_a,p_b\n1,2,3\n",
        "p.csv: mae takes one column of numbers as its prediction, and p_* is a vector",
        "for several models, repeat -p",
        code=2,
        options=("-p", "p_*"),
    ),
    "the target among the predictions": Bad(
        GOOD,
        'p.csv: -t target and -p *: "target" can\'t be both the target and a prediction',
        "name another with -t or -p: the columns are target, prediction",
        code=2,
        options=("-p", "*"),
    ),
    "no usual target": Bad(
        "a,prediction\n1,1\n",
        f"p.csv: no column has a usual name of a target {USUAL_TARGETS}",
        "name it with -t COLUMN; the columns are a, prediction",
        code=2,
    ),
    "no usual prediction": Bad(
        "y,a\n1,1\n",
        f"p.csv: no column has a usual name of a prediction {USUAL_PREDICTIONS}",
        "name it with -p COLUMN; the columns are y, a",
        code=2,
    ),
    "two candidates for the target": Bad(
        "target,y,prediction\n1,1,1\n",
        "p.csv: 2 columns could be the target: target, y",
        "choose one with -t COLUMN; the columns are target, y, prediction",
        code=2,
    ),
    "two candidates that differ in case": Bad(
        "Target,target,prediction\n1,2,3\n",
        "p.csv: 2 columns could be the target: Target, target",
        "choose one with -t COLUMN; the columns are Target, target, prediction",
        code=2,
    ),
    "two candidates for the prediction": Bad(
        "y,pred,yhat\n1,1,1\n",
        "p.csv: 2 columns could be the prediction: pred, yhat",
        "choose one with -p COLUMN; the columns are y, pred, yhat",
        code=2,
    ),
    "many columns": Bad(
        ",".join(f"c{number}" for number in range(10_000)) + "\n",
        f"p.csv: no column has a usual name of a target {USUAL_TARGETS}",
        f"name it with -t COLUMN; the columns are {', '.join(f'c{number}' for number in range(20))} and 9980 more",
        code=2,
    ),
    "duplicate column names": Bad(
        "target,prediction,prediction\n1,2,3\n",
        'p.csv line 1: two columns are called "prediction": 2 and 3',
        "rename one of them",
    ),
    "hostile names": Bad(
        '"\x1b[31m\n::error::x","##[error]"\n1,2\n',
        f"p.csv: no column has a usual name of a target {USUAL_TARGETS}",
        r"name it with -t COLUMN; the columns are \x1b[31m\n:\x3aerror:\x3ax, #\x23[error]",
        code=2,
    ),
}

TEXT = {
    "text in a numeric column": Bad(HEAD + "1,2\nabc,3\n", *not_a_number("abc")),
    "text that the shell must not read": Bad(HEAD + "1,2\n$x,3\n", *not_a_number("$x")),
    "text in a weight": Bad(
        "target,prediction,w\n1,1,heavy\n",
        'p.csv line 2, column "w": "heavy" is not a number',
        "write numbers; or, if it is the label of a target, say that it counts as 1: --positive heavy",
        options=("-w", "w"),
    ),
    "hexadecimal": Bad(HEAD + "1,2\n0x10,3\n", *not_a_number("0x10", "write numbers in decimal")),
    "digits of another script": Bad(HEAD + "1,2\n١٢,3\n", *not_a_number("١٢", "write numbers in the digits 0 to 9")),
    "underscores out of place": Bad(HEAD + "1,2\n1__0,3\n", *not_a_number("1__0")),
    "a date": Bad(
        HEAD + "1,2\n2026-01-02,3\n",
        *not_a_number("2026-01-02", "a day or a time is no number: choose another column (-t, -p)"),
    ),
    "hostile text": Bad(
        HEAD + '1,2\n"::error::\n\x1b[31m",2\n',
        *not_a_number(r":\x3aerror:\x3a\n\x1b[31m"),
    ),
    "thousands": Bad(
        "target;prediction\n1;2\n1,234.5;4\n",
        not_a_number("1,234.5")[0],
        "write numbers without thousands separators",
    ),
    "truth among numbers": Bad(
        HEAD + "1,2\ntrue,4\n", not_a_number("true")[0], "write 0 and 1 in the whole column, or false and true"
    ),
    "too few values": Bad(HEAD + "1,2\n3\n", "p.csv line 3 has 1 value where the header has 2 columns", MEND),
    "too many values": Bad(HEAD + "1,2\n3,4,5\n", "p.csv line 3 has 3 values where the header has 2 columns", MEND),
    "a line of spaces": Bad(HEAD + "1,2\n  \n", "p.csv line 3 holds only spaces", "remove the line"),
    "unclosed quote": Bad(
        HEAD + '1,"2\n3,4\n', "p.csv line 2 has a quote that is never closed, or closed before its value ends", QUOTES
    ),
    "bytes that are not UTF-8": Bad(
        HEAD.encode() + b"1,2\n\xe9,3\n",
        "p.csv line 3 is not UTF-8: byte 0xe9 at position 1 of the line",
        "convert it, such as with: iconv -f ISO-8859-1 -t UTF-8 p.csv > utf8-p.csv",
    ),
    "UTF-16": Bad(
        GOOD.encode("utf-16"),
        "p.csv is UTF-16 text, not UTF-8",
        "convert it: iconv -f UTF-16 -t UTF-8 p.csv > utf8-p.csv",
    ),
    "no text at all": Bad(
        b"\x89PNG\r\n\x1a\n\0" + bytes(range(1, 200)),
        "p.csv is not text: it holds NUL bytes",
        "name a CSV, TSV, JSON lines or Parquet file",
    ),
    "mixed line ends": Bad(
        "target,prediction\r\n1,2\n3,4\r\n",
        "p.csv mixes line ends: line 1 ends in CRLF, line 2 in LF",
        "make them alike, such as with: dos2unix p.csv",
    ),
    "decimal commas unannounced": Bad(
        "target;prediction\n1;2\n1,5;2,25\n",
        not_a_number("1,5")[0],
        "if the comma is the decimal sign, add --decimal ,",
    ),
    "decimal commas announced in vain": Bad(
        "target;prediction\n1;2\n1.5;2\n",
        not_a_number("1.5")[0],
        "its decimal sign is a point: leave out --decimal ,",
        options=("--decimal", ","),
    ),
    "a line too long": Bad(
        HEAD + "1," + "9" * 2_100_000 + "\n", "p.csv line 2 is longer than 2 MB", "check its quotes and line ends"
    ),
    "the wrong delimiter": Bad(
        GOOD,
        f"p.csv: no column has a usual name of a target {USUAL_TARGETS}",
        "the file has one column, target,prediction: a table has several, and --delimiter says what stands between "
        "them",
        code=2,
        options=("--delimiter", ";"),
    ),
}


def first_row(value: str) -> str:
    return f"{HEAD}{value},3\n1,2\n"


def at_first(said: str) -> str:
    return f'p.csv line 2, column "target": {said}'


NOT_FINITE = {
    "too large": Bad(first_row("1e400"), at_first("1e400 is too large for a 64-bit float"), OMIT),
    "too large and long": Bad(
        first_row("9" * 5000),
        at_first(f"{'9' * 50} … (5000 characters) is too large for a 64-bit float"),
        OMIT,
    ),
    "NaN": Bad(first_row("NaN"), at_first("NaN is not finite"), OMIT),
    "infinity": Bad(first_row("-inf"), at_first("-inf is not finite"), OMIT),
    "empty field": Bad(first_row(""), at_first("the value is missing"), OMIT),
    "a token for missing": Bad(first_row("NA"), at_first("the value is missing (NA)"), OMIT, options=("--null", "NA")),
    "a number as a token for missing": Bad(
        first_row("-1"), at_first("the value is missing (-1)"), OMIT, options=("--null", "-1")
    ),
    "several": Bad(
        HEAD + "1,1\n2,\n3,nan\n",
        'p.csv line 3, column "prediction": the value is missing (2 rows have a missing or non-finite value in it)',
        OMIT,
    ),
    "all omitted": Bad(
        HEAD + ",1\n2,\n",
        "p.csv: every row has a missing or non-finite value",
        "--nan omit leaves none of them",
        options=("--nan", "omit"),
    ),
    "missing in a component": Bad(
        "p_a,p_b,q_a,q_b\n0.5,0.5,0.5,\n",
        'p.csv line 2, column "q_b": the value is missing',
        OMIT,
        loss="kl",
    ),
}

WEIGHED = "target,prediction,w\n"
BY_W = ("-w", "w")
SCALE = "multiply all of them by one number: a mean depends on their ratios alone"
WEIGHTS = {
    "negative weight": Bad(
        WEIGHED + "1,1,1\n1,2,-0.5\n1,2,-3\n",
        'p.csv line 3, column "w": the weight -0.5 is negative (2 rows have a negative weight)',
        "weights must be at least 0; a weight of 0 leaves a row out",
        options=BY_W,
    ),
    "NaN weight": Bad(
        WEIGHED + "1,1,nan\n",
        'p.csv line 2, column "w": the value is missing or not a number (nan)',
        OMIT,
        options=BY_W,
    ),
    "infinite weight": Bad(WEIGHED + "1,1,inf\n", 'p.csv line 2, column "w": inf is not finite', OMIT, options=BY_W),
    "all weights 0": Bad(
        WEIGHED + "1,1,0\n1,2,-0.0\n",
        'p.csv, column "w": every weight is 0',
        "at least one row must count",
        options=BY_W,
    ),
    "all weights 0 but those omitted": Bad(
        WEIGHED + "1,1,0\nnan,2,1\n",
        'p.csv, column "w": every weight is 0 where no value is missing (1 rows were omitted)',
        "at least one row must count",
        options=(*BY_W, "--nan", "omit"),
    ),
    "a weight that would overflow": Bad(
        WEIGHED + "1,1,1\n1,2,1e308\n",
        'p.csv line 3, column "w": the weight 1e308 does not lie between 1e-100 and 1e+100',
        SCALE,
        options=BY_W,
    ),
    "a weight whose square would overflow": Bad(
        WEIGHED + "1,1,1\n1,2,1.5e100\n1,2,2e100\n",
        'p.csv line 3, column "w": the weight 1.5e100 does not lie between 1e-100 and 1e+100 '
        "(2 rows have such a weight)",
        SCALE,
        options=BY_W,
    ),
    "a weight that would vanish": Bad(
        WEIGHED + "1,1,5e-324\n1,2,0\n",
        'p.csv line 2, column "w": the weight 5e-324 does not lie between 1e-100 and 1e+100',
        SCALE,
        options=BY_W,
    ),
}

SUM_CURE = "--normalize divides each by its sum"
DOWN_CURE = "--normalize divides each by their sum"
PROBABILITIES = {
    "above 1": Bad(
        "q\n0.5\n1.5\n2\n",
        'p.csv line 3, column "q": 1.5 does not lie in [0, 1] (2 rows have such a value)',
        BOUND,
        options=("-p", "q"),
        loss="self_information",
    ),
    "below 0 down the file": Bad(
        "p,q\n0.5,1.25\n0.5,-0.25\n",
        'p.csv line 2, column "q": 1.25 does not lie in [0, 1] (2 rows have such a value)',
        BOUND,
        loss="cross_entropy",
    ),
    "below 0 across columns": Bad(
        "p_a,p_b,q_a,q_b\n0.5,0.5,-0.5,1.5\n",
        'p.csv line 2, column "q_*": -0.5 does not lie in [0, 1]',
        BOUND,
        loss="kl",
    ),
    "below 0 is not mended by a sum": Bad(
        "p,q\n0.5,1.25\n0.5,-0.25\n",
        'p.csv line 2, column "q": 1.25 does not lie in [0, 1] (2 rows have such a value)',
        BOUND,
        options=("--normalize",),
        loss="cross_entropy",
    ),
    "not summing to 1 down the file": Bad(
        "p,q\n0.5,0.5\n0.25,0.5\n",
        'p.csv, column "p": the probabilities down the file sum to 0.75, not to 1',
        DOWN_CURE,
        loss="kl",
    ),
    "not summing to 1 across columns": Bad(
        "p_a,p_b,q_a,q_b\n0.5,0.5,0.5,0.5\n0.5,0.5,0.25,0.5\n",
        'p.csv line 3, column "q_*": the probabilities sum to 0.75, not to 1',
        SUM_CURE,
        loss="kl",
    ),
    "summing to 0": Bad(
        "p,q\n0.5,0\n0.5,0\n",
        'p.csv, column "q": the probabilities down the file sum to 0.0, not to 1',
        "choose another column (-t, -p)",
        options=("--normalize",),
        loss="kl",
    ),
    "categories that differ": Bad(
        "p_a,p_b,q_a,q_c\n0.5,0.5,0.5,0.5\n",
        "p.csv: -p q_* has no column for 'b', which -t p_* has",
        "both must list the same categories",
        code=2,
        loss="kl",
    ),
    "one column against several": Bad(
        "p_a,p_b,q_a,q_b\n0.5,0.5,0.5,0.5\n",
        "p.csv: -t p_* and -p q_a do not list the same categories",
        "give both the same number of columns, or both as list columns",
        code=2,
        options=("-p", "q_a"),
        loss="kl",
    ),
    "lists of two lengths in a column": Bad(
        lists([[0.5, 0.5], [1.0]], [[0.5, 0.5]] * 2),
        'p.parquet row 2, column "p": a list of 1 value, where the first has 2',
        "write lists of one length",
        sources=PQ,
        loss="kl",
    ),
    "lists of two lengths in two columns": Bad(
        lists([[0.5, 0.5]], [[0.25, 0.25, 0.5]]),
        'p.parquet, columns "p" and "q": the lists hold 2 and 3 numbers a row',
        "both must list the same categories",
        sources=PQ,
        loss="kl",
    ),
    "a list with a missing number": Bad(
        lists([[0.5, 0.5], [None, 1.0]], [[0.5, 0.5]] * 2),
        'p.parquet row 2, column "p": the value is missing or not a number (nan)',
        OMIT,
        sources=PQ,
        loss="kl",
    ),
    "lists where numbers belong": Bad(
        lists([[0.5, 0.5]], [[0.5, 0.5]]),
        "p.parquet: mae takes one column of numbers as its target, and p is a vector",
        "name it with -t COLUMN",
        code=2,
        options=("-t", "p", "-p", "q"),
        sources=PQ,
    ),
}

PARQUET = {
    "truncated": Bad(
        {"p.parquet": packed(FLAT)[:-20]},
        "p.parquet is cut short: it starts as Parquet but has no footer",
        "copy or write it again",
        sources=PQ,
    ),
    "not Parquet": Bad(
        {"p.parquet": GOOD},
        "p.parquet is not a Parquet file",
        "name it by what it is, such as .csv or .jsonl",
        sources=PQ,
    ),
    "text said to be Parquet": Bad(
        GOOD,
        "p.csv is not a Parquet file",
        "name it by what it is, such as .csv or .jsonl",
        options=("--input-format", "parquet"),
    ),
    "empty": Bad(
        {"p.parquet": ""}, "p.parquet is empty", "a Parquet file has at least a footer: write it again", sources=PQ
    ),
    "no rows": Bad(
        {"p.parquet": FLAT.slice(0, 0)},
        "p.parquet: there are no rows",
        "check that the file is the right one and whole",
        sources=PQ,
    ),
    "text": Bad(
        {"p.parquet": parquet(target=["a", "b"], prediction=[1.0, 2.0])},
        *not_one_type('text such as "a"', POSITIVE),
        sources=PQ,
    ),
    "dates": Bad(
        {"p.parquet": parquet(target=pa.array([0, 1], pa.date32()), prediction=[1.0, 2.0])},
        *not_one_type('dates such as "1970-01-01"'),
        sources=PQ,
    ),
    "structs": Bad(
        {"p.parquet": parquet(target=[{"x": 1}], prediction=[1.0])},
        *not_one_type("objects such as \"{'x': 1}\""),
        sources=PQ,
    ),
    "words in a dictionary": Bad(
        {"p.parquet": parquet(target=pa.array(["a", "b"]).dictionary_encode(), prediction=[1.0, 2.0])},
        *not_one_type('text such as "a"', POSITIVE),
        sources=PQ,
    ),
    "hostile text": Bad(
        {"p.parquet": parquet(target=["\x1b[31m\n##[error]"], prediction=[1.0])},
        *not_one_type(
            r'text such as "\x1b[31m\n#\x23[error]"',
            "write numbers; or, if it is the label of a target, say that it counts as 1: --positive "
            r"'\x1b[31m\n#\x23[error]'",
        ),
        sources=PQ,
    ),
    "null": Bad(
        {"p.parquet": parquet(target=[None, 1.0], prediction=[1.0, 2.0])},
        'p.parquet row 1, column "target": the value is missing or not a number (nan)',
        OMIT,
        sources=PQ,
    ),
}

JL = ("p.jsonl",)
ONE_OBJECT = "write one JSON object a line, such as with: jq -c '.[]'"
ONE_LINE = "write one JSON object a line, such as with: jq -c ."
OBJECT = '{"target":1,"prediction":2}\n'


def json_lines(text: str, error: str, hint: str = ONE_OBJECT, loss: str = "mae") -> Bad:
    return Bad({"p.jsonl": text}, error, hint, sources=JL, loss=loss)


JSON_LINES = {
    "array": json_lines("[" + OBJECT.strip() + "]", "p.jsonl line 1 is a list, not an object"),
    "scalar": json_lines(OBJECT + "1\n", "p.jsonl line 2 is a single value, not an object"),
    "cut short": json_lines(
        OBJECT + '{"target":1', "p.jsonl line 2 is not JSON: Expecting ',' delimiter at character 12", ONE_LINE
    ),
    "over several lines": json_lines(
        '{\n"target":1,\n"prediction":2}\n',
        "p.jsonl line 1 is not JSON: Expecting property name enclosed in double quotes at character 3",
        ONE_LINE,
    ),
    "two in a line": json_lines(
        OBJECT.strip() * 2 + "\n", "p.jsonl line 1 is not JSON: Extra data at character 28", ONE_LINE
    ),
    "a key twice": json_lines(
        '{"target":1,"target":2,"prediction":2}\n', 'p.jsonl line 1: the key "target" stands twice', "write it once"
    ),
    "a text late": json_lines(
        OBJECT * 3000 + '{"target":"x","prediction":2}\n',
        'p.jsonl line 3001, column "target": "x" is not a number',
        STRAY,
    ),
    "null": json_lines(
        OBJECT + '{"target":null,"prediction":2}\n',
        'p.jsonl line 2, column "target": the value is missing (null)',
        OMIT,
    ),
    "a key that is not there": json_lines(
        OBJECT + '{"target":1}\n',
        'p.jsonl line 2, column "prediction": the value is missing',
        OMIT,
    ),
    "too large": json_lines(
        OBJECT.replace("1", "1e400"), 'p.jsonl line 1, column "target": 1e400 is too large for a 64-bit float', OMIT
    ),
    "an object as a value": json_lines(
        '{"target":{"a":1},"prediction":2}\n',
        'p.jsonl, column "target" holds values such as "{"a":1}", not numbers',
        "choose another column, or write it as numbers",
    ),
    "a number among lists": json_lines(
        '{"p":[0.5,0.5],"q":[0.5,0.5]}\n{"p":[0.5,0.5],"q":1}\n',
        'p.jsonl line 2, column "q": 1 is not a list of numbers',
        "write a list in every line, or in none",
        loss="kl",
    ),
    "lists of two lengths": json_lines(
        '{"p":[0.5,0.5],"q":[0.5,0.5]}\n{"p":[0.5,0.5],"q":[1.0]}\n',
        'p.jsonl line 2, column "q": a list of 1 value, where the first has 2',
        "write lists of one length",
        loss="kl",
    ),
    "byte-order mark in the middle": json_lines(
        OBJECT + "\ufeff" + OBJECT,
        "p.jsonl line 2 starts with a byte-order mark, which only a file may",
        "remove it",
    ),
    "empty": json_lines("", "p.jsonl is empty", "it needs one JSON object a line"),
}


BAD = {
    f"{group}: {name}": case
    for group, cases in {
        "files": FILES,
        "columns": COLUMNS,
        "text": TEXT,
        "not finite": NOT_FINITE,
        "weights": WEIGHTS,
        "probabilities": PROBABILITIES,
        "parquet": PARQUET,
        "json lines": JSON_LINES,
    }.items()
    for name, case in cases.items()
}

P, Q = [0.5, 0.5], [1.0, 0.0]
TYPES = {
    "int64 rounded to the nearest double": parquet(target=[2**53 + 1], prediction=[2.0**53 + 4]),
    "uint64": parquet(target=pa.array([2**64 - 1], pa.uint64()), prediction=[2.0**64 - 4096]),
    "float16": parquet(target=pa.array([1.5], pa.float16()), prediction=[1.0]),
    "float32 as it is": parquet(target=pa.array([0.1], pa.float32()), prediction=[0.0]),
    "decimal": parquet(target=pa.array([1], pa.int32()).cast(pa.decimal128(12, 2)), prediction=[0.75]),
    "truth": parquet(target=[True, False], prediction=[0.5, 0.25]),
    "numbers in a dictionary": parquet(
        target=pa.array([1.0, 2.0, 1.0]).dictionary_encode(), prediction=[1.0, 2.0, 1.5]
    ),
    "names that SQL uses": parquet(target=[1.0], prediction=[2.0], v0=[7], kept=[1], select=[1]),
    "a name that is empty": parquet(**{"": [1.0], "target": [1.0], "prediction": [3.0]}),
}
TYPES_MAE = [4.0, 4096.0, 0.5, 0.10000000149011612, 0.25, 0.375, 0.5 / 3, 1.0, 2.0]

FINE = {
    "byte-order mark": Fine("\ufeff" + GOOD, [3.5 / 3]),
    "CRLF": Fine(GOOD.replace("\n", "\r\n"), [3.5 / 3]),
    "lone CR": Fine(GOOD.replace("\n", "\r"), [3.5 / 3]),
    "no last line end": Fine(GOOD.strip(), [3.5 / 3]),
    "decimal commas": Fine("target;prediction\n1,5;2,25\n", [0.75], ("--decimal", ",")),
    "spaces around numbers": Fine(HEAD + " 1 , 3\n", [2.0]),
    "spaces around usual names": Fine("target , prediction\n1,3\n", [2.0]),
    "underscores between digits": Fine(HEAD + "1_000,2\n", [998.0]),
    "quoted numbers": Fine(HEAD + '"1","3"\n', [2.0]),
    "no sign of a number too small": Fine(HEAD + "1e-400,0\n", [0.0]),
    "missing values omitted": Fine(HEAD + "1,2\n,1\nnan,1\ninf,1\n1e400,1\n", [1.0], ("--nan", "omit")),
    "tokens omitted": Fine(HEAD + "1,2\nNA,1\n-,1\n", [1.0], ("--nan", "omit", "--null", "NA", "--null", "-")),
    "truth as numbers": Fine(HEAD + "true,0.5\nfalse,0.25\n", [0.375]),
    "one row": Fine(HEAD + "1,3\n", [2.0]),
    "constant": Fine(HEAD + "1,3\n" * 5, [2.0]),
    "three thousand columns": Fine(",".join(f"c{k}" for k in range(3000)) + ",y,yhat\n" + "1," * 3000 + "1,3\n", [2.0]),
    "a column without a name": Fine(",target,prediction\n0,1,3\n", [2.0]),
    "weights that are the prediction": Fine(GOOD, [(1.5 * 0.5 + 3.0) / 4.5], ("-w", "prediction")),
    "a row of weight 0 may be bad": Fine(WEIGHED + "nan,1,0\n1,2,3\n", [1.0], BY_W),
    "the same column twice is one model": Fine(GOOD, [3.5 / 3], ("-p", "prediction", "-p", "prediction")),
    "two files": Fine({"a.csv": GOOD, "b.csv": HEAD + "1,3\n"}, [3.5 / 3, 2.0], sources=("a.csv", "b=b.csv")),
    "a glob is one model": Fine({"a.csv": GOOD, "b.csv": HEAD + "1,3\n"}, [5.5 / 4], sources=("*.csv",)),
    "columns in another order": Fine(
        {"a.csv": GOOD, "b.csv": "prediction,target\n3,1\n"}, [5.5 / 4], sources=("*.csv",)
    ),
    "a label with an equals sign": Fine({"a=b.csv": GOOD}, [3.5 / 3], sources=("m=a=b.csv",)),
    "json lines": Fine({"p.jsonl": OBJECT + '\n{"prediction":4,"target":1,"x":[]}\n'}, [2.0], sources=JL),
    "json texts of numbers": Fine({"p.jsonl": '{"target":"1","prediction":2}\n'}, [1.0], sources=JL),
    "a comment in the condition": Fine(WIDE, [0.0], ("--where", "w > 1 -- and more")),
    "a keyword quoted": Fine(WIDE, [1.5], ("--where", '"select" > 1')),
    "a name with a space": Fine(WIDE, [3.0], ("--where", '"na me" is null')),
    "text in the condition": Fine(WIDE, [0.5], ("--where", "id = 'a'")),
    "case in the condition": Fine(WIDE, [0.0], ("--where", "W > 1 and ID like 'b%'")),
    "several losses": Fine(GOOD, [3.5 / 3, 9.25 / 3], loss="MAE,l2,mean-squared-error"),
    "a sweep": Fine(GOOD, [0.875, 1.375], ("--delta", "1,2"), loss="huber"),
    **{
        f"type: {name}": Fine({"p.parquet": table}, [value], sources=PQ)
        for (name, table), value in zip(TYPES.items(), TYPES_MAE, strict=True)
    },
}

NAMES = [
    "it's",
    "a b",
    "[x]",
    "a*",
    "a?",
    "-x",
    "100%",
    "%s%d",
    "ünïcode😀",
    "{x}",
    '"q"',
    "back\\slash",
    "$HOME",
    "a;b",
    "x=",
]
HOSTILE_NAMES = {
    "new\nline.csv": r"new\nline.csv",
    "\x1b[31mred.csv": r"\x1b[31mred.csv",
    "::error::.csv": r":\x3aerror:\x3a.csv",
    "##[error]x.csv": r"#\x23[error]x.csv",
    "\u202ecod.csv": r"\u202ecod.csv",
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused(name: str, run: Run) -> None:
    case = BAD[name]
    ran = evaluate(run, case)
    require_refusal(ran, case.code)
    ran.require_said(case.error, case.hint)


@pytest.mark.parametrize("name", FINE)
def test_what_looks_bad_and_is_not(name: str, run: Run) -> None:
    case = FINE[name]
    ran = evaluate(run, case)
    assert (ran.code, ran.said) == (0, [])
    assert [float(line) for line in ran.stdout.splitlines()] == pytest.approx(case.values, rel=1e-15, abs=0.0)


@pytest.mark.parametrize("stem", NAMES)
def test_a_file_of_any_name_is_read_and_named(stem: str, run: Run) -> None:
    name = f"{stem}.csv"
    ran = evaluate(run, Fine({name: GOOD, "ax.csv": HEAD + "9,0\n"}, [], sources=(name,)))
    assert (ran.code, ran.stdout) == (0, GOOD_MAE)
    bad = evaluate(run, Bad({name: HEAD + "1,2\nx,3\n"}, "", "", sources=(name,)))
    require_refusal(bad, 3)
    assert bad.said[0] == f'error: {name} line 3, column "target": "x" is not a number'


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_stays_on_its_line(name: str, run: Run) -> None:
    ran = evaluate(run, Bad({name: HEAD + "1,2\nx,3\n"}, "", "", sources=(name,)))
    require_refusal(ran, 3)
    assert ran.said[0] == f'error: {HOSTILE_NAMES[name]} line 3, column "target": "x" is not a number'
    ran = evaluate(run, Bad({name: GOOD}, "", "", options=("-p", name), sources=(name,)))
    require_refusal(ran, 2)
    ran = evaluate(run, Bad({name: GOOD}, "", "", options=("-o", f"{name}/x"), sources=(name,)))
    require_refusal(ran, 2)


def test_an_error_is_never_a_page_long(run: Run) -> None:
    ran = evaluate(run, Bad(HEAD + "1," + "x" * 500_000 + "y\n", "", ""))
    require_refusal(ran, 3)
    assert max(map(len, ran.lines)) < 4000
    assert ran.said[0].startswith('error: p.csv line 2, column "prediction": "xxx')
    assert ran.said[0].endswith('xxxy" is not a number')


def test_a_zero_for_what_happened_is_infinite_counted_and_not_clipped(run: Run) -> None:
    files = "p,q\n0.5,1\n0.5,0\n0,0\n"
    ran = evaluate(run, Fine(files, [], loss=DISTRIBUTIONS))
    assert ran.code == 0
    assert ran.stdout.splitlines() == ["1.0", "inf", "inf"]
    place = "are infinite in 1 of 3 rows (first: p.csv line 3); --clip EPS bounds it"
    assert ran.said == [f"warning: cross_entropy, kl {place}"]
    clipped = evaluate(run, Fine(files, [], ("--clip", "0.25"), loss="cross_entropy"))
    assert (clipped.code, clipped.said) == (0, [])
    assert float(clipped.stdout) == pytest.approx(1.0 + 0.5 * 0.4150374992788438, rel=1e-15)


@pytest.mark.parametrize(
    ("row", "options"),
    [("1e308,-1e308,1", ()), ("1e308,-1e308,1", BY_W), ("1e250,0,1e90", BY_W), ("0,1e250,1e90", BY_W)],
)
def test_what_overflows_is_infinite_counted_and_no_fault(row: str, options: tuple[str, ...], run: Run) -> None:
    ran = evaluate(run, Fine(f"{WEIGHED}1,2,1\n1,2,1\n{row}\n", [], options))
    assert ran.code == 0
    assert float(ran.stdout) > 1e249
    ran = evaluate(run, Fine(f"{WEIGHED}1,2,1\n1,2,1\n{row}\n", [], options, loss="mse"))
    assert (ran.code, ran.stdout) == (0, "inf\n")
    assert ran.said == [
        "warning: mse is infinite in 1 of 3 rows (first: p.csv line 4); it is too large for a 64-bit float"
    ]


def test_a_bad_model_refuses_the_good_ones(run: Run) -> None:
    files = "target,one,two\n1,1.5,2\n2,2,x\n"
    ran = evaluate(run, Bad(files, "", "", options=("-p", "one", "-p", "two")))
    require_refusal(ran, 3)
    assert ran.said[0] == 'error: p.csv line 3, column "two": "x" is not a number'
    assert evaluate(run, Fine(files, [], options=("-p", "one"))).stdout == "0.25\n"


def test_all_with_columns_that_fit_nothing(run: Run) -> None:
    ran = evaluate(run, Bad("a,b\n1,2\n", "", "", loss="all"))
    require_refusal(ran, 2, notes=len(ran.said) - 2)
    assert re.fullmatch(r"error: p\.csv: none of the \d+ losses fits", ran.said[0])
    first, *others, hint = ran.said[1:]
    assert re.match(r" {7}mae, smooth_l1, huber and \d+ more: no column has a usual name of a target \(", first)
    assert any(
        each.endswith("a ranking compares the rows of a group, and no column of groups is named") for each in others
    )
    assert hint == "hint:  name columns with -t and -p; --loss NAME tells what a loss takes"
