"""The vote: each field is what most readings say, a list holds what most have, and what could still change is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from examples import examples
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.chunks.chunk_values import ChunkValue, comparison_key
from slotfill.extractors.chunks.chunking import Chunk
from slotfill.extractors.chunks.merging import MergedValue, merge
from slotfill.extractors.grounding.grounding import ground
from slotfill.extractors.readings.voting_merger import VotingMerger
from slotfill.schemas.json_values.pointer import follow
from slotfill.schemas.strategies import instances

TEXT = "The brakes failed; the door is loose. Two of A1, one of B2."


def vote(schema: dict[str, Any], *readings: Any, text: str = TEXT) -> tuple[MergedValue, VotingMerger]:
    merger = VotingMerger()
    values = [ChunkValue(Chunk(at, 0, text), data, ground(data, text, schema)) for at, data in enumerate(readings, 1)]
    return merge(schema, values, merger), merger


def elected(schema: dict[str, Any], *readings: Any, text: str = TEXT) -> Any:
    return vote(schema, *readings, text=text)[0].data


ANY: dict[str, Any] = {}
TAGS = {"type": "array", "items": {"type": "string"}}
LINES = {
    "type": "array",
    "items": {"type": "object", "properties": {"sku": {"type": "string"}, "qty": {"type": "integer"}}},
}


@pytest.mark.parametrize(
    ("readings", "value"),
    [
        (["a", "b", "b"], "b"),
        (["a", "b"], "a"),
        (["a", "b", "c"], "a"),
        ([None, "b", None], None),
        (["N/A", "b", "N/A"], "N/A"),
        (["ann", "Ann", "ANN", "Ann"], "Ann"),
        ([1, 1.0, 2], 1),
        ([[], ["a"], []], []),
        ([None, {"a": 1}, {"a": 2}], {"a": 1}),
        ([{"a": 1}, {"a": 1, "b": 2}, {"a": 1}], {"a": 1}),
        ([{"a": 1}, {"a": 1, "b": 2}, {"a": 3, "b": 2}], {"a": 1, "b": 2}),
        ([{"a": 1, "b": 2}, {"a": 1}], {"a": 1, "b": 2}),
    ],
)
def test_what_most_say_counts_and_a_tie_goes_to_the_earliest(readings: list[Any], value: Any) -> None:
    assert elected(ANY, *readings) == value


@pytest.mark.parametrize("policy", ["first", "last", "least", "greatest", "longest", "join"])
def test_no_policy_of_the_schema_applies(policy: str) -> None:
    assert elected({"type": "string", "x-merge": policy}, "aa", "m", "m", "z") == "m"


def test_a_text_that_holds_another_one_is_another_vote() -> None:
    assert elected({"type": "string"}, "brakes failed", "brakes", "brakes") == "brakes"


def test_an_item_that_most_lack_is_a_conflict() -> None:
    merged, _ = vote(TAGS, ["brakes", "door"], ["door"], ["door", "roof"])
    assert merged.data == ["door"]
    assert merged.found_in == {"": (2,), "/0": (1, 2, 3)}
    (conflict,) = merged.conflicts
    assert [(other.value, other.chunk) for other in conflict.others] == [("brakes", 1), ("roof", 3)]
    assert (conflict.path, conflict.policy) == ("", "majority")


def test_an_item_that_most_have_is_kept_where_the_first_lacks_it() -> None:
    assert elected(TAGS, ["door"], ["brakes", "door"], ["brakes", "door"]) == ["brakes", "door"]


def test_a_list_keeps_the_order_that_the_first_reading_gave_it() -> None:
    assert elected(TAGS, ["door", "brakes"], ["brakes", "door"], ["door", "brakes"]) == ["door", "brakes"]


def test_fields_of_items_are_decided_one_by_one() -> None:
    merged, _ = vote(
        LINES,
        [{"sku": "A1", "qty": 2}, {"sku": "B2", "qty": 7}],
        [{"sku": "A1", "qty": 3}, {"sku": "B2", "qty": 1}],
        [{"sku": "B2", "qty": 1}, {"sku": "A1", "qty": 2}],
    )
    assert merged.data == [{"sku": "A1", "qty": 2}, {"sku": "B2", "qty": 1}]
    assert merged.found_in["/1/qty"] == (2, 3)
    assert merged.found_in["/1/sku"] == merged.found_in[""] == (1, 2, 3)


def test_items_are_one_without_a_text_where_they_are_equal_or_nearly() -> None:
    items = [{"kind": "lamp", "color": "red", "watt": 4}, {"kind": "shade", "color": "blue", "watt": 0}]
    nearly = [{**items[0], "watt": 5}, items[1]]
    assert elected(ANY, items, items[::-1], items, text="") == items
    assert elected(ANY, items, nearly, nearly, text="") == nearly


def test_two_equal_items_stay_two() -> None:
    twice = [{"kind": "lamp"}, {"kind": "lamp"}]
    assert elected(ANY, twice, twice, twice[:1], text="") == twice


def test_no_more_items_are_kept_than_there_may_be() -> None:
    schema = TAGS | {"maxItems": 2}
    merged, _ = vote(schema, ["a", "b"], ["b", "c"], ["a", "c"])
    assert len(merged.data) == 2
    assert [conflict.policy for conflict in merged.conflicts] == ["maxItems"]


def test_a_confidence_is_no_vote() -> None:
    properties = {"label": {"type": "string"}, "sure": {"type": "number", "x-confidence-of": "label"}}
    readings = [{"label": "a", "sure": 0.1}, {"label": "a", "sure": 0.9}, {"label": "a", "sure": 0.5}]
    merged, merger = vote({"type": "object", "properties": properties}, *readings)
    assert merged.conflicts == ()
    assert "/sure" not in merged.found_in
    assert merger.margin == 4  # it would take four further readings to put another label before one that has three


@pytest.mark.parametrize(
    ("readings", "margin"),
    [
        ([{"a": 1}], 2),
        ([{"a": 1}, {"a": 1}], 3),
        ([{"a": 1}, {"a": 2}], 1),
        ([{"a": 1}, {"a": 2}, {"a": 2}], 1),
        ([{"a": 1}, {"a": 1}, {"a": 2}], 2),
        ([{"a": ["x"]}, {"a": ["x", "y"]}], 1),
        ([{"a": ["x", "y"]}, {"a": ["x"]}], 1),
        ([{"a": []}, {"a": []}], 3),
        ([{"a": 1}, {"a": 1, "b": 1}], 1),
    ],
)
def test_it_is_known_how_many_more_readings_could_change_a_field(readings: list[Any], margin: int) -> None:
    assert vote(ANY, *readings)[1].margin == margin


LABELS = st.sampled_from(["a", "b", "c", None, 1, "N/A", True])
FLAT = st.fixed_dictionaries({"x": LABELS, "y": LABELS}, optional={"z": LABELS})


@examples(60)
@given(st.lists(FLAT, min_size=1, max_size=5), st.lists(FLAT, max_size=3))
@example([{"x": "a", "y": 1}, {"x": "b", "y": 1}], [{"x": "b", "y": 1}])
def test_within_the_margin_nothing_changes(readings: list[Any], further: list[Any]) -> None:
    """What `further` readings say is nothing to a vote that it takes more of them to change."""
    merged, merger = vote(ANY, *readings)
    if len(further) < merger.margin:
        assert vote(ANY, *readings, *further)[0].data == merged.data


def leaves(data: Any, path: str = "") -> Any:
    if isinstance(data, dict):
        for key, part in data.items():
            yield from leaves(part, f"{path}/{key}")
    elif not isinstance(data, list):
        yield path, data


OBJECTS: list[dict[str, Any]] = [
    {
        "type": "object",
        "properties": {
            "label": {"enum": ["a", "b"]},
            "count": {"type": "integer", "minimum": 0, "maximum": 2},
            "note": {"type": ["string", "null"], "maxLength": 2},
            "within": {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]},
        },
        "required": ["label", "count"],
        "additionalProperties": False,
    },
    {
        "type": "object",
        "properties": {"a": {"anyOf": [{"type": "integer", "maximum": 1, "minimum": 0}, {"type": "null"}]}},
        "required": ["a"],
        "additionalProperties": False,
    },
]


@examples(40)
@given(
    st.sampled_from(OBJECTS).flatmap(
        lambda schema: st.tuples(st.just(schema), st.lists(instances(schema), min_size=1, max_size=5))
    )
)
def test_a_value_changes_by_a_majority_alone(drawn: tuple[dict[str, Any], Sequence[Any]]) -> None:
    """Each scalar was given there by at least as many readings as any rival, of those that have the object it is in."""
    schema, readings = drawn
    for path, value in leaves(elected(schema, *readings)):
        parent = path.rpartition("/")[0]
        holders = [reading for reading in readings if isinstance(follow(parent, reading), dict)]
        key = path.rpartition("/")[2]
        times = Counter(comparison_key(follow(parent, one)[key]) for one in holders if key in follow(parent, one))
        assert times[comparison_key(value)] == max(times.values())


@examples(30)
@given(instances(OBJECTS[0]), st.integers(1, 4))
def test_readings_that_agree_are_what_they_say(value: Any, times: int) -> None:
    merged, merger = vote(OBJECTS[0], *[value] * times)
    assert merged.data == value
    assert merged.conflicts == ()
    assert merger.margin == times + 1
