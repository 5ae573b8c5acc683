"""Merging: what several requests gave of the chunks of one document, as one value, with where each part of it stands.

Objects are merged property by property, lists are united, and of other values one is kept: what most chunks give,
unless the schema names another policy (`schemas.marks.merge_policy`). What was given and not kept is a conflict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from slotfill.extractors.chunks.choosing import choose, least_of, says_something, split_by_shape
from slotfill.extractors.chunks.chunk_values import ChunkValue, PlacedValue, chunks_of, comparison_key
from slotfill.extractors.chunks.list_merging import MergedItem, in_document_order, split_surplus, united
from slotfill.extractors.chunks.merged_nodes import MergedNode, merged_list, merged_object
from slotfill.extractors.record.parts import Conflict, Span
from slotfill.schemas.json_schema.subschemas import properties_of
from slotfill.schemas.json_schema.value_walk import ApplicableSchemas, applicable_schemas
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.marks.confidence import CONFIDENCE_MARK
from slotfill.schemas.marks.evidence import EVIDENCE_MARK
from slotfill.schemas.marks.merge_policy import list_key_of, policy_of

__all__ = ["MergedValue", "Merger", "has_parts", "is_set", "limits_of", "merge"]

DEEPEST = 100
"""What is nested more deeply is kept whole: each level is two calls within each other, and Python takes some 1,000."""


@dataclass(frozen=True, slots=True)
class MergedValue:
    """What all parts say together.

    spans: by JSON Pointer into `data`; their offsets are into the whole document.
    found_in: for each item of a list and each value that is no object or list, the numbers of the chunks that gave it.
    conflicts: what was given and not kept, texts that differ in no more than case, white space and the like being one.
    """

    data: JSON
    spans: Mapping[str, Span]
    found_in: Mapping[str, tuple[int, ...]]
    conflicts: tuple[Conflict, ...]


def merge(json_schema: JSONMapping, chunk_values: Sequence[ChunkValue], merger: Merger | None = None) -> MergedValue:
    """Merge the parts of a document, of which several may be about one chunk: further passes, or groups of fields.

    merger: says how, where they are something else.

    Null, an empty list, an empty object, and a word for nothing where it is no label, lose to any other value, and are
    no conflict. Of the numbers of a `Confidence`, the least is kept of those that stand beside the value that won; the
    passages of an `Evidence` are united of those.

    Items of different parts are one where they agree in the key that the schema names. Without one, scalars are one
    where they are equal, or overlap in the document: then one was cut, and the longer is kept. Objects are one where
    their values stand at the same place, or where they are equal and both chunks saw that place. Items of one part
    always stay apart. A list that comes from one part keeps its order; else items are in the document's. No parts give
    null.
    """
    if not chunk_values:
        return MergedValue(None, {}, {}, ())
    # By chunk, and within a chunk as they came: a second reading comes after the first, so that what both say counts as
    # said by one chunk, and the first way of writing it is kept.
    in_order = sorted(chunk_values, key=lambda part: part.chunk.index)
    values = [PlacedValue(number, part, part.data, "") for number, part in enumerate(in_order)]
    root = (merger or Merger()).value(values, applicable_schemas(json_schema))
    nodes = [*root.walk()]
    return MergedValue(
        root.data,
        {path + below: span for path, node in nodes for below, span in node.spans.items()},
        {path + below: chunks for path, node in nodes for below, chunks in node.found_in.items()},
        tuple(replace(conflict, path=path) for path, node in nodes for conflict in node.conflicts),
    )


class Merger:
    """What becomes of the values that were given at one place: by chunks of a document, of which each holds a part.

    Who merges something else overrides what of it is otherwise: `readings.voting_merger`.
    """

    def value(self, values: Sequence[PlacedValue], schemas: ApplicableSchemas) -> MergedNode:
        """Merge all values that were given at one place, by what is said of it."""
        # Three levels of saying something: a value; a word for none ("n/a", []), which still says more than null; null.
        # With "Oslo", "unknown" and null there is no conflict: Oslo is all that was said.
        some = [value for value in values if says_something(value.data, schemas)]
        some = some or [value for value in values if value.data is not None] or [*values]
        if (policy := policy_of(schemas)) is not None:
            return choose(some, schemas, policy)
        # An object and a string cannot be merged: the shape that most chunks gave is, the others are a conflict.
        alike, others = split_by_shape(some, schemas)
        if not has_parts(alike[0], schemas):
            return choose(alike, schemas, "most", others)
        by_parts = self.object if isinstance(alike[0].data, dict) else self.list
        return by_parts(alike, schemas).with_conflict("most", others)

    def object(self, values: Sequence[PlacedValue], schemas: ApplicableSchemas) -> MergedNode:
        """Merge objects, property by property."""
        holders = self.holders(values, schemas)
        about = {key: schemas.at(key) for key in holders}
        subjects = {key: _subject_of(forms) for key, forms in about.items()}
        merged: dict[str, MergedNode] = {}
        for key in sorted(about, key=lambda key: subjects[key] is not None):  # what another is of comes first
            if (subject := subjects[key]) is None:
                merged[key] = self.value([value.at(key) for value in holders[key]], about[key])
            # What speaks for Bergen, its evidence, is none of Oslo.
            elif beside := [value.at(key) for value in holders[key] if _agrees(value.data, merged, subject, about)]:
                is_evidence = EVIDENCE_MARK.subject_of(about[key]) is not None
                merged[key] = (self.value if is_evidence else self.confidence)(beside, about[key])
        return merged_object({key: merged[key] for key in about if key in merged})

    def holders(self, values: Sequence[PlacedValue], schemas: ApplicableSchemas) -> Mapping[str, Sequence[PlacedValue]]:
        """Return by key the objects that hold it, of the keys that the merged object has.

        They are in the order of the schema, then of the chunks: it reads as if it had been given at once.
        """
        holders: dict[str, list[PlacedValue]] = {key: [] for form in schemas for key in properties_of(form)}
        for value in values:
            for key in value.data:
                holders.setdefault(key, []).append(value)
        return {key: those for key, those in holders.items() if those}

    def confidence(self, values: Sequence[PlacedValue], schemas: ApplicableSchemas) -> MergedNode:
        """Merge the confidences of the value beside them: with "Oslo" 0.9 and 0.6 and "Bergen" 0.95 it is 0.6."""
        return least_of(values, policy_of(schemas))

    def list(self, values: Sequence[PlacedValue], schemas: ApplicableSchemas) -> MergedNode:
        """Unite lists."""
        items = in_document_order(united(values, list_key_of(schemas), is_set=is_set(schemas)))
        items, surplus = split_surplus(items, limits_of(schemas))
        node = merged_list([self.item(item, schemas.at(0)) for item in items])
        return node.with_conflict("maxItems", (value for item in surplus for value in item.values))

    def item(self, item: MergedItem, schemas: ApplicableSchemas) -> MergedNode:
        """Merge an item that several lists have."""
        # Objects are merged on, field by field: one chunk saw the name and the price, the other the name and the date.
        if isinstance(item.values[0].data, dict | list):
            return self.value(item.values, schemas).as_item(chunks_of(item.values))
        return choose(item.values, schemas, "longest")


def is_set(schemas: ApplicableSchemas) -> bool:
    """Whether equal items of a list are one."""
    return any(form.get("uniqueItems") is True for form in schemas)


def limits_of(schemas: ApplicableSchemas) -> list[int]:
    """Return the most items that a list may have, as each schema says."""
    return [form["maxItems"] for form in schemas if "maxItems" in form]


def has_parts(value: PlacedValue, schemas: ApplicableSchemas) -> bool:
    """Whether a value is merged by its parts: a tuple is not, whose items make sense together alone."""
    if not isinstance(value.data, dict | list) or value.path.count("/") >= DEEPEST:
        return False
    is_tuple = any(form.get("prefixItems") or isinstance(form.get("items"), list) for form in schemas)
    return isinstance(value.data, dict) or not is_tuple


def _subject_of(schemas: ApplicableSchemas) -> str | None:
    """Return the key that a confidence or evidence is about; None for what is neither."""
    return CONFIDENCE_MARK.subject_of(schemas) or EVIDENCE_MARK.subject_of(schemas)


def _agrees(
    data: JSONMapping, merged: Mapping[str, MergedNode], key: str, about: Mapping[str, ApplicableSchemas]
) -> bool:
    """Whether an object holds the value that was kept; of what is merged by its parts, or joined, every one does."""
    kept = merged[key].data if key in merged else None
    joined = key in about and policy_of(about[key]) == "join"
    return joined or isinstance(kept, dict | list) or comparison_key(data.get(key)) == comparison_key(kept)
