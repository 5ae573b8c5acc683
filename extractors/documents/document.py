"""A document: one text, known by its hash, and where it stands in the file that it was read from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from os import PathLike
from typing import TYPE_CHECKING, Unpack

from slotfill.extractors.documents.pdf_pages import PDFPages, page_list
from slotfill.extractors.documents.place_map import NO_PLACES, PlaceMap
from slotfill.extractors.documents.readers.read_options import ReadKeywords, ReadOptions
from slotfill.extractors.errors import InputError
from slotfill.extractors.record.failure_kinds import EMPTY, Failure, FailureKind
from slotfill.extractors.record.joined_inputs import JoinedInput, place_in_inputs
from slotfill.extractors.record.parts import Span
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.passages.quotable import IncompleteText

if TYPE_CHECKING:
    from slotfill.extractors.documents.readers.read_text import ReadText

__all__ = ["Document"]


@dataclass(frozen=True)
class Document:
    """One text to extract from.

    Attributes:
        text: The text itself; spans count its code points.
        id: SHA-256 of the text in UTF-8, hex; with the hashes of its pages, where some are sent as they are; of the
            bytes where they are no text.
        source: Where it was read, `reviews/17.txt` or `reviews.jsonl#12`; None for a text from memory.
        failure: Why it cannot be read; its text is then "".
        places: Where in the file its text stands.
        pages: What is sent as it is, beside the text or in place of parts of it.
        columns: What else of its row is carried into the output.
        inputs: What it was joined of, where it is of several texts.
    """

    text: str
    id: str
    source: str | None = None
    failure: Failure | None = None
    places: PlaceMap = field(default=NO_PLACES, repr=False)
    pages: tuple[PDFPages, ...] = ()
    columns: Mapping[str, JSON] = field(default_factory=dict)
    inputs: tuple[JoinedInput, ...] = ()

    @classmethod
    def of(cls, text: str, source: str | None = None) -> Document:
        """Make a document of a text.

        Args:
            text: Any text. One that is empty or white space alone, or that no encoding can carry (half a surrogate
                pair), makes a document that failed.
            source: What errors and records name it by.

        Returns:
            The document, its id being the text's hash.
        """
        try:
            data = text.encode()
        except UnicodeEncodeError as error:
            message = f"holds half a surrogate pair at character {error.start}: it is no valid Unicode text"
            digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
            return cls("", digest, source, Failure(FailureKind.UNDECODABLE_DOCUMENT, message))
        digest = hashlib.sha256(data).hexdigest()
        return _readable(text, digest, source) if text.strip() else cls("", digest, source, EMPTY)

    @classmethod
    def unreadable(cls, source: str, failure: Failure, data: bytes = b"") -> Document:
        """Make a document that cannot be read. `data` is what was read of it."""
        return cls("", hashlib.sha256(data).hexdigest(), source, failure)

    @classmethod
    def of_file(cls, part: ReadText, source: str) -> Document:
        """Make a document of what a reader gave of a file. source: the file's name."""
        name = f"{source}#{part.name}" if part.name else source
        if part.failure:
            return cls("", part.digest, name, part.failure)
        plain = cls.of(part.text, name)
        if plain.failure and not (plain.failure is EMPTY and part.pages):
            return plain
        return cls(part.text, _identity(plain.id, part.pages), name, None, part.places, part.pages)

    @property
    def pages_without_text(self) -> tuple[int, ...]:
        """The numbers of the pages that are sent as they are and of which no text is known: scans."""
        return tuple(number for pages in self.pages for number in self._without_text(pages))

    @property
    def page_count(self) -> int:
        """How many pages are sent as they are."""
        return sum(len(pages.numbers) for pages in self.pages)

    @property
    def text_beside_pages(self) -> str:
        """The text that is sent: without that which the pages hold themselves."""
        if not self.pages:
            return self.text
        ends = (0, *(pages.end for pages in self.pages))
        starts = (*(pages.start for pages in self.pages), len(self.text))
        return "".join(self.text[end:start] for end, start in zip(ends, starts, strict=True))

    @property
    def quotable(self) -> str:
        """The text, for validators; one that is known to lack something accepts any quote."""
        return IncompleteText(self.text) if self.pages_without_text else self.text

    def excerpt(self, start: int, end: int, pages: tuple[PDFPages, ...]) -> Document:
        """Return a part of it as a document of its own: its text from `start` up to `end`, and some of its pages."""
        text = self.text[start:end]
        if not pages:
            return Document.of(text)
        moved = tuple(one.moved(-start) for one in pages)
        places = self.places.within(start, end) if self.places else NO_PLACES
        return Document(text, _identity(Document.of(text).id, moved), places=places, pages=moved)

    def with_places(self, spans: Mapping[str, Span]) -> Mapping[str, Span]:
        """Say of spans in the text where in the file they are, and of values that stand nowhere where they may be."""
        unread = self.pages_without_text
        if not self.places and not unread and not self.inputs:
            return spans
        has = "has" if len(unread) == 1 else "have"
        reason = f"may stand on {page_list(unread)}, which {has} no text layer" if unread else None
        return {path: self._placed(span, reason) for path, span in spans.items()}

    def _placed(self, span: Span, reason: str | None) -> Span:
        if span.start is None or span.end is None:
            return replace(span, reason=reason)
        if self.inputs:
            return replace(span, place=place_in_inputs(self.inputs, span, self.places.place_of))
        return replace(span, place=self.places.place_of(span.start, span.end)) if self.places else span

    def _without_text(self, pages: PDFPages) -> tuple[int, ...]:
        """Of pages that are partly scans the places alone tell which have a text."""
        if pages.start == pages.end or not self.places:
            return pages.numbers if pages.start == pages.end else ()
        stretches = self.places.overlapping(pages.start, pages.end)
        with_text = {one.place.get("page") for one in stretches if one.start < one.end}
        return tuple(number for number in pages.numbers if number not in with_text)

    @classmethod
    def read(cls, path: str | PathLike[str], **options: Unpack[ReadKeywords]) -> Document:
        """Read the document that a file holds, as the command line reads it: a mail, a page, a PDF, an Office file.

        Args:
            path: The file.
            options: As those of the command line: `raw`, `encoding`, `pages`, `pdf`, `attachments`. See `ReadOptions`.

        Returns:
            The document. Whatever it cannot be read for is its `failure`.

        Raises:
            InputError: The file is not there, or holds several documents (`read_all` reads them).
        """
        return cls.read_only(path, ReadOptions.of(**options))

    @classmethod
    def read_all(cls, path: str | PathLike[str], **options: Unpack[ReadKeywords]) -> Iterator[Document]:
        """Read the documents that a file holds: the messages of an mbox, the sheets of a workbook, attachments.

        Args:
            path: The file.
            options: As in `read`.

        Yields:
            The documents, in the file's order; at least one.

        Raises:
            InputError: The file is not there.
        """
        return cls._read(path, ReadOptions.of(**options))

    @classmethod
    def read_only(cls, path: str | PathLike[str], options: ReadOptions) -> Document:
        """Do what `read` does, by options that were checked."""
        first, *others = cls._read(path, options)
        if others:
            raise InputError(f"{str(path)!r} holds {len(others) + 1} documents: Document.read_all reads them")
        return first

    @classmethod
    def _read(cls, path: str | PathLike[str], options: ReadOptions) -> Iterator[Document]:
        from slotfill.extractors.documents.readers.read_file import read_path

        name, parts = read_path(path, options)
        return (cls.of_file(part, name) for part in parts)


def _readable(text: str, digest: str, source: str | None) -> Document:
    """Make a document of a text alone, as its constructor does in four times the time: a run makes a million of them.

    What is not set here is what the class itself says.
    """
    document = object.__new__(Document)
    parts = document.__dict__
    parts["text"], parts["id"], parts["source"], parts["columns"] = text, digest, source, {}
    return document


def _identity(text_id: str, pages: tuple[PDFPages, ...]) -> str:
    """Name a text and the pages that are sent with it."""
    if not pages:
        return text_id
    return hashlib.sha256("\n".join((text_id, *(one.digest for one in pages))).encode()).hexdigest()
