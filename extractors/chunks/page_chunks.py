"""Chunking a document of which pages are sent as they are: stretches of it, each with its text and its pages.

What is sent together is what the service takes at once: 100 pages and 32 MB in a request, base64 and all else in it
included. https://platform.claude.com/docs/en/build-with-claude/pdf-support
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from pydantic_core import to_json

from slotfill.extractors.catalogue.page_tokens import MOST_PAGES, PAGE_SIZE
from slotfill.extractors.chunks.chunking import Chunk, split_text
from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.pdf_pages import PDFPages

__all__ = ["Load", "most_at_once", "split_pages", "weight_of"]

REQUEST_BYTES = 32_000_000
"""The most that a request's body may have."""

REPLY_BYTES = 1_000_000
"""So much of them is left for what is quoted of replies that are to be corrected."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a request holds of a document, or may hold at most.

    Attributes:
        chars: Code points, as a budget of chunks counts them: a page counts as `PAGE_SIZE`.
        size: Bytes of the request's body.
        pages: Pages of PDFs.
    """

    chars: float
    size: float
    pages: int

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Weigh a text."""
        return cls(len(text), len(to_json(text)), 0)

    @classmethod
    def of_pages(cls, pages: PDFPages) -> Self:
        """Weigh a PDF."""
        return cls(PAGE_SIZE * len(pages.numbers), pages.base64_bytes, len(pages.numbers))

    def __add__(self, other: Load) -> Load:
        return Load(self.chars + other.chars, self.size + other.size, self.pages + other.pages)

    def fits(self, most: Load) -> bool:
        """Whether it is no more than another one in any respect."""
        return self.chars <= most.chars and self.size <= most.size and self.pages <= most.pages

    def shrunk(self) -> Load:
        """Return two thirds of it: a document that is split into loads so large has two chunks at least."""
        return Load(self.chars * 2 / 3, self.size * 2 / 3, self.pages)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of a document that is not parted: a text, or a PDF with the text that it stands for."""

    start: int
    end: int
    load: Load
    pages: tuple[PDFPages, ...] = ()


def most_at_once(chars: int | None, around: int) -> Load:
    """Return what one request may hold of a document.

    chars: the most code points; None for any number. around: bytes of what else the request says.
    """
    return Load(float("inf") if chars is None else chars, REQUEST_BYTES - REPLY_BYTES - around, MOST_PAGES)


def weight_of(document: Document) -> Load:
    """Weigh all that is sent of a document: its text without that of its pages, and the pages."""
    return sum((piece.load for piece in _pieces(document, float("inf"))), Load(0, 0, 0))


def split_pages(document: Document, most: Load) -> tuple[Chunk, ...]:
    """Split a document into chunks that are no more than `most`, in order; a PDF that is more has one by itself.

    As much goes into a chunk as fits. A text between pages goes with those before it, or else with those after it; one
    that fits with neither is split as texts are.
    """
    chunks: list[tuple[_Piece, Load]] = []
    for piece in _pieces(document, most.chars):
        last, load = chunks[-1] if chunks else (None, piece.load)
        if last is not None and (load + piece.load).fits(most):
            chunks[-1] = (replace(last, end=piece.end, pages=last.pages + piece.pages), load + piece.load)
        else:
            chunks.append((piece, piece.load))
    return tuple(
        Chunk(index, piece.start, document.text[piece.start : piece.end], piece.pages)
        for index, (piece, _) in enumerate(chunks)
    )


def _pieces(document: Document, most: float) -> Iterator[_Piece]:
    at = 0
    for pages in document.pages:
        yield from _texts(document.text, at, pages.start, most)
        yield _Piece(pages.start, pages.end, Load.of_pages(pages), (pages,))
        at = pages.end
    yield from _texts(document.text, at, len(document.text), most)


def _texts(text: str, start: int, end: int, most: float) -> Iterator[_Piece]:
    """Yield the text between pages, in parts where it is too long; nothing where it is blank."""
    between = text[start:end]
    if not between.strip():
        return
    for chunk in split_text(between, int(min(most, len(between)))):
        if chunk.text.strip():
            yield _Piece(start + chunk.start, start + chunk.end, Load.of_text(chunk.text))
