"""``python tests/corpus.py --since REV``: compare what the commands below print with what they printed at a revision.

A change of structure must not change a byte: every sum is exact, so there is no noise to allow for. The commands take
every command, format, method and kind of loss. Each revision runs them in a process of its own, from a checkout of its
own. Exits with 1 where an output differs. Imports the standard library; a worker imports lossctl from where it is told.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FORMATS = ("table", "json", "jsonl", "csv", "tsv", "markdown", "latex", "html", "bare")
CHECKS = ("table", "json", "jsonl", "markdown", "github", "junit", "openmetrics")
KINDS = {
    "real": "diabetes.csv -p ridge -p knn -p forest",
    "binary": "breast_cancer.csv -p logistic_probability",
    "logit": "breast_cancer.csv -p logistic_logit",
    "classes": "digits.csv -t label -p p_*",
    "class-logits": "digits.csv -t label -p s_*",
    "shares": "iris_soft.csv -t p_* -p q_*",
    "lists": "iris_soft.parquet -t p -p q",
    "soft": "iris_soft.csv -t label -p q_*",
    "down-the-file": "digit_shares.csv",
    "quantiles": "diabetes_quantiles.csv -p q*",
    "interval": "diabetes_quantiles.csv -p q0.05,q0.95",
    "scale": "diabetes_forecasts.csv -p prediction --scale prediction_scale",
    "ensemble": "diabetes_ensemble.csv -p m_*",
    "ranking": "digit_ranking.csv -t relevance -p score --group query",
    "several-labels": "digit_shapes.csv -t y_* -p s_*",
    "embeddings": "digit_pairs.csv -t u_* -p v_*",
    "ordinal": "diabetes_thirds.csv -t third -p at_most_0,at_most_1",
}
"""Of each kind of input, a file and its columns."""
SLICES = {"digit_shares.csv": "event", "digit_ranking.csv": "query", "digit_pairs.csv": "partner"}
"""The column that slices are taken from, where there is no ``id``."""
WAYS = (
    "-f json",
    "--by @slice --min-n 1 -f csv",
    "--quantiles -f json",
    "--top 3 -f jsonl",
    "--bootstrap --resamples 99 -f json",
    "--nan omit --level 0.9",
)
"""What is asked of all losses of each kind."""
SLICED = "diabetes.csv -p ridge -p knn -w weight --loss mae,rmse,wmape,trimmed,huber(delta=20)"
ROWS = "diabetes.csv -p ridge -p knn -w weight --loss mae,trimmed,huber(delta=20)"
MODELS = "diabetes.csv -p ridge -p knn -p forest --loss mae,rmse"
CANDIDATE = "diabetes.csv -p knn --baseline-pred ridge"
METHODS = (
    "",
    "--bootstrap --resamples 199",
    "--permutation --resamples 199",
    "--cluster age_band",
    "--bootstrap --cluster id --resamples 99",
    "--horizon 3",
    "--bootstrap --block 7 --resamples 99",
    "--all-pairs --adjust bh",
    "-w weight",
    "--where sex=1",
    "--level 0.8 --adjust none",
)
GATES = (
    "mae<=60",
    "mae[sex=*]<=50",
    "delta(mae)<=2%",
    "delta(rmse)[sex=*]<=1",
    "p95(mae)[age_band=*]<=130",
    "gap(mae,sex)<=10",
    "row_rms(mse)[sex=1]<=99",
)


def commands() -> Iterator[str]:
    """Yield the commands, whose words are separated by single spaces; files are those of ``examples/data``."""
    yield from _of_kinds()
    yield from _of_formats()
    yield from _comparisons()
    yield from _gates()
    yield from (f"show {name}" for name in _names())
    yield from ("--help", *(f"{each} --help" for each in ("eval", "compare", "check", "baseline", "losses", "show")))


def _of_kinds() -> Iterator[str]:
    for kind in KINDS.values():
        file, _, columns = kind.partition(" ")
        slices = SLICES.get(file, "id")
        yield from (f"eval {kind} --loss all {way}".replace("@slice", slices) for way in WAYS)
        if file.endswith(".csv"):
            yield f"compare one={file} two={Path(file).stem}.parquet {columns} --loss all -f json"


def _of_formats() -> Iterator[str]:
    for each in FORMATS:
        yield f"eval {SLICED} --by sex --by age_band -f {each}"
        yield f"eval {SLICED} -f {each}"
        yield f"eval {ROWS} --top 2 --by sex --key id --keep age_band -f {each}"
        yield f"compare {MODELS} --by sex -f {each}"
        yield f"compare {MODELS} -f {each}"
        yield f"losses -f {each}"
        yield f"show huber(delta=2) -f {each}"
    for width in (60, 80, 120, 200):
        yield f"@{width} eval {SLICED} --by sex"
        yield f"@{width} compare {MODELS} --by sex"
        yield f"@{width} check {CANDIDATE} --gate {' --gate '.join(GATES)}"
    yield f"eval {ROWS} --per-row -f csv"
    yield f"eval {ROWS} --per-row --key id -f jsonl"


def _comparisons() -> Iterator[str]:
    for method in METHODS:
        for by in ("", "--by sex", "--by id --min-n 1"):
            yield f"compare diabetes.csv -p ridge -p knn --loss mae,rmse,log_cosh {method} {by} -f json"


def _gates() -> Iterator[str]:
    for gate in GATES:
        for test in ("", "--test regress", "--test noninferior", "--test point"):
            yield f"check {CANDIDATE} --gate {gate} {test} -f json"
    for each in CHECKS:
        yield f"check {CANDIDATE} --gate {' --gate '.join(GATES)} -f {each}"
        yield f"check {CANDIDATE} --gate {' --gate '.join(GATES)} --explain -f {each}"
    yield "baseline diabetes.csv -p ridge --loss mae,rmse --key id -o baseline.parquet -f json"
    yield "check diabetes.csv -p knn --baseline baseline.parquet --key id --gate delta(mae)<=1% -f json"
    yield "compare diabetes.csv -p knn --baseline baseline.parquet --key id --loss mae,rmse --by sex -f json"


def _names() -> list[str]:
    """Name all losses that the lossctl at hand knows."""
    stream = io.StringIO()
    _run(["losses", "-f", "bare"], stream, io.StringIO())
    return stream.getvalue().split()


def _run(arguments: Sequence[str], stdout: io.StringIO, stderr: io.StringIO) -> int:
    from lossctl.cli.main import main

    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        return int(main(list(arguments)))


def write(folder: Path) -> None:
    """Run every command in a scratch folder, and write a file for each: streams and exit code."""
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        for each in (ROOT / "examples" / "data").iterdir():
            shutil.copy(each, scratch)
        for number, command in enumerate(commands()):
            words = command.split(" ")
            os.environ.pop("COLUMNS", None)
            if words[0].startswith("@"):
                os.environ["COLUMNS"] = words.pop(0)[1:]
            stdout, stderr = io.StringIO(newline=""), io.StringIO(newline="")
            code = _run([word for word in words if word], stdout, stderr)
            text = (
                f"$ lossctl {command}\n--- stdout\n{stdout.getvalue()}--- stderr\n{stderr.getvalue()}--- exit {code}\n"
            )
            (folder / f"{number:04}.txt").write_bytes(text.encode())


def _written(checkout: Path, folder: Path) -> list[Path]:
    """Run the commands with the lossctl of a checkout."""
    folder.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(checkout), "NO_COLOR": "1", "TERM": "dumb"}
    subprocess.run([sys.executable, str(Path(__file__).resolve()), "--write", str(folder)], env=environment, check=True)
    return sorted(folder.iterdir())


def _say(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)  # noqa: T201 -- what the program is for


def differing(revision: str, most: int) -> int:
    """Print how outputs differ from those of a revision, and return of how many they do."""
    found = 0
    with tempfile.TemporaryDirectory() as name:
        before = Path(name) / "checkout"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(before), revision], check=True)
        try:
            old, new = _written(before, Path(name) / "old"), _written(ROOT, Path(name) / "new")
        finally:
            subprocess.run([*git, "remove", "--force", str(before)], check=True)
        if len(old) != len(new):
            _say(f"{len(old)} commands ran before, {len(new)} now")
            found += abs(len(old) - len(new))
        for one, other in zip(old, new, strict=False):
            was, now = (each.read_text(encoding="utf-8").splitlines() for each in (one, other))
            if was != now:
                found += 1
                _say(*islice(difflib.unified_diff(was, now, was[0], now[0], lineterm="", n=0), most))
        _say(f"{found} of {len(new)} outputs differ from those of {revision}")
    return found


def main() -> int:
    """Read the command line; see the top of this file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--since", metavar="REV", help="compare with this revision")
    what.add_argument("--write", metavar="FOLDER", type=Path, help="write the outputs into a folder that exists")
    parser.add_argument("--most", type=int, default=12, help="lines shown of each difference (default 12)")
    given = parser.parse_args()
    if given.write is not None:
        write(given.write.resolve())
        return 0
    return 1 if differing(given.since, given.most) else 0


if __name__ == "__main__":
    sys.exit(main())
