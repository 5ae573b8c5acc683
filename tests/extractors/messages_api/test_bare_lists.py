"""Lists in structured output: asked for and quoted bare, known as they travel everywhere else."""

import asyncio
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, RootModel

from slotfill import Example, Extraction, Extractor, Outcome
from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.messages_api.bare_lists import as_bare_list, as_wrapped_list
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.schemas.strategies import completions

JSON = st.recursive(
    st.none() | st.integers() | st.text(), lambda part: st.lists(part) | st.dictionaries(st.text(), part)
)
MODELS = {"structured": "claude-haiku-5-5", "tool": "claude-3-haiku-20240307"}
TEXT = "Ada has 3 apples. Bob has 4 pears."


class Item(BaseModel):
    name: str
    count: int


class Items(RootModel[list[Item]]):
    """List who has how much."""


ADA, BOB = {"name": "Ada", "count": 3}, {"name": "Bob", "count": 4}
EXAMPLES = [Example("Eve has 9 figs.", [{"name": "Eve", "count": 9}])]


def turns(request):
    """Give what a request quotes of the model: texts, or the input of tool calls."""
    said = [turn["content"] for turn in request.body["messages"] if turn["role"] == "assistant"]
    return [turn if isinstance(turn, str) else turn[0].get("text") or turn[0]["input"] for turn in said]


def extract(*replies, model=MODELS["structured"], **options):
    claude = SimulatedClaude([*replies])
    with Extractor(Items, client=claude.client(max_retries=0), model=model, examples=EXAMPLES, **options) as extractor:
        return claude, extractor.extract(TEXT)


@given(st.lists(JSON))
def test_a_list_comes_back_as_it_was(value):
    text = json.dumps(value)
    assert json.loads(as_wrapped_list(text)) == {"value": value}
    assert as_bare_list(as_wrapped_list(text)) == text


@given(
    JSON.filter(lambda value: not isinstance(value, list)).map(json.dumps) | completions(Items).map(lambda c: c.text)
)
def test_any_other_text_stays_as_it_is(text):
    with suppress(ValueError):
        if isinstance(json.loads(text), list):
            return
    assert as_wrapped_list(text) == text


@pytest.mark.parametrize(
    "text",
    [
        '{"value": {}}',
        '{"value": [1], "more": 2}',
        '{"value": [1]} or {"value": [2]}',
        "[1]",
        '{"values": [1]}',
        "[" * 9_999,
    ],
)
def test_what_is_no_wrapped_list_stays_as_it_is(text):
    assert as_bare_list(text) == text


def test_structured_output_is_asked_for_the_list_and_shown_lists():
    claude, extraction = extract([ADA, BOB])
    assert claude.requests[0].body["output_config"]["format"]["schema"]["type"] == "array"
    assert turns(claude.requests[0]) == ['[{"name": "Eve", "count": 9}]']
    assert (extraction.outcome, extraction.data) == (Outcome.VALID, [ADA, BOB])


def test_a_tool_is_asked_for_it_in_an_object():
    claude, extraction = extract({"value": [ADA, BOB]}, model=MODELS["tool"])
    assert claude.requests[0].body["tools"][0]["input_schema"]["type"] == "object"
    assert turns(claude.requests[0]) == [{"value": EXAMPLES[0].value}]
    assert (extraction.outcome, extraction.data) == (Outcome.VALID, [ADA, BOB])


def test_the_next_mode_wraps_it_again_where_a_service_takes_no_list():
    refused = ApiError(400, "invalid_request_error", "output_config.format.schema.type: Input should be 'object'")
    _, extraction = extract(refused, {"value": [ADA]})
    assert [attempt.mode for attempt in extraction.attempts] == ["structured", "tool"]
    assert (extraction.outcome, extraction.data) == (Outcome.VALID, [ADA])


@pytest.mark.parametrize("mode", MODELS)
def test_records_and_repairs_are_the_same_in_all_modes(mode):
    def sent(*items):
        return [*items] if mode == "structured" else {"value": [*items]}

    wrong = BOB | {"count": None}
    _, extraction = extract(sent(ADA, wrong), {"1": {"count": 4}}, model=MODELS[mode])
    assert (extraction.outcome, extraction.data) == (Outcome.PATCHED, [ADA, BOB])
    assert [error.path for error in extraction.attempts[0].errors] == ["/1/count"]
    record = extraction.to_json()
    assert (record["value"], record["edits"]) == ([ADA, BOB], [])
    assert record["spans"]["/1/name"] == {"start": 18, "end": 21, "match": "exact"}


def test_a_reask_and_a_further_turn_quote_the_list():
    claude = SimulatedClaude([[ADA, 5], {"nothing": 1}, [ADA], [ADA, BOB]])
    with Extractor(Items, client=claude.client(), model=MODELS["structured"], mend="off") as extractor:
        extraction = extractor.extract(TEXT)
        assert extraction.data == [ADA]
        assert extraction.refine("Bob, too.").data == [ADA, BOB]
    said = [[json.loads(turn) for turn in turns(request)] for request in claude.requests]
    # A patch is asked for in an object, and so is told of one.
    assert said == [[], [{"value": [ADA, 5]}], [[ADA, 5]], [[ADA]]]


@pytest.mark.parametrize("text", ["Here it is: [{}]", "```json\n[{}]\n```", '{{"value": [{}]}}', '{{"items": [{}]}}'])
def test_a_service_that_holds_to_no_grammar_is_mended_as_before(text):
    _, extraction = extract(text.format(json.dumps(ADA)).replace("{{", "{").replace("}}", "}"))
    assert extraction.data == [ADA]
    assert extraction.ok


def test_chunks_and_passes_are_asked_for_lists():
    claude = SimulatedClaude(lambda request: [item for item in (ADA, BOB) if item["name"] in request.document])
    with Extractor(Items, client=claude.client(), chunk_chars=100, passes=2, examples=EXAMPLES) as extractor:
        extraction = extractor.extract(f"Ada has 3. {'And so on. ' * 30} Bob has 4.")
    assert extraction.data == [ADA, BOB]
    schemas = [request.body["output_config"]["format"]["schema"] for request in claude.requests]
    assert {schema["type"] for schema in schemas} == {"array"}
    assert len(schemas) > 4
    assert not any("value" in turn for request in claude.requests for turn in turns(request))


def test_a_list_that_was_cut_off_is_shown_as_it_came():
    claude = SimulatedClaude([[ADA, BOB]], faults=["truncated"])
    with Extractor(Items, client=claude.client(), model=MODELS["structured"], retries=0) as extractor:
        extraction = extractor.extract(TEXT)
    assert extraction.outcome is Outcome.PARTIAL
    assert extraction.invalid.startswith("[")


def streamed(claude):
    with Extractor(Items, client=claude.client(max_retries=0), model=MODELS["structured"]) as extractor:
        return [*extractor.stream(TEXT)]


def astreamed(claude):
    async def run():
        client = claude.async_client(max_retries=0)
        async with Extractor(Items, client=client, model=MODELS["structured"]) as extractor:
            return [event async for event in extractor.astream(TEXT)]

    return asyncio.run(run())


@pytest.mark.parametrize("stream", [streamed, astreamed])
def test_a_stream_of_a_list_grows(stream):
    *partials, extraction = stream(SimulatedClaude([[ADA, BOB]]))
    assert isinstance(extraction, Extraction)
    assert extraction.data == [ADA, BOB]
    assert [(part.path, part.value) for partial in partials for part in partial.parts] == [("/0", ADA), ("/1", BOB)]
    assert partials[-1].value == Items([Item(**ADA), Item(**BOB)])
