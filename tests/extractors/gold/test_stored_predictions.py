"""Predictions read from what a run has written, in each of its forms."""

import json

import pytest

from slotfill.extractors.errors import InputError, LedgerError
from slotfill.extractors.gold.stored_predictions import read_predictions
from slotfill.extractors.runs.ledger.identity import STATE

LINE = {"source": "a.txt", "value": 1}
RECORD = {
    "slotfill": 1,
    "outcome": "valid",
    "document": {"id": "0" * 64, "source": "a.txt"},
    "value": 1,
    "attempts": [],
}


@pytest.mark.parametrize("data", [LINE, RECORD])
def test_lines_arrays_and_single_values_are_read(tmp_path, data):
    (tmp_path / "a.jsonl").write_text(f"{json.dumps(data)}\n\n{json.dumps(data)}\n")
    (tmp_path / "b.json").write_text(json.dumps([data], indent=2))
    (tmp_path / "c.json").write_text(json.dumps(data, indent=2))
    assert read_predictions(str(tmp_path / "a.jsonl")) == [data, data]
    assert read_predictions(str(tmp_path / "b.json")) == read_predictions(str(tmp_path / "c.json")) == [data]


def test_a_folder_is_read_by_the_names_of_its_files(tmp_path):
    for name, data in (("mails/a.txt.json", {"x": 1}), ("b.json", RECORD), (f"{STATE}/c.json", 3), ("note.txt", 4)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps(data))
    assert read_predictions(str(tmp_path)) == [RECORD, {"source": "mails/a.txt", "value": {"x": 1}}]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"source": "a", "value": 1}\n[1]\n', "line 2: it is neither a record"),
        ('{"value": 1}', 'line 1: it has no "source"'),
        ('{"slotfill": 1, "value": 1, "document": 3}', "line 1: it is a damaged record"),
        ("x", "line 1: it is no JSON"),
    ],
)
def test_what_is_none_names_its_line(tmp_path, text, reason):
    (tmp_path / "a.jsonl").write_text(text)
    with pytest.raises(InputError, match=reason):
        read_predictions(str(tmp_path / "a.jsonl"))


def test_nothing_to_read_is_said(tmp_path):
    with pytest.raises(InputError, match="nor a ledger of it"):
        read_predictions(str(tmp_path / "none.jsonl"))
    with pytest.raises(InputError, match=r"holds no \.json file"):
        read_predictions(str(tmp_path))


def test_files_of_one_text_have_the_record_of_it_each_under_its_own_name(tmp_path):
    from slotfill.extractors.documents.document import Document
    from slotfill.extractors.extractions.extraction import Extraction
    from slotfill.extractors.record.parts import Outcome
    from slotfill.extractors.runs.ledger.store import Ledger

    documents = [Document.of("one text", "a.txt"), Document.of("one text", "b.txt")]
    with Ledger(tmp_path / "run.db") as ledger:
        ledger.register(documents)
        ledger.end(Extraction(documents[0], "x", "0", "m", Outcome.VALID, has_value=True, data=7))
    read = read_predictions(str(tmp_path / "run.db"))
    assert [(record["document"]["source"], record["value"]) for record in read] == [("a.txt", 7), ("b.txt", 7)]


def test_a_file_that_only_says_that_it_is_a_ledger_is_refused(tmp_path):
    data = bytearray(b"SQLite format 3\0" + bytes(4000))
    data[68:72] = (0x510F111).to_bytes(4)
    (tmp_path / "run.db").write_bytes(data)
    with pytest.raises(LedgerError, match="cannot be read"):
        read_predictions(str(tmp_path / "run.db"))
