"""The patched clients, sync and async, and what executes an ask on them."""

from __future__ import annotations

import asyncio
import difflib
import os
import threading
import time
from collections.abc import AsyncGenerator, Generator, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import anthropic
import httpx2
import instructor
from anthropic import Anthropic, AsyncAnthropic, DefaultAsyncHttpxClient, DefaultHttpxClient

from slotfill.extractors import catalogue
from slotfill.extractors.arriving import Arriving
from slotfill.extractors.asks import BROKEN, SCHEMA_REFUSED, UNREADABLE, Answer, Ask
from slotfill.extractors.codec import Codec
from slotfill.extractors.errors import ModelError
from slotfill.extractors.limits import Limits, WaitError, settling
from slotfill.extractors.local import weights
from slotfill.extractors.metering import BudgetError, Meter
from slotfill.extractors.pacing import Pacer
from slotfill.extractors.record import Failure
from slotfill.extractors.redaction import Redacted, Redaction
from slotfill.extractors.settings import Settings
from slotfill.extractors.testing.cassette import Cassette, CassetteError, CassetteTransport
from slotfill.schemas.errors import FieldError

if TYPE_CHECKING:
    from slotfill.extractors.local.transport import LocalTransport

__all__ = ["FATAL", "AnyClient", "Clients", "choose_model", "failure_of", "synchronous_client"]

AnyClient = Any
"""Any client of the Anthropic SDK, of Bedrock and Vertex too, sync or async; Instructor checks it."""

FATAL = frozenset({"authentication", "permission", "billing", "not_found", "max_wait", "budget"})
"""The failures that every further request would meet too, or for a long time."""

# By exception class, the most special first: every class the SDK exports stands under one of these.
_FAILURES: tuple[tuple[type[BaseException], str], ...] = (
    (CassetteError, "cassette"),
    (WaitError, "max_wait"),
    (BudgetError, "budget"),
    (anthropic.AuthenticationError, "authentication"),
    (anthropic.CredentialsError, "authentication"),
    (anthropic.PermissionDeniedError, "permission"),
    (anthropic.PaymentRequiredError, "billing"),
    (anthropic.NotFoundError, "not_found"),
    (anthropic.RateLimitError, "rate_limit"),
    (anthropic.OverloadedError, "overloaded"),
    (anthropic.ContentTooLargeError, "too_large"),
    (anthropic.RequestHeaderFieldsTooLargeError, "too_large"),
    (anthropic.RequestTimeoutError, "timeout"),
    (anthropic.GatewayTimeoutError, "timeout"),
    (anthropic.APITimeoutError, "timeout"),
    (anthropic.ClientClosedRequestError, "connection"),
    (anthropic.APIConnectionError, "connection"),
    (anthropic.InternalServerError, "server"),
    (anthropic.BadRequestError, "bad_request"),
    (anthropic.APIResponseValidationError, UNREADABLE),
    (anthropic.APIStatusError, "bad_request"),
    (anthropic.AnthropicError, "server"),
    # What the SDK lets through: a 200 whose body is no UTF-8 (UnicodeDecodeError) or no JSON (JSONDecodeError).
    (ValueError, UNREADABLE),
)

_FIRST_ERROR = 400
"""The least HTTP status that says that a request failed."""

_TOO_LONG = "prompt is too long"
_NO_CREDIT = "credit balance is too low"
# The service names the part of the request that it does not take; its wording is not part of its contract, so
# this errs on the side of one more, cheaper mode.
_SCHEMA_WORDS = ("output_config", "output_format", "input_schema", "json schema", "json_schema", "grammar", "schema")


class Clients:
    """The patched clients of one extractor: each is built at its first use, and reused.

    client: one of the caller's own, which is never closed here; the other kind is then not to be had.
    cassette: what passes the clients that are built here is recorded on it, or replayed from it.

    The clients that are built here keep to one pace, within the service's limits; the embedded model needs none.
    What a reply says of the credential is hidden.

    Raises ModelError when there is no usable credential or model.
    """

    def __init__(
        self, model: str, settings: Settings, client: AnyClient | None = None, cassette: Cassette | None = None
    ) -> None:
        self._model = model
        self._settings = settings
        self._given = client
        self._cassette = cassette
        self._meter: Meter | None = None
        self._secrets = (*settings.secrets, *_secrets_of(client))
        self._redaction = Redaction(self._secrets)
        self._pacer = Pacer(rpm=settings.rpm, itpm=settings.itpm, otpm=settings.otpm)
        self._sync: instructor.Instructor | None = None
        self._building = threading.Lock()
        self._async: instructor.Instructor | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def meter(self, meter: Meter | None) -> None:
        """Have a meter told of each HTTP try from here on, None for none; of a client that is given it never is."""
        self._meter = meter

    def execute(self, codec: Codec, ask: Ask) -> Answer:
        """Put an ask to the model; whatever goes wrong on the way is in the answer."""
        client: Any = self._synchronous()
        started = time.monotonic()
        try:
            completion = client.create(response_model=None, max_retries=0, **codec.encode(ask))
        except (anthropic.AnthropicError, ValueError, httpx2.HTTPError) as error:
            return self._failed(error, started)
        return self._decoded(codec, ask, completion, started)

    async def aexecute(self, codec: Codec, ask: Ask) -> Answer:
        """Do what `execute` does, without blocking."""
        client: Any = self._asynchronous()
        started = time.monotonic()
        try:
            completion = await client.create(response_model=None, max_retries=0, **codec.encode(ask))
        except (anthropic.AnthropicError, ValueError, httpx2.HTTPError) as error:
            return self._failed(error, started)
        return self._decoded(codec, ask, completion, started)

    def stream(self, codec: Codec, ask: Ask) -> Generator[str, None, Answer]:
        """Do what `execute` does, giving the pieces of the reply's text as they arrive."""
        client: Any = self._synchronous()
        started, arriving, shown = time.monotonic(), Arriving(), Redacted(self._redaction)
        try:
            request = codec.encode(ask)
            with client.create(response_model=None, max_retries=0, stream=True, **request) as events:
                arriving.request_id = events.response.headers.get("request-id")
                with settling(events.response, arriving):
                    for event in events:
                        yield shown.take(arriving.take(event))
            completion = arriving.message()
        except (anthropic.AnthropicError, ValueError, httpx2.HTTPError) as error:
            return self._broken(codec, ask, arriving, started, error)
        if completion is None:
            return self._broken(codec, ask, arriving, started)
        return self._decoded(codec, ask, completion, started)

    async def astream(self, codec: Codec, ask: Ask) -> AsyncGenerator[str | Answer]:
        """Do what `stream` does, without blocking; the answer comes last."""
        client: Any = self._asynchronous()
        started, arriving, shown = time.monotonic(), Arriving(), Redacted(self._redaction)
        try:
            request = codec.encode(ask)
            async with await client.create(response_model=None, max_retries=0, stream=True, **request) as events:
                arriving.request_id = events.response.headers.get("request-id")
                with settling(events.response, arriving):
                    async for event in events:
                        yield shown.take(arriving.take(event))
            completion = arriving.message()
        except (anthropic.AnthropicError, ValueError, httpx2.HTTPError) as error:
            yield self._broken(codec, ask, arriving, started, error)
            return
        if completion is None:
            yield self._broken(codec, ask, arriving, started)
            return
        yield self._decoded(codec, ask, completion, started)

    def close(self) -> None:
        """Close the sync client, unless it is the caller's."""
        if self._sync is not None and self._given is None:
            cast("Anthropic", self._sync.client).close()
        self._sync = None

    async def aclose(self) -> None:
        """Close both clients, unless they are the caller's."""
        self.close()
        if self._async is not None and self._given is None:
            await cast("AsyncAnthropic", self._async.client).close()
        self._async = None

    def _decoded(self, codec: Codec, ask: Ask, completion: object, started: float) -> Answer:
        return self._redaction.answer(codec.decode(ask, completion, ms=_since(started)))

    def _failed(self, error: BaseException, started: float) -> Answer:
        request_id = getattr(error, "request_id", None)
        failure = failure_of(error, self._secrets)
        return self._redaction.answer(Answer(failure=failure, ms=_since(started), request_id=request_id))

    def _broken(
        self,
        codec: Codec,
        ask: Ask,
        arriving: Arriving,
        started: float,
        error: BaseException | None = None,
    ) -> Answer:
        """Tell a stream that broke off from a request that failed: what has arrived is kept, and was paid for."""
        if not arriving.begun:
            if error is not None:
                return self._failed(error, started)
            return self._decoded(codec, ask, None, started)
        reason = failure_of(error, self._secrets).message if error else "it ended before the message did"
        answer = self._decoded(codec, ask, arriving.cut(BROKEN), started)
        return self._redaction.answer(replace(answer, errors=(FieldError("", reason),)))

    def _synchronous(self) -> instructor.Instructor:
        with self._building:
            if self._sync is None:
                client = self._given or Anthropic(**self._arguments(DefaultHttpxClient))
                self._sync = _patched(client, asynchronous=False)
            return self._sync

    def _asynchronous(self) -> instructor.Instructor:
        loop = asyncio.get_running_loop()
        if self._async is None or (self._loop is not loop and self._given is None):
            # A connection pool belongs to the event loop that it was made on.
            client = self._given or AsyncAnthropic(**self._arguments(DefaultAsyncHttpxClient))
            self._async, self._loop = _patched(client, asynchronous=True), loop
        return self._async

    def _arguments(self, http_client: Any) -> dict[str, Any]:
        """Give the arguments of an SDK client that is paced and metered."""
        connection = _connection(self._model, self._settings, http_client, self._cassette)
        return {**connection, "middleware": self._limits()}

    def _limits(self) -> list[Limits]:
        if self._cassette and self._cassette.replaying:
            return []  # nothing is asked, and nothing costs
        pacer = None if catalogue.is_local(self._model) else self._pacer
        return [Limits(pacer, max_wait=self._settings.max_wait, meter=lambda: self._meter)]


def synchronous_client(model: str, settings: Settings) -> Anthropic:
    """Build the SDK's client for a model, unpatched. Raises ModelError when there is no credential for it."""
    return Anthropic(**_connection(model, settings, DefaultHttpxClient))


def choose_model(settings: Settings) -> str:
    """Give the model to use: the one set, else the default with a credential, else the embedded one if it is there.

    Raises ModelError, naming both ways out, when there is none.
    """
    if settings.model:
        return _plausible(settings.model)
    if settings.secrets or _credentials_of_sdk():
        return catalogue.DEFAULT_MODEL
    if weights.installed() is not None:
        return catalogue.LOCAL
    raise ModelError(
        "no Anthropic credential is set, and the embedded model is not there: "
        "set ANTHROPIC_API_KEY, or fetch the model with `slotfill models pull`"
    )


def _plausible(model: str) -> str:
    """Refuse a name that no service of Anthropic's can know; a gateway may call its models what it likes."""
    if catalogue.is_local(model) or "claude" in model.lower() or os.environ.get("ANTHROPIC_BASE_URL"):
        return model
    near = difflib.get_close_matches(model, [*catalogue.known_models(), catalogue.LOCAL], n=3, cutoff=0.4)
    hint = f": did you mean {' or '.join(near)}?" if near else ""
    raise ModelError(f"no model {model!r} is known{hint} `slotfill models` lists them")


def failure_of(error: BaseException, secrets: Iterable[str] = ()) -> Failure:
    """Say in one line what the SDK gave up on; a diff follows where a request is not on the tape.

    No `secrets` stand in it, nor what a page of HTML said.
    """
    kind = next((kind for known, kind in _FAILURES if isinstance(error, known)), "server")
    if isinstance(error, anthropic.APIStatusError) and error.status_code < _FIRST_ERROR:
        kind = "server"  # an error among a stream's events, after the status was sent
    message = Redaction(secrets, words=True).hide(_message(error, kind))
    return Failure(_kind_of_400(message.lower()) if kind == "bad_request" else kind, message)


def _kind_of_400(said: str) -> str:
    """Tell apart what the service calls an invalid request, whatever is wrong with it."""
    if _TOO_LONG in said:
        return "too_long"
    if _NO_CREDIT in said:
        return "billing"
    return SCHEMA_REFUSED if any(word in said for word in _SCHEMA_WORDS) else "bad_request"


_MESSAGES = {
    "timeout": "the service did not answer in time; allow more with --timeout",
    "connection": "the service cannot be reached",
    UNREADABLE: "the service's reply cannot be read",
}


def _message(error: BaseException, kind: str) -> str:
    if isinstance(error, CassetteError | WaitError | BudgetError):
        return str(error)
    said = getattr(error, "api_message", None)
    status = getattr(error, "status_code", None)
    if said:
        return f"{' '.join(str(said).split())} (HTTP {status})"
    if kind in _MESSAGES:
        cause = error.__cause__ or error
        return f"{_MESSAGES[kind]}: {type(cause).__name__}" + (f": {cause}" if error.__cause__ else "")
    return f"the service answered HTTP {status}" if status else f"{type(error).__name__}: {error}"


def _secrets_of(client: AnyClient | None) -> Iterable[str]:
    """Give the credentials of a client that is given, as far as it tells."""
    told = (getattr(client, name, None) for name in ("api_key", "auth_token"))
    return (secret for secret in told if isinstance(secret, str))


def _patched(client: AnyClient, *, asynchronous: bool) -> instructor.Instructor:
    """Patch a client with Instructor; an already patched one is taken apart first."""
    bare: Any = client.client if isinstance(client, instructor.Instructor) else client
    patched: instructor.Instructor = instructor.from_anthropic(bare)
    if isinstance(patched, instructor.AsyncInstructor) != asynchronous:
        calls, other = ("aextract() and amap()", "Async") if asynchronous else ("extract() and map()", "")
        raise ModelError(f"{calls} need a client of the other kind than the one given: pass {other}Anthropic()")
    return patched


def _connection(model: str, settings: Settings, http_client: Any, cassette: Cassette | None = None) -> dict[str, Any]:
    """Give the arguments of an SDK client for a model."""
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
        fixed["http_client"] = http_client(transport=CassetteTransport(cassette, http_client()))
    return {**fixed, **credential}


def _local(model: str, settings: Settings) -> LocalTransport:
    from slotfill.extractors.local.engine import EngineOptions
    from slotfill.extractors.local.transport import LocalTransport

    options = EngineOptions(
        threads=settings.local_threads,
        slots=settings.local_slots,
        context=settings.local_context,
        decoding=settings.local_decoding,
    )
    return LocalTransport(weights.locate(model), options)


def _credential(model: str, settings: Settings) -> dict[str, str]:
    """Give the SDK its credential; none where it finds one by itself."""
    if settings.api_key:
        return {"api_key": settings.api_key.get_secret_value()}
    if settings.auth_token:
        return {"auth_token": settings.auth_token.get_secret_value()}
    if not _credentials_of_sdk():
        raise ModelError(
            f"no Anthropic credential is set for {model!r}: set ANTHROPIC_API_KEY, or use the embedded model (-m local)"
        )
    return {}


def _credentials_of_sdk() -> bool:
    """Tell whether the SDK finds a credential by itself: a profile, or a workload's identity."""
    try:
        with Anthropic() as client:
            return any((client.api_key, client.auth_token, client.credentials))
    except anthropic.AnthropicError as error:
        raise ModelError(f"the Anthropic credential cannot be used: {error}") from None


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
