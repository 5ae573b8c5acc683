"""Who lives is known by a lock, whatever ended those who do not."""

import multiprocessing
import os
import signal

import pytest

from slotfill.extractors.shared_files.process_lock import ProcessLock


def take_and_hang(folder, pipe):
    lock = ProcessLock(folder)
    lock.acquire()
    pipe.send(lock.name)
    signal.pause()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that nothing outlives")
def test_who_was_killed_lives_no_more(tmp_path):
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    other = context.Process(target=take_and_hang, args=(tmp_path, there))
    other.start()
    assert here.poll(60)
    name, lock = here.recv(), ProcessLock(tmp_path)
    assert lock.is_live(name)
    os.kill(other.pid, signal.SIGKILL)
    other.join()
    assert not lock.is_live(name)
    assert [*tmp_path.iterdir()] == [], "nothing is left of the dead"


def test_it_is_had_once_and_leaves_nothing(tmp_path):
    one, other = ProcessLock(tmp_path), ProcessLock(tmp_path)
    assert one.is_live(one.name)
    assert not other.is_live(one.name), "who has taken none has left nothing"
    one.acquire()
    one.acquire()
    assert other.is_live(one.name)
    one.release()
    one.release()
    assert not other.is_live(one.name)
    assert [*tmp_path.iterdir()] == []
