"""What users of other programs type: each is told what is meant, in one line, and following that works.

And whatever is typed, no word of what lossctl is made of reaches the reader.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import typer
from pyarrow import csv, parquet

from lossctl.cli import usage
from lossctl.cli.commands import COMMANDS, application
from lossctl.losses import LOSSES, choose, find, parameters
from lossctl.losses.other_names import FLAGS_ELSEWHERE, MEASURES
from tests.cli.cases import INSIDE, Run, write
from tests.cli.test_bad_arguments import FORBIDDEN
from tests.cures import hint_of

pytestmark = pytest.mark.usefixtures("shared_databases")

DATA = (
    "target,prediction,sex,Ridge,lasso,s,q0.5,m_1,m_2,w,b\n"
    "1,1.5,F,1,2,1,1,1,2,1,0\n2,2,M,2,2.5,1,2,1,3,1,1\n4,1,F,3,3,2,3,2,5,1,0\n5,2,M,1,2,1,5,4,4,1,1\n3,2,F,1,2,1,4,3,4,2,1\n"
)
Meant = tuple[str, str, str]
"""What is typed after ``lossctl``, what the hint must hold, and the command line that it leads to."""
EVAL, COMPARE, CHECK = "eval p.csv -l mae", "compare p.csv -p Ridge -p lasso -l mae", "check p.csv"
GATE = "-g 'mae <= 9'"

MEANT: list[Meant] = [
    # a format, a file
    (f"{EVAL} --json", "--format json", f"{EVAL} --format json"),
    (f"{EVAL} --csv", "--format csv", f"{EVAL} --format csv"),
    (f"{EVAL} --output-format json", "--format NAME", f"{EVAL} --format json"),
    (f"{EVAL} --out r.json", "-o FILE", f"{EVAL} -o r.json"),
    (f"{EVAL} --outfile r.json", "-o FILE", f"{EVAL} -o r.json"),
    (f"{EVAL} -f markdwn", "did you mean markdown?", f"{EVAL} -f markdown"),
    (f"{EVAL} -f parquet -o r.parquet", "eval --per-row", f"{EVAL} --per-row -f parquet -o r.parquet"),
    (f"{EVAL} -o r.parquet", "eval --per-row", f"{EVAL} --per-row -o r.parquet"),
    (f"{EVAL} -f json -o r.csv", "end it in .json", f"{EVAL} -f json -o r.json"),
    ("eval --input p.csv -l mae", "lossctl eval FILE", EVAL),
    ("eval q.csv -l mae", "check the path", EVAL),
    ("eval P.CSV -l mae", "did you mean p.csv?", EVAL),
    ("eval p.cvs -l mae", "did you mean p.csv?", EVAL),
    ("eval p.parquet -l mae", "did you mean p.csv?", EVAL),
    ("eval d/p.cvs -l mae", "did you mean d/p.csv?", "eval d/p.csv -l mae"),
    # a loss
    ("eval p.csv --metric mae", "--loss NAME", EVAL),
    ("eval p.csv -m mae", "--loss NAME", EVAL),
    ("eval p.csv --criterion mae", "--loss NAME", EVAL),
    ("eval p.csv mae", "--loss mae", "eval p.csv --loss mae"),
    ("eval p.csv -loss mae", "--loss", "eval p.csv --loss mae"),
    ("eval p.csv -l mae mse", "-l mae -l mse", "eval p.csv -l mae -l mse"),
    ("eval p.csv -l crps -p 'm_*'", "crps_ensemble for ensembles", "eval p.csv -l crps_ensemble -p 'm_*'"),
    ("eval p.csv -l crps --scale s", "crps_normal for a location", "eval p.csv -l crps_normal --scale s"),
    ("eval p.csv -l crps -p q0.5", "crps_quantile for quantiles", "eval p.csv -l crps_quantile -p q0.5"),
    ("eval p.csv -l NLLLoss", "--loss categorical_cross_entropy", EVAL),
    ("eval p.csv -l lightgbm:mape", "--loss mape", "eval p.csv --loss mape"),
    (
        "eval p.csv -l tweedie-nloglik@1.4",
        "'tweedie_deviance(power=1.4)'",
        "eval p.csv -l 'tweedie_deviance(power=1.4)'",
    ),
    ("check p.csv -g 'neg_mean_squared_error >= -9'", "mse <= NUMBER", "check p.csv -g 'mse <= 99'"),
    ("eval p.csv -l accuracy", "--loss log_loss", EVAL),
    ("eval p.csv -l r2", "--loss mse --skill", "eval p.csv --loss mse --skill"),
    ("eval p.csv -l median_absolute_error", "--loss mae --quantiles 0.5", "eval p.csv --loss mae --quantiles 0.5"),
    ("eval p.csv -l max_error", "--loss mae --quantiles max", "eval p.csv --loss mae --quantiles max"),
    ("eval p.csv -l bce_with_logits -t b -p Ridge", "bce_logits", "eval p.csv -l bce_logits -t b -p Ridge"),
    ("eval p.csv -l 'mae mse'", "--loss mae,mse", "eval p.csv --loss mae,mse"),
    ("eval p.csv -l 'mse;mae'", "--loss mse,mae", "eval p.csv --loss mse,mae"),
    ("eval p.csv -l huber:delta=1", "--loss 'huber(delta=1)'", "eval p.csv --loss 'huber(delta=1)'"),
    ("check p.csv -g 'r2 >= .3'", "--gate 'mse <= NUMBER'", "check p.csv --gate 'mse <= 99'"),
    ("check p.csv -g 'medae <= 3'", "--gate 'p50(mae) <= NUMBER'", "check p.csv --gate 'p50(mae) <= 99'"),
    # parameters by their other names
    ("eval p.csv -l quantile --quantile 0.9", "--tau", "eval p.csv -l quantile --tau 0.9"),
    ("eval p.csv -l huber --epsilon 1.35", "--delta 1.35", "eval p.csv -l huber --delta 1.35"),
    ("eval p.csv -l huber --beta 2", "--delta 2", "eval p.csv -l huber --delta 2"),
    ("eval p.csv -l tweedie_deviance --p 1.5", "--power 1.5", "eval p.csv -l tweedie_deviance --power 1.5"),
    ("eval p.csv -l mase --m 2", "--period", "eval p.csv -l mase --period 2"),
    ("eval p.csv -l gaussian_nll --sigma s", "--scale COLUMN", "eval p.csv -l gaussian_nll --scale s"),
    # columns
    ("eval p.csv -l mae --p Ridge", "-p Ridge", "eval p.csv -l mae -p Ridge"),
    ("compare p.csv -p Ridge lasso -l mae", "-p Ridge -p lasso", COMPARE),
    (f"{EVAL} --y_true target", "--target COLUMN", f"{EVAL} --target target"),
    (f"{EVAL} --y-pred Ridge", "--pred COLUMN", f"{EVAL} --pred Ridge"),
    (f"{EVAL} --model Ridge", "-p COLUMN", f"{EVAL} -p Ridge"),
    (f"{EVAL} --sample_weight w", "--weight COLUMN", f"{EVAL} --weight w"),
    (f"{EVAL} --groupby sex", "--by COLUMN", f"{EVAL} --by sex"),
    (f"{EVAL} -p ridge", "did you mean Ridge?", f"{EVAL} -p Ridge"),
    # rows
    (f"{EVAL} --where 'sex = F'", "--where \"sex = 'F'\"", f"{EVAL} --where \"sex = 'F'\""),
    (f"{EVAL} --where 'sex = \"F\"'", "--where \"sex = 'F'\"", f"{EVAL} --where \"sex = 'F'\""),
    (f"{EVAL} --where 'sex in (F, M)'", "--where \"sex in ('F', 'M')\"", f"{EVAL} --where \"sex in ('F', 'M')\""),
    (f"{EVAL} --where \"sx = 'F'\"", "did you mean sex?", f"{EVAL} --where \"sex = 'F'\""),
    (f"{EVAL} --where w = 1", "--where 'w = 1'", f"{EVAL} --where 'w = 1'"),
    (f"{EVAL} --filter 'w = 1'", "--where CONDITION", f"{EVAL} --where 'w = 1'"),
    (f"{EVAL} --dropna", "--nan omit", f"{EVAL} --nan omit"),
    (f"{EVAL} --sep ,", "--delimiter CHAR", f"{EVAL} --delimiter ,"),
    (f"{EVAL} --n-jobs 1", "--threads N", f"{EVAL} --threads 1"),
    (f"{EVAL} --confidence 0.9", "--level P", f"{EVAL} --level 0.9"),
    (f"{EVAL} --level 0.05", "0.95", f"{EVAL} --level 0.95"),
    (f"{EVAL} -n 1", "--top N", f"{EVAL} --top 1"),
    # a comparison, a gate
    (f"{COMPARE} --bootstrap 200", "--bootstrap --resamples 200", f"{COMPARE} --bootstrap --resamples 200"),
    (f"{COMPARE} --permutation 200", "--permutation --resamples 200", f"{COMPARE} --permutation --resamples 200"),
    (f"{COMPARE} --n-boot 200", "--bootstrap --resamples N", f"{COMPARE} --bootstrap --resamples 200"),
    (f"{COMPARE} --bootstrap --random-state 1", "--seed N", f"{COMPARE} --bootstrap --seed 1"),
    (f"{EVAL} --adjust holm", "it is a flag of lossctl compare", f"{COMPARE} --adjust holm"),
    (f"{EVAL} --gate 'mae <= 9'", "it is a flag of lossctl check", f"{CHECK} {GATE}"),
    (f"{CHECK} -l mae", "--gate 'mae <= 0.3'", f"{CHECK} --gate 'mae <= 9'"),
    (f"{CHECK} --fail-under 3", "--gate 'mae <= 0.3'", f"{CHECK} --gate 'mae <= 9'"),
    (f"{CHECK} -g mae '<=' 60", "-g 'mae <= 60'", f"{CHECK} -g 'mae <= 60'"),
    (f"{CHECK} -g mae '<=60'", "-g 'mae <=60'", f"{CHECK} -g 'mae <=60'"),
    (f"{EVAL} --where w '>' 0", "--where 'w > 0'", f"{EVAL} --where 'w > 0'"),
    (f"{CHECK} {GATE} --fail-on unsure", "--fail-unsure", f"{CHECK} {GATE} --fail-unsure"),
    (f"{CHECK} {GATE} --fail-on=unsure", "--fail-unsure", f"{CHECK} {GATE} --fail-unsure"),
    (f"{EVAL} --per row", "--per-row", f"{EVAL} --per-row"),
    # a command
    ("p.csv --gate 'mae <= 9'", "lossctl check p.csv --gate 'mae <= 9'", "check p.csv --gate 'mae <= 9'"),
    ("evaluate p.csv -l mae", "did you mean lossctl eval?", EVAL),
    ("evl p.csv -l mae", "did you mean eval?", EVAL),
    ("list", "did you mean lossctl losses?", "losses"),
    ("huber", "lossctl show huber", "show huber"),
    ("mae p.csv", "lossctl eval p.csv --loss mae", "eval p.csv --loss mae"),
    ("--loss mae p.csv", "lossctl eval --loss mae p.csv", "eval --loss mae p.csv"),
    ("help", "lossctl --help", "--help"),
    ("help eval", "lossctl eval --help", "eval --help"),
    ("version", "lossctl --version", "--version"),
    ("-V", "lossctl --version", "--version"),
]


@pytest.fixture
def folder(run: Run) -> Run:
    write({"p.csv": DATA, "d/p.csv": DATA})
    return run


@pytest.mark.parametrize("case", MEANT, ids=lambda case: case[0])
def test_what_is_meant_is_said_in_a_line_and_works(case: Meant, folder: Run) -> None:
    typed, hint, cured = case
    ran = folder(*shlex.split(typed))
    assert ran.code in {2, 3}, ran.stderr
    assert ran.stdout == ""
    assert len(ran.said) == 2, ran.stderr
    assert not INSIDE.search(ran.stderr), ran.stderr
    assert hint in ran.said[1]
    assert folder(*shlex.split(cured)).code == 0


STRANGE = [
    "",
    "eval",
    "eval --",
    "eval p.csv -l",
    "eval p.csv -l ''",
    "eval '' -l mae",
    f"{EVAL} --null",
    f"{EVAL} --threads x",
    f"{EVAL} --threads 1.5",
    f"{EVAL} --threads -3",
    f"{EVAL} --min-n 1e3 --by sex",
    f"{EVAL} --clip abc",
    f"{EVAL} --digits 3.5",
    f"{EVAL} --top -1",
    f"{EVAL} --top all",
    f"{EVAL} --quantiles 1.5",
    f"{EVAL} --levels a,b",
    f"{EVAL} --class-weights a",
    f"{EVAL} --by",
    f"{EVAL} --by nothing",
    f"{EVAL} --by sex --by sex",
    f"{EVAL} -t sex",
    f"{EVAL} -p sex",
    f"{EVAL} -p 'zz*'",
    f"{EVAL} -w sex",
    f"{EVAL} --delimiter ''",
    f"{EVAL} --delimiter '|'",
    f"{EVAL} --decimal x",
    f"{EVAL} --input-format parquet",
    f"{EVAL} --input-format jsonl",
    f"{EVAL} --normalize",
    f"{EVAL} --positive F",
    f"{EVAL} --scale s",
    f"{EVAL} --group sex",
    f"{EVAL} --targets nowhere.csv --key w",
    f"{EVAL} --key w",
    f"{EVAL} --no-rows",
    f"{EVAL} --=3",
    f"{EVAL} ---x",
    f"{EVAL} -l=mae",
    f"{EVAL} --format=",
    f"{EVAL} --export =x",
    f"{EVAL} -o ''",
    "eval p.csv -l log_loss",
    "eval p.csv -l cross_entropy -t sex",
    "eval p.csv -l 'huber(delta=1'",
    "eval p.csv -l 'huber(delta=[1])'",
    "eval p.csv -l huber --delta None",
    "eval s3://bucket/p.csv -l mae",
    "eval git:HEAD:p.csv -l mae",
    "eval 'a=b=c' -l mae",
    "compare p.csv -l mae",
    "compare p.csv p.csv -l mae",
    f"{COMPARE} --bootstrap --permutation",
    f"{COMPARE} --block x",
    f"{COMPARE} --block 0",
    f"{COMPARE} --cluster nothing",
    f"{COMPARE} --horizon 99",
    f"{COMPARE} --seed 1",
    f"{COMPARE} --adjust fdr",
    f"{COMPARE} --baseline nowhere.csv",
    f"{COMPARE} --resamples 10",
    f"{CHECK} -g ''",
    f"{CHECK} -g mae",
    f"{CHECK} -g 'mae <= x'",
    f"{CHECK} -g 'mae[sex=F'",
    f"{CHECK} -g 'delta(mae) <= 1'",
    f"{CHECK} -g 'accuracy >= 0.9'",
    f"{CHECK} -g 'mae <= 9' --config nowhere.toml",
    f"{CHECK} -g 'mae <= 9' --config p.csv",
    f"{CHECK} -g 'mae <= 9' --max-omitted x",
    f"{CHECK} -g 'mae <= 9' --nan omit",
    f"{CHECK} -g 'mae <= 9' --test x",
    "baseline p.csv -l mae -o x.parquet",
    "baseline p.csv -l mae -k nothing -o x.parquet",
    "losses zzz",
    "show",
    "show mae mse",
    "show 'huber(delta=-1)'",
    "eval --help-me",
    "xyz",
]


def test_no_word_of_what_lossctl_is_made_of_reaches_the_reader(folder: Run) -> None:
    leaked = {}
    for line in STRANGE:
        ran = folder(*shlex.split(line))
        said = ran.stderr
        for word in shlex.split(line):
            said = said.replace(word, "") if len(word) > 1 else said
        if INSIDE.search(said) or ran.code == 70 or (ran.code != 0 and not ran.stderr and line):
            leaked[line] = ran.stderr
    assert not leaked


def flags() -> Mapping[str, set[str]]:
    group: Any = typer.main.get_command(application(()))
    return {
        name: {each for parameter in command.params for each in (*parameter.opts, *parameter.secondary_opts)}
        for name, command in group.commands.items()
    }


FLAGS = flags()


@pytest.mark.parametrize("command", COMMANDS)
def test_what_other_programs_call_a_flag_leads_to_one_there_is(command: str) -> None:
    group: Any = typer.main.get_command(application(()))
    for word in [*usage._MEANT, *usage._ANSWERS]:  # noqa: SLF001 -- the tables are the test
        option = f"-{word}" if len(word) == 1 else f"--{word}"
        if option in FLAGS[command]:
            continue
        cure = usage._cure_of_flag(option, group.commands[command])  # noqa: SLF001
        of = re.findall(r"lossctl (\w+)", cure)
        where = [name for name in of if name in COMMANDS] or [command]
        named = re.findall(r"(?<!\w)--?[a-z][a-z-]*", cure.partition(" of lossctl")[0])
        for flag in named:
            ok = all(flag in FLAGS[name] for name in where) or flag in {"--help", "--version", "-f", "-t"}
            assert ok, (option, command, cure)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_flag_of_another_command_is_told_so(command: str) -> None:
    group: Any = typer.main.get_command(application(()))
    for option in sorted(set().union(*FLAGS.values()) - FLAGS[command]):
        cure = usage._cure_of_flag(option, group.commands[command])  # noqa: SLF001
        known = [name for name in COMMANDS if option in FLAGS[name]]
        if not (command == "check" and option in {"--loss", "-l"}):
            assert cure == f"it is a flag of lossctl {', '.join(known[:-1])}{' or ' * (len(known) > 1)}{known[-1]}"


@pytest.mark.parametrize("name", MEASURES)
def test_the_cure_for_a_measure_names_losses_that_there_are(name: str) -> None:
    cure = MEASURES[name]
    assert all(find(first) for first in re.findall(r"--loss (\w+)", cure))
    for loss in re.findall(r"\b[a-z]+_[a-z_]+\b", cure):
        assert find(loss)
    for flag in re.findall(r"--[a-z-]+", cure):
        assert flag in FLAGS["eval"]


@pytest.mark.parametrize("command", ["eval", "compare", "check", "baseline"])
def test_no_cure_of_a_loss_names_a_flag_that_the_command_does_not_have(command: str, folder: Run) -> None:
    """A hint of ``--skill`` leads ``check`` nowhere: it names its losses in gates."""
    elsewhere = {each for loss in LOSSES.values() for entry in loss.elsewhere for each in entry.names if entry.differs}
    names = [each for each in [*MEASURES, *elsewhere, "hubr", "mae mse", "huber:delta=1"] if "(" not in each]
    lines = {"check": "check p.csv -g '{0} <= 3'", "baseline": "baseline p.csv -k w -o x.parquet -l '{0}'"}
    unknown = {}
    for name in names if command != "eval" else names[::7]:
        ran = folder(*shlex.split(lines.get(command, command + " p.csv -l '{0}'").format(name)))
        assert ran.code in {2, 3}, (name, ran.stderr)
        hint = hint_of(ran)
        of = "eval" if hint.startswith("with lossctl eval: ") and command in {"compare", "baseline"} else command
        named = re.findall(r"(?<![\w'-])--?[a-z][a-z-]*(?= |$)", hint)
        if strangers := {*named} - FLAGS[of]:
            unknown[name] = strangers
    assert not unknown


def test_a_parameter_of_another_library_leads_to_one_there_is() -> None:
    known = parameters()
    for name, ours in FLAGS_ELSEWHERE.items():
        assert name not in ours
        assert {*ours} <= {*known}, name


@pytest.mark.parametrize("name", [name for name in FLAGS_ELSEWHERE if name in parameters()])
def test_a_flag_that_no_chosen_loss_has_leads_to_one_that_takes_the_value(name: str) -> None:
    for other in FLAGS_ELSEWHERE[name]:
        for loss in parameters()[other].losses:
            if find(loss).param(name) is not None:
                continue
            value = find(loss).choose().params[other]
            text = "1.5" if value is None else str(value)
            if any(name in entry.renamed for entry in find(loss).elsewhere):
                assert choose([loss], {name: text}) == choose([loss], {other: text})
                continue
            with pytest.raises(Exception, match=f"--{name.replace('_', '-')} is for") as caught:
                choose([loss], {name: text})
            cure = str(getattr(caught.value, "cure", ""))
            led = re.search(r"calls it --([a-z-]+): --[a-z-]+ (\S+)", cure)
            assert led, cure
            assert choose([loss], {led[1]: led[2]})


CONDITIONS = {
    # a condition, and what is said of it on columns of text files and of Parquet
    "w = ": ("it ends too early", "give one condition"),
    "sex = 'F": ("a quote is not closed", "close it"),
    "w = = 1": ("it can't be read from '=' on", "give one condition"),
    "sex == 'F' & w > 1": ("two comparisons stand side by side", "join conditions with and, or, not"),
    "(w > 1) && (w < 2)": ("&& does not join conditions", "join conditions with and, or, not"),
    "w + 1": ("is a number, not true or false", "compare it with something"),
    "sex.a = 1": ("\"sex\" has no part 'a'", '"sex.a"'),
    "cast(sex as int) = 1": ("'F' is not a number", "cast(COLUMN as varchar) is text"),
    "cast(sex as date) > '2020-01-01'": ("'F' is no", "dates"),
    "substring(sex) = 'a'": ("substring() does not take a text", "cast(COLUMN as varchar) is text"),
    "sex ~ '('": ("a regular expression in it is wrong", "before a sign that stands for itself"),
    "sex = ‘F’": ("there is no column", "\"sex = 'F'\""),
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_what_is_wrong_with_a_condition(condition: str, folder: Run) -> None:
    ran = folder(*shlex.split(EVAL), "--where", condition)
    error, hint = CONDITIONS[condition]
    assert error in ran.said[0], ran.stderr
    assert hint in ran.said[1], ran.stderr


ODD = [
    *("sum(w) > 1", "sex > 1", "w like 1", "lower(w) = 'a'", "length(w) > 1", "w > 'a'", "year(w) = 2020", "not sex"),
    *("sex + 1 > 2", "abs(sex) > 1", "round(w, 'a') > 1", "substr(sex, 'a') = 'b'", "w[1] = 2", "cast(w as blah) = 1"),
    *(
        "date '2020-13-01' < sex",
        "w > 1 or",
        "(w > 1",
        "w is F",
        "select",
        "if w > 1",
        "w between 1",
        "w in ()",
        "-sex > 1",
    ),
    *(
        "sex = 1 + true",
        "w = interval 1 day",
        "sex = [1]",
        "case w when 1 then sex end",
        "w::date > 1",
        "sex::int[] = [1]",
    ),
]


def test_conditions_that_are_refused_are_refused_in_words_of_lossctl(folder: Run) -> None:
    leaked = {}
    parquet.write_table(csv.read_csv("p.csv"), "p.parquet")
    for condition in [
        *FORBIDDEN,
        "sum(w) > 1",
        "w = ",
        "sex > 1",
        "w like 1",
    ]:
        for source in ("p.csv", "p.parquet"):
            ran = folder("eval", source, "-l", "mae", "--where", condition)
            if INSIDE.search(ran.stderr.replace(condition, "")):
                leaked[condition] = ran.stderr
    assert not leaked


def test_a_file_that_is_there_is_read_whatever_stands_before_it(folder: Run) -> None:
    Path("2000").write_text(DATA)
    assert folder("eval", "-l", "mae", "--skill", "2000").code == 0
    assert folder("compare", "p.csv", "-p", "Ridge", "2000", "-l", "mae", "--key", "target", "-o", "r.json").code == 0
