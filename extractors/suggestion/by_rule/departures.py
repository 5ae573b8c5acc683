"""Departures: values that a model gives for a field drawn by rule, and that are not what stands after its label.

Where a rule has found a field it has found its values, too: a measure of the model that nobody has to label.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slotfill.extractors.suggestion.by_rule.sample_forms import json_object, labelled_values
from slotfill.extractors.suggestion.field_names import field_key
from slotfill.extractors.suggestion.proposal import Proposal, ProposedField
from slotfill.extractors.suggestion.trial import SampleResult
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.json_values.json_types import JSON, JSONMapping

__all__ = ["departures"]

_YES_NO = {"yes": "true", "no": "false"}


def departures(proposal: Proposal, texts: Sequence[str], results: Sequence[SampleResult]) -> Iterator[str]:
    """Say of each field with one value a sample how often it is another than is written there, with the first.

    Args:
        proposal: Drawn by rule.
        texts: The samples.
        results: What the model gave of each.
    """
    samples = [
        (_written(text), result.value)
        for text, result in zip(texts, results, strict=True)
        if isinstance(result.value, dict)
    ]
    for field in proposal.fields:
        if not field.many and field.type != "object":
            yield from _of_field(field, samples)


def _of_field(field: ProposedField, samples: Sequence[tuple[JSONMapping, JSONMapping]]) -> Iterator[str]:
    pairs = [
        (_plain(written[field.name]), _plain(value.get(field.name)))
        for written, value in samples
        if field.name in written
    ]
    others = [(written, value) for written, value in pairs if written != value]
    if others:
        written, value = others[0]
        yield (
            f"{field.name}: of {len(pairs)} values {len(others)} are not what is written there, such as {value!r} for "
            f"{written!r}: the model is not to be trusted with it"
        )


def _written(text: str) -> dict[str, JSON]:
    """Return the first value of each label, or of each key of JSON."""
    pairs = (json_object(text) or {}).items() or labelled_values(text)
    written: dict[str, JSON] = {}
    for label, value in pairs:
        if value is not None:
            written.setdefault(field_key(label, ""), value)
    return written


def _plain(value: JSON) -> str:
    """Write a value so that equal ones are the same text, however it was spelt."""
    text = value if isinstance(value, str) else dumps(value)
    folded = " ".join(text.split()).casefold()
    try:
        return format(float(folded), "g")
    except ValueError:
        return _YES_NO.get(folded, folded)
