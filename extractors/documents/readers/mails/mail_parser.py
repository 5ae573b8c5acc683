"""Bytes -> the tree of a mail's parts, by the standard library's parser, which takes whatever comes."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from typing import TypeAlias

from slotfill.extractors.documents.decoding import encoding_of_bom

__all__ = ["MailPart", "file_name_of", "inner_parts", "parameter_of", "parse_mail", "parts_without_boundary"]

MailPart: TypeAlias = "Message[str, str]"


class _AsWritten(Compat32):
    """Fields as they stand in the file, with surrogates for bytes beyond ASCII.

    `policy.default` reads fields by the grammar, and raises for some that break it; Compat32 itself has a
    replacement character for each byte beyond ASCII.
    """

    def header_fetch_parse(self, name: str, value: str) -> str:  # noqa: ARG002 - the signature is the library's
        return value


_BOUNDARY = re.compile(rb"^--(\S(?:.{0,68}\S)?)[ \t]*\r?\n(?=Content-)", re.MULTILINE)
"""A line that can only stand between parts: the fields of one follow."""

_PARSER = BytesParser(policy=_AsWritten())


def parse_mail(data: bytes) -> MailPart:
    """Parse a mail. Raises RecursionError for one whose parts are nested some hundred times."""
    if encoding_of_bom(data) == "utf-16":  # as programs of Windows save it
        data = data.decode("utf-16", "replace").encode()
    mail: MailPart = _PARSER.parsebytes(data.removeprefix(codecs.BOM_UTF8).lstrip(b"\r\n"))
    return mail


def inner_parts(part: MailPart) -> list[MailPart]:
    """Return the parts within one, none where it is none of several."""
    payload = part.get_payload() if part.is_multipart() else None
    return [inner for inner in payload if isinstance(inner, Message)] if isinstance(payload, list) else []


def parameter_of(part: MailPart, name: str) -> str:
    """Return what a part's type says beside itself: its `charset`, `format`; "" for nothing."""
    with suppress(TypeError, ValueError):  # the library's own, at some that are broken
        value = part.get_param(name, "")
        return value[2] if isinstance(value, tuple) else str(value)  # RFC 2231: charset, language, value
    return ""


def file_name_of(part: MailPart) -> str:
    """Return the name that a part has as a file, as it is written; "" for none."""
    with suppress(TypeError, ValueError, LookupError):  # likewise
        return part.get_filename("")
    return ""


def parts_without_boundary(part: MailPart) -> list[MailPart]:
    """Return the parts within one that names no boundary, or another than it has; none where it has none."""
    data = part.get_payload(decode=True)  # what is not decoded would be text, with bytes replaced
    if not isinstance(data, bytes) or not (boundary := _BOUNDARY.search(data)):
        return []
    fields = b'Content-Type: multipart/mixed; boundary="%s"\n\n' % boundary[1]
    return inner_parts(_PARSER.parsebytes(fields + data))
