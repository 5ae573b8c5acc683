"""Compare: the annotation, its keyword in JSON Schema, what is refused, and that nobody is asked otherwise for it."""

import json
from collections.abc import Callable
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, TypeAdapter
from scripted import Service, message

from slotfill import Extractor
from slotfill.schemas import Compare, Merge, Schema, SchemaError, resolve
from slotfill.schemas.json_values.pointer import follow
from slotfill.schemas.marks.comparison import COMPARE_KEYWORD, comparison_of
from slotfill.schemas.marks.silent_marks import without_silent_marks
from slotfill.schemas.wire.wire import wire_of


class Line(BaseModel):
    name: Annotated[str, Compare("text", at_least=0.8)]
    price: Annotated[float, Compare("number", absolute=0.005)]


class Order(BaseModel):
    note: Annotated[str, Compare("ignore"), Merge("join")]
    lines: list[Line]


class PlainLine(BaseModel):
    name: str
    price: float


def marked(keyword: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a/b": {"type": "string", COMPARE_KEYWORD: keyword}}}


@pytest.mark.parametrize(
    ("compare", "keyword"),
    [
        (Compare("ignore"), "ignore"),
        (Compare("text"), "text"),
        (Compare("text", at_least=0.9), "text"),
        (Compare("text", at_least=0.8), {"as": "text", "at_least": 0.8}),
        (Compare("number", relative=0.01), {"as": "number", "relative": 0.01}),
        (Compare("number", absolute=2), {"as": "number", "absolute": 2}),
    ],
)
def test_it_stands_in_json_schema_and_is_read_again(compare: Compare, keyword: Any) -> None:
    adapter = TypeAdapter[str](Annotated[str, compare])
    assert adapter.json_schema() == {"type": "string", COMPARE_KEYWORD: keyword}
    assert adapter.validate_python("a") == "a"
    assert comparison_of([{}, adapter.json_schema()]) == compare
    assert eval(repr(compare)) == compare


def test_what_is_written_holds_it_too() -> None:
    schema = Schema(Order)
    assert follow("/properties/note", schema.output_schema)[COMPARE_KEYWORD] == "ignore"
    assert follow("/$defs/Line/properties/price", schema.output_schema)[COMPARE_KEYWORD] == {
        "as": "number",
        "absolute": 0.005,
    }
    assert comparison_of([follow("/properties/lines", schema.output_schema)]) is None


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Compare("same"), "'same' is no comparison: use one of 'exact', 'number', 'text'"),  # type: ignore[arg-type]  # that is the fault
        (lambda: Compare("exact", at_least=0.5), "'at_least' is no setting of 'exact': it has none"),
        (lambda: Compare("number", at_least=0.5), "'at_least' is no setting of 'number': it has absolute and relative"),
        (lambda: Compare("text", at_least=90), "at_least must be a share, 0 to 1, not 90"),
        (lambda: Compare("number", absolute=-1), "absolute must be a number of 0 or more, not -1"),
        (lambda: Compare("number", absolute=float("nan")), "absolute must be a number of 0 or more, not nan"),
        (lambda: Compare("number", relative=True), "relative must be a number of 0 or more, not True"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(make: Callable[[], Compare], reason: str) -> None:
    with pytest.raises(SchemaError) as caught:
        make()
    assert str(caught.value).startswith(f"Compare: {reason}")


@pytest.mark.parametrize(
    ("keyword", "reason"),
    [
        ("same", "'same' is no comparison: use one of 'exact'"),
        (["text"], "['text'] is no comparison"),
        (None, "None is no comparison"),
        ({"at_least": 0.9}, "None is no comparison"),
        ({"as": "text", "at_most": 0.9}, "'at_most' is no setting of 'text': it has at_least"),
        ({"as": "text", "at_least": "0.9"}, "at_least must be a share, 0 to 1, not '0.9'"),
    ],
)
def test_a_file_that_says_it_wrongly_is_refused_with_the_place(keyword: Any, reason: str) -> None:
    with pytest.raises(SchemaError) as caught:
        resolve(marked(keyword))
    assert str(caught.value).startswith(f"/properties/a~1b: {COMPARE_KEYWORD}: {reason}")


def test_it_changes_nothing_of_what_is_asked() -> None:
    with_it, without = Schema(Line, name="line"), Schema(PlainLine, name="line", instructions="x")
    bare = without_silent_marks(with_it.json_schema)
    assert COMPARE_KEYWORD not in json.dumps(bare)
    assert COMPARE_KEYWORD in json.dumps(with_it.json_schema)  # and it was copied, not changed
    assert bare["properties"] == without.json_schema["properties"]
    marks, none = marked("ignore"), {"type": "object", "properties": {"a/b": {"type": "string"}}}
    assert resolve(marks).id == resolve(none).id
    assert resolve(marked("ignore")).id != resolve({**none, "title": "other"}).id
    for wire in (wire_of(with_it.json_schema, wrapped=False), wire_of(marks, wrapped=True)):
        assert COMPARE_KEYWORD not in json.dumps([wire.full, wire.reduced])
        assert COMPARE_KEYWORD not in {loss.keyword for loss in wire.losses}


@pytest.mark.parametrize("keyword", ["ignore", {"as": "text", "at_least": 0.5}])
def test_the_service_is_asked_the_same(service: Service, keyword: Any) -> None:
    for part in ({"type": "string"}, {"type": "string", COMPARE_KEYWORD: keyword}):
        schema = resolve({"title": "T", "type": "object", "properties": {"a": part}, "required": ["a"]})
        service.script(message('{"a": 1}'), message('{"a": "x"}'))
        with Extractor(schema, client=service.client(), mend="off") as extractor:
            assert extractor.extract("x").value == {"a": "x"}
    half = len(service.requests) // 2
    assert half > 1  # a patch too
    assert service.requests[:half] == service.requests[half:]


def test_what_only_looks_like_it_is_none() -> None:
    schema = {
        "type": "object",
        "properties": {COMPARE_KEYWORD: {"const": {COMPARE_KEYWORD: "x"}}},
        "default": {COMPARE_KEYWORD: "x"},
    }
    assert without_silent_marks(schema) is schema
    assert resolve(schema).load({COMPARE_KEYWORD: {COMPARE_KEYWORD: "x"}}) == {COMPARE_KEYWORD: {COMPARE_KEYWORD: "x"}}


def test_equal_ones_are_equal() -> None:
    assert len({Compare("text"), Compare("text", at_least=0.9), Compare("number"), Compare("number", absolute=1)}) == 3
