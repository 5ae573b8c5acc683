"""Workbooks that every program reads, and none runs."""

import io
import random
import string
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from disks import full
from hypothesis import example, given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from tabular import record, schema_of, sheet_rows, write

from slotfill import OutputError
from slotfill.extractors.record.json_text import escaped
from slotfill.extractors.runs.outputs.sinks import open_sink
from slotfill.extractors.runs.outputs.tables import xlsx_sink
from slotfill.schemas import resolve

SCHEMA = schema_of({"type": "object", "properties": {"a": {"type": "string"}, "b": {}}})
texts = st.text() | st.text(st.sampled_from([*"'\"=+-@<>&;_x0041\r\n\t", "\x1b", "\ufffe", "\ud800"]))


@given(st.lists(texts))
@example(["=1+1", "'=1", "<b>&amp;", "_x0041_", "_x005F_x0041_", " two  spaces ", "\r\n", "\uffff", "😀", ""])
def test_every_text_comes_back_and_none_is_a_formula(tmp_path_factory, texts):
    path = write(tmp_path_factory.mktemp("xlsx") / "t.xlsx", SCHEMA, [{"a": text, "b": [text]} for text in texts])
    header, *rows = sheet_rows(path)  # which finds formulas
    assert header == ("source", "a", "b", "rest")
    for (_, cell, *_), text in zip(rows, texts, strict=True):
        plain = escaped(text).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
        assert (cell or "") == plain
    assert CalamineWorkbook.from_path(path).sheet_names == ["thing"]


def test_how_the_kinds_are_written(tmp_path):
    schema = resolve("day date, at datetime, yes bool, n int, x float, d decimal, l [int]")
    values = [
        {"day": "2026-02-28", "at": "2026-02-28T09:00:00Z", "yes": True, "n": -7, "x": 1e-7, "d": 24.5, "l": [1, 2]},
        {"day": "1899-02-28", "at": "", "yes": False, "n": 10**15 - 1, "x": 0.1 + 0.2, "d": 0, "l": []},
        {"day": "soon", "at": "", "yes": None, "n": 10**15 + 1, "x": 2**70, "d": 123456789012345.25, "l": None},
    ]
    path = write(tmp_path / "t.xlsx", schema, values)
    header, *rows = sheet_rows(path)
    assert header == ("source", "day", "at", "yes", "n", "x", "d", "l", "rest")
    assert rows == [
        ("0", date(2026, 2, 28), "2026-02-28T09:00:00Z", True, -7, 1e-7, 24.5, "[1, 2]", None),
        ("1", "1899-02-28", "", False, 10**15 - 1, 0.1 + 0.2, 0, "[]", None),
        ("2", "soon", "", None, None, 2**70, None, None, '{"/n": 1000000000000001, "/d": 123456789012345.25}'),
    ]
    assert CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()[1][1] == date(2026, 2, 28)
    assert openpyxl.load_workbook(path).active.freeze_panes == "A2"


def test_what_a_cell_cannot_hold_is_cut_and_its_end_says_so(tmp_path):
    whole, long = "ä" * xlsx_sink.MOST_CHARACTERS, "😀" * 20_000
    _, *rows = sheet_rows(write(tmp_path / "t.xlsx", SCHEMA, [{"a": whole}, {"a": long}]))
    assert rows[0][1] == whole
    assert rows[1][1].endswith("… [cut: 40,000 characters, and a cell holds 32,767]")
    assert rows[1][1].startswith("😀" * 16_000)
    assert len(rows[1][1].encode("utf-16-le")) // 2 <= xlsx_sink.MOST_CHARACTERS


def test_rows_that_a_sheet_has_no_room_for_stand_in_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(xlsx_sink, "MOST_ROWS", 3)
    path = write(
        tmp_path / "t.xlsx", schema_of(SCHEMA.json_schema, name="a/b[1]" * 9), [{"a": str(n)} for n in range(5)]
    )
    book = openpyxl.load_workbook(path)
    name = "a_b_1_a_b_1_a_b_1_a_b_1_a_b_"
    assert book.sheetnames == [name, f"{name} 2", f"{name} 3"]
    assert [[row[1] for row in sheet.values] for sheet in book] == [["a", "0", "1"], ["a", "2", "3"], ["a", "4"]]


@pytest.mark.parametrize("size", [1_000, 150_000])
def test_a_full_disk_leaves_the_older_workbook_and_is_told_once(tmp_path, size):
    """It fills at the end, or before."""

    def write_all(sink):
        for number in range(1 if size == 1_000 else 20):
            sink.write(record({"a": "".join(random.Random(number).choices(string.printable, k=20_000))}))
        sink.commit(complete=True)

    path = write(tmp_path / "t.xlsx", SCHEMA, [{"a": "old"}])
    old = path.read_bytes()
    with open_sink(str(path), io.BytesIO(), schema=SCHEMA, records=False, several=True) as sink:
        with full(size), pytest.raises(OutputError, match="cannot write"):
            write_all(sink)
        sink.commit(complete=False)
    assert [*tmp_path.iterdir()] == [path]
    assert path.read_bytes() == old


def test_what_is_written_twice_is_the_same(tmp_path):
    first, second = (write(tmp_path / name, SCHEMA, [{"a": "x"}]).read_bytes() for name in ("1.xlsx", "2.xlsx"))
    assert first == second


@pytest.mark.parametrize("number", ["0", "-0.1", "123456789012345", "12345678901234.5", "1E+20", "1E-20"])
def test_a_decimal_number_of_15_digits_is_one(tmp_path, number):
    schema = resolve("n decimal")
    (_, (_, cell, rest)) = sheet_rows(write(tmp_path / "t.xlsx", schema, [{"n": number}]))
    assert (Decimal(str(cell)), rest) == (Decimal(number), None)


@pytest.mark.parametrize("number", ["1234567890123456", "0.1234567890123456", "1E+999999999", "1E-999999999"])
def test_one_of_more_stands_in_the_rest(tmp_path, number):
    (_, (_, cell, rest)) = sheet_rows(write(tmp_path / "t.xlsx", resolve("n decimal"), [{"n": number}]))
    assert (cell, rest) == (None, f'{{"/n": "{number}"}}')
