"""Whose money a request spends: an extractor serves everybody, and each HTTP try is booked for who asked."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from slotfill.extractors.clients.metering import Meter, Try
from slotfill.extractors.record.usage import Usage

__all__ = ["RequestMeter", "RequestTries", "paid_by"]

_PAYER: ContextVar[Meter] = ContextVar("slotfill_payer")


@contextmanager
def paid_by(meter: Meter) -> Iterator[None]:
    """Book with a meter what is asked meanwhile, in this task and those that it begins."""
    token = _PAYER.set(meter)
    try:
        yield
    finally:
        _PAYER.reset(token)


class RequestTries:
    """The meter of one request: it passes each try to who pays, and says whether there was one.

    Args:
        payer: Who pays.

    Attributes:
        has_begun: Whether anything was sent, and may be paid for.
    """

    def __init__(self, payer: Meter) -> None:
        self._payer = payer
        self.has_begun = False

    def admit(self, attempt: Try) -> int | None:
        """Reserve a try, as `Meter.admit` says."""
        number = self._payer.admit(attempt)
        self.has_begun |= number is not None
        return number

    def check(self) -> None:
        """Raise BudgetError where nothing more can be spent."""
        self._payer.check()

    def settle(self, number: int, usage: Usage | None) -> None:
        """Settle a try."""
        self._payer.settle(number, usage)


class RequestMeter:
    """The meter of an extractor that serves several: it passes each try to the meter of who asked (`paid_by`)."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._admitted: dict[int, tuple[Meter, int]] = {}
        self._turn = threading.Lock()

    def admit(self, attempt: Try) -> int | None:
        """Reserve a try, as `Meter.admit` says."""
        payer = _PAYER.get()
        number = payer.admit(attempt)
        if number is None:
            return None
        with self._turn:
            own = next(self._numbers)
            self._admitted[own] = payer, number
            return own

    def check(self) -> None:
        """Raise BudgetError where who asked can spend nothing more."""
        _PAYER.get().check()

    def settle(self, number: int, usage: Usage | None) -> None:
        """Settle a try, wherever its reply is read."""
        with self._turn:
            payer, theirs = self._admitted.pop(number)
        payer.settle(theirs, usage)
