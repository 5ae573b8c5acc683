"""Grounding: where in the document each value of an extraction stands.

A string is sought as it is, then normalised, then as a date or number written otherwise, then fuzzily; one that stands
nowhere is `absent`. A number is sought in all its surface forms, and gets no span where it has none. What is chosen
and not read gets none either: values of an `enum` or `const`, booleans, confidences, and numbers on a scale of a few
steps. A `FreeText` gets one where it was copied, as it is or normalised.

A value that stands in several places is placed by order and context: items of a list one after the other, and the
values of one object close together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from slotfill.extractors.grounding.fuzzy import fuzzy
from slotfill.extractors.grounding.occurrences import Occurrences
from slotfill.extractors.grounding.surface_forms import date_places, number_places
from slotfill.extractors.record.parts import Span
from slotfill.schemas.json_schema.value_walk import ApplicableSchemas, ValueNode, walk
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.marks.confidence import CONFIDENCE_KEYWORD
from slotfill.schemas.marks.free_text import is_free_text
from slotfill.schemas.passages.folding import Where, widen
from slotfill.schemas.passages.passages import exact, normalised

__all__ = ["ground"]

STEPS = 10
"""A number whose least and greatest value are so near to each other is judged on a scale, not read."""

GREATEST = 10**40
"""A number beyond it stands in no text."""

_ABSENT = Span(None, None, "absent")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ].*)?", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,40}(?:\.\d{1,40})?", re.ASCII)

Scalar = str | int | float


def ground(data: JSON, document: str, json_schema: JSONMapping) -> dict[str, Span]:
    """Find where the values of an extraction stand, by JSON Pointer.

    data: the value as plain JSON, unwrapped, that fits the JSON Schema.
    """
    groups = _groups(data, json_schema)
    mentions = _mentions({scalar for group in groups for scalar in group.scalars.values()}, document)
    spans: dict[str, Span] = {}
    for group in groups:
        spans |= group.place(mentions)
    return spans


@dataclass(slots=True)
class _Order:
    """How far the items of a list have come in the document: at first, as far as the object around the list."""

    around: _Order | None = None
    reached: int | None = None

    @property
    def at(self) -> int:
        if self.reached is None:
            self.reached = self.around.at if self.around else 0
        return self.reached


@dataclass(frozen=True, slots=True)
class _Group:
    """Values that belong together, by JSON Pointer: those of one object, or one item of a list.

    `free_texts` are the pointers of those in the model's own words: no misquotes of what they are like.
    """

    scalars: dict[str, Scalar]
    order: _Order
    free_texts: set[str] = field(default_factory=set)

    def place(self, mentions: Mapping[Scalar, Occurrences]) -> dict[str, Span]:
        """Place the rarest value in the list's order, and the others near it."""
        found = {
            path: mentions[value]
            for path, value in self.scalars.items()
            if value in mentions and not (path in self.free_texts and mentions[value].match == "fuzzy")
        }
        spans = {
            path: _ABSENT
            for path, value in self.scalars.items()
            if path in found or (isinstance(value, str) and path not in self.free_texts)
        }
        if found:
            rarest = min(found, key=lambda path: len(found[path].places))
            spans[rarest] = anchor = found.pop(rarest).take(after=self.order.at)
            self.order.reached = anchor.start
            spans |= {path: places.take_near(anchor) for path, places in found.items()}
        return spans


def _groups(data: JSON, json_schema: JSONMapping) -> list[_Group]:
    """Part the values that may stand in a document into groups."""
    groups: dict[ValueNode | None, _Group] = {None: _Group({}, _Order())}
    for node in walk(data, json_schema):
        around = groups[node.parent]
        in_object = node.parent is not None and isinstance(node.parent.value, dict)
        if isinstance(node.value, list) and in_object:
            groups[node] = _Group({}, _Order(around.order))
        elif isinstance(node.value, dict | list):
            groups[node] = _Group({}, around.order)
        elif node.schemas.remember(_Choice.of).leaves_open(node.value):
            group = around if in_object else groups.setdefault(node, _Group({}, around.order))
            group.scalars[node.pointer] = node.value
            if node.schemas.remember(is_free_text):
                group.free_texts.add(node.pointer)
    return [group for group in groups.values() if group.scalars]


@dataclass(frozen=True, slots=True)
class _Choice:
    """What a schema has its reader choose: one of some values, a step of a scale."""

    values: tuple[JSON, ...]
    is_scale: bool

    @classmethod
    def of(cls, schemas: ApplicableSchemas) -> _Choice:
        values = (value for form in schemas for value in (*form.get("enum", ()), form.get("const")))
        return cls(tuple(values), any(map(_is_scale, schemas)))

    def leaves_open(self, value: JSON) -> bool:
        """Whether a value may be read in a document: it is a string or a number, and not chosen by the reader."""
        if isinstance(value, bool) or not isinstance(value, str | int | float) or value in self.values:
            return False
        return isinstance(value, str) or (-GREATEST < value < GREATEST and not self.is_scale)


def _is_scale(form: JSONMapping) -> bool:
    least, most = (form.get(f"{side}imum", form.get(f"exclusive{side.capitalize()}imum")) for side in ("min", "max"))
    bounded = isinstance(least, int | float) and isinstance(most, int | float)
    return CONFIDENCE_KEYWORD in form or (bounded and most - least <= STEPS)


def _mentions(values: set[Scalar], document: str) -> dict[Scalar, Occurrences]:
    """Find all places of each value that stands anywhere."""
    found: dict[Scalar, Occurrences] = {}
    for value in values:
        if isinstance(value, str) and (places := exact(value, document) or normalised(value, document)):
            found[value] = Occurrences(document, value, places, "normalised")
    for value, places in _written_otherwise(values - found.keys(), document).items():
        found[value] = Occurrences(document, str(value), places, "normalised")
    for value in values - found.keys():
        if isinstance(value, str) and (places := fuzzy(value, document)):
            found[value] = Occurrences(document, value, places, "fuzzy")
    return found


def _written_otherwise(values: set[Scalar], document: str) -> dict[Scalar, list[Where]]:
    """Find the places of dates and numbers by their surface forms."""
    days = {value: day for value in values if (day := _date_of(value))}
    amounts = {value: amount for value in values if (amount := _number_of(value)) is not None}
    of_days, of_amounts = date_places(document, set(days.values())), number_places(document, set(amounts.values()))
    places = {value: of_days.get(day, []) for value, day in days.items()}
    places |= {value: of_amounts.get(amount, []) for value, amount in amounts.items()}
    return {value: [widen(document, where) for where in found] for value, found in places.items() if found}


def _date_of(value: Scalar) -> date | None:
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def _number_of(value: Scalar) -> Decimal | None:
    return Decimal(str(value)) if not isinstance(value, str) or _NUMBER.fullmatch(value) else None
