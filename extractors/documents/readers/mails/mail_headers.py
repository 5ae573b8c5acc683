"""Header fields as a person reads them: unfolded, encoded words decoded (RFC 2047), names in their own letters."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from email.message import Message

from slotfill.extractors.documents.charset_labels import decode_labelled
from slotfill.extractors.documents.readers.mails.cut_base64 import decode_base64

__all__ = ["decode_header", "head_of", "is_mail"]

_WORD = re.compile(
    r"""
    =\? ([\w.:()+-]+) (?:\*[\w-]*)?     # =?utf-8   =?iso-8859-1*en
    \? ([bBqQ]) \? ([^?]*) \?=          # ?Q?gr=C3=B6=C3=9Fe?=
    """,
    re.VERBOSE | re.ASCII,
)

_GAP = re.compile(r"[ \t\r\n]*\Z")
"""White space between encoded words is of the encoding, and of no meaning."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")

_SHOWN = ("Subject", "From", "To", "Cc", "Date")
"""What a mail program shows above a mail."""

_ADDRESSES = frozenset(("From", "To", "Cc"))

_TELLING = frozenset(
    (
        *("subject", "from", "to", "cc", "bcc", "date", "message-id", "received", "return-path", "reply-to", "sender"),
        *("mime-version", "content-type", "content-transfer-encoding", "content-disposition", "delivered-to"),
        *("in-reply-to", "references", "x-mailer", "user-agent", "dkim-signature", "envelope-to", "resent-from"),
    )
)
"""Fields that no other file begins with."""


def is_mail(message: Message) -> bool:
    """Whether what was parsed is a mail, and not any text that begins with a word and a colon."""
    return any(name.lower() in _TELLING for name in message.keys())  # noqa: SIM118 - a Message has no sound iteration


def head_of(message: Message) -> list[str]:
    """Return the lines above a mail: `Subject: …`, `From: …`, `To: …`, `Cc: …`, `Date: …`, each where it has one."""
    lines = []
    for name in _SHOWN:
        fields = [decode_header(raw, quote=name in _ADDRESSES) for raw in message.get_all(name, ())]
        fields = [*filter(None, fields)]
        if fields:
            lines.append(f"{name}: {', '.join(fields) if name in _ADDRESSES else fields[0]}")
    return lines


def decode_header(raw: str, *, quote: bool = False) -> str:
    """Decode a field as it stands in the file: `=?utf-8?q?gr=C3=B6=C3=9Fe?=` is `größe`.

    raw: bytes beyond ASCII are surrogates, as the parser leaves them. quote: whether an encoded name with a comma gets
    quotes: it would read as two.
    """
    unfolded = " ".join(line.strip(" \t") for line in raw.splitlines())
    text = "".join(_pieces(unfolded, quote=quote))
    return _CONTROLS.sub("", text).strip()


def _pieces(raw: str, *, quote: bool) -> Iterator[str]:
    """Yield what is plain, and what each run of encoded words says."""
    label, data, at = "", b"", 0
    for word in _WORD.finditer(raw):
        between = raw[at : word.start()]
        # Programs cut letters of several bytes between two words: they are decoded together.
        if (data and not _GAP.match(between)) or (data and word[1].lower() != label):
            yield _decoded(label, data, quote=quote)
            data = b""
            yield "" if _GAP.match(between) else _plain(between)
        elif not data:
            yield _plain(between)
        label, at = word[1].lower(), word.end()
        data += _bytes_of(word[2].lower(), word[3])
    if data:
        yield _decoded(label, data, quote=quote)
    yield _plain(raw[at:])


def _bytes_of(encoding: str, text: str) -> bytes:
    data = text.encode("ascii", "surrogateescape")
    if encoding == "q":
        return quopri.decodestring(data, header=True)
    return decode_base64(data)


def _decoded(label: str, data: bytes, *, quote: bool) -> str:
    text = decode_labelled(data, label)
    if text is None:
        text = data.decode("ascii", "replace")
    return f'"{text}"' if quote and re.search(r"[,;<>]", text) else text


def _plain(raw: str) -> str:
    """Decode bytes that stand in a field as they are, which no rule allows and many programs write."""
    if raw.isascii():
        return raw
    data = raw.encode("utf-8", "surrogateescape")
    text = decode_labelled(data, None)
    return data.decode("ascii", "replace") if text is None else text
