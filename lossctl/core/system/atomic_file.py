"""A file written beside the one whose place it takes: who reads sees one of them, never half. Imports core."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lossctl.core.system.input_files import note_written
from lossctl.core.system.shutdown import forget, remember

__all__ = ["replacing"]

_DEVICES = {("/", "dev"), ("/", "proc")}
"""Where names stand for what is open, such as ``/dev/stderr``: to replace one would take it from everybody."""
_FILES_ALL_THE_SAME = ("/", "dev", "shm")
_PREFIX = 40
"""Characters of a name that its temporary file has too: a name may be as long as the system lets any be."""
_MOST_LINKS = 40
"""Of a chain, as Linux follows them."""


@contextmanager
def replacing(path: str | Path, *, follow: bool = True) -> Iterator[str]:
    """Yield the path of a temporary file that takes the place of `path` at the end; a device is written to as it is.

    A new file has the mode that the umask leaves. One that is replaced keeps its mode, and its group where the system
    allows; a link stays, and what it leads to is replaced.

    Parameters
    ----------
    path
        The file to write.
    follow
        Whether a link is followed. Otherwise the file takes the place of the link, and a folder that is a link is
        refused: where a name comes from a pull request, a link could lead anywhere.

    Raises
    ------
    OSError
        Where the folder can't be written to, or links lead in a circle.
    """
    if not follow and Path(path).parent.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    place = _place_of(Path(path)) if follow else Path(path)
    if place is None:
        yield str(path)
        return
    old = place.stat() if place.is_file() and not (place.is_symlink() and not follow) else None
    temporary = place.parent / f".{place.name[:_PREFIX]}.{os.urandom(8).hex()}"
    remember(temporary)
    try:
        # the system itself takes the umask off; a file that only its owner may read is none that others may meanwhile
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if old is None else 0o600))
        yield str(temporary)
        if old is not None:
            _make_alike(temporary, old)
        temporary.replace(place)
        note_written(place)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    finally:
        forget(temporary)


def _place_of(path: Path) -> Path | None:
    """Follow links to the file to be replaced, which need not exist; ``None``: it is a device, written as it is."""
    for _ in range(_MOST_LINKS):
        parts = Path(os.path.abspath(path)).parts  # noqa: PTH100 -- `resolve` would follow the link
        if parts[:2] in _DEVICES and parts[:3] != _FILES_ALL_THE_SAME:
            return None
        if not path.is_symlink():
            return None if path.exists() and not path.is_file() else path
        path = path.parent / path.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


def _make_alike(path: Path, old: os.stat_result) -> None:
    """Set the mode of a file to that of another, and its group; a group that it can't have gets what all others may."""
    mode = stat.S_IMODE(old.st_mode) & 0o777
    if path.stat().st_gid != old.st_gid:
        try:
            os.chown(path, -1, old.st_gid)
        except OSError:
            mode = mode & ~0o070 | (mode & 0o007) << 3
    path.chmod(mode)
