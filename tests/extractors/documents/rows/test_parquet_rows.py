"""Rows of Parquet files: every type as JSON without loss, few rows at a time, and files that are none."""

import datetime as dt
import os
import threading
from decimal import Decimal
from pathlib import Path

import psutil
import pytest
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from row_inputs import kinds, only, rows_of, sources, texts

from slotfill.extractors.documents.decoding import TOO_LARGE
from slotfill.extractors.documents.rows import parquet_columns, parquet_rows
from slotfill.extractors.documents.rows.row_fields import RowFields
from slotfill.extractors.documents.sources import find_sources
from slotfill.extractors.errors import InputError
from slotfill.schemas.json_values.exact_json import dumps

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def table_of(columns, name="rows.parquet", **options):
    parquet.write_table(pa.table(columns), name)
    return list(find_sources([name], **options))


def read_columns(columns, **options):
    """Read a table as the process for it does, here: to start one takes longer than all that is to be shown."""
    parquet.write_table(pa.table(columns), "columns.parquet", **options)
    with open("columns.parquet", "rb") as file:
        return [row for _, row in parquet_columns.ParquetColumns(file, RowFields(keep=tuple(columns)))]


def test_a_row_is_named_by_its_number_or_its_id():
    columns = {"id": [7, None, 9], "text": ["one", "two", None]}
    found = table_of(columns)
    assert (sources(found), texts(found)) == ([f"rows.parquet#{number}" for number in (1, 2, 3)], ["one", "two", ""])
    assert kinds(found) == [None, None, "broken_row"]
    assert sources(table_of(columns, id_field="id")) == ["rows.parquet#7", "rows.parquet#2", "rows.parquet#9"]


@pytest.mark.parametrize(
    ("array", "plain"),
    [
        (pa.array([1, None]), "[1, null]"),
        (pa.array([2**63], pa.uint64()), "[9223372036854775808]"),
        (pa.array([1.5, float("nan"), float("inf")]), '[1.5, null, "Infinity"]'),
        (pa.array([True, None]), "[true, null]"),
        (pa.array([Decimal("12345678901234567890.125")]), "[12345678901234567890.125]"),
        (pa.array([Decimal(17)]), "[17]"),
        (pa.array([dt.date(2024, 1, 31)]), '["2024-01-31"]'),
        (pa.array([dt.time(12, 30)]), '["12:30:00"]'),
        (pa.array([1706704200], pa.timestamp("s")), '["2024-01-31T12:30:00"]'),
        (pa.array([dt.datetime(2024, 1, 31, 12, tzinfo=dt.UTC)]), '["2024-01-31T12:00:00+00:00"]'),
        (
            pa.array([1700000000123456789, 0], pa.timestamp("ns")),
            '["2023-11-14T22:13:20.123456789", "1970-01-01T00:00:00"]',
        ),
        (pa.array([0, None], pa.timestamp("ns", tz="UTC")), '["1970-01-01T00:00:00Z", null]'),
        (pa.array([dt.timedelta(seconds=90)]), "[90.0]"),
        (pa.array(["a", "b", "a"]).dictionary_encode(), '["a", "b", "a"]'),
        (pa.array([b"caf\xc3\xa9"]), '["café"]'),
        (pa.array([{"a": [1, 2], "b": {"c": None}}]), '[{"a": [1, 2], "b": {"c": null}}]'),
        (pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())), '[{"k": 1}, null]'),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_every_type_is_carried_along_as_json(array, plain):
    assert dumps([row["x"] for row in read_columns({"x": array})]) == plain


def test_what_comes_from_the_process_has_all_its_digits():
    found = table_of(
        {"text": ["a"], "n": pa.array([Decimal("12345678901234567890.125")]), "big": pa.array([2**63], pa.uint64())},
        keep=("n", "big"),
    )
    assert dumps(only(found).columns) == '{"n": 12345678901234567890.125, "big": 9223372036854775808}'


def test_nested_fields_are_named_by_their_paths():
    columns = {"review": [{"title": "T", "body": "B"}, {"title": None, "body": "C"}], "review.x": ["1", "2"]}
    assert texts(table_of(columns, text_field="review.title,review.body")) == ["T\n\nB", "C"]
    assert texts(table_of(columns, text_field="review.x")) == ["1", "2"]


@pytest.mark.parametrize("rows", [[], [None], [{"body": "B"}]])
def test_the_schema_tells_which_columns_there_are(rows):
    array = pa.array(rows, pa.struct([("body", pa.string()), ("tags", pa.list_(pa.string()))]))
    table_of({"review": array, "n": pa.array([1] * len(rows))}, text_field="review.body", keep=("review.tags.0",))
    with pytest.raises(InputError, match=r"has no column 'text': there is 'review\.body', 'review\.tags', 'n'"):
        find_sources(["rows.parquet"])
    with pytest.raises(InputError, match=r"has no column 'id'.* --keep"):
        find_sources(["rows.parquet"], text_field="review.body", keep=("id",))


def test_bytes_that_are_no_text_fail_their_row_alone():
    found = table_of({"text": [b"\xff", b"one"]})
    assert (texts(found), kinds(found)) == (["", "one"], ["undecodable_document", None])


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + b"\0" * 50 + b"PAR1", b"text\none\n", b"\0" * 100])
def test_what_is_no_parquet_fails_as_a_document(data):
    document = only(rows_of(data, suffix=".parquet"))
    assert (document.source, document.failure.type) == ("rows.parquet", "broken_document")


def test_a_file_that_is_cut_or_damaged_fails_and_no_row_is_lost_in_silence():
    parquet.write_table(pa.table({"text": [f"text {number}" * 50 for number in range(500)]}), "good.parquet")
    data = Path("good.parquet").read_bytes()
    assert kinds(rows_of(data[:-10], suffix=".parquet")) == ["broken_document"]
    damaged = data[:40] + b"\xff" * 200 + data[240:]
    assert kinds(rows_of(damaged, suffix=".parquet"))[-1] == "broken_document"


def test_a_text_that_is_too_large_fails_alone(monkeypatch):
    monkeypatch.setattr(parquet_columns, "MOST_BYTES", 40)
    parquet.write_table(pa.table({"text": ["before", "x" * 40, "after"]}), "rows.parquet")
    with open("rows.parquet", "rb") as file:
        rows = [row for _, row in parquet_columns.ParquetColumns(file, RowFields())]
    assert rows == [{"text": "before"}, TOO_LARGE, {"text": "after"}]


def test_a_file_that_crashes_arrow_fails_alone(monkeypatch):
    worker = "import ctypes, json, sys; print(json.dumps({'example': {}, 'count': 1}), flush=True); ctypes.string_at(0)"
    monkeypatch.setattr(parquet_rows, "_WORKER", worker)
    Path("rows.parquet").write_bytes(b"PAR1")
    Path("rows.jsonl").write_text('{"text": "one"}')
    found = list(find_sources(["rows.parquet", "rows.jsonl"]))
    assert kinds(found) == ["unreadable", None]
    assert "crashed" in found[0].failure.message


def test_a_file_that_is_left_early_leaves_no_process_behind():
    parquet.write_table(pa.table({"text": ["one two three"] * 100_000}), "rows.parquet")
    before = set(psutil.Process().children(recursive=True))
    documents = iter(find_sources(["rows.parquet"]))
    assert next(documents).text == "one two three"
    documents.close()
    assert set(psutil.Process().children(recursive=True)) <= before


def test_a_pipe_of_parquet_is_read():
    parquet.write_table(pa.table({"text": ["one"]}), "good.parquet")
    os.mkfifo("pipe.parquet")
    data = Path("good.parquet").read_bytes()
    writer = threading.Thread(target=lambda: Path("pipe.parquet").write_bytes(data), daemon=True)
    writer.start()
    assert texts(find_sources(["pipe.parquet"])) == ["one"]
    writer.join()


def test_without_pyarrow_the_extra_is_named(monkeypatch):
    parquet.write_table(pa.table({"text": ["one"]}), "rows.parquet")
    monkeypatch.setattr(parquet_rows, "_WORKER", "import sys; sys.modules['pyarrow'] = None; " + parquet_rows._WORKER)
    document = only(find_sources(["rows.parquet"]))
    assert document.failure.type == "binary_document"
    assert document.failure.message.endswith("its reader needs an extra: pip install 'slotfill[tables]'")


@examples(30)
@given(
    st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.none() | st.integers(-(2**63), 2**63 - 1)), min_size=1)
)
def test_rows_written_as_parquet_come_back(tmp_path_factory, rows):
    os.chdir(tmp_path_factory.getbasetemp())
    columns = {"text": [text for text, _ in rows], "n": pa.array([number for _, number in rows], pa.int64())}
    assert read_columns(columns, row_group_size=3) == [{"text": text, "n": number} for text, number in rows]
