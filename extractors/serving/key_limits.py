"""What each key may ask a minute, counted by `limits`, in this process or in a store that several share."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from slotfill.extractors.errors import SettingsError
from slotfill.extractors.keys.api_key import ApiKey
from slotfill.extractors.serving.problem import ProblemError
from slotfill.schemas.errors import MissingExtraError

try:
    from limits import RateLimitItemPerMinute
    from limits.aio.strategies import SlidingWindowCounterRateLimiter
    from limits.errors import ConfigurationError, StorageError
    from limits.storage import storage_from_string
except ModuleNotFoundError as error:
    raise MissingExtraError("the service needs the extra `serve`: pip install 'slotfill[serve]'") from error

if TYPE_CHECKING:
    from limits.aio.storage import Storage

__all__ = ["KeyLimits"]

IN_MEMORY = "async+memory://"
_PREFIX = "slotfill"

STORE_AGAIN = 5.0
"""Seconds after which to ask again where the store does not answer."""

_logger = logging.getLogger("slotfill")


@dataclass(frozen=True, slots=True)
class _Refused:
    """A key that may ask no more, as it is, until a time of the monotonic clock."""

    key: ApiKey
    limit: str
    until: float

    @property
    def seconds(self) -> float:
        """So long it may not."""
        return self.until - time.monotonic()

    @property
    def problem(self) -> ProblemError:
        """What a request is told."""
        detail = f"the key {self.key.name!r} has used its {self.limit} a minute"
        return ProblemError(HTTPStatus.TOO_MANY_REQUESTS, "key_limit", detail, retry_after=self.seconds)


class KeyLimits:
    """Counts requests and tokens by key, over a sliding minute.

    Args:
        storage: Where, as `limits` writes it: `redis://localhost:6379`; None for this process alone.

    Raises:
        SettingsError: `limits` knows no such store, or lacks what it needs for it.
    """

    def __init__(self, storage: str | None = None) -> None:
        uri = IN_MEMORY if storage is None else f"async+{storage.removeprefix('async+')}"
        options = {"implementation": "redispy"} if "redis" in uri.partition(":")[0] else {}
        try:
            store = storage_from_string(uri, wrap_exceptions=True, **options)
        except (ConfigurationError, ValueError, ImportError) as error:
            raise SettingsError(f"limits cannot be kept in {uri.partition('://')[0][6:]!r}: {error}") from None
        self._limiter = SlidingWindowCounterRateLimiter(cast("Storage", store))
        # `limits` closes no store, and has no name for the client of Redis but the one within its bridge.
        self._client: Any = getattr(getattr(store, "bridge", None), "storage", None)
        self._refused: dict[str, _Refused] = {}

    async def aclose(self) -> None:
        """Close the connections to the store."""
        if self._client is not None:
            await self._client.aclose()

    def check(self, key: ApiKey) -> None:
        """Refuse a key that was refused a moment ago, and may not ask yet: nothing is counted, and no store is asked.

        Raises:
            ProblemError: It may not (429).
        """
        refused = self._refused.get(key.name)
        if refused is None:
            return
        if refused.key == key and refused.seconds > 0:
            raise refused.problem
        del self._refused[key.name]

    async def admit(self, key: ApiKey, *, leaving: float = 0.0) -> None:
        """Count a request.

        Args:
            key: Whose it is.
            leaving: The share of what the key may ask a minute that is left to its other requests.

        Raises:
            ProblemError: It is one too many (429), or nobody can tell (503).
        """
        self.check(key)
        with _answering():
            if leaving and key.rpm is not None:
                left = (await self._limiter.get_window_stats(_a_minute(key.rpm), key.name, "requests")).remaining
                if left <= int(leaving * key.rpm):
                    raise (await self._refusal(key, _a_minute(key.rpm), "requests")).problem
            if key.tpm is not None and not await self._limiter.test(_a_minute(key.tpm), key.name, "tokens"):
                refused = await self._refusal(key, _a_minute(key.tpm), "tokens")
            elif key.rpm is not None and not await self._limiter.hit(_a_minute(key.rpm), key.name, "requests"):
                refused = await self._refusal(key, _a_minute(key.rpm), "requests")
            else:
                return
        self._refused[key.name] = refused
        raise refused.problem

    async def charge(self, key: ApiKey, tokens: int) -> None:
        """Count the tokens that a request took. They are known when it is over: the next one waits for them."""
        if key.tpm is None or not tokens:
            return
        item = _a_minute(key.tpm)
        # What passes the limit is counted up to it: the limiter refuses more, and the minute is full either way.
        try:
            left = (await self._limiter.get_window_stats(item, key.name, "tokens")).remaining
            await self._limiter.hit(item, key.name, "tokens", cost=max(1, min(tokens, left)))
        except StorageError as error:
            _log_silence(error)  # what was extracted is paid for, and answered all the same

    async def _refusal(self, key: ApiKey, item: RateLimitItemPerMinute, unit: str) -> _Refused:
        reset = (await self._limiter.get_window_stats(item, key.name, unit)).reset_time
        return _Refused(key, f"{item.amount:,} {unit}", time.monotonic() + reset - time.time())


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except StorageError as error:
        _log_silence(error)
        detail = "what keys ask a minute cannot be counted, and so nothing is asked: the log says why"
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "no_limits", detail, retry_after=STORE_AGAIN) from None


def _log_silence(error: StorageError) -> None:
    """Say so without the store's own words: they hold its address, and may hold its password."""
    _logger.error("the store of limits does not answer: %s", type(error.storage_error).__name__)


def _a_minute(amount: int) -> RateLimitItemPerMinute:
    return RateLimitItemPerMinute(amount, namespace=_PREFIX)
