"""Where values stand in a JSON text."""

from __future__ import annotations

import json

import pytest

from slotfill.schemas.json_values.json_places import items, members, place_at

TEXT = ' { "a" : [ 1 , {"b": "x,}"} ] ,"c":{}, "a\\u0021": [ ] , "d": 1, "d": 2 } '


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ((), TEXT.strip()),
        (("a", 1, "b"), '"x,}"'),
        (("a", 0), "1"),
        (("c",), "{}"),
        (("a!",), "[ ]"),
        (("d",), "2"),
    ],
)
def test_a_path_leads_to_a_place(path: tuple[str | int, ...], written: str) -> None:
    start, end = place_at(TEXT, path)
    assert TEXT[start:end] == written


@pytest.mark.parametrize("path", [("z",), ("a", 2), ("a", 0, "b")])
def test_a_path_that_leads_nowhere(path: tuple[str | int, ...]) -> None:
    with pytest.raises(LookupError):
        place_at(TEXT, path)


def test_what_is_no_container_has_no_parts() -> None:
    assert [*members("[1]", 0)] == [*items("{}", 0)] == []
    assert [key for key, _ in members(json.dumps({"a": 1, "b": 2}), 0)] == ["a", "b"]
