"""Validators that are given more than a value: Pydantic's `info`, with the document's text in its context."""

from __future__ import annotations

from pydantic import BaseModel

from slotfill.schemas.validation.core_walk import Node, nodes_of
from slotfill.schemas.validation.strict_validator import core_schema_of
from slotfill.schemas.validation.user_code import takes_info

__all__ = ["needs_context"]

_OURS = "slotfill."


def needs_context(model: type[BaseModel]) -> bool:
    """Whether a model has validators, other than ours, that take `info`: they may want the document's text."""
    root, definitions = core_schema_of(model)
    nodes = (node for whole in (root, *definitions.values()) for node in nodes_of(whole))
    return any(takes_info(node) and _is_users(node) for node in nodes)


def _is_users(node: Node) -> bool:
    return not str(getattr(node["function"]["function"], "__module__", "")).startswith(_OURS)
