"""Readers of plug-ins, in the process for readers: what goes wrong with one is its document's failure, and names it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from slotfill.extractors.documents.readers.kinds import READERS
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.documents.readers.read_text import NestedFile, ReadText
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.schemas.entry_points.installed_plugins import InstalledPlugin, PluginError

__all__ = ["read_by_plugin"]


def read_by_plugin(name: str, data: bytes, options: ReadOptions) -> Iterator[ReadText | NestedFile | None]:
    """Read a file by the plug-in of a name. Raises ReadError, which names the plug-in where it is to blame."""
    try:
        reader = READERS.load(name)
    except PluginError as error:
        raise ReadError(FailureKind.UNREADABLE, f"cannot be read: {error}") from None
    try:
        for part in reader.value(data, options):
            yield _checked(part)
    except (ReadError, MemoryError, RecursionError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever its code raises; a message of it may quote the document
        raise ReadError(FailureKind.BROKEN_DOCUMENT, _failed(cast("InstalledPlugin", reader.plugin), error)) from None


def _checked(part: object) -> ReadText | NestedFile | None:
    if part is None or isinstance(part, ReadText | NestedFile):
        return part
    raise TypeError


def _failed(plugin: InstalledPlugin, error: Exception) -> str:
    return f"cannot be read: the {plugin} failed with {type(error).__name__}: {plugin.way_out}"
