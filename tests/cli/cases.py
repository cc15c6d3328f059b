"""What tests of bad input share: a case, what came of it, and what holds of every refusal."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ANY = "⋯"

HEAD = "target,prediction\n"
GOOD = HEAD + "1,1.5\n2,2\n4,1\n"
WIDE = "target,prediction,w,id,flag,select,na me\n1,1.5,1,a,true,1,3\n2,2,2,b,false,2,4\n4,1,0.5,c,true,3,\n"
"""Columns of every kind, some with names that SQL would not take as they are."""

INSIDE = re.compile(
    r"Traceback|\b(?:Binder|Parser|Catalog|Conversion|Invalid Input|Constraint|IO|Internal) Error\b"
    r"|[A-Z]\w+(?:Error|Exception)\b|\bNone(?:Type)?\b|\b(?:VARCHAR|DOUBLE|BIGINT|INTEGER|BOOLEAN)\b"
    r"|site-packages|\blossctl\.[a-z_]+\.|object at 0x|<class|\.py\b"
    r"|(?i:no such option|possible option|is not a valid|not in the range|invalid value|missing (?:option|argument))"
    r"|(?i:unexpected extra|candidate (?:functions|bindings)|explicit type cast|syntax error at)"
    r"|(?i:\bduckdb\b|\btyper\b|\bclick\b|\bpyarrow\b)"
)
"""Words of what lossctl is made of."""

Content = str | bytes
Files = Content | Mapping[str, Content | pa.Table]


@dataclass(frozen=True)
class Bad:
    """Input that is refused: the file ``p.csv``, or files by name; the arguments after the sources; what is said."""

    files: Files
    error: str
    hint: str
    code: int = 3
    options: tuple[str, ...] = ()
    sources: tuple[str, ...] = ("p.csv",)
    loss: str = "mae"


@dataclass(frozen=True)
class Fine:
    """Input that looks bad and is not."""

    files: Files
    values: list[float]
    options: tuple[str, ...] = ()
    sources: tuple[str, ...] = ("p.csv",)
    loss: str = "mae"


@dataclass
class Ran:
    code: int
    stdout: str
    stderr: str
    lines: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = self.stderr.splitlines()

    @property
    def said(self) -> list[str]:
        """What is said beside warnings of few rows."""
        return [line for line in self.lines if not line.endswith(": the confidence intervals are approximate")]

    def require_said(self, error: str, hint: str) -> None:
        """Compare what is said; `ANY` stands for any text, such as names that come with another loss."""
        pattern = re.escape(f"error: {error}\nhint:  {hint}").replace(ANY, ".*")
        assert re.fullmatch(pattern, "\n".join(self.said)), self.stderr


Run = Callable[..., Ran]
"""Runs a command line in a folder of its own: words → `Ran`."""


def write(files: Files) -> None:
    for name, content in ({"p.csv": files} if isinstance(files, str | bytes) else files).items():
        path = Path(name)
        path.parent.mkdir(exist_ok=True)
        if isinstance(content, pa.Table):
            pq.write_table(content, path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)


def evaluate(run: Run, case: Bad | Fine) -> Ran:
    write(case.files)
    return run("eval", "--loss", case.loss, "-f", "bare", *case.options, "--", *case.sources)


def require_refusal(ran: Ran, code: int, *, notes: int = 0) -> None:
    """Check what holds of every refusal: a problem, so many notes to it, and mostly a cure."""
    assert ran.code == code, ran.stderr
    assert ran.stdout == ""
    assert not INSIDE.search(ran.stderr), ran.stderr
    assert len(ran.said) - notes in {1, 2}, ran.stderr
    assert ran.said[0].startswith("error: ")
    assert all(line.startswith("       ") for line in ran.said[1 : notes + 1])
    assert all(line.startswith("hint:  ") for line in ran.said[notes + 1 :])
    assert "\x1b" not in ran.stderr
    assert not any(line.lstrip().startswith("::") or "##" in line for line in ran.lines)
