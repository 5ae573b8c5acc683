"""The ledger: what a run knows, in a file that outlives its process."""

import os
import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.extractors.documents.document import Document
from slotfill.extractors.errors import LedgerError
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.record.failure_kinds import Failure, FailureKind
from slotfill.extractors.record.parts import Attempt, BatchPlace, ChunkRecord, Outcome, Rung
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.rungs.asks import Answer, Ask
from slotfill.extractors.rungs.prompt import Message, Prompt
from slotfill.extractors.runs.ledger import migrations
from slotfill.extractors.runs.ledger.store import Ledger
from slotfill.schemas.errors import FieldError

A, B = Document.of("A text.", "a.txt"), Document.of("Another text.", "b.txt")
A_AGAIN = Document.of("A text.", "copy.txt")
UNREADABLE = Document("", "0" * 64, "c.txt", Failure(FailureKind.UNREADABLE, "cannot be read: no such file"))


LASTING = [kind for kind in FailureKind if not (kind.retry_later or kind.stops_run)]
"""What another start would meet again: an answer that says so is recalled."""


def ask(text="What?", **changed):
    of = {"rung": Rung.ASK, "model": "m", "mode": "tool", "prompt": Prompt("Extract.", (Message("user", text),))}
    return Ask(**{**of, "max_tokens": 100} | changed)


def ended(document, outcome=Outcome.VALID, failure=None, **others):
    value = {"has_value": outcome.ok, "data": "X" if outcome.ok else None}
    error = Failure(FailureKind(failure), "went wrong") if failure else None
    return Extraction(document, "s", "0" * 64, "m", outcome, error=error, **value, **others)


@pytest.fixture
def path(tmp_path):
    return tmp_path / ".slotfill" / "out.jsonl-0123456789ab.db"


def pending(ledger, *documents):
    return ledger.register(documents).pending


class TestRegister:
    def test_what_is_new_is_pending(self, path):
        with Ledger(path) as ledger:
            assert pending(ledger, A, B, UNREADABLE) == (A, B, UNREADABLE)

    @pytest.mark.parametrize("columns", [{}, {"nr": 17}], ids=["plain", "with columns"])
    @pytest.mark.parametrize("last", ["z.jsonl#40", "z.jsonl#nul\0here", "z\\u0000", 'é"\u2028\U0001f600', None])
    def test_each_keeps_its_own_place_and_source(self, path, columns, last):
        sources = [*(f"z.jsonl#{number}" for number in range(40)), last]
        documents = [Document.of(f"Text {source!r}.", source) for source in sources]
        documents[-1] = replace(documents[-1], columns=columns)
        with Ledger(path) as ledger:
            assert pending(ledger, *documents[:3]) == tuple(documents[:3])
            pending(ledger, *documents[3:])
            entries = [(one.position, one.document.hex(), one.source, one.columns) for one in ledger.entries(0)]
        told = [(number, document.id, document.source, None) for number, document in enumerate(documents)]
        assert entries == [*told[:-1], (40, documents[-1].id, last, '{"nr": 17}' if columns else None)]

    def test_a_text_is_asked_about_once(self, path):
        with Ledger(path) as ledger:
            told = ledger.register([A, A_AGAIN, B, A])
            assert told.pending == (A, B)
            assert [*told.repeats.values()] == [2]

    def test_what_ended_before_is_told_from_what_ends_now_wherever_its_text_stands_again(self, path):
        with Ledger(path) as ledger:
            pending(ledger, A)
            ledger.end(ended(A))
        with Ledger(path) as ledger:
            pending(ledger, A, B)
            ledger.end(ended(B, Outcome.FAILED, "connection"))
            told = ledger.register([A_AGAIN, replace(B, source="again.txt")])
            assert (told.pending, told.resumed) == ((), 1)
            assert dict(told.outcomes) == {Outcome.VALID: 1, Outcome.FAILED: 1}
            ledger.end(ended(B))  # its second try
            entries = [(one.source, one.outcome, one.earlier, one.retry_later) for one in ledger.entries(0)]
        assert entries == [
            (A.source, "valid", True, False),
            (B.source, "valid", False, False),
            (A_AGAIN.source, "valid", True, False),
            ("again.txt", "valid", False, False),
        ]

    def test_what_has_ended_is_not_asked_about_again(self, path):
        with Ledger(path) as ledger:
            pending(ledger, A)
            ledger.end(ended(A))
            told = ledger.register([A_AGAIN, B])
        assert (told.pending, dict(told.outcomes), told.resumed) == ((B,), {Outcome.VALID: 1}, 0)

    def test_nor_by_the_next_start(self, path):
        with Ledger(path) as ledger:
            pending(ledger, A, B)
            ledger.end(ended(A))
        with Ledger(path) as ledger:
            assert ledger.ended == 1
            told = ledger.register([B, A])
        assert (told.pending, told.resumed) == ((B,), 1)

    @pytest.mark.parametrize(
        "failure", ["connection", "timeout", "overloaded", "rate_limit", "server", "unreadable_reply", "internal"]
    )
    def test_what_failed_on_the_way_is_asked_about_by_the_next_start_only(self, path, failure):
        with Ledger(path) as ledger:
            pending(ledger, A)
            ledger.end(ended(A, Outcome.FAILED, failure))
            assert pending(ledger, A) == ()
        with Ledger(path) as ledger:
            assert pending(ledger, A) == (A,)

    def test_what_failed_otherwise_is_asked_about_only_on_request(self, path):
        with Ledger(path) as ledger:
            pending(ledger, A, B)
            ledger.end(ended(A, Outcome.FAILED, "validation"))
            ledger.end(ended(B))
        with Ledger(path) as ledger:
            assert pending(ledger, A, B) == ()
        with Ledger(path, retry_failed=True) as ledger:
            assert pending(ledger, A, B) == (A,)

    def test_fresh_asks_about_all_again(self, path):
        with Ledger(path) as ledger:
            pending(ledger, A)
            ledger.keep(A, ask(), Answer(json="1"))
            ledger.end(ended(A))
        with Ledger(path, fresh=True) as ledger:
            assert pending(ledger, A) == (A,)
            assert not ledger.recall(A)
        with Ledger(path) as ledger:  # what the fresh start has learnt counts, and nothing from before it
            assert not ledger.recall(A)
            assert pending(ledger, A) == (A,)

    def test_an_answer_is_recalled_by_the_next_start_and_by_whoever_comes_again_in_this_one(self, path):
        answer = Answer(json="1")
        with Ledger(path) as ledger:
            pending(ledger, A, B)
            assert not ledger.recall(A)
            ledger.keep(A, ask(), answer)
            assert ledger.recall(A) == {ask().digest: [answer]}
            assert not ledger.recall(B)
            ledger.keep(B, ask(), answer)
            ledger.end(ended(B))
            ledger.end(ended(A, Outcome.FAILED, "timeout"))
            assert ledger.recall(A) == ledger.recall(B) == {ask().digest: [answer]}
        with Ledger(path) as ledger:
            assert pending(ledger, A, B) == (A,)
            assert ledger.recall(A) == {ask().digest: [answer]}

    def test_a_file_that_can_be_read_by_now_is_another_document(self, path):
        with Ledger(path) as ledger:
            pending(ledger, UNREADABLE)
            ledger.end(ended(UNREADABLE, Outcome.FAILED, "unreadable"))
        with Ledger(path) as ledger:
            read = Document.of("It can be read.", UNREADABLE.source)
            assert pending(ledger, read, UNREADABLE) == (read,)


class TestAnswers:
    @given(
        st.builds(
            Answer,
            json=st.none() | st.text(st.characters()),
            text=st.text(st.characters()),
            stop_reason=st.none() | st.just("end_turn"),
            errors=st.lists(st.builds(FieldError, st.text(), st.text())).map(tuple),
            failure=st.none() | st.builds(Failure, st.sampled_from(LASTING), st.text()),
            usage=st.builds(Usage, *[st.integers(0, 10**6)] * 4, tier=st.sampled_from([None, "batch"])),
            ms=st.integers(0, 10**6),
            request_id=st.none() | st.text(min_size=1),
            scored=st.lists(st.text()).map(tuple),
            batch=st.none() | st.builds(BatchPlace, st.text(), st.text()),
        )
    )
    def test_an_answer_comes_back_as_it_was(self, answer):
        with Ledger(None) as ledger:
            ledger.keep(A, ask(), answer)
            assert ledger.recall(A) == {ask().digest: [answer]}

    def test_answers_are_there_before_their_document_ends(self, path):
        with Ledger(path) as ledger:
            ledger.keep(A, ask("1"), Answer(json="1"))
            with sqlite3.connect(path) as other:
                assert other.execute("SELECT count(*) FROM answers").fetchone() == (1,)
            ledger.keep(A, ask("2"), Answer(json="2"))
            ledger.keep(A, ask("1"), Answer(json="3"))
        with Ledger(path) as ledger:
            told = ledger.recall(A_AGAIN)
            assert [[answer.json for answer in told[ask(text).digest]] for text in "12"] == [["1", "3"], ["2"]]
            assert not ledger.recall(B)

    def test_what_was_lost_on_the_way_is_no_answer(self, path):
        with Ledger(path) as ledger:
            ledger.keep(A, ask(), Answer(failure=Failure(FailureKind.TIMEOUT, "too late")))
            ledger.keep(A, ask(), Answer(failure=Failure(FailureKind.BUDGET, "no more")))
            ledger.keep(A, ask(), Answer(failure=Failure(FailureKind.SCHEMA_REFUSED, "too complex")))
            (told,) = ledger.recall(A).values()
        assert [answer.failure.type for answer in told] == ["schema_refused"]

    def test_what_failed_is_asked_anew_on_request(self, path):
        with Ledger(path) as ledger:
            pending(ledger, A)
            ledger.keep(A, ask(), Answer(json="wrong"))
            ledger.end(ended(A, Outcome.FAILED, "validation"))
        with Ledger(path, retry_failed=True) as ledger:
            pending(ledger, A)
            assert not ledger.recall(A)

    def test_what_failed_on_the_way_goes_on_from_the_answers_there_are(self, path):
        with Ledger(path) as ledger:
            pending(ledger, A)
            ledger.keep(A, ask(), Answer(json="1"))
            ledger.end(ended(A, Outcome.FAILED, "connection"))
        with Ledger(path) as ledger:
            pending(ledger, A)
            assert [answer.json for answer in ledger.recall(A)[ask().digest]] == ["1"]

    @pytest.mark.parametrize(
        "changed",
        [
            {"model": "n"},
            {"mode": "text"},
            {"max_tokens": 101},
            {"prompt": Prompt("Extract!", (Message("user", "What?"),))},
        ],
    )
    def test_another_ask_has_another_digest(self, changed):
        assert ask(**changed).digest != ask().digest

    def test_the_rung_that_led_to_an_ask_is_no_part_of_it(self):
        assert ask(rung=Rung.FALLBACK).digest == ask().digest


class TestEntries:
    def test_they_come_in_the_order_of_the_input_with_sources_of_their_own(self, path):
        with Ledger(path) as ledger:
            pending(ledger, A, B, A_AGAIN)
            ledger.end(ended(A))
            told = [(entry.position, entry.source, entry.record is None) for entry in ledger.entries(0)]
            assert told == [(0, "a.txt", False), (1, "b.txt", True), (2, "copy.txt", False)]
            assert [entry.position for entry in ledger.entries(1)] == [1, 2]

    def test_each_start_has_its_own_input(self, path):
        with Ledger(path) as ledger:
            pending(ledger, A, B)
        with Ledger(path) as ledger:
            pending(ledger, B)
            assert [entry.source for entry in ledger.entries(0)] == ["b.txt"]


class TestRetention:
    TEXT = "A secret of the third kind."
    VALUE = "a value that nobody may see"

    def bytes_left(self, path, retention):
        document = Document.of(self.TEXT, "secret-source.txt")
        with Ledger(path, retention=retention) as ledger:
            pending(ledger, document)
            ledger.keep(document, ask(), Answer(json=f'"{self.VALUE}"', usage=Usage(1, 2)))
            ledger.account.settle(ledger.account.reserve("m", Decimal("0.5")), Usage(1, 2), Decimal("0.25"))
            ledger.end(ended(document, Outcome.FAILED, "validation", invalid=self.VALUE))
            ledger.complete()
        left = b"".join(file.read_bytes() for file in path.parent.iterdir())
        return [word.encode() in left for word in (self.TEXT, self.VALUE, document.source)]

    def test_values_keeps_no_texts(self, path):
        assert self.bytes_left(path, "values") == [False, True, True]

    def test_all_keeps_both(self, path):
        assert self.bytes_left(path, "all") == [True, True, True]

    def test_none_keeps_nothing_but_what_was_spent(self, path):
        assert self.bytes_left(path, "none") == [False, False, False]
        with Ledger(path) as ledger:
            assert ledger.account.spent() == Decimal("0.25")

    def test_none_keeps_what_a_run_goes_on_from(self, path):
        with Ledger(path, retention="none") as ledger:
            pending(ledger, A, B)
            ledger.end(ended(A))
        with Ledger(path, retention="none") as ledger:
            assert pending(ledger, A, B) == (B,)


class TestSpending:
    def test_a_reservation_counts_until_it_is_settled(self, path):
        with Ledger(path) as ledger:
            first, second = (ledger.account.reserve("m", Decimal("0.000001")) for _ in range(2))
            assert ledger.account.spent() == Decimal("0.000002")
            ledger.account.settle(first, Usage(1), Decimal("0.0000001"))
            ledger.account.settle(second, None, None)
            assert ledger.account.spent() == Decimal("0.0000011")
        with Ledger(path) as ledger:
            assert ledger.account.spent() == Decimal("0.0000011")

    def test_a_price_that_is_not_known_makes_the_sum_unknown(self, path):
        with Ledger(path) as ledger:
            ledger.account.reserve("m", None)
            assert ledger.account.spent() is None

    def test_a_fresh_start_begins_anew(self, path):
        with Ledger(path) as ledger:
            ledger.account.reserve("m", Decimal(1))
        with Ledger(path, fresh=True) as ledger:
            ledger.account.reserve("m", Decimal(2))
        with Ledger(path) as ledger:
            assert ledger.account.spent() == 2


class TestFile:
    def test_it_is_the_owners_alone(self, path):
        with Ledger(path) as ledger:
            ledger.account.reserve("m", None)
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        assert set(modes.values()) == {0o600}
        assert f"{path.name}-wal" in modes

    def test_a_second_one_is_refused_and_told_by_whom(self, path):
        code = (
            "import sys; from pathlib import Path; from slotfill.extractors.runs.ledger.store import Ledger\n"
            "Ledger(Path(sys.argv[1]))"
        )
        with Ledger(path):
            other = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=False)
        assert f"another process is at work on this run (process {os.getpid()}, since " in other.stderr

    def test_a_second_one_waits_if_it_shall(self, path):
        code = (
            "import sys; from pathlib import Path; from slotfill.extractors.runs.ledger.store import Ledger\n"
            "print('waiting', flush=True); ledger = Ledger(Path(sys.argv[1]), wait=True); print(ledger.ended)"
        )
        with Ledger(path) as ledger:
            other = subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE, text=True)
            assert other.stdout.readline() == "waiting\n"
            pending(ledger, A)
            ledger.end(ended(A))
            assert other.poll() is None
        assert other.communicate()[0] == "1\n"

    def test_a_damaged_one_is_refused_and_left_as_it_is(self, path):
        with Ledger(path) as ledger:
            pending(ledger, *(Document.of(f"Text {number}.") for number in range(500)))
        data = bytearray(path.read_bytes())
        data[:4096] = os.urandom(4096)
        path.write_bytes(data)
        with pytest.raises(
            LedgerError, match=r"ledger '.*0123456789ab\.db' is damaged: .*; move it away to begin anew"
        ):
            Ledger(path)
        assert path.read_bytes() == data

    def test_one_that_is_damaged_further_down_is_refused_too(self, path):
        with Ledger(path) as ledger:
            pending(ledger, *(Document.of(f"Text {number}.") for number in range(500)))
        data = bytearray(path.read_bytes())
        data[8192:] = os.urandom(len(data) - 8192)
        path.write_bytes(data)
        with pytest.raises(LedgerError, match="is damaged"), Ledger(path) as ledger:
            pending(ledger, A)

    def test_another_database_is_no_ledger(self, path):
        path.parent.mkdir()
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE mine (x)")
        with pytest.raises(LedgerError, match="is an SQLite database, and no ledger of slotfill"):
            Ledger(path)

    def test_a_newer_one_is_refused(self, path):
        Ledger(path).close()
        with sqlite3.connect(path) as other:
            other.execute(f"PRAGMA user_version = {len(migrations.MIGRATIONS) + 1}")
        with pytest.raises(
            LedgerError, match=r"is of version \d+, and this slotfill knows versions up to \d+: use a newer"
        ):
            Ledger(path)

    def test_an_older_one_is_brought_to_this_version_with_all_it_holds(self, path, monkeypatch):
        with Ledger(path) as ledger:
            pending(ledger, A)
            ledger.end(ended(A))
        further = "ALTER TABLE starts ADD COLUMN host TEXT;"
        broken = "ALTER TABLE starts ADD COLUMN other TEXT; ALTER TABLE none_such ADD COLUMN host TEXT;"
        monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, further, broken))
        with pytest.raises(LedgerError, match="no such table: none_such"):
            Ledger(path)
        with sqlite3.connect(path) as other:  # all of it or nothing
            assert other.execute("PRAGMA user_version").fetchone() == (len(migrations.MIGRATIONS) - 2,)
            assert "host" not in [row[1] for row in other.execute("PRAGMA table_info (starts)")]
        monkeypatch.setattr(migrations, "MIGRATIONS", migrations.MIGRATIONS[:-1])
        with sqlite3.connect(path) as other:
            migrations.migrate(other, "it")
            assert "host" in [row[1] for row in other.execute("PRAGMA table_info (starts)")]
            assert other.execute("SELECT outcome FROM documents").fetchall() == [("valid",)]

    def test_a_network_disk_is_refused_with_the_way_out(self, path, monkeypatch):
        mounts = [
            psutil._ntuples.sdiskpart("/dev/sda1", "/", "ext4", "rw"),
            psutil._ntuples.sdiskpart("server:/share", str(path.parent.parent), "nfs4", "rw"),
        ]
        monkeypatch.setattr(psutil, "disk_partitions", lambda **_: mounts)
        with pytest.raises(LedgerError, match=r"network disk \(nfs4\).*SLOTFILL_STATE"):
            Ledger(path)
        assert not path.exists()

    def test_a_folder_that_cannot_be_made_is_told(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(LedgerError, match=r"cannot be made: .*; set SLOTFILL_STATE"):
            Ledger(tmp_path / "file" / ".slotfill" / "x.db")

    def test_a_full_disk_stops_and_loses_nothing(self, path):
        code = """
import resource, signal, sys
from pathlib import Path
from slotfill.extractors.errors import LedgerError
from slotfill.extractors.documents.document import Document
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.runs.ledger.store import Ledger
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
ledger = Ledger(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
for number in range(1_000):
    document = Document.of(f"Text {number}.")
    try:
        ledger.register([document])
        ledger.end(Extraction(document, "s", "0", "m", Outcome.VALID, has_value=True, data="x" * 1_000))
    except LedgerError as error:
        print(number, error)
        break
"""
        full = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
        count, _, message = full.stdout.partition(" ")
        assert "cannot be used" in message
        assert "the same command goes on when that is mended" in message
        with Ledger(path) as ledger:
            assert ledger.ended >= int(count) - 1 > 0  # the last may have waited for what comes next

    def test_it_is_put_back_where_its_folder_was_taken_away(self, path):
        with Ledger(path) as ledger:
            pending(ledger, A)
            ledger.end(ended(A))
            for file in path.parent.iterdir():
                file.unlink()
            path.parent.rmdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with Ledger(path) as ledger:
            assert pending(ledger, A) == ()

    def test_a_clock_that_is_set_back_changes_nothing(self, path, monkeypatch):
        with Ledger(path) as ledger:
            pending(ledger, A, B)
            ledger.keep(B, ask(), Answer(json="1"))
            ledger.account.reserve("m", Decimal(1))
            ledger.end(ended(A))
        monkeypatch.setattr("time.time", lambda: 0.0)
        with Ledger(path) as ledger:
            assert pending(ledger, A, B) == (B,)
            ledger.keep(B, ask(), Answer(json="2"))
            assert [answer.json for answer in ledger.recall(B)[ask().digest]] == ["1", "2"]
            assert ledger.account.spent() == 1

    def test_without_a_path_it_lasts_as_long_as_the_process(self):
        with Ledger(None) as ledger:
            assert pending(ledger, A) == (A,)
            ledger.end(ended(A))
            assert ledger.ended == 1


def test_a_chunk_that_failed_on_the_way_is_read_again(path):
    lost = ChunkRecord(1, 10, 20, Outcome.FAILED, error=Failure(FailureKind.TIMEOUT, "too late"))
    with Ledger(path) as ledger:
        pending(ledger, A)
        ledger.end(ended(A, Outcome.PARTIAL, "incomplete", chunks=(lost,)))
    with Ledger(path) as ledger:
        assert pending(ledger, A) == (A,)


def test_records_hold_what_was_spent(path):
    attempt = Attempt(Rung.ASK, "m", "tool", ok=True, usage=Usage(5, 7))
    with Ledger(path) as ledger:
        pending(ledger, A)
        ledger.end(ended(A, attempts=(attempt,), cost_usd=Decimal("0.1")))
        (entry,) = ledger.entries(0)
    assert '"output_tokens":7' in entry.record


def test_what_cannot_be_stored_takes_no_answer_with_it_that_waits_to_be_committed(tmp_path):
    with Ledger(tmp_path / "ledger.db") as ledger:
        ledger.keep(A, ask(), Answer(json="1"), lasting=False)
        with pytest.raises(OverflowError), ledger.database.transaction(lasting=False) as database:
            database.execute("INSERT INTO records (document, record) VALUES (?, ?)", (b"", 2**64))
        assert ledger.database.is_unstored
    with Ledger(tmp_path / "ledger.db") as ledger:
        assert ledger.recall(A)
