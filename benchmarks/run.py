"""Run the benchmarks: everyone does the same job on the same file, in turn, round by round.

Imports the standard library only, to stay small: see `benchmarks.measure`.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks import agree, environment, report
from benchmarks.contestants import CONTESTANTS, Answers
from benchmarks.jobs import Job, memory_jobs, timed_jobs
from benchmarks.measure import FailedRunError, Run, measure

QUICK_ROUNDS = 3


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the tables, and say by the exit code whether the answers agreed and the targets hold."""
    options = parser().parse_args(arguments)
    everyone = options.contestants.split(",")
    folder = environment.programs(with_lossctl="lossctl" in everyone)
    jobs = timed_jobs(options.rows.split(",")) + (memory_jobs() if options.memory else [])
    chosen = [narrow(job, everyone, quick=options.quick) for job in jobs]
    try:
        measured = [run(job, folder) for job in chosen if job.contestants]
    except (agree.DisagreementError, FailedRunError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    text = report.tables(measured, environment.machine(folder))
    print(text, end="")
    if options.write is not None:
        page = options.write.read_text(encoding="utf-8")
        options.write.write_text(report.insert(page, text), encoding="utf-8")
    return 0 if all(verdict.holds for verdict in report.verdicts(measured)) else 1


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    it = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Run lossctl beside what a user would pick instead.",
        epilog="Exit code: 0 the targets hold, 1 one does not, 2 a run failed or the answers differ.",
    )
    it.add_argument("--rows", default="10k,1m,10m", help="sizes, of 10k, 1m, 10m (default: %(default)s)")
    it.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds of everything")
    it.add_argument("--memory", action="store_true", help="also 100 M rows, once: does memory stay flat?")
    it.add_argument("--contestants", default=",".join(CONTESTANTS), help="who runs (default: %(default)s)")
    it.add_argument("--write", type=Path, metavar="PAGE", help="also write the tables between the markers of a page")
    return it


def narrow(job: Job, everyone: list[str], *, quick: bool) -> Job:
    """Leave out of a job who was not chosen, and rounds where the user is in a hurry."""
    contestants = tuple(name for name in job.contestants if name in everyone)
    return replace(job, contestants=contestants, rounds=min(job.rounds, QUICK_ROUNDS) if quick else job.rounds)


def run(job: Job, folder: Path) -> report.Measured:
    """Do one job: a first round that warms the disk cache and checks the answers, then the rounds that count.

    Everyone runs once a round, and each round begins with another contestant, so that whatever else the machine
    does meets all alike.
    """
    file = str(environment.data_file(folder, job.size, job.form))
    commands = {name: CONTESTANTS[name].command(folder, file, job.losses) for name in job.contestants}
    print(f"{job.name}, {job.file}:", end="", file=sys.stderr, flush=True)
    warm = {name: measure(command) for name, command in commands.items()}
    compared = check(job, warm)
    print(f" {compared} figures agree", end="", file=sys.stderr, flush=True)
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    names = list(commands)
    for turn in range(job.rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            runs[name].append(measure(commands[name]))
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return report.Measured(job, runs)


def check(job: Job, runs: dict[str, Run]) -> int:
    """Compare everyone's answers with those of the first, and say how many figures were compared."""
    answers: dict[str, Answers] = {name: CONTESTANTS[name].read(each.output) for name, each in runs.items()}
    first, *others = (name for name in job.contestants if name != "imports")
    missing = set(job.losses) - answers[first].keys()
    if missing:
        raise agree.DisagreementError(f"{first} did not answer for {', '.join(sorted(missing))}")
    return sum(agree.check(answers[first], answers[name], (first, name)) for name in others)
