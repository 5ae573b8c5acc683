"""LangExtract: the lines of JSON in which it saves annotated documents. They are read alone.

    {"text": "Ada met Bo.", "document_id": "d1", "extractions": [{"extraction_class": "person",
     "extraction_text": "Ada", "char_interval": {"start_pos": 0, "end_pos": 3}, "alignment_status": "match_exact",
     "attributes": {"role": "host"}}]}

An extraction becomes an item of the field that its class means; its attributes become members of that item, where the
item is an object.
"""

from __future__ import annotations

from collections.abc import Iterator

from slotfill.extractors.gold.formats.field_marks import FieldLabels, FieldMark, marked_value
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.json_values.pointer import join

__all__ = ["parse_langextract_line"]


def parse_langextract_line(line: JSON, labels: FieldLabels) -> GoldDocument:
    """Read a line. Raises ValueError for what is none."""
    extractions = line.get("extractions") if isinstance(line, dict) else None
    if not isinstance(extractions, list) or not isinstance(line.get("text"), str):
        raise ValueError('it is no line of LangExtract: {"text": …, "extractions": […]}')
    marks = [mark for number, one in enumerate(extractions) for mark in _marks(one, number, line["text"], labels)]
    value, spans = marked_value(marks)
    name = line.get("document_id")
    return GoldDocument.of(value, text=line["text"], source=name if isinstance(name, str) else None, spans=spans)


def _marks(extraction: JSON, number: int, text: str, labels: FieldLabels) -> Iterator[FieldMark]:
    if not isinstance(extraction, dict):
        raise ValueError("an extraction is no object")
    name, passage = extraction.get("extraction_class"), extraction.get("extraction_text")
    if not isinstance(name, str) or not isinstance(passage, str):
        raise ValueError("an extraction has no 'extraction_class' or no 'extraction_text'")
    span = _span(extraction, passage, text, labels)
    first, *others = labels.marks_for(name, passage, span, f"extraction {number}")
    yield from (first, *others)
    attributes = extraction.get("attributes") or {}
    if not isinstance(attributes, dict):
        raise ValueError("an extraction's 'attributes' is no object")
    if first.path.endswith("/*"):
        labels.lose("attributes of what is no object", len(attributes))
        return
    for key, part in attributes.items():
        yield FieldMark(first.path.rpartition("/")[0] + join((key,)), part, None, first.item)


def _span(extraction: JSONMapping, passage: str, text: str, labels: FieldLabels) -> tuple[int, int] | None:
    """Return where an extraction stands; LangExtract gives none, or one of other words, where it did not align it."""
    ends = extraction.get("char_interval")
    start, end = (ends.get("start_pos"), ends.get("end_pos")) if isinstance(ends, dict) else (None, None)
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
        labels.lose("the place of an extraction that was not aligned")
        return None
    if extraction.get("alignment_status") not in (None, "match_exact") and text[start:end] != passage:
        labels.lose("the place of an extraction that was aligned with other words")
        return None
    return start, end
