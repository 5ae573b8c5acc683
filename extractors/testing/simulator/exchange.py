"""A request and a reply of the simulated service, before any HTTP library sees them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from slotfill.extractors.messages_api.api_error import invalid

__all__ = ["ENDLESS_SECONDS", "HttpRequest", "HttpResponse"]

ENDLESS_SECONDS = 86_400.0
"""Seconds that nobody waits."""


@dataclass(frozen=True)
class HttpRequest:
    """What came in. `path` is without the query; header names are in lower case; `origin` is what URLs begin with."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # they hold the key
    body: bytes = b""
    origin: str = "https://api.anthropic.com"

    @cached_property
    def json(self) -> Any:
        """The body's JSON, None without a body. Raises ApiError 400."""
        if not self.body:
            return None
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise invalid(f"The request body is not valid JSON: {error}") from None


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What goes out, and how.

    chunks: the body, in the pieces in which it is sent.
    wait: seconds before the first byte. pause: seconds before each further chunk.
    refused: the connection is never made. broken: it is reset after the last chunk, before the body is whole.
    stalled: it stays open after the last chunk, and nothing more comes.
    """

    status: int
    headers: Mapping[str, str]
    chunks: tuple[bytes, ...]
    wait: float = 0.0
    pause: float = 0.0
    refused: bool = False
    broken: bool = False
    stalled: bool = False
