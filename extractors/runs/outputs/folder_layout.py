"""Where each document's file stands below a folder."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import sys
import unicodedata
from collections.abc import Iterable
from itertools import chain, count

__all__ = ["FolderLayout"]

_LEDGERS = ".slotfill"
"""The folder of a run's state, in which nothing else is written."""

_LONGEST = 200
"""How many bytes a part of a path has at most: file systems take 255, suffixes and numbers included."""

_UNNAMEABLE = re.compile(r'[<>:"|?*\\\x00-\x1f]')
"""What no file of Windows has in its name; behind a `:` stands a stream of it."""

_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]) *(?:\.|$)", re.IGNORECASE)
"""Names that mean a device on Windows, whatever stands behind their dot: `nul.txt`."""


class FolderLayout:
    """Gives each document of a run a path of its own, as its source says.

    system: as `sys.platform` names it. Windows cannot have some names, and to it and to macOS `a.txt` and `A.txt` are
    one file.

    Which paths are taken stands in a temporary database on disk, so that memory does not grow.

    Raises sqlite3.Error where that disk is full.
    """

    def __init__(self, system: str = sys.platform) -> None:
        self._is_windows, self._folds = system == "win32", system in ("win32", "darwin")
        # SQLite removes it from its folder as soon as it is open: a process that is killed leaves nothing.
        self._taken = sqlite3.connect("", isolation_level=None)
        self._taken.execute("PRAGMA journal_mode = OFF")
        self._taken.execute(
            "CREATE TABLE taken (path BLOB PRIMARY KEY, folder INTEGER, last INTEGER DEFAULT 1) WITHOUT ROWID"
        )
        # Documents mostly come a folder after the other.
        self._folders: list[str] = []
        self._above = ""

    def path_for(self, source: str | None) -> str:
        """Return the path of a document's file, relative and never outside: the source's own plus `.json`.

        A name that is another document's, or a folder's, gets a number: `a.txt.2.json`.
        """
        *folders, name = map(self._nameable, _parts(source))
        if folders != self._folders:
            self._folders, self._above = folders, self._descend(folders)
        return self._file(self._above + name)

    def close(self) -> None:
        """Forget which paths are taken."""
        self._taken.close()

    def _descend(self, folders: Iterable[str]) -> str:
        above = ""
        for folder in folders:
            above = f"{self._folder(above + folder)}/"
        return above

    def _file(self, path: str) -> str:
        place = first_choice = f"{path}.json"
        while not self._take(place, folder=False):
            # The last number is stored, so that the millionth document of a name takes no million tries.
            (number,) = self._one("UPDATE taken SET last = last + 1 WHERE path = ? RETURNING last", first_choice)
            place = f"{path}.{number}.json"
        return place

    def _folder(self, path: str) -> str:
        numbered = chain([path], (f"{path}.{number}" for number in count(2)))
        return next(place for place in numbered if self._take(place, folder=True) or self._is_folder(place))

    def _nameable(self, part: str) -> str:
        if not self._is_windows:
            return part
        name = _UNNAMEABLE.sub("_", part)
        # A name loses its dots and blanks at the end there, and two would be one.
        name = name.rstrip(". ") + "_" * (len(name) - len(name.rstrip(". ")))
        return f"_{name}" if _DEVICE.match(name) else name

    def _key(self, path: str) -> bytes:
        """Return what two paths have in common that are one file."""
        return os.fsencode(unicodedata.normalize("NFC", path).casefold() if self._folds else path)

    def _take(self, path: str, *, folder: bool) -> bool:
        """Take a path, unless it is taken; whether it was free."""
        statement = "INSERT OR IGNORE INTO taken (path, folder) VALUES (?, ?)"
        return self._taken.execute(statement, (self._key(path), folder)).rowcount > 0

    def _is_folder(self, path: str) -> bool:
        return bool(self._one("SELECT folder FROM taken WHERE path = ?", path)[0])

    def _one(self, question: str, path: str) -> tuple[int]:
        (row,) = self._taken.execute(question, (self._key(path),)).fetchall()
        return row  # type: ignore[no-any-return]  # sqlite3 does not say what rows hold


def _parts(source: str | None) -> list[str]:
    if not source or source == "-":
        return ["stdin"]
    _, path = os.path.splitdrive(source)
    parts = path.replace(os.sep, "/").split("/")
    return [_part(part) for part in parts if part not in ("", ".", "..")] or ["document"]


def _part(part: str) -> str:
    """Return a part of a source as file systems take it, whatever it is, and as no ledger's folder."""
    name = part.replace("\0", "\\0")
    if name.casefold() == _LEDGERS:
        return name.replace(".", "_")
    try:
        encoded = os.fsencode(name)
    except UnicodeEncodeError:  # half of a surrogate pair, as JSON can have it
        encoded = name.encode("utf-8", "backslashreplace")
    if len(encoded) <= _LONGEST:
        return os.fsdecode(encoded)
    return f"{name[:30]}-{hashlib.sha256(encoded).hexdigest()}"
