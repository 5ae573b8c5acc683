"""Pacing: when the next request may start, so that a service's limits a minute are used and not exceeded.

Pure arithmetic over a clock that is handed in; `rate_limits` does the waiting. What the limits count:
https://platform.claude.com/docs/en/api/rate-limits
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["LIMITS", "SHARE", "Pacer", "Reservation", "Wait"]

LIMITS = ("requests", "input-tokens", "output-tokens")
"""What is limited a minute, as the service's headers name it."""

SHARE = 0.99
"""How much of a limit is used: the rest takes up what clocks and counts differ by."""

CATCH_UP = 0.2
"""Seconds of requests that may be caught up with when the process was late, so that being late costs nothing."""

CATCH_UP_TOKENS = 3.0
"""Seconds of tokens, likewise, or one try's: a reply that is shorter than estimated gives back more than a moment's."""

UNHEARD = 8
"""How many tries may be in flight before the first reply has told the limits."""

TOKENS_A_BYTE = 0.25
FIRST_OUTPUT = 1_024
"""What is reserved before any reply has been counted; a request's own `max_tokens` is mostly far too much."""

FORGETTING = 0.98
"""What an estimate keeps at each further reply: it is of the last fifty or so."""

BACKOFF_FACTOR = 0.8
"""What a refusal leaves of the pace, and of the tries in flight."""

LEAST_PACE = 0.1

WINDOW_RECOVERY = 1 / 60
"""How much of a flight comes back a second. By replies, one more a flight, a large one would take an hour."""

PACE_RECOVERY = 1 / 180
"""How much of the whole pace comes back a second: where others use up the limits too, they will for a while."""

LEARNING_SECONDS = 1.0
"""How long what a reply tells of the limits is believed: they hardly change, and reading them takes its time."""

NOTHING = 1e-6
"""Seconds that are not worth a wait: less than that a clock's figures may not be able to tell."""

POLL_SECONDS = 0.05
"""Seconds until to ask again where as many tries are in flight as may be."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one HTTP try is expected to take. `size`: bytes of its body. `number`: of the try, from 1."""

    number: int
    size: int
    input_tokens: float
    output_tokens: float


@dataclass(frozen=True, slots=True)
class Wait:
    """No try may start for so many seconds. `certain`: no reply that is still to come will shorten it."""

    seconds: float
    certain: bool


class _Bucket:
    """So much a minute, earned evenly; below zero it is owed. Without a limit nothing is."""

    def __init__(self, limit: float | None, catch_up: float, share: float) -> None:
        self.level = 0.0
        self.estimate = 0.0
        self.a_minute = limit
        self._own_limit, self._catch_up, self._share = limit, catch_up, share
        self._per_second = None if limit is None else share * limit / 60

    def learn(self, limit: float) -> None:
        self.a_minute = limit if self._own_limit is None else min(limit, self._own_limit)
        self._per_second = self._share * self.a_minute / 60

    def earn(self, seconds: float) -> None:
        rate = self._per_second
        if rate is None:
            self.level = 0.0
        else:
            # What nobody used is not saved up beyond a moment's worth: the service's own bucket may be emptier than
            # ours after a pause. A try that is larger than that moment (100,000 tokens at once) must still be able to
            # start, once.
            self.level = min(self.level + rate * seconds, max(rate * self._catch_up, self.estimate))

    def seconds_owed(self) -> float:
        rate = self._per_second
        return 0.0 if rate is None else max(0.0, -self.level) / rate


class _Mean:
    """A mean that forgets; `first` until there is something to go by."""

    def __init__(self, first: float) -> None:
        self._first, self._total, self._weight = first, 0.0, 0.0

    def add(self, amount: float, weight: float) -> None:
        # Documents come in runs of a kind: mails, then reports. What was long ago says little of the next one.
        self._total = self._total * FORGETTING + amount
        self._weight = self._weight * FORGETTING + weight

    def __call__(self) -> float:
        return self._total / self._weight if self._weight else self._first


class Pacer:
    """Decides when the next HTTP try may start. Safe for threads and tasks alike.

    Tries start evenly: each once those before it have been earned, at 99 % of the limits. Nothing is saved up while
    nobody asks. A try is charged what it is expected to take, and settled when its reply has been counted.

    After a 429 or a 529 a fifth fewer tries may be in flight, after a 429 the pace is slower by a fifth, too; both
    recover evenly with time. Refusals of tries that were in flight together count once.

    Args:
        rpm: Requests a minute, never exceeded. None is learnt from what replies tell; of a limit that is both given and
            told the smaller counts.
        itpm: Input tokens a minute, likewise.
        otpm: Output tokens a minute, likewise.
        share: How much of a limit is used.
        now: A clock, in seconds, that never goes back.

    Attributes:
        used: What tries have taken of each limit since the beginning, by the names of `LIMITS`.
    """

    def __init__(
        self,
        *,
        rpm: float | None = None,
        itpm: float | None = None,
        otpm: float | None = None,
        share: float = SHARE,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        catching_up = (CATCH_UP, CATCH_UP_TOKENS, CATCH_UP_TOKENS)
        self._buckets = [_Bucket(*both, share) for both in zip((rpm, itpm, otpm), catching_up, strict=True)]
        self._learnt: Mapping[str, float] = {}
        self._learnt_at = -math.inf
        self._now, self._at = now, now()
        self._held_until = -math.inf
        self._pace = 1.0
        self._window = float(UNHEARD) if (rpm, itpm, otpm) == (None, None, None) else math.inf
        self._widening = 0.0
        self._heard = False
        self._in_flight = self._started = self._slowed_at = 0
        self.used = dict.fromkeys(LIMITS, 0.0)
        self._input, self._output = _Mean(TOKENS_A_BYTE), _Mean(FIRST_OUTPUT)
        self._changing = threading.Lock()

    def admit(self, size: int, room: int) -> Reservation | Wait:
        """Let a try start now, or return how long to wait before asking again.

        size: bytes of its body. room: its `max_tokens`.
        """
        with self._changing:
            return self._held() or self._reserve(size, room)

    @property
    def free(self) -> bool:
        """Whether a try may start now."""
        with self._changing:
            return self._held() is None

    @property
    def held_seconds(self) -> float:
        """For how long no try may start, as the service has said; 0 where it has not."""
        with self._changing:
            return max(0.0, self._held_until - self._now())

    def answered(self, reservation: Reservation, input_tokens: int, output_tokens: int) -> None:
        """Settle a try with what the service counted: input that was not read from its cache, and output."""
        with self._changing:
            self._input.add(input_tokens, reservation.size)
            self._output.add(output_tokens, 1)
            self._settle(reservation, input_tokens, output_tokens)
            self._hear()

    def unanswered(self, reservation: Reservation) -> None:
        """Settle a try of which nothing is known: it may have been counted, so that what was reserved is spent."""
        with self._changing:
            self._settle(reservation, reservation.input_tokens, reservation.output_tokens)
            self._hear()

    def cancelled(self, reservation: Reservation) -> None:
        """Take back a try that was let go and never started."""
        with self._changing:
            self._in_flight -= 1
            self._spend(-1, -reservation.input_tokens, -reservation.output_tokens)

    def refused(self, reservation: Reservation, *, limited: bool, retry_after: float | None = None) -> None:
        """Settle a try that the service refused, for a limit (`limited`, a 429) or being overloaded (a 529).

        retry_after: seconds in which no try starts.
        """
        with self._changing:
            now = self._pass_time()
            # Fifty tries that were in flight together are refused together: that is one sign, not fifty, or the pace
            # would fall to nothing at once. Only a try that was started after the last slowing says something new.
            if reservation.number > self._slowed_at:
                self._slowed_at = self._started
                # As congestion control has it: down by a factor, up by a constant, so that two runs on one account end
                # up with like shares.
                self._widening = max(self._in_flight, UNHEARD) * WINDOW_RECOVERY
                self._window = max(1.0, self._in_flight * BACKOFF_FACTOR)
                if limited:
                    self._pace = max(LEAST_PACE, self._pace * BACKOFF_FACTOR)
            if retry_after is not None:
                self._held_until = max(self._held_until, now + retry_after)
            self._heard = True
            # Refused tries are billed nothing, and count for no limit but that of requests.
            self._settle(reservation, 0, 0)

    @property
    def is_curious(self) -> bool:
        """Whether it is time to `learn` again."""
        return self._now() - self._learnt_at >= LEARNING_SECONDS

    @property
    def limits(self) -> Mapping[str, float]:
        """What is kept to a minute, by the names of `LIMITS`, as far as it is known."""
        named = zip(LIMITS, self._buckets, strict=True)
        return {name: bucket.a_minute for name, bucket in named if bucket.a_minute is not None}

    def learn(self, limits: Mapping[str, float]) -> None:
        """Take what a reply tells of the limits, by the names of `LIMITS`."""
        with self._changing:
            self._learnt_at = self._now()
            if limits == self._learnt:
                return
            self._learnt = limits
            self._pass_time()  # what was earned until now was so by the limits of before
            for name, bucket in zip(LIMITS, self._buckets, strict=True):
                if name in limits:
                    bucket.learn(limits[name])

    def _held(self) -> Wait | None:
        """Return how long no try may start, None where one may."""
        now = self._pass_time()
        if now < self._held_until:
            return Wait(self._held_until - now, certain=True)
        # A try may start when nothing is owed, not when there is enough for it: then large and small ones come in their
        # order, and none starves.
        owed = max(bucket.seconds_owed() for bucket in self._buckets)
        if owed > NOTHING:
            return Wait(owed / self._pace, certain=not self._in_flight)
        if self._in_flight and self._in_flight + 1 > self._window:
            return Wait(POLL_SECONDS, certain=False)
        return None

    def _pass_time(self) -> float:
        # All that changes with time is brought up to date here, and nowhere else: there is no clock that ticks.
        now = self._now()
        passed, self._at = now - self._at, now
        self._pace = min(1.0, self._pace + PACE_RECOVERY * passed)
        self._window += self._widening * passed
        for bucket in self._buckets:
            bucket.earn(passed * self._pace)
        return now

    def _reserve(self, size: int, room: int) -> Reservation:
        self._started += 1
        self._in_flight += 1
        # Charged by what replies took so far, not by `max_tokens`, which is ten times as much as most use; settled when
        # known.
        reservation = Reservation(self._started, size, size * self._input(), min(room, self._output()))
        self._spend(1, reservation.input_tokens, reservation.output_tokens)
        _, *tokens = self._buckets
        for bucket, estimate in zip(tokens, (reservation.input_tokens, reservation.output_tokens), strict=True):
            bucket.estimate = estimate
        return reservation

    def _settle(self, reservation: Reservation, input_tokens: float, output_tokens: float) -> None:
        self._in_flight -= 1
        self._spend(0, input_tokens - reservation.input_tokens, output_tokens - reservation.output_tokens)
        for name, amount in zip(LIMITS, (1, input_tokens, output_tokens), strict=True):
            self.used[name] += amount

    def _hear(self) -> None:
        if not self._heard:
            self._heard, self._window = True, math.inf

    def _spend(self, *amounts: float) -> None:
        for bucket, amount in zip(self._buckets, amounts, strict=True):
            bucket.level -= amount
