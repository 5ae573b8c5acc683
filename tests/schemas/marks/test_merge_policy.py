"""Merge: the annotation, its keyword in JSON Schema, and what is refused."""

import json
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel

from slotfill.schemas import Feedback, Merge, Schema, SchemaError, resolve
from slotfill.schemas.json_values.pointer import follow
from slotfill.schemas.marks.merge_policy import MERGE_KEYWORD, list_key_of, policy_of
from slotfill.schemas.wire.wire import wire_of


class Line(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    stock_unit: str
    line_no: int


class Order(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    order_note: Annotated[str, Merge("join")] = Field(min_length=1)
    first_lines: Annotated[list[Line], Merge(key=("stock_unit", "line_no"))]
    more_lines: Annotated[list[Line], Merge(key=["stock_unit"])] | None = None


def rows(keyword: Any) -> dict[str, Any]:
    item = {"type": "object", "properties": {"sku": {"type": "string"}, "n": {"type": "integer"}}}
    listed = {"type": "array", "items": {"$ref": "#/$defs/a~1b"}, MERGE_KEYWORD: keyword}
    return {"type": "object", "properties": {"rows": listed}, "$defs": {"a/b": item}}


@pytest.mark.parametrize("policy", ["most", "first", "last", "least", "greatest", "longest", "join"])
def test_a_policy_stands_in_json_schema_by_its_name(policy: Any) -> None:
    adapter = TypeAdapter[str](Annotated[str, Merge(policy)])
    assert adapter.json_schema() == {"type": "string", MERGE_KEYWORD: policy}
    assert policy_of([{}, adapter.json_schema()]) == policy
    assert adapter.validate_python("a") == "a"


def test_a_key_names_fields_and_json_schema_their_keys() -> None:
    json_schema = Schema(Order).json_schema
    assert follow("/properties/orderNote", json_schema)[MERGE_KEYWORD] == "join"
    assert list_key_of([follow("/properties/firstLines", json_schema)]) == ("stockUnit", "lineNo")
    assert follow("/properties/moreLines/anyOf/0", json_schema)[MERGE_KEYWORD] == {"key": ["stockUnit"]}


def test_a_field_may_be_called_as_another_ones_key_is() -> None:
    class Crossed(BaseModel):
        a: str = Field(alias="b")
        b: str = Field(alias="a")

    class Listed(BaseModel):
        rows: Annotated[list[Crossed], Merge(key=("a",))]

    assert list_key_of([follow("/properties/rows", Schema(Listed).json_schema)]) == ("b",)


def test_json_schema_carries_it_as_it_is() -> None:
    schema = resolve(rows({"key": ["sku"]}))
    assert list_key_of([follow("/properties/rows", schema.json_schema)]) == ("sku",)
    assert policy_of([follow("/properties/rows", schema.json_schema)]) is None
    assert policy_of([follow("/properties/rows", resolve(rows("longest")).json_schema)]) == "longest"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Merge("biggest"), "'biggest' is no policy: use one of 'most', 'first'"),  # type: ignore[arg-type]  # that is the fault
        (Merge, "a policy or a key, and one of them only"),
        (lambda: Merge("first", key=("a",)), "a policy or a key, and one of them only"),
        (lambda: Merge(key="sku"), r"is no list of names: write key=\('sku',\)"),
        (lambda: Merge(key=(1,)), "says nothing"),  # type: ignore[arg-type]  # likewise
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(make: Callable[[], Merge], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        make()


@pytest.mark.parametrize(
    ("keyword", "message"),
    [
        ("biggest", "/properties/rows: x-merge: 'biggest' is no policy: use one of"),
        ({"key": []}, "/properties/rows: x-merge: {'key': []} says nothing: give"),
        ({"key": "sku"}, "says nothing: give"),
        ({"key": ["sku"], "policy": "first"}, "says nothing: give"),
        (["sku"], "says nothing: give"),
        ({"key": ["sku", "skew"]}, "/properties/rows: x-merge: 'skew' is no property of the items: name some of 'sku'"),
    ],
)
def test_a_file_that_says_it_wrongly_is_refused_with_the_place(keyword: Any, message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        resolve(rows(keyword))
    assert message in str(caught.value)


def test_a_key_of_what_is_no_list_of_objects_is_refused() -> None:
    with pytest.raises(
        SchemaError, match=r"^/properties/a: x-merge: 'b' is no property .* a key is for lists of objects"
    ):
        resolve({"type": "object", "properties": {"a": {"type": "string", MERGE_KEYWORD: {"key": ["b"]}}}})

    class Wrong(BaseModel):
        lines: Annotated[list[Line], Merge(key=("sku",))]

    with pytest.raises(SchemaError, match=r"'sku' is no property of the items: name some of 'stockUnit', 'lineNo'"):
        Schema(Wrong)


def test_what_only_looks_like_it_is_none() -> None:
    schema = {
        "type": "object",
        "properties": {MERGE_KEYWORD: {"const": {MERGE_KEYWORD: "x"}}},
        "default": {MERGE_KEYWORD: "x"},
    }
    assert resolve(schema).load({MERGE_KEYWORD: {MERGE_KEYWORD: "x"}}) == {MERGE_KEYWORD: {MERGE_KEYWORD: "x"}}


def test_the_service_is_not_told_of_it_and_nothing_is_lost_by_it() -> None:
    for schema in (Schema(Order), Schema(Feedback), resolve(rows({"key": ["sku"]}))):
        wire = wire_of(schema.json_schema, wrapped=False)
        assert MERGE_KEYWORD not in json.dumps(wire.reduced)
        assert MERGE_KEYWORD not in {loss.keyword for loss in wire.losses}
    assert wire_of(Schema(Order).json_schema, wrapped=False).modes[0] == "structured"


def test_equal_ones_are_equal() -> None:
    assert len({Merge("first"), Merge("first"), Merge(key=("a",)), Merge(key=["a"])}) == 2
    assert repr(Merge("first")) == "Merge('first')"
    assert repr(Merge(key=("a",))) == "Merge(key=['a'])"
