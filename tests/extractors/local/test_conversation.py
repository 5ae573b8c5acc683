"""The plain text that a conversation becomes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.documents.document import Document
from slotfill.extractors.local.conversation import Conversation, Shot
from slotfill.extractors.messages_api.request import RequestTurn
from slotfill.extractors.rungs import prompt
from slotfill.schemas.built_in.sentiment import Sentiment
from slotfill.schemas.errors import FieldError
from slotfill.schemas.schema import Schema


def conversation(written: prompt.Prompt) -> Conversation:
    return Conversation(written.system, [RequestTurn(turn.role, turn.text) for turn in written.turns])


def test_examples_and_document_stand_in_one_layout() -> None:
    turns = [
        RequestTurn("user", "<document-0a>\nFine.\n</document-0a>"),
        RequestTurn("assistant", '{"mood":"good","n":[1,2]}'),
        RequestTurn("user", "<document-0b>\nBad.\n\nSad.\n</document-0b>"),
    ]
    expected = 'Input: Fine.\nOutput: {"mood": "good", "n": [1, 2]}\n\nInput: Bad.\n\nSad.\nOutput:'
    assert Conversation("Say the mood.", turns).write() == expected
    assert Conversation("Say the mood.", turns[2:]).write() == "Say the mood.\n\nInput: Bad.\n\nSad.\nOutput:"


@given(st.text().filter(str.strip))
def test_the_document_is_found_again(text: str) -> None:
    written = prompt.write_prompt(Schema(Sentiment), Document.of(text))
    assert conversation(written).document == Document.of(text).text
    again = prompt.correct(written, '{"sentiment": 1}', [FieldError("/sentiment", "is no string")])
    assert conversation(again).document == Document.of(text).text


def test_a_correction_follows_the_document() -> None:
    written = prompt.correct(
        prompt.write_prompt(Schema(Sentiment, examples=[]), Document.of("Hm.")), "no", [FieldError("", "!")]
    )
    text = conversation(written).write()
    assert "Input: Hm.\nOutput: no\n\nInput: That answer did not validate:" in text
    assert text.endswith("\nOutput:")


def test_the_oldest_example_goes_first() -> None:
    written = conversation(prompt.write_prompt(Schema(Sentiment), Document.of("Last.")))
    count = len(Sentiment.examples)
    for left in range(count - 1, -1, -1):
        shorter = written.shorter()
        assert shorter is not None
        assert shorter.document == "Last."
        assert shorter.turns == written.turns[2:]
        assert shorter.write().count("Input: ") == left + 1
        written = shorter
    assert written.shorter() is None


def test_the_worked_examples_are_found() -> None:
    schema = Schema(Sentiment)
    written = prompt.write_prompt(schema, Document.of("Hm."))
    shots = tuple(Shot(example.text, example.value) for example in schema.examples)
    assert len(shots) > 1
    assert conversation(written).shots == shots
    assert conversation(prompt.correct(written, "no", [FieldError("", "!")])).shots == shots
    assert conversation(prompt.write_prompt(Schema(Sentiment, examples=[]), Document.of("Hm."))).shots == ()


def test_an_example_without_json_is_none() -> None:
    turns = [
        RequestTurn("user", "One."),
        RequestTurn("assistant", "no JSON"),
        RequestTurn("user", "Two."),
        RequestTurn("assistant", "null"),
    ]
    assert Conversation("", [*turns, RequestTurn("user", "Three.")]).shots == (Shot("Two.", None),)


def test_the_instructions_lose_the_general_rules() -> None:
    schema = Schema(Sentiment)
    written = prompt.write_prompt(schema, Document.of("Hm."))
    assert prompt.RULES in written.system
    assert conversation(written).instructions == schema.instructions.strip()
