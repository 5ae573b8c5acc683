"""The runs of a service on the disk: what was asked for, its documents, how it stands.

    service-runs/run_…/order.json   what was asked for: written once
                       state.json   how it stands
                       cancel       is there when somebody has asked for its end
                       lock         is locked by the server that is at work on it
                       input/       the documents, as they were sent
    service-run_….db                the ledger, where `slotfill costs`, `purge` and `batches` find it

A folder appears whole, under its name, when all of it is on the disk. What a server is killed over before that has
another name, and is dropped.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout
from pydantic import BaseModel, ValidationError

from slotfill.extractors.errors import LedgerError
from slotfill.extractors.keys.api_key import KEY_LABEL
from slotfill.extractors.runs.ledger.filesystems import network_disk
from slotfill.extractors.runs.ledger.lock import check_owner
from slotfill.extractors.runs.purging.ledger_purge import purge_ledgers
from slotfill.extractors.serving.runs.run_order import RunOrder, RunState, RunStatus

__all__ = ["INPUT", "RUN_NAME", "RunStore", "purge_runs"]

INPUT = "input"
"""The folder of a run's documents."""

RUN_NAME = r"run_[0-9a-f]{32}"
"""What a run is called, as a regular expression."""

FOLDER = "service-runs"

_ID = re.compile(RUN_NAME)
_ORDER, _STATE, _CANCEL, _LOCK = "order.json", "state.json", "cancel", "lock"
_NEW, _GONE = ".new-", ".gone-"

TICK_SECONDS = 2.5
"""So far apart two writes have two times on every disk: FAT counts in steps of two seconds."""

LEFT_SECONDS = 24 * 3600.0
"""After so long what was never wholly there is nobody's upload any more."""

File = TypeVar("File", bound=BaseModel)


class RunStore:
    """The runs of all servers that share a state folder. Safe for threads.

    Args:
        state: The state folder.

    Raises:
        LedgerError: It cannot be used, here and in every method.
    """

    def __init__(self, state: Path) -> None:
        self._state, self._folder = state, state / FOLDER
        self._orders: dict[str, RunOrder] = {}
        self._states: dict[str, tuple[object, RunState]] = {}
        with self._errors():
            if kind := network_disk(self._folder):
                raise LedgerError(
                    f"runs cannot be kept on a network disk ({kind}): set SLOTFILL_STATE to another folder"
                )
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            check_owner(self._folder, f"the folder {str(self._folder)!r}")
            self._drop_left()

    def orders(self) -> list[RunOrder]:
        """Return what was asked for, the oldest first."""
        with self._errors():
            names = [entry.name for entry in os.scandir(self._folder) if _ID.fullmatch(entry.name)]
        found = [order for name in names if (order := self.order(name))]
        return sorted(found, key=lambda order: (order.created, order.id))

    def order(self, name: str) -> RunOrder | None:
        """Return what was asked for with a run; None where there is none of that name."""
        if not _ID.fullmatch(name) or not self.folder(name).is_dir():
            self._forget(name)
            return None
        if name not in self._orders:
            order = self._read(name, _ORDER, RunOrder)
            if order is None:
                return None
            self._orders[name] = order
        return self._orders[name]

    def folder(self, name: str) -> Path:
        """Return where a run's files stand."""
        return self._folder / name

    def ledger(self, name: str) -> Path:
        """Return where a run's ledger stands."""
        return self._state / f"service-{name}.db"

    def state(self, name: str) -> RunState:
        """Return how a run stands. Its file is read where it is another one than the last time, or may be."""
        try:
            status = (self.folder(name) / _STATE).stat()
        except OSError:
            self._states.pop(name, None)
            return self._read(name, _STATE, RunState) or RunState()
        version = status.st_ino, status.st_mtime_ns, status.st_size
        known = self._states.get(name)
        if known is not None and known[0] == version:
            return known[1]
        state = self._read(name, _STATE, RunState) or RunState()
        # One written a moment ago may be replaced by another of its length, its time and its number on the disk.
        if time.time() - status.st_mtime > TICK_SECONDS:
            self._states[name] = version, state
        return state

    def note(self, name: str, state: RunState) -> None:
        """Write down how a run stands."""
        with self._errors():
            folder = self.folder(name)
            if folder.is_dir():  # else it was removed
                self._write(folder / _STATE, state)

    @contextmanager
    def staged(self) -> Iterator[tuple[str, Path]]:
        """Give a new run's name, and a folder to put its documents into; `publish` keeps it, else it is dropped."""
        name = f"run_{secrets.token_hex(16)}"
        staged = self._folder / f"{_NEW}{name}"
        with self._errors():
            (staged / INPUT).mkdir(mode=0o700, parents=True)
            staged.chmod(0o700)
        try:
            yield name, staged / INPUT
        finally:
            shutil.rmtree(staged, ignore_errors=True)

    def publish(self, order: RunOrder) -> None:
        """Have a new run be there, whatever becomes of this process or the machine from here on."""
        with self._errors():
            staged = self._folder / f"{_NEW}{order.id}"
            self._write(staged / _ORDER, order)
            self._write(staged / _STATE, RunState())
            for folder in (staged / INPUT, staged):
                for file in folder.iterdir():
                    if file.is_file():
                        file.chmod(0o600)
                        _sync(file)
                _sync(folder)
            staged.rename(self.folder(order.id))
            _sync(self._folder)

    def cancel(self, name: str) -> None:
        """Ask the server that is at work on a run, or comes to it, to end it."""
        with self._errors():
            (self.folder(name) / _CANCEL).touch(mode=0o600)

    def is_cancelled(self, name: str) -> bool:
        """Whether somebody has asked for a run's end."""
        return (self.folder(name) / _CANCEL).exists()

    def resume(self, name: str) -> None:
        """Have a run that is over gone on with."""
        with self._errors():
            (self.folder(name) / _CANCEL).unlink(missing_ok=True)
        self.note(name, RunState(status=RunStatus.QUEUED, started=self.state(name).started))

    @contextmanager
    def locked(self, name: str) -> Iterator[bool]:
        """Have a run for this server alone; False where another one has it, or it is gone."""
        lock = FileLock(self.folder(name) / _LOCK, mode=0o600, thread_local=False)
        try:
            _ = self.folder(name).stat()  # the lock would make a folder that was removed anew
            lock.acquire(timeout=0)
        except (Timeout, OSError):
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def remove(self, name: str) -> None:
        """Remove a run and its documents. Its ledger stays."""
        with self._errors(), suppress(FileNotFoundError):
            gone = self._folder / f"{_GONE}{name}"
            self.folder(name).rename(gone)  # at once: nobody sees half of it
            _sync(self._folder)
            shutil.rmtree(gone, ignore_errors=True)
        self._forget(name)

    def _forget(self, name: str) -> None:
        self._orders.pop(name, None)
        self._states.pop(name, None)

    def erase(self, name: str) -> None:
        """Remove a run that is locked here, its documents and its records; what it has cost stays in its ledger."""
        ledger = self.ledger(name)
        if ledger.exists():
            purge = purge_ledgers([ledger], datetime.now(UTC) + timedelta(days=1), {}, keep_costs=True)
            if not purge.is_complete:
                raise LedgerError(f"the run's ledger {str(ledger)!r} cannot be emptied: {purge.skipped}")
        self.remove(name)

    def erase_before(self, before: datetime) -> None:
        """Do so with the runs that were over by an instant."""
        for name in self.over_before(before, {}):
            self.erase(name)

    def over_before(self, before: datetime, labels: Mapping[str, str]) -> Iterator[str]:
        """Lock each run that was over by an instant and bears labels, the key's name as `key` too; yield its name."""
        for order in self.orders():
            ended = self.state(order.id).ended
            if ended is None or ended >= before or not labels.items() <= {**order.labels, KEY_LABEL: order.key}.items():
                continue
            with self.locked(order.id) as is_free:
                if is_free and self.state(order.id).ended == ended:  # nobody goes on with it
                    yield order.id

    def _drop_left(self) -> None:
        """Drop what was never wholly there, and what was to be removed."""
        for entry in os.scandir(self._folder):
            is_old = time.time() - entry.stat().st_mtime > LEFT_SECONDS
            if entry.name.startswith(_GONE) or (entry.name.startswith(_NEW) and is_old):
                shutil.rmtree(entry.path, ignore_errors=True)

    def _read(self, name: str, file: str, model: type[File]) -> File | None:
        try:
            return model.model_validate_json((self.folder(name) / file).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it was not written by slotfill"
            raise LedgerError(f"the run {name} cannot be read: {file}: {reason}") from None

    @staticmethod
    def _write(path: Path, data: BaseModel) -> None:
        """Replace a file, whole or not at all."""
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data.model_dump_json(by_alias=True).encode())
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)  # the disk may be full: half a file would only take of its room
            raise
        _sync(path.parent)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise LedgerError(f"runs cannot be kept in {str(self._folder)!r}: {error.strerror or error}") from None


def purge_runs(state: Path, before: datetime, labels: Mapping[str, str], *, dry_run: bool = False) -> int:
    """Delete the documents of runs that were over by an instant; their ledgers are purged as all are.

    Args:
        state: The state folder.
        before: The instant.
        labels: What the runs must bear; the key's name is one, `key`.
        dry_run: Count alone.

    Returns:
        How many runs there were.

    Raises:
        LedgerError: They cannot be had.
    """
    if not (state / FOLDER).is_dir():
        return 0
    store, count = RunStore(state), 0
    for name in store.over_before(before, labels):
        count += 1
        if not dry_run:
            store.remove(name)
    return count


def _sync(path: Path) -> None:
    """Have a file, or a folder's names, on the disk. Windows opens no folder."""
    with suppress(PermissionError):
        handle: Any = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
