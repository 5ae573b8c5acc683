"""A proposal by rule, without any model: what samples of one form have in common.

`Label: value` lines, as forms and the heads of mails have them; the tables of reports; the keys of JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from slotfill.extractors.suggestion.by_rule.sample_forms import json_object, labelled_values, table_rows
from slotfill.extractors.suggestion.by_rule.value_kinds import kind_of_values
from slotfill.extractors.suggestion.field_names import field_key
from slotfill.extractors.suggestion.proposal import PartType, Proposal, ProposedField, ProposedPart
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["propose_by_rule"]

_FEWEST_LABELS = 2
"""How many labels make a form: one alone is a sentence with a colon."""

_INSTRUCTIONS = "Copy each value as it stands in the document; what the document does not say has no value."


def propose_by_rule(texts: Sequence[str]) -> Proposal | None:
    """Propose the fields that at least half of the samples are seen to have, and of several samples two.

    Args:
        texts: The samples, at least one.

    Returns:
        The proposal, which nobody has read the samples for: its descriptions say where a value stands, not what it
        means. None where no such fields are seen.
    """
    fields = _of_json(texts) or [*_of_lines(texts), *_of_tables(texts)]
    return Proposal(name="form", instructions=_INSTRUCTIONS, fields=fields) if fields else None


def _fewest(texts: Sequence[str]) -> float:
    """Return how many samples have what is of their form: half of them, and of several two."""
    return max(min(2, len(texts)), len(texts) / 2)


@dataclass
class _Column:
    """One field: what it is called where it stands first, and its values in each sample, or row, that has it."""

    label: str
    always: bool = False
    values: dict[int, list[JSON]] = field(default_factory=dict)

    @property
    def all_values(self) -> list[JSON]:
        return [value for some in self.values.values() for value in some]

    @property
    def many(self) -> bool:
        return any(len(some) > 1 for some in self.values.values())


def _columns(samples: Sequence[Iterable[tuple[str, JSON]]], fewest: float) -> list[_Column]:
    """Gather values by what they are called; what fewer samples have than `fewest` is left out."""
    columns: dict[str, _Column] = {}
    for number, pairs in enumerate(samples):
        for label, value in pairs:
            if key := field_key(label, ""):
                columns.setdefault(key, _Column(label)).values.setdefault(number, []).append(value)
    for column in columns.values():
        column.always = len(column.values) == len(samples)
    return [column for column in columns.values() if len(column.values) >= fewest]


def _of_lines(texts: Sequence[str]) -> list[ProposedField]:
    columns = _columns([labelled_values(text) for text in texts], _fewest(texts))
    if len(columns) < _FEWEST_LABELS:
        return []
    return [_field(column, f"what stands after {column.label!r}", many=column.many) for column in columns]


def _of_tables(texts: Sequence[str]) -> list[ProposedField]:
    tables = [table for table in map(table_rows, texts) if table]
    if len(tables) < _fewest(texts):
        return []
    parts = _parts([row for table in tables for row in table], "what stands below")
    return [_object("rows", parts, "the rows of the table, one after the other", many=True, always=True)]


def _of_json(texts: Sequence[str]) -> list[ProposedField]:
    objects = [json_object(text) for text in texts]
    if 2 * sum(one is not None for one in objects) <= len(texts):
        return []
    return [_of_key(column) for column in _columns([_pairs(one) for one in objects], _fewest(texts))]


def _pairs(data: JSON) -> list[tuple[str, JSON]]:
    """Return the keys of an object that have a value, with it; none of what is no object."""
    return [(key, value) for key, value in data.items() if value is not None] if isinstance(data, dict) else []


def _of_key(column: _Column) -> ProposedField:
    """Propose a field for a key of JSON: its values tell whether it is a list, an object, or both."""
    described, values = f"the value of {column.label!r}", column.all_values
    many = any(isinstance(value, list) for value in values)
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    if (
        flat
        and all(isinstance(item, dict) for item in flat)
        and (parts := _parts([*map(_pairs, flat)], "the value of"))
    ):
        return _object(column.label, parts, described, many=many, always=column.always)
    column.values = dict(enumerate([item] for item in flat))
    return _field(column, described, many=many)


def _parts(rows: Sequence[Sequence[tuple[str, JSON]]], where: str) -> list[ProposedPart]:
    """Propose the fields of the rows of a table, or of the objects of a list."""
    fields = (_field(column, f"{where} {column.label!r}", many=False) for column in _columns(rows, len(rows) / 2))
    return [ProposedPart(**one.model_dump(exclude={"fields"})) for one in fields]


def _field(column: _Column, description: str, *, many: bool) -> ProposedField:
    values = column.all_values
    kind, labels = _kind(values, column.label)
    example = next((value if isinstance(value, str) else dumps(value) for value in values), "")
    return ProposedField(
        name=column.label,
        type=kind,
        many=many,
        description=description,
        labels=labels,
        always=column.always,
        example=example,
        fields=[],
    )


def _object(name: str, parts: list[ProposedPart], description: str, *, many: bool, always: bool) -> ProposedField:
    return ProposedField(
        name=name,
        type="object",
        many=many,
        description=description,
        labels=[],
        always=always,
        example="",
        fields=parts,
    )


def _kind(values: Sequence[JSON], label: str) -> tuple[PartType, list[str]]:
    """Return what values are: strings by what they look like, others by what JSON has them be."""
    if values and all(isinstance(value, str) for value in values):
        return kind_of_values(values, field_key(label))
    if values and all(isinstance(value, bool) for value in values):
        return "yes/no", []
    if values and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return ("whole number" if all(isinstance(value, int) for value in values) else "number"), []
    return "text", []
