"""How each field is judged: what its schemas say of it, and, where they say nothing, what its values suggest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from slotfill.extractors.forms.dates import ISO_FORMS
from slotfill.schemas.json_schema.subschemas import properties_of
from slotfill.schemas.json_schema.value_walk import ApplicableSchemas, applicable_schemas
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.json_values.places import PathStep
from slotfill.schemas.marks.comparison import Compare, comparison_of
from slotfill.schemas.marks.confidence import CONFIDENCE_KEYWORD
from slotfill.schemas.marks.evidence import EVIDENCE_KEYWORD
from slotfill.schemas.marks.merge_policy import list_key_of
from slotfill.schemas.verbatim import FORMAT as VERBATIM

__all__ = ["FieldRule", "FieldRules"]

_EXACT, _NUMBER, _TEXT = Compare("exact"), Compare("number"), Compare("text")
_FOLDED, _VERBATIM, _DATE = Compare("text", at_least=1), Compare("verbatim"), Compare("date")

_LABEL_WEIGHT, _NUMBER_WEIGHT = 0.1, 0.5
"""What a label or a number says of which item of a list an object is, against a text: many items have the same."""

_LONGEST_DATE = 40


@dataclass(frozen=True, slots=True, eq=False)
class FieldRule:
    """What the schemas of a value say of how it is judged.

    mark: the comparison that they name, or that of the list or object that the value stands in.
    of_texts: how its texts are compared where none is named; None where the texts themselves must tell.
    is_closed: whether it is one of a few values.
    is_set: whether equal items of the list are one.
    is_tuple: whether each item has its own place.
    key: the keys that tell the list's items apart, if the schema names any.
    names: the keys that the schemas name.
    has_schema: whether any schema speaks of it.
    """

    schemas: ApplicableSchemas | None = None
    mark: Compare | None = None
    of_texts: Compare | None = None
    is_closed: bool = False
    is_set: bool = False
    is_tuple: bool = False
    is_ignored: bool = False
    key: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()

    @property
    def has_schema(self) -> bool:
        """Whether any schema speaks of the value."""
        return bool(self.schemas)

    def compare(self, one: JSON, other: JSON) -> Compare:
        """Return how two scalars, of which one may be null, are compared."""
        values = [value for value in (one, other) if value is not None]
        if self.mark and self.mark.kind != "set":
            return self.mark
        if self.is_closed or any(isinstance(value, bool) for value in values):
            return _EXACT
        if any(isinstance(value, int | float) for value in values):
            return _EXACT if all(isinstance(value, int) for value in values) else _NUMBER
        return self.of_texts or (_DATE if all(map(_is_date, values)) else _TEXT)

    def weight(self, value: JSON) -> float:
        """Return how much a scalar says of which item of a list it stands in."""
        if self.is_closed or isinstance(value, bool):
            return _LABEL_WEIGHT
        return _NUMBER_WEIGHT if isinstance(value, int | float) else 1.0


class FieldRules:
    """The rules of all fields: those of a JSON Schema, which must not change any more, or of none."""

    def __init__(self, json_schema: JSONMapping | None = None) -> None:
        self.root = FieldRule() if json_schema is None else _rule_of(applicable_schemas(json_schema))
        self._parts: dict[tuple[int, PathStep], FieldRule] = {}
        self._rules: list[FieldRule] = [self.root]  # held, so that no other gets the identity of one of them

    def at(self, rule: FieldRule, step: PathStep) -> FieldRule:
        """Return the rule of a key's value, or of an item."""
        place = (id(rule), step if isinstance(step, str) or rule.is_tuple else 0)
        if place not in self._parts:
            self._parts[place] = self._part(rule, place[1])
        return self._parts[place]

    def _part(self, rule: FieldRule, step: PathStep) -> FieldRule:
        part = _rule_of(rule.schemas.at(step)) if rule.schemas is not None else FieldRule()
        if rule.mark and not part.mark and rule.mark.kind != "set":
            part = replace(part, mark=rule.mark)
        part = next((known for known in self._rules if _is_same_rule(known, part)), part)
        self._rules.append(part)
        return part


def _is_same_rule(one: FieldRule, other: FieldRule) -> bool:
    """Whether two rules are of the same schemas: what refers to itself has as many rules as schemas."""
    return one.schemas is other.schemas and one.mark == other.mark


def _rule_of(schemas: ApplicableSchemas) -> FieldRule:
    mark = comparison_of(schemas)
    # How sure a model is, and what it rests on, is no part of what gold says.
    is_beside = any(word in schema for schema in schemas for word in (CONFIDENCE_KEYWORD, EVIDENCE_KEYWORD))
    return FieldRule(
        schemas=schemas,
        mark=mark,
        of_texts=_of_texts(schemas),
        is_closed=_is_closed(schemas),
        is_set=(mark is not None and mark.kind == "set")
        or any(schema.get("uniqueItems") is True for schema in schemas),
        is_tuple=any(isinstance(schema.get(word), list) for schema in schemas for word in ("prefixItems", "items")),
        is_ignored=mark.kind == "ignore" if mark else is_beside,
        key=list_key_of(schemas),
        names=frozenset(name for schema in schemas for name in properties_of(schema)),
    )


def _is_closed(schemas: ApplicableSchemas) -> bool:
    """Whether only a few values are allowed: an open type beside them makes any value one."""
    listed = [schema for schema in schemas if "enum" in schema or "const" in schema]
    is_open = any(_is_scalar(schema) for schema in schemas if schema not in listed)
    return bool(listed) and not is_open


def _is_scalar(schema: JSONMapping) -> bool:
    types = schema.get("type")
    return bool({"string", "number", "integer"} & {*([types] if isinstance(types, str) else types or ())})


def _of_texts(schemas: ApplicableSchemas) -> Compare | None:
    formats = {name for schema in schemas if isinstance(name := schema.get("format"), str)}
    if VERBATIM in formats:
        return _VERBATIM
    if formats & ISO_FORMS.keys():
        return _DATE
    if formats or any("pattern" in schema for schema in schemas):
        return _FOLDED
    return _TEXT if any("string" in str(schema.get("type")) for schema in schemas) else None


def _is_date(value: JSON) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_DATE and _reads_as_date(value)


@lru_cache(maxsize=8192)
def _reads_as_date(text: str) -> bool:
    return text[-1:].isalnum() and ISO_FORMS["date"](text, None) is not None
