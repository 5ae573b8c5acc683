"""A settled proposal as a JSON Schema, and back: what is optional may be null, a list may be empty."""

from __future__ import annotations

from slotfill.extractors.suggestion.proposal import Proposal, ProposedField, ProposedPart
from slotfill.schemas.json_values.json_types import JSONObject
from slotfill.schemas.marks.free_text import FREE_TEXT_KEYWORD
from slotfill.schemas.verbatim import FORMAT

__all__ = ["is_nullable", "proposed_schema"]

_SCALARS: dict[str, JSONObject] = {
    "verbatim": {"type": "string", "format": FORMAT},
    "text": {"type": "string", FREE_TEXT_KEYWORD: True},
    "whole number": {"type": "integer"},
    "number": {"type": "number"},
    "date": {"type": "string", "format": "date"},
    "yes/no": {"type": "boolean"},
}


def is_nullable(field: ProposedField | ProposedPart) -> bool:
    """Whether null stands for a value that a document does not have: of a list, no items do."""
    return not (field.always or field.many)


def proposed_schema(proposal: Proposal) -> JSONObject:
    """Return the JSON Schema of a settled proposal. No text of a sample is in it, but for labels."""
    return {"title": proposal.name, "description": proposal.instructions, **_object(proposal.fields)}


def _object(fields: list[ProposedField] | list[ProposedPart]) -> JSONObject:
    required = [field.name for field in fields if not is_nullable(field)]
    return {
        "type": "object",
        "properties": {field.name: _property(field) for field in fields},
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _property(field: ProposedField | ProposedPart) -> JSONObject:
    described = {"description": field.description}
    value = _value(field)
    if field.many:
        return {**described, "type": "array", "items": value}
    if is_nullable(field):
        return {**described, "anyOf": [value, {"type": "null"}], "default": None}
    return {**described, **value}


def _value(field: ProposedField | ProposedPart) -> JSONObject:
    if isinstance(field, ProposedField) and field.type == "object":
        return _object(field.fields)
    if field.type == "label":
        return {"type": "string", "enum": [*field.labels]}
    return {**_SCALARS[field.type]}
