"""Parquet with the schema's types."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from disks import full
from pyarrow import parquet
from tabular import record, schema_of, write

from slotfill.extractors.errors import OutputError
from slotfill.extractors.runs.outputs.named_sinks import SinkOptions
from slotfill.extractors.runs.outputs.tables import parquet_sink
from slotfill.extractors.runs.outputs.tables.parquet_sink import ParquetSink

PROPERTIES = {
    "s": {"type": "string"},
    "i": {"type": "integer"},
    "x": {"type": ["number", "null"]},
    "b": {"type": "boolean"},
    "d": {"type": "string", "format": "date"},
    "t": {"type": "string", "format": "date-time"},
    "u": {"type": ["string", "integer"]},
    "in": {"type": "object", "properties": {"k": {"type": "string"}}},
    "l": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"d": {"type": "string", "format": "date"}, "n": {"type": "integer"}},
        },
    },
    "ll": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
}
ITEM = {"type": "object", "properties": {"d": PROPERTIES["d"], "n": {"type": "integer"}}}
SCHEMA = schema_of({"type": "object", "properties": PROPERTIES, "$defs": {"item": ITEM}})


def test_the_types_are_the_schemas(tmp_path):
    read = parquet.read_schema(write(tmp_path / "t.parquet", SCHEMA, []))
    assert dict(zip(read.names, read.types, strict=True)) == {
        "source": pa.string(),
        "s": pa.string(),
        "i": pa.int64(),
        "x": pa.float64(),
        "b": pa.bool_(),
        "d": pa.date32(),
        "t": pa.timestamp("us", tz="UTC"),
        "u": pa.string(),
        "in.k": pa.string(),
        "l": pa.list_(pa.field("element", pa.struct([("d", pa.date32()), ("n", pa.int64())]))),
        "ll": pa.list_(pa.field("element", pa.list_(pa.field("element", pa.float64())))),
        "rest": pa.string(),
    }


def rows(path):
    return parquet.read_table(path).to_pylist()


@pytest.mark.parametrize(
    ("key", "text", "held"),
    [
        ("d", "2026-02-28", date(2026, 2, 28)),
        ("d", "2026-02-29", None),
        ("d", "20260228", None),
        ("d", "tomorrow", None),
        ("d", "0000-01-01", None),
        ("t", "2026-02-28T10:00:00Z", datetime(2026, 2, 28, 10, tzinfo=UTC)),
        ("t", "2026-02-28T10:00:00.000001+02:00", datetime(2026, 2, 28, 8, 0, 0, 1, tzinfo=UTC)),
        ("t", "2026-02-28T10:00:00.0000001Z", None),
        ("t", "2026-02-28T10:00:00", None),
        ("t", "2026-02-28", None),
        ("t", "9999-12-31T23:00:00-10:00", None),
        ("t", "0001-01-01T00:00:00+10:00", None),
        ("t", "2016-12-31T23:59:60Z", None),
    ],
)
def test_a_time_is_one_where_the_text_says_so_and_no_more(tmp_path, key, text, held):
    (row,) = rows(write(tmp_path / "t.parquet", SCHEMA, [{key: text}]))
    assert row[key] == held
    assert row["rest"] == (None if held else json.dumps({f"/{key}": text}))


def test_lists_are_lists_and_their_misfits_stand_in_the_rest(tmp_path):
    value = {"l": [{"d": "2026-01-01", "n": 2**63, "free": 1}, None, {}], "ll": [[1, 2.5], None, []]}
    (row,) = rows(write(tmp_path / "t.parquet", SCHEMA, [value]))
    assert row["l"] == [{"d": date(2026, 1, 1), "n": None}, None, {"d": None, "n": None}]
    assert row["ll"] == [[1.0, 2.5], None, []]
    assert json.loads(row["rest"]) == {"/l/0/n": 2**63, "/l/0/free": 1}


@pytest.mark.parametrize("count", [0, 1, 6, 7, 20])
def test_rows_are_written_in_groups(tmp_path, monkeypatch, count):
    monkeypatch.setattr(parquet_sink, "_ROWS", 3)
    monkeypatch.setattr(parquet_sink, "_GROUP", 1_000)
    values = [{"s": "x" * 200, "i": number} for number in range(count)]
    path = write(tmp_path / "t.parquet", SCHEMA, values)
    assert [row["i"] for row in rows(path)] == [*range(count)]
    groups = parquet.ParquetFile(path).metadata
    sizes = [groups.row_group(group).num_rows for group in range(groups.num_row_groups)]
    assert all(size <= 6 for size in sizes)
    assert sum(sizes) == count


def test_a_group_that_was_half_written_is_never_committed(tmp_path, monkeypatch):
    path = write(tmp_path / "t.parquet", SCHEMA, [{"s": "old"}])
    monkeypatch.setattr(parquet_sink, "_ROWS", 1)
    monkeypatch.setattr(parquet_sink, "_GROUP", 1)
    with ParquetSink(str(path), SinkOptions(schema=SCHEMA)) as sink:
        sink.write(record({"s": "new"}))
        with full(1_000), pytest.raises(OutputError, match=r"cannot write '.*t\.parquet'"):
            sink.write(record({"s": "x" * 1_000_000}))
        sink.commit(complete=False)
    assert [row["s"] for row in rows(path)] == ["old"]
    assert [*tmp_path.iterdir()] == [path]


def test_without_pyarrow_the_extra_is_named(tmp_path):
    code = """
import io, sys
sys.modules["pyarrow"] = None
from slotfill.schemas.errors import MissingExtraError
from slotfill.extractors.runs.outputs.sinks import open_sink
from slotfill.schemas import resolve
try:
    open_sink("t.parquet", io.BytesIO(), schema=resolve("feedback"), records=False, several=True)
except MissingExtraError as error:
    print(error)
open_sink("t.csv", io.BytesIO(), schema=resolve("feedback"), records=False, several=True).discard()
"""
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=tmp_path)
    assert run.stdout == "Parquet needs the extra `tables`: pip install 'slotfill[tables]'\n"
    assert [*tmp_path.iterdir()] == []
