"""The patched clients, sync and async, and what executes an ask on them."""

from __future__ import annotations

import asyncio
import difflib
import importlib.util
import os
import threading
import time
from collections.abc import AsyncGenerator, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.request import getproxies
from weakref import WeakKeyDictionary

import anthropic
import httpx2
import instructor
from anthropic import Anthropic, AsyncAnthropic, DefaultAsyncHttpxClient

from slotfill.extractors import catalogue
from slotfill.extractors.arriving import Arriving
from slotfill.extractors.asks import BROKEN, REDIRECT, SCHEMA_REFUSED, UNREADABLE, Answer, Ask
from slotfill.extractors.codec import Codec
from slotfill.extractors.deadlines import TimedClient
from slotfill.extractors.errors import ModelError, SlotfillError
from slotfill.extractors.inbound import excerpt, identifier, redirect_target
from slotfill.extractors.limits import Limits, WaitError, settling
from slotfill.extractors.local import weights
from slotfill.extractors.metering import BudgetError, Meter
from slotfill.extractors.pacing import Pacer
from slotfill.extractors.record import Failure
from slotfill.extractors.redaction import Redacted, Redaction
from slotfill.extractors.settings import Settings
from slotfill.extractors.testing.cassette import Cassette, CassetteError, CassetteTransport
from slotfill.extractors.tries import Tries
from slotfill.schemas.errors import FieldError

if TYPE_CHECKING:
    from slotfill.extractors.local.transport import LocalTransport

__all__ = ["FATAL", "AnyClient", "Clients", "choose_model", "failure_of", "synchronous_client"]

AnyClient = Any
"""Any client of the Anthropic SDK, of Bedrock and Vertex too, sync or async; Instructor checks it."""

FATAL = frozenset({"authentication", "permission", "billing", "not_found", REDIRECT, "max_wait", "budget"})
"""The failures that every further request would meet too, or for a long time."""

CLOSING = 5.0
"""Seconds that another event loop has to close its connections."""

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
    # A network that fails while a stream is read.
    (httpx2.TimeoutException, "timeout"),
    (httpx2.HTTPError, "connection"),
)

_OWN = (CassetteError, WaitError, BudgetError)
"""Those whose message is all slotfill's."""

_FIRST_REDIRECT, _FIRST_ERROR = 300, 400
"""The least HTTP statuses that say that a request is to be sent elsewhere, and that it failed."""

_TOO_LONG = "prompt is too long"
_NO_CREDIT = "credit balance is too low"
# The service names the part of the request that it does not take; its wording is not part of its contract, so
# this errs on the side of one more, cheaper mode.
_SCHEMA_WORDS = ("output_config", "output_format", "input_schema", "json schema", "json_schema", "grammar", "schema")


class Clients:
    """The patched clients of one extractor: each is built at its first use, and reused.

    client: one of the caller's own, which is never closed here; the other kind is then not to be had. Its time-outs,
        its redirects and how it reads a tool's input are its own.
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
        # A connection pool belongs to the event loop that it was made on.
        self._async: WeakKeyDictionary[asyncio.AbstractEventLoop, instructor.Instructor] = WeakKeyDictionary()

    def meter(self, meter: Meter | None) -> None:
        """Have a meter told of each HTTP try from here on, None for none; of a client that is given it never is."""
        self._meter = meter

    def execute(self, codec: Codec, ask: Ask) -> Answer:
        """Put an ask to the model; whatever goes wrong on the way is in the answer."""
        client: Any = self._synchronous()
        with _Exchange(codec, ask, self._secrets, self._redaction) as exchange:
            exchange.completion = client.create(response_model=None, max_retries=0, **exchange.request)
        return exchange.answer()

    async def aexecute(self, codec: Codec, ask: Ask) -> Answer:
        """Do what `execute` does, without blocking."""
        client: Any = self._asynchronous()
        with _Exchange(codec, ask, self._secrets, self._redaction) as exchange:
            exchange.completion = await client.create(response_model=None, max_retries=0, **exchange.request)
        return exchange.answer()

    def stream(self, codec: Codec, ask: Ask) -> Generator[str, None, Answer]:
        """Do what `execute` does, giving the pieces of the reply's text as they arrive."""
        client: Any = self._synchronous()
        with _StreamedExchange(codec, ask, self._secrets, self._redaction) as exchange:
            created = client.create(response_model=None, max_retries=0, stream=True, **exchange.request)
            with created as events, exchange.receiving(events.response):
                for event in events:
                    yield exchange.take(event)
        return exchange.answer()

    async def astream(self, codec: Codec, ask: Ask) -> AsyncGenerator[str | Answer]:
        """Do what `stream` does, without blocking; the answer comes last."""
        client: Any = self._asynchronous()
        with _StreamedExchange(codec, ask, self._secrets, self._redaction) as exchange:
            created = client.create(response_model=None, max_retries=0, stream=True, **exchange.request)
            async with await created as events:
                with exchange.receiving(events.response):
                    async for event in events:
                        yield exchange.take(event)
        yield exchange.answer()

    def close(self) -> None:
        """Close the sync client, unless it is the caller's."""
        if self._sync is not None and self._given is None:
            cast("Anthropic", self._sync.client).close()
        self._sync = None

    async def aclose(self) -> None:
        """Close all clients, unless they are the caller's: each on the event loop that it was made on."""
        self.close()
        clients = [*self._async.items()]
        self._async.clear()
        if self._given is None:
            for loop, client in clients:
                await _close_on(loop, cast("AsyncAnthropic", client.client))

    def _synchronous(self) -> instructor.Instructor:
        with self._building:
            if self._sync is None:
                with _naming_proxies():
                    client = self._given or Anthropic(**self._arguments(TimedClient))
                self._sync = _patched(client, asynchronous=False)
            return self._sync

    def _asynchronous(self) -> instructor.Instructor:
        loop = asyncio.get_running_loop()
        patched = self._async.get(loop)
        if patched is None:
            with _naming_proxies():
                client = self._given or AsyncAnthropic(**self._arguments(DefaultAsyncHttpxClient))
            patched = self._async[loop] = _patched(client, asynchronous=True)
        return patched

    def _arguments(self, http_client: Any) -> dict[str, Any]:
        """Give the arguments of an SDK client that is paced and metered."""
        connection = _connection(self._model, self._settings, http_client, self._cassette)
        return {**connection, "middleware": [*self._limits(), Tries(_seconds(self._model, self._settings))]}

    def _limits(self) -> list[Limits]:
        if self._cassette and self._cassette.replaying:
            return []  # nothing is asked, and nothing costs
        pacer = None if catalogue.is_local(self._model) else self._pacer
        return [Limits(pacer, max_wait=self._settings.max_wait, meter=lambda: self._meter)]


class _Exchange:
    """A request and what comes of it. Around what puts it to the service: whatever that raises is in the answer.

    What a service sends can raise anything, at any depth of the SDK, so that no kind of exception is let through but
    those of our own that end a run, as that of a ledger which can no longer be written.
    """

    def __init__(self, codec: Codec, ask: Ask, secrets: Iterable[str], redaction: Redaction) -> None:
        self.request = codec.encode(ask)
        self.completion: object = None
        self._codec, self._ask = codec, ask
        self._secrets, self._redaction = secrets, redaction
        self._started = time.monotonic()
        self._error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if not isinstance(error, Exception) or _ends_the_run(error):
            return False
        self._error = error
        return True

    def answer(self) -> Answer:
        """Give what came of it, with no credential in it."""
        ms = round((time.monotonic() - self._started) * 1000)
        if self._error is None:
            return self._redaction.answer(self._codec.decode(self._ask, self.completion, ms=ms))
        request_id = identifier(getattr(self._error, "request_id", None))
        failure = failure_of(self._error, self._secrets)
        return self._redaction.answer(Answer(failure=failure, ms=ms, request_id=request_id))


class _StreamedExchange(_Exchange):
    """One whose reply arrives in pieces."""

    def __init__(self, codec: Codec, ask: Ask, secrets: Iterable[str], redaction: Redaction) -> None:
        super().__init__(codec, ask, secrets, redaction)
        self._arriving, self._shown = Arriving(), Redacted(redaction)

    @contextmanager
    def receiving(self, reply: httpx2.Response) -> Iterator[None]:
        """Read a reply's events within it."""
        self._arriving.request_id = reply.headers.get("request-id")
        with settling(reply, self._arriving):
            yield

    def take(self, event: object) -> str:
        """Take the next event, and give what of the text can be shown."""
        return self._shown.take(self._arriving.take(event))

    def answer(self) -> Answer:
        """Give what came of it. A message that is whole counts, whatever came behind it.

        A stream that broke off is told from a request that failed: what has arrived is kept, and was paid for.
        """
        arriving, error = self._arriving, self._error
        if arriving.begun or arriving.ended:
            self._error = None
            with self:  # the parts that came need not fit together
                self.completion = arriving.message() if arriving.ended else arriving.cut(BROKEN)
        answer = super().answer()
        if arriving.ended or not arriving.begun or answer.failure:
            return answer
        reason = failure_of(error, self._secrets).message if error else "it ended before the message did"
        return self._redaction.answer(replace(answer, errors=(FieldError("", reason),)))


def _ends_the_run(error: Exception) -> bool:
    return isinstance(error, SlotfillError) and not isinstance(error, anthropic.AnthropicError)


async def _close_on(loop: asyncio.AbstractEventLoop, client: AsyncAnthropic) -> None:
    """Close a client that was made on a loop. Where that has ended there is nothing to close: it took all with it."""
    if loop is asyncio.get_running_loop():
        await client.close()
    elif loop.is_running():  # in another thread; it may end meanwhile
        closed = asyncio.run_coroutine_threadsafe(client.close(), loop)
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.wrap_future(closed), CLOSING)


def synchronous_client(model: str, settings: Settings) -> Anthropic:
    """Build the SDK's client for a model, unpatched. Raises ModelError when there is no credential for it."""
    with _naming_proxies():
        return Anthropic(**_connection(model, settings, TimedClient), middleware=[Tries(_seconds(model, settings))])


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


def choose_model(settings: Settings) -> str:
    """Give the model to use: the one set, else the default with a credential, else the embedded one if it is there.

    Raises ModelError, naming both ways out, when there is none.
    """
    if settings.model:
        return _plausible(settings.model)
    if settings.secrets or _credentials_of_sdk():
        return catalogue.DEFAULT_MODEL
    if weights.installed() is None:
        lack, way_out = "is not there", "fetch the model with `slotfill models pull`"
    elif importlib.util.find_spec("xllamacpp") is None:
        lack, way_out = "lacks the extra `local`", "install it: pip install 'slotfill[local]'"
    else:
        return catalogue.LOCAL
    raise ModelError(
        f"no Anthropic credential is set, and the embedded model {lack}: set ANTHROPIC_API_KEY, or {way_out}"
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

    No `secrets` stand in it, nor what a page of HTML said. Whatever else reading a reply raises makes it unreadable: a
    body may be no UTF-8, no JSON, or nested a hundred thousand deep.
    """
    kind = next((kind for known, kind in _FAILURES if isinstance(error, known)), UNREADABLE)
    if isinstance(error, anthropic.APIStatusError) and error.status_code < _FIRST_ERROR:
        # An error among a stream's events comes after the status was sent.
        kind = "server" if error.status_code < _FIRST_REDIRECT else REDIRECT
    message = Redaction(secrets, words=True).hide(_message(error, kind))
    kind = _kind_of_400(message.lower()) if kind == "bad_request" else kind
    return Failure(kind, message if isinstance(error, _OWN) else excerpt(message))


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
    if isinstance(error, _OWN):
        return str(error)
    if kind == REDIRECT and (target := redirect_target(cast("anthropic.APIStatusError", error).response.headers)):
        return f"the service redirects to {target}: set ANTHROPIC_BASE_URL to it if you trust it"
    said = getattr(error, "api_message", None)
    status = getattr(error, "status_code", None)
    if said:
        return f"{said} (HTTP {status})"
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
        inner = http_client(follow_redirects=False)
        fixed["http_client"] = http_client(transport=CassetteTransport(cassette, inner))
    elif http_client is TimedClient:
        fixed["http_client"] = http_client()
    return {**fixed, **credential}


def _seconds(model: str, settings: Settings) -> float | None:
    """Give how long a whole try may take; the embedded model sees to that by itself."""
    return None if catalogue.is_local(model) else settings.timeout or cast("float", anthropic.DEFAULT_TIMEOUT.read)


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
        with _naming_proxies(), Anthropic() as client:
            return any((client.api_key, client.auth_token, client.credentials))
    except anthropic.AnthropicError as error:
        raise ModelError(f"the Anthropic credential cannot be used: {error}") from None
