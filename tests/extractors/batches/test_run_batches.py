"""The batches that ledgers know of: read from those of any version, and from none that somebody else has written to."""

import sqlite3
from contextlib import closing

import pytest

from slotfill.extractors.batches.batch_service import BatchStatus
from slotfill.extractors.batches.run_batches import batches_of
from slotfill.extractors.runs.ledger import migrations
from slotfill.extractors.runs.ledger.migrations import MIGRATIONS, WITH_BATCHES
from slotfill.extractors.runs.ledger.store import Ledger

ABOUT = {"schema": "feedback", "models": "claude-haiku-5-5", "output": "out.jsonl", "command": "slotfill extract"}


def changed(path, *statements):
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()
    return path


def row(intent, state, *, batch="NULL", start=1, at=1_800_000_000, requests=3):
    return (
        "INSERT INTO batches (intent, start, wave, at, requests, batch, expires, state) "
        f"VALUES ('{intent}', {start}, 1, {at}, {requests}, {batch}, NULL, '{state}')"
    )


def request(intent, ask, document, result):
    return f"INSERT INTO batch_requests VALUES ('{intent}', x'{ask}', x'{document}', 'm', 'tool', 0, NULL, {result}, 1)"


@pytest.fixture
def path(tmp_path):
    with Ledger(tmp_path / "a.db", about=ABOUT):
        pass
    return tmp_path / "a.db"


def test_a_batch_is_known_with_its_run_and_what_of_it_is_read(path):
    changed(
        path,
        row("b", "created", batch="'msgbatch_2'", at=2),
        row("a", "read", batch="'msgbatch_1'", at=1),
        row("c", "void", at=3),
        request("b", "01", "01", "'answered'"),
        request("b", "01", "02", "'answered'"),  # it shares the reply
        request("b", "02", "01", "'failed'"),
        request("b", "03", "01", "NULL"),
    )
    known = batches_of([path])
    assert [(one.intent, one.batch, one.is_open) for one in known.batches] == [
        ("a", "msgbatch_1", False),
        ("b", "msgbatch_2", True),
    ]
    assert known.open == (known.batches[1],)
    assert known.by_name == {"msgbatch_1": known.batches[0], "msgbatch_2": known.batches[1]}
    batch = known.batches[1]
    assert batch.results == {"answered": 1, "failed": 1}
    assert (batch.output, batch.schema, batch.models, batch.command) == (
        "out.jsonl",
        "feedback",
        "claude-haiku-5-5",
        "slotfill extract",
    )
    assert (batch.ledger, known.skipped) == (path, ())


def test_those_before_the_last_fresh_start_are_given_up(path):
    with Ledger(path, about=ABOUT, fresh=True):
        pass
    with Ledger(path, about=ABOUT):
        pass
    changed(path, *(row(name, "created", start=start) for name, start in (("a", 1), ("b", 2), ("c", 3))))
    assert [(one.intent, one.given_up) for one in batches_of([path]).batches] == [
        ("a", True),
        ("b", False),
        ("c", False),
    ]


def test_only_one_without_an_id_may_be_another(path):
    changed(path, row("a", "intended"), row("b", "created", batch="'msgbatch_1'"))
    status = BatchStatus("msgbatch_9", "in_progress", 1_800_000_010.0, None, {"processing": 3})
    assert [one.may_be(status) for one in batches_of([path]).batches] == [True, False]
    more = BatchStatus("msgbatch_9", "in_progress", 1_800_000_010.0, None, {"processing": 4})
    assert not batches_of([path]).batches[0].may_be(more)


def test_a_ledger_that_did_not_know_of_batches_has_none(tmp_path, monkeypatch):
    with closing(sqlite3.connect(tmp_path / "old.db")) as database, monkeypatch.context() as earlier:
        earlier.setattr(migrations, "MIGRATIONS", MIGRATIONS[: WITH_BATCHES - 1])
        migrations.migrate(database, "it")
        assert not database.execute("SELECT * FROM sqlite_master WHERE name = 'batches'").fetchall()
    known = batches_of([tmp_path / "old.db"])
    assert (known.batches, known.skipped) == ((), ())


@pytest.mark.parametrize(
    "statement",
    [
        row("a", "elsewhere"),
        row("a", "created", requests=-1),
        row("a", "created", batch="x'00'"),
        "UPDATE run SET value = x'00' WHERE name = 'output'",
        row("a", "created", batch="'../models'"),
        request("a", "01", "01", "'elsewhere'"),
    ],
)
def test_what_somebody_else_has_written_is_told_and_not_taken(path, statement):
    known = batches_of([changed(path, statement)])
    assert known.batches == ()
    assert known.skipped == ((path, "it is damaged: what stands there was not written by slotfill"),)


def test_one_that_cannot_be_read_hides_no_other(path, tmp_path):
    changed(path, row("a", "created"))
    (tmp_path / "b.db").write_bytes(b"no database" * 100)
    changed(tmp_path / "c.db", "CREATE TABLE batches (intent)")
    known = batches_of([tmp_path / "b.db", tmp_path / "c.db", path, tmp_path / "d"])
    assert [one.intent for one in known.batches] == ["a"]
    assert [(one.name, reason) for one, reason in known.skipped] == [
        ("b.db", "file is not a database"),
        ("c.db", "it is no ledger of slotfill"),
        ("d", "unable to open database file"),
    ]


def test_a_run_that_keeps_nothing_keeps_no_command(tmp_path):
    with Ledger(tmp_path / "a.db", about=ABOUT, retention="none") as ledger:
        assert ledger.database.row("SELECT value FROM run WHERE name = 'command'") == ("slotfill extract",)
        ledger.complete()
        assert not ledger.database.rows("SELECT value FROM run WHERE name = 'command'")
