"""Inbound: what a service says beside its message, made ours: typed, bounded, and never an exception.

A gateway, a proxy or a fault may put anything into a count, a header or an identifier. What cannot be what it is called
is unknown, None: a reply that was paid for is not lost for a header that is odd.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from slotfill.extractors.record.usage import Usage

__all__ = [
    "excerpt",
    "identifier",
    "input_text",
    "keep_input_text",
    "rate_limits",
    "redirect_target",
    "retry_after",
    "token_count",
    "usage_of",
    "whole_characters",
]

_INPUT_TEXT = "_slotfill_input_text"

_THOUGHTS = ("thinking", "redacted_thinking")
"""The kinds of a message's blocks that hold, or stand for, what the model thought."""

MOST_TOKENS = 100_000_000
"""A hundred times what a model can read: a request that took more cannot be, and sums of it must not overflow."""

MOST_DIGITS = 15
"""Of a limit a minute: a float holds so many exactly."""

MOST_SECONDS = 366 * 86_400.0
"""The longest wait that is told as it is; one that is longer is as good as this."""

LONGEST_IDENTIFIER = 200
LONGEST_EXCERPT = 2_000


def token_count(value: object) -> int | None:
    """Read a count of tokens; None for what cannot be one: a string, `true`, 1.5, 1e30, -1, 2^63."""
    return value if type(value) is int and 0 <= value <= MOST_TOKENS else None


def usage_of(counted: object, content: object = ()) -> Usage:
    """Copy what a service counted, by the Messages API's names; None is what it did not tell.

    A service that caches nothing may leave the cache's counts out, or null. Where thoughts are not counted there are
    none, unless they stand among the blocks of the message's content, or nobody knows what was written at all. More
    than was written they cannot be. Of its tiers of service the batches' alone has other prices.
    """
    read = token_count(getattr(counted, "input_tokens", None))
    wrote = token_count(getattr(counted, "output_tokens", None))
    from_cache = getattr(counted, "cache_read_input_tokens", None)
    to_cache = getattr(counted, "cache_creation_input_tokens", None)
    nothing = None if read is None else 0
    thought = _thoughts(counted, content)
    if wrote is None or (thought is not None and thought > wrote):
        thought = None
    return Usage(
        read,
        wrote,
        nothing if from_cache is None else token_count(from_cache),
        nothing if to_cache is None else token_count(to_cache),
        thought,
        tier="batch" if getattr(counted, "service_tier", None) == "batch" else None,
    )


def _thoughts(counted: object, content: object) -> int | None:
    details = getattr(counted, "output_tokens_details", None)
    if details is not None:
        return token_count(getattr(details, "thinking_tokens", None))
    kinds = (_kind(block) for block in content) if isinstance(content, list) else ()
    return None if any(kind in _THOUGHTS for kind in kinds) else 0


def _kind(block: object) -> object:
    return block.get("type") if isinstance(block, dict) else getattr(block, "type", None)


def identifier(value: object) -> str | None:
    """Read a name that a service gives something; None for what is no name: too long, with control characters.

    It is not cut: half of a credential that stands in it would not be known for one.
    """
    named = isinstance(value, str) and 0 < len(value) <= LONGEST_IDENTIFIER and value.isprintable()
    return value if named else None  # type: ignore[return-value]  # a string, then


def excerpt(value: object) -> str:
    """Write a text of a service in one line; of a longer one the length alone, as half of a credential shows none."""
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return text if len(text) <= LONGEST_EXCERPT else f"({len(text):,} characters)"


class _InputText(str):
    """The text of a tool's input: no JSON that a service sends is of this type."""

    __slots__ = ()


def keep_input_text(block: Any, text: str) -> None:
    """Have a block of a message carry a tool's input as the model wrote it, beside what the SDK has made of it."""
    setattr(block, _INPUT_TEXT, _InputText(text or "{}"))


def input_text(block: Any) -> str | None:
    """Return a tool's input as the model wrote it; None where nobody has kept it."""
    text = getattr(block, _INPUT_TEXT, None)
    return text if isinstance(text, _InputText) else None


def whole_characters(text: str) -> str:
    """Put together the characters that came as two halves of a surrogate pair; a half without its other stays."""
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def rate_limits(headers: Mapping[str, str], names: Iterable[str]) -> dict[str, float]:
    """Read the limits a minute that a reply tells, by name; those that are no positive whole number are not told."""
    values = {name: headers.get(f"anthropic-ratelimit-{name}-limit", "") for name in names}
    return {
        name: float(value)
        for name, value in values.items()
        if len(value) <= MOST_DIGITS and value.isdecimal() and int(value) > 0
    }


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a reply asks to wait, None where it does not say so, or not so that it can be read.

    Written as `retry-after-ms`, or as `retry-after` in seconds or as a date: RFC 9110, section 10.2.3.
    """
    for name, unit in (("retry-after-ms", 1_000.0), ("retry-after", 1.0)):
        with suppress(Exception):
            seconds = float(headers[name]) / unit
            if math.isfinite(seconds):
                return min(max(0.0, seconds), MOST_SECONDS)
    with suppress(Exception):  # no header, no date, or one that no clock holds: `31 Dec 9999 23:59:59 -1200`
        until = parsedate_to_datetime(headers["retry-after"])
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return min(max(0.0, (until - datetime.now(UTC)).total_seconds()), MOST_SECONDS)
    return None


def redirect_target(headers: Mapping[str, str]) -> str | None:
    """Name where a redirect leads, by scheme and host; None where it does not say so."""
    with suppress(Exception):
        target = urlsplit(headers["location"])
        host = f"{target.hostname}:{target.port}" if target.port else target.hostname
        return identifier(f"{target.scheme}://{host}") if target.scheme and target.hostname else None
    return None
