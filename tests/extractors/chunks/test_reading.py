"""Documents and schemas that are read in parts: what is asked, side by side, and what becomes of what is lost."""

import asyncio
import json
import re
from typing import Annotated

import pytest
from checkout import FIXTURES
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from planted_facts import ledger
from pydantic import BaseModel, create_model, field_validator

from slotfill import Document, Example, Extractor, Outcome, Schema, Span
from slotfill.extractors.chunks.reading import schema_parts, together
from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.plan import plan
from slotfill.extractors.rungs.asks import Answer, Policy
from slotfill.extractors.testing.checking.invariants import contradictions, misplaced_spans
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.simulator.clock import ManualClock
from slotfill.extractors.testing.simulator.fault_triggers import BATCH_FAULTS, FAULTS
from slotfill.schemas import Confidence, resolve

TOO_LONG = ApiError(400, "invalid_request_error", "prompt is too long: 9 tokens > 3 maximum")


class Fact(BaseModel):
    """Who has how much."""

    name: str
    amount: int


class Facts(BaseModel):
    """List all facts."""

    title: str
    facts: list[Fact]


def found_in(asked):
    """Say what stands in the chunk, as a model that misses nothing and makes nothing up."""
    facts = re.finditer(r"\[\[(\w+) has (\d+) coins\]\]", asked.document)
    value = {"facts": [{"name": fact[1], "amount": int(fact[2])} for fact in facts]}
    title = re.search(r"Title: (\w+)", asked.document)
    return value | ({"title": title[1]} if title else {})


def extract(claude, text, schema=Facts, **options):
    """Extract through the asynchronous client, one request at a time: they come in the order of the chunks."""

    async def run():
        async with Extractor(schema, client=claude.async_client(max_retries=0), **options) as extractor:
            (extraction,) = [each async for each in extractor.amap([text], concurrency=1)]
            return extraction

    return asyncio.run(run())


@pytest.mark.parametrize(("count", "size"), [(10, 10_000), (100, 100_000), (1000, 1_000_000)])
def test_every_fact_of_a_long_document_is_found_once_and_where_it_stands(count, size):
    claude, text = SimulatedClaude(found_in), ledger(count, size)
    extraction = extract(claude, text, chunk_chars=4_000)
    assert extraction.outcome is Outcome.VALID
    assert [fact.name for fact in extraction.value.facts] == [f"person{number}" for number in range(count)]
    assert extraction.value.title == "Ledger"
    assert extraction.conflicts == ()
    for number in range(count):
        span = extraction.spans[f"/facts/{number}/name"]
        assert (text[span.start : span.end], span.match) == (f"person{number}", "exact")
        for chunk in extraction.found_in[f"/facts/{number}"]:
            reading = extraction.chunks[chunk]
            assert reading.start <= span.start
            assert span.end <= reading.end
    # Linear: what is asked is the document once, and the overlaps.
    told = sum(len(seen.document) for seen in claude.requests)
    assert told < 1.3 * len(text)
    assert extraction.usage == claude.usage


def test_both_clients_ask_the_chunks_side_by_side():
    text = ledger(20, 10_000)
    one = extract(SimulatedClaude(found_in), text, chunk_chars=1_000)
    with Extractor(Facts, client=SimulatedClaude(found_in).client(), chunk_chars=1_000) as extractor:
        two = extractor.extract(text)
    assert (one.data, one.found_in, one.spans) == (two.data, two.found_in, two.spans)
    assert len(first_asks(text, chunk_chars=1_000)) == len(one.chunks) > 5


def first_asks(text, **policy):
    return next(plan(Document.of(text), Schema(Facts), Policy("claude-haiku-5-5", ("structured",), 100, 100, **policy)))


def test_a_document_that_fits_is_asked_about_at_once():
    claude = SimulatedClaude(found_in)
    extraction = extract(claude, ledger(20, 10_000), chunk_chars=20_000)
    assert len(claude.requests) == 1
    assert extraction.chunks == ()
    assert extraction.found_in == {}
    assert "part of a longer document" not in json.dumps(claude.requests[0].body)


@pytest.mark.parametrize(("fault", "outcome"), [("refusal", "refused"), ("529", "failed"), ("truncated", "partial")])
def test_a_chunk_that_fails_makes_the_whole_partial_and_is_named(fault, outcome):
    claude, text = SimulatedClaude(found_in, faults=[f"{fault}@3-5"]), ledger(20, 6_000)
    extraction = extract(claude, text, chunk_chars=1_500, retries=0)
    assert extraction.outcome is Outcome.PARTIAL
    assert not extraction.ok
    lost = [reading for reading in extraction.chunks if reading.error]
    assert [reading.outcome.value for reading in lost] == [outcome] * 3
    assert extraction.error.type == "incomplete"
    assert f"3 of {len(extraction.chunks)} parts" in extraction.error.message
    for reading in lost:
        assert f"chunk {reading.chunk} (characters {reading.start} to {reading.end})" in extraction.error.message
    # What the others gave is kept, and no more than that.
    wanted = {fact["name"] for reading in extraction.chunks if not reading.error for fact in facts_of(text, reading)}
    assert {fact.name for fact in extraction.value.facts} == wanted
    assert extraction.usage == claude.usage


def facts_of(text, reading):
    return found_in(type("Asked", (), {"document": text[reading.start : reading.end]}))["facts"]


@pytest.mark.sweep
@pytest.mark.parametrize("fault", sorted(set(FAULTS) - set(BATCH_FAULTS)))
@pytest.mark.parametrize("when", ["@2", ""], ids=["once", "always"])
def test_no_fault_of_a_chunk_is_lost_or_passes_for_a_value(fault, when):
    claude, text = SimulatedClaude(found_in, faults=[fault + when], clock=ManualClock()), ledger(20, 4_000)
    extraction = extract(claude, text, chunk_chars=1_000)
    assert [*contradictions(extraction)] == []
    assert [*misplaced_spans(extraction.spans, extraction.data, text)] == []
    whole = {"title": "Ledger"} | found_in(type("Asked", (), {"document": text}))
    if extraction.ok:
        assert extraction.data == whole
    else:
        lost = [reading for reading in extraction.chunks if reading.error]
        assert all(f"chunk {reading.chunk} " in extraction.error.message for reading in lost[:3])
        assert lost or extraction.error.type == "validation"
    if extraction.has_value:
        assert all(fact in whole["facts"] for fact in extraction.data["facts"])


def test_what_was_read_of_a_chunk_that_never_fits_is_kept():
    def reply(asked):
        value = found_in(asked)
        return value | ({"facts": [{"name": "person3"}]} if "person3 " in asked.document else {})

    extraction = extract(SimulatedClaude(reply), ledger(20, 6_000), chunk_chars=1_500, retries=0)
    assert extraction.outcome is Outcome.PARTIAL
    lost = [reading for reading in extraction.chunks if reading.error]
    assert lost
    assert all(reading.invalid["facts"] == [{"name": "person3"}] for reading in lost)
    assert all(reading.invalid is None for reading in extraction.chunks if not reading.error)


def test_a_chunk_that_says_nothing_is_not_asked_about():
    claude = SimulatedClaude(found_in)
    text = "Title: Ledger\n[[person0 has 3 coins]]" + "\n" * 5_000 + "[[person1 has 4 coins]]"
    extraction = extract(claude, text, chunk_chars=1_000)
    assert [fact.name for fact in extraction.value.facts] == ["person0", "person1"]
    assert all(seen.document.strip() for seen in claude.requests)


@pytest.mark.parametrize(("scored", "origin"), [((True, True), "scored"), ((True, False), "stated")])
def test_a_confidence_is_no_better_founded_than_the_worst_of_its_parts(scored, origin):
    class Mood(BaseModel):
        mood: str
        confidence: Annotated[float, Confidence("mood")]

    policy = Policy("claude-haiku-5-5", ("structured",), 100, 100, chunk_chars=200)
    course = plan(Document.of("Good. " * 60), Schema(Mood), policy)
    asks, said = next(course), '{"mood": "good", "confidence": 0.5}'
    paths = [("/confidence",) if scored[number > 0] else () for number, _ in enumerate(asks)]
    with pytest.raises(StopIteration) as end:
        course.send(tuple(Answer(json=said, text=said, stop_reason="end_turn", scored=path) for path in paths))
    assert len(asks) > 1
    assert end.value.value.confidence == {"/confidence": origin}


def test_a_failure_that_every_request_meets_keeps_its_kind():
    extraction = extract(SimulatedClaude(found_in, key="other"), ledger(20, 6_000), chunk_chars=1_500)
    assert extraction.outcome is Outcome.FAILED
    assert extraction.error.type == "authentication"


def test_each_chunk_is_repaired_by_itself():
    claude = SimulatedClaude(found_in, faults=["number_as_string@2", "fences@3", "missing_field@4"])
    extraction = extract(claude, ledger(20, 6_000), chunk_chars=1_500)
    assert extraction.ok
    assert len(extraction.value.facts) == 20
    assert extraction.edits
    assert {edit.chunk for edit in extraction.edits} <= {reading.chunk for reading in extraction.chunks}
    assert all(attempt.chunk is not None for attempt in extraction.attempts)


def test_a_document_that_the_service_finds_too_long_is_split_until_it_is_not():
    claude = SimulatedClaude(lambda request: TOO_LONG if len(request.document) > 2_500 else found_in(request))
    extraction = extract(claude, ledger(20, 6_000))
    assert extraction.ok
    assert len(extraction.value.facts) == 20
    assert [reading.chunk for reading in extraction.chunks] == [*range(len(extraction.chunks))]
    # The requests that were too long are in the account, too.
    assert len(extraction.attempts) == len(claude.requests) > len(extraction.chunks)


def test_a_short_document_that_is_too_long_all_the_same_fails():
    extraction = extract(SimulatedClaude(lambda _: TOO_LONG), "Short.")
    assert extraction.error.type == "too_long"
    assert len(extraction.attempts) == 1


def test_a_document_longer_than_the_context_is_never_sent_whole():
    claude, text = SimulatedClaude(found_in), ledger(50, 900_000)
    extraction = extract(claude, text, model="claude-haiku-4-5")
    assert extraction.ok
    assert len(extraction.value.facts) == 50
    assert all(seen.status == 200 for seen in claude.requests)
    assert len(claude.requests) > 1


class ManyFacts(BaseModel):
    """List all facts."""

    facts: list[Fact]


def test_a_document_beyond_the_first_price_band_is_cheaper_in_chunks():
    text = ledger(50, 900_000).removeprefix("Title: Ledger")
    chunked = extract(SimulatedClaude(found_in), text, ManyFacts, model="claude-haiku-5-5")
    whole = extract(SimulatedClaude(found_in), text, ManyFacts, model="claude-haiku-5-5", chunk_chars=len(text))
    assert chunked.data == whole.data
    assert (len(chunked.attempts), len(whole.attempts)) == (5, 1)
    assert chunked.surcharge_usd == 0
    assert chunked.cost_usd < whole.cost_usd / 4
    assert whole.surcharge_usd == whole.cost_usd * 4 / 5


def test_what_the_whole_must_hold_and_no_chunk_does_is_not_made_up():
    claude = SimulatedClaude(found_in)
    extraction = extract(claude, ledger(20, 6_000).removeprefix("Title: Ledger"), chunk_chars=1_500)
    assert extraction.outcome is Outcome.FAILED
    assert (extraction.error.type, extraction.error.path) == ("validation", "/title")
    assert len(extraction.invalid["facts"]) == 20


def test_the_parts_of_every_shape_can_be_asked_for():
    """With free keys and examples that hold them, and with references to other files."""
    for file in sorted((FIXTURES / "shapes").glob("[0-9]*.json")):
        schema = resolve(str(file))
        for width in (None, 3):
            for task in schema_parts(schema, width, chunked=True):
                assert "text" in (task.wire.modes if task.wire else ("text",))
    free = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "required": ["a", "b", "free"],
        "additionalProperties": {"type": "integer"},
    }
    examples = [Example("x", {"a": "1", "b": "2", "free": 3})]
    first, second = schema_parts(resolve(free, examples=examples), 1, chunked=False)
    assert [shot.value for task in (first, second) for shot in task.schema.examples] == [
        {"a": "1", "free": 3},
        {"b": "2"},
    ]


class TestPasses:
    def test_a_further_reading_finds_what_was_missed(self):
        text = ledger(10, 5_000)
        whole = found_in(type("Asked", (), {"document": text}))
        less = {**whole, "facts": whole["facts"][::2]}
        claude = SimulatedClaude([less, whole])
        extraction = extract(claude, text, passes=2)
        assert [fact.name for fact in extraction.value.facts] == [f"person{number}" for number in range(10)]
        assert [reading.number for reading in extraction.chunks] == [1, 2]
        first, second = (seen.body["messages"] for seen in claude.requests)
        assert second[: len(first)] == first
        assert json.loads(second[-2]["content"]) == less
        assert extraction.usage.cache_read_tokens > 0, "the document is read from the cache"

    def test_a_further_reading_that_fails_leaves_the_first_and_says_so(self):
        claude = SimulatedClaude(found_in, faults=["refusal@2"])
        extraction = extract(claude, ledger(10, 5_000), passes=2)
        assert extraction.outcome is Outcome.PARTIAL
        assert len(extraction.value.facts) == 10
        assert "reading 2" in extraction.error.message

    def test_what_could_not_be_read_once_is_not_read_again(self):
        claude = SimulatedClaude(found_in, faults=["refusal"])
        extraction = extract(claude, ledger(10, 5_000), passes=3)
        assert len(claude.requests) == 1
        assert [reading.outcome for reading in extraction.chunks] in ([Outcome.REFUSED], [])
        assert extraction.outcome is Outcome.REFUSED


class TestWide:
    WIDE = create_model("Wide", **{f"field_{number}": (str, ...) for number in range(700)})

    @staticmethod
    def reply(asked):
        return {key: f"the {key}" for key in asked.schema["properties"]}

    def test_a_schema_too_wide_for_one_request_is_split_by_fields_and_joined(self):
        claude = SimulatedClaude(self.reply)
        extraction = extract(claude, "Wide.", self.WIDE)
        assert extraction.outcome is Outcome.VALID
        assert extraction.data == {f"field_{number}": f"the field_{number}" for number in range(700)}
        asked = [reading.fields for reading in extraction.chunks]
        assert [field for fields in asked for field in fields] == [*extraction.data]
        assert len(asked) == len(claude.requests) == 3

    def test_a_group_that_fails_is_named(self):
        claude = SimulatedClaude(self.reply, faults=["refusal@2"])
        extraction = extract(claude, "Wide.", self.WIDE)
        assert extraction.outcome is Outcome.PARTIAL
        assert not extraction.has_value, "the fields of the group are required"
        assert "fields 'field_333' to 'field_665'" in extraction.error.message
        assert len(extraction.invalid) == 700 - 333

    @pytest.mark.parametrize(
        ("field", "of_whole", "rungs"),
        [("field_1", False, ["ask", "patch", "ask", "ask"]), ("field_690", True, ["ask", "ask", "ask", "patch"])],
        ids=["what its group has wrong", "what only the whole refuses"],
    )
    def test_a_field_that_is_refused_is_patched(self, field, of_whole, rungs):
        class Strict(self.WIDE):
            @field_validator(field)
            @classmethod
            def check(cls, value, info):
                if value != "mended" and not (of_whole and info.data.get("field_1") is None):
                    raise ValueError("must be mended")
                return value

        def reply(asked):
            value = self.reply(asked)
            return {field: "mended"} if len(value) == 1 else value

        claude = SimulatedClaude(reply)
        extraction = extract(claude, "Wide, mended.", Strict)
        assert extraction.outcome is Outcome.PATCHED
        whole = {f"field_{number}": f"the field_{number}" for number in range(700)}
        assert extraction.data == whole | {field: "mended"}
        assert [attempt.rung.value for attempt in extraction.attempts] == rungs
        assert extraction.spans[f"/{field}"] == Span(6, 12, "exact"), "what was patched stands where it stands now"


def test_a_correction_of_a_chunked_document_reaches_every_chunk():
    claude, text = SimulatedClaude(found_in), ledger(20, 6_000)
    with Extractor(Facts, client=claude.client(), chunk_chars=1_500) as extractor:
        first = extractor.extract(text)
        before = len(claude.requests)
        refined = first.refine("Leave out the poor.")
    assert refined.ok
    told = [seen.body["messages"] for seen in claude.requests[before:]]
    assert len(told) == before
    assert all(messages[-1]["content"].startswith("Leave out the poor.") for messages in told)
    assert all(messages[-2]["role"] == "user" for messages in told), "no chunk is told the value of the whole"


@given(st.lists(st.lists(st.integers(1, 4), max_size=4), max_size=6))
@examples(60)
def test_courses_run_side_by_side_each_get_their_own_answers(shapes):
    def course(number, waves):
        got = []
        for wave, count in enumerate(waves):
            answers = yield tuple(f"{number}/{wave}/{place}" for place in range(count))
            got += answers
        return got

    running = together([course(number, waves) for number, waves in enumerate(shapes)])
    sent, waves = None, 0
    while True:
        try:
            asks = running.send(sent)
        except StopIteration as end:
            results = end.value
            break
        waves += 1
        sent = tuple(f"to {ask}" for ask in asks)
    assert waves == max(map(len, shapes), default=0)
    assert results == [
        [f"to {number}/{wave}/{place}" for wave, count in enumerate(waves) for place in range(count)]
        for number, waves in enumerate(shapes)
    ]


def test_the_same_answers_give_the_same_asks_and_the_same_record():
    text = ledger(20, 6_000)

    def drive():
        course, sent, asks = (
            plan(
                Document.of(text),
                Schema(Facts),
                Policy("claude-haiku-5-5", ("structured",), 100, 100, chunk_chars=1_500),
            ),
            None,
            [],
        )
        while True:
            try:
                asked = course.send(sent)
            except StopIteration as end:
                return asks, end.value.to_json()
            asks.append(asked)
            sent = tuple(answer(ask) for ask in asked)

    def answer(ask):
        document = ask.prompt.turns[-1].text
        said = json.dumps(found_in(type("Asked", (), {"document": document})))
        return Answer(json=said, text=said, stop_reason="end_turn")

    assert drive() == drive()
