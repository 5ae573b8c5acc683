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
