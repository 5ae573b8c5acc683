"""The models as `GET /v1/models` describes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from slotfill.extractors.messages_api.api_error import ApiError
from slotfill.extractors.testing.rules.model_rules import EFFORTS, MODELS, ModelRules, rules_of
from slotfill.extractors.testing.simulator.exchange import page
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["describe", "list_models"]

_LINES = ("fable", "haiku", "mythos", "opus", "sonnet")
_THINKING = ("adaptive", "between_tools", "disabled", "enabled")


def list_models(query: Mapping[str, str]) -> JSONObject:
    """List the models that the service offers, the newest first, a page at a time."""
    return page([_described(model) for model in MODELS if model.lifecycle != "retired"], query)


def describe(name: str, also: Collection[str]) -> JSONObject:
    """Describe a model. Raises ApiError 404."""
    if (model := rules_of(name, also)) is None:
        raise ApiError(404, "not_found_error", f"model: {name}")
    return _described(model)


def _described(model: ModelRules) -> JSONObject:
    major, minor = model.generation
    return {
        "type": "model",
        "id": model.id,
        "display_name": f"Claude {model.line.title()} {major}.{minor}".removesuffix(".0"),
        "created_at": f"{model.released}T00:00:00Z",
        "line": model.line if model.line in _LINES else None,
        "max_input_tokens": model.context,
        "max_tokens": model.output,
        "lifecycle": model.lifecycle,
        "deprecated_at": None,
        "retires_at": f"{model.retires}T00:00:00Z" if model.retires else None,
        "capabilities": _capabilities(model),
    }


def _capabilities(model: ModelRules) -> JSONObject:
    since_4, since_4_5 = model.generation >= (4, 0), model.generation >= (4, 5)
    return {
        **{name: _support(True) for name in ("batch", "citations", "image_input", "pdf_input")},
        "code_execution": _support(since_4_5 and (model.line, model.generation) != ("haiku", (4, 5))),
        "context_management": {
            **_support(since_4),
            "clear_thinking_20251015": _support(since_4),
            "clear_tool_uses_20250919": _support(since_4),
            "compact_20260112": _support(model.generation >= (4, 6)),
        },
        "effort": {
            **_support(bool(model.efforts)),
            **{level: _support(level in model.efforts) for level in EFFORTS},
        },
        "server_tools": {
            **_support(since_4),
            **{name: _support(since_4) for name in ("code_execution", "web_search")},
        },
        "structured_outputs": _support(model.structured),
        "thinking": {
            **_support(model.thinking != ("disabled",)),
            "types": {kind: _support(kind in model.thinking) for kind in _THINKING},
        },
    }


def _support(supported: bool) -> dict[str, bool]:
    return {"supported": supported}
