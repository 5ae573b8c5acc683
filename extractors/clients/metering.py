"""Metering: what each HTTP try for a message may cost, told before it is sent, and what it took, told after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from anthropic import AnthropicError

from slotfill.extractors.record.usage import Usage

__all__ = ["BudgetError", "Meter", "Try"]


class BudgetError(AnthropicError):
    """The worst case of a request no longer fits into what may be spent."""


@dataclass(frozen=True, slots=True)
class Try:
    """One HTTP try for a message, before it is sent.

    size: bytes of its body; no token is shorter than one. room: its `max_tokens`.
    """

    model: str
    size: int
    room: int


class Meter(Protocol):
    """Takes account of every try. Safe for threads and tasks alike."""

    def admit(self, attempt: Try) -> int | None:
        """Reserve a try's worst case and give its number; None where others must be settled first.

        Raises BudgetError where it will not fit.
        """

    def check(self) -> None:
        """Raise BudgetError where no further try shall start, not even one that was admitted and waits for its turn."""

    def settle(self, number: int, usage: Usage | None) -> None:
        """Settle a try by what the service counted, nothing where it refused it.

        None keeps what was reserved as spent: the reply never arrived, and may have been billed.
        """
