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


def test_no_file_of_that_name_takes_its_place() -> None:
    Path("git:main:in").mkdir()
    Path("git:main:in/a b.csv").write_text("forged")
    assert is_revision("git:main:in/a b.csv")
    assert read("git:main:in/a b.csv") == ROWS.encode()
    assert not is_revision("./git:main:in/a b.csv")


def test_a_tag_called_as_a_branch_takes_its_place_nowhere() -> None:
    git("config", "core.warnAmbiguousRefs", "false")
    git("commit", "-qam", "forged")
    git("tag", "main")
    with pytest.raises(DataError, match="a tag and a branch are both called main"):
        read("git:main:in/a b.csv")
    assert read("git:refs/heads/main:in/a b.csv") == ROWS.replace("2.5", "9.5").encode()


def test_a_link_a_submodule_and_a_deleted_file_are_not_read_on() -> None:
    Path("link.csv").symlink_to("in/a b.csv")
    git("add", "link.csv")
    git("rm", "-q", "--cached", "in/a b.csv")
    git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    git("commit", "-qm", "second")
    for path in ("module", "module/a.csv", "in/a b.csv"):
        with pytest.raises(DataError):
            read(f"git:main:{path}")
    assert read("git:main:link.csv") == b"in/a b.csv"
    assert read("git:main~1:in/a b.csv") == ROWS.encode()


def test_a_revision_that_a_shallow_clone_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    git("commit", "-qam", "second")
    git("clone", "-q", "--depth=1", tmp_path.as_uri(), "shallow")
    monkeypatch.chdir("shallow")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    for revision in (first, "HEAD~1"):
        with pytest.raises(DataError, match=f"there is no revision {revision} here"):
            read(f"git:{revision}:in/a b.csv")


def test_git_looks_where_it_is_told(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path_factory.mktemp("other")))
    with pytest.raises(DataError, match="no git repository"):
        read("git:main:in/a b.csv")


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
        "git:--upload-pack=id:a",
        "git:a\n:b",
        "git:main:a\x1b[31m",
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
