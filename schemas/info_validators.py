"""Validators that are given more than a value: Pydantic's `info`, with the document's text in its context."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from slotfill.schemas.core_walk import Node, nodes_of
from slotfill.schemas.strict_validator import core_schema_of

__all__ = ["needs_context"]

_OURS = "slotfill."


def needs_context(model: type[BaseModel]) -> bool:
    """Tell whether a model has validators, other than ours, that take `info`: they may want the document's text."""
    root, definitions = core_schema_of(model)
    return any(_takes_info(node) for whole in (root, *definitions.values()) for node in nodes_of(whole))


def _takes_info(node: Node) -> bool:
    function: Any = node.get("function")
    if not isinstance(function, dict) or function.get("type") != "with-info":
        return False
    return not str(getattr(function["function"], "__module__", "")).startswith(_OURS)
