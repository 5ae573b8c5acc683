"""The SDK's clients with a faster way: what they send and give is what the SDK's own send and give."""

import asyncio
import json

import anthropic
import httpx2
import pytest
from anthropic._base_client import AsyncAPIClient, BaseClient, SyncAPIClient
from anthropic.types import Message
from examples import examples
from hypothesis import example, given
from hypothesis import strategies as st
from scripted import message

from slotfill import Extractor
from slotfill.extractors.http import sdk_clients

REQUEST = {"model": "claude-haiku-5-5", "max_tokens": 5, "messages": [{"role": "user", "content": "Grüße ✓"}]}
PAIRS = [(sdk_clients.Anthropic, anthropic.Anthropic), (sdk_clients.AsyncAnthropic, anthropic.AsyncAnthropic)]

anything = st.recursive(
    st.sampled_from([None, True, "1", 1.0]) | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def but_for(valid, *names):
    """Give a valid object, or one with something else in some of its places, or without them, or with more."""
    changes = st.dictionaries(st.sampled_from([*names, "more"]), anything | st.just(...), max_size=2)
    return st.tuples(valid, changes).map(
        lambda drawn: {name: part for name, part in (drawn[0] | drawn[1]).items() if part is not ...}
    )


blocks = but_for(
    st.sampled_from(
        [
            {"type": "text", "text": "x"},
            {"type": "text", "text": "x", "citations": None},
            {"type": "tool_use", "id": "t", "name": "n", "input": {"a": [1, 2.5, None]}},
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "of tomorrow", "text": "x"},
        ]
    ),
    "type",
    "text",
    "input",
)
usages = but_for(
    st.just({"input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": 0, "service_tier": "batch"}),
    "input_tokens",
    "output_tokens",
    "cache_creation",
    "server_tool_use",
)
replies = but_for(
    st.builds(lambda content, usage: message(usage=usage) | {"content": content}, st.lists(blocks, max_size=2), usages),
    "id",
    "type",
    "role",
    "content",
    "stop_reason",
    "usage",
    "container",
)


def answering(kind, reply, seen):
    """Make a client whose requests are noted, and answered with a reply."""

    def respond(request):
        seen.append(request)
        return httpx2.Response(200, json=reply)

    transport = httpx2.MockTransport(respond)
    inner = httpx2.Client if issubclass(kind, anthropic.Anthropic) else httpx2.AsyncClient
    return kind(api_key="k", base_url="http://a.example", max_retries=0, http_client=inner(transport=transport))


def result(client, **request):
    """Put a request for a message; return the message, or what was raised."""
    try:
        reply = client.messages.create(**request)
        return asyncio.run(reply) if asyncio.iscoroutine(reply) else reply
    except (anthropic.AnthropicError, TypeError, ValueError) as error:
        return type(error), str(error)


def anatomy(part):
    """Take a message apart into types, what was set, and values."""
    if isinstance(part, anthropic.BaseModel):
        more = part.model_extra or {}
        return type(part), part.model_fields_set - {*more}, {name: anatomy(one) for name, one in [*part, *more.items()]}
    if isinstance(part, list):
        return [*map(anatomy, part)]
    return type(part), part


@pytest.mark.parametrize("owner", [SyncAPIClient, AsyncAPIClient])
def test_the_sdk_has_what_is_done_otherwise(owner):
    names = {"_prepare_url", "_process_response_data", "_copy_and_prepare", "_prepare_options"}
    assert names <= vars(owner).keys() | vars(BaseClient).keys()


@given(replies)
@example(message("x", usage={"input_tokens": "1", "output_tokens": 2.0}))
@examples(50)
def test_a_reply_is_what_the_sdk_makes_of_it(reply):
    swift, own = (
        client._process_response_data(data=reply, cast_to=Message, response=httpx2.Response(200))
        for client in (sdk_clients.Anthropic(api_key="k"), anthropic.Anthropic(api_key="k"))
    )
    assert anatomy(swift) == anatomy(own)


@pytest.mark.parametrize(("swift", "own"), PAIRS)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"system": [{"type": "text", "text": "\u2028 é", "cache_control": {"type": "ephemeral"}}], "temperature": 0.5},
        {"stop_sequences": ("a", "b"), "metadata": anthropic.omit, "top_k": anthropic.not_given},
        {"extra_body": {"more": 1, "max_tokens": 7}},
        {"extra_query": {"beta": "true"}},
        {"extra_headers": {"x-more": "1"}},
        {"system": "half a pair \ud83d"},
        {"metadata": {"user_id": object()}},
    ],
    ids=lambda more: " ".join(more) or "no more",
)
def test_a_request_is_what_the_sdk_sends(swift, own, more):
    seen = []
    ours, theirs = (result(answering(kind, message("x"), seen), **REQUEST | more) for kind in (swift, own))
    assert ours == theirs
    if not seen:
        assert isinstance(ours, tuple)
        return
    first, second = seen
    assert (first.method, first.url, first.headers) == (second.method, second.url, second.headers)
    assert first.content == second.content


@pytest.mark.parametrize(("swift", "own"), PAIRS)
def test_what_an_extractor_asks_is_written_alike(swift, own):
    seen = []
    (request,) = Extractor("feedback", model=REQUEST["model"], api_key="k").requests("“Grüße”, 3 €\n\t\x7f")
    for kind in (swift, own):
        assert isinstance(result(answering(kind, message("x"), seen), **request), Message)
    assert seen[0].content == seen[1].content
    assert json.loads(seen[0].content)["max_tokens"] == request["max_tokens"]


def test_what_passes_a_request_on_has_its_body_written():
    class Passing(anthropic.Middleware):
        def handle(self, request, call_next):
            written.append(request.options.content)
            assert json.loads(written[0]) == request.json == REQUEST
            return call_next(request)

    written, seen = [], []
    answering(sdk_clients.Anthropic, message("x"), seen).with_options(middleware=[Passing()]).messages.create(**REQUEST)
    assert written == [seen[0].content]


def test_a_stream_is_asked_for_alike():
    seen = []
    for kind in (sdk_clients.Anthropic, anthropic.Anthropic):
        answering(kind, message("x"), seen).messages.create(**REQUEST, stream=True)
    assert seen[0].content == seen[1].content
