"""Folders and globs -> files, in a stable order, never in circles.

What is hidden, what is special (a pipe, a device) and what is one of the run's own outputs is no file here; outputs are
given as real paths. A folder that cannot be listed is given in place of its files: reading it fails and says why.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from glob import glob
from pathlib import Path
from stat import S_ISDIR, S_ISREG

__all__ = ["expand", "is_folder", "walk"]


@dataclass(frozen=True, slots=True)
class _Folder:
    path: Path
    real: str
    parent: _Folder | None = None

    def is_within(self, real: str) -> bool:
        """Tell whether the way to this folder leads through the real one."""
        folder: _Folder | None = self
        while folder and folder.real != real:
            folder = folder.parent
        return folder is not None


def is_folder(name: str | os.PathLike[str]) -> bool:
    """Tell whether a name leads to a folder; one too long, or in a closed folder, does not."""
    return os.path.isdir(name)  # noqa: PTH112 - Path.is_dir raises for such names


def walk(folder: Path, own: Collection[str] = ()) -> Iterator[Path]:
    """Give the files of a folder by name, then those of its folders, as deep as they go.

    Links are followed, each file being found once a path; a folder is never entered again within itself.
    """
    pending: list[Path | _Folder] = [_Folder(folder, os.path.realpath(folder))]
    while pending:
        here = pending.pop()
        if isinstance(here, Path):
            yield here
            continue
        try:
            with os.scandir(here.path) as entries:
                inside = [found for entry in entries if (found := _visible(entry, here, own))]
        except OSError:
            yield here.path
        else:
            pending += sorted(inside, key=_order, reverse=True)


def _visible(entry: os.DirEntry[str], folder: _Folder, own: Collection[str]) -> Path | _Folder | None:
    path = folder.path / entry.name
    real = os.path.realpath(path) if entry.is_symlink() else str(Path(folder.real, entry.name))
    if entry.name.startswith(".") or real in own:
        return None
    try:
        mode = entry.stat().st_mode
    except OSError:
        return path  # it is met again, and told, when the file is read
    if S_ISDIR(mode):
        return None if folder.is_within(real) else _Folder(path, real, folder)
    return path if S_ISREG(mode) else None


def _order(found: Path | _Folder) -> tuple[bool, str]:
    return (False, found.name) if isinstance(found, Path) else (True, found.path.name)


def expand(pattern: str, own: Collection[str] = ()) -> Iterator[Path]:
    """Give the files that a glob matches, sorted; `**` is any depth of folders.

    What is below `**` is walked: the standard library would follow each circle of links there up to forty times.
    """
    parts = Path(pattern).parts
    depth = parts.index("**") if "**" in parts else len(parts)
    matches = sorted(map(Path, glob(str(Path(*parts[:depth])))))  # noqa: PTH207 - absolute patterns are allowed
    if depth == len(parts):
        yield from (match for match in matches if not is_folder(match) and os.path.realpath(match) not in own)
        return
    for match in filter(is_folder, matches):
        yield from sorted(path for path in walk(match, own) if _fits(path.relative_to(match).parts, parts[depth:]))


def _fits(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Match the parts of a path with those of a glob, where `**` is any number of parts."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return _fits(parts, pattern[1:]) or (bool(parts) and _fits(parts[1:], pattern))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])
