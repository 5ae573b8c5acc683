"""Records with their texts, as a page shows them, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from slotfill.extractors.viewing.document_texts import DocumentTexts
from slotfill.extractors.viewing.record_view import is_from_tables, record_view
from slotfill.extractors.viewing.value_pages import PagePictures
from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject

__all__ = ["document_views"]


def document_views(
    records: Iterable[JSONMapping], texts: DocumentTexts, pictures: PagePictures
) -> Iterator[JSONObject]:
    """Yield the data of each record's document: see `record_view`."""
    for record in records:
        yield _view(record, texts, pictures)


def _view(record: JSONMapping, texts: DocumentTexts, pictures: PagePictures) -> JSONObject:
    if not record["document"]["chars"] and record["error"] and not is_from_tables(record):
        return record_view(record, text_note=f"It {record['error']['message']}.")
    found = texts.find(record)
    pages = pictures.draw(record, found.file) if found.file else ()
    return record_view(record, found.text, text_note=found.note, pages=pages)
