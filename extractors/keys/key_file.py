"""The file of keys: read, changed by one process at a time, and read again when it has changed."""

from __future__ import annotations

import logging
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from slotfill.extractors.errors import OutputError, SettingsError
from slotfill.extractors.keys.api_key import ApiKey
from slotfill.extractors.keys.key_ring import KeyRing
from slotfill.extractors.keys.key_table import read_key_table
from slotfill.extractors.runs.outputs.atomic_files import AtomicFile

__all__ = ["ReloadedKeys", "change_keys", "read_keys"]

_OTHERS = 0o077
"""The rights of everybody but the owner."""

_MOST_BYTES = 16_000_000
"""A file of more is none of keys: some 50,000 of them take as much."""

_logger = logging.getLogger("slotfill")


def read_keys(path: Path) -> KeyRing:
    """Read a file of keys.

    Raises:
        SettingsError: It is not there, can be read by others than its owner, or something in it is wrong.
    """
    try:
        return read_key_table(_read(path), repr(str(path)))
    except FileNotFoundError:
        raise SettingsError(f"there is no file {str(path)!r}: `slotfill keys add NAME --keys FILE` makes one") from None


def change_keys(path: Path, change: Callable[[str, KeyRing], str]) -> None:
    """Change a file of keys, or make one: whole or not at all, and by one process after the other.

    Args:
        path: The file.
        change: Is given the text and what it means, and returns the text as it is to be. What it raises leaves the
            file as it is.

    Raises:
        SettingsError: As in `read_keys`, and where the text that came of it would not be read again.
        OutputError: The file cannot be written.
    """
    place = Path(os.path.realpath(path))
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(place.with_name(f".{place.name}.lock"), mode=0o600)
        with lock:
            _replace(place, repr(str(path)), change)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"cannot write {str(path)!r}: {error.strerror or error}") from None


def _replace(path: Path, place: str, change: Callable[[str, KeyRing], str]) -> None:
    try:
        before = _read(path)
    except FileNotFoundError:
        before = ""
    after = change(before, read_key_table(before, place))
    read_key_table(after, f"{place} as it would be written")
    file = AtomicFile(path)
    try:
        file.write(after.encode())
        file.commit()
    finally:
        file.discard()


class ReloadedKeys:
    """A file of keys, for as long as a service runs: changes count from the next request on. Safe for threads.

    A file that cannot be used counts for nothing: the keys from before it do, and the log says so, once a change.

    Raises SettingsError where it cannot be used from the start.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loading = threading.Lock()
        self._version = self._current_version()
        self._ring = read_keys(path)

    @property
    def ring(self) -> KeyRing:
        """The keys as they are in the file now."""
        version = self._current_version()
        if version != self._version:
            with self._loading:
                self._load(version)
        return self._ring

    def find(self, presented: str) -> ApiKey | None:
        """Return the key that a presented secret is of, as `KeyRing.find` does."""
        return self.ring.find(presented)

    def _load(self, version: object) -> None:
        if version == self._version:
            return  # by another thread
        try:
            self._ring = read_keys(self._path)
        except SettingsError as error:
            _logger.error("keys: %s; until that is mended, those from before count", error)  # noqa: TRY400 - all is said
        else:
            _logger.info("keys: %s has changed: %d keys", self._path, len(self._ring.keys))
        self._version = version

    def _current_version(self) -> object:
        """Tell one state of the file from another, without reading it: a request has no time for that."""
        try:
            status = self._path.stat()
        except OSError as error:
            return error.errno
        return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_mode


def _read(path: Path) -> str:
    """Read a file that only its owner can read. Raises FileNotFoundError, and SettingsError for what is none."""
    name = repr(str(path))
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise SettingsError(f"{name} is no regular file: name the file of the keys")
            if os.name == "posix" and status.st_mode & _OTHERS:
                raise SettingsError(
                    f"{name} can be read or written by others (mode {stat.S_IMODE(status.st_mode):04o}): close it with "
                    f"`chmod 600 {path}`"
                )
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SettingsError(f"cannot read {name}: {error.strerror or error}") from None
    if len(data) > _MOST_BYTES:
        raise SettingsError(f"{name} has more than {_MOST_BYTES // 10**6} MB: it is no file of keys")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise SettingsError(f"{name} is no text in UTF-8: write it as TOML, or by `slotfill keys add`") from None


def _without_waiting(path: str, flags: int) -> int:
    """Open without waiting for a writer, if it is a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
