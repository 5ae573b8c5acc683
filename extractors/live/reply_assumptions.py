"""What is assumed of replies: what they tell beside their message, whole, in a stream, and of the cache."""

from __future__ import annotations

from collections.abc import Iterator

from slotfill.extractors.catalogue import model_facts
from slotfill.extractors.catalogue.families import family_of
from slotfill.extractors.live.assumption import Assumption
from slotfill.extractors.live.probes import Probe, RequestWriter
from slotfill.extractors.live.reply_criteria import (
    agrees_with_count,
    counts_thinking,
    reads_what_was_written,
    streams_in_order,
    streams_totals,
    tells_limits,
    tells_no_limits,
    tells_tier_and_place,
    writes_nothing,
)
from slotfill.extractors.live.shared_probes import PARCEL, count_probe, list_probe, misspelt_probe, structured_probe

__all__ = ["of_replies", "of_streams", "of_the_cache"]

_CHARS_A_TOKEN = 6
"""More than English has: so many characters for each token surely make a prefix long enough."""


def of_replies(writer: RequestWriter) -> Iterator[Assumption]:
    """Return what is assumed of what a reply tells beside its message."""
    structured = structured_probe(writer)
    yield Assumption(
        "rate_limits",
        "A reply tells the limits of requests, input and output tokens a minute.",
        (structured,),
        tells_limits,
        rests_on="structured",
    )
    yield Assumption(
        "count_tokens",
        "Tokens are counted beforehand as they are billed, but for a few.",
        (count_probe(writer), structured),
        agrees_with_count,
        rests_on="structured",
    )
    yield Assumption(
        "no_limits",
        "A list of models, a count of tokens and a refusal tell no limits.",
        (list_probe(), count_probe(writer), misspelt_probe(writer)),
        tells_no_limits,
    )
    yield Assumption(
        "usage",
        "The usage of a reply tells at which tier and where it was made.",
        (structured,),
        tells_tier_and_place,
        rests_on="structured",
    )
    if not family_of(writer.model).sampling:
        yield Assumption(
            "thinking_tokens",
            "The usage of a reply tells how many tokens the model thought.",
            (structured,),
            counts_thinking,
            rests_on="structured",
        )


def of_streams(writer: RequestWriter) -> Iterator[Assumption]:
    """Return what is assumed of streams."""
    streamed = Probe("stream", {**structured_probe(writer).arguments, "stream": True})
    yield Assumption(
        "stream_order",
        "A stream is a message, its blocks and its totals; no ping comes before the first block.",
        (streamed,),
        streams_in_order,
        rests_on="structured",
    )
    yield Assumption(
        "stream_totals",
        "A stream tells all four counts of tokens at its end.",
        (streamed,),
        streams_totals,
        rests_on="structured",
    )


def of_the_cache(writer: RequestWriter, nonce: str) -> Iterator[Assumption]:
    """Return what is assumed of the prompt cache. nonce: what no run before has written to it."""
    tokens = model_facts.look_up(writer.model).least_cached
    rule = "A parcel whose code begins with ZX goes by sea."
    instructions = "\n".join((nonce, *[rule] * (tokens * _CHARS_A_TOKEN // len(rule))))
    written, read, warmed = (
        Probe(name, writer.as_sent("text", PARCEL, instructions=instructions, room=room))
        for name, room in (("cache_write", 1), ("cache_read", 1), ("warming", 0))
    )
    yield Assumption(
        "cache",
        f"A prefix of {tokens:,} tokens or a few more that is marked for the cache is written once, and then read.",
        (written, read),
        reads_what_was_written,
        rests_on="thinking_off",
    )
    yield Assumption(
        "warming",
        "With max_tokens 0 a prompt is read, and nothing written.",
        (warmed,),
        writes_nothing,
        rests_on="thinking_off",
    )
