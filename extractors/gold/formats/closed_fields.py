"""Fields that have one of a few labels, which an annotator had better choose than type."""

from __future__ import annotations

from collections.abc import Iterator

from slotfill.extractors.evaluation.judging.field_rules import FieldRule, FieldRules
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.json_values.pointer import ANY_INDEX, join

__all__ = ["closed_fields"]

_DEEPEST = 10
"""Levels: a schema that refers to itself has no end."""


def closed_fields(json_schema: JSONMapping) -> dict[str, tuple[str, ...]]:
    """Return the labels of each field that has one of a few, by the field's path, such as `/items/*/kind`.

    Args:
        json_schema: The JSON Schema of the values as they are written, which must not change any more.
    """
    rules = FieldRules(json_schema)
    rest: list[tuple[tuple[str, ...], FieldRule]] = [((), rules.root)]
    closed: dict[str, tuple[str, ...]] = {}
    while rest:
        path, rule = rest.pop()
        values = [*_values(rule)] if rule.is_closed else []
        if labels := tuple(dict.fromkeys(value for value in values if isinstance(value, str))):
            closed[join(path)] = labels
        if len(path) < _DEEPEST:
            rest += [((*path, name), rules.at(rule, name)) for name in sorted(rule.names)]
            rest += [((*path, ANY_INDEX), rules.at(rule, 0))] if _is_list(rule) else []
    return closed


def _values(rule: FieldRule) -> Iterator[JSON]:
    for schema in rule.schemas or ():
        yield from schema.get("enum", ())
        if "const" in schema:
            yield schema["const"]


def _is_list(rule: FieldRule) -> bool:
    return any(isinstance(schema.get("items"), dict) for schema in rule.schemas or ())
