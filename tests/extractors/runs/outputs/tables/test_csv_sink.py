"""CSV that every reader reads, and no spreadsheet runs."""

import csv
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tabular import schema_of, write

SCHEMA = schema_of({"type": "object", "properties": {"a": {"type": "string"}, "b": {}, "n": {"type": "number"}}})
FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")


def cells(path):
    with path.open(encoding="utf-8", newline="") as file:
        return [*csv.reader(file)]


@given(st.lists(st.text() | st.builds("".join, st.lists(st.sampled_from([*"'\"=+-@,;\r\n\t1.e", "\x1b", "\u2028"])))))
@example(
    ["=1+1", "'=1", "''=", "-5", "+4.5e-3", "--5", "-5+cmd|' /C calc'!A0", "\tx", "\r=1", "\n=1", "\uff1d1", "\0=1"]
)
def test_every_text_comes_back_and_none_is_a_formula(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    raw = write(path, SCHEMA, [{"a": text, "b": [text]} for text in texts]).read_text("utf-8")
    assert not CONTROLS.search(raw)
    header, *rows = cells(path)
    assert header == ["source", "a", "b", "n", "rest"]
    for (_, cell, *_), text in zip(rows, texts, strict=True):
        plain = CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
        number = re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?", cell)
        assert number or not cell.startswith(FORMULA)
        assert cell == plain or (cell[:1] == "'" and cell[1:] == plain)
        guarded = cell.startswith("'") and cell.lstrip("'").startswith(FORMULA)
        assert (cell[1:] if guarded else cell) == plain


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+49 170 1", "'+49 170 1"),
        ("+49", "+49"),
        ("-5.25", "-5.25"),
        ("-", "'-"),
        ("@ada", "'@ada"),
        ('say "no", twice', '"say ""no"", twice"'),
        ("two\nlines", '"two\nlines"'),
    ],
)
def test_how_a_cell_is_written(tmp_path, cell, written):
    raw = write(tmp_path / "t.csv", SCHEMA, [{"a": cell}]).read_bytes().decode()
    assert raw == f"source,a,b,n,rest\r\n0,{written},,,\r\n"


def test_how_the_kinds_are_written(tmp_path):
    properties = {"yes": {"type": "boolean"}, "n": {"type": "integer"}, "x": {"type": "number"}, "u": {}}
    schema = schema_of({"type": "object", "properties": {**properties, "l": {"type": "array"}}})
    rows = [{"yes": True, "n": -7, "x": 0.5, "u": "x", "l": ["ä"]}, {"yes": False, "n": 3.0, "x": -4, "u": -1, "l": []}]
    _, *written = cells(write(tmp_path / "t.csv", schema, rows))
    assert written == [["0", "true", "-7", "0.5", '"x"', '["ä"]', ""], ["1", "false", "3", "-4", "-1", "[]", ""]]


def test_a_key_is_no_formula_either(tmp_path):
    schema = schema_of({"type": "object", "properties": {"=cmd()": {"type": "string"}, "a,b": {"type": "string"}}})
    assert cells(write(tmp_path / "t.csv", schema, [])) == [["source", "'=cmd()", "a,b", "rest"]]


def test_a_list_stands_whole_in_its_cell(tmp_path):
    item = {"type": "object", "properties": {"x": {"type": "integer"}}}
    schema = schema_of({"type": "object", "properties": {"l": {"type": "array", "items": item}}})
    _, row = cells(write(tmp_path / "t.csv", schema, [{"l": [{"x": 2**70, "free": 1}, None]}]))
    assert row == ["0", f'[{{"x": {2**70}, "free": 1}}, null]', ""]
