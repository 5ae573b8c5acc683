"""Readers in a process of their own: what goes wrong with one file is that file's alone."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psutil
import pytest
from checkout import ROOT

from slotfill.extractors.documents.readers import isolation, worker
from slotfill.extractors.documents.readers.isolation import read_apart
from slotfill.extractors.documents.readers.kinds import Kind
from slotfill.extractors.documents.readers.read_error import ReadError
from slotfill.extractors.documents.readers.read_options import ReadOptions

UNRULY = Kind("an unruly file", frozenset({".unruly"}), "unruly_readers")


def read(data, options=ReadOptions()):
    return [part.text for part in read_apart(UNRULY, data, options)]


def refusal(data):
    with pytest.raises(ReadError) as caught:
        read(data)
    assert read(b"echo next") == ["next"]
    return caught.value.failure.type.value, caught.value.failure.message


def test_a_text_comes_as_it_was_read():
    assert read("echo größe \U0001f600\x00\r\n".encode()) == ["größe \U0001f600\x00\r\n"]


def test_a_reader_that_crashes_costs_its_file_alone():
    kind, message = refusal(b"crash")
    assert kind == "unreadable"
    assert "crashed" in message


def test_what_is_no_reply_is_a_failure_of_the_file():
    kind, message = refusal(b"garble")
    assert (kind, "crashed" in message) == ("unreadable", True)


def test_a_reader_that_wants_too_much_memory_costs_its_file_alone():
    assert refusal(b"swell") == ("too_large", "unpacks to more than its reader may hold (2,048 MB)")


def test_a_reader_that_raises_costs_its_file_alone_and_tells_no_text():
    assert refusal(b"break_off") == ("broken_document", "cannot be read: its reader failed with KeyError")


@pytest.fixture
def impatient(monkeypatch):
    """Have the process end a reader that is silent for 2 seconds."""
    isolation._READERS.close()
    code = "from slotfill.extractors.documents.readers import worker; worker.SILENCE = 2.0; worker.main()"
    monkeypatch.setattr(isolation, "_WORKER", f"import json, sys; sys.path[:] = json.loads(sys.argv[1]); {code}")
    yield
    isolation._READERS.close()


@pytest.mark.usefixtures("impatient")
def test_a_reader_that_hangs_is_ended_and_one_that_is_slow_is_not():
    kind, message = refusal(b"hang")
    assert kind == "unreadable"
    assert message.startswith("its reader found nothing more in")
    assert read(b"slow") == ["late"]


def test_no_reader_reaches_the_network_or_leaves_a_file(tmp_path):
    assert refusal(b"call") == ("broken_document", "cannot be read: its reader failed with PermissionError")
    place = tmp_path.parent.parent.parent / "left-behind"  # `tmp_path` is below the temporary folder
    refuse = partial(worker._refuse, str(tmp_path))
    writing = os.O_WRONLY | os.O_CREAT
    for event, arguments in (
        ("open", (str(place), "w", writing)),
        ("os.remove", (str(place), -1)),
        ("os.chmod", (str(place), 0o777, -1)),
        ("os.rename", (str(tmp_path / "a"), str(place), -1, -1)),
        ("os.fork", ()),
    ):
        with pytest.raises(PermissionError):
            refuse(event, arguments)
    refuse("open", (str(tmp_path / "a"), "w", writing))
    refuse("open", (str(place), "r", os.O_RDONLY))
    with pytest.raises(PermissionError):
        worker._refuse(None, "open", (str(tmp_path / "a"), "w", writing))


def test_a_file_outside_the_temporary_folder_is_not_written():
    home = "/left-behind-by-a-reader"  # wherever temporary files go, not there
    assert refusal(b"leave " + home.encode())[0] == "broken_document"
    assert not os.path.exists(home)


def test_what_a_library_prints_is_no_reply():
    assert read(b"chatter") == ["heard"]


def test_an_extra_that_is_not_installed_is_named():
    kind = Kind("a scroll", frozenset({".scroll"}), "reader_of_scrolls", extra="scrolls")
    with pytest.raises(ReadError, match=r"is a scroll: its reader needs an extra: pip install 'slotfill\[scrolls\]'"):
        read_apart(kind, b"", ReadOptions())


def test_many_threads_read_through_a_few_processes():
    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(lambda n: read(b"echo %d" % n), range(200))] == [[str(n)] for n in range(200)]


def test_files_that_hold_up_their_readers_leave_others_to_be_read():
    with ThreadPoolExecutor(isolation.AT_ONCE) as pool:
        held = [pool.submit(read, b"hang") for _ in range(isolation.AT_ONCE - 1)]
        assert pool.submit(read, b"echo beside").result(timeout=20) == ["beside"]
        assert not any(one.done() for one in held)
        for process in isolation._READERS.processes:
            if process._process:
                process._process.kill()
        for one in held:
            with pytest.raises(ReadError):
                one.result()


def test_the_process_is_not_shared_with_what_is_forked():
    read(b"echo first")
    inherited = isolation._READERS.processes[0]._process
    child = os.fork()
    if not child:  # in the child: nothing but this, and out
        os._exit(0 if isolation._READERS.processes[0]._process is None and read(b"echo forked") == ["forked"] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert isolation._READERS.processes[0]._process is inherited
    assert read(b"echo again") == ["again"]
    assert threading.active_count() < 100


def test_a_process_that_was_killed_between_files_costs_none():
    read(b"echo first")
    process = isolation._READERS.processes[0]._process
    process.send_signal(signal.SIGKILL)
    psutil.Process(process.pid).wait(10)
    assert read(b"echo next") == ["next"]


@pytest.mark.parametrize("program", ["/nowhere/python", "", None])
def test_a_process_that_cannot_be_started_is_a_failure_of_the_file(monkeypatch, program):
    isolation._READERS.close()
    monkeypatch.setattr(sys, "executable", program)
    with pytest.raises(ReadError, match="its reader cannot be started: "):
        read(b"echo first")
    monkeypatch.undo()
    assert read(b"echo next") == ["next"]


def test_no_code_of_the_working_folder_runs(tmp_path, monkeypatch):
    isolation._READERS.close()
    for name in ("json", "zipfile", "sitecustomize", "faulthandler", "psutil", "slotfill"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w').close()")
    monkeypatch.chdir(tmp_path)
    assert read(b"echo safe") == ["safe"]
    assert not (tmp_path / "sprung").exists()
    isolation._READERS.close()


def test_warnings_and_settings_of_python_do_not_stop_readers(monkeypatch):
    isolation._READERS.close()
    for name, value in (("WARNINGS", "error"), ("INSPECT", "1"), ("UNBUFFERED", "1"), ("DEVMODE", "1")):
        monkeypatch.setenv(f"PYTHON{name}", value)
    assert read(b"warn about") == ["warned"]
    isolation._READERS.close()


def orphan(data, how):
    """Have another process read a file, end it by a signal, and return the process that it had for that."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from slotfill.extractors.documents.readers import isolation\n"
        "from slotfill.extractors.documents.readers.kinds import Kind\n"
        "from slotfill.extractors.documents.readers.read_options import ReadOptions\n"
        "kind = Kind('an unruly file', frozenset(), 'unruly_readers')\n"
        "isolation.read_apart(kind, b'echo first', ReadOptions())\n"
        "print(isolation._READERS.processes[0]._process.pid, flush=True)\n"
        "isolation.read_apart(kind, sys.argv[2].encode(), ReadOptions())\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, str(ROOT / "tests"), data]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **pipes) as parent:
        process = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(how)
    return process


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("data", ["echo idle", "busy reading"])
def test_the_process_ends_with_the_one_that_asks(data, how):
    process = orphan(data, how)
    process.wait(20)
    assert not process.is_running()


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_standard_streams_that_are_closed_do_not_stop_readers(tmp_path, closed):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from slotfill.extractors.documents.readers.isolation import read_apart\n"
        "from slotfill.extractors.documents.readers.kinds import Kind\n"
        "from slotfill.extractors.documents.readers.read_options import ReadOptions\n"
        "kind = Kind('an unruly file', frozenset(), 'unruly_readers')\n"
        "Path(sys.argv[2]).write_text(read_apart(kind, b'echo heard', ReadOptions())[0].text)\n"
    )
    (tmp_path / "code.py").write_text(code)
    command = f"exec {sys.executable} {tmp_path}/code.py {ROOT}/tests {tmp_path}/out {closed}"
    subprocess.run(["sh", "-c", command], check=True, timeout=60)
    assert Path(tmp_path / "out").read_text() == "heard"


def test_what_a_reader_had_raised_is_no_other_files():
    before = isolation._READERS.processes[0]._running().pid
    assert read(b"widen") == ["widened"]
    assert isolation._READERS.processes[0]._process is None
    assert read(b"echo next") == ["next"]
    assert isolation._READERS.processes[0]._running().pid != before
