"""Files of a git revision: read as git holds them, and refused where that is not what was meant."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from lossctl.core.errors import DataError, UsageError
from lossctl.sources import open_source
from lossctl.sources.files.revision import is_revision, open_revision

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
        with pytest.raises(DataError, match=f"there is no revision {revision} in the repository"):
            read(f"git:{revision}:in/a b.csv")


def test_the_repository_is_that_of_this_folder(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path_factory.mktemp("other")
    git("init", "-q", "-b", "main", str(other))
    for name in ("GIT_DIR", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_WORK_TREE"):
        monkeypatch.setenv(name, str(other / ".git"))
    assert read("git:main:in/a b.csv") == ROWS.encode()
    monkeypatch.delenv("GIT_DIR")
    monkeypatch.chdir(other)
    with pytest.raises(DataError, match=f"there is no revision main in the repository {other}"):
        read("git:main:in/a b.csv")


PROMISOR = """[core]
\trepositoryformatversion = 1
\tbare = {bare}
\tfsmonitor = "touch {marker}"
\thooksPath = {hooks}
[extensions]
\tpartialClone = evil
[protocol "{protocol}"]
\tallow = always
[remote "evil"]
\tpromisor = true
\turl = {url}
\tuploadpack = "touch {marker}; false"
"""


def forge(folder: Path, marker: Path, url: str, protocol: str = "file", bare: str = "true") -> None:
    """Put into a folder what git takes for a repository: a forged file, and one left out that a command would fetch."""
    source = folder.parent / "forging"
    git("init", "-q", "-b", "main", str(source))
    for name in ("forged.csv", "absent.csv"):
        (source / name).write_text(ROWS.replace("2.5", name))
    git("-C", str(source), "add", ".")
    git("-C", str(source), "commit", "-qm", "forged")
    left_out = subprocess.run(
        ["git", "-C", source, "rev-parse", "main:absent.csv"], check=True, capture_output=True, text=True
    ).stdout.strip()
    (source / ".git" / "objects" / left_out[:2] / left_out[2:]).unlink()
    (source / ".git" / "hooks").rename(folder.parent / "hooks")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("HEAD", "objects", "refs"):
        (source / ".git" / name).rename(folder / name)
    text = PROMISOR.format(marker=marker, url=url, protocol=protocol, hooks=folder.parent / "hooks", bare=bare)
    (folder / "config").write_text(text)


@pytest.mark.parametrize("bare", ["true", "false\n\tworktree = .."])
def test_a_folder_of_a_checkout_is_no_repository(bare: str, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marker = repository / "ran"
    forge(repository / "evil" / "data", marker, str(repository), bare=bare)
    monkeypatch.chdir(repository / "evil" / "data")
    assert read("git:main:in/a b.csv") == ROWS.encode()
    assert read("git:main:../../in/a b.csv") == ROWS.encode()
    for name in ("forged.csv", "absent.csv", "./forged.csv"):
        with pytest.raises(DataError, match=f"in main of the repository {repository}\nhint: "):
            read(f"git:main:{name}")
    assert not marker.exists()


def test_a_configuration_runs_nothing(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from lossctl.cli.main import main

    marker = repository / "ran"
    forge(repository / "evil", marker, str(repository))
    (repository / "evil" / "lossctl.toml").write_text(
        "[check]\nsource = 'git:main:absent.csv'\ngates = ['mae <= 9']\n", encoding="utf-8"
    )
    monkeypatch.chdir(repository / "evil")
    assert main(["check"]) == 3
    assert f"of the repository {repository}" in capsys.readouterr().err
    assert not marker.exists()


@pytest.mark.parametrize(
    ("url", "protocol"), [("{}", "file"), ("file://{}", "file"), ("ext::touch {}/ran", "ext"), ("ssh://h/{}", "ssh")]
)
@pytest.mark.parametrize("other", [{"GIT_ALLOW_PROTOCOL": "file:ext:ssh"}, {"GIT_NO_LAZY_FETCH": "0"}])
def test_what_a_partial_clone_lacks_is_not_fetched(
    url: str, protocol: str, other: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lossctl.sources.files import revision

    marker, nested = tmp_path / "ran", tmp_path / "nested"
    forge(nested / ".git", marker, url.format(tmp_path), protocol, bare="false")
    monkeypatch.setenv("GIT_SSH_COMMAND", f"touch {marker};")
    monkeypatch.chdir(nested)
    kept = revision.git_environment(nested) | other  # either is enough: an older git knows one of them alone
    monkeypatch.setattr(revision, "git_environment", lambda _top: kept)
    assert b"forged.csv" in read("git:main:forged.csv")
    with pytest.raises(DataError, match="is a partial clone without this file, and nothing is fetched"):
        read("git:main:absent.csv")
    assert not marker.exists()


def test_neither_replacements_nor_grafts_change_what_was_committed(repository: Path) -> None:
    git("commit", "-qam", "second")
    git("replace", "main:in/a b.csv", "main~1:in/a b.csv")
    git("tag", "first", "main~1")
    assert read("git:main:in/a b.csv") == ROWS.replace("2.5", "9.5").encode()
    last = subprocess.run(["git", "rev-parse", "main"], check=True, capture_output=True, text=True).stdout
    (repository / ".git" / "info").mkdir(exist_ok=True)
    (repository / ".git" / "info" / "grafts").write_text(last)
    assert read("git:main~1:in/a b.csv") == ROWS.encode()


def test_variables_of_git_start_and_name_nothing(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = repository / "program"
    script.write_text(f"#!/bin/sh\ntouch {repository}/ran\n")
    script.chmod(0o755)
    for name in ("GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_SSH", "GIT_ASKPASS", "GIT_PROXY_COMMAND", "GIT_EDITOR"):
        monkeypatch.setenv(name, str(script))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'core.fsmonitor'='touch ran'")
    monkeypatch.setenv("GIT_ALTERNATE_OBJECT_DIRECTORIES", str(repository))
    (repository / ".gitattributes").write_text("* filter=evil diff=evil\n")
    for each in ("filter.evil.smudge", "diff.evil.textconv", "diff.evil.command", "core.pager", "core.fsmonitor"):
        git("config", each, str(script))
    monkeypatch.setenv("GIT_TRACE", str(repository / "trace"))
    assert read("git:main:in/a b.csv") == ROWS.encode()
    assert not (repository / "ran").exists()
    assert not (repository / "trace").exists()


def test_settings_of_who_runs_it_are_kept(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    from lossctl.sources.files import revision

    for name, value in (("COUNT", "1"), ("KEY_0", "safe.directory"), ("VALUE_0", str(repository))):
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    environment = revision.git_environment
    other = {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}
    monkeypatch.setattr(revision, "git_environment", lambda top: environment(top) | other)
    assert read("git:main:in/a b.csv") == ROWS.encode()
    monkeypatch.delenv("GIT_CONFIG_COUNT")
    with pytest.raises(DataError, match="belongs to another user") as found:
        read("git:main:in/a b.csv")
    assert found.value.cure == f"if you trust it: git config --global --add safe.directory {repository}"


def test_git_is_not_looked_for_in_the_checkout(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = repository / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\ntouch {repository}/ran\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"bin{os.pathsep}{os.pathsep}.{os.pathsep}{os.environ['PATH']}")
    assert read("git:main:in/a b.csv") == ROWS.encode()
    assert not (repository / "ran").exists()


def test_git_may_take_only_so_long(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lossctl.sources.files import revision

    slow = repository / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(revision, "_SECONDS", 0.2)
    with pytest.raises(DataError, match=r"git took more than 0\.2 seconds"):
        read("git:main:in/a b.csv")


def test_a_bare_repository_is_not_read(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git("clone", "-q", "--bare", str(repository), "bare.git")
    monkeypatch.chdir("bare.git")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(repository))
    with pytest.raises(DataError, match="there is no git repository around") as found:
        read("git:main:in/a b.csv")
    assert "a bare repository is not read" in str(found.value.cure)


def test_a_broken_repository_is_no_reason_to_take_a_folder_for_one(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge(repository / "evil", repository / "ran", str(repository))
    (repository / "evil" / ".git").mkdir()
    (repository / "evil" / ".git" / "HEAD").write_text("broken")
    monkeypatch.chdir("evil")
    for name in ("forged.csv", "absent.csv"):
        with pytest.raises(DataError, match="can't be read from the repository"):
            read(f"git:main:{name}")
    assert not (repository / "ran").exists()


def test_linked_work_trees_and_submodules_are_repositories(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git("worktree", "add", "-q", "--detach", "linked")
    git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repository), "module")
    for folder in ("linked", "module"):
        monkeypatch.chdir(repository / folder / "in")
        assert read("git:HEAD:in/a b.csv") == read("git:HEAD:./a b.csv") == ROWS.encode()


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("git:main:none.csv", "there is no none.csv in main"),
        ("git:other:a.csv", "there is no revision other in the repository"),
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
        "git:main:../a.csv",
        "git:main:./in/../../a.csv",
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
    with pytest.raises(DataError, match="there is no git repository around"):
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
