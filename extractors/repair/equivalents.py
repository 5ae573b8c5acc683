"""Another way to write the same value: what a value of the wrong form plainly means, by what the schema says of it."""

from __future__ import annotations

from typing import Any

from slotfill.extractors.forms.scalar_forms import scalars
from slotfill.extractors.forms.value_types import Context, ExpectedForms, PlainMeaning, Schemas
from slotfill.extractors.repair.reshaping import reshaped
from slotfill.schemas.json_values import exact_json

__all__ = ["plain_meaning"]


def plain_meaning(value: Any, schemas: Schemas, context: Context) -> PlainMeaning | None:
    """Give the one value that this one plainly stands for, None where there is none or more than one."""
    wanted = ExpectedForms(schemas)
    for ways in (scalars(value, wanted, context), reshaped(value, wanted, context)):
        distinct = {exact_json.dumps(way.value): way for way in reversed([*ways])}
        if len(distinct) == 1:
            return next(iter(distinct.values()))
        if distinct:
            return None
    return None
