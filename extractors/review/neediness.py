"""Neediness: how much a field needs a person's look, and why; the neediest stand first.

Each reason is taken for a chance that the value is wrong, and they are put together as if they were independent:
1 - (1 - a)(1 - b)… The numbers are an order, no probabilities: of what is measured (a calibration, votes) the number
itself counts, of all else a weight that puts it where people find mistakes.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from slotfill.extractors.record.json_writer import JSONForm
from slotfill.schemas.json_schema.value_walk import walk
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.json_values.pointer import follow
from slotfill.schemas.marks.confidence import confidence_subjects

__all__ = ["FieldNeed", "document_score", "field_needs"]

_SPANS: Final = {"absent": 0.6, "fuzzy": 0.35}
_EDITS: Final = {"high": 0.6, "low": 0.15}
_CONFLICT, _FLAG, _FAILED = 0.5, 0.9, 0.8
_UNSURE = 0.01
"""Less is not worth a reason."""


@dataclass(frozen=True, slots=True)
class FieldNeed(JSONForm):
    """How much a field needs a look, 0 to 1, and why, the weightiest first."""

    score: float
    reasons: tuple[str, ...]


def field_needs(
    record: JSONMapping, json_schema: JSONMapping, flags: Iterable[tuple[str, str]] = ()
) -> Mapping[str, FieldNeed]:
    """Return by JSON Pointer what in a record needs a look.

    Args:
        record: A record that has been checked, as plain JSON data.
        json_schema: The schema of its value.
        flags: Paths that somebody has flagged, each with who did.
    """
    reasons: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
    for path, weight, reason in (
        *_span_reasons(record),
        *_edit_reasons(record),
        *_conflict_reasons(record),
        *_certainty_reasons(record, json_schema),
        *_failure_reasons(record),
        *((path, _FLAG, f"flagged by {who}") for path, who in flags),
    ):
        if weight >= _UNSURE:
            reasons[path].append((weight, reason))
    return {path: _need(found) for path, found in reasons.items()}


def document_score(needs: Iterable[FieldNeed]) -> float:
    """Return how much a document needs a look: as likely as any of its fields does."""
    return 1 - math.prod(1 - need.score for need in needs)


def _need(reasons: list[tuple[float, str]]) -> FieldNeed:
    ordered = sorted(reasons, key=lambda one: -one[0])
    return FieldNeed(1 - math.prod(1 - min(weight, 1.0) for weight, _ in ordered), tuple(text for _, text in ordered))


_Reasons = Iterator[tuple[str, float, str]]


def _span_reasons(record: JSONMapping) -> _Reasons:
    for path, span in record["spans"].items():
        if (match := span["match"]) in _SPANS:
            because = f": {span['reason']}" if span.get("reason") else ""
            stands = "stands nowhere in the text" if match == "absent" else "stands in the text only nearly so"
            yield path, _SPANS[match], f"{stands}{because}"


def _edit_reasons(record: JSONMapping) -> _Reasons:
    for edit in record["edits"]:
        if edit["risk"] in _EDITS:
            yield edit["path"], _EDITS[edit["risk"]], f"changed by a repair ({edit['kind']}, {edit['risk']} risk)"


def _conflict_reasons(record: JSONMapping) -> _Reasons:
    for conflict in record["conflicts"]:
        others = len(conflict["others"])
        values = "another value was" if others == 1 else f"{others} other values were"
        yield conflict["path"], _CONFLICT, f"{values} read elsewhere ({conflict['policy']})"


def _certainty_reasons(record: JSONMapping, json_schema: JSONMapping) -> _Reasons:
    """Yield what is measured: by a calibration, else by votes, else as a `Confidence` says."""
    if likely := record.get("probability"):
        yield from ((path, 1 - share, f"right with a probability of {share:.0%}") for path, share in likely.items())
    elif votes := record.get("agreement"):
        yield from ((path, 1 - share, f"{share:.0%} of the readings say so") for path, share in votes.items())
    else:
        yield from _confidence_reasons(record, json_schema)


def _confidence_reasons(record: JSONMapping, json_schema: JSONMapping) -> _Reasons:
    """Yield what confidences say of what they are about; of what has parts, of each part."""
    value = record.get("reply", record["value"])
    if value is None or not record["confidence"]:
        return
    leaves = [
        node.pointer for node in walk(value, json_schema) if not (isinstance(node.value, dict | list) and node.value)
    ]
    for path, subject in confidence_subjects({**json_schema}, value).items():
        sure = follow(path, value)
        if isinstance(sure, int | float) and not isinstance(sure, bool) and 0 <= sure <= 1:
            within = (leaf for leaf in leaves if leaf == subject or leaf.startswith(f"{subject}/"))
            yield from ((leaf, 1 - sure, f"a confidence of {sure:.0%}") for leaf in within)


def _failure_reasons(record: JSONMapping) -> _Reasons:
    error: JSON = record["error"]
    if error is not None:
        yield error.get("path") or "", _FAILED, f"{record['outcome']}: {error['message']}"
