"""Abstention: what is less sure than is asked for is withheld, and nothing is put in its place."""

import json
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from slotfill import Extraction, ExtractionError, Extractor
from slotfill.extractors.extractions.loading import verify
from slotfill.extractors.record.parts import Edit, Outcome
from slotfill.extractors.testing import SimulatedClaude
from slotfill.schemas import Confidence, resolve

CHEAP = "claude-haiku-5-5"

TEXT = "The brakes of car 17 failed, says Ada of Leeds."


class Mood(BaseModel):
    label: Literal["good", "bad"] | None = None
    sure: Confidence["label"]


class Needed(BaseModel):
    label: Literal["good", "bad"]
    sure: Confidence["label"]  # noqa: F821 - the name of a field, not of a type


class Nullable(BaseModel):
    label: Literal["good", "bad"] | None
    sure: Confidence["label"]  # noqa: F821 - the name of a field, not of a type


class Defaulted(BaseModel):
    label: Literal["good", "bad"] = "good"
    sure: Confidence["label"]


class Name(BaseModel):
    text: str
    kind: Literal["person", "place"]
    sure: Confidence["kind"]  # noqa: F821 - the name of a field, not of a type


class Names(BaseModel):
    names: list[Name]


class TwoNames(BaseModel):
    names: list[Name] = Field(min_length=2)


class Ticket(BaseModel):
    team: str
    urgency: int | None = None
    tags: list[str] = []


def extract(schema: Any, *replies: Any, **options: Any) -> Extraction[Any]:
    rest = [*replies]
    claude = SimulatedClaude(lambda _: rest.pop(0) if len(rest) > 1 else rest[0])
    defaults = {"model": CHEAP, "sure": 0.8, "client": claude.client(max_retries=0)}
    with Extractor(schema, **defaults | options) as extractor:
        extraction = extractor.extract(TEXT)
    assert verify(json.dumps(extraction.to_json()), resolve(schema)) == extraction.to_json()
    return extraction


@pytest.mark.parametrize("schema", [Mood, Nullable])
def test_what_is_not_sure_is_absent_and_an_edit_tells_it(schema: Any) -> None:
    extraction = extract(schema, {"label": "bad", "sure": 0.79})
    assert (extraction.value.label, extraction.value.sure) == (None, 0.79)
    assert extraction.edits == (Edit("/label", "withheld", "bad", None, "none"),)
    assert extraction.spans == {}
    assert extraction.ok


def test_what_is_as_sure_as_is_asked_for_stays() -> None:
    extraction = extract(Mood, {"label": "bad", "sure": 0.8})
    assert extraction.value.label == "bad"
    assert extraction.edits == ()


@pytest.mark.parametrize("schema", [Needed, Defaulted])
def test_what_the_schema_needs_makes_the_document_fail_and_no_default_takes_its_place(schema: Any) -> None:
    extraction = extract(schema, {"label": "bad", "sure": 0.5})
    assert (extraction.outcome, extraction.error.type, extraction.error.path) == (Outcome.FAILED, "unsure", "/label")
    assert "sure by 0.50, and 0.8 is asked for" in extraction.error.message
    assert extraction.invalid == {"label": "bad", "sure": 0.5}
    with pytest.raises(ExtractionError, match="/label"):
        _ = extraction.value


NAMES = [
    {"text": "car 17", "kind": "person", "sure": 0.4},
    {"text": "Ada", "kind": "person", "sure": 0.95},
    {"text": "failed", "kind": "place", "sure": 0.3},
    {"text": "Leeds", "kind": "place", "sure": 0.9},
]


def test_an_item_goes_from_its_list_with_what_it_is_of() -> None:
    extraction = extract(Names, {"names": NAMES})
    assert [name.text for name in extraction.value.names] == ["Ada", "Leeds"]
    assert [(edit.path, edit.before) for edit in extraction.edits] == [("/names/2", NAMES[2]), ("/names/0", NAMES[0])]
    span = extraction.spans["/names/0/text"]
    assert TEXT[span.start : span.end] == "Ada"
    assert extraction.confidence == {"/names/0/sure": "stated", "/names/1/sure": "stated"}


def test_a_list_that_would_be_too_short_fails() -> None:
    assert extract(TwoNames, {"names": NAMES}).ok
    extraction = extract(TwoNames, {"names": NAMES[:3]})
    assert (extraction.outcome, extraction.error.type) == (Outcome.FAILED, "unsure")


def test_what_readings_do_not_agree_on_is_withheld() -> None:
    one, other = {"team": "brakes", "urgency": 3, "tags": ["a", "b"]}, {"team": "brakes", "urgency": 5, "tags": ["b"]}
    extraction = extract(Ticket, one, other, one, votes=3)
    assert extraction.data == {"team": "brakes", "urgency": None, "tags": ["b"]}
    assert {edit.path for edit in extraction.edits} == {"/urgency", "/tags/0"}
    assert extraction.agreement == {"/team": 1.0}
    assert not [path for path in extraction.found_in if path.startswith("/tags")]


def test_with_a_stronger_model_nothing_is_withheld() -> None:
    reply = {"label": "bad", "sure": 0.5}
    assert extract(Mood, reply, escalate="claude-opus-5-5").value.label == "bad"


def test_nothing_is_withheld_unless_it_is_asked_for() -> None:
    assert extract(Mood, {"label": "bad", "sure": 0.1}, sure=None).value.label == "bad"
