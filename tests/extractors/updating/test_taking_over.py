"""An earlier record taken over: what is asked for is what the schema has gained or changed, or what the text has."""

import asyncio
import json
import re
from decimal import Decimal
from typing import Annotated

import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from paged_documents import paged_document
from planted_facts import ledger
from pydantic import BaseModel, Field, create_model, field_validator, model_validator

from slotfill import Document, Extractor, InputError, Outcome, Schema
from slotfill.extractors.chunks.chunking import split_text
from slotfill.extractors.extractions.loading import load_record
from slotfill.extractors.testing.checking.invariants import (
    contradictions,
    misplaced_spans,
    unloadable_records,
    untold_losses,
)
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.schemas import Confidence, Verbatim, resolve

TEXT = "Ada is 36 and lives in London."
TRUTH = {"name": "Ada", "age": 36, "city": "London", "sure": 0.9}


class Person(BaseModel):
    """Read who it is."""

    name: Verbatim
    age: int


def person(doc=Person.__doc__, bases=(Person,), **fields):
    """Make another version of the schema."""
    return create_model("Person", __base__=bases, __doc__=doc, **fields)


WithCity = person(city=(str | None, None))


def saying(truth=TRUTH):
    """Say what is asked for."""
    return SimulatedClaude(lambda asked: {key: truth[key] for key in asked.schema["properties"] if key in truth})


def asked(claude):
    """Name the properties that each request asked for."""
    return [sorted(entry.body["output_config"]["format"]["schema"]["properties"]) for entry in claude.requests]


def extracted(schema, text=TEXT, truth=TRUTH, **options):
    return Extractor(schema, client=saying(truth).client(max_retries=0), **options).extract(text)


def updated(schema, earlier, claude=None, text=TEXT, *, reworded=False, **options):
    """Update an extraction; every record must be sound."""
    claude = claude or saying()
    extractor = Extractor(schema, client=claude.client(max_retries=0), **options)
    extraction = extractor.update(earlier, text, reworded=reworded)
    for law in (contradictions(extraction), unloadable_records(extraction, extractor.schema)):
        assert [*law] == []
    assert [*misplaced_spans(extraction.spans, extraction.data, extraction.document.text)] == []
    assert load_record(extraction.to_json(), extractor.schema, extraction.document) == extraction
    return extraction


def test_a_gained_field_alone_is_asked_for():
    claude, earlier = saying(), extracted(Person)
    extraction = updated(WithCity, earlier, claude)
    assert extraction.value == WithCity(name="Ada", age=36, city="London")
    assert asked(claude) == [["city"]]
    assert extraction.spans == extracted(WithCity).spans
    note = extraction.taken_over
    assert (note.fields, note.chunks, note.schema, note.cost_usd) == (
        ("/name", "/age"), (), Schema(Person).id, earlier.cost_usd
    )  # fmt: skip
    assert len(extraction.attempts) == 1


def test_a_record_says_the_same_as_its_extraction():
    record = json.loads(json.dumps(extracted(Person).to_json()))
    assert updated(WithCity, record).value == updated(WithCity, extracted(Person)).value


def test_where_nothing_has_changed_nothing_is_asked():
    claude, earlier = saying(), extracted(Person)
    extraction = updated(Person, earlier, claude)
    assert (extraction.value, extraction.outcome, extraction.cost_usd) == (earlier.value, Outcome.VALID, 0)
    assert (extraction.spans, extraction.model, extraction.chunks) == (earlier.spans, earlier.model, ())
    assert claude.requests == []


def test_dropped_fields_are_dropped():
    claude = saying()
    extraction = updated(Person, extracted(WithCity), claude)
    assert (extraction.data, claude.requests) == ({"name": "Ada", "age": 36}, [])
    assert extraction.schema_id == Schema(Person).id


def test_what_was_paid_before_is_added_up_from_record_to_record():
    first = extracted(Person)
    second = updated(WithCity, first)
    third = updated(WithCity, second)
    assert third.taken_over.cost_usd == first.cost_usd + second.cost_usd > 0
    assert third.cost_usd == Decimal(0)


@pytest.mark.parametrize(
    "schema",
    [person("Read who it really is.", city=(str | None, None)), person(name=(str, ...), age=(str, ...))],
    ids=["other instructions", "all of them changed"],
)
def test_other_instructions_change_all_fields(schema):
    claude = saying({**TRUTH, "age": "36"} if "age" in schema.__annotations__ else TRUTH)
    extraction = updated(schema, extracted(Person), claude)
    assert asked(claude) == [sorted(schema.model_fields)]
    assert extraction.taken_over is None


def test_instructions_that_were_only_reworded_change_none():
    claude = saying()
    updated(person("Read who it really is.", city=(str | None, None)), extracted(Person), claude, reworded=True)
    assert asked(claude) == [["city"]]


def test_what_is_said_of_the_whole_changes_all_fields():
    base = {"type": "object", "properties": {"name": {"type": "string"}}, "additionalProperties": False}
    more = {**base, "properties": {**base["properties"], "city": {"type": "string"}}}
    claude, earlier = saying(), extracted(base)
    updated(more, earlier, claude)
    updated({**more, "minProperties": 1}, earlier, claude)
    assert asked(claude) == [["city"], ["city", "name"]]


def test_of_a_record_that_does_not_say_what_it_was_asked_by_nothing_is_taken_over_but_of_the_same_schema():
    record = extracted(Person).to_json()
    del record["schema"]["digests"]
    claude = saying()
    assert updated(WithCity, record, claude).taken_over is None
    assert updated(Person, record, claude).taken_over is not None
    assert asked(claude) == [["age", "city", "name"]]


def test_a_document_that_was_read_at_once_and_has_changed_is_read_again():
    claude = saying()
    assert updated(Person, extracted(Person), claude, text=TEXT + " She writes.").taken_over is None
    assert asked(claude) == [["age", "name"]]


def test_a_record_without_a_whole_value_is_asked_for_in_full():
    failed = extracted(Person, truth={"name": "Ada"}, retries=0)
    claude = saying()
    assert updated(WithCity, failed, claude).ok
    assert asked(claude) == [["age", "city", "name"]]


def test_a_confidence_is_asked_for_with_what_it_is_about():
    sure = person(sure=(Annotated[float, Confidence("age")], ...))
    claude = saying()
    extraction = updated(sure, extracted(Person), claude)
    assert asked(claude) == [["age", "sure"]]
    assert extraction.data == {"name": "Ada", "age": 36, "sure": 0.9}
    assert extraction.taken_over.fields == ("/name",)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"name": "Eve"}, ["name"]),  # she does not stand in the text
        ({"age": "36"}, ["age"]),
        ({"age": "36", "name": 3}, None),
        ({"extra": {"deep": [1]}}, None),
    ],
)
def test_an_earlier_value_that_is_refused_is_asked_for_again(changes, fields):
    record = extracted(Person).to_json()
    record["value"] = record["value"] | changes
    claude = saying()
    assert updated(WithCity, record, claude).value == WithCity(name="Ada", age=36, city="London")
    assert asked(claude) == [sorted([*(fields or ["age", "name"]), "city"])]


class Checked(Person):
    """Read who it is."""

    city: str | None = None

    @model_validator(mode="after")
    def _is_of_age(self):
        if self.city == "Londn":
            raise ValueError("the city is misspelt")
        return self

    @field_validator("age")
    @classmethod
    def _is_young(cls, age):
        if age > 100:
            raise ValueError("is too old")
        return age


def test_where_a_rule_of_the_whole_is_broken_all_is_asked_for():
    said = [{"city": "Londn"}, {"name": "Ada", "age": 36, "city": "London"}]
    claude = SimulatedClaude(said)
    extraction = updated(Checked, extracted(Person), claude)
    assert (extraction.data, extraction.taken_over) == (said[1], None)
    assert asked(claude) == [["city"], ["age", "city", "name"]]
    assert len(extraction.attempts) == 2
    one = extracted(Checked, truth=said[1])
    assert extraction.cost_usd > one.cost_usd > 0


def test_what_breaks_a_condition_on_the_whole_is_patched():
    rule = {"if": {"properties": {"kind": {"const": "big"}}}, "then": {"properties": {"size": {"minimum": 10}}}}
    kind, size = {"kind": {"type": "string"}}, {"size": {"type": "integer"}}
    base = {"type": "object", "required": ["kind"], **rule}
    earlier = extracted(resolve({**base, "properties": kind}), truth={"kind": "big"})
    claude = SimulatedClaude([{"size": 3}, {"size": 12}])
    extraction = updated(resolve({**base, "properties": kind | size}), earlier, claude)
    assert (extraction.data, extraction.outcome) == ({"kind": "big", "size": 12}, Outcome.PATCHED)
    assert [attempt.rung for attempt in extraction.attempts] == ["ask", "patch"]
    assert extraction.taken_over.fields == ("/kind",)


def test_a_rule_that_the_schema_has_gained_in_code_has_the_field_asked_for_again():
    record = extracted(Person).to_json()
    record["value"]["age"] = 101
    claude = saying()
    assert updated(Checked, record, claude).value.age == 36
    assert asked(claude) == [["age", "city"]]


def test_what_was_read_less_often_than_is_asked_for_now_is_read_anew():
    once, twice = extracted(Person), extracted(Person, passes=2)
    claude = saying()
    assert updated(Person, once, claude, passes=2).taken_over is None
    assert len(claude.requests) == 2
    assert updated(Person, twice, claude, passes=2).taken_over is not None
    assert updated(WithCity, twice, claude, passes=2).value.city == "London"
    assert asked(claude)[2:] == [["city"], ["city"]]


def test_what_readings_agreed_on_is_taken_over_with_how_much_they_did():
    once, voted = extracted(Person), extracted(Person, votes=3)
    claude = saying()
    extraction = updated(WithCity, voted, claude, votes=3)
    assert {*map(tuple, asked(claude))} == {("city",)}
    assert extraction.agreement == {**voted.agreement, "/city": 1.0}
    assert updated(Person, extraction, claude, votes=3).agreement == voted.agreement != {}
    again = saying()
    assert updated(WithCity, once, again, votes=3).taken_over is None
    assert {*map(tuple, asked(again))} == {("age", "city", "name")}


def test_a_value_that_is_no_object_is_taken_over_whole():
    words = resolve({"type": "array", "items": {"type": "string"}})
    claude = SimulatedClaude(lambda _: {"value": ["Ada"]})
    earlier = Extractor(words, client=claude.client()).extract(TEXT)
    extraction = updated(words, earlier, claude)
    assert (extraction.data, extraction.taken_over.fields, len(claude.requests)) == (["Ada"], ("",), 1)


@pytest.mark.parametrize("value", [None, "Ada", 36, [{"name": "Ada"}]])
def test_an_earlier_value_that_should_be_an_object_is_asked_for_again(value):
    record = extracted(Person).to_json() | {"value": value}
    claude = saying()
    extraction = updated(WithCity, record, claude)
    assert extraction.data == {"name": "Ada", "age": 36, "city": "London"}
    assert extraction.taken_over is None
    assert asked(claude) == [["age", "city", "name"]]


def test_edits_of_what_was_taken_over_stay():
    claude = SimulatedClaude(lambda _: '{"name": "Ada", "age": "36"}')
    earlier = Extractor(Person, client=claude.client()).extract(TEXT)
    assert [edit.path for edit in earlier.edits] == ["/age"]
    assert updated(WithCity, earlier).edits == tuple(
        type(edit)(edit.path, edit.kind, edit.before, edit.after, edit.risk, 0) for edit in earlier.edits
    )


@pytest.mark.parametrize("record", [{}, {"slotfill": 9}, {"slotfill": 1, "document": {}}, {"source": "a", "value": {}}])
def test_what_is_no_record_is_refused(record):
    with pytest.raises(InputError):
        Extractor(Person, client=saying().client()).update(record, TEXT)


TYPES = {
    "text": ({"type": "string"}, st.text("abc ", max_size=5)),
    "number": ({"type": "integer"}, st.integers()),
    "truth": ({"type": "boolean"}, st.booleans()),
    "words": ({"type": "array", "items": {"type": "string"}}, st.lists(st.text("abc", max_size=3), max_size=3)),
    "maybe": ({"anyOf": [{"type": "string"}, {"type": "null"}]}, st.none() | st.text("abc", max_size=3)),
    "point": (
        {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"], "additionalProperties": False},
        st.fixed_dictionaries({"x": st.integers()}),
    ),
}


@st.composite
def versions(draw):
    """Two versions of a schema, each field at a version of its own, and a value of each."""
    keys = draw(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=8, unique=True))
    types = {key: draw(st.sampled_from(sorted(TYPES))) for key in keys}
    made = []
    for _ in range(2):
        some = draw(st.lists(st.sampled_from(keys), min_size=1, unique=True))
        notes = {key: draw(st.sampled_from(["", "", "", "Otherwise."])) for key in some}
        properties = {
            key: {**TYPES[types[key]][0], **({"description": notes[key]} if notes[key] else {})} for key in some
        }
        schema = {"type": "object", "properties": properties, "required": some, "additionalProperties": False}
        made.append((schema, {key: draw(TYPES[types[key]][1]) for key in some}))
    return made


@examples(40)
@given(versions())
def test_what_was_gained_or_changed_is_asked_for_and_nothing_else(case):
    (before, old), (after, new) = case
    earlier = extracted(before, truth=old)
    claude = saying(new)
    extraction = updated(after, earlier, claude)
    parts = after["properties"]
    different = {key for key, part in parts.items() if before["properties"].get(key) != part}
    assert asked(claude) == ([sorted(different)] if different else [])
    assert extraction.data == {key: (new if key in different else old)[key] for key in parts}
    taken = extraction.taken_over.fields if extraction.taken_over else ()
    assert {*taken} == {f"/{key}" for key in parts.keys() - different}


class Fact(BaseModel):
    """Who has how much."""

    name: str
    amount: int


class Facts(BaseModel):
    """List all facts."""

    title: str
    facts: list[Fact]


class MoreFacts(Facts):
    """List all facts."""

    rains: bool = Field(default=False, description="Whether it rains.")


MoreFacts.__name__ = "Facts"


def found_in(request):
    """Say what stands in the chunk, as a model that misses nothing and makes nothing up."""
    facts = re.finditer(r"\[\[(\w+) has (\d+) coins\]\]", request.document)
    title = re.search(r"Title: (\w+)", request.document)
    value = {
        "facts": [{"name": fact[1], "amount": int(fact[2])} for fact in facts],
        "rains": "rains" in request.document,
    }
    value |= {"title": title[1]} if title else {}
    return {key: part for key, part in value.items() if key in request.schema["properties"]}


def read(text, schema=Facts, earlier=None, **options):
    """Extract, and return the extraction with how many requests it took."""
    claude = SimulatedClaude(found_in)

    async def run():
        async with Extractor(schema, client=claude.async_client(max_retries=0), **options) as extractor:
            return await (extractor.aextract(text) if earlier is None else extractor.aupdate(earlier, text))

    extraction = asyncio.run(run())
    assert [*contradictions(extraction), *untold_losses(extraction)] == []
    assert [one.chunk for one in extraction.chunks] == sorted(one.chunk for one in extraction.chunks)
    return extraction, claude


LONG = ledger(40, 40_000)
PARTS = split_text(LONG, 3_000)


def changes():
    middle, overlap = LONG.index(" ", PARTS[8].end + 500), (PARTS[9].start + PARTS[8].end) // 2
    planted = "\n\n[[somebody has 12 coins]] It never rains."
    fact = re.search(r"\[\[person20 has \d+ coins\]\]", LONG)
    return {
        "a paragraph more": LONG[:middle] + planted + LONG[middle:],
        "in an overlap": LONG[:overlap] + planted + LONG[overlap:],
        "a fact less": LONG[: fact.start()] + LONG[fact.end() :],
        "a figure changed": LONG[: fact.start()] + "[[person20 has 5000 coins]]" + LONG[fact.end() :],
        "at its beginning": "[[first has 1 coins]] " + LONG,
        "at its end": LONG + "[[last has 1 coins]]",
    }


@pytest.mark.parametrize("change", changes())
def test_a_changed_document_is_read_again_in_the_chunks_that_changed(change):
    before, _ = read(LONG, chunk_chars=3_000)
    record = json.loads(json.dumps(before.to_json()))
    text = changes()[change]
    fresh, _ = read(text, chunk_chars=3_000)
    extraction, claude = read(text, earlier=record, chunk_chars=3_000)
    assert extraction.data == fresh.data != before.data
    assert extraction.spans == fresh.spans
    assert 1 <= len(claude.requests) <= (3 if change == "in an overlap" else 2)
    assert len(extraction.chunks) - len(extraction.taken_over.chunks) == len(claude.requests)
    assert extraction.taken_over.fields == ()
    again, silent = read(text, earlier=extraction, chunk_chars=3_000)
    assert (again.data, again.spans, silent.requests) == (extraction.data, extraction.spans, [])
    assert again.taken_over.fields == ("/title", "/facts")


def test_a_field_more_of_a_long_document_is_asked_for_chunk_by_chunk():
    before, _ = read(LONG, chunk_chars=3_000)
    text = changes()["a paragraph more"]
    same, claude = read(LONG, MoreFacts, earlier=before, chunk_chars=3_000)
    assert {*map(tuple, asked(claude))} == {("rains",)}
    assert same.data == read(LONG, MoreFacts, chunk_chars=3_000)[0].data
    changed, claude = read(text, MoreFacts, earlier=before, chunk_chars=3_000)
    assert changed.data == read(text, MoreFacts, chunk_chars=3_000)[0].data
    assert 1 <= sum(fields == ["facts", "rains", "title"] for fields in asked(claude)) <= 2


def test_a_chunk_whose_earlier_value_is_not_sound_is_asked_for_again():
    before, _ = read(LONG, chunk_chars=3_000)
    record = before.to_json()
    record["chunks"][3]["value"]["facts"][0]["amount"] = "many"
    del record["chunks"][5]["value"]
    record["chunks"][7]["id"] = "0" * 64
    extraction, claude = read(LONG, earlier=record, chunk_chars=3_000)
    assert extraction.data == before.data
    assert len(claude.requests) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"start": -5},
        {"start": 10**30},
        {"end": 0},
        {"value": {"facts": []}, "start": 0, "end": 1},
        {"pages": [1]},
        {"anchor": 10**40},
        {"anchor": None},
    ],
)
def test_a_record_that_says_nonsense_of_its_chunks_costs_requests_and_no_value(change):
    before, _ = read(LONG, chunk_chars=3_000)
    record = before.to_json()
    record["chunks"][4] |= change
    text = changes()["a paragraph more"]
    assert read(text, earlier=record, chunk_chars=3_000)[0].data == read(text, chunk_chars=3_000)[0].data


def test_chunks_that_are_longer_than_may_be_sent_now_are_read_anew_if_anything_is_asked():
    before, _ = read(LONG, chunk_chars=3_000)
    _, silent = read(LONG, earlier=before, chunk_chars=2_000)
    assert silent.requests == []
    extraction, claude = read(LONG, MoreFacts, earlier=before, chunk_chars=2_000)
    assert max(len(entry.document) for entry in claude.requests) <= 2_000
    assert extraction.data == read(LONG, MoreFacts, chunk_chars=2_000)[0].data


def test_what_was_read_at_once_and_must_be_read_in_chunks_is_read_anew_if_anything_is_asked():
    before, _ = read(LONG)
    assert read(LONG, earlier=before, chunk_chars=3_000)[1].requests == []
    extraction, claude = read(LONG, MoreFacts, earlier=before, chunk_chars=3_000)
    assert extraction.taken_over is None
    assert len(claude.requests) > 10


def with_pdf(claude):
    """Count the PDFs that each request holds."""
    turns = [[turn["content"] for turn in entry.body["messages"]] for entry in claude.requests]
    return [
        sum(block["type"] == "document" for part in parts if isinstance(part, list) for block in part)
        for parts in turns
    ]


def test_pages_that_are_sent_as_they_are_are_looked_at_for_what_is_new():
    document, other = paged_document(TEXT, 2), paged_document(TEXT, 3)
    claude, earlier = saying(), extracted(Person, text=document)
    assert updated(WithCity, earlier, claude, text=document).value.city == "London"
    updated(Person, earlier, claude, text=other)
    assert (asked(claude), with_pdf(claude)) == ([["city"], ["age", "name"]], [1, 1])


def test_chunks_of_pages_are_those_of_the_same_pages():
    document, other = paged_document("Title: Scans", 60, 60), paged_document("Title: Scans", 60, 59)
    before, _ = read(document)
    assert [len(chunk.pages) for chunk in before.chunks] == [60, 60]
    same, claude = read(document, MoreFacts, earlier=json.loads(json.dumps(before.to_json())))
    assert (same.data, asked(claude)) == ({**before.data, "rains": False}, [["rains"]] * 2)
    assert with_pdf(claude) == [1, 1]
    assert read(document, earlier=before)[1].requests == []
    assert asked(read(other, earlier=before)[1]) == [["facts", "title"]] * 2


def test_a_document_that_cannot_be_read_is_no_less_a_failure():
    extraction = Extractor(Person, client=saying().client()).update(extracted(Person), Document.of("  "))
    assert (extraction.outcome, extraction.taken_over) == (Outcome.FAILED, None)
