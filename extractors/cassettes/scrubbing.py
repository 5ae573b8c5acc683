"""What a tape must not hold: keys, tokens and cookies."""

from __future__ import annotations

import re
from functools import lru_cache

import httpx2

from slotfill.extractors.http.redaction import Redaction

__all__ = ["NOTHING_TO_HIDE", "credentials", "redaction_for"]

NOTHING_TO_HIDE = Redaction(())

_SECRET_HEADER = re.compile(r"auth|key|token|secret|cookie", re.IGNORECASE)


def redaction_for(headers: httpx2.Headers) -> Redaction:
    """Make what hides the credentials of a request."""
    return _redaction(credentials(headers))


def credentials(headers: httpx2.Headers) -> tuple[str, ...]:
    """Find what a request's headers hold of keys, tokens and cookies."""
    secrets: set[str] = set()
    for name, value in headers.items():
        if _SECRET_HEADER.search(name):
            secrets |= {value, value.partition(" ")[2]}  # `Bearer KEY`
        if name.lower() == "cookie":
            secrets |= {part.partition("=")[2] for part in value.split("; ")}
    return tuple(sorted(secrets))


@lru_cache(maxsize=16)
def _redaction(secrets: tuple[str, ...]) -> Redaction:
    """Keep what was made for a credential: its pattern takes some 10 ms to compile."""
    return Redaction(secrets, words=True)
