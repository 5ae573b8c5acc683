"""What each field of a schema is asked by, as hashes: what a later version of the schema has gained or changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from urllib.parse import unquote

from slotfill.schemas.example import Example
from slotfill.schemas.json_schema.subschemas import properties_of, resolve_local, subschemas
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.json_values.pointer import follow
from slotfill.schemas.marks.merge_policy import MERGE_KEYWORD
from slotfill.schemas.marks.silent_marks import SILENT_KEYWORDS

__all__ = ["FieldDigests", "digest_fields"]

DIGITS = 12
"""So many hex digits tell two forms of one field apart."""

_NOT_ASKED = (MERGE_KEYWORD, *SILENT_KEYWORDS)
"""What is made of an answer: it may change without the question."""

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_APART = frozenset({"title", "description", "properties", "required", "$defs", "definitions", "$schema", "$id", "id"})
"""Keywords of the whole that fields are asked by, or the instructions hold, or that only name it."""


@dataclass(frozen=True, slots=True)
class FieldDigests:
    """What the fields of an object are asked by: twelve hex digits of SHA-256 each.

    Attributes:
        instructions: What is told in words, with its parameters.
        whole: What the schema says of the object as a whole; all of it where the value is no object.
        fields: By key, what is said of one: its schema with all that it refers to, whether it is required, and what
            worked examples hold of it.
    """

    instructions: str
    whole: str
    fields: Mapping[str, str]


def digest_fields(
    json_schema: JSONObject,
    instructions: Sequence[JSON],
    *,
    examples: Iterable[Example] = (),
    calibration: Iterable[Example] = (),
    also: Sequence[JSON] = (),
) -> FieldDigests:
    """Hash what each field is asked by.

    instructions: the instructions, and what fills them in. also: what else tells how the value is judged.
    """
    document = _asked(json_schema)
    root = resolve_local(document, document)
    properties = properties_of(root) if root.get("type") == "object" else {}
    required = root.get("required", ())
    shots, labelled = [*examples], [*calibration]
    rest = {keyword: part for keyword, part in root.items() if keyword not in _APART} if properties else document
    others = [key for key in required if key not in properties]
    of_whole = [_of_others(shots, properties), _of_others(labelled, properties), *also]
    return FieldDigests(
        instructions=_hash([root.get("description"), *instructions]),
        whole=_hash([_with_reached(rest, document), others, *of_whole]),
        fields={
            key: _hash([_with_reached(part, document), key in required, _of_field(shots, key), _named(labelled, key)])
            for key, part in properties.items()
        },
    )


def _asked(json_schema: JSONObject) -> JSONObject:
    """Return a schema without what changes no question."""
    document = deepcopy(json_schema)
    for _, part in subschemas(document):
        for keyword in _NOT_ASKED:
            part.pop(keyword, None)
    return document


def _with_reached(part: JSON, document: JSONObject) -> list[JSON]:
    """Return a part of a schema, and by their references all others that it leads to."""
    reached: dict[str, JSON] = {}
    rest = [part]
    while rest:
        for _, one in subschemas(rest.pop()):
            for reference in (one[name] for name in _REFERENCES if isinstance(one.get(name), str)):
                if reference not in reached:
                    # What is referred to by a name of its own may be anywhere: all of the schema counts.
                    target = follow(unquote(reference[1:]), document) if reference.startswith("#/") else document
                    reached[reference] = target
                    rest.append(target)
    return [part, reached]


def _of_field(examples: Iterable[Example], key: str) -> list[JSON]:
    """Return what examples say of a field: a text that shows that it is left out is one, too."""
    return [[example.text, *_member(example.value, key)] for example in examples]


def _named(examples: Iterable[Example], key: str) -> list[JSON]:
    """Return those that name a field: a labelled text may hold any part of a value."""
    return [[example.text, *member] for example in examples if (member := _member(example.value, key))]


def _member(value: JSON, key: str) -> list[JSON]:
    return [value[key]] if isinstance(value, dict) and key in value else []


def _of_others(examples: Iterable[Example], keys: Collection[str]) -> list[JSON]:
    """Return what examples hold that is no field's."""
    rests = ((example.text, _without(example.value, keys)) for example in examples)
    return [[text, rest] for text, rest in rests if not keys or rest]


def _without(value: JSON, keys: Collection[str]) -> JSON:
    return {key: part for key, part in value.items() if key not in keys} if isinstance(value, dict) else value


def _hash(data: JSON | JSONMapping) -> str:
    canonical = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]
