"""The rows of a workbook as JSON Lines."""

import datetime as dt
import json

import pytest
from office_files import workbook_file

from slotfill.extractors.documents.readers.office.workbook_rows import read
from slotfill.extractors.documents.readers.read_options import ReadOptions

MAY_1 = dt.datetime(2024, 5, 1, 10, 30)  # noqa: DTZ001 - a cell has no zone


def rows_of(cells):
    (sheet,) = (one for one in read(workbook_file({"S": cells}), ReadOptions()) if one)
    assert sheet.name == "S"
    return [json.loads(line) if line else None for line in sheet.data.decode().splitlines()]


def test_rows_are_objects_by_the_names_of_their_columns_and_empty_ones_count():
    cells = {"B2": "id", "C2": "text", "B3": 7, "C3": "first\nline", "B5": 8.5, "C5": MAY_1}
    assert rows_of(cells) == [
        {"row": 2, "columns": {"id": "B", "text": "C"}},
        {"id": 7, "text": "first\nline"},
        None,
        {"id": 8.5, "text": "2024-05-01T10:30:00"},
    ]


@pytest.mark.parametrize(
    ("cells", "rows"),
    [
        ({"A1": "Sales", "A2": "a", "B2": "b", "A3": True, "B3": dt.time(1, 2)}, [{"a": True, "b": "01:02:00"}]),
        ({"A1": "text", "A2": "one", "A3": "two"}, [{"text": "one"}, {"text": "two"}]),
        ({"A1": "a", "B1": "a", "A2": 1, "B2": 2, "C2": 3}, [{"a": 1, "a (B)": 2, "C": 3}]),
        ({"A1": "a", "B1": 2024, "A2": 1, "B2": 2}, [{"a": 1, "2024": 2}]),
        (
            {"A1": "Customer:", "B1": "Jones", "A2": "Item", "B2": "Qty", "A3": "Bell", "B3": 2},
            [{"Item": "Bell", "Qty": 2}],
        ),
        (
            {"A1": "Invoice", "B1": "4711", "A3": "Item", "B3": "Qty", "A4": "Bell", "B4": 2},
            [{"Item": "Bell", "Qty": 2}],
        ),
        ({"A1": "id", "B1": "card", "A3": "a", "B3": 4111111111111111}, [None, {"id": "a", "card": 4111111111111111}]),
        (
            {
                "A1": "id",
                "B1": "text",
                "A2": "a",
                "B2": "x",
                "A3": "b",
                "B3": "y",
                "A5": "Sum",
                "B5": "Days",
                "A6": "x",
                "B6": 2,
            },
            [
                {"id": "a", "text": "x"},
                {"id": "b", "text": "y"},
                None,
                {"id": "Sum", "text": "Days"},
                {"id": "x", "text": 2},
            ],
        ),
        ({"A1": "text"}, []),
        ({}, []),
    ],
)
def test_what_names_columns(cells, rows):
    assert rows_of(cells)[1:] == rows
