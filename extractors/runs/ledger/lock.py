"""Whose a run's files are: what another user owns may hold anything, and is not taken over."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from slotfill.extractors.errors import LedgerError

__all__ = ["check_file", "check_owner"]

_ROOT = 0


def check_owner(path: Path, name: str) -> None:
    """Refuse a file or folder of another user, or a link of theirs to it; root's are taken. name: how errors call it.

    What is not there is nobody's, and on Windows nothing is asked. Raises LedgerError.
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
