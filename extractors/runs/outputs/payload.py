"""What of a record is written: its value alone, with its source, or all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["Payload", "Record", "sourced_value", "value", "whole"]

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
