"""The environment everyone runs in: a fresh one, with lossctl installed from a wheel and all bytecode compiled.

Imports the standard library only.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

__all__ = ["DATA", "SIZES", "data_file", "machine", "programs", "rows_named"]

ROOT = Path(__file__).parent.parent
DATA = Path(__file__).parent / "data"
ENVIRONMENT = DATA / "environment"
SIZES = {"10k": 10_000, "1m": 1_000_000, "10m": 10_000_000, "100m": 100_000_000}
REPORTED = ("lossctl", "duckdb", "numpy", "polars", "pandas", "pyarrow", "scikit-learn")


def rows_named(size: str) -> int:
    """Return the number of rows a size stands for, such as ``10m``."""
    return SIZES[size.lower()]


def programs(*, with_lossctl: bool) -> Path:
    """Make or refresh the environment, install lossctl anew, and give the folder of its programs."""
    folder = ENVIRONMENT / "bin"
    if not (folder / "python").exists():
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pip("install", *project["dependencies"], *project["optional-dependencies"]["bench"])
    if with_lossctl:
        shutil.rmtree(DATA / "wheel", ignore_errors=True)
        pip("wheel", "--no-deps", "--wheel-dir", str(DATA / "wheel"), str(ROOT))
        (wheel,) = (DATA / "wheel").glob("lossctl-*.whl")
        pip("install", "--no-deps", "--force-reinstall", str(wheel))
    compile_bytecode = [str(folder / "python"), "-m", "compileall", "-q", "-j", "0", str(ENVIRONMENT / "lib")]
    subprocess.run(compile_bytecode, check=False, stdout=subprocess.DEVNULL)  # some packages ship templates of code
    return folder


def pip(*arguments: str) -> None:
    """Run the environment's pip, quietly."""
    command = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "-qq", "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True)


def data_file(folder: Path, size: str, form: str) -> Path:
    """Return a file of rows, made where it is missing."""
    path = DATA / f"rows-{size.lower()}.{form}"
    if not path.exists():
        print(f"making {path.name}", file=sys.stderr)
        script = Path(__file__).parent / "data.py"
        subprocess.run([str(folder / "python"), str(script), str(rows_named(size)), str(path)], check=True)
    return path


def machine(folder: Path) -> list[str]:
    """State the machine, the versions and the date, one fact a line."""
    code = (
        "import importlib.metadata as m, json, sys;"
        "have = {d.metadata['Name'].lower() for d in m.distributions()};"
        "print(json.dumps({n: m.version(n) for n in sys.argv[1:] if n in have}))"
    )
    command = [str(folder / "python"), "-c", code, *REPORTED]
    versions = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    today = dt.datetime.now(tz=dt.UTC).date()
    return [
        f"{processor()}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB, {platform.system()}",
        f"Python {platform.python_version()}, " + ", ".join(f"{name} {version}" for name, version in versions.items()),
        f"{today.isoformat()}, load average {os.getloadavg()[2]:.1f} over the last 15 minutes",
    ]


def processor() -> str:
    """Name the processor, as well as the system can."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
