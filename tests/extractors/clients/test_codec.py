"""Ask -> request, message -> answer."""

import json
from base64 import b64encode
from dataclasses import replace

import pytest
from anthropic._models import construct_type  # how the SDK reads a body: without validating it
from anthropic.types import DocumentBlockParam, Message
from hypothesis import given
from hypothesis import strategies as st
from paged_documents import paged_document
from pydantic import BaseModel, TypeAdapter
from scripted import message

from slotfill import Document, Extractor, Rung, Schema, Turn, Usage
from slotfill.extractors.clients.codec import Codec
from slotfill.extractors.plan import plan
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.rungs.asks import Ask
from slotfill.extractors.rungs.prompt import write_prompt
from slotfill.extractors.testing import SimulatedClaude
from slotfill.schemas import Sentiment
from slotfill.schemas.wire.wire import wire_for

FULL = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}, "required": ["a"]}
REDUCED = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
CODEC = Codec("my schema", FULL, REDUCED)
PROMPT = write_prompt(Schema(Sentiment), Document.of("Fine {{ x }}."))


def ask(mode="structured"):
    return Ask(Rung.ASK, "claude-haiku-5-5", mode, PROMPT, 500)


def decode(content, mode="structured", codec=CODEC):
    return codec.decode(ask(mode), construct_type(value=content, type_=Message), ms=3)


def test_structured_output_is_asked_for_as_the_service_has_it():
    request = CODEC.encode(ask())
    assert request["output_config"] == {"format": {"type": "json_schema", "schema": REDUCED}}
    assert (request["model"], request["max_tokens"]) == ("claude-haiku-5-5", 500)
    assert not {"tools", "tool_choice"} & set(request)


class Part(BaseModel):
    b: str


def test_keywords_stand_in_each_schema_that_is_sent():
    codec = Codec("my schema", FULL, REDUCED, whole=True, keywords={"x-question": "Why?"})
    for request, properties in (
        (codec.encode(ask()), REDUCED["properties"]),
        (codec.encode(replace(ask(), wire=wire_for(Schema(Part)))), Part.model_json_schema()["properties"]),
    ):
        sent = request["output_config"]["format"]["schema"]
        assert (sent["x-question"], sent["properties"]) == ("Why?", properties)


def test_a_tool_is_forced_with_the_whole_schema():
    request = CODEC.encode(ask("tool"))
    (tool,) = request["tools"]
    assert tool["name"] == request["tool_choice"]["name"] == "my_schema"
    assert tool["input_schema"]["properties"] == FULL["properties"]
    assert request["tool_choice"]["type"] == "tool"
    assert "output_config" not in request


def test_a_tool_that_cannot_be_forced_is_asked_for():
    request = Codec("my schema", FULL, REDUCED, forced=False).encode(ask("tool"))
    assert request["tool_choice"] == {"type": "auto"}
    assert request["tools"] == CODEC.encode(ask("tool"))["tools"]
    assert "my_schema" in request["system"][-1]["text"]


def test_the_text_mode_shows_the_schema():
    request = CODEC.encode(ask("text"))
    assert len(request["system"]) == 2
    assert '"minimum": 1' in request["system"][1]["text"]
    assert not {"tools", "output_config"} & set(request)


@pytest.mark.parametrize("mode", ["structured", "tool", "text"])
def test_every_mode_asks_the_same_and_caches_what_documents_share(mode):
    request = CODEC.encode(ask(mode))
    assert request["system"][0]["text"] == PROMPT.system
    assert [turn["role"] for turn in request["messages"]] == ["user", "assistant"] * (PROMPT.shared // 2) + ["user"]
    assert request["messages"][PROMPT.shared - 1]["content"][-1]["cache_control"] == {"type": "ephemeral"}
    assert "{{ x }}" in json.dumps(request["messages"][-1]["content"]), "a document is no template"
    assert CODEC.encode(ask(mode)) == request


def test_worked_examples_are_calls_of_the_tool_where_it_is_asked_for():
    turns = CODEC.encode(ask("tool"))["messages"]
    for answer, following in zip(turns[1::2], turns[2::2], strict=True):
        (call,), (result, text) = answer["content"], following["content"]
        assert (call["type"], call["name"]) == ("tool_use", "my_schema")
        assert (result["type"], result["tool_use_id"], text["type"]) == ("tool_result", call["id"], "text")
        assert result["content"]


@pytest.mark.parametrize("mode", ["structured", "tool", "text"])
def test_marks_for_the_cache_tell_for_how_long(mode):
    def marks(codec):
        request = codec.encode(replace(ask(mode), prompt=replace(PROMPT, again=True)))
        contents = [turn["content"] for turn in request["messages"] if isinstance(turn["content"], list)]
        return [block["cache_control"] for content in contents for block in content if "cache_control" in block]

    assert marks(CODEC) == [{"type": "ephemeral"}] * 2, "the examples, and a document that is asked about again"
    assert marks(Codec("my_schema", FULL, FULL, ttl="1h")) == [{"type": "ephemeral", "ttl": "1h"}] * 2


def test_without_examples_the_instructions_are_cached():
    prompt = write_prompt(Schema(Sentiment, examples=()), Document.of("x"))
    request = CODEC.encode(Ask(Rung.ASK, "m", "structured", prompt, 5))
    assert request["system"][0]["cache_control"] == {"type": "ephemeral"}


def test_usage_is_copied():
    usage = {"input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 4}
    completion = construct_type(value=message("{}", usage=usage), type_=Message)
    answer = CODEC.decode(ask(), completion)
    completion.usage.input_tokens = 99
    assert answer.usage == Usage(1, 2, 3, 4)


@pytest.mark.parametrize(
    ("mode", "content", "found"),
    [
        ("structured", message('{"a": 1}'), '{"a": 1}'),
        ("text", message('Here:\n```json\n{"a": 1}\n```'), '{"a": 1}'),
        ("tool", message(tool={"a": 1}, name="my_schema"), '{"a": 1}'),
        ("tool", message("Well.", tool={"a": 1}, name="my_schema"), '{"a": 1}'),
    ],
)
def test_the_json_is_found(mode, content, found):
    answer = decode(content, mode)
    assert json.loads(answer.json) == json.loads(found)
    assert (answer.errors, answer.failure, answer.ms) == ((), None, 3)


@pytest.mark.parametrize(
    ("mode", "content", "error"),
    [
        ("structured", message(), "the reply does not hold any text"),
        ("text", message(), "the reply does not hold any text"),
        ("tool", message('{"a": 1}'), "the reply does not hold exactly one tool call"),
        ("tool", message(tool={}, name="other"), "the reply calls the tool 'other' instead of 'my_schema'"),
    ],
)
def test_a_reply_without_its_json_says_why(mode, content, error):
    answer = decode(content, mode)
    assert answer.json is None
    assert answer.errors[0].message == error


@pytest.mark.parametrize(
    ("scored", "read"),
    [
        (["/confidence", "/a/0"], ("/confidence", "/a/0")),
        ([], ()),
        (["/a", 3, None, ["/b"]], ("/a",)),
        ("/confidence", ()),
        ({"/confidence": 1}, ()),
        (None, ()),
    ],
)
def test_what_the_embedded_model_scored_is_read(scored, read):
    assert decode(message('{"a": 1}', scored=scored)).scored == read


def test_the_service_scores_nothing():
    assert decode(message('{"a": 1}')).scored == ()


def test_two_tool_calls_are_one_too_many():
    content = message(tool={"a": 1}, name="my_schema")
    content["content"] *= 2
    assert decode(content, "tool").json is None


@pytest.mark.parametrize(("other", "errors"), [({"a": 1}, 0), ({"a": True}, 1)])
def test_a_call_that_is_made_twice_is_no_error(other, errors):
    content = message(tool={"a": 1}, name="my_schema")
    content["content"] += message(tool=other, name="my_schema")["content"]
    answer = decode(content, "tool")
    assert (answer.json, len(answer.errors)) == (None, errors)


def test_a_refusal_says_why():
    details = {"type": "refusal", "category": "bio", "explanation": "no"}
    answer = decode(message('{"a": 1}', stop_reason="refusal", stop_details=details))
    assert (answer.json, answer.stop_reason) == (None, "refusal")
    assert answer.errors[0].message == "bio: no"


@pytest.mark.parametrize("stop_reason", ["max_tokens", "model_context_window_exceeded"])
def test_a_cut_reply_gives_no_json_but_what_was_said(stop_reason):
    answer = decode(message('{"a": 1}', stop_reason=stop_reason))
    assert (answer.json, answer.text) == (None, '{"a": 1}')


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
blocks = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["text", "tool_use", "thinking", 3]),
        "text": json_values,
        "name": json_values,
        "input": json_values,
    },
)


@given(
    st.sampled_from(["structured", "tool", "text"]),
    st.fixed_dictionaries(
        {},
        optional={
            "content": st.lists(blocks | json_values, max_size=3) | json_values,
            "stop_reason": st.sampled_from(["end_turn", "max_tokens", "refusal", None]),
            "usage": json_values | st.fixed_dictionaries({}, optional={"input_tokens": json_values}),
            "stop_details": json_values,
            "scored": json_values,
        },
    ),
)
def test_whatever_a_200_holds_is_read_or_refused(mode, fields):
    answer = CODEC.decode(ask(mode), construct_type(value=fields, type_=Message))
    assert answer.failure is None or answer.failure.type == FailureKind.UNREADABLE_REPLY
    assert answer.failure or answer.json is not None or answer.errors or answer.stop_reason in ("max_tokens", "refusal")


@pytest.mark.parametrize("body", ["<html>", None, [1], 3])
def test_what_is_no_message_cannot_be_read(body):
    assert CODEC.decode(ask(), body).failure.type == FailureKind.UNREADABLE_REPLY


@pytest.mark.parametrize("mode", ["structured", "tool"])
def test_a_message_that_is_nested_more_deeply_than_a_stack_is_cannot_be_read(mode):
    nested = []
    for _ in range(100_000):
        nested = [nested]
    answer = decode(message(tool=nested, name="my_schema"), mode)
    assert answer.failure.type == FailureKind.UNREADABLE_REPLY
    assert answer.failure.message.endswith("is no message: RecursionError")


@pytest.mark.parametrize("mode", ["structured", "tool", "text"])
@pytest.mark.parametrize("again", [False, True])
def test_pages_come_as_documents_before_the_text(mode, again):
    document = paged_document("One.", 2, "Four.", 1)
    prompt = write_prompt(Schema(Sentiment), document, (Turn({"a": 1}, "no"),), room=100, again=again)
    request = CODEC.encode(Ask(Rung.ASK, "claude-haiku-5-5", mode, prompt, 500))
    content = request["messages"][prompt.shared]["content"]
    results = [block for block in content if block["type"] == "tool_result"]
    assert content[: len(results)] == results  # of the last worked example, which the service wants first
    assert bool(results) == (mode == "tool")
    first, second, text = content[len(results) :]
    for block, pages in zip((first, second), document.pages, strict=True):
        source = {"type": "base64", "media_type": "application/pdf", "data": b64encode(pages.data).decode()}
        assert block == {"type": "document", "source": source}
        assert block["source"]["data"] is pages.base64
    assert text["text"] == prompt.turns[prompt.shared].text
    assert ("cache_control" in text) == again
    assert "citations" not in json.dumps(request)
    TypeAdapter(DocumentBlockParam).validate_python(first)


@pytest.mark.parametrize("mode", ["structured", "tool", "text"])
def test_pages_reach_the_service_as_they_were_written(mode):
    document, claude = paged_document("One.", 2), SimulatedClaude()
    with Extractor(Sentiment, client=claude.client(), model="claude-haiku-5-5") as extractor:
        policy = replace(extractor._models.policy(document), modes=(mode,))
        (ask,) = next(plan(document, extractor.schema, policy))
        assert extractor._models.execute(ask).failure is None
        (sent,) = claude.requests
        assert sent.body["messages"] == json.loads(json.dumps(extractor._models.encode(ask)["messages"]))
