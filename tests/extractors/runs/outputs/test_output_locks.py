"""Locks of outputs: one process writes at a time, and what a killed one left locks nothing."""

import errno
import os
import signal
import subprocess
import sys

import pytest

from slotfill.extractors.runs.outputs.output_locks import OutputLock, beside

HOLDER = """
import os, signal, sys
from pathlib import Path
from slotfill.extractors.runs.outputs.output_locks import OutputLock
OutputLock(Path(sys.argv[1]))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_rival_is_told_at_once_until_it_is_released(tmp_path):
    lock = OutputLock(tmp_path / "lock")
    with pytest.raises(BlockingIOError):
        OutputLock(tmp_path / "lock")
    lock.release()
    assert os.listdir(tmp_path) == []
    other = OutputLock(tmp_path / "lock")
    lock.release()  # the other one's is left alone
    with pytest.raises(BlockingIOError):
        OutputLock(tmp_path / "lock")
    other.release()


def test_what_a_killed_process_left_locks_nothing(tmp_path):
    killed = subprocess.run([sys.executable, "-c", HOLDER, str(tmp_path / "lock")], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert os.listdir(tmp_path) == ["lock"]
    OutputLock(tmp_path / "lock").release()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("reason", [errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP])
def test_where_there_are_no_locks_there_is_none(tmp_path, reason, monkeypatch):
    """As on some network disks: a file is put in its place whole there, too."""
    fcntl = pytest.importorskip("fcntl")

    def flock(*_):
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(fcntl, "flock", flock)
    locks = [OutputLock(tmp_path / "lock") for _ in range(2)]
    for lock in locks:
        lock.release()
    assert os.listdir(tmp_path) == []


def test_the_longest_name_has_one_beside_it(tmp_path):
    assert beside(tmp_path / "out", "-x") == tmp_path / ".out-x"
    assert len(beside(tmp_path / ("x" * 255), ".slotfill-lock").name) <= 255
