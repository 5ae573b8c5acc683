"""The tree of a mail's parts -> what a mail program shows of it, and what is attached.

Of alternatives one is shown; the files that any of them holds are attached all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from slotfill.extractors.documents.readers.mails.body_text import html_part_lines, plain_part_lines
from slotfill.extractors.documents.readers.mails.mail_parser import (
    MailPart,
    file_name_of,
    inner_parts,
    parameter_of,
    parts_without_boundary,
)
from slotfill.extractors.documents.readers.markup.flow import TextLine
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.record.failure_kinds import FailureKind

__all__ = ["Attachment", "MailContent", "content_of"]

_PLAIN, _HTML = "text/plain", "text/html"

_REPORTS = frozenset(("message/delivery-status", "message/disposition-notification", "message/feedback-report"))
"""Fields that say what became of another mail: text that is shown."""

_OF_A_SIGNATURE = frozenset(
    ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature", "text/x-amp-html")
)
"""What mail programs show no file for: seals, and another form of what is there."""

_ENVELOPES = frozenset(("application/pkcs7-mime", "application/x-pkcs7-mime"))

_ENCRYPTED = ReadError(FailureKind.ENCRYPTED_DOCUMENT, "is an encrypted mail: save it decrypted from your mail program")

_SIGNED = ReadError(
    FailureKind.UNREADABLE, "is a mail within its own signature (S/MIME): save it as text from your mail program"
)

_FULLER = 3
"""So many times longer HTML is than a plain text that speaks of HTML, and so stands for it alone."""

_LONGEST_STUB = 300


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is a file, and its number among all parts."""

    part: MailPart
    number: int


@dataclass(slots=True)
class MailContent:
    """What a mail, or a part of it, holds.

    Attributes:
        texts: The lines of each text that is shown, in order.
        attachments: What is attached.
        is_plain: Whether all of its text is plain.
        refusal: Why what is within cannot be read.
    """

    texts: list[list[TextLine]] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    is_plain: bool = True
    refusal: ReadError | None = None

    @property
    def characters(self) -> int:
        """How much text there is."""
        return sum(len(line.text.strip()) for lines in self.texts for line in lines)

    def take(self, other: MailContent) -> None:
        """Add what another part shows, and what it holds."""
        self.texts += other.texts
        self.is_plain = self.is_plain and other.is_plain
        self.hold(other)

    def hold(self, other: MailContent) -> None:
        """Add what another part holds, its text left out."""
        self.attachments += other.attachments
        self.refusal = self.refusal or other.refusal


def content_of(mail: MailPart, otherwise: str | None) -> MailContent:
    """Return what a mail shows and holds. otherwise: the codec of text that does not name its own.

    Raises ReadError for text that cannot be decoded, and for a mail of which nothing can be read but its head.
    """
    content = _Structure(otherwise).content(mail)
    if not content.characters:
        _promote(content, otherwise)
    if content.refusal and not content.characters:
        raise content.refusal
    if _is_armoured(content):
        raise _ENCRYPTED
    return content


def _promote(content: MailContent, otherwise: str | None) -> None:
    """Show the first text that is sent as a file, where nothing else is shown."""
    for attachment in content.attachments:
        part = attachment.part
        kind = part.get_content_type()
        if part.get_content_disposition() != "attachment" and kind.startswith("text/"):
            content.texts.append(_lines(part, kind, otherwise))
            content.attachments.remove(attachment)
            return


def _is_armoured(content: MailContent) -> bool:
    texts = (line.text.strip() for lines in content.texts for line in lines)
    return next(filter(None, texts), "") == "-----BEGIN PGP MESSAGE-----"


def _lines(part: MailPart, kind: str, otherwise: str | None) -> list[TextLine]:
    return html_part_lines(part, otherwise) if kind == _HTML else plain_part_lines(part, otherwise)


class _Structure:
    """One reading of one tree."""

    def __init__(self, otherwise: str | None) -> None:
        self._otherwise = otherwise
        self._number = 0

    def content(self, part: MailPart) -> MailContent:
        """Return what a part shows and holds."""
        kind = part.get_content_type()
        children = inner_parts(part)
        if part.get_content_maintype() == "multipart":
            if children := children or parts_without_boundary(part):
                return self._of_several(kind, children)
            return MailContent([plain_part_lines(part, self._otherwise)])
        self._number += 1
        if kind in _REPORTS and children:
            return MailContent([[TextLine(line) for child in children for line in child.as_string().splitlines()]])
        if self._is_shown(part, kind):
            return MailContent([_lines(part, kind, self._otherwise)], is_plain=kind != _HTML)
        return MailContent() if kind in _OF_A_SIGNATURE else self._attached(part, kind)

    def _is_shown(self, part: MailPart, kind: str) -> bool:
        is_text = kind in {_PLAIN, _HTML, "text/rfc822-headers"} and not part.is_multipart()
        return is_text and part.get_content_disposition() != "attachment" and not file_name_of(part)

    def _attached(self, part: MailPart, kind: str) -> MailContent:
        refusal = None
        if kind in _ENVELOPES:
            refusal = _SIGNED if parameter_of(part, "smime-type").lower() == "signed-data" else _ENCRYPTED
        return MailContent(attachments=[Attachment(part, self._number)], refusal=refusal)

    def _of_several(self, kind: str, children: Sequence[MailPart]) -> MailContent:
        contents = [self.content(child) for child in children]
        whole = MailContent()
        if kind == "multipart/alternative":
            shown = _chosen(contents)
            for content in contents:
                (whole.take if content is shown else whole.hold)(content)
            return whole
        for content in contents:
            whole.take(content)
        if kind == "multipart/encrypted":
            whole.refusal = _ENCRYPTED
        return whole


def _chosen(contents: Sequence[MailContent]) -> MailContent | None:
    """Choose which alternative is read: plain text, unless it only says that there is HTML."""
    full = [content for content in contents if content.characters]
    plain = next((content for content in full if content.is_plain), None)
    richest = full[-1] if full else None
    if plain and richest and _is_stub(plain, richest):
        return richest
    return plain or richest


def _is_stub(plain: MailContent, other: MailContent) -> bool:
    """Whether a text stands for another one alone: `Your mail program does not show HTML`."""
    if plain.characters > min(_LONGEST_STUB, other.characters / _FULLER):
        return False
    return any("html" in line.text.lower() for lines in plain.texts for line in lines)
