"""Advice on a schema: what breaks no law, and still costs money or answers."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st
from pydantic import ValidationError

from slotfill.extractors.testing.checking.coverage import Property, has_values, is_constant, properties, values_for
from slotfill.extractors.testing.checking.findings import Finding
from slotfill.extractors.testing.checking.law import Subject
from slotfill.schemas.errors import InvalidError, SchemaError
from slotfill.schemas.json_schema.subschemas import resolved, subschemas
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.json_values.pointer import join, pointer_to
from slotfill.schemas.schema import Schema
from slotfill.schemas.strategies import wire_instances
from slotfill.schemas.strategies.combinators import is_valid, part_of
from slotfill.schemas.strategies.instances import json_model
from slotfill.schemas.wire.subset import MAX_OPTIONAL, MAX_UNIONS
from slotfill.schemas.wire.wire import wire_for

__all__ = ["ADVICE", "descriptions", "limits", "unions", "wire"]

NEAR = 0.75
"""From which share of a limit on it is near."""


def wire(subject: Subject) -> Iterator[Finding]:
    """Say where the service lets through what the model refuses: these are the re-asks that will be paid for.

    A schema that the service takes only in another form than structured output is said to be so.
    """
    travelling = wire_for(subject.schema)
    for loss in travelling.losses:
        if "structured" in loss.forbids:
            message = (
                f"rules structured output out, so that replies are checked for less: {loss.keyword}: {loss.message}"
            )
            yield Finding("wire", loss.path, message, advice=True)
    sent = st.deferred(lambda: wire_instances(subject.schema))
    yield from subject.search.each(sent, lambda value: _refused(subject.schema, value), _constraint)


def _constraint(finding: Finding) -> object:
    """Tell findings apart by what is lost, which the message begins with: the rest may hold the value."""
    return finding.place, finding.message.partition(":")[0]


def _refused(schema: Schema[Any], value: object) -> Iterator[Finding]:
    try:
        schema.load(value)
    except InvalidError as error:
        known = dict(_keywords(schema, value))
        for found in error.errors:
            lost = f"loses {known[found.path]!r}" if found.path in known else "knows nothing of the validator"
            message = f"the wire {lost}: the service may return this, and it will be asked again: {found.message}"
            yield Finding("wire", found.path, message, value, advice=True)


def _keywords(schema: Schema[Any], value: object) -> Iterator[tuple[str, str]]:
    """Yield path and keyword of what the JSON Schema itself says against a value."""
    try:
        json_model(schema).model_validate(value)
    except ValidationError as error:
        for found in error.errors(include_url=False, include_context=False, include_input=False):
            is_missing = found["type"] == "missing"
            yield pointer_to(found["loc"], value, missing=is_missing), "required" if is_missing else found["type"]
    except SchemaError:  # a pattern that JSON Schema does not know
        return


def descriptions(subject: Subject) -> Iterator[Finding]:
    """Say which properties the model is told nothing of but their name: no description, no word in the instructions."""
    undescribed: dict[str, list[str]] = {}
    for prop in properties(subject.schema.json_schema):
        if not _is_described(subject.schema, prop):
            undescribed.setdefault(prop.path.rpartition("/properties/")[0], []).append(repr(prop.key))
    for path, keys in undescribed.items():
        message = f"the model is told nothing of {', '.join(keys)}: no description, no word in the instructions"
        yield Finding("description", path, message, advice=True)


def _is_described(schema: Schema[Any], prop: Property) -> bool:
    root = schema.json_schema
    if any(part.get("description") for part in resolved([prop.schema], root)) or is_constant(prop.schema, root):
        return True
    return re.search(rf"(?<!\w){re.escape(prop.key)}(?!\w)", schema.instructions) is not None


def unions(subject: Subject) -> Iterator[Finding]:
    """Say which alternatives of a union take the same value, so that nobody can tell which was meant."""
    root = subject.schema.json_schema
    for path, schema in subschemas(root):
        keyword = next((word for word in ("anyOf", "oneOf") if isinstance(schema.get(word), list)), None)
        if keyword is None or "discriminator" in schema:
            continue
        for (first, one), (second, other) in itertools.combinations(enumerate(schema[keyword]), 2):
            if subject.search.clock.is_over:
                return
            shared = _shared(subject, one, other)
            if shared is not None:
                message = (
                    f"alternatives {first + 1} and {second + 1} both take this: tell them apart by a tag, or merge them"
                )
                yield Finding("union", path + join((keyword,)), message, shared.counterexample, advice=True)


def _shared(subject: Subject, one: JSON, other: JSON) -> Finding | None:
    """Find a value that both parts of a JSON Schema take. Integers among numbers are no harm."""
    if {json.dumps(one.get("type")), json.dumps(other.get("type"))} == {'"integer"', '"number"'}:
        return None
    try:
        judge = part_of(json_model(subject.schema).validator, other)
    except SchemaError:
        return None
    if not has_values(subject.schema, one, subject.search):
        return None

    def taken(value: object) -> Iterator[Finding]:
        if is_valid(judge, value):
            yield Finding("union", "", "", value, advice=True)

    return subject.search.first(values_for(subject.schema, one), taken)


def limits(subject: Subject) -> Iterator[Finding]:
    """Say how near a schema is to what the service's grammars hold; beyond it structured output is ruled out."""
    reduced = wire_for(subject.schema).reduced
    parts = [part for _, part in subschemas(reduced)]
    optional = sum(len(part.get("properties", {}).keys() - {*part.get("required", ())}) for part in parts)
    alternatives = sum(len(part.get("anyOf", ())) > 1 for part in parts)
    for what, count, most in (
        ("optional properties", optional, MAX_OPTIONAL),
        ("unions", alternatives, MAX_UNIONS),
    ):
        if count >= NEAR * most:
            message = f"{count} {what}: the service's grammars hold about {most}; require some, or split the schema"
            yield Finding("limits", "", message, advice=True)


ADVICE: tuple[Callable[[Subject], Iterator[Finding]], ...] = (wire, descriptions, unions, limits)
"""All advice there is."""
