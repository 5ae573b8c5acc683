"""Files that appear whole or not at all."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from contextlib import suppress
from pathlib import Path

from slotfill.extractors.errors import OutputError

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None  # type: ignore[assignment]  # mypy reads it as on POSIX

__all__ = ["AtomicFile"]

_SUFFIX = ".slotfill-part"
_PRIVATE = 0o600
_LONGEST = 255
"""How many bytes a file's name has at most."""


class AtomicFile:
    """A file that is written beside its place and moved there by `commit`; `discard` leaves what was there before.

    What is written has one name, `.NAME.slotfill-part`, and a lock while its process lives: what a killed process left
    is replaced by the next that writes the file, and nobody else writes it meanwhile.

    A device, a pipe or a terminal cannot be replaced: it is written as it is. Missing folders are made. It quotes
    documents, and so is its owner's alone; one that replaces a file of the same owner has the rights of that.

    Raises OutputError: at once, also where another process is writing the file, or when the disk is full. After a write
    that failed all is dropped, which leaves its room to others, and every further write fails likewise.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._temporary: Path | None = None
        self._failure = ""
        try:
            self._file = self._open()
        except BlockingIOError:
            raise self._error("another process is writing it: wait for its end, or name another output") from None
        except OSError as error:
            raise self._error(error.strerror or error) from None

    @property
    def in_place(self) -> bool:
        """Whether it is written where it stands, as a device or a pipe is."""
        return self._temporary is None

    @property
    def written(self) -> Path:
        """Where it is written until it is in its place, for what must open it by name."""
        return self._temporary or self._place()

    @property
    def ended(self) -> bool:
        """Whether it is dropped, or in its place."""
        return self._file.closed

    def write(self, data: bytes) -> None:
        """Add to the file."""
        if self._failure:
            raise self._error(self._failure)
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self.discard()
            self._failure = error.strerror or str(error)
            raise self._error(self._failure) from None

    def commit(self) -> None:
        """Put the file in its place, unless it is dropped or there already."""
        if self.ended:
            return
        try:
            if self._temporary:
                self._move(self._temporary)
            self._file.close()
        except FileNotFoundError:
            self.discard()
            raise self._error("its folder was removed while it was being written") from None
        except OSError as error:
            self.discard()
            raise self._error(error.strerror or error) from None

    def discard(self) -> None:
        """Drop what was not committed."""
        with suppress(OSError):
            if self._temporary and self._is_there(self._temporary):
                self._temporary.unlink()
        self._temporary = None
        with suppress(OSError):
            self._file.close()

    def _open(self) -> io.FileIO:
        place = self._place()
        try:
            status = place.stat()
        except FileNotFoundError:
            place.parent.mkdir(parents=True, exist_ok=True)
            return self._beside(place, _PRIVATE)
        if not stat.S_ISREG(status.st_mode):
            return io.FileIO(place, "w")
        if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
            return self._beside(place, _PRIVATE)  # somebody else may have laid it there, for all to read
        # An output has the rights of the file it replaces, and no others at any moment.
        rights = status.st_mode & 0o777
        file = self._beside(place, rights)
        with suppress(OSError):  # not every file system has them
            self.written.chmod(rights)
        return file

    def _beside(self, place: Path, rights: int) -> io.FileIO:
        temporary = _temporary(place)
        handle = _own(temporary, rights)
        self._temporary, self._status = temporary, os.fstat(handle)
        return io.FileIO(handle, "w")

    def _move(self, temporary: Path) -> None:
        os.fsync(self._file.fileno())
        if not self._is_there(temporary):
            raise FileNotFoundError
        if fcntl is None:
            self._file.close()  # Windows moves no file that is open; elsewhere its lock is to last until it is moved
        temporary.replace(self._place())
        self._temporary = None

    def _is_there(self, temporary: Path) -> bool:
        """Tell whether what stands at the path is what this process writes."""
        return os.path.samestat(self._status, temporary.lstat())

    def _place(self) -> Path:
        """Follow a link, so that the file behind it is replaced and not the link."""
        return Path(os.path.realpath(self._path)) if self._path.is_symlink() else self._path

    def _error(self, reason: object) -> OutputError:
        return OutputError(f"cannot write {str(self._path)!r}: {reason}")


def _temporary(place: Path) -> Path:
    name = f".{place.name}{_SUFFIX}"
    if len(os.fsencode(name)) > _LONGEST:
        name = f".{hashlib.sha256(os.fsencode(place.name)).hexdigest()}{_SUFFIX}"
    return place.with_name(name)


def _own(path: Path, rights: int) -> int:
    """Open a new file that this process alone writes. Raises BlockingIOError where another process writes it."""
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), rights)
        except FileExistsError:
            _clear(path)
            continue
        # Before it is locked it looks like one that was left, and may be cleared.
        with suppress(BlockingIOError, FileNotFoundError):
            _lock(handle)
            if os.path.samestat(os.fstat(handle), path.lstat()):
                return handle
        os.close(handle)


def _clear(path: Path) -> None:
    """Remove what a process that was killed has left. Raises BlockingIOError where a living one writes it."""
    if fcntl is None:
        path.unlink(missing_ok=True)  # Windows removes no file that is open
        return
    with suppress(FileNotFoundError):
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            _lock(handle)
            if os.path.samestat(os.fstat(handle), path.lstat()):
                path.unlink()
        finally:
            os.close(handle)


def _lock(handle: int) -> None:
    """Hold a file until it is closed. Raises BlockingIOError where another holds it."""
    if fcntl is not None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if isinstance(error, BlockingIOError):
                raise
            # The file system has no locks; `commit` moves nothing but what this process wrote in any case.
