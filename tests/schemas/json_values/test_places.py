"""Places in plain JSON data."""

import pytest

from slotfill.schemas.json_values.places import NO_VALUE, replaced, steps_of

VALUE = {"name": "Ana", "tags": ["a", "b"]}


@pytest.mark.parametrize(
    ("path", "replacement", "expected"),
    [
        ((), 1, 1),
        (("name",), "Bo", {"name": "Bo", "tags": ["a", "b"]}),
        (("new",), None, {"name": "Ana", "tags": ["a", "b"], "new": None}),
        (("tags", 1), "c", {"name": "Ana", "tags": ["a", "c"]}),
        (("tags", 0), NO_VALUE, {"name": "Ana", "tags": ["b"]}),
        (("name",), NO_VALUE, {"tags": ["a", "b"]}),
    ],
)
def test_one_place_is_changed_and_the_value_itself_stays_as_it_is(path, replacement, expected):
    assert replaced(VALUE, path, replacement) == expected
    assert VALUE == {"name": "Ana", "tags": ["a", "b"]}


@pytest.mark.parametrize(("value", "steps"), [(VALUE, ["name", "tags"]), (["a", "b"], [0, 1]), ("ab", []), (None, [])])
def test_steps_lead_to_the_parts(value, steps):
    assert [*steps_of(value)] == steps
