"""The breaker: stops a run's requests where the service would meet them all alike, and finds out when it answers again.

It is a state machine, with no input or output. Closed, it lets every ask start. FAILURES failures of transport in a
row, with no sign of life between, open it: no ask starts. After a pause it lets a single one through, the probe. A
sign of life closes it again; a probe that fails makes it wait for twice as long. What says that the service is alive
is any other reply, one that refuses a document included.

It opens for good, and a run ends, where no reply would be of use: for a failure that every further request would meet,
a service that does not come back, a schema that the service refuses, and REFUSALS documents in a row of which it says
the same that nobody knows yet. Nothing was billed for these: they are asked about again when the run is gone on with.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from slotfill.extractors.clients.rate_limits import MAX_WAIT
from slotfill.extractors.errors import ModelError, StoppedError
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.runs.reports.log_safety import disclosed
from slotfill.schemas.entry_points.installed_plugins import PluginError
from slotfill.schemas.errors import SlotfillError

__all__ = ["FAILURES", "REFUSALS", "Admission", "Breaker", "ending_of", "reason_of"]

FAILURES = 5
"""So many failures of transport in a row are an outage; fewer meet a service that is merely busy."""

REFUSALS = 5
"""So many documents in a row whose requests are refused alike mean that it is none of them."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds from the outage's beginning to its first probe, and the most between two."""

_POLL_SECONDS = 1.0
"""After so long whoever waits asks again, at most: the breaker may have closed long before a pause is over."""


@dataclass(frozen=True, slots=True, eq=False)
class Admission:
    """Lets one ask start. outages: how many were over by then."""

    outages: int


@dataclass(slots=True)
class _Outage:
    """What an open breaker knows. Times are those of its clock.

    since: when it opened. until: when the next probe may start. probe: the one in flight.
    """

    since: float
    until: float
    failure: Failure
    pause: float = FIRST_PAUSE
    probe: Admission | None = None


class Breaker:
    """Decides whether an ask may start. Safe for threads and tasks alike.

    max_wait: the seconds that it may stay open before it gives up.
    on_warning: gets one line when it opens, and one when it closes again.
    now: the clock, in seconds.
    """

    def __init__(
        self,
        *,
        max_wait: float = MAX_WAIT,
        on_warning: Callable[[str], None] = lambda _: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_wait, self._on_warning, self._now = max_wait, on_warning, now
        self._lock = threading.RLock()
        self._outage: _Outage | None = None
        self._outages = 0
        self._failures = 0
        self._refusals: list[tuple[bytes, Failure]] = []
        self._refused_whole = 0
        self._end: SlotfillError | None = None

    @property
    def reason(self) -> str | None:
        """Why no ask may start, in one line; None where one may."""
        with self._lock:
            if self._end is not None:
                return str(self._end)
            return None if self._outage is None else _paused(self._outage)

    @property
    def state(self) -> Literal["closed", "open", "ended"]:
        """Whether all asks start, none does for now, or none does any more."""
        with self._lock:
            if self._end is not None:
                return "ended"
            return "closed" if self._outage is None else "open"

    def admit(self) -> Admission | float:
        """Let an ask start, or return the seconds after which to ask again.

        Each admission is to be given back, by `note` or `cancelled`.

        Raises ModelError or StoppedError where no ask will start any more.
        """
        with self._lock:
            self.check()
            outage = self._outage
            if outage is None:
                return Admission(self._outages)
            now = self._now()
            over = outage.since + self._max_wait
            if now >= over:
                self._stop(StoppedError(_gave_up(outage, self._max_wait)))
                self.check()
            if outage.probe is None and now >= outage.until:
                outage.probe = Admission(self._outages)
                return outage.probe
            # Whoever asks while a probe is out need not wake for it: the breaker closes, or the probe fails and sets a
            # new pause.
            probing = outage.until if outage.probe is None else over
            return min(probing - now, over - now, _POLL_SECONDS)

    def note(self, admission: Admission, failure: Failure | None) -> bool:
        """Take what came of an ask; None is a reply. True says that it fell into an outage, and is to be asked again.

        An outage that began after it was let start counts, also one that is over by now.
        """
        with self._lock:
            if failure is not None and failure.type.stops_run and failure.type.ends_fallbacks:
                self._stop(ending_of(failure))
            elif failure is not None and failure.type.retry_later:
                return self._failed(admission, failure)
            else:
                self._alive()
            return False

    def cancelled(self, admission: Admission) -> None:
        """Take back an ask of which nothing came: another one may probe in its place."""
        with self._lock:
            if self._outage is not None and self._outage.probe is admission:
                self._outage.probe = None

    def ended(self, document: bytes, failure: Failure | None, *, partly: bool = False) -> None:
        """Take how a document, by its key, ended; None says that it was extracted.

        partly: something of it was read: it makes no row of refusals longer, but is to be asked about with the others.
        """
        with self._lock:
            if failure is not None and failure.type.stops_run:
                self._stop(ending_of(failure))  # of those that a fallback might not have met, it met them too
            if failure is not None and failure.type.retry_later:
                return
            # A document that is refused for itself (its text, its size) breaks the row: only five alike, one after the
            # other, mean that the request is at fault.
            if self._refused_whole < REFUSALS and not self._goes_on(failure):  # what has stopped the run stays
                self._refusals.clear()
                self._refused_whole = 0
            if failure is not None and self._goes_on(failure):
                self._refusals.append((document, failure))
                self._refused_whole += not partly
                if self._refused_whole == REFUSALS:
                    self._stop(StoppedError(_refused([one for _, one in self._refusals])))

    @property
    def refused(self) -> tuple[bytes, ...]:
        """The documents that stopped the run, by their keys, as their requests were refused alike; else none."""
        with self._lock:
            return tuple(key for key, _ in self._refusals) if self._refused_whole >= REFUSALS else ()

    def check(self) -> None:
        """Raise ModelError or StoppedError, as `admit` does, where no ask will start any more."""
        if self._end is not None:
            raise type(self._end)(str(self._end))  # a new one: each carries the traceback of whoever meets it

    def _goes_on(self, failure: Failure | None) -> bool:
        """Whether a failure is a refusal, and like those in a row before it."""
        before = (one for _, one in self._refusals[-1:])
        return failure is not None and failure.type.refuses_request and all(_are_alike(one, failure) for one in before)

    def _stop(self, end: SlotfillError) -> None:
        """Open for good; the first reason stays."""
        # Of a thousand tasks each may meet the end in its own words: what is told is the first reason, and it alone.
        self._end = self._end or end

    def _failed(self, admission: Admission, failure: Failure) -> bool:
        outage = self._outage
        # Let start before the last outage, and heard of after it: a time-out of ten minutes ago says nothing of now.
        if outage is None and admission.outages < self._outages:
            return True  # it says nothing of the time since
        self._failures += 1
        if outage is None and self._failures >= FAILURES:
            now = self._now()
            self._outage = _Outage(now, now + FIRST_PAUSE, failure)
            self._on_warning(_paused(self._outage))
        elif outage is not None and outage.probe is admission:
            outage.pause = min(2 * outage.pause, LONGEST_PAUSE)
            outage.until, outage.failure, outage.probe = self._now() + outage.pause, failure, None
        return self._outage is not None

    def _alive(self) -> None:
        self._failures = 0
        outage, self._outage = self._outage, None
        if outage is not None:
            self._outages += 1
            self._on_warning(f"the service answers again, after {self._now() - outage.since:,.0f} s")


def reason_of(extraction: Extraction[Any]) -> Failure | None:
    """Return why a document has no whole value: of one in chunks the failure of a chunk, without its place."""
    error = extraction.error
    of_chunks = (chunk.error for chunk in extraction.chunks if chunk.error)
    return next((one for one in of_chunks if error and (one.type == error.type or one.type.refuses_request)), error)


def ending_of(failure: Failure) -> SlotfillError:
    """Return the error that ends a run for a failure which every further request would meet, with what to do next."""
    message = f"{failure.message}: {failure.type.way_out}" if failure.type.way_out else failure.message
    if failure.type is FailureKind.PLUGIN:
        return PluginError(message)
    return (StoppedError if failure.type in (FailureKind.MAX_WAIT, FailureKind.BUDGET) else ModelError)(message)


def _paused(outage: _Outage) -> str:
    return f"{FAILURES} requests in a row failed: {disclosed(outage.failure)}; waiting until the service answers again"


def _gave_up(outage: _Outage, max_wait: float) -> str:
    return (
        f"the service has not answered for {max_wait:,.0f} s: {disclosed(outage.failure)}: "
        "run it again later, or allow a longer wait with --max-wait"
    )


def _are_alike(one: Failure, other: Failure) -> bool:
    """Whether two refusals have one reason: a schema's may name a part, which is another in each mode."""
    # A bad request is refused for many reasons, so that its message has to be the same; a schema is one schema, and the
    # message may name another part of it in each mode.
    return one.type == other.type and (one.type is not FailureKind.BAD_REQUEST or one.message == other.message)


def _refused(failures: list[Failure]) -> str:
    """Say that requests are refused; a message that several documents got quotes none of them."""
    messages = {failure.message for failure in failures}
    reason = f": {failures[0].message}" if len(messages) == 1 else ""
    if failures[0].type is FailureKind.SCHEMA_REFUSED:
        way_out = "make it simpler; `slotfill schemas SCHEMA --lint` says what it loses"
        return f"the service refuses the schema{reason}: {way_out}"
    return (
        f"the service refuses {REFUSALS} requests in a row{reason}: see to that, and run it again: nothing was billed"
    )
