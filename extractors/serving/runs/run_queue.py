"""Which runs are at work, and which come next.

The queue is the disk: a run that is not over is gone on with by any server that has its schema and gets its lock, also
after one that was killed. Each looks every few seconds, so that what one server leaves, another takes up.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from slotfill.extractors.errors import LedgerError
from slotfill.extractors.serving.problem import ProblemError
from slotfill.extractors.serving.runs.run_order import RunOrder, RunState, RunStatus
from slotfill.extractors.serving.runs.run_store import RunStore
from slotfill.extractors.serving.runs.service_run import KEY_REVOKED, EndingError, RunLimits, ServiceRun
from slotfill.extractors.serving.service import Service

__all__ = ["RunQueue"]

LOOK_SECONDS = 2.0
"""So often it is looked for runs to go on with, keys that were revoked, and runs that were cancelled elsewhere."""

_CANCELLED = EndingError(RunStatus.CANCELLED)
_LEFT = EndingError(RunStatus.QUEUED)

_UNSERVED = "schema_not_served"

_logger = logging.getLogger("slotfill")


@dataclass(slots=True)
class _Taken:
    """A run that this server has. task: works on it."""

    run: ServiceRun
    lock: ExitStack
    task: asyncio.Task[None] = field(init=False)


class RunQueue:
    """The runs of a server. It belongs to one event loop.

    Args:
        service: What they are runs of.
        store: Where they stand.
        limits: Of runs.
    """

    def __init__(self, service: Service, store: RunStore, limits: RunLimits) -> None:
        self.store, self.limits = store, limits
        self._service = service
        self._taken: dict[str, _Taken] = {}
        self._is_stopping = False
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._until: float | None = None

    @property
    def taken(self) -> frozenset[str]:
        """The names of the runs that are at work here."""
        return frozenset(self._taken)

    def start(self) -> None:
        """Go on with the runs that are not over, and take those that come."""
        self._task = asyncio.create_task(self._work())

    def wake(self) -> None:
        """Look now: there is a new run."""
        self._woken.set()

    def drop_expired(self) -> None:
        """Remove the runs that have been kept for their time, from the disk too. It may take a while."""
        if self.limits.retention is not None:
            self.store.erase_before(datetime.now(UTC) - self.limits.retention)

    def stop(self, seconds: float = 0.0) -> None:
        """Begin nothing further: what is in flight is finished within so long, and another start goes on."""
        self._is_stopping = True
        if self._until is None:
            self._until = asyncio.get_running_loop().time() + seconds
        self._woken.set()
        for taken in self._taken.values():
            taken.run.stop(_LEFT)

    async def aclose(self) -> None:
        """Stop, and wait for what is in flight as long as that was allowed; then wait for nothing."""
        self.stop()
        if self._task is not None:
            await self._task
        tasks = [taken.task for taken in self._taken.values()]
        if tasks:
            left = (self._until or 0.0) - asyncio.get_running_loop().time()
            _, late = await asyncio.wait(tasks, timeout=max(0.0, left))
            if late:
                for taken in self._taken.values():
                    taken.run.end()
                await asyncio.wait(late)

    async def cancel(self, name: str) -> None:
        """Have a run end, whichever server has it."""
        await asyncio.to_thread(self.store.cancel, name)
        if (taken := self._taken.get(name)) is not None:
            taken.run.stop(_CANCELLED)
        elif not self.store.ledger(name).exists():
            await asyncio.to_thread(self._end_unbegun, name)
        self._woken.set()

    def _end_unbegun(self, name: str) -> None:
        """End a run that no server has begun; another one that has it comes to it by itself."""
        with self.store.locked(name) as is_own:
            if is_own and not (state := self.store.state(name)).status.is_over:
                self.store.note(name, _ended(state, _CANCELLED))

    async def resume(self, name: str) -> None:
        """Have a run that is over gone on with."""
        await asyncio.to_thread(self.store.resume, name)
        self._woken.set()

    async def _work(self) -> None:
        while not self._is_stopping:
            self._woken.clear()
            try:
                await self._look()
            except LedgerError as error:
                _logger.error("%s", error)  # noqa: TRY400 - all is said
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), LOOK_SECONDS)

    async def _look(self) -> None:
        """Stop what is to be stopped, and take what there is room for."""
        for name, taken in self._taken.items():
            if taken.run.key() is None:
                taken.run.stop(KEY_REVOKED)
            elif self.store.is_cancelled(name):
                taken.run.stop(_CANCELLED)
        orders = await asyncio.to_thread(self._waiting)
        cancelled = [order for order in orders if self.store.is_cancelled(order.id)]
        for order in (*cancelled, *self._by_turn([order for order in orders if order not in cancelled])):
            if self._is_stopping:
                return
            await self._take(order)

    def _waiting(self) -> list[RunOrder]:
        """Return the runs that are not over, and that this server has not got."""
        others = (order for order in self.store.orders() if order.id not in self._taken)
        return [order for order in others if not self.store.state(order.id).status.is_over]

    def _by_turn(self, orders: list[RunOrder]) -> Iterator[RunOrder]:
        """Yield those that there is room for: of keys that have the fewest at work first, and of one key the oldest."""
        left = list(orders)
        while left:
            at_work = Counter((taken.run.order.key, taken.run.order.batch) for taken in self._taken.values())
            order = min(left, key=lambda one: at_work[one.key, one.batch])
            left.remove(order)
            key = self._service.keys.ring.current(order.key)
            most = self.limits.batched if order.batch else self.limits.at_once
            has_room = sum(count for (_, batch), count in at_work.items() if batch == order.batch) < most
            # Several runs would leave a key with few places none for its requests.
            is_alone = order.batch or key is None or key.concurrency is None or not at_work[order.key, False]
            if has_room and is_alone:
                yield order

    async def _take(self, order: RunOrder) -> None:
        """Begin with a run, where nobody else has it."""
        if isinstance(order.schema_, str) and order.schema_ not in self._service.schemas.named:
            await asyncio.to_thread(self._note_unserved, order.id, order.schema_)
            return  # another server's
        lock = ExitStack()
        try:
            is_own = await asyncio.to_thread(lock.enter_context, self.store.locked(order.id))
            if not is_own or self._is_stopping:
                return
            state = await asyncio.to_thread(self.store.state, order.id)
            if state.status.is_over:
                return
            ending = _CANCELLED if self.store.is_cancelled(order.id) else self._refusal(order)
            # One that may have batches is begun all the same: they are to be cancelled.
            if ending is not None and not (order.batch and self.store.ledger(order.id).exists()):
                await asyncio.to_thread(self.store.note, order.id, _ended(state, ending))
                return
            run = ServiceRun(self._service, self.store, order, self.limits)
            if ending is not None:
                run.stop(ending)
            taken = _Taken(run, lock.pop_all())
        finally:
            lock.close()
        self._taken[order.id] = taken
        taken.task = asyncio.create_task(self._finish(taken))

    def _note_unserved(self, name: str, schema: str) -> None:
        """Say why a run waits that no server here can begin; one that can takes that back as it begins."""
        state = self.store.state(name)
        if state.code == _UNSERVED:
            return
        detail = f"it waits for a server that has the schema {schema!r}: start one with it among its --schemas"
        with self.store.locked(name) as is_own:
            if is_own and self.store.state(name) == state:
                self.store.note(name, state.model_copy(update={"code": _UNSERVED, "detail": detail}))

    def _refusal(self, order: RunOrder) -> EndingError | None:
        """Say why a run is not begun; None where it is."""
        key = self._service.keys.ring.current(order.key)
        if key is None:
            return KEY_REVOKED
        try:
            self._service.schemas.check(key, order.schema_, order.model, order.params)
        except ProblemError as problem:
            return EndingError(RunStatus.STOPPED, problem.code, problem.detail)
        return None

    async def _finish(self, taken: _Taken) -> None:
        """Work on a run, and write down how it ended."""
        name = taken.run.order.id
        try:
            state = await taken.run.work()
            await asyncio.to_thread(self.store.note, name, state)
        except LedgerError as error:
            _logger.error("%s", error)  # noqa: TRY400 - all is said
        finally:
            taken.lock.close()
            del self._taken[name]
            self._woken.set()


def _ended(state: RunState, ending: EndingError) -> RunState:
    """Return how a run stands that was ended before it had its turn."""
    return RunState(
        status=ending.status,
        started=state.started,
        ended=datetime.now(UTC),
        code=ending.code,
        detail=ending.detail,
    )
