"""A row a document, as a workbook (ECMA-376): what is no number, truth or day is text, and no formula."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from slotfill.extractors.errors import OutputError
from slotfill.extractors.record.json_text import escaped
from slotfill.extractors.runs.outputs.atomic_files import AtomicFile
from slotfill.extractors.runs.outputs.named_sinks import SinkOptions
from slotfill.extractors.runs.outputs.output_files import open_file
from slotfill.extractors.runs.outputs.sink import Record, Sink
from slotfill.extractors.runs.outputs.tables.cells import CellValue, MisfitError, cell
from slotfill.extractors.runs.outputs.tables.shapes import ColumnType, Scalar, shape_of, with_lists_as_cells
from slotfill.extractors.runs.outputs.tables.table_rows import Rows
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["XlsxSink"]

MOST_ROWS = 1_048_576
"""How many rows a sheet holds, its header among them: the rest stand in further ones."""

MOST_CHARACTERS = 32_767
"""How many units of UTF-16 a cell holds."""

_DIGITS = 15
"""How many digits of a number Excel shows, and keeps where a cell is edited."""

_FIRST_DAY, _DAY_ZERO = date(1900, 3, 1), date(1899, 12, 30)
"""Days before March 1900 have no number that all programs agree on: Excel knows a 29th of February then."""

_NO_XML = re.compile("[\ufffe\uffff]")
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
"""Begins what Excel reads as an escape, `_x000D_`: an underscore has to be one itself."""

_NO_SHEET = re.compile(r"[\[\]:*?/\\']|[^\x20-\uffff]")
_LONGEST_NAME = 28
"""Sheets' names have at most 31 characters, their numbers included."""

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DEFAULTS = (
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
)
_SHEET_START = (
    f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
)
_SHEET_END = "</sheetData></worksheet>"
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs '
    'count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="2"><xf numFmtId="0" '
    'fontId="0" fillId="0" borderId="0" xfId="0"/><xf numFmtId="14" fontId="0" fillId="0" borderId="0" xfId="0" '
    'applyNumberFormat="1"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/>'
    "</cellStyles></styleSheet>"
)
"""Two styles of cells: 0 for all, 1 for days, which show as the reader's country has them."""


class XlsxSink(Sink):
    """Writes one workbook, which appears whole: a header, and a row a document."""

    def __init__(self, output: str, options: SinkOptions) -> None:
        shape = with_lists_as_cells(shape_of(options.schema.output_schema))
        self._rows = Rows(shape, records=options.records, keep=options.keep)
        self._file = open_file(output)
        self._book = _Workbook(self._file, options.schema.name, [column.name for column in self._rows.columns])

    def write(self, record: Record) -> None:
        """Write the document's row."""
        self._book.add(self._rows.row(record, _cell))

    def commit(self, *, complete: bool) -> None:
        """Put the file in its place; without rows, only where the run went to its end."""
        if complete or self._book.has_rows:
            self._book.end()
            self._file.commit()

    def discard(self) -> None:
        """Drop the file, unless it is in its place already."""
        self._book.abandon()
        self._file.discard()


class _Workbook:
    """Rows written into a file that is a workbook once they have ended, in sheets that are as long as they can be."""

    def __init__(self, file: AtomicFile, name: str, header: Sequence[str]) -> None:
        self._file, self._header = file, header
        self._name = _NO_SHEET.sub("_", name)[:_LONGEST_NAME].strip() or "values"
        self._zip = ZipFile(_Stream(file), "w", ZIP_DEFLATED)  # type: ignore[call-overload]  # all that it needs of a file
        self._sheets = self._number = 0
        self._begin_sheet()

    @property
    def has_rows(self) -> bool:
        return self._sheets > 1 or self._number > 1

    def add(self, cells: Iterable[JSON]) -> None:
        if self._number == MOST_ROWS:
            self._end_sheet()
            self._begin_sheet()
        self._number += 1
        row = "".join(map(_cell_xml, cells))
        with self._as_output_errors():
            self._sheet.write(f"<row>{row}</row>".encode())

    def end(self) -> None:
        if self._file.ended:  # dropped, which was told
            return
        self._end_sheet()
        for name, text in self._parts():
            with self._as_output_errors(), self._zip.open(_part(name), "w") as part:
                part.write(text.encode())
        with self._as_output_errors():
            self._zip.close()

    def abandon(self) -> None:
        with suppress(OutputError, OSError, ValueError, RuntimeError):
            self._sheet.close()
        with suppress(OutputError, OSError, ValueError):
            self._zip.close()

    def _begin_sheet(self) -> None:
        self._sheets, self._number = self._sheets + 1, 0
        self._sheet = self._zip.open(_part(f"xl/worksheets/sheet{self._sheets}.xml"), "w")
        self._sheet.write(_SHEET_START.encode())
        self.add(self._header)

    def _end_sheet(self) -> None:
        with self._as_output_errors():
            self._sheet.write(_SHEET_END.encode())
            self._sheet.close()

    def _parts(self) -> Iterator[tuple[str, str]]:
        """Yield what a workbook has beside its sheets."""
        numbers = range(1, self._sheets + 1)
        types = [
            ("/xl/workbook.xml", "sheet.main"),
            ("/xl/styles.xml", "styles"),
            *((f"/xl/worksheets/sheet{number}.xml", "worksheet") for number in numbers),
        ]
        overrides = "".join(f'<Override PartName="{part}" ContentType="{_KIND}.{kind}+xml"/>' for part, kind in types)
        yield (
            "[Content_Types].xml",
            f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">{_DEFAULTS}{overrides}</Types>',
        )
        yield "_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")])
        sheets = [("worksheet", f"worksheets/sheet{number}.xml") for number in numbers]
        yield "xl/_rels/workbook.xml.rels", _relations([*sheets, ("styles", "styles.xml")])
        names = (self._name if number == 1 else f"{self._name} {number}" for number in numbers)
        listed = "".join(
            f'<sheet name={quoteattr(name)} sheetId="{number}" r:id="r{number}"/>'
            for number, name in enumerate(names, 1)
        )
        yield (
            "xl/workbook.xml",
            f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
        )
        yield "xl/styles.xml", _STYLES

    @contextmanager
    def _as_output_errors(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError:  # zipfile's, of what needs 64 bits: Excel reads no archive that does
            self._file.discard()
            raise OutputError(
                f"cannot write {self._file.name!r}: a workbook holds 2 GB at most: name a .csv or .parquet"
            ) from None


class _Stream:
    """An output as `ZipFile` takes one that it cannot go back in: Python's own files know no `AtomicFile`."""

    def __init__(self, file: AtomicFile) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        self._file.add(data)
        return len(data)

    def flush(self) -> None:
        """Do nothing: it is written in blocks."""


def _part(name: str) -> ZipInfo:
    """Name a part as of no time: what is written twice is the same."""
    part = ZipInfo(name)
    part.compress_type = ZIP_DEFLATED
    return part


def _relations(targets: Iterable[tuple[str, str]]) -> str:
    listed = "".join(
        f'<Relationship Id="r{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'


def _cell(shape: Scalar, value: JSON) -> CellValue:
    """Return a value as a workbook holds it: numbers of 15 digits, days since March 1900."""
    held = cell(shape, value)
    if shape.kind in (ColumnType.INTEGER, ColumnType.DECIMAL) and _digits_of(Decimal(held)) > _DIGITS:  # type: ignore[arg-type]  # both are numbers
        raise MisfitError
    if shape.kind is ColumnType.DATE:
        with suppress(ValueError):
            day = date.fromisoformat(str(held))
            return day if day >= _FIRST_DAY and day.isoformat() == held else held
    return held


def _digits_of(number: Decimal) -> int:
    """Return how many digits there are from a number's first to its last; of one that no double comes near, many."""
    if number and not -300 < number.adjusted() < 300:  # noqa: PLR2004 - where doubles end
        return _DIGITS + 1
    return len("".join(map(str, number.as_tuple().digits)).strip("0"))


def _cell_xml(value: JSON) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{value:d}</v></c>'
    if isinstance(value, date):
        return f'<c s="1"><v>{(value - _DAY_ZERO).days}</v></c>'
    if isinstance(value, int | float | Decimal):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t xml:space="preserve">{_text(value)}</t></is></c>'


def _text(text: str) -> str:
    """Write a text for a cell, one that is too long cut, which its end says."""
    shown = _NO_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", escaped(text))
    units = len(shown.encode("utf-16-le")) // 2
    if units > MOST_CHARACTERS:
        end = f"… [cut: {units:,} characters, and a cell holds {MOST_CHARACTERS:,}]"
        shown = shown.encode("utf-16-le")[: 2 * (MOST_CHARACTERS - len(end))].decode("utf-16-le", "ignore") + end
    return escape(_ESCAPE.sub("_x005F_", shown)).replace("\r", "_x000D_")
