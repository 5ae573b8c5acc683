"""SimulatedClaude: a scripted model behind the Messages API, for tests, demonstrations and rehearsals.

    claude = SimulatedClaude(faults=["429@1", "fences:0.2"])
    with Extractor(Feedback, client=claude.client()) as extractor:
        extractor.extract("The app crashes.")
    claude.requests[0].document

`slotfill simulate` serves the same on a loopback port. It speaks messages, streams, token counts, batches and models,
and refuses what the service refuses.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from operator import itemgetter
from random import Random
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from slotfill.extractors.messages_api.api_error import ApiError, invalid
from slotfill.extractors.messages_api.message import WrittenMessage
from slotfill.extractors.messages_api.sse import STREAM, events
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.testing.faults.text_faults import TEXT_FAULTS, spoil_text
from slotfill.extractors.testing.faults.value_faults import VALUE_FAULTS, spoil
from slotfill.extractors.testing.rules.request_rules import (
    BATCH_BYTES,
    REQUEST_BYTES,
    check_length,
    check_request,
)
from slotfill.extractors.testing.simulator.batches import Batches, BatchResult
from slotfill.extractors.testing.simulator.clock import Clock
from slotfill.extractors.testing.simulator.exchange import HttpRequest, HttpResponse
from slotfill.extractors.testing.simulator.fault_triggers import (
    BATCH_FAULTS,
    ERROR_FAULTS,
    MESSAGE_FAULTS,
    RESPONSE_FAULTS,
    STREAM_FAULTS,
    Trigger,
    triggers,
)
from slotfill.extractors.testing.simulator.model_list import describe, list_models
from slotfill.extractors.testing.simulator.replies import Replies, ScriptedReply, script_of
from slotfill.extractors.testing.simulator.simulated_limits import RateLimits
from slotfill.extractors.testing.simulator.simulated_reply import (
    SimulatedReply,
    make_reply,
    shorten,
    think,
    thoughts,
    usage_block,
    write_reply,
)
from slotfill.extractors.testing.simulator.simulated_request import SimulatedRequest, read_request
from slotfill.extractors.testing.simulator.whims import thoughts_of, whims_of
from slotfill.schemas.json_values import exact_json

if TYPE_CHECKING:
    import anthropic

__all__ = ["Seen", "SimulatedClaude"]

CACHE_SECONDS = {"5m": 300.0, "1h": 3_600.0}
"""How long a prefix stays in the cache after its last use."""

_OWN: Mapping[str, Any] = {"api_key": "simulated", "base_url": "http://simulated.invalid"}
REFUSED = "refused"
JSON = {"content-type": "application/json"}
LINES = {"content-type": "application/x-jsonl"}
ORGANIZATION = "00000000-0000-4000-8000-000000000000"
_LIMITED, _FAILING = 429, 500


@dataclass
class Seen:
    """What the service saw of one request, and made of it.

    number: from 1, in the order of arrival, `POST /v1/messages` counted alone. document: as in `SimulatedRequest`.
    faults: those that struck. truth: the JSON value meant, before any fault. usage: what was billed for it.
    request_id: as the reply's header tells it.
    """

    number: int
    request: HttpRequest
    request_id: str = ""
    document: str | None = None
    faults: tuple[str, ...] = ()
    truth: Any = None
    status: int = 0
    usage: Usage = field(default_factory=Usage)

    @property
    def body(self) -> Any:
        """The request's JSON."""
        return self.request.json

    @property
    def headers(self) -> Mapping[str, str]:
        """The request's headers, names in lower case."""
        return self.request.headers


class SimulatedClaude:
    """A scripted model, and the service around it.

    replies: what the model says: a list in turn, a function of what is asked, the path of a gold file; by default
        values made from the schema that a request asks for.
    thinks: tokens that the model thinks before it answers, where a request leaves it to; by default 15 to 77, as
        recorded of the real ones.
    faults: `NAME`, `NAME@1,3-5`, `NAME:0.1` or a `Trigger`; see `slotfill.extractors.testing.simulator.fault_triggers`.
    seed: for all that is left to chance. The same seed, requests and faults give the same replies.
    limits: to be enforced; by default none are.
    clock: the time of limits, caches, batches and slow replies; a `ManualClock` waits for nothing.
    key: the only credential to accept; by default any.
    models: names of further models to serve, beside the service's own.
    batch_seconds: how long a batch is worked on.

    Safe for any number of threads. Raises FaultError for a fault that is not known, InputError for a gold file that
    cannot be used.
    """

    def __init__(
        self,
        replies: Replies = None,
        *,
        thinks: int | None = None,
        faults: Iterable[str | Trigger] = (),
        seed: int = 0,
        limits: RateLimits | None = None,
        clock: Clock | None = None,
        key: str | None = None,
        models: Collection[str] = (),
        batch_seconds: float = 0.0,
    ) -> None:
        self.requests: list[Seen] = []
        self.clock = clock or Clock()
        self.peak = 0
        self._seed, self._thinks = seed, thinks
        self.script(replies, faults=faults)
        self._limits = limits or RateLimits()
        self._key = key
        self._models = models
        self._batches = Batches(self._batch_result, self.clock, batch_seconds, seed)
        self._cached: dict[str, float] = {}
        self._seen_bodies: Counter[bytes] = Counter()
        self._arriving = threading.Lock()
        self._in_flight = 0
        self._asks = 0

    def script(self, replies: Replies = None, *, faults: Iterable[str | Trigger] = ()) -> SimulatedClaude:
        """Say what comes from here on; both as at the start. Requests are counted on."""
        self._script, self._faults = script_of(replies, self._seed), triggers(faults)
        return self

    @property
    def by_document(self) -> dict[str, list[Seen]]:
        """The requests for messages, by the document that they were about."""
        found: dict[str, list[Seen]] = defaultdict(list)
        for seen in self.requests:
            if seen.document is not None:
                found[seen.document].append(seen)
        return dict(found)

    @property
    def usage(self) -> Usage:
        """All that was billed."""
        return sum((seen.usage for seen in self.requests), Usage())

    def client(self, **options: Any) -> anthropic.Anthropic:
        """Make the SDK's client on this service, in this process. options: as `anthropic.Anthropic` takes them."""
        import anthropic
        import httpx2

        from slotfill.extractors.testing.simulated_transport import SimulatedTransport

        return anthropic.Anthropic(**{**_OWN, **options}, http_client=httpx2.Client(transport=SimulatedTransport(self)))

    def async_client(self, **options: Any) -> anthropic.AsyncAnthropic:
        """Make the SDK's asynchronous client, likewise."""
        import anthropic
        import httpx2

        from slotfill.extractors.testing.simulated_transport import SimulatedTransport

        http_client = httpx2.AsyncClient(transport=SimulatedTransport(self))
        return anthropic.AsyncAnthropic(**{**_OWN, **options}, http_client=http_client)

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        """Count one more request as being answered; `peak` tells the most there were at once."""
        with self._arriving:
            self._in_flight += 1
            self.peak = max(self.peak, self._in_flight)
        try:
            yield
        finally:
            with self._arriving:
                self._in_flight -= 1

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer a request."""
        seen = self._arrived(request)
        try:
            response = self._route(request, seen)
        except ApiError as error:
            response = _refusal(error, seen.request_id)
        faults = [RESPONSE_FAULTS[name] for name in seen.faults if name in RESPONSE_FAULTS]
        headers = {"request-id": seen.request_id, "anthropic-organization-id": ORGANIZATION}
        response = replace(response, headers={**headers, **response.headers})
        for fault in faults:
            response = fault(response)
        seen.status = response.status
        vars(request).pop("json", None)  # what is kept is the body alone: whoever wants its JSON reads it again
        return response

    def _arrived(self, request: HttpRequest) -> Seen:
        asks = request.method == "POST" and request.path == "/v1/messages"
        with self._arriving:
            self._asks += asks
            seen = Seen(self._asks if asks else 0, request, f"req_{len(self.requests) + 1:024d}")
            self.requests.append(seen)
        return seen

    def _route(self, request: HttpRequest, seen: Seen) -> HttpResponse:
        self._authenticate(request.headers)
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["v1", "messages"]:
                return self._messages(request, seen)
            case "POST", ["v1", "messages", "count_tokens"]:
                rules = check_request(request.json, also=self._models, counting=True)
                return _json({"input_tokens": read_request(request.json, rules).tokens})
            case "GET", ["v1", "models"]:
                return _json(list_models(request.query))
            case "GET", ["v1", "models", *name]:
                return _json(describe("/".join(name), self._models))
            case method, ["v1", "messages", "batches", *rest]:
                return self._batch(method, rest, request)
        raise ApiError(404, "not_found_error", f"Not found: {request.method} {request.path}")

    def _authenticate(self, headers: Mapping[str, str]) -> None:
        if "anthropic-version" not in headers:
            raise invalid("anthropic-version: header is required")
        key = headers.get("x-api-key") or re.sub(r"^Bearer ", "", headers.get("authorization", ""))
        if not key or self._key not in (None, key):
            raise ApiError(401, "authentication_error", "invalid x-api-key" if key else "x-api-key header is required")

    def _messages(self, request: HttpRequest, seen: Seen) -> HttpResponse:
        if len(request.body) > REQUEST_BYTES:
            raise ApiError(413, "request_too_large", "Request exceeds the maximum size")
        asked = read_request(request.json, check_request(request.json, also=self._models))
        seen.document = asked.document
        check_length(asked.tokens, asked.rules)
        chance = self._chance(request.body)
        struck = [fault.name for fault in self._faults if fault.strikes(seen.number, asked.document, chance)]
        refused = next((name for name in struck if name in ERROR_FAULTS), None)
        if refused is not None:
            seen.faults = (refused,)
            raise ERROR_FAULTS[refused](self.clock.now())
        if REFUSED in struck:  # nothing arrives, so nothing is counted
            seen.faults = (REFUSED,)
            return HttpResponse(0, {}, ())
        input_tokens, counts = self._read(asked)
        self._limits.admit(input_tokens, self.clock)
        message = self._answered(asked, seen, struck, chance, counts)
        chunks: tuple[bytes, ...] = (to_json(message),)
        whims = whims_of(self._seed, request.body)
        if asked.stream:
            begun = max(1, min(whims.begun, message["usage"]["output_tokens"]))
            chunks = events(message, begun=begun, late_ping=whims.late_ping, citable=whims.citable)
            for name in _applied(struck, STREAM_FAULTS, seen):
                chunks = STREAM_FAULTS[name](chunks)
        seen.faults += tuple(name for name in struck if name in RESPONSE_FAULTS)
        waits = {"retry-after": str(whims.retry_after)} if whims.retry_after else {}
        headers = (STREAM if asked.stream else JSON) | self._limits.headers(self.clock) | waits
        return HttpResponse(200, headers, chunks)

    def _answered(
        self, asked: SimulatedRequest, seen: Seen, struck: list[str], chance: Random, counts: Mapping[str, Any]
    ) -> WrittenMessage:
        """Have the model answer, and count what it read and wrote."""
        said = self._said(asked, seen, struck, chance)
        usage = usage_block(asked, said, counts)
        self._limits.wrote(usage["output_tokens"])
        thought = thoughts(said)
        counted = asked.rules.counts_thinking or not thought
        prompt, written, cached, kept = (usage[name] for name in _USAGE)
        seen.usage = Usage(prompt, written, cached, kept, thought if counted else None)
        return write_reply(asked, said, len(self.requests), usage)

    def _said(self, asked: SimulatedRequest, seen: Seen, struck: list[str], chance: Random) -> SimulatedReply:
        if asked.max_tokens == 0:  # the prompt is to be kept, and nothing said
            return SimulatedReply((), "max_tokens")
        reply = self._script(asked)
        if isinstance(reply, ApiError):
            raise reply
        said = reply if isinstance(reply, SimulatedReply) else self._spoken(asked, reply, seen, struck, chance)
        said = shorten(think(said, self._thoughts(asked, seen)), asked.max_tokens)
        for name in struck:
            if name in MESSAGE_FAULTS:
                try:
                    said = MESSAGE_FAULTS[name](asked, said)
                except LookupError:
                    continue
                seen.faults += (name,)
        return said

    def _thoughts(self, asked: SimulatedRequest, seen: Seen) -> int:
        """Give the tokens that the model thinks about a request."""
        if not asked.thinks:
            return 0
        thought = thoughts_of(self._seed, seen.request.body) if self._thinks is None else self._thinks
        return thought if asked.budget is None else min(thought, asked.budget)

    def _spoken(
        self, asked: SimulatedRequest, reply: ScriptedReply, seen: Seen, struck: list[str], chance: Random
    ) -> SimulatedReply:
        """Write a reply down in the form that was asked for, with the faults of its value and of its text."""
        value = seen.truth = _parsed(reply) if isinstance(reply, str) else reply
        text = reply if isinstance(reply, str) else json.dumps(reply, ensure_ascii=False)
        for name in struck:
            try:
                if name in VALUE_FAULTS:
                    value = spoil(name, value, asked.schema or {}, chance)
                    text = json.dumps(value, ensure_ascii=False)
                elif name in TEXT_FAULTS and asked.tool is None:
                    text = spoil_text(name, text)
                else:
                    continue
            except LookupError:
                continue
            seen.faults += (name,)
        return make_reply(asked, text, value)

    def _chance(self, body: bytes) -> Random:
        """Give the chances of one request: by its body, and how often it came, not by when."""
        if not self._faults:
            return _NO_CHANCE
        digest = hashlib.sha256(body).digest()
        with self._arriving:
            self._seen_bodies[digest] += 1
            told = f"{self._seed}/{digest.hex()}/{self._seen_bodies[digest]}"
        return Random(told)  # noqa: S311 - reproducible, not secret

    def _read(self, asked: SimulatedRequest) -> tuple[int, dict[str, Any]]:
        """Count what is read, from the cache or not; give what the limits count, and what the usage tells of it."""
        now = self.clock.now()
        with self._arriving:
            hit = max((size for key, size, _ in asked.prefixes if self._cached.get(key, 0) >= now), default=0)
            self._cached |= {key: now + CACHE_SECONDS[ttl] for key, _, ttl in asked.prefixes}
        _, longest, kept = max(asked.prefixes, key=itemgetter(1), default=("", 0, "5m"))
        written = longest - hit
        counts = {
            "input_tokens": asked.tokens - hit - written,
            "cache_read_input_tokens": hit,
            "cache_creation_input_tokens": written,
            "cache_creation": {f"ephemeral_{ttl}_input_tokens": written * (ttl == kept) for ttl in CACHE_SECONDS},
        }
        return asked.tokens - hit, counts

    def _batch(self, method: str, rest: list[str], request: HttpRequest) -> HttpResponse:
        batches, origin = self._batches, request.origin
        match method, rest:
            case "POST", []:
                if len(request.body) > BATCH_BYTES:
                    raise ApiError(413, "request_too_large", "Request exceeds the maximum size")
                return _json(batches.create(request.json, origin))
            case "GET", []:
                return _json(batches.listed(request.query, origin))
            case "GET", [name]:
                return _json(batches.retrieve(name, origin))
            case "DELETE", [name]:
                return _json(batches.delete(name))
            case "POST", [name, "cancel"]:
                return _json(batches.cancel(name, origin))
            case "GET", [name, "results"]:
                named = {"content-disposition": f'attachment; filename="{name}_results.jsonl"'}
                return HttpResponse(200, LINES | named, (batches.results(name),))
        raise ApiError(404, "not_found_error", f"Not found: {method} {request.path}")

    def _batch_result(self, params: Any, place: int) -> BatchResult:
        """Answer one request of a batch; faults of the network do not reach it."""
        body = to_json(params)
        chance = self._chance(body)
        seen = Seen(0, HttpRequest("BATCH", "/v1/messages", body=body))
        with self._arriving:
            self.requests.append(seen)
        try:
            asked = read_request(params, check_request(params, also=self._models, batched=True))
            seen.document = asked.document
            struck = [fault.name for fault in self._faults if fault.strikes(place, asked.document, chance)]
            for name in struck:
                if name in BATCH_FAULTS:
                    seen.faults = (name,)
                    return _failed_item(name)
            message = self._answered(asked, seen, struck, chance, self._read(asked)[1])
        except ApiError as error:
            return {"type": "errored", "error": error.to_json()}
        return {"type": "succeeded", "message": {**message, "usage": {**message["usage"], "service_tier": "batch"}}}


_NO_CHANCE = Random(0)  # noqa: S311 - nobody draws from it

_USAGE = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def _applied(struck: list[str], known: Mapping[str, Callable[..., Any]], seen: Seen) -> list[str]:
    names = [name for name in struck if name in known]
    seen.faults += tuple(names)
    return names


def _failed_item(name: str) -> BatchResult:
    if name == "batch_errored":
        return {"type": "errored", "error": ApiError(500, "api_error", "Internal server error").to_json()}
    return {"type": name.removeprefix("batch_")}


def _parsed(text: str) -> Any:
    """Give the value of a text; None for what is no JSON, or says more than a value: a key twice, digits over."""
    try:
        value = exact_json.loads(text)
    except ValueError:
        return None
    return None if exact_json.has_exact_floats(value) else value


def _refusal(error: ApiError, request_id: str) -> HttpResponse:
    """Write an error: a request that is no good is not to be sent again; of a failing service nobody says so."""
    retry = {"x-should-retry": str(error.status == _LIMITED).lower()} if error.status < _FAILING else {}
    body = to_json({**error.to_json(), "request_id": request_id})
    return HttpResponse(error.status, JSON | retry | error.headers, (body,))


def _json(value: Any) -> HttpResponse:
    return HttpResponse(200, JSON, (to_json(value),))
