"""Whose a ledger is: one process has it at a time, and what another user owns is not taken over."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from slotfill.extractors.errors import LedgerError
from slotfill.extractors.runs.ledger.filesystems import network_disk
from slotfill.extractors.runs.ledger.queries import LAST_START

__all__ = ["LedgerInUseError", "check_file", "check_owner", "lock_ledger"]

_ROOT = 0

_BESIDE = (".lock", "-wal", "-shm", "-journal")
"""What the names of the files beside a ledger end in."""

_FOREVER = -1.0
"""As long as it takes, for a lock."""


class LedgerInUseError(LedgerError):
    """A ledger that another process has at the time."""


def lock_ledger(path: Path, place: str, *, wait: bool) -> FileLock:
    """Have a ledger for this process, its folder made. place: how errors name it.

    Raises LedgerInUseError where another process is at work on the run, unless it is to `wait` for its end; LedgerError
    where a file or the folder is another user's; and on a network disk, where two processes could have the lock.
    """
    if kind := network_disk(path):
        raise LedgerError(
            f"{place} would stand on a network disk ({kind}), where files cannot be locked safely: set "
            "SLOTFILL_STATE to a folder on a disk of this machine"
        )
    lock = FileLock(f"{path}.lock", mode=0o600)
    try:
        check_owner(path.parent, f"the ledgers' folder {str(path.parent)!r}")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_file(path, place)
        for file in (path.with_name(path.name + suffix) for suffix in _BESIDE):
            check_file(file, f"{place}, of which {file.name!r} is a part,")
        lock.acquire(timeout=_FOREVER if wait else 0)
    except Timeout:
        raise LedgerInUseError(
            f"another process is at work on this run{_holder(path)}: let it end, wait for it with --if-running "
            f"wait, or name another output"
        ) from None
    except OSError as error:
        raise LedgerError(
            f"{place} cannot be made: {error.strerror or error}; set SLOTFILL_STATE to a "
            "folder for ledgers that can be written"
        ) from None
    return lock


def check_owner(path: Path, name: str) -> None:
    """Refuse a file or folder of another user, or a link of theirs to it; root's are taken. name: how errors call it.

    Theirs may hold anything: records of values that nobody extracted, a record too many. What is not there is
    nobody's, and on Windows nothing is asked. Raises LedgerError.
    """
    if not hasattr(os, "geteuid"):
        return
    with suppress(FileNotFoundError):
        for status in (path.lstat(), path.stat()):
            if status.st_uid not in (os.geteuid(), _ROOT):
                raise LedgerError(
                    f"{name} belongs to another user (uid {status.st_uid}), who may have put anything into it: name "
                    "an output in a folder of your own, or set SLOTFILL_STATE to one for the ledgers"
                )


def check_file(path: Path, name: str) -> None:
    """Do so, and refuse what is there and is no regular file: a link, a pipe, a folder, a device."""
    check_owner(path, name)
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(path.lstat().st_mode):
            raise LedgerError(f"{name} is no regular file: move it away, or name another output")


def _holder(path: Path) -> str:
    """Name the process that works on a run, if its ledger tells."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
        process, at = database.execute(LAST_START).fetchone() or (None, None)
        return f" (process {process}, since {at})" if at else ""
    return ""
