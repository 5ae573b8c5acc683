"""A value's row -> what a page shows of it, with places as scripts count them. Pure."""

from __future__ import annotations

from collections.abc import Callable

from slotfill.extractors.displaying.value_rows import ValueRow
from slotfill.extractors.pages.utf16_offsets import UTF16Offsets
from slotfill.schemas.json_values.exact_json import ExactFloat
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject

__all__ = ["shown_passage", "shown_row", "shown_span"]

_EXACT_INTEGERS = 2**53
"""From here on a script's numbers leave integers out."""


def shown_row(row: ValueRow, offsets: UTF16Offsets | None, sources: str) -> JSONObject:
    """Return what a page shows of a value.

    Args:
        row: The value.
        offsets: Those of the text; None where it is not at hand.
        sources: What its sources are called, `chunks` or `readings`.
    """
    further = {sources: row.sources, "edits": row.edits, "conflicts": row.conflicts}
    return {
        "path": row.pointer,
        **({"items": len(row.value)} if isinstance(row.value, list) else _shown_value(row.value)),
        **(shown_span(row.span, offsets) if row.span else {}),
        **({} if row.evidence is None else {"evidence": [shown_passage(one, offsets) for one in row.evidence]}),
        **row.sureness,
        **{name: part for name, part in further.items() if part},
        "flags": row.flags,
    }


def shown_passage(passage: JSONMapping, offsets: UTF16Offsets | None) -> JSONObject:
    """Return what a page shows of a passage that a value rests on: its text, and what it shows of its span."""
    named = {"path": passage["path"]} if "path" in passage else {}
    return {**named, "text": passage["text"], **shown_span(passage, offsets)}


def shown_span(span: JSONMapping, offsets: UTF16Offsets | None) -> JSONObject:
    """Return what a page shows of a span: `match`, and as far as there is any `points`, `span`, `place`, `reason`.

    offsets: those of the text; None where it is not at hand. What lies outside of it, as a damaged record may say, is
    left out.
    """
    shown = {"match": span["match"], **_place_of(span), **({"reason": span["reason"]} if span.get("reason") else {})}
    start, end = span["start"], span["end"]
    if start is None or end is None or not 0 <= start <= end:
        return shown
    if offsets is not None and end <= offsets.points:
        shown["span"] = [offsets.unit_at(start), offsets.unit_at(end)]
    return {**shown, "points": [start, end]}


def _place_of(span: JSONMapping) -> JSONObject:
    """Return the place of a span without what is no box: a page draws boxes, and a record may be anybody's."""
    place = span.get("place") or {}
    drawn = {key: part for key, part in place.items() if key not in _BOXES or _BOXES[key](part)}
    return {"place": drawn} if drawn else {}


def _is_box(part: JSON) -> bool:
    return (
        isinstance(part, list)
        and len(part) == len(_SIDES)
        and all(type(one) is int or isinstance(one, float) for one in part)
    )


_SIDES = ("left", "top", "right", "bottom")

_BOXES: dict[str, Callable[[JSON], bool]] = {
    "box": _is_box,
    "boxes": lambda part: isinstance(part, list) and bool(part) and all(map(_is_box, part)),
}
"""What a place holds of boxes, and when it does."""


def _shown_value(value: JSON) -> JSONObject:
    """Return a value, with its `digits` where it is a number that a script would round."""
    if isinstance(value, ExactFloat):
        return {"value": value, "digits": value.digits}
    is_large = isinstance(value, int) and not -_EXACT_INTEGERS < value < _EXACT_INTEGERS
    return {"value": value, **({"digits": str(value)} if is_large else {})}
