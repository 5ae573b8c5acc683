"""The file of keys: its owner's alone, changed whole, by one after the other, and read again when it has changed."""

import os
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from slotfill.extractors.errors import OutputError, SettingsError
from slotfill.extractors.keys.key_changes import create_key, revoke_key, rotate_key
from slotfill.extractors.keys.key_file import ReloadedKeys, change_keys, read_keys

NOW = datetime(2026, 11, 30, 12, 0, 0, 999_999, tzinfo=UTC)

ADD = """
import sys
from slotfill.cli import main
for number in range(int(sys.argv[2])):
    main(["keys", "add", f"{sys.argv[1]}-{number}", "--keys", "keys.toml"], standalone_mode=False)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.toml"


def test_a_key_is_kept_as_its_hash_alone(path):
    secret = create_key(path, "a", NOW, rpm=5, usd_a_day=Decimal("0.0000001"), labels={"team": 'ü"\\\n'})
    key = read_keys(path).find(secret)
    assert (key.name, key.rpm, key.usd_a_day, key.labels) == ("a", 5, Decimal("0.0000001"), {"team": 'ü"\\\n'})
    assert secret not in path.read_text()
    assert secret[3:] not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "# mine\n", "[budgets]\n'*' = '5/day'  # all\n", "keys = {}\n", "[keys]\n"])
def test_what_people_have_written_stays(path, text):
    path.write_text(text)
    path.chmod(0o600)
    create_key(path, "a", NOW)
    path.write_text(path.read_text().replace("[keys.a]", "[keys.a] # ours"))
    path.write_text(path.read_text() + "\n[other]\n".replace("[other]", "# end"))
    create_key(path, "b", NOW)
    secret = rotate_key(path, "a", NOW, timedelta(hours=1))
    revoke_key(path, "b", NOW)
    ring = read_keys(path)
    assert ring.keys["b"].revoked == NOW.replace(microsecond=0)
    assert ring.find(secret) is None or ring.find(secret).name == "a"
    for line in text.splitlines():
        if "#" in line:
            assert line in path.read_text()
    assert "# end" in path.read_text()


def test_a_rotation_leaves_the_earlier_secret_for_a_while(path):
    now = datetime.now(UTC)
    first = create_key(path, "a", now, rpm=5)
    second = rotate_key(path, "a", now, timedelta(hours=1))
    third = rotate_key(path, "a", now, timedelta(0))
    ring = read_keys(path)
    assert ring.find(third).rpm == ring.find(first).rpm == 5
    assert ring.find(second) is None
    rotate_key(path, "a", now + timedelta(hours=2), timedelta(0))
    assert read_keys(path).keys["a"].earlier == (), "what has ended is dropped"


def test_what_cannot_be_done_changes_nothing(path):
    create_key(path, "a", NOW)
    revoke_key(path, "a", NOW)
    before = path.read_bytes()
    for step, message in (
        (lambda: create_key(path, "a", NOW), "there is a key 'a' already"),
        (lambda: create_key(path, "x y", NOW), "name of the key 'x y'"),
        (lambda: create_key(path, "b", NOW, rpm=0), "rpm of the key 'b'"),
        (lambda: revoke_key(path, "a", NOW), "is revoked since 2026-11-30 12:00 UTC"),
        (lambda: rotate_key(path, "a", NOW, timedelta(1)), "is revoked since"),
        (lambda: rotate_key(path, "c", NOW, timedelta(1)), "there is no key 'c'"),
        (lambda: change_keys(path, lambda text, _: f"{text}x = 1\n"), "as it would be written, line"),
    ):
        with pytest.raises(SettingsError, match=message):
            step()
    assert path.read_bytes() == before


@pytest.mark.skipif(os.name != "posix", reason="the rights of others are POSIX's")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o601])
def test_what_others_can_read_is_refused(path, mode):
    create_key(path, "a", NOW)
    path.chmod(mode)
    for step in (lambda: read_keys(path), lambda: create_key(path, "b", NOW)):
        with pytest.raises(SettingsError, match=rf"can be read or written by others \(mode {mode:04o}\): .*chmod 600"):
            step()
    path.chmod(0o400)
    assert list(read_keys(path).keys) == ["a"]


def test_what_is_no_file_of_keys_is_refused(path, tmp_path):
    with pytest.raises(SettingsError, match=r"there is no file .*: `slotfill keys add NAME --keys FILE` makes one"):
        read_keys(path)
    with pytest.raises(SettingsError, match=r"regular file|Is a directory"):
        read_keys(tmp_path)
    os.mkfifo(path, 0o600)
    with pytest.raises(SettingsError, match="no regular file"):
        read_keys(path)
    path.unlink()
    path.write_bytes(b"\xff\xfe")
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="no text in UTF-8"):
        read_keys(path)


def test_a_link_is_followed_and_stays_one(path, tmp_path):
    """As where a secret is mounted."""
    create_key(path, "a", NOW)
    link = tmp_path / "link.toml"
    link.symlink_to(path)
    create_key(link, "b", NOW)
    assert link.is_symlink()
    assert list(read_keys(link).keys) == ["a", "b"] == list(read_keys(path).keys)


def test_where_nothing_can_be_written_it_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot write .*file/keys.toml"):
        create_key(tmp_path / "file" / "keys.toml", "a", NOW)


def test_several_processes_lose_nothing(tmp_path):
    adding = [
        subprocess.Popen([sys.executable, "-c", ADD, name, "8"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        for name in "abcd"
    ]
    secrets = [line for one in adding for line in one.communicate(timeout=120)[0].splitlines()]
    ring = read_keys(tmp_path / "keys.toml")
    assert {ring.find(secret).name for secret in secrets} == {f"{name}-{n}" for name in "abcd" for n in range(8)}
    assert len(secrets) == len(ring.keys) == 32


class TestReloaded:
    def test_a_change_counts_from_the_next_request_on(self, path):
        create_key(path, "a", NOW)
        keys = ReloadedKeys(path)
        secret = create_key(path, "b", NOW)
        assert keys.find(secret).name == "b"
        revoke_key(path, "b", NOW)
        assert keys.find(secret) is None

    def test_a_file_that_has_not_changed_is_not_read(self, path, monkeypatch):
        secret = create_key(path, "a", NOW)
        keys = ReloadedKeys(path)
        ring = keys.ring
        assert keys.find(secret) is not None
        assert keys.ring is ring

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda path: path.write_text("[keys.a"),
            lambda path: path.chmod(0o644),
            lambda path: path.unlink(),
            lambda path: path.write_text("[keys.a]\nrpn = 1\n"),
        ],
    )
    def test_a_broken_file_counts_for_nothing_and_is_told_once(self, path, spoil, caplog):
        secret = create_key(path, "a", NOW)
        keys = ReloadedKeys(path)
        spoil(path)
        for _ in range(3):
            assert keys.find(secret).name == "a"
        (record,) = (one for one in caplog.records if one.levelname == "ERROR")
        assert "until that is mended, those from before count" in record.getMessage()
        path.unlink(missing_ok=True)
        fresh = create_key(path, "b", NOW)
        assert keys.find(fresh).name == "b"
        assert keys.find(secret) is None

    def test_one_that_is_broken_from_the_start_is_refused(self, path):
        with pytest.raises(SettingsError):
            ReloadedKeys(path)

    def test_many_threads_have_one_ring(self, path):
        secret = create_key(path, "a", NOW)
        keys, found = ReloadedKeys(path), []

        def look():
            found.extend(keys.find(secret).name for _ in range(200))

        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for number in range(10):
            create_key(path, f"b{number}", NOW)
        for thread in threads:
            thread.join()
        assert found == ["a"] * 800
        assert len(keys.ring.keys) == 11
