"""Columns of the input that are carried into a run's outputs, so that results join: --keep."""

import csv
import io
import json
import sqlite3

import pytest
from pydantic import BaseModel
from scripted import message

from slotfill import Extractor
from slotfill.extractors.documents.sources import find_sources
from slotfill.extractors.runs.session import Start, run_once

ROWS = [
    {"text": "one", "nr": 17, "who": "=Ann", "at": {"day": 1.50}},
    {"text": "one", "nr": "17b", "who": "Bo\u001b[1m", "at": {"day": None}},
    {"text": "three", "who": None},
    {"text": "", "nr": 12345678901234567890.125},
]
NAMES = ("nr", "who", "at.day")


class Word(BaseModel):
    """Say a word."""

    word: str
    who: str = "it"


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [json.dumps(row) for row in ROWS]
    lines[-1] = '{"text": "", "nr": 12345678901234567890.125}'
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    (tmp_path / "whole.txt").write_text("a file")


def run(service, output, keep=NAMES, *, inputs=("rows.jsonl",), rejects=None, **start):
    """Run once; return how many requests were sent."""
    before = len(service.requests)
    service.script(message('{"word": "yes"}'))
    stdout = io.BytesIO()
    with Extractor(Word, client=service.async_client(), retries=0) as extractor:
        ending = run_once(
            extractor, find_sources(inputs, keep=keep), Start(inputs, output, rejects, concurrency=1, **start), stdout
        )
    assert ending.stopped is None
    return len(service.requests) - before


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def test_lines_have_the_columns_between_source_and_value(service):
    run(service, "out.jsonl", inputs=("rows.jsonl", "whole.txt"))
    value = {"word": "yes", "who": "it"}
    assert [list(line) for line in lines("out.jsonl")] == [["source", *NAMES, "value"]] * 4
    assert lines("out.jsonl") == [
        {"source": "rows.jsonl#1", "nr": 17, "who": "=Ann", "at.day": 1.5, "value": value},
        {"source": "rows.jsonl#2", "nr": "17b", "who": "Bo\u001b[1m", "at.day": None, "value": value},
        {"source": "rows.jsonl#3", "nr": None, "who": None, "at.day": None, "value": value},
        {"source": "whole.txt", "nr": None, "who": None, "at.day": None, "value": value},
    ]


def test_records_and_rejects_hold_them_with_the_document_and_all_digits(service):
    run(service, "out.jsonl", inputs=("rows.jsonl", "whole.txt"), records=True, rejects="rejects.jsonl")
    notes = [line["document"].get("columns") for line in lines("out.jsonl")]
    assert notes[:2] == [{"nr": 17, "who": "=Ann", "at.day": 1.5}, {"nr": "17b", "who": "Bo\u001b[1m", "at.day": None}]
    assert notes[4] is None
    (reject,) = lines("rejects.jsonl")
    assert reject["document"]["source"] == "rows.jsonl#4"
    with open("rejects.jsonl", encoding="utf-8") as file:
        assert '"columns": {"nr": 12345678901234567890.125, "who": null, "at.day": null}' in file.read()


def test_another_choice_of_columns_asks_nothing_again(service):
    assert run(service, "out.jsonl", records=True) == 2
    assert run(service, "out.jsonl", keep=(), records=True) == 0
    assert all("columns" not in line["document"] for line in lines("out.jsonl"))
    assert run(service, "out.jsonl", keep=("nr",), records=True) == 0
    assert [line["document"]["columns"]["nr"] for line in lines("out.jsonl")][:3] == [17, "17b", None]
    assert [line["outcome"] for line in lines("out.jsonl")] == ["valid"] * 3 + ["failed"]


def test_what_is_carried_along_is_not_sent(service):
    run(service, "out.jsonl", keep=("who",))
    sent = json.dumps(service.requests)
    assert "three" in sent
    assert "Ann" not in sent


def test_a_csv_has_a_column_each_that_no_spreadsheet_takes_for_a_formula(service):
    run(service, "out.csv")
    with open("out.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["source", "nr", "who_2", "at.day", "word", "who", "rest"]
    assert rows[1] == ["rows.jsonl#1", "17", "'=Ann", "1.5", "yes", "it", ""]
    assert rows[2] == ["rows.jsonl#2", "17b", "Bo\\u001b[1m", "", "yes", "it", ""]
    assert rows[3] == ["rows.jsonl#3", "", "", "", "yes", "it", ""]


def test_databases_and_parquet_have_a_column_of_texts_each(service):
    parquet = pytest.importorskip("pyarrow.parquet")
    run(service, "out.db", records=True)
    run(service, "out.parquet", records=True)
    with sqlite3.connect("out.db") as database:
        rows = database.execute('SELECT source, nr, who_2, "at.day" FROM "Word"').fetchall()
    database.close()
    expected = [
        ("rows.jsonl#1", "17", "=Ann", "1.5"),
        ("rows.jsonl#2", "17b", "Bo\u001b[1m", None),
        ("rows.jsonl#3", None, None, None),
        ("rows.jsonl#4", "12345678901234567890.125", None, None),
    ]
    assert rows == expected
    table = parquet.read_table("out.parquet").select(["source", "nr", "who_2", "at.day"])
    assert [tuple(row.values()) for row in table.to_pylist()] == expected


def test_a_folder_and_a_single_value_hold_values_alone(service):
    run(service, "out")
    with open("out/rows.jsonl#1.json", encoding="utf-8") as file:
        assert json.load(file) == {"word": "yes", "who": "it"}


@pytest.mark.parametrize(("retention", "kept"), [("none", 0), ("values", 4), ("all", 4)])
def test_a_ledger_keeps_them_as_it_keeps_sources(retention, kept, service, tmp_path):
    run(service, "out.jsonl", retention=retention)
    (ledger,) = (tmp_path / ".slotfill").glob("*.db")
    with sqlite3.connect(ledger) as database:
        assert database.execute("SELECT count(columns) FROM inputs").fetchone() == (kept,)
    database.close()
    assert (b"=Ann" in ledger.read_bytes()) == bool(kept)
