"""Places in plain JSON data."""

import json

import hypothesis.strategies as st
import pytest
from hypothesis import given

from slotfill.schemas.json_values.places import NO_VALUE, replaced, steps_of, without_keys

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


@given(st.recursive(st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("ab"), inner)))
def test_members_of_a_key_are_left_out_at_any_depth(value):
    left = without_keys(value, {"a"})
    assert '"a"' not in json.dumps(left)
    assert left == value or '"a"' in json.dumps(value)
