"""Readers in a process of their own: what goes wrong with one file is that file's alone."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

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


def test_a_reader_that_wants_too_much_memory_costs_its_file_alone():
    assert refusal(b"swell") == ("too_large", "unpacks to more than its reader may hold (2,048 MB)")


def test_a_reader_that_raises_costs_its_file_alone_and_tells_no_text():
    assert refusal(b"break_off") == ("broken_document", "cannot be read: its reader failed with KeyError")


@pytest.fixture
def impatient(monkeypatch):
    """Have the process end a reader that is silent for 2 seconds."""
    isolation._PROCESS.close()
    code = "from slotfill.extractors.documents.readers import worker; worker.SILENCE = 2.0; worker.main()"
    monkeypatch.setattr(isolation, "_WORKER", f"import json, sys; sys.path[:] = json.loads(sys.argv[1]); {code}")
    yield
    isolation._PROCESS.close()


@pytest.mark.usefixtures("impatient")
def test_a_reader_that_hangs_is_ended_and_one_that_is_slow_is_not():
    kind, message = refusal(b"hang")
    assert kind == "unreadable"
    assert message.startswith("its reader found nothing more in")
    assert read(b"slow") == ["late"]


def test_no_reader_reaches_the_network_or_leaves_a_file(tmp_path, monkeypatch):
    assert refusal(b"call") == ("broken_document", "cannot be read: its reader failed with PermissionError")
    place = tmp_path.parent.parent.parent / "left-behind"  # `tmp_path` is below the temporary folder
    monkeypatch.setattr(worker, "_TEMPORARY", str(tmp_path))
    with pytest.raises(PermissionError):
        worker._refuse("open", (str(place), "w", os.O_WRONLY | os.O_CREAT))
    worker._refuse("open", (str(tmp_path / "a"), "w", os.O_WRONLY | os.O_CREAT))
    worker._refuse("open", (str(place), "r", os.O_RDONLY))
    with pytest.raises(PermissionError):
        worker._refuse("os.remove", (str(place), -1))


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


def test_many_threads_read_through_one_process():
    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(lambda n: read(b"echo %d" % n), range(200))] == [[str(n)] for n in range(200)]


def test_the_process_is_not_shared_with_what_is_forked():
    read(b"echo first")
    inherited = isolation._PROCESS._process
    child = os.fork()
    if not child:  # in the child: nothing but this, and out
        os._exit(0 if isolation._PROCESS._process is None and read(b"echo forked") == ["forked"] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert isolation._PROCESS._process is inherited
    assert read(b"echo again") == ["again"]
    assert threading.active_count() < 100
