"""JSON Pointers from the locations of validators."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from slotfill.schemas.json_values.pointer import field_path, follow, join, pointer_to, steps_to, tokens


def test_parts_are_escaped_as_rfc_6901_has_it():
    assert join(()) == ""
    assert join(["a/b", "m~n", 0, "", "~1"]) == "/a~1b/m~0n/0//~01"


@given(st.lists(st.text()))
def test_what_was_joined_is_taken_apart_again(parts):
    assert tokens(join(parts)) == parts


@pytest.mark.parametrize("pointer", ["/b", "/a/2", "/a/-1", "/a/x", "/a/0/x", "/a/", f"/a/{'9' * 5_000}", "/a/\u0661"])
def test_a_pointer_that_leads_nowhere_gives_none(pointer):
    assert follow(pointer, {"a": [1, 2]}) is None
    assert all(isinstance(step, str) or step in range(-1, 3) for step in steps_to(pointer, {"a": [1, 2]}))


@pytest.mark.parametrize(
    ("pointer", "path"),
    [
        ("", ""),
        ("/items/3/price", "/items/*/price"),
        ("/items/3/tags/0", "/items/*/tags/*"),
        ("/by_year/2020", "/by_year/2020"),
        ("/a~1b/0", "/a~1b/*"),
        ("/gone/0", "/gone/0"),
    ],
)
def test_the_path_of_a_field_has_a_star_for_each_index(pointer, path):
    items = [{}, {}, {}, {"price": 1, "tags": ["x"]}]
    assert field_path(pointer, {"items": items, "by_year": {"2020": 1}, "a/b": [1]}) == path


@pytest.mark.parametrize(
    ("location", "data", "pointer"),
    [
        ((), {"a": 1}, ""),
        (("a", 1, "b"), {"a": [0, {"b": 2}]}, "/a/1/b"),
        (("a", "Cat", "name"), {"a": {"name": 1}}, "/a/name"),
        (("a", "function-after[check(), str]"), {"a": "x"}, "/a"),
        (("a", 3), {"a": [0]}, "/a"),
        (("a", "b"), {"a": {}}, "/a"),
        (("a", 0), {"a": "text"}, "/a"),
    ],
)
def test_only_what_leads_somewhere_is_kept(location, data, pointer):
    assert pointer_to(location, data) == pointer


def test_a_key_that_is_missing_is_kept_where_it_comes_last():
    assert pointer_to(("a", "Cat", "name"), {"a": {}}, missing=True) == "/a/name"
    assert pointer_to(("name", "name"), {}, missing=True) == "/name"


class Leaf(BaseModel):
    number: int


class Branch(BaseModel):
    leaves: list[Leaf | str | None]
    named: dict[str, Leaf]


def test_locations_of_pydantic_lead_into_the_data():
    data = {"leaves": [{"number": 1}, {"number": "x"}, {}], "named": {"a/b": {"number": None}}}
    with pytest.raises(ValidationError) as caught:
        Branch.model_validate(data)
    found = {pointer_to(error["loc"], data, missing=error["type"] == "missing") for error in caught.value.errors()}
    assert found == {"/leaves/1/number", "/leaves/1", "/leaves/2/number", "/leaves/2", "/named/a~1b/number"}


json_values = st.recursive(
    st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(json_values, st.data())
def test_a_path_through_the_data_is_kept_whole(value, draw):
    path, node = [], value
    while isinstance(node, list | dict) and node:
        step = draw.draw(st.sampled_from([*node] if isinstance(node, dict) else range(len(node))))
        path.append(step)
        node = node[step]
    assert pointer_to(tuple(path), value) == join(path)
    assert follow(join(path), value) == node
