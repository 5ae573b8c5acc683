"""The secret of a key: made, and hashed as it is kept."""

from __future__ import annotations

import hashlib
import secrets
import string

from slotfill.extractors.http.redaction import KEY_DIGITS, KEY_PREFIX

__all__ = ["hash_of", "new_secret"]

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_BYTES = 32
_HASH_PREFIX = "sha256:"


def new_secret() -> str:
    """Make the secret of a key: 256 random bits in base 62, behind a prefix that scanners for secrets find."""
    number = int.from_bytes(secrets.token_bytes(_RANDOM_BYTES))
    digits = []
    for _ in range(KEY_DIGITS):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return KEY_PREFIX + "".join(digits)


def hash_of(secret: str) -> str:
    """Hash a secret as it is kept: `sha256:` and 64 hex digits.

    No slow hash: those are for what people make up, and can be guessed. Of 256 random bits none is guessed, however
    fast the hash is; a slow one would only let anybody keep the service busy with wrong keys.
    """
    return _HASH_PREFIX + hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
