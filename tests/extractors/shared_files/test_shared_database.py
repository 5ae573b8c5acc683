"""A file that processes share is its owner's alone, and changes all or nothing."""

import os
import sqlite3
import threading

import pytest

from slotfill.extractors.errors import LedgerError
from slotfill.extractors.shared_files.shared_database import SharedDatabase


def opened(folder):
    def prepare(connection):
        connection.execute("CREATE TABLE IF NOT EXISTS notes (text)")

    return SharedDatabase(
        folder / "notes.db", called="the file of notes", failure="notes cannot be kept", prepare=prepare
    )


def notes(database):
    return [text for (text,) in database.connection.execute("SELECT text FROM notes")]


@pytest.fixture
def database(tmp_path):
    one = opened(tmp_path / "state")
    yield one
    one.close()


def test_a_change_that_fails_leaves_nothing(database):
    def change():
        with database.transaction() as connection:
            connection.execute("INSERT INTO notes VALUES ('a')")
            raise KeyError

    with pytest.raises(KeyError):
        change()
    with database.transaction() as connection:
        connection.execute("INSERT INTO notes VALUES ('b')")
    assert notes(database) == ["b"]


def test_threads_and_processes_change_it_one_after_the_other(database, tmp_path):
    def add(one):
        for _ in range(50):
            with one.transaction() as connection:
                (count,) = connection.execute("SELECT count(*) FROM notes").fetchone()
                connection.execute("INSERT INTO notes VALUES (?)", (count,))

    other = opened(tmp_path / "state")
    threads = [threading.Thread(target=add, args=(one,)) for one in (database, database, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert notes(database) == [*range(150)]


def test_what_goes_wrong_says_what_and_where(database):
    reason = r"notes cannot be kept in '.*state': no such table: missing"
    with pytest.raises(LedgerError, match=reason), database.transaction() as connection:
        connection.execute("INSERT INTO missing VALUES (1)")


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
def test_it_is_its_owners_alone(database, tmp_path):
    database.process.acquire()
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0
    assert [file.name for file in (tmp_path / "state").iterdir() if file.stat().st_mode & 0o077] == []


@pytest.mark.skipif(os.name != "posix", reason="links are POSIX's")
def test_a_link_is_not_followed(tmp_path):
    sqlite3.connect(tmp_path / "theirs.db").close()
    (tmp_path / "notes.db").symlink_to(tmp_path / "theirs.db")
    with pytest.raises(LedgerError, match="no regular file"):
        opened(tmp_path)
