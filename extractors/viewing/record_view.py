"""A record and its text -> the data that a page shows of one document. Pure.

The data is plain JSON. Offsets count as scripts count, in UTF-16 units (`span`), and as records do, in code points
(`points`); both are [start, end]. What is marked with ? stands there only where there is something to say.

    source, id, chars, columns?   of the document, as in the record
    schema, schema_id, model      what was asked for, and of whom
    outcome, ok, error            how it ended; whether there is a whole value; {"type", "message"} or null
    cost_usd, saved_usd           US dollars as a text, "0.00123"; null where a price is unknown
    ms, usage                     as in the record
    repairs                       how much had to be done to the reply: edits, patches, questions asked again
    flags                         by flag, how many fields have it; "failed" of a document with no whole value
    text                          the text; null where it is not at hand, and `text_note` says why
    fields                        the rows, those of values that stand nowhere first, then in the value's order
    edits?, conflicts?, evidence? what the record tells of places that no row has
    from_tables?                  true of a record out of a database's tables: what it lacks is not known
    attempts                      as in the record, each with `cost_usd` where what it cost is known
    chunks?                       as in the record, without their values; each with its `span`?
    invalid?, history?, taken_over?   as in the record
    pages?                        [{"number", "width", "height", "picture"}]: pages of a PDF on which values stand, in
                                  points; the picture is a data: address

A row is a value that is neither list nor object, or an empty object, or a list:

    path                          JSON Pointer into the value
    value | items                 a leaf's value, or how many items a list has
    digits?                       a number's digits, where a script would round it
    match?                        exact, normalised, fuzzy, absent; none: the value is not looked for in the text
    span?, points?                where it stands; none where it is absent, `span` also where the text is not at hand
    place?                        {"page": 3, "box": [left, top, right, bottom], "boxes"?}, {"sheet", "cell"}, {"part"}
    reason?                       why it is absent
    evidence?                     [{"text", "match", "span"?, "points"?, "place"?, "reason"?}]
    confidence?                   where the number of a `Confidence` field, the value, comes from
    agreement?, probability?      0 to 1
    chunks? | readings?           the numbers of the chunks, or of the readings, that gave it
    edits?, conflicts?            as in the record
    flags                         of absent, fuzzy, risky, edited, conflict, unsure; those that hold
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from slotfill.extractors.displaying.value_rows import ValueRows
from slotfill.extractors.pages.utf16_offsets import UTF16Offsets
from slotfill.extractors.record.parts import Outcome, Rung
from slotfill.extractors.viewing.attempt_costs import priced_attempts
from slotfill.extractors.viewing.field_rows import shown_passage, shown_row, shown_span
from slotfill.schemas.json_values.json_types import JSONMapping, JSONObject

__all__ = ["document_entry", "is_from_tables", "record_view"]

_REPAIRS = (Rung.PATCH, Rung.REASK, Rung.FALLBACK)

_AS_IT_IS = ("model", "outcome", "error", "cost_usd", "saved_usd", "ms", "usage")

_IN_THE_LIST = ("source", "id", "schema", "model", "outcome", "ok", "cost_usd", "repairs", "flags")


def record_view(
    record: JSONMapping, text: str | None = None, *, text_note: str = "", pages: Sequence[JSONObject] = ()
) -> JSONObject:
    """Return what a page shows of a record.

    Args:
        record: The record, as plain JSON data, as `check_record` accepts it.
        text: The text that it is of, letter for letter; None where it is not at hand.
        text_note: Why it is not, and how to give it.
        pages: Pictures of pages of its file.
    """
    offsets = None if text is None else UTF16Offsets(text)
    values = ValueRows(record)
    sources = "readings" if record.get("agreement") else "chunks"
    fields = [shown_row(row, offsets, sources) for row in values.nowhere_first()]
    view: JSONObject = {
        **_document(record, text),
        **{name: record[name] for name in _AS_IT_IS},
        "attempts": priced_attempts(record),
        "ok": Outcome(record["outcome"]).ok,
        "repairs": _repairs(record),
        "flags": _flags(record, fields, values),
        "text": text,
        "fields": fields,
    }
    further = {
        "text_note": text_note if text is None else "",
        "edits": values.edits,
        "conflicts": values.conflicts,
        "evidence": [shown_passage(one, offsets) for one in values.evidence],
        "chunks": [_chunk(one, offsets) for one in record["chunks"]],
        **{name: record.get(name) for name in ("history", "taken_over")},
        "from_tables": is_from_tables(record),
        "pages": list(pages),
    }
    invalid = {} if record["invalid"] is None else {"invalid": record["invalid"]}  # it may be 0, or ""
    return view | invalid | {name: part for name, part in further.items() if part}


def document_entry(view: JSONMapping) -> JSONObject:
    """Return what of a document's data its row in the list of documents needs."""
    return {name: view[name] for name in _IN_THE_LIST}


def is_from_tables(record: JSONMapping) -> bool:
    """Whether a record was read from a database's tables: they hold its schema's name alone, and no attempts."""
    return not (record["schema"]["id"] or record["attempts"])


def _document(record: JSONMapping, text: str | None) -> JSONObject:
    document, schema = record["document"], record["schema"]
    columns = {"columns": document["columns"]} if document.get("columns") else {}
    return {
        **{name: document[name] for name in ("source", "id")},
        "chars": document["chars"] if text is None else len(text),
        **columns,
        "schema": schema["name"],
        "schema_id": schema["id"],
    }


def _repairs(record: JSONMapping) -> int:
    return len(record["edits"]) + sum(one["rung"] in _REPAIRS for one in record["attempts"])


def _flags(record: JSONMapping, fields: Sequence[JSONMapping], values: ValueRows) -> JSONObject:
    """Count the flags of rows, and of what no row has."""
    counts = Counter(flag for row in fields for flag in row["flags"])
    counts["risky"] += sum(edit["risk"] == "high" for edit in values.edits)
    counts["conflict"] += len(values.conflicts)
    counts["failed"] += not Outcome(record["outcome"]).ok
    return {flag: count for flag, count in counts.items() if count}


def _chunk(chunk: JSONMapping, offsets: UTF16Offsets | None) -> JSONObject:
    """Return a chunk without its own value, which the whole value is made of."""
    shown = {name: part for name, part in chunk.items() if name != "value"}
    where = shown_span({**chunk, "match": "exact"}, offsets)
    return shown | {name: where[name] for name in ("span",) if name in where}
