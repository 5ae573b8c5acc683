"""One run at work: the engine of all runs, in a thread, with the service's models, turns, limits and money."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from slotfill.extractors.batches.batch_overview import cancel_batches
from slotfill.extractors.batches.batch_service import BatchService, ServiceError
from slotfill.extractors.batches.run_batches import batches_of
from slotfill.extractors.batches.waves import BatchOptions, Waves
from slotfill.extractors.errors import InputError, LedgerError, ModelError, OutputError, StoppedError
from slotfill.extractors.extractor import Extractor
from slotfill.extractors.keys.api_key import ApiKey
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.rungs.asks import Executor
from slotfill.extractors.runs.asking import Asking
from slotfill.extractors.runs.breaker import Breaker
from slotfill.extractors.runs.budget import Budget
from slotfill.extractors.runs.delivery import Delivery
from slotfill.extractors.runs.engine import Run
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.runs.outputs.sink import Record, Sink
from slotfill.extractors.runs.reports.log_safety import disclosed
from slotfill.extractors.serving.problem import ProblemError
from slotfill.extractors.serving.runs.run_asks import RunAsks
from slotfill.extractors.serving.runs.run_documents import TooManyDocumentsError, run_documents
from slotfill.extractors.serving.runs.run_order import RunOrder, RunState, RunStatus
from slotfill.extractors.serving.runs.run_store import RunStore
from slotfill.extractors.serving.service import Service
from slotfill.extractors.telemetry.live_gauges import LiveRun
from slotfill.extractors.telemetry.run_telemetry import tell_run
from slotfill.extractors.unforeseen import internal_failure
from slotfill.schemas.errors import SlotfillError

__all__ = ["KEY_REVOKED", "EndingError", "RunLimits", "ServiceRun"]

_logger = logging.getLogger("slotfill")


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What runs of a service may take.

    Attributes:
        at_once: So many are at work at once.
        batched: So many beside them wait for message batches.
        documents: So many documents one may have.
        size: So many bytes the documents of one may have, as they are sent.
        queued: So many that are not over a key may have.
        retention: So long one that is over is kept; None until somebody removes it.
    """

    at_once: int = 2
    batched: int = 8
    documents: int = 100_000
    size: int = 200_000_000
    queued: int = 100
    retention: timedelta | None = None


class EndingError(SlotfillError):
    """What a service ends a run for.

    Args:
        status: How it stands then.
        code: Names the reason for programs.
        detail: Says it for people.
    """

    def __init__(self, status: RunStatus, code: str | None = None, detail: str | None = None) -> None:
        super().__init__(detail or status.value)
        self.status, self.code, self.detail = status, code, detail


KEY_REVOKED = EndingError(RunStatus.STOPPED, "key_revoked", "the key is not valid any more")


class ServiceRun:
    """A run that has its turn. It belongs to the loop of the service.

    Args:
        service: What it is a run of.
        store: Where it stands.
        order: What was asked for.
        limits: Of runs.
    """

    def __init__(self, service: Service, store: RunStore, order: RunOrder, limits: RunLimits) -> None:
        self._service, self._store, self._order, self._limits = service, store, order, limits
        self._turn = threading.Lock()
        self._ending: EndingError | None = None
        self._run: Run | None = None
        self._asks: RunAsks | None = None

    @property
    def order(self) -> RunOrder:
        """What was asked for."""
        return self._order

    def stop(self, ending: EndingError) -> None:
        """Have it end: what is in flight is finished, and nothing further is begun. The first reason counts."""
        with self._turn:
            self._ending = self._ending or ending
            run = self._run
        if run is not None:
            run.stop(self._ending)

    def end(self) -> None:
        """Wait for nothing that is in flight."""
        if self._asks is not None:
            self._asks.end()

    def key(self) -> ApiKey | None:
        """Return the key whose run it is, as it is now; None where it counts no more."""
        return self._service.keys.ring.current(self._order.key)

    async def work(self) -> RunState:
        """Go through it, from where it was to its end, and return how it stands then."""
        order, service = self._order, self._service
        started = self._store.state(order.id).started or _now()
        await asyncio.to_thread(self._store.note, order.id, RunState(status=RunStatus.RUNNING, started=started))
        asker: Extractor[Any] | None = None
        try:
            asker = await asyncio.to_thread(self._extractor)
            service.prepare(asker)
            error = await _in_thread(partial(self._go, asyncio.get_running_loop(), asker.executor))
        except SlotfillError as refused:
            error = refused
        finally:
            if asker is not None:
                await asker.aclose()
        state = self._state(error, started)
        if order.batch and (state.status is RunStatus.CANCELLED or state.code == KEY_REVOKED.code):
            await self._end_batches()
        return state

    def _revoked(self) -> None:
        self.stop(KEY_REVOKED)

    def _extractor(self) -> Extractor[Any]:
        """Make an extractor. Raises ProblemError, and EndingError where the schema is not what it was."""
        order = self._order
        extractor = self._service.schemas.extractor_of_its_own(
            order.schema_, order.model, order.params, batch=order.batch
        )
        if extractor.schema.id != order.schema_id:
            detail = f"the service has another schema {order.schema_name!r} by now than the one that was asked for"
            raise EndingError(RunStatus.FAILED, "schema_changed", detail)
        return extractor

    def _go(self, loop: asyncio.AbstractEventLoop, executor: Executor) -> None:
        """Go through it, in a thread. Raises what has ended it before its end."""
        order, store, service = self._order, self._store, self._service
        key = self.key()
        if key is None:
            raise KEY_REVOKED
        with ExitStack() as stack:
            extractor = self._extractor()  # to plan with: clients are of one loop
            ledger = stack.enter_context(
                Ledger(store.ledger(order.id), about=self._about(extractor), labels=self._labels(key))
            )
            account = stack.enter_context(
                service.accounts.run_account(key, service.keys.ring.budgets, order.labels, store.ledger(order.id))
            )
            budget = Budget(
                ledger.account,
                extractor.all_models,
                shared=account,
                ttl=extractor.settings.cache_ttl,
                schema=extractor.schema.name,
            )
            stack.callback(budget.leave)
            extractor.meter(budget)
            asks = self._asks = RunAsks(service, loop, executor, budget, key=self.key, on_revoked=self._revoked)
            breaker = Breaker(max_wait=float("inf"))

            def on_halt() -> None:
                budget.close()
                asks.halt()

            run = Run(
                extractor,
                ledger,
                Delivery(ledger, _NoOutput(), None, records=False, schema=extractor.schema),
                breaker,
                in_waves=self._waves(extractor, ledger, budget) if order.batch else None,
                concurrency=self._places(key),
                on_halt=on_halt,
                executor=asks,
            )
            self._take(run)
            documents = run_documents(
                order, store.folder(order.id), most=self._limits.documents, takes_pages=extractor.takes_pages
            )
            with tell_run(extractor.model.id, LiveRun(extractor.schema.name, breaker=lambda: breaker.state)) as told:
                stopped: BaseException | None = None
                try:
                    run.run(documents)
                except BaseException as error:
                    stopped = error
                    raise
                finally:
                    totals = run.totals
                    told.ended(
                        documents=totals.documents, extracted=totals.extracted, usd=budget.spent, stopped=stopped
                    )

    def _take(self, run: Run) -> None:
        """Have the engine be stopped by what stops this, also by what has before."""
        with self._turn:
            self._run = run
            ending = self._ending
        if ending is not None:
            run.stop(ending)

    def _waves(self, extractor: Extractor[Any], ledger: Ledger, budget: Budget) -> Callable[[Asking], Waves]:
        return partial(
            Waves,
            extractor=extractor,
            ledger=ledger,
            budget=budget,
            options=BatchOptions(asks_canceled=True),
            on_message=lambda line: _logger.info("%s: %s", self._order.id, line),
        )

    def _places(self, key: ApiKey) -> int:
        """Say how many requests may be in flight: a key's run leaves one of its places to who waits."""
        places = self._service.places_of_runs
        return places if key.concurrency is None else max(1, min(places, key.concurrency - 1))

    def _about(self, extractor: Extractor[Any]) -> Mapping[str, str]:
        schema = extractor.schema
        about = {"schema": schema.name, "schema_id": schema.id, "models": " ".join(extractor.models)}
        return {**about, "output": f"service {self._order.id}", "command": ""}

    def _labels(self, key: ApiKey) -> Mapping[str, str]:
        return {**self._order.labels, **key.cost_labels}

    async def _end_batches(self) -> None:
        """Have the models' service end what it has of the run in batches: nobody is to pay for what nobody waits for.

        What it has answered by then is read, and counts, when the run is gone on with.
        """
        left = [batch for batch in batches_of([self._store.ledger(self._order.id)]).open if batch.batch is not None]
        if not left:
            return
        extractor = await asyncio.to_thread(self._extractor)
        try:
            await cancel_batches(BatchService(extractor.executor.clients), left)
        except ServiceError as error:
            names = ", ".join(str(batch.batch) for batch in left)
            reason = disclosed(error.failure)
            _logger.error("%s: batches that could not be cancelled: %s: %s", self._order.id, names, reason)  # noqa: TRY400
        finally:
            await extractor.aclose()

    def _state(self, error: BaseException | None, started: datetime) -> RunState:
        """Say how it stands after what has ended it; None is its end."""
        if error is None:
            return RunState(status=RunStatus.FINISHED, started=started, ended=_now())
        ending = self._ending_by(error)
        ended = _now() if ending.status.is_over else None
        return RunState(status=ending.status, started=started, ended=ended, code=ending.code, detail=ending.detail)

    def _ending_by(self, error: BaseException) -> EndingError:
        match error:
            case EndingError():
                return error
            case ProblemError():
                return _stopped(error.code, error.detail)
            case StoppedError() | ModelError():
                return _stopped_by(self._asks.failure if self._asks else None, error)
            case InputError():
                code = "too_many_documents" if isinstance(error, TooManyDocumentsError) else "unreadable"
                return EndingError(RunStatus.FAILED, code, str(error))
            case LedgerError() | OutputError() | OSError():
                _logger.error("%s: %s", self._order.id, error)
                ending = _stopped("no_ledger", "what is extracted cannot be kept: the log says why")
            case _:
                _logger.error("%s: %s", self._order.id, internal_failure(error, self._order.id).message)
                ending = EndingError(RunStatus.FAILED, "internal", "this is a fault of the service")
        return ending


def _stopped(code: str, detail: str) -> EndingError:
    return EndingError(RunStatus.STOPPED, code, f"{detail}; POST …/resume goes on from where it was")


def _stopped_by(failure: Failure | None, error: SlotfillError) -> EndingError:
    """Say what stopped a run that the models' service, or what may be spent, lets not go on."""
    if failure is None:
        return _stopped("refused", str(error))
    if failure.type is FailureKind.BUDGET:
        return _stopped("budget", "the key has spent what it may for now")
    return _stopped(failure.type.value, disclosed(failure))


class _NoOutput(Sink):
    """Takes records nowhere: results are read from the ledger."""

    def write(self, record: Record) -> None:
        """Take one."""


async def _in_thread(step: Callable[[], None]) -> BaseException | None:
    """Take a step in a thread that no end of the process waits for; return what it raised."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[BaseException | None] = loop.create_future()

    def tell(error: BaseException | None) -> None:
        if not done.done():
            done.set_result(error)

    def work() -> None:
        error: BaseException | None = None
        try:
            step()
        except BaseException as raised:  # noqa: BLE001 - it is told, whatever it is
            error = raised
        finally:
            if not loop.is_closed():
                loop.call_soon_threadsafe(tell, error)

    threading.Thread(target=work, name="slotfill-run", daemon=True).start()
    return await done


def _now() -> datetime:
    return datetime.now(UTC)
