"""What a client of the SDK is made of for a model: its credential, its proxy, its transport, its deadline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast
from urllib.request import getproxies

import anthropic
import httpx2
from anthropic import Anthropic, AsyncAnthropic

from slotfill.extractors import catalogue
from slotfill.extractors.cassettes.cassette import Cassette, CassetteTransport
from slotfill.extractors.clients.rate_limits import Limits
from slotfill.extractors.errors import ModelError
from slotfill.extractors.http.bodies import BoundedAsyncClient
from slotfill.extractors.http.deadlines import TimedClient
from slotfill.extractors.http.tries import Tries
from slotfill.extractors.local.weights import weights
from slotfill.extractors.settings import Settings
from slotfill.schemas.errors import SlotfillError

if TYPE_CHECKING:
    from slotfill.extractors.local.transport import LocalTransport

__all__ = ["asynchronous_client", "sdk_finds_credential", "synchronous_client"]


def synchronous_client(
    model: str, settings: Settings, cassette: Cassette | None = None, limits: Sequence[Limits] = ()
) -> Anthropic:
    """Build the SDK's client for a model, unpatched. Raises ModelError when there is no credential for it."""
    with _naming_proxies():
        return Anthropic(**_arguments(model, settings, TimedClient, cassette, limits))


def asynchronous_client(
    model: str, settings: Settings, cassette: Cassette | None = None, limits: Sequence[Limits] = ()
) -> AsyncAnthropic:
    """Do what `synchronous_client` does, for the event loop that runs."""
    with _naming_proxies():
        return AsyncAnthropic(**_arguments(model, settings, BoundedAsyncClient, cassette, limits))


def sdk_finds_credential() -> bool:
    """Tell whether the SDK finds a credential by itself: a profile, or a workload's identity."""
    try:
        with _naming_proxies(), Anthropic() as client:
            return any((client.api_key, client.auth_token, client.credentials))
    except anthropic.AnthropicError as error:
        raise ModelError(f"the Anthropic credential cannot be used: {error}") from None


@contextmanager
def _naming_proxies() -> Iterator[None]:
    """Say what to mend where the HTTP client takes no proxy of the environment: another scheme, a missing package."""
    try:
        if getproxies():
            httpx2.Client().close()  # the SDK's own clients, where they fail half-way, print a traceback as they go
        yield
    except (ImportError, ValueError) as error:
        if isinstance(error, SlotfillError):
            raise
        reason = " ".join(str(error).split())
        raise ModelError(
            f"the connection cannot be set up: {reason} Mend the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names"
        ) from None


def _arguments(
    model: str, settings: Settings, http_client: Any, cassette: Cassette | None, limits: Sequence[Limits]
) -> dict[str, Any]:
    """Give the arguments of an SDK client, each of whose tries passes the limits and has a deadline."""
    connection = _connection(model, settings, http_client, cassette)
    return {**connection, "middleware": [*limits, Tries(_seconds(model, settings))]}


def _connection(model: str, settings: Settings, http_client: Any, cassette: Cassette | None) -> dict[str, Any]:
    """Give what an SDK client needs to reach a model: its credential, its time-out, its HTTP client."""
    fixed: dict[str, Any] = {} if settings.timeout is None else {"timeout": settings.timeout}
    if cassette and cassette.replaying:
        # Nothing leaves this process, so any key will do.
        return {**fixed, "api_key": "none", "http_client": http_client(transport=CassetteTransport(cassette))}
    if catalogue.is_local(model):
        transport = _local(model, settings)
        recorded = CassetteTransport(cassette, transport) if cassette else transport
        # The transport answers in this process: nothing is resolved, sent or tried again.
        own = {"api_key": "local", "base_url": "http://slotfill.local", "max_retries": 0}
        return {**own, **fixed, "http_client": http_client(transport=recorded)}
    credential = _credential(model, settings)
    if cassette:
        # Below it is the SDK's own client, with its proxies.
        inner = http_client(follow_redirects=False)
        fixed["http_client"] = http_client(transport=CassetteTransport(cassette, inner))
    else:
        fixed["http_client"] = http_client()
    return {**fixed, **credential}


def _seconds(model: str, settings: Settings) -> float | None:
    """Give how long a whole try may take; the embedded model sees to that by itself."""
    return None if catalogue.is_local(model) else settings.timeout or cast("float", anthropic.DEFAULT_TIMEOUT.read)


def _local(model: str, settings: Settings) -> LocalTransport:
    from slotfill.extractors.local.llama import EngineOptions
    from slotfill.extractors.local.transport import LocalTransport

    options = EngineOptions(
        threads=settings.local_threads,
        slots=settings.local_slots,
        context=settings.local_context,
        decoding=settings.local_decoding,
    )
    return LocalTransport(weights.locate_weights(model), options)


def _credential(model: str, settings: Settings) -> dict[str, str]:
    """Give the SDK its credential; none where it finds one by itself."""
    if settings.api_key:
        return {"api_key": settings.api_key.get_secret_value()}
    if settings.auth_token:
        return {"auth_token": settings.auth_token.get_secret_value()}
    if not sdk_finds_credential():
        raise ModelError(
            f"no Anthropic credential is set for {model!r}: set ANTHROPIC_API_KEY, or use the embedded model (-m local)"
        )
    return {}
