"""Documents whose values are known: orders, short and long ones, and a script that reads them as they are meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from slotfill.extractors.testing.simulator.replies import Script
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.verbatim import Verbatim

__all__ = ["AliasedOrder", "Case", "Order", "as_meant", "order", "orders"]

CUSTOMERS = ("Ada Byron", "Émilie du Châtelet", "Grace Hopper", "王貞儀", "Mary Somerville")
ARTICLES = ("desk lamp", "folding chair", "oak shelf", "blue rug", "wall clock", "mirror", "stool")
MOODS = ("pleased", "angry", "neutral")
NOTE = (
    "Note {0}-{1}, kept with the order: the line was busy and the caller was asked to hold. "
    "Nothing that was spoken of while they waited is part of it, and the call went on after a while."
)
"""What stands between the passages of a long document, and says nothing; no two are alike."""


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


class AliasedOrder(Order):
    """Read who orders what, and in which mood. A price that is not told is null."""

    wish: str = Field(alias="the wish")  # no grammar and no tool takes a key with a space: it is asked for in text


@dataclass(frozen=True, slots=True)
class Case:
    """A document, and what it says.

    passages: of the document, each with the part of the value that it states. Lists are stated item by item.
    """

    text: str
    passages: Sequence[tuple[str, JSONMapping]]

    @property
    def truth(self) -> JSONObject:
        """The value that the whole document holds."""
        return self.stated_in(self.text)

    def stated_in(self, chunk: str) -> JSONObject:
        """Return the part of the value that a chunk of the document holds: that of each passage that it holds whole."""
        value: JSONObject = {"lines": []}
        for passage, part in self.passages:
            if passage in chunk:
                lines = [*value["lines"], *part.get("lines", ())]
                value |= {**part, "lines": lines}
        return value


def orders(count: int) -> list[Case]:
    """Make so many short documents, no two alike; each fault finds a place in each, but for those of other forms."""
    return [*map(order, range(count))]


def order(number: int, *, model: type[Order] = Order, long: bool = False) -> Case:
    """Make one of them, its value as a model spells its keys.

    long: some 800 to 1,400 characters, with what says nothing between the passages.
    """
    customer, mood = CUSTOMERS[number % len(CUSTOMERS)], MOODS[number % len(MOODS)]
    wish = f'wants the "{("fast", "cheap")[number % 2]}" delivery'
    wish_key = model.model_fields["wish"].alias or "wish"
    passages: list[tuple[str, JSONMapping]] = [
        (f"{customer}, {mood}, writes", {"customer": customer, "mood": mood, "urgent": number % 2 == 0}),
        *((_sentence(line), {"lines": [line]}) for line in _lines(number)),
        (f"The customer {wish}.", {wish_key: wish}),
    ]
    notes = [f"\n\n{NOTE.format(number, at)}\n\n" if long else "" for at in range(len(passages))]
    first, *lines, last = (note + passage for note, (passage, _) in zip(notes, passages, strict=True))
    return Case(f"Order {number}. {first}: please send {'; '.join(lines)}. {last}", passages)


def _lines(number: int) -> list[JSONObject]:
    return [
        {
            "article": f"{ARTICLES[(number + at) % len(ARTICLES)]} {number}-{at}",
            "pieces": 1 + (number + at) % 9,
            "price": None if at else 12.5 + number,
        }
        for at in range(1 + number % 3)
    ]


def _sentence(line: JSONMapping) -> str:
    return f"{line['pieces']} x {line['article']} at {line['price'] or 'the usual price'}"


def as_meant(cases: Sequence[Case]) -> Script:
    """Say what each document holds; of a chunk, what stands in it; of a part that is asked for again, that part."""
    return lambda request: _part(_about(request.document, cases).stated_in(request.document), request.schema or {})


def _about(document: str, cases: Sequence[Case]) -> Case:
    """Return the case that a document, or a chunk of one, is of. Raises LookupError where there is none."""
    for case in cases:
        if document in case.text:
            return case
    raise LookupError(document)


def _part(truth: JSON, schema: JSONMapping) -> JSON:
    """Return what a schema's properties ask of a value, as far as it has it; items of a list are asked for by index."""
    properties: JSONMapping = schema.get("properties", {})
    if not properties:
        return truth
    if isinstance(truth, list):
        return {key: _part(truth[int(key)], part) for key, part in properties.items()}
    return {key: _part(truth[key], part) for key, part in properties.items() if key in truth}
