"""The errors in a workbook's cells, `#REF!`, `#DIV/0!`: python-calamine gives such a cell as an empty one.

Those of `.xlsx` and `.xlsm` are read from their XML; the other forms are rarer, and their errors stay empty.
"""

from __future__ import annotations

import io
from typing import TypeAlias

from lxml import etree

from slotfill.extractors.documents.readers.office.archive import Archive, relations

__all__ = ["CellError", "CellErrors", "errors_by_sheet"]


class CellError(str):
    """An error that stands in the place of a value, which is of some other type."""

    __slots__ = ()


CellErrors: TypeAlias = dict[str, CellError]
"""Errors by their cells: `{"B7": "#REF!"}`."""

_BOOK = "xl/workbook.xml"


def errors_by_sheet(archive: Archive) -> dict[str, CellErrors]:
    """Return the errors in each sheet, by its name. Raises ReadError."""
    root = archive.xml(_BOOK)
    if root is None:
        return {}
    targets = {one.id: one.target for one in relations(archive, _BOOK)}
    errors = {}
    for sheet in root.iterfind("{*}sheets/{*}sheet"):
        key = next((value for name, value in sheet.attrib.items() if name.endswith("}id")), "")
        if (target := targets.get(key, "")) in archive:
            errors[sheet.get("name", "")] = _errors(archive.read(target))
    return errors


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
