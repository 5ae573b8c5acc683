"""A record as a notebook shows it: what stands nowhere first, the text with its values marked, a table of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from slotfill.extractors.displaying.notebook_style import HUES, notebook_block
from slotfill.extractors.displaying.value_rows import ValueRow, ValueRows, value_parts
from slotfill.extractors.pages.html_markup import cut, element, shown, shown_value
from slotfill.extractors.pages.marked_text import TextMark, marked_text
from slotfill.extractors.record.money import money_text
from slotfill.extractors.record.parts import Outcome
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.json_values.pointer import join, tokens

__all__ = ["growing_display", "record_display"]

MOST_ROWS, MOST_NAMED, LONGEST_VALUE, LONGEST_TEXT = 100, 8, 300, 4_000
"""What is shown at most: a notebook keeps each display in its file, and stays quick with ten thousand values."""


def record_display(record: JSONMapping, text: str) -> str:
    """Write a record as markup for a notebook.

    Args:
        record: As plain JSON data, as `Extraction.to_json` gives it.
        text: The document's text; "" where it is not at hand.
    """
    values = ValueRows(record)
    all_rows = values.without_parts()
    rows = all_rows[:MOST_ROWS]
    hues = _hues(row.pointer for row in rows)
    return notebook_block(
        _head(record),
        _failure(record),
        _absences(all_rows),
        _text(record, text, rows, hues),
        _table(rows, hues) + _more(len(all_rows)),
        _remarks(record, values, rows),
    )


def growing_display(data: JSON, rung: str) -> str:
    """Write a value that is still arriving as markup for a notebook. rung: what the reply answers."""
    parts = [(pointer, part) for pointer, part in value_parts(data) if not (isinstance(part, list) and part)]
    rows = [
        element("tr", element("td", shown(pointer or "(value)"), class_="path"), element("td", _value(value)))
        for pointer, value in parts[:MOST_ROWS]
    ]
    head = element("b", "arriving") + element("span", shown(rung), class_="chip")
    return notebook_block(element("div", head, class_="head"), _rows(("field", "value"), rows), _more(len(parts)))


def _head(record: JSONMapping) -> str:
    document, attempts = record["document"], len(record["attempts"])
    cost = None if record["cost_usd"] is None else Decimal(record["cost_usd"])
    known = (
        document["source"],
        record["model"],
        f"{attempts} attempt{'' if attempts == 1 else 's'}",
        f"{record['ms'] / 1000:.1f} s",
        f"cost {money_text(cost, digits=6)}",
    )
    kind = "good" if Outcome(record["outcome"]).ok else "bad"
    return element(
        "div",
        element("b", shown(record["schema"]["name"])),
        element("span", shown(record["outcome"]), class_=f"chip {kind}"),
        element("span", shown(" · ".join(cut(part, 120) for part in known if part)), class_="soft"),
        class_="head",
    )


def _failure(record: JSONMapping) -> str:
    """Say why there is no whole value, with what the last reply had wrong."""
    error = record["error"]
    if error is None:
        return ""
    where = f" at {error['path']}" if error.get("path") else ""
    parts = [element("b", shown(f"{error['type']}{where}")), f": {shown_value(error['message'], 1_000)}"]
    wrong: Sequence[JSONMapping] = next((one["errors"] for one in reversed(record["attempts"]) if one["errors"]), ())
    if any(one["path"] for one in wrong):  # else it says the same once more
        items = (element("li", _code(one["path"]), " ", shown_value(one["message"])) for one in wrong[:MOST_NAMED])
        parts.append(element("ul", *items))
    if record["invalid"] is not None:
        parts.append(element("div", "read, and not valid: ", shown_value(record["invalid"], 1_000), class_="soft"))
    return element("div", *parts, class_="notice bad")


def _absences(all_rows: Sequence[ValueRow]) -> str:
    """Name what stands nowhere in the text: whoever reads no further has read that."""
    absent = [row for row in all_rows if row.is_absent]
    if not absent:
        return ""
    named = ", ".join(f"{_code(row.pointer)} {shown_value(row.value, 60)}" for row in absent[:MOST_NAMED])
    more = f" and {len(absent) - MOST_NAMED:,} more" if len(absent) > MOST_NAMED else ""
    count = "1 value stands" if len(absent) == 1 else f"{len(absent):,} values stand"
    return element("div", element("b", f"{count} nowhere in the text"), f": {named}{more}", class_="notice")


def _text(record: JSONMapping, text: str, rows: Sequence[ValueRow], hues: Mapping[str, int]) -> str:
    if not text:
        return element("p", "The document's text is not at hand.", class_="note") if record["document"]["chars"] else ""
    marks = [*_marks(rows, hues)]
    return marked_text(text, marks, LONGEST_TEXT, 2 * MOST_ROWS)


def _marks(rows: Sequence[ValueRow], hues: Mapping[str, int]) -> Iterator[TextMark]:
    for row in rows:
        kind = f"hue-{hues[_field(row.pointer)]}"
        places = (row.span, *(row.evidence or ()))
        for number, place in enumerate(places):
            if place.get("start") is not None:
                yield TextMark(place["start"], place["end"], kind, f"{'evidence: ' if number else ''}{row.pointer}")


def _table(rows: Sequence[ValueRow], hues: Mapping[str, int]) -> str:
    columns = [column for column in _COLUMNS if column in _ALWAYS or any(_CELLS[column](row) for row in rows)]
    return _rows(("field", "value", *columns), [_row(row, hues[_field(row.pointer)], columns) for row in rows])


def _rows(names: Sequence[str], rows: Sequence[str]) -> str:
    head = element("thead", element("tr", *(element("th", name) for name in names)))
    return element("div", element("table", head, element("tbody", *rows)), class_="wide") if rows else ""


def _row(row: ValueRow, hue: int, columns: Sequence[str]) -> str:
    name = element("td", element("i", class_=f"hue-{hue}"), shown(cut(row.pointer or "(value)", 120)), class_="path")
    cells = (element("td", _CELLS[column](row)) for column in columns)
    return element("tr", name, element("td", _value(row.value)), *cells)


def _value(value: JSON) -> str:
    """Write a value; nothing and empty ones in grey, so that they are not taken for texts."""
    plain = isinstance(value, str) and value.strip()
    written = shown_value(value, LONGEST_VALUE) if value != "" else '""'
    return written if plain or isinstance(value, int | float) else element("span", written, class_="soft")


def _stands(row: ValueRow) -> str:
    if row.span.get("start") is not None:
        return f"{row.span['start']:,}\N{EN DASH}{row.span['end']:,}"
    return element("span", "nowhere", class_="chip unsure") if row.is_absent else ""


def _match(row: ValueRow) -> str:
    match = row.span.get("match", "")
    reason = shown_value(row.span.get("reason") or "", LONGEST_VALUE)
    if match == "fuzzy":
        return element("span", match, class_="chip unsure")
    return shown(match) + (f": {reason}" if reason else "")


def _place(row: ValueRow) -> str:
    """Write where in its file a value stands: `page 3`, `sheet Q1, cell B7`; the box is for those who draw."""
    place = row.span.get("place") or {}
    return ", ".join(f"{shown(key)} {shown_value(part, 60)}" for key, part in place.items() if key not in _DRAWN)


def _sure(row: ValueRow) -> str:
    return ", ".join(
        f"{shown(name)} {shown(one) if isinstance(one, str) else f'{one:.2f}'}" for name, one in row.sureness.items()
    )


def _evidence(row: ValueRow) -> str:
    if row.evidence is None:
        return ""
    passages = (shown_value(one["text"], 120) for one in row.evidence[:MOST_NAMED])
    return "<br>".join(passages) or element("span", "none", class_="chip unsure")


def _edits(row: ValueRow) -> str:
    return "<br>".join(map(_edit, row.edits[:MOST_NAMED]))


def _edit(edit: JSONMapping) -> str:
    class_ = {"high": "chip bad", "low": "chip unsure"}.get(edit["risk"], "soft")
    risk = "" if edit["risk"] == "none" else f", {edit['risk']} risk"
    same_type = type(edit["before"]) is type(edit["after"])
    # What was the text "4" and became the number 4 is told by its quotation marks.
    before, after = (edit[side] if same_type else dumps(edit[side]) for side in ("before", "after"))
    change = f"{shown_value(before, 60)} → {shown_value(after, 60)}"
    return f"{change} {element('span', shown(edit['kind'] + risk), class_=class_)}"


def _remarks(record: JSONMapping, values: ValueRows, rows: Sequence[ValueRow]) -> str:
    """Name what concerns no value that has a row here: edits and evidence elsewhere, conflicts, what was taken over."""
    named = {row.pointer for row in rows}
    others = [row for row in values.rows.values() if row.pointer not in named]
    edits = [*values.edits, *(edit for row in others for edit in row.edits)]
    evidence = [*values.evidence, *({"path": row.pointer, **one} for row in others for one in row.evidence or ())]
    remarks = [
        *(f"{_code(edit['path'])} {_edit(edit)}" for edit in edits[:MOST_NAMED]),
        *(f"{_code(one['path'])} rests on {shown_value(one['text'], 120)}" for one in evidence[:MOST_NAMED]),
    ]
    if conflicts := len(record["conflicts"]):
        remarks.append(f"{conflicts:,} conflict{'' if conflicts == 1 else 's'} between parts or readings: `conflicts`")
    if chunks := len(record["chunks"]):
        remarks.append(f"read in {chunks:,} parts")
    return element("p", "; ".join(remarks), class_="note") if remarks else ""


def _more(count: int) -> str:
    return element("p", f"and {count - MOST_ROWS:,} more values", class_="note") if count > MOST_ROWS else ""


def _code(pointer: str) -> str:
    return element("span", shown(cut(pointer or "(value)", 120)), class_="path")


def _field(pointer: str) -> str:
    """Return what a value's colour goes by: its path, without the numbers of a list's items."""
    return join([token for token in tokens(pointer) if not token.isdecimal()])


def _hues(pointers: Iterable[str]) -> dict[str, int]:
    return {field: number % HUES for number, field in enumerate(dict.fromkeys(map(_field, pointers)))}


_CELLS: Mapping[str, Callable[[ValueRow], str]] = {
    "stands at": _stands,
    "match": _match,
    "place": _place,
    "sure": _sure,
    "evidence": _evidence,
    "edits": _edits,
}
_COLUMNS = (*_CELLS,)
_DRAWN = ("box", "boxes")
"""What of a place only a drawing shows."""

_ALWAYS = ("stands at", "match")
"""The columns that are there whether or not a row has something in them."""
