"""Evidence in the record: its passages, what it costs, and that all else is as it is without."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from slotfill import Extractor
from slotfill.extractors.catalogue.prices import cost
from slotfill.extractors.errors import SettingsError
from slotfill.extractors.extractions.loading import load_record, verify
from slotfill.extractors.record.parts import EvidencePassage, Outcome, Rung
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.rungs.asks import Policy
from slotfill.extractors.rungs.evidence_record import evidence_share, record_evidence
from slotfill.extractors.testing import SimulatedClaude
from slotfill.schemas import Evidence, Feedback, Merge
from slotfill.schemas.evidenced_schema import with_evidence
from slotfill.schemas.schema import Schema
from slotfill.schemas.strategies import instances
from tests.examples import examples

TEXT = "The brakes of the rental car failed on the motorway. Nobody answered my call. I want my money back now."
VALUE = {"sentiment": "negative", "key_issues": [], "urgency": 5, "suggested_action": "Call the customer."}
LISTS = {
    "sentiment_evidence": ["I want my money back"],
    "key_issues_evidence": [],
    "urgency_evidence": ["The brakes of the rental car failed", "Nobody answered"],
    "suggested_action_evidence": [],
}
WRONG = {**LISTS, "urgency_evidence": ["The brakes exploded", "Nobody answered"]}


def extracted(replies, text=TEXT, *, schema=Feedback, **options):
    claude = SimulatedClaude(replies)
    with Extractor(schema, client=claude.client(), evidence=True, **options) as extractor:
        return extractor.extract(text), claude


def texts(extraction):
    return {path: [one.text for one in passages] for path, passages in extraction.evidence.items()}


def test_the_passages_stand_in_the_record_by_the_values_that_rest_on_them():
    extraction, _ = extracted([{**VALUE, **LISTS}])
    assert extraction.evidence == {
        "/sentiment": (EvidencePassage("I want my money back", 78, 98, "exact"),),
        "/urgency": (
            EvidencePassage("The brakes of the rental car failed", 0, 35, "exact"),
            EvidencePassage("Nobody answered", 53, 68, "exact"),
        ),
        "/suggested_action": (),  # judged, and nothing shows it; no issue was judged to be one
    }
    assert (extraction.data, extraction.reply) == (VALUE, VALUE)
    assert extraction.value == Feedback.model_validate(VALUE)


@given(st.data())
@examples(15)
def test_all_else_is_as_it_is_without(data):
    value = data.draw(instances(Feedback))
    lists = {key: data.draw(st.lists(st.sampled_from(TEXT.split()), max_size=2)) for key in LISTS}
    extraction, _ = extracted([{**value, **lists}])
    with Extractor(Feedback, client=SimulatedClaude([value]).client()) as plain:
        without = plain.extract(TEXT)
    for name in ("schema_id", "outcome", "result", "data", "reply", "invalid", "spans", "confidence", "edits", "error"):
        assert getattr(extraction, name) == getattr(without, name)
    assert {**without.to_json(), "evidence": 0, "evidence_usd": 0}.keys() == extraction.to_json().keys()


def test_the_record_is_read_again_and_one_without_evidence_too():
    extraction, _ = extracted([{**VALUE, **LISTS}])
    schema = Schema(Feedback)
    record = json.loads(json.dumps(extraction.to_json()))
    assert load_record(record, schema, extraction.document) == replace(extraction, refiner=None)
    assert verify(json.dumps(record), schema, TEXT) == record
    old = {key: part for key, part in record.items() if not key.startswith("evidence")}
    again = load_record(old, schema, extraction.document)
    assert (again.evidence, again.evidence_usd) == ({}, None)
    assert again.to_json() == old


def test_a_misquoted_passage_is_patched_alone():
    extraction, claude = extracted([{**VALUE, **WRONG}, {"urgency_evidence": {"0": "failed on the motorway"}}])
    assert extraction.outcome is Outcome.PATCHED
    assert texts(extraction)["/urgency"] == ["failed on the motorway", "Nobody answered"]
    asked = claude.requests[1].body["output_config"]["format"]["schema"]
    assert [*asked["properties"]] == ["urgency_evidence"]
    assert [*asked["properties"]["urgency_evidence"]["properties"]] == ["0"]


@pytest.mark.parametrize(
    ("options", "rungs"),
    [
        ({}, [Rung.ASK, Rung.PATCH, Rung.MEND]),
        ({"retries": 0}, [Rung.ASK, Rung.MEND]),
        ({"mend": "off"}, [Rung.ASK, Rung.PATCH, Rung.MEND]),
    ],
)
def test_one_that_stays_wrong_goes_and_is_told_and_the_value_does_not_fail_for_it(options, rungs):
    replies = [{**VALUE, **WRONG}, {"urgency_evidence": {"0": "no such words"}}]
    extraction, _ = extracted(replies, **options)
    assert extraction.ok
    assert [attempt.rung for attempt in extraction.attempts] == rungs
    assert extraction.attempts[-1].ok
    assert texts(extraction)["/urgency"] == ["Nobody answered"]
    (edit,) = extraction.edits
    assert (edit.path, edit.kind, edit.after, edit.risk) == ("/urgency_evidence/0", "misquoted", None, "none")


def test_several_wrong_passages_of_one_list_go_and_the_right_ones_stay():
    listed = ["no one", "Nobody answered", "no two", 7, "I want my money back", *["no three"] * 8]
    extraction, _ = extracted([{**VALUE, **LISTS, "urgency_evidence": listed, "sentiment_evidence": "?"}], retries=0)
    assert texts(extraction)["/urgency"] == ["Nobody answered", "I want my money back"]
    assert texts(extraction)["/sentiment"] == []


def test_a_value_that_is_wrong_itself_is_no_better_for_its_passages():
    extraction, _ = extracted([{**VALUE, **WRONG, "urgency": 9}], retries=0)
    assert not extraction.ok
    assert extraction.invalid == {**VALUE, "urgency": 9}
    assert extraction.evidence == {}


def test_a_wrong_value_and_a_misquoted_passage_are_patched_together():
    right = {"urgency": 5, "urgency_evidence": {"0": "failed on the motorway"}}
    extraction, claude = extracted([{**VALUE, **WRONG, "urgency": 9}, right])
    assert extraction.outcome is Outcome.PATCHED
    assert len(claude.requests) == 2
    assert {*claude.requests[1].body["output_config"]["format"]["schema"]["properties"]} == {*right}
    assert texts(extraction)["/urgency"] == ["failed on the motorway", "Nobody answered"]


def test_what_was_thought_is_no_cost_of_the_evidence():
    extraction, _ = extracted([{**VALUE, **LISTS}])
    (attempt,) = extraction.attempts
    usage = replace(attempt.usage, output_tokens=attempt.usage.output_tokens + 5_000, thinking_tokens=5_000)
    thinking = replace(extraction, attempts=(replace(attempt, usage=usage),))
    policy, share = Policy(attempt.model, ("structured",), 500, 500), Decimal("0.5")
    costs = [record_evidence(one, one.evidence, share, policy).evidence_usd for one in (extraction, thinking)]
    assert costs[0] == costs[1] != 0


def test_what_it_cost_is_its_share_of_what_was_written():
    extraction, _ = extracted([{**VALUE, **LISTS}])
    (attempt,) = extraction.attempts
    usage = attempt.usage
    written = cost(attempt.model, usage) - cost(attempt.model, replace(usage, output_tokens=0))
    share = Decimal(len(json.dumps(LISTS)) - 1) / len(json.dumps({**VALUE, **LISTS}))  # less a brace, more a comma
    assert extraction.evidence_usd is not None
    assert float(extraction.evidence_usd) == pytest.approx(float(written * share), rel=0.05)
    assert extraction.to_json()["evidence_usd"] == format(extraction.evidence_usd, "f")


def test_an_unknown_price_is_null():
    extraction, _ = extracted([{**VALUE, **LISTS}])
    attempts = tuple(replace(attempt, model="claude-of-tomorrow-9") for attempt in extraction.attempts)
    policy = Policy("claude-of-tomorrow-9", ("structured",), 500, 500)
    extraction = record_evidence(replace(extraction, attempts=attempts), extraction.evidence, Decimal("0.5"), policy)
    assert extraction.to_json()["evidence_usd"] is None
    assert load_record(extraction.to_json(), Schema(Feedback)).evidence_usd is None


def test_the_share_grows_with_the_passages():
    asked = with_evidence(Schema(Feedback))
    assert evidence_share(asked, None) == evidence_share(asked, VALUE) == evidence_share(Schema(Feedback), VALUE) == 0
    few, many = {**VALUE, "urgency_evidence": ["a"]}, {**VALUE, "urgency_evidence": [TEXT] * 9}
    assert 0 < evidence_share(asked, few) < evidence_share(asked, many) < 1


@pytest.mark.parametrize("options", [{"votes": 3}, {"votes": 2, "escalate": "claude-opus-4-7"}])
def test_evidence_is_of_one_reading(options):
    with pytest.raises(SettingsError, match="evidence is of one reading"):
        Extractor(Feedback, client=SimulatedClaude([VALUE]).client(), evidence=True, **options)


class Ticket(BaseModel):
    """Judge a ticket."""

    mood: Literal["good", "bad"]
    why: Evidence["mood"]  # noqa: F821 - the name of a field, not of a type


@pytest.mark.parametrize("asked", [True, False])
def test_evidence_that_a_schema_has_itself_is_told_the_same_way_and_stays_in_the_value(asked):
    value = {"mood": "bad", "why": ["Nobody answered"]}
    with Extractor(Ticket, client=SimulatedClaude([value]).client(), evidence=asked) as extractor:
        extraction = extractor.extract(TEXT)
    assert extraction.data == value
    assert extraction.evidence == {"/mood": (EvidencePassage("Nobody answered", 53, 68, "exact"),)}
    assert extraction.spans["/why/0"].start == 53


class Trip(BaseModel):
    """Judge a trip."""

    mood: Literal["good", "bad"]
    notes: Annotated[str, Merge("join")]


WORDS = ("sad", "glad", "low", "grim")
LONG = "".join(f"On day {day} we were {mood} at heart. " * 9 for day, mood in enumerate(WORDS))


def test_of_a_long_document_the_evidence_of_the_value_that_won_is_united():
    def reply(request):
        word = max(WORDS, key=request.document.count)
        mood = "good" if word == "glad" else "bad"
        return {"mood": mood, "notes": word, "mood_evidence": [f"were {word}"], "notes_evidence": [f"{word} at heart"]}

    extraction, claude = extracted(reply, LONG, schema=Trip, chunk_chars=320)
    assert len(claude.requests) > 2
    assert extraction.data["mood"] == "bad"
    assert set(texts(extraction)["/mood"]) == {"were sad", "were low", "were grim"}
    assert set(texts(extraction)["/notes"]) == {f"{word} at heart" for word in WORDS}
    for passages in extraction.evidence.values():
        assert all(LONG[one.start : one.end] == one.text for one in passages)
    assert not any("evidence" in path for path in (*extraction.spans, *extraction.found_in))


class Verdict(BaseModel):
    """Judge how a day was."""

    mood: Literal["good", "bad"]


class Diary(BaseModel):
    """Judge a diary by its first and its longest day."""

    first: Annotated[Verdict, Merge("first")]
    days: list[Verdict]


def test_what_was_not_kept_of_an_object_is_told_without_the_passages():
    def reply(request):
        word = max(WORDS, key=request.document.count)
        mood = {"mood": "good" if word == "glad" else "bad", "mood_evidence": [f"were {word}"]}
        return {"first": mood, "days": [mood]}

    extraction, _ = extracted(reply, LONG, schema=Diary, chunk_chars=320)
    (conflict,) = [one for one in extraction.conflicts if one.path == "/first"]
    assert conflict.kept == {"mood": "bad"}
    assert [other.value for other in conflict.others] == [{"mood": "good"}]  # the other days were bad, too


def test_a_part_that_misquotes_does_not_cost_the_document():
    def reply(request):
        return {"mood": "bad", "notes": "n", "mood_evidence": ["no such words"], "notes_evidence": []}

    extraction, _ = extracted(reply, LONG, schema=Trip, chunk_chars=320, retries=0)
    assert extraction.ok
    assert extraction.evidence["/mood"] == ()
    assert {edit.kind for edit in extraction.edits} == {"misquoted"}


def test_an_earlier_record_is_not_taken_over_as_if_it_had_been_asked_for_evidence():
    with Extractor(Feedback, client=SimulatedClaude([VALUE]).client(), evidence=True) as extractor:
        earlier = extractor.extract(TEXT)
        with pytest.raises(SettingsError, match="without evidence"):
            extractor.update(earlier, TEXT)


def test_a_further_turn_tells_the_value_without_and_asks_for_evidence_anew():
    claude = SimulatedClaude([{**VALUE, **LISTS}, {**VALUE, "urgency": 4, **LISTS}])
    with Extractor(Feedback, client=claude.client(), evidence=True) as extractor:
        second = extractor.extract(TEXT).refine("urgency is 4")
    told = [turn for turn in claude.requests[1].body["messages"] if turn["role"] == "assistant"][-1]
    assert "_evidence" not in json.dumps(told)
    assert texts(second)["/urgency"] == LISTS["urgency_evidence"]


def test_partials_show_none_of_it():
    claude = SimulatedClaude([{**LISTS, **VALUE}])
    with Extractor(Feedback, client=claude.client(), evidence=True) as extractor:
        *partials, extraction = extractor.stream(TEXT)
        assert {part.path for partial in partials for part in partial.parts} == {f"/{key}" for key in VALUE}
        assert partials[-1].data == VALUE
        assert partials[-1].value == extraction.value
    assert texts(extraction)["/sentiment"] == ["I want my money back"]


def test_the_simulated_model_quotes_what_stands_in_the_document():
    extraction, _ = extracted(None)
    assert extraction.outcome is Outcome.VALID
    quoted = [one for passages in extraction.evidence.values() for one in passages]
    assert all(one.match == "exact" for one in quoted)
    assert extraction.usage != Usage()
