"""The texts that records are of: from the files that their sources name, or from a run's ledger; or why not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Unpack

from slotfill.extractors.catalogue.transport_facts import takes_pages
from slotfill.extractors.documents.readers.read_options import ReadKeywords
from slotfill.extractors.documents.sources import find_sources
from slotfill.extractors.errors import InputError, LedgerError
from slotfill.extractors.extractions.stored import may_be_at, own_file, read_document
from slotfill.extractors.runs.ledger.identity import placed_key
from slotfill.extractors.runs.ledger.ledger_records import retained_text
from slotfill.schemas.json_values.json_types import JSONMapping

__all__ = ["DocumentTexts", "FoundText"]

_FILES_AT_HAND = 8
"""So many files' texts are held at once: the rows of one mostly follow each other."""


@dataclass(frozen=True, slots=True)
class FoundText:
    """A document's text.

    Attributes:
        text: The text; None where it is not at hand.
        note: Why it is not, and how to give it.
        file: The file that it was read from; None where it is from a ledger, or is not at hand.
    """

    text: str | None = None
    note: str = ""
    file: str | None = None


class DocumentTexts:
    """Finds the texts of the records that stand in one place. A file is read once, however many rows it holds.

    Args:
        folder: Where sources start from: the folder of the records, unless another was named. They must lead below it,
            or below the working folder: a record of somebody else's leads to no other file.
        ledgers: Ledgers of their run, which hold texts if they were kept with `--retention all`.
        text_field: The field or column that holds a row's text.
        reading: How files were read: as in `Document.read`.
    """

    def __init__(
        self,
        folder: Path,
        ledgers: Iterable[Path] = (),
        *,
        text_field: str | None = None,
        **reading: Unpack[ReadKeywords],
    ) -> None:
        self._folder, self._ledgers = folder, tuple(ledgers)
        self._text_field, self._reading = text_field, reading
        self._texts_in = lru_cache(_FILES_AT_HAND)(self._read)

    def find(self, record: JSONMapping) -> FoundText:
        """Return the text of a record's document: letter for letter what was extracted from, by its hash."""
        retained = self._in_ledgers(record["document"])
        if retained is not None:
            return FoundText(retained)
        return self._in_files(record["document"], takes_pages=takes_pages(record["model"]))

    def may_be_in(self, path: str, record: JSONMapping) -> bool:
        """Whether a file, whose path has its links followed, may be what a record's document was read from."""
        return may_be_at(record["document"]["source"] or "", self._folder, path)

    def _in_ledgers(self, document: JSONMapping) -> str | None:
        key = placed_key(document["id"], bytes.fromhex(document.get("places") or ""))
        for ledger in self._ledgers:
            try:
                text = retained_text(ledger, key)
            except LedgerError:
                continue  # it may be in use, or of another version: there are files, too
            if text is not None:
                return text
        return None

    def _in_files(self, document: JSONMapping, *, takes_pages: bool) -> FoundText:
        source = document["source"]
        if document.get("inputs"):
            return self._joined(document)
        if not source or source == "-":
            return FoundText(note=_FROM_NOWHERE)
        try:
            path = own_file(source, self._folder, Path())
        except InputError:
            return FoundText(note=_not_there(source, self._folder))
        try:
            texts = self._texts_in(path, has_parts="#" in source, takes_pages=takes_pages)
        except InputError as error:
            return FoundText(note=f"{error}.")
        text = texts.get(document["id"])
        return FoundText(note=_changed(source)) if text is None else FoundText(text, file=path)

    def _joined(self, document: JSONMapping) -> FoundText:
        """Read what a document was joined of."""
        try:
            joined = read_document(
                {"document": document}, folder=self._folder, text_field=self._text_field, **self._reading
            )
        except InputError as error:
            return FoundText(note=f"{error}.")
        return FoundText(joined.text)

    def _read(self, path: str, *, has_parts: bool, takes_pages: bool) -> dict[str, str]:
        """Return the texts of a file, by their ids, read as it was for the model.

        has_parts: whether what is attached to a mail counts, too. takes_pages: whether scans were sent as pages.
        """
        reading: ReadKeywords = {**self._reading, "attachments": True} if has_parts else self._reading
        sources = find_sources((path,), text_field=self._text_field, **reading).for_model(takes_pages=takes_pages)
        return {document.id: document.text for document in sources if document.failure is None}


_FROM_NOWHERE = (
    "It was given from memory or by standard input: the record does not say where it is. A run with --retention all "
    "keeps texts in its ledger, from which they are shown."
)


def _not_there(source: str, folder: Path) -> str:
    beside = "" if folder.resolve() == Path.cwd() else f"{str(folder)!r} or "
    return (
        f"{source!r} is no regular file below {beside}the working folder. Name the folder that this path "
        "starts from with --documents FOLDER."
    )


def _changed(source: str) -> str:
    return (
        f"{source!r} is not the text that the record is of: it has changed since, or was read with other options "
        "(--pages, --pdf, --encoding, --raw, --text-field). Name them here, too, or extract it again."
    )
