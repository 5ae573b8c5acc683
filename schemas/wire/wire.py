"""What of a JSON Schema the service accepts, and lint of what is lost on the way.

Structured output takes a subset of JSON Schema, a tool takes nearly all of it, and text takes whatever can be written
down. What the subset lacks either goes into the description, where the model reads it and the reply is checked for it
locally, or it rules the mode out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args
from urllib.parse import quote

from slotfill.schemas.json_schema.subschemas import subschemas
from slotfill.schemas.json_values.json_types import JSONObject
from slotfill.schemas.json_values.pointer import join
from slotfill.schemas.json_values.wrapper import WRAPPER
from slotfill.schemas.marks.silent_marks import without_silent_marks
from slotfill.schemas.schema import Schema
from slotfill.schemas.wire.losses import STRUCTURED, Loss, Mode
from slotfill.schemas.wire.subset import Reduction, local_pointer

__all__ = ["Wire", "wire_for", "wire_of"]

_STRUCTURED_AND_TOOL: tuple[Mode, ...] = ("structured", "tool")
_KEY = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_COMBINERS = frozenset({"anyOf", "oneOf", "allOf"})
_HOISTED = ("$schema", "$id", "id", "$defs", "definitions")
_IDENTIFIERS = ("$id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$dynamicRef", "$recursiveRef")


@dataclass(frozen=True, slots=True)
class Wire:
    """A schema in the forms in which it travels.

    full: the whole schema, wrapped in {"value": …} when it is no object's.
    reduced: what `output_config.format` accepts, None when structured output is not possible.
    modes: how replies may be asked for, cheapest first; "text" always may.
    losses: in the order of the schema; their paths lead into the schema as it was given, without the wrapper.
    bare: of a list, `reduced` without the wrapper: `output_config.format` takes one at its root, as no tool does.
    """

    full: JSONObject
    reduced: JSONObject | None
    modes: tuple[Mode, ...]
    losses: tuple[Loss, ...]
    bare: JSONObject | None = None


def wire_for(schema: Schema[Any]) -> Wire:
    """Return a schema's forms, without a description that repeats the instructions: the prompt holds these."""
    repeated = schema.json_schema.get("description") == schema.instructions
    told_once = {key: part for key, part in schema.json_schema.items() if not (repeated and key == "description")}
    return wire_of(told_once, wrapped=schema.wrapped)


def wire_of(json_schema: JSONObject, *, wrapped: bool) -> Wire:
    """Return what of a JSON Schema, of any draft, reaches the service.

    wrapped: whether the value travels inside {"value": …}; `json_schema` is the value's own.
    """
    json_schema = without_silent_marks(json_schema)
    reduction = Reduction(json_schema)
    root = reduction.root()
    found = [*_lint(json_schema, wrapped=wrapped), *reduction.losses, *reduction.limits()]
    losses = tuple(dict.fromkeys(found))
    forbidden = {mode for loss in losses for mode in loss.forbids}
    modes = tuple(mode for mode in get_args(Mode) if mode not in forbidden)
    full = _wrapped(json_schema) if wrapped else {**json_schema, "type": "object"}
    if "structured" not in modes:
        return Wire(full, None, modes, losses)
    reduced = {**(_wrapper(root) if wrapped else root), **reduction.shared()}
    bare = {**root, **reduction.shared()} if wrapped and root.get("type") == "array" else None
    return Wire(full, reduced, modes, losses, bare)


def _lint(document: JSONObject, *, wrapped: bool) -> Iterator[Loss]:
    """Yield what rules out a tool: keys and a root that it cannot have, names that do not survive the wrapper."""
    for keyword in () if wrapped else sorted(_COMBINERS & document.keys()):
        yield Loss("", keyword, "the service takes no tool with it at the root", ("tool",))
    for path, schema in subschemas(document):
        properties = schema.get("properties")
        for key in properties if isinstance(properties, dict) else ():
            if not _KEY.fullmatch(key):
                message = f"the service takes keys of 1 to 64 letters, digits, '_', '.' and '-' only, not {key!r}"
                yield Loss(path, "properties", message, _STRUCTURED_AND_TOOL)
        for keyword in _identifiers(schema, path):
            message = "references by name are lost on the way: refer to '#/$defs/…' instead"
            yield Loss(path, keyword, message, _STRUCTURED_AND_TOOL if wrapped else STRUCTURED)


def _identifiers(schema: JSONObject, path: str) -> list[str]:
    return [keyword for keyword in _IDENTIFIERS if keyword in schema and (path or keyword != "$id")]


def _wrapper(schema: JSONObject) -> JSONObject:
    return {
        "type": "object",
        "properties": {WRAPPER: schema},
        "required": [WRAPPER],
        "additionalProperties": False,
    }


def _wrapped(document: JSONObject) -> JSONObject:
    """Wrap the whole schema, its local references still leading where they did."""
    if any(_identifiers(schema, path) for path, schema in subschemas(document)):
        return _wrapper(document)
    inner = json.loads(json.dumps(document))  # a deep copy in which no two parts are one object
    for _, schema in subschemas(inner):
        pointer = local_pointer(schema.get("$ref"), document)
        if pointer is not None:
            schema["$ref"] = f"#{quote(_moved(pointer), safe='/$~')}"
    hoisted = {keyword: inner.pop(keyword) for keyword in _HOISTED if keyword in inner}
    return {**hoisted, **_wrapper(inner)}


def _moved(pointer: str) -> str:
    first = pointer.split("/")[1:2]
    return pointer if first and first[0] in _HOISTED else join(("properties", WRAPPER)) + pointer
