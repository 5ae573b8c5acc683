"""Records as rows: what is written of any schema comes back."""

import csv
import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from tabular import OUTPUTS, SOURCES, gathered, pruned, record, resolved, schema_of, timed, write

from slotfill import Attempt, Outcome, Usage
from slotfill.extractors.record import Rung
from slotfill.extractors.runs.flattening import Items, Kind, Names, Scalar, columns_of, folded, shape_of
from slotfill.extractors.runs.json_text import escaped
from slotfill.extractors.runs.rows import Rows
from slotfill.schemas.strategies import instances

FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
READING = {Kind.INTEGER: int, Kind.NUMBER: json.loads, Kind.BOOLEAN: {"true": True, "false": False}.__getitem__}


def values_of(columns):
    """Give the columns of a table that are the value's."""
    return columns[1:-1]


def from_csv(path, shape):
    rows = Rows(folded(shape), records=False)
    columns = values_of(rows.columns)
    with path.open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    assert header == [column.name for column in rows.columns]
    for source, *cells, rest in lines:
        read = [
            READING.get(column.shape.kind, str)(cell) if cell else None
            for column, cell in zip(columns, map(unguarded, cells), strict=True)
        ]
        yield source, gathered(columns, read, unguarded(rest))


def unguarded(cell):
    return cell[1:] if cell.startswith("'") and cell.lstrip("'")[:1] in FORMULA else cell


def from_parquet(path, shape):
    rows = Rows(shape, records=False)
    table = parquet.read_table(path)
    assert table.column_names == [column.name for column in rows.columns]
    for source, *cells, rest in zip(*(column.to_pylist() for column in table.columns), strict=True):
        yield source, gathered(values_of(rows.columns), cells, rest)


def from_sqlite(path, shape, name):
    rows = Rows(shape, records=False, taken=[f"{name}_id"])
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        tables = iter([table for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")])
        next(tables)
        children = {}
        name_tables(rows.columns, name, tables, children)
        scalars = [column for column in rows.columns if isinstance(column.shape, Scalar)]
        for number, *cells in database.execute(f'SELECT * FROM "{name}" ORDER BY 1').fetchall():
            read = {column.name: cell for column, cell in zip(scalars, cells, strict=True)}
            read |= items_of(database, children, name, rows.columns, number)
            columns = values_of(rows.columns)
            yield read["source"], gathered(columns, [read[column.name] for column in columns], read["rest"])


def name_tables(columns, parent, tables, children):
    """Find each list's table: they are made in the order of the lists, those below one following it."""
    for column in columns:
        if isinstance(column.shape, Items):
            child = next(tables)
            inner = columns_of(column.shape.item, Names([f"{child}_id", f"{parent}_id", "position"]))
            children[parent, column.name] = child, inner
            name_tables(inner, child, tables, children)


def items_of(database, children, parent, columns, number):
    lists = {}
    for column in columns:
        if isinstance(column.shape, Items):
            child, inner = children[parent, column.name]
            order = f'SELECT * FROM "{child}" WHERE "{parent}_id" = ? ORDER BY position'
            found = database.execute(order, (number,)).fetchall()
            lists[column.name] = [item_of(database, children, child, inner, row) for row in found] or None
    return lists


def item_of(database, children, table, columns, row):
    """Give a list's item, in the form that Parquet gives it in."""
    scalars = [column for column in columns if isinstance(column.shape, Scalar)]
    numbered = len(scalars) < len(columns)
    cells = dict(zip([column.name for column in scalars], row[2 + numbered :], strict=True))
    cells |= items_of(database, children, table, columns, row[0])
    if [column.path for column in columns] == [()]:
        return cells[columns[0].name]
    item = {}
    for column in columns:
        within = item
        for key in column.path[:-1]:
            within = within.setdefault(key, {})
        within[column.path[-1]] = cells[column.name]
    return item


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: Path(source).stem)
def test_every_value_comes_back_from_every_table(source, tmp_path_factory):
    schema = resolved(source)
    shape = shape_of(schema.json_schema)

    @given(st.lists(instances(schema), max_size=3))
    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    def check(values):
        folder = tmp_path_factory.mktemp("tables")
        there = [*map(str, range(len(values)))]
        for name, read in (
            ("t.csv", lambda path: from_csv(path, shape)),
            ("t.parquet", lambda path: from_parquet(path, shape)),
            ("t.db", lambda path: from_sqlite(path, shape, schema.name)),
        ):
            rows = [*read(write(folder / name, schema, values))]
            assert [number for number, _ in rows] == there
            lists = name == "t.db"
            for (_, back), value in zip(rows, values, strict=True):
                if name == "t.csv":
                    back, value = shown(back), shown(value)  # noqa: PLW2901 - both sides alike
                assert timed(pruned(back, lists=lists)) == timed(pruned(value, lists=lists)), name

    check()


def shown(value):
    """Give a value as CSV shows it: an empty text looks like nothing, a control character is an escape."""
    if isinstance(value, dict):
        return {key: shown(part) for key, part in value.items()}
    if isinstance(value, list):
        return [shown(item) for item in value]
    return escaped(value) or None if isinstance(value, str) else value


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_record_has_its_columns_and_no_value_where_there_is_none(output, tmp_path):
    schema = schema_of({"type": "object", "properties": {"n": {"type": "integer"}, "model": {"type": "string"}}})
    attempt = Attempt(Rung.ASK, "m", "structured", True, usage=Usage(7, 3))
    good = record({"n": 1, "model": "T"}, attempts=(attempt,), cost_usd=Decimal("0.000123"))
    refused = record({"n": 2}, outcome=Outcome.REFUSED)  # which holds no value, whatever it has
    path = write(tmp_path / output, schema, [good, refused], records=True)
    names, rows = table(path)
    own = ["source", "document_id", "outcome", "model", "cost_usd", "input_tokens", "output_tokens"]
    assert names == [*own, "error", "error_message", "n", "model_2", "rest"]
    expected = [
        ("a.txt", "00", "valid", "m", 0.000123, 7, 3, None, None, 1, "T", None),
        ("a.txt", "00", "refused", "m", None, 0, 0, "refusal", "no", None, None, None),
    ]
    if output == "t.csv":
        expected = [tuple("" if cell is None else str(cell) for cell in row) for row in expected]
    assert rows == expected


def table(path):
    """Give a table's columns, the number of a row left out, and its rows."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        return header, [*map(tuple, rows)]
    if path.suffix == ".parquet":
        read = parquet.read_table(path)
        return read.column_names, [*zip(*(column.to_pylist() for column in read.columns), strict=True)]
    with closing(sqlite3.connect(path)) as database:
        cursor = database.execute("SELECT * FROM thing ORDER BY 1")
        return [name for name, *_ in cursor.description][1:], [row[1:] for row in cursor]


@pytest.mark.parametrize("output", OUTPUTS)
def test_free_keys_and_misfits_stand_in_the_rest(output, tmp_path):
    schema = schema_of({"type": "object", "properties": {"n": {"type": "integer"}}})
    names, rows = table(write(tmp_path / output, schema, [{"n": 2**70, "free": {"a": 1}}]))
    assert names == ["source", "n", "rest"]
    assert json.loads(rows[0][2]) == {"/n": 2**70, "/free": {"a": 1}}
    assert not rows[0][1]


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_columns_do_not_depend_on_the_values(output, tmp_path):
    properties = {"s": {"type": "string"}, "in": {"type": "object", "properties": {"n": {"type": "number"}}}}
    schema = schema_of({"type": "object", "properties": properties})
    for values in ([], [{}], [{"in": None}, {"s": "x", "in": {"n": 1}}]):
        names, rows = table(write(tmp_path / output, schema, values))
        assert names == ["source", "s", "in.n", "rest"]
        assert len(rows) == len(values)


def nested(depth, schema, value):
    for level in range(depth):
        schema, value = (
            ({"type": "array", "items": schema}, [value])
            if level % 2
            else ({"type": "object", "properties": {"k": schema}}, {"k": value})
        )
    return schema, value


def test_what_is_nested_deeply_comes_back(tmp_path):
    document, value = nested(70, {"type": "string"}, "x")
    schema = schema_of(document)
    shape = shape_of(document)
    for read in (
        from_csv(write(tmp_path / "t.csv", schema, [value]), shape),
        from_parquet(write(tmp_path / "t.parquet", schema, [value]), shape),
        from_sqlite(write(tmp_path / "t.db", schema, [value]), shape, "thing"),
    ):
        assert [*read] == [("0", value)]
