"""What a literal may be, by the values that JSON has for it: true is not 1, a member of an enumeration is its value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from pydantic_core import PydanticKnownError

__all__ = ["LiteralMembers", "as_alternatives", "literal_error", "members_of"]

LiteralMembers = Mapping[tuple[type, Any], Any]
"""What a literal may be, by the type and value that JSON has for it."""


def members_of(expected: Sequence[Any]) -> LiteralMembers:
    """Give what a literal may be."""
    values = ((item.value if isinstance(item, Enum) else item, item) for item in expected)
    return {(type(value), value): item for value, item in values}


def literal_error(members: LiteralMembers) -> PydanticKnownError:
    """Make the error of what a literal may not be."""
    return PydanticKnownError("literal_error", {"expected": as_alternatives([value for _, value in members])})


def as_alternatives(values: Sequence[Any]) -> str:
    """Name values as Pydantic's messages do: `1, 2 or 3`."""
    *first, last = map(repr, values)
    return f"{', '.join(first)} or {last}" if first else last
