"""Files of a git revision: read as git holds them, and refused where that is not what was meant."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from lossctl.core.errors import DataError, UsageError
from lossctl.sources import open_source
from lossctl.sources.revision import is_revision, open_revision

ROWS = "id,target,prediction\n1,2.0,2.5\n2,3.0,2.0\n"


def git(*arguments: str) -> None:
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    subprocess.run(["git", *arguments], check=True, capture_output=True, env=os.environ | who)


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):  # of a hook that runs tests
        monkeypatch.delenv(name, raising=False)
    git("init", "-q", "-b", "main")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a b.csv").write_text(ROWS)
    git("add", ".")
    git("commit", "-qm", "first")
    (tmp_path / "in" / "a b.csv").write_text(ROWS.replace("2.5", "9.5"))
    return tmp_path


def read(named: str) -> bytes:
    with open_revision(named) as stream:
        return stream.read()


@pytest.mark.parametrize("revision", ["main", "HEAD", "main@{0}", "HEAD~0", "refs/heads/main"])
def test_it_is_what_was_committed(revision: str) -> None:
    assert read(f"git:{revision}:in/a b.csv") == ROWS.encode()


def test_a_source_reads_it() -> None:
    with open_source("git:main:in/a b.csv") as source:
        (batch,) = source.read(["prediction"])
        assert batch.columns["prediction"].tolist() == [2.5, 2.0]
        assert source.name == "git:main:in/a b.csv"


def test_a_path_may_count_from_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("in")
    assert read("git:main:./a b.csv") == ROWS.encode()


def test_a_file_of_that_name_wins() -> None:
    assert is_revision("git:main:x")
    Path("git:main:x").write_text(ROWS)
    assert not is_revision("git:main:x")


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("git:main:none.csv", "there is no none.csv in main"),
        ("git:other:a.csv", "there is no revision other here"),
        ("git:main:in", "git:main:in can't be read"),
    ],
)
def test_what_git_does_not_have(named: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read(named)


@pytest.mark.parametrize(
    "named",
    [
        "git:main",
        "git::a",
        "git:main:",
        "git:--output=x:a",
        "git:-h:a",
        "git:a..b:c",
        "git:a b:c",
        "git:a:b\nc",
        "git:$(id):a",
    ],
)
def test_what_names_no_file_of_a_revision(named: str, repository: Path) -> None:
    before = sorted(repository.rglob("*"))
    with pytest.raises(UsageError):
        read(named)
    assert sorted(repository.rglob("*")) == before


def test_outside_a_repository_and_without_git(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    monkeypatch.chdir(outside)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(outside.parent))
    with pytest.raises(DataError, match="this is no git repository"):
        read("git:main:a.csv")
    monkeypatch.setenv("PATH", str(outside))
    with pytest.raises(DataError, match="there is no git here"):
        read("git:main:a.csv")


def test_a_pointer_of_lfs_is_no_file(repository: Path) -> None:
    (repository / "big.parquet").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    git("add", ".")
    git("commit", "-qm", "second")
    with pytest.raises(DataError, match="Git LFS"):
        read("git:main:big.parquet")
