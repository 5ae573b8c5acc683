"""Workbooks, as a person reads them: a line a row, and the cell of each value."""

import datetime as dt
import io

import openpyxl
import pytest
import xlwt
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from office_files import archive_of, workbook_file
from openpyxl.styles import Font

from slotfill.extractors.documents.document import Document
from slotfill.extractors.documents.readers.office import sheet_rows
from slotfill.extractors.documents.readers.office.sheet_rows import readable_value
from slotfill.extractors.documents.readers.office.workbook import read
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.readers.read_options import ReadOptions

MAY_1 = dt.datetime(2024, 5, 1)  # noqa: DTZ001 - a cell has no zone

OPEN_DOCUMENT = "urn:oasis:names:tc:opendocument:xmlns"

TABLE = {"A1": "Region", "B1": "Amount", "A2": "North", "B2": 12.0, "A3": "South", "B3": 12.5}


def read_all(data):
    return [one for one in read(data, ReadOptions()) if one]


def texts_of(sheets):
    return [sheet.text for sheet in read_all(workbook_file(sheets))]


def cells_of(sheet):
    return {sheet.text[one.start : one.end]: one.place["cell"] for one in sheet.places.stretches}


def test_each_row_names_its_columns_and_each_value_its_cell():
    (sheet,) = read_all(workbook_file({"Q1": TABLE}))
    assert sheet.text == "Region | Amount\nRegion: North | Amount: 12\nRegion: South | Amount: 12.5"
    assert cells_of(sheet)["Amount"] == "B1"
    assert sheet.name == ""
    start = sheet.text.index("12.5")
    assert sheet.places.place_of(start, start + 4) == {"sheet": "Q1", "cell": "B3"}


def test_cells_are_counted_from_where_the_sheet_begins():
    (sheet,) = read_all(workbook_file({"Q1": {"C5": "a", "AB7": "far", "C9": "below"}}))
    assert cells_of(sheet) == {"a": "C5", "far": "AB7", "below": "C9"}


def test_values_are_written_as_a_person_sees_them():
    values = {
        "A1": 0.1,
        "B1": -3.0,
        "C1": MAY_1,
        "D1": MAY_1.replace(hour=10, minute=30),
        "E1": dt.time(7, 5),
        "F1": dt.timedelta(hours=30, minutes=5),
        "G1": True,
        "H1": "two\nlines\tand  more",
        "I1": 10**14,
        "J1": "  ",
        "K1": "end",
    }
    (text,) = texts_of({"S": values})
    assert text.split(" | ") == [
        *("0.1", "-3", "2024-05-01", "2024-05-01T10:30:00", "07:05:00", "30:05:00", "TRUE", "two lines and more"),
        *("100000000000000", "end"),
    ]


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        ({"A1": "Sales 2024", **{f"{cell[0]}{int(cell[1]) + 2}": value for cell, value in TABLE.items()}},
         "Sales 2024\n\nRegion | Amount\nRegion: North | Amount: 12\nRegion: South | Amount: 12.5"),
        ({"A1": "Name", "B1": "Ann", "A2": "Age", "B2": 31, "A3": "City", "B3": "Rome"},
         "Name | Ann\nAge | 31\nCity | Rome"),
        ({"A1": "Name:", "B1": "Ann", "A2": "City:", "B2": "Rome"}, "Name: | Ann\nCity: | Rome"),
        ({"A1": "x", "B1": "x", "A2": 1, "B2": 2}, "x | x\n1 | 2"),
        ({"A1": "Year", "B1": 2024, "A2": "North", "B2": 2}, "Year | 2024\nNorth | 2"),
        ({"A1": "one", "A2": "two"}, "one\ntwo"),
        ({"A1": "Region", "B1": "Amount"}, "Region | Amount"),
        ({"A1": "Region", "B1": "Note", "A2": "North", "C2": "stray", "A3": "South", "B3": "x"},
         "Region | Note\nNorth |  | stray\nSouth | x"),
    ],
)  # fmt: skip
def test_a_header_is_told_from_titles_forms_and_lists(cells, text):
    assert texts_of({"S": cells}) == [text]


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        # What stands above a table, and apart from it, names none of its columns.
        ([["Invoice", "4711-A", "for Jones"], [], ["Item"], ["Bell"]],
         "Invoice | 4711-A | for Jones\n\nItem\nBell"),
        ([["Customer:", "Jones"], ["Item", "Qty"], ["Bell", 2], ["Rope", 1]],
         "Customer: | Jones\nItem | Qty\nItem: Bell | Qty: 2\nItem: Rope | Qty: 1"),
        ([["Customer", "Jones"], ["Item", "Qty", "Price"], ["Bell", 2, 3.5]],
         "Customer | Jones\nItem | Qty | Price\nItem: Bell | Qty: 2 | Price: 3.5"),
        ([["Customer:", "Jones", "Date:", "May 1"], ["Item", "Qty", "Price"], ["Bell", "two", 3.5]],
         "Customer: | Jones | Date: | May 1\nItem | Qty | Price\nItem: Bell | Qty: two | Price: 3.5"),
        ([["Invoice", "4711-A", "for Jones"], ["Item"], ["Bell"]], "Invoice | 4711-A | for Jones\nItem\nBell"),
        ([["Ann", 1], ["Bob", "Oslo", "tall"], ["Eve", "Rome"], ["Max", "Bern"]],
         "Ann | 1\nBob | Oslo | tall\nEve | Rome\nMax | Bern"),
        # A blank row: the table goes on where columns and kinds of values do, and texts alone name nothing.
        ([["Region", "Amount"], ["North", 1], [], ["South", 2], [], ["Terms", "30 days"], ["Paid", "no"]],
         "Region | Amount\nRegion: North | Amount: 1\n\nRegion: South | Amount: 2\n\nTerms | 30 days\nPaid | no"),
        ([["Name", "City", "Job"], ["Ann", "Rome", "cook"], [], ["Bob", "Oslo", "cook"], ["Eve", "Bern", "poet"]],
         "Name | City | Job\nName: Ann | City: Rome | Job: cook\n\nBob | Oslo | cook\nEve | Bern | poet"),
        # Two columns of texts may be a form, or a list.
        ([["Number", "4711-A"], ["Date", "May 1"], ["Customer", "Jones"]],
         "Number | 4711-A\nDate | May 1\nCustomer | Jones"),
        ([["Item", "Qty", "Note"], ["Bell", 2], ["Rope", None, "late", "stray"], [None, 3, "x"]],
         "Item | Qty | Note\nItem: Bell | Qty: 2\nItem: Rope | Note: late | stray\nQty: 3 | Note: x"),
        ([["Customer", "Jones"], [], ["Item", "Qty"], ["Bell", 2], [], ["Way", "Days"], ["Air", 3]],
         "Customer | Jones\n\nItem | Qty\nItem: Bell | Qty: 2\n\nWay | Days\nWay: Air | Days: 3"),
        # Without names a value stands in its column.
        ([[2023, 2024, 2025], [1, None, 3], [None, 5]], "2023 | 2024 | 2025\n1 |  | 3\n | 5"),
        ([["x", "y", "x"], [1, None, 3]], "x | y | x\n1 |  | 3"),
        ([["Region", "Q1", None, "Q2"], [None, "Jan", "Feb", "Mar", "Apr"], ["North", 5, 6, 7, 8]],
         "Region | Q1 |  | Q2\n | Jan | Feb | Mar | Apr\nNorth | 5 | 6 | 7 | 8"),
        ([["Region", "Q1", None], ["Place", "Jan", "Feb"], ["North", 5, 6]],
         "Region | Q1\nPlace | Jan | Feb\nPlace: North | Jan: 5 | Feb: 6"),
    ],
)  # fmt: skip
def test_each_block_of_rows_is_judged_by_itself(rows, text):
    cells = {
        f"{'ABCDE'[column]}{number}": value for number, row in enumerate(rows, 1) for column, value in enumerate(row)
    }
    assert texts_of({"S": cells}) == [text]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (4111111111111111, "4111111111111111"),
        (-(2**53) + 1, "-9007199254740991"),
        (1234567.1234567892, "1234567.1234567892"),
        (0.30000000000000004, "0.30000000000000004"),
        (1e300, "1e+300"),
    ],
)
def test_no_digit_of_a_number_is_lost(number, text):
    assert readable_value(float(number)) == text


def test_a_long_number_is_read_from_its_cell():
    assert texts_of({"S": {"A1": 4111111111111111}}) == ["4111111111111111"]


def test_a_cell_far_off_is_an_error_that_says_so():
    far, near = read_all(workbook_file({"Far": {"A1": "here", "XFD1048576": "there"}, "Near": {"A1": "near"}}))
    assert far.failure.message.startswith("sheet 'Far' spans more than 20,000,000 cells")
    assert near.text == "near"


def test_a_cell_far_off_that_holds_nothing_does_no_harm():
    book = openpyxl.Workbook()
    book.active["A1"] = "here"
    book.active["XFD1048576"].font = Font(bold=True)
    file = io.BytesIO()
    book.save(file)
    assert [sheet.text for sheet in read_all(file.getvalue())] == ["here"]


def test_sheets_that_a_person_sees_are_documents_by_their_names():
    book = openpyxl.Workbook()
    book.active.title = "Seen"
    book.active["A1"] = "seen"
    hidden = book.create_sheet("Hidden")
    hidden["A1"], hidden.sheet_state = "hidden", "hidden"
    other = book.create_sheet("Größe & mehr")
    other["B2"] = "too"
    book.create_sheet("Empty")
    file = io.BytesIO()
    book.save(file)
    assert [(sheet.name, sheet.text) for sheet in read_all(file.getvalue())] == [
        ("Seen", "seen"),
        ("Größe & mehr", "too"),
    ]


def test_errors_are_shown_as_a_person_sees_them():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Region", "Amount"])
    sheet.append(["r2", 2])
    for row, error in enumerate(("#REF!", "#DIV/0!", "#N/A"), 3):
        sheet.append([f"r{row}", error])
        sheet.cell(row, 2).data_type = "e"
    file = io.BytesIO()
    book.save(file)
    (text,) = read_all(file.getvalue())
    assert text.text == (
        "Region | Amount\nRegion: r2 | Amount: 2\n"
        "Region: r3 | Amount: #REF!\nRegion: r4 | Amount: #DIV/0!\nRegion: r5 | Amount: #N/A"
    )
    assert cells_of(text)["#N/A"] == "B5"


def test_merged_cells_stand_once():
    book = openpyxl.Workbook()
    book.active["A1"] = "wide"
    book.active["C1"] = "c"
    book.active.merge_cells("A1:B1")
    file = io.BytesIO()
    book.save(file)
    assert [sheet.text for sheet in read_all(file.getvalue())] == ["wide | c"]


def test_the_old_form_is_read():
    book = xlwt.Workbook()
    sheet = book.add_sheet("Old")
    for row, values in enumerate((("Region", "Amount"), ("North", 12.0))):
        for column, value in enumerate(values):
            sheet.write(row + 1, column + 1, value)
    file = io.BytesIO()
    book.save(file)
    (old,) = read_all(file.getvalue())
    assert old.text == "Region | Amount\nRegion: North | Amount: 12"
    assert cells_of(old) == {"Region": "B2", "Amount": "C2", "North": "B3", "12": "C3"}


def test_an_open_document_is_read():
    names = "".join(f' xmlns:{name}="{OPEN_DOCUMENT}:{name}:1.0"' for name in ("office", "table", "text"))
    text = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'.format
    number = '<table:table-cell office:value-type="float" office:value="12.5"><text:p>12.5</text:p></table:table-cell>'
    rest = '<table:table-cell table:number-columns-repeated="16382"/>'
    rows = (
        f"<table:table-row>{text('Region')}{text('Amount')}{rest}</table:table-row>"
        f"<table:table-row>{text('North')}{number}{rest}</table:table-row>"
        f'<table:table-row table:number-rows-repeated="1048574">{rest}</table:table-row>'
    )
    body = f'<office:spreadsheet><table:table table:name="S">{rows}</table:table></office:spreadsheet>'
    content = f"<office:document-content{names}><office:body>{body}</office:body></office:document-content>"
    manifest = f'<manifest:manifest xmlns:manifest="{OPEN_DOCUMENT}:manifest:1.0"/>'
    mimetype = "application/vnd.oasis.opendocument.spreadsheet"
    (sheet,) = read_all(archive_of({"mimetype": mimetype, "content.xml": content, "META-INF/manifest.xml": manifest}))
    assert sheet.text == "Region | Amount\nRegion: North | Amount: 12.5"
    assert cells_of(sheet)["12.5"] == "B2"


VALUES = st.one_of(
    st.text(st.characters(categories=["L", "N"], max_codepoint=0x2FFF), min_size=1, max_size=8),
    st.integers(-(10**9), 10**9),
    st.booleans(),
)
COLUMNS = ["A", "B", "Z", "AA", "AZ", "BA"]
CELLS = st.dictionaries(st.tuples(st.sampled_from(COLUMNS), st.integers(1, 30)), VALUES, min_size=1, max_size=12)


@given(CELLS)
@examples(30)
def test_no_cell_is_lost_and_each_has_its_place(cells):
    (sheet,) = read_all(workbook_file({"S": {f"{column}{row}": value for (column, row), value in cells.items()}}))
    shown = {one.place["cell"]: sheet.text[one.start : one.end] for one in sheet.places.stretches}
    assert shown == {
        f"{column}{row}": str(value).upper() if isinstance(value, bool) else str(value)
        for (column, row), value in cells.items()
    }
    assert len(shown) == len(sheet.places.stretches)


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        (b" \n", "empty_document", "holds no text"),
        (workbook_file({"S": {}}), "empty_document", "holds no text"),
        (b"Region,Amount", "broken_document", "cannot be unpacked"),
        (archive_of({"a.txt": "a"}), "broken_document", "is no workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "broken_document", "is no workbook"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
            "encrypted_document",
            "without one",
        ),
    ],
)
def test_what_cannot_be_read_is_named(data, kind, message):
    with pytest.raises(ReadError, match=message) as caught:
        [*read(data, ReadOptions())]
    assert caught.value.failure.type == kind


def test_a_sheet_that_is_too_much_fails_alone(monkeypatch):
    monkeypatch.setattr(sheet_rows, "_MOST_CELLS", 1000)
    far, near = read_all(workbook_file({"Far": {"A1": "here", "C400": "there"}, "Near": {"A1": "near"}}))
    assert far.failure.message == "sheet 'Far' spans more than 1,000 cells: delete what stands far off"
    assert (far.name, bool(far.digest), near.text) == ("Far", True, "near")


def test_a_workbook_is_read_through_its_process_a_document_a_sheet(tmp_path):
    (tmp_path / "book.xlsx").write_bytes(workbook_file({"Q1": TABLE, "Q2": {"A1": "x"}}))
    (tmp_path / "book").write_bytes(workbook_file({"Q1": TABLE}))
    assert [one.source.removeprefix(tmp_path.as_posix()) for one in Document.read_all(tmp_path / "book.xlsx")] == [
        "/book.xlsx#Q1",
        "/book.xlsx#Q2",
    ]
    assert Document.read(tmp_path / "book").text.startswith("Region | Amount\nRegion: North")
