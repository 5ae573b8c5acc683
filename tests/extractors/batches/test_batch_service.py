"""What the service says of batches: typed, bounded, and where it is no sense, told so."""

import asyncio
import json
from datetime import UTC, datetime

import httpx2
import pytest

from slotfill.extractors.batches import batch_service, orphans
from slotfill.extractors.batches.batch_ledger import OpenBatch
from slotfill.extractors.batches.batch_service import BatchService, BatchStatus, ServiceError
from slotfill.extractors.clients.clients import Clients
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.settings import Settings

AT = 1_790_000_000.0


def batch(number=1, **fields):
    return {
        "id": f"msgbatch_{number}",
        "type": "message_batch",
        "processing_status": "ended",
        "created_at": datetime.fromtimestamp(AT - number, UTC).isoformat(),
        "request_counts": {"processing": 0, "succeeded": 2, "errored": 0, "canceled": 0, "expired": 0},
        **fields,
    }


class Service:
    """Answers by the path, and notes what it was asked."""

    def __init__(self, *replies):
        self.replies, self.asked = list(replies), []

    def __call__(self, request):
        self.asked.append(request.url.raw_path.decode())
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return reply if isinstance(reply, httpx2.Response) else httpx2.Response(200, json=reply)

    def run(self, use):
        """Have a client of batches used."""

        async def go():
            import anthropic

            http = httpx2.AsyncClient(transport=httpx2.MockTransport(self))
            async with anthropic.AsyncAnthropic(api_key="k", http_client=http, max_retries=0) as client:
                return await use(BatchService(Clients("claude-haiku-5-5", Settings.read(), client)))

        return asyncio.run(go())


async def body():
    yield b'{"requests":[]}'


@pytest.mark.parametrize("reply", [{"id": 5}, [], batch(id="../x"), batch(processing_status=None)], ids=str)
def test_a_reply_to_create_that_tells_of_no_batch_may_be_of_one_that_is_there(reply):
    with pytest.raises(ServiceError, match="tells of no batch") as raised:
        Service(reply).run(lambda batches: batches.create(body(), 15))
    assert raised.value.created
    with pytest.raises(ServiceError, match="tells of no batch") as raised:
        Service(reply).run(lambda batches: batches.retrieve("msgbatch_1"))
    assert not raised.value.created


def test_a_name_from_a_ledger_leads_to_no_other_address():
    async def read(batches):
        return [line async for line in batches.results("a/../../v1/files?x#y")]

    service = Service(httpx2.Response(200, content=b"{}\n\n{}"))
    assert service.run(read) == [b"{}", b"{}"]
    assert service.asked == ["/v1/messages/batches/a%2F..%2F..%2Fv1%2Ffiles%3Fx%23y/results"]


def test_a_line_of_results_without_an_end_is_not_held(monkeypatch):
    monkeypatch.setattr(batch_service, "LARGEST_LINE", 100)

    async def read(batches):
        return [line async for line in batches.results("b")]

    with pytest.raises(ServiceError, match="cannot be read"):
        Service(httpx2.Response(200, content=b"x" * 200)).run(read)


def test_the_list_is_read_no_further_than_to_the_moment():
    async def read(batches):
        return [status.id async for status in batches.since(AT - 2.5)]

    pages = [
        {"data": [batch(number) for number in numbers], "has_more": True, "last_id": f"msgbatch_{numbers[-1]}"}
        for numbers in ([1, 2], [3, 4], [5, 6])
    ]
    service = Service(*pages)
    assert service.run(read) == ["msgbatch_1", "msgbatch_2"]
    assert len(service.asked) == 2


def test_an_error_says_how_long_to_wait_and_what_it_is():
    told = {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}
    with pytest.raises(ServiceError, match="slow down") as raised:
        Service(httpx2.Response(429, json=told, headers={"retry-after": "7"})).run(
            lambda batches: batches.create(body(), 15)
        )
    assert (raised.value.seconds, raised.value.created) == (7, False)
    assert raised.value.failure.type is FailureKind.RATE_LIMIT
    with pytest.raises(ServiceError) as raised:  # a gateway cannot know whether the service took it
        Service(httpx2.Response(429, content=json.dumps("no"))).run(lambda batches: batches.create(body(), 15))
    assert raised.value.created


@pytest.mark.parametrize(
    ("seconds", "requests", "fits"),
    [(0, 2, True), (-299, 2, True), (-301, 2, False), (3_599, 2, True), (3_601, 2, False), (0, 3, False)],
)
def test_a_lost_batch_is_one_of_its_time_and_size(seconds, requests, fits):
    sought = OpenBatch("intent", 1, AT, 2, None, None)
    status = BatchStatus("b", "ended", AT + seconds, None, {"succeeded": requests})
    assert orphans.may_be(sought, status) is fits
