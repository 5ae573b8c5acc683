"""A message that arrives as a stream of events: what of it is sure, and what a gateway streams in its place."""

import json

import anthropic
import httpx2
import pytest
from scripted import message

from slotfill import Extractor, Usage
from slotfill.extractors.messages_api.sse import STREAM, events
from slotfill.extractors.messages_api.stream_reader import StreamReader

ASK = {"model": "claude-haiku-5-5", "max_tokens": 50, "messages": [{"role": "user", "content": "x"}]}
WHOLE = events(message('{"a": 1}', usage={"input_tokens": 10, "output_tokens": 5}))
TOLD = b', "usage": {"input_tokens": 10, "output_tokens": 5}'
BEGUN = b', "usage": {"input_tokens": 10, "output_tokens": 1}'


def client_on(chunks):
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=STREAM, content=b"".join(chunks)))
    return anthropic.Anthropic(
        api_key="none", base_url="http://x", max_retries=0, http_client=httpx2.Client(transport=transport)
    )


def arrived(chunks):
    arriving = StreamReader()
    for event in client_on(chunks).messages.create(**ASK, stream=True):
        arriving.take(event)
    return arriving


def changed(old, new, chunks=WHOLE):
    told = [chunk.replace(old, new) for chunk in chunks]
    assert told != [*chunks]
    return told


@pytest.mark.parametrize("count", range(len(WHOLE) + 1))
def test_what_was_counted_is_known_once_all_has_arrived(count):
    """What it is to write is unknown until the totals arrive, and the reply's beginning tells nothing of it."""
    usage = arrived(WHOLE[:count]).usage
    assert usage.input_tokens == (10 if count else None)
    assert usage.output_tokens == (5 if count >= len(WHOLE) - 1 else None)


@pytest.mark.parametrize("told", [b"", b', "usage": null', b', "usage": 7', b', "usage": {}'])
def test_a_gateway_need_not_tell_what_was_counted(told):
    arriving = arrived(changed(TOLD, told))
    assert (arriving.usage.input_tokens, arriving.usage.output_tokens) == (10, None)
    assert arriving.message().content[0].text == '{"a": 1}'


@pytest.mark.parametrize("told", [b"", b', "usage": null'])
def test_nor_when_the_message_starts(told):
    begun = changed(BEGUN, told)
    assert arrived(begun).usage == Usage(10, 5)  # the end tells it all
    arriving = arrived(changed(TOLD, b', "usage": {"output_tokens": 5}', begun))
    assert arriving.usage == Usage(None, 5, None, None)
    assert arriving.message().content[0].text == '{"a": 1}'


THOUGHT = {"type": "thinking", "thinking": "", "signature": ""}


def blocks(*numbers, begins="", goes_on='{"a": 1}'):
    """Give the events of a thought, of a text that begins and goes on so, and of their ends, numbered like this."""
    parts = (THOUGHT, {"type": "text", "text": begins})
    deltas = ({"type": "signature_delta", "signature": "s"}, {"type": "text_delta", "text": goes_on})
    for number, part, delta in zip(numbers, parts, deltas, strict=True):
        for told in ({"type": "start", "content_block": part}, {"type": "delta", "delta": delta}, {"type": "stop"}):
            event = told | {"type": f"content_block_{told['type']}", "index": number}
            yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


@pytest.mark.parametrize("numbers", [(0, 1), (1, 2), (1, 0), (0, 0), (5, 9)])
def test_blocks_go_by_the_numbers_that_they_began_with(numbers):
    """A gateway that drops what was thought, or puts two streams into one, does not number the rest anew."""
    arriving = arrived([WHOLE[0], *blocks(*numbers), *WHOLE[-2:]])
    assert [block.type for block in arriving.message().content] == ["thinking", "text"]
    assert arriving.message().content[1].text == '{"a": 1}'


def test_a_block_may_begin_with_some_of_its_text():
    arriving = StreamReader()
    chunks = [WHOLE[0], *blocks(0, 1, begins='{"a"', goes_on=": 1}"), *WHOLE[-2:]]
    shown = [*map(arriving.take, client_on(chunks).messages.create(**ASK, stream=True))]
    assert "".join(shown) == arriving.message().content[1].text == '{"a": 1}'


def test_what_is_thought_is_unknown_where_the_beginning_alone_tells_of_it():
    begun = changed(BEGUN, b', "usage": {"input_tokens": 10, "output_tokens_details": {"thinking_tokens": 0}}')
    assert arrived([begun[0], *blocks(0, 1), *WHOLE[-2:]]).usage == Usage(10, 5, thinking_tokens=None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"message":', b'"massage":'),
        (b'"message": {', b'"message": 7, "rest": {'),
        (b'"content_block":', b'"block":'),
        (b'"delta": {', b'"rest": {'),
        (b'"content": []', b'"content": null'),
        (b'"content_block_start", "index": 0', b'"content_block_start", "index": 7'),
    ],
)
def test_events_without_their_parts_end_the_document_and_no_more(old, new):
    with Extractor("a int", client=client_on(changed(old, new)), retries=0) as extractor:
        *_, extraction = extractor.stream("One.")
    assert not extraction.ok
    assert extraction.error.message
