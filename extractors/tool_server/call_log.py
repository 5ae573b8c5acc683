"""What is at work, and what of it the end of the server cut off."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from slotfill.extractors.record.money import money_text

__all__ = ["CallLog"]


class CallLog:
    """Counts calls by their tools."""

    def __init__(self) -> None:
        self._ending = False  # a call that is cut off from then on was not given up by its client
        self._answered, self._cut_off = 0, Counter[str]()

    def end(self) -> None:
        """Note that the server ends."""
        self._ending = True

    @contextmanager
    def at_work(self, tool: str) -> Iterator[None]:
        """Note a call while it is entered."""
        try:
            yield
        except asyncio.CancelledError:
            if self._ending:
                self._cut_off[tool] += 1
            raise
        finally:
            self._answered += 1

    def summary(self, spent: Decimal | None) -> Iterator[str]:
        """Yield the lines that tell of the end.

        Args:
            spent: What all calls cost, in USD; None where a price is unknown.
        """
        cost = "an unknown amount" if spent is None else money_text(spent)
        yield f"stopped after {_counted(self._answered, 'call')}; {cost} is spent"
        if self._cut_off:
            tools = ", ".join(f"{count} {tool}" for tool, count in sorted(self._cut_off.items()))
            yield f"cut off, and perhaps paid for: {tools}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
