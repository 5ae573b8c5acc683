"""What a model is told of thinking, the room that it gets for it, and what it has thought."""

import pytest
from pydantic import BaseModel
from scripted import message

from slotfill import Extractor, Outcome
from slotfill.extractors.errors import SettingsError
from slotfill.extractors.messages_api.thinking import Thinking, thinking_for
from slotfill.extractors.testing.claude import SimulatedClaude

ADAPTIVE, DISABLED = {"type": "adaptive"}, {"type": "disabled"}


class Note(BaseModel):
    """What a note says."""

    title: str
    urgency: int


class Stock(BaseModel):
    """What is in stock, by article: a map, which structured output does not take."""

    amounts: dict[str, int]


VALUE = {"title": "Brakes", "urgency": 5}
STOCK = {"amounts": {"sofa": 2}}
TEXT = "The brakes of the second car failed."


def thinking(model, wanted=None, effort=None):
    return thinking_for(model, wanted, effort, max_tokens=21_333)


def sent(model, schema=Note, value=VALUE, **options):
    """Give the requests for one document."""
    claude = SimulatedClaude(lambda _: value)
    with Extractor(schema, client=claude.client(), model=model, **options) as extractor:
        assert extractor.extract(TEXT).outcome is Outcome.VALID
    return [seen.body for seen in claude.requests]


@pytest.mark.parametrize(
    ("model", "form"),
    [
        ("claude-haiku-5-5", DISABLED),
        ("claude-opus-5", DISABLED),
        ("claude-sonnet-5", DISABLED),
        ("claude-sonnet-5-5", {"type": "between_tools"}),
        ("claude-opus-5-5", None),
        ("claude-fable-5-1", None),
        ("claude-opus-4-8", None),
        ("claude-sonnet-4-6", None),
        ("claude-haiku-4-5-20251001", None),
        ("claude-3-haiku-20240307", None),
    ],
)
def test_a_model_does_not_think_where_it_can_be_told_not_to(model, form):
    (request,) = sent(model)
    assert request.get("thinking") == form


@pytest.mark.parametrize(
    ("model", "room"),
    [
        ("claude-haiku-5-5", 0),
        ("claude-opus-4-8", 0),
        ("claude-opus-5-5", 8_192),
        ("claude-fable-5-2", 16_000),
        ("claude-sonnet-6", 16_000),
        ("local", 0),
    ],
)
def test_what_thinks_in_any_case_has_room_for_it(model, room):
    assert thinking(model) == Thinking(room=room) or thinking(model).form == DISABLED
    assert thinking(model).room == room


def test_the_room_is_beside_the_replys():
    ((without,), (with_it,)) = sent("claude-haiku-5-5"), sent("claude-opus-5-5")
    assert with_it["max_tokens"] - without["max_tokens"] == 8_192
    assert sent("claude-opus-5-5", effort="low")[0]["max_tokens"] - without["max_tokens"] == 4_096
    assert sent("claude-opus-5-5", max_tokens=500)[0]["max_tokens"] == 500


@pytest.mark.parametrize(
    ("model", "wanted", "effort", "form", "room"),
    [
        ("claude-haiku-5-5", "auto", None, ADAPTIVE, 8_192),
        ("anthropic.claude-sonnet-5-v1:0", None, None, DISABLED, 0),
        ("claude-haiku-5-5", "auto", "low", ADAPTIVE, 4_096),
        ("claude-haiku-5-5", None, "max", None, 16_000),
        ("claude-haiku-5-5", "off", "high", DISABLED, 0),
        ("claude-opus-4-8", "auto", None, ADAPTIVE, 16_000),
        ("claude-opus-4-8", None, "max", None, 0),
        ("claude-opus-4-6", "auto", None, ADAPTIVE, 16_000),
        ("claude-opus-4-5", 4_096, "low", {"type": "enabled", "budget_tokens": 4_096}, 4_096),
        ("claude-sonnet-4-5", 2_000, None, {"type": "enabled", "budget_tokens": 2_000}, 2_000),
        ("claude-3-5-haiku-latest", 2_000, None, None, 0),
        ("claude-3-5-haiku-latest", "auto", None, None, 0),
        ("local", "auto", "max", None, 0),
        ("hf:org/repo/file.gguf", 2_000, None, None, 0),
    ],
)
def test_each_model_is_asked_in_a_form_that_it_takes(model, wanted, effort, form, room):
    asked = thinking(model, wanted, effort)
    assert (asked.form, asked.room) == (form, room)


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        ("claude-opus-5-5", {"thinking": "off"}, "--effort low"),
        ("claude-fable-5-1", {"thinking": "off"}, "--effort low"),
        ("claude-haiku-5-5", {"thinking": "off", "effort": "max"}, "high at most"),
        ("claude-haiku-5-5", {"thinking": 2_000}, "--thinking auto"),
        ("claude-opus-4-6", {"thinking": 2_000}, "--thinking auto"),
        ("claude-haiku-4-5", {"thinking": "auto"}, "--thinking N"),
        ("claude-haiku-4-5", {"effort": "low"}, "leave it out"),
        ("claude-opus-4-5", {"effort": "max"}, "low, medium, high"),
        ("claude-haiku-4-5", {"thinking": 30_000}, "20309 at most"),
        ("claude-haiku-4-5", {"thinking": 2_000, "max_tokens": 2_500}, "1476 at most"),
        ("claude-haiku-4-5", {"thinking": 1_024, "max_tokens": 1_500}, "allow --max-tokens 2048"),
        ("claude-haiku-4-5", {"thinking": 1_000}, "a number of tokens from 1024 on"),
        ("claude-haiku-4-5", {"thinking": "much"}, "setting 'thinking': must be off, auto, or a number"),
        ("claude-haiku-4-5", {"thinking": True}, "must be off, auto, or a number"),
        (["claude-haiku-5-5", "claude-opus-5-5"], {"thinking": "off"}, "claude-opus-5-5"),
    ],
)
def test_what_a_model_does_not_take_is_an_error_that_says_what_it_takes(model, options, said):
    with pytest.raises(SettingsError, match=said):
        Extractor(Note, client=SimulatedClaude().client(), model=model, **options)


def test_the_variables_are_read(monkeypatch):
    monkeypatch.setenv("SLOTFILL_THINKING", "2048")
    monkeypatch.setenv("SLOTFILL_EFFORT", "low")
    with Extractor(Note, client=SimulatedClaude().client(), model="claude-opus-4-5") as extractor:
        (request,) = extractor.requests(TEXT)
    assert request["thinking"] == {"type": "enabled", "budget_tokens": 2_048}
    assert request["output_config"]["effort"] == "low"
    assert request["output_config"]["format"]["type"] == "json_schema"


def test_a_model_that_thinks_is_not_forced_to_call_a_tool():
    (request,) = sent("claude-haiku-5-5", Stock, STOCK)
    assert (request["tool_choice"]["type"], request["thinking"]) == ("tool", DISABLED)
    (request,) = sent("claude-haiku-5-5", Stock, STOCK, thinking="auto")
    assert (request["tool_choice"]["type"], request["thinking"]) == ("auto", ADAPTIVE)


@pytest.mark.parametrize("schema", [Note, Stock])
@pytest.mark.parametrize("model", ["claude-haiku-5-5", "claude-opus-5-5", "claude-opus-4-8"])
@pytest.mark.parametrize("way", ["extract", "stream"])
def test_what_was_thought_is_counted(schema, model, way):
    value = VALUE if schema is Note else STOCK
    claude = SimulatedClaude(lambda _: value, thinking_tokens=300)
    with Extractor(schema, client=claude.client(), model=model, thinking="auto") as extractor:
        extraction = extractor.extract(TEXT) if way == "extract" else [*extractor.stream(TEXT)][-1]
    assert (extraction.outcome, extraction.data) == (Outcome.VALID, value)
    assert extraction.usage.thinking_tokens == 300
    assert extraction.usage.output_tokens > 300
    assert extraction.usage == claude.usage
    assert extraction.to_json()["usage"]["thinking_tokens"] == 300


def test_thoughts_that_nobody_counted_are_unknown(service):
    said = message('{"title": "Brakes", "urgency": 5}')
    thought = {"type": "thinking", "thinking": "Brakes are urgent.", "signature": "c2ln"}
    service.script(said | {"content": [thought, *said["content"]]}, said)
    with Extractor(Note, client=service.client(), model="claude-opus-5-5") as extractor:
        extractions = [extractor.extract(text) for text in (TEXT, f"{TEXT} Again.")]
    assert [extraction.usage.thinking_tokens for extraction in extractions] == [None, 0]
    assert None not in [extraction.cost_usd for extraction in extractions]


@pytest.mark.parametrize("cut", [1, 10, 14, -3])
def test_a_thought_amid_the_value_parts_none_of_its_texts(service, cut):
    """A line break was put between the two, which a cut string then held."""
    text = '{"title": "Brakes", "urgency": 55}'
    thought = {"type": "thinking", "thinking": "And now?", "signature": "c2ln"}
    parts = [{"type": "text", "text": part} for part in (text[:cut], text[cut:])]
    service.script(message(text) | {"content": [thought, parts[0], thought, parts[1]]})
    with Extractor(Note, client=service.client(), model="claude-opus-5-5", retries=0) as extractor:
        extraction = extractor.extract(TEXT)
    assert (extraction.data, extraction.outcome) == ({"title": "Brakes", "urgency": 55}, Outcome.VALID)


def test_a_reply_that_was_all_thought_says_so():
    claude = SimulatedClaude(lambda _: VALUE, thinking_tokens=100_000)
    with Extractor(Note, client=claude.client(), model="claude-opus-5-5") as extractor:
        extraction = extractor.extract(TEXT)
    assert (extraction.outcome, extraction.error.type) == (Outcome.PARTIAL, "truncated")
    assert "21333 were thinking" in extraction.error.message
    assert "--effort low" in extraction.error.message
    assert [seen.body["max_tokens"] for seen in claude.requests] == [9_728, 21_333]


def test_a_reply_that_was_cut_off_as_it_wrote_is_told_as_before():
    claude = SimulatedClaude(lambda _: {"title": "x" * 100_000, "urgency": 5}, thinking_tokens=50)
    with Extractor(Note, client=claude.client(), model="claude-opus-5-5") as extractor:
        extraction = extractor.extract(TEXT)
    assert "thinking" not in extraction.error.message


@pytest.mark.parametrize(
    ("model", "options"),
    [("claude-haiku-5-5", {"thinking": "auto"}), ("claude-haiku-4-5", {"thinking": 2_000}), ("claude-opus-5-5", {})],
)
@pytest.mark.parametrize("schema", [Note, Stock])
def test_patches_and_further_turns_work_with_thinking(schema, model, options):
    """The service refuses a call without its thought where there is a budget for thinking."""
    value, wrong, path = (VALUE, VALUE | {"urgency": "very"}, "urgency")
    if schema is Stock:
        value, wrong, path = STOCK, {"amounts": {"sofa": "two or three"}}, "amounts"
    claude = SimulatedClaude([wrong, {path: value[path]}, value])
    with Extractor(schema, client=claude.client(), model=model, **options) as extractor:
        extraction = extractor.extract(TEXT)
        assert (extraction.outcome, extraction.data) == (Outcome.PATCHED, value)
        assert extraction.refine("look again").data == value
    kinds = {
        block["type"]
        for seen in claude.requests
        for turn in seen.body["messages"]
        for block in (turn["content"] if isinstance(turn["content"], list) else ())
    }
    assert ("tool_use" in kinds) == (schema is Stock and model != "claude-haiku-4-5")


def test_the_cache_is_warmed_in_the_form_that_is_asked_in():
    claude = SimulatedClaude(lambda _: VALUE)
    told = {"instructions": "Read the whole note. " * 2_000, "thinking": 2_000}
    with Extractor(Note, client=claude.client(), model="claude-haiku-4-5", **told) as extractor:
        extractor.warm()
    (seen,) = claude.requests
    assert seen.body["thinking"]["budget_tokens"] < seen.body["max_tokens"]
    assert seen.status == 200
