"""Gold as slotfill writes it: a line of JSON a document, `{"text" or "source", "value"}`.

    {"source": "mails/17.txt", "value": {"urgency": 4}, "lang": "de"}

Beside these a line may hold `id` (the text's SHA-256), `spans` (by JSON Pointer, `{"/name": {"start": 0, "end": 3}}`,
as in records) and `labels`. Any other key that holds a text, a number or a truth is a label too, so that a line of
output, corrected by hand, is gold as it is.
"""

from __future__ import annotations

from slotfill.extractors.gold.formats.field_marks import FieldLabels
from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = ["gold_line", "parse_gold_line", "parse_record"]

_KEYS = ("id", "text", "source", "value", "spans", "labels")


def parse_gold_line(line: JSON) -> GoldDocument:
    """Read one line, as plain JSON data. Raises ValueError, which says what was expected."""
    if not isinstance(line, dict) or "value" not in line:
        raise ValueError('it is no object that holds a "value": a line is {"text" or "source": …, "value": …}')
    return GoldDocument.of(
        line["value"],
        text=_string(line, "text"),
        source=_string(line, "source"),
        document_id=_string(line, "id"),
        spans=_spans(line.get("spans") or {}),
        labels=_labels(line),
    )


def gold_line(document: GoldDocument) -> JSONObject:
    """Write one line, as plain JSON data; what is not known is left out."""
    spans = {pointer: {"start": start, "end": end} for pointer, (start, end) in document.spans.items()}
    line = {"id": document.id, "source": document.source, "text": document.text}
    known = {key: part for key, part in line.items() if part is not None}
    rest = {"spans": spans, "labels": dict(document.labels)}
    return {**known, "value": document.value, **{key: part for key, part in rest.items() if part}}


def parse_record(record: JSONMapping, labels: FieldLabels) -> GoldDocument | None:
    """Read a record as gold: its value is to be looked through, not known to be right. None, noted, where it has none.

    Raises ValueError for what is none.
    """
    document = record.get("document")
    if not isinstance(document, dict):
        raise ValueError("it is no record: `slotfill extract --record` writes them")
    if record.get("value") is None:
        labels.lose("records without a value")
        return None
    return GoldDocument.of(
        record["value"],
        source=_string(document, "source"),
        document_id=_string(document, "id"),
        spans=_spans(record.get("spans") or {}),
        labels=_columns(document.get("columns") or {}),
    )


def _columns(columns: JSON) -> dict[str, str]:
    if not isinstance(columns, dict):
        raise ValueError("its document's 'columns' are no object")
    return {key: _label(key, part) for key, part in columns.items() if part is not None}


def _string(line: JSONMapping, key: str) -> str | None:
    part = line.get(key)
    if part is None or isinstance(part, str):
        return part
    raise ValueError(f"its {key!r} is no text")


def _spans(spans: JSON) -> dict[str, tuple[int, int]]:
    """Read spans as records have them; those of values that stand nowhere are left out."""
    if not isinstance(spans, dict):
        raise ValueError("its 'spans' is no object of spans by JSON Pointer")
    read = {pointer: _ends(pointer, span) for pointer, span in spans.items()}
    return {pointer: ends for pointer, ends in read.items() if ends}


def _ends(pointer: str, span: JSON) -> tuple[int, int] | None:
    ends = (span.get("start"), span.get("end")) if isinstance(span, dict) else (0, None)
    if ends == (None, None):
        return None
    start, end = ends
    if type(start) is int and type(end) is int:  # true is no place
        return start, end
    raise ValueError(f'the span of {pointer!r} is not of the form {{"start": 0, "end": 3}}')


def _labels(line: JSONMapping) -> dict[str, str]:
    own = line.get("labels") or {}
    if not isinstance(own, dict):
        raise ValueError("its 'labels' is no object")
    others = {key: part for key, part in line.items() if key not in _KEYS}
    return {key: _label(key, part) for key, part in {**others, **own}.items() if part is not None}


def _label(key: str, part: JSON) -> str:
    if isinstance(part, dict | list):
        raise ValueError(
            f"its {key!r} is neither a label (a text, a number or a truth) nor one of {', '.join(map(repr, _KEYS))}"
        )
    return part if isinstance(part, str) else dumps(part)
