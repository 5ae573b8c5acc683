"""The prompt cache of the simulated service: which beginnings of prompts it holds, and what reading one costs."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

from slotfill.extractors.testing.simulator.clock import Clock
from slotfill.extractors.testing.simulator.simulated_request import SimulatedRequest
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["PromptCache", "PromptTokens"]

LIFETIMES = {"5m": 300.0, "1h": 3_600.0}
"""Seconds for which a prefix stays in the cache after its last use."""


class PromptTokens(NamedTuple):
    """The tokens of one prompt.

    Attributes:
        beside: Those after the last prefix that is marked for the cache.
        hit: Those that were read from the cache.
        written: Those that were written to it.
        lifetime: For how long: `5m` or `1h`.
    """

    beside: int
    hit: int
    written: int
    lifetime: str

    @property
    def limited(self) -> int:
        """Those that count for the rate limits: what is read from the cache does not."""
        return self.beside + self.written

    def to_json(self) -> JSONObject:
        """Write them as the `usage` of a message does."""
        return {
            "input_tokens": self.beside,
            "cache_read_input_tokens": self.hit,
            "cache_creation_input_tokens": self.written,
            "cache_creation": {
                f"ephemeral_{lifetime}_input_tokens": self.written * (lifetime == self.lifetime)
                for lifetime in LIFETIMES
            },
        }


class PromptCache:
    """The prefixes that the service holds, each until its time is over. Safe for any number of threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._expiry: dict[str, float] = {}
        self._reading = threading.Lock()

    def read(self, request: SimulatedRequest) -> PromptTokens:
        """Read a prompt, from the cache as far as it is held there, and hold its marked prefixes from now on."""
        hit = self._held(request.cache_prefixes)
        _, longest, lifetime = max(request.cache_prefixes, key=itemgetter(1), default=("", 0, "5m"))
        return PromptTokens(request.tokens - longest, hit, longest - hit, lifetime)

    def _held(self, prefixes: Sequence[tuple[str, int, str]]) -> int:
        """Return the tokens of the longest prefix that is held, and hold all of them."""
        now = self._clock.now()
        with self._reading:
            hit = max((tokens for key, tokens, _ in prefixes if self._expiry.get(key, 0) >= now), default=0)
            self._expiry |= {key: now + LIFETIMES[lifetime] for key, _, lifetime in prefixes}
        return hit
