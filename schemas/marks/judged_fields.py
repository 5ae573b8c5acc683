"""Judged fields: those whose values stand nowhere in a text, and a list of passages beside each, for what it rests on.

Judged are choices, truths, numbers between two bounds (a score), free strings (a summary), and lists of these. What is
read of the text is grounded there already: passages, plain numbers, dates and other formats.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from slotfill.schemas.json_schema.patterns import OutOfTimeError, deadline, matches_somewhere
from slotfill.schemas.json_schema.subschemas import properties_of, resolved, subschemas
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.marks.confidence import CONFIDENCE_KEYWORD
from slotfill.schemas.marks.evidence import EVIDENCE_KEYWORD, EVIDENCE_MARK
from slotfill.schemas.verbatim import FORMAT

__all__ = ["add_evidence", "without_properties"]

_PLACES = ("items", "additionalProperties", "then", "else")
_HOLDERS = ("items", "prefixItems", "anyOf", "oneOf", "properties", "patternProperties", "$defs", "definitions")
_COUNTING = ("propertyNames", "maxProperties")
"""What of an object counts its keys, or says how they are written: none is added there."""

_LONGEST_KEY = 64
"""The service takes no longer keys."""


def add_evidence(json_schema: JSONMapping, taken: Iterable[str]) -> tuple[JSONObject, frozenset[str]]:
    """Return a JSON Schema with a list of passages beside every judged property, and the keys of these lists.

    The lists stand behind an object's own properties, so that a model has judged before it looks for reasons, and are
    required where the judged property is. A property that has an `Evidence` of its own gets no other.

    taken: further names that no list may have.
    """
    document: JSONObject = json.loads(json.dumps(json_schema))
    adding = _Adding(document, taken)
    for schema in [*_objects(document)]:
        adding.extend(schema)
    return document, frozenset(adding.added)


def without_properties(json_schema: JSONMapping, keys: frozenset[str]) -> JSONObject:
    """Return a JSON Schema without properties of some names."""
    document: JSONObject = json.loads(json.dumps(json_schema))
    for _, schema in subschemas(document):
        if keys & properties_of(schema).keys():
            schema["properties"] = {key: part for key, part in properties_of(schema).items() if key not in keys}
            if "required" in schema:
                schema["required"] = [key for key in schema["required"] if key not in keys]
    return document


class _Adding:
    """One walk over a schema: `added` collects the keys of the lists."""

    def __init__(self, document: JSONObject, taken: Iterable[str]) -> None:
        self.added: set[str] = set()
        self._names: dict[str, str] = {}
        self._document = document
        own = (key for _, schema in subschemas(document) for key in (*properties_of(schema), *_required(schema)))
        self._taken = {*taken, *own}

    def extend(self, schema: JSONObject) -> None:
        """Add what an object's judged properties need."""
        of_their_own = {mark[EVIDENCE_KEYWORD] for _, mark in EVIDENCE_MARK.marks(schema, self._document)}
        judged = [key for key, part in properties_of(schema).items() if _is_judged([part], self._document)]
        for key in judged:
            if key not in of_their_own and _may_have(schema, name := self._name_for(key)):
                schema["properties"][name] = _passages_of(key)
                self.added.add(name)
                if key in _required(schema):
                    schema["required"] = [*schema["required"], name]

    def _name_for(self, key: str) -> str:
        if key not in self._names:
            number, suffix = 1, "_evidence"
            while (name := f"{key[: _LONGEST_KEY - len(suffix)]}{suffix}") in self._taken:
                number += 1
                suffix = f"_evidence_{number}"
            self._names[key] = name
            self._taken.add(name)
        return self._names[key]


def _passages_of(key: str) -> JSONObject:
    return {
        "description": EVIDENCE_MARK.describe(key),
        "type": "array",
        "items": {"type": "string", "format": FORMAT},
        EVIDENCE_KEYWORD: key,
    }


def _required(schema: JSONMapping) -> list[str]:
    required = schema.get("required")
    return required if isinstance(required, list) else []


def _objects(schema: JSON, *, bound: bool = False) -> Iterator[JSONObject]:
    """Yield the schemas of objects that may hold more, wherever they stand; what a condition asks for is left alone.

    bound: whether another schema of the same value forbids further keys.
    """
    if not isinstance(schema, dict):
        return
    whole = _values(schema.get("allOf"))
    if properties_of(schema) and not bound and not any(map(_is_closed, whole)):
        yield schema
    for part in whole:
        others = (schema, *(other for other in whole if other is not part))
        yield from _objects(part, bound=bound or any(map(_is_closed, others)))
    parts = [schema.get(keyword) for keyword in _PLACES]
    parts += (part for keyword in _HOLDERS for part in _values(schema.get(keyword)))
    for part in parts:
        yield from _objects(part)


def _values(parts: JSON) -> list[JSON]:
    return [*(parts.values() if isinstance(parts, dict) else parts if isinstance(parts, list) else ())]


def _is_closed(schema: JSON) -> bool:
    return isinstance(schema, dict) and schema.get("additionalProperties", True) is not True


def _may_have(schema: JSONMapping, name: str) -> bool:
    """Whether an object may have a further key."""
    if any(keyword in schema for keyword in _COUNTING):
        return False
    patterns = schema.get("patternProperties")
    try:
        with deadline():
            return not any(matches_somewhere(pattern, name) for pattern in (patterns or ()))
    except OutOfTimeError:
        return False


def _is_judged(parts: list[JSON], root: JSONObject, above: frozenset[int] = frozenset()) -> bool:
    """Whether the value of a property is judged, or all that a list or a map of free keys holds."""
    forms = [form for form in resolved(parts, root) if id(form) not in above]
    if any(CONFIDENCE_KEYWORD in form or EVIDENCE_KEYWORD in form or form.get("format") == FORMAT for form in forms):
        return False
    constants = {json.dumps(form["const"], sort_keys=True) for form in forms if "const" in form} - {"null"}
    above |= {*map(id, forms)}
    return len(constants) > 1 or any(_judges(form) or _is_judged(_held(form), root, above) for form in forms)


def _held(form: JSONMapping) -> list[JSON]:
    """Return what a list, or an object of free keys alone, holds."""
    rest = form.get("additionalProperties") if not properties_of(form) else None
    items = form.get("items")
    return [*(items if isinstance(items, list) else [items]), *(form.get("prefixItems") or ()), rest]


def _judges(form: JSONMapping) -> bool:
    """Whether a schema is of a single value that somebody has to judge."""
    if "const" in form:
        return False  # one constant alone leaves no choice
    if "enum" in form:
        return len([value for value in form["enum"] if value is not None]) > 1
    told: Any = form.get("type", [])
    types = {told} if isinstance(told, str) else {*told}
    if "string" in types and "format" not in form and "pattern" not in form:
        return True
    return "boolean" in types or bool(types & {"integer", "number"} and _is_bounded(form))


def _is_bounded(form: JSONMapping) -> bool:
    return all(f"{side}imum" in form or f"exclusive{side.capitalize()}imum" in form for side in ("min", "max"))
