"""What the XML of a sheet tells and python-calamine does not: the errors in its cells, and how far it reaches.

python-calamine gives a cell with an error, `#REF!`, as an empty one, and makes room for all cells between the first and
the last before it says how many: the two far corners of a sheet take 400 GB. Only `.xlsx` and `.xlsm` are of XML; the
other forms are rarer, and their errors stay empty.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from lxml import etree

from slotfill.extractors.documents.readers.office.archive import Archive, relations

__all__ = ["CellError", "CellErrors", "SheetXml", "sheets_xml"]


class CellError(str):
    """An error that stands in the place of a value, which is of some other type."""

    __slots__ = ()


CellErrors: TypeAlias = dict[str, CellError]
"""Errors by their cells: `{"B7": "#REF!"}`."""


class SheetXml(NamedTuple):
    """What the XML of a sheet tells. span: how many cells stand from the first to the last, empty ones and all."""

    errors: CellErrors
    span: int


_BOOK = "xl/workbook.xml"

_DIMENSION = re.compile(
    rb"""
    <(?:\w+:)?dimension \s+ ref=["']
        ([A-Z]{1,3}) (\d{1,7}) (?: : ([A-Z]{1,3}) (\d{1,7}) )?      # <dimension ref="A1:C7"/>, <dimension ref="B2"/>
    """,
    re.VERBOSE,
)

_DIMENSION_WITHIN = 10_000
"""In so many bytes it stands, if it does."""

_FULL_CELL = re.compile(
    rb"""
    <(?:\w+:)?c \s (?: [^<>]* \s )? r=["'] ([A-Z]{1,3}) (\d{1,7}) ["']   # <c r="B7" s="1">
    (?: [^<>]* [^<>/] )? > (?! </ )                                      # and not <c r="B7"/>, <c r="B7"></c>
    """,
    re.VERBOSE,
)


def sheets_xml(archive: Archive, most: int) -> dict[str, SheetXml]:
    """Return what the XML of each sheet tells, by its name. most: a span of less is not looked at closely.

    Raises ReadError.
    """
    root = archive.xml(_BOOK)
    if root is None:
        return {}
    targets = {one.id: one.target for one in relations(archive, _BOOK)}
    sheets = {}
    for sheet in root.iterfind("{*}sheets/{*}sheet"):
        key = next((value for name, value in sheet.attrib.items() if name.endswith("}id")), "")
        if (target := targets.get(key, "")) in archive:
            xml = archive.read(target)
            sheets[sheet.get("name", "")] = SheetXml(_errors(xml), _span(xml, most))
    return sheets


def _errors(sheet: bytes) -> CellErrors:
    if b't="e"' not in sheet and b"t='e'" not in sheet:
        return {}
    errors = {}
    # Row by row, so that the tree of a large sheet is never whole.
    rows = etree.iterparse(io.BytesIO(sheet), tag="{*}row", resolve_entities=False, no_network=True, recover=True)
    for _, row in rows:
        for cell in row.iterfind("{*}c[@t='e']"):
            errors[cell.get("r", "")] = CellError(cell.findtext("{*}v") or "#ERROR!")
        row.clear()
    return errors


def _span(sheet: bytes, most: int) -> int:
    """Count the cells from the first to the last; the sheet's own word goes, unless it says too much.

    It counts cells that have a colour and hold nothing, which do no harm.
    """
    if dimension := _DIMENSION.search(sheet, 0, _DIMENSION_WITHIN):
        left, top, right, bottom = dimension.groups()
        span = _area(iter([(left, top), (right or left, bottom or top)]))
        if span <= most:
            return span
    return _area((cell[1], cell[2]) for cell in _FULL_CELL.finditer(sheet))


def _area(cells: Iterator[tuple[bytes, bytes]]) -> int:
    columns: set[bytes] = set()
    top, bottom = 1 << 30, 0
    for column, row in cells:
        columns.add(column)
        top, bottom = min(top, int(row)), max(bottom, int(row))
    numbers = [_column_number(column) for column in columns]
    return (bottom - top + 1) * (max(numbers) - min(numbers) + 1) if numbers else 0


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number
