"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import io
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from slotfill.extractors.errors import OutputError

__all__ = ["AtomicFile"]


class AtomicFile:
    """A file that is written beside its place and moved there by `commit`; `discard` leaves what was there before.

    A device, a pipe or a terminal cannot be replaced: it is written as it is. Missing folders are made.

    Raises OutputError, at once or when the disk is full. A write that fails leaves those before it whole.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temporary: Path | None = None
        try:
            self._file = self._open()
        except OSError as error:
            raise self._error(error) from None

    @property
    def written(self) -> Path:
        """Where it is written until it is in its place, for what must open it by name."""
        return self._temporary or self._place()

    def write(self, data: bytes) -> None:
        """Add to the file: all of `data`, or nothing of it."""
        rest = memoryview(data)
        try:
            start = self._file.tell() if self._temporary else 0
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            if self._temporary:
                self._file.truncate(start)
                self._file.seek(start)
            raise self._error(error) from None

    def commit(self) -> None:
        """Put the file in its place."""
        if self._file.closed:
            return
        try:
            if self._temporary:
                os.fsync(self._file.fileno())
            self._file.close()
            if self._temporary:
                self._temporary.replace(self._place())
        except OSError as error:
            self.discard()
            raise self._error(error) from None

    def discard(self) -> None:
        """Drop what was not committed."""
        with suppress(OSError):
            self._file.close()
        if self._temporary:
            self._temporary.unlink(missing_ok=True)

    def _open(self) -> io.FileIO:
        place = self._place()
        if place.exists() and not place.is_file():
            return io.FileIO(place, "w")
        if place.parent.exists() and not place.parent.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{place.name[:100]}.", dir=place.parent)
        self._temporary = Path(name)
        # mkstemp's files are private; an output has the rights of the file it replaces, or of any other new one.
        self._temporary.chmod(place.stat().st_mode & 0o777 if place.exists() else 0o666 & ~_umask())
        return io.FileIO(handle, "w")

    def _place(self) -> Path:
        """Follow a link, so that the file behind it is replaced and not the link."""
        return self._path.resolve() if self._path.is_symlink() else self._path

    def _error(self, error: OSError) -> OutputError:
        return OutputError(f"cannot write {str(self._path)!r}: {error.strerror or error}")


def _umask() -> int:
    current = os.umask(0o077)
    os.umask(current)
    return current
