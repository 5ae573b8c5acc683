"""An SQLite database with a table for each list."""

import sqlite3
from contextlib import closing

import pytest
from tabular import schema_of, write

from slotfill.extractors.errors import OutputError
from slotfill.extractors.runs.outputs.named_sinks import SinkOptions
from slotfill.extractors.runs.outputs.tables.sqlite_sink import SqliteSink
from slotfill.schemas import resolve

LINE = {
    "type": "object",
    "properties": {"article": {"type": "string"}, "marks": {"type": "array", "items": {"type": "boolean"}}},
}
INVOICE = {
    "type": "object",
    "properties": {
        "paid": {"type": "boolean"},
        "total": {"type": "number"},
        "by": {"type": "object", "properties": {"phones": {"type": "array", "items": {"type": "string"}}}},
        "lines": {"type": "array", "items": LINE},
    },
}


def ask(path, query):
    with closing(sqlite3.connect(path)) as database:
        return database.execute(query).fetchall()


def definitions(path):
    return [sql for (sql,) in ask(path, "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]


def test_a_list_of_texts_is_a_table(tmp_path):
    feedback = {"sentiment": "negative", "key_issues": ["late", "cold"], "urgency": 3, "suggested_action": "Refund."}
    path = write(tmp_path / "t.db", resolve("feedback"), [feedback, {**feedback, "key_issues": []}])
    main, issues = definitions(path)
    assert main == (
        'CREATE TABLE "feedback" ("feedback_id" INTEGER PRIMARY KEY, "source" TEXT, "sentiment" TEXT, '
        '"urgency" INTEGER, "suggested_action" TEXT, "rest" TEXT)'
    )
    assert issues == (
        'CREATE TABLE "feedback_key_issues" ("feedback_id" INTEGER NOT NULL REFERENCES "feedback" ("feedback_id"), '
        '"position" INTEGER NOT NULL, "value" TEXT, PRIMARY KEY ("feedback_id", "position"))'
    )
    assert ask(path, "SELECT * FROM feedback_key_issues") == [(1, 0, "late"), (1, 1, "cold")]
    assert ask(path, "SELECT * FROM feedback")[1] == (2, "1", "negative", 3, "Refund.", None)


def test_lists_in_lists_have_tables_below_their_own(tmp_path):
    lines = [{"article": "nut", "marks": [True, None]}, {"article": "bolt"}, {"marks": [False]}]
    values = [{"paid": True, "total": 3, "lines": lines, "by": {"phones": ["1"]}}, {"lines": lines[2:]}]
    path = write(tmp_path / "t.db", schema_of(INVOICE, "invoice"), values)
    assert ask(path, "SELECT * FROM invoice") == [(1, "0", 1, 3.0, None), (2, "1", None, None, None)]
    assert ask(path, "SELECT * FROM invoice_by_phones") == [(1, 0, "1")]
    assert ask(path, "SELECT * FROM invoice_lines") == [
        (1, 1, 0, "nut"),
        (2, 1, 1, "bolt"),
        (3, 1, 2, None),
        (4, 2, 0, None),
    ]
    assert ask(path, "SELECT * FROM invoice_lines_marks") == [(1, 0, 1), (1, 1, None), (3, 0, 0), (4, 0, 0)]
    joined = "SELECT article FROM invoice JOIN invoice_lines USING (invoice_id) WHERE paid"
    assert ask(path, joined) == [("nut",), ("bolt",), (None,)]


def test_keys_are_enforced(tmp_path):
    path = write(tmp_path / "t.db", schema_of(INVOICE, "invoice"), [{"lines": [{"marks": [True]}]}])
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA foreign_keys = ON")
        for wrong in (
            "INSERT INTO invoice_lines VALUES (9, 9, 0, 'x')",
            "INSERT INTO invoice_lines VALUES (9, 1, 0, 'x')",
            "INSERT INTO invoice_lines_marks VALUES (9, 0, 1)",
            "INSERT INTO invoice_lines_marks VALUES (1, 0, 1)",
            "INSERT INTO invoice_lines_marks VALUES (1, NULL, 1)",
            "DELETE FROM invoice",
        ):
            with pytest.raises(sqlite3.IntegrityError):
                database.execute(wrong)


def test_a_list_of_lists_has_a_table_for_each(tmp_path):
    inner = {"type": "array", "items": {"type": "integer"}}
    path = write(tmp_path / "t.db", schema_of({"type": "array", "items": inner}, "grid"), [[[1, 2], [], [3]]])
    assert ask(path, "SELECT * FROM grid") == [(1, "0", None)]
    assert ask(path, "SELECT * FROM grid_value") == [(1, 1, 0), (2, 1, 1), (3, 1, 2)]
    assert ask(path, "SELECT * FROM grid_value_value") == [(1, 0, 1), (1, 1, 2), (3, 0, 3)]


@pytest.mark.parametrize("name", ["sqlite_master", 'odd "name".x', "a\0b", "select", ""])
def test_any_name_and_any_key_can_be_a_table_and_a_column(tmp_path, name):
    keys = ["", "position", f"{name}_id", "rowid", 'a"b', "\0", "SELECT", "é", "É", "rest"]
    properties = {key: {"type": "string"} for key in keys} | {"l": {"type": "array", "items": LINE}, "L": LINE}
    schema = schema_of({"type": "object", "properties": properties}, name)
    path = write(tmp_path / "t.db", schema, [dict.fromkeys(keys, "x")])
    (row,) = ask(path, f"SELECT * FROM {definitions(path)[0].split(' (')[0].removeprefix('CREATE TABLE ')}")
    assert row == (1, "0", *["x"] * len(keys), None, None)


def test_a_schema_of_more_columns_than_sqlite_has_is_refused_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("slotfill.extractors.runs.outputs.tables.shapes._MOST", 5_000)
    wide = {"type": "object", "properties": {f"k{number}": {"type": "string"} for number in range(2_000)}}
    with pytest.raises(OutputError, match="too many columns"):
        SqliteSink(str(tmp_path / "t.db"), SinkOptions(schema=schema_of(wide)))
    assert [*tmp_path.iterdir()] == []
