"""Evidence in a value: the lists of passages that stand in it, each with the value that it is of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from slotfill.schemas.json_schema.subschemas import properties_of
from slotfill.schemas.json_schema.value_walk import ApplicableSchemas, ValueNode, walk
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.json_values.pointer import join
from slotfill.schemas.marks.evidence import EVIDENCE_MARK

__all__ = ["EvidenceList", "evidence_lists", "evidence_members"]


@dataclass(frozen=True, slots=True)
class EvidenceList:
    """The evidence of one value.

    Attributes:
        of: JSON Pointer to the value that it is of.
        path: JSON Pointer to the list, which may be missing.
        passages: What is in it.
    """

    of: str
    path: str
    passages: tuple[str, ...]


def evidence_lists(value: JSON, json_schema: JSONObject) -> Iterator[EvidenceList]:
    """Yield the evidence of all values that have a field for it, in the order of the value.

    A value that is missing, null or an empty list was not judged: there is none of it, unless passages are named.
    """
    for node, key, of in _marked(value, json_schema):
        passages = _passages_in(node.value.get(key))
        if of in node.value and (passages or node.value[of] not in (None, [])):
            yield EvidenceList(join((*node.path, of)), join((*node.path, key)), passages)


def evidence_members(value: JSON, json_schema: JSONObject) -> Iterator[tuple[str, JSON]]:
    """Yield all that stands in a value where evidence was asked for, with its key."""
    marked = ((node, key) for node, key, _ in _marked(value, json_schema))
    return ((key, node.value[key]) for node, key in marked if key in node.value)


def _marked(value: JSON, json_schema: JSONObject) -> Iterator[tuple[ValueNode, str, str]]:
    """Yield the objects that may hold evidence, with its keys and what it is of."""
    for node in walk(value, json_schema):
        if isinstance(node.value, dict):
            yield from ((node, key, of) for key, of in _subjects(node.schemas).items())


def _passages_in(listed: JSON) -> tuple[str, ...]:
    return tuple(one for one in listed if isinstance(one, str)) if isinstance(listed, list) else ()


def _subjects(schemas: ApplicableSchemas) -> dict[str, str]:
    """Return what an object's lists of passages are of, by their keys."""
    keys = dict.fromkeys(key for form in schemas for key in properties_of(form))
    subjects = {key: EVIDENCE_MARK.subject_of(schemas.at(key)) for key in keys}
    return {key: of for key, of in subjects.items() if of is not None}
