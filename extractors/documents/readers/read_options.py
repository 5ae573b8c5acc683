"""How files are read: what the options of the command line, and of `Document.read`, say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypedDict, Unpack, get_args

from slotfill.extractors.documents.decoding import check_encoding
from slotfill.extractors.errors import InputError

__all__ = ["PDFMode", "ReadKeywords", "ReadOptions"]

PDFMode = Literal["auto", "text", "ocr", "native"]
"""How a PDF is read: `auto` takes its text, and of scans what a Claude model, or else OCR, can see."""

_RANGE = re.compile(r"\s*(\d{1,6})?\s*(-)?\s*(\d{1,6})?\s*", re.ASCII)


class ReadKeywords(TypedDict, total=False):
    """How a file is read.

    Attributes:
        raw: Whether no reader is used: the text is what the bytes decode to.
        encoding: What texts are in, by a name that Python knows; default: what the bytes tell.
        pages: Which pages of a PDF are read, from 1, such as `1-3,7`; default: all.
        pdf: How PDFs are read: `auto`, `text`, `ocr` or `native`.
        attachments: Whether what is attached to a mail is read, too, as documents of their own.
    """

    raw: bool
    encoding: str | None
    pages: str | None
    pdf: PDFMode
    attachments: bool


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a file is read, checked.

    Attributes:
        raw, encoding, pdf, attachments: As in `ReadKeywords`.
        pages: Stretches of pages, each from its first to its last; an open end is None; none at all are all pages.
        native: Whether pages can be sent as they are: the model that will be asked is one of Claude's.
    """

    raw: bool = False
    encoding: str | None = None
    pages: tuple[tuple[int, int | None], ...] = ()
    pdf: PDFMode = "auto"
    attachments: bool = False
    native: bool = True

    @classmethod
    def of(cls, **options: Unpack[ReadKeywords]) -> ReadOptions:
        """Check options. Raises InputError for an encoding, pages, or a way to read PDFs, that are none."""
        encoding, pages, pdf = options.get("encoding"), options.get("pages"), options.get("pdf", "auto")
        if pdf not in get_args(PDFMode):
            raise InputError(f"pdf={pdf!r} is no way to read a PDF: there are {', '.join(get_args(PDFMode))}")
        return cls(
            raw=options.get("raw", False),
            encoding=None if encoding is None else check_encoding(encoding),
            pages=() if pages is None else tuple(_pages(pages)),
            pdf=pdf,
            attachments=options.get("attachments", False),
        )

    def takes_page(self, number: int) -> bool:
        """Whether a page is read."""
        if not self.pages:
            return True
        return any(first <= number and (last is None or number <= last) for first, last in self.pages)


def _pages(text: object) -> list[tuple[int, int | None]]:
    """Read `1-3,7,9-` as stretches."""
    if not isinstance(text, str):
        raise InputError(f'{text!r} names no pages: write them in a text, as "1-3,7" or "5-"')
    stretches = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part)
        first, dash, last = match.groups() if match else (None, None, None)
        start, end = int(first or 1), int(last) if last else None if dash else int(first or 0)
        if not (first or last) or start < 1 or (end is not None and end < start):
            raise InputError(f"{text!r} names no pages: write them as 1-3,7 or 5-")
        stretches.append((start, end))
    return stretches
