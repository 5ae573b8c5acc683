"""Faults of a service and of the network before it: its errors, its streams, its batches, and replies under way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TypeAlias

from slotfill.extractors.messages_api.api_error import ApiError, invalid
from slotfill.extractors.testing.simulator.exchange import ENDLESS_SECONDS, HttpResponse
from slotfill.schemas.json_values.json_types import JSONMapping

__all__ = [
    "CALL_ERRORS",
    "CALL_FAULTS",
    "ERROR_FAULTS",
    "ITEM_FAULTS",
    "RESPONSE_FAULTS",
    "STREAM_FAULTS",
    "UNSENT_FAULTS",
    "BatchResult",
    "struck_reply",
]

SLOW = 2.0
"""Seconds that a slow first byte takes, and a slow body in all."""

LONG = 86_400
"""Seconds: a retry-after that no caller waits for."""

HTML = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"


def _limited(headers: Callable[[float], dict[str, str]]) -> Callable[[float], ApiError]:
    text = "This request would exceed your account's rate limit. Please try again later."
    return lambda now: ApiError(429, "rate_limit_error", text, headers(now))


def _failing(status: int, kind: str, text: str) -> Callable[[float], ApiError]:
    return lambda _: ApiError(status, kind, text)


def _http_date(now: float) -> str:
    return format_datetime(datetime.fromtimestamp(now + 1, UTC), usegmt=True)


ERROR_FAULTS: Mapping[str, Callable[[float], ApiError]] = {
    "429": _limited(lambda _: {"retry-after": "1"}),
    "429_ms": _limited(lambda _: {"retry-after-ms": "20"}),
    "429_date": _limited(lambda now: {"retry-after": _http_date(now)}),
    "429_long": _limited(lambda _: {"retry-after": str(LONG)}),
    "529": _failing(529, "overloaded_error", "Overloaded"),
    "500": _failing(500, "api_error", "Internal server error"),
    "503": _failing(503, "api_error", "Service unavailable"),
    "401": _failing(401, "authentication_error", "invalid x-api-key"),
    "403": _failing(403, "permission_error", "Your API key does not have permission to use the specified resource"),
    "413": _failing(413, "request_too_large", "Request exceeds the maximum size"),
}
"""By name: the error that answers instead of a message, at a time in seconds since 1970."""


def _cut_stream(chunks: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return chunks[: max(1, len(chunks) // 2)]


def _failing_stream(chunks: tuple[bytes, ...]) -> tuple[bytes, ...]:
    error = b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}\n\n'
    return (*_cut_stream(chunks), error)


def _unended(chunks: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Leave out the end, which tells why the model stopped, and what it wrote."""
    ending = (b"event: message_delta", b"event: message_stop")
    return tuple(chunk for chunk in chunks if not chunk.startswith(ending))


def _unstarted(chunks: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return tuple(chunk for chunk in chunks if not chunk.startswith(b"event: content_block_start"))


def _spliced(chunks: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Begin the message anew within it, as a gateway does that asks again behind a client's back."""
    return (*_cut_stream(chunks), *chunks)


def _with_events(*events: bytes) -> Callable[[tuple[bytes, ...]], tuple[bytes, ...]]:
    """Put events into the middle of a stream."""

    def fault(chunks: tuple[bytes, ...]) -> tuple[bytes, ...]:
        middle = len(chunks) // 2
        return (*chunks[:middle], *events, *chunks[middle:])

    return fault


UNKNOWN = (
    b": a comment\n\n",
    b'event: ping\ndata: {"type": "ping"}\n\n',
    b'event: weather\ndata: {"type": "weather", "sky": "clear"}\n\n',
    b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": 0, "delta": {"type": "mood"}}\n\n',
)
"""What a client has to pass over: the service may send events, and parts of them, that are newer than the client."""

STREAM_FAULTS: Mapping[str, Callable[[tuple[bytes, ...]], tuple[bytes, ...]]] = {
    "sse_unknown": _with_events(*UNKNOWN),
    "sse_no_json": _with_events(b'event: content_block_delta\ndata: {"type": "content_block_de\n\n'),
    "sse_no_event": _with_events(b"event: content_block_delta\ndata: null\n\n"),
    "sse_unstarted": _unstarted,
    "sse_unended": _unended,
    "sse_spliced": _spliced,
    "sse_cut": _cut_stream,
    "sse_error": _failing_stream,
}
"""By name: what becomes of the events of a stream; other replies have none."""


def _html(response: HttpResponse) -> HttpResponse:
    return replace(response, headers={**response.headers, "content-type": "text/html"}, chunks=(HTML,))


def _no_utf8(response: HttpResponse) -> HttpResponse:
    body = b"".join(response.chunks)
    middle = len(body) // 2
    return replace(response, chunks=(body[:middle] + b"\xff\xfe" + body[middle:],))


def _halved(response: HttpResponse) -> tuple[bytes, ...]:
    if len(response.chunks) > 1:
        return response.chunks[: len(response.chunks) // 2]
    return (response.chunks[0][: len(response.chunks[0]) // 2],)


def _slow_body(response: HttpResponse) -> HttpResponse:
    pieces = response.chunks
    if len(pieces) == 1:
        step = max(1, len(pieces[0]) // 4)
        pieces = tuple(pieces[0][at : at + step] for at in range(0, len(pieces[0]), step))
    return replace(response, chunks=pieces, pause=SLOW / len(pieces))


def _gateway(status: int, body: bytes) -> Callable[[HttpResponse], HttpResponse]:
    """Answer in the service's place, as a proxy or a load balancer does: without its headers, in no form of its."""
    headers = {"content-type": "text/html", "content-length": str(len(body))}
    return lambda response: replace(
        response, status=status, headers=headers, chunks=(body,), refused=False, broken=False, stalled=False
    )


RESPONSE_FAULTS: Mapping[str, Callable[[HttpResponse], HttpResponse]] = {
    "html": _html,
    "invalid_utf8": _no_utf8,
    "slow_first_byte": lambda response: replace(response, wait=SLOW),
    "slow_body": _slow_body,
    "reset": lambda response: replace(response, chunks=_halved(response), broken=True),
    "stall": lambda response: replace(response, chunks=_halved(response), stalled=True),
    "timeout": lambda response: replace(response, wait=ENDLESS_SECONDS),
    "refused": lambda response: replace(response, refused=True),
    "502": _gateway(502, HTML),
    "504": _gateway(504, b""),
}
"""By name: what the network makes of a reply."""

UNSENT_FAULTS = ("refused", "502")
"""With which nothing comes to the service. Behind a 504 it has done what it was asked to."""

BatchResult: TypeAlias = JSONMapping
"""`{"type": "succeeded", "message": …}`, or `errored` with its error, `canceled`, `expired`."""


def _errored(status: int, kind: str, text: str) -> BatchResult:
    return {"type": "errored", "error": ApiError(status, kind, text).to_json()}


ITEM_FAULTS: Mapping[str, BatchResult] = {
    "batch_errored": _errored(500, "api_error", "Internal server error"),
    "batch_overloaded": _errored(529, "overloaded_error", "Overloaded"),
    "batch_limited": _errored(429, "rate_limit_error", "This request would exceed your account's rate limit."),
    "batch_invalid": _errored(400, "invalid_request_error", "messages: Input should be valid"),
    "batch_expired": {"type": "expired"},
    "batch_canceled": {"type": "canceled"},
}
"""By name: what becomes of one request of a batch; none of them is billed."""

_CALLS = ("create", "retrieve", "list", "cancel", "results")
"""The calls about batches: each kind is counted by itself."""


def _lost(response: HttpResponse) -> HttpResponse:
    return replace(response, status=0, chunks=(), lost=True)


def _middle_line(body: bytes) -> tuple[int, int]:
    """Return where the line in the middle of a body begins, and where it ends."""
    middle = len(body) // 2
    return body.rfind(b"\n", 0, middle) + 1, body.find(b"\n", middle)


def _cut_amid_line(response: HttpResponse) -> HttpResponse:
    body = b"".join(response.chunks)
    return replace(response, chunks=(body[: sum(_middle_line(body)) // 2],))


def _cut_between_lines(response: HttpResponse) -> HttpResponse:
    body = b"".join(response.chunks)
    return replace(response, chunks=(body[: _middle_line(body)[0]],))


CALL_ERRORS: Mapping[str, Callable[[float], ApiError]] = {
    **{f"{call}_{name}": ERROR_FAULTS[name] for call in _CALLS for name in ("429", "529", "500", "403")},
    "create_400": lambda _: invalid("requests.0.params: Input should be a valid dictionary"),
}
"""By name: the error that answers a call about a batch, of which nothing comes; as in `ERROR_FAULTS`."""

_CALL_LOSSES: Mapping[str, Callable[[HttpResponse], HttpResponse]] = {
    **{f"{call}_lost": _lost for call in _CALLS},
    **{f"{call}_{name}": RESPONSE_FAULTS[name] for call in _CALLS for name in ("refused", "502", "504")},
    "results_reset": RESPONSE_FAULTS["reset"],
    "results_cut": _cut_amid_line,
    "results_short": _cut_between_lines,
}
"""By name: what becomes of the reply to a call about a batch, which was done all the same, but for `UNSENT_FAULTS`."""

CALL_FAULTS: tuple[str, ...] = (*CALL_ERRORS, "create_held", "create_archived", *_CALL_LOSSES)
"""What befalls a call about a batch, or the batch that it makes, which stays in progress, or is archived at its end."""

_IN_TRANSIT = {**RESPONSE_FAULTS, **_CALL_LOSSES}


def struck_reply(response: HttpResponse, faults: Iterable[str]) -> HttpResponse:
    """Return what the network makes of a reply that faults strike, others than its own among them."""
    for name in faults:
        if name in _IN_TRANSIT:
            response = _IN_TRANSIT[name](response)
    return response
