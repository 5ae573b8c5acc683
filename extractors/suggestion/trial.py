"""A trial: what came of the samples by a proposed schema, and what that shows of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.suggestion.json_form import is_nullable, proposed_schema
from slotfill.extractors.suggestion.proposal import Proposal, ProposedField, ProposedPart
from slotfill.schemas.errors import InvalidError
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.sources.schema_sources import resolve

__all__ = ["SampleResult", "loosened", "results_of"]

P = TypeVar("P", ProposedField, ProposedPart)


@dataclass(frozen=True, slots=True)
class SampleResult:
    """What a schema gave of one sample.

    Attributes:
        source: What the sample is called.
        value: Its value as plain JSON; None where there is none.
        problem: Why there is none, "" where there is.
    """

    source: str
    value: JSON
    problem: str = ""


def loosened(proposal: Proposal, extractions: Sequence[Extraction[JSON]]) -> tuple[Proposal, tuple[str, ...]]:
    """Make optional what a model found to be missing in some sample, though it was proposed as always there.

    Returns:
        The proposal, and what was made optional in it, as `items.price`.
    """
    values = [one.data if one.has_value else one.invalid for one in extractions]
    loosener = _Loosener([])
    fields = loosener.fields(proposal.fields, [value for value in values if isinstance(value, dict)], "")
    return proposal.model_copy(update={"fields": fields}), (*loosener.names,)


def results_of(proposal: Proposal, extractions: Sequence[Extraction[JSON]]) -> list[SampleResult]:
    """Return what the proposal gives of each sample: what was read by a stricter form of it is read again, unasked."""
    schema = resolve(proposed_schema(proposal))
    results = []
    for number, one in enumerate(extractions, 1):
        source = one.document.source or f"sample {number}"
        value = one.data if one.has_value else _without_blanks(proposal.fields, one.invalid)
        try:
            schema.validate(dumps(value), document=one.document.quotable)
        except (InvalidError, ValueError):
            results.append(SampleResult(source, None, one.error.message if one.error else "does not validate"))
        else:
            results.append(SampleResult(source, value))
    return results


@dataclass
class _Loosener:
    names: list[str]

    def fields(self, proposed: Sequence[P], objects: Sequence[JSON], within: str) -> list[P]:
        """Loosen the fields of one object, of which there are several instances."""
        return [self.loosen(one, objects, f"{within}{one.name}") for one in proposed]

    def loosen(self, one: P, objects: Sequence[JSON], place: str) -> P:
        if isinstance(one, ProposedField) and one.type == "object":
            inner = [item for value in objects for item in _items(value.get(one.name))]
            one = one.model_copy(update={"fields": self.fields(one.fields, inner, f"{place}.")})
        if not is_nullable(one) and not one.many and any(_is_blank(value.get(one.name)) for value in objects):
            self.names.append(place)
            return one.model_copy(update={"always": False})
        return one


def _items(value: JSON) -> Iterator[JSON]:
    yield from (item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict))


def _is_blank(value: JSON) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _without_blanks(fields: Sequence[ProposedField | ProposedPart], value: JSON) -> JSON:
    """Return an object with null where an optional field is blank."""
    if not isinstance(value, dict):
        return value
    by_name = {one.name: one for one in fields}
    return {key: _cleared(by_name[key], part) if key in by_name else part for key, part in value.items()}


def _cleared(field: ProposedField | ProposedPart, value: JSON) -> JSON:
    if is_nullable(field) and _is_blank(value):
        return None
    parts = field.fields if isinstance(field, ProposedField) else []
    if isinstance(value, list) and parts:
        return [_without_blanks(parts, item) for item in value]
    return _without_blanks(parts, value) if parts else value
