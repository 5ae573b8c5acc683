"""Files that appear whole or not at all."""

import os
import shutil
import signal
import stat
import subprocess
import sys

import pytest
from disks import full, read_only

from slotfill import OutputError
from slotfill.extractors.runs.outputs.atomic_files import AtomicFile


def test_a_file_appears_at_its_commit(tmp_path):
    path = tmp_path / "deep" / "out.jsonl"
    file = AtomicFile(path)
    file.write(b"one\n")
    assert not path.exists()
    assert file.written.read_bytes() == b"one\n"
    file.commit()
    assert file.written == path
    assert path.read_bytes() == b"one\n"
    assert os.listdir(path.parent) == ["out.jsonl"]


def test_what_is_not_committed_leaves_the_old_file(tmp_path):
    path = tmp_path / "out.jsonl"
    path.write_text("old")
    file = AtomicFile(path)
    file.write(b"new")
    file.discard()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["out.jsonl"]


@pytest.mark.parametrize("rights", [0o600, 0o662])
def test_a_file_keeps_its_rights_and_a_link_its_place(tmp_path, rights):
    path, link = tmp_path / "real.json", tmp_path / "link.json"
    path.write_text("old")
    path.chmod(rights)
    link.symlink_to(path)
    file = AtomicFile(link)
    file.write(b"new")
    file.commit()
    assert link.is_symlink()
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == rights


def test_a_new_file_is_its_owners_alone(tmp_path):
    file = AtomicFile(tmp_path / "out")
    assert stat.S_IMODE(file.written.stat().st_mode) == 0o600
    file.commit()
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o600


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_so_is_one_that_replaces_somebody_elses(tmp_path):
    (tmp_path / "out").touch(mode=0o666)
    os.chown(tmp_path / "out", 12_345_678, -1)
    AtomicFile(tmp_path / "out").commit()
    status = (tmp_path / "out").stat()
    assert (stat.S_IMODE(status.st_mode), status.st_uid) == (0o600, os.geteuid())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with a name")
def test_a_pipe_is_written_and_not_replaced(tmp_path):
    """Nor is a device; but no test may stake one of the system's, which a defect would replace for everybody."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        file = AtomicFile(path)
        file.write(b"x")
        file.commit()
        assert os.read(reader, 10) == b"x"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(path.stat().st_mode)
    assert os.listdir(tmp_path) == ["pipe"]


def test_a_path_that_cannot_be_written_says_so_at_once(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot write .*file/out\.json'"):
        AtomicFile(tmp_path / "file" / "out.json")
    with pytest.raises(OutputError, match="cannot write"):
        AtomicFile(tmp_path / ("x" * 300 + ".json"))


def test_a_write_that_fails_drops_all_that_was_written(tmp_path):
    """The disk fills in the middle of a line: the older file stays, and what was written leaves its room to others."""
    path = tmp_path / "out.jsonl"
    path.write_text("old")
    file = AtomicFile(path)
    file.write(b"one\n")
    with full(6), pytest.raises(OutputError, match=r"cannot write '.*out\.jsonl': File too large"):
        file.write(b"two\n")
    assert os.listdir(tmp_path) == ["out.jsonl"]
    assert file.ended
    with pytest.raises(OutputError, match=r"out\.jsonl': File too large"):
        file.write(b"three\n")
    file.commit()
    assert path.read_text() == "old"


def test_what_is_added_is_written_at_the_latest_when_it_is_put_in_its_place(tmp_path):
    path = tmp_path / "out.jsonl"
    path.write_text("old")
    file = AtomicFile(path)
    file.add(b"one\n")
    with full(2), pytest.raises(OutputError, match="File too large"):
        file.commit()
    with pytest.raises(OutputError, match="File too large"):
        file.add(b"two\n")
    assert path.read_text() == "old"
    file = AtomicFile(path)
    for number in range(100_000):
        file.add(b"%d\n" % number)
    assert file.written.stat().st_size > 500_000  # it is not held until then
    file.commit()
    assert path.read_text().split() == [str(number) for number in range(100_000)]


def test_a_place_that_cannot_be_had_is_told_at_the_commit(tmp_path):
    file = AtomicFile(tmp_path / "out")
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match=r"cannot write .*Is a directory"):
        file.commit()
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("again", [False, True])
def test_a_folder_that_is_removed_meanwhile_is_told(tmp_path, again):
    path = tmp_path / "deep" / "out"
    file = AtomicFile(path)
    file.write(b"new")
    name = file.written.name
    shutil.rmtree(path.parent)
    if again:
        path.parent.mkdir()
        (path.parent / name).write_text("another's")
    with pytest.raises(OutputError, match=r"cannot write '.*out': its folder was removed while it was being written"):
        file.commit()
    assert path.parent.exists() == again
    assert not again or (path.parent / name).read_text() == "another's"


def test_a_folder_that_takes_no_files_is_told_at_once():
    with read_only() as folder:
        with pytest.raises(OutputError, match=r"cannot write .*Permission denied"):
            AtomicFile(folder / "out")
        assert os.listdir(folder) == []


def test_the_longest_name_that_a_folder_takes(tmp_path):
    path = tmp_path / ("x" * 250 + ".json")
    file = AtomicFile(path)
    file.write(b"new")
    file.commit()
    assert [path] == [*tmp_path.iterdir()]


def test_a_link_to_itself_is_an_output_error(tmp_path):
    path = tmp_path / "loop"
    path.symlink_to(path)
    with pytest.raises(OutputError, match="cannot write"):
        AtomicFile(path)


KILLED = """
import os, signal, sys
from pathlib import Path
from slotfill.extractors.runs.outputs.atomic_files import AtomicFile
AtomicFile(Path(sys.argv[1])).write(b"half")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_killed_processes_left_is_replaced(tmp_path):
    path = tmp_path / "out"
    path.write_text("old")
    for _ in range(2):
        assert subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False).returncode == -signal.SIGKILL
        assert sorted(os.listdir(tmp_path)) == [".out.slotfill-lock", ".out.slotfill-part", "out"]
        assert (tmp_path / ".out.slotfill-part").read_text() == "half"
        assert path.read_text() == "old"
    file = AtomicFile(path)
    file.write(b"new")
    file.commit()
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["out"]


def test_nobody_else_writes_the_file_meanwhile(tmp_path):
    path, link = tmp_path / "out", tmp_path / "link"
    link.symlink_to(path)
    first = AtomicFile(path)
    first.write(b"first")
    for same in (path, link):
        with pytest.raises(OutputError, match="another process is writing it"):
            AtomicFile(same)
    first.commit()
    assert path.read_text() == "first"
    second = AtomicFile(path)
    second.write(b"second")
    second.commit()
    first.discard()
    assert path.read_text() == "second"


@pytest.mark.parametrize("own_lock", [True, False])
def test_a_link_in_the_place_of_what_is_written_is_not_followed(tmp_path, own_lock):
    """A folder that all may write in, such as that for temporary files: somebody else's link must lead nowhere."""
    (tmp_path / "precious").write_text("precious")
    (tmp_path / ".out.slotfill-part").symlink_to(tmp_path / "precious")
    file = AtomicFile(tmp_path / "out", own_lock=own_lock)
    file.write(b"new")
    file.commit()
    assert (tmp_path / "precious").read_text() == "precious"
    assert not (tmp_path / "out").is_symlink()


def test_nor_is_one_in_the_place_of_the_lock(tmp_path):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / ".out.slotfill-lock").symlink_to(tmp_path / "precious")
    with pytest.raises(OutputError, match="cannot write"):
        AtomicFile(tmp_path / "out")
    assert (tmp_path / "precious").read_text() == "precious"


RIVAL = """
import os, sys
from pathlib import Path
from slotfill import OutputError
from slotfill.extractors.runs.outputs.atomic_files import AtomicFile
path, mine = Path(sys.argv[1]), sys.argv[2].encode()
for number in range(300):
    try:
        file = AtomicFile(path)
    except OutputError as error:
        assert "another process" in str(error), error
        continue
    for _ in range(20):
        file.write(mine * 500)
    file.commit()
    assert len(set(path.read_bytes())) == 1
os.write(1, b"done")
AtomicFile(path)
os._exit(0)
"""


def test_rivals_and_the_killed_leave_a_whole_file(tmp_path):
    path = tmp_path / "out"
    rivals = [
        subprocess.Popen([sys.executable, "-c", RIVAL, str(path), name], stdout=subprocess.PIPE) for name in "abcd"
    ]
    for rival in rivals:
        said, _ = rival.communicate()
        assert said == b"done"
    content = path.read_text()
    assert content == content[:1] * 10_000
    assert set(os.listdir(tmp_path)) <= {".out.slotfill-lock", ".out.slotfill-part", "out"}
