"""The service itself, without HTTP: who may extract what, in whose turn, for whose money, and what comes of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol

from slotfill.extractors.clients.metering import Meter
from slotfill.extractors.clients.pacer import Pacer
from slotfill.extractors.documents.document import Document
from slotfill.extractors.errors import LedgerError
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.keys.api_key import ApiKey
from slotfill.extractors.keys.key_ring import KeyRing
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.rungs.asks import Answer, Ask, Executor
from slotfill.extractors.runs.reports.log_safety import disclosed
from slotfill.extractors.serving.fair_turns import Turns
from slotfill.extractors.serving.feedback_log import FeedbackLog
from slotfill.extractors.serving.key_accounts import KeyAccounts, Payer
from slotfill.extractors.serving.key_limits import KeyLimits
from slotfill.extractors.serving.problem import ProblemError, status_of_failure
from slotfill.extractors.serving.reply_store import ReplyStore
from slotfill.extractors.serving.request_meter import RequestMeter, RequestTries, paid_by
from slotfill.extractors.serving.served_schemas import ServedSchemas
from slotfill.extractors.serving.service_breaker import ServiceBreaker
from slotfill.extractors.streaming.events import Partial
from slotfill.schemas.json_schema.patterns import patience

__all__ = ["Keys", "Service", "ServiceRequest", "Work", "stopping_problem"]

_logger = logging.getLogger("slotfill")

PATTERN_SECONDS = 0.2
"""So long a validation may take by a schema that a request brings, and twice as long all that hang: others wait."""

QUEUED_SECONDS = 30.0
"""So long a request waits for its turn."""

ASKED_AGAIN = 1.0
"""Seconds after which to ask again where others of the same key are to end first."""

LEFT_BY_RUNS = 0.25
"""The share of what a key may ask a minute that its runs leave to its other requests."""

STOPPED_AGAIN = 5.0
"""Seconds after which to ask again where the service stops."""

SERVICE_AGAIN = 10.0
"""Seconds after which to ask again where the model's service failed for one request, and says no time itself."""


_OWN_WORDS = {
    FailureKind.INTERNAL: "this is a fault of the service",
    FailureKind.MAX_WAIT: "the rate limits allow no further request now",
    FailureKind.TIMEOUT: "the model did not answer in time",
}
"""What is said where a failure's own words name options of a run, or code."""


def stopping_problem(*, is_paid: bool) -> ProblemError:
    """Return what a request is told when the service stops. is_paid: whether it is at work, and may be paid for."""
    paid = ", and what was asked may be paid for: ask again, under a new Idempotency-Key if it had one"
    detail = f"the service stops{paid if is_paid else ': ask again'}"
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "stopping", detail, retry_after=STOPPED_AGAIN, is_paid=is_paid)


def _no_ledger(error: LedgerError, *, is_paid: bool) -> ProblemError:
    """Return what a request is told whose cost cannot be written down."""
    _logger.error("%s", error)
    detail = "what is spent cannot be written down, and so nothing is asked: the log says why"
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "no_ledger", detail, retry_after=SERVICE_AGAIN, is_paid=is_paid)


class Keys(Protocol):
    """The keys of a service, as they are now: a file of them that is read again, or some that are given."""

    @property
    def ring(self) -> KeyRing:
        """All of them."""

    def find(self, presented: str) -> ApiKey | None:
        """Return the key that a presented secret is of."""


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """What is asked for.

    Attributes:
        key: Whose request it is.
        schema: The schema's name, or a JSON Schema.
        document: What to extract from.
        model: The model; None for the service's own choice.
        labels: What its costs bear beside those of the key.
        params: The schema's parameters; None where nothing is said of them.
    """

    key: ApiKey
    schema: str | Mapping[str, Any]
    document: Document
    model: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] | None = None


class Service:
    """Extracts for those who have a key. It belongs to one event loop.

    Args:
        schemas: What is extracted, and by which models.
        keys: Who may ask.
        accounts: What each spends.
        limits: What each may ask a minute.
        replies: What was answered to requests that may be sent again.
        feedback: Where users' feedback is written; None for nowhere.
        concurrency: How many requests are at work at once.

    Attributes:
        stopping: Is set when what is still at work is to end.
        breaker: Says whether models can be asked.
    """

    def __init__(
        self,
        schemas: ServedSchemas,
        keys: Keys,
        accounts: KeyAccounts,
        limits: KeyLimits,
        *,
        replies: ReplyStore,
        feedback: FeedbackLog | None = None,
        concurrency: int,
    ) -> None:
        self.schemas, self.keys, self.replies, self.feedback = schemas, keys, replies, feedback
        self.accounts, self.concurrency = accounts, concurrency
        self.breaker = ServiceBreaker(schemas.models, lambda line: _logger.warning("%s", line))
        self._limits = limits
        self._turns = Turns(concurrency)
        self._places_of_runs = asyncio.Semaphore(self.places_of_runs)
        settings = schemas.settings
        self._pacer = Pacer(rpm=settings.rpm, itpm=settings.itpm, otpm=settings.otpm)
        self._meter = RequestMeter()
        self.stopping = asyncio.Event()

    @property
    def places_of_runs(self) -> int:
        """How many requests all runs together have at work at once: they leave half to who waits for an answer."""
        return max(1, self.concurrency // 2)

    def end_requests(self) -> None:
        """Have what is at work end, and what waits, with a problem that says why: the service stops."""
        self.stopping.set()
        self._turns.refuse_waiting(stopping_problem(is_paid=False))

    async def aclose(self) -> None:
        """Close what it uses."""
        await self.schemas.aclose()
        await self._limits.aclose()
        self.accounts.close()
        self.replies.close()

    def find_key(self, presented: str | None) -> ApiKey:
        """Return the key that a secret is of.

        Raises:
            ProblemError: It is of none (401).
        """
        key = self.keys.find(presented) if presented else None
        if key is None:
            detail = (
                "send a key of this service: Authorization: Bearer sf_…" if not presented else "the key is not valid"
            )
            raise ProblemError(HTTPStatus.UNAUTHORIZED, "unauthorized", detail)
        return key

    def check_limits(self, key: ApiKey) -> None:
        """Refuse a key at once that has used what it may ask a minute. Raises ProblemError (429)."""
        self._limits.check(key)

    async def admit(self, key: ApiKey) -> None:
        """Count a request of a key that asks no model. Raises ProblemError where it is one too many (429)."""
        await self._limits.admit(key)

    @asynccontextmanager
    async def at_work(self, request: ServiceRequest) -> AsyncIterator[Work]:
        """Wait for a request's turn, and hold its place.

        Raises:
            ProblemError: The key may not ask for it (403, 404), or for no more now (429), it cannot be asked for (422),
                or nothing can be asked now (503).
        """
        key = request.key
        self.schemas.check(key, request.schema, request.model, request.params)
        if self.stopping.is_set():
            raise stopping_problem(is_paid=False)
        self.breaker.check(request.model or self.schemas.models[0])
        async with AsyncExitStack() as held:
            await self._limits.admit(key)
            if key.concurrency is not None and self._turns.taken(key.name) >= key.concurrency:
                detail = f"the key {key.name!r} has its {key.concurrency} requests at work: wait for one of them"
                raise ProblemError(HTTPStatus.TOO_MANY_REQUESTS, "key_concurrency", detail, retry_after=ASKED_AGAIN)
            try:
                await held.enter_async_context(self._turns.turn(key.name, QUEUED_SECONDS))
            except TimeoutError:
                detail = f"no place was free within {QUEUED_SECONDS:.0f} s"
                raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "busy", detail, retry_after=QUEUED_SECONDS) from None
            # Behind the limits: making one for a schema that a request brings takes work.
            lent = self.schemas.lent(request.schema, request.model, self.prepare, request.params)
            extractor = await held.enter_async_context(lent)
            yield Work(self, request, extractor, self._payer(request, extractor))

    async def ask(self, key: ApiKey, ask: Ask, executor: Executor, meter: Meter, on_turn: Callable[[], None]) -> Answer:
        """Put an ask of a run to the models, in its key's turn, behind the requests of that.

        Args:
            key: Whose run it is, as the key is now.
            ask: What is asked.
            executor: What puts it to the models.
            meter: Is told of each HTTP try.
            on_turn: Is called when it has waited long enough, and is sent.

        Raises:
            ProblemError: Not now; its `retry_after` says when (429, 503).
        """
        self.breaker.check(ask.model)
        await self._limits.admit(key, leaving=LEFT_BY_RUNS)
        async with self._places_of_runs, self._turns.turn(key.name, None, later=True):
            on_turn()
            with paid_by(meter):
                answer = await self.breaker.guarding(executor).aexecute(ask)
        await self._limits.charge(key, sum(answer.usage.counts or ()))
        return answer

    def _payer(self, request: ServiceRequest, extractor: Extractor[Any]) -> Payer:
        # As it is served: each question that somebody asks would have a file of its own, with digits of it in its name.
        schema = self.schemas.named[request.schema] if isinstance(request.schema, str) else None
        try:
            return self.accounts.payer(
                request.key, self.keys.ring.budgets, schema, extractor.all_models, request.labels
            )
        except LedgerError as error:
            raise _no_ledger(error, is_paid=False) from None

    def prepare(self, extractor: Extractor[Any]) -> None:
        """Have an extractor share the pace with all others, and tell each request to who pays for it."""
        extractor.pace(self._pacer)
        extractor.meter(self._meter)

    async def settle(self, key: ApiKey, payer: Payer, extraction: Extraction[Any]) -> Extraction[Any]:
        """Count what an extraction took.

        Raises:
            ProblemError: It failed for what is no matter of the document. It holds the record, so that nothing is lost.
        """
        try:
            payer.store()
        except LedgerError as error:
            # What was extracted is paid for, and answered all the same: it is stored with what is stored next.
            _logger.error("%s", error)  # noqa: TRY400 - all is said
        await self._limits.charge(key, sum(extraction.usage.counts or ()))
        failure = extraction.error
        status = status_of_failure(failure.type) if failure else None
        if failure is None or status is None:
            return extraction
        detail, is_budget = disclosed(failure), failure.type is FailureKind.BUDGET
        if failure.type is FailureKind.INTERNAL:
            _logger.error("a request of the key %s: %s", key.name, detail)
        detail = _OWN_WORDS.get(failure.type, detail)
        again = self.accounts.seconds_to_more(payer) if is_budget else max(SERVICE_AGAIN, self._pacer.held_seconds)
        is_paid = extraction.cost_usd is None or extraction.cost_usd > 0  # what cannot be priced counts as paid
        more = {"record": extraction.to_json()}
        raise ProblemError(status, failure.type.value, detail, retry_after=again, is_paid=is_paid, more=more)


class Work:
    """A request that has its place."""

    def __init__(self, service: Service, request: ServiceRequest, extractor: Extractor[Any], payer: Payer) -> None:
        self._service, self._request, self._extractor, self._payer = service, request, extractor, payer
        self._tries = RequestTries(payer.meter)

    @property
    def stopping(self) -> asyncio.Event:
        """As in `Service`."""
        return self._service.stopping

    async def extract(self) -> Extraction[Any]:
        """Extract from its document. Raises ProblemError as `Service.settle` does, and where the service stops."""
        with self._of_request():
            executor = self._service.breaker.guarding(self._extractor.executor)
            task = asyncio.create_task(self._extractor.aextract(self._request.document, executor=executor))
        stop = asyncio.create_task(self.stopping.wait())
        try:
            await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise stopping_problem(is_paid=True)
            with self._booked():
                extraction = task.result()
            return await self._settled(extraction)
        finally:
            for one in (task, stop):
                one.cancel()
            await asyncio.gather(task, stop, return_exceptions=True)

    async def stream(self) -> AsyncGenerator[Partial[Any] | Extraction[Any]]:
        """Do so, yielding the value as it grows; the last event is the extraction. Closing it ends the reply."""
        with self._of_request(), self._booked():
            executor = self._service.breaker.guarding(self._extractor.executor)
            async with aclosing(self._extractor.astream(self._request.document, executor=executor)) as events:
                async for event in events:
                    yield await self._settled(event) if isinstance(event, Extraction) else event

    @contextmanager
    def _of_request(self) -> Iterator[None]:
        """Have what is done meanwhile be paid for, and be patient with the patterns of who asks."""
        of_service = isinstance(self._request.schema, str)
        with paid_by(self._tries), nullcontext() if of_service else patience(PATTERN_SECONDS):
            yield

    @contextmanager
    def _booked(self) -> Iterator[None]:
        """Say what it is where a try cannot be booked, and so is not sent. Raises ProblemError."""
        try:
            yield
        except LedgerError as error:
            raise _no_ledger(error, is_paid=self._tries.has_begun) from None

    async def _settled(self, extraction: Extraction[Any]) -> Extraction[Any]:
        return await self._service.settle(self._request.key, self._payer, extraction)
