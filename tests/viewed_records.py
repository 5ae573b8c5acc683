"""Records to look at: of a text and a value, as an extractor makes them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from slotfill import Document, Extractor
from slotfill.extractors.testing import SimulatedClaude


class OrderLine(BaseModel):
    what: str
    count: int


class Order(BaseModel):
    """An order."""

    order: str
    lines: list[OrderLine]
    notes: list[str]


ORDER_TEXT = "\U0001f600 Order 7 of 2026:\r\n2 chairs, 1 table. \u05e9\u05dc\u05d5\u05dd cafe\u0301"
ORDER_VALUE = {"order": "7", "lines": [{"what": "chairs", "count": 2}, {"what": "lamp", "count": 1}], "notes": []}


def record_of(text: str, value: Any, *, source: str | None = None, model: Any = Order) -> dict[str, Any]:
    """The record of a text of which a value was extracted."""
    claude = SimulatedClaude(lambda _: value)
    with Extractor(model, client=claude.client()) as extractor:
        return extractor.extract(Document.of(text, source)).to_json()
