"""The plain text that a conversation becomes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors import prompt
from slotfill.extractors.local.layout import Conversation, Turn
from slotfill.extractors.record import Document
from slotfill.schemas.errors import FieldError
from slotfill.schemas.schema import Schema
from slotfill.schemas.sentiment import Sentiment


def conversation(written: prompt.Prompt) -> Conversation:
    return Conversation(written.system, [Turn(turn.role, turn.text) for turn in written.turns])


def test_examples_and_document_stand_in_one_layout() -> None:
    turns = [
        Turn("user", "<document-0a>\nFine.\n</document-0a>"),
        Turn("assistant", '{"mood":"good","n":[1,2]}'),
        Turn("user", "<document-0b>\nBad.\n\nSad.\n</document-0b>"),
    ]
    expected = 'Input: Fine.\nOutput: {"mood": "good", "n": [1, 2]}\n\nInput: Bad.\n\nSad.\nOutput:'
    assert Conversation("Say the mood.", turns).write() == expected
    assert Conversation("Say the mood.", turns[2:]).write() == "Say the mood.\n\nInput: Bad.\n\nSad.\nOutput:"


@given(st.text().filter(str.strip))
def test_the_document_is_found_again(text: str) -> None:
    written = prompt.write(Schema(Sentiment), Document.of(text))
    assert conversation(written).document == text
    again = prompt.correct(written, '{"sentiment": 1}', [FieldError("/sentiment", "is no string")])
    assert conversation(again).document == text


def test_a_correction_follows_the_document() -> None:
    written = prompt.correct(
        prompt.write(Schema(Sentiment, examples=[]), Document.of("Hm.")), "no", [FieldError("", "!")]
    )
    text = conversation(written).write()
    assert "Input: Hm.\nOutput: no\n\nInput: That answer did not validate:" in text
    assert text.endswith("\nOutput:")


def test_the_oldest_example_goes_first() -> None:
    written = conversation(prompt.write(Schema(Sentiment), Document.of("Last.")))
    count = len(Sentiment.examples)
    for left in range(count - 1, -1, -1):
        shorter = written.shorter()
        assert shorter is not None
        assert shorter.document == "Last."
        assert shorter.turns == written.turns[2:]
        assert shorter.write().count("Input: ") == left + 1
        written = shorter
    assert written.shorter() is None
