"""Values written as plain JSON data, and which field of one it is that cannot be."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, RootModel
from pydantic_core import to_jsonable_python

from slotfill.schemas.errors import FieldError, SchemaCodeError
from slotfill.schemas.json_schema.subschemas import subschemas
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.json_values.places import PathStep
from slotfill.schemas.json_values.pointer import join

__all__ = ["may_hold_floats", "written"]

_TYPED = frozenset({"type", "$ref", "enum", "const", "anyOf", "oneOf", "allOf", "$defs"})


def written(value: object, *, floats: bool) -> JSON:
    """Return a value as plain JSON data.

    floats: whether it may hold numbers that JSON has not.

    Raises SchemaCodeError, which names the field that cannot be written.
    """
    try:
        data = to_jsonable_python(value, by_alias=True)
    except Exception as error:
        message = f"cannot be written: {type(error).__name__}: {error}"
        raise SchemaCodeError((FieldError(_raising_field(value), message),), None) from error
    if floats and (numbers := [*_infinite(data)]):
        message = "cannot be written: JSON has no such number; give the field another default, or a serializer"
        raise SchemaCodeError(tuple(FieldError(path, message) for path in numbers), None)
    return data


def may_hold_floats(output_schema: JSONMapping) -> bool:
    """Whether a value may hold a number that JSON has not: most schemas have no floats, and are not searched."""
    parts = [part for _, part in subschemas(output_schema)]
    return any(part.get("type") == "number" or _TYPED.isdisjoint(part) for part in parts)


def _infinite(data: JSON) -> Iterator[str]:
    """Yield the JSON Pointers to numbers that JSON has not."""
    rest = [("", data)]
    while rest:
        path, value = rest.pop()
        if isinstance(value, float) and not math.isfinite(value):
            yield path
        elif isinstance(value, dict | list):
            steps = value.items() if isinstance(value, dict) else enumerate(value)
            rest += [(path + join((step,)), part) for step, part in steps if isinstance(part, float | dict | list)]


def _raising_field(value: object) -> str:
    """Return the JSON Pointer to the field, as it is written, whose serializer or property raises.

    The innermost one is named; "" where it is the value itself.
    """
    path, rest = "", _unrooted(value)
    while (deeper := next(_raising(rest), None)) is not None:
        step, rest = deeper
        rest = _unrooted(rest)
        path += join((step,))
    return path


def _unrooted(value: object) -> object:
    """Return what a root model holds, which no key leads to."""
    while isinstance(value, RootModel):
        value = value.__dict__.get("root")
    return value


def _raising(value: object) -> Iterator[tuple[PathStep, object]]:
    """Yield the parts of a value that cannot be written by themselves."""
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


def _writes(value: object, field: str | None = None) -> bool:
    holder = value if isinstance(value, BaseModel) and field is not None else _Holder(held=value)
    try:
        holder.model_dump(mode="json", include={field or "held"})
    except Exception:  # noqa: BLE001 - the user's code raises what it likes
        return False
    return True


class _Holder(BaseModel):
    held: Any
