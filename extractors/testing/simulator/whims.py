"""What the service does now one way and now another: how often is from its recordings, when is drawn from the seed."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

__all__ = ["Whims", "thoughts_of", "whims_of"]

BEGUN = 88
"""The most output tokens that the start of a stream tells."""

LATE_PINGS = 69, 283
"""Of so many pings so many came after the first delta, all others after the first start of a block."""

CITABLE = 1, 8
"""Of so many texts so many start with an empty list of citations; a guess: the recordings show that some do."""

THOUGHTS = 15, 77
"""Tokens, the fewest and the most that were recorded of a model that was not asked to think."""

RETRY_AFTER = 85, 748
"""Of so many replies so many asked to wait, with nothing to wait for."""


@dataclass(frozen=True, slots=True)
class Whims:
    """How one reply is given. begun, late_ping, citable: as in `events`. retry_after: in seconds, 0 for none."""

    begun: int
    late_ping: bool
    citable: bool
    retry_after: int


def whims_of(seed: int, body: bytes) -> Whims:
    """Draw how a request is answered: the same one always alike."""
    drawn = crc32(body, seed & 0xFFFFFFFF)
    drawn, begun = divmod(drawn, BEGUN)
    happens = []
    for share, of in (LATE_PINGS, CITABLE, RETRY_AFTER):
        drawn, rest = divmod(drawn, of)
        happens.append(rest < share)
    late_ping, citable, waits = happens
    return Whims(begun + 1, late_ping, citable, (begun + 1) * waits)


def thoughts_of(seed: int, body: bytes) -> int:
    """Draw how many tokens the model thinks about a request where nobody says it: as many about the same one always."""
    fewest, most = THOUGHTS
    return fewest + crc32(b"thoughts", crc32(body, seed & 0xFFFFFFFF)) % (most - fewest + 1)
