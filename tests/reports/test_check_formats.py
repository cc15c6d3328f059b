"""Reports of a check: every byte of hostile data escaped, no check that fails read as one that passed."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import junitparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossctl.core.errors import UsageError
from lossctl.core.escape import is_plain
from lossctl.core.results.verdict import Checked, GateResult, Place, Verdict
from lossctl.reports import RenderOptions, check
from lossctl.reports import formats as other_formats
from lossctl.reports.shared.clip import clip

PASS, FAIL, INCONCLUSIVE, UNSURE, SKIPPED, NOT = (
    Verdict.PASS,
    Verdict.FAIL,
    Verdict.INCONCLUSIVE,
    Verdict.UNSURE,
    Verdict.SKIPPED,
    Verdict.NOT_EVALUATED,
)
HOSTILE = [
    "two\nlines\r\n",
    "</testcase><!-- & ]]> <b onclick='x'>\"",
    "::error file=x::injected",
    "##[error]injected ##vso[task.complete result=Succeeded]",
    "\x1b[31mred\x1b[0m\x07\x9b",
    "\x00\x01\x0b\ufffe\uffff\ud800\U000e0041\u202e",
    "a|b `c` [d](e) <img src=x> @team #1 $m$",
    'x" 1\n# EOF\nevil{a="',
    "%0A%25:,",
    "",
]
LONG = ["x" * 100_000, "\u202e" * 100_000, "\n" * 100_000]
SHORTENED = ["table", "markdown", "latex", "html", "junit", "github", "openmetrics"]
SOME = [
    *((name, text) for name in check.formats() for text in HOSTILE),
    *((n, text) for n in SHORTENED for text in LONG),
]


def gate(verdict: Verdict = FAIL, text: str = "mse <= 0.3", **more: object) -> GateResult:
    given = {"slice": {}, "value": 0.31, "bound": 0.3, "ci": None, "n": 442, "reason": "0.31 > 0.3", **more}
    return GateResult(text, verdict, **given)  # type: ignore[arg-type] # fields by name


def hostile(text: str) -> Checked:
    def one(verdict: Verdict) -> GateResult:
        place = Place(text, 3)
        return gate(verdict, text, slice={text: text, "b": None}, reason=text, place=place, details=(text, "b"))

    return Checked((*map(one, Verdict), one(FAIL)), (text, "b"))


def test_formats_of_a_check_are_no_formats_of_other_results() -> None:
    assert set(other_formats()) < set(check.formats())
    assert set(check.formats()) - set(other_formats()) == {"github", "junit", "openmetrics"}
    assert len(set(check.formats())) == len(check.formats())
    with pytest.raises(UsageError) as caught:
        check.render(Checked(()), "junti")
    assert caught.value.cure == "did you mean junit?"


@pytest.mark.parametrize(("name", "text"), SOME, ids=lambda text: ascii(text)[:20])
def test_hostile_data_reach_no_report_unescaped(name: str, text: str) -> None:
    made = check.render(hostile(text), name)
    same = made == check.render(hostile(text), name)
    assert same, "the same bytes"
    assert made[-1:] == "\n"
    assert {char for char in set(made) if not is_plain(char)} <= {"\n", "\t"}
    commands = [line[:100] for line in made.splitlines() if re.match(r"\s*::", line)]
    if name == "github":
        assert all(line.startswith(("::error file=", "::warning file=", "::warning title=")) for line in commands)
        assert len(commands) == 7
    else:
        assert not commands
    assert found_in(made, "##[error]", "##vso[") == []
    if name in {"junit", "markdown", "html"}:
        assert found_in(made, "<b onclick", "<img", "<!-- &") == []


def found_in(text: str, *marks: str) -> list[str]:
    return [mark for mark in marks if mark in text]


# --- junit


ATTRIBUTES = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, set()),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time"},
        {"name", "tests", "failures", "errors"},
    ),
    "testcase": ({"name", "time", "classname"}, {"name"}),
    "failure": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "skipped": ({"type", "message"}, set()),
    "system-out": (set(), set()),
}
"""What Jenkins' xUnit plugin (junit-10.xsd) allows of what is written, and what it requires."""
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase", "system-out"},
    "testcase": {"failure", "error", "skipped"},
}


def parse(text: str) -> ET.Element:
    return ET.fromstring(text.encode())  # noqa: S314 -- written by ourselves a line above


def check_schema(element: ET.Element) -> None:
    allowed, required = ATTRIBUTES[element.tag]
    assert required <= set(element.attrib) <= allowed, element.tag
    assert re.fullmatch(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?", element.get("time", "0"))
    if CHILDREN.get(element.tag):
        assert not (element.text or "").strip()
        assert not any((child.tail or "").strip() for child in element)
    assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
    for child in element:
        check_schema(child)


def cases(root: ET.Element) -> Iterator[tuple[str, str]]:
    for case in root.iter("testcase"):
        yield case.get("classname", ""), case.get("name", "")


def test_junit_counts_what_it_holds() -> None:
    checked = Checked(tuple(gate(verdict, slice={"a": verdict.value}) for verdict in (*Verdict, FAIL)), ("few rows",))
    text = check.render(checked, "junit")
    root = parse(text)
    check_schema(root)
    suite = root[0]
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped", "time")} == {
        "tests": "7",
        "failures": "2",
        "errors": "2",
        "skipped": "2",
        "time": "0",
    }
    assert [child.tag for case in suite.iter("testcase") for child in case] == [
        "failure",
        "skipped",
        "error",
        "skipped",
        "error",
        "failure",
    ]
    assert suite.find("system-out").text == "few rows"
    read = junitparser.JUnitXml.fromstring(text.encode())
    assert (read.tests, read.failures, read.errors) == (7, 2, 2)
    (read_suite,) = read
    assert read_suite.skipped == 2
    assert [case.is_passed for case in read_suite] == [True, False, False, False, False, False, False]
    assert read_suite.total_time if hasattr(read_suite, "total_time") else read_suite.time == 0


def test_junit_repeats_the_message_in_the_body_with_what_explains_it() -> None:
    root = parse(check.render(Checked((gate(details=("worst slice: a=<b>", "row 3")),)), "junit"))
    (failure,) = root.iter("failure")
    assert failure.get("message") == "0.31 > 0.3"
    assert failure.text == "0.31 > 0.3\nworst slice: a=<b>\nrow 3"
    assert failure.get("type") == "fail"


def test_junit_puts_slices_into_classes_without_dots() -> None:
    slices = [{}, {"ver": "1.2.3"}, {"a.b": "c", "d": None}]
    root = parse(check.render(Checked(tuple(gate(slice=each) for each in slices)), "junit"))
    assert [name for name, _ in cases(root)] == ["lossctl.all", "lossctl.ver=1_2_3", "lossctl.a_b=c;d missing"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["g", "g (2)", "g (3)", "h" * 300, "h" * 301, "\x00", "\\x00"]), st.sampled_from("a.b_")
        )
    )
)
def test_junit_names_are_unique(gates: list[tuple[str, str]]) -> None:
    checked = Checked(tuple(gate(PASS, text, slice={"s": value}) for text, value in gates))
    names = list(cases(parse(check.render(checked, "junit"))))
    assert len(set(names)) == len(names) == max(len(gates), 1)


def test_junit_numbers_what_would_be_called_alike() -> None:
    checked = Checked(tuple(gate(PASS, text) for text in ("g", "g", "g (2)", "g", "g (2)")))
    names = [name for _, name in cases(parse(check.render(checked, "junit")))]
    assert names == ["g", "g (2)", "g (2) (2)", "g (3)", "g (2) (3)"]


@pytest.mark.parametrize("verdicts", [[], [SKIPPED], [SKIPPED, SKIPPED]])
def test_a_check_of_nothing_is_an_error_in_every_report(verdicts: list[Verdict]) -> None:
    checked = Checked(tuple(map(gate, verdicts)))
    root = parse(check.render(checked, "junit"))
    check_schema(root)
    assert [len(list(root.iter(tag))) for tag in ("error", "failure")] == [1, 0]
    assert root.get("errors") == "1"
    assert check.render(checked, "github").startswith("::error title=lossctl check::not evaluated")
    assert "lossctl_check_exit_code 4\n" in check.render(checked, "openmetrics")
    assert check.render(checked, "markdown").startswith("lossctl check: not evaluated")


@pytest.mark.parametrize("text", [*HOSTILE, *LONG], ids=lambda text: ascii(text)[:20])
def test_junit_of_hostile_data_is_within_the_schema_and_reads_back(text: str) -> None:
    made = check.render(hostile(text), "junit")
    check_schema(parse(made))
    assert len(made) < 45_000
    assert len(list(junitparser.JUnitXml.fromstring(made.encode()))) == 1
    assert len(set(cases(parse(made)))) == 7


@given(st.text(st.characters(exclude_categories=())))
def test_junit_of_any_text(text: str) -> None:
    check_schema(parse(check.render(hostile(text), "junit")))


# --- github


def undone(text: str) -> str:
    return text.replace("%3A", ":").replace("%2C", ",").replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def test_github_escapes_what_it_undoes() -> None:
    one = gate(text="a%0Ab:,", place=Place("dir,a/b:c%.toml", 7), details=("row 3", "row\n4"))
    (line,) = check.render(Checked((one,)), "github").splitlines()
    assert line == (
        "::error file=dir%2Ca/b%3Ac%25.toml,line=7,title=gate failed::"
        r"a%250Ab:,: 0.31 > 0.3%0Arow 3%0Arow\n4"
    )
    assert undone(line.partition("::error ")[2].partition("::")[2]) == "a%0Ab:,: 0.31 > 0.3\nrow 3\nrow\\n4"


def test_github_shows_nine_of_a_kind_and_says_how_many_more() -> None:
    checked = Checked(tuple(gate(PASS if k % 3 == 0 else FAIL) for k in range(18)), tuple(map(str, range(10))))
    lines = check.render(checked, "github").splitlines()
    assert len([line for line in lines if line.startswith("::error")]) == 10
    assert lines[9] == "::error title=lossctl check::3 more"
    assert lines[-1] == "::warning title=lossctl check::1 more"
    few = check.render(Checked(tuple(gate() for _ in range(9))), "github")
    assert few.count("::error") == 9
    assert "more" not in few


def test_github_says_nothing_of_what_passed() -> None:
    assert check.render(Checked((gate(PASS),)), "github") == ""
    lines = check.render(Checked((gate(PASS), gate(INCONCLUSIVE), gate(NOT), gate(FAIL))), "github").splitlines()
    assert [re.search("title=(.*?)::", line)[1] for line in lines] == [
        "gate failed",
        "gate not evaluated",
        "gate inconclusive",
    ]


def test_an_unsure_gate_is_said_apart_in_every_report() -> None:
    place = Place("a.toml", 3)
    checked = Checked((gate(PASS), gate(UNSURE, place=place)))
    assert check.render(checked, "github").startswith("::warning file=a.toml,line=3,title=gate unsure::mse <= 0.3")
    root = parse(check.render(checked, "junit"))
    (skipped,) = root.iter("skipped")
    assert (skipped.get("type"), skipped.get("message")) == ("unsure", "0.31 > 0.3")
    metrics = check.render(checked, "openmetrics").splitlines()
    assert [line for line in metrics if line.startswith("lossctl_check_gates")] == [
        'lossctl_check_gates{verdict="unsure"} 1',
        'lossctl_check_gates{verdict="pass"} 1',
    ]
    assert len([line for line in metrics if line.startswith("lossctl_gate_passed")]) == 1
    assert check.render(checked, "markdown").startswith("lossctl check: unsure: 1 unsure, 1 pass of 2")


def test_an_unsure_gate_that_counts_is_an_error_in_every_report() -> None:
    checked = Checked((gate(PASS), gate(UNSURE)), fail_unsure=True)
    assert check.render(checked, "github").startswith("::error title=gate unsure::mse <= 0.3")
    root = parse(check.render(checked, "junit"))
    assert [(each.tag, each.get("type")) for each in (*root.iter("error"), *root.iter("skipped"))] == [
        ("error", "unsure")
    ]
    assert root.get("errors") == "1"
    metrics = check.render(checked, "openmetrics").splitlines()
    assert [line[-1] for line in metrics if line.startswith("lossctl_gate_passed")] == ["1", "0"]


# --- openmetrics


SAMPLE = re.compile(
    r'([a-z_]+)(?:\{gate="((?:[^"\\\n]|\\[\\"n])*)",slice="((?:[^"\\\n]|\\[\\"n])*)"(?:,copy="(\d+)")?\})? (\S+)'
)
COUNT = re.compile(r'lossctl_check_gates\{verdict="([a-z_]+)"\} (\d+)')


@pytest.mark.parametrize("text", [*HOSTILE, *LONG], ids=lambda text: ascii(text)[:20])
def test_openmetrics_of_hostile_data(text: str) -> None:
    lines = check.render(hostile(text), "openmetrics").splitlines()
    assert lines[-1] == "# EOF"
    assert lines.count("# EOF") == 1
    counts = [COUNT.fullmatch(line) for line in lines if line.startswith("lossctl_check_gates")]
    assert {match[1]: match[2] for match in counts if match} == {
        each.value: "2" if each is FAIL else "1" for each in Verdict
    }
    samples = [line for line in lines if not line.startswith(("#", "lossctl_check_gates"))]
    found = [SAMPLE.fullmatch(line) for line in samples]
    assert all(found)
    assert len({match.group(1, 2, 3, 4) for match in found if match}) == len(samples) == 1 + 5 + 3 * 7
    assert all(float(match[5]) == float(match[5]) for match in found if match)


def test_openmetrics_leaves_out_what_is_no_number() -> None:
    checked = Checked(
        (gate(FAIL, value=float("nan")), gate(NOT, value=None), gate(SKIPPED), gate(PASS, value=0.1 + 0.2))
    )
    lines = check.render(checked, "openmetrics").splitlines()
    assert [line for line in lines if line.startswith("lossctl_gate_value")] == [
        'lossctl_gate_value{gate="mse <= 0.3",slice="",copy="3"} 0.31',
        'lossctl_gate_value{gate="mse <= 0.3",slice="",copy="4"} 0.30000000000000004',
    ]
    assert [line[-1] for line in lines if line.startswith("lossctl_gate_passed")] == ["0", "0", "1"]


# --- markdown


def test_markdown_puts_failures_first_and_says_why() -> None:
    made = check.render(
        Checked((gate(PASS, "n >= 3", reason="442 >= 3"), gate(details=("row 3",))), ("few rows",)), "markdown"
    )
    assert made.index("fail |") < made.index("pass |")
    assert "mse &lt;= 0.3: row 3" in made
    assert made.endswith("warning: few rows\n")


def test_markdown_is_cut_to_what_a_summary_takes() -> None:
    checked = Checked(tuple(gate(text="@" * 1000 + str(k), reason="&" * 1000) for k in range(700)), ("w" * 1000,) * 300)
    made = check.render(checked, "markdown")
    assert 500_000 < len(made.encode()) <= 900_000
    shown = made.count("| fail |")
    assert f"{700 - shown} more gates" in made
    assert "200 more notes" in made


def test_markdown_of_one_cell_that_is_too_long_still_fits() -> None:
    made = check.render(hostile("\U000e0041" * 100_000), "markdown", RenderOptions())
    assert len(made) < 20_000


@given(st.text(st.characters(exclude_categories=()), max_size=60), st.integers(20, 60))
def test_clipped_text_prints_and_is_no_longer(text: str, most: int) -> None:
    short = clip(text, most)
    assert len(short) <= most
    assert all(map(is_plain, short))
    assert clip("x" * most, most) == "x" * most
