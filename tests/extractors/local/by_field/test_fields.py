"""A question a field, on the embedded model for real."""

from __future__ import annotations

import math
import threading
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import pytest
from pydantic import BaseModel

from slotfill import AnswerExtractor, Extractor
from slotfill.extractors.local.by_field import calibration
from slotfill.extractors.local.llama import Engine, shared_engine
from slotfill.extractors.local.llama_server import EngineOptions
from slotfill.schemas import Confidence, Entities, Example, Sentiment, Verbatim
from slotfill.schemas.json_values.json_types import JSONObject

pytestmark = pytest.mark.local

TEXT = "Ada Byron, 36, lives at 5 High Street in Leeds. She paid 1,250 for a red bicycle."


@pytest.fixture(scope="module")
def engine(model_file: Path) -> Engine:
    return shared_engine(model_file)


def score(engine: Engine, prompt: str, *labels: str) -> tuple[float, ...]:
    return engine.score(prompt, labels, threading.Event())[0]


def test_labels_are_scored_by_what_comes_next(engine: Engine) -> None:
    scores = score(engine, "The capital of France is", "Paris", "Berlin", "bananas")
    assert scores[0] > scores[1] > scores[2]
    assert sum(map(math.exp, scores)) == pytest.approx(1, abs=1e-6)


def test_labels_that_begin_alike_are_told_apart(engine: Engine) -> None:
    alike = score(engine, "The parcel is on a ship and under way: it is", "in review", "in transit")
    assert alike[1] > alike[0]
    longer = score(engine, "cold brew, please\nOne cold brew\nA cold", "brew", "brew with milk")
    assert longer[0] > longer[1]


class Person(BaseModel):
    """A person."""

    name: Verbatim
    age: int
    town: str
    colour: Literal["red", "green"] | None
    colour_sure: Annotated[float, Confidence("colour")]
    name_sure: Annotated[float, Confidence("name")]


def test_values_come_from_the_text_and_confidence_from_the_scores(model_file: Path) -> None:
    with Extractor(Person, model="local") as extractor:
        extraction = extractor.extract(TEXT)
    value = extraction.value
    assert value.name in TEXT
    assert value.town in TEXT
    assert value.age in (36, 5, 1250)
    assert extraction.confidence == {"/colour_sure": "scored", "/name_sure": "scored"}
    assert 0 < value.colour_sure <= 1
    assert 0 < value.name_sure <= 1


def test_a_mention_carries_its_own_confidence(model_file: Path) -> None:
    class Mention(BaseModel):
        text: Verbatim
        kind: Literal["person", "place"]
        sure: Annotated[float, Confidence("kind")]

    class Mentions(BaseModel):
        """Names."""

        names: list[Mention]

    with Extractor(Mentions, model="local") as extractor:
        extraction = extractor.extract("Angela Merkel flew from Berlin to Paris.")
    found = extraction.value.names
    assert found
    assert {mention.text for mention in found} <= {"Angela Merkel", "Berlin", "Paris"}
    assert extraction.confidence == {f"/names/{number}/sure": "scored" for number in range(len(found))}


@pytest.mark.slow
def test_the_confidence_of_whole_objects_is_stated(model_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOTFILL_LOCAL_DECODING", "whole")
    with Extractor(Sentiment, model="local") as extractor:
        extraction = extractor.extract("I love it.")
    assert extraction.confidence == {"/confidence": "stated"}


def test_a_short_sentence_is_its_own_summary(model_file: Path) -> None:
    with Extractor("summary, mood happy|sad", model="local") as extractor:
        short, longer = (extractor.extract(text).data for text in ("The soup was  cold.\n", "It was cold. We left."))
    assert short["summary"] == "The soup was cold."
    assert longer["summary"] != "It was cold. We left."


def test_examples_are_read_once_though_schemas_take_turns(model_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    stream = Engine._stream

    def counted(self: Engine, request: JSONObject, cancelled: threading.Event) -> list[JSONObject]:
        replies = stream(self, request, cancelled)
        read.append(replies[-1].get("timings", {}).get("prompt_n", 0))
        return replies

    with Extractor(Sentiment, model="local") as one, Extractor(Entities, model="local") as other:
        for extractor in (one, other):
            extractor.extract("The soup at Leeds was cold.")
        monkeypatch.setattr(Engine, "_stream", counted)
        for extractor in (one, other, one, other):
            extractor.extract("The tea at York was cold.")
    assert max(read) < 64


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ada Byron, 36, lives in Leeds and keeps 9 hens.", "Ada Byron"),
        ("Age: 31\nName: lena vogt", "lena vogt"),
        ("9", None),
        ("the weather was fine all day and nobody minded.", None),
    ],
)
def test_a_name_is_a_name_of_the_text_and_without_one_the_document_fails_at_once(
    model_file: Path, text: str, found: str | None
) -> None:
    with Extractor("name str", model="local") as extractor:
        extraction = extractor.extract(text)
    assert (extraction.data["name"] if extraction.ok else None) == found
    assert len(extraction.attempts) == 1
    assert extraction.error is None or extraction.error.path == "/name"


def test_a_list_is_begun_only_where_a_sentence_is_what_it_asks_for(model_file: Path) -> None:
    with Extractor("complaints [str]", model="local") as extractor:
        without = extractor.extract("The museum opens at nine. We had a lovely evening.").data
        some = extractor.extract("The museum opens at nine. Nobody answers my mails.").data
    assert without == {"complaints": []}
    assert some["complaints"]
    assert all("museum" not in one for one in some["complaints"])


def test_an_answer_rests_on_what_the_text_says_of_it(model_file: Path) -> None:
    with AnswerExtractor(question="What is the refund policy?", model="local") as extractor:
        told = extractor.extract("We are open on Mondays. Refunds are given within 30 days.").value
        untold = extractor.extract("We are open on Mondays. Line 7 runs often.").value
    assert told.quotes == [told.answer] == ["Refunds are given within 30 days."]
    assert (untold.quotes, untold.answer, untold.stated) == ([], None, False)


def test_a_long_text_costs_what_its_windows_cost_and_quotes_stand_in_it(
    model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts: list[str] = []
    score = Engine.score
    monkeypatch.setattr(
        Engine, "score", lambda self, prompt, *rest: prompts.append(prompt) or score(self, prompt, *rest)
    )
    text = "\n".join(f"The soup of day {number} was cold and the waiter was rude to us." for number in range(60))
    with Extractor(Sentiment, model="local") as extractor:
        value = extractor.extract(text).value
    assert len(prompts) == 7  # of 20 windows
    assert all(quote in text for quote in value.key_phrases)
    assert value.sentiment == "negative"


def test_labelled_texts_calibrate_and_are_kept(model_file: Path) -> None:
    class Mood(BaseModel):
        """The mood."""

        calibration: ClassVar[tuple[Example, ...]] = tuple(
            Example(text, {"mood": "sad"}) for text in ("It is great.", "I am so happy.", "What a lovely day!") * 4
        )
        mood: Literal["happy", "sad"]
        sure: Annotated[float, Confidence("mood")]

    with Extractor(Mood, model="local") as extractor:
        assert extractor.extract("It is so lovely.").value.mood == "sad"
    # Other tests keep theirs in the same folder, at the same time.
    files = sorted(calibration._file("x").parent.glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
    *_, found = (kept["/mood"] for file in files if (kept := calibration.recall(file.stem)) and "/mood" in kept)
    assert found.bias[1] > found.bias[0]


def test_a_document_that_is_too_long_is_read_in_chunks(model_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOTFILL_LOCAL_CONTEXT", "512")
    monkeypatch.setenv("SLOTFILL_LOCAL_SLOTS", "1")
    with Extractor("names [str]", model="local") as extractor:
        extraction = extractor.extract("word " * 600)
    assert len(extraction.chunks) > 1
    assert all(reading.end - reading.start < 3_000 for reading in extraction.chunks)
    assert extraction.attempts[0].errors, "the whole was tried first"


def test_the_settings_reach_the_engine(model_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLOTFILL_LOCAL_CONTEXT", "512")
    monkeypatch.setenv("SLOTFILL_LOCAL_SLOTS", "1")
    with Extractor("colour str", model="local") as extractor:
        extraction = extractor.extract("x1 " * 600)
    assert extraction.error is not None
    assert extraction.error.type == "too_long"
    assert "SLOTFILL_LOCAL_CONTEXT" in extraction.error.message
    assert shared_engine(model_file, EngineOptions(slots=1, context=512)).context == 512


def test_a_passage_that_cannot_be_is_an_error_not_a_value(model_file: Path) -> None:
    """llama.cpp ignores a grammar that allows nothing: what it writes then is noticed."""
    schema = {
        "type": "object",
        "properties": {"quote": {"type": "string", "format": "verbatim", "minLength": 90}},
        "required": ["quote"],
        "additionalProperties": False,
    }
    with Extractor(schema, model="local", retries=0) as extractor:
        extraction = extractor.extract("Too short.")
    assert extraction.error is not None
    assert "no passage of the document fits /quote" in extraction.error.message
