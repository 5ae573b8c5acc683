"""What a client of the SDK is made of for a model: its credential, its transport, its deadline."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, cast

import anthropic

from slotfill.extractors.cassettes.cassette import Cassette, CassetteTransport
from slotfill.extractors.catalogue.transport_facts import transport_facts
from slotfill.extractors.clients.credentials import credential_for
from slotfill.extractors.clients.rate_limits import Limits
from slotfill.extractors.http.bounded_client import BoundedAsyncClient
from slotfill.extractors.http.deadlines import TimedClient
from slotfill.extractors.http.proxies import naming_proxies
from slotfill.extractors.http.sdk_clients import Anthropic, AsyncAnthropic
from slotfill.extractors.http.tries import Tries
from slotfill.extractors.settings import Settings
from slotfill.extractors.telemetry.providers import has_tracer_provider
from slotfill.extractors.transports.model_transport import open_async_transport, open_transport
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["asynchronous_client", "synchronous_client"]

HttpClient = type[TimedClient | BoundedAsyncClient]


def synchronous_client(
    model: str, settings: Settings, cassette: Cassette | None = None, limits: Sequence[Limits] = ()
) -> Anthropic:
    """Build the SDK's client for a model, unpatched. Raises ModelError when there is no credential for it."""
    with naming_proxies():
        return Anthropic(**_arguments(model, settings, TimedClient, cassette, limits))


def asynchronous_client(
    model: str, settings: Settings, cassette: Cassette | None = None, limits: Sequence[Limits] = ()
) -> AsyncAnthropic:
    """Do what `synchronous_client` does, for the event loop that runs."""
    with naming_proxies():
        return AsyncAnthropic(**_arguments(model, settings, BoundedAsyncClient, cassette, limits))


def _arguments(
    model: str,
    settings: Settings,
    http_client: HttpClient,
    cassette: Cassette | None,
    limits: Sequence[Limits],
) -> JSONObject:
    """Return the arguments of an SDK client, each of whose tries passes the limits and has a deadline."""
    connection = _connection(model, settings, http_client, cassette)
    return {**connection, "open_telemetry": _tracing(), "middleware": [*limits, Tries(_seconds(model, settings))]}


def _tracing() -> JSONObject | bool:
    """Say what the SDK traces: nothing where nobody takes spans, which cost 4 % of a request's processor time.

    No variable has it write texts into spans: who sets one may mean another program, which sends nothing that is
    confidential.
    """
    if not has_tracer_provider():
        return False
    traces = {"enabled": _is_on("ANTHROPIC_OPEN_TELEMETRY"), "content_mode": "metadata_only"}
    return {"traces": traces, "propagation": _is_on("ANTHROPIC_OPEN_TELEMETRY_PROPAGATION")}


def _is_on(variable: str) -> bool:
    """Read a variable of the SDK's, which takes no notice of it where it is told anything."""
    return os.environ.get(variable, "").lower() != "false"


def _connection(model: str, settings: Settings, http_client: HttpClient, cassette: Cassette | None) -> JSONObject:
    """Return what an SDK client needs to reach a model: its credential, its time-out, its HTTP client."""
    fixed: JSONObject = {} if settings.timeout is None else {"timeout": settings.timeout}
    if cassette and cassette.replaying:
        # Nothing leaves this process, so any key will do.
        return {**fixed, "api_key": "none", "http_client": http_client(transport=CassetteTransport(cassette))}
    if facts := transport_facts(model):
        opened: Any = (open_transport if http_client is TimedClient else open_async_transport)(model, settings)
        recorded = CassetteTransport(cassette, opened) if cassette else opened
        # A credential, where one is needed, is the transport's own affair.
        own: JSONObject = {"api_key": "none", "base_url": facts.address}
        if facts.in_process:
            own["max_retries"] = 0
        return {**own, **fixed, "http_client": http_client(transport=recorded)}
    credential = credential_for(model, settings)
    if cassette:
        # Below it is the SDK's own client, with its proxies.
        inner = http_client(follow_redirects=False)
        fixed["http_client"] = http_client(transport=CassetteTransport(cassette, inner))
    else:
        fixed["http_client"] = http_client()
    return {**fixed, **credential}


def _seconds(model: str, settings: Settings) -> float | None:
    """Return how long a whole try may take; what answers in this process sees to that by itself."""
    facts = transport_facts(model)
    return None if facts and facts.in_process else settings.timeout or cast("float", anthropic.DEFAULT_TIMEOUT.read)
