"""The command line with records of an earlier run: `extract --from`."""

import json
import os
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from slotfill import Extractor
from slotfill.cli import main
from slotfill.extractors.runs.ledger.migrations import APPLICATION
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

TRUTH = {"name": "Ada", "age": 36, "city": "London"}
TEXTS = [f"Ada is 36 and lives in London, at number {number}." for number in range(6)]
OLD, NEW = "name, age int", "name, age int, city"
UPDATE = ("extract", NEW, "rows.jsonl", "--record", "-o", "new.jsonl", "--from", "old.jsonl")


@pytest.fixture
def claude(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    claude = SimulatedClaude(lambda asked: {key: TRUTH[key] for key in asked.schema["properties"]})
    with served(claude) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-simulated")
        write(*TEXTS)
        yield claude


def write(*texts, name="rows.jsonl"):
    Path(name).write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))


def run(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


def lines(name="new.jsonl"):
    return [json.loads(line) for line in Path(name).read_text("utf-8").splitlines()]


def write_records(change=lambda record: record, texts=TEXTS):
    """Write records of an earlier run, without any run."""
    with Extractor(OLD, client=SimulatedClaude(lambda _: {"name": "Ada", "age": 36}).client()) as extractor:
        records = [extractor.extract(text).to_json() for text in texts]
    for number, record in enumerate(records, 1):
        record["document"]["source"] = f"rows.jsonl#{number}"
    Path("old.jsonl").write_text("".join(json.dumps(change(record)) + "\n" for record in records))
    return records


def asked(claude):
    return [sorted(entry.body["output_config"]["format"]["schema"]["properties"]) for entry in claude.requests]


def test_a_field_more_is_asked_for_alone_and_what_it_saved_is_told(claude):
    run("extract", OLD, "rows.jsonl", "--record", "-o", "old.jsonl")
    before = sum(Decimal(record["cost_usd"]) for record in lines("old.jsonl"))
    claude.requests.clear()
    result = run(*UPDATE)
    assert result.exit_code == 0, result.stderr
    assert asked(claude) == [["city"]] * 6
    assert [record["value"] for record in lines()] == [TRUTH] * 6
    assert {tuple(record["taken_over"]["fields"]) for record in lines()} == {("/name", "/age")}
    assert "asked for: city; taken over: name, age" in result.stderr
    cost = sum(Decimal(record["cost_usd"]) for record in lines())
    saved = f"which saved about ${before - cost:.4f} (they had cost ${before:.4f} before)"
    assert f"6 in part taken over, {saved}" in result.stderr


def test_where_nothing_has_changed_nothing_is_asked_and_all_is_written(claude):
    write_records()
    result = run("extract", OLD, "rows.jsonl", "-o", "new.jsonl", "--from", "old.jsonl", "--log-format", "json")
    assert result.exit_code == 0
    assert claude.requests == []
    assert [line["value"] for line in lines()] == [{"name": "Ada", "age": 36}] * 6
    taken = json.loads(result.stderr.splitlines()[-1])["taken_over"]
    assert (taken["whole"], taken["in_part"], taken["cost_usd"]) == (6, 0, "0")
    assert taken["saved_usd_about"] == taken["before_usd"] != "0"


def test_a_run_that_was_interrupted_goes_on_and_pays_nothing_twice(claude):
    write_records()
    assert run(*UPDATE, "--limit", 2).exit_code == 0
    result = run(*UPDATE)
    assert "resuming: 2 documents are done" in result.stderr
    assert run(*UPDATE).exit_code == 0
    assert asked(claude) == [["city"]] * 6
    assert len(lines()) == 6


def test_other_records_are_another_run(claude):
    write_records()
    run(*UPDATE)
    write_records(texts=TEXTS[:3])
    run(*UPDATE)
    run(*UPDATE[:-2])
    assert sorted(asked(claude)) == [["age", "city", "name"]] * 9 + [["city"]] * 9
    assert len([*Path(".slotfill").glob("*.db")]) == 3


def test_a_dry_run_counts_what_would_be_asked(claude):
    write_records(texts=TEXTS[:4])
    full, part = (json.loads(run(*UPDATE[:end], "--dry-run").stdout) for end in (-2, None))
    assert (full["requests"], part["requests"], part["taken_over"]) == (6, 6, 0)
    assert part["input_tokens"] < full["input_tokens"]
    nothing = json.loads(run("extract", OLD, "rows.jsonl", "--from", "old.jsonl", "--dry-run").stdout)
    assert (nothing["requests"], nothing["taken_over"]) == (2, 4)
    assert claude.requests == []


def test_of_several_records_of_a_document_the_last_one_counts(claude):
    earlier = write_records(texts=TEXTS[:1])
    later = [record | {"value": record["value"] | {"name": "36"}} for record in earlier]
    Path("old.jsonl").write_text("".join(json.dumps(record) + "\n" for record in (*earlier, *later)))
    write(TEXTS[0])
    assert run(*UPDATE).exit_code == 0
    assert [record["value"]["name"] for record in lines()] == ["36"]


def test_documents_without_a_record_are_asked_in_full_and_records_without_a_document_are_told(claude):
    write_records()
    write(*TEXTS[2:], "Someone else is 36, too.")
    result = run(*UPDATE)
    assert sorted(asked(claude)) == [["age", "city", "name"]] + [["city"]] * 4
    # What stands in rows 1 and 2 now has records of its own, by its text; what stood there has none.
    assert "1 of the 6 earlier records are of no document in the input" not in result.stderr
    write(*TEXTS[:2])
    assert "4 of the 6 earlier records are of no document in the input" in run(*UPDATE).stderr


def test_an_output_whose_ledger_is_there_will_do(claude):
    run("extract", OLD, "rows.jsonl", "-o", "old.jsonl")
    assert "schema" not in lines("old.jsonl")[0]
    claude.requests.clear()
    assert run(*UPDATE).exit_code == 0
    (ledger,) = Path(".slotfill").glob("old.jsonl-*.db")
    assert run(*UPDATE[:-3], "again.jsonl", "--from", ledger).exit_code == 0
    assert asked(claude) == [["city"]] * 12
    assert [record["value"] for record in lines("again.jsonl")] == [TRUTH] * 6


def test_a_folder_of_records_will_do(claude):
    Path("texts").mkdir()
    for number, text in enumerate(TEXTS):
        Path(f"texts/{number}.txt").write_text(text)
    run("extract", OLD, "texts", "--record", "-o", "old")
    claude.requests.clear()
    assert run("extract", NEW, "texts", "-o", "new", "--from", "old").exit_code == 0
    assert asked(claude) == [["city"]] * 6


def test_records_beside_the_documents_are_no_documents(claude):
    Path("texts").mkdir()
    Path("texts/a.txt").write_text(TEXTS[0])
    run("extract", OLD, "texts", "--record", "-o", "texts/old.jsonl")
    claude.requests.clear()
    result = run("extract", NEW, "texts", "-o", "texts/new.jsonl", "--from", "texts/old.jsonl")
    assert result.exit_code == 0, result.stderr
    assert asked(claude) == [["city"]]


def test_of_records_that_do_not_say_what_they_were_asked_by_the_schema_is_named(claude):
    write_records(lambda record: record["schema"].pop("digests") and record)
    unnamed = run(*UPDATE)
    assert (unnamed.exit_code, claude.requests) == (2, [])
    assert "'old.jsonl', line 1: the record is of schema 'inline'" in unnamed.stderr
    assert "name that schema with --from-schema" in " ".join(unnamed.stderr.split())
    wrong = run(*UPDATE, "--from-schema", "name, age number")
    assert (wrong.exit_code, claude.requests) == (2, [])
    assert "not the one that --from-schema names" in wrong.stderr
    assert run(*UPDATE, "--from-schema", OLD).exit_code == 0
    assert asked(claude) == [["city"]] * 6


def test_other_instructions_change_all_fields_unless_they_are_only_reworded(claude):
    write_records()
    other = run(*UPDATE, "--instructions", "Read it well.", "--limit", 1)
    assert "all is asked for, as the instructions have changed (--reworded" in other.stderr
    run(*UPDATE, "--instructions", "Read it well.", "--limit", 1, "--reworded")
    assert asked(claude) == [["age", "city", "name"], ["city"]]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--from", "none.jsonl"), "'none.jsonl' is not there"),
        (("--from", "pipe.jsonl"), "'pipe.jsonl' is no regular file"),
        (("--from", "values.jsonl"), "holds no records, and no ledger of it is there"),
        (("--from", "rows.jsonl"), "--from names an INPUT"),
        (("--from", "mixed.jsonl"), "'mixed.jsonl', line 2: it holds no record"),
        (("--from", "damaged.jsonl"), "'damaged.jsonl', line 1: the record is damaged"),
        (("--from", "newer.jsonl"), "line 1: the record is of version 9"),
        (("--from", "half.jsonl"), "'half.jsonl', line 2: it is no JSON"),
        (("--from", "deep.jsonl"), "'deep.jsonl', line 1: it is no JSON"),
        (("--from", "bytes.csv"), "holds no records"),
        (("--from", "empty.jsonl"), "holds no records"),
        (("--from", "fake.db"), "the run's ledger 'fake.db' cannot be read"),
        (("--from", "old.jsonl", "-o", "old.jsonl"), "--from names what this run would write"),
        (("--from", "old.jsonl", "--rejects", "./old.jsonl"), "--from names what this run would write"),
        (("--from", "old.jsonl", "--stream"), "--stream and --from exclude each other"),
        (("--reworded",), "are for --from"),
        (("--from-schema", OLD), "are for --from"),
    ],
)
def test_what_cannot_be_taken_over_is_said_in_a_line_before_any_call(claude, arguments, reason):
    (record, *_) = write_records()
    text = json.dumps(record)
    Path("values.jsonl").write_text(json.dumps({"source": "a", "value": {"name": "Ada", "age": 36}}))
    Path("mixed.jsonl").write_text(text + '\n{"source": "a", "value": 1}\n')
    Path("damaged.jsonl").write_text(json.dumps(record | {"spans": {"/name": {"start": "x\u202e\x1b[2J"}}}))
    Path("newer.jsonl").write_text(json.dumps(record | {"slotfill": 9}))
    Path("half.jsonl").write_text(text + "\n" + text[:50])
    Path("deep.jsonl").write_text("[" * 100_000)
    Path("bytes.csv").write_bytes(b"\xff\xfe\x00\x80" * 100)
    Path("empty.jsonl").write_text("")
    os.mkfifo("pipe.jsonl")
    Path("fake.db").write_bytes(b"SQLite format 3\0".ljust(68, b"\0") + APPLICATION.to_bytes(4) + b"\0" * 500)
    output = () if "-o" in arguments or "--stream" in arguments else ("-o", "out.jsonl")
    result = run("extract", NEW, "rows.jsonl", *output, *arguments)
    assert (result.exit_code, claude.requests) == (2, [])
    assert reason in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert not {"\u202e", "\x1b"} & {*result.stderr}
