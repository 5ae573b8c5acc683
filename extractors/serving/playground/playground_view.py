"""A record that the service has given, with the text that was sent -> what the playground's page shows of it. Pure."""

from __future__ import annotations

from slotfill.extractors.extractions.loading import check_record
from slotfill.extractors.viewing.record_view import document_entry, record_view
from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject

__all__ = ["playground_view"]


def playground_view(record: JSONMapping, text: str) -> JSONObject:
    """Return `{"view", "entry"}`: a document's data, as `record_view` gives it, and what its row in a list needs.

    Args:
        record: The record, as plain JSON data. It may be anybody's.
        text: The text that it is of.

    Raises:
        InputError: It is no record.
    """
    check_record(record)
    view = record_view(record, text)
    return {"view": view, "entry": document_entry(view)}
