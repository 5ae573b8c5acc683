"""Files that appear whole or not at all."""

from __future__ import annotations

import io
import os
import stat
from contextlib import suppress
from pathlib import Path

from slotfill.extractors.errors import OutputError
from slotfill.extractors.runs.outputs.output_locks import OutputLock, beside

__all__ = ["AtomicFile"]

_PART, _LOCK = ".slotfill-part", ".slotfill-lock"
_PRIVATE = 0o600

_BLOCK = 2**16
"""So many bytes are written at once, where they are added bit by bit."""


class AtomicFile:
    """A file that is written beside its place and moved there by `commit`; `discard` leaves what was there before.

    What is written has one name, `.NAME.slotfill-part`, and beside it a lock: what a killed process left is replaced by
    the next that writes the file, and nobody else writes it meanwhile. own_lock: False for one of many files in a
    folder that is locked itself; a lock for each would cost more processor time than all else that is done with it.

    A device, a pipe or a terminal cannot be replaced: it is written as it is. Missing folders are made. It quotes
    documents, and so is its owner's alone; one that replaces a file of the same owner has the rights of that.

    Raises OutputError: at once, also where another process is writing the file, or when the disk is full. After a write
    that failed all is dropped, which leaves its room to others, and every further write fails likewise.
    """

    def __init__(self, path: Path, *, own_lock: bool = True) -> None:
        self._path, self._own_lock = path, own_lock
        self._lock: OutputLock | None = None
        self._temporary: Path | None = None
        self._failure, self._unwritten = "", bytearray()
        try:
            self._file = self._open()
        except BlockingIOError:
            raise self._error("another process is writing it: wait for its end, or name another output") from None
        except OSError as error:
            raise self._error(error.strerror or error) from None

    @property
    def name(self) -> str:
        """What messages call it."""
        return str(self._path)

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

    def write(self, data: bytes | bytearray) -> None:
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

    def add(self, data: bytes) -> None:
        """Do so with what comes next, unless it is written in place: a call of the system a line takes far longer."""
        if self._failure:
            raise self._error(self._failure)
        self._unwritten += data
        if self.in_place or len(self._unwritten) >= _BLOCK:
            self._write_all()

    def commit(self, name: str | None = None) -> None:
        """Put the file in its place, unless it is dropped or there already. name: another one, in the same folder."""
        if self.ended:
            return
        self._write_all()
        try:
            if self._temporary:
                self._move(self._temporary, name)
            self._close()
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
            self._close()

    def _write_all(self) -> None:
        """Write what was added."""
        data, self._unwritten = self._unwritten, bytearray()
        self.write(data)

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
        """Open a new file beside its place, in the stead of what a killed process has left there."""
        temporary = beside(place, _PART)
        self._lock = OutputLock(beside(place, _LOCK)) if self._own_lock else None
        try:
            temporary.unlink(missing_ok=True)
            handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), rights)
        except OSError:
            self._release()
            raise
        self._temporary, self._status = temporary, os.fstat(handle)
        return io.FileIO(handle, "w")

    def _move(self, temporary: Path, name: str | None) -> None:
        os.fsync(self._file.fileno())
        if not self._is_there(temporary):
            raise FileNotFoundError
        self._file.close()  # Windows moves no file that is open
        temporary.replace(self._place().with_name(name) if name else self._place())
        self._temporary = None

    def _is_there(self, temporary: Path) -> bool:
        """Whether what stands at the path is what this process writes."""
        return os.path.samestat(self._status, temporary.lstat())

    def _close(self) -> None:
        try:
            self._file.close()
        finally:
            self._release()

    def _release(self) -> None:
        if self._lock:
            self._lock.release()
            self._lock = None

    def _place(self) -> Path:
        """Follow a link, so that the file behind it is replaced and not the link."""
        return Path(os.path.realpath(self._path)) if self._path.is_symlink() else self._path

    def _error(self, reason: object) -> OutputError:
        return OutputError(f"cannot write {self.name!r}: {reason}")
