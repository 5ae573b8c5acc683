"""Frames: the columns, the rows and the rest of a CSV file, with types, in pandas and in polars."""

import csv
import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pandas as pd
import polars as pl
import pytest
from pydantic import BaseModel
from tabular import SOURCES, resolved, write

from slotfill import Document, Extraction, Extractor, Failure, FailureKind, Outcome, Span, to_frame
from slotfill.extractors.errors import SettingsError
from slotfill.extractors.testing import SimulatedClaude
from slotfill.schemas import resolve
from slotfill.schemas.errors import MissingExtraError

BACKENDS = ("pandas", "polars")


class Line(BaseModel):
    name: str
    price: Decimal


class Bill(BaseModel):
    """What has all that a frame has a type for."""

    number: int | None
    paid: bool | None
    share: float | None
    due: date | None
    at: datetime | None
    total: Decimal | None
    lines: list[Line]
    tags: list[list[str]]


FULL = {
    "number": 2**62 + 1,
    "paid": False,
    "share": 3,
    "due": "2026-02-28",
    "at": "2026-02-28T12:00:00+02:00",
    "total": "1204.50",
    "lines": [{"name": "nut", "price": "0.10"}],
    "tags": [["a"], []],
}
EMPTY = {**dict.fromkeys(("number", "paid", "share", "due", "at", "total")), "lines": [], "tags": []}


def extraction(value, source="a.txt", outcome=Outcome.VALID, **known):
    error = None if outcome.ok else Failure(FailureKind.REFUSAL, "no")
    known = {"has_value": outcome.ok, "data": value, "reply": value, "error": error, **known}
    return Extraction(Document("x", "00", source), "bill", "00", "m", outcome, **known)


def rows(frame):
    """Give a frame's rows, with None for whatever pandas has in its place."""
    if isinstance(frame, pl.DataFrame):
        return frame.to_dicts()
    return [{key: None if _is_null(cell) else cell for key, cell in row.items()} for row in frame.to_dict("records")]


def _is_null(cell):
    return cell is None or cell is pd.NA or cell is pd.NaT or cell != cell  # noqa: PLR0124 - NaN


@pytest.mark.parametrize("backend", BACKENDS)
def test_types_are_those_of_the_schema(backend):
    frame = to_frame([extraction(FULL), extraction(EMPTY)], Bill, records=False, backend=backend)
    first, second = rows(frame)
    due = date(2026, 2, 28) if backend == "polars" else pd.Timestamp(2026, 2, 28)
    expected = {
        "source": "a.txt",
        "number": 2**62 + 1,
        "paid": False,
        "share": 3.0,
        "due": due,
        "at": datetime(2026, 2, 28, 10, tzinfo=UTC),
        "total": Decimal("1204.50"),
        "lines": '[{"name": "nut", "price": "0.10"}]',
        "tags": '[["a"], []]',
        "rest": None,
    }
    assert first == expected
    assert [*first] == [*expected]
    assert second == {**dict.fromkeys(expected), "source": "a.txt", "lines": "[]", "tags": "[]"}
    names = [str(frame[name].dtype) for name in ("number", "paid", "share", "due", "at", "total")]
    assert (
        names
        == {
            "pandas": ["Int64", "boolean", "float64", "datetime64[us]", "datetime64[us, UTC]", "object"],
            "polars": [
                *("Int64", "Boolean", "Float64", "Date", "Datetime(time_unit='us', time_zone='UTC')"),
                "Decimal(precision=38, scale=1)",
            ],
        }[backend]
    )


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("extractions", [[], [extraction(None, outcome=Outcome.FAILED)] * 2])
def test_types_are_the_same_where_there_is_no_value(backend, extractions):
    frame = to_frame(extractions, Bill, backend=backend)
    assert len(frame) == len(extractions)
    full = to_frame([extraction(FULL)], Bill, backend=backend)
    assert [*frame.columns] == [*full.columns]
    empty, filled = ([str(frame[name].dtype) for name in frame.columns if name != "total"] for frame in (frame, full))
    assert empty == filled
    assert not any(_is_null(row["error"]) for row in rows(frame))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_failure_is_a_row_that_says_why(backend):
    failed = extraction(None, "b.txt", Outcome.REFUSED)
    frame = to_frame([extraction(FULL), failed], Bill, backend=backend)
    (row,) = [row for row in rows(frame) if row["source"] == "b.txt"]
    assert (row["outcome"], row["error"], row["error_message"], row["number"]) == ("refused", "refusal", "no", None)
    assert len(to_frame([failed], Bill, records=False, backend=backend)) == 0


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("records", [True, False])
def test_columns_are_those_of_the_csv(records, backend, tmp_path):
    for source in SOURCES:
        _compare_columns(resolved(source), records, backend, tmp_path)


def _compare_columns(schema, records, backend, tmp_path):
    with write(tmp_path / "t.csv", schema, [], records=records).open(encoding="utf-8", newline="") as file:
        (header,) = csv.reader(file)
    assert [*to_frame([], schema, records=records, backend=backend).columns] == header


@pytest.mark.parametrize("backend", BACKENDS)
def test_cells_are_those_of_the_csv(backend, tmp_path):
    values = [FULL, EMPTY, {**FULL, "tags": [['a "b"', "=1"]], "share": 0.1, "total": "-7"}, {**FULL, "more": 1}]
    with write(tmp_path / "t.csv", resolve(Bill), values).open(encoding="utf-8", newline="") as file:
        lines = [*csv.DictReader(file)]
    frame = to_frame([extraction(value) for value in values], Bill, records=False, backend=backend)
    for row, line in zip(rows(frame), lines, strict=True):
        texts = ("lines", "tags", "rest")
        assert [row[name] or "" for name in texts] == [line[name] for name in texts]
        for name in ("number", "share", "total"):
            assert (row[name] is None) == (line[name] == "")
            assert row[name] is None or Decimal(str(row[name])) == Decimal(line[name])
        assert {False: "false", None: ""}[row["paid"]] == line["paid"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_does_not_fit_stands_in_the_rest(backend):
    odd = {**FULL, "number": 2**70, "due": "soon", "total": "0.1234567890123456789", "new": 1}
    (row,) = rows(to_frame([extraction(odd)], Bill, backend=backend))
    assert (row["number"], row["due"], row["total"]) == (None, None, None)
    assert json.loads(row["rest"]) == {
        "/number": 2**70,
        "/due": "soon",
        "/total": "0.1234567890123456789",
        "/new": 1,
    }


@pytest.mark.parametrize("backend", BACKENDS)
def test_money_of_any_size_stays_exact(backend):
    amounts = ["12345678901234567890.1", "0.123456789012345678", "1E+3", "-0"]
    frame = to_frame([extraction({**EMPTY, "total": one}) for one in amounts], Bill, backend=backend)
    assert [row["total"] for row in rows(frame)] == [Decimal(one) for one in amounts]


def test_the_schema_comes_of_the_extractor():
    claude = SimulatedClaude([{"sentiment": "negative", "key_issues": ["slow"], "urgency": 2, "suggested_action": "-"}])
    with Extractor("feedback", client=claude.client()) as extractor:
        frame = to_frame(extractor.map(["slow", "slow again"]))
    assert isinstance(frame, pd.DataFrame)
    assert frame["urgency"].tolist() == [2, 2]
    assert frame["spans"].map(json.loads)[1]["/key_issues/0"] == Span(0, 4, "exact").to_json()


def test_columns_of_the_input_are_kept_on_request():
    row = extraction(FULL)
    row = replace(row, document=replace(row.document, columns={"id": 7}))
    assert to_frame([row], Bill, keep=["id"])["id"].tolist() == ["7"]


def test_without_a_schema_it_says_what_to_do():
    with pytest.raises(SettingsError, match=r"no extraction to know the columns by: to_frame\(extractions, schema=…\)"):
        to_frame([])
    with pytest.raises(SettingsError, match=r"a.txt is not at hand, nor its schema 'bill'"):
        to_frame([extraction(FULL)])


async def arriving():
    """What `amap` gives."""
    yield extraction(FULL)


def test_what_is_no_list_is_refused_with_what_to_write():
    with pytest.raises(TypeError, match=r"not of one Extraction: to_frame\(\[extraction\]\)"):
        to_frame(extraction(FULL), Bill)
    with pytest.raises(TypeError, match=r"to_frame\(\[one async for one in extractions\]\)"):
        to_frame(arriving(), Bill)
    with pytest.raises(TypeError, match=r"keep=\['id'\]"):
        to_frame([extraction(FULL)], Bill, keep="id")


def test_what_is_no_extraction_is_refused():
    with pytest.raises(TypeError, match="made of extractions, not of dict"):
        to_frame([{"value": 1}], Bill)
    with pytest.raises(SettingsError, match="no backend 'arrow': frames are of pandas or polars"):
        to_frame([], Bill, backend="arrow")


@pytest.mark.parametrize(
    ("missing", "backend", "words"),
    [
        (["narwhals"], None, "frames need the extra `frames`: pip install 'slotfill[frames]'"),
        (["pandas", "polars"], None, "frames are of pandas or polars, which is not installed: pip install pandas"),
        (["polars"], "polars", "frames are of polars, which is not installed: pip install polars"),
    ],
)
def test_what_is_not_installed_is_named(monkeypatch, missing, backend, words):
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(
        "slotfill.extractors.runs.outputs.tables.data_frames.find_spec", lambda name: None if name in missing else name
    )
    with pytest.raises(MissingExtraError) as raised:
        to_frame([], Bill, backend=backend)
    assert str(raised.value) == words


def test_without_pandas_it_is_polars(monkeypatch):
    monkeypatch.setattr(
        "slotfill.extractors.runs.outputs.tables.data_frames.find_spec", lambda name: None if name == "pandas" else name
    )
    assert isinstance(to_frame([], Bill), pl.DataFrame)


def test_naming_it_loads_neither():
    code = "import sys; from slotfill import to_frame; print({'pandas', 'polars', 'narwhals'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
