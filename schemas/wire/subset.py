"""The subset of JSON Schema that structured output takes: what of a schema is left in it, and what is not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote, urldefrag, urljoin

from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.json_values.pointer import follow, join
from slotfill.schemas.wire.constrained_types import (
    ANY_TYPE,
    IN_WORDS,
    RULED_OUT,
    constrains,
    declared_types,
    says_nothing,
    types_of_value,
)
from slotfill.schemas.wire.constraint_text import in_words
from slotfill.schemas.wire.losses import STRUCTURED, Loss

__all__ = ["Reduction", "local_pointer"]

MAX_OPTIONAL = 24
MAX_UNIONS = 16
"""The most optional properties, and parts with alternatives, that the service compiles to a grammar.

https://platform.claude.com/docs/en/build-with-claude/structured-outputs#schema-complexity-limits
"""

_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"},
)

_BEYOND_GRAMMARS = re.compile(r"\(\?(?!:)|\\[bBk1-9pPuxcAZzG]|\{\d{3,}|\{\d+,\d{3,}")
"""Finds what a pattern may not hold to be sent: look-around and other groups with a `?`, back-references, `\\b`, counts
of hundreds; and escapes that dialects read in several ways.

https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations
"""

_FORM = ("$ref", "enum", "const", "anyOf", "oneOf", "allOf", "type")
_PARTS = ("properties", "required", "additionalProperties", "items")
_CONSTRAINTS = frozenset({*_FORM, *_PARTS, *IN_WORDS, *RULED_OUT})


class Reduction:
    """One walk over a schema: `root` gives what is left of it, `losses` collects what is not."""

    def __init__(self, document: JSONObject) -> None:
        self.losses: list[Loss] = []
        self._document = document
        self._definitions: JSONObject = {}
        self._names: dict[str, str] = {}
        self._root_pointer = ""
        self._open = [""]
        self._optional = 0
        self._unions = 0
        self._forms: dict[str, Callable[[JSONObject, str], JSONObject]] = {
            "$ref": self._reference,
            "enum": self._literal,
            "const": self._literal,
            "anyOf": self._union,
            "oneOf": self._union,
            "allOf": self._only_part,
            "type": self._typed,
        }

    def root(self) -> JSONObject:
        """Reduce the whole schema."""
        try:
            return self.schema(self._document, "")
        except RecursionError:  # a long chain of definitions, each within the one before
            return self._rule_out("", "$ref", "structured output cannot go this deep")

    def schema(self, schema: JSON, path: str) -> JSONObject:
        """Reduce one (sub)schema. What is ruled out reduces to {}."""
        if not isinstance(schema, dict):
            return self._rule_out(path, "type", f"{json.dumps(schema)} says nothing of the value's type")
        for keyword, types in RULED_OUT.items():
            if keyword in schema and constrains(types, schema):
                self._rule_out(path, keyword, "structured output has no such keyword")
        for keyword, form in self._forms.items():
            if keyword in schema:
                return form(schema, path)
        return self._rule_out(path, "type", "is missing: structured output needs to know the value's type")

    def limits(self) -> Iterator[Loss]:
        """Return the losses that only the whole schema shows."""
        for keyword, count, limit in (
            ("required", self._optional, MAX_OPTIONAL),
            ("anyOf", self._unions, MAX_UNIONS),
        ):
            if count > limit:
                what = "optional properties" if keyword == "required" else "unions"
                message = f"{count} {what}: the service's grammars hold {limit}"
                yield Loss("", keyword, message, STRUCTURED)

    def shared(self) -> JSONObject:
        """Return the definitions that were referred to, as a keyword."""
        return {"$defs": self._definitions} if self._definitions else {}

    def _rule_out(self, path: str, keyword: str, message: str) -> JSONObject:
        self.losses.append(Loss(path, keyword, message, STRUCTURED))
        return {}

    def _alone(self, schema: JSONObject, path: str, keyword: str) -> None:
        """Rule out what would have to hold together with `keyword`."""
        for other in (*_FORM, *_PARTS):
            if other in schema and other != keyword:
                self._rule_out(path, other, f"structured output cannot combine it with {keyword}")

    def _described(self, reduced: JSONObject, schema: JSONObject, path: str) -> JSONObject:
        """Add the title, and the description with what the subset lacks in words."""
        told = [schema["description"]] if isinstance(schema.get("description"), str) else []
        words = "; ".join(self._words(reduced, schema, path))
        notes = {
            "title": schema.get("title"),
            "description": "\n\n".join([*told, *([words] if words else [])]),
        }
        return {**reduced, **{key: note for key, note in notes.items() if isinstance(note, str) and note}}

    def _words(self, reduced: JSONObject, schema: JSONObject, path: str) -> Iterator[str]:
        for keyword, types in IN_WORDS.items():
            if keyword not in schema or keyword in reduced or says_nothing(keyword, schema):
                continue
            if constrains(types, schema):
                words = in_words(keyword, schema[keyword])
                self.losses.append(Loss(path, keyword, f"told in words, and checked after the reply: {words}"))
                yield words

    def _reference(self, schema: JSONObject, path: str) -> JSONObject:
        self._alone(schema, path, "$ref")
        pointer = local_pointer(schema["$ref"], self._document)
        if pointer is None:
            return self._rule_out(path, "$ref", f"{schema['$ref']!r} is no JSON Pointer into this schema")
        if pointer in self._open:
            return self._rule_out(path, "$ref", f"{schema['$ref']!r} is recursive")
        if path == self._root_pointer:
            return self._inlined(schema, pointer)
        reference = {"$ref": f"#/$defs/{self._names.get(pointer) or self._define(pointer)}"}
        described = self._described({}, schema, path)
        return {"anyOf": [reference], **described} if described else reference

    def _inlined(self, schema: JSONObject, pointer: str) -> JSONObject:
        """Reduce the root's reference to what it leads to: the service wants to see an object there."""
        target = follow(pointer, self._document)
        around = {key: value for key, value in schema.items() if key not in ("$ref", "$defs", "definitions")}
        self._root_pointer = pointer
        self._open.append(pointer)
        return self.schema({**target, **around} if isinstance(target, dict) else target, pointer)

    def _define(self, pointer: str) -> str:
        """Reduce what a reference leads to, once; give the name under which it is kept."""
        self._open.append(pointer)
        reduced = self.schema(follow(pointer, self._document), pointer)
        self._open.pop()
        stem = name = re.sub(r"[^a-zA-Z0-9_.-]", "_", pointer.rsplit("/", 1)[-1]) or "_"
        while name in self._definitions:
            name = f"{stem}-{len(self._definitions)}"
        self._definitions[name] = reduced
        self._names[pointer] = name
        return name

    def _literal(self, schema: JSONObject, path: str) -> JSONObject:
        for other in ("anyOf", "oneOf", "allOf"):
            if other in schema:
                self._rule_out(path, other, "structured output cannot combine it with enum or const")
        reduced: JSONObject = {}
        if "enum" in schema:
            reduced["enum"] = self._literals(schema["enum"], schema, path, "enum")
        if "const" in schema:
            reduced["const"] = next(iter(self._literals([schema["const"]], schema, path, "const")), None)
        return self._described(reduced, schema, path)

    def _literals(self, values: JSON, schema: JSONObject, path: str, keyword: str) -> list[JSON]:
        """Keep the values that the type allows: a type cannot stand beside them."""
        listed = values if isinstance(values, list) else []
        if any(isinstance(value, dict | list) for value in listed):
            self._rule_out(path, keyword, "structured output takes strings, numbers, booleans and null only")
            return []
        allowed = [value for value in listed if types_of_value(value) & set(declared_types(schema))]
        if not allowed:
            self._rule_out(path, keyword, "allows no value")
        return allowed

    def _union(self, schema: JSONObject, path: str) -> JSONObject:
        keyword = "anyOf" if "anyOf" in schema else "oneOf"
        self._alone(schema, path, keyword)
        branches = schema[keyword]
        if not (isinstance(branches, list) and branches):
            return self._rule_out(path, keyword, "lists no alternatives")
        self._unions += len(branches) > 1
        reduced = [self.schema(branch, path + join((keyword, at))) for at, branch in enumerate(branches)]
        return self._described({"anyOf": _with_bounds_of_texts(reduced)}, schema, path)

    def _only_part(self, schema: JSONObject, path: str) -> JSONObject:
        parts = schema["allOf"]
        rest = {key: value for key, value in schema.items() if key != "allOf"}
        if (
            isinstance(parts, list)
            and len(parts) == 1
            and isinstance(parts[0], dict)
            and not rest.keys() & _CONSTRAINTS
        ):
            return self.schema({**parts[0], **rest}, path + join(("allOf", 0)))
        return self._rule_out(
            path, "allOf", "structured output takes it around one schema only, with nothing beside it"
        )

    def _typed(self, schema: JSONObject, path: str) -> JSONObject:
        listed = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not listed or any(name not in ANY_TYPE for name in listed):
            return self._rule_out(path, "type", f"{json.dumps(schema['type'])} names no types of JSON")
        names = list(dict.fromkeys(listed))
        if len(names) == 1:
            return self._described(self._of_type(names[0], schema, path), schema, path)
        self._unions += 1
        notes: JSONObject = {key: schema[key] for key in ("title", "description") if key in schema}
        bare = {key: value for key, value in schema.items() if key not in notes}
        branches = [self._typed({**bare, "type": name}, path) for name in names]
        return self._described({"anyOf": branches}, notes, path)

    def _of_type(self, name: str, schema: JSONObject, path: str) -> JSONObject:
        reduced: JSONObject = {"type": name}
        if name == "object":
            reduced |= self._object(schema, path)
        elif name == "array":
            reduced |= self._array(schema, path)
        elif name == "string":
            reduced |= _native(schema)
        return reduced

    def _object(self, schema: JSONObject, path: str) -> JSONObject:
        properties, closed = schema.get("properties"), schema.get("additionalProperties")
        if closed not in (None, False):
            self._rule_out(path, "additionalProperties", "structured output takes no keys but those it lists")
        if not isinstance(properties, dict) or not properties:
            if closed is not False:
                self._rule_out(path, "properties", "are missing: structured output takes no keys but those it lists")
            properties = {}
        required = self._required(schema, properties, path)
        self._optional += len(properties.keys() - set(required))
        reduced = {key: self.schema(part, path + join(("properties", key))) for key, part in properties.items()}
        listed = {"required": required} if "required" in schema else {}
        return {"properties": reduced, **listed, "additionalProperties": False}

    def _required(self, schema: JSONObject, properties: JSONMapping, path: str) -> list[str]:
        required = schema.get("required", [])
        if not isinstance(required, list):
            self._rule_out(path, "required", "is no list of keys")
            return []
        keys = [key for key in required if isinstance(key, str) and key in properties]
        if len(keys) < len(required):
            self._rule_out(path, "required", "names keys that are no properties")
        return list(dict.fromkeys(keys))

    def _array(self, schema: JSONObject, path: str) -> JSONObject:
        items, least = schema.get("items"), schema.get("minItems")
        kept = {"minItems": least} if least in (0, 1) and not isinstance(least, bool) else {}
        if items is None or isinstance(items, list):
            self._rule_out(path, "items", "structured output needs one schema for all items")
            return kept
        return {"items": self.schema(items, path + join(("items",))), **kept}


def local_pointer(reference: JSON, document: JSONObject) -> str | None:
    """Return the JSON Pointer that a reference is, None when it leads elsewhere or goes by a name."""
    if not isinstance(reference, str):
        return None
    own = document.get("$id", document.get("id"))  # draft 4 has `id`
    base = own.partition("#")[0] if isinstance(own, str) else ""
    try:
        where, fragment = urldefrag(base + reference if reference.startswith("#") else urljoin(base, reference))
    except ValueError:  # no URI at all
        return None
    return unquote(fragment) if where == base and fragment[:1] in ("", "/") else None


def _with_bounds_of_texts(branches: list[JSONObject]) -> list[JSONObject]:
    """Say beside a number that has bounds that they are those of its text, too: a `Decimal` may be either."""
    told = [branch["description"] for branch in branches if branch.get("type") == "number" and "description" in branch]
    words = f"where it is a number: {told[0]}" if told else ""
    return [
        {**branch, "description": words} if words and branch == {"type": "string"} else branch for branch in branches
    ]


def _native(schema: JSONObject) -> JSONObject:
    """Keep what constrains a string and the service's grammars can hold."""
    written, pattern = schema.get("format"), schema.get("pattern")
    if isinstance(written, str) and written in _FORMATS:
        return {"format": written}
    return {"pattern": pattern} if isinstance(pattern, str) and not _BEYOND_GRAMMARS.search(pattern) else {}
