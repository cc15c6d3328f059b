"""Paths of a configuration: what leads out, what is of git, and files that are called as something else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lossctl.core.errors import UsageError
from lossctl.gates.confined import confined, confined_report
from lossctl.sources import split_label
from lossctl.sources.files.revision import is_revision


@pytest.mark.parametrize(
    "text", ["/a", "../a", "a/../../b", "~/a", "C:\\a", "C:a", "..\\a", "\\\\host\\a", "-", "", "a=b", "s3://a"]
)
def test_paths_that_lead_out_are_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        confined(text, tmp_path, "here")


OF_GIT = [
    ".git/config",
    ".GIT/config",
    "./.git",
    "data/.Git/x",
    "git~1/config",
    "GIT~1\\config",
    ".git \\config",
    ".git./config",
    ".g\u200cit/config",
    ".git::$INDEX_ALLOCATION/config",
    "link/config",
    "config-link",
    ".gi?/config",
    "l*/config",
]


@pytest.mark.parametrize("text", OF_GIT)
def test_what_is_of_git_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("")
    (tmp_path / "link").symlink_to(".git")
    (tmp_path / "config-link").symlink_to(".git/config")
    with pytest.raises(UsageError, match="git's own"):
        confined(text, tmp_path, "here")


@pytest.mark.parametrize(
    "text", [".gitignore", "git/a.csv", "a.git/b.csv", "git~2", "..a/b", "a..b", ".x/[.]", "[.]git/*", "$HOME"]
)
def test_names_that_look_alike_are_names(text: str, tmp_path: Path) -> None:
    assert confined(text, tmp_path, "here") == str(tmp_path / text)


MISTAKEN = ["./-", ".//-", "././-", "a/./b", "./git:main:a.csv", ".//git:main:a.csv", "x/-", "./~/a"]


@pytest.mark.parametrize("text", MISTAKEN)
def test_a_file_whatever_it_is_called_is_a_file(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "l=a").mkdir()
    for folder in (Path(), Path("l=a"), tmp_path):
        path = confined(text, folder, "here")
        assert os.path.normpath(path) == os.path.normpath(folder / text)
        assert path != "-"
        assert not is_revision(path)
        assert split_label(path) == (None, path)


@pytest.mark.parametrize("text", ["pipe", "p*", "to-pipe", "loop", "loop/a", "x" * 300, "loop*"])
def test_pipes_are_refused_and_odd_names_are_names(text: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "to-pipe").symlink_to("pipe")
    (tmp_path / "loop").symlink_to("loop")
    if "p" in text.replace("loop", ""):
        with pytest.raises(UsageError, match="a pipe or a device"):
            confined(text, tmp_path, "here")
    else:
        assert confined(text, tmp_path, "here") == str(tmp_path / text)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", ".git", "/a", "C:a", "a\nb"])
def test_reports_have_plain_names(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        confined_report(name, tmp_path, "here")
