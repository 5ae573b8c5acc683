"""What a reader gives of a file: texts, and the files within it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from slotfill.extractors.documents.pdf_pages import PDFPages
from slotfill.extractors.documents.place_map import NO_PLACES, PlaceMap
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.record.failure_kinds import Failure

__all__ = ["NestedFile", "ReadText", "Reader"]


@dataclass(frozen=True, slots=True)
class ReadText:
    """One text of a file, as a person reads it.

    Attributes:
        text: The text; "" where it failed.
        places: Where it stands in the file.
        name: What names it within its file, such as a sheet; "" for what is all of the file.
        pages: What is to be sent as it is.
        failure: Why it cannot be read.
        digest: What a text that failed is known by: the hash of its bytes, SHA-256, hex.
        warning: What of the file is not in the text, and nothing else tells; "" for nothing.
    """

    text: str = ""
    places: PlaceMap = field(default=NO_PLACES, repr=False)
    name: str = ""
    pages: tuple[PDFPages, ...] = ()
    failure: Failure | None = None
    digest: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class NestedFile:
    """A file within a file, which is read by its own kind.

    Attributes:
        name: Its own name, such as `offer.pdf`, by which its kind is told, too.
        data: What it holds.
        encoding: What its text is in, where the file around it says so.
        media_type: What it is, where the file around it says so: a name that tells its kind goes first.
    """

    name: str
    data: bytes = field(repr=False)
    encoding: str | None = None
    media_type: str = ""


class Reader(Protocol):
    """Reads files of a kind.

    It runs in a process of its own, which opens no connection and writes no files but temporary ones.
    """

    def __call__(self, data: bytes, options: ReadOptions, /) -> Iterator[ReadText | NestedFile | None]:
        """Read a file's bytes.

        Args:
            data: What the file holds.
            options: How it is to be read.

        Yields:
            Its texts, and files within it where `options` asks for them. None now and then, to say that it goes on: one
            that is silent for long is ended.

        Raises:
            ReadError: The whole file is unreadable.
        """
