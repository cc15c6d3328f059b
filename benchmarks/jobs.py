"""What is measured, with the targets. Imports the standard library only.

A target is a ratio to another contestant of the same job, or a limit in seconds or bytes. The targets are the
project's own and hold for 10 M rows; smaller files show where start-up ends and work begins.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ONE", "TEN", "Job", "Target", "memory_jobs", "timed_jobs"]

ONE = ("huber:1.0",)
TEN = (
    "mae",
    "mse",
    *(f"smooth_l1:{beta}" for beta in (0.5, 1.0, 2.0)),
    *(f"huber:{delta}" for delta in (0.25, 0.5, 1.0, 1.5, 3.0)),
)
MEMORY_LIMIT = 400_000_000
FULL_SIZE = "10m"
START_LIMIT = 0.25 / 0.13
"""A small run is to take 0.25 s where SQL by hand takes 0.13 s; as a ratio it can be held on machines of any speed."""


@dataclass(frozen=True)
class Target:
    """What lossctl must reach in a job.

    Parameters
    ----------
    kind
        ``bytes`` or the name of a contestant, whose time times `limit` is the bound.
    limit
        The bound.
    """

    kind: str
    limit: float


@dataclass(frozen=True)
class Job:
    """One thing to do, and who does it.

    Parameters
    ----------
    name
        What the tables call it.
    size, form
        The file: ``10m``, ``csv``.
    losses
        What is evaluated.
    contestants
        Who runs, lossctl first.
    targets
        What lossctl must reach.
    rounds
        How often everyone runs.
    """

    name: str
    size: str
    form: str
    losses: tuple[str, ...]
    contestants: tuple[str, ...]
    targets: tuple[Target, ...]
    rounds: int

    @property
    def file(self) -> str:
        """The file in words."""
        form = "Parquet" if self.form == "parquet" else "CSV"
        return f"{self.size.replace('k', ' k').replace('m', ' M')} rows, {form}"


def timed_jobs(sizes: list[str]) -> list[Job]:
    """Return the jobs over files of these sizes."""
    everyone = ("lossctl", "sql", "sql-plain", "polars", "polars-value", "pandas")
    jobs = []
    for size in sizes:
        if size == "10k":
            runners = ("lossctl", "imports", "sql", "polars", "polars-value", "pandas", "sklearn")
            targets = (Target("sql", START_LIMIT), Target("imports", 2.0))
            jobs.append(Job("start and one loss", size, "csv", ONE, runners, targets, rounds=15))
            continue
        one = {"csv": 1.15, "parquet": 1.5}
        for name, losses, limits in (("one loss", ONE, one), ("ten losses", TEN, {"csv": 1.0, "parquet": 1.0})):
            for form in ("csv", "parquet"):
                targets = (Target("sql", limits[form]), Target("bytes", MEMORY_LIMIT)) if size == FULL_SIZE else ()
                jobs.append(Job(name, size, form, losses, everyone, targets, rounds=9 if size == FULL_SIZE else 7))
    return jobs


def memory_jobs() -> list[Job]:
    """Return the job that shows whether memory stays flat: ten times the rows, once."""
    runners = ("lossctl", "sql", "polars", "polars-value")
    targets = (Target("sql", 1.5), Target("bytes", MEMORY_LIMIT))
    return [Job("one loss", "100m", "parquet", ONE, runners, targets, rounds=1)]
