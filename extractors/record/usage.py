"""Tokens: what requests took, as the service counts them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import NonNegativeInt

from slotfill.extractors.record.json_writer import JSONForm, OmittedIf

__all__ = ["Tier", "Usage", "count_text"]

Tier: TypeAlias = Literal["batch"]
"""A price tier of the service beside the standard one: `batch`, at half price."""


@dataclass(frozen=True, slots=True)
class Usage(JSONForm):
    """Tokens as the service counts them.

    None is a count that is unknown: the service did not tell it, or told what is none. A sum with it is unknown, too.

    Attributes:
        input_tokens: Those of the prompt, but for what was read from or written to the cache.
        output_tokens: Those of the reply.
        cache_read_tokens: Those of the prompt that the cache held.
        cache_write_tokens: Those of the prompt that the cache took.
        thinking_tokens: Those of `output_tokens` that the model thought.
        tier: The service's price tier of one request: `batch` at half price; None for the standard one, and of a sum.
    """

    COUNTED: ClassVar = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "thinking_tokens")

    input_tokens: NonNegativeInt | None = 0
    output_tokens: NonNegativeInt | None = 0
    cache_read_tokens: NonNegativeInt | None = 0
    cache_write_tokens: NonNegativeInt | None = 0
    thinking_tokens: NonNegativeInt | None = 0
    tier: Annotated[Tier | None, OmittedIf(None)] = field(default=None, kw_only=True)

    @property
    def counts(self) -> tuple[int, int, int, int] | None:
        """The first four, which are billed, in their order; None where one of them is unknown."""
        prompt, reply = self.input_tokens, self.output_tokens
        read, written = self.cache_read_tokens, self.cache_write_tokens
        if prompt is None or reply is None or read is None or written is None:
            return None
        return prompt, reply, read, written

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            _sum(self.input_tokens, other.input_tokens),
            _sum(self.output_tokens, other.output_tokens),
            _sum(self.cache_read_tokens, other.cache_read_tokens),
            _sum(self.cache_write_tokens, other.cache_write_tokens),
            _sum(self.thinking_tokens, other.thinking_tokens),
        )


def _sum(count: int | None, other: int | None) -> int | None:
    return None if count is None or other is None else count + other


def count_text(count: int | None) -> str:
    """Write a count for people: "1,204", "unknown"."""
    return "unknown" if count is None else f"{count:,}"
