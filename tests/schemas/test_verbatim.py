import json

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from slotfill.schemas.errors import InvalidError
from slotfill.schemas.json_schema import response_model
from slotfill.schemas.passages import exact, normalised
from slotfill.schemas.schema import Schema
from slotfill.schemas.verbatim import FORMAT, Verbatim, misquoted, stands_in

quote = TypeAdapter(Verbatim)
documents = st.text(min_size=1).filter(str.strip)


class Quotes(BaseModel):
    groups: list[dict[str, list[Verbatim]]]
    title: Verbatim | None = None


@given(documents, st.data())
def test_every_passage_that_says_anything_passes(document, data):
    start = data.draw(st.integers(0, len(document) - 1))
    passage = document[start : data.draw(st.integers(start + 1, len(document)))]
    assume(passage.strip())
    assert quote.validate_python(passage, context={"document": document}) == passage


@pytest.mark.parametrize(
    ("document", "passage"),
    [("The Café", "Cafe\u0301"), ("the soup", "The soup"), ("two \r\n words", "two words"), ("so “good”.", "'Good'!")],
)
def test_what_differs_in_form_alone_passes_as_it_was_quoted(document, passage):
    assert quote.validate_python(passage, context={"document": document}) == passage


@given(documents, st.text())
@example("the soup", "the stew")
@example("The Café", "Cafe")
@example("a b", " ")
@example("a b", "")
@example("a b", "!")
def test_what_does_not_stand_there_fails(document, other):
    assume(not other.strip() or not normalised(other, document))
    with pytest.raises(ValidationError, match="does not stand in the document"):
        quote.validate_python(other, context={"document": document})


@given(st.text())
def test_without_a_document_every_string_passes(text):
    assert quote.validate_python(text) == text
    assert quote.validate_python(text, context={}) == text
    assert quote.validate_python(text, context={"document": None}) == text


@given(st.text(), st.text())
def test_standing_in_a_text_is_being_found_in_it(passage, document):
    assert stands_in(passage, document) == bool(exact(passage, document) or normalised(passage, document))


def test_the_error_quotes_the_nearest_passages():
    document = "We came late. The {soup}\twas rather cold, I thought. They say that the stew was rather cold too."
    with pytest.raises(ValidationError) as caught:
        quote.validate_python("the {soop} was rather cold", context={"document": document})
    assert caught.value.errors()[0]["msg"] == (
        "does not stand in the document: copy a passage word for word; "
        r"the nearest are: 'The {soup}\twas rather cold', 'the stew was rather cold'"
    )
    schema = Schema(response_model({"type": "string", "format": FORMAT}, name="quote"))
    with pytest.raises(InvalidError) as refused:
        schema.validate('{"value": "the {soop} was rather cold"}', document=document)
    assert refused.value.errors[0].message == caught.value.errors()[0]["msg"]


def test_the_error_is_short_whatever_the_passages():
    assert misquoted("tea", "soup") == "does not stand in the document: copy a passage word for word"
    document = "the soup was very cold and nobody came " * 9
    assert len(misquoted(document.replace("nobody", "no one"), document)) < 300


def test_an_empty_document_holds_no_quote():
    with pytest.raises(ValidationError):
        quote.validate_python("a", context={"document": ""})


def test_it_is_still_a_string():
    with pytest.raises(ValidationError):
        quote.validate_python(3, context={"document": "3"})


def test_nested_quotes_are_each_checked_and_named():
    text = json.dumps({"groups": [{"a": ["soup", "stew"]}, {"b/c": ["cold", "tea"]}], "title": "the"})
    with pytest.raises(InvalidError) as caught:
        Schema(Quotes).validate(text, document="the soup was cold")
    assert [error.path for error in caught.value.errors] == ["/groups/0/a/1", "/groups/1/b~1c/1"]
    assert Schema(Quotes).validate(text, document="the stew, the soup, cold tea").title == "the"
    assert Schema(Quotes).validate(text).groups[1] == {"b/c": ["cold", "tea"]}


def test_json_schema_marks_it():
    assert quote.json_schema() == {"type": "string", "format": FORMAT}
    properties = Quotes.model_json_schema()["properties"]
    assert properties["title"]["anyOf"][0] == {"type": "string", "format": "verbatim"}
