"""A message that arrives as a stream of events: what of it is sure, and what a gateway streams in its place."""

import anthropic
import httpx2
import pytest
from scripted import message

from slotfill import Extractor, Usage
from slotfill.extractors.arriving import Arriving
from slotfill.extractors.events import STREAM, events

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
    arriving = Arriving()
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


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"message":', b'"massage":'),
        (b'"message": {', b'"message": 7, "rest": {'),
        (b'"content_block":', b'"block":'),
        (b'"delta": {', b'"rest": {'),
        (b'"content": []', b'"content": null'),
        (b'"index": 0', b'"index": "first"'),
    ],
)
def test_events_without_their_parts_end_the_document_and_no_more(old, new):
    with Extractor("a int", client=client_on(changed(old, new)), retries=0) as extractor:
        *_, extraction = extractor.stream("One.")
    assert not extraction.ok
    assert extraction.error.message
