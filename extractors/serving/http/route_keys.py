"""Who a request is of, and the service that it is to."""

from __future__ import annotations

from fastapi import Request

from slotfill.extractors.keys.api_key import ApiKey
from slotfill.extractors.serving.service import Service

__all__ = ["presented_key", "service_of"]

_SCHEME = "bearer"


def service_of(request: Request) -> Service:
    """Return the service that an app is of."""
    service: Service = request.app.state.service
    return service


def presented_key(request: Request) -> ApiKey:
    """Return the key that a request bears.

    Raises:
        ProblemError: It bears none that counts (401).
    """
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return service_of(request).find_key(secret.strip() if scheme.lower() == _SCHEME else None)
