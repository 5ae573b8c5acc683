"""Documents whose values are known: orders, and a script that reads them as they are meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from slotfill.extractors.testing.replies import Script
from slotfill.schemas.verbatim import Verbatim

__all__ = ["Case", "Order", "as_meant", "orders"]

CUSTOMERS = ("Ada Byron", "Émilie du Châtelet", "Grace Hopper", "王貞儀", "Mary Somerville")
ARTICLES = ("desk lamp", "folding chair", "oak shelf", "blue rug", "wall clock", "mirror", "stool")
MOODS = ("pleased", "angry", "neutral")


class Line(BaseModel):
    """One article of an order."""

    model_config = ConfigDict(extra="forbid")

    article: Verbatim
    pieces: Annotated[int, Field(ge=1, le=999)]
    price: float | None


class Order(BaseModel):
    """Read who orders what, and in which mood. A price that is not told is null."""

    model_config = ConfigDict(extra="forbid")

    customer: Verbatim
    mood: Literal["pleased", "angry", "neutral"]
    urgent: bool
    lines: list[Line]
    wish: str


@dataclass(frozen=True, slots=True)
class Case:
    """A document, and the value that it holds."""

    text: str
    truth: Mapping[str, Any]


def orders(count: int) -> list[Case]:
    """Make so many documents, no two alike; each fault finds a place in each, but for those of other forms."""
    return [_order(number) for number in range(count)]


def _order(number: int) -> Case:
    lines = [
        {
            "article": f"{ARTICLES[(number + at) % len(ARTICLES)]} {number}-{at}",
            "pieces": 1 + (number + at) % 9,
            "price": None if at else 12.5 + number,
        }
        for at in range(1 + number % 3)
    ]
    customer, mood = CUSTOMERS[number % len(CUSTOMERS)], MOODS[number % len(MOODS)]
    wish = f'wants the "{("fast", "cheap")[number % 2]}" delivery'
    truth = {"customer": customer, "mood": mood, "urgent": number % 2 == 0, "lines": lines, "wish": wish}
    told = "; ".join(f"{line['pieces']} x {line['article']} at {line['price'] or 'the usual price'}" for line in lines)
    return Case(f"Order {number}. {customer}, {mood}, writes: please send {told}. The customer {wish}.", truth)


def as_meant(cases: Iterable[Case]) -> Script:
    """Say what each document holds; of a part that is asked for again, that part alone."""
    truths = {case.text: case.truth for case in cases}
    return lambda asked: _part(truths[asked.document], asked.schema or {})


def _part(truth: Any, schema: Mapping[str, Any]) -> Any:
    """Give what a schema's properties ask of a value; items of a list are asked for by their index."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    if not properties:
        return truth
    return {key: _part(truth[int(key) if isinstance(truth, list) else key], part) for key, part in properties.items()}
