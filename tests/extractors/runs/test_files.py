"""Files that appear whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from slotfill import OutputError
from slotfill.extractors.runs.files import AtomicFile


def test_a_file_appears_at_its_commit(tmp_path):
    path = tmp_path / "deep" / "out.jsonl"
    file = AtomicFile(path)
    file.write(b"one\n")
    assert not path.exists()
    file.commit()
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


def test_a_file_keeps_its_rights_and_a_link_its_place(tmp_path):
    path, link = tmp_path / "real.json", tmp_path / "link.json"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    file = AtomicFile(link)
    file.write(b"new")
    file.commit()
    assert link.is_symlink()
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_has_the_rights_of_any_other(tmp_path):
    (tmp_path / "other").touch()
    file = AtomicFile(tmp_path / "out")
    file.commit()
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_device_is_written_and_not_replaced():
    file = AtomicFile(Path(os.devnull))
    file.write(b"x")
    file.commit()
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_a_path_that_cannot_be_written_says_so_at_once(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot write .*file/out\.json'"):
        AtomicFile(tmp_path / "file" / "out.json")
    with pytest.raises(OutputError, match="cannot write"):
        AtomicFile(tmp_path / ("x" * 300 + ".json"))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_disk_is_an_output_error():
    file = AtomicFile(Path("/dev/full"))
    with pytest.raises(OutputError, match="No space left"):
        file.write(b"x")
    file.discard()


def test_a_write_that_fails_leaves_those_before_it_whole(tmp_path, monkeypatch):
    """The disk fills in the middle of a line: what stood there before is kept, without the half line."""
    path = tmp_path / "out.jsonl"
    file = AtomicFile(path)
    file.write(b"one\n")
    raw = file._file

    class Full:
        def __init__(self):
            self.left = 2

        def __getattr__(self, name):
            return getattr(raw, name)

        def write(self, data):
            if not self.left:
                raise OSError(28, "No space left on device")
            self.left = 0
            return raw.write(data[:2])

    file._file = Full()
    with pytest.raises(OutputError, match="No space left"):
        file.write(b"two\n")
    file._file = raw
    file.commit()
    assert path.read_bytes() == b"one\n"
