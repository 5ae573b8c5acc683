"""Bytes -> text, or the reason why they are none.

Text is UTF-8 with or without a BOM, UTF-16 with one, or else Western text in one byte a character. That last resort is
Windows-1252, which the web reads under the name of Latin-1 too (WHATWG Encoding Standard): the two differ in 0x80-0x9f
only, control codes that Latin-1 text does not hold, where Windows-1252 has the euro sign and curly quotes. As every
byte string would pass for Latin-1, UTF-8 that is broken, other alphabets and binary data are told apart and refused.
"""

from __future__ import annotations

import codecs
import hashlib

from slotfill.extractors.record import EMPTY, Document, Failure

__all__ = [
    "MOST_BYTES",
    "TOO_LARGE",
    "decode",
    "document_of",
    "failed",
    "flaw_of",
    "foreign_format",
    "is_utf16",
    "unescaped",
]

MOST_BYTES = 32_000_000
"""The size from which a document is not read: the service takes requests of up to 32 MB."""

TOO_LARGE = Failure("too_large", f"is larger than {MOST_BYTES // 1_000_000} MB, the most a document may hold: split it")

_FORMATS = {
    b"%PDF-": "a PDF: convert it to text first, with `pdftotext` for one",
    b"PK\x03\x04": "a ZIP archive, as .docx, .xlsx, .odt and .epub are: convert or unpack it to text first",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Office file (.doc, .xls, .ppt, .msg): convert it to text first",
    b"\x89PNG\r\n\x1a\n": "a PNG image: only text is read",
    b"\xff\xd8\xff": "a JPEG image: only text is read",
    b"GIF8": "a GIF image: only text is read",
    b"\x1f\x8b": "gzip-compressed: unpack it first",
    b"\x28\xb5\x2f\xfd": "zstd-compressed: unpack it first",
    b"\xfd7zXZ\x00": "xz-compressed: unpack it first",
    b"\x7fELF": "a program: only text is read",
}
"""How files of a known format begin, and what to tell their owner."""

_CONTROLS = bytes({*range(32), 127} - {*b"\t\n\v\f\r\x1b"})
"""Control characters that text holds next to none of; ESC colours the logs of terminals."""

_MOST_CONTROLS = 0.05
"""The share of control characters above which data is binary. Uniform noise has 0.1; text has almost none."""

_MOST_HIGH_BYTES = 0.5
"""The share of non-ASCII bytes above which text is not Western: there about 0.05, in Cyrillic or Chinese over 0.8."""

_ENOUGH = 32
"""How long a text must be for that share to say anything."""


def decode(data: bytes) -> str | Failure:
    """Give the text, its BOM dropped and its line ends untouched, or why there is none.

    The failure is an `empty_document` (white space is nothing), a `binary_document` or an `undecodable_document`.
    """
    if failure := foreign_format(data):
        return failure
    text = _text(data)
    return text if isinstance(text, Failure) else flaw_of(text) or text


def document_of(data: bytes, source: str) -> Document:
    """Make a document of what was read; one that is no text holds the failure."""
    text = decode(data)
    return failed(source, text, data) if isinstance(text, Failure) else Document.of(text, source)


def failed(source: str, failure: Failure, data: bytes = b"") -> Document:
    """Make a document that cannot be read. `data` is what was read of it."""
    return Document("", hashlib.sha256(data).hexdigest(), source, failure)


def is_utf16(data: bytes) -> bool:
    """Tell whether the data begins with the byte order mark of UTF-16."""
    return data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def foreign_format(data: bytes) -> Failure | None:
    """Name the format of data that begins like a file of a known format other than text."""
    for signature, name in _FORMATS.items():
        if data.startswith(signature):
            return Failure("binary_document", f"is {name}")
    return None


def flaw_of(text: str) -> Failure | None:
    """Say why a decoded text is none: it is empty, or it holds what only binary data does."""
    if not text.strip():
        return EMPTY
    data = text.encode("utf-8", "surrogatepass")  # where each byte below 128 is a character
    controls = len(data) - len(data.translate(None, _CONTROLS))
    if controls and ("\0" in text or controls > _MOST_CONTROLS * len(text)):
        return Failure("binary_document", "is binary data: only text is read")
    return None


def unescaped(text: str) -> str | Failure:
    """Read again as a whole document what was decoded with `surrogateescape` and held bytes that are no UTF-8."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return decode(text.encode("utf-8", "surrogateescape"))
    return text


def _text(data: bytes) -> str | Failure:
    if is_utf16(data):
        return _strictly(data, "utf-16")
    try:
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        return _western(data, error)


def _western(data: bytes, error: UnicodeDecodeError) -> str | Failure:
    text = data.decode("latin-1")
    if failure := flaw_of(text):
        return failure
    if _is_mostly_utf8(data):
        return _undecodable(error)
    if len(text) >= _ENOUGH and _beyond_ascii(text) > _MOST_HIGH_BYTES * len(text):
        return Failure("undecodable_document", "is in an encoding that cannot be told: save it as UTF-8")
    return _strictly(data, "cp1252")


def _is_mostly_utf8(data: bytes) -> bool:
    """Tell broken UTF-8 from Latin-1, in which a well-formed sequence of two bytes or more is an accident."""
    text = data.decode(errors="replace")
    broken = text.count("\ufffd")
    return data.startswith(codecs.BOM_UTF8) or _beyond_ascii(text) - broken > broken


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def _strictly(data: bytes, encoding: str) -> str | Failure:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        return _undecodable(error)


def _undecodable(error: UnicodeDecodeError) -> Failure:
    where = f"is no valid {error.encoding} at byte {error.start} ({error.reason})"
    return Failure("undecodable_document", f"{where}: save it as UTF-8")
