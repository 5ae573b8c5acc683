"""What a tape must not hold: keys, tokens and cookies."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import quote

import httpx2

from slotfill.extractors.redaction import HIDDEN, encoded

__all__ = ["HIDDEN", "credentials", "hide", "hide_within"]

_SECRET_HEADER = re.compile(r"auth|key|token|secret|cookie", re.IGNORECASE)
_SHORTEST_SECRET = 6  # a shorter one cannot be told from a word


def credentials(headers: httpx2.Headers) -> tuple[str, ...]:
    """Give what a request's headers hold of keys, tokens and cookies, as they are and as they are escaped."""
    found: set[str] = set()
    for name, value in headers.items():
        if _SECRET_HEADER.search(name):
            found |= {value, value.partition(" ")[2]}  # `Bearer KEY`
        if name.lower() == "cookie":
            found |= {part.partition("=")[2] for part in value.split("; ")}
    secrets = [form for secret in found if len(secret) >= _SHORTEST_SECRET for form in encoded(secret)]
    forms = {form for secret in secrets for form in (secret, json.dumps(secret)[1:-1], quote(secret, safe=""))}
    return tuple(sorted(forms, key=len, reverse=True))  # whole headers before the keys in them


def hide(text: str, secrets: Iterable[str]) -> str:
    """Put `HIDDEN` in the place of each secret."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text


def hide_within(value: Any, secrets: Collection[str]) -> Any:
    """Do what `hide` does in all strings of plain JSON data."""
    if isinstance(value, str):
        return hide(value, secrets)
    if isinstance(value, list):
        return [hide_within(item, secrets) for item in value]
    if isinstance(value, dict):
        return {hide(name, secrets): hide_within(item, secrets) for name, item in value.items()}
    return value
