"""A file written beside the one whose place it takes: who reads sees one of them, never half. Imports core."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lossctl.core.ending import forget, remember
from lossctl.core.inputs import note_written

__all__ = ["replacing"]

_DEVICES = {("/", "dev"), ("/", "proc")}
"""Where names stand for what is open, such as ``/dev/stderr``: to replace one would take it from everybody."""
_PREFIX = 40
"""Characters of a name that its temporary file has too: a name may be as long as the system lets any be."""


@contextmanager
def replacing(path: str | Path) -> Iterator[str]:
    """Give the path of a temporary file that takes the place of `path` at the end; a device is written to as it is.

    Raises
    ------
    OSError
        Where the folder can't be written to.
    """
    place = Path(path)
    if (place.exists() and not place.is_file()) or place.parts[:2] in _DEVICES:
        yield str(path)
        return
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name[:_PREFIX]}.")
    remember(name)
    os.close(handle)
    try:
        yield name
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(place)
        note_written(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    finally:
        forget(name)
