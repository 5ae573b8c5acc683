"""What a tape must not hold: keys, tokens and cookies."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import httpx2

from slotfill.extractors.http.redaction import Redaction

__all__ = ["credentials", "hide", "hide_within"]

_SECRET_HEADER = re.compile(r"auth|key|token|secret|cookie", re.IGNORECASE)


def credentials(headers: httpx2.Headers) -> tuple[str, ...]:
    """Give what a request's headers hold of keys, tokens and cookies."""
    found: set[str] = set()
    for name, value in headers.items():
        if _SECRET_HEADER.search(name):
            found |= {value, value.partition(" ")[2]}  # `Bearer KEY`
        if name.lower() == "cookie":
            found |= {part.partition("=")[2] for part in value.split("; ")}
    return tuple(sorted(found))


@lru_cache(maxsize=16)
def _redaction(secrets: tuple[str, ...]) -> Redaction:
    return Redaction(secrets, words=True)


def hide(text: str, secrets: tuple[str, ...]) -> str:
    """Put `HIDDEN` in the place of each secret, however it is escaped."""
    return _redaction(secrets).hide(text)


def hide_within(value: Any, secrets: tuple[str, ...]) -> Any:
    """Do what `hide` does in all strings of plain JSON data."""
    if isinstance(value, str):
        return hide(value, secrets)
    if isinstance(value, list):
        return [hide_within(item, secrets) for item in value]
    if isinstance(value, dict):
        return {hide(name, secrets): hide_within(item, secrets) for name, item in value.items()}
    return value
