"""The rows of a record's fields: each value with all that the record knows of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from slotfill.extractors.pages.utf16_offsets import UTF16Offsets
from slotfill.extractors.record.parts import Outcome
from slotfill.schemas.json_values.exact_json import ExactFloat
from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.json_values.pointer import join, tokens

__all__ = ["FieldRows", "shown_span"]

_UNSURE = 0.8
"""A value less likely right, or less agreed upon, is flagged; `extract --escalate` takes the same share by default."""

_EXACT_INTEGERS = 2**53
"""From here on a script's numbers leave integers out."""


class FieldRows:
    """The rows of one record: one for each value that is neither a list nor an object, and one for each list.

    rows: in the value's order, by JSON Pointer. strays: what the record tells of places that no row has, as of an
    object or the value as a whole; by the member's name.
    """

    def __init__(self, record: JSONMapping, offsets: UTF16Offsets | None) -> None:
        has_value = record["value"] is not None or Outcome(record["outcome"]).ok  # it may be null
        bare = _bare_rows(record["value"]) if has_value else ()
        self.rows: dict[str, JSONObject] = {row["path"]: row for row in bare}
        self.strays: dict[str, list[JSONObject]] = {"edits": [], "conflicts": [], "evidence": []}
        self._add_spans(record, offsets)
        self._add_shares(record)
        for edit in record["edits"]:
            self._put("edits", self._owner_of(edit["path"], part=_is_of_part(edit)), _with_digits(edit))
        for conflict in record["conflicts"]:
            self._put("conflicts", self._owner_of(conflict["path"], part=_is_of_part(conflict)), conflict)
        for row in self.rows.values():
            row["flags"] = [flag for flag, holds in _FLAGS.items() if holds(row)]

    def in_order(self) -> list[JSONObject]:
        """Return the rows, those of values that stand nowhere first."""
        return sorted(self.rows.values(), key=lambda row: "absent" not in row["flags"])

    def _add_spans(self, record: JSONMapping, offsets: UTF16Offsets | None) -> None:
        for path, span in record["spans"].items():
            if path in self.rows:
                self.rows[path] |= shown_span(span, offsets)
        for path, passages in (record.get("evidence") or {}).items():
            shown = [{"text": one["text"], **shown_span(one, offsets)} for one in passages]
            row = self._owner_of(path)
            if row is None:
                self.strays["evidence"] += [{"path": path, **one} for one in shown]
            else:
                row.setdefault("evidence", []).extend(shown)

    def _add_shares(self, record: JSONMapping) -> None:
        for name in ("agreement", "probability"):
            for path, share in (record.get(name) or {}).items():
                if path in self.rows:
                    self.rows[path][name] = share
        for path, origin in record["confidence"].items():
            if path in self.rows:
                self.rows[path]["confidence"] = origin
        for path, row in self.rows.items():
            if numbers := _nearest(record["found_in"], path):
                row["readings" if record.get("agreement") else "chunks"] = numbers

    def _put(self, name: str, row: JSONObject | None, part: JSONObject) -> None:
        (self.strays[name] if row is None else row.setdefault(name, [])).append(part)

    def _owner_of(self, path: str, *, part: bool = False) -> JSONObject | None:
        """Find the row of a place: its own, or that of the list that it is within.

        part: whether the path leads into the value of a chunk or of a reading, whose lists have other items in other
        places: what is within a list is then the list's.
        """
        if part:
            path = next((one for one in _prefixes(path) if "items" in self.rows.get(one, ())), path)
        while path and path not in self.rows:
            path = path.rpartition("/")[0]
        return self.rows.get(path)


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


def _bare_rows(value: JSON) -> Iterator[JSONObject]:
    """Yield a bare row for each leaf and each list of a value, in its order."""
    rest: list[tuple[str, JSON]] = [("", value)]
    while rest:
        path, node = rest.pop()
        if isinstance(node, dict) and node:
            rest += reversed([(f"{path}{join((key,))}", part) for key, part in node.items()])
        elif isinstance(node, list):
            rest += reversed([(f"{path}/{number}", part) for number, part in enumerate(node)])
            yield {"path": path, "items": len(node)}
        else:
            yield _with_digits({"path": path, "value": node})


def _with_digits(part: JSONObject) -> JSONObject:
    """Add `digits`, by which a number is shown that a script's numbers would round; of edits they are texts already."""
    number = part.get("value")
    if isinstance(number, ExactFloat):
        return {**part, "digits": number.digits}
    is_large = isinstance(number, int) and not -_EXACT_INTEGERS < number < _EXACT_INTEGERS
    return {**part, "digits": str(number)} if is_large else part


def _is_of_part(part: JSONMapping) -> bool:
    """Whether an edit, or a conflict, is of a chunk's own value, or of a further reading's."""
    return part.get("chunk") is not None or part.get("reading") is not None


def _prefixes(path: str) -> Iterator[str]:
    """Yield the places that a place is within, the outermost first, and itself."""
    keys = tokens(path)
    return (join(keys[:length]) for length in range(len(keys) + 1))


def _nearest(members: JSONMapping, path: str) -> JSON:
    """Return what is said of a place, or of the nearest one that it is within."""
    while path and path not in members:
        path = path.rpartition("/")[0]
    return members.get(path)


def _shares(row: JSONMapping) -> Iterator[float]:
    """Yield how sure a value is: by a calibration, else by the readings' agreement; a confidence by its own number."""
    if (share := row.get("probability", row.get("agreement"))) is not None:
        yield share
    if "confidence" in row and isinstance(row.get("value"), int | float):
        yield row["value"]


_FLAGS: dict[str, Callable[[JSONMapping], bool]] = {
    "absent": lambda row: row.get("match") == "absent",
    "fuzzy": lambda row: row.get("match") == "fuzzy",
    "risky": lambda row: any(edit["risk"] == "high" for edit in row.get("edits", ())),
    "edited": lambda row: bool(row.get("edits")),
    "conflict": lambda row: bool(row.get("conflicts")),
    "unsure": lambda row: any(share < _UNSURE for share in _shares(row)),
}
"""What a row is flagged with, the worst first."""
