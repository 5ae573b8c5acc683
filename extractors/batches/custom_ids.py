"""Custom ids: what names a request within a batch. By them a batch is known for one of ours, and a result for an ask's.

`sf-<intent>-<digest>`: the intent is drawn for each batch, the digest is that of the ask. 59 characters; the service
takes up to 64 letters, digits, `-` and `_`.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets

__all__ = ["custom_id", "new_intent", "read_custom_id"]

_FORM = re.compile(r"sf-(?P<intent>[0-9a-f]{12})-(?P<digest>[A-Za-z0-9_-]{43})")


def new_intent() -> str:
    """Draw what tells a batch from all others: 12 hex digits."""
    return secrets.token_hex(6)


def custom_id(intent: str, digest: bytes) -> str:
    """Name an ask, by its SHA-256, in a batch."""
    return f"sf-{intent}-{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def read_custom_id(name: object) -> tuple[str, bytes] | None:
    """Return the intent and the digest of a custom id; None for one that is not of this form."""
    match = _FORM.fullmatch(name) if isinstance(name, str) else None
    if match is None:
        return None
    try:
        return match["intent"], base64.urlsafe_b64decode(match["digest"] + "=")
    except binascii.Error:
        return None
