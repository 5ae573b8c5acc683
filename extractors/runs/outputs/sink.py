"""A sink: where results go, and what of a record is written: its value alone, with its source, or all of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Self

__all__ = ["Payload", "Record", "Sink", "sourced_value", "value", "whole"]

Record = Mapping[str, Any]
"""A record as plain JSON data, as `Extraction.to_json` gives it and a ledger holds it."""

Payload = Callable[[Record], Any]
"""Gives what of a record is written, as JSON data."""


def value(record: Record) -> Any:
    """Give the value alone, null where there is none."""
    return record["value"]


def sourced_value(record: Record) -> dict[str, Any]:
    """Give the value and where its document was read."""
    return {"source": record["document"]["source"], "value": record["value"]}


def whole(record: Record) -> Record:
    """Give all of it."""
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
