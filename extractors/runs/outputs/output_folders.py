"""Folders that several files are written into."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from slotfill.extractors.errors import OutputError
from slotfill.extractors.runs.outputs.atomic_files import AtomicFile
from slotfill.extractors.runs.outputs.output_locks import OutputLock

__all__ = ["LocalFolder", "OutputFolder"]

_LOCK = ".slotfill-lock"
"""The name of a folder's lock, in it."""


class OutputFolder(ABC):
    """A folder that files are written into. name: what messages call it."""

    name: str

    @abstractmethod
    def open(self, name: str) -> AtomicFile:
        """Open a file in it for writing."""

    @abstractmethod
    def sizes(self) -> Mapping[str, int]:
        """Return the files in it, each with how many bytes it has."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a file from it."""

    @abstractmethod
    def release(self) -> None:
        """Let others write into it."""


class LocalFolder(OutputFolder):
    """One on a disk. One process at a time writes into it. It is made where it is missing.

    Raises OutputError: at once, also where another process is writing into it, or where it takes no files.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, str(path)
        with self.as_output_errors(OSError):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            # It says before a call is paid for, too, whether the folder takes files.
            self._lock = OutputLock(path / _LOCK)

    def open(self, name: str) -> AtomicFile:
        """Open a file in it for writing."""
        return AtomicFile(self.path / name, own_lock=False)

    def sizes(self) -> Mapping[str, int]:
        """Return the files in it, each with how many bytes it has."""
        with self.as_output_errors(OSError):
            return {path.name: path.stat().st_size for path in self.path.iterdir()}

    def remove(self, name: str) -> None:
        """Remove a file from it."""
        with self.as_output_errors(OSError):
            (self.path / name).unlink(missing_ok=True)

    def check(self) -> None:
        """See that it is there still: a file would make it again, without those that were in it."""
        if not self.path.is_dir():
            raise self._error("it was removed while it was written")

    def release(self) -> None:
        """Let others write into it."""
        self._lock.release()

    @contextmanager
    def as_output_errors(self, *errors: type[Exception]) -> Iterator[None]:
        """Raise OutputError for what is raised of these."""
        try:
            yield
        except BlockingIOError:
            raise self._error("another process is writing it: wait for its end, or name another output") from None
        except errors as error:
            raise self._error(error.strerror if isinstance(error, OSError) else error) from None

    def _error(self, reason: object) -> OutputError:
        return OutputError(f"cannot write into folder {self.name!r}: {reason}")
