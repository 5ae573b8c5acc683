"""The kinds of files that have a reader, told by their names, by their media types, and by how they begin."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from slotfill.extractors.documents.decoding import MOST_BYTES
from slotfill.schemas.entry_points.plugin_group import PluginGroup

__all__ = ["KINDS", "READERS", "TABLES", "WORKBOOK", "Kind", "file_kind", "known_suffix", "most_bytes"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file.

    Attributes:
        name: What it is called in messages, with its article.
        suffixes: How names of such files end.
        module: The module that reads it: its `read` is a `Reader`.
        signature: How such a file begins, whatever its name, where nothing else begins so.
        extra: What must be installed for it; None for what always is.
        most_bytes: The largest that is read.
        entry: What one of its files is called, where it is a zip archive, as others are.
        beginning: How one begins whose name has no suffix; a text with one is what its name says.
        plugin: The name of the plug-in that reads it in the place of a module.
    """

    name: str
    suffixes: frozenset[str]
    module: str
    signature: bytes | None = None
    extra: str | None = None
    most_bytes: int = MOST_BYTES
    entry: bytes | None = None
    beginning: re.Pattern[bytes] | None = None
    plugin: str | None = None

    def is_begun_by(self, data: bytes, suffix: str) -> bool:
        """Tell whether data begins as such a file does."""
        if self.entry is not None:
            return data.startswith(_ARCHIVE) and self.entry in data
        if self.beginning is not None:
            return not suffix and bool(self.beginning.match(data[:_HEAD_BYTES]))
        return self.signature is not None and data.startswith(self.signature)


_ARCHIVE = b"PK\x03\x04"

_HEAD_BYTES = 64_000

_FIELD = rb"(?: [!-9;-~]+ : [^\n]*\n (?: [ \t][^\n]*\n )* )"
"""`Received: from a.example`, and the lines below it that go on with it."""

_MAIL_HEAD = re.compile(
    rb"""
    (?: \xef\xbb\xbf )? [\r\n]*
    (?= %(field)b{0,200}? From: )
    (?= %(field)b{0,200}? (?: MIME-Version | Content-Type | Received | Message-ID ): )    # what only programs write
    """
    % {b"field": _FIELD},
    re.VERBOSE | re.IGNORECASE,
)

_READERS = "slotfill.extractors.documents.readers"

_WITH_PICTURES = 128_000_000
"""Office files may be larger than their texts: pictures, which are not unpacked, are most of them."""

WORKBOOK = Kind(
    "a workbook",
    frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"}),
    f"{_READERS}.office.workbook",
    extra="office",
    most_bytes=_WITH_PICTURES,
    entry=b"xl/workbook.",
)

KINDS: tuple[Kind, ...] = (
    Kind("a mail", frozenset({".eml"}), f"{_READERS}.mails.mail", beginning=_MAIL_HEAD),
    Kind("an HTML page", frozenset({".html", ".htm", ".xhtml"}), f"{_READERS}.markup.html"),
    Kind(
        "a Word document",
        frozenset({".docx", ".docm"}),
        f"{_READERS}.office.word",
        extra="office",
        most_bytes=_WITH_PICTURES,
        entry=b"word/document.xml",
    ),
    WORKBOOK,
    Kind("a PDF", frozenset({".pdf"}), f"{_READERS}.pdf.pdf_reader", b"%PDF-", "pdf", 256_000_000),
)

_LARGEST = max(kind.most_bytes for kind in KINDS)

TABLES = frozenset((".csv", ".jsonl", ".ndjson", ".parquet", ".tsv"))
"""How the names of files end that hold a document a row, whatever else they hold; a `.json` may, too."""

_OPEN_XML = "application/vnd.openxmlformats-officedocument"

_MEDIA_TYPES: Mapping[str, str] = {
    "application/json": ".json",
    "application/jsonl": ".jsonl",
    "application/mbox": ".mbox",
    "application/pdf": ".pdf",
    "application/vnd.apache.parquet": ".parquet",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-excel.sheet.binary.macroenabled.12": ".xlsb",
    "application/vnd.ms-excel.sheet.macroenabled.12": ".xlsm",
    "application/vnd.ms-word.document.macroenabled.12": ".docm",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    f"{_OPEN_XML}.spreadsheetml.sheet": ".xlsx",
    f"{_OPEN_XML}.wordprocessingml.document": ".docx",
    "application/x-ndjson": ".ndjson",
    "application/xhtml+xml": ".xhtml",
    "message/rfc822": ".eml",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/markdown": ".md",
    "text/plain": ".txt",
    "text/tab-separated-values": ".tsv",
}
"""The suffix that each media type stands for. `mimetypes` would read tables of the machine, which differ."""

_DECODED = "slotfill.extractors.documents.decoding:decode_text"
_OF_ROWS = "slotfill.extractors.documents.rows.row_files:read_rows"

_BY_SUFFIX = (
    {suffix: f"{kind.module}:read" for kind in KINDS for suffix in kind.suffixes}
    | dict.fromkeys((*TABLES, ".json"), _OF_ROWS)
    | {".mbox": f"{_READERS}.read_file:read_mailbox", ".md": _DECODED, ".txt": _DECODED}
)

READERS: PluginGroup[Any] = PluginGroup(
    "slotfill.readers",
    {suffix.removeprefix("."): reader for suffix, reader in _BY_SUFFIX.items()}
    | {media_type: _BY_SUFFIX[suffix] for media_type, suffix in _MEDIA_TYPES.items()},
)
"""What reads the files whose names end so, or that are of such a media type; what a plug-in gives is a `Reader`."""


def known_suffix(name: str, media_type: str = "") -> str:
    """Return the suffix by which a file is read.

    Args:
        name: Its name. What that tells, its media type does not: senders guess it of the name.
        media_type: What its sender says that it is; "" where nobody does.

    Returns:
        Its own suffix in small letters, or else that which its media type stands for; a media type that a plug-in reads
        stands for itself.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix in _BY_SUFFIX or (suffix and READERS.has_plugin(suffix.removeprefix("."))):
        return suffix
    plain = media_type.partition(";")[0].strip().lower()
    return _MEDIA_TYPES.get(plain) or (plain if plain and READERS.has_plugin(plain) else suffix)


def file_kind(name: str, data: bytes = b"", media_type: str = "") -> Kind | None:
    """Tell the kind of a file by its name, its media type, or its first bytes; None for plain text, and no reader."""
    suffix = known_suffix(name, media_type)
    for kind in KINDS:
        if suffix in kind.suffixes:
            return kind
    if suffix not in _BY_SUFFIX and suffix and READERS.has_plugin(plugin := suffix.removeprefix(".")):
        return Kind(f"a {suffix} file", frozenset({suffix}), "", plugin=plugin)
    return next((kind for kind in KINDS if kind.is_begun_by(data, PurePath(name).suffix)), None)


def most_bytes(name: str, media_type: str = "") -> int:
    """Return the size from which a file is not read, as far as its name and its media type tell."""
    kind = file_kind(name, media_type=media_type)
    return kind.most_bytes if kind else _LARGEST if name == "-" else MOST_BYTES
