"""Rate limits as the service enforces them: token buckets that refill all the time, and the headers that tell of them.

https://platform.claude.com/docs/en/api/rate-limits
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.testing.rules.request_rules import BATCH_BYTES, BATCH_REQUESTS
from slotfill.extractors.testing.simulator.clock import Clock

__all__ = ["BatchLimits", "RateLimits"]

UNENFORCED = {"requests": 4_000, "input-tokens": 2_000_000, "output-tokens": 400_000}
"""What the headers tell where nothing is enforced: the figures of a large account."""

ROUNDED = 1_000
"""Tokens left are told in thousands."""

MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """The most that a simulated service takes in one message batch; by default what the service takes.

    Attributes:
        requests: How many requests. A batch of more is a 400.
        body_bytes: Bytes of the body that creates it. One of more is a 413.
    """

    requests: int = BATCH_REQUESTS
    body_bytes: int = BATCH_BYTES


@dataclass
class _Bucket:
    """So many a minute, at most a minute's worth at once; what is spent beyond that is owed."""

    per_minute: float
    enforced: bool
    level: float = field(init=False)
    at: float | None = None

    def __post_init__(self) -> None:
        self.level = self.per_minute

    def refill(self, now: float) -> None:
        passed = max(0.0, now - (now if self.at is None else self.at))
        self.level, self.at = min(self.per_minute, self.level + self.per_minute * passed / MINUTE), now

    def seconds_until(self, level: float) -> float:
        return max(0.0, (min(level, self.per_minute) - self.level) * MINUTE / self.per_minute)


class RateLimits:
    """Rate limits that a simulated service enforces.

    Tokens read from the cache do not count, as at the service. Output counts once it is written: a request is refused
    while output is owed.

    Args:
        rpm: Requests a minute; None enforces nothing.
        itpm: Input tokens a minute, likewise.
        otpm: Output tokens a minute, likewise.
    """

    def __init__(self, *, rpm: float | None = None, itpm: float | None = None, otpm: float | None = None) -> None:
        limits = dict(zip(UNENFORCED, (rpm, itpm, otpm), strict=True))
        self._buckets = {
            name: _Bucket(UNENFORCED[name] if limit is None else limit, limit is not None)
            for name, limit in limits.items()
        }
        self._spending = threading.Lock()

    def admit(self, input_tokens: int, clock: Clock) -> None:
        """Take a request in. Raises ApiError 429, whose `retry_after` says in how many seconds there is room."""
        needed = {"requests": 1.0, "input-tokens": float(input_tokens), "output-tokens": 1.0}
        with self._spending:
            self._refill(clock)
            waits = {name: bucket.seconds_until(needed[name]) for name, bucket in self._enforced()}
            worst = max(waits, key=lambda name: waits[name], default="")
            if worst and waits[worst] > 0:
                text = f"This request would exceed your rate limit of {self._described(worst)}"
                raise ApiError(429, "rate_limit_error", text, {"retry-after": str(math.ceil(waits[worst]))})
            self._buckets["requests"].level -= 1
            self._buckets["input-tokens"].level -= input_tokens

    def wrote(self, output_tokens: int) -> None:
        """Count what was written."""
        with self._spending:
            self._buckets["output-tokens"].level -= output_tokens

    def headers(self, clock: Clock) -> dict[str, str]:
        """Write what is left, and when all of it will be back; of tokens also both kinds together."""
        with self._spending:
            self._refill(clock)
            state = {
                name: (
                    int(bucket.per_minute),
                    max(0, int(bucket.level)),
                    math.ceil(clock.now() + bucket.seconds_until(bucket.per_minute)),
                )
                for name, bucket in self._buckets.items()
            }
        (limit_in, left_in, reset_in), (limit_out, left_out, reset_out) = state["input-tokens"], state["output-tokens"]
        state["tokens"] = limit_in + limit_out, left_in + left_out, min(reset_in, reset_out)
        return {
            f"anthropic-ratelimit-{name}-{what}": text
            for name, (limit, left, reset) in state.items()
            for what, text in (
                ("limit", str(limit)),
                ("remaining", str(left if name == "requests" else round(left / ROUNDED) * ROUNDED)),
                ("reset", _timestamp(reset)),
            )
        }

    def _refill(self, clock: Clock) -> None:
        now = clock.now()
        for bucket in self._buckets.values():
            bucket.refill(now)

    def _enforced(self) -> list[tuple[str, _Bucket]]:
        return [(name, bucket) for name, bucket in self._buckets.items() if bucket.enforced]

    def _described(self, name: str) -> str:
        return f"{int(self._buckets[name].per_minute)} {name.replace('-', ' ')} per minute"


@lru_cache(maxsize=256)
def _timestamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
