"""``python -m tests.fuzz``: looks for input that lossctl answers wrongly, until its time is up.

Prints the seed first. What is found is cut to the smallest file that still shows it, written to ``tests/fuzz/found``
and printed with the seed and the number of its case, from which it is made again.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.targets import TARGETS, Target
from tests.fuzz.worker import Worker

FOUND = Path(__file__).parent / "found"
MOST_TRIES = 300


@dataclass(frozen=True)
class Finding:
    """An answer that is wrong."""

    target: str
    seed: int
    case: int
    problem: str
    data: bytes


def case_of(target: Target, seed: int, number: int) -> bytes:
    """Make a case: the seeds of the corpus first, then random ones."""
    seeds = target.seeds()
    if number < len(seeds):
        return seeds[number]
    return target.make(random.Random(f"{target.name} {seed} {number}"), seeds)  # noqa: S311 -- to be made again


def search(target: Target, worker: Worker, seed: int, cases: range, until: float = float("inf")) -> Iterator[Finding]:
    """Try cases of a target, until a time; give what is wrong."""
    for number in cases:
        if time.monotonic() > until:
            return
        data = case_of(target, seed, number)
        if problem := target.judge(data, worker, target.file):
            yield Finding(target.name, seed, number, problem, data)


def smallest(target: Target, worker: Worker, data: bytes) -> bytes:
    """Cut lines, then bytes, as long as something is wrong."""
    tries = 0
    for parts, joint in ((data.split(b"\n"), b"\n"), (None, b"")):
        found = parts if parts is not None else [data[place : place + 1] for place in range(len(data))]
        size = max(1, len(found) // 2)
        while size and tries < MOST_TRIES:
            place = 0
            while place < len(found) and tries < MOST_TRIES:
                shorter = found[:place] + found[place + size :]
                tries += 1
                if target.judge(joint.join(shorter), worker, target.file):
                    found = shorter
                else:
                    place += size
            size //= 2
        data = joint.join(found)
    return data


def main(arguments: list[str]) -> int:
    """Search; 1 where something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=300.0, help="for all targets together")
    parser.add_argument("--seed", type=int, default=None, help="default: another one each time")
    parser.add_argument("--target", choices=TARGETS, action="append", help="default: all")
    chosen = parser.parse_args(arguments)
    seed = time.time_ns() % 10**9 if chosen.seed is None else chosen.seed
    names = chosen.target or list(TARGETS)
    say(f"seed {seed}")
    found = 0
    with tempfile.TemporaryDirectory() as folder, Worker(Path(folder)) as worker:
        for name in names:
            target, number = TARGETS[name], 0
            until, seen = time.monotonic() + chosen.seconds / len(names), set[str]()
            while time.monotonic() < until:
                cases = range(number, number + 100)
                for finding in search(target, worker, seed, cases, until):
                    kind = finding.problem.split(":")[0]
                    if kind not in seen:
                        seen.add(kind)
                        show(finding, smallest(target, worker, finding.data), target, worker)
                    found += 1
                number += 100
            say(f"{name}: about {number} cases")
    return int(found > 0)


def say(line: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def show(finding: Finding, data: bytes, target: Target, worker: Worker) -> None:
    """Print what was found, and keep the smallest file."""
    FOUND.mkdir(exist_ok=True)
    path = FOUND / f"{finding.target}-{finding.seed}-{finding.case}{Path(target.file).suffix}"
    path.write_bytes(data)
    say(f"{finding.target}: seed {finding.seed}, case {finding.case}: {finding.problem}")
    say(f"  smallest: {target.judge(data, worker, target.file) or 'not the same again'}")
    say(f"  {data[:400]!r}\n  kept in {path}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
