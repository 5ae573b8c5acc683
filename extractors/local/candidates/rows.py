r"""Rows: the entries of a list, found in a text by their repeated shape, each with its cells.

    2 x Oak shelf   EUR 21.00  EUR 42.00        lines whose cells are of the same kinds
    1 x Oak table   EUR 90.00  EUR 90.00

    Name | City                                 a table, with or without its head
    - Anna: minutes by Friday                   points of a list
    two shelves at EUR 21, three chairs at EUR 40 and ...   parts of a sentence

Lines that sum up (Total, VAT) are none, and neither is what is labelled line by line (Date: 3 May).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

from slotfill.extractors.forms.numerals import CURRENCY
from slotfill.extractors.grounding.surface_forms import numbers_in
from slotfill.extractors.local.candidates.amounts import amount_candidates, amount_kind

__all__ = ["RowCell", "TextRow", "find_rows"]

TextRange = tuple[int, int]

COLUMNS = re.compile(r"[ ]*(?:\t+|[|;]|[ ]{2,}|\u2502)[ ]*")
POINT = re.compile(r"[ \t]*(?:[-*\u2022\u2013\u00b7]|\d{1,3}[.)]|\(?[a-z]\))[ \t]+(?=\S)")
LONE_CURRENCY = re.compile(rf"(?<=[ \t|])({CURRENCY})(?:[ ]{{2,}}|\t)[ ]*(?=\d)")
"""A currency in a column of its own, which is part of the sum behind it."""

COUNT = re.compile(r"(\d[\d,.]{0,9})[ ]*(?:x|\u00d7|pcs\.?|pieces)?[ ]+(?=[^\W\d])")
"""How many of it there are, before a thing: `2 x` Oak shelf, `2,500` posters."""

COUNT_BEHIND = re.compile(r"[ ]+[x\u00d7][ ]?(\d{1,4})\Z")
"""How many of it there are, behind a thing: Oak shelf `x2`."""

RULE = re.compile(r"[\s|+:=_*\u2500-\u257f-]*")
"""The line under a table's head."""

PARTS = re.compile(r",(?!\d)\s*(?:and\s+)?|;\s*|\s+and\s+|[.!?]\s+|\n+|:\s+")
"""Where a part of a sentence ends."""

EDGES = " \t.,:;|*\u2022()[]-\u2013\u2014=@\u00d7"
GLUE = re.compile(
    r"\A(?:x|\u00d7|of|at|for|each|a|an|the|\u00e0|@|per|=)(?=\s|\Z)\s*|\s+(?:at|for|each|x|\u00d7|\u00e0|@|per|=|costs?|is|was)\Z",
    re.IGNORECASE,
)
"""What joins cells, and is no part of one: 2 `x` Oak shelf `at` EUR 21."""

SUMMING = re.compile(
    r"\W*(?:sub-?\s?total|total|sum|vat|tax|gst|balance|amount due|to pay|net|gross|grand total|paid|rounding)\b",
    re.IGNORECASE,
)
ADDING = re.compile(r"\W*(?:shipping|postage|delivery|discount|carriage|deposit)\b", re.IGNORECASE)
"""What is added below the entries; with a count of its own it is an entry."""

COUNTED = 3
"""So many cells an entry with its count has, at least."""

LABELLED = re.compile(r"[^\d\n:|]{1,40}:(?:\s|\Z)")

FEWEST = 2
"""So many rows show a shape."""


@dataclass(frozen=True, slots=True)
class RowCell:
    """A part of a row. kind: "number", "date" or "text"."""

    text: str
    kind: str


@dataclass(frozen=True)
class TextRow:
    """An entry: where it stands, its cells, and the heads of their columns, if there are any.

    form: "columns", "point" of a list, "label" and its value, "line", or "part" of a sentence.
    """

    start: int
    end: int
    cells: tuple[RowCell, ...]
    heads: tuple[str, ...] = ()
    form: str = "line"

    @cached_property
    def shape(self) -> tuple[str, ...]:
        """What kinds its cells are of."""
        return tuple(cell.kind for cell in self.cells)


def find_rows(text: str, *, fewest_cells: int = 2) -> list[TextRow]:
    """Return the rows of a text, in order: of all that repeat a shape those that hold the most. Nothing where none do.

    fewest_cells: so many each has, at least.
    """
    for groups in (_line_groups(text), _part_groups(text)):
        tables = [rows for rows in groups if max(len(row.cells) for row in rows) >= fewest_cells]
        if tables:
            return max(tables, key=lambda rows: len(rows) * len(rows[0].cells))
    return []


def _line_groups(text: str) -> list[list[TextRow]]:
    """Return the groups of lines that follow each other in the same shape; a table's head is none of them."""
    found = (_line(text, match.start(), match.end()) for match in re.finditer(r"[^\n]+", text))
    lines = [line for line in found if line is not None]
    groups: list[list[TextRow]] = []
    head: TextRow | None = None
    for shape, group in groupby(lines, key=_shape_but_for_count):
        rows = [row for row in group if _is_entry(text, row)]
        if {*shape} == {"text"} and len(shape) > 1 and len(rows) >= FEWEST and rows[0].form == "columns":
            rows, head = rows[1:], rows[0]  # of a table of words the first line is its head
        is_headed = head is not None and len(head.cells) == len(shape) and head.shape != ()
        if len(rows) >= FEWEST or (rows and is_headed and len(shape) > 1):
            heads = tuple(cell.text for cell in head.cells) if head is not None and is_headed else ()
            groups.append([replace(row, heads=heads) for row in rows])
        head = rows[-1] if rows and {*shape} == {"text"} else None
    return groups


def _is_entry(text: str, row: TextRow) -> bool:
    is_counted = len(row.cells) >= COUNTED and not SUMMING.match(text, row.start)
    return row.form != "label" and (is_counted or not _sums_up(text[row.start : row.end]))


def _sums_up(line: str) -> bool:
    return SUMMING.match(line) is not None or ADDING.match(line) is not None


def _shape_but_for_count(row: TextRow) -> tuple[str, ...]:
    """Return a row's shape; some rows of a table have a count before the thing, and some have none."""
    return row.shape[1:] if row.form == "columns" and row.shape[:2] == ("number", "text") else row.shape


def _line(text: str, start: int, end: int) -> TextRow | None:
    if RULE.fullmatch(text, start, end):
        return None
    point = POINT.match(text, start, end)
    begin = point.end() if point else start
    inner = text[begin:end].strip(" \t|")
    columns = [column.strip() for column in COLUMNS.split(LONE_CURRENCY.sub(r"\1 ", inner))]
    if len(columns) > 1:
        counted = COUNT.match(columns[0])
        behind = COUNT_BEHIND.search(columns[0])
        first = columns[:1]
        if counted and _kind(columns[0]) == "text":
            first = [counted[1], columns[0][counted.end() :]]
        elif behind:
            first = [columns[0][: behind.start()], behind[1]]
        return TextRow(start, end, tuple(RowCell(cell, _kind(cell)) for cell in (*first, *columns[1:])), form="columns")
    labelled = LABELLED.match(text, begin, end)
    cells = _cells(text[begin:end])
    if point and labelled:
        parts = text[begin : labelled.end()].strip(EDGES), text[labelled.end() : end].strip()
        return TextRow(start, end, tuple(RowCell(part, _kind(part)) for part in parts if part), form="point")
    form = "point" if point else "label" if labelled else "line"
    return TextRow(start, end, cells, form=form) if cells else None


def _part_groups(text: str) -> list[list[TextRow]]:
    """Return the groups of parts of sentences that follow each other in the same shape, with a number each."""
    ends = [0, *(match.end() for match in PARTS.finditer(text)), len(text)]
    starts = [*(match.start() for match in PARTS.finditer(text)), len(text)]
    parts = [
        TextRow(start, end, _cells(text[start:end]), form="part")
        for start, end in zip(ends, starts, strict=False)
        if start < end
    ]
    groups: list[list[TextRow]] = []
    for part in reversed(parts):
        shape = groups[-1][0].shape if groups and groups[-1] else ()
        if shape and part.shape[-len(shape) :] == shape and not _sums_up(part.cells[-len(shape)].text):
            groups[-1].insert(0, replace(part, cells=part.cells[-len(shape) :]))
        elif {"text", "number"} <= {*part.shape} and not _sums_up(text[part.start : part.end]):
            groups.append([part])
        else:
            groups.append([])
    return [group for group in groups if len(group) >= FEWEST]


def _cells(text: str) -> tuple[RowCell, ...]:
    """Part a line without columns at its numbers, sums and dates."""
    cells: list[RowCell] = []
    at = 0
    for start, end, kind in [*_figures(text), (len(text), len(text), "")]:
        between = _bare(text[at:start])
        if any(map(str.isalnum, between)):
            cells.append(RowCell(between, "text"))
        if kind:
            cells.append(RowCell(text[start:end], kind))
        at = end
    return tuple(cells)


def _figures(text: str) -> list[tuple[int, int, str]]:
    """Return the numbers and dates of a line, whole, in order; those that are part of a word's name are none."""
    amounts = amount_candidates(text)
    spans = [(start, end, "date" if amount_kind(text[start:end]) == "date" else "number") for start, end in amounts]
    for _, (start, end) in numbers_in(text):
        if all(end <= other or other_end <= start for other, other_end, _ in spans):
            spans.append((start, end, "number"))
    return sorted(spans)


def _kind(column: str) -> str:
    figures = _figures(column)
    rest = column
    for start, end, _ in reversed(figures):
        rest = rest[:start] + rest[end:]
    is_figure = figures and sum(map(str.isalpha, rest)) <= 4  # noqa: PLR2004 - a unit: pcs, kg, each
    return figures[0][2] if is_figure else "text"


def _bare(text: str) -> str:
    before = None
    while before != text:
        before, text = text, GLUE.sub("", text.strip(EDGES))
    return text
