"""A ring of keys: whose a presented secret is. Pure, but for the time of day."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType

from slotfill.extractors.budgets.spending_limit import SpendingLimit
from slotfill.extractors.keys.api_key import ApiKey
from slotfill.extractors.keys.secret_hash import hash_of

__all__ = ["KeyRing", "utc_now"]

utc_now = partial(datetime.now, UTC)


class KeyRing:
    """Keys, and what they have in common.

    Attributes:
        keys: The keys by name, those that are revoked too.
        budgets: What several of them may cost together.
    """

    def __init__(
        self,
        keys: Iterable[ApiKey] = (),
        budgets: Iterable[SpendingLimit] = (),
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.keys = MappingProxyType({key.name: key for key in keys})
        self.budgets = tuple(budgets)
        self._now = now
        self._hashes = [
            (secret.encode(), until, key) for key in self.keys.values() for secret, until in key.secret_hashes()
        ]

    def current(self, name: str) -> ApiKey | None:
        """Return the key of a name; None where there is none, or it is revoked."""
        key = self.keys.get(name)
        return None if key is None or (key.revoked is not None and key.revoked <= self._now()) else key

    def find(self, presented: str) -> ApiKey | None:
        """Return the key that a presented secret is of; None where it is of none that counts now.

        It is held against each hash to the end, found or not, so that the time tells nothing of which there are.
        """
        digest, match = hash_of(presented).encode(), None
        for secret, until, key in self._hashes:
            if hmac.compare_digest(secret, digest):
                match = until, key
        if match is None:
            return None
        until, key = match
        now = self._now()
        ended = (until is not None and until <= now) or (key.revoked is not None and key.revoked <= now)
        return None if ended else key
