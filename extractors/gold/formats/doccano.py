"""doccano: lines of JSON as it exports and imports them.

    {"text": "Ada met Bo.", "label": [[0, 3, "/people/*"], [8, 10, "/people/*"]]}        sequence labelling
    {"text": "Great!", "label": ["/sentiment=positive"]}                                text classification
    {"text": "To Oslo", "entities": [[3, 7, "city"]], "cats": ["/intent=fly"]}           both

Offsets are code points. doccano knows passages and categories: which members one item of a list has beside its passage
it cannot hold, and what is lost so is noted.
"""

from __future__ import annotations

from collections.abc import Iterator

from slotfill.extractors.gold.formats.field_marks import (
    FieldLabels,
    FieldMark,
    is_passage,
    marked_value,
    marks_of,
    types_told_by_labels,
)
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.schemas.json_values.exact_json import dumps, loads
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = ["doccano_lines", "parse_doccano_line"]

_OWN = (
    "id",
    "text",
    "data",
    "label",
    "labels",
    "entities",
    "relations",
    "cats",
    "Comments",
    "comments",
    "source",
    "meta",
)


def doccano_lines(documents: list[GoldDocument], labels: FieldLabels) -> Iterator[JSONObject]:
    """Yield a line for each gold document, whose texts must be known; all are of one kind of project."""
    parts = [_parts(document, labels) for document in documents]
    passages = any(spans for spans, _ in parts)
    categories = any(kinds for _, kinds in parts)
    for document, (spans, kinds) in zip(documents, parts, strict=True):
        if passages and categories:
            marked: JSONObject = {"entities": spans, "cats": kinds}
        else:
            marked = {"label": kinds if categories else spans}
        known = {} if document.source is None else {"source": document.source}
        taken = [key for key in document.labels if key in _OWN]
        labels.lose("labels of documents whose names doccano has itself", len(taken))
        others = {key: part for key, part in document.labels.items() if key not in _OWN}
        yield {"text": document.text, **marked, **known, **others}


def parse_doccano_line(line: JSON, labels: FieldLabels) -> GoldDocument:
    """Read a line. Raises ValueError for what is none."""
    text = line.get("text", line.get("data")) if isinstance(line, dict) else None
    if not isinstance(line, dict) or not isinstance(text, str):
        raise ValueError('it is no line of doccano: {"text": …, "label": […]}')
    marks = sorted(_marks(line, text, labels), key=lambda mark: mark.span or (len(text), 0))
    value, spans = marked_value(marks)
    labels.lose("relations between passages", len(line.get("relations") or ()))
    others = {key: part for key, part in line.items() if key not in _OWN and isinstance(part, str | int | float)}
    known = {key: part if isinstance(part, str) else dumps(part) for key, part in others.items()}
    source = line.get("source")
    return GoldDocument.of(
        value, text=text, source=source if isinstance(source, str) else None, spans=spans, labels=known
    )


def _parts(document: GoldDocument, labels: FieldLabels) -> tuple[list[JSON], list[JSON]]:
    """Take a document apart into passages and categories."""
    marks = marks_of(document.value, document.spans, labels)
    types = types_told_by_labels(marks)
    text = document.text or ""
    passages, categories = [], []
    for mark in marks:
        if mark.span and is_passage(mark, text):
            passages.append([*mark.span, labels.label_of(mark.path, types.get(mark.item))])
            labels.lose("which passages belong to one item of a list", _has_others(mark, marks, types))
        elif mark.path.count("*") > mark.path.endswith("/*"):
            labels.lose("what an item of a list holds beside its passage", mark.item not in types)
        else:
            labels.lose("the place of a value that is another form of what stands there", mark.span is not None)
            categories.append(f"{mark.path}={_written(mark.value)}")
    return sorted(passages, key=lambda passage: passage[:2]), categories


def _has_others(mark: FieldMark, marks: list[FieldMark], types: dict[str, str]) -> bool:
    return bool(mark.item) and mark.item not in types and sum(one.item == mark.item for one in marks) > 1


def _marks(line: JSONMapping, text: str, labels: FieldLabels) -> Iterator[FieldMark]:
    marked = line.get("label", line.get("labels", []))
    parts = [marked if isinstance(marked, list) else [marked], line.get("entities") or [], line.get("cats") or []]
    for number, part in enumerate(one for some in parts for one in _listed(some)):
        if isinstance(part, str):
            yield _category(part, labels, number)
        else:
            start, end, label = _passage(part, text)
            yield from labels.marks_for(label, text[start:end], (start, end), f"passage {number}")


def _listed(part: JSON) -> list[JSON]:
    if not isinstance(part, list):
        raise ValueError("its labels are no list")
    return part


def _passage(part: JSON, text: str) -> tuple[int, int, str]:
    if isinstance(part, dict):
        part = [part.get("start_offset"), part.get("end_offset"), part.get("label")]
    start, end, label = part if isinstance(part, list) and len(part) == 3 else (None, None, None)  # noqa: PLR2004
    if type(start) is not int or type(end) is not int or not isinstance(label, str):
        raise ValueError('a label is neither a category nor [start, end, "label"]')
    if not 0 <= start < end <= len(text):
        raise ValueError(f"the passage {start} to {end} lies outside the text, of {len(text)} characters")
    return start, end, label


def _category(category: str, labels: FieldLabels, number: int) -> FieldMark:
    """Read a category: `/sentiment=positive`, or one of another project, which is the field `label`."""
    path, separator, value = category.partition("=")
    if path.startswith("/") and separator:
        return FieldMark(path, _read(value), None, f"category {number}")
    return FieldMark(labels.fields.get(category, "/label"), category, None, f"category {number}")


def _written(value: JSON) -> str:
    """Write a scalar; a text that would be read as another scalar stands in quotes."""
    return value if isinstance(value, str) and _read(value) == value else dumps(value)


def _read(value: str) -> JSON:
    try:
        read = loads(value)
    except ValueError:
        return value
    return value if isinstance(read, dict | list) else read
