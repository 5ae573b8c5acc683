"""What a reader in a process of its own is sent, and gives: a line of JSON, and the bytes that it speaks of.

JSON and no pickles: what comes from a process whose C libraries have read anybody's file is data, and never code.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import IO, NamedTuple

from slotfill.extractors.documents.pdf_pages import PDFPages
from slotfill.extractors.documents.place_map import PlaceMap, Stretch
from slotfill.extractors.documents.readers.read_options import ReadOptions
from slotfill.extractors.documents.readers.read_text import NestedFile, ReadText
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = ["Frame", "options_frame", "options_from", "part_frame", "part_from", "read_frame", "write_frame"]


class Frame(NamedTuple):
    """A JSON object, and bytes beside it."""

    head: JSONObject
    blobs: tuple[bytes, ...] = ()


def write_frame(file: IO[bytes], frame: Frame) -> None:
    """Write a frame, and see that it leaves."""
    file.write(json.dumps({**frame.head, "sizes": [*map(len, frame.blobs)]}).encode() + b"\n")
    file.writelines(frame.blobs)
    file.flush()


def read_frame(file: IO[bytes]) -> Frame | None:
    """Read a frame; None where no more comes. Raises ValueError for what is none."""
    line = file.readline()
    if not line.endswith(b"\n"):
        return None
    head = json.loads(line)
    blobs = tuple(file.read(size) for size in head.pop("sizes"))
    return Frame(head, blobs)


def options_frame(options: ReadOptions) -> JSONObject:
    """Write options as JSON."""
    return asdict(options)


def options_from(stored: JSONMapping) -> ReadOptions:
    """Read them."""
    return ReadOptions(**{**stored, "pages": tuple(tuple(stretch) for stretch in stored["pages"])})


def part_frame(part: ReadText | NestedFile) -> Frame:
    """Write what a reader gave."""
    if isinstance(part, NestedFile):
        return Frame({"nested": part.name, "encoding": part.encoding, "media_type": part.media_type}, (part.data,))
    head = {
        "text": part.text,
        "name": part.name,
        "digest": part.digest,
        "warning": part.warning,
        "failure": part.failure and [part.failure.type.value, part.failure.message],
        "stretches": part.places.stretches,
        "pages": [[pages.numbers, pages.start, pages.end] for pages in part.pages],
    }
    return Frame(head, (part.places.boxes, *(pages.data for pages in part.pages)))


def part_from(frame: Frame) -> ReadText | NestedFile:
    """Read what a reader gave."""
    head, (first, *others) = frame
    if "nested" in head:
        return NestedFile(head["nested"], first, head["encoding"], head["media_type"])
    failure = head["failure"] and Failure(FailureKind(head["failure"][0]), head["failure"][1])
    places = PlaceMap(tuple(Stretch(*stretch) for stretch in head["stretches"]), first)
    return ReadText(
        text=head["text"],
        places=places,
        name=head["name"],
        pages=_pages(head["pages"], others),
        failure=failure,
        digest=head["digest"],
        warning=head["warning"],
    )


def _pages(stored: Sequence[JSON], blobs: Sequence[bytes]) -> tuple[PDFPages, ...]:
    return tuple(
        PDFPages(data, tuple(numbers), start, end) for (numbers, start, end), data in zip(stored, blobs, strict=True)
    )
