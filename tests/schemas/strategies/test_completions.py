import json
import re
from typing import get_args

import pytest
from checkout import FIXTURES
from examples import examples
from hypothesis import given
from pydantic import BaseModel, ConfigDict

from slotfill.schemas import Entities, Feedback, Sentiment, Summary
from slotfill.schemas.errors import InvalidError
from slotfill.schemas.json_schema.response_model import response_model
from slotfill.schemas.schema import Schema
from slotfill.schemas.strategies.completions import CompletionKind, completions

SHAPES = sorted((FIXTURES / "shapes").glob("*.json"))
SOURCES = [
    *(pytest.param(model, id=model.__name__) for model in (Entities, Feedback, Sentiment, Summary)),
    *(pytest.param(json.loads(path.read_text()), id=path.stem) for path in SHAPES),
]
DOCUMENT = "Ana: it is fine.\r\n\r\nBut 12 of 13 came late, на неделю."


def drawn(strategy, count=40):
    found = []

    @examples(count)
    @given(strategy)
    def collect(completion):
        found.append(completion)

    collect()
    return found


def is_accepted(schema, text, document=None):
    try:
        schema.validate(text, document=document)
    except InvalidError:
        return False
    return True


@pytest.mark.sweep
@pytest.mark.parametrize("source", SOURCES)
def test_each_kind_is_what_it_says_and_the_truth_is_valid(source):
    schema = Schema(response_model(source, name="test") if isinstance(source, dict) else source)
    for said in drawn(completions(source)):
        assert is_accepted(schema, json.dumps(schema.wrap(said.truth)))
        assert is_accepted(schema, said.text) == (said.kind == "valid")
        assert said.stop_reason == ("max_tokens" if said.kind == "truncated" else "end_turn")
        if said.kind in ("valid", "fenced", "chatty"):
            assert re.sub(r"\s", "", json.dumps(schema.wrap(said.truth))) in re.sub(r"\s", "", said.text) or (
                re.sub(r"\s", "", json.dumps(schema.wrap(said.truth), ensure_ascii=False))
                in re.sub(r"\s", "", said.text)
            )


@pytest.mark.parametrize("source", [Feedback, {"type": "array", "items": {"type": "integer"}}])
def test_all_kinds_come(source):
    assert {said.kind for said in drawn(completions(source), 200)} == {*get_args(CompletionKind)}


def test_a_truncated_message_is_the_start_of_a_valid_one():
    for said in drawn(completions(Feedback), 100):
        if said.kind == "truncated":
            whole = [
                json.dumps(said.truth, ensure_ascii=ensure_ascii, indent=indent)
                for ensure_ascii in (True, False)
                for indent in (None, 2)
            ]
            assert any(text.startswith(said.text) and text != said.text for text in whole)


def test_with_a_document_the_truth_quotes_it_and_what_is_wrong_is_wrong_with_it():
    schema = Schema(Sentiment)
    for said in drawn(completions(Sentiment, document=DOCUMENT), 100):
        assert is_accepted(schema, json.dumps(said.truth), DOCUMENT)
        assert is_accepted(schema, said.text, DOCUMENT) == (said.kind == "valid")


def test_half_right_messages_are_json_with_something_right():
    right = 0
    for said in drawn(completions(Feedback), 200):
        if said.kind == "half_right":
            value = json.loads(said.text)
            right += any(value.get(key) == part for key, part in said.truth.items())
    assert right > 5


class Empty(BaseModel):
    model_config = ConfigDict(extra="forbid")


def test_a_schema_of_one_value_can_still_be_mistyped():
    mistyped = [said.text for said in drawn(completions(Empty), 100) if said.kind == "mistyped"]
    assert mistyped
    assert not any(is_accepted(Schema(Empty), text) for text in mistyped)
