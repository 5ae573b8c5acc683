"""A sink: where results go, and what of a record is written: its value alone, with its source, or all of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Self

from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = ["Record", "RecordView", "Sink", "column_of", "placed_value", "sourced_value", "value", "whole"]

Record = JSONMapping
"""A record as plain JSON data, as `Extraction.to_json` gives it and a ledger holds it."""

RecordView = Callable[[Record], JSON]
"""What of a record is written: `value`, what `sourced_value` gives, or `whole`."""


def value(record: Record) -> JSON:
    """Return the value alone, null where there is none."""
    return record["value"]


def sourced_value(keep: Sequence[str] = ()) -> RecordView:
    """Return what shows the value and where its document was read. keep: the columns between the two."""

    def view(record: Record) -> JSONObject:
        if not keep:
            return {"source": record["document"]["source"], "value": record["value"]}
        columns = {name: column_of(record, name) for name in keep}
        return {"source": record["document"]["source"], **columns, "value": record["value"]}

    return view


def placed_value(record: Record) -> JSONObject:
    """Return the value, where it was read, and where each part of it stands in which text, by JSON Pointer."""
    places = {path: span["place"] for path, span in record["spans"].items() if span.get("place")}
    return {"source": record["document"]["source"], "value": record["value"], "places": places}


def column_of(record: Record, name: str) -> JSON:
    """Return what is carried along of a document's row under a name, null for nothing."""
    return record["document"].get("columns", {}).get(name)


def whole(record: Record) -> Record:
    """Return all of it."""
    return record


class Sink(ABC):
    """Takes records in the order of their documents.

    What was written is kept by `commit`; leaving the context without one leaves an older output as it was.

    live: whether what is written shows at once, and is to be written as soon as it is there.
    """

    live = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    @abstractmethod
    def write(self, record: Record) -> None:
        """Take one record. Raises OutputError when it cannot be kept."""

    def commit(self, *, complete: bool) -> None:  # noqa: B027 - a sink that keeps each value at once has nothing to do
        """Keep what was written. A run that was stopped before it wrote anything keeps nothing."""

    def discard(self) -> None:  # noqa: B027 - likewise
        """Drop what was not committed."""
