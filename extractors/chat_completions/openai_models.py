"""Models behind the Chat Completions API as the transport of the name `openai`: `openai:MODEL@URL`."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from slotfill.extractors.catalogue.transport_facts import TransportFacts
from slotfill.extractors.errors import ModelError
from slotfill.extractors.settings import Settings

if TYPE_CHECKING:
    from slotfill.extractors.chat_completions.chat_transport import ChatServer, ChatTransport

__all__ = ["OPENAI_MODELS"]

_BASE_URL = "OPENAI_BASE_URL"
_OPENAI = "https://api.openai.com/v1"

_ID = re.compile(r"openai:(?P<model>.+?)(?:@(?P<url>https?://.*))?", re.DOTALL)
"""Finds `openai:gpt-5`, `openai:qwen3:8b@http://127.0.0.1:11434`, `openai:@cf/meta/llama@https://example.com/v1`."""

_MOST_TOKENS = 16_384
"""The most that a reply may have: what the models of widespread use write at most."""


class _OpenAIModels:
    """Opens models of a server of the Chat Completions API: a `ModelTransport`."""

    def facts(self, model: str) -> TransportFacts:
        name, url = _parts(model)
        address = urlsplit(url)
        return TransportFacts(
            address=f"{address.scheme}://{address.netloc}",
            max_output=_MOST_TOKENS,
            whole_schemas=True,
            priced_as=(url, name),
        )

    def open(self, model: str, settings: Settings) -> ChatTransport:
        from slotfill.extractors.chat_completions.chat_transport import ChatTransport
        from slotfill.extractors.http.deadlines import TimedClient

        return ChatTransport(_server(model, settings), TimedClient(follow_redirects=False))

    def open_async(self, model: str, settings: Settings) -> ChatTransport:
        from slotfill.extractors.chat_completions.chat_transport import ChatTransport
        from slotfill.extractors.http.bounded_client import BoundedAsyncClient

        return ChatTransport(_server(model, settings), BoundedAsyncClient(follow_redirects=False))


OPENAI_MODELS = _OpenAIModels()


def _server(model: str, settings: Settings) -> ChatServer:
    from slotfill.extractors.chat_completions.chat_transport import ChatServer

    name, url = _parts(model)
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
    if key is None and url == _OPENAI:
        raise ModelError(f"no credential is set for {model!r}: set OPENAI_API_KEY, or name another server, {model}@URL")
    return ChatServer(name, url, key)


def _parts(model: str) -> tuple[str, str]:
    """Return the server's name for a model, and what stands before `/chat/completions`. Raises ModelError."""
    match = _ID.fullmatch(model)
    if match is None:
        raise ModelError(f"{model!r} names no model: write openai:MODEL@URL, or openai:MODEL with {_BASE_URL} set")
    url = match["url"]
    place = "" if url else f"{_BASE_URL}: "
    url = (url or os.environ.get(_BASE_URL) or _OPENAI).strip().rstrip("/")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable() and " " not in url
        _ = parts.port
    except ValueError:
        usable = False
    if not usable or "@" in parts.netloc or parts.query or parts.fragment:
        # It is not shown: it may hold a password.
        wish = "write http://HOST:PORT/v1; a key is set as OPENAI_API_KEY"
        raise ModelError(f"{place}the address of the model {match['model']!r} cannot be used: {wish}")
    return match["model"], url if parts.path else f"{url}/v1"
