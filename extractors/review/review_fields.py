"""The fields of a value under review: each part that is decided by itself, and what of the schema is not there yet."""

from __future__ import annotations

from dataclasses import dataclass

from slotfill.extractors.record.json_writer import NO_MEMBER
from slotfill.extractors.review.reviewed_value import ReviewedNode, ReviewedValue
from slotfill.extractors.review.value_editors import schemas_at
from slotfill.schemas.json_schema.subschemas import properties_of
from slotfill.schemas.json_schema.value_walk import ApplicableSchemas
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.json_values.places import ValuePath
from slotfill.schemas.json_values.pointer import join
from slotfill.schemas.marks.confidence import CONFIDENCE_KEYWORD
from slotfill.schemas.marks.evidence import EVIDENCE_KEYWORD

__all__ = ["ReviewField", "review_fields"]

_OTHERS = 1_000_000
"""Where members are numbered from that no schema names: behind all that one does."""


@dataclass(frozen=True, slots=True)
class ReviewField:
    """One field.

    Attributes:
        path: JSON Pointer into the reviewed value.
        steps: The same, as keys and indexes.
        value: What stands there; NO_MEMBER where nothing does.
        schemas: What may speak of it.
        is_removed: Whether it was taken out.
        is_list: Whether it is a list that items can be added to. One that has items is shown, but is nothing to decide.
        is_decided_by_parts: Whether its parts are the fields.
    """

    path: str
    steps: ValuePath
    value: JSON
    schemas: ApplicableSchemas
    is_removed: bool = False
    is_list: bool = False
    is_decided_by_parts: bool = False

    @property
    def is_open(self) -> bool:
        """Whether somebody has to decide what stands there."""
        return not (self.is_removed or self.is_decided_by_parts)


def review_fields(value: ReviewedValue, json_schema: JSONMapping) -> list[ReviewField]:
    """Return the fields of a value, and those that its schema knows and it does not have, in the schema's order.

    How sure a model is (`Confidence`) and what that rests on (`Evidence`) are no fields: nobody can say them right.
    """
    nodes = [*value.walk()]
    paths = {node.path for node in nodes}
    fields: list[tuple[tuple[int, ...], ReviewField]] = []
    places: dict[ValuePath, tuple[int, ...]] = {(): ()}
    for node in nodes:
        schemas = schemas_at(json_schema, node.steps)
        missing = _missing(node, schemas, paths)
        _number_parts(node, schemas, places)
        found = [field for field in (_field(node, schemas), *missing) if field is not None]
        fields += [(places[one.steps], one) for one in found if not _is_beside(one.steps, json_schema)]
    return [field for _, field in sorted(fields, key=lambda one: one[0])]


def _field(node: ReviewedNode, schemas: ApplicableSchemas) -> ReviewField | None:
    is_list = isinstance(node.value, list) and not node.is_removed
    if not (node.is_leaf or is_list):
        return None
    return ReviewField(
        node.path,
        node.steps,
        NO_MEMBER if node.is_removed else node.value,
        schemas,
        is_removed=node.is_removed,
        is_list=is_list,
        is_decided_by_parts=not node.is_leaf,
    )


def _number_parts(node: ReviewedNode, schemas: ApplicableSchemas, places: dict[ValuePath, tuple[int, ...]]) -> None:
    """Note where the parts of a value stand in its order: members as the schema has them, then all others."""
    place = places[node.steps]
    for number, part in enumerate(node.parts):
        places[*node.steps, part] = (*place, part if isinstance(part, int) else _OTHERS + number)
    names = dict.fromkeys(name for schema in schemas for name in properties_of(schema))
    for number, name in enumerate(names):
        places[*node.steps, name] = (*place, number)


def _missing(node: ReviewedNode, schemas: ApplicableSchemas, paths: set[str]) -> list[ReviewField]:
    """Return what an object could hold. Of a union of objects nobody can say which it would be."""
    objects = [branch for branch in schemas.branches() if any(properties_of(schema) for schema in branch)]
    if not isinstance(node.value, dict) or node.is_removed or len(objects) > 1:
        return []
    names = dict.fromkeys(name for schema in schemas for name in properties_of(schema))
    missing = [(*node.steps, name) for name in names if join((*node.steps, name)) not in paths]
    return [ReviewField(join(steps), steps, NO_MEMBER, schemas.at(steps[-1])) for steps in missing]


def _is_beside(steps: ValuePath, json_schema: JSONMapping) -> bool:
    return any(
        keyword in schema
        for length in range(1, len(steps) + 1)
        for schema in schemas_at(json_schema, steps[:length])
        for keyword in (CONFIDENCE_KEYWORD, EVIDENCE_KEYWORD)
    )
