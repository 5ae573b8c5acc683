import inspect
import json
import subprocess
import sys
from typing import get_args

import pytest

import slotfill.schemas
from slotfill.schemas import Entities, Entity, Feedback, InvalidError, Sentiment, Summary, built_ins, resolve
from slotfill.schemas.built_in.built_ins import built_in_class

BUILT_IN = sorted(built_ins())
WITH_EXAMPLES = [name for name in BUILT_IN if name != "answer"]  # each would be of another question
SENTIMENT = {"sentiment": "positive", "confidence": 0.5, "key_phrases": [], "summary": "Fine."}
FEEDBACK = {"sentiment": "neutral", "key_issues": [], "urgency": 3, "suggested_action": "Reply."}


def refused(name, value, document=None):
    with pytest.raises(InvalidError) as caught:
        resolve(name).validate(json.dumps(value), document=document)
    return [error.path for error in caught.value.errors]


def sentences(count):
    return json.dumps({"summary": " ".join(["It rains."] * count), "key_points": ["rain"]})


def test_there_are_five():
    assert BUILT_IN == ["answer", "entities", "feedback", "sentiment", "summary"]
    assert list(built_ins()) == BUILT_IN


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_table_says_what_the_docstring_says(name):
    model = getattr(slotfill.schemas, built_in_class(name))
    assert built_ins()[name] == inspect.cleandoc(model.__doc__).splitlines()[0]
    assert resolve(name).model is model
    assert resolve(name).name == name


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_are_valid_and_so_many(name):
    schema = resolve(name)
    assert 4 <= len(schema.examples) <= 16
    assert len(schema.examples) == len(schema.model.examples)
    for example in schema.examples:
        value = schema.validate(json.dumps(example.value), document=example.text)
        assert schema.dump(value) == example.value
    assert any(not example.text.isascii() for example in schema.examples)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_nothing_else_is_let_in_and_nothing_may_lack(name):
    schema = resolve(name)
    value = dict(schema.examples[0].value)
    assert refused(name, {**value, "surprise": 1}) == ["/surprise"]
    for field in value:
        assert refused(name, {key: value[key] for key in value if key != field}) == [f"/{field}"]


def test_the_fields_are_those_that_others_measure_by():
    assert list(Sentiment.model_fields) == ["sentiment", "confidence", "key_phrases", "summary"]
    assert list(Feedback.model_fields) == ["sentiment", "key_issues", "urgency", "suggested_action"]
    assert list(Entities.model_fields) == ["entities"]
    assert list(Entity.model_fields) == ["text", "type"]
    assert list(Summary.model_fields) == ["summary", "key_points"]


@pytest.mark.parametrize("model", [Sentiment, Feedback])
def test_every_sentiment_is_shown(model):
    labels = get_args(model.model_fields["sentiment"].annotation)
    assert labels == ("positive", "negative", "neutral")
    assert {example.value["sentiment"] for example in model.examples} == set(labels)


def test_every_urgency_and_every_type_of_entity_is_shown():
    assert {example.value["urgency"] for example in Feedback.examples} == {1, 2, 3, 4, 5}
    shown = {entity["type"] for example in Entities.examples for entity in example.value["entities"]}
    assert shown == set(get_args(Entity.model_fields["type"].annotation))


def test_examples_of_entities_list_them_in_order_of_appearance():
    for example in Entities.examples:
        at = 0
        for entity in example.value["entities"]:
            at = example.text.index(entity["text"], at) + len(entity["text"])


def test_every_list_that_may_be_empty_is_shown_empty():
    assert any(not example.value["key_phrases"] for example in Sentiment.examples)
    assert any(not example.value["key_issues"] for example in Feedback.examples)
    assert any(not example.value["entities"] for example in Entities.examples)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sentiment", "Positive"),
        ("sentiment", "mixed"),
        ("confidence", 1.01),
        ("confidence", -0.01),
        ("confidence", "0.5"),
        ("key_phrases", ["a"] * 6),
        ("summary", ""),
        ("summary", "x" * 401),
    ],
)
def test_sentiment_is_bounded(field, value):
    assert refused("sentiment", {**SENTIMENT, field: value}) == [f"/{field}"]


def test_key_phrases_and_mentions_stand_in_the_document():
    value = {**SENTIMENT, "key_phrases": ["good", "bad"]}
    assert refused("sentiment", value, "all good") == ["/key_phrases/1"]
    assert refused("sentiment", {**SENTIMENT, "key_phrases": ["x" * 121]}) == ["/key_phrases/0"]
    value = {"entities": [{"text": "Rome", "type": "location"}, {"text": "Roma", "type": "location"}]}
    assert refused("entities", value, "in Rome") == ["/entities/1/text"]
    assert refused("entities", {"entities": [{"text": "Rome", "type": "city"}]}) == ["/entities/0/type"]


@pytest.mark.parametrize("urgency", [0, 6, "3", 3.5, True])
def test_urgency_is_a_whole_number_from_1_to_5(urgency):
    assert refused("feedback", {**FEEDBACK, "urgency": urgency}) == ["/urgency"]


def test_feedback_names_what_it_names():
    assert refused("feedback", {**FEEDBACK, "key_issues": ["slow", ""]}) == ["/key_issues/1"]
    assert refused("feedback", {**FEEDBACK, "suggested_action": ""}) == ["/suggested_action"]


def test_the_parameter_bounds_the_sentences_and_stands_in_the_instructions():
    short = resolve("summary", parameters={"sentences": "2"})
    assert "at most 2 complete sentences" in short.instructions
    assert "{sentences}" not in short.instructions
    assert short.validate(sentences(2))
    with pytest.raises(InvalidError, match="/summary: has 3 sentences: write at most 2"):
        short.validate(sentences(3))
    assert resolve("summary").validate(sentences(3))
    assert 0 < len(short.examples) < len(resolve("summary").examples)


def test_without_a_schema_any_number_of_sentences_passes():
    assert Summary.model_validate_json(sentences(30)).key_points == ["rain"]


def test_key_points_are_1_to_7():
    assert refused("summary", {"summary": "It rains.", "key_points": []}) == ["/key_points"]
    assert refused("summary", {"summary": "It rains.", "key_points": ["a"] * 8}) == ["/key_points"]


def test_the_package_lists_its_public_names_and_each_one_loads():
    assert slotfill.schemas.__all__ == sorted(slotfill.schemas.__all__)
    assert dir(slotfill.schemas) == slotfill.schemas.__all__
    for name in slotfill.schemas.__all__:
        assert getattr(slotfill.schemas, name).__name__ == name or name in ("FreeText", "Verbatim")
    with pytest.raises(AttributeError, match="Sentimant"):
        slotfill.schemas.Sentimant  # noqa: B018 - reading it is the test


def test_listing_the_built_ins_loads_no_validator():
    code = "import sys; from slotfill.schemas import built_ins; built_ins(); print(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert not {"pydantic", "pydantic_core", "jsonschema"} & set(output.split())
