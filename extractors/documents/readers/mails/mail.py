"""A mail -> its text: what stands above it, its own words, and the names of what is attached."""

from __future__ import annotations

import io
from collections.abc import Iterator
from email.generator import BytesGenerator

from slotfill.extractors.documents.charset_labels import codec_of
from slotfill.extractors.documents.decoding import decode_text, foreign_format
from slotfill.extractors.documents.place_map import PlaceMap, Stretch
from slotfill.extractors.documents.readers.mails.attachment_names import AttachmentNames, name_of
from slotfill.extractors.documents.readers.mails.body_text import charset_of, part_bytes
from slotfill.extractors.documents.readers.mails.cut_base64 import decode_base64
from slotfill.extractors.documents.readers.mails.mail_headers import head_of, is_mail
from slotfill.extractors.documents.readers.mails.mail_parser import MailPart, inner_parts, parse_mail
from slotfill.extractors.documents.readers.mails.mail_structure import MailContent, content_of
from slotfill.extractors.documents.readers.mails.quoted_text import mail_stretches
from slotfill.extractors.documents.readers.markup.flow import TextLine
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.documents.readers.read_text import NestedFile, ReadText
from slotfill.extractors.record.failure_kinds import Failure, FailureKind

__all__ = ["read"]

_TNEF = frozenset(("application/ms-tnef", "application/vnd.ms-tnef"))
"""What Outlook wraps a mail in: no other program makes it, and few read it."""


def read(data: bytes, options: ReadOptions) -> Iterator[ReadText | NestedFile]:
    """Read a mail, and then what is attached to it, where that is asked for.

    What has none of a mail's fields is text.
    """
    if failure := foreign_format(data):
        raise ReadError(failure.type, failure.message)
    try:
        mail = parse_mail(data)
        yield from _mail(mail, options) if is_mail(mail) else [_plain(data, options)]
    except RecursionError:
        reason = "has parts within parts without end: it is no sound mail"
        raise ReadError(FailureKind.BROKEN_DOCUMENT, reason) from None


def _mail(mail: MailPart, options: ReadOptions) -> Iterator[ReadText | NestedFile]:
    content = content_of(mail, options.encoding)
    names = _names(content)
    yield _text(mail, content, names)
    if options.attachments:
        for name, attachment in zip(names, content.attachments, strict=True):
            data = _file_bytes(attachment.part)
            yield NestedFile(name, data, _encoding(attachment.part, data), attachment.part.get_content_type())


def _plain(data: bytes, options: ReadOptions) -> ReadText:
    text = decode_text(data, options.encoding)
    if isinstance(text, Failure):
        raise ReadError(text.type, text.message)
    return ReadText(text)


def _names(content: MailContent) -> list[str]:
    names = AttachmentNames()
    return [names.unique(name_of(attachment.part, attachment.number)) for attachment in content.attachments]


def _text(mail: MailPart, content: MailContent, names: list[str]) -> ReadText:
    parts = [attachment.part for attachment in content.attachments]
    shown = [_shown(name, part, content) for name, part in zip(names, parts, strict=True)]
    head = "\n".join([*head_of(mail), *([f"Attachments: {', '.join(shown)}"] if shown else ())])
    lines = _body_lines(content)
    body = "\n".join(line.text for line in lines)
    if not body.strip():
        lines, body = [], ""
    text = "\n\n".join(filter(None, (head, body)))
    stretches = [Stretch(0, len(head), {"part": "head"})] if head else []
    return ReadText(text, PlaceMap((*stretches, *mail_stretches(lines, len(text) - len(body)))))


def _shown(name: str, part: MailPart, content: MailContent) -> str:
    """Name an attachment in the head; where the text may be within one that is not opened, say so."""
    is_wrapped = part.get_content_type() in _TNEF and not content.characters
    return f"{name} (a format of Outlook's own, which is not opened)" if is_wrapped else name


def _body_lines(content: MailContent) -> list[TextLine]:
    """Put all texts below one another, a blank line between two."""
    lines: list[TextLine] = []
    for text in content.texts:
        if lines and lines[-1].text:
            lines.append(TextLine(""))
        lines += text
    return lines


def _file_bytes(part: MailPart) -> bytes:
    """Return what a file that is attached holds; a mail within a mail is written as it came."""
    if not part.is_multipart():
        return part_bytes(part)
    written = io.BytesIO()
    for inner in inner_parts(part):
        BytesGenerator(written, mangle_from_=False, maxheaderlen=0).flatten(inner)
    data = written.getvalue()
    is_base64 = str(part.get("Content-Transfer-Encoding", "")).strip().lower() == "base64"
    return decode_base64(data) if is_base64 else data  # no rule allows that for a mail, and some write it


def _encoding(part: MailPart, data: bytes) -> str | None:
    """Return what a text that is attached is in, where its part says so and it is so."""
    codec = codec_of(charset_of(part)) if part.get_content_maintype() == "text" else None
    try:
        data.decode(codec or "utf-8")
    except UnicodeError:
        return None
    return codec
