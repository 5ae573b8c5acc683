"""Admission: one HTTP try on its way to the service, and what it holds from then until its reply has settled it.

Two things are held for a try: its place in the service's limits (`Pacer`), and the most that it can cost (`Meter`).
"""

from __future__ import annotations

from typing import Self

from anthropic import AnthropicError
from httpx2 import ConnectError, ConnectTimeout, PoolTimeout

from slotfill.extractors.clients.metering import Meter, Try
from slotfill.extractors.clients.pacer import Pacer, Reservation, Wait
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.record.usage import Usage

__all__ = ["HELD_UP", "HeldTry", "PendingTry", "WaitError", "is_unsent"]

HELD_UP = frozenset({FailureKind.RATE_LIMIT, FailureKind.OVERLOADED})
"""The failures that a service sends to whoever asks too much of it."""

_ASKING_AGAIN = 1.0
"""Seconds after which a long wait is looked at again: a reply may have shortened it."""

_SETTLING = 0.02
"""Seconds after which the meter is asked again, where others must be settled first."""

_UNSENT = (ConnectError, ConnectTimeout, PoolTimeout)
"""How a try fails of which the service has not seen a byte."""


def is_unsent(error: BaseException) -> bool:
    """Whether the service has surely not seen a byte of what the SDK gave up on."""
    return isinstance(error.__cause__, _UNSENT)


class WaitError(AnthropicError):
    """The limits allow nothing for longer than may be waited. `request_id` is that of the reply which said so."""

    def __init__(self, seconds: float, max_wait: float, request_id: str | None = None) -> None:
        super().__init__(
            f"the rate limits allow no further request for {seconds:,.0f} s, and --max-wait is {max_wait:,.0f} s: "
            "run it again later, or allow a longer wait"
        )
        self.request_id = request_id


class HeldTry:
    """A try that was let go: what it holds, of the pace and of the budget, until it is settled, once.

    place, number: what the pacer and the meter gave it; None where it is not paced, or not metered. As a context it
    settles itself where no reply came.
    """

    __slots__ = ("_meter", "_number", "_pacer", "_place")

    def __init__(self, pacer: Pacer | None, place: Reservation | None, meter: Meter | None, number: int | None) -> None:
        self._pacer, self._place = pacer, place
        self._meter, self._number = meter, number

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is not None:
            self._fail(error)

    def settle(self, usage: Usage | None) -> None:
        """Settle it by what was counted; None where that is not known, and so all that was reserved is spent."""
        counts = usage.counts if usage else None
        if self._pacer and self._place:
            if counts is None:
                self._pacer.unanswered(self._place)
            else:
                # What was read from the cache is billed, and counts for no limit: that is the service's rule, not a
                # slip here.
                read, written, _, cache_write = counts
                self._pacer.answered(self._place, read + cache_write, written)
        self._account(usage if counts else None)

    def refuse(self, kind: FailureKind, seconds: float | None, *, billed: bool) -> None:
        """Settle it by a reply that tells of an error of a kind, and asks to wait so long.

        billed: whether it may have been: a gateway cannot know that it was not.
        """
        if self._pacer and self._place:
            if kind in HELD_UP:
                limited = kind is FailureKind.RATE_LIMIT
                self._pacer.refused(self._place, limited=limited, retry_after=seconds)
            else:
                self._pacer.unanswered(self._place)
        self._account(None if billed else Usage())

    def _fail(self, error: BaseException) -> None:
        """Settle it where no reply came: it may be under way at the service, unless nothing was ever sent."""
        if self._pacer and self._place:
            self._pacer.unanswered(self._place)
        # A name that does not resolve, a connection that is refused: nothing left this machine, and nothing was billed.
        # A read that timed out may have been answered, and paid for.
        self._account(Usage() if is_unsent(error) else None)

    def _account(self, usage: Usage | None) -> None:
        if self._meter and self._number is not None:
            self._meter.settle(self._number, usage)


class PendingTry:
    """A try that asks to be let go, as often as it must; as a context it gives back what it holds if it never goes.

    max_wait: the longest certain wait for the pacer, in seconds, that does not raise WaitError.
    """

    def __init__(self, attempt: Try, pacer: Pacer | None, meter: Meter | None, *, max_wait: float) -> None:
        self._attempt, self._pacer, self._meter, self._max_wait = attempt, pacer, meter, max_wait
        self._number: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # It never went: a Ctrl-C, a budget that ran out, a wait that is too long. What was reserved is given back.
        if self._meter and self._number is not None:
            self._meter.settle(self._number, Usage())

    def ask(self) -> HeldTry | float:
        """Let the try go, or return the seconds after which to ask again. Raises BudgetError and WaitError."""
        if self._meter and not self._is_covered(self._meter):
            return _SETTLING
        place = self._pacer.admit(self._attempt.size, self._attempt.room) if self._pacer else None
        if isinstance(place, Wait):
            return self._bearable(place)
        held = HeldTry(self._pacer, place, self._meter, self._number)
        self._number = None
        return held

    def _is_covered(self, meter: Meter) -> bool:
        """Have the worst case reserved, once; a try that was admitted and still waits may be stopped meanwhile."""
        # Reserved before the pacer is asked: whoever gets a place must be able to pay, and the worst case is on disk by
        # then.
        if self._number is None:
            self._number = meter.admit(self._attempt)
        else:
            meter.check()
        return self._number is not None

    def _bearable(self, wait: Wait) -> float:
        if wait.certain and wait.seconds > self._max_wait:
            raise WaitError(wait.seconds, self._max_wait)
        return min(wait.seconds, _ASKING_AGAIN)
