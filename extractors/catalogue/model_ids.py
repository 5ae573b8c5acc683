"""Ids of models: which of them name the embedded one, and which one of the service."""

from __future__ import annotations

import re

__all__ = ["CLOUDS", "DEFAULT_MODEL", "HUB", "LOCAL", "OPENAI", "is_automatic", "is_claude", "is_local"]

DEFAULT_MODEL = "claude-haiku-5-5"

LOCAL = "local"
"""The embedded model's id; `local:FILE.gguf` names another file."""

HUB = "hf"
"""What the id of a model file on a hub begins with: `hf:ORG/REPO/FILE.gguf`."""

OPENAI = "openai"
"""What the id of a model behind the Chat Completions API begins with: `openai:MODEL@URL`."""

CLOUDS = ("bedrock", "vertex", "foundry")
"""What the id of a Claude model at a cloud begins with: `vertex:claude-haiku-5-5`."""

_CLAUDE = re.compile(r"(?:[\w-]+[./])*claude[\w.@-]*(?::\d+)?", re.ASCII | re.IGNORECASE)
"""Finds `claude-haiku-5-5`, `anthropic/claude-opus-5`, `anthropic.claude-v2:1`, and no `local:claude.gguf`."""


def is_automatic(model_id: str) -> bool:
    """Whether it stands for the model that what is set allows."""
    return model_id in ("auto", "auto:")


def is_local(model_id: str) -> bool:
    """Whether the id names an embedded model."""
    return model_id == LOCAL or model_id.startswith((f"{LOCAL}:", f"{HUB}:"))


def is_claude(model_id: str) -> bool:
    """Whether the id names a model of the service, as gateways write it too."""
    return _CLAUDE.fullmatch(model_id) is not None
