"""The zip archive that an Office file is, unpacked within limits, and the XML in it, read without its traps.

What an archive says of its sizes is looked at before anything is unpacked, and no entry gives more than it says: 42 KB
can unpack to 4 PB.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from typing import TYPE_CHECKING, NamedTuple

from lxml import etree

from slotfill.extractors.documents.decoding import foreign_format
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.record.failure_kinds import EMPTY, FailureKind

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

__all__ = ["OLD_OFFICE", "Archive", "Relation", "refuse_encrypted", "relations"]

OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How OLE files begin: those of Office 97, and those of today that are encrypted."""

_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
"""The name, within such a file, of what is encrypted (MS-OFFCRYPTO 2.3.4.4)."""

_ENTRY = b"PK\x01\x02"
"""How an entry of the directory begins."""

_MOST_ENTRIES = 10_000
"""A Word document has some twenty, and one a picture; a workbook one a sheet."""

_MOST_BYTES = 512 << 20
"""So much may an archive unpack to: a tenth of it, in XML, is a thick book."""


class Archive:
    """The entries of a zip archive. Their names have no case, as in Office."""

    def __init__(self, data: bytes) -> None:
        """Open an archive. Raises ReadError for what is none, is encrypted, or unpacks to too much."""
        if not data.strip():
            raise ReadError(EMPTY.type, EMPTY.message)
        refuse_encrypted(data)
        if data.startswith(OLD_OFFICE) and (foreign := foreign_format(data)):
            raise ReadError(foreign.type, foreign.message)
        if data.count(_ENTRY) > _MOST_ENTRIES:
            raise ReadError(FailureKind.TOO_LARGE, f"holds more than {_MOST_ENTRIES:,} files: no Office file does")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError) as error:
            raise _broken(error) from None
        self._entries = {_plain(entry.filename): entry for entry in self._zip.infolist() if not entry.is_dir()}
        size = sum(entry.file_size for entry in self._zip.infolist())
        if size > _MOST_BYTES:
            reason = f"unpacks to {size / 1e6:,.0f} MB, and {_MOST_BYTES / 1e6:,.0f} MB are read at most: split it"
            raise ReadError(FailureKind.TOO_LARGE, reason)

    def __contains__(self, name: str) -> bool:
        return _plain(name) in self._entries

    def names(self) -> list[str]:
        """Return the entries' names."""
        return [entry.filename for entry in self._entries.values()]

    def read(self, name: str) -> bytes:
        """Unpack an entry, to the size that it says it has. Raises ReadError."""
        try:
            entry = self._entries[_plain(name)]
            with self._zip.open(entry) as file:
                return file.read(entry.file_size)  # without a size, `read` unpacks 2 GB before it looks at what it has
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
            raise _broken(error) from None
        except RuntimeError:  # "is encrypted, password required for extraction": zipfile has no exception for it
            reason = "is an encrypted archive: unpack it with its password"
            raise ReadError(FailureKind.ENCRYPTED_DOCUMENT, reason) from None

    def xml(self, name: str) -> Element | None:
        """Parse an entry; None where it is not there. Raises ReadError."""
        return _parsed(self.read(name), name) if name in self else None


class Relation(NamedTuple):
    """How one entry refers to another: by an id, as what, and where that is."""

    id: str
    kind: str
    target: str


def relations(archive: Archive, name: str) -> list[Relation]:
    """Return the relations of an entry; those of the file as a whole for ""."""
    folder, file = posixpath.split(name)
    root = archive.xml(f"{folder}/_rels/{file}.rels")
    return [
        Relation(
            one.get("Id", ""),
            one.get("Type", "").rpartition("/")[2],
            posixpath.join("/", folder, one.get("Target", "")),
        )
        for one in (() if root is None else root.iterfind("{*}Relationship"))
        if one.get("TargetMode") != "External"
    ]


def refuse_encrypted(data: bytes) -> None:
    """Raise ReadError where a file is one of today's Office files behind a password."""
    if data.startswith(OLD_OFFICE) and _ENCRYPTED in data:
        reason = "is encrypted: open it with its password and save it without one"
        raise ReadError(FailureKind.ENCRYPTED_DOCUMENT, reason)


def _parsed(data: bytes, name: str) -> Element:
    # No entity is looked up and nothing loaded; depth, and what attributes unfold to, have libxml2's own limits.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        reason = f"is damaged: {name} is no XML that can be read ({str(error).partition(', line')[0]})"
        raise ReadError(FailureKind.BROKEN_DOCUMENT, reason) from None
    if root.getroottree().docinfo.internalDTD is not None:
        reason = f"is made to do harm: {name} defines entities, which no Office program writes"
        raise ReadError(FailureKind.BROKEN_DOCUMENT, reason)
    return root


def _plain(name: str) -> str:
    """Return a name as most write it: some write backslashes, or `Word/Document.xml`."""
    return posixpath.normpath(name.replace("\\", "/")).lstrip("/").lower()


def _broken(error: Exception) -> ReadError:
    return ReadError(FailureKind.BROKEN_DOCUMENT, f"is damaged: it cannot be unpacked ({error}): save it anew")
