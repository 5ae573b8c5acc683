"""The asks of a run: they come from the run's own loop, and are put to the models in that of the service.

A run works in a thread of its own: it reads, checks and writes, which would hold up who waits for an answer. What it
shares with requests is of the service's loop: turns, the key's limits, the breaker, the pace. Where those hold an ask
up, it waits: a run has time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import cast

from slotfill.extractors.clients.metering import Meter
from slotfill.extractors.keys.api_key import ApiKey
from slotfill.extractors.record.failure_kinds import Failure
from slotfill.extractors.rungs.asks import Answer, Ask, Executor
from slotfill.extractors.runs.asking import HaltedError
from slotfill.extractors.serving.problem import ProblemError
from slotfill.extractors.serving.service import Service

__all__ = ["RunAsks"]

LONGEST_PAUSE = 5.0
"""Seconds after which an ask is tried again at the latest: a breaker may have closed, and a key have other limits."""


class RunAsks:
    """Puts the asks of one run to the models.

    Args:
        service: What asks them.
        loop: The service's.
        executor: The run's own: who waits for the pace waits in a line behind nobody's request.
        meter: Is told of each HTTP try.
        key: Returns the run's key as it is now; None where it counts no more.
        on_revoked: Is called where it does not.

    Attributes:
        failure: What ended the run of what came back, if anything did.
    """

    def __init__(
        self,
        service: Service,
        loop: asyncio.AbstractEventLoop,
        executor: Executor,
        meter: Meter,
        *,
        key: Callable[[], ApiKey | None],
        on_revoked: Callable[[], None],
    ) -> None:
        self.failure: Failure | None = None
        self._service, self._loop, self._executor, self._meter = service, loop, executor, meter
        self._key, self._on_revoked = key, on_revoked
        self._waiting: set[asyncio.Task[Answer]] = set()
        self._asking: set[asyncio.Task[Answer]] = set()
        self._is_halted = False

    async def aexecute(self, ask: Ask) -> Answer:
        """Have an ask answered, from the run's loop. Raises HaltedError where it was not to be sent any more."""
        future = asyncio.run_coroutine_threadsafe(self._ask(ask), self._loop)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if future.cancelled() and self._is_halted and not _is_cancelled():
                raise HaltedError from None
            raise

    async def astream(self, ask: Ask) -> AsyncGenerator[str | Answer]:
        """Do so where a stream is asked for: nobody looks at one."""
        yield await self.aexecute(ask)

    def halt(self) -> None:
        """Send nothing that is not sent yet, from any thread."""
        self._is_halted = True
        with suppress(RuntimeError):  # the service has ended
            self._loop.call_soon_threadsafe(self._cancel, self._waiting)

    def end(self) -> None:
        """Wait for no answer any more. Call it in the loop of the service."""
        self._is_halted = True
        self._cancel(self._asking)

    async def _ask(self, ask: Ask) -> Answer:
        task = cast("asyncio.Task[Answer]", asyncio.current_task())
        self._asking.add(task)
        try:
            while True:
                self._waiting.add(task)
                if self._is_halted:
                    raise HaltedError
                try:
                    answer = await self._service.ask(
                        self._current_key(), ask, self._executor, self._meter, lambda: self._waiting.discard(task)
                    )
                except ProblemError as problem:
                    self._waiting.add(task)
                    await asyncio.sleep(min(problem.retry_after or LONGEST_PAUSE, LONGEST_PAUSE))
                    continue
                if answer.failure and answer.failure.type.stops_run:
                    self.failure = self.failure or answer.failure
                return answer
        finally:
            self._waiting.discard(task)
            self._asking.discard(task)

    def _current_key(self) -> ApiKey:
        key = self._key()
        if key is None:
            self._on_revoked()
            raise HaltedError
        return key

    @staticmethod
    def _cancel(tasks: set[asyncio.Task[Answer]]) -> None:
        for task in [*tasks]:
            task.cancel()


def _is_cancelled() -> bool:
    """Whether the task itself is to end, and not what it waits for alone."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
