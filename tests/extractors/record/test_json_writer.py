"""What writes dataclasses as plain JSON data: by their fields' types, and with nothing lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import pytest

from slotfill.extractors.record.json_writer import NO_MEMBER, JSONForm, OmittedIf, WrittenBy
from slotfill.schemas.json_values.exact_json import loads
from slotfill.schemas.json_values.json_types import JSON


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Point(JSONForm):
    """A form within another."""

    x: int
    colour: Colour | None = None


@dataclass(frozen=True, slots=True)
class Form(JSONForm):
    """A field of each kind."""

    note: Annotated[int | None, OmittedIf(None)] = None
    data: Annotated[JSON, OmittedIf(NO_MEMBER)] = NO_MEMBER
    price: Decimal | None = None
    shout: Annotated[str, WrittenBy(str.upper)] = "a"
    points: tuple[Point, ...] = ()
    by_name: Mapping[str, tuple[Point, ...]] | None = None
    numbers: tuple[int, ...] | None = None


PLAIN = {"price": None, "shout": "A", "points": [], "by_name": None, "numbers": None}


@pytest.mark.parametrize(
    ("form", "data"),
    [
        (Form(), PLAIN),
        (Form(note=0, data=None), {"note": 0, "data": None} | PLAIN),
        (Form(price=Decimal("1E-7")), PLAIN | {"price": "0.0000001"}),
        (
            Form(points=(Point(1), Point(2, Colour.RED))),
            PLAIN | {"points": [{"x": 1, "colour": None}, {"x": 2, "colour": "red"}]},
        ),
        (
            Form(by_name={"a": (Point(3),), "b": ()}, numbers=(1, 2)),
            PLAIN | {"by_name": {"a": [{"x": 3, "colour": None}], "b": []}, "numbers": [1, 2]},
        ),
    ],
)
def test_the_fields_types_say_how_they_are_written(form, data):
    written = form.to_json()
    assert written == data
    assert [*written] == [*data], "in the order of the fields"
    assert type(written["points"]) is list


def test_a_string_of_an_enumeration_is_plain():
    assert type(Point(1, Colour.RED).to_json()["colour"]) is str


def test_a_value_is_not_copied_and_keeps_its_digits():
    data = loads('{"a": 9007199254740993.0}')
    assert Form(data=data).to_json()["data"] is data
