"""`slotfill convert`: what comes out, and what is said of gold that is wrong."""

import json

from click.testing import CliRunner

from slotfill.cli import main
from slotfill.extractors.documents.document import Document


def run(*arguments):
    return CliRunner().invoke(main, ["convert", *map(str, arguments)])


def test_gold_comes_out_checked_with_its_ids(tmp_path):
    gold, out = tmp_path / "gold.jsonl", tmp_path / "out.jsonl"
    gold.write_text('{"text": "Ada\\u001b[31m", "value": {"n": 1.10}, "lang": "en"}\n', "utf-8")
    line = {
        "id": Document.of("Ada\x1b[31m").id,
        "text": "Ada\x1b[31m",
        "value": {"n": 1.1},
        "labels": {"lang": "en"},
    }
    result = run(gold)
    assert result.exit_code == 0
    assert json.loads(result.stdout) == line
    assert "\x1b" not in result.stdout
    result = run(gold, "-o", out)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "1 document\n")
    assert json.loads(out.read_text("utf-8")) == line
    assert run(out).stdout == out.read_text("utf-8")


def test_what_is_wrong_ends_it_before_anything_is_written(tmp_path):
    gold, out = tmp_path / "gold.jsonl", tmp_path / "out.jsonl"
    gold.write_text('{"text": "Ada", "value": 1}\n{"text": "Bo"}\n', "utf-8")
    out.write_text("as it was", "utf-8")
    result = run(gold, "-o", out)
    assert result.exit_code == 2
    assert "line 2" in result.stderr
    assert out.read_text() == "as it was"
    assert run(tmp_path / "none.jsonl").exit_code == 2


def test_gold_may_be_written_in_its_own_place(tmp_path):
    gold = tmp_path / "gold.jsonl"
    gold.write_text('{"text": "Ada", "value": 1}\n', "utf-8")
    assert run(gold, "-o", gold).exit_code == 0
    assert json.loads(gold.read_text())["id"] == Document.of("Ada").id


def test_what_is_no_gold_is_not_replaced_by_what_is_made_of_it(tmp_path):
    records, gold = tmp_path / "records.jsonl", tmp_path / "gold.jsonl"
    records.write_text(json.dumps({"slotfill": 1, "outcome": "valid", "document": {"source": "a"}, "value": 1}) + "\n")
    gold.write_text('{"text": "Ada", "value": {"a": 1}}\n', "utf-8")
    for arguments in (
        (records, "-o", records),
        (gold, "--to", "doccano", "-o", gold),
        (gold, "--interface", gold),
        (gold, "-o", tmp_path / "x", "--interface", tmp_path / "x"),
    ):
        before = records.read_text(), gold.read_text()
        result = run(*arguments)
        assert (result.exit_code, "name" in result.stderr) == (2, True), arguments
        assert (records.read_text(), gold.read_text()) == before


def test_a_record_whose_columns_are_none_names_its_line(tmp_path):
    records = tmp_path / "r.jsonl"
    document = {"source": "a", "columns": [1]}
    records.write_text(json.dumps({"slotfill": 1, "outcome": "valid", "document": document, "value": 1}) + "\n")
    result = run(records)
    assert (result.exit_code, "line 1" in result.stderr, "columns" in result.stderr) == (2, True, True)


def test_records_become_tasks_and_what_was_corrected_there_becomes_gold(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("Ada met Bo\u001b[31m.", "utf-8")
    document = {"id": Document.read("a.txt").id, "source": "a.txt", "chars": 11}
    spans = {"/name": {"start": 0, "end": 3, "match": "exact"}}
    record = {
        "slotfill": 1,
        "outcome": "valid",
        "document": document,
        "value": {"name": "Ada", "age": None},
        "spans": spans,
    }
    (tmp_path / "records.jsonl").write_text(json.dumps(record) + "\n", "utf-8")
    result = run("records.jsonl", "--to", "label-studio", "-o", "tasks.json", "--interface", "view.xml")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "1 document\nwarning: lost, 1 times: null" in result.stderr
    assert '<Label value="/name"/>' in (tmp_path / "view.xml").read_text()
    task = json.loads((tmp_path / "tasks.json").read_text("utf-8"))[0]
    assert "annotations" not in task  # a model said so: Label Studio shows it for correction
    task["annotations"] = task.pop("predictions")
    region = task["annotations"][0]["result"][0]["value"]
    region.update(start=8, end=10, text="Bo")
    (tmp_path / "export.json").write_text(json.dumps([task]), "utf-8")
    gold = json.loads(run("export.json").stdout)
    assert (gold["value"], gold["spans"]) == ({"name": "Bo"}, {"/name": {"start": 8, "end": 10}})
    assert (gold["id"], gold["source"]) == (document["id"], "a.txt")
    for target, written in (("doccano", '"label": [[8, 10, "PER"]]'), ("conll", "Bo\tB-PER")):
        (tmp_path / "gold.jsonl").write_text(json.dumps(gold), "utf-8")
        result = run("gold.jsonl", "--to", target, "--field", "PER=/name")
        assert written in result.stdout
        assert "\x1b" not in result.stdout


def test_a_text_that_is_needed_and_not_there_is_told(tmp_path):
    (tmp_path / "gold.jsonl").write_text('{"source": "none.txt", "value": 1}', "utf-8")
    assert run(tmp_path / "gold.jsonl").exit_code == 0
    result = run(tmp_path / "gold.jsonl", "--to", "doccano")
    assert result.exit_code == 2
    assert "'none.txt' is needed and not known" in result.stderr
