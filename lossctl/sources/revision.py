"""Files of a git revision, ``git:REV:PATH``, read by git without a shell. Imports the standard library and core."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedRandom

from lossctl.core.errors import DataError, UsageError

__all__ = ["is_revision", "open_revision"]

_PREFIX = "git:"
_NO_PATH = re.compile("does not exist in|exists on disk, but not in")
"""How git says that a revision has no such path."""
_FORM = "write git:REVISION:PATH, such as git:main:baseline.parquet"


def is_revision(named: str) -> bool:
    """Say whether a name is that of a file of a revision.

    It is one even where a file is called so: anyone who may add files could put theirs in the place of what was
    reviewed. Such a file is named ``./git:main:base.parquet``.

    Examples
    --------
    >>> is_revision("git:main:base.parquet"), is_revision("./git:main:base.parquet")
    (True, False)
    """
    return named.startswith(_PREFIX)


@contextmanager
def open_revision(named: str) -> Iterator[BufferedRandom]:
    """Give the bytes of a file as git holds it: a path counts from the top of the repository, ``./path`` from here.

    Raises
    ------
    UsageError
        Where the name is of another form, or could be taken for an option.
    DataError
        Where there is no git, no such revision, or no such file in it.
    """
    revision, path = _parts(named)
    with tempfile.TemporaryFile(prefix="lossctl-") as file:
        try:
            fails, said = _git("cat-file", "blob", f"{revision}:{path}", into=file)
            if fails and _NO_PATH.search(said) and _git("cat-file", "-e", f"{revision}^{{}}")[0]:
                said = "invalid object name"  # git takes any full number for that of a revision
        except FileNotFoundError:
            raise DataError(f"{named} can't be read: there is no git here", "install git, or name a file") from None
        except OSError as error:
            raise DataError(f"{named} can't be read: {error.strerror}", "name a file") from error
        if fails:
            raise _refused(named, revision, path, said)
        if "is ambiguous" in said:
            problem = f"{named}: a tag and a branch are both called {revision}"
            raise DataError(
                problem, f"say which: refs/heads/{revision}, refs/remotes/{revision} or refs/tags/{revision}"
            )
        file.seek(0)
        if _is_pointer(file):
            problem = f"{named} is kept by Git LFS, and the revision holds a pointer to it"
            raise DataError(problem, f"write the file out: git show {revision}:{path} | git lfs smudge > baseline")
        file.seek(0)
        yield file


def _git(*words: str, into: BufferedRandom | None = None) -> tuple[bool, str]:
    """Run git; give whether it fails, and what it says."""
    import subprocess

    command = ["git", "--no-pager", "-c", "core.warnAmbiguousRefs=true", *words]
    english = {**os.environ, "LC_ALL": "C"}  # what it says is read
    done = subprocess.run(  # noqa: S603 -- without a shell, and no word of a user can be an option
        command,
        stdout=into or subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        check=False,
        env=english,
    )
    return done.returncode != 0, done.stderr.decode(errors="replace")


def _parts(named: str) -> tuple[str, str]:
    """Cut a name into revision and path; neither may be an option, or a range, or span lines."""
    revision, sign, path = named.removeprefix(_PREFIX).partition(":")
    if not (revision and sign and path):
        raise UsageError(f"{named} names no file of a revision", _FORM)
    if revision.startswith("-") or not re.fullmatch(r"[\w./~^@{}+-]+", revision) or ".." in revision:
        raise UsageError(f"{named}: {revision!r} is no revision", _FORM)
    if any(ord(sign) < ord(" ") for sign in path):
        raise UsageError(f"{named!r} holds a control character", _FORM)
    return revision, path


def _refused(named: str, revision: str, path: str, said: str) -> DataError:
    """Say why git gave nothing."""
    line = next((each for each in said.splitlines() if each.strip()), "git gave no reason")
    line = re.sub(r"^(fatal|error): ", "", line)
    if "not a git repository" in said:
        return DataError(f"{named} can't be read: this is no git repository", "run it in one")
    if (
        "invalid object name" in said
        or "Not a valid object name" in said
        or "unknown revision" in said
        or "ambiguous argument" in said
    ):
        cure = (
            f"git fetch origin {revision}; a shallow checkout has but one revision (fetch-depth: 0 in GitHub Actions)"
        )
        return DataError(f"{named}: there is no revision {revision} here", cure)
    if _NO_PATH.search(said):
        return DataError(f"{named}: there is no {path} in {revision}", "a path counts from the top of the repository")
    return DataError(f"{named} can't be read: {line}", "check with: git cat-file -p REVISION:PATH")


def _is_pointer(file: BufferedRandom) -> bool:
    return file.read(42).startswith(b"version https://git-lfs.github.com/spec/")
