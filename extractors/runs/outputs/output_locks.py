"""Locks: one process writes an output, and a rival is told at once."""

from __future__ import annotations

import errno
import hashlib
import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

__all__ = ["OutputLock", "beside"]

_WITHOUT_LOCKS = frozenset({errno.EINVAL, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP})
"""What file systems say that have no locks. An output is whole there too, but the last of two rivals has it."""

_LONGEST = 255
"""How many bytes a file's name has at most."""


class OutputLock:
    """Keeps others from writing an output, by a file that is there as long as the lock is held.

    It counts while its process lives: what a killed process has left locks nothing.

    Raises BlockingIOError where another process is writing the output, OSError where the folder takes no files.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = FileLock(path, mode=0o600, thread_local=False, fallback_to_soft=False)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise BlockingIOError from None
        except OSError as error:
            if error.errno not in _WITHOUT_LOCKS:
                raise
        self._is_held = True

    def release(self) -> None:
        """Let others write the output. More than once is as good as once."""
        if self._is_held:
            self._is_held = False
            # While it is locked: a file that is removed later may be another's lock by then.
            with suppress(OSError):
                self._path.unlink()
            self._lock.release()


def beside(path: Path, suffix: str) -> Path:
    """Return the hidden name beside an output that its lock or its unfinished file has."""
    name = f".{path.name}{suffix}"
    if len(os.fsencode(name)) > _LONGEST:
        name = f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()}{suffix}"
    return path.with_name(name)
