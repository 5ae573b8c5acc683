"""Hypothesis strategies over any schema: what it accepts, what it refuses, what models say, and what they read.

Values are plain JSON data, as `json.loads` gives it, whatever the schema is made of.
"""

from __future__ import annotations

from slotfill.schemas.strategies.completions import Completion, CompletionKind, StopReason, completions
from slotfill.schemas.strategies.instances import SchemaSource, instances, wire_instances
from slotfill.schemas.strategies.near_misses import NearMiss, near_misses
from slotfill.schemas.strategies.planted_documents import Fact, PlantedDocument, documents

__all__ = [
    "Completion",
    "CompletionKind",
    "Fact",
    "NearMiss",
    "PlantedDocument",
    "SchemaSource",
    "StopReason",
    "completions",
    "documents",
    "instances",
    "near_misses",
    "wire_instances",
]
