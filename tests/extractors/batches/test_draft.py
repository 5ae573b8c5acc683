"""What goes into one batch: within its limits, each ask once, whole."""

import asyncio
import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.batches import draft as drafts
from slotfill.extractors.batches.custom_ids import read_custom_id
from slotfill.extractors.batches.draft import MOST_BATCH_BYTES, MOST_BATCH_REQUESTS, BatchDraft
from slotfill.extractors.clients.codec import ReplyShape

PARAMS = st.dictionaries(st.text(max_size=5), st.text(max_size=200), max_size=3)
SHAPE = ReplyShape("structured", bare=False)


def digest(number):
    return number.to_bytes(32)


def fill(draft, all_params):
    """Add until the draft has no room; give what went into it."""
    added = {}
    for number, params in enumerate(all_params):
        data = json.dumps(params).encode()
        if not draft.has_room(len(data)):
            break
        documents = (digest(number), b"another")
        draft.add(digest(number), data, model="m", shape=SHAPE, worst=Decimal(number), documents=documents)
        added[digest(number)] = params
    return added


def body_of(draft):
    async def joined():
        return b"".join([piece async for piece in draft.body()])

    return asyncio.run(joined())


def requests(draft):
    """Read the body that creates the batch: parameters by digest."""
    read = {}
    for request in json.loads(body_of(draft))["requests"]:
        intent, name = read_custom_id(request["custom_id"])
        assert intent == draft.intent
        read[name] = request["params"]
    return read


@given(st.lists(PARAMS, min_size=1), st.integers(1, 9), st.integers(50, 3_000))
def test_the_body_holds_each_request_whole_within_the_limits(all_params, most_requests, most_bytes):
    draft = BatchDraft(most_requests, most_bytes)
    added = fill(draft, all_params)
    assert requests(draft) == added == requests(draft)  # a refused one is sent again
    assert len(draft) == len(added) <= most_requests
    assert draft.body_size == len(body_of(draft))
    assert draft.body_size <= most_bytes or len(draft) == 1
    assert draft.worst == sum(map(Decimal, range(len(added))))
    draft.close()


@given(st.lists(PARAMS, min_size=2, max_size=9))
def test_halves_hold_all_of_it_and_have_intents_of_their_own(all_params):
    draft = BatchDraft(99, 100_000)
    added = fill(draft, all_params)
    first, second = draft.halves()
    assert {**requests(first), **requests(second)} == added
    assert abs(len(first) - len(second)) <= 1
    assert len({draft.intent, first.intent, second.intent}) == 3
    assert first.worst + second.worst == draft.worst
    assert all(one.documents == draft.requests[name].documents for name, one in first.requests.items())
    for one in (draft, first, second):
        one.close()


def test_a_batch_has_the_service_s_limits_and_some_room_for_what_is_counted_otherwise():
    draft = BatchDraft()
    assert (draft.most_requests, draft.most_bytes) == (MOST_BATCH_REQUESTS, MOST_BATCH_BYTES) == (100_000, 243_200_000)
    draft.close()


def test_one_request_that_is_too_large_goes_alone_for_the_service_to_judge():
    draft = BatchDraft(9, 100)
    assert draft.has_room(10_000)
    draft.add(digest(1), b"{}", model="m", shape=SHAPE, worst=None, documents=(b"d",))
    assert not draft.has_room(10_000)
    assert draft.worst == 0
    draft.close()


def test_a_large_body_comes_in_pieces(monkeypatch):
    monkeypatch.setattr(drafts, "PIECE", 100)
    draft = BatchDraft()
    added = fill(draft, [{"a": "b" * 150}] * 5)
    assert requests(draft) == added
    draft.close()
