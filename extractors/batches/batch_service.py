"""The service's side of a batch: created, looked at, listed, cancelled, and read line by line.

https://platform.claude.com/docs/en/api/creating-message-batches and its neighbours. All goes through the SDK's client,
whose middleware, time-outs and credential hold here, too. What a service says is typed and bounded before it is used.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import anthropic
import httpx2
from anthropic import AnthropicError, AsyncAnthropic, AsyncStream
from anthropic.types.messages import MessageBatch

from slotfill.extractors.clients.admission import is_unsent
from slotfill.extractors.clients.clients import Clients
from slotfill.extractors.messages_api.inbound import identifier, retry_after
from slotfill.extractors.record.failure_kinds import Failure, FailureKind

__all__ = ["BatchService", "BatchStatus", "ServiceError"]

_BATCHES = "/v1/messages/batches"

LARGEST_LINE = 2**26
"""Bytes of one result: no model's longest reply comes near it."""

MOST_LISTED = 1_000
"""So many batches are on one page of the list; more than a page is asked for where needed."""


class ServiceError(Exception):
    """The service could not be asked, or did not answer.

    failure: why, in one line. created: whether a batch that was to be created may be there all the same.
    seconds: how long the service asks to wait; None where it does not say.
    """

    def __init__(self, failure: Failure, *, created: bool, seconds: float | None = None) -> None:
        super().__init__(failure.message)
        self.failure, self.created, self.seconds = failure, created, seconds


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """How a batch stands.

    created, expires: times of the service's clock, in seconds since 1970; None where it does not tell them.
    counts: how many of its requests are `processing`, `succeeded`, `errored`, `canceled` or `expired`.
    state: the service's word for it: `in_progress`, `canceling` or `ended`.
    archived: whether its results are gone.
    """

    id: str
    state: str
    created: float | None
    expires: float | None
    counts: Mapping[str, int]
    archived: bool = False

    @property
    def ended(self) -> bool:
        """Whether its results are there."""
        return self.state == "ended"

    @property
    def requests(self) -> int:
        """How many requests it has."""
        return sum(self.counts.values())


class BatchService:
    """The batches of the workspace that a credential belongs to. Whatever goes wrong is a ServiceError."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    async def create(self, body: AsyncIterable[bytes], size: int) -> BatchStatus:
        """Create a batch of `{"requests": …}`, so many bytes of JSON.

        It is tried once: the ServiceError says whether the batch may be there all the same.
        """
        # The SDK would send it again when the reply is lost: two batches, both billed; no header makes it one. And it
        # takes a list of dicts, of which a quarter of a gigabyte takes several.
        client = self._client.with_options(max_retries=0)
        try:
            batch = await client.post(
                _BATCHES,
                cast_to=MessageBatch,
                content=body,
                options={"headers": {"content-type": "application/json", "content-length": str(size)}},
            )
        except AnthropicError as error:
            raise self._error(error, created=not (is_unsent(error) or _is_refused(error))) from error
        return self._status(batch, created=True)

    async def retrieve(self, name: str) -> BatchStatus:
        """Look how a batch stands."""
        try:
            return self._status(await self._client.messages.batches.retrieve(name))
        except AnthropicError as error:
            raise self._error(error) from error

    async def cancel(self, name: str) -> BatchStatus:
        """Have the service stop a batch: what it has not begun is not billed."""
        try:
            return self._status(await self._client.messages.batches.cancel(name))
        except AnthropicError as error:
            raise self._error(error) from error

    async def since(self, moment: float) -> AsyncGenerator[BatchStatus]:
        """List the workspace's batches that were created since a moment, the latest first."""
        try:
            async for batch in self._client.messages.batches.list(limit=MOST_LISTED):
                status = self._status(batch)
                if status.created is not None and status.created < moment:
                    return
                yield status
        except AnthropicError as error:
            raise self._error(error) from error

    async def results(self, name: str) -> AsyncGenerator[bytes]:
        """Give the lines of an ended batch's results, as they arrive. One that is cut off raises ServiceError."""
        # Not from `results_url`, which names any host it likes: the credential goes with the request.
        try:
            reply = await self._client.get(
                f"{_BATCHES}/{quote(name, safe='')}/results",  # the ledger that it stands in may be anybody's
                cast_to=object,
                options={"headers": {"accept": "application/binary"}},
                stream=True,
                stream_cls=AsyncStream[object],
            )
            async with reply, aclosing(_lines(reply.response)) as lines:
                async for line in lines:
                    yield line
        except (AnthropicError, httpx2.HTTPError, ValueError) as error:
            raise self._error(error) from error

    @property
    def _client(self) -> AsyncAnthropic:
        return self._clients.service

    def _error(self, error: Exception, *, created: bool = False) -> ServiceError:
        reply = getattr(error, "response", None)
        seconds = retry_after(reply.headers) if isinstance(reply, httpx2.Response) else None
        return ServiceError(self._clients.failure_of(error), created=created, seconds=seconds)

    def _status(self, batch: object, *, created: bool = False) -> BatchStatus:
        """Read what the service says of a batch: the SDK builds its types without validating them."""
        name, state = (identifier(getattr(batch, part, None)) for part in ("id", "processing_status"))
        if name is None or state is None or not name.replace("_", "").isalnum():
            failure = Failure(FailureKind.UNREADABLE_REPLY, "the service's reply tells of no batch")
            raise ServiceError(failure, created=created)
        counts = getattr(batch, "request_counts", None)
        kinds = ("processing", "succeeded", "errored", "canceled", "expired")
        return BatchStatus(
            name,
            state,
            _moment(getattr(batch, "created_at", None)),
            _moment(getattr(batch, "expires_at", None)),
            {kind: count for kind in kinds if isinstance(count := getattr(counts, kind, None), int) and count >= 0},
            archived=getattr(batch, "archived_at", None) is not None,
        )


def _is_refused(error: AnthropicError) -> bool:
    """Whether the service said in its own form that it took nothing: a gateway cannot know, nor can one that failed."""
    if not isinstance(error, anthropic.APIStatusError) or not isinstance(error.body, dict):
        return False
    detail: Any = error.body.get("error")
    kind = detail.get("type") if isinstance(detail, dict) else None
    return error.body.get("type") == "error" and kind not in (None, "api_error", "timeout_error")


def _moment(value: object) -> float | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()


async def _lines(reply: httpx2.Response) -> AsyncGenerator[bytes]:
    """Give the lines of a body. Raises ValueError for one that is too long."""
    begun = b""
    async for piece in reply.aiter_bytes():
        *lines, begun = (begun + piece).split(b"\n")
        for line in lines:
            if line.strip():
                yield line
        if len(begun) > LARGEST_LINE:
            raise ValueError("a result is too large")
    if begun.strip():
        yield begun
