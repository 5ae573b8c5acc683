"""The forms that a text shows without being read: `Label: value` lines, tables, JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator

from slotfill.schemas.json_values.exact_json import loads
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["json_object", "labelled_values", "table_rows"]

_LABELLED = re.compile(
    r"""
    ^[ \t]*
    (?P<label>[^\W\d_][^\n:|<>{}"]{0,39}?)   # Invoice no.
    [ \t]*:[ \t]+                            # a space after it: neither 10:30 nor https://
    (?P<value>\S[^\n]*)$                     # A-17
    """,
    re.VERBOSE | re.MULTILINE,
)
_MOST_WORDS = 4
"""Of a label: what is longer is a sentence that ends in a colon."""

_CELL = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"[\s:+-]*")


def labelled_values(text: str) -> list[tuple[str, str]]:
    """Return label and value of each line that has both, in their order."""
    pairs = ((match["label"], match["value"].strip()) for match in _LABELLED.finditer(text))
    return [(label, value) for label, value in pairs if len(label.split()) <= _MOST_WORDS]


def table_rows(text: str) -> list[list[tuple[str, str]]]:
    """Return the rows of the first table, each as its cells below their headers; none where there is no table."""
    for header, *rows in _tables(text):
        if rows:
            return [[(name, cell) for name, cell in zip(header, row, strict=True) if cell] for row in rows]
    return []


def json_object(text: str) -> JSONObject | None:
    """Return the object that a text is the JSON of, None where it is no such text."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        data = loads(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _tables(text: str) -> Iterator[list[list[str]]]:
    """Yield lines that follow one another and have as many cells each, the header first."""
    table: list[list[str]] = []
    for line in (*text.splitlines(), ""):
        cells = _cells(line)
        if len(cells) > 1 and all(map(_RULE.fullmatch, cells)):
            continue  # the line below a header of Markdown, |---|---|
        if table and len(cells) != len(table[0]):
            yield table
            table = []
        if len(cells) > 1:
            table.append(cells)


def _cells(line: str) -> list[str]:
    """Return the cells of a line, none where it has no mark between them: the marks at its ends need not be there."""
    if "|" not in line:
        return []
    return [cell.strip() for cell in _CELL.split(line.strip().removeprefix("|").removesuffix("|"))]
