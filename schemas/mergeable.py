"""Mergeable schemas: whether the parts of a document give together what one reading of the whole would give."""

from __future__ import annotations

from slotfill.schemas.json_schema.subschemas import properties_of, resolved
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.marks.confidence import CONFIDENCE_KEYWORD
from slotfill.schemas.marks.evidence import EVIDENCE_KEYWORD
from slotfill.schemas.marks.merge_policy import policy_of

__all__ = ["merges_well"]

_SAYING = frozenset({"type", "enum", "const", "properties", "items", "prefixItems"})
"""Keywords that say what a value is."""

_COLLECTED = frozenset({"array", "object", "null"})


def merges_well(json_schema: JSONMapping) -> bool:
    """Whether nothing is lost where a document is read in parts, and what these give is merged.

    It is so where each value is a list, whose items are collected, or says by `Merge` which of several it is to be. A
    single value is else a judgement of the whole: of ten chapters' summaries, or sentiments, the commonest is none of
    the book. So is a list of at most so many items: which ones matter most no part can tell. Of an object every
    property must merge, of alternatives each; free keys are collected as items are. A constant is the same in all
    parts, and a `Confidence` or an `Evidence` goes with what it is of.
    """
    root = dict(json_schema)
    rest: list[list[JSON]] = [[root]]
    seen: set[int] = set()
    while rest:
        forms = [*resolved(rest.pop(), root)]
        if policy_of(forms) or any(CONFIDENCE_KEYWORD in form or EVIDENCE_KEYWORD in form for form in forms):
            continue
        saying = [form for form in forms if not _SAYING.isdisjoint(form)]
        if not saying or not all(map(_is_collected, saying)):
            return False
        parts: dict[str, list[JSON]] = {}
        for form in saying:
            if id(form) not in seen:  # an object may hold its like
                seen.add(id(form))
                for key, part in properties_of(form).items():
                    parts.setdefault(key, []).append(part)
        rest += parts.values()
    return True


def _is_collected(form: JSONMapping) -> bool:
    """Whether what a schema speaks of is a list, an object or a constant, as far as it says itself."""
    if "const" in form:
        return True
    if "enum" in form:
        return False
    told = form.get("type", "object" if "properties" in form else "array")
    types = {told} if isinstance(told, str) else {*told}
    chosen = "maxItems" in form or "prefixItems" in form or isinstance(form.get("items"), list)
    return types <= _COLLECTED and not ("array" in types and chosen)
