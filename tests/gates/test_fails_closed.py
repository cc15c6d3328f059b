"""Every way that checks elsewhere pass by mistake, run through the command line: none passes here.

1 is a failed gate and nothing else; what keeps a gate from being looked at is 2, 3 or 4.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lossctl.cli.main import main

Check = Callable[..., tuple[int, str, str]]

GOOD = "id,y,p,old,g,w\n" + "".join(f"{n},{n}.0,{n}.5,{n + (-1) ** n}.25,{'ab'[n % 2]},1\n" for n in range(1, 41))
ARGUMENTS = ("-t", "y", "-p", "p")


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOSSCTL_TRACEBACK", raising=False)
    (tmp_path / "good.csv").write_text(GOOD)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["check", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@dataclass(frozen=True)
class Case:
    """What is typed, what files there are, and what must come of it."""

    name: str
    typed: tuple[str, ...]
    code: int
    says: str
    files: dict[str, str | bytes] = field(default_factory=dict)


def rows(text: str) -> dict[str, str | bytes]:
    return {"data.csv": f"id,y,p,old,g,w\n{text}"}


def gate(*gates: str, source: str = "good.csv") -> tuple[str, ...]:
    return (source, *ARGUMENTS, *(word for each in gates for word in ("--gate", each)))


DELTA = ("--baseline-pred", "old")
KEYED = ("--key", "id", "--baseline", "data.csv", "--baseline-pred", "old")

EXPIRES = "[check]\nwaive = [{gate = 'mae <= 0', baseline = 'ffff', reason = 'old', expires = 2026-11-22}]"

CASES = [
    # nothing was checked
    Case("no gates", gate(), 4, "there are no gates"),
    Case(
        "no gates in the configuration", ("good.csv",), 4, "there are no gates", {"lossctl.toml": "[check]\ngates = []"}
    ),
    Case("an empty gate", gate(""), 2, "there is nothing here"),
    Case("no rows", gate("mae <= 9", source="data.csv"), 3, "there are no rows", rows("")),
    Case("no row meets the condition", (*gate("mae <= 9"), "--where", "id > 99"), 3, "no row meets the condition"),
    Case("no file", gate("mae <= 9", source="gone.csv"), 3, "no file gone.csv"),
    Case("an empty file", gate("mae <= 9", source="data.csv"), 3, "data.csv", {"data.csv": ""}),
    Case("no source", ("--gate", "mae <= 9"), 2, "no source"),
    Case("a glob of no file", gate("mae <= 9", source="gone*.csv"), 3, "gone*.csv"),
    Case("two sources", ("good.csv", "good.csv", "--gate", "mae <= 9"), 2, "good.csv"),
    # a slice that is not there, or too small
    Case("a slice that vanished", gate("mae[g=z] <= 9"), 1, "no row is in the slice g=z"),
    Case("a slice of every kind in one that vanished", gate("mae[g=z,w=*] <= 9"), 1, "no row is in the slice g=z"),
    Case("a delta on a slice that vanished", (*gate("delta(mae)[g=z] <= 9"), *DELTA), 1, "no row is in the slice"),
    Case("a count of a slice that vanished", gate("n[g=z] >= 1"), 1, "no row is in the slice"),
    Case("a quantile of a slice that vanished", gate("p95(mae)[g=z] <= 9"), 1, "no row is in the slice"),
    Case("a named slice of few rows", (*gate("mae[g=a] <= 9"), "--min-n", "30"), 4, "20 rows, and 30 are the least"),
    Case("every slice of few rows", (*gate("mae[g=*] <= 9"), "--min-n", "30"), 4, "30 are the least"),
    Case("no such slice column", gate("mae[gg=a] <= 9"), 2, "gg"),
    Case(
        "every slice of few rows, beside a gate that passes",
        (*gate("mae[g=*] <= 0.1", "n >= 1"), "--min-n", "30"),
        4,
        "30 are",
    ),
    Case("a gap between one slice", gate("gap(mae, w) <= 9"), 4, "two are needed"),
    Case("a gap of no such column", gate("gap(mae, ww) <= 9"), 2, "ww"),
    # numbers that are none
    Case(
        "a missing prediction",
        gate("mae <= 9", source="data.csv"),
        3,
        "--nonfinite omit",
        rows("1,1,,1,a,1\n2,2,2,2,a,1\n"),
    ),
    Case("a NaN", gate("mae <= 9", source="data.csv"), 3, "data.csv line 2", rows("1,1,nan,1,a,1\n2,2,2,2,a,1\n")),
    Case(
        "an infinity", gate("mae <= 9", source="data.csv"), 3, "data.csv line 2", rows("1,1,inf,1,a,1\n2,2,2,2,a,1\n")
    ),
    Case(
        "a NaN that is to fail",
        (*gate("mae <= 9", source="data.csv"), "--nonfinite", "fail"),
        1,
        "1 of 2 rows have a missing",
        rows("1,1,nan,1,a,1\n2,2,2,2,a,1\n"),
    ),
    Case(
        "more omitted than allowed",
        (*gate("mae <= 9", source="data.csv"), "--nonfinite", "omit", "--max-omitted", "0.4"),
        3,
        "more than max_omitted = 0.4 allows",
        rows("1,1,nan,1,a,1\n2,2,2,2,a,1\n"),
    ),
    Case(
        "more of the baseline omitted than allowed",
        (*gate("delta(mae) <= 9", source="data.csv"), *DELTA, "--nonfinite", "omit", "--max-omitted", "0.3"),
        3,
        "more than max_omitted = 0.3 allows",
        rows("1,1,1,nan,a,1\n2,2,2,2,a,1\n3,3,3,3,a,1\n"),
    ),
    Case("omitted without limit", (*gate("mae <= 9"), "--nonfinite", "omit"), 2, "needs max_omitted"),
    Case("a NaN limit", (*gate("mae <= 9"), "--nonfinite", "omit", "--max-omitted", "nan"), 2, "max_omitted"),
    Case("a limit of nothing", (*gate("mae <= 9"), "--max-omitted", "0.1"), 2, "of no use"),
    Case(
        "a slice of NaN alone",
        (*gate("mae[g=*] <= 9", source="data.csv"), "--nonfinite", "omit", "--max-omitted", "0.9"),
        4,
        "no row is whole",
        rows("1,1,nan,1,a,1\n2,2,2,2,b,1\n3,3,3,3,b,1\n"),
    ),
    Case(
        "a delta on a slice of NaN alone",
        (*gate("delta(mae)[g=*] <= 9", source="data.csv"), *DELTA, "--nonfinite", "omit", "--max-omitted", "0.9"),
        4,
        "every row of it has a missing",
        rows("1,1,nan,1,a,1\n2,2,2,2,b,1\n3,3,3,3,b,1\n"),
    ),
    Case(
        "a NaN baseline",
        (*gate("delta(mae) <= 9", source="data.csv"), *DELTA),
        3,
        "old",
        rows("1,1,1,nan,a,1\n2,2,2,2,a,1\n"),
    ),
    Case(
        "an infinite loss",
        ("data.csv", "-t", "y", "-p", "p", "--gate", "log_loss <= 9"),
        1,
        "+inf",
        {"data.csv": "y,p\n1,0\n0,0.5\n"},
    ),
    Case("a NaN bound", gate("mae <= nan"), 2, "finite number"),
    Case("an infinite bound", gate("mae <= inf"), 2, "finite number"),
    Case("a bound past every float", gate("mae <= 1e999"), 2, "finite"),
    Case("no bound", gate("mae <="), 2, "finite number"),
    Case("no operator", gate("mae"), 2, "expected <="),
    Case("an equals sign", gate("mae = 1"), 2, "expected <="),
    Case(
        "a zero baseline",
        (*gate("delta(mae) <= 5%", source="data.csv"), *DELTA),
        4,
        "percentage",
        rows("1,1,2,1,a,1\n2,2,3,2,a,1\n"),
    ),
    Case(
        "one row of a delta",
        (*gate("delta(mae) <= 5", source="data.csv"), *DELTA),
        4,
        "no interval",
        rows("1,1,2,1,a,1\n"),
    ),
    # gates that look at nothing
    Case("no rows are enough", gate("n >= 0"), 2, "holds whatever"),
    Case("fewer than no rows", gate("n > -1"), 2, "holds whatever"),
    Case("a norm that is at least 0", gate("l2(mse) >= 0"), 2, "holds whatever"),
    Case("a share that is at most 1", gate("zero_share(mse) <= 100e-2"), 2, "holds whatever"),
    Case("a balance that is at most 1", gate("sign_balance(mse) <= 1"), 2, "holds whatever"),
    Case("a loss under its upper bound", gate("brier <= 1"), 2, "holds whatever"),
    Case("a quantile under its upper bound", gate("p95(brier) < 1.5"), 2, "holds whatever"),
    Case("a gap within the bounds of its loss", gate("gap(brier, g) <= 1"), 2, "holds whatever"),
    Case("a delta within the bounds of its loss", (*gate("delta(brier) <= 1"), *DELTA), 2, "holds whatever"),
    Case("a loss over its lower bound", (*gate("mae >= 0"), "--allow-inverted"), 2, "holds whatever"),
    Case("a gate twice", gate("mae <= 0.6", "mae <= 0.60"), 2, "stands twice"),
    Case("a gate twice by two names", gate("mse <= 0.6", "mean_squared_error <= 6e-1"), 2, "stands twice"),
    Case("a level that shows nothing", (*gate("delta(mae) <= 9"), *DELTA, "--level", "0.4"), 2, "from 0.5 to 0.9999"),
    Case("Arabic digits", gate("mae <= ٩"), 2, "finite number"),
    Case("a bound with underscores", gate("mae <= 9_0"), 2, "left over"),
    Case("a bound in hexadecimal", gate("mae <= 0x9"), 2, "left over"),
    Case(
        "a percentage of a baseline below 0",
        (
            "data.csv",
            "-t",
            "y",
            "-p",
            "p",
            "--baseline-pred",
            "old",
            "-g",
            "delta(poisson_nll) <= -5%",
            "--test",
            "point",
        ),
        4,
        "there is no percentage of it",
        {"data.csv": "y,p,old\n3,2,3\n5,2,5\n4,2,4\n"},
    ),
    # names
    Case("a mistyped loss", gate("mea <= 9"), 2, "mae"),
    Case("all losses", gate("all <= 9"), 2, "not one loss"),
    Case("several losses", gate("huber(delta=1,2) <= 9"), 2, ""),
    Case("a mistyped figure", gate("p96(mae) <= 9"), 2, "p95"),
    Case("a mistyped column", ("good.csv", "-t", "y", "-p", "pp", "--gate", "mae <= 9"), 2, "pp"),
    Case("a mistyped key", (*gate("delta(mae) <= 9"), "--key", "idd", "--baseline", "good.csv", *DELTA), 2, "idd"),
    Case("a mistyped option", (*gate("mae <= 9"), "--gtae", "mae <= 1"), 2, "--gtae"),
    Case("a mistyped test", (*gate("delta(mae) <= 9"), *DELTA, "--test", "regres"), 2, "regress"),
    Case("a mistyped correction", (*gate("mae <= 9"), "--correction", "hlom"), 2, "holm"),
    Case("a mistyped policy", (*gate("mae <= 9"), "--nonfinite", "drop"), 2, "omit"),
    Case("a mistyped format", (*gate("mae <= 9"), "--export", "junitt=a.xml"), 2, "junit"),
    Case("the policy of another command", (*gate("mae <= 9"), "--nan", "omit"), 2, "--nonfinite"),
    Case("slices of another command", (*gate("mae <= 9"), "--by", "g"), 2, "names its slices"),
    Case("an inverted gate", gate("mae >= 0"), 2, "--allow-inverted"),
    Case("an inverted count of NaN", gate("nonfinite >= 0"), 2, "--allow-inverted"),
    Case("an inverted delta", (*gate("delta(mae) >= 0"), *DELTA), 2, "--allow-inverted"),
    Case("a percentage of no baseline", gate("mae <= 5%"), 2, "percentage"),
    Case("two models", ("good.csv", "-t", "y", "-p", "p", "-p", "old", "--gate", "mae <= 9"), 2, "a check is of one"),
    # baselines
    Case("no baseline", gate("delta(mae) <= 9"), 2, "needs a baseline"),
    Case("a missing baseline", (*gate("delta(mae) <= 9"), "--baseline", "gone.csv"), 3, "gone.csv"),
    Case("a mistyped baseline column", (*gate("delta(mae) <= 9"), "--baseline-pred", "odl"), 2, "odl"),
    Case("the candidate as its own baseline", (*gate("delta(mae) <= 9"), "--baseline-pred", "p"), 2, "both p"),
    Case("the candidate's file as baseline", (*gate("delta(mae) <= 9"), "--baseline", "./good.csv"), 2, "one file"),
    Case(
        "the candidate's file and column as baseline",
        (*gate("delta(mae) <= 9"), "--key", "id", "--baseline", "good.csv", "--baseline-pred", "p"),
        2,
        "one file",
    ),
    Case("a non-inferiority without margin", (*gate("delta(mae) <= 0"), *DELTA, "--test", "noninferior"), 2, "margin"),
    Case(
        "an unsure non-inferiority",
        (*gate("delta(mae) <= 0.001", source="data.csv"), *DELTA, "--test", "noninferior"),
        4,
        "undecided",
        rows("1,1,2,1.9,a,1\n2,2,3,3.3,a,1\n3,3,3.5,3.4,a,1\n"),
    ),
    Case(
        "an unsure regression that is to count",
        (*gate("delta(mae) <= 0.001", source="data.csv"), *DELTA, "--fail-unsure"),
        4,
        "unsure",
        rows("1,1,2,1.9,a,1\n2,2,3,3.3,a,1\n3,3,3.5,3.4,a,1\n"),
    ),
    Case(
        "an improvement that an equal model does not show",
        (*gate("delta(mse) <= -1%", source="data.csv"), *DELTA, "--fail-unsure"),
        4,
        "0% > -1%",
        rows("1,1,1.1,1.1,a,1\n2,2,2.2,2.2,a,1\n3,3,3.5,3.5,a,1\n"),
    ),
    Case(
        "a baseline of other targets",
        (*gate("delta(mae) <= 9"), *KEYED),
        3,
        "one target",
        {"data.csv": GOOD.replace("\n7,7.0", "\n7,7.1")},
    ),
    Case(
        "a baseline of fewer rows",
        (*gate("delta(mae) <= 9"), *KEYED),
        3,
        "id",
        {"data.csv": GOOD[: GOOD.index("\n40,") + 1]},
    ),
    Case(
        "a key twice, with nothing to join",
        (*gate("mae <= 9", source="data.csv"), "--key", "id"),
        3,
        'the key id "6" occurs twice',
        {"data.csv": GOOD.replace("\n7,7.0", "\n6,6.0")},
    ),
    Case(
        "good rows many times over, with nothing to join",
        (*gate("mae <= 0.1", source="data.csv"), "--key", "id"),
        3,
        "occurs twice (first: data.csv line 2)",
        {"data.csv": GOOD + "1,1,1,1,a,1\n" * 5000},
    ),
    Case(
        "a key twice, against a column",
        (*gate("delta(mae) <= 9", source="data.csv"), *DELTA, "--key", "id"),
        3,
        "occurs twice",
        {"data.csv": GOOD.replace("\n7,7.0", "\n6,6.0")},
    ),
    Case(
        "a key twice in two files of a glob",
        (*gate("mae <= 9", source="part*.csv"), "--key", "id"),
        3,
        "part2.csv line 2",
        {"part1.csv": GOOD, "part2.csv": GOOD[: GOOD.index("\n2,") + 1]},
    ),
    Case(
        "a missing key, with nothing to join",
        (*gate("mae <= 9", source="data.csv"), "--key", "id"),
        3,
        'data.csv line 8, column "id": the key is missing',
        {"data.csv": GOOD.replace("\n7,7.0", "\n,7.0")},
    ),
    Case("a mistyped key, with nothing to join", (*gate("mae <= 9"), "--key", "idd"), 2, "did you mean id"),
    Case("a key named twice", (*gate("mae <= 9"), "--key", "id", "--key", "id"), 2, "stands twice"),
    Case(
        "a baseline of a key twice",
        (*gate("delta(mae) <= 9"), *KEYED),
        3,
        "occurs twice",
        {"data.csv": GOOD.replace("\n7,7.0", "\n6,6.0")},
    ),
    Case(
        "a baseline of fewer rows, without a key",
        (*gate("delta(mae) <= 9"), "--baseline", "data.csv", "--baseline-pred", "old"),
        3,
        "ends after",
        {"data.csv": GOOD[: GOOD.index("\n40,") + 1]},
    ),
    Case(
        "a truncated baseline",
        (*gate("delta(mae) <= 9"), "--key", "id", "--baseline", "b.parquet"),
        3,
        "b.parquet",
        {"b.parquet": b"PAR1\x00\x01"},
    ),
    Case(
        "a baseline that is none",
        (*gate("delta(mae) <= 9"), "--key", "id", "--baseline", "b.json"),
        3,
        "b.json",
        {"b.json": '{"schema": "lossctl/eval/1"}'},
    ),
    Case(
        "a newer baseline",
        (*gate("delta(mae) <= 9"), "--key", "id", "--baseline", "b.json"),
        3,
        "newer",
        {"b.json": '{"schema": "lossctl/baseline/9"}'},
    ),
    Case("a malformed revision", (*gate("delta(mae) <= 9"), "--baseline", "git:--all:x.csv"), 2, "git:"),
    Case(
        "a file that is called as a revision",
        (*gate("delta(mae) <= 9"), "--key", "id", "--baseline", "git:main:x.csv"),
        3,
        "git:main:x.csv",
        {"git:main:x.csv": GOOD},
    ),
    # configuration
    Case("a waiver that would expire", ("good.csv",), 2, "there is no key 'expires'", {"lossctl.toml": EXPIRES}),
    Case(
        "a mistyped key of the configuration",
        ("good.csv",),
        2,
        "did you mean gates",
        {"lossctl.toml": "[check]\ngate = ['mae <= 9']"},
    ),
    Case("a configuration that is no TOML", ("good.csv",), 2, "no TOML", {"lossctl.toml": "[check"}),
    Case(
        "no table",
        ("good.csv",),
        2,
        "gates stands outside the table [check]",
        {"lossctl.toml": "gates = ['mae <= 9']"},
    ),
    Case(
        "a mistyped table", ("good.csv",), 2, "the table is [check]", {"lossctl.toml": "[chek]\ngates = ['mae <= 9']"}
    ),
    Case(
        "two configurations",
        ("good.csv",),
        2,
        "both configure",
        {"lossctl.toml": "[check]", "pyproject.toml": "[tool.lossctl.check]"},
    ),
    Case("a number in quotes", ("good.csv",), 2, "min_n", {"lossctl.toml": "[check]\nmin_n = '30'"}),
    Case(
        "a number of thousands of digits",
        ("good.csv",),
        2,
        "digits",
        {"lossctl.toml": f"[check]\nmin_n = {'9' * 5000}"},
    ),
    Case("a number past every float", ("good.csv",), 2, "level", {"lossctl.toml": f"[check]\nlevel = {'9' * 4000}"}),
    Case("a level that is no number", ("good.csv",), 2, "level", {"lossctl.toml": "[check]\nlevel = nan"}),
    Case(
        "a prediction of thousands of digits",
        gate("mae <= 9", source="data.jsonl"),
        3,
        "line 2",
        {"data.jsonl": f'{{"y": 1, "p": 1}}\n{{"y": 1, "p": {"9" * 5000}}}\n'},
    ),
    Case("a configuration that is not there", ("good.csv", "--config", "gone.toml"), 2, "gone.toml"),
    Case(
        "a source outside",
        (),
        2,
        "leads out",
        {"lossctl.toml": "[check]\nsource = '../data.csv'\ngates = ['mae <= 9']"},
    ),
    Case("an absolute baseline", ("good.csv",), 2, "leads out", {"lossctl.toml": "[check]\nbaseline = '/etc/passwd'"}),
    Case(
        "a report outside",
        ("good.csv",),
        2,
        "no plain file name",
        {"lossctl.toml": "[check]\nreports = {json = '../a.json'}"},
    ),
    Case("standard input by configuration", (), 2, "no path", {"lossctl.toml": "[check]\nsource = '-'"}),
    Case("a file read by a condition", (*gate("mae <= 9"), "--where", "id in (select 1 from 'good.csv')"), 2, "where"),
    # waivers
    Case(
        "a waiver of another baseline",
        (*gate("delta(mae) <= -9"), *DELTA, "--test", "point"),
        1,
        "is void",
        {"lossctl.toml": "[check]\nwaive = [{gate = 'delta(mae) <= -9', baseline = 'ffff', reason = 'old'}]"},
    ),
    Case(
        "a waiver of no gate",
        gate("mae <= 0"),
        2,
        "there is no gate",
        {"lossctl.toml": "[check]\nwaive = [{gate = 'mse <= 0', baseline = 'ffff', reason = 'old'}]"},
    ),
    Case(
        "a waiver without a reason",
        gate("mae <= 0"),
        2,
        "reason",
        {"lossctl.toml": "[check]\nwaive = [{gate = 'mae <= 0', baseline = 'ffff'}]"},
    ),
    # reports
    Case("a report in no folder", (*gate("mae <= 9"), "--export", "json=gone/a.json"), 2, "no directory gone"),
    Case("a report over the source", (*gate("mae <= 9"), "--export", "json=good.csv"), 2, "is a source"),
    # what does fail, and what comes first
    Case("a failed gate", gate("mae <= 0.1"), 1, "0.5 > 0.1"),
    Case("too few rows", gate("n >= 41"), 1, "40 < 41"),
    Case("a failure beside what was not evaluated", gate("mae <= 0.1", "gap(mae, w) <= 9"), 1, "two are needed"),
    Case("a usage error beside a failure", gate("mae <= 0.1", "mea <= 9"), 2, "mae"),
    Case("a data error beside a failure", gate("mae <= 0.1", "log_loss <= 9"), 3, "does not lie in [0, 1]"),
    Case("a strict bound met exactly", gate("mae < 0.5"), 1, "0.5 >= 0.5"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_it_does_not_pass(case: Case, check: Check, tmp_path: Path) -> None:
    for name, content in case.files.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    code, out, err = check(*case.typed)
    assert code == case.code, f"{code}\n{out}\n{err}"
    assert case.says in out + err, out + err
    assert "pass:" not in out


def test_what_is_well_passes(check: Check) -> None:
    code, out, err = check(
        *gate("mae <= 0.5", "mae[g=*] <= 0.5", "n >= 40", "nonfinite <= 0", "delta(mae) <= 0"), *DELTA
    )
    assert code == 0, out + err
    assert "pass: 6 pass of 6" in out


def test_a_model_that_equals_its_baseline_does_not_fail_and_is_not_shown_to_pass(check: Check, tmp_path: Path) -> None:
    (tmp_path / "same.csv").write_text(GOOD)
    for bound in ("0", "0.01", "0.1%"):
        same = (*gate(f"delta(mae) <= {bound}"), "--key", "id", "--baseline", "same.csv")
        assert check(*same, "--test", "point")[0] == 0
        code, out, _ = check(*same)
        assert code == 0
        assert "unsure" in out
        if bound != "0":
            code, out, _ = check(*same, "--test", "noninferior")
            assert code == 4
            assert "no row differs" in out


def test_a_waiver_of_this_baseline_skips(check: Check, tmp_path: Path) -> None:
    (tmp_path / "same.csv").write_text(GOOD)
    keyed = ("--key", "id", "--baseline", "same.csv", "--baseline-pred", "old", "--test", "point")
    failed = (*gate("mae <= 9", "delta(mae) <= -9"), *keyed)
    _, out, _ = check(*failed, "--explain", "-f", "json")
    (told,) = [line for each in json.loads(out)["gates"] for line in each["details"] if "waiver" in line]
    digest = told.split()[3].rstrip(":")
    waiver = f"{{gate = 'delta(mae) <= -9', baseline = '{digest}', reason = 'new sensor'}}"
    (tmp_path / "lossctl.toml").write_text(f"[check]\nwaive = [{waiver}]")
    for some in (failed, (*gate("delta(mae) <= -9"), *keyed)):  # beside a gate that passes, and alone
        code, out, _ = check(*some)
        assert code == 0
        assert "waived: new sensor" in out
    (tmp_path / "same.csv").write_text(GOOD.replace("\n7,7.0,7.5,6.25", "\n7,7.0,7.5,6.75"))
    code, out, err = check(*failed)
    assert code == 1
    assert "is void" in err


def test_a_fault_of_its_own_is_no_failed_gate(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    from lossctl.api.checks import check as checks

    def broken(*_arguments: object, **_options: object) -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(checks, "decide", broken)
    code, _, err = check(*gate("mae <= 9"))
    assert code == 70
    assert "report it" in err


def test_an_interrupt_is_no_failed_gate(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    from lossctl.api.checks import check as checks

    def interrupted(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(checks, "decide", interrupted)
    assert check(*gate("mae <= 9"))[0] == 130


HOSTILE = [
    "a\n::error::pwned",
    "##vso[task.setvariable]x",
    "\x1b[31mred\x1b[0m",
    "<script>alert(1)</script>|`x`",
    "]]>\x00\x08&amp;",
    "\u202eright to left",
    "=cmd|' /C calc'!A0",
    "%0A::set-output",
    "x" * 100_000,
]


@pytest.mark.parametrize("labels", [HOSTILE[:-1], HOSTILE[-1:]], ids=["many", "long"])
@pytest.mark.parametrize("form", ["table", "github", "junit", "markdown", "openmetrics", "json", "csv", "html"])
def test_labels_of_the_data_reach_no_report_unescaped(
    check: Check, tmp_path: Path, labels: list[str], form: str
) -> None:
    quoted = [label.replace("\x00", "").replace('"', '""') for label in labels]
    (tmp_path / "data.csv").write_text("y,p,g\n2,3,b\n" + "".join(f'1,2,"{label}"\n' for label in quoted))
    code, out, err = check("data.csv", "-t", "y", "-p", "p", "--gate", "mae[g=*] <= 0.5", "-f", form)
    assert code == 1, err
    for text in (out, err):
        assert "\x1b" not in text
        assert "\x08" not in text
        assert "\u202e" not in text or form == "json"
        starts = [line for line in text.splitlines() if line.lstrip().startswith("::")]
        assert all(line.startswith(("::error title=gate failed::", "::warning title=")) for line in starts)
        assert form in {"json", "junit"} or "##vso[" not in text
        if form in {"html", "markdown", "junit"}:
            assert "<script>" not in text
    if form == "junit":
        from xml.etree import ElementTree as ET

        assert len(list(ET.fromstring(out).iter("testcase"))) == 1 + len(labels)  # noqa: S314 -- our own text


def test_links_lead_out_of_no_configuration(check: Check, tmp_path: Path) -> None:
    outside = tmp_path.parent / "outside.csv"
    outside.write_text(GOOD)
    (tmp_path / "link.csv").symlink_to(outside)
    (tmp_path / "lossctl.toml").write_text("[check]\nsource = 'link.csv'\ngates = ['mae <= 9']\ntarget = 'y'")
    code, _, err = check()
    assert code == 2
    assert "by a link" in err
    (tmp_path / "lossctl-reports").symlink_to(tmp_path.parent)
    (tmp_path / "lossctl.toml").write_text("[check]\nreports = {json = 'a.json'}")
    code, _, err = check("good.csv")
    assert code == 2
    assert "is a link" in err


@pytest.mark.parametrize("name", ["lossctl.toml", "pyproject.toml"])
def test_a_configuration_is_not_passed_over_in_silence(name: str, check: Check, tmp_path: Path) -> None:
    (tmp_path / name).symlink_to("gone.toml")
    assert check(*gate("mae <= 9"))[0] == 2
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    code, _, err = check(*gate("mae <= 9"))
    assert (code, "is no file" in err) == (2, True)
    (tmp_path / name).rmdir()
    outside = tmp_path.parent / f"outside-{name}"
    outside.write_text(f"[{'check' if name == 'lossctl.toml' else 'tool.lossctl.check'}]\ngates = ['mae <= 9']")
    (tmp_path / name).symlink_to(outside)
    code, _, err = check("good.csv", *ARGUMENTS)
    assert (code, "is a link out of its folder" in err) == (2, True)
    (tmp_path / name).unlink()
    (tmp_path / "inside.toml").write_text(outside.read_text())
    (tmp_path / name).symlink_to("inside.toml")
    assert check("good.csv", *ARGUMENTS)[0] == 0


def test_a_configuration_names_no_file_by_calling_it_a_revision(check: Check, tmp_path: Path) -> None:
    outside = tmp_path.parent / "outside.csv"
    outside.write_text(GOOD)
    (tmp_path / "git:x:y.csv").symlink_to(outside)
    (tmp_path / "lossctl.toml").write_text("[check]\nsource = 'git:x:y.csv'\ngates = ['n >= 1']\ntarget = 'y'")
    assert check()[0] == 3


@pytest.mark.parametrize("key", ["source", "baseline", "targets"])
@pytest.mark.parametrize("name", ["-", "git:main:x.csv"])
def test_a_dot_before_a_path_of_a_configuration_makes_it_a_file(
    name: str, key: str, check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io
    import sys

    class Input(io.TextIOWrapper):
        """Standard input that must not be read."""

        @property
        def buffer(self) -> io.BytesIO:
            raise AssertionError("standard input is read")

    monkeypatch.setattr(sys, "stdin", Input(io.BytesIO()))
    (tmp_path / "lossctl.toml").write_text(f"[check]\n{key} = './{name}'\nkey = 'id'\ntarget = 'y'\nprediction = 'p'")
    gates = ("--gate", "delta(mae) <= 9" if key == "baseline" else "mae <= 9")
    sources = () if key == "source" else ("other.csv",)
    (tmp_path / "other.csv").write_text(GOOD.replace("y,", "z,") if key == "targets" else GOOD.replace("7.5", "7.25"))
    code, _, err = check(*sources, *gates)
    assert (code, f"there is no file ./{name}" in err) == (3, True), err
    (tmp_path / name).write_text(GOOD.replace(",p,", ",q,") if key == "targets" else GOOD)
    code, out, err = check(*sources, *gates)
    assert code == 0, out + err


def test_a_report_of_a_configuration_is_a_plain_file(check: Check, tmp_path: Path) -> None:
    (tmp_path / "lossctl-reports").mkdir()
    os.mkfifo(tmp_path / "lossctl-reports" / "a.json")
    (tmp_path / "lossctl.toml").write_text("[check]\nreports = {json = 'a.json'}")
    code, _, err = check(*gate("mae <= 9"))
    assert (code, "is no file" in err) == (2, True)


def test_reports_of_a_configuration_go_to_their_folder(check: Check, tmp_path: Path) -> None:
    (tmp_path / "lossctl.toml").write_text(
        "[check]\nsource = 'good.csv'\ntarget = 'y'\nprediction = 'p'\ngates = ['mae <= 9']\n"
        "reports = {json = 'a.json'}"
    )
    assert check()[0] == 0
    assert json.loads((tmp_path / "lossctl-reports" / "a.json").read_text())["exit_code"] == 0


def test_the_same_input_gives_the_same_bytes(check: Check) -> None:
    for form in ("table", "json", "junit", "github", "markdown", "openmetrics"):
        first, second = (check(*gate("mae[g=*] <= 0.1"), "-f", form)[1] for _ in range(2))
        assert first == second
