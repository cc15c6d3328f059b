"""Outputs that take the place of files: their mode, the links that lead to them, and what can't be written."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import lossctl
from lossctl.core.system.atomic_file import replacing
from tests.cli.cases import Run

pytestmark = pytest.mark.usefixtures("shared_databases")

DATA = "id,y,p\n1,1,1.5\n2,2,2.0\n3,4,1.0\n"
WAYS = {
    "-o": ("check", "p.csv", "-t", "y", "-p", "p", "-g", "mae <= 9", "-f", "json", "-o", "out.json"),
    "--export": ("eval", "p.csv", "-t", "y", "-p", "p", "-l", "mae", "--export", "json=out.json"),
    "rows": ("eval", "p.csv", "-t", "y", "-p", "p", "-l", "mae", "--per-row", "-f", "jsonl", "-o", "out.jsonl"),
    "rows as Parquet": ("eval", "p.csv", "-t", "y", "-p", "p", "-l", "mae", "--per-row", "-o", "out.parquet"),
    "baseline": ("baseline", "p.csv", "-t", "y", "-p", "p", "-l", "mae", "-k", "id", "-o", "out.parquet"),
    "values": ("baseline", "p.csv", "-t", "y", "-p", "p", "-l", "mae", "--no-rows", "-o", "out.json"),
}
MEMORY = Path("/dev/shm")  # noqa: S108 -- another file system than that of the tests
each_way = pytest.mark.parametrize("words", WAYS.values(), ids=WAYS)


@pytest.fixture
def folder(run: Run, tmp_path: Path) -> Path:
    del run  # which goes to the folder
    (tmp_path / "p.csv").write_text(DATA)
    return tmp_path


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


def out_of(words: tuple[str, ...]) -> str:
    return words[-1].removeprefix("json=")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@each_way
@pytest.mark.usefixtures("umask")
def test_a_new_file_has_what_the_umask_leaves(words: tuple[str, ...], folder: Path, run: Run) -> None:
    assert run(*words).code == 0
    assert mode_of(folder / out_of(words)) == 0o640


@each_way
@pytest.mark.parametrize("mode", [0o600, 0o664, 0o755])
@pytest.mark.usefixtures("umask")
def test_a_file_that_is_replaced_keeps_its_mode(words: tuple[str, ...], mode: int, folder: Path, run: Run) -> None:
    out = folder / out_of(words)
    out.write_text("old")
    out.chmod(mode)
    assert run(*words).code == 0
    assert out.read_bytes() != b"old"
    assert mode_of(out) == mode


@each_way
def test_a_link_stays_and_its_file_is_replaced(words: tuple[str, ...], folder: Path, run: Run) -> None:
    out = folder / out_of(words)
    (folder / "far").mkdir()
    (folder / "near").symlink_to("far/real")
    out.symlink_to("near")
    (folder / "far" / "real").write_text("old")
    before = (folder / "far" / "real").stat().st_ino
    assert run(*words).code == 0
    assert (str(out.readlink()), str((folder / "near").readlink())) == ("near", "far/real")
    assert out.read_bytes() != b"old"
    assert (folder / "far" / "real").stat().st_ino != before  # it was replaced, not written over
    assert [each.name for each in (folder / "far").iterdir()] == ["real"]


@each_way
def test_a_dangling_link_is_written_where_it_leads(words: tuple[str, ...], folder: Path, run: Run) -> None:
    out = folder / out_of(words)
    (folder / "far").mkdir()
    out.symlink_to("far/real")
    assert run(*words).code == 0
    assert out.is_symlink()
    assert (folder / "far" / "real").is_file()


@pytest.mark.skipif(not os.access(MEMORY, os.W_OK), reason="there is no second file system to write to")
def test_a_link_into_another_file_system(folder: Path, run: Run) -> None:
    far = MEMORY / f"lossctl-{os.getpid()}.json"
    try:
        with replacing(far) as name:
            assert name != str(far)  # a file, though under /dev
            Path(name).write_text("old")
        (folder / "out.json").symlink_to(far)
        assert run(*WAYS["-o"]).code == 0
        assert far.read_text() != "old"
        assert (folder / "out.json").is_symlink()
    finally:
        far.unlink()


@each_way
@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("loop", "symbolic links"),
        ("directory", "is a directory"),
        ("link to a directory", "is a directory"),
        ("link to nowhere", "it is a link, and there is no directory"),
    ],
)
def test_what_can_not_be_written_is_refused(
    words: tuple[str, ...], made: str, said: str, folder: Path, run: Run
) -> None:
    out = folder / out_of(words)
    if made == "directory":
        out.mkdir()
    else:
        to = {"loop": out.name, "link to a directory": ".", "link to nowhere": "none/real"}[made]
        out.symlink_to(to)
    before = sorted(each.name for each in folder.iterdir())
    ran = run(*words)
    assert (ran.code, said in ran.stderr) == (2, True), ran
    assert before == sorted(each.name for each in folder.iterdir())


@pytest.mark.parametrize("locked", ["folder", "file", "folder of a link"])
def test_without_permission(locked: str, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write anywhere, so the system is asked in its place."""
    (folder / "out.json").write_text("old")
    refused = {"folder": folder, "file": folder / "out.json", "folder of a link": folder / "far"}[locked]
    if locked == "folder of a link":
        (folder / "far").mkdir()
        (folder / "out.json").unlink()
        (folder / "far" / "real").write_text("old")
        (folder / "out.json").symlink_to("far/real")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).absolute() != refused or not mode & os.W_OK)
    ran = run(*WAYS["-o"])
    said = "permission denied" if locked == "file" else "takes no new file, and a file is replaced as a whole"
    assert (ran.code, said in ran.stderr) == (2, True), ran
    assert (folder / "out.json").read_text() == "old"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another group")
def test_a_group_is_kept_or_has_no_more_than_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    for fails, mode in ((False, 0o664), (True, 0o644)):
        out.write_text("old")
        os.chown(out, -1, 12345)
        out.chmod(0o664)
        if fails:

            def refuse(*_: object) -> None:
                raise PermissionError(errno.EPERM, "not permitted")

            monkeypatch.setattr(os, "chown", refuse)
        with replacing(out) as name:
            assert mode_of(Path(name)) == 0o600
            Path(name).write_text("new")
        assert (out.read_text(), mode_of(out), out.stat().st_gid == 12345) == ("new", mode, not fails)


def test_a_report_of_a_configuration_follows_no_link(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor one that is put in its way after it has been looked at."""
    (folder / "lossctl.toml").write_text("[check]\nsource = 'p.csv'\ngates = ['mae <= 9']\nreports = {junit = 'a.xml'}")
    outside = folder / "outside"
    outside.write_text("old")
    reports = folder / "lossctl-reports"
    check = lossctl.check
    assert run("check", "-t", "y", "-p", "p").code == 0

    def linked(*arguments: object, **options: object) -> object:
        (reports / "a.xml").unlink()
        (reports / "a.xml").symlink_to(outside)
        return check(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("lossctl.api.check", linked)
    assert run("check", "-t", "y", "-p", "p").code == 0
    assert outside.read_text() == "old"
    assert not (reports / "a.xml").is_symlink()
    assert run("check", "-t", "y", "-p", "p").code == 0

    def elsewhere(*arguments: object, **options: object) -> object:
        (folder / "other").mkdir()
        (reports / "a.xml").unlink()
        reports.rmdir()
        reports.symlink_to("other")
        return check(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("lossctl.api.check", elsewhere)
    ran = run("check", "-t", "y", "-p", "p")
    assert (ran.code, "a.xml can't be written: " in ran.stderr) == (3, True), ran
    assert list((folder / "other").iterdir()) == []


def test_a_result_goes_through_no_link_to_a_configuration(folder: Path, run: Run) -> None:
    (folder / "lossctl.toml").write_text("[check]\n")
    (folder / "out.json").symlink_to("lossctl.toml")
    ran = run(*WAYS["-o"])
    assert (ran.code, "is a configuration" in ran.stderr) == (2, True)


def test_the_umask_of_the_process_is_never_changed() -> None:
    """It holds for every thread of a program that uses lossctl."""
    package = Path(lossctl.__file__).parent
    assert [each for each in package.rglob("*.py") if "umask(" in each.read_text()] == []


def test_what_spills_lies_where_nobody_else_can_enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lossctl.sources.duck.database import connect, disconnect

    before = os.umask(0)
    try:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        connection = connect([])
        (spilled,) = tmp_path.iterdir()
        assert connection.execute("select current_setting('temp_directory')").fetchall() == [(str(spilled),)]
        assert mode_of(spilled) == 0o700
        (spilled / "something").touch()
        disconnect(connection)
        assert list(tmp_path.iterdir()) == []
        disconnect(connection)
    finally:
        os.umask(before)


def test_where_nothing_can_spill_a_run_does_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lossctl.sources.duck.database import connect, disconnect

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    connection = connect([])
    assert connection.execute("select 1, current_setting('temp_directory')").fetchall()[0][0] == 1
    disconnect(connection)
    assert list(tmp_path.iterdir()) == []


SPOOL = """
import os, stat, sys, tempfile
from pathlib import Path
from lossctl.sources import open_source
with open_source("-") as source:
    (piece,) = source.pieces
    found = os.stat(piece.path)
    names = sorted(each.name for each in Path(tempfile.gettempdir()).iterdir())
    modes = {stat.S_IMODE(each.stat().st_mode) for each in Path(tempfile.gettempdir()).iterdir()}
print(oct(stat.S_IMODE(found.st_mode)), found.st_nlink, len(names), modes == {0o700})
print(len(list(Path(tempfile.gettempdir()).iterdir())))
"""


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="a file has a name here")
def test_standard_input_is_kept_where_nobody_sees_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SPOOL],
        input=DATA,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "0o600 0 1 True\n0\n"


FAILING = """
import sys
from lossctl.sources import open_source
from lossctl.core.errors import DataError
try:
    list(open_source(sys.argv[1]).read(["y"]))
except DataError:
    print("refused")
"""


def test_nothing_is_left_where_a_source_is_never_closed(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "bad.csv").write_text("y,p\n1,2\nx,3\n")
    done = subprocess.run(
        [sys.executable, "-c", FAILING, str(tmp_path / "bad.csv")],
        env=os.environ | {"TMPDIR": str(tmp_path / "tmp")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "refused\n"
    assert list((tmp_path / "tmp").iterdir()) == []
