"""Faults by name: what a model and a network do wrong, when, and how several of them compose.

A fault is written `NAME`, `NAME@1,3-5` (the first, third to fifth request) or `NAME:0.1` (one request in ten, by the
seed). Several at one request are applied in the order of `STAGES`: first to the value, then to what the model writes,
then to the message, then to what the network makes of it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from random import Random

from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.testing.faults.text_faults import TEXT_FAULTS
from slotfill.extractors.testing.faults.value_faults import VALUE_FAULTS
from slotfill.extractors.testing.simulator.exchange import ENDLESS_SECONDS, HttpResponse
from slotfill.extractors.testing.simulator.simulated_reply import SimulatedReply, call, count, shorten
from slotfill.extractors.testing.simulator.simulated_request import SimulatedRequest
from slotfill.schemas.errors import SlotfillError
from slotfill.schemas.json_values.json_types import JSONMapping

__all__ = [
    "BATCH_FAULTS",
    "ERROR_FAULTS",
    "FAULTS",
    "MESSAGE_FAULTS",
    "RESPONSE_FAULTS",
    "STAGES",
    "STREAM_FAULTS",
    "FaultError",
    "Trigger",
    "triggers",
]

SLOW = 2.0
"""Seconds that a slow first byte takes, and a slow body in all."""

LONG = 86_400
"""Seconds: a retry-after that no caller waits for."""

HTML = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"


class FaultError(SlotfillError, ValueError):
    """A fault that is not known, or not well written."""


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
    "413": _failing(413, "request_too_large", "Request exceeds the maximum size"),
}
"""By name: the error that answers instead of a message, at a time in seconds since 1970."""


def _truncated(_: SimulatedRequest, reply: SimulatedReply) -> SimulatedReply:
    return shorten(reply, max(1, count(reply) // 2))


def _refusal(_: SimulatedRequest, __: SimulatedReply) -> SimulatedReply:
    details = {"type": "refusal", "category": None, "explanation": "The model declined to answer."}
    return SimulatedReply((), "refusal", details)


def _empty(_: SimulatedRequest, __: SimulatedReply) -> SimulatedReply:
    return SimulatedReply(())


def _wrong_tool(_: SimulatedRequest, reply: SimulatedReply) -> SimulatedReply:
    return _with_calls(reply, lambda block: ({**block, "name": "web_search"},))


def _two_tools(_: SimulatedRequest, reply: SimulatedReply) -> SimulatedReply:
    return _with_calls(reply, lambda block: (block, call(block["name"], block["input"], 2)))


def _with_calls(reply: SimulatedReply, change: Callable[[JSONMapping], Sequence[JSONMapping]]) -> SimulatedReply:
    if not any(block["type"] == "tool_use" for block in reply.content):
        raise LookupError
    changed = (change(block) if block["type"] == "tool_use" else (block,) for block in reply.content)
    return replace(reply, content=tuple(block for blocks in changed for block in blocks))


def _thinking(_: SimulatedRequest, reply: SimulatedReply) -> SimulatedReply:
    thought = {"type": "thinking", "thinking": 'The schema wants {"type": "object"}.', "signature": "c2ltdWxhdGVk"}
    return replace(reply, content=(thought, *reply.content))


MESSAGE_FAULTS: Mapping[str, Callable[[SimulatedRequest, SimulatedReply], SimulatedReply]] = {
    "wrong_tool": _wrong_tool,
    "two_tools": _two_tools,
    "truncated": _truncated,
    "thinking": _thinking,
    "empty_content": _empty,
    "refusal": _refusal,
}
"""By name: what becomes of what the model says; raises LookupError where the fault does not apply."""


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


RESPONSE_FAULTS: Mapping[str, Callable[[HttpResponse], HttpResponse]] = {
    "html": _html,
    "invalid_utf8": _no_utf8,
    "slow_first_byte": lambda response: replace(response, wait=SLOW),
    "slow_body": _slow_body,
    "reset": lambda response: replace(response, chunks=_halved(response), broken=True),
    "stall": lambda response: replace(response, chunks=_halved(response), stalled=True),
    "timeout": lambda response: replace(response, wait=ENDLESS_SECONDS),
    "refused": lambda response: replace(response, refused=True),
}
"""By name: what the network makes of a reply."""

BATCH_FAULTS = ("batch_errored", "batch_expired", "batch_canceled")
"""What becomes of one request of a batch; a position is its place in the batch."""

STAGES: tuple[tuple[str, ...], ...] = (
    tuple(ERROR_FAULTS),
    tuple(VALUE_FAULTS),
    tuple(TEXT_FAULTS),
    tuple(MESSAGE_FAULTS),
    tuple(STREAM_FAULTS),
    tuple(RESPONSE_FAULTS),
    BATCH_FAULTS,
)
"""All faults, in the order in which they are applied."""

FAULTS: tuple[str, ...] = tuple(name for stage in STAGES for name in stage)
"""The names of all faults."""

_FORM = re.compile(r"(?P<name>\w+)(?:@(?P<at>[\d,-]+))?(?::(?P<chance>\d*\.?\d+))?")


@dataclass(frozen=True, slots=True)
class Trigger:
    """A fault, and when it strikes.

    Attributes:
        name: One of `FAULTS`.
        positions: The requests that it may strike, from 1, in the order of arrival; None for all. Of requests that are
            sent at once chance decides which comes first. In a batch it is the place there.
        probability: Of the fault, at each of these: 0 to 1.
        about: A text: only requests about a document, or a chunk of one, in which it stands are struck.
    """

    name: str
    positions: frozenset[int] | None = None
    probability: float = 1.0
    about: str = ""

    @classmethod
    def parse(cls, text: str) -> Trigger:
        """Read `NAME`, `NAME@POSITIONS`, `NAME:PROBABILITY` or `NAME@POSITIONS:PROBABILITY`. Raises FaultError."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise FaultError(f"{text!r} is no fault: write NAME, NAME@1,3-5 or NAME:0.1")
        name, chance = match["name"], float(match["chance"] or 1)
        if name not in FAULTS:
            near = difflib.get_close_matches(name, FAULTS, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(FAULTS)}"
            raise FaultError(f"no fault is called {name!r}: {hint}")
        if not 0 <= chance <= 1:
            raise FaultError(f"{text!r}: a probability is a number from 0 to 1")
        return cls(name, _positions(text, match["at"]) if match["at"] else None, chance)

    def strikes(self, position: int, document: str, chance: Random) -> bool:
        """Whether the fault strikes a request."""
        here = self.about in document and (self.positions is None or position in self.positions)
        return here and (self.probability == 1 or chance.random() < self.probability)


def triggers(faults: Iterable[str | Trigger]) -> tuple[Trigger, ...]:
    """Read faults, in the order in which they are applied. Raises FaultError."""
    read = [trigger if isinstance(trigger, Trigger) else Trigger.parse(trigger) for trigger in faults]
    return tuple(sorted(read, key=lambda trigger: FAULTS.index(trigger.name)))


def _positions(text: str, listed: str) -> frozenset[int]:
    positions: set[int] = set()
    for part in listed.split(","):
        match = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", part)
        span = range(int(match[1]), int(match[2] or match[1]) + 1) if match else range(0)
        if not span:
            raise FaultError(f"{text!r}: positions are numbers or ranges, such as 1,3-5")
        positions.update(span)
    return frozenset(positions)
