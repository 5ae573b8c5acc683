"""Which member of a union an object is meant to be, where none of them takes it as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slotfill.extractors.forms.value_types import Schemas, listed_in, types_of
from slotfill.extractors.repair.keys import known_keys, unknown_keys

__all__ = ["closest_member"]


def closest_member(value: Mapping[str, Any], members: Sequence[Schemas]) -> Schemas | None:
    """Give the member that loses least of an object's keys; None where none has all that it needs, or two lose as much.

    A key that is null loses nothing when it goes; of members that lose nothing, the first one counts.
    members: of each, all schemas that may speak of it.
    """
    losses = sorted(
        (sum(value[key] is not None for key in unknown_keys(value, member)), number)
        for number, member in enumerate(members)
        if _has_all(value, member)
    )
    if not losses or (len(losses) > 1 and 0 < losses[0][0] == losses[1][0]):
        return None
    return members[losses[0][1]]


def _has_all(value: Mapping[str, Any], member: Schemas) -> bool:
    """Tell whether an object has what a member needs, and no other tag: a constant that tells it from others."""
    needed = {key for schema in member for key in schema.get("required", ())}
    tags = [
        (key, listed)
        for key in known_keys(member)
        for schema in member
        if key in value and (listed := listed_in([schema.get("properties", {}).get(key, {})]))
    ]
    return "object" in types_of(member) and needed <= {*value} and all(value[key] in listed for key, listed in tags)
