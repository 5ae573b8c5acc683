"""The breaker of a service: requests fail at once while the model cannot be had, and it is tried again by itself.

A credential that is not taken, and a service that is down, are so for all models. That the account may not use one says
nothing of another.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from http import HTTPStatus

from slotfill.extractors.errors import ModelError, StoppedError
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.rungs.asks import Answer, Ask, Executor
from slotfill.extractors.runs.breaker import Admission, Breaker, ending_of
from slotfill.extractors.serving.problem import ProblemError

__all__ = ["ServiceBreaker"]

RENEWAL = 30.0
"""Seconds after which it is tried again whether a credential, or a model, may be used that might not: a run would have
ended.
"""


class ServiceBreaker:
    """Puts asks to the models while those can be had. It belongs to one event loop.

    Args:
        models: Those that may be asked.
        on_warning: Takes a line when it opens, and when it closes again.
        now: The clock, in seconds.
    """

    def __init__(
        self, models: Sequence[str], on_warning: Callable[[str], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._models, self._on_warning, self._now = models, on_warning, now
        self._breaker, self._ended = self._new(), 0.0
        self._forbidden: dict[str, tuple[float, Failure]] = {}

    @property
    def reason(self) -> str | None:
        """Why no model can be asked, in one line; None where one can, or where it is time to find out.

        A balancer would send no request to what is never ready, and so nothing would find out.
        """
        try:
            self.check(*self._models)
        except ProblemError as error:
            return error.detail
        return None

    @property
    def state(self) -> str:
        """As `Breaker.state`; "ended" also where the account may use none of the models."""
        return "ended" if self._forbidden_until(*self._models) > self._now() else self._breaker.state

    def check(self, *models: str) -> None:
        """Raise ProblemError (503) where none of these can be asked now."""
        self._check_permitted(*models)
        if self._breaker.reason is not None:
            self.cancelled(self._admit())

    def guarding(self, executor: Executor) -> Executor:
        """Return what puts asks to an executor while that is of use."""
        return _GuardedExecutor(self, executor)

    def _new(self) -> Breaker:
        return Breaker(max_wait=float("inf"), on_warning=self._on_warning, now=self._now)

    def admit(self, model: str) -> Admission:
        """Let an ask of a model start. Raises ProblemError."""
        self._check_permitted(model)
        return self._admit()

    def _check_permitted(self, *models: str) -> None:
        left = self._forbidden_until(*models) - self._now()
        if left > 0:
            _, failure = self._forbidden[models[0]]
            raise _unavailable(str(ending_of(failure)), left, what=" or ".join(map(repr, models)))

    def _forbidden_until(self, *models: str) -> float:
        """Say until when the account may use none of these, as far as is known; 0 where it may."""
        return min(self._forbidden[model][0] if model in self._forbidden else 0.0 for model in models)

    def _admit(self) -> Admission:
        try:
            admission = self._breaker.admit()
        except (ModelError, StoppedError) as error:
            left = self._ended + RENEWAL - self._now()
            if self._ended and left <= 0:
                self._breaker, self._ended = self._new(), 0.0
                return self._admit()
            self._ended = self._ended or self._now()
            raise _unavailable(str(error), left if left > 0 else RENEWAL) from None
        if isinstance(admission, Admission):
            return admission
        raise _unavailable(self._breaker.reason or "", admission)

    def cancelled(self, admission: Admission) -> None:
        """Take back an ask of which nothing came."""
        self._breaker.cancelled(admission)

    def note(self, admission: Admission, model: str, answer: Answer) -> None:
        """Take what came of an ask of a model."""
        if answer.failure and answer.failure.type is FailureKind.PERMISSION:
            self._forbidden[model] = self._now() + RENEWAL, answer.failure
            self._breaker.note(admission, None)  # the service answers
            return
        self._forbidden.pop(model, None)
        if answer.failure and answer.failure.type is FailureKind.BUDGET:
            self.cancelled(admission)  # it was not sent: who asked may spend no more, and others may
            return
        self._breaker.note(admission, answer.failure)
        if self._breaker.state == "ended" and not self._ended:
            self._ended = self._now()


class _GuardedExecutor:
    def __init__(self, guard: ServiceBreaker, executor: Executor) -> None:
        self._guard, self._executor = guard, executor

    async def aexecute(self, ask: Ask) -> Answer:
        admission = self._guard.admit(ask.model)
        try:
            answer = await self._executor.aexecute(ask)
        except BaseException:
            self._guard.cancelled(admission)
            raise
        self._guard.note(admission, ask.model, answer)
        return answer

    async def astream(self, ask: Ask) -> AsyncGenerator[str | Answer]:
        admission = self._guard.admit(ask.model)
        answer: Answer | None = None
        try:
            async with aclosing(self._executor.astream(ask)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Answer):
                        answer = piece
                    else:
                        yield piece
        finally:
            if answer is None:
                self._guard.cancelled(admission)
        if answer is not None:
            self._guard.note(admission, ask.model, answer)
            yield answer


def _unavailable(reason: str, seconds: float, *, what: str = "") -> ProblemError:
    detail = f"{f'the model {what} cannot' if what else 'no model can'} be asked now: {reason}"
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "model_unavailable", detail, retry_after=seconds)
