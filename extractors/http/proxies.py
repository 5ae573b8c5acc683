"""Proxies of the environment that the HTTP client does not take: what to mend."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import getproxies

import httpx2

from slotfill.extractors.errors import ModelError
from slotfill.schemas.errors import SlotfillError

__all__ = ["naming_proxies"]


@contextmanager
def naming_proxies() -> Iterator[None]:
    """Say what to mend where the HTTP client takes no proxy of the environment: another scheme, a missing package."""
    try:
        if getproxies():
            httpx2.Client().close()  # the SDK's own clients, where they fail half-way, print a traceback as they go
        yield
    except (ImportError, ValueError) as error:
        if isinstance(error, SlotfillError):
            raise
        reason = " ".join(str(error).split())
        raise ModelError(
            f"the connection cannot be set up: {reason} Mend the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names"
        ) from None
