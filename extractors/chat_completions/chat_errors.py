"""An error of a server of the Chat Completions API, as the Messages API would word it.

What follows from an error (another mode, a shorter text, a wait, the end of a run) is decided by its form there alone
(`messages_api.service_errors`), so that each is given the type it has there, and names the part of the request as it is
called there. The server's own words follow.

Sources: openai/openai-python `error_codes`, and the servers of vllm-project/vllm, ggml-org/llama.cpp, ollama/ollama.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from slotfill.extractors.messages_api.api_error import ApiError, error_kind
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["ServerError", "read_error", "refusal_of"]

_BAD_REQUEST, _TOO_MANY, _SERVER, _UNKNOWN_STATUS = 400, 429, 500, 502

_FIRST_ERROR, _LAST_ERROR = 400, 599


class ServerError(NamedTuple):
    """An error as the server words it. param: what of the request it is about. code, kind: its names for it."""

    message: str
    code: str = ""
    kind: str = ""
    param: str = ""


def read_error(body: JSON) -> ServerError | None:
    """Read the body of an error, or an event of a stream; None where it is in no form that servers have.

    They have several: `{"error": {…}}`, `{"error": "…"}`, `{"object": "error", …}`, `{"detail": …}`.
    """
    if not isinstance(body, Mapping):
        return None
    error = body.get("error", body if body.get("object") == "error" else body.get("detail"))
    if isinstance(error, Mapping) and isinstance(error.get("message"), str):
        names = (error.get(name) for name in ("code", "type", "param"))
        return ServerError(error["message"], *("" if name is None else str(name) for name in names))
    if isinstance(error, str):
        return ServerError(error)
    return ServerError(str(error)) if isinstance(error, list) and error else None


def refusal_of(status: int, error: ServerError, headers: Mapping[str, str] | None = None) -> ApiError:
    """Word an error as the Messages API does.

    status: of the reply; an error within a reply that began well has it in its code, or none.
    headers: those of the reply that are handed on.
    """
    if not _FIRST_ERROR <= status <= _LAST_ERROR:
        status = int(error.code) if re.fullmatch(r"[45]\d\d", error.code) else _UNKNOWN_STATUS
    words = error.message.lower()
    for known in _KNOWN:
        if known.fits(status, error, words):
            return ApiError(known.status or status, known.kind, known.opening + error.message, headers)
    return ApiError(status, error_kind(status), error.message, headers)


class _Known(NamedTuple):
    """What some errors have in common, by their codes and types, by the parameter, or by their words.

    kind, opening: its type in the Messages API, and what is said there of the request before the server's own words.
    status: that of the reply then, where it is not the server's. within: the statuses that it may have.
    """

    kind: str
    opening: str = ""
    status: int = 0
    codes: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    within: range = range(_FIRST_ERROR, _SERVER)

    def fits(self, status: int, error: ServerError, words: str) -> bool:
        if error.code in self.codes or error.kind in self.codes:
            return True
        named = any(error.param.startswith(param) for param in self.params)
        return status in self.within and (named or any(word in words for word in self.words))


_KNOWN = (
    _Known(
        "billing_error",
        codes=("insufficient_quota", "billing_hard_limit_reached", "billing_not_active"),
        words=("exceeded your current quota", "insufficient balance", "insufficient credits"),
    ),
    _Known("authentication_error", codes=("invalid_api_key", "invalid_authentication")),
    # More than the rate limit in one request: no wait helps.
    _Known("request_too_large", status=413, words=("request too large for",), within=range(_TOO_MANY, _TOO_MANY + 1)),
    _Known(
        "invalid_request_error",
        "prompt is too long: ",
        _BAD_REQUEST,
        codes=("context_length_exceeded", "exceed_context_size_error"),
        words=(
            "maximum context length",
            "context size",
            "context window",
            "context length",
            "prompt is too long",
            "prompt too long",
        ),
        within=range(_FIRST_ERROR, _TOO_MANY),
    ),
    _Known(
        "invalid_request_error",
        "Output blocked by content filtering policy: ",
        _BAD_REQUEST,
        codes=("content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation"),
    ),
    _Known("not_found_error", status=404, codes=("model_not_found", "model_not_exist")),
    _Known("overloaded_error", codes=("engine_overloaded", "unavailable_error", "server_is_overloaded")),
    # Which part of the request is not taken: it is asked for in another mode then.
    _Known(
        "invalid_request_error",
        "tool_choice: ",
        _BAD_REQUEST,
        params=("tool_choice",),
        words=("tool_choice", "tool choice"),
    ),
    _Known(
        "invalid_request_error",
        "output_config.effort: ",
        _BAD_REQUEST,
        params=("reasoning_effort",),
        words=("reasoning_effort", "reasoning effort"),
    ),
    _Known(
        "invalid_request_error",
        "output_config.format: ",
        _BAD_REQUEST,
        params=("response_format",),
        words=("response_format", "json_schema", "json schema", "grammar", "structured output"),
    ),
    _Known(
        "invalid_request_error",
        "tools.0.input_schema: ",
        _BAD_REQUEST,
        params=("tools",),
        words=("tools param", "does not support tools", "function calling", "tool use"),
    ),
)
"""The first row that fits."""
