"""The runs on the disk: what one server writes, another one sees at once, and nothing stands there by half."""

import errno
import os
import time
from datetime import UTC, datetime

import pytest

from slotfill.extractors.errors import LedgerError
from slotfill.extractors.serving.runs.run_order import RunOrder, RunState, RunStatus
from slotfill.extractors.serving.runs.run_store import RunStore


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path)


@pytest.fixture
def run(store):
    with store.staged() as (name, _):
        created = datetime.now(UTC)
        store.publish(RunOrder(id=name, key="a", created=created, schema="s", schema_name="s", schema_id="0"))
    return name


def test_what_another_server_writes_is_seen_at_once(store, run, tmp_path):
    """Also where it is as long as before, within a step of the disk's clock, and has a number that was free again."""
    other, file = RunStore(tmp_path), store.folder(run) / "state.json"
    codes, seen = [f"{number:04}" for number in range(50)], []
    for code in codes:
        for written in ("-" * 4, code):
            other.note(run, RunState(status=RunStatus.STOPPED, code=written))
            step = int(time.time()) // 2 * 2
            os.utime(file, (step, step))
        seen.append(store.state(run).code)
    assert seen == codes


def test_what_has_stood_for_a_while_is_read_once(store, run, monkeypatch):
    file = store.folder(run) / "state.json"
    os.utime(file, (1_800_000_000, 1_700_000_000))
    assert store.state(run).status is RunStatus.QUEUED
    with monkeypatch.context() as closed:
        closed.setattr(RunStore, "_read", None)
        assert store.state(run).status is RunStatus.QUEUED


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_state_that_cannot_be_written_leaves_the_one_before(store, run, monkeypatch, number):
    before = sorted(path.name for path in store.folder(run).iterdir())

    def fail(_):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as failing:
        failing.setattr(os, "fsync", fail)
        with pytest.raises(LedgerError, match="runs cannot be kept"):
            store.note(run, RunState(status=RunStatus.RUNNING))
    assert store.state(run).status is RunStatus.QUEUED
    assert sorted(path.name for path in store.folder(run).iterdir()) == before
