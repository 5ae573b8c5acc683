"""The root: the one folder beneath which a client may name files."""

from __future__ import annotations

import os
from pathlib import Path, PurePath, PureWindowsPath

from slotfill.extractors.documents.urls import is_address, public
from slotfill.extractors.tool_server.tool_calls import ToolError

__all__ = ["ToolRoot"]

PAGES = frozenset({".html", ".htm"})


class ToolRoot:
    """Finds the files that a client names.

    A name is a relative path. It leads to a regular file below the folder, links followed; nothing of it begins with a
    dot: `.env` and `.git` are nobody's documents.

    Args:
        folder: The folder; None for none, where no file is read or written.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = None if folder is None else folder.resolve()
        self._written: set[Path] = set()

    def document(self, name: str) -> Path:
        """Return the file of a name, links followed. Raises ToolError where it may not be read, or is not there."""
        path = self._beneath(name)
        if os.path.isdir(path):  # noqa: PTH112 - Path takes not any name
            raise ToolError(f"path {name!r} is a folder: name one file in it")
        if not os.path.isfile(path):  # noqa: PTH113 - likewise
            raise ToolError(f"path {name!r} is no regular file below the root: paths begin there, as in mails/17.eml")
        return path

    def page(self, name: str) -> Path:
        """Return where a page of a name is to be written. Raises ToolError where that may not be, or a file is there.

        A page that was written before under the name may be replaced.
        """
        path = self._beneath(name)
        if path.suffix.lower() not in PAGES:
            raise ToolError(f"output {name!r}: a page's file is called .html")
        if not os.path.isdir(path.parent):  # noqa: PTH112 - likewise
            raise ToolError(f"output {name!r}: its folder is not there: name one that is, or none")
        if os.path.lexists(path) and path not in self._written:
            raise ToolError(f"output {name!r} is there already, and stays: name another one")
        return path

    def note_written(self, path: Path) -> None:
        """Note that a page was written."""
        self._written.add(path)

    def _beneath(self, name: str) -> Path:
        if self._folder is None:
            raise ToolError(
                f"path {name!r}: this server reads and writes no files, as it was started without --root FOLDER; give "
                "the text itself"
            )
        if is_address(name) or "://" in name:
            raise ToolError(f"path {public(name)!r} is an address: name a file below the root, or give the text itself")
        path = PurePath(name)
        if path.is_absolute() or PureWindowsPath(name).is_absolute() or PureWindowsPath(name).drive:
            raise ToolError(f"path {name!r} is absolute: name it from the root on, as in mails/17.eml")
        if ".." in path.parts or ".." in PureWindowsPath(name).parts:
            raise ToolError(f"path {name!r} leads upwards by '..': name it from the root on, as in mails/17.eml")
        if any(part.startswith(".") for part in path.parts):
            raise ToolError(f"path {name!r} is hidden, as a part of it begins with a dot: such files are not served")
        if not path.parts or "\0" in name:
            raise ToolError(f"path {name!r} names no file")
        try:
            found = (self._folder / path).resolve()
        except (OSError, RuntimeError):  # a name that no system takes; links in a circle
            raise ToolError(f"path {name!r} names no file") from None
        if not found.is_relative_to(self._folder) or found == self._folder:
            raise ToolError(f"path {name!r} is a link that leads out of the root: such files are not served")
        hidden = any(part.startswith(".") for part in found.relative_to(self._folder).parts)
        if hidden:
            raise ToolError(f"path {name!r} is a link to a hidden file: such files are not served")
        return found
