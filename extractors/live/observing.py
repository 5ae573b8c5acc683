"""Observing: puts probes to the service, one after the other, and keeps what came of each as it was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from anthropic import Anthropic, Middleware
from pydantic_core import from_json

from slotfill.extractors.clients.connections import synchronous_client
from slotfill.extractors.clients.failures import failure_of
from slotfill.extractors.clients.pacer import Pacer
from slotfill.extractors.clients.rate_limits import Limits, settling
from slotfill.extractors.live.assumption import UNANSWERED
from slotfill.extractors.live.probes import Observation, Probe
from slotfill.extractors.messages_api.stream_reader import StreamReader
from slotfill.extractors.settings import Settings

if TYPE_CHECKING:
    from anthropic import APIRequest, APIResponse

    from slotfill.schemas.json_values.json_types import JSON, JSONMapping

__all__ = ["client_for", "observe"]

_PATIENCE = 60.0
"""Seconds that a tiny request may take, where nothing else is set."""

_GOES_ON = frozenset({"rate_limit", "overloaded", "server", "timeout"})
"""The failures that the next request need not meet."""

_LATE = 2
"""How many requests may be out of time: a grammar is made when it is first asked for, and takes its time."""


def client_for(model: str, settings: Settings) -> Anthropic:
    """Build the client that the product would ask by, but for tries: each request is sent once, and billed once.

    Raises ModelError without a credential.
    """
    patient = settings.model_copy(update={"timeout": settings.timeout or _PATIENCE})
    pacer = Pacer(rpm=settings.rpm, itpm=settings.itpm, otpm=settings.otpm)
    limits = [Limits(pacer, max_wait=settings.max_wait)]
    return synchronous_client(model, patient, limits=limits).with_options(max_retries=0)


def observe(client: Anthropic, probes: Iterable[Probe], secrets: Iterable[str]) -> Iterator[Observation]:
    """Send probes and give what came of each. No more are sent after one that none of the rest would fare better than.

    secrets: those of which nothing may stand in a failure.
    """
    recorder, late = _Recorder(), 0
    asking = client.with_options(middleware=[*client.middleware, recorder])
    for probe in probes:
        read = failure = None
        recorder.forget()
        try:
            read = _SENDERS[probe.call](asking, probe.arguments)
        except Exception as error:  # noqa: BLE001 - every way to fail is an observation
            failure = failure_of(error, secrets)
        yield Observation(probe, recorder.status, recorder.headers, recorder.body, read, failure)
        late += failure is not None and failure.type == "timeout"
        if late == _LATE or (failure and failure.type in UNANSWERED - _GOES_ON):
            return


class _Recorder(Middleware):
    """The SDK's middleware that is nearest to the network: keeps a reply before anybody has changed its headers."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Be ready for the next one, which may never come."""
        self.status, self.headers, self._content = 0, dict[str, str](), b""

    def handle(self, request: APIRequest, call_next: Callable[[APIRequest], APIResponse[Any]]) -> APIResponse[Any]:
        """Read the whole of a reply, a stream's too."""
        response = call_next(request)
        reply = response.http_response
        self.status, self.headers, self._content = reply.status_code, dict(reply.headers), reply.read()
        return response

    @property
    def body(self) -> JSON:
        """The reply's JSON; of a stream its events, in a list; None of what is neither."""
        try:
            if self.headers.get("content-type", "").startswith("text/event-stream"):
                lines = self._content.splitlines()
                return [from_json(line.removeprefix(b"data:")) for line in lines if line.startswith(b"data:")]
            return from_json(self._content)
        except ValueError:
            return None


def _create(client: Anthropic, arguments: JSONMapping) -> object:
    """Ask for a message, and read it as the product does."""
    created: Any = client.messages.create(**arguments)
    if not arguments.get("stream"):
        return created
    reader = StreamReader()
    with created as events, settling(events.response, reader):
        for event in events:
            reader.take(event)
    return reader


_SENDERS: Mapping[str, Callable[[Anthropic, JSONMapping], object]] = {
    "create": _create,
    "count_tokens": lambda client, arguments: client.messages.count_tokens(**arguments),
    "models": lambda client, arguments: client.models.list(**arguments),
}
