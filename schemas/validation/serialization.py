"""Values written as plain JSON data, and which field of one it is that cannot be."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

from pydantic import BaseModel, RootModel
from pydantic_core import PydanticSerializationUnexpectedValue, SchemaSerializer, to_jsonable_python

from slotfill.schemas.errors import FieldError, SchemaCodeError
from slotfill.schemas.json_schema.subschemas import subschemas
from slotfill.schemas.json_values.exact_json import exact_float
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.json_values.places import PathStep
from slotfill.schemas.json_values.pointer import join
from slotfill.schemas.validation.core_walk import Node, with_children

__all__ = ["decimal_serializer", "may_hold_floats", "written"]

_TYPED = frozenset({"type", "$ref", "enum", "const", "anyOf", "oneOf", "allOf", "$defs"})


def written(value: object, *, floats: bool, serializer: SchemaSerializer | None = None) -> JSON:
    """Return a value as plain JSON data.

    floats: whether it may hold numbers that JSON has not. serializer: of the model, where it has decimal numbers.

    Raises SchemaCodeError, which names the field that cannot be written.
    """
    try:
        if serializer is None:
            data = to_jsonable_python(value, by_alias=True)
        else:
            data = _with_numbers(serializer.to_python(value, mode="json", by_alias=True, warnings="none"))
    except Exception as error:
        message = f"cannot be written: {type(error).__name__}: {error}"
        raise SchemaCodeError((FieldError(_raising_field(value), message),), None) from error
    if floats and (numbers := [*_infinite(data)]):
        message = "cannot be written: JSON has no such number; give the field another default, or a serializer"
        raise SchemaCodeError(tuple(FieldError(path, message) for path in numbers), None)
    return data


def decimal_serializer(schema: Node) -> SchemaSerializer | None:
    """Build what writes a model's values with its decimal numbers as numbers of JSON; None for one that has none.

    Pydantic writes them as texts. Whoever has given a field a serializer of his own has what it gives.
    """
    if not _has_decimals(schema):
        return None
    # Else a model's own serializer would be put in the place of what was rewritten.
    return SchemaSerializer(cast("Any", _marking(schema)), _use_prebuilt=False)


def may_hold_floats(output_schema: JSONMapping) -> bool:
    """Whether a value may hold a number that JSON has not: most schemas have no floats, and are not searched."""
    parts = [part for _, part in subschemas(output_schema)]
    return any(part.get("type") == "number" or _TYPED.isdisjoint(part) for part in parts)


_MARK = "\ufdd0"
"""Stands around a decimal number's digits while a value is written: a noncharacter, which no text should hold."""

_MARKED = re.compile(rf"{_MARK}([-+.0-9E]+){_MARK}")

_LARGEST = 308
"""To which power of ten doubles go: whoever reads JSON takes a number beyond for infinite, or none."""


def _has_decimals(schema: Node) -> bool:
    rest: list[JSON] = [schema]
    while rest:
        part = rest.pop()
        if isinstance(part, Mapping):
            if isinstance(kind := part.get("type"), str) and kind == "decimal":
                return True
            rest.extend(part.values())
        elif isinstance(part, list | tuple):
            rest.extend(part)
    return False


def _marking(node: Node) -> Node:
    """Return a core schema whose decimal numbers are written as marked digits."""
    changed: dict[str, Any] = with_children(node, _marking)
    for key in ("definitions", "computed_fields"):
        if key in node:
            changed[key] = [_marking(part) for part in node[key]]
    if isinstance(node.get("return_schema"), Mapping):
        changed["return_schema"] = _marking(node["return_schema"])
    if isinstance(own := node.get("serialization"), Mapping):
        changed["serialization"] = _marking(own)
    elif node.get("type") == "decimal":
        changed["serialization"] = {"type": "function-plain", "function": _marked, "when_used": "json"}
    return changed


def _marked(value: object) -> str:
    if not isinstance(value, Decimal):
        raise PydanticSerializationUnexpectedValue("no Decimal")  # of a union, another member writes it
    is_number = value.is_finite() and abs(value.adjusted()) <= _LARGEST
    return f"{_MARK}{value}{_MARK}" if is_number else str(value)


def _with_numbers(data: JSON) -> JSON:
    """Return data with the marked digits as numbers; within a text, or a key, as they are."""
    if isinstance(data, str):
        if _MARK not in data:
            return data
        whole = _MARKED.fullmatch(data)
        return _number(Decimal(whole[1])) if whole else _MARKED.sub(r"\1", data)
    if isinstance(data, dict):
        return {_MARKED.sub(r"\1", key): _with_numbers(part) for key, part in data.items()}
    return [*map(_with_numbers, data)] if isinstance(data, list) else data


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else exact_float(str(value))


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
