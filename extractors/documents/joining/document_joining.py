"""Joining: several documents, or passages of documents, as one text to extract from.

Each value of what is extracted is traced to the text that it stands in, by the `place` of its span.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import nan

from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.place_map import PlaceMap, Stretch
from slotfill.extractors.errors import InputError
from slotfill.extractors.record.failure_kinds import EMPTY
from slotfill.extractors.record.joined_inputs import JoinedInput, unread_inputs

__all__ = ["SEPARATOR", "Passage", "join_documents", "join_passages"]

SEPARATOR = "\n\n----\n\n"
"""What stands between two texts: a model sees that one ends there, and no sentence goes on behind it."""

_NOT_DRAWN = array("f", [nan] * 4).tobytes()
"""The box of a code point that stands on no page."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of a document, as a retriever finds it.

    Attributes:
        text: The passage itself.
        source: What its document is called; None where nobody knows.
        start: The code point of the document at which it begins, from 0.
    """

    text: str
    source: str | None = None
    start: int = 0


def join_passages(
    passages: Iterable[str | Passage | Document], *, source: str | None = None, separator: str = SEPARATOR
) -> Document:
    """Join what was retrieved, in its order, into one document to extract from.

    Args:
        passages: Texts, passages of documents, or whole documents; the one that fits best had better come first.
        source: What errors and records call the whole.
        separator: What stands between two of them.

    Returns:
        The document. The span of each value has a `place` in it: `{"source": "a.md", "start": 12, "end": 40}`.

    Raises:
        InputError: There is nothing to join, or a passage begins before its document.
        TypeError: One of them is no text.
    """
    if isinstance(passages, str | Passage | Document):
        raise TypeError("join_passages takes several passages: put this one into a list")
    numbered = [*enumerate(passages, 1)]
    documents = [(_document_of(passage, number), _start_of(passage)) for number, passage in numbered]
    return _joined(documents, source, separator)


def join_documents(documents: Iterable[Document], source: str | None = None) -> Document:
    """Join whole documents, in their order. One that could not be read is named among the `inputs`.

    Raises InputError where there are none.
    """
    numbered = enumerate(documents, 1)
    named = (replace(one, source=one.source or f"text {number}") for number, one in numbered)
    return _joined([(one, 0) for one in named], source, SEPARATOR)


def _document_of(passage: object, number: int) -> Document:
    match passage:
        case Document():
            return replace(passage, source=passage.source or f"passage {number}")
        case Passage():
            if passage.start < 0:
                raise InputError(f"passage {number} begins at {passage.start}: offsets count from 0")
            return Document.of(passage.text, passage.source or f"passage {number}")
        case str():
            return Document.of(passage, f"passage {number}")
    raise TypeError(f"passage {number} is of type {type(passage).__name__}: pass a text, a Passage or a Document")


def _start_of(passage: object) -> int:
    return passage.start if isinstance(passage, Passage) else 0


def _joined(parts: Sequence[tuple[Document, int]], source: str | None, separator: str) -> Document:
    if not parts:
        raise InputError("there is nothing to join: name at least one text")
    inputs, texts, length = list[JoinedInput](), list[Document](), 0
    for part, offset in parts:
        if part.failure is not None:
            inputs.append(JoinedInput(part.source or "", part.id, None, None, offset, part.failure))
            continue
        start = length + (len(separator) if texts else 0)
        length = start + len(part.text)
        inputs.append(JoinedInput(part.source or "", part.id, start, length, offset))
        texts.append(part)
    digest = hashlib.sha256(json.dumps([separator, *(one.to_json() for one in inputs)]).encode()).hexdigest()
    if not texts:
        failure = unread_inputs(inputs) or EMPTY
        return Document("", digest, source, failure, inputs=tuple(inputs))
    starts = [one.start for one in inputs if one.start is not None]
    return Document(
        text=separator.join(one.text for one in texts),
        id=digest,
        source=source,
        places=_places(texts, starts, length),
        pages=tuple(pages.moved(start) for one, start in zip(texts, starts, strict=True) for pages in one.pages),
        inputs=tuple(inputs),
    )


def _places(texts: Sequence[Document], starts: Sequence[int], length: int) -> PlaceMap:
    """Say of the whole where in their files the texts stand that have places."""
    stretches = [
        Stretch(one.start + start, one.end + start, one.place)
        for text, start in zip(texts, starts, strict=True)
        for one in text.places.stretches
    ]
    if not any(text.places.boxes for text in texts):
        return PlaceMap(tuple(stretches))
    boxes = bytearray(_NOT_DRAWN * length)
    for text, start in zip(texts, starts, strict=True):
        size = len(_NOT_DRAWN)
        boxes[start * size : start * size + len(text.places.boxes)] = text.places.boxes
    return PlaceMap(tuple(stretches), bytes(boxes))
