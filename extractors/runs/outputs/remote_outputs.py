"""Outputs elsewhere: written here first, then put where fsspec puts them, and there whole or not at all.

An address may hold a password: it is for the file system alone, and no message shows it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from slotfill.extractors.documents.remote import errors_as, file_system
from slotfill.extractors.documents.urls import parts_of, public, secrets_of
from slotfill.extractors.errors import OutputError
from slotfill.extractors.runs.outputs.atomic_files import AtomicFile
from slotfill.extractors.runs.outputs.output_folders import OutputFolder

__all__ = ["RemoteFolder", "UploadedFile"]

_OBJECT_STORES = frozenset({"abfs", "abfss", "adl", "az", "gcs", "gs", "memory", "oss", "s3", "s3a"})
"""Protocols of what holds an object whole or not at all. Elsewhere a file is put beside its place and moved there."""

_READ_ONLY = frozenset({"http://", "https://"})

_UNFINISHED = ".slotfill-part"
"""The name of what is tried at the start, and how those end that are not in their places yet."""


class RemoteFolder(OutputFolder):
    """A folder at an address. Nobody locks it: of two that write the same, the last one to end has it.

    Raises OutputError where nothing can be put there, before anything is paid for.
    """

    def __init__(self, address: str) -> None:
        self.name = public(address).rstrip("/")
        self._secrets = frozenset(secrets_of(address))
        protocols, _, archive = parts_of(address)
        with self._as_output_errors():
            if protocols in _READ_ONLY or archive or "::" in protocols:
                raise NotImplementedError
            self._system, path = file_system(address)
            self._path = path.rstrip("/")
            self._is_object_store = protocols.removesuffix("://") in _OBJECT_STORES
            self._try_out()

    def open(self, name: str) -> AtomicFile:
        """Open a file that is put into it when it is committed."""
        return UploadedFile(self, name)

    def put(self, file: Path, name: str) -> None:
        """Put a file of this machine into it."""
        with self._as_output_errors():
            if self._is_object_store:
                self._system.put_file(str(file), self._place(name))
            else:
                self._system.put_file(str(file), self._place(f".{name}{_UNFINISHED}"))
                self._system.mv(self._place(f".{name}{_UNFINISHED}"), self._place(name))

    def sizes(self) -> Mapping[str, int]:
        """Return the files in it, each with how many bytes it has."""
        with self._as_output_errors():
            self._system.invalidate_cache()
            with suppress(FileNotFoundError):  # a folder of an object store is there when something is in it
                files: list[Any] = self._system.ls(self._path, detail=True)
                return {file["name"].rstrip("/").rpartition("/")[2]: file["size"] for file in files}
        return {}

    def remove(self, name: str) -> None:
        """Remove a file from it."""
        with self._as_output_errors():
            self._system.rm(self._place(name))

    def release(self) -> None:
        """Do nothing: it is not locked."""

    def _place(self, name: str) -> str:
        return f"{self._path}/{name}"

    def _try_out(self) -> None:
        if not self._is_object_store:  # where making one might make a bucket that nobody wants
            self._system.makedirs(self._path, exist_ok=True)
        self._system.pipe_file(self._place(_UNFINISHED), b"\n")
        with suppress(Exception):  # not everybody may remove what he may write
            self._system.rm(self._place(_UNFINISHED))

    @contextmanager
    def _as_output_errors(self) -> Iterator[None]:
        def error_of(reason: str) -> OutputError:
            return OutputError(f"cannot write to {self.name!r}: {reason}")

        with errors_as(error_of, self._secrets):
            try:
                yield
            except NotImplementedError:
                raise ValueError("it can only be read: name an object store, or another file system") from None


class UploadedFile(AtomicFile):
    """A file of a remote folder. Until it is committed it is a file of this machine, in the folder for such files."""

    def __init__(self, folder: RemoteFolder, name: str) -> None:
        self._folder, self._called = folder, name
        self._here = Path(tempfile.mkdtemp(prefix="slotfill-"))
        super().__init__(self._here / name, own_lock=False)

    @classmethod
    def at(cls, address: str) -> UploadedFile:
        """Open the file of an address."""
        protocols, path, archive = parts_of(address)
        folder, _, name = path.rpartition("/")
        return cls(RemoteFolder(f"{protocols}{folder}{archive}"), name)

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self._folder.name}/{self._called}"

    def commit(self, name: str | None = None) -> None:
        """Put the file in its place, unless it is dropped or there already. name: another one, in the same folder."""
        if self.ended:
            return
        try:
            self._write_all()
            self._folder.put(self.written, name or self._called)
        finally:
            self.discard()

    def discard(self) -> None:
        """Drop what was not committed."""
        super().discard()
        shutil.rmtree(self._here, ignore_errors=True)
