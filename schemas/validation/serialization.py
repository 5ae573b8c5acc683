"""Which field of a value it is that cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from slotfill.schemas.json_values.pointer import join

__all__ = ["raising_field"]


def raising_field(value: Any) -> str:
    """Give the JSON Pointer to the field, by the names that it is written under, whose serializer or property raises.

    The innermost one is named; "" where it is the value itself.
    """
    path, rest = "", value
    while (deeper := next(_raising(rest), None)) is not None:
        step, rest = deeper
        path += join((step,))
    return path


def _raising(value: Any) -> Iterator[tuple[str | int, Any]]:
    """Give the parts of a value that cannot be written by themselves."""
    if isinstance(value, BaseModel):
        for name, key in _names(value):
            if not _writes(value, name):
                yield key, value.__dict__.get(name)
    elif isinstance(value, dict | list | tuple):
        steps = value.items() if isinstance(value, dict) else enumerate(value)
        for step, part in steps:
            if isinstance(part, BaseModel | dict | list | tuple) and not _writes(part):
                yield step, part


def _names(value: BaseModel) -> Iterator[tuple[str, str]]:
    for name, field in type(value).model_fields.items():
        yield name, field.serialization_alias or name
    for name, computed in type(value).model_computed_fields.items():
        yield name, computed.alias or name


def _writes(value: Any, field: str | None = None) -> bool:
    holder = value if field is not None else _Holder(held=value)
    try:
        holder.model_dump(mode="json", include={field or "held"})
    except Exception:  # noqa: BLE001 - the user's code raises what it likes
        return False
    return True


class _Holder(BaseModel):
    held: Any
