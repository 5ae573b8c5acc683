"""The page of a review: a viewer's page, with what is decided beside each value, and the script that decides. Pure.

A document's data is a viewer's (`slotfill.extractors.viewing.record_view`), with these differences:

    fields        the fields under review, the neediest first, each with a member `review`
    review        {"open", "is_gold", "errors", "notes"}: how many fields are open, what the schema says against the
                  value as it stands, and what needs a look and is no field
    number        its number among the documents

`review` of a field:

    open, decided       whether somebody has to decide; what was decided, or null
    removed, missing    whether it was taken out; whether it was never there
    is_list, by_parts   whether items can be added; whether its items are the fields
    score, reasons      how much it needs a look, and why
    editor, typed       how it is typed (`ValueEditor`), and the text that its value is in the editor
    item?               of a list, how a new item is typed
    flagged?            [{"who", "note", "value"?}]: what users have said of it that nobody has answered
    others?             [{"who", "action", "differs", "value"?}], once one has decided oneself
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from slotfill.extractors.pages.html_page import page_parts
from slotfill.extractors.pages.utf16_offsets import UTF16Offsets
from slotfill.extractors.review.decisions import DecisionSpan
from slotfill.extractors.review.review_documents import ReviewDocument
from slotfill.extractors.review.review_session import ReviewSession
from slotfill.extractors.viewing.field_rows import shown_span
from slotfill.extractors.viewing.page_assets import controls_style, page_file, viewer_frame, viewer_script, viewer_style
from slotfill.extractors.viewing.record_view import record_view
from slotfill.extractors.viewing.viewer_page import data_blocks
from slotfill.schemas.json_values.exact_json import ExactFloat, dumps
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = ["review_page", "review_status", "reviewed_view", "utf16_span"]

LEAST_NEED = 0.1
"""Fields that need less of a look stand in the value's order."""

_OF_THE_VALUE = ("match", "span", "points", "place", "reason", "digits", "value", "items")


def review_page(session: ReviewSession, title: str) -> Iterator[str]:
    """Yield the page, part by part: documents as they were extracted; what is decided is asked for when one opens."""
    style = viewer_style() + controls_style() + _file("review.css")
    script = viewer_script() + _file("review.js")
    yield from page_parts(title, _body(session, title), style=style, script=script, connections="'self'")


def reviewed_view(session: ReviewSession, document: ReviewDocument) -> JSONObject:
    """Return a document's data, as it stands for the session's reviewer, without its text, which the page has."""
    state = session.state(document.number)
    view = {name: part for name, part in _recorded(document).items() if name != "text"}
    offsets = None if document.text is None else UTF16Offsets(document.text)
    known = {row["path"]: row for row in view["fields"]}
    flags = state["flags"]
    rows = [
        _row(
            {**field, "flagged": [one for one in flags if one["path"] == field["path"]]},
            known.get(field["path"], {}),
            document,
            offsets,
        )
        for field in state["fields"]
    ]
    paths = {field["path"] for field in state["fields"]}
    needs = document.needs(session.rows_of(document.number))
    return {
        **view,
        "fields": sorted(rows, key=_need),
        "review": {
            "open": state["open"],
            "is_gold": state["is_gold"],
            "errors": state["errors"],
            "notes": [{"path": path, **need.to_json()} for path, need in needs.items() if path not in paths],
        },
    }


def review_status(session: ReviewSession, numbers: Iterable[int] | None = None) -> JSONObject:
    """Return how far the review is, and what keeps gold from following it; `progress` of some documents, or of all."""
    agreed = session.agreed()
    return {
        "who": session.who,
        "documents": len(session.documents),
        "gold": session.gold_count,
        "decided": sum(session.counts().values()),
        "problem": session.problem,
        "agreement": {"pairs": agreed.pairs, "share": agreed.share},
        "progress": {str(number): one.to_json() for number, one in session.progress(numbers).items()},
    }


def utf16_span(text: str, span: Sequence[int]) -> DecisionSpan | None:
    """Return a span in UTF-16 units as one in code points; None for one that lies outside the text."""
    offsets = UTF16Offsets(text)
    start, end = span
    if not 0 <= start < end <= offsets.units:
        return None
    first, last = offsets.point_at(start), offsets.point_at(end - 1)
    return DecisionSpan(first, last + 1)


def _body(session: ReviewSession, title: str) -> Iterator[str]:
    yield viewer_frame(title)
    yield from data_blocks(_recorded(document) for document in session.documents)
    yield '<noscript><main class="plain"><p>A review needs scripts; this page runs only its own.</p></main></noscript>'


def _recorded(document: ReviewDocument) -> JSONObject:
    return {**record_view(document.record, document.text, text_note=document.text_note), "number": document.number}


def _row(field: JSONMapping, known: JSONMapping, document: ReviewDocument, offsets: UTF16Offsets | None) -> JSONObject:
    """Return a field as a viewer's row: what the record knows of it, and what stands there now."""
    value = field.get("value")
    shown: JSONObject = {"items": len(value)} if isinstance(value, list) else {"value": value}
    if isinstance(value, ExactFloat):
        shown["digits"] = value.digits
    about = {name: part for name, part in known.items() if name not in _OF_THE_VALUE}
    if field["decided"] in (None, "accept"):
        where = {
            name: known[name] for name in ("match", "span", "points", "place", "reason", "digits") if name in known
        }
    else:
        where = _where(field, document, offsets)
    review = {
        "open": field["open"],
        "decided": field["decided"],
        "removed": field["removed"],
        "missing": "value" not in field,
        "is_list": field["list"],
        "by_parts": field["by_parts"],
        "score": field["score"],
        "reasons": field["reasons"],
        "flags": known.get("flags", []),
        "editor": field["editor"],
        "typed": _typed(field, value),
        **{name: field[name] for name in ("others", "item", "flagged") if field.get(name)},
    }
    return {**about, **where, **shown, "path": field["path"], "flags": [], "review": review}


def _where(field: JSONMapping, document: ReviewDocument, offsets: UTF16Offsets | None) -> JSONObject:
    """Return where a value stands that a person has set."""
    span = field["span"]
    if span is None:
        return {}
    passage = None if document.text is None else document.text[span["start"] : span["end"]]
    return shown_span({**span, "match": "exact" if passage == field.get("value") else "normalised"}, offsets)


def _typed(field: JSONMapping, value: JSON) -> str:
    if value is None:
        return ""
    is_text = isinstance(value, str) and field["editor"]["kind"] not in ("choice", "json", "object", "list")
    return value if is_text else dumps(value, indent=2 if isinstance(value, dict | list) and value else None)


def _need(row: JSONMapping) -> float:
    score: float = row["review"]["score"]
    return -score if score >= LEAST_NEED else 0.0


def _file(name: str) -> str:
    return page_file("slotfill.extractors.review.serving", name)
