"""What the service sends, by its keys and the form of each value: no texts.

Taken from public recordings, the newest of 2026-08-19 (Opus 5, Fable 5, Sonnet 5, Opus 4.8), from the SDK's types
(anthropic 2.14), and, for the 5.5 models, from the documentation of 2026-11: none of these is recorded.

A form is a type's name in JSON, a constant in quotes, a regular expression between slashes, an object, a list, of which
each entry has one of the forms, or a tuple: one of these. A key that ends in `?` is not always there.
"""

from __future__ import annotations

from typing import Any

__all__ = ["BODIES", "EVENTS", "HEADERS", "LINES"]

TIME = r"/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)/"

TEXT = {"type": "'text'", "text": "string"}
TOOL_USE = {
    "type": "'tool_use'",
    "id": r"/toolu_\w+/",
    "name": "string",
    "input": "object",
    "caller": {"type": "'direct'"},
}
THINKING = {"type": "'thinking'", "thinking": "string", "signature": "string"}

COUNTS = {
    "input_tokens": "integer",
    "cache_creation_input_tokens": "integer",
    "cache_read_input_tokens": "integer",
    "output_tokens": "integer",
}
DETAILS = {"output_tokens_details?": {"thinking_tokens": "integer"}}  # of Opus 4.7 and what came after it
BEGUN_USAGE = {
    **COUNTS,
    "cache_creation": {"ephemeral_5m_input_tokens": "integer", "ephemeral_1h_input_tokens": "integer"},
    "service_tier": "/standard|batch/",
    "inference_geo": "/global|not_available/",
}

MESSAGE = {
    "id": r"/msg_\w+/",
    "type": "'message'",
    "role": "'assistant'",
    "model": "string",
    "content": [TEXT, TOOL_USE, THINKING],
    "stop_reason": "string",
    "stop_sequence": "null",
    "stop_details": ("object", "null"),
    "usage": {**BEGUN_USAGE, **DETAILS},
}
ERROR = {"type": "'error'", "error": {"type": "string", "message": "string"}}
BATCH = {
    "id": r"/msgbatch_\w+/",
    "type": "'message_batch'",
    "processing_status": "/in_progress|canceling|ended/",
    "request_counts": dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), "integer"),
    "created_at": TIME,
    "expires_at": TIME,
    "ended_at": (TIME, "null"),
    "archived_at": "null",
    "cancel_initiated_at": (TIME, "null"),
    "results_url": ("/http.*/", "null"),
}
SUPPORT = {"supported": "boolean"}
MODEL = {
    "type": "'model'",
    "id": "string",
    "display_name": r"/Claude [A-Z]\w+ \d(\.\d)?/",
    "created_at": TIME,
    "line": ("string", "null"),
    "max_input_tokens": "integer",
    "max_tokens": "integer",
    "lifecycle": "/active|deprecated|retired/",
    "deprecated_at": (TIME, "null"),
    "retires_at": (TIME, "null"),
    "capabilities": {
        **dict.fromkeys(("batch", "citations", "code_execution", "image_input", "pdf_input"), SUPPORT),
        "context_management": {
            **SUPPORT,
            **dict.fromkeys(("clear_thinking_20251015", "clear_tool_uses_20250919", "compact_20260112"), SUPPORT),
        },
        "effort": {**SUPPORT, **dict.fromkeys(("low", "medium", "high", "xhigh", "max"), SUPPORT)},
        "server_tools": {**SUPPORT, **dict.fromkeys(("code_execution", "web_search"), SUPPORT)},
        "structured_outputs": SUPPORT,
        "thinking": {
            **SUPPORT,
            "types": dict.fromkeys(("adaptive", "between_tools", "disabled", "enabled"), SUPPORT),
        },
    },
}


def _page(entry: Any) -> dict[str, Any]:
    return {"data": [entry], "has_more": "boolean", "first_id": ("string", "null"), "last_id": ("string", "null")}


BODIES: dict[str, Any] = {
    "message": MESSAGE,
    "error": {**ERROR, "request_id": r"/req_\w+/"},
    "count": {"input_tokens": "integer"},
    "batch": BATCH,
    "batches": _page(BATCH),
    "deleted batch": {"id": r"/msgbatch_\w+/", "type": "'message_batch_deleted'"},
    "model": MODEL,
    "models": _page(MODEL),
}

LINES: dict[str, Any] = {
    kind: {"custom_id": "string", "result": {"type": f"'{kind}'", **rest}}
    for kind, rest in {
        "succeeded": {"message": MESSAGE},
        "errored": {"error": ERROR},
        "canceled": {},
        "expired": {},
    }.items()
}
"""The lines of a batch's results."""

EVENTS: dict[str, Any] = {
    "message_start": {
        "type": "'message_start'",
        "message": {**MESSAGE, "content": [], "stop_reason": "null", "stop_details": "null", "usage": BEGUN_USAGE},
    },
    "ping": {"type": "'ping'"},
    "content_block_start": {
        "type": "'content_block_start'",
        "index": "integer",
        "content_block": ({**TEXT, "text": "''", "citations?": []}, TOOL_USE, {**THINKING, "thinking": "''"}),
    },
    "content_block_delta": {
        "type": "'content_block_delta'",
        "index": "integer",
        "delta": (
            {"type": "'text_delta'", "text": "string"},
            {"type": "'input_json_delta'", "partial_json": "string"},
            {"type": "'thinking_delta'", "thinking": "string"},
            {"type": "'signature_delta'", "signature": "string"},
        ),
    },
    "content_block_stop": {"type": "'content_block_stop'", "index": "integer"},
    "message_delta": {
        "type": "'message_delta'",
        "delta": {"stop_reason": "string", "stop_sequence": "null", "stop_details": ("object", "null")},
        "usage": {**COUNTS, **DETAILS},
    },
    "message_stop": {"type": "'message_stop'"},
}

_OWN = {"request-id": r"/req_\w+/", "anthropic-organization-id": "/[0-9a-f-]{36}/"}
_LIMITS = {
    f"anthropic-ratelimit-{name}-{what}": form
    for name in ("requests", "input-tokens", "output-tokens", "tokens")
    for what, form in (
        ("limit", r"/\d+/"),
        ("remaining", r"/\d+/" if name == "requests" else r"/0|\d+000/"),
        ("reset", r"/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/"),
    )
}
_JSON = {"content-type": "'application/json'"}

HEADERS: dict[str, Any] = {
    "message": {**_JSON, **_OWN, **_LIMITS, "retry-after?": r"/\d+/"},
    "stream": {
        "content-type": "/text/event-stream.*/",
        "cache-control": "'no-cache'",
        **_OWN,
        **_LIMITS,
        "retry-after?": r"/\d+/",
    },
    "refusal": {**_JSON, **_OWN, "x-should-retry": "'false'"},
    "rate limit": {**_JSON, **_OWN, "x-should-retry": "'true'", "retry-after?": "string", "retry-after-ms?": "string"},
    "failure": {**_JSON, **_OWN},
    "other": {**_JSON, **_OWN},
    "results": {"content-type": "string", "content-disposition": "/attachment.*/", **_OWN},
}
"""The service's own: those of the connection, and of what stands before it, are left out."""
