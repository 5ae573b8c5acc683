"""Whether a plain text is one that people read, or the source of something: markup, base64, a mail as it was sent."""

from __future__ import annotations

import re

__all__ = ["unread_form"]

_SAMPLE = 2_000
"""So many characters from its beginning, and from its middle, stand for a text."""

_PAGE = re.compile(r"\s*(?:<!--.{0,500}?-->\s*)?<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
_MAIL = re.compile(
    r"""
    (?:From[ ]|[A-Z][A-Za-z-]{1,40}:[ ])                    # From ann@example.org …; Received: …
    (?=(?:.*\n){0,60}?(?:MIME-Version:[ ]|Content-(?:Type|Transfer-Encoding):[ ]))
    """,
    re.VERBOSE | re.IGNORECASE,
)
_TAG = re.compile(r"</?[A-Za-z!?][^<>]{0,500}>")
_RUN = re.compile(r"[A-Za-z0-9+/_-]{48,}={0,2}")
"""What no word is as long as: a line of base64 has 64 or 76."""

_MOST_TAGS = 0.3
_MOST_RUNS = 0.5


def unread_form(text: str) -> str | None:
    """Say what a text mostly is, where that is not what people read, and what to do; None for what they do.

    A sample tells: it takes a few microseconds.
    """
    head = text[:_SAMPLE]
    if head.startswith("{\\rtf"):
        return "is RTF, the source of a document: save it as .docx or as plain text"
    if ("ontent-" in head or "MIME" in head) and _MAIL.match(head):
        return "is a mail as it was sent, with its headers and codes: name it .eml to have it read"
    if "<" in head and _PAGE.match(head):
        return "is the source of an HTML page: name it .html to have it read"
    middle = len(text) // 2
    sample = head if len(text) <= _SAMPLE else head + text[max(_SAMPLE, middle) : max(_SAMPLE, middle) + _SAMPLE]
    # Counting is cheap, and passes over almost all texts.
    if sample.count("<") * 100 > len(sample) and _share(_TAG, sample) > _MOST_TAGS:
        return "is mostly markup, and its tags are sent too: convert it to plain text, or name it .html if it is a page"
    unspaced = sample.count(" ") * 20 < len(sample) < 2 * len(sample.encode("ascii", "ignore"))
    if unspaced and _share(_RUN, sample) > _MOST_RUNS:
        return "is mostly base64, which nobody reads: decode it first"
    return None


def _share(pattern: re.Pattern[str], sample: str) -> float:
    return sum(map(len, pattern.findall(sample))) / len(sample)
