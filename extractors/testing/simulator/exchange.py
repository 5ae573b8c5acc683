"""A request and a reply of the simulated service before any HTTP library sees them, and the forms that replies have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from pydantic_core import to_json

from slotfill.extractors.catalogue.prices import CacheTTL, cost
from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.messages_api.request import load_body
from slotfill.extractors.record.parts import BatchPlace
from slotfill.extractors.record.usage import Usage
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = [
    "ENDLESS_SECONDS",
    "JSON_HEADERS",
    "HttpRequest",
    "HttpResponse",
    "LoggedRequest",
    "RebuiltRequest",
    "error_response",
    "json_response",
    "page",
]

JSON_HEADERS = {"content-type": "application/json"}

PAGE_SIZE = 20
"""Entries of a page of a list, where nobody says how many."""

_LIMITED, _FAILING = 429, 500

ENDLESS_SECONDS = 86_400.0
"""Seconds that nobody waits."""


@dataclass(frozen=True)
class HttpRequest:
    """What came in.

    Attributes:
        method: In capitals, or `BATCH` for one request of a batch.
        path: Without the query.
        query: The parameters of the URL.
        headers: Their names in lower case.
        body: As it was sent.
        origin: What the service's URLs begin with.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # they hold the key
    body: bytes = b""
    origin: str = "https://api.anthropic.com"

    @cached_property
    def json(self) -> JSON:
        """The body's JSON, None without a body. Raises ApiError 400."""
        return load_body(self.body) if self.body else None


class RebuiltRequest(HttpRequest):
    """A request of which the JSON is held, as it shares parts with many others; its body is written again of it."""

    def __init__(self, request: HttpRequest, data: JSON) -> None:
        # What it has for a body is computed: nothing may be set.
        vars(self).update({**vars(request), "json": data})
        del vars(self)["body"]

    @property
    def body(self) -> bytes:
        """The same JSON as was sent, without white space."""
        return to_json(self.json)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What goes out, and how.

    Attributes:
        status: The HTTP status, 0 where none is sent.
        headers: Their names in lower case.
        chunks: The body, in the pieces in which it is sent.
        wait: Seconds before the first byte.
        pause: Seconds before each further chunk.
        refused: Whether the connection is never made.
        lost: Whether the connection is reset before any of it.
        broken: Whether it is reset after the last chunk, before the body is whole.
        stalled: Whether it stays open after the last chunk, and nothing more comes.
    """

    status: int
    headers: Mapping[str, str]
    chunks: tuple[bytes, ...]
    wait: float = 0.0
    pause: float = 0.0
    refused: bool = False
    lost: bool = False
    broken: bool = False
    stalled: bool = False


@dataclass(slots=True)
class LoggedRequest:
    """A request to the service, and what became of it: an entry of `SimulatedClaude.requests`.

    Attributes:
        number: From 1, in the order of arrival. `POST /v1/messages` is counted alone; all others have 0.
        http: As it came in.
        request_id: As the reply's header tells it.
        document: The text that it is about, as in `SimulatedRequest`; None for what asks nothing of the model.
        faults: The names of the faults that struck.
        truth: The JSON value that the model meant, before any fault.
        status: The HTTP status of the reply, 0 where there was none.
        usage: What was billed for it: of a request of a batch, once that has ended, at the tier `batch`.
        batch: The batch that it is a request of, and its name there; None for any other.
        model: The model that answered it.
        ttl: How long the cache keeps what it wrote there.
    """

    number: int
    http: HttpRequest
    request_id: str = ""
    document: str | None = None
    faults: tuple[str, ...] = ()
    truth: JSON = None
    status: int = 0
    usage: Usage = Usage()
    batch: BatchPlace | None = None
    model: str = ""
    ttl: CacheTTL = "5m"

    @property
    def cost_usd(self) -> Decimal | None:
        """What it cost by the catalogue's prices, in US dollars; None where its model has none."""
        return cost(self.model, self.usage, ttl=self.ttl) if self.model else Decimal(0)

    @property
    def body(self) -> JSON:
        """The request's JSON, None where it has no body."""
        return self.http.json

    @property
    def headers(self) -> Mapping[str, str]:
        """The request's headers, their names in lower case."""
        return self.http.headers


def json_response(value: JSON) -> HttpResponse:
    """Write a value as a reply."""
    return HttpResponse(200, JSON_HEADERS, (to_json(value),))


def error_response(error: ApiError, request_id: str) -> HttpResponse:
    """Write an error as a reply.

    A request that is no good is not to be sent again; of a failing service nobody says so.
    """
    retry = {"x-should-retry": str(error.status == _LIMITED).lower()} if error.status < _FAILING else {}
    body = to_json({**error.to_json(), "request_id": request_id})
    return HttpResponse(error.status, JSON_HEADERS | retry | error.headers, (body,))


def page(entries: Sequence[JSONMapping], query: Mapping[str, str]) -> JSONObject:
    """Return a page of a list, as the service turns them. query: `limit`, `after_id`, `before_id`."""
    names = [entry["id"] for entry in entries]
    limit = int(query.get("limit", PAGE_SIZE))
    start = names.index(query["after_id"]) + 1 if query.get("after_id") in names else 0
    stop = names.index(query["before_id"]) if query.get("before_id") in names else len(names)
    first = max(start, stop - limit) if "before_id" in query else start
    listed = entries[first : min(stop, first + limit)]
    return {
        "data": [*listed],
        "has_more": first > 0 if "before_id" in query else first + limit < stop,
        "first_id": listed[0]["id"] if listed else None,
        "last_id": listed[-1]["id"] if listed else None,
    }
