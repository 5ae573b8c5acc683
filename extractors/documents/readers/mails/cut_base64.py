"""Base64 that has been cut, or lacks its padding."""

from __future__ import annotations

import binascii
import re

__all__ = ["decode_base64"]


def decode_base64(data: bytes) -> bytes:
    """Decode as far as it goes: of a last letter that stands alone nothing is left."""
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
