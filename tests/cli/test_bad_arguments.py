"""Bad arguments at the command line: losses, options, commands and conditions, each with its message and exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.cases import ANY, GOOD, WIDE, Bad, Fine, Run, evaluate, require_refusal, write

FORMATS = "the formats: table, json, jsonl, csv, tsv, markdown, latex, html, bare"
ANOTHER_PATH = "choose another path"
HUBER = "write --loss 'huber(delta=1.0)'"
NO_EMPTY_PLACE = "write a list without spaces or empty places: mae,mse"
LIST = "`lossctl losses` lists every loss"
ONE_CONDITION = "give one condition over the columns, such as --where \"region = 'north' and weight > 0\""


def where(condition: str, said: str, hint: str = ONE_CONDITION, code: int = 2) -> Bad:
    return Bad(WIDE, said, hint, code=code, options=("--where", condition))


def not_one(condition: str, why: str) -> Bad:
    return where(condition, f"--where {condition!r} {why}")


WHERE = {
    "empty": where("  ", "--where is empty"),
    "half": not_one("w >", "is not a condition: it ends too early"),
    "a parenthesis too many": not_one("w > 1) or (1 = 1) --", "is not a condition: it can't be read from ')' on"),
    "two statements": not_one("w > 1; drop table x", "is not a condition: it can't be read from ';' on"),
    "open comment": where(
        "w > 1 /*", "--where 'w > 1 /*' is not a condition: a comment is not closed", "close it, or leave it out"
    ),
    "another query": not_one("w > (select 1)", "holds another query"),
    "another file": not_one("(select count(*) from read_csv('secret.csv')) > 0", "holds another query"),
    "another file after from": not_one(
        "true from read_csv('secret.csv')", "is not a condition: it can't be read from 'from' on"
    ),
    "another file joined": not_one(
        "true union select true from 'secret.csv'", "is not a condition: it can't be read from 'union' on"
    ),
    "settings": not_one("(from duckdb_settings() select 1) = 1", "holds another query"),
    "window": not_one("row_number() over () > 1", "holds a window function"),
    "parameter": not_one("w > ?", "holds a parameter"),
    "star": not_one("columns(*) > 1", "holds *"),
    "a keyword unquoted": not_one("select > 1", "is not a condition: it can't be read from '>' on"),
    "no such column": where(
        "idd = 'a'",
        '--where "idd = \'a\'": there is no column "idd"',
        "did you mean id? the columns are: target, prediction, w, id, flag, select, na me",
    ),
    "of another file": where(
        "other.w > 1",
        "--where 'other.w > 1': there is no column \"other\"",
        "the columns are: target, prediction, w, id, flag, select, na me",
    ),
    "no truth": where("w + 1", "--where 'w + 1' is a number, not true or false", "compare it with something"),
    "number as truth": where(
        "w",
        'p.csv line 3, column "w": "2" is not true or false',
        'compare it with a value in the condition, such as "w" > 0',
        code=3,
    ),
    "no row": where("w > 99", "p.csv: no row meets the condition 'w > 99'", "check --where", code=3),
    "hostile": not_one("\x1b[31m ::error::", "is not a condition: it can't be read from 'm' on"),
}

FORBIDDEN = [
    "getenv('HOME') = 'x'",
    "read_text('secret.csv') = 'x'",
    "read_blob('secret.csv') is null",
    "glob('*') = 'x'",
    "query('select 1') = 1",
    "pragma_version() = 'x'",
    "sum(w) > 1",
]
"""Conditions that DuckDB itself refuses; how it says so is its own matter."""

LOSSES = {
    "": ("a loss has no name in ''", NO_EMPTY_PLACE),
    ",": ("a loss has no name in ','", NO_EMPTY_PLACE),
    "mae,": ("a loss has no name in 'mae,'", NO_EMPTY_PLACE),
    "mae,,mse": ("a loss has no name in 'mae,,mse'", NO_EMPTY_PLACE),
    "(delta=1)": ("a loss has no name in '(delta=1)'", NO_EMPTY_PLACE),
    "hubr": ("no loss is called 'hubr'", f"did you mean huber{ANY}? {LIST}"),
    "huber)": ("no loss is called 'huber)'", f"did you mean huber{ANY}? {LIST}"),
    "zzz": ("no loss is called 'zzz'", LIST),
    "all(delta=1)": ("no loss is called 'all'", ANY + LIST),
    "\x1b[31m\n::error::": (r"no loss is called '\x1b[31m\n:\x3aerror:\x3a'", LIST),
    "huber(": ("the parentheses of 'huber(' do not match", HUBER),
    "huber(delta=1": ("the parentheses of 'huber(delta=1' do not match", HUBER),
    "huber((delta=1))": ("the parentheses of 'huber((delta=1))' do not match", HUBER),
    "huber(delta=1)x": ("the parentheses of 'huber(delta=1)x' do not match", HUBER),
    "huber(delta=1)(delta=2)": ("the parentheses of 'huber(delta=1)(delta=2)' do not match", HUBER),
    "huber(1)": ("huber: '1' does not say which parameter it is", HUBER),
    "huber(delta)": ("huber: 'delta' does not say which parameter it is", HUBER),
    "huber(beta=1)": ("huber has no parameter 'beta'", "its parameters: delta"),
    "huber(=1)": ("huber has no parameter ''", "its parameters: delta"),
    "mae(delta=1)": ("mae has no parameter 'delta'", "mae has none: write --loss mae"),
    "huber(delta=1,delta=2)": ("huber: parameter delta is given twice", HUBER),
    "huber(delta=)": ("huber: parameter delta: '' is not a number in (0, inf)", HUBER),
    "huber(delta=1,)": ("huber: parameter delta: '' is not a number in (0, inf)", HUBER),
    "huber(delta==1)": ("huber: parameter delta: '=1' is not a number in (0, inf)", HUBER),
    "huber(delta=x)": ("huber: parameter delta: 'x' is not a number in (0, inf)", HUBER),
    "huber(delta=nan)": ("huber: parameter delta: nan is not a number in (0, inf)", HUBER),
    "huber(delta=inf)": ("huber: parameter delta: inf is not a number in (0, inf)", HUBER),
    "huber(delta=1e400)": ("huber: parameter delta: inf is not a number in (0, inf)", HUBER),
    "huber(delta=-1)": ("huber: parameter delta: -1.0 is not a number in (0, inf)", HUBER),
    "huber(delta=0)": ("huber: parameter delta: 0.0 is not a number in (0, inf)", HUBER),
    "kl(base=1)": (
        "kl_divergence: parameter base: 1.0 is not a number in (1, inf) or e",
        "write --loss 'kl_divergence(base=2.0)'",
    ),
}

LEVEL = "is not a number from 0.5 to 0.9999"
COVERAGE = "it is the share of intervals that cover: 95 % is 0.95"
THREADS = "without it there are as many as cores"
OPTIONS = {
    "--delta 1": (f"--delta is for huber{ANY}, not for mae", "drop --delta"),
    "--loss huber(delta=1) --delta 2": ("huber: delta is given both in the name and as --delta", "give it one way"),
    "--loss huber --delta 1 --delta 2": ("--delta is given twice", "give it once"),
    "--loss huber --delta nan": ("huber: parameter delta: nan is not a number in (0, inf)", HUBER),
    "--loss huber --delta=-1": ("huber: parameter delta: -1.0 is not a number in (0, inf)", HUBER),
    "--where 1=1 --where 1=2": ("--where is given twice", "give it once"),
    "-t target --target prediction": ("--target / -t is given twice", "give it once"),
    "--nan omit --nan error": ("--nan is given twice", "give it once"),
    "--dleta 1": ("lossctl eval has no flag --dleta", "did you mean --delta?"),
    "--wieght w": ("lossctl eval has no flag --wieght", "did you mean --weight?"),
    "--min_n 3": ("lossctl eval has no flag --min_n", "did you mean --min-n?"),
    "-z": ("lossctl eval has no flag -z", "lossctl eval --help"),
    "--where": ("--where needs a value", "write --where SQL"),
    "--skill=1": ("--skill takes no value", "write --skill alone"),
    "--skill 1": ("--skill takes no value, and there is no file '1'", "leave out '1', or name a file"),
    "-target y": ("-target has one dash", "a flag of more than a letter has two: --target"),
    "--format jsn": ("there is no format 'jsn'", f"did you mean json? {FORMATS}"),
    "--format tex": ("there is no format 'tex'", f"did you mean latex? {FORMATS}"),
    "--format parquet": ("there is no format 'parquet'", f"eval --per-row writes rows as Parquet; {FORMATS}"),
    "--nan drop": ("nan: 'drop' is not error or omit", "omit leaves rows out, error refuses them"),
    "--level 95": (f"level: 95.0 {LEVEL}", COVERAGE),
    "--level nan": (f"level: nan {LEVEL}", COVERAGE),
    "--level 0": (f"level: 0.0 {LEVEL}", COVERAGE),
    "--level 0.05": (f"level: 0.05 {LEVEL}", "it is the share of intervals that cover, not of those that miss: 0.95"),
    "--level 0.99991": (f"level: 0.99991 {LEVEL}", COVERAGE),
    "--level 0.9999999999999": (f"level: 0.9999999999999 {LEVEL}", COVERAGE),
    "--level x": ("--level: 'x' is not a number", "write --level P"),
    "--clip 0.5": ("clip: 0.5 is not between 0 and 0.5", "such as 1e-15"),
    "--clip nan": ("clip: nan is not between 0 and 0.5", "such as 1e-15"),
    "--threads 0": ("threads: 0 is not a whole number from 1 to 1024", THREADS),
    "--threads 1025": ("threads: 1025 is not a whole number from 1 to 1024", THREADS),
    "--digits 0": ("--digits: '0' is not a whole number from 1 to 17", "write --digits N"),
    "--decimal ;": ("decimal: ';' is neither a point nor a comma", "write 1.5 or 1,5 throughout"),
    "--delimiter ab": ("'ab' cannot be a delimiter", "give one character, or 'tab'"),
    "--input-format xls": ("no format is called 'xls'", "choose one of csv, tsv, jsonl, parquet"),
    "-o d": ("d is a directory", "name a file in it"),
    "-o nowhere/x": ("nowhere/x can't be written: there is no directory nowhere", "mkdir -p nowhere"),
    "-o p.csv/x": ("p.csv/x can't be written: p.csv is a file", "name a directory that exists"),
    f"-o {'x' * 300}": (f"{'x' * 300} can't be written: File name too long", ANOTHER_PATH),
    "-o p.csv": ("p.csv is a source: the result would replace it", ANOTHER_PATH),
    "--export json=./p.csv": ("p.csv is a source: the result would replace it", ANOTHER_PATH),
    "-o r --export json=r": ("two results would go to r", "give each a path of its own"),
    "--export json": ("--export 'json' is not FORMAT=PATH", "for example --export json=result.json"),
    "--export yaml=r": ("there is no format 'yaml'", FORMATS),
}

ONE_EACH = "put quotes around what has spaces, or run it once for each"
THE_COMMANDS = "the commands: eval, compare, check, baseline, losses, show"
COMMANDS = {
    ("evl",): ("there is no command 'evl'", "did you mean eval?"),
    ("\x1b[31m",): (r"there is no command '\x1b[31m'", THE_COMMANDS),
    ("--nope",): ("--nope comes before a command", "a command comes first, such as: lossctl eval --nope"),
    ("-V",): ("lossctl has no flag -V", "lossctl --version"),
    ("eval",): ("lossctl eval needs SOURCE...", "such as: lossctl eval preds.csv --loss huber --delta 1.0"),
    ("eval", "p.csv", "mse"): ("lossctl eval needs --loss NAME", "--loss mse names it"),
    ("baseline", "p.csv", "-l", "mae"): (
        "lossctl baseline needs --output FILE",
        "such as: lossctl baseline preds.csv -k id -l mse -o main.parquet",
    ),
    ("show",): ("lossctl show needs LOSS", "such as: lossctl show huber --delta 0.5"),
    ("show", "hubr"): ("no loss is called 'hubr'", f"did you mean huber{ANY}? {LIST}"),
    ("show", "mae", "mse"): ("lossctl show takes one LOSS, and more follows: mse", ONE_EACH),
    ("show", "mae,mse"): ("'mae,mse' names 2 losses", "show takes one"),
    ("show", "huber(delta=1,2)"): ("'huber(delta=1,2)' names 2 losses", "show takes one"),
    ("show", "mae", "--delta", "1"): (f"--delta is for huber{ANY}, not for mae", "drop --delta"),
    ("show", "huber", "--delta", "1", "--delta", "1"): ("--delta is given twice", "give it once"),
    ("losses", "zzz"): ("no loss has 'zzz' in its names, task, kind or summary", "`lossctl losses` lists them all"),
    ("losses", "a", "b"): ("lossctl losses takes one WORD, and more follows: b", ONE_EACH),
    ("losses", "-f", "x"): ("there is no format 'x'", FORMATS),
}


@pytest.mark.parametrize("name", WHERE)
def test_a_condition_that_is_none(name: str, run: Run) -> None:
    case = WHERE[name]
    ran = evaluate(run, case)
    require_refusal(ran, case.code)
    ran.require_said(_escaped(case.error), case.hint)


def _escaped(text: str) -> str:
    """Write what a condition holds as standard error shows it."""
    return text.replace("::", r":\x3a").replace("\x1b", r"\x1b")


@pytest.mark.parametrize("condition", FORBIDDEN)
def test_a_condition_cannot_reach_out(condition: str, run: Run) -> None:
    ran = evaluate(run, Bad({"p.csv": WIDE, "secret.csv": "s3cret\n1\n"}, "", "", options=("--where", condition)))
    require_refusal(ran, 2)
    assert ran.said[0].startswith(f"error: --where {condition!r} calls ")
    assert "s3cret" not in ran.stderr


@pytest.mark.parametrize("text", LOSSES)
def test_a_loss_that_cannot_be_read(text: str, run: Run) -> None:
    write(GOOD)
    ran = run("eval", "p.csv", "--loss", text)
    require_refusal(ran, 2)
    ran.require_said(LOSSES[text][0], LOSSES[text][1])


@pytest.mark.parametrize("text", OPTIONS)
def test_an_option_that_cannot_be(text: str, run: Run) -> None:
    write({"p.csv": GOOD, "d/x": ""})
    words = text.split(" ")
    loss = [] if "--loss" in words else ["--loss", "mae"]
    ran = run("eval", "p.csv", *loss, *words)
    require_refusal(ran, 2)
    ran.require_said(OPTIONS[text][0], OPTIONS[text][1])
    assert Path("p.csv").read_text() == GOOD
    assert sorted(path.name for path in Path().iterdir()) == ["d", "p.csv"]


@pytest.mark.parametrize("source", ["a.csv", "m=a.csv", "m=./a.csv", "?.csv", "m=*.csv"])
def test_no_source_is_written_over_however_it_is_named(source: str, run: Run) -> None:
    write({"a.csv": GOOD})
    ran = run("eval", source, "--loss", "mae", "-o", "a.csv")
    require_refusal(ran, 2)
    ran.require_said("a.csv is a source: the result would replace it", ANOTHER_PATH)
    assert Path("a.csv").read_text() == GOOD
    assert run("eval", source, "--loss", "mae", "-o", "b.txt").code == 0


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_that_cannot_be(words: tuple[str, ...], run: Run) -> None:
    ran = run(*words)
    require_refusal(ran, 2)
    ran.require_said(COMMANDS[words][0], COMMANDS[words][1])


def test_an_output_that_fails_late_is_a_data_error(run: Run) -> None:
    if not Path("/proc/self").exists():
        pytest.skip("needs /proc")
    ran = evaluate(run, Bad(GOOD, "", "", options=("-o", "/proc/result")))
    require_refusal(ran, 3)
    assert ran.said[0] == "error: /proc/result can't be written: No such file or directory"


def test_a_fault_of_the_system_is_no_fault_of_ours(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object, **_options: object) -> None:
        raise OSError(5, "Input/output error", "net/p.csv")

    monkeypatch.setattr("lossctl.api.setup.open.open_source", broken)
    ran = evaluate(run, Fine(GOOD, []))
    require_refusal(ran, 3)
    assert ran.said == ["error: net/p.csv can't be used: Input/output error", "hint:  check the path and its disk"]
