"""What the tests of the tables share: schemas, records, and values as a table can give them back."""

import io
import json
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from pathlib import Path

import openpyxl
from checkout import ROOT
from openpyxl.utils.escape import unescape

from slotfill import Document, Extraction, Failure, Outcome, Schema
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.runs.outputs.sinks import open_sink
from slotfill.extractors.runs.outputs.tables.shapes import ColumnType, Items, ObjectShape, Scalar
from slotfill.schemas import built_ins, resolve
from slotfill.schemas.json_schema.response_model import response_model

MODELS = Path(__file__).parent / "tabular_models.py"
SOURCES = [
    *built_ins(),
    *sorted(map(str, (ROOT / "fixtures" / "shapes").glob("*.json"))),
    *(f"{MODELS}:{name}" for name in ("Invoice", "Sparse", "Clashing")),
]
OUTPUTS = ("t.csv", "t.parquet", "t.db", "t.tsv", "t.xlsx")


def schema_of(document, name="thing"):
    """Make a schema of a JSON Schema."""
    return Schema(response_model(document, name="Thing"), name=name)


def record(value=None, source="a.txt", outcome=Outcome.VALID, **known):
    """Give a record as plain JSON. known: what else is known of the extraction."""
    failed = None if outcome.ok else Failure(FailureKind.REFUSAL, "no")
    document = Document("x", "00", source)
    known = {"has_value": outcome.ok, "data": value, "error": failed, **known}
    return Extraction(document, "s", "00", "m", outcome, **known).to_json()


def write(path, schema, values, *, records=False, complete=True):
    """Write a table of these records, or of values, each of a document of its own, named by its number."""
    with open_sink(str(path), io.BytesIO(), schema=schema, records=records, several=True) as sink:
        for number, value in enumerate(values):
            sink.write(value if records else record(value, str(number)))
        sink.commit(complete=complete)
    return path


def sheet_rows(path):
    """Give the rows of a workbook's sheets, texts as Excel shows them."""
    with closing(openpyxl.load_workbook(path, read_only=True)) as book:
        for sheet in book.worksheets:
            for row in sheet.iter_rows():
                assert not any(cell.data_type == "f" for cell in row)
                yield tuple(map(_shown, row))


def _shown(cell):
    held = cell.value
    if isinstance(held, datetime):
        return held.date()
    return unescape(held) if isinstance(held, str) else held


def unwritten(shape, cell):
    """Give a cell as plain JSON data."""
    if cell is None:
        return None
    if isinstance(shape, Items):
        return [unwritten(shape.item, item) for item in cell]
    if isinstance(shape, ObjectShape):
        return {key: unwritten(part, cell[key]) for key, part in shape.fields.items()}
    if shape.kind in (ColumnType.JSON, ColumnType.DECIMAL):
        return json.loads(cell) if shape.kind is ColumnType.JSON else Decimal(str(cell))
    if shape.kind is ColumnType.BOOLEAN:
        assert cell in (0, 1)
        return bool(cell)
    return cell


def gathered(columns, cells, rest):
    """Give the value that a row's cells and its rest hold."""
    value = {}
    for column, cell in zip(columns, cells, strict=True):
        if cell is not None:
            _put(value, ("", *column.path), unwritten(column.shape, cell))
    for pointer, free in json.loads(rest or "{}").items():
        _put(value, tuple(key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")), free)
    return value.get("")


def _put(container, path, value):
    first, *inner = path
    key = int(first) if isinstance(container, list) else first
    if not inner:
        container[key] = value
        return
    if isinstance(container, dict):
        container.setdefault(key, {})
    elif container[key] is None:
        container[key] = {}
    _put(container[key], inner, value)


def pruned(value, *, lists=False):
    """Give a value without what tables do not tell from nothing: nulls and empty objects; empty lists too."""
    if isinstance(value, dict):
        return {key: part for key, of in value.items() if (part := pruned(of, lists=lists)) is not None} or None
    if isinstance(value, list):
        return [pruned(item, lists=lists) for item in value] or (None if lists else [])
    return value


EXACT = Context(prec=500)


def counted(shape, value):
    """Give a value whose decimal numbers are such."""
    if isinstance(shape, Items) and isinstance(value, list):
        return [counted(shape.item, item) for item in value]
    if isinstance(shape, ObjectShape) and isinstance(value, dict):
        return {key: counted(shape.fields.get(key), part) for key, part in value.items()}
    is_number = isinstance(shape, Scalar) and shape.kind is ColumnType.DECIMAL and isinstance(value, str)
    return Decimal(value) if is_number and Decimal(value).is_finite() else value


def timed(value):
    """Give a value whose instants are such, however they are written."""
    if isinstance(value, dict):
        return {key: timed(part) for key, part in value.items()}
    if isinstance(value, list):
        return [timed(item) for item in value]
    if isinstance(value, Decimal):
        return value.normalize(EXACT)
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
            return moment.astimezone(UTC) if moment.tzinfo else value
        except (ValueError, OverflowError):
            return value
    return value.isoformat() if type(value) is date else value


def resolved(source):
    return resolve(source, trusted=True)
