"""The log of decisions: a file that only grows, a row a line, which several processes write and any kill leaves sound.

A row counts once its line stands there whole, line end and all, and is on the disk: then it is acknowledged. Of a line
that a kill has cut nothing is believed; the next who writes cuts it off.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from slotfill.extractors.errors import InputError, OutputError
from slotfill.extractors.record.json_text import json_text
from slotfill.extractors.review.decisions import Decision, parse_decision

__all__ = ["DecisionLog", "log_beside"]

PATIENCE = 20.0
"""Seconds to wait for others who write: each takes some milliseconds."""

_LONGEST_ROW = 64 * 2**20
_PRIVATE = 0o600


def log_beside(gold: Path) -> Path:
    """Return where the log of a gold file stands: `gold.log.jsonl` beside `gold.jsonl`."""
    return gold.with_name(f"{gold.stem}.log{gold.suffix or '.jsonl'}")


class DecisionLog:
    """The rows of one log, as far as they have been read, and what appends to it.

    It quotes documents, and so is its owner's alone.

    Attributes:
        path: Where it stands.
        rows: The rows that are known: `refresh` reads what others have added.
    """

    def __init__(self, path: Path, on_message: Callable[[str], None] | None = None) -> None:
        """Open a log, which need not be there yet.

        Args:
            path: Where it stands.
            on_message: Is told of a line that was cut off.

        Raises:
            InputError: It cannot be read, or a line is no decision.
        """
        self.path = path
        self.rows: list[Decision] = []
        self._on_message = on_message or (lambda _: None)
        self._read = 0
        self._is_locked = False
        # Where a disk has no locks, a file in their stead would outlive a writer that is killed: nobody could go on.
        lock = path.with_name(f".{path.name}.lock")
        self._lock = FileLock(lock, mode=_PRIVATE, thread_local=False, fallback_to_soft=False)
        self.refresh()

    def refresh(self) -> bool:
        """Read what has been added, and return whether anything was. Raises InputError as opening does."""
        try:
            with self.path.open("rb") as file:
                if os.fstat(file.fileno()).st_size < self._read:  # somebody has put another in its place
                    self.rows, self._read = [], 0
                file.seek(self._read)
                added = file.read()
        except FileNotFoundError:
            added = b""
        except OSError as error:
            raise InputError(f"cannot read {str(self.path)!r}: {error.strerror or error}") from None
        whole = added[: added.rfind(b"\n") + 1]
        new = [*self._parsed(whole)]  # all of them, or none
        self.rows += new
        self._read += len(whole)
        return bool(new)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep others from writing, with all rows known that there are. Raises OutputError where that cannot be."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=PATIENCE)
        except Timeout:
            raise OutputError(f"cannot write {str(self.path)!r}: another process does not let go of it") from None
        except OSError as error:
            raise OutputError(f"cannot write {str(self.path)!r}: {error.strerror or error}") from None
        try:
            self._cut_torn_line()
            self.refresh()
            self._is_locked = True
            yield
        finally:
            self._is_locked = False
            self._lock.release()

    def append(self, row: Decision) -> None:
        """Add a row, within `locked`. When it returns, the row is on the disk.

        Raises OutputError, and ValueError for a row that could not be read again.
        """
        if not self._is_locked:
            raise RuntimeError("a row is appended within `locked`")
        line = f"{json_text(row.to_json())}\n".encode()
        parse_decision(line.decode())  # what is acknowledged can be read again
        if len(line) > _LONGEST_ROW:
            raise OutputError(f"cannot write {str(self.path)!r}: a row of {len(line):,} bytes is too long")
        try:
            is_new = not self.path.exists()
            self._write(line)
            if is_new:
                _sync_folder(self.path.parent)
        except OSError as error:
            raise OutputError(f"cannot write {str(self.path)!r}: {error.strerror or error}") from None
        self.rows.append(row)
        self._read += len(line)

    def _write(self, line: bytes) -> None:
        """Append a line, or leave the file as it was: where the disk is full, a part of it may stand there."""
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0), _PRIVATE)
        try:
            size = os.fstat(handle).st_size
            rest = memoryview(line)
            try:
                while rest:
                    rest = rest[os.write(handle, rest) :]
                os.fsync(handle)
            except OSError:
                os.ftruncate(handle, size)
                raise
        finally:
            os.close(handle)

    def _cut_torn_line(self) -> None:
        """Cut off what stands behind the last line end: a kill has cut it short, and nobody was told of it."""
        try:
            with self.path.open("r+b") as file:
                size = file.seek(0, os.SEEK_END)
                end = _last_line_end(file.fileno(), size)
                if end < size:
                    file.truncate(end)
                    os.fsync(file.fileno())
                    self._on_message(
                        f"{self.path}: its last line was cut short by a kill, and is gone: {size - end} bytes"
                    )
        except FileNotFoundError:
            pass
        except OSError as error:
            raise OutputError(f"cannot write {str(self.path)!r}: {error.strerror or error}") from None

    def _parsed(self, lines: bytes) -> Iterator[Decision]:
        for number, line in enumerate(lines.split(b"\n")[:-1], len(self.rows) + 1):
            try:
                yield parse_decision(line.decode())
            except (ValueError, TypeError, AttributeError) as error:
                raise InputError(
                    f"{str(self.path)!r}, line {number}: it is no decision: {error}; the line was changed by hand or "
                    "by another program: mend it, or take it out"
                ) from None


def _last_line_end(handle: int, size: int) -> int:
    """Return the place behind the last line end of a file, read from its end."""
    end = size
    while end:
        start = max(0, end - 65536)
        os.lseek(handle, start, os.SEEK_SET)
        if (at := os.read(handle, end - start).rfind(b"\n")) >= 0:
            return start + at + 1
        end = start
    return 0


def _sync_folder(folder: Path) -> None:
    """Have a new file's name on the disk, too, where the system has a way to say so."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
