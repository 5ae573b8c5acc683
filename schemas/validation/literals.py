"""What a literal may be, by the values that JSON has for it: true is not 1, a member of an enumeration is its value."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from pydantic import ValidationInfo
from pydantic_core import PydanticKnownError, SchemaValidator, to_jsonable_python

from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.validation.behind_code import as_json, with_function
from slotfill.schemas.validation.core_walk import Config, Node

__all__ = ["LiteralMembers", "as_alternatives", "literal_error", "members_of", "strict_enum", "strict_literal"]

LiteralMembers = Mapping[tuple[type, Any], Any]
"""What a literal may be, by the type and value that JSON has for it."""


def members_of(expected: Sequence[Any]) -> LiteralMembers:
    """Return what a literal may be."""
    values = ((item.value if isinstance(item, Enum) else item, item) for item in expected)
    return {(type(value), value): item for value, item in values}


def literal_error(members: LiteralMembers) -> PydanticKnownError:
    """Make the error of what a literal may not be."""
    return PydanticKnownError("literal_error", {"expected": as_alternatives([value for _, value in members])})


def as_alternatives(values: Sequence[Any]) -> str:
    """Name values as Pydantic's messages do: `1, 2 or 3`."""
    *first, last = map(repr, values)
    return f"{', '.join(first)} or {last}" if first else last


def strict_literal(node: Node, _: Config) -> Node:
    """Return a literal's core schema that takes true for true, and not for 1."""
    if all(item is None or isinstance(item, str) for item in node["expected"]):
        return node
    members = members_of(node["expected"])

    def read(value: JSON, _: ValidationInfo) -> object:
        if isinstance(value, dict | list) or (type(value), value) not in members:
            raise literal_error(members)
        return members[type(value), value]

    return with_function(node, read)


def strict_enum(node: Node, config: Config) -> Node:
    """Return an enumeration's core schema that takes the values of its members, by their types in JSON."""
    values = [member.value for member in node["members"]]
    types = {type(value) for value in values}
    if types <= {str}:
        return node
    inner = SchemaValidator(node, config)  # type: ignore[arg-type]  # it is one of CoreSchema's dictionaries
    error = PydanticKnownError("enum", {"expected": as_alternatives(values)})
    members = {as_json(to_jsonable_python(member.value)): member for member in node["members"]}

    def read(value: JSON, _: ValidationInfo) -> object:
        if (member := members.get(as_json(value))) is not None:
            return member
        if type(value) in (bool, int) and type(value) not in types and not (type(value) is int and float in types):
            raise error
        # JSON has one kind of number.
        number = float(value) if type(value) is int and int not in types else value
        return inner.validate_json(json.dumps(number), strict=True)

    return with_function(node, read)
