"""Measurements to Markdown: who took how long, and which targets hold. Pure; imports the standard library only."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.contestants import CONTESTANTS
from benchmarks.jobs import Job, Target
from benchmarks.page import insert, markdown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.measure import Run

__all__ = ["Measured", "Verdict", "insert", "tables", "verdicts"]

FLAT = 1.10
"""How much more memory ten times the rows may take."""


@dataclass(frozen=True)
class Measured:
    """A job and the runs of each contestant, round by round."""

    job: Job
    runs: Mapping[str, list[Run]]

    def seconds(self, name: str) -> float:
        """Return the median time."""
        return statistics.median(run.seconds for run in self.runs[name])

    def cpu(self, name: str) -> float:
        """Return the median processor time."""
        return statistics.median(run.cpu for run in self.runs[name])

    def ratio(self, name: str, other: str) -> float:
        """Return the median, over rounds, of one contestant's time by another's."""
        pairs = zip(self.runs[name], self.runs[other], strict=True)
        return statistics.median(one.seconds / two.seconds for one, two in pairs)

    def peak(self, name: str) -> int:
        """Return the largest memory of any run."""
        return max(run.peak for run in self.runs[name])


@dataclass(frozen=True)
class Verdict:
    """Whether a target holds."""

    job: Job
    target: str
    measured: str
    holds: bool


def verdicts(measured: list[Measured]) -> list[Verdict]:
    """Hold lossctl against its targets."""
    found = [
        _verdict(each, target)
        for each in measured
        if "lossctl" in each.runs
        for target in each.job.targets
        if target.kind in {"bytes", *each.runs}
    ]
    return found + _flatness(measured)


def _verdict(measured: Measured, target: Target) -> Verdict:
    if target.kind == "bytes":
        value, said = measured.peak("lossctl") / 1e6, "{:.0f} MB"
        target = Target("bytes", target.limit / 1e6)
    else:
        value, said = measured.ratio("lossctl", target.kind), "{:.2f} × " + target.kind
    return Verdict(measured.job, "≤ " + said.format(target.limit), said.format(value), value <= target.limit)


def _flatness(measured: list[Measured]) -> list[Verdict]:
    """Hold the peak at ten times the rows against the peak at 10 M."""
    peaks = {
        each.job.size: each.peak("lossctl")
        for each in measured
        if (each.job.name, each.job.form) == ("one loss", "parquet") and "lossctl" in each.runs
    }
    if not {"10m", "100m"} <= peaks.keys():
        return []
    growth = peaks["100m"] / peaks["10m"]
    job = next(each.job for each in measured if each.job.size == "100m")
    return [Verdict(job, f"≤ {FLAT:.2f} × the peak at 10 M rows", f"{growth:.2f} ×", growth <= FLAT)]


def tables(measured: list[Measured], facts: list[str]) -> str:
    """Write everything as Markdown."""
    parts = ["\n".join(f"- {fact}" for fact in facts)]
    found = verdicts(measured)
    if found:
        rows = [[each.job.name, each.job.file, each.target, each.measured, _word(each)] for each in found]
        parts += ["### Targets", markdown([["job", "file", "target", "measured", ""], *rows]).rstrip()]
    for each in measured:
        base = next(iter(each.runs)) if "sql" not in each.runs else "sql"
        losses = f"{len(each.job.losses)} losses" if len(each.job.losses) > 1 else each.job.losses[0].replace(":", " ")
        rows = [
            [
                name,
                CONTESTANTS[name].note,
                f"{each.seconds(name):.2f} s",
                f"{each.ratio(name, base):.2f}",
                f"{each.cpu(name):.2f} s",
                f"{each.peak(name) / 1e6:.0f} MB",
            ]
            for name in each.runs
        ]
        rounds = len(next(iter(each.runs.values())))
        parts.append(f"### {each.job.name.capitalize()}: {each.job.file} ({losses}; {rounds} rounds)")
        header = ["who", "computes", "time", f"time ÷ {base}", "processor", "peak memory"]
        parts.append(markdown([header, *rows]).rstrip())
    return "\n\n".join(parts) + "\n"


def _word(verdict: Verdict) -> str:
    return "pass" if verdict.holds else "**fail**"
