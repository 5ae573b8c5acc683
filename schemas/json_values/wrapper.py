"""The object `{"value": …}`, in which a value travels that is no object itself: a tool's input must be one."""

from __future__ import annotations

from slotfill.schemas.json_values.json_types import JSON

__all__ = ["WRAPPER", "is_wrapper"]

WRAPPER = "value"
"""The key under which a value that is no JSON object travels."""


def is_wrapper(value: JSON) -> bool:
    """Whether a value is such an object, which holds nothing else."""
    return isinstance(value, dict) and [*value] == [WRAPPER]
