"""What is said of chunks becomes one value: nothing twice, nothing lost."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from checkout import FIXTURES
from examples import examples
from hypothesis import assume, example, given
from hypothesis import strategies as st

from slotfill.extractors.chunks.chunk_values import ChunkValue
from slotfill.extractors.chunks.chunking import Chunk, split_text
from slotfill.extractors.chunks.merging import MergedValue, merge
from slotfill.extractors.grounding.grounding import ground
from slotfill.extractors.record.parts import Conflict, ConflictValue, Span
from slotfill.schemas import built_ins, resolve
from slotfill.schemas.json_values.pointer import follow
from slotfill.schemas.passages.folding import fold
from slotfill.schemas.strategies import PlantedDocument, documents, instances

SHAPES = sorted((FIXTURES / "shapes").glob("*.json"))
SCHEMAS = [*built_ins(), *(str(path) for path in SHAPES)]
NAMES = [*built_ins(), *(path.stem for path in SHAPES)]

ROW = {"type": "object", "properties": {"name": {"type": "string"}, "amount": {"type": "number"}}}
TEXTS = {"type": "array", "items": {"type": "string"}}
ROWS = {"type": "array", "items": ROW}
ABSENT = Span(None, None, "absent")

# A text of 60 code points in chunks of 30 that share 10.
FIRST, SECOND, THIRD = (Chunk(index, 20 * index, "x" * 30) for index in range(3))
FAR = Chunk(7, 900, "x" * 30)

few = examples(10)
many = examples(200)


def said(chunk: Chunk, data: Any, **places: tuple[int, int]) -> ChunkValue:
    """Make a part, its spans given in the whole document under pointers with `_` for `/`."""
    spans = {
        path.replace("_", "/"): Span(start - chunk.start, end - chunk.start, "exact")
        for path, (start, end) in places.items()
    }
    return ChunkValue(chunk, data, spans)


def field(schema: Any, *values: Any) -> MergedValue:
    """Merge values of one property, each from a chunk of its own; ... stands for a chunk that lacks it."""
    chunks = [Chunk(index, 100 * index, "x" * 100) for index in range(len(values))]
    parts = [
        ChunkValue(chunk, {} if value is ... else {"f": value}, {}) for chunk, value in zip(chunks, values, strict=True)
    ]
    return merge({"type": "object", "properties": {"f": schema}}, parts)


def kept(schema: Any, *values: Any) -> Any:
    merged = field(schema, *values)
    assert all(conflict.path == "/f" and conflict.kept == merged.data["f"] for conflict in merged.conflicts)
    return merged.data["f"], [found.value for conflict in merged.conflicts for found in conflict.others]


# One value


@pytest.mark.parametrize(
    ("policy", "values", "expected"),
    [
        (None, ["a", "b", "b"], ("b", ["a"])),
        (None, ["b", "a"], ("b", ["a"])),
        (None, ["b", "a", "c", "a", "c"], ("a", ["b", "c"])),
        ("most", ["b", "a", "a"], ("a", ["b"])),
        ("first", ["b", "a", "a"], ("b", ["a"])),
        ("last", ["a", "a", "b", "A"], ("a", ["b"])),
        ("last", ["a", "a", "b"], ("b", ["a"])),
        ("least", [10, 9.5, 30], (9.5, [10, 30])),
        ("greatest", ["2026-02-01", "2026-11-21", "2025-12-31"], ("2026-11-21", ["2026-02-01", "2025-12-31"])),
        ("greatest", [9, 10, 10.0], (10, [9])),
        ("longest", ["bb", "a", "ccc", "ddd"], ("ccc", ["bb", "a", "ddd"])),
        ("join", ["Hello there.", "hello  There.", "Bye."], ("Hello there. Bye.", [])),
        ("longest", [["a"], ["b", "c"]], (["b", "c"], [["a"]])),
        ("first", [[], ["b", "c"], ["a"]], (["b", "c"], [["a"]])),
        ("most", [{"a": 1}, {"b": 2}, {"b": 2}], ({"b": 2}, [{"a": 1}])),
    ],
)
def test_a_policy_keeps_one_and_the_rest_are_a_conflict(policy: str | None, values: list[Any], expected: Any) -> None:
    assert kept({} if policy is None else {"x-merge": policy}, *values) == expected


@pytest.mark.parametrize("policy", [None, "most", "first", "last", "least", "greatest", "longest", "join"])
@pytest.mark.parametrize("values", [[None, "a", ...], ["a", None], [..., "A", "a", None], [None, "a"]])
def test_null_and_nothing_lose_and_are_no_conflict(policy: str | None, values: list[Any]) -> None:
    schema = {"type": ["string", "null"]} if policy is None else {"type": ["string", "null"], "x-merge": policy}
    value, others = kept(schema, *values)
    assert value.lower() == "a"
    assert others == []


def test_null_alone_is_null_and_nothing_at_all_is_nothing() -> None:
    assert field({}, None, ..., None).data == {"f": None}
    assert field({}, ..., ...).data == {}
    assert field({}, ..., ...).conflicts == ()
    assert merge({}, []) == MergedValue(None, {}, {}, ())


def test_a_conflict_says_which_chunk_said_it_each_thing_once() -> None:
    merged = field({}, "a", "b", "B", "a", "c", "b ")
    assert merged.conflicts == (Conflict("/f", "most", "b", (ConflictValue("a", 0), ConflictValue("c", 4))),)
    assert merged.found_in == {"/f": (1, 2, 5)}


def test_labels_that_differ_in_case_are_two() -> None:
    assert kept({"enum": ["a", "A"]}, "a", "A", "A") == ("A", ["a"])


def test_passes_over_one_chunk_count_once() -> None:
    parts = [*[said(FIRST, "a")] * 3, said(SECOND, "b"), said(THIRD, "b")]
    assert merge({}, parts).data == "b"
    parts = [*[said(FIRST, {"a": 1})] * 3, said(SECOND, "b"), said(THIRD, "b")]
    assert merge({}, parts).data == "b"


def test_the_first_is_that_of_the_first_chunk_whatever_the_order_of_the_parts() -> None:
    parts = [said(THIRD, "c"), said(FIRST, "a"), said(SECOND, "b")]
    assert merge({"x-merge": "first"}, parts).data == "a"
    assert merge({"x-merge": "last"}, parts).data == "c"


def test_a_span_is_that_of_the_value_that_was_kept() -> None:
    parts = [said(FIRST, {"f": "a"}, _f=(3, 4)), said(SECOND, {"f": "b"}, _f=(40, 41)), said(THIRD, {"f": "b"})]
    merged = merge({"properties": {"f": {"type": "string"}}}, parts)
    assert merged.spans == {"/f": Span(40, 41, "exact")}
    assert merge({}, [ChunkValue(THIRD, "b", {"": ABSENT}), said(FAR, "B", **{"": (905, 906)})]).spans == {
        "": Span(905, 906, "exact")
    }
    assert merge({}, [ChunkValue(THIRD, "b", {"": ABSENT})]).spans == {"": ABSENT}


def test_texts_that_are_joined_stand_nowhere_in_one_piece() -> None:
    parts = [said(FIRST, "a", **{"": (3, 4)}), said(SECOND, "b", **{"": (40, 41)})]
    merged = merge({"x-merge": "join"}, parts)
    assert (merged.data, merged.spans, merged.found_in) == ("a b", {"": ABSENT}, {"": (0, 1)})
    assert merge({"x-merge": "join", "x-free-text": True}, parts).spans == {}  # nor need they


def test_a_text_that_was_cut_gives_way_to_the_whole_one() -> None:
    cut = said(FIRST, {"f": "University of Gha"}, _f=(13, 30))
    whole = said(SECOND, {"f": "University of Ghana"}, _f=(13, 32))
    merged = merge({"properties": {"f": {}}}, [cut, said(FIRST, {"f": "university of gha"}, _f=(13, 30)), whole])
    assert (merged.data, merged.conflicts) == ({"f": "University of Ghana"}, ())
    elsewhere = said(FAR, {"f": "University of Gha"}, _f=(905, 922))
    assert len(merge({"properties": {"f": {}}}, [cut, whole, elsewhere]).conflicts) == 1


SURE = {"type": "number", "minimum": 0, "maximum": 1, "x-confidence-of": "f"}


def test_a_confidence_is_the_least_beside_the_value_that_won() -> None:
    schema = {"properties": {"sure": SURE, "f": {}}}
    values = [("a", 0.2), ("b", 0.9), ("B", 0.7), ("b", None), ("c", 0.1)]
    parts = [ChunkValue(Chunk(at, 0, ""), {"f": value, "sure": sure}, {}) for at, (value, sure) in enumerate(values)]
    merged = merge(schema, parts)
    assert merged.data == {"sure": 0.7, "f": "b"}
    assert [*merged.data] == ["sure", "f"]
    assert merged.found_in["/sure"] == (2,)
    assert [conflict.path for conflict in merged.conflicts] == ["/f"]
    schema = {"properties": {**schema["properties"], "sure": {**SURE, "x-merge": "greatest"}}}
    assert merge(schema, parts).data["sure"] == 0.9


def test_without_one_beside_the_value_that_won_there_is_none() -> None:
    parts = [said(FIRST, {"f": "a", "sure": 0.4}), said(SECOND, {"f": "b"}), said(THIRD, {"f": "b"})]
    assert merge({"properties": {"f": {}, "sure": SURE}}, parts).data == {"f": "b"}


# Objects


def test_objects_are_merged_property_by_property() -> None:
    schema = {"properties": {"a": {"properties": {"n": {"x-merge": "greatest"}}}, "b": {}}}
    parts = [said(FIRST, {"b": 1, "a": {"n": 1, "free": {"x": 1}}}), said(SECOND, {"a": {"n": 2, "free": {"y": 2}}})]
    merged = merge(schema, parts)
    assert json.dumps(merged.data) == '{"a": {"n": 2, "free": {"x": 1, "y": 2}}, "b": 1}'
    assert merged.conflicts == (Conflict("/a/n", "greatest", 2, (ConflictValue(1, 0),)),)
    assert merged.found_in == {"/a/n": (1,), "/a/free/x": (0,), "/a/free/y": (1,), "/b": (0,)}


def test_an_object_and_a_text_are_not_mixed() -> None:
    merged = field({}, "12 cm", {"width": 12}, {"height": 4})
    assert merged.data == {"f": {"width": 12, "height": 4}}
    assert merged.conflicts == (Conflict("/f", "most", {"width": 12, "height": 4}, (ConflictValue("12 cm", 0),)),)


def test_alternatives_with_a_tag_are_not_mixed() -> None:
    card = {"properties": {"kind": {"const": "card"}, "digits": {}}}
    cash = {"properties": {"kind": {"const": "cash"}, "given": {}}}
    values = [{"kind": "cash", "given": 5}, {"kind": "card", "digits": "1"}, {"digits": "1"}, {"kind": "card"}]
    assert kept({"anyOf": [card, cash]}, *values) == ({"kind": "card", "digits": "1"}, [{"kind": "cash", "given": 5}])


def test_a_tuple_is_one_value() -> None:
    pair = {"type": "array", "prefixItems": [{}, {}]}
    assert kept(pair, [1, 2], [3, 4], [3, 4]) == ([3, 4], [[1, 2]])
    assert kept({"items": [{}, {}]}, [1, 2], [3, 4]) == ([1, 2], [[3, 4]])


@pytest.mark.parametrize("depth", [90, 499])
def test_values_may_be_nested_deeply(depth: int) -> None:
    def nested(value: Any) -> Any:
        for _ in range(depth):
            value = {"in": value}
        return value

    merged = merge({"properties": {"in": {"$ref": "#"}}}, [said(FIRST, nested("a")), said(SECOND, nested("b"))])
    assert merged.data == nested("a")
    assert len(merged.conflicts) == 1


@pytest.mark.parametrize(("depth", "is_merged"), [(99, True), (100, False)])
def test_a_hundred_levels_are_merged_and_what_is_deeper_is_kept_whole(depth: int, is_merged: bool) -> None:
    def nested(value: Any) -> Any:
        for _ in range(depth):
            value = {"in": value}
        return value

    merged = merge({}, [said(FIRST, nested({"a": 1})), said(SECOND, nested({"b": 2}))])
    assert merged.data == nested({"a": 1, "b": 2} if is_merged else {"a": 1})
    assert len(merged.conflicts) == (not is_merged)


# Lists of scalars


def test_equal_texts_of_different_parts_are_one_wherever_they_stand() -> None:
    merged = merge(TEXTS, [said(FIRST, ["Ann", "Bo"]), said(SECOND, ["ANN ", "Cy"]), said(FAR, ["bo"])])
    assert (merged.data, merged.conflicts) == (["Ann", "Bo", "Cy"], ())
    assert merged.found_in == {"/0": (0, 1), "/1": (0, 7), "/2": (1,)}


def test_equal_items_of_one_part_stay_apart() -> None:
    merged = merge(TEXTS, [said(FIRST, ["a", "a"]), said(SECOND, ["a"]), said(THIRD, ["a", "a", "a"])])
    assert merged.data == ["a", "a", "a"]
    assert merged.found_in == {"/0": (0, 1, 2), "/1": (0, 2), "/2": (2,)}


def test_a_text_that_was_cut_at_the_edge_is_one_with_the_whole_one() -> None:
    parts = [said(FIRST, ["Univers"], _0=(23, 30)), said(SECOND, ["University"], _0=(23, 33))]
    merged = merge(TEXTS, parts)
    assert (merged.data, merged.conflicts, merged.found_in) == (["University"], (), {"/0": (0, 1)})
    assert merged.spans == {"/0": Span(23, 33, "exact")}


def test_texts_that_overlap_and_differ_are_a_conflict() -> None:
    merged = merge(TEXTS, [said(FIRST, ["New York"], _0=(22, 30)), said(SECOND, ["York City"], _0=(26, 35))])
    assert merged.data == ["York City"]
    assert merged.conflicts == (Conflict("/0", "longest", "York City", (ConflictValue("New York", 0),)),)


@pytest.mark.parametrize("start", [0, 248, 252, 253, 255])
def test_that_is_so_wherever_they_stand(start: int) -> None:
    one = said(Chunk(0, 0, "x" * 500), ["New York"], _0=(start, start + 8))
    other = said(Chunk(1, 0, "x" * 500), ["York City"], _0=(start + 4, start + 13))
    assert merge(TEXTS, [one, other]).data == ["York City"]


def test_what_was_cut_here_may_stand_whole_elsewhere() -> None:
    cut, whole = said(FIRST, ["Paris"], _0=(25, 30)), said(SECOND, ["Paris Inn"], _0=(25, 34))
    merged = merge(TEXTS, [cut, whole, said(FAR, ["Paris", "Paris Inn"], _0=(901, 906), _1=(910, 919))])
    assert merged.data == ["Paris Inn", "Paris"]
    merged = merge(TEXTS, [said(Chunk(-1, -90, "x" * 30), ["Paris"], _0=(-80, -75)), cut, whole])
    assert merged.data == ["Paris", "Paris Inn"]


def test_items_are_in_the_order_of_the_document() -> None:
    first = said(FIRST, ["b", "?", "d"], _0=(9, 10), _2=(25, 26))
    again = said(FIRST, ["a", "c"], _0=(1, 2), _1=(15, 16))
    second = said(SECOND, ["e", "f"], _0=(22, 23), _1=(40, 41))
    assert merge(TEXTS, [second, first, again]).data == ["a", "b", "?", "c", "e", "d", "f"]


def test_a_list_of_one_part_keeps_its_order() -> None:
    strongest_first = said(FIRST, ["z", "a"], _0=(20, 21), _1=(1, 2))
    assert merge(TEXTS, [strongest_first, said(SECOND, [])]).data == ["z", "a"]


def test_the_items_that_most_chunks_gave_are_kept_where_there_are_too_many() -> None:
    merged = merge({**TEXTS, "maxItems": 2}, [said(FIRST, ["a", "b"]), said(SECOND, ["c"]), said(THIRD, ["c", "d"])])
    assert merged.data == ["a", "c"]
    assert merged.conflicts == (Conflict("", "maxItems", ["a", "c"], (ConflictValue("b", 0), ConflictValue("d", 2))),)
    assert merged.found_in == {"/0": (0,), "/1": (1, 2)}


def test_unique_items_are_unique() -> None:
    parts = [said(FIRST, [ROW, 1]), said(FAR, [ROW, 1.0, True])]
    merged = merge({"type": "array", "uniqueItems": True}, parts)
    assert merged.data == [ROW, 1, True]
    assert merged.found_in["/0"] == (0, 7)


# Lists of objects


def row(name: str, amount: float) -> dict[str, Any]:
    return {"name": name, "amount": amount}


def test_objects_at_one_place_are_one() -> None:
    first = said(FIRST, [row("ink", 5)], _0_name=(22, 25), _0_amount=(27, 28))
    second = said(SECOND, [row("Ink", 5), row("pen", 5)], _0_name=(22, 25), _1_name=(40, 43))
    merged = merge(ROWS, [first, second])
    assert (merged.data, merged.conflicts) == ([row("ink", 5), row("pen", 5)], ())
    assert merged.found_in["/0"] == (0, 1)
    assert merged.spans["/0/amount"] == Span(27, 28, "exact")


def test_what_they_disagree_in_is_a_conflict() -> None:
    merged = merge(
        ROWS, [said(FIRST, [row("ink", 5)], _0_name=(22, 25)), said(SECOND, [row("ink", 6)], _0_name=(22, 25))]
    )
    assert merged.data == [row("ink", 5)]
    assert merged.conflicts == (Conflict("/0/amount", "most", 5, (ConflictValue(6, 1),)),)


@pytest.mark.parametrize(
    "parts",
    [
        # equal, and far apart
        [said(FIRST, [row("ink", 5)], _0_name=(2, 5)), said(FAR, [row("ink", 5)], _0_name=(902, 905))],
        # equal, each where the other chunk does not reach
        [said(FIRST, [row("ink", 5)], _0_name=(2, 5)), said(SECOND, [row("ink", 5)], _0_name=(42, 45))],
        # equal, and told of twice by a chunk that sees both places
        [said(FIRST, [row("ink", 5), row("ink", 5)], _0_name=(2, 5), _1_name=(22, 25))],
        # equal, in one part
        [said(FIRST, [row("ink", 5), row("ink", 5)])],
        # at one place in part only
        [
            said(FIRST, [row("ink", 5)], _0_name=(22, 25), _0_amount=(26, 27)),
            said(SECOND, [row("ink", 5.5)], _0_name=(22, 25), _0_amount=(45, 46)),
        ],
        # what stands at the same place tells no rows apart
        [
            said(FIRST, [row("Acme", 1), row("Acme", 2)], _0_name=(22, 26), _1_name=(22, 26))
        ],
        # equal and ungrounded, of chunks that share nothing
        [said(FIRST, [row("ink", 5)]), said(THIRD, [row("ink", 5)])],
    ],
)  # fmt: skip
def test_two_rows_stay_two(parts: list[ChunkValue]) -> None:
    merged = merge(ROWS, parts)
    assert merged.data == [item for part in parts for item in part.data]
    assert merged.conflicts == ()


def test_rows_that_share_a_heading_stay_apart() -> None:
    heading = {"_0_name": (22, 26), "_1_name": (22, 26)}
    first = said(FIRST, [row("Acme", 1), row("Acme", 2)], **heading)
    second = said(SECOND, [row("Acme", 3), row("Acme", 4)], **heading)
    assert [item["amount"] for item in merge(ROWS, [first, second]).data] == [1, 2, 3, 4]


def test_equal_rows_in_the_stretch_that_two_chunks_share_are_one() -> None:
    first = said(FIRST, [row("ink", 5), row("ink", 5)], _0_name=(2, 5), _1_name=(25, 28))
    second = said(SECOND, [row("ink", 5)], _0_name=(21, 24))
    merged = merge(ROWS, [first, second])
    assert merged.data == [row("ink", 5)] * 2
    assert merged.found_in["/1"] == (0, 1)


@pytest.mark.parametrize(
    "parts",
    [
        # the first where the second chunk does not reach
        [said(FIRST, [row("ink", 5)], _0_name=(2, 5)), said(SECOND, [row("ink", 5)], _0_name=(22, 25))],
        # the second where the first chunk does not reach
        [said(FIRST, [row("ink", 5)], _0_name=(22, 25)), said(SECOND, [row("ink", 5)], _0_name=(42, 45))],
        # one that stands nowhere in its chunk
        [said(FIRST, [row("ink", 5)], _0_name=(2, 5)), said(FAR, [row("ink", 5)])],
        [said(FIRST, [row("ink", 5)]), said(FAR, [row("ink", 5)], _0_name=(902, 905))],
    ],
)
def test_equal_rows_that_may_be_one_mention_are_one(parts: list[ChunkValue]) -> None:
    merged = merge(ROWS, parts)
    assert merged.data == [row("ink", 5)]
    assert merged.found_in["/0"] == tuple(part.chunk.index for part in parts)


def test_of_equal_rows_no_more_are_one_than_a_chunk_told_of() -> None:
    first = said(FIRST, [row("ink", 5), row("ink", 5)], _0_name=(2, 5), _1_name=(8, 11))
    second = said(SECOND, [row("ink", 5)] * 3, _0_name=(22, 25), _1_name=(40, 43), _2_name=(45, 48))
    assert merge(ROWS, [first, second]).data == [row("ink", 5)] * 4


def test_equal_rows_of_no_place_are_one_where_their_chunks_meet() -> None:
    assert merge(ROWS, [said(FIRST, [row("ink", 5)]), said(SECOND, [row("ink", 5)])]).data == [row("ink", 5)]
    again = [said(FIRST, [row("ink", 5), row("ink", 5)]), said(FIRST, [row("ink", 5), row("Ink", 5), row("ink", 5)])]
    assert len(merge(ROWS, again).data) == 3


def test_a_key_tells_which_rows_are_one() -> None:
    schema = {**ROWS, "x-merge": {"key": ["name"]}}
    first = said(FIRST, [row("ink", 5), {"amount": 1}], _0_name=(2, 5))
    far = said(FAR, [row("pen", 5), row("INK  ", 7), {"name": None, "amount": 2}], _1_name=(902, 905))
    merged = merge(schema, [first, far])
    assert merged.data == [row("ink", 5), {"amount": 1}, row("pen", 5), {"name": None, "amount": 2}]
    assert merged.conflicts == (Conflict("/0/amount", "most", 5, (ConflictValue(7, 7),)),)


def test_rows_of_different_keys_are_two_even_at_one_place() -> None:
    schema = {**ROWS, "x-merge": {"key": ["amount"]}}
    parts = [said(FIRST, [row("ink", 5)], _0_name=(22, 25)), said(SECOND, [row("ink", 6)], _0_name=(22, 25))]
    assert merge(schema, parts).data == [row("ink", 5), row("ink", 6)]
    without = [said(FIRST, [{"name": "ink"}], _0_name=(22, 25)), said(SECOND, [row("ink", 6)], _0_name=(22, 25))]
    assert merge(schema, without).data == [{"name": "ink"}, row("ink", 6)]
    assert merge(schema, [*reversed(without)]).data == [{"name": "ink"}, row("ink", 6)]
    twice = [said(FIRST, [row("ink", 5), row("pen", 5)]), said(SECOND, [row("nib", 5), row("ink", 5), row("ink", 5)])]
    assert len(merge(schema, twice).data) == 3


def test_lists_within_lists_are_merged_too() -> None:
    schema = {"items": {"properties": {"name": {}, "tags": TEXTS}}}
    first = said(FIRST, [{"name": "ink", "tags": ["a"]}], _0_name=(22, 25))
    second = said(SECOND, [{"name": "ink", "tags": ["b", "A"]}], _0_name=(22, 25))
    merged = merge(schema, [first, second])
    assert merged.data == [{"name": "ink", "tags": ["a", "b"]}]
    assert merged.found_in == {"/0": (0, 1), "/0/name": (0, 1), "/0/tags/0": (0, 1), "/0/tags/1": (1,)}


# Properties


@pytest.mark.sweep
@pytest.mark.parametrize("source", SCHEMAS, ids=NAMES)
@few
@given(data=st.data(), times=st.integers(1, 3))
def test_one_part_is_what_it_says_however_often_it_says_it(source: str, data: st.DataObject, times: int) -> None:
    schema = resolve(source)
    value = data.draw(instances(schema))
    text = "\n".join(str(leaf) for _, leaf in scalars(value)) or " "
    spans = ground(value, text, schema.json_schema)
    # Items are put into the document's order: "0" may be placed at a later "0" than the one that it came from.
    assume(times == 1 or not [*_out_of_order(spans)])
    merged = merge(schema.json_schema, [ChunkValue(Chunk(0, 0, text), value, spans)] * times)
    assert json.dumps(merged.data, sort_keys=True) == json.dumps(value, sort_keys=True)
    assert merged.conflicts == ()
    assert {*merged.found_in} >= {path for path, _ in scalars(value)}
    assert {*merged.found_in.values()} <= {(0,)}
    if times == 1:
        assert merged.spans == spans


def _out_of_order(spans: Mapping[str, Span]) -> Iterator[str]:
    """Give the items that stand before one that precedes them in their list."""
    latest: dict[str, int] = {}
    for path, span in spans.items():
        parent, _, at = path.rpartition("/")
        if at.isdecimal() and span.start is not None:
            if span.start < latest.get(parent, 0):
                yield path
            latest[parent] = max(span.start, latest.get(parent, 0))


def scalars(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from scalars(part, f"{path}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for at, part in enumerate(value):
            yield from scalars(part, f"{path}/{at}")
    else:
        yield path, value


WORDS = [
    "The parcel came on Tuesday.",
    "包裹到了。",
    "So happy 👩‍👩‍👧‍👦 👍🏽!",
    "Łódź",
    "نعم",
    "\n\n",
    "\r\n",
    " ",
    "word " * 40,
]


@st.composite
def numbered(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]], list[tuple[int, int]]]:
    """Give a text with numbered facts, the facts, and where they stand."""
    text, facts, places = "", [], []
    for at in range(draw(st.integers(0, 25))):
        text += " ".join(draw(st.lists(st.sampled_from(WORDS), max_size=4))) + " "
        facts.append(row(f"item {at:03d}", 1000.5 + at * draw(st.sampled_from([0, 1]))))
        places.append((len(text), len(text) + len(f"item {at:03d}: {facts[-1]['amount']}")))
        text += f"item {at:03d}: {facts[-1]['amount']};"
    return text, facts, places


def answers(
    text: str, facts: Sequence[Any], places: Sequence[tuple[int, int]], schema: Any, *, limit: int, overlap: int
) -> list[ChunkValue]:
    """Find in each chunk exactly the facts that stand whole in it."""
    parts = []
    for chunk in split_text(text, limit, overlap=overlap):
        data = [
            fact for fact, (start, end) in zip(facts, places, strict=True) if chunk.start <= start and end <= chunk.end
        ]
        parts.append(ChunkValue(chunk, data, ground(data, chunk.text, schema)))
    return parts


@many
@given(numbered(), st.integers(20, 60), st.integers(30, 400))
def test_every_row_is_found_and_none_twice(document: Any, overlap: int, more: int) -> None:
    text, facts, places = document
    merged = merge(ROWS, answers(text, facts, places, ROWS, limit=overlap + more, overlap=overlap))
    assert (merged.data, merged.conflicts) == (facts, ())
    for at, (fact, (start, end)) in enumerate(zip(facts, places, strict=True)):
        assert merged.spans[f"/{at}/name"] == Span(start, start + len(fact["name"]), "exact")
        assert merged.spans[f"/{at}/amount"] == Span(end - len(str(fact["amount"])), end, "exact")


@many
@given(documents(), st.integers(20, 60), st.integers(30, 400))
@example(PlantedDocument("", ()), 20, 30)
def test_every_text_is_found_and_none_twice(document: PlantedDocument, overlap: int, more: int) -> None:
    text = document.text
    facts = {fold(fact.text): fact for fact in reversed(document.facts) if text.count(fact.text) == 1}.values()
    names = [fact.text for fact in reversed(facts)]
    places = [(fact.start, fact.end) for fact in reversed(facts)]
    assume(len({fold(name) for name in names}) == len(names))
    parts = answers(text, names, places, TEXTS, limit=overlap + more, overlap=overlap)
    assume(all(span.match == "exact" for part in parts for span in part.spans.values()))
    merged = merge(TEXTS, parts)
    assert Counter(merged.data) == Counter(names)
    assert merged.conflicts == ()
    for path, span in merged.spans.items():
        assert span.start is not None
        assert text[span.start : span.end] == follow(path, merged.data)


@st.composite
def anything(draw: st.DrawFn) -> list[ChunkValue]:
    """Give parts of a list, about overlapping chunks, that say whatever they like."""
    names = st.sampled_from(["ink", "INK", "ink well", "well", "pen", ""])
    item = st.one_of(
        names, st.integers(0, 3), st.none(), st.builds(row, names, st.integers(0, 2)), st.just({}), st.lists(names)
    )
    parts = []
    for _ in range(draw(st.integers(1, 5))):
        chunk = draw(st.sampled_from([FIRST, SECOND, THIRD, FAR]))
        data = draw(st.lists(item, max_size=5))
        spans = {}
        for path, _ in scalars(data):
            if (start := draw(st.none() | st.integers(0, 25))) is not None:
                spans[path] = Span(start, start + draw(st.integers(1, 5)), "exact")
        parts.append(ChunkValue(chunk, data, spans))
    return parts


@many
@given(anything(), st.sampled_from([{}, {"x-merge": {"key": ["name"]}}, {"maxItems": 2}, {"uniqueItems": True}]))
def test_nothing_is_lost_and_nothing_made_up(parts: list[ChunkValue], keywords: dict[str, Any]) -> None:
    schema = {"type": "array", **keywords}
    merged = merge(schema, parts)
    told = {one for part in parts for one in said_in(part.data)}
    kept = said_in(merged.data) | {
        one for conflict in merged.conflicts for other in conflict.others for one in said_in(other.value)
    }
    assert kept <= told
    assert all(any(one in other for other in kept) for one in told)
    if keywords.keys().isdisjoint(("maxItems", "uniqueItems")):
        assert len(merged.data) >= max(len(part.data) for part in parts)
    assert merge(schema, parts) == merged
    assert max((chunk for chunks in merged.found_in.values() for chunk in chunks), default=0) <= 7
    assert all(f"/{at}" in merged.found_in for at in range(len(merged.data)))


def said_in(value: Any) -> set[str]:
    return {fold(str(leaf)).strip() for _, leaf in scalars(value)}


def test_a_thousand_rows_in_hundreds_of_chunks() -> None:
    filler = "The parcel came on Tuesday and the lid was cracked. 包裹星期二到了。\n" * 14
    text, facts, places = "", [], []
    for at in range(1000):
        text += filler
        facts.append(row(f"item {at:04d}", at + 1000.5))
        places.append((len(text), len(text) + 17))
        text += f"item {at:04d}: {at + 1000.5};\n"
    parts = answers(text, facts, places, ROWS, limit=5000, overlap=500)
    assert len(parts) > 200
    merged = merge(ROWS, parts)
    assert (merged.data, merged.conflicts) == (facts, ())


def test_parts_that_repeat_one_thing_for_ever_are_merged_too() -> None:
    parts = [said(Chunk(at, 20 * at, "x" * 30), ["a"] * 2000) for at in range(20)]
    assert merge(TEXTS, parts).data == ["a"] * 2000
    assert len(merge(ROWS, [said(FIRST, [row("a", 1)] * 500)] * 3).data) == 500


def test_a_word_for_nothing_gives_way_to_a_value_but_is_a_label_where_it_is_one() -> None:
    free = {"properties": {"title": {"type": "string"}}}
    parts = [
        said(FIRST, {"title": "N/A"}),
        said(SECOND, {"title": "Contract 17"}),
        said(THIRD, {"title": "not stated"}),
    ]
    assert merge(free, parts).data == {"title": "Contract 17"}
    assert merge(free, [said(FIRST, {"title": "-"}), said(SECOND, {"title": "-"})]).data == {"title": "-"}
    labels = {"properties": {"title": {"enum": ["none", "some"]}}}
    parts = [said(FIRST, {"title": "none"}), said(SECOND, {"title": "none"}), said(THIRD, {"title": "some"})]
    assert merge(labels, parts).data == {"title": "none"}
