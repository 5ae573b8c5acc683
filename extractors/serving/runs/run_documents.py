"""The documents of a run: those that came as JSON, and files that were sent, read as the command line reads them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.files import File
from slotfill.extractors.documents.readers.kinds import known_suffix
from slotfill.extractors.documents.rows.row_fields import RowFields
from slotfill.extractors.documents.sources import Sources
from slotfill.extractors.errors import InputError
from slotfill.extractors.serving.runs.run_order import RunOrder
from slotfill.extractors.serving.runs.run_store import INPUT

__all__ = ["TooManyDocumentsError", "run_documents", "run_sources", "write_documents"]

_DOCUMENTS = "documents.jsonl"
"""Where documents that came as JSON stand."""


class TooManyDocumentsError(InputError):
    """More documents than a run may have."""

    def __init__(self, most: int) -> None:
        super().__init__(f"a run may have {most:,} documents: part it, or start the service with more --run-documents")


@dataclass(frozen=True, slots=True)
class _Upload(File):
    """A file that was sent, by the name that it had there, and the media type that it was said to be of."""

    sent_as: str
    sent_type: str

    @property
    def name(self) -> str:
        return self.sent_as

    @property
    def suffix(self) -> str:
        return known_suffix(self.sent_as, self.sent_type)

    @property
    def media_type(self) -> str:
        return self.sent_type


def write_documents(folder: Path, documents: Iterable[tuple[str, str | None]]) -> None:
    """Write documents that came as JSON, each its text and what it is called."""
    with (folder / _DOCUMENTS).open("w", encoding="utf-8", newline="\n") as file:
        for text, name in documents:
            file.write(json.dumps({"text": text, "id": name}))
            file.write("\n")


def run_sources(order: RunOrder, folder: Path) -> Sources:
    """Return the files that were sent, to be read.

    Args:
        order: What was asked for.
        folder: Where they stand.

    Raises:
        InputError: Rows have not the fields that were named.
    """
    uploads = tuple(_Upload(str(folder / file.stored), file.name, file.media_type) for file in order.files)
    sources = Sources(uploads, several=True, fields=RowFields.of(order.text_field, order.id_field, order.keep))
    sources.check()
    return sources


def run_documents(order: RunOrder, folder: Path, *, most: int, takes_pages: bool) -> Iterator[Document]:
    """Yield the documents of a run, always the same in the same order.

    Args:
        order: What was asked for.
        folder: The run's.
        most: So many it may have.
        takes_pages: Whether the model looks at pages of a PDF as they are.

    Raises:
        InputError: They cannot be read, or are more.
    """
    stored = folder / INPUT
    if order.files:
        documents: Iterable[Document] = run_sources(order, stored).for_model(takes_pages=takes_pages)
    else:
        documents = _written(stored / _DOCUMENTS)
    for number, document in enumerate(documents):
        if number == most:
            raise TooManyDocumentsError(most)
        yield document


def _written(path: Path) -> Iterator[Document]:
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for line in file:
                row = json.loads(line)
                yield Document.of(row["text"], row["id"])
    except OSError as error:
        raise InputError(f"the run's documents cannot be read: {error.strerror or error}") from None
