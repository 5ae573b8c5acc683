"""Bytes -> text, or the reason why they are none.

Text is UTF-8 with or without a BOM, UTF-16 with one or where it is plain, or else Western text in one byte a character:
Windows-1252, which the web reads under the name of Latin-1 too (WHATWG Encoding Standard): the two differ in 0x80-0x9f
only, control codes that Latin-1 text does not hold, where Windows-1252 has the euro sign and curly quotes. As every
byte string would pass for Latin-1, UTF-8 that is broken, and binary data, are told apart and refused. Of other
encodings and alphabets `guessing` tells which: a text is read so where that is beyond doubt, or else refused.

A file has one encoding, which all of it decides: a row of it alone may be too short to tell.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import IO

from slotfill.extractors.documents.encodings.unmarked import unmarked_utf16
from slotfill.extractors.documents.encodings.western import is_western
from slotfill.extractors.errors import InputError
from slotfill.extractors.record.failure_kinds import EMPTY, Failure, FailureKind

__all__ = [
    "MOST_BYTES",
    "TOO_LARGE",
    "binary_flaw_of",
    "bom_of",
    "check_encoding",
    "decode_text",
    "encoding_of",
    "encoding_of_bom",
    "flaw_of",
    "foreign_format",
    "too_large",
    "unescaped",
]

MOST_BYTES = 32_000_000
"""The size from which a document is not read: the service takes requests of up to 32 MB."""


def too_large(most: int) -> Failure:
    """Say that a file is larger than those of its kind may be."""
    reason = f"is larger than {most // 1_000_000} MB, the most a document may hold: split it"
    return Failure(FailureKind.TOO_LARGE, reason)


TOO_LARGE = too_large(MOST_BYTES)

_FORMATS = {
    b"%PDF-": "a PDF: it is read where its name ends in .pdf, and without --raw",
    b"PK\x03\x04": "a ZIP archive: unpack it first; .docx and .xlsx are read by these names, and without --raw",
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

_BINARY = Failure(FailureKind.BINARY_DOCUMENT, "is binary data: only text is read")

_NOTHING = bytes(8)
"""How no text begins in any encoding, and files do that have a size and no content."""

_CONTROLS = bytes({*range(32), 127} - {*b"\t\n\v\f\r\x1b"})
"""Control characters that text holds next to none of; ESC colours the logs of terminals."""

_MOST_CONTROLS = 0.05
"""The share of control characters above which data is binary. Uniform noise has 0.1; text has almost none."""

_PYTHONS_OWN = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})
"""What Python lists among text encodings, and no file is written in."""

_UNKNOWN = Failure(
    FailureKind.UNDECODABLE_DOCUMENT,
    "is in an encoding that cannot be told: name it with --encoding, or save it as UTF-8",
)

_SHIFTS = re.compile(rb"\x1b\$|~\{(?:[!-w][!-~]){1,200}~\}")
"""How old mail changes to letters that then look like ASCII: Japanese and Korean (ISO-2022: ESC $ B), Chinese (HZ)."""

_SHIFT_STARTS = (b"\x1b$", b"~{")
"""What each of them begins with."""

_BLOCK = 2**20

_MOST_SAMPLE = 2**16
"""So many bytes of lines beyond ASCII tell which other encoding a file is in."""


def decode_text(data: bytes, encoding: str | None = None) -> str | Failure:
    """Return the text, its BOM dropped and its line ends untouched, or why there is none.

    encoding: what it is in, where that is known.

    The failure is an `empty_document` (white space is nothing), a `binary_document` or an `undecodable_document`.
    """
    if failure := foreign_format(data):
        return failure
    chosen = encoding or encoding_of(io.BytesIO(data))
    if isinstance(chosen, Failure):
        return flaw_of(data.decode("latin-1")) or chosen
    text = _strictly(data, chosen)
    return text if isinstance(text, Failure) else flaw_of(text) or text


def check_encoding(name: str) -> str:
    """Return the canonical name of a text encoding: `latin1` is `iso8859-1`.

    Raises InputError for what Python knows no encoding of text by: `rot13`, `base64`, `idna`.
    """
    with suppress(LookupError, ValueError):
        "".encode(name)  # refuses codecs that are none of text, unlike `lookup`
        if (canonical := codecs.lookup(name).name) not in _PYTHONS_OWN:
            return canonical
    raise InputError(f"{name!r} is no text encoding: name one that Python knows, such as utf-8, cp1251 or shift_jis")


def encoding_of(file: IO[bytes]) -> str | Failure:
    """Decide the one encoding of a file, or say why it cannot be told.

    All of the file is read, in blocks, and it is put back to where it was. UTF-8 with a broken byte is UTF-8 still:
    what holds the byte cannot be decoded.
    """
    start = file.tell()
    try:
        head = file.read(_BLOCK)
        file.seek(start)
        return encoding_of_bom(head) or unmarked_utf16(head) or _encoding(file)
    finally:
        file.seek(start)


def encoding_of_bom(data: bytes) -> str | None:
    """Return the encoding whose byte order mark the data begins with, None where it begins with none."""
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8" if data.startswith(codecs.BOM_UTF8) else None


def bom_of(encoding: str) -> bytes:
    """Return what a byte order mark is in an encoding; nothing where there is none, or the codec drops it by itself."""
    with suppress(UnicodeEncodeError):
        return b"" if "".encode(encoding) else "\ufeff".encode(encoding)
    return b""


def foreign_format(data: bytes) -> Failure | None:
    """Name the format of data that begins like a file of a known format other than text."""
    for signature, name in _FORMATS.items():
        if data.startswith(signature):
            return Failure(FailureKind.BINARY_DOCUMENT, f"is {name}")
    if data.startswith(_NOTHING):
        return _BINARY
    return None


def flaw_of(text: str) -> Failure | None:
    """Say why a decoded text is none: it is empty, or it holds what only binary data does."""
    return binary_flaw_of(text) if text.strip() else EMPTY


def binary_flaw_of(text: str) -> Failure | None:
    """Say so of a decoded text that holds what only binary data does."""
    data = text.encode("utf-8", "surrogatepass")  # where each byte below 128 is a character
    controls = len(data) - len(data.translate(None, _CONTROLS))
    if controls and ("\0" in text or controls > _MOST_CONTROLS * len(text)):
        return _BINARY
    return None


def unescaped(text: str, encoding: str) -> str | Failure:
    """Refuse what was decoded with `surrogateescape` and held bytes that are none of the encoding."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            where = f"is no valid {encoding} at character {error.start}"
            return Failure(FailureKind.UNDECODABLE_DOCUMENT, f"{where}, although the file is: save it as UTF-8")
    return text


def _encoding(file: IO[bytes]) -> str | Failure:
    start = file.tell()
    for reading in (_as_unicode, _as_broken_utf8, _as_western, _as_other):
        file.seek(start)
        if encoding := reading(file):
            return encoding
    return _UNKNOWN


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    yield from iter(partial(file.read, _BLOCK), b"")


def _as_unicode(file: IO[bytes]) -> str | Failure | None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in _blocks(file):
            decoder.decode(block)
            # What is sought byte by byte, as the pattern is, takes ten times as long as the rest, and next to never is.
            # One byte is sought ten times as fast as two are.
            if any(start[:1] in block and start in block for start in _SHIFT_STARTS) and _SHIFTS.search(block):
                return _UNKNOWN
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    return "utf-8"


def _as_broken_utf8(file: IO[bytes]) -> str | None:
    """Tell broken UTF-8 from one-byte text, in which a well-formed sequence of two bytes or more is an accident."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    broken = formed = 0
    for block in _blocks(file):
        text = decoder.decode(block)
        replaced = text.count("\ufffd")
        broken += replaced
        formed += _beyond_ascii(text) - replaced
    return "utf-8" if formed > broken else None


def _as_western(file: IO[bytes]) -> str | None:
    from slotfill.extractors.documents.encodings.guessing import is_rather_other

    start = file.tell()
    try:
        if not is_western(line.decode("cp1252") for line in _telling_lines(file)):
            return None
        file.seek(start)
        if not is_western((line.decode("cp1252") for line in _telling_lines(file)), strictly=True):
            file.seek(start)
            return None if is_rather_other(_sample(file)) else "cp1252"
    except UnicodeDecodeError:
        return None
    return "cp1252"


def _as_other(file: IO[bytes]) -> str | Failure | None:
    from slotfill.extractors.documents.encodings.guessing import guess_encoding

    sample = _sample(file)
    if flaw_of(sample.decode("latin-1")) or not (guess := guess_encoding(sample)):
        return None
    if guess.is_evident:
        return guess.encoding
    looks = f"is no UTF-8, and looks like {guess.encoding} ({guess.alphabet})"
    way_out = f"name it with --encoding {guess.encoding}, or save it as UTF-8"
    return Failure(FailureKind.UNDECODABLE_DOCUMENT, f"{looks}: {way_out}")


def _telling_lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines that ASCII does not suffice for."""
    return (line for line in iter(partial(file.readline, _BLOCK), b"") if not line.isascii())


def _sample(file: IO[bytes]) -> bytes:
    sample = bytearray()
    for line in _telling_lines(file):
        sample += line[: _MOST_SAMPLE - len(sample)]
        if len(sample) >= _MOST_SAMPLE:
            break
    return bytes(sample)


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def _strictly(data: bytes, encoding: str) -> str | Failure:
    try:
        text = data.decode(encoding)
    except UnicodeError as error:
        return _undecodable(error, encoding)
    bom = bom_of(encoding)
    return text[1:] if bom and data.startswith(bom) else text


def _undecodable(error: UnicodeError, encoding: str) -> Failure:
    where = f" at byte {error.start} ({error.reason})" if isinstance(error, UnicodeDecodeError) else f": {error}"
    return Failure(FailureKind.UNDECODABLE_DOCUMENT, f"is no valid {encoding}{where}: save it as UTF-8")
