"""Which words are offered in each place of a command line, and what is read for them."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from lossctl.api import check_formats, formats, list_losses
from lossctl.cli import completing
from lossctl.cli.commands import COMMANDS, application
from lossctl.cli.completing import Offer, offer
from tests.each import for_each
from tests.transcript import ROOT, scratch

GROUP = typer.main.get_command(application())
LOSSES = list_losses().losses
NOTHING = Offer()
FILES = Offer(kind="files")
UNKNOWN = {"N", "P", "X", "H", "L", "B", "EPS", "SHARE", "LABEL", "TOKEN", "A,B,C", "P,Q,R", "A=X,B=Y"}
"""Values that a person alone knows; X is that of a parameter, which may have names too."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(completing, "_SECONDS", 100.0)  # it would end the process of the tests
    Path("p.csv").write_text("id,target,ridge,rich,a b,size\n1,2,3,4,5,6\n", encoding="utf-8")
    return tmp_path


def words(line: str, partial: str = "") -> list[str]:
    return [word for word, _ in offer(line.split(), partial).words]


def test_commands_come_first_and_files_after_none_of_them() -> None:
    assert words("") == list(COMMANDS)
    assert offer([], "p.c") == FILES
    assert "--version" in words("", "--")


def test_a_file_in_the_place_of_a_command_is_evaluated() -> None:
    assert words("p.csv -t", "ri") == ["ridge", "rich"]
    assert words("p.csv", "--kee") == ["--keep"]
    assert offer(["none.csv"], "--kee") == FILES


def options() -> list[tuple[str, str]]:
    pairs = [
        (name, each)
        for name, command in GROUP.commands.items()  # type: ignore[attr-defined]  # a group
        for each in command.params
        if each.param_type_name == "option"
    ]
    return [(name, each.opts[0]) for name, each in pairs if not each.is_flag]


@for_each("pair", options(), " ".join)
def test_each_option_is_completed_or_only_a_person_knows_its_value(pair: tuple[str, str]) -> None:
    command, option = pair
    given = offer([command, "p.csv", option], "")
    found = next(
        each
        for each in GROUP.commands[command].params
        if option in each.opts  # type: ignore[attr-defined]  # a group
    )
    metavar = (found.metavar or "").strip("[].")
    assert bool(given.words or given.kind == "files") or metavar in UNKNOWN


@pytest.mark.parametrize("command", ["eval", "compare", "baseline"])
def test_every_loss_is_offered_with_what_it_is(command: str) -> None:
    assert dict(offer([command, "p.csv", "--loss"], "").words) == {each.id: each.summary for each in LOSSES}


def test_a_list_goes_on_and_names_no_loss_twice() -> None:
    assert words("eval p.csv -l", "huber,mae,hube") == []
    assert words("eval p.csv -l", "mae,HUBE") == ["mae,huber"]
    assert "mae,mse" in words("eval p.csv -l", "mae,m")
    assert "mae,mae" not in words("eval p.csv -l", "mae,m")
    assert words("eval p.csv -l", "huber(delta=1,2),smooth-l") == ["huber(delta=1,2),smooth_l1"]


def test_an_alias_is_offered_where_no_loss_is_called_so() -> None:
    assert words("eval p.csv -l", "L1") == ["l1"]
    assert words("eval p.csv -l", "mae,BCEWith") == ["mae,BCEWithLogitsLoss"]
    assert "reg:squarederror" in words("show", "reg:sq")


def test_parameters_stand_in_parentheses() -> None:
    assert offer(["show"], "huber(") == Offer((("huber(delta=", LOSSES_BY_ID["huber"].params[0].summary),), "open")
    assert words("show", "nothing(") == []


LOSSES_BY_ID = {each.id: each for each in LOSSES}


def test_formats_are_those_of_the_command() -> None:
    assert words("eval p.csv -f") == list(formats())
    assert words("check p.csv -f") == list(check_formats())
    assert offer(["check", "--export"], "jun") == Offer((("junit=", ""),), "open")
    assert offer(["check", "--export"], "junit=re") == FILES


@pytest.mark.parametrize("option", ["-t", "-p", "-w", "-k", "--by", "--group", "--scale", "--keep"])
def test_columns_of_the_file_on_the_line(option: str) -> None:
    assert words(f"eval p.csv {option}") == ["id", "target", "ridge", "rich", "a b", "size"]
    assert words(f"eval m=p.csv --nan omit {option}", "RI") == ["ridge", "rich"]
    assert words(f"eval *.csv --loss mae --normalize {option}", "a") == ["a b"]
    assert words(f"eval {option}") == []


@pytest.mark.parametrize("option", ["--cluster", "--baseline-pred"])
def test_columns_of_comparisons(option: str) -> None:
    assert words(f"compare p.csv {option}", "s") == ["size"]
    assert words(f"check p.csv {option}", "s") == ["size"]


def test_columns_of_other_files_on_the_line() -> None:
    Path("q.csv").write_text("other,target\n1,2\n", encoding="utf-8")
    assert words("eval p.csv --targets q.csv -t", "o") == ["other"]
    assert words("compare p.csv --baseline q.csv --baseline-pred") == [
        "other",
        "target",
        "id",
        "ridge",
        "rich",
        "a b",
        "size",
    ]


def test_a_list_of_columns_goes_on_where_one_may_stand() -> None:
    assert words("eval p.csv -p", "ridge,r") == ["ridge,rich"]
    assert words("eval p.csv --by", "ridge,r") == []


def test_gates_and_conditions() -> None:
    assert "delta(" in words("check p.csv -g", "d")
    assert words("check p.csv -g", "p95(hube") == ["p95(huber"]
    assert words("check p.csv -g", "p95(de") == []
    assert words("check p.csv -g", "mae[siz") == ["mae[size"]
    assert words("check p.csv -g", "mae <= ") == []
    assert words("eval p.csv --where", "ridge > 1 and a") == ['ridge > 1 and "a b"']


def test_options_are_offered_once() -> None:
    offered = words("eval p.csv --nan omit --loss mae", "--")
    assert "--nan" not in offered
    assert {"--loss", "--delta", "--help"} <= set(offered)
    assert not [each for each in offered if not each.startswith("--")]
    assert {"-l", "--loss"} <= set(words("eval", "-"))
    assert "--help-all" in words("eval", "--he")
    assert "--c" not in words("eval", "--")
    assert words("eval p.csv", "--nan=") == ["--nan=error", "--nan=omit"]
    assert words("eval p.csv", "--nothing=") == []


def test_names_that_stand_for_values_of_parameters() -> None:
    assert "e" in words("eval p.csv --base")


def write_parquet(path: Path) -> None:
    pq.write_table(pa.table({"stored": [1.0]}), path)


def write_gzip(path: Path) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as stream:
        stream.write("stored\n1\n")


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("q.parquet", write_parquet),
        ("q.csv.gz", write_gzip),
        ("q.jsonl", lambda path: path.write_text('{"stored": 1}\n', encoding="utf-8")),
        ("q.tsv", lambda path: path.write_text("stored\tb\n1\t2\n", encoding="utf-8")),
    ],
)
def test_columns_of_every_format(name: str, write: object) -> None:
    write(Path(name))  # type: ignore[operator]  # one of the functions above
    assert words(f"eval {name} -t", "s") == ["stored"]


def test_sources_are_files() -> None:
    for command in ("eval", "compare", "check", "baseline", "eval p.csv -t target"):
        assert offer(command.split(), "p") == FILES


def test_how_the_file_is_read_is_heeded() -> None:
    assert words("eval p.csv --skip x -t", "ri") == ["ridge", "rich"]
    Path("q.txt").write_text("a comment\nfirst:second\n1:2\n", encoding="utf-8")
    assert words("eval q.txt --skip 1 --delimiter : -t") == ["first", "second"]
    Path("q").write_text('{"a": 1}\n', encoding="utf-8")
    assert words("eval q --input-format jsonl -t") == ["a"]


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b"PAR1", b"PAR1 and no end PAR1", b"\x1f\x8b\x08", b'a,"b\n', b"\xff\xfea\0", b"a\0b", b"\xe9,b\n"],
)
def test_a_broken_file_gives_nothing(content: bytes) -> None:
    for name in ("q.csv", "q.csv.gz", "q.parquet", "q.jsonl"):
        Path(name).write_bytes(content)
        assert words(f"eval {name} -t", "x") == []


def test_what_is_no_file_is_not_read() -> None:
    os.mkfifo("pipe")
    for source in ("-", "pipe", ".", "/dev/zero", "git:main:p.csv", "none.csv", "s3://bucket/p.csv"):
        assert words(f"eval {source} -t") == []


def test_only_the_beginning_of_a_large_file_is_read() -> None:
    with Path("q.csv").open("wb") as stream:
        stream.write(b"first,second\n" + b"1,2\n" * 100_000)
        stream.seek(1 << 40)  # after a terabyte of nothing, which no disk holds
        stream.write(b"\n1,2\n")
    started = time.process_time()
    assert words("eval q.csv -t", "se") == ["second"]
    assert time.process_time() - started < 5.0


HANGS = """
import time
from lossctl.api import hints
from lossctl.cli import completing
hints.column_names = lambda *_, **__: time.sleep(100)
completing._SECONDS = 0.2
completing.offer(["eval", "p.csv", "-t"], "")
"""


def test_a_file_that_does_not_open_ends_it() -> None:
    done = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, check=False, timeout=90)
    assert (done.returncode, done.stdout, done.stderr) == (2, b"", b"")


PROGRAM = """
import json, sys
from lossctl.cli.completing import offer
words = offer(json.loads(sys.argv[1]), sys.argv[2]).words
print(json.dumps([len(words), sorted({name.split(".")[0] for name in sys.modules})]))
"""


@pytest.mark.parametrize(("line", "partial"), [("eval", "--lo"), ("eval --loss", "hu"), ("check --test", ""), ("", "")])
def test_words_that_stand_in_no_file_load_nothing_that_reads_or_prints(line: str, partial: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(line.split()), partial], capture_output=True, text=True, check=True
    )
    count, modules = json.loads(done.stdout)
    assert count
    assert not {"arro3", "duckdb", "pandas", "pyarrow", "rich", "scipy"} & set(modules)


@given(
    st.lists(
        st.sampled_from(["eval", "check", "p.csv", "-t", "--loss", "--nan", "-p", "--", "-x", "--by=", "="]), max_size=5
    ),
    st.text(max_size=6),
)
def test_any_line_gets_an_answer(line: list[str], partial: str) -> None:
    with scratch():
        given = offer(line, partial)
    assert given.kind in {"words", "open", "files"}
    assert all(word for word, _ in given.words)


def test_the_documents_say_how_it_is_installed() -> None:
    assert "--install-completion" in (ROOT / "README.md").read_text(encoding="utf-8")
