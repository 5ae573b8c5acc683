"""Which addresses take a key, who a request is of, and the service that it is to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.types import Scope

from slotfill.extractors.keys.api_key import ApiKey
from slotfill.extractors.serving.runs.run_store import RUN_NAME
from slotfill.extractors.serving.service import Service

__all__ = ["KeyedAddresses", "key_in_scope", "presented_key", "service_of"]

_SCHEME = "bearer"

_KEY: Final = "slotfill_key"
"""Where in a request's scope its key stands once it has been looked up."""

_PLAIN_QUERY = re.compile(rb"(?:[a-z_]{1,16}=[a-z0-9]{1,16}(?:&|$))*")
"""A query as the routes take one, `partials=patches`: nothing that anybody says."""

_RUN = re.compile(rf"/{RUN_NAME}(?=/|\Z)")
"""What stands in the place of a path's `/{name}`."""


class KeyedAddresses:
    """The addresses of routes whose description says that they take a key.

    Args:
        routers: The routes.
    """

    def __init__(self, routers: Iterable[APIRouter]) -> None:
        routes = (route for router in routers for route in router.routes if isinstance(route, APIRoute))
        self._paths = {
            (method, route.path)
            for route in routes
            if "security" in (route.openapi_extra or {})
            for method in route.methods or ()
        }

    def __contains__(self, scope: Scope) -> bool:
        """Whether a request is to one of them."""
        path = scope["path"]
        return (scope["method"], path) in self._paths or (
            path.startswith("/v1/") and (scope["method"], _RUN.sub("/{name}", path, count=1)) in self._paths
        )

    def counts(self, scope: Scope) -> bool:
        """Whether a request is one of those that a key may send so many of a minute."""
        return scope["method"] == "POST" and ("POST", scope["path"]) in self._paths

    def is_untraced(self, scope: Scope) -> bool:
        """Whether a request is told to nobody: one that asks how the service is, or whose address may be anything.

        Spans hold addresses, and a client may write a text, or its key, into one that is of no route.
        """
        is_known = scope["path"].startswith("/v1/") and scope in self
        return not (is_known and _PLAIN_QUERY.fullmatch(scope["query_string"]))


def service_of(request: Request) -> Service:
    """Return the service that an app is of."""
    service: Service = request.app.state.service
    return service


def presented_key(request: Request) -> ApiKey:
    """Return the key that a request bears. Raises ProblemError as `key_in_scope`."""
    return key_in_scope(request.scope, service_of(request))


def key_in_scope(scope: Scope, service: Service) -> ApiKey:
    """Return the key that a request bears, looked up once.

    Raises:
        ProblemError: It bears none that counts (401).
    """
    if _KEY not in scope:
        scheme, _, secret = Headers(scope=scope).get("authorization", "").partition(" ")
        scope[_KEY] = service.find_key(secret.strip() if scheme.lower() == _SCHEME else None)
    key: ApiKey = scope[_KEY]
    return key
