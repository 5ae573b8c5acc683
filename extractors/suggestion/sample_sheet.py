"""Samples: some documents as one, each between marks of its own that name it.

They are asked about together. What a model calls a field of one sample it would call otherwise in the next; which
fields all samples have, and which labels there are, shows only beside one another; and one request costs less.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from slotfill.extractors.documents.document import Document

__all__ = ["MOST_CHARS", "MOST_SAMPLES", "SampleSheet", "read_samples"]

MOST_SAMPLES = 20
"""How many samples are looked at: more of them cost more than they show."""

MOST_CHARS = 60_000
"""How many characters of all samples together, some 15,000 tokens."""


@dataclass(frozen=True, slots=True)
class SampleSheet:
    """The samples that a schema is proposed from.

    Attributes:
        documents: Those that can be read, whole.
        notes: What of the input is left out, a sentence each.
    """

    documents: tuple[Document, ...]
    notes: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """What is looked at of each sample: of long ones the beginning."""
        return _cut([document.text for document in self.documents])

    def as_one(self) -> Document:
        """Return one document of all samples."""
        texts = self.texts
        mark = _mark("".join(texts))
        parts = (
            f"<{mark}-{number} of={len(texts)}{_name(document)}>\n{text}\n</{mark}-{number}>"
            for number, (document, text) in enumerate(zip(self.documents, texts, strict=True), 1)
        )
        return Document.of("\n\n".join(parts), "samples")


def read_samples(documents: Iterable[Document]) -> SampleSheet:
    """Take the first samples of the input that hold a text, each once."""
    first = [*islice(documents, MOST_SAMPLES + 1)]
    notes = [f"only the first {MOST_SAMPLES} samples are looked at"] if len(first) > MOST_SAMPLES else []
    by_id: dict[str, Document] = {}
    for document in first[:MOST_SAMPLES]:
        if problem := _problem(document, by_id):
            notes.append(f"{document.source or 'a sample'}: {problem}")
        else:
            by_id[document.id] = document
    if sum(len(document.text) for document in by_id.values()) > MOST_CHARS:
        notes.append(f"of long samples the beginnings are looked at, {MOST_CHARS:,} characters in all")
    return SampleSheet((*by_id.values(),), (*notes,))


def _problem(document: Document, others: dict[str, Document]) -> str:
    if document.failure:
        return f"{document.failure.message}: left out"
    if not document.text.strip():
        return "pages without a text: left out (--pdf ocr reads them)"
    return "the same text as another sample: left out" if document.id in others else ""


def _cut(texts: Sequence[str]) -> tuple[str, ...]:
    """Cut the longest texts to one length, so that all together have room; short ones stay whole."""
    room, length = MOST_CHARS, MOST_CHARS
    for number, size in enumerate(sorted(map(len, texts))):
        length = room // (len(texts) - number)
        if size > length:
            break
        room -= size
    else:
        return (*texts,)
    return tuple(text[:length] for text in texts)


def _mark(text: str) -> str:
    """Return a mark that stands in no sample, so that none can close its own."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    while (mark := f"sample-{digest[:12]}") in text:
        digest = hashlib.sha256(digest.encode()).hexdigest()
    return mark


def _name(document: Document) -> str:
    """Write the name of a sample as it can do no harm."""
    name = "".join(_letters(document.source or ""))
    return f" name={name}" if name else ""


def _letters(name: str) -> Iterator[str]:
    return (letter if letter.isalnum() or letter in "._-/#" else "_" for letter in name[-80:])
