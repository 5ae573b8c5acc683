"""Files elsewhere: what fsspec opens, found and read as local files are.

An address may hold a password or a signature. It is for the file system alone: no name and no message shows it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from glob import has_magic
from pathlib import PurePosixPath
from typing import Any

from slotfill.extractors.documents.urls import parts_of, public, secrets_of, unescaped_password
from slotfill.extractors.errors import InputError
from slotfill.schemas.errors import MissingExtraError

try:
    from fsspec import url_to_fs
except ModuleNotFoundError as error:
    if error.name != "fsspec":
        raise
    raise MissingExtraError("an address needs the extra `remote`: pip install 'slotfill[remote]'") from error

__all__ = ["RemoteFile", "errors_as", "file_system", "find_remote"]


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file to read. name: its address, without what nobody may see. path: what its file system calls it."""

    name: str
    path: str = field(repr=False)
    system: Any = field(repr=False)
    secrets: frozenset[str] = field(repr=False)

    @property
    def suffix(self) -> str:
        """What the name ends in, in small letters: `.csv`."""
        path = re.split(r"[?#]", self.path, maxsplit=1)[0] if "://" in self.path else self.path
        return PurePosixPath(path).suffix.lower()

    @property
    def media_type(self) -> str:
        """What its server says that it is, which is not asked for."""
        return ""

    @property
    def is_lasting(self) -> bool:
        """Whether it can be read twice."""
        return True

    def open(self) -> io.BufferedReader:
        """Open it for reading. Raises OSError, as reading does, whatever errors the protocol has."""
        with errors_as(OSError, self.secrets):
            file = self.system.open(self.path, "rb")
        return io.BufferedReader(_Stream(file, self.secrets))

    def size(self, file: io.BufferedReader) -> int:
        """Return the number of bytes of the opened file; 0 where the protocol does not say."""
        return getattr(file.raw, "size", 0)


class _Stream(io.RawIOBase):
    """An opened file, whose every error is an OSError."""

    def __init__(self, file: Any, secrets: frozenset[str]) -> None:
        self._file, self._secrets = file, secrets
        self.size: int = getattr(file, "size", None) or 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with errors_as(OSError, self._secrets):
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        try:
            with errors_as(OSError, self._secrets):
                self._file.close()
        finally:
            super().close()


def find_remote(address: str) -> tuple[list[RemoteFile], bool]:
    """Return the files of a folder or of a glob, sorted as local ones are, or one file; and whether it is a folder's.

    Raises InputError for what is not there, cannot be reached or holds nothing, and where the protocol's own package is
    not installed.
    """
    name, secrets = public(address), frozenset(secrets_of(address))
    with errors_as(lambda reason: InputError(f"{name!r} cannot be read: {reason}"), secrets):
        system, path = file_system(address)
        system.invalidate_cache()  # of what was there before
        paths, is_folder = _paths(system, path)
    named = [(name, path)] if paths == [path] else _named(name, path, paths, is_folder=is_folder)
    files = [RemoteFile(name, path, system, secrets) for name, path in named]
    if not files:
        raise InputError(f"{name!r} holds no files to read")
    return files, is_folder


def file_system(address: str) -> tuple[Any, str]:
    """Return what an address leads to: its file system, and the path there. Raises whatever that raises."""
    if unescaped_password(address):
        raise ValueError("its password must be escaped, a slash as %2F")
    try:
        return url_to_fs(address)  # type: ignore[no-any-return]  # fsspec has no types
    except ValueError as error:
        raise ValueError(f"{error}: mend the address, or install the package that brings its protocol") from None


def _paths(system: Any, path: str) -> tuple[list[str], bool]:
    """Return the paths of the files that a path leads to, and whether it is a folder's.

    A glob is one where no file has that very name.
    """
    try:
        is_folder = system.info(path)["type"] == "directory"
    except FileNotFoundError:
        matches = system.glob(path, detail=True) if has_magic(path) else {}
        if not matches:
            raise
        return [match for match, info in matches.items() if info["type"] != "directory"], False
    return (system.find(path) if is_folder else [path]), is_folder


def _named(name: str, path: str, paths: Iterable[str], *, is_folder: bool) -> Iterator[tuple[str, str]]:
    """Name each file by its address, in the order of local ones; what is hidden is none."""
    # An archive's own root may be named by the protocol alone: `zip::s3://…`.
    protocols, place, archive = parts_of(name if path else re.sub(r"\A([\w.+-]+)::", r"\1://::", name))
    before, start = protocols + _above(place, is_folder=is_folder), len(_above(path, is_folder=is_folder))
    wants_hidden = "/." in f"/{path[start:]}"
    below = [(file[start:].strip("/"), file) for file in paths if not file.endswith("/")]
    for inside, file in sorted(below, key=_order_of_walks if is_folder else _order_of_globs):
        if wants_hidden or "/." not in f"/{inside}":
            # The web calls a file by its whole address.
            yield public(file) if "://" in file else f"{before}{inside}{archive}", file


def _above(path: str, *, is_folder: bool) -> str:
    """Return the folders above what matches, with a slash: all of a folder's path, what a glob names outright."""
    if is_folder:
        return f"{path.rstrip('/')}/" if path.strip("/") else ""
    outright = re.split(r"[*?\[]", path, maxsplit=1)[0]
    return outright[: outright.rfind("/") + 1]


def _order_of_walks(file: tuple[str, str]) -> list[tuple[bool, str]]:
    *folders, name = file[0].split("/")
    return [*((True, folder) for folder in folders), (False, name)]


def _order_of_globs(file: tuple[str, str]) -> list[str]:
    return file[0].split("/")


@contextmanager
def errors_as(error_of: Callable[[str], Exception], secrets: Iterable[str]) -> Iterator[None]:
    """Raise an error of ours for whatever a file system raises: each has errors of its own."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - see above
        raise error_of(_reason(error, secrets)) from None


def _reason(error: BaseException, secrets: Iterable[str]) -> str:
    # Over HTTP a server that cannot be reached is a file that is not there, because of that.
    while isinstance(error, FileNotFoundError) and error.__cause__:
        error = error.__cause__
    if isinstance(error, FileNotFoundError):
        return "nothing is there"
    reason = isinstance(error, OSError) and error.strerror
    text = public(reason or str(error) or type(error).__name__)
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "…")
    return text
