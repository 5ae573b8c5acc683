"""The smallest re-ask: only what failed, by the schema pruned to the failing paths, merged back where it belongs."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from slotfill.schemas.errors import FieldError
from slotfill.schemas.json_schema.subschemas import parts_at, properties_of, resolved, subschemas
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.json_values.pointer import join, steps_to
from slotfill.schemas.marks.confidence import CONFIDENCE_KEYWORD
from slotfill.schemas.marks.evidence import EVIDENCE_KEYWORD
from slotfill.schemas.wire.wire import Wire, wire_of

__all__ = ["Patch", "patch_for"]

_HOISTED = ("$schema", "$defs", "definitions")
_LOCAL = ("#/$defs/", "#/definitions/")
_OF_OTHERS = (CONFIDENCE_KEYWORD, EVIDENCE_KEYWORD)

Tokens = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Patch:
    """What to ask again.

    places: the failing places of the value, as keys and indices.
    wire: the schema of the answer: the value's own, pruned to these places, its keys unchanged. An item of a list
    stands under its index as a key.
    """

    places: tuple[Tokens, ...]
    wire: Wire

    def merge(self, data: JSON, reply: JSON) -> JSON:
        """Give a copy of a value with the reply's parts in their places; nothing else of the reply is looked at.

        Models also write a list as a list: the whole of it, or the items that were asked for, in order.
        """
        merged = copy.deepcopy(data)
        keyed = _keyed(reply, data, self.places)
        for place in self.places:
            part = _follow(keyed, tuple(map(str, place)))
            if part is not _NOTHING:
                _put(merged, place, part)
        return merged

    def answered(self, data: JSON, reply: JSON) -> tuple[str, ...]:
        """Give JSON Pointers to the places of a value that a reply holds a part for."""
        keyed = _keyed(reply, data, self.places)
        return tuple(join(place) for place in self.places if _follow(keyed, tuple(map(str, place))) is not _NOTHING)


def patch_for(json_schema: JSONMapping, data: JSON, errors: Sequence[FieldError]) -> Patch | None:
    """Make the patch of a value that failed; None where the whole must be asked again.

    That is where an error names no place within the value, or a place that the schema does not speak of, and where the
    schema refers to itself by other means than its definitions.
    """
    root = dict(json_schema)
    places = _outermost(steps_to(error.path, data) for error in errors)
    if not places or any(not place for place in places):
        return None
    schemas = {place: _schema_at(root, data, place) for place in places}
    if any(schema is None for schema in schemas.values()):
        return None
    pruned = {**{key: root[key] for key in _HOISTED if key in root}, **_pruned(schemas, 0)}
    if not all(str(part.get("$ref", _LOCAL[0])).startswith(_LOCAL) for _, part in subschemas(pruned)):
        return None
    return Patch(places, wire_of(pruned, wrapped=False))


_NOTHING = object()


def _outermost(places: Iterable[Tokens]) -> tuple[Tokens, ...]:
    """Keep the places that lie in no other one."""
    distinct = dict.fromkeys(places)
    return tuple(place for place in distinct if not any(place[:depth] in distinct for depth in range(len(place))))


def _schema_at(root: JSONObject, data: JSON, place: Tokens) -> JSON:
    """Give what the schema says of a place, None where that is nothing, without alternatives that cannot be meant."""
    schemas: list[JSON] = [root]
    for step in place:
        if isinstance(step, str) and isinstance(data, list):
            return None
        speaking = [part for part in resolved(schemas, root) if _may_mean(part, data)]
        schemas = [one for part in speaking for one in parts_at(part, step) if isinstance(one, dict)]
        data = _follow(data, (step,))
    # What a confidence, or evidence, is of stands elsewhere in the value.
    bare = [{key: part for key, part in schema.items() if key not in _OF_OTHERS} for schema in schemas]
    distinct = list({json.dumps(schema, sort_keys=True): schema for schema in bare}.values())
    if len(distinct) > 1:
        return {"anyOf": distinct}
    return distinct[0] if distinct else None


def _may_mean(part: JSONMapping, data: JSON) -> bool:
    """Tell whether an alternative may be the one meant: it is not where a constant of it, a tag, is another."""
    if not isinstance(data, dict):
        return True
    parts = properties_of(part).items()
    tags = {key: schema["const"] for key, schema in parts if isinstance(schema, dict) and "const" in schema}
    return all(data.get(key, tag) == tag for key, tag in tags.items())


def _pruned(schemas: Mapping[Tokens, JSON], depth: int) -> JSONObject:
    """Build the object that holds the schemas, from a depth on."""
    branches: dict[str, dict[Tokens, JSON]] = {}
    for place, schema in schemas.items():
        branches.setdefault(str(place[depth]), {})[place] = schema
    properties = {
        key: next(iter(within.values())) if len(next(iter(within))) == depth + 1 else _pruned(within, depth + 1)
        for key, within in branches.items()
    }
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def _follow(data: JSON, place: Tokens) -> JSON:
    for step in place:
        inside = step in data if isinstance(data, dict) else _is_index(step, data)
        if not inside:
            return _NOTHING
        data = data[step]
    return data


def _keyed(reply: JSON, data: JSON, places: Iterable[Tokens]) -> JSON:
    """Give a reply with its lists' items under their indices, as the patch asks for them: {"0": "a"} for ["a"]."""
    below: dict[str | int, list[Tokens]] = {}
    for first, *rest in filter(None, places):
        below.setdefault(first, []).append(tuple(rest))
    if below and isinstance(reply, list) and isinstance(data, list):
        steps = range(len(data)) if len(reply) == len(data) else below if len(reply) == len(below) else ()
        reply = dict(zip(map(str, steps), reply, strict=False))
    if not (below and isinstance(reply, dict)):
        return reply
    asked = {str(step): step for step in below}
    return {
        key: _keyed(part, _follow(data, (asked[key],)), below[asked[key]])
        for key, part in reply.items()
        if key in asked
    }


def _is_index(step: str | int, data: JSON) -> bool:
    return isinstance(data, list) and isinstance(step, int) and step < len(data)


def _put(data: JSON, place: Tokens, value: JSON) -> None:
    holder: JSON = _follow(data, place[:-1])
    if isinstance(holder, dict) or _is_index(place[-1], holder):
        holder[place[-1]] = value
