"""Ledgers that come with somebody else's folder: what they say counts only where slotfill can have written it."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from slotfill.cli import main
from slotfill.extractors.documents.document import Document
from slotfill.extractors.errors import LedgerError
from slotfill.extractors.extractions.record_seal import RecordSeal
from slotfill.extractors.record.parts import Rung
from slotfill.extractors.rungs.asks import Answer, Ask
from slotfill.extractors.rungs.prompt import Prompt
from slotfill.extractors.runs.ledger import lock
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

FEEDBACK = {"sentiment": "negative", "key_issues": ["late"], "urgency": 3, "suggested_action": "Refund."}
OUTPUTS = ("out.jsonl", "out", "out.csv", "out.db", "-")


@pytest.fixture
def claude(tmp_path, monkeypatch):
    """Two documents, of which the ledger says that they are done."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLOTFILL_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-simulated")
    claude = SimulatedClaude([FEEDBACK] * 9)
    with served(claude) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        for name in "ab":
            Path(f"{name}.txt").write_text(f"It came late, {name}.")
        yield claude


def extract(*arguments, output="out.jsonl"):
    command = ["extract", "feedback", "a.txt", "b.txt", "-o", output, *arguments]
    return CliRunner().invoke(main, command, catch_exceptions=False)


def ledger():
    (path,) = Path("state").glob("*.db")
    return path


def planted(statement, *values):
    """Change what the ledger says."""
    with closing(sqlite3.connect(ledger())) as database:
        database.execute(statement, values)
        database.commit()


def changed(**parts):
    """Change parts of the first record."""
    with closing(sqlite3.connect(ledger())) as database:
        number, record = database.execute("SELECT number, record FROM records ORDER BY number").fetchone()
        source = json.loads(record)["document"]["source"]
        record = json.dumps({**json.loads(record), **parts})
        database.execute("UPDATE records SET record = ? WHERE number = ?", (record, number))
        database.commit()
    return source


def values(output="out.jsonl"):
    return [json.loads(line) for line in Path(output).read_text().splitlines()]


HOSTILE = {
    "a value that the schema refuses": {"value": {**FEEDBACK, "urgency": 99}},
    "a value with more in it": {"value": {**FEEDBACK, "injected": "<script>"}},
    "no value": {"value": None},
    "a time that is a word": {"ms": "x"},
    "a number in quotes": {"ms": "12"},
    "a negative count": {"usage": dict.fromkeys(["input_tokens", "output_tokens"], -1)},
    "no object": {"document": []},
    "attempts that are a number": {"attempts": 3},
    "an edit without a risk": {"edits": [{"path": "", "kind": "x", "before": 1, "after": 2}]},
    "an unknown match": {"spans": {"/urgency": {"start": 0, "end": 1, "match": "surely"}}},
    "money that is a word": {"cost_usd": "a lot"},
    "another outcome": {"outcome": "mended"},
    "an outcome that there is none of": {"outcome": "brilliant"},
    "another schema": {"schema": {"name": "feedback", "id": "0" * 64}},
    "another document": {"document": {"id": "0" * 64, "source": "a.txt", "chars": 3}},
    "another version": {"slotfill": 2},
    "a key of its own": {"extra": 1},
    "deep nesting": {"invalid": [[[[1]]]], "value": json.loads("[" * 150 + "]" * 150)},
}


@pytest.mark.sweep
@pytest.mark.parametrize("parts", HOSTILE.values(), ids=HOSTILE)
def test_a_record_that_is_not_sound_is_no_output_and_is_asked_about_again(claude, parts):
    assert extract("--rejects", "rejects.jsonl").exit_code == 0
    source = changed(**parts)
    (other,) = {"a.txt", "b.txt"} - {source}
    result = extract("--rejects", "rejects.jsonl")
    assert result.exit_code == 1
    assert values() == [{"source": other, "value": FEEDBACK}]
    (reject,) = values("rejects.jsonl")
    assert (reject["document"]["source"], reject["error"]["type"]) == (source, "damaged")
    (told,) = [line for line in result.stderr.splitlines() if "damaged" in line and source in line]
    assert str(ledger()) in told
    assert "<script>" not in result.stderr
    result = extract("--rejects", "rejects.jsonl")  # from the answers there are
    assert result.exit_code == 0
    assert [line["value"] for line in values()] == [FEEDBACK, FEEDBACK]
    assert len(claude.requests) == 2


FORGED = {
    **{name: parts for name, parts in HOSTILE.items() if "value" in parts},
    "another outcome": {"outcome": "mended"},
    "another schema": {"schema": {"name": "feedback", "id": "0" * 64}},
}


@pytest.mark.parametrize("parts", FORGED.values(), ids=FORGED)
def test_a_seal_that_is_forged_hides_nothing_of_what_is_written(claude, parts):
    extract()
    with closing(sqlite3.connect(ledger())) as database:
        number, key, text = database.execute("SELECT number, document, record FROM records").fetchone()
        record = {**json.loads(text), **parts}
        text = json.dumps(record, separators=(",", ":"))
        seal = RecordSeal.of(record, text, key)
        database.execute(
            "UPDATE records SET record = ?, checksum = ?, value_start = ?, value_end = ? WHERE number = ?",
            (text, *seal, number),
        )
        database.commit()
    assert None not in seal
    result = extract("--rejects", "rejects.jsonl")
    assert (result.exit_code, len(values())) == (1, 1)
    assert [reject["error"]["type"] for reject in values("rejects.jsonl")] == ["damaged"]
    assert extract().exit_code == 0


@pytest.mark.sweep
@pytest.mark.parametrize("place", ["0", "10", "-1", "1e300", "9223372036854775807", "'x'", "x'ff'"])
@pytest.mark.parametrize("column", ["checksum", "value_start", "value_end"])
def test_a_seal_that_is_damaged_is_passed_over_or_told(claude, column, place):
    extract()
    planted(f"UPDATE records SET {column} = {place} WHERE number = 1")
    result = extract()
    assert "Traceback" not in result.stderr
    assert (result.exit_code, [line["value"] for line in values()]) == (0, [FEEDBACK] * 2)


def contents(output):
    path = Path(output)
    return {str(file): file.read_bytes() for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file()}


@pytest.mark.parametrize("output", ["out.jsonl", "out", "out.csv"])
def test_an_output_is_the_same_with_seals_and_without(claude, output):
    extract(output=output)
    before = contents(output)
    assert extract(output=output).exit_code == 0
    assert contents(output) == before
    planted("UPDATE records SET checksum = NULL")
    assert extract(output=output).exit_code == 0
    assert contents(output) == before


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_record_of_an_earlier_slotfill_is_sound(claude, output):
    extract("--record", output=output)
    with closing(sqlite3.connect(ledger())) as database:
        for number, text in database.execute("SELECT number, record FROM records").fetchall():
            record = json.loads(text)
            del record["surcharge_usd"]
            for part in (record, *record["attempts"]):
                del part["usage"]["thinking_tokens"]
            database.execute("UPDATE records SET record = ? WHERE number = ?", (json.dumps(record), number))
        database.commit()
    result = extract("--record", output=output)
    assert (result.exit_code, len(claude.requests)) == (0, 2)


@pytest.mark.parametrize("output", OUTPUTS)
def test_whatever_the_output_is(claude, output):
    assert extract(output=output).exit_code == 0
    changed(value={**FEEDBACK, "suggested_action": "EVIL", "urgency": 99})
    result = extract(output=output)
    assert result.exit_code == 1
    assert "damaged" in result.stderr
    assert "EVIL" not in result.stdout
    assert not [file for file in Path(output).rglob("*") if file.is_file() and b"EVIL" in file.read_bytes()]


GARBAGE = [
    b"\xff\xfe\x00",
    b"",
    "",
    "{",
    "[]",
    "null",
    "1e999",
    '{"slotfill": 1}',
    3,
    2.5,
    "\ud800".encode("utf-8", "surrogatepass"),
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=repr)
def test_a_record_that_is_no_json_of_ours_is_damaged(claude, garbage):
    extract()
    planted("UPDATE records SET record = ? WHERE number = 1", garbage)
    result = extract()
    assert result.exit_code == 1
    assert "damaged" in result.stderr
    assert len(values()) == 1


def test_a_record_that_is_not_there_is_damaged(claude):
    extract()
    planted("DELETE FROM records WHERE number = 1")
    result = extract()
    assert (result.exit_code, len(values())) == (1, 1)
    assert "damaged" in result.stderr


@pytest.mark.parametrize(
    "what",
    ["outcome = 'brilliant'", "outcome = x'ff'", "outcome = 3", "failure = x'00'", "record = 'one'", "start = 'soon'"],
)
def test_an_entry_that_is_not_sound_is_asked_about_again_at_once(claude, what):
    extract()
    planted("DELETE FROM inputs")
    planted(f"UPDATE documents SET {what}")
    result = extract()
    assert "Traceback" not in result.stderr
    assert result.exit_code == 0
    assert [line["value"] for line in values()] == [FEEDBACK, FEEDBACK]


@pytest.mark.parametrize(
    "what",
    ["outcome = 'brilliant'", "outcome = x'ff'", "outcome = 3", "start = 'soon'", "start = NULL", "outcome = NULL"],
)
def test_what_is_said_beside_the_input_and_is_not_sound_is_looked_up(claude, what):
    extract()
    planted(f"UPDATE inputs SET known_{what}")
    result = extract()
    assert (result.exit_code, len(claude.requests), "Traceback" in result.stderr) == (0, 2, False)
    assert [line["value"] for line in values()] == [FEEDBACK, FEEDBACK]


@pytest.mark.parametrize("record", ["'one'", "x'00'", "NULL", "10000", "2"])
def test_a_record_that_is_named_beside_the_input_and_is_of_another_document_is_damaged(claude, record):
    extract()
    planted(f"UPDATE inputs SET known_record = {record} WHERE position = 0")
    assert "Traceback" not in extract().stderr
    assert extract().exit_code == 0
    assert [line["value"] for line in values()] == [FEEDBACK, FEEDBACK]


@pytest.mark.parametrize("known", ["known_start = ?", "known_outcome = NULL, known_record = NULL, known_start = NULL"])
@pytest.mark.parametrize("start", [2, 3, 10**9, -1])
def test_an_entry_that_says_it_is_of_this_very_start_is_verified_all_the_same(claude, start, known):
    extract()
    changed(value={**FEEDBACK, "urgency": 99})
    planted("UPDATE documents SET start = ?", start)
    planted(f"UPDATE inputs SET {known}", *[start] * known.count("?"))
    result = extract()
    assert (result.exit_code, len(values())) == (1, 1)


@pytest.mark.sweep
@pytest.mark.parametrize(
    "answer",
    [
        *GARBAGE,
        '{"json": 3, "usage": {}, "ms": 1}',
        '{"json": "{}", "usage": {"input_tokens": "many"}, "ms": 1}',
        '{"json": "{}", "usage": {"input_tokens": -5}, "ms": 1}',
        '{"json": "{}", "usage": {}, "ms": "x"}',
        '{"json": "{}", "usage": {}, "ms": 1, "errors": [["only one"]]}',
        '{"usage": {}, "ms": 1, "failure": {"type": "authentication", "message": "m", "path": ""}}',
        '{"json": "{}", "usage": {}, "ms": 1, "more": 1}',
    ],
    ids=repr,
)
def test_an_answer_that_is_not_sound_is_asked_for_again(claude, answer):
    extract()
    planted("DELETE FROM documents")
    planted("DELETE FROM inputs")
    planted("UPDATE answers SET answer = ? WHERE number = 1", answer)
    result = extract()
    assert result.exit_code == 0
    assert [line["value"] for line in values()] == [FEEDBACK, FEEDBACK]
    assert "holds a damaged answer" in result.stderr
    assert len(claude.requests) == 3
    planted("DELETE FROM documents")
    planted("DELETE FROM inputs")
    assert "damaged" not in extract().stderr  # it is told once
    assert len(claude.requests) == 3


def test_an_answer_holds_what_json_can_and_pydantic_cannot():
    answer = Answer(json='"\ud800"', text="\udfff \U0001f600 0.10000000000000000055")
    asked, document = Ask(Rung.ASK, "m", "text", Prompt("", ()), 1), Document.of("A.")
    with Ledger(None) as stored:
        stored.keep(document, asked, answer)
        assert stored.recall(document) == {asked.digest: [answer]}


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON inputs BEGIN DELETE FROM documents; END",
        "CREATE TRIGGER t AFTER INSERT ON tries BEGIN UPDATE tries SET picodollars = 0; END",
        "CREATE VIEW v AS SELECT * FROM documents",
        "CREATE UNIQUE INDEX i ON texts (text)",
        "CREATE TABLE more (x)",
        "DROP TABLE texts",
        "ALTER TABLE documents ADD COLUMN more",
        "ALTER TABLE documents RENAME COLUMN outcome TO other",
    ],
)
def test_other_tables_are_refused(claude, statement):
    extract()
    planted(statement)
    result = extract()
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert "its tables are not those of a ledger; move it away" in line


def test_a_table_that_hides_behind_a_view_is_refused(claude):
    extract()
    with closing(sqlite3.connect(ledger())) as database:
        database.executescript("ALTER TABLE documents RENAME TO real; CREATE VIEW documents AS SELECT * FROM real")
    assert extract().exit_code == 2


def test_starts_that_hide_what_is_spent_are_refused(claude):
    extract()
    planted("INSERT INTO starts VALUES (9223372036854775807, 0, 1, '{}', 1)")
    result = extract()
    assert result.exit_code == 2
    assert "out of order" in result.stderr


@pytest.mark.parametrize("amount", [-(10**15), "much", b"\x00", 1e300])
def test_money_that_is_none_never_makes_room_in_the_budget(claude, amount):
    extract()
    planted("UPDATE tries SET picodollars = ? WHERE number = 1", amount)
    Path("c.txt").write_text("It never came.")
    result = CliRunner().invoke(
        main, ["extract", "feedback", "a.txt", "b.txt", "c.txt", "-o", "out.jsonl", "--max-cost", "1"]
    )
    assert "Traceback" not in result.stderr
    assert result.exit_code in (2, 3)


@pytest.mark.parametrize("place", ["fifo", "folder", "link", "text", "other database", "empty"])
def test_what_is_no_ledger_is_refused_in_one_line_or_is_begun(claude, place):
    extract()
    path = ledger()
    path.unlink()
    if place == "fifo":
        os.mkfifo(path)
    elif place == "folder":
        path.mkdir()
    elif place == "link":
        Path("elsewhere.db").write_bytes(b"")
        path.symlink_to(Path("elsewhere.db").absolute())
    elif place == "text":
        path.write_text("no database at all " * 99)
    elif place == "other database":
        with closing(sqlite3.connect(path)) as database:
            database.execute("CREATE TABLE mine (x)")
            database.commit()
    else:
        path.touch()
    result = extract()
    assert "Traceback" not in result.stderr
    if place == "empty":
        assert result.exit_code == 0
    else:
        assert result.exit_code == 2
        assert len(result.stderr.splitlines()) == 1
    if place == "link":
        assert Path("elsewhere.db").read_bytes() == b""


class TestOthers:
    """What another user owns: as root a file can be given away, and anybody else may pretend to be another."""

    @pytest.fixture
    def other(self, monkeypatch):
        monkeypatch.setattr(lock, "_ROOT", -1)
        monkeypatch.setattr(os, "geteuid", lambda: 12_345_678)

    @pytest.mark.parametrize("suffix", ["", "-wal", "-journal", ".lock"])
    def test_a_ledger_of_another_user_is_refused(self, claude, suffix):
        if os.geteuid() != 0:
            pytest.skip("only root can give a file away")
        extract()
        path = ledger().with_name(ledger().name + suffix)
        path.touch()
        os.chown(path, 12_345_678, -1)
        result = extract()
        assert result.exit_code == 2
        (line,) = result.stderr.splitlines()
        assert "belongs to another user (uid 12345678)" in line
        assert "SLOTFILL_STATE" in line

    def test_so_is_their_folder_of_ledgers(self, claude, other, monkeypatch):
        monkeypatch.delenv("SLOTFILL_STATE")
        Path(".slotfill").mkdir()
        result = extract()
        assert (result.exit_code, len(claude.requests)) == (2, 0)
        assert "belongs to another user" in result.stderr

    def test_so_is_their_output_folder(self, claude, other):
        Path("out").mkdir()
        result = extract(output="out")
        assert (result.exit_code, len(claude.requests)) == (2, 0)
        assert "the output folder 'out' belongs to another user" in result.stderr

    def test_so_is_a_link_of_theirs_to_a_folder_of_ones_own(self, claude, monkeypatch, tmp_path):
        if os.geteuid() != 0:
            pytest.skip("only root can give a link away")
        monkeypatch.delenv("SLOTFILL_STATE")
        Path("mine").mkdir()
        Path(".slotfill").symlink_to("mine")
        os.lchown(".slotfill", 12_345_678, -1)
        assert extract().exit_code == 2


def test_going_on_tells_since_when(claude):
    extract()
    planted("UPDATE starts SET at = 1700000000")
    (line,) = [line for line in extract().stderr.splitlines() if "resuming" in line]
    assert "2 documents are done" in line
    assert "2023-11-1" in line
    planted("UPDATE starts SET at = 'long ago'")
    assert extract().exit_code == 0


def test_the_record_of_a_text_is_verified_for_each_of_its_documents(claude):
    Path("b.txt").write_text(Path("a.txt").read_text())
    extract()
    changed(value="EVIL")
    result = extract()
    assert (result.exit_code, values()) == (1, [])


def test_a_time_that_is_none_hides_no_process_that_is_at_work(claude):
    extract()
    path = ledger()
    with Ledger(path):
        planted("UPDATE starts SET at = 1e300, process = 'me'")
        with pytest.raises(LedgerError, match="another process is at work"):
            Ledger(path)


CONTEXTUAL = """
import time
from decimal import Decimal
from pydantic import BaseModel, Field, SecretStr, computed_field, field_serializer, field_validator

class Quoted(BaseModel):
    quote: str = Field(serialization_alias="Quote")
    secret: SecretStr
    amount: Decimal
    rounded: float
    hidden: str = Field(exclude=True)

    @field_serializer("rounded")
    def _rounded(self, rounded):
        return round(rounded, 1)

class Contextual(Quoted):
    @field_validator("quote")
    @classmethod
    def _stands_there(cls, quote, info):
        if quote not in info.context["text_chunk"]:
            raise ValueError("does not stand there")
        return quote

class Dated(Quoted):
    @computed_field
    @property
    def at(self) -> float:
        return time.time()
"""


@pytest.mark.parametrize("model", ["Quoted", "Contextual", "Dated"])
def test_what_was_right_stays_right(claude, model):
    Path("own.py").write_text(CONTEXTUAL)
    reply = {"quote": "late", "secret": "s", "amount": "12345678901234567890.12", "rounded": 1.26, "hidden": "h"}
    claude.script([reply] * 9)
    command = ["extract", f"own.py:{model}", "a.txt", "b.txt", "-o", "out.jsonl"]
    for _ in range(3):
        result = CliRunner().invoke(main, command, catch_exceptions=False)
        assert result.exit_code == 0, result.stderr
        assert "damaged" not in result.stderr
        value = {"Quote": "late", "secret": "*" * 10, "amount": "12345678901234567890.12", "rounded": 1.3}
        assert [{**line["value"], "at": 0} for line in values()] == [{**value, "at": 0}] * 2
    assert len(claude.requests) == 2


@pytest.mark.parametrize("part", ["value", "reply"])
def test_a_value_whose_validators_want_the_text_is_verified_with_it(claude, part):
    Path("own.py").write_text(CONTEXTUAL)
    reply = {"quote": "late", "secret": "s", "amount": "1.5", "rounded": 1.26, "hidden": "h"}
    claude.script([reply] * 9)
    command = ["extract", "own.py:Contextual", "a.txt", "b.txt", "-o", "out.jsonl"]
    CliRunner().invoke(main, command, catch_exceptions=False)
    changed(**{part: {**reply, "quote": "EVIL"}})
    result = CliRunner().invoke(main, command, catch_exceptions=False)
    assert result.exit_code == 0
    assert "holds a damaged record" in result.stderr
    assert [line["value"]["Quote"] for line in values()] == ["late", "late"]
