"""What a command hands to `main`: a result and where it goes; and how it gets there.

May import the api and core. `deliver` is called by `main` alone: commands neither print nor write.
"""

from __future__ import annotations

import errno
import glob
import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from io import TextIOWrapper
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lossctl.api import RenderOptions, canonical, formats, render
from lossctl.cli.streams import at_terminal, in_color, width
from lossctl.core.errors import DataError, ExitCode, UsageError
from lossctl.core.results.view import Reportable
from lossctl.core.system.atomic_file import replacing
from lossctl.core.system.fast_dataclass import dataclass

__all__ = ["Destination", "Outcome", "cannot_write", "deliver", "format_of", "print_text"]

_STDOUT = Path("-")
"""As the path of an export: standard output, before the result."""
_PRINTED = (_STDOUT, Path("/dev/stdout"), Path("/dev/fd/1"))
"""Names of standard output: where it is a file, a file by such a name can't be replaced."""

_EXTENSIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        ".txt": ("table",),
        ".json": ("json", "jsonl"),
        ".jsonl": ("jsonl",),
        ".ndjson": ("jsonl",),
        ".csv": ("csv",),
        ".tsv": ("tsv",),
        ".tab": ("tsv",),
        ".md": ("markdown",),
        ".markdown": ("markdown",),
        ".tex": ("latex",),
        ".html": ("html",),
        ".htm": ("html",),
        ".xml": ("junit",),
        ".prom": ("openmetrics",),
        ".parquet": ("parquet",),
        ".pq": ("parquet",),
    }
)
"""What a file's name says: the format to write, and others that go by such a name too. Any text may end in .txt."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a result goes and in which formats, checked before anything is computed.

    Parameters
    ----------
    format
        The format of standard output, or of `file`.
    exports
        Formats and paths beside it.
    file
        Takes the place of standard output.
    digits
        Significant digits in formats for people.
    wide
        Whether a table shows all its columns, whatever the width of the terminal.
    unfollowed
        Those of the paths whose links are not followed: a configuration names them, which a pull request may bring
        along with the links.
    """

    format: str
    exports: tuple[tuple[str, Path], ...] = ()
    file: Path | None = None
    digits: int | None = None
    wide: bool = False
    unfollowed: frozenset[Path] = frozenset()

    @classmethod
    def of(
        cls,
        format_name: str | None,
        exports: Sequence[str] | None = None,
        file: Path | None = None,
        digits: int | None = None,
        *,
        wide: bool = False,
        known: Sequence[str] | None = None,
        read: Sequence[str | None] = (),
    ) -> Destination:
        """Read the options as typed: the file's name says the format where `format_name` does not, else it is a table.

        `known` are the formats, where a result has some of its own; `read` are the files that the command reads, as
        typed.

        Raises
        ------
        UsageError
            Where a format is unknown or another than a file's name says, or a path can't be written, is one of those
            that are read, or a configuration.
        """
        known = known or formats()
        format_name = None if format_name is None else canonical(format_name)
        pairs = tuple(_export(text) for text in exports or ())
        file = None if file in _PRINTED else file
        for name in (format_name, *(name for name, _ in pairs)):
            if name not in {None, *known}:
                raise UsageError(f"there is no format {name!r}", _cure_of_format(str(name), known))
        paths = [path for _, path in pairs] + ([file] if file else [])
        for path in paths:
            if path != _STDOUT:
                _require_writable(path)
            if path != _STDOUT and [os.path.realpath(each) for each in paths].count(os.path.realpath(path)) > 1:
                raise UsageError(f"two results would go to {path}", "give each a path of its own")
        made = cls(format_name or "table", pairs, file, digits, wide)
        made._spare(read)
        for name, path in pairs:
            format_of(path, name, known)
        chosen = format_of(file, format_name, known) if file else None
        return made if chosen is None else replace(made, format=chosen)

    def _spare(self, read: Sequence[str | None]) -> None:
        """Refuse to write over what is read, as it was typed, or over a configuration."""
        named = [text for source in read if source for text in (source, source.partition("=")[2]) if text]
        for path in (*(path for _, path in self.exports), *([self.file] if self.file else [])):
            if path.is_file() and any(path.samefile(each) for text in named for each in _files(text)):
                raise UsageError(f"{path} is a source: the result would replace it", "choose another path")
            if path.is_file() and Path(os.path.realpath(path)).suffix == ".toml":
                raise UsageError(f"{path} is a configuration: the result would replace it", "choose another path")


def _cure_of_format(name: str, known: Sequence[str]) -> str:
    from lossctl.core.names import nearest, one_of

    listed = f"the formats: {', '.join(known)}"
    named = _EXTENSIONS.get(f".{name.lower()}", ())
    if "parquet" in named:
        return f"eval --per-row writes rows as Parquet; {listed}"
    near = [each for each in named[:1] if each in known] or nearest(name, known)
    return f"did you mean {one_of(near)}? {listed}" if near else listed


def format_of(file: Path, asked: str | None, known: Sequence[str]) -> str | None:
    """Return the format to write a file in: the one asked for, else that of its name; ``None`` where neither says.

    Raises
    ------
    UsageError
        Where the name is that of another format than is asked for, or of none that is `known`.

    Examples
    --------
    >>> format_of(Path("gates.xml"), None, ["table", "junit"])
    'junit'
    """
    ending = file.suffix.lower()
    fits = _EXTENSIONS.get(ending, ())
    if asked is not None:
        is_text = ending == ".txt" and asked != "parquet"
        wanted = next((each for each, names in _EXTENSIONS.items() if asked in names), ".txt")
        if ending and not fits and list(known) == [asked]:  # nobody asked: there is no other
            raise UsageError(f"{file} is no {asked} by its name", f"end it in {wanted}")
        if fits and asked not in fits and not is_text:
            other = f", or ask for {fits[0]}" if fits[0] in known else ""
            raise UsageError(f"{file} is {fits[0]} by its name, and {asked} is asked for", f"end it in {wanted}{other}")
        return asked
    if not ending:
        return None
    if not fits or fits[0] not in known:
        raise _not_said(file, ending, known)
    return fits[0]


def _not_said(file: Path, ending: str, known: Sequence[str]) -> UsageError:
    """Return the error of a name that says no format that the result can be written in."""
    usual = [next((each for each, names in _EXTENSIONS.items() if names[0] == name), None) for name in known]
    cure = f"end it in {', '.join(each for each in usual if each)}; or say which with --format"
    if "parquet" in _EXTENSIONS.get(ending, ()):
        return UsageError(
            f"{file}: results are text, and only rows are written as Parquet", f"eval --per-row; else {cure}"
        )
    if ending == ".gz":
        return UsageError(f"{file}: only rows are compressed", f"eval --per-row; else {cure}")
    return UsageError(f"{file}: its name does not say which format to write", cure)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did.

    Parameters
    ----------
    result
        What to print; ``None`` for nothing.
    destination
        Where.
    warnings
        Lines for standard error.
    exit_code
        What to tell the caller.
    notes
        Lines for standard error that warn of nothing, before the warnings.
    below
        Draws what stands under the table on standard output: a figure, which no other format has; empty for none.
    stream
        Writes what is too long to be held, in place of a result.
    render
        Writes the result in a format as text.
    quiet
        Whether nothing but errors goes to standard error.
    pages
        Whether a table that is longer than the terminal goes through a pager.
    """

    result: Reportable | None
    destination: Destination
    warnings: tuple[str, ...] = ()
    exit_code: ExitCode = ExitCode.OK
    notes: tuple[str, ...] = ()
    below: Callable[[RenderOptions], str] | None = None
    stream: Callable[[], None] | None = None
    render: Callable[[Any, str, RenderOptions], str] = render
    quiet: bool = False
    pages: bool = False


def deliver(outcome: Outcome) -> None:
    """Write a result where it goes: files first, so that a closed pipe loses none of them."""
    if outcome.stream is not None:
        outcome.stream()
    if outcome.result is None:
        return
    destination = outcome.destination
    plain, printed, files = RenderOptions(digits=destination.digits), "", []
    for name, path in destination.exports:
        text = outcome.render(outcome.result, name, plain)
        if path == _STDOUT:
            printed += text
        else:
            files.append((path, text))
    if destination.file is not None:
        files.append((destination.file, outcome.render(outcome.result, destination.format, plain)))
        _write(files, destination.unfollowed)
        _print_utf8()
        print_text(printed)
        return
    room = None if destination.wide else width()
    options = RenderOptions(digits=destination.digits, width=room, color=in_color(sys.stdout))
    text = outcome.render(outcome.result, destination.format, options)
    is_table = destination.format == "table"
    if is_table:
        text = "\n".join([text, *_below(outcome, options)])
    _write(files, destination.unfollowed)  # when all is known to have a text
    if printed or not is_table:
        _print_utf8()
    print_text(printed + text, pages=outcome.pages and is_table)


def _below(outcome: Outcome, options: RenderOptions) -> Iterator[str]:
    """Yield what stands under the table on standard output."""
    if outcome.below is not None and (figure := outcome.below(options).rstrip()):
        yield f"{figure}\n"
    if outcome.quiet and (count := len(outcome.warnings)):
        yield f"{count} {'warning is' if count == 1 else 'warnings are'} not shown (-q)\n"


def _print_utf8() -> None:
    """Print what programs read in the encoding of files, whatever the locale: XML says that it is UTF-8."""
    if isinstance(sys.stdout, TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def print_text(text: str, *, pages: bool = False) -> None:
    """Write to standard output; with `pages` by a pager, where a terminal is too small.

    Raises
    ------
    DataError
        Where standard output is full or closed.
    """
    try:
        if pages and at_terminal(sys.stdout) and not os.environ.get("CI"):
            from lossctl.cli.pager import paged

            if paged(text):
                return
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise cannot_write("standard output", error) from error


def _files(text: str) -> list[str]:
    """Return the files that a source names, those of a glob too."""
    return [each for each in (text, *glob.iglob(text, recursive=True)) if os.path.isfile(each)]  # noqa: PTH113, PTH207 -- as typed


def _export(text: str) -> tuple[str, Path]:
    name, sign, path = text.partition("=")
    if not sign or not path:
        raise UsageError(f"--export {text!r} is not FORMAT=PATH", "for example --export json=result.json")
    return canonical(name), _STDOUT if Path(path) in _PRINTED else Path(path)


def _require_writable(path: Path) -> None:
    parent = path.parent
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        pass  # the checks below have words of their own for these
    except OSError as error:  # a name too long, a loop of links, a folder that is locked
        raise UsageError(f"{path} can't be written: {error.strerror}", "choose another path") from None
    if path.is_dir():
        raise UsageError(f"{path} is a directory", "name a file in it")
    if parent.exists() and not parent.is_dir():
        raise UsageError(f"{path} can't be written: {parent} is a file", "name a directory that exists")
    if not parent.is_dir():
        raise UsageError(f"{path} can't be written: there is no directory {parent}", f"mkdir -p {parent}")
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        problem = f"{path} can't be written: it is a link, and there is no directory {folder}"
        raise UsageError(problem, "remove the link, or make the directory")
    if path.exists() and not os.access(path, os.W_OK):
        raise UsageError(f"{path} can't be written: permission denied", "choose another path")
    if (path.is_file() or not path.exists()) and not os.access(folder, os.W_OK | os.X_OK):
        problem = f"{path} can't be written: {folder} takes no new file, and a file is replaced as a whole"
        raise UsageError(problem, "choose a path in another directory")


def _write(files: Sequence[tuple[Path, str]], unfollowed: Collection[Path]) -> None:
    """Write all files or none: each takes its place when the last is written."""
    with ExitStack() as stack:
        for path, text in files:
            stack.enter_context(_written(path, text, follow=path not in unfollowed))


@contextmanager
def _written(path: Path, text: str, *, follow: bool) -> Iterator[None]:
    try:
        with replacing(path, follow=follow) as name:
            with Path(name).open("w", encoding="utf-8", newline="") as file:
                file.write(text)
            yield
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path | str, error: OSError) -> DataError:
    """Say that a file, or standard output, can't be written."""
    full = error.errno != errno.EBADF
    cure = "free some space or choose another path" if isinstance(path, Path) else "free some space"
    cure = cure if full else "it is closed: -o FILE writes to a file instead"
    return DataError(f"{path} can't be written: {error.strerror}", cure)
