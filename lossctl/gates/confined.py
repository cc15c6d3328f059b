"""Paths that a configuration may name: inside its own folder, whatever links there are. Imports core."""

from __future__ import annotations

import glob
import os
import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath

from lossctl.core.errors import UsageError
from lossctl.core.escape import visible

__all__ = ["confined", "confined_report"]

_CURE = "a configuration names files in its own folder; a flag may name any"
_SHORT = 80
_REVISION = "git:"


def confined(text: str, folder: Path, where: str) -> str:
    """Return a path of a configuration, or a glob, as seen from where the command runs.

    What is returned names a file and nothing else: ``./-`` and ``./git:x`` keep their dot.

    Raises
    ------
    UsageError
        Where it is absolute, goes up, leads out by a link or into ``.git``, or is no path: a label, standard input.

    Examples
    --------
    >>> confined("data/preds.csv", Path("."), "lossctl.toml: source")
    'data/preds.csv'
    >>> confined("./git:main:preds.csv", Path("."), "lossctl.toml: source")
    './git:main:preds.csv'
    """
    if text.startswith(_REVISION) and "\0" not in text:
        return text  # a revision of this very repository; its path is checked where it is read
    shown = visible(text[:_SHORT])
    if not text or text == "-" or "\0" in text or "=" in text or "://" in text:
        raise UsageError(f"{where}: {shown!r} is no path", _CURE)
    if _goes_out(text):
        raise UsageError(f"{where}: {shown!r} leads out of the folder of the configuration", _CURE)
    path = os.path.normpath(folder / text)
    inside = folder.resolve()
    for found in (path, *glob.iglob(path, recursive=True)):  # noqa: PTH207 -- a pattern, not a path
        place = Path(os.path.realpath(found))  # which takes a loop of links for a name
        if not place.is_relative_to(inside):
            raise UsageError(f"{where}: {shown!r} leads out of the folder of the configuration, by a link", _CURE)
        if any(map(_is_of_git, (*PureWindowsPath(text).parts, *place.relative_to(inside).parts))):
            raise UsageError(f"{where}: {shown!r} lies in .git, which is git's own", "name a file of the checkout")
        if os.path.exists(place) and not (os.path.isfile(place) or os.path.isdir(place)):  # noqa: PTH110, PTH112, PTH113 -- these raise nothing
            raise UsageError(f"{where}: {shown!r} is a pipe or a device", "name a file")
    mistaken = path == "-" or path.startswith(_REVISION) or "=" in path
    return f"{os.curdir}{os.sep}{path}" if mistaken and not os.path.isabs(path) else path  # noqa: PTH117 -- a text


def confined_report(name: str, folder: Path, where: str) -> Path:
    """Return the path of a report: a file in one folder, and no link.

    Raises
    ------
    UsageError
        Where the name is more than a name, or something else is in the way.

    Examples
    --------
    >>> confined_report("gates.xml", Path("lossctl-reports"), "lossctl.toml: reports.junit").as_posix()
    'lossctl-reports/gates.xml'
    """
    plain = name and name not in {".", ".."} and name.isprintable() and not set(name) & set('/\\:*?"<>|')
    if not plain or name.startswith("."):
        cure = f"reports go to {folder.name}/ beside the configuration; --export FORMAT=PATH writes anywhere"
        raise UsageError(f"{where}: {visible(name[:_SHORT])!r} is no plain file name", cure)
    path = folder / name
    if folder.is_symlink() or path.is_symlink():
        raise UsageError(f"{where}: {path} is a link", "remove it")
    if path.exists() and not path.is_file():
        raise UsageError(f"{where}: {path} is no file", "remove it")
    return path


def _goes_out(text: str) -> bool:
    """Return whether a path is absolute or goes up, as any system would read it."""
    kinds = (PurePosixPath(text), PureWindowsPath(text))
    return text.startswith("~") or any(each.anchor or each.drive or ".." in each.parts for each in kinds)


def _is_of_git(part: str) -> bool:
    """Return whether a part of a path is ``.git``, also as file systems that fold names would read it.

    They pass over case (Windows, macOS), what shows nothing (macOS), and dots, spaces and streams at the end (Windows),
    where ``git~1`` is its short name.
    """
    shown = "".join(sign for sign in part if unicodedata.category(sign) != "Cf")
    return shown.partition(":")[0].rstrip(" .").casefold() in {".git", "git~1"}
