"""A record on a terminal: its text with marks, and value by value where each stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from math import inf
from typing import TextIO

from rich.table import Table
from rich.text import Text

from slotfill.extractors.displaying.value_rows import ValueRow, ValueRows
from slotfill.extractors.record.money import money_text
from slotfill.extractors.terminal.colours import Colour
from slotfill.extractors.terminal.marked_passages import NumberedMark, marked_passages, raised
from slotfill.extractors.terminal.streams import takes_colour
from slotfill.extractors.terminal.terminal_console import terminal_console
from slotfill.extractors.terminal.visible_text import visible
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.json_values.pointer import tokens

__all__ = ["show_record"]

MOST_ROWS = 60
"""So many values are told of at most."""

LONGEST_VALUE = 200
"""So many characters of a value."""

NARROW = 70
"""In fewer columns than these, where a value stands is told below it."""

_HUES = (Colour.CYAN, Colour.MAGENTA, Colour.GREEN, Colour.BLUE, Colour.AMBER)
"""Of fields; red is for what stands nowhere."""


def show_record(record: JSONMapping, text: str, stream: TextIO) -> None:
    """Write what came of a document for a person.

    Args:
        record: As plain JSON data, as `Extraction.to_json` gives it.
        text: The document's text.
        stream: Where to; colours are used where it takes them.
    """
    coloured = takes_colour(stream)
    console = terminal_console(stream)
    all_rows = ValueRows(record).without_parts()
    rows = all_rows[:MOST_ROWS]
    numbers = _numbers(rows)
    hues = _hues(row for row in rows if row.pointer in numbers)
    marks = [
        NumberedMark(numbers[row.pointer], row.span["start"], row.span["end"], hues[_field(row)])
        for row in rows
        if row.pointer in numbers
    ]
    console.print(_head(record))
    console.print(Text(f"\n{line}\n") if (line := _failure(record)) else "")
    console.print(marked_passages(text.rstrip(), marks, coloured=coloured))
    console.print()
    console.print(_legend(rows, numbers, hues, narrow=console.width < NARROW))
    if len(all_rows) > MOST_ROWS:
        console.print(f"… and {len(all_rows) - MOST_ROWS:,} more values", style=Colour.GREY)


def _head(record: JSONMapping) -> Text:
    cost = None if record["cost_usd"] is None else Decimal(record["cost_usd"])
    parts = (record["outcome"], record["model"], money_text(cost), f"{record['ms'] / 1000:.1f} s")
    came_of_it = f"  {record['schema']['name']}: {', '.join(parts)}"
    return Text.assemble((visible(_source(record)), "bold"), (came_of_it, Colour.GREY))


def _source(record: JSONMapping) -> str:
    source = record["document"]["source"]
    return "standard input" if source == "-" else source or "the text"


def _failure(record: JSONMapping) -> str:
    error = record["error"]
    return f"{visible(error['message'])} [{error['type']}]" if error else ""


def _numbers(rows: Sequence[ValueRow]) -> dict[str, int]:
    """Return the numbers of the values that stand somewhere, in the order in which they do."""
    placed = [row for row in rows if row.span.get("start") is not None]
    placed.sort(key=lambda row: (row.span["start"], row.span["end"]))
    return {row.pointer: number for number, row in enumerate(placed, 1)}


def _field(row: ValueRow) -> str:
    return next((step for step in tokens(row.pointer) if not step.isdecimal()), "")


def _hues(rows: Iterable[ValueRow]) -> Mapping[str, Colour]:
    fields = dict.fromkeys(map(_field, rows))
    return {field: _HUES[number % len(_HUES)] for number, field in enumerate(fields)}


def _legend(rows: Sequence[ValueRow], numbers: Mapping[str, int], hues: Mapping[str, Colour], *, narrow: bool) -> Table:
    """Write a row a value: what stands nowhere, then what stands somewhere, in its order, then the rest."""
    legend = Table.grid(padding=(0, 2))
    legend.add_column(no_wrap=True)
    for _ in range(1 if narrow else 2):
        legend.add_column(overflow="fold")
    legend.add_column(overflow="fold")
    for row in sorted(rows, key=lambda row: (not row.is_absent, numbers.get(row.pointer, inf))):
        hue = Colour.RED if row.is_absent else hues[_field(row)] if row.pointer in numbers else ""
        marker = "✗" if row.is_absent else raised(numbers[row.pointer]) if row.pointer in numbers else "·"
        name, value = Text(_name(row.pointer), hue), Text(_value(row.value))
        where = Text(", ".join(_where(row)), Colour.RED if row.is_absent else Colour.GREY)
        if narrow:
            legend.add_row(Text(marker, hue), name, Text("\n").join(filter(None, (value, where))))
        else:
            legend.add_row(Text(marker, hue), name, value, where)
    return legend


def _name(pointer: str) -> str:
    """Write a JSON Pointer as people write a place in a value: key_issues[0], lines[2].price."""
    name = ""
    for step in tokens(pointer):
        name += f"[{step}]" if step.isdecimal() else f".{step}" if name else step
    return visible(name) or "(value)"


def _value(value: JSON) -> str:
    text = value if isinstance(value, str) else dumps(value)
    text = visible(text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…")
    return " ".join(text.split())


def _where(row: ValueRow) -> Iterator[str]:
    """Say where a value stands, and how well."""
    if row.is_absent:
        yield "stands nowhere in the text"
        if reason := row.span.get("reason"):
            yield visible(str(reason))
    elif row.span.get("start") is None:
        yield "judged, not quoted"
    else:
        yield from _place(row.span.get("place"))
        if (match := row.span["match"]) != "exact":
            yield f"{match} match"
    for passage in row.evidence or ():
        yield f"rests on “{_value(passage['text'])}”"
    yield from (f"{edit['kind']} mended from {_value(edit['before'])}" for edit in row.edits)


def _place(place: JSONMapping | None) -> Iterator[str]:
    if not place:
        return
    if "source" in place:  # of several texts that were joined
        yield visible(str(place["source"]))
    if "page" in place:
        yield f"page {place['page']}"
    elif "cell" in place:
        yield f"{place.get('sheet', '')}!{place['cell']}".removeprefix("!")
    else:
        yield from (visible(str(part)) for key, part in place.items() if isinstance(part, str) and key != "source")
