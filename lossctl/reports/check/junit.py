"""JUnit's XML, as Jenkins, GitLab and Azure read it: a test a gate. Imports core and `lossctl.reports.shared`.

It keeps to the schema of Jenkins' xUnit plugin, the strictest in use. A gate that failed is a failure; one that could
not be evaluated, or whose test was inconclusive, an error; one that is unsure is skipped, with the reason, and an error
where the check does not let it pass. A check that does not pass holds at least one failure or error, so that an empty
file never counts as success. Nothing in it depends on the time or the place of the run.
"""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING

from lossctl.core.errors import ExitCode
from lossctl.core.escape import terminal
from lossctl.core.results.slices import slice_text
from lossctl.core.results.verdict import Verdict
from lossctl.reports.shared.clip import clip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lossctl.core.results.verdict import Checked, GateResult
    from lossctl.reports.shared.options import RenderOptions

__all__ = ["render"]

_TAGS = {
    Verdict.FAIL: "failure",
    Verdict.NOT_EVALUATED: "error",
    Verdict.INCONCLUSIVE: "error",
    Verdict.UNSURE: "skipped",
    Verdict.SKIPPED: "skipped",
}
_MOST_NAME, _MOST_MESSAGE = 200, 2000
"""Characters of a name and of a message; Jenkins keeps all of it in memory."""


def render(checked: Checked, options: RenderOptions) -> str:
    """Write the document.

    Examples
    --------
    >>> from lossctl.core.results.verdict import Checked, GateResult, Verdict
    >>> from lossctl.reports.shared.options import RenderOptions
    >>> gate = GateResult("mse <= 0.3", Verdict.FAIL, {"sex": "f"}, 0.31, 0.3, None, 442, "0.31 > 0.3")
    >>> print(render(Checked((gate,)), RenderOptions()), end="")
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="lossctl check" tests="1" failures="1" errors="0" time="0">
      <testsuite name="lossctl check" tests="1" failures="1" errors="0" skipped="0" time="0">
        <testcase classname="lossctl.sex=f" name="mse &lt;= 0.3" time="0">
          <failure type="fail" message="0.31 &gt; 0.3">0.31 &gt; 0.3</failure>
        </testcase>
      </testsuite>
    </testsuites>
    """
    del options  # for people
    cases = [*_cases(checked)]
    tags = Counter(tag for tag, _ in cases)
    if checked.exit_code is not ExitCode.OK and not (tags["failure"] or tags["error"]):
        cases.append(("error", _case("lossctl", "check", "error", "not_evaluated", (checked.summary(),))))
        tags["error"] += 1
    counts = f'tests="{len(cases)}" failures="{tags["failure"]}" errors="{tags["error"]}"'
    warnings = [_text(each) for each in checked.warnings]
    said = [f"    <system-out>{chr(10).join(warnings)}</system-out>"] if warnings else []
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="lossctl check" {counts} time="0">',
        f'  <testsuite name="lossctl check" {counts} skipped="{tags["skipped"]}" time="0">',
        *(text for _, text in cases),
        *said,
        "  </testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _cases(checked: Checked) -> Iterator[tuple[str, str]]:
    """Yield the tag and the text of each gate; no two are called alike."""
    taken: set[tuple[str, str]] = set()
    next_number: Counter[tuple[str, str]] = Counter()
    for each in checked.gates:
        class_name, gate = _class_name(each), terminal(clip(each.gate, _MOST_NAME))
        name = gate
        while (class_name, name) in taken:  # more than once, as a gate may itself end in such a number
            next_number[class_name, gate] += 1
            name = f"{gate} ({next_number[class_name, gate] + 1})"
        taken.add((class_name, name))
        fails = each.verdict is Verdict.UNSURE and checked.fail_unsure
        tag = "error" if fails else _TAGS.get(each.verdict, "")
        yield tag, _case(class_name, name, tag, each.verdict.value, (each.reason, *each.details))


def _class_name(each: GateResult) -> str:
    """Name the slice, with no dot in it: what stands before the last one would be a package."""
    return f"lossctl.{terminal(clip(slice_text(each.slice), _MOST_NAME)).replace('.', '_') or 'all'}"


def _case(class_name: str, name: str, tag: str, kind: str, lines: tuple[str, ...]) -> str:
    start = f'    <testcase classname="{escape(class_name)}" name="{escape(name)}" time="0"'
    if not tag:
        return f"{start}/>"
    message, body = _text(lines[0]), "\n".join(_text(line) for line in lines)
    inside = f'<{tag} type="{kind}" message="{message}">{body}</{tag}>'
    return f"{start}>\n      {inside}\n    </testcase>"


def _text(text: str) -> str:
    """Escape a message; its lines may be printed into a log, where a CI system looks for commands."""
    return escape(terminal(clip(text, _MOST_MESSAGE)))
