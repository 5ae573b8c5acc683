"""A JSON Schema is compiled, once, into the questions that a small model can answer: one strategy a field.

An object's required objects are taken apart into their own fields. What no strategy fits is written as JSON, by a
grammar of that part alone.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import jsonschema

from slotfill.extractors.local.strategies import (
    ABSENT,
    CALIBRATION,
    EMPTY_LABEL,
    LONGEST,
    MOST,
    NOT_EMPTY,
    QUESTION,
    Choice,
    Compiled,
    Doubt,
    Field,
    FieldPath,
    Line,
    MentionList,
    NoPassages,
    RowList,
    Stated,
    Written,
)
from slotfill.schemas.json_schema.subschemas import resolve_local
from slotfill.schemas.marks.confidence import CONFIDENCE_KEYWORD
from slotfill.schemas.marks.evidence import EVIDENCE_KEYWORD
from slotfill.schemas.marks.merge_policy import MERGE_KEYWORD
from slotfill.schemas.verbatim import FORMAT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = ["compile_schema"]

MAX_LABELS = 64
"""The most labels that are scored: more are written, letter for letter, by a grammar."""

MENTIONS = re.compile(r"\b(?:mention|occurrence|(?:each|every) (?:time|place)|repeat)", re.IGNORECASE)
"""How a schema asks for each mention of a thing; else each is listed once."""

SUMMING_UP = re.compile(r"(?:summary|summarise|summarize|gist|tl_?dr)", re.IGNORECASE)
"""What a field is called that says in short what the text says."""

MAX_RANGE = 11
"""The most values of an integer range that is scored: marks of 0 to 10."""


def compile_schema(schema: JSONMapping) -> Compiled | None:
    """Compile a JSON Schema whose references are local; None when it is no object with fields, or with too many."""
    try:
        fields = tuple(_Compiler(schema).record(schema, (), ()) or ())
    except _TooManyFieldsError:
        return None
    return Compiled(fields) if fields else None


_MOST_FIELDS = 1_000
"""How many fields are asked for one by one: n definitions that refer twice to the next have 2^n."""


class _TooManyFieldsError(Exception):
    """Ends compiling."""


_NOTES = {"title", "description", "default", "examples", MERGE_KEYWORD, EVIDENCE_KEYWORD}
_OF_RECORDS = _NOTES | {
    *("type", "properties", "required", "additionalProperties", "$defs", "definitions", "$schema", "$id"),
    *(CALIBRATION, QUESTION),
}
_OF_UNIONS = _NOTES | {"anyOf"}
_OF_STRINGS = _NOTES | {"type", "format", "minLength", "maxLength"}
_OF_LISTS = _NOTES | {"type", "items", "minItems", "maxItems"}


class _Compiler:
    def __init__(self, root: JSONMapping) -> None:
        self.root = root
        self.fields = 0
        self.unions: dict[int, list[JSON] | None] = {}

    def record(self, schema: JSONMapping, path: FieldPath, within: tuple[str, ...]) -> list[Field] | None:
        """Take an object apart; None where more is said of it than what its fields are."""
        properties = self._properties(schema)
        if properties is None:
            return None
        required = set(schema.get("required", ()))
        if not required <= properties.keys():
            return None
        fields: list[Field] = []
        for key, part in properties.items():
            fields += self.field(part, (*path, key), within, optional=key not in required)
        return fields

    def field(self, part: JSON, path: FieldPath, within: tuple[str, ...], *, optional: bool) -> Iterator[Field]:
        self.fields += 1
        if self.fields > _MOST_FIELDS:
            raise _TooManyFieldsError
        schema, within = self._resolved(part, within)
        if not isinstance(schema, dict) or within[-1:] == ("",):
            yield Field(path, Written(part, optional))
            return
        description = str(schema.get("description", part.get("description", "")))
        if (of := schema.get(CONFIDENCE_KEYWORD)) is not None:
            yield Field(path, Doubt((*path[:-1], of)))
        elif EVIDENCE_KEYWORD in schema and not schema.get("minItems"):
            yield Field(path, NoPassages())
        elif (choice := self.choice(schema, optional=optional)) is not None:
            yield Field(path, choice, description)
        elif (strategy := self.of_passages(schema, part, path, within, optional=optional)) is not None:
            yield Field(path, strategy, description)
        elif not optional and (nested := self.record(schema, path, within)) is not None:
            yield from nested
        else:
            yield Field(path, Written(part, optional), description)

    def of_passages(
        self, schema: JSONMapping, part: JSON, path: FieldPath, within: tuple[str, ...], *, optional: bool
    ) -> MentionList | Line | Stated | RowList | None:
        """Find what is answered with passages of the text: mentions, lines, numbers and dates, rows."""
        return (
            (None if optional else self.mentions(schema))
            or self.line(schema, path, optional=optional)
            or self.stated(schema, part, optional=optional)
            or self.rows(schema, part, within, optional=optional)
        )

    def choice(self, schema: JSONMapping, *, optional: bool) -> Choice | None:
        """Find the few values that a schema allows."""
        if (values := self.values(schema)) is None:
            return None
        labels = list(map(_label, values))
        if len({*labels}) < len(labels):
            labels = [json.dumps(value, ensure_ascii=False) for value in values]
        if optional:
            values, labels = [*values, ABSENT], [*labels, _unlike(EMPTY_LABEL, labels)]
        return Choice(tuple(values), tuple(labels)) if 0 < len(values) <= MAX_LABELS else None

    def values(self, schema: JSONMapping) -> list[JSON] | None:
        if {"$ref", "allOf", "oneOf", "not", "if"} & schema.keys():
            return None
        if "anyOf" in schema:
            return self._of_union_once(schema["anyOf"]) if schema.keys() <= _OF_UNIONS else None
        if "const" in schema or "enum" in schema:
            valid = jsonschema.Draft202012Validator(schema).is_valid
            return list(filter(valid, schema.get("enum", [schema.get("const")])))
        if schema.get("type") == "boolean":
            return [True, False]
        return _range(schema) if schema.get("type") == "integer" else None

    def _of_union_once(self, options: list[JSON]) -> list[JSON] | None:
        """Return the values of a union, read once however often it is referred to; none of one that holds itself."""
        if id(options) not in self.unions:
            self.unions[id(options)] = None
            self.unions[id(options)] = self._of_union(options)
        return self.unions[id(options)]

    def _of_union(self, options: list[JSON]) -> list[JSON] | None:
        values: list[JSON] = []
        for option in options:
            resolved, within = self._resolved(option, ())
            if not isinstance(resolved, dict) or within[-1:] == ("",):
                return None
            found = [None] if resolved.get("type") == "null" else self.values(resolved)
            if found is None:
                return None
            values += (value for value in found if not any(_same(value, known) for known in values))
        return values

    def mentions(self, schema: JSONMapping) -> MentionList | None:
        """Recognise a list of objects that hold a passage, its label, and perhaps the confidence in it."""
        if schema.get("type") != "array" or not schema.keys() <= _OF_LISTS or schema.get("minItems", 0):
            return None  # of a list that must hold something the model writes whatever comes nearest
        item, _ = self._resolved(schema.get("items"), ())
        properties = self._properties(item) if isinstance(item, dict) else None
        if properties is None or not isinstance(item, dict) or not {*item.get("required", ())} <= properties.keys():
            return None
        parts = {key: self._resolved(part, ())[0] for key, part in properties.items()}
        texts = [key for key, part in parts.items() if isinstance(part, dict) and _is_passage(part)]
        doubts = [key for key, part in parts.items() if isinstance(part, dict) and CONFIDENCE_KEYWORD in part]
        evidence = [key for key, part in parts.items() if isinstance(part, dict) and EVIDENCE_KEYWORD in part]
        labels = [key for key in parts if key not in (*texts, *doubts, *evidence)]
        if len(texts) != 1 or len(labels) != 1 or any(parts[key][CONFIDENCE_KEYWORD] != labels[0] for key in doubts):
            return None
        choice = self.choice(parts[labels[0]], optional=False) if isinstance(parts[labels[0]], dict) else None
        if choice is None or "pattern" in parts[texts[0]]:
            return None
        none = _unlike(EMPTY_LABEL, choice.labels)
        choice = Choice((*choice.values, ABSENT), (*choice.labels, none))
        told = [self.root, schema, item, *parts.values()]
        repeated = any(isinstance(one, dict) and MENTIONS.search(str(one.get("description", ""))) for one in told)
        most, longest = _most(schema), parts[texts[0]].get("maxLength")
        return MentionList(texts[0], labels[0], choice, tuple(doubts), most, longest, tuple(evidence), bool(repeated))

    def line(self, schema: JSONMapping, path: FieldPath, *, optional: bool) -> Line | None:
        """Recognise a string, a list of strings, and either or null."""
        schema, blank, _ = self._or_null(schema, (), optional=optional)
        if _is_string(schema):
            line = Line(_is_passage(schema), many=False, blank=blank, **_lengths(schema))
            return replace(line, sums_up=not line.verbatim and SUMMING_UP.search(path[-1]) is not None)
        item = self._resolved(schema.get("items"), ())[0]
        if schema.get("type") != "array" or not schema.keys() <= _OF_LISTS or not _is_string(item):
            return None
        fewest, most = int(schema.get("minItems", 0)), int(schema.get("maxItems", MOST))
        empty: JSON = blank if blank is not NOT_EMPTY else NOT_EMPTY if fewest else []
        bounds: JSONObject = {"fewest": fewest, "most": max(fewest, min(most, MOST))}
        return Line(_is_passage(item), many=True, blank=empty, **bounds, **_lengths(item)) if most else None

    def stated(self, schema: JSONMapping, part: JSON, *, optional: bool) -> Stated | None:
        """Recognise a number or a date, and either or null."""
        schema, blank, _ = self._or_null(schema, (), optional=optional)
        if schema.get("type") in ("integer", "number") and not {"oneOf", "allOf", "not", "if"} & schema.keys():
            return Stated("number", schema, blank, part)
        if schema.keys() <= _OF_UNIONS and _types(schema) == ["number", "string"]:
            return Stated("number", schema, blank, part, as_text=True)
        is_moment = schema.get("type") == "string" and schema.get("format") in ("date", "date-time", "time")
        return Stated(schema["format"], schema, blank, part) if is_moment and schema.keys() <= _OF_STRINGS else None

    def rows(self, schema: JSONMapping, part: JSON, within: tuple[str, ...], *, optional: bool) -> RowList | None:
        """Recognise a list of objects that are taken apart into fields."""
        schema, blank, within = self._or_null(schema, within, optional=optional)
        if within[-1:] == ("",) or schema.get("type") != "array" or not schema.keys() <= _OF_LISTS:
            return None
        item, within = self._resolved(schema.get("items"), within)
        if not isinstance(item, dict) or within[-1:] == ("",):
            return None
        fields = self.record(item, (), within)
        if not all(isinstance(field.strategy, Choice | Doubt | Line | NoPassages | Stated) for field in fields or ()):
            return None  # no line holds a tree
        if schema.get("minItems") and not any(isinstance(field.strategy, Stated) for field in fields or ()):
            return None  # of a list that must hold something the model writes whatever comes nearest
        return RowList(tuple(fields), item, blank, _most(schema), part) if fields else None

    def _or_null(
        self, schema: JSONMapping, within: tuple[str, ...], *, optional: bool
    ) -> tuple[JSONMapping, JSON, tuple[str, ...]]:
        """Return what a schema asks for beside null, and the value that stands for nothing."""
        blank: JSON = ABSENT if optional else NOT_EMPTY
        if schema.keys() <= _OF_UNIONS and "anyOf" in schema:
            others = [option for option in schema["anyOf"] if option != {"type": "null"}]
            resolved = [self._resolved(option, within) for option in others]
            if len(others) < len(schema["anyOf"]):
                if len(resolved) == 1 and isinstance(resolved[0][0], dict):
                    return resolved[0][0], None, resolved[0][1]
                return {"anyOf": [option for option, _ in resolved]}, None, within
        return schema, blank, within

    def _properties(self, schema: JSONMapping) -> JSONMapping | None:
        known = schema.get("type", "object") == "object" and schema.keys() <= _OF_RECORDS
        open_ended = isinstance(schema.get("additionalProperties"), dict)
        return (schema.get("properties") or None) if known and not open_ended else None

    def _resolved(self, schema: JSON, within: tuple[str, ...]) -> tuple[JSON, tuple[str, ...]]:
        """Follow a reference that stands alone; one that leads back to itself ends in ""."""
        if not isinstance(schema, dict) or not isinstance(reference := schema.get("$ref"), str):
            return schema, within
        if reference in within:
            return schema, (*within, "")
        return resolve_local(schema, self.root), (*within, reference)


def _types(schema: JSONMapping) -> list[str]:
    """Return the types of a union of plain types; nothing where more is said of one."""
    options = schema.get("anyOf", [])
    types = [option.get("type") for option in options if isinstance(option, dict) and len(option) == 1]
    named = [kind for kind in types if isinstance(kind, str)]
    return sorted(named) if len(named) == len(options) else []


def _is_passage(schema: JSONMapping) -> bool:
    return schema.get("type") == "string" and schema.get("format") == FORMAT


def _is_string(schema: JSON) -> bool:
    """Whether a schema is a string of one line and any form."""
    plain = isinstance(schema, dict) and schema.get("type") == "string" and schema.keys() <= _OF_STRINGS
    return plain and schema.get("format", FORMAT) == FORMAT and schema.get("minLength", 0) <= LONGEST


def _lengths(schema: JSONMapping) -> JSONObject:
    shortest = max(1, int(schema.get("minLength", 0)))
    return {"shortest": shortest, "longest": max(shortest, min(int(schema.get("maxLength", LONGEST)), LONGEST))}


def _most(schema: JSONMapping) -> int | None:
    """Return how many entries a list may have; JSON Schema takes 2.0 for 2."""
    return int(schema["maxItems"]) if "maxItems" in schema else None


def _range(schema: JSONMapping) -> list[JSON] | None:
    lowest = schema.get("minimum", schema.get("exclusiveMinimum"))
    highest = schema.get("maximum", schema.get("exclusiveMaximum"))
    if lowest is None or highest is None or not 0 <= highest - lowest <= MAX_RANGE + 1:
        return None
    valid = jsonschema.Draft202012Validator(schema).is_valid
    values = list(filter(valid, range(int(lowest), int(highest) + 1)))
    return values if len(values) <= MAX_RANGE else None


def _label(value: JSON) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case None:
            return EMPTY_LABEL
        case str() if value.strip():
            return " ".join(value.split())
    return json.dumps(value, ensure_ascii=False)


def _same(one: JSON, other: JSON) -> bool:
    return type(one) is type(other) and one == other


def _unlike(label: str, labels: JSON) -> str:
    while label in labels:
        label = f"({label})"
    return label
