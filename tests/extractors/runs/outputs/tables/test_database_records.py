"""Records read back from the tables of a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from viewed_records import record_of

from slotfill import Schema
from slotfill.extractors.errors import InputError
from slotfill.extractors.extractions.loading import check_record
from slotfill.extractors.runs.outputs.named_sinks import SinkOptions
from slotfill.extractors.runs.outputs.tables.database_records import is_database, records_in_database
from slotfill.extractors.runs.outputs.tables.sqlite_sink import SqliteSink


class Price(BaseModel):
    amount: float
    spans: str


class Line(BaseModel):
    what: str
    price: Price
    tags: list[str]


class Part(BaseModel):
    lines: list[Line]
    outcome: str


class Offer(BaseModel):
    """An offer."""

    source: str
    order_part: Part
    notes: list[str]
    count: int


TEXT = "Offer of Ada: oak chairs at 45.50 EUR, red and blue; 12 in all. Call me."
VALUE = {
    "source": "Ada",
    "order_part": {
        "lines": [
            {"what": "oak chairs", "price": {"amount": 45.5, "spans": "EUR"}, "tags": ["red", "blue"]},
            {"what": "lamp", "price": {"amount": 1.0, "spans": "EUR"}, "tags": []},
        ],
        "outcome": "Call me",
    },
    "notes": ["in all"],
    "count": 12,
}


def written(folder: Path, *records: dict[str, Any], with_records: bool = True) -> Path:
    path = folder / "out.db"
    sink = SqliteSink(str(path), SinkOptions(schema=Schema(Offer), records=with_records))
    for record in records:
        sink.write(record)
    sink.commit(complete=True)
    return path


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    return record_of(TEXT, VALUE, source="offer.txt", model=Offer)


def test_values_lists_spans_and_what_a_row_tells_come_back(record: dict[str, Any], tmp_path: Path) -> None:
    other = {**record, "document": {**record["document"], "source": "other.txt"}}
    one, two = records_in_database(written(tmp_path, record, other))
    check_record(one)
    assert one["value"] == two["value"] == VALUE
    assert one["spans"] == record["spans"]
    assert [each["document"]["source"] for each in (one, two)] == ["offer.txt", "other.txt"]
    for name in ("model", "outcome", "cost_usd"):
        assert one[name] == record[name]


def test_what_fits_no_column_comes_back_too(record: dict[str, Any], tmp_path: Path) -> None:
    value = {**VALUE, "count": 2**70}
    (one,) = records_in_database(written(tmp_path, {**record, "value": value}))
    assert one["value"] == value


def test_a_document_that_failed_says_why(record: dict[str, Any], tmp_path: Path) -> None:
    error = {"type": "refusal", "message": "declined"}
    failed = {**record, "value": None, "spans": {}, "outcome": "refused", "error": error, "cost_usd": None}
    (one,) = records_in_database(written(tmp_path, failed))
    check_record(one)
    assert (one["value"], one["error"], one["cost_usd"]) == (None, error, None)


def test_values_without_records_are_none(record: dict[str, Any], tmp_path: Path) -> None:
    path = written(tmp_path, record, with_records=False)
    assert is_database(path)
    with pytest.raises(InputError, match="--record"):
        next(records_in_database(path))
