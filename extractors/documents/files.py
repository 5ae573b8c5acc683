"""Folders and globs -> files, in a stable order, never in circles.

What is hidden, what is special (a pipe, a device) and what is one of the run's own outputs is no file here; outputs are
given as real paths. A folder that cannot be listed is given in place of its files: reading it fails and says why.
"""

from __future__ import annotations

import io
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from glob import glob
from pathlib import Path
from stat import S_ISDIR, S_ISREG

__all__ = ["File", "expand", "is_folder", "walk_files"]


@dataclass(frozen=True, slots=True)
class File:
    """A file to read. Its path is all that is kept of it: a folder may hold very many."""

    path: str

    @property
    def name(self) -> str:
        """The path as JSON can hold it: with slashes, bytes that are no UTF-8 as escapes."""
        return os.fsencode(self.path.replace(os.sep, "/")).decode(errors="backslashreplace")

    @property
    def suffix(self) -> str:
        """What the name ends in, in small letters: `.csv`."""
        return Path(self.path).suffix.lower()

    @property
    def media_type(self) -> str:
        """What its sender says that it is: of a file nobody does."""
        return ""

    @property
    def is_lasting(self) -> bool:
        """Whether it can be read twice: what a pipe gives is gone once it is read."""
        return Path(self.path).is_file()

    def open(self) -> io.BufferedReader:
        """Open it for reading."""
        return Path(self.path).open("rb")

    def size(self, file: io.BufferedReader) -> int:
        """Return the number of bytes of the opened file; of one without end 0."""
        return os.fstat(file.fileno()).st_size


@dataclass(frozen=True, slots=True)
class _Folder:
    path: str
    real: str
    parent: _Folder | None = None

    def is_within(self, real: str) -> bool:
        """Whether the way to this folder leads through the real one."""
        folder: _Folder | None = self
        while folder and folder.real != real:
            folder = folder.parent
        return folder is not None


def is_folder(name: str | os.PathLike[str]) -> bool:
    """Whether a name leads to a folder; one too long, or in a closed folder, does not."""
    return os.path.isdir(name)  # noqa: PTH112 - Path.is_dir raises for such names


def walk_files(folder: str, own: Collection[str] = ()) -> Iterator[str]:
    """Yield the paths of a folder's files by name, then of those of its folders, as deep as they go.

    Links are followed, so that a file comes once a path; a folder is never entered again within itself.
    """
    pending: list[str | _Folder] = [_Folder(folder, os.path.realpath(folder))]
    while pending:
        here = pending.pop()
        if isinstance(here, str):
            yield here
            continue
        try:
            with os.scandir(here.path) as entries:
                inside = [path for entry in entries if (path := _visible(entry, here, own))]
        except OSError:
            yield here.path
        else:
            pending += sorted(inside, key=_order, reverse=True)


def _visible(entry: os.DirEntry[str], folder: _Folder, own: Collection[str]) -> str | _Folder | None:
    path = entry.name if folder.path == os.curdir else entry.path
    # A Path for each file would take ten times as long.
    real = os.path.realpath(path) if entry.is_symlink() else os.path.join(folder.real, entry.name)  # noqa: PTH118
    if entry.name.startswith(".") or real in own:
        return None
    try:
        mode = entry.stat().st_mode
    except OSError:
        return path  # reading the file meets the error again, and reports it
    if S_ISDIR(mode):
        return None if folder.is_within(real) else _Folder(path, real, folder)
    return path if S_ISREG(mode) else None


def _order(entry: str | _Folder) -> tuple[bool, str]:
    return (False, entry) if isinstance(entry, str) else (True, entry.path)


def expand(pattern: str, own: Collection[str] = ()) -> Iterator[str]:
    """Yield the paths of the files that a glob matches, sorted; `**` is any depth of folders.

    What is below `**` is walked: the standard library would follow each circle of links there up to forty times.
    """
    parts = Path(pattern).parts
    depth = parts.index("**") if "**" in parts else len(parts)
    matches = [str(path) for path in sorted(map(Path, glob(str(Path(*parts[:depth])))))]  # noqa: PTH207 - absolute patterns are allowed
    if depth == len(parts):
        yield from (match for match in matches if not is_folder(match) and os.path.realpath(match) not in own)
        return
    for match in filter(is_folder, matches):
        fits = (path for path in walk_files(match, own) if _fits(Path(path).relative_to(match).parts, parts[depth:]))
        yield from sorted(fits, key=Path)


def _fits(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Match the parts of a path with those of a glob, where `**` is any number of parts."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return _fits(parts, pattern[1:]) or (bool(parts) and _fits(parts[1:], pattern))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])
