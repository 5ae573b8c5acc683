"""Keys made, revoked and given a new secret, in their file."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from slotfill.extractors.errors import SettingsError
from slotfill.extractors.keys.api_key import ApiKey, EarlierSecret
from slotfill.extractors.keys.key_editing import add_key, replace_key
from slotfill.extractors.keys.key_file import change_keys
from slotfill.extractors.keys.key_ring import KeyRing
from slotfill.extractors.keys.secret_hash import hash_of, new_secret

__all__ = ["create_key", "revoke_key", "rotate_key"]


def create_key(path: Path, name: str, at: datetime, **limits: Any) -> str:
    """Add a key to a file. limits: the fields of `ApiKey` that it has. Returns its secret, which is kept nowhere.

    Raises SettingsError where there is one of its name, and where a limit is none.
    """
    secret = new_secret()
    try:
        key = ApiKey(name=name, hash=hash_of(secret), created=at, **limits)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        reason = str(first["msg"]).removeprefix("Value error, ")
        raise SettingsError(f"{first['loc'][0]} of the key {name!r}: {reason}") from None
    change_keys(path, lambda text, _: add_key(text, key))
    return secret


def revoke_key(path: Path, name: str, at: datetime) -> None:
    """Have a key count no more from an instant on; what is known of it stays. Raises SettingsError if it is unknown."""

    def change(text: str, ring: KeyRing) -> str:
        key = _active(ring, name, path)
        return replace_key(text, key, key.model_copy(update={"revoked": at}))

    change_keys(path, change)


def rotate_key(path: Path, name: str, at: datetime, grace: timedelta) -> str:
    """Give a key a new secret, and return it; the one before it stays valid for the grace.

    Raises SettingsError if it is unknown, or revoked.
    """
    secret = new_secret()

    def change(text: str, ring: KeyRing) -> str:
        key = _active(ring, name, path)
        earlier = [one for one in key.earlier if one.until > at]
        if grace:
            earlier.append(EarlierSecret(hash=key.hash, until=at + grace))
        return replace_key(text, key, key.model_copy(update={"hash": hash_of(secret), "earlier": tuple(earlier)}))

    change_keys(path, change)
    return secret


def _active(ring: KeyRing, name: str, path: Path) -> ApiKey:
    key = ring.keys.get(name)
    if key is None:
        known = ", ".join(sorted(ring.keys)) or "none"
        raise SettingsError(f"there is no key {name!r} in {str(path)!r}: the keys are {known}")
    if key.revoked is not None:
        raise SettingsError(f"the key {name!r} is revoked since {key.revoked:%Y-%m-%d %H:%M} UTC: add another one")
    return key
