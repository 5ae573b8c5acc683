"""How many servers are worth lending: by the documents that get done in a second with one more, and without."""

from __future__ import annotations

__all__ = ["PATIENCE", "Throughput"]

PATIENCE = 3.0
"""Seconds that documents wait before another server is loaded: about what loading it, and reading its first examples,
takes. With few documents one server is done sooner. As long is timed at least."""

TRIAL = 4
"""So many documents are timed, at least: fewer tell little, as texts differ."""

LONG_WAIT = 10
"""So many times `PATIENCE` documents wait for the timing of those before them: some take minutes."""

RETRIAL = 120.0
"""Seconds after which another server is tried again where it was no gain: what else the machine does has changed."""


class Throughput:
    """Counts what gets done while documents wait, and says how many servers may be lent at once.

    most: so many, at most. Where the cores are busy, with other programs or the first server, another may be slower:
    on two cores at a load of 12 one gave 1.2 documents a second, and two gave 1.9 or 1.0.
    All times are in seconds, by one clock.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.lent = 1
        self._rates: dict[int, float] = {}
        self._since: float | None = None
        self._done = 0
        self._not_before = 0.0

    def wait(self, now: float) -> None:
        """Note that a document waits: from now on what gets done is counted."""
        if self._since is None:
            self._start(now)

    def rest(self) -> None:
        """Note that none waits: how fast documents then come says nothing of the servers."""
        self._since = None

    def finish(self, now: float) -> None:
        """Note that a document is done while others wait; withdraw a server that is no gain."""
        if self._since is None:
            return
        self._done += 1
        if self._done == 0:  # a new server has read its examples: from here on it counts
            self._since = now
        if self._done < TRIAL or now - self._since < PATIENCE:
            return
        self._rates[self.lent] = self._done / (now - self._since)
        self._start(now)
        if self.lent > 1 and self._rates[self.lent] < self._rates[self.lent - 1]:
            self.lent -= 1
            self._not_before = now + RETRIAL

    def may_grow(self, now: float) -> bool:
        """Whether another server may be tried."""
        if self._since is None or self.lent >= self.most or now < self._not_before:
            return False
        return self.lent in self._rates or now - self._since >= LONG_WAIT * PATIENCE

    def grow(self, now: float) -> None:
        """Try another server."""
        if self.lent not in self._rates and self._since is not None:
            self._rates[self.lent] = self._done / (now - self._since)
        self.lent += 1
        self._start(now)
        self._done = -self.lent

    def _start(self, now: float) -> None:
        self._since, self._done = now, 0
