from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, TypeAdapter

from slotfill.schemas import (
    Entities,
    Feedback,
    FreeText,
    Merge,
    QuotedAnswer,
    Schema,
    SchemaError,
    Sentiment,
    Summary,
    resolve,
)
from slotfill.schemas.json_values.pointer import follow
from slotfill.schemas.marks.free_text import FREE_TEXT_KEYWORD, is_free_text


class Review(BaseModel):
    """Read the review."""

    summary: Annotated[FreeText, Merge("longest")] = Field(min_length=1)
    advice: FreeText | None = None
    points: list[FreeText] = []
    product: str


def test_a_field_is_marked_in_its_json_schema() -> None:
    json_schema = Schema(Review).output_schema
    marked = ("/summary", "/advice/anyOf/0", "/points/items")
    assert all(follow(f"/properties{path}", json_schema)[FREE_TEXT_KEYWORD] is True for path in marked)
    assert FREE_TEXT_KEYWORD not in follow("/properties/product", json_schema)
    assert TypeAdapter(FreeText).validate_python("x") == "x"


def test_one_line_and_a_file_mark_it_too() -> None:
    in_line = resolve("summary free-text, advice free-text|null, points [free-text]").json_schema["properties"]
    assert in_line["summary"] == {"type": "string", FREE_TEXT_KEYWORD: True}
    assert in_line["advice"]["anyOf"][0] == in_line["points"]["items"] == in_line["summary"]
    assert is_free_text([{}, in_line["summary"]])
    assert not is_free_text([{"type": "string", FREE_TEXT_KEYWORD: False}])


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({"type": "string", FREE_TEXT_KEYWORD: "yes"}, "'yes' is neither true nor false"),
        ({"type": "array", "items": {"type": "integer"}, FREE_TEXT_KEYWORD: True}, "marks no string: of a list, mark"),
        ({"type": ["integer", "null"], FREE_TEXT_KEYWORD: True}, "marks no string"),
    ],
)
def test_a_mark_that_says_nothing_is_refused_with_its_place(part: Any, reason: str) -> None:
    with pytest.raises(SchemaError) as caught:
        resolve({"type": "object", "properties": {"a/b": part}})
    assert str(caught.value).startswith(f"/properties/a~1b: {FREE_TEXT_KEYWORD}: {reason}")
    nullable = {"type": ["string", "null"], FREE_TEXT_KEYWORD: True}
    assert resolve({"type": "object", "properties": {"a": nullable, "b": {"$ref": "#/properties/a"}}})


def test_what_built_in_schemas_ask_for_in_own_words_is_marked() -> None:
    marked = {
        f"{model.__name__}.{key}"
        for model in (Entities, Feedback, QuotedAnswer, Sentiment, Summary)
        for key, part in model.model_json_schema()["properties"].items()
        if is_free_text([part, *part.get("anyOf", ())])
    }
    assert marked == {"QuotedAnswer.answer", "Feedback.suggested_action", "Sentiment.summary", "Summary.summary"}
