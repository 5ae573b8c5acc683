"""The process that readers run in: a file comes in, its texts go out. See `isolation`.

It ends by itself where a reader is silent for too long, wants more memory than is its due, or nobody asks any more. It
opens no connection, and writes nothing but temporary files, whatever the libraries within it would do.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import tempfile
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, TextIO

from slotfill.extractors.documents.readers.frames import Frame, options_from, part_frame, read_frame, write_frame
from slotfill.extractors.documents.readers.plugged_readers import read_by_plugin
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.readers.read_text import Reader
from slotfill.extractors.documents.readers.work_limit import limit_steps
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["MEMORY", "SILENCE", "SILENT", "guard", "main"]

SILENCE = 60.0
"""Seconds in which a reader gives something, or says that it goes on: a page, a part, a sheet."""

SILENT = 1
"""The exit code where it did not."""

MEMORY = 2 << 30
"""Bytes of address space that readers may take beside what Python and their libraries have: a bomb has no end."""


def main() -> None:
    """Serve until standard input ends."""
    requests, replies = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no reply
    nowhere = Path(os.devnull).open("w")  # noqa: SIM115 - as long as the process
    guard()
    parent, limit, is_last = os.getppid(), _memory_limit(), False
    while not is_last and (request := read_frame(requests)):
        # A thread of C, which neither the interpreter's lock nor a loop in C holds up.
        faulthandler.dump_traceback_later(SILENCE, exit=True, file=nowhere)
        ending = _serve(request, replies, nowhere, parent)
        faulthandler.cancel_dump_traceback_later()
        is_last = _memory_limit() != limit  # a reader that had it raised leaves it to no other file
        write_frame(replies, Frame({**ending, "last": is_last}))


def guard() -> None:
    """Bound what this process may take, and have it refused to let anything out."""
    sys.dont_write_bytecode = True
    _limit_resources()
    limit_steps()
    sys.addaudithook(partial(_refuse, _temporary_folder()))


def _serve(request: Frame, replies: BinaryIO, nowhere: TextIO, parent: int) -> JSONObject:
    """Read one file, and say how that ended."""
    try:
        for part in _reader(request.head)(request.blobs[0], options_from(request.head["options"])):
            faulthandler.dump_traceback_later(SILENCE, exit=True, file=nowhere)
            if os.getppid() != parent:  # it was killed: nobody asks any more
                sys.exit()
            if part is not None:
                write_frame(replies, part_frame(part))
    except ModuleNotFoundError:
        return {"missing": True}
    except ReadError as error:
        return _error(error.failure.type, error.failure.message)
    except MemoryError:
        return _error(FailureKind.TOO_LARGE, f"unpacks to more than its reader may hold ({MEMORY >> 20:,} MB)")
    except RecursionError:
        reason = "is nested more deeply than any program writes: it is damaged, or made to do harm"
        return _error(FailureKind.BROKEN_DOCUMENT, reason)
    except Exception as error:  # noqa: BLE001 - whatever a library makes of a broken file
        return _error(FailureKind.BROKEN_DOCUMENT, f"cannot be read: its reader failed with {type(error).__name__}")
    return {"end": True}


def _reader(head: JSONObject) -> Reader:
    if head["plugin"]:
        return partial(read_by_plugin, head["plugin"])
    reader: Reader = import_module(head["module"]).read
    return reader


def _error(kind: FailureKind, reason: str) -> JSONObject:
    return {"error": [kind.value, reason]}


def _limit_resources() -> None:
    try:
        import resource
    except ModuleNotFoundError:  # not on Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash leaves no dump, with a document in it
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = _taken() + MEMORY
    with suppress(ValueError, OSError):  # macOS takes no limit of address space
        resource.setrlimit(resource.RLIMIT_AS, (limit if most < 0 else min(limit, most), most))


def _memory_limit() -> int:
    """Return the bytes of address space that the process may have, negative for any number."""
    try:
        import resource
    except ModuleNotFoundError:  # not on Windows
        return -1
    return resource.getrlimit(resource.RLIMIT_AS)[0]


def _taken() -> int:
    """Return the bytes of address space that the process has."""
    import psutil

    return int(psutil.Process().memory_info().vms)


_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_FORBIDDEN = frozenset(
    (
        *("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"),
        *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty"),
    )
)

_CHANGING = frozenset(
    (
        *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.truncate", "os.link", "os.symlink"),
        *("os.chmod", "os.chown", "os.utime", "os.setxattr", "os.removexattr"),
    )
)

_WITH_DESTINATION = frozenset(("os.rename", "os.link", "os.symlink"))
"""What changes a second place, too."""


def _temporary_folder() -> str | None:
    """Return the folder for temporary files; None where there is none, as on a full disk: then none is written."""
    try:
        return os.path.realpath(tempfile.gettempdir())
    except FileNotFoundError:
        return None


def _refuse(temporary: str | None, event: str, arguments: tuple[object, ...]) -> None:
    """Let nothing out: no reader needs a connection, or a file that stays."""
    if event in _FORBIDDEN:
        raise PermissionError(f"a reader may not call {event}")
    opens_to_write = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING
    if opens_to_write or event in _CHANGING:
        places = arguments[:2] if event in _WITH_DESTINATION else arguments[:1]
        if not all(_may_write(place, temporary) for place in places):
            raise PermissionError("a reader may write temporary files alone")


def _may_write(path: object, temporary: str | None) -> bool:
    if not isinstance(path, str | bytes):
        return True  # a descriptor that is open already
    place = os.path.realpath(os.fsdecode(path))
    return place == os.devnull or (temporary is not None and place.startswith(temporary + os.sep))
