"""Which fields of a schema an earlier record does not answer: those that the schema has gained or changed."""

from __future__ import annotations

from typing import Any

from slotfill.extractors.chunks.schema_splitting import field_units
from slotfill.extractors.updating.earlier_record import EarlierRecord
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.schema import Schema

__all__ = ["changed_fields", "whole_units", "without_dropped"]


def changed_fields(earlier: EarlierRecord, schema: Schema[Any]) -> frozenset[str] | None:
    """Return what is to be asked for of a document whose earlier record is at hand; None for all of it.

    A field counts as changed where its schema, or anything that it refers to, has changed, whether it is required, or
    what worked examples hold of it. Other instructions, parameters among them, change all fields, and so does what the
    schema says of the whole. A confidence is asked for together with what it is about.
    """
    if not earlier.ok:
        return None
    if earlier.schema_id == schema.id:
        return frozenset()
    before, now = earlier.digests, schema.digests
    if before is None or before.whole != now.whole or not (earlier.reworded or before.instructions == now.instructions):
        return None
    changed = {key for key, digest in now.fields.items() if before.fields.get(key) != digest}
    return whole_units(schema, changed) if changed else frozenset()


def whole_units(schema: Schema[Any], fields: set[str]) -> frozenset[str] | None:
    """Return fields with those that belong to them; None where they are all, or cannot be asked for by themselves."""
    units = field_units(schema.json_schema)
    asked = frozenset[str]().union(*(unit for unit in units if not unit.isdisjoint(fields)))
    return asked if fields <= asked and len(asked) < sum(map(len, units)) else None


def without_dropped(earlier: EarlierRecord, schema: Schema[Any], data: JSON) -> JSON:
    """Leave out what the schema has dropped: what it names no more."""
    if earlier.digests is None or not isinstance(data, dict):
        return data
    dropped = earlier.digests.fields.keys() - schema.digests.fields.keys()
    return {key: part for key, part in data.items() if key not in dropped}
