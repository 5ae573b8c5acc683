"""A part of a mail with text in it -> the text, decoded."""

from __future__ import annotations

from email.errors import InvalidBase64LengthDefect
from email.message import Message

from slotfill.extractors.documents.charset_labels import codec_of, decode_labelled
from slotfill.extractors.documents.readers.mails.cut_base64 import decode_base64
from slotfill.extractors.documents.readers.mails.mail_parser import parameter_of
from slotfill.extractors.documents.readers.markup.flow import TextLine
from slotfill.extractors.documents.readers.markup.html import html_lines
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.record.failure_kinds import FailureKind

__all__ = ["charset_of", "html_part_lines", "part_bytes", "plain_part_lines"]


def part_bytes(part: Message) -> bytes:
    """Return what a part holds, its transfer encoding undone as far as it goes."""
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return b""
    # The library gives such a part back as it is.
    is_cut = any(isinstance(defect, InvalidBase64LengthDefect) for defect in part.defects)
    return decode_base64(data) if is_cut else data


def charset_of(part: Message) -> str | None:
    """Return what a part says that it is in."""
    return parameter_of(part, "charset") or None


def plain_part_lines(part: Message, otherwise: str | None) -> list[TextLine]:
    """Read a part of plain text. otherwise: the codec of a part that names none."""
    data = part_bytes(part)
    text = decode_labelled(data, charset_of(part), otherwise)
    if text is None:
        reason = "has text in an encoding that cannot be told: name it with --encoding"
        raise ReadError(FailureKind.UNDECODABLE_DOCUMENT, reason)
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    lines = text.split("\n")
    if parameter_of(part, "format").lower() == "flowed":
        lines = _unflowed(lines, delete_space=parameter_of(part, "delsp").lower() == "yes")
    return [*map(TextLine, lines)]


def html_part_lines(part: Message, otherwise: str | None) -> list[TextLine]:
    """Read a part of HTML. Raises ReadError for what is no text."""
    data = part_bytes(part)
    if not data.strip():
        return []
    label = charset_of(part)
    _, lines = html_lines(data, label if codec_of(label) else otherwise)
    return lines


def _unflowed(lines: list[str], *, delete_space: bool) -> list[str]:
    """Join what was broken to fit a screen (RFC 3676): a line that ends in a space goes on in the next one.

    `> a ` and `> b` are `> a b`: a quotation goes on in one of the same depth. `-- ` begins a signature.
    """
    joined: list[str] = []
    open_depth: int | None = None
    for line in lines:
        depth = len(line) - len(line.lstrip(">"))
        text = line[depth:].removeprefix(" ") if depth else line.removeprefix(" ")
        is_signature = text == "-- "
        if open_depth == depth and not is_signature:
            joined[-1] += text
        else:
            joined.append(">" * depth + " " * bool(depth and text) + text)
        open_depth = depth if text.endswith(" ") and not is_signature else None
        if open_depth is not None and delete_space:
            joined[-1] = joined[-1][:-1]
    return joined
