"""Schemas by name alone: those that are built in, and those of plug-ins."""

from __future__ import annotations

from typing import Any

from slotfill.schemas.built_in.built_ins import built_in_class, built_ins
from slotfill.schemas.entry_points.plugin_group import PluginGroup

__all__ = ["NAMED_SCHEMAS"]

NAMED_SCHEMAS: PluginGroup[Any] = PluginGroup(
    "slotfill.schemas", {name: f"slotfill.schemas:{built_in_class(name)}" for name in built_ins()}
)
"""A plug-in gives what `resolve` takes: a model, a type, a Schema, or a JSON Schema as a mapping."""
