"""A request and a reply of the simulated service, before any HTTP library sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from slotfill.extractors.messages_api.request import load_body
from slotfill.schemas.json_values.json_types import JSON

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
    def json(self) -> JSON:
        """The body's JSON, None without a body. Raises ApiError 400."""
        return load_body(self.body) if self.body else None


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
