"""Encoded words of header fields -> what they say (RFC 2047), on one line."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator

from slotfill.extractors.documents.charset_labels import decode_labelled
from slotfill.extractors.documents.readers.mails.cut_base64 import decode_base64

__all__ = ["decode_header", "unfold"]

_WORD = re.compile(
    r"""
    =\? ([\w.:()+-]+) (?:\*[\w-]*)?     # =?utf-8   =?iso-8859-1*en
    \? ([bBqQ]) \? ([^?]*) \?=          # ?Q?gr=C3=B6=C3=9Fe?=
    """,
    re.VERBOSE | re.ASCII,
)

_GAP = re.compile(r"[ \t\r\n]*\Z")
"""White space between encoded words is of the encoding, and of no meaning."""

_LINE_ENDS = re.compile(r"[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
"""What ends a line, somewhere: no field as it stands in a file holds one, and encoded words may."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def unfold(raw: str) -> str:
    """Join the lines that a field stands on in the file."""
    return " ".join(line.strip(" \t") for line in raw.splitlines())


def decode_header(raw: str) -> str:
    """Decode a field as it stands in the file, to one line: `=?utf-8?q?gr=C3=B6=C3=9Fe?=` is `größe`.

    A line end that is encoded is a space: `=?utf-8?q?Hi=0AFrom:_The_CEO?=` is no second field.

    raw: bytes beyond ASCII are surrogates, as the parser leaves them.
    """
    text = "".join(_pieces(unfold(raw)))
    return _CONTROLS.sub("", _LINE_ENDS.sub(" ", text)).strip()


def _pieces(raw: str) -> Iterator[str]:
    """Yield what is plain, and what each run of encoded words says."""
    label, data, at = "", b"", 0
    for word in _WORD.finditer(raw):
        between = raw[at : word.start()]
        # Programs cut letters of several bytes between two words: they are decoded together.
        if (data and not _GAP.match(between)) or (data and word[1].lower() != label):
            yield _decoded(label, data)
            data = b""
            yield "" if _GAP.match(between) else _plain(between)
        elif not data:
            yield _plain(between)
        label, at = word[1].lower(), word.end()
        data += _bytes_of(word[2].lower(), word[3])
    if data:
        yield _decoded(label, data)
    yield _plain(raw[at:])


def _bytes_of(encoding: str, text: str) -> bytes:
    data = text.encode("ascii", "surrogateescape")
    if encoding == "q":
        return quopri.decodestring(data, header=True)
    return decode_base64(data)


def _decoded(label: str, data: bytes) -> str:
    text = decode_labelled(data, label)
    return data.decode("ascii", "replace") if text is None else text


def _plain(raw: str) -> str:
    """Decode bytes that stand in a field as they are, which no rule allows and many programs write."""
    if raw.isascii():
        return raw
    data = raw.encode("utf-8", "surrogateescape")
    text = decode_labelled(data, None)
    return data.decode("ascii", "replace") if text is None else text
