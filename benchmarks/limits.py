"""How near to its limits a run comes, and how often it is refused, each limit binding in turn.

    python benchmarks/limits.py [MINUTES]
    python benchmarks/limits.py day

Time is simulated: the pacer that every run uses, a service that enforces all three limits, replies that take 2 to 10
seconds, and a process that is late by some milliseconds. Counted after the first minute. At least 97 % of what is
allowed, and under 0.5 % refused; exits with 1 where that is missed. `day` is one of an account of 4,000 requests a
minute, whose limits are learnt, and what it costs with the default model, nothing read from the cache.
"""

from __future__ import annotations

import heapq
import math
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from random import Random

from slotfill.extractors.catalogue.model_ids import DEFAULT_MODEL
from slotfill.extractors.catalogue.prices import price_a_million
from slotfill.extractors.clients.pacer import LIMITS, Pacer, Reservation
from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.testing.simulator.clock import ManualClock
from slotfill.extractors.testing.simulator.simulated_limits import RateLimits

MINUTES = 10
DAY = 24 * 60 * 60.0
AT_ONCE = 1_000
ROOM = 3_000
ROUND_TRIP = 0.1
LATE = 0.003
LEAST_SHARE, MOST_REFUSED = 0.97, 0.005

ACCOUNTS = {
    "requests": {"rpm": 4_000, "itpm": 40_000_000, "otpm": 8_000_000},
    "input-tokens": {"rpm": 4_000, "itpm": 2_000_000, "otpm": 8_000_000},
    "output-tokens": {"rpm": 4_000, "itpm": 40_000_000, "otpm": 200_000},
}
SMALL = {
    "requests": {"rpm": 50, "itpm": 500_000, "otpm": 100_000},
    "input-tokens": {"rpm": 50, "itpm": 50_000, "otpm": 100_000},
    "output-tokens": {"rpm": 50, "itpm": 500_000, "otpm": 4_000},
}


@dataclass(order=True)
class Reply:
    """What comes back from the service, and when; `retry_after` where it refused."""

    at: float
    reservation: Reservation = field(compare=False)
    input_tokens: int = field(compare=False, default=0)
    output_tokens: int = field(compare=False, default=0)
    retry_after: float | None = field(compare=False, default=None)


class Traffic:
    """Documents without end, put to a simulated service as a pacer lets them.

    given: what the pacer is told of the limits; the rest it learns from the replies.
    others: what others, of the same account, leave of the limits that replies tell.
    """

    def __init__(
        self, limits: Mapping[str, float], given: Mapping[str, float], *, others: float = 1.0, seed: int = 0
    ) -> None:
        self.others = others
        self.clock = ManualClock(0.0)
        self.service = RateLimits(**limits)
        self.pacer = Pacer(**given, now=self.clock.now)
        self.chance = Random(seed)
        self.replies: list[Reply] = []
        self.counted: Counter[str] = Counter()
        self.refused = 0
        self.starts: list[float] = []

    def run(self, until: float) -> None:
        """Go on until then."""
        size = self._size()
        while self.clock.now() < until:
            told = self.pacer.admit(size, ROOM)
            if isinstance(told, Reservation):
                self._send(told)
                size = self._size()
                self._pass(0.0 if len(self.replies) < AT_ONCE else self.replies[0].at - self.clock.now())
            else:
                self._pass(min(told.seconds, 1.0) + self.chance.expovariate(1 / LATE))

    def _size(self) -> int:
        return round(2_000 + self.chance.lognormvariate(8.0, 0.7))

    def _send(self, reservation: Reservation) -> None:
        now = self.clock.now()
        self.starts.append(now)
        input_tokens = round(reservation.size * self.chance.uniform(0.22, 0.32))
        try:
            self.service.admit(input_tokens, self.clock)
        except ApiError as error:
            self.refused += 1
            after = float(error.headers["retry-after"])
            heapq.heappush(self.replies, Reply(now + ROUND_TRIP, reservation, retry_after=after))
            return
        self.counted.update({"requests": 1, "input-tokens": input_tokens})
        wrote = round(self.chance.lognormvariate(5.0, 0.6))
        heapq.heappush(self.replies, Reply(now + self.chance.uniform(2, 10), reservation, input_tokens, wrote))

    def _pass(self, seconds: float) -> None:
        """Let time pass, and take what comes back until then."""
        until = self.clock.now() + max(0.0, seconds)
        while self.replies and self.replies[0].at <= until:
            reply = heapq.heappop(self.replies)
            self.clock.advance(max(0.0, reply.at - self.clock.now()))
            self._take(reply)
        self.clock.advance(max(0.0, until - self.clock.now()))

    def _take(self, reply: Reply) -> None:
        self.pacer.learn({name: float(told) / self.others for name, told in self._headers()})
        if reply.retry_after is not None:
            self.pacer.refused(reply.reservation, limited=True, retry_after=reply.retry_after)
            return
        self.service.wrote(reply.output_tokens)
        self.counted["output-tokens"] += reply.output_tokens
        self.pacer.answered(reply.reservation, reply.input_tokens, reply.output_tokens)

    def _headers(self) -> Iterator[tuple[str, str]]:
        told = self.service.headers(self.clock)
        return ((name, told[f"anthropic-ratelimit-{name}-limit"]) for name in LIMITS)


def measure(
    binding: str, limits: Mapping[str, float], given: Mapping[str, float], minutes: int, others: float = 1.0
) -> tuple[float, float]:
    """Print and give what share of the binding limit was used after the first minute, and what share was refused."""
    traffic = Traffic(limits, given, others=others)
    traffic.run(60.0)
    begun, refused, tries = traffic.counted[binding], traffic.refused, len(traffic.starts)
    traffic.run(60.0 * (minutes + 1))
    allowed = minutes * dict(zip(LIMITS, limits.values(), strict=True))[binding]
    share = (traffic.counted[binding] - begun) / allowed
    lost = (traffic.refused - refused) / (len(traffic.starts) - tries)
    first = refused / tries
    busiest = max(Counter(map(math.floor, traffic.starts[tries:])).values())
    longest = max(later - earlier for earlier, later in pairwise(traffic.starts))
    how = "given" if given else "learnt" if others == 1 else "shared"
    print(f"| {binding} | {how} | {limits['rpm']:,} | {limits['itpm']:,} | {limits['otpm']:,} | {share:.1%} | "
          f"{lost:.2%} | {first:.2%} | {busiest} | {longest:.1f} s |")  # fmt: skip
    return share, lost


def day() -> None:
    limits = ACCOUNTS["requests"]
    traffic = Traffic(limits, {})
    traffic.run(DAY)
    counted, tries = traffic.counted, len(traffic.starts)
    print(
        f"{counted['requests']:,} documents, {counted['requests'] / (DAY / 60 * limits['rpm']):.2%} of what is allowed"
    )
    print(f"{traffic.refused:,} requests refused, {traffic.refused / tries:.4%}")
    a_million = [Decimal(told) for told in price_a_million(DEFAULT_MODEL)]
    tokens = [counted["input-tokens"], counted["output-tokens"]]
    cost = sum(count * price for count, price in zip(tokens, a_million, strict=True)) / 1_000_000
    print(f"{tokens[0]:,} tokens in, {tokens[1]:,} out; ${cost:,.0f} with {DEFAULT_MODEL}")


def main(minutes: int = MINUTES) -> int:
    print("| binding | limits | rpm | itpm | otpm | used | refused | in the first minute | busiest second | pause |")
    print("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    figures = [
        measure(binding, limits, given, minutes)
        for accounts in (ACCOUNTS, SMALL)
        for binding, limits in accounts.items()
        for given in (limits, {})
    ]
    for limits in (ACCOUNTS["requests"], SMALL["requests"]):
        measure("requests", limits, {}, minutes, others=0.5)
    return any(share < LEAST_SHARE or refused > MOST_REFUSED for share, refused in figures)


if __name__ == "__main__":
    sys.exit(day() if sys.argv[1:] == ["day"] else main(*map(int, sys.argv[1:])))
