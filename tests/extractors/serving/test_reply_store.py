"""Replies are kept for who asks twice: for a day, for one key, and for no request but the same one."""

import multiprocessing
import os
import signal
from datetime import UTC, datetime, timedelta

import pytest

from slotfill.extractors.errors import LedgerError
from slotfill.extractors.serving.problem import ProblemError
from slotfill.extractors.serving.reply_store import MOST_RETENTION, ReplyStore, StoredReply, purge_replies

REPLY = StoredReply(200, "application/json", b'{"value": 3}')


@pytest.fixture
def clock():
    class Clock:
        now = 1_800_000_000.0

        def __call__(self):
            return self.now

    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    one = ReplyStore(tmp_path / "replies", clock=clock)
    yield one
    one.close()


def on_disk(folder):
    return b"".join(file.read_bytes() for file in folder.iterdir())


def code_of(store, *request):
    with pytest.raises(ProblemError) as caught:
        store.claim(*request)
    return caught.value.code


def test_a_reply_comes_back_to_its_key_alone(store):
    assert store.claim("one", "a", "digest") is None
    assert code_of(store, "one", "a", "digest") == "at_work"
    store.keep("one", "a", REPLY)
    assert store.claim("one", "a", "digest") == REPLY
    assert code_of(store, "one", "a", "other") == "idempotency_mismatch"
    assert store.claim("two", "a", "other") is None


def test_what_is_released_may_be_asked_again(store):
    assert store.claim("one", "a", "digest") is None
    store.release("one", "a")
    assert store.claim("one", "a", "other") is None


def test_a_reply_that_is_kept_is_not_released(store):
    store.claim("one", "a", "digest")
    store.keep("one", "a", REPLY)
    store.release("one", "a")
    assert store.claim("one", "a", "digest") == REPLY


def test_it_is_kept_for_a_day_from_when_it_was_there(store, clock, tmp_path):
    store.claim("one", "a", "digest")
    clock.now += 3600
    store.keep("one", "a", REPLY)
    store.drop_expired()
    assert b'"value": 3' in on_disk(tmp_path / "replies")
    clock.now += MOST_RETENTION.total_seconds() - 1
    assert store.claim("one", "a", "digest") == REPLY
    clock.now += 1
    store.drop_expired()
    assert b'"value": 3' not in on_disk(tmp_path / "replies")
    assert store.claim("one", "a", "digest") is None


def test_servers_of_one_folder_share_them(store, tmp_path, clock):
    other = ReplyStore(tmp_path / "replies", clock=clock)
    assert other.claim("one", "a", "digest") is None
    assert code_of(store, "one", "a", "digest") == "at_work"
    other.keep("one", "a", REPLY)
    assert other.claim("one", "b", "digest") is None
    other.close()
    assert store.claim("one", "a", "digest") == REPLY
    assert store.claim("one", "b", "digest") is None


def claim_and_hang(folder, pipe):
    one = ReplyStore(folder)
    one.claim("one", "a", "digest")
    pipe.send("claimed")
    signal.pause()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that nothing outlives")
def test_a_server_that_is_killed_leaves_no_claim(tmp_path):
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=claim_and_hang, args=(tmp_path / "replies", there))
    server.start()
    assert here.poll(60)
    store = ReplyStore(tmp_path / "replies")
    assert code_of(store, "one", "a", "digest") == "at_work"
    os.kill(server.pid, signal.SIGKILL)
    server.join()
    assert store.claim("one", "a", "other") is None
    store.close()


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
def test_it_is_its_owners_alone(store, tmp_path):
    store.claim("one", "a", "digest")
    assert (tmp_path / "replies").stat().st_mode & 0o077 == 0
    assert [file.name for file in (tmp_path / "replies").iterdir() if file.stat().st_mode & 0o077] == []


def test_a_file_that_is_none_is_an_error(tmp_path):
    (tmp_path / "replies.db").write_bytes(b"no database" * 100)
    with pytest.raises(LedgerError, match="replies cannot be kept"):
        ReplyStore(tmp_path)


def test_no_reply_is_kept_for_longer_than_it_is_to_be(tmp_path, clock):
    one = ReplyStore(tmp_path / "replies", timedelta(minutes=5), clock)
    one.claim("one", "a", "digest")
    one.keep("one", "a", REPLY)
    clock.now += 299
    assert one.claim("one", "a", "digest") == REPLY
    clock.now += 1
    assert one.claim("one", "a", "digest") is None
    one.close()
    assert ReplyStore(tmp_path / "others", timedelta(days=400)).retention == MOST_RETENTION


def test_old_replies_are_purged_beside_a_server_and_no_claim_is(store, tmp_path, clock):
    folder = tmp_path / "replies"
    for name in ("old", "new", "claimed"):
        store.claim("one", name, "digest")
    store.keep("one", "old", REPLY)
    clock.now += 60
    store.keep("one", "new", REPLY)
    before = datetime.fromtimestamp(clock.now - 1, UTC)
    assert purge_replies(folder, before, dry_run=True) == 1
    assert purge_replies(folder, before) == 1
    assert purge_replies(folder, before) == 0
    assert store.claim("one", "new", "digest") == REPLY
    assert code_of(store, "one", "claimed", "digest") == "at_work"
    assert store.claim("one", "old", "digest") is None
    assert purge_replies(tmp_path / "nowhere", before) == 0
    assert not (tmp_path / "nowhere").exists()


def test_the_locks_of_servers_that_were_killed_go_with_the_next_start(store, tmp_path, clock):
    left = tmp_path / "replies" / f"{'0' * 32}.lock"
    left.touch()
    beside = ReplyStore(tmp_path / "replies", clock=clock)
    try:
        locks = {file.stem for file in (tmp_path / "replies").glob("*.lock")}
        assert locks == {"replies", store._server, beside._server}
    finally:
        beside.close()
