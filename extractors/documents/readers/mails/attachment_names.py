"""What is attached to a mail is named as its sender named it, so far as that makes a name, and once in the mail."""

from __future__ import annotations

import mimetypes
import re
from collections import Counter
from pathlib import PurePosixPath

from slotfill.extractors.documents.readers.mails.encoded_words import decode_header
from slotfill.extractors.documents.readers.mails.mail_parser import MailPart, file_name_of, inner_parts

__all__ = ["AttachmentNames", "name_of"]

_UNSAFE = re.compile(
    r"""
      [\x00-\x1f\x7f-\x9f]                  # control characters
    | [\u200e\u200f\u202a-\u202e\u2066-\u2069]    # directions: what reads as exe.pdf may end in fdp.exe
    """,
    re.VERBOSE,
)

_LONGEST = 200

_SUFFIXES = {
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "message/rfc822": ".eml",
    "application/ms-tnef": ".dat",
    "application/octet-stream": ".bin",
}
"""Where a machine's own table of types would decide otherwise, or differ from another's."""


class AttachmentNames:
    """The names of one mail's attachments, no two of which are the same."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._numbers: Counter[str] = Counter()

    def unique(self, name: str) -> str:
        """Return a name that no other attachment has: `image.png`, `image-2.png`."""
        path, candidate = PurePosixPath(name), name
        while candidate.lower() in self._taken:
            self._numbers[name.lower()] += 1
            candidate = f"{path.stem}-{self._numbers[name.lower()] + 1}{path.suffix}"
        self._taken.add(candidate.lower())
        return candidate


def name_of(part: MailPart, number: int) -> str:
    """Return the name of an attachment; of one that has none its number among the mail's parts, and its type."""
    kind = part.get_content_type()
    if name := _clean(decode_header(file_name_of(part))):
        return name
    suffix = _SUFFIXES.get(kind) or mimetypes.guess_extension(kind) or ".bin"
    subject = ""
    if kind == "message/rfc822" and (inner := inner_parts(part)):
        subject = _clean(decode_header(inner[0].get("Subject") or "").replace("/", "-").replace("\\", "-"))
    return f"{subject or f'part-{number}'}{suffix}"


def _clean(name: str) -> str:
    """Take what is no name out of a name: `../offers/offer.pdf` is `offer.pdf`."""
    last = _UNSAFE.sub("", re.split(r"[/\\]", name)[-1]).strip(" .")
    if len(last) > _LONGEST:
        suffix = PurePosixPath(last).suffix[:16]
        last = last[: _LONGEST - len(suffix)] + suffix
    return last
