"""A lock that a process has while it lives, whatever ends it, so that others know what it has left for lost."""

from __future__ import annotations

import re
import uuid
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

__all__ = ["ProcessLock"]

_NAME = re.compile(r"[0-9a-f]{32}")


class ProcessLock:
    """The lock of this process in a folder. It is had from `acquire` on.

    Attributes:
        name: What others know it by.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self.name = folder, uuid.uuid4().hex
        self._own: FileLock | None = None

    def acquire(self) -> None:
        """Have it, if it is not had already. Raises OSError."""
        if self._own is None:
            lock = self._lock_of(self.name)
            lock.acquire(timeout=0)
            self._own = lock

    def release(self) -> None:
        """Have it no more."""
        if self._own is not None:
            _drop(self._own)
            self._own = None

    def is_live(self, name: str) -> bool:
        """Whether the process of a name lives: its lock is to be had by nobody else then. Raises OSError."""
        lock = self._lock_of(name)
        if name == self.name:
            return True
        if not Path(lock.lock_file).exists():
            return False
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        _drop(lock)
        return False

    def drop_dead(self) -> None:
        """Remove the files of processes that live no more. Nobody else may acquire meanwhile. Raises OSError."""
        for file in self._folder.glob("*.lock"):
            if _NAME.fullmatch(file.stem):
                self.is_live(file.stem)

    def _lock_of(self, name: str) -> FileLock:
        return FileLock(self._folder / f"{name}.lock", mode=0o600, thread_local=False)


def _drop(lock: FileLock) -> None:
    """Give a lock back, and remove its file before: one that is removed later may be another's by then."""
    with suppress(OSError):  # Windows removes no file that is open
        Path(lock.lock_file).unlink()
    lock.release()
