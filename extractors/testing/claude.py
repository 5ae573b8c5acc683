"""SimulatedClaude: a scripted model behind the Messages API, for tests, demonstrations and rehearsals.

    claude = SimulatedClaude(faults=["429@1", "fences:0.2"])
    with Extractor(Feedback, client=claude.client()) as extractor:
        extractor.extract("The app crashes.")
    claude.requests[0].document

`slotfill simulate` serves the same on a loopback port. It speaks messages, streams, token counts, batches and models,
and refuses what the service refuses.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from slotfill.extractors.messages_api.api_error import ApiError, invalid
from slotfill.extractors.messages_api.message import WrittenMessage
from slotfill.extractors.messages_api.sse import STREAM, events
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.testing.batching.batch_calls import BatchCalls
from slotfill.extractors.testing.batching.simulated_batches import SimulatedBatches
from slotfill.extractors.testing.rules.request_rules import REQUEST_BYTES, check_length, check_request
from slotfill.extractors.testing.simulator.clock import Clock
from slotfill.extractors.testing.simulator.exchange import (
    JSON_HEADERS,
    HttpRequest,
    HttpResponse,
    LoggedRequest,
    RebuiltRequest,
    error_response,
    json_response,
)
from slotfill.extractors.testing.simulator.fault_triggers import Trigger
from slotfill.extractors.testing.simulator.model_list import describe, list_models
from slotfill.extractors.testing.simulator.network_faults import (
    ERROR_FAULTS,
    ITEM_FAULTS,
    RESPONSE_FAULTS,
    STREAM_FAULTS,
    UNSENT_FAULTS,
    BatchResult,
    struck_reply,
)
from slotfill.extractors.testing.simulator.prompt_cache import PromptCache, PromptTokens
from slotfill.extractors.testing.simulator.replies import Replies
from slotfill.extractors.testing.simulator.simulated_limits import BatchLimits, RateLimits
from slotfill.extractors.testing.simulator.simulated_model import SimulatedModel, Strike
from slotfill.extractors.testing.simulator.simulated_reply import thoughts, usage_block, write_reply
from slotfill.extractors.testing.simulator.simulated_request import SimulatedRequest, read_request
from slotfill.extractors.testing.simulator.whims import whims_of
from slotfill.schemas.json_values.json_types import JSON

if TYPE_CHECKING:
    import anthropic

__all__ = ["SimulatedClaude"]

ORGANIZATION = "00000000-0000-4000-8000-000000000000"

_BATCHED = HttpRequest("BATCH", "/v1/messages")
"""What the requests of batches came by."""

_OWN: Mapping[str, Any] = {"api_key": "simulated", "base_url": "http://simulated.invalid"}


class SimulatedClaude:
    """A scripted model, and the service around it.

    Safe for any number of threads.

    Args:
        replies: What the model says: a list in turn, a function of the `SimulatedRequest`, the path of a gold file
            (JSONL of `{"text": …, "value": …}`); by default values made from the schema that a request asks for.
        thinking_tokens: What the model thinks before it answers, where a request leaves it to; by default 15 to 77, as
            recorded of the real ones.
        faults: `NAME`, `NAME@1,3-5`, `NAME:0.1` or a `Trigger`; `FAULTS` has all names.
        seed: For all that is left to chance. The same seed, requests and faults give the same replies.
        limits: To be enforced; by default none are.
        clock: The time of limits, caches, batches and slow replies; a `ManualClock` waits for nothing.
        key: The only credential to accept; by default any.
        models: Names of further models to serve, beside the service's own.
        batch_seconds: How long a batch is worked on.
        batch_limits: What one batch may hold; by default what the service lets it.

    Attributes:
        requests: Every request that came, in order, with what became of it.
        clock: As given, else the machine's.
        peak: The most requests that were being answered at once.

    Raises:
        FaultError: For a fault that is not known.
        InputError: For a gold file that cannot be used.
    """

    def __init__(
        self,
        replies: Replies = None,
        *,
        thinking_tokens: int | None = None,
        faults: Iterable[str | Trigger] = (),
        seed: int = 0,
        limits: RateLimits | None = None,
        clock: Clock | None = None,
        key: str | None = None,
        models: Collection[str] = (),
        batch_seconds: float = 0.0,
        batch_limits: BatchLimits | None = None,
    ) -> None:
        self.requests: list[LoggedRequest] = []
        self.clock = clock or Clock()
        self.peak = 0
        self._seed = seed
        self._model = SimulatedModel(replies, faults, seed, thinking_tokens)
        self._cache = PromptCache(self.clock)
        self._limits = limits or RateLimits()
        self._key = key
        self._models = models
        self._batches = SimulatedBatches(self._batch_result, self.clock, batch_seconds, seed)
        self._batch_calls = BatchCalls(self._batches, self._model, batch_limits or BatchLimits(), self.clock)
        self._arriving = threading.Lock()
        self._in_flight = 0
        self._arrivals = 0

    def script(self, replies: Replies = None, *, faults: Iterable[str | Trigger] = ()) -> SimulatedClaude:
        """Set what comes from here on; requests are counted on.

        Args:
            replies: As at the start.
            faults: As at the start.

        Returns:
            The same service.

        Raises:
            FaultError: For a fault that is not known.
            InputError: For a gold file that cannot be used.
        """
        self._model.script(replies, faults)
        return self

    @property
    def by_document(self) -> dict[str, list[LoggedRequest]]:
        """The requests for messages, by the document that they were about."""
        requests: dict[str, list[LoggedRequest]] = defaultdict(list)
        for entry in self.requests:
            if entry.document is not None:
                requests[entry.document].append(entry)
        return dict(requests)

    @property
    def usage(self) -> Usage:
        """All that was billed."""
        return sum((entry.usage for entry in self.requests), Usage())

    @property
    def cost_usd(self) -> Decimal | None:
        """What all that was billed cost by the catalogue's prices, in US dollars; None where a price is unknown."""
        costs = [entry.cost_usd for entry in self.requests]
        return None if None in costs else sum(filter(None, costs), Decimal(0))

    def add_foreign_batch(self, custom_ids: Iterable[str] = ("other-1", "other-2"), *, seconds: float = 0.0) -> str:
        """Put a message batch into the workspace that somebody else has created just now.

        It is listed, retrieved and read as any other, and stands neither in `requests` nor on the bill.

        Args:
            custom_ids: The names of its requests, each of which succeeds.
            seconds: How long it is worked on; over a day it expires.

        Returns:
            Its id.
        """
        return self._batches.add_foreign(custom_ids, seconds)

    def end_batches(self) -> None:
        """Have all batches that are in progress end now: also those that the fault `create_held` struck."""
        self._batches.end_all()

    def client(self, **options: Any) -> anthropic.Anthropic:
        """Make the SDK's client on this service, in this process.

        Args:
            options: As `anthropic.Anthropic` takes them.
        """
        import anthropic
        import httpx2

        from slotfill.extractors.testing.simulated_transport import SimulatedTransport

        return anthropic.Anthropic(**{**_OWN, **options}, http_client=httpx2.Client(transport=SimulatedTransport(self)))

    def async_client(self, **options: Any) -> anthropic.AsyncAnthropic:
        """Make the SDK's asynchronous client on this service, in this process.

        Args:
            options: As `anthropic.AsyncAnthropic` takes them.
        """
        import anthropic
        import httpx2

        from slotfill.extractors.testing.simulated_transport import SimulatedTransport

        http_client = httpx2.AsyncClient(transport=SimulatedTransport(self))
        return anthropic.AsyncAnthropic(**{**_OWN, **options}, http_client=http_client)

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        """Count one more request as being answered while the context lasts."""
        with self._arriving:
            self._in_flight += 1
            self.peak = max(self.peak, self._in_flight)
        try:
            yield
        finally:
            with self._arriving:
                self._in_flight -= 1

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer a request, and log it."""
        entry = self._arrived(request)
        try:
            response = self._route(request, entry)
        except ApiError as error:
            response = error_response(error, entry.request_id)
        headers = {"request-id": entry.request_id, "anthropic-organization-id": ORGANIZATION}
        response = replace(response, headers={**headers, **response.headers})
        response = struck_reply(response, entry.faults)
        entry.status = response.status
        vars(request).pop("json", None)  # what is kept is the body alone: whoever wants its JSON reads it again
        return response

    def _arrived(self, request: HttpRequest) -> LoggedRequest:
        counts = request.method == "POST" and request.path == "/v1/messages"
        with self._arriving:
            self._arrivals += counts
            entry = LoggedRequest(self._arrivals if counts else 0, request, f"req_{len(self.requests) + 1:024d}")
            self.requests.append(entry)
        return entry

    def _route(self, request: HttpRequest, entry: LoggedRequest) -> HttpResponse:
        self._authenticate(request.headers)
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["v1", "messages"]:
                return self._messages(request, entry)
            case "POST", ["v1", "messages", "count_tokens"]:
                _check_size(request, REQUEST_BYTES)
                rules = check_request(request.json, also=self._models, counting=True)
                return json_response({"input_tokens": read_request(request.json, rules).tokens})
            case "GET", ["v1", "models"]:
                return json_response(list_models(request.query))
            case "GET", ["v1", "models", *name]:
                return json_response(describe("/".join(name), self._models))
            case _, ["v1", "messages", "batches", *rest]:
                return self._batch_calls.answer(rest, request, entry)
        raise ApiError(404, "not_found_error", f"Not found: {request.method} {request.path}")

    def _authenticate(self, headers: Mapping[str, str]) -> None:
        if "anthropic-version" not in headers:
            raise invalid("anthropic-version: header is required")
        key = headers.get("x-api-key") or re.sub(r"^Bearer ", "", headers.get("authorization", ""))
        if not key or self._key not in (None, key):
            raise ApiError(401, "authentication_error", "invalid x-api-key" if key else "x-api-key header is required")

    def _messages(self, http: HttpRequest, entry: LoggedRequest) -> HttpResponse:
        _check_size(http, REQUEST_BYTES)
        request = read_request(http.json, check_request(http.json, also=self._models))
        entry.document = request.document
        check_length(request.tokens, request.rules)
        strike = self._model.strike(request.document, http, entry.number)
        if errors := strike.among(ERROR_FAULTS):
            entry.faults = errors[:1]
            raise ERROR_FAULTS[errors[0]](self.clock.now())
        if unsent := strike.among(UNSENT_FAULTS):  # nothing arrives, so nothing is counted
            entry.faults = unsent[-1:]
            return HttpResponse(0, {}, ())
        prompt = self._cache.read(request)
        self._limits.admit(prompt.limited, self.clock)
        message = self._message(request, entry, strike, prompt)
        response = self._sent(request, message, entry, strike)
        entry.faults += strike.among(RESPONSE_FAULTS)
        return response

    def _message(
        self, request: SimulatedRequest, entry: LoggedRequest, strike: Strike, prompt: PromptTokens
    ) -> WrittenMessage:
        """Have the model answer, and bill what it read and wrote."""
        reply = self._model.reply(request, entry, strike)
        usage = usage_block(request, reply, prompt.to_json())
        self._limits.wrote(usage["output_tokens"])
        thinking = thoughts(reply)
        counted = thinking if request.rules.counts_thinking or not thinking else None
        entry.model, entry.ttl = request.model, "1h" if prompt.lifetime == "1h" else "5m"
        entry.usage = Usage(prompt.beside, usage["output_tokens"], prompt.hit, prompt.written, counted)
        return write_reply(request, reply, len(self.requests), usage)

    def _sent(
        self, request: SimulatedRequest, message: WrittenMessage, entry: LoggedRequest, strike: Strike
    ) -> HttpResponse:
        """Write a message as a body, or as the events of a stream."""
        whims = whims_of(self._seed, entry.http.body)
        retry = {"retry-after": str(whims.retry_after)} if whims.retry_after else {}
        headers = (STREAM if request.stream else JSON_HEADERS) | self._limits.headers(self.clock) | retry
        if not request.stream:
            return HttpResponse(200, headers, (to_json(message),))
        begun = max(1, min(whims.begun, message["usage"]["output_tokens"]))
        chunks = events(message, begun=begun, late_ping=whims.late_ping, citable=whims.citable)
        for name in strike.among(STREAM_FAULTS):
            chunks = STREAM_FAULTS[name](chunks)
            entry.faults += (name,)
        return HttpResponse(200, headers, chunks)

    def _batch_result(self, params: JSON, place: int) -> tuple[LoggedRequest, BatchResult]:
        """Answer one request of a batch; faults of the network do not reach it."""
        entry = LoggedRequest(0, RebuiltRequest(_BATCHED, params))
        with self._arriving:
            self.requests.append(entry)
        try:
            return entry, self._batched(params, place, entry)
        except ApiError as error:
            return entry, {"type": "errored", "error": error.to_json()}

    def _batched(self, params: JSON, place: int, entry: LoggedRequest) -> BatchResult:
        request = read_request(params, check_request(params, also=self._models, batched=True))
        entry.document = request.document
        strike = self._model.strike(request.document, entry.http, place)
        if failures := strike.among(ITEM_FAULTS):
            entry.faults = failures[:1]
            return ITEM_FAULTS[failures[0]]
        message = self._message(request, entry, strike, self._cache.read(request))
        entry.usage = replace(entry.usage, tier="batch")
        return {"type": "succeeded", "message": {**message, "usage": {**message["usage"], "service_tier": "batch"}}}


def _check_size(request: HttpRequest, most: int) -> None:
    if len(request.body) > most:
        raise ApiError(413, "request_too_large", "Request exceeds the maximum size")
