"""Readers in a process of their own: one that crashes, hangs or wants too much costs its document alone.

Most readers hand anybody's bytes to libraries in C, which no exception handler guards against. A process is started
when the first such file comes, serves one file after the other, and ends with this one; there are several where files
are read at once, as a service does.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from queue import PriorityQueue
from typing import IO

from slotfill.extractors.documents.readers.frames import Frame, options_frame, part_from, read_frame, write_frame
from slotfill.extractors.documents.readers.kinds import READERS, Kind
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.documents.readers.read_text import NestedFile, ReadText
from slotfill.extractors.documents.readers.work_limit import OVERWORKED
from slotfill.extractors.documents.readers.worker import SILENCE, SILENT
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.schemas.json_values.json_types import JSONMapping

__all__ = ["SWITCHES", "crash_of", "read_apart"]

_WORKER = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "from slotfill.extractors.documents.readers.worker import main; main()"
)
"""Modules come from where they come from here, and not from the working folder, which may be anybody's."""

SWITCHES = "-P", "-Wignore"
"""Not from the working folder, before the line above is read, either; a library's warning is no reason to fail."""


AT_ONCE = 4
"""So many files are read at once at the most. Each may take 2 GB of memory, and a minute without a word."""


def read_apart(kind: Kind, data: bytes, options: ReadOptions) -> list[ReadText | NestedFile]:
    """Read a file by its kind's reader, in a process for that. Raises ReadError where it cannot be read."""
    return _READERS.read(kind, data, options)


class _Readers:
    """The processes: each reads a file at a time, so that one which holds up its reader leaves the others to read.

    Safe for threads. The first that is free is taken: who reads one file at a time has one process.
    """

    def __init__(self) -> None:
        self.processes = [_ReaderProcess() for _ in range(AT_ONCE)]
        atexit.register(self.close)
        self._make_free()

    def read(self, kind: Kind, data: bytes, options: ReadOptions) -> list[ReadText | NestedFile]:
        """Read one file. Raises ReadError."""
        number = self._free.get()
        try:
            return self.processes[number].read(kind, data, options)
        finally:
            self._free.put(number)

    def close(self) -> None:
        """End all processes; the next file starts one anew."""
        for process in self.processes:
            process.close()

    def forget(self) -> None:
        """Leave the processes to the one that this was forked from."""
        for process in self.processes:
            process.forget()
        self._make_free()

    def _make_free(self) -> None:
        self._free: PriorityQueue[int] = PriorityQueue()
        for number in range(len(self.processes)):
            self._free.put(number)


class _ReaderProcess:
    """One process, started when it is needed, and anew when it has ended. It belongs to one thread at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, kind: Kind, data: bytes, options: ReadOptions) -> list[ReadText | NestedFile]:
        """Read one file. Raises ReadError."""
        try:
            process = self._running()
        except OSError as error:
            reason = f"its reader cannot be started: {error.strerror or error}"
            raise ReadError(FailureKind.UNREADABLE, reason) from None
        try:
            head = {"module": kind.module, "plugin": kind.plugin, "options": options_frame(options)}
            return self._exchange(process, Frame(head, (data,)))
        except (EOFError, ValueError, LookupError, TypeError):  # no reply, or one that is none
            raise crash_of(self._end(process), _reader_of(kind)) from None
        except _MissingError:
            reason = f"is {kind.name}: its reader needs an extra: pip install 'slotfill[{kind.extra}]'"
            raise ReadError(FailureKind.BINARY_DOCUMENT, reason) from None
        except ReadError:
            raise
        except BaseException:
            self._end(process)  # what it would say further is of this file, and not of the next
            raise

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._end(self._process)

    def forget(self) -> None:
        """Leave the process to the one that this was forked from."""
        process, self._process = self._process, None
        if process is not None:
            # What another thread was about to write when this was forked must not be written twice.
            with Path(os.devnull).open("r+b", buffering=0) as nowhere:
                for pipe in _pipes(process):
                    os.dup2(nowhere.fileno(), pipe.fileno(), inheritable=False)
            process.returncode = 0  # it is no child of this process: there is nothing to wait for

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self._end(self._process)  # it was ended from outside, after the last file: the next one is not to blame
        if self._process is None:
            if not sys.executable:
                raise FileNotFoundError("there is no Python to start, as sys.executable is empty")
            self._process = subprocess.Popen(  # noqa: S603 - this very program
                [sys.executable, *SWITCHES, "-c", _WORKER, json.dumps(sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # a Ctrl-C is for this process: what is being read is read to its end
            )
        return self._process

    def _exchange(self, process: subprocess.Popen[bytes], request: Frame) -> list[ReadText | NestedFile]:
        """Have one file read. Raises EOFError where the process ended before."""
        requests, replies = _pipes(process)
        with suppress(BrokenPipeError):  # it ended: its replies, which are none, say so
            write_frame(requests, request)
        parts: list[ReadText | NestedFile] = []
        while frame := read_frame(replies):
            match frame.head:
                case {"last": is_last, **ending}:
                    if is_last:
                        self._end(process)
                    _check(ending)
                    return parts
            parts.append(part_from(frame))
        raise EOFError

    def _end(self, process: subprocess.Popen[bytes]) -> int:
        """End the process and return its exit code: its own, if it has ended by itself."""
        self._process = None
        requests, replies = _pipes(process)
        with suppress(BrokenPipeError):
            requests.close()
        try:
            return process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
        finally:
            replies.close()


_PATIENCE = 1.0
"""Seconds that the process has to end by itself."""


class _MissingError(Exception):
    """The reader's extra is not installed."""


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin and process.stdout  # noqa: S101, PT018 - for the type checker: both are pipes
    return process.stdin, process.stdout


def _check(ending: JSONMapping) -> None:
    """Raise what a file that was not read to its end ended with: ReadError, or that the reader's extra is missing."""
    if "missing" in ending:
        raise _MissingError
    if "error" in ending:
        kind, message = ending["error"]
        raise ReadError(FailureKind(kind), message)


def _reader_of(kind: Kind) -> str:
    plugin = kind.plugin and READERS.find(kind.plugin)
    return f"its reader, the {plugin}," if plugin else "its reader"


def crash_of(code: int, reader: str = "its reader") -> ReadError:
    """Say why a process ended before it had read its file. code: what it exited with. reader: what it is called."""
    if code == SILENT:
        reason = f"{reader} found nothing more in {SILENCE:.0f} s and was ended: the file may be made to hold it up"
    elif code == OVERWORKED:
        reason = f"{reader} was ended: what programs write is parsed in a moment, and this may be made to hold it up"
    else:
        reason = f"{reader} crashed: the file is damaged, or needs more memory than a reader may have"
    return ReadError(FailureKind.UNREADABLE, reason)


_READERS = _Readers()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_READERS.forget)
