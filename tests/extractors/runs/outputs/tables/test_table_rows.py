"""Records as rows: what is written of any schema comes back."""

import csv
import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from examples import examples
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from pyarrow import parquet
from tabular import (
    MODELS,
    OUTPUTS,
    SOURCES,
    counted,
    gathered,
    pruned,
    record,
    resolved,
    schema_of,
    sheet_rows,
    timed,
    write,
)

from slotfill import Attempt, Outcome, Usage
from slotfill.extractors.record.json_text import escaped
from slotfill.extractors.record.parts import Rung, Span
from slotfill.extractors.runs.outputs.tables.columns import Names, columns_of
from slotfill.extractors.runs.outputs.tables.shapes import ColumnType, Items, Scalar, shape_of, with_lists_as_cells
from slotfill.extractors.runs.outputs.tables.table_rows import Rows
from slotfill.schemas.json_schema.decimals import DECIMAL
from slotfill.schemas.json_values.exact_json import ExactFloat
from slotfill.schemas.strategies import instances

FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
READING = {
    ColumnType.INTEGER: int,
    ColumnType.DECIMAL: str,
    ColumnType.NUMBER: json.loads,
    ColumnType.BOOLEAN: {"true": True, "false": False}.__getitem__,
}


def values_of(columns):
    """Give the columns of a table that are the value's."""
    return columns[1:-1]


def from_csv(path, shape):
    rows = Rows(with_lists_as_cells(shape), records=False)
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


def from_workbook(path, shape):
    rows = Rows(with_lists_as_cells(shape), records=False)
    header, *lines = sheet_rows(path)
    assert [*header] == [column.name for column in rows.columns]
    for source, *cells, rest in lines:
        yield source, gathered(values_of(rows.columns), cells, rest)


def from_parquet(path, shape):
    rows = Rows(shape, records=False)
    table = parquet.read_table(path)
    assert table.column_names == [column.name for column in rows.columns]
    for source, *cells, rest in zip(*(column.to_pylist() for column in table.columns), strict=True):
        yield source, gathered(values_of(rows.columns), cells, rest)


def from_sqlite(path, shape, name):
    rows = Rows(shape, records=False)
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
            first, last = rows.columns[0].name, rows.columns[-1].name
            yield read[first], gathered(columns, [read[column.name] for column in columns], read[last])


def name_tables(columns, parent, tables, children):
    """Find each list's table: they are made in the order of the lists, those below one following it."""
    for column in columns:
        if isinstance(column.shape, Items):
            child = next(tables)
            inner = columns_of(column.shape.item, Names())
            children[parent, column.name] = child, inner
            name_tables(inner, child, tables, children)


def items_of(database, children, parent, columns, number):
    lists = {}
    for column in columns:
        if isinstance(column.shape, Items):
            child, inner = children[parent, column.name]
            numbered = any(isinstance(column.shape, Items) for column in inner)
            key, position = [name for _, name, *_ in database.execute(f'PRAGMA table_info("{child}")')][numbered:][:2]
            order = f'SELECT * FROM "{child}" WHERE "{key}" = ? ORDER BY "{position}"'
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


@pytest.mark.sweep
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: Path(source).stem)
def test_every_value_comes_back_from_every_table(source, tmp_path_factory):
    schema = resolved(source)
    shape = shape_of(schema.output_schema)

    @given(st.lists(instances(schema), max_size=3))
    @examples(8, suppress_health_check=list(HealthCheck))
    def check(replies):
        values = [schema.dump(schema.load(reply)) for reply in replies]
        folder = tmp_path_factory.mktemp("tables")
        there = [*map(str, range(len(values)))]
        for name, read in (
            ("t.csv", lambda path: from_csv(path, shape)),
            ("t.xlsx", lambda path: from_workbook(path, shape)),
            ("t.parquet", lambda path: from_parquet(path, shape)),
            ("t.db", lambda path: from_sqlite(path, shape, schema.name)),
        ):
            rows = [*read(write(folder / name, schema, values))]
            assert [number for number, _ in rows] == there
            lists = name == "t.db"
            for (_, back), value in zip(rows, values, strict=True):
                if flat := name in {"t.csv", "t.xlsx"}:
                    back, value = shown(back), shown(value)  # noqa: PLW2901 - both sides alike
                held = with_lists_as_cells(shape) if flat else shape
                expected, back = counted(held, value), counted(held, back)  # noqa: PLW2901 - from the rest
                assert timed(pruned(back, lists=lists)) == timed(pruned(expected, lists=lists)), name

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
    attempt = Attempt(Rung.ASK, "m", "structured", True, usage=Usage(7, 3, thinking_tokens=2))
    spans = {"/model": Span(0, 1, "exact", {"page": 3, "box": [1.0, 2.5, 3.0, 4.0]})}
    good = record({"n": 1, "model": "T"}, attempts=(attempt,), cost_usd=Decimal("0.000123"), spans=spans)
    refused = record({"n": 2}, outcome=Outcome.REFUSED)  # which holds no value, whatever it has
    path = write(tmp_path / output, schema, [good, refused], records=True)
    names, rows = table(path)
    own = [
        "source",
        "document_id",
        "outcome",
        "model_2",
        "cost_usd",
        "input_tokens",
        "output_tokens",
        "thinking_tokens",
    ]
    assert names == [*own, "error", "error_message", "n", "model", "spans", "rest"]
    where = '{"/model": {"start": 0, "end": 1, "match": "exact", "place": {"page": 3, "box": [1.0, 2.5, 3.0, 4.0]}}}'
    expected = [
        ("a.txt", "00", "valid", "m", 0.000123, 7, 3, 2, None, None, 1, "T", where, None),
        ("a.txt", "00", "refused", "m", None, 0, 0, 0, "refusal", "no", None, None, None, None),
    ]
    if output in {"t.csv", "t.tsv"}:
        expected = [tuple("" if cell is None else str(cell) for cell in row) for row in expected]
    assert rows == expected


def table(path, name="thing"):
    """Give a table's columns, the number of a row left out, and its rows."""
    if path.suffix in {".csv", ".tsv"}:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file, delimiter="," if path.suffix == ".csv" else "\t")
        return header, [*map(tuple, rows)]
    if path.suffix == ".xlsx":
        header, *rows = sheet_rows(path)
        return [*header], rows
    if path.suffix == ".parquet":
        read = parquet.read_table(path)
        return read.column_names, [*zip(*(column.to_pylist() for column in read.columns), strict=True)]
    with closing(sqlite3.connect(path)) as database:
        cursor = database.execute(f"SELECT * FROM {name} ORDER BY 1")
        return [name for name, *_ in cursor.description][1:], [row[1:] for row in cursor]


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_model_s_own_names_stay_and_those_of_the_table_move(output, tmp_path):
    schema = resolved(f"{MODELS}:Clashing")
    value = {"Source": "web", "ID": 7, "clashing_ID": 8, "REST": True, "Id": [1]}
    names, (row,) = table(write(tmp_path / output, schema, [value]), "clashing")
    last = [] if output == "t.db" else ["Id_2"]
    assert names == ["source_2", "Source", "ID", "clashing_ID", "REST", *last, "rest_2"]
    assert dict(zip(names, map(str, row), strict=True)).items() >= {
        ("Source", "web"),
        ("ID", "7"),
        ("clashing_ID", "8"),
    }


def test_the_keys_of_sqlite_move_for_a_model_s_own_too(tmp_path):
    line = {"item": "nut", "price": "0.50", "position": 9, "invoice_id": "of the line"}
    schema = resolved(f"{MODELS}:Invoice")
    value = schema.dump(schema.load({"invoice_id": "R-1", "source": "post", "Total": "1.5", "lineItems": [line] * 2}))
    path = write(tmp_path / "t.db", schema, [value])
    with closing(sqlite3.connect(path)) as database:
        joined = (
            'SELECT invoice.invoice_id, invoice.source, "count", article, "unitPrice", i.invoice_id, i.position '
            'FROM invoice JOIN "invoice_lineItems" i ON invoice.invoice_id_2 = i.invoice_id_2 ORDER BY position_2'
        )
        assert database.execute(joined).fetchall() == [("R-1", "post", 2, "nut", 0.5, "of the line", 9)] * 2


@pytest.mark.parametrize("output", OUTPUTS)
def test_computed_fields_and_fields_left_out_have_columns_and_aliases_name_them(output, tmp_path):
    names, rows = table(
        write(tmp_path / output, schema := resolved(f"{MODELS}:Sparse"), [schema.dump(schema.load({}))]), "sparse"
    )
    assert names[1:-1] == [
        "name",
        "Size",
        "inner.article",
        "inner.unitPrice",
        *[f"inner.{n}" for n in ("source", "position", "invoice_id")],
    ]
    assert (set(rows[0][1:-1]) <= {None, ""}, json.loads(rows[0][-1])) == (True, {"/unsaid": 1})
    names, _ = table(write(tmp_path / f"i{output}", resolved(f"{MODELS}:Invoice"), []), "invoice")
    assert {"total", "vat", "count", "withVat"} <= set(names)


AMOUNTS = {
    "24.50": (24.5, Decimal("24.5")),
    "-0.1": (-0.1, Decimal("-0.1")),
    "1E+3": (1000, Decimal(1000)),
    "12345678901234567890.12": (None, Decimal("12345678901234567890.12")),
    "1E-19": (1e-19, None),
    "123456789012345678901": (None, None),
    "9" * 400: (None, None),
    "1E+999999999": (None, None),
    "1E-999999999": (None, None),
    "NaN": (None, None),
}


@pytest.mark.parametrize("amount", AMOUNTS)
def test_a_decimal_number_is_one_in_every_table_or_stands_in_the_rest(amount, tmp_path):
    schema = resolved(f"{MODELS}:Invoice")
    value = {"invoice_id": "R-1", "source": "post", "total": amount}
    for output, held in zip(("t.db", "t.parquet"), AMOUNTS[amount], strict=True):
        names, (row,) = table(write(tmp_path / output, schema, [value]), "invoice")
        cells = dict(zip(names, row, strict=True))
        assert (cells["total"], type(cells["total"])) == (held, type(held))
        assert json.loads(cells["rest_2"] or "{}") == ({"/total": amount} if held is None else {})
    names, (row,) = table(write(tmp_path / "t.csv", schema, [value]))
    assert row[names.index("total")] == ("" if amount == "NaN" else amount)


def test_a_decimal_column_has_the_places_of_the_model(tmp_path):
    read = parquet.read_table(write(tmp_path / "t.parquet", resolved(f"{MODELS}:Invoice"), []))
    assert str(read.schema.field("total").type) == "decimal128(38, 18)"
    assert str(read.schema.field("lineItems").type.value_type.field("unitPrice").type) == "decimal128(12, 4)"


PRICE = {"type": "string", DECIMAL: {"max_digits": 7, "decimal_places": 2}}


def test_a_decimal_number_comes_back_from_each_output_with_its_digits(tmp_path):
    schema = schema_of({"type": "object", "properties": {"price": PRICE}})
    prices = ["24.50", "-99999.99", "0.01", "100"]
    values = [{"price": price} for price in prices]
    lines = write(tmp_path / "t.jsonl", schema, values).read_text().splitlines()
    assert [json.loads(line)["value"]["price"] for line in lines] == prices
    for name, cell in (("t.csv", str), ("t.tsv", str), ("t.xlsx", float), ("t.db", float), ("t.parquet", Decimal)):
        path = write(tmp_path / name, schema, values)
        names, rows = (
            (["source", "price"], list(sheet_rows(path))[1:]) if name == "t.xlsx" else table(path, schema.name)
        )
        assert [row[names.index("price")] for row in rows] == [*map(cell, prices)], name
    path = tmp_path / "t.parquet"
    assert str(parquet.read_table(path).schema.field("price").type) == "decimal128(7, 2)"


@pytest.mark.parametrize("price", ["100000", "0.001"])
def test_a_decimal_number_of_more_digits_than_its_column_stands_in_the_rest(price, tmp_path):
    schema = schema_of({"type": "object", "properties": {"price": PRICE}})
    path = write(tmp_path / "t.parquet", schema, [{"price": price}])
    assert parquet.read_table(path).to_pylist() == [
        {"source": "0", "price": None, "rest": json.dumps({"/price": price})}
    ]


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_number_that_no_double_holds_stands_in_the_rest_with_all_its_digits(output, tmp_path):
    schema = schema_of({"type": "object", "properties": {"n": {"type": "number"}}})
    names, rows = table(write(tmp_path / output, schema, [{"n": ExactFloat("12345678901234567890.12")}]))
    assert names == ["source", "n", "rest"]
    assert rows[0][2] == '{"/n": 12345678901234567890.12}'


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
        from_workbook(write(tmp_path / "t.xlsx", schema, [value]), shape),
        from_parquet(write(tmp_path / "t.parquet", schema, [value]), shape),
        from_sqlite(write(tmp_path / "t.db", schema, [value]), shape, "thing"),
    ):
        assert [*read] == [("0", value)]
