"""Files of a git revision, ``git:REV:PATH``, read by git without a shell. Imports the standard library and core."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path, PurePosixPath

from lossctl.core.errors import DataError, UsageError
from lossctl.core.system.fast_dataclass import dataclass

__all__ = ["file_named", "git_environment", "is_revision", "open_revision"]

_PREFIX = "git:"
_SECONDS = 300
"""How long git may take to write one file."""
_OVERRIDES = (
    "safe.bareRepository=explicit",
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "protocol.allow=never",
    "core.warnAmbiguousRefs=true",
)
"""Settings that win over those of a repository: none without a .git, and no program is started."""
_OWN = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_COUNT")
_OWN_PREFIXES = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")
"""Variables of git that are kept: they hold the settings of who runs it, such as safe.directory."""
_NO_PATH = re.compile("does not exist in|exists on disk, but not in")
"""How git says that a revision has no such path."""
_NO_REVISION = ("invalid object name", "Not a valid object name", "unknown revision", "ambiguous argument")
_NOT_FETCHED = ("promisor remote", "lazy fetching", "not allowed")
"""How git says that it would have to fetch what a partial clone left out."""
_FORM = "write git:REVISION:PATH, such as git:main:baseline.parquet"


def is_revision(named: str) -> bool:
    """Return whether a name is that of a file of a revision.

    It is one even where a file is called so: anyone who may add files could put theirs in the place of what was
    reviewed. Such a file is named ``./git:main:base.parquet``.

    Examples
    --------
    >>> is_revision("git:main:base.parquet"), is_revision("./git:main:base.parquet")
    (True, False)
    """
    return named.startswith(_PREFIX)


def file_named(source: str | os.PathLike[str]) -> str:
    """Return the text of a path. A path object names a file, so it gets a dot where its text would name something else.

    Examples
    --------
    >>> file_named(Path("git:main:base.parquet")), file_named("git:main:base.parquet"), file_named(Path("a.csv"))
    ('./git:main:base.parquet', 'git:main:base.parquet', 'a.csv')
    """
    text = os.fspath(source)
    other = not isinstance(source, str) and (text == "-" or is_revision(text))
    return f"{os.curdir}{os.sep}{text}" if other else text


@contextmanager
def open_revision(named: str) -> Iterator[BufferedRandom]:
    """Read a file as git holds it: a path counts from the top of the repository, ``./path`` from the current folder.

    The repository is that of the work tree around the current folder, whatever ``GIT_DIR`` says.

    Raises
    ------
    UsageError
        Where the name is of another form, or could be taken for an option.
    DataError
        Where there is no git, no repository, no such revision, or no such file in it.
    """
    revision, path = _parts(named)
    repository = _repository(named)
    place = repository.place_of(path, named)
    with tempfile.TemporaryFile(prefix="lossctl-") as file:
        try:
            fails, said = repository.run("cat-file", "blob", f"{revision}:{place}", into=file)
            if fails and _NO_PATH.search(said) and repository.run("cat-file", "-e", f"{revision}^{{}}")[0]:
                said = "invalid object name"  # git takes any full number for that of a revision
        except TimeoutError:
            problem = f"{named} can't be read: git took more than {_SECONDS} seconds in {repository.top}"
            raise DataError(problem, f"write the file out first: git show {revision}:{path} > FILE") from None
        except OSError as error:
            raise DataError(f"{named} can't be read: {error.strerror}", "name a file") from error
        if fails:
            raise _refused(named, revision, path, said, repository)
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


@dataclass(frozen=True, slots=True)
class _Repository:
    """A work tree, and the git that reads its repository.

    Parameters
    ----------
    top
        The folder that holds ``.git``.
    program
        The full path of git.
    """

    top: Path
    program: str

    def run(self, *words: str, into: BufferedRandom | None = None) -> tuple[bool, str]:
        """Run git in the top folder; return whether it failed, and what it said.

        Raises
        ------
        TimeoutError
            Where it takes too long.
        OSError
            Where it can't be started.
        """
        import subprocess

        settings = [word for each in _OVERRIDES for word in ("-c", each)]
        command = [self.program, "--no-pager", *settings, *words]
        try:
            done = subprocess.run(  # noqa: S603 -- without a shell, and no word of a user can be an option
                command,
                stdout=into or subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                stdin=subprocess.DEVNULL,
                check=False,
                cwd=self.top,
                env=git_environment(self.top),
                timeout=_SECONDS,
            )
        except subprocess.TimeoutExpired:
            raise TimeoutError from None
        return done.returncode != 0, done.stderr.decode(errors="replace")

    def place_of(self, path: str, named: str) -> str:
        """Return a path from the top of the repository: one that begins with a dot counts from the current folder.

        Raises
        ------
        UsageError
            Where it leads out of the repository.
        """
        if PurePosixPath(path).parts[:1] != ("..",) and not path.startswith("./"):
            return path
        place = os.path.relpath(os.path.normpath(Path.cwd() / path), self.top)
        if place == os.pardir or place.startswith(os.pardir + os.sep):
            problem = f"{named}: {path} lies outside of the repository {self.top}"
            raise UsageError(problem, "a path counts from the top of the repository")
        return Path(place).as_posix()


def _repository(named: str) -> _Repository:
    """Find the work tree around the current folder.

    It is looked for here, and git starts at its top: git itself would take any folder with ``HEAD``, ``objects`` and
    ``refs`` for a repository, obey its ``config``, and so run what a pull request put there.
    """
    here, program = Path.cwd(), _program(named)
    limits = {Path(each) for each in os.environ.get("GIT_CEILING_DIRECTORIES", "").split(os.pathsep) if each}
    for folder in (here, *here.parents):
        if folder != here and folder in limits:
            break
        if (folder / ".git").is_file() or (folder / ".git" / "HEAD").exists():
            return _Repository(folder, program)
    problem = f"{named} can't be read: there is no git repository around {here}"
    raise DataError(problem, "run it in the checkout; a bare repository is not read")


def _program(named: str) -> str:
    """Return the full path of git: none in the current folder, which a relative entry of PATH would find."""
    import shutil

    places = [each for each in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(each).is_absolute()]
    found = shutil.which("git", path=os.pathsep.join(places))
    if found is None or not Path(found).is_absolute():
        raise DataError(f"{named} can't be read: there is no git here", "install git, or name a file")
    return found


def git_environment(top: Path) -> dict[str, str]:
    """Return what git is started with: no variable that names other repositories, objects or programs."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name in _OWN or name.startswith(_OWN_PREFIXES)
    }
    return kept | {
        "LC_ALL": "C",  # what it says is read
        "GIT_CEILING_DIRECTORIES": str(top.parent),
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_GRAFT_FILE": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
    }


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


def _refused(named: str, revision: str, path: str, said: str, repository: _Repository) -> DataError:
    """Return the error that says why git gave nothing."""
    top = repository.top
    line = next((each for each in said.splitlines() if each.strip()), "git gave no reason")
    line = re.sub(r"^(fatal|error): ", "", line)
    if "dubious ownership" in said or "safe.directory" in said:
        problem = f"{named} can't be read: the repository {top} belongs to another user, so git does not read it"
        return DataError(problem, f"if you trust it: git config --global --add safe.directory {top}")
    if "not a git repository" in said:
        return DataError(f"{named} can't be read: {top} is no git repository", "run it in the checkout")
    if any(each in said for each in _NO_REVISION):
        cure = (
            f"git fetch origin {revision}; a shallow checkout has but one revision (fetch-depth: 0 in GitHub Actions)"
        )
        return DataError(f"{named}: there is no revision {revision} in the repository {top}", cure)
    if any(each in said for each in _NOT_FETCHED):
        problem = f"{named}: the repository {top} is a partial clone without this file, and nothing is fetched here"
        return DataError(problem, f"fetch it before: git cat-file -e {revision}:{path}")
    if _NO_PATH.search(said):
        problem = f"{named}: there is no {path} in {revision} of the repository {top}"
        return DataError(problem, "a path counts from the top of the repository")
    return DataError(f"{named} can't be read from the repository {top}: {line}", "check: git cat-file -p REVISION:PATH")


def _is_pointer(file: BufferedRandom) -> bool:
    return file.read(42).startswith(b"version https://git-lfs.github.com/spec/")
