"""Addresses: what fsspec opens is found and read as local files are, and no password is ever shown."""

import io
import itertools
import re
import subprocess
import sys
import threading
import traceback
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import quote

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import known_implementations, register_implementation
from hypothesis import example, given
from hypothesis import strategies as st

from slotfill.extractors.documents.readers import kinds as kinds_of_files
from slotfill.extractors.documents.sources import find_sources
from slotfill.extractors.errors import InputError
from slotfill.extractors.extractions.stored import read_document


@pytest.fixture(autouse=True)
def _empty_memory():
    with empty_memory():
        yield


@contextmanager
def empty_memory() -> Iterator[None]:
    """Leave nothing in the memory that `memory://` shares with the whole process."""
    try:
        yield
    finally:
        MemoryFileSystem.store.clear()
        MemoryFileSystem.pseudo_dirs[:] = [""]


def write(*names, data=None):
    for name in names:
        fsspec.filesystem("memory").pipe_file(f"/{name}", data or f"text of {name}".encode())


def sources_of(*inputs, **options):
    return [document.source for document in find_sources(inputs, **options)]


def kinds(found):
    return [document.failure and document.failure.type for document in found]


# Files, folders, globs


def test_a_file_is_one_document_named_by_its_address():
    write("notes/a.txt")
    found = find_sources(["memory://notes/a.txt"])
    assert [(document.source, document.text) for document in found] == [("memory://notes/a.txt", "text of notes/a.txt")]
    assert (found.several, found.count) == (False, 1)


@pytest.mark.parametrize("address", ["memory://in", "memory://in/", "memory://in//"])
def test_a_folder_is_walked_as_a_local_one_is(address):
    write(
        "in/b.txt", "in/a.html", "in/sub/z.eml", "in/sub/deep/y", "in/Z/x.md", "in/.hidden", "in/.git/config", "no.txt"
    )
    inside = ["a.html", "b.txt", "Z/x.md", "sub/z.eml", "sub/deep/y"]
    found = find_sources([address])
    assert [document.source for document in found] == [f"memory://in/{name}" for name in inside]
    assert (found.several, found.count) == (True, 5)


def test_a_folder_of_one_file_still_gives_several():
    write("in/a.txt")
    assert (find_sources(["memory://in"]).several, find_sources(["memory://in/*"]).several) == (True, False)


def test_the_whole_of_a_file_system_is_a_folder():
    write("in/b.txt", "a.txt", ".hidden/c.txt")
    assert sources_of("memory://") == ["memory://a.txt", "memory://in/b.txt"]


def test_a_folder_that_is_hidden_is_walked_where_it_is_named():
    write(".in/a.txt", ".in/.b.txt")
    assert sources_of("memory://.in") == sources_of("memory://.in/*") == ["memory://.in/a.txt"]
    assert sources_of("memory://.in/.b*") == ["memory://.in/.b.txt"]


NAMES = st.text("ab.", min_size=1, max_size=3).filter(lambda name: name.strip("."))
TREES = st.sets(st.lists(NAMES, min_size=1, max_size=4).map(tuple), min_size=1, max_size=8)


@given(TREES, st.sampled_from(["", "/*", "/*/*", "/**", "/**/*", "/**/a*", "/a/*", "/[ab]", "/?.a", "/[ab]/*", "/?/*"]))
@example({("b",), ("a", "b"), ("a.", "b"), ("a", "a", "a")}, "")
@example({("b",), ("a", "b"), ("a.", "b"), ("a", "a", "a"), (".a", "b"), ("a", ".a")}, "/**/*")
def test_what_is_found_is_what_is_found_in_the_same_local_folder(tmp_path_factory, tree, pattern):
    folder = tmp_path_factory.mktemp("local")
    named = {"/".join(path) for path in tree}
    files = {name for name in named if not any(other.startswith(f"{name}/") for other in named)}
    with empty_memory():
        for name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("text")
        write(*(f"in/{name}" for name in files))
        assert below("memory://in", pattern) == below(str(folder), pattern)


def below(folder, pattern):
    try:
        return [source.removeprefix(folder) for source in sources_of(folder + pattern)]
    except InputError:
        return []


def test_a_file_is_found_by_its_own_name_before_that_is_a_glob():
    write("a[1].txt", "a1.txt", "what?.txt")
    assert sources_of("memory://a[1].txt", "memory://what?.txt") == ["memory://a[1].txt", "memory://what?.txt"]


def test_addresses_stand_among_other_inputs(tmp_path):
    write("a.txt")
    (tmp_path / "b.txt").write_text("local")
    found = find_sources(
        [tmp_path / "b.txt", "memory://a.txt", "-"], stdin=io.BytesIO(b"piped"), skip=[tmp_path / "c.txt"]
    )
    assert [document.text for document in found] == ["local", "text of a.txt", "piped"]


class Remembering(MemoryFileSystem):
    """One that keeps what it has listed, as those of object stores do."""

    protocol = "kept"

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.removeprefix("kept://"))

    def find_sources(self, path, **options):
        if path not in self.dircache:
            self.dircache[path] = super().find(path, **options)
        return self.dircache[path]

    def invalidate_cache(self, path=None):
        self.dircache.clear()


def test_what_is_written_later_is_found_by_a_later_search():
    register_implementation("kept", Remembering, clobber=True)
    write("in/a.txt")
    assert len(sources_of("kept://in")) == 1
    write("in/b.txt")
    assert len(sources_of("kept://in")) == 2


def test_a_file_address_is_a_local_path(tmp_path):
    (tmp_path / "a.txt").write_text("local")
    (tmp_path / "out.jsonl").write_text("{}")
    assert sources_of(f"file://{tmp_path}", skip=[tmp_path / "out.jsonl"]) == [f"{tmp_path}/a.txt"]


@pytest.mark.parametrize(
    "text", ["see https://example.org/a", "a.jsonl#https://example.org", "c://a.txt", "://a", "s3:/b/a"]
)
def test_what_only_holds_an_address_is_none(text):
    with pytest.raises(InputError, match="no file or folder"):
        find_sources([text])


# Rows


ROWS = b'{"id": "x#y", "text": "one"}\n\nbroken\n{"id": "http://y", "text": "zwei \xfc"}\n'


def test_rows_are_named_by_the_address_and_their_line():
    write("in/a.JSONL", data=ROWS)
    write("in/b.csv", data=b"text;n\none;1\ntwo;2\n")
    found = find_sources(["memory://in"])
    assert (found.several, found.count) == (True, None)
    assert [(document.source, document.text) for document in found] == [
        ("memory://in/a.JSONL#1", "one"),
        ("memory://in/a.JSONL#3", ""),
        ("memory://in/a.JSONL#4", "zwei ü"),
        ("memory://in/b.csv#1", "one"),
        ("memory://in/b.csv#2", "two"),
    ]
    assert kinds(found) == [None, "broken_row", None, None, None]
    assert list(found) == list(found)


def test_one_file_of_rows_is_several():
    write("a.jsonl", data=ROWS)
    assert find_sources(["memory://a.jsonl"]).several
    assert sources_of("memory://a.jsonl", id_field="id") == [
        "memory://a.jsonl#x#y",
        "memory://a.jsonl#3",
        "memory://a.jsonl#http://y",
    ]


def test_a_question_mark_is_a_part_of_a_name_where_there_are_no_queries():
    write("a?.jsonl", "#1.jsonl", data=ROWS)
    assert sources_of("memory://a?.jsonl", "memory://#1.jsonl")[::3] == ["memory://a?.jsonl#1", "memory://#1.jsonl#1"]


def test_a_csv_without_the_column_is_an_error_before_anything_is_read():
    write("in/a.csv", data=b"body\none\n")
    with pytest.raises(InputError, match=r"'memory://in/a\.csv' has no column 'text': there is 'body'"):
        find_sources(["memory://in"])


def test_rows_are_read_as_they_come():
    """A file without end gives its first rows."""

    class Endless(io.RawIOBase):
        lines = itertools.count(1)

        def read(self, size):
            return b"".join(b'{"text": "row %d"}\n' % next(self.lines) for _ in range(100))[: size - size % 100 or size]

    with vault(lambda _: Endless()):
        rows = iter(find_sources(["vault://host/a.jsonl"]))
        assert [document.source for document in itertools.islice(rows, 2)] == [
            "vault://host/a.jsonl#1",
            "vault://host/a.jsonl#2",
        ]
        rows.close()


# Chained addresses


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "mails.zip"
    with zipfile.ZipFile(path, "w") as writer:
        for name in ("b.txt", "a.txt", "sub/c.txt", "rows.jsonl", ".hidden"):
            writer.writestr(name, '{"text": "zipped"}')
    return path


def test_the_files_of_an_archive(archive):
    assert sources_of(f"zip://*.txt::{archive}") == [f"zip://a.txt::{archive}", f"zip://b.txt::{archive}"]
    assert sources_of(f"zip://sub::{archive}") == [f"zip://sub/c.txt::{archive}"]
    assert sources_of(f"zip://rows.jsonl::{archive}") == [f"zip://rows.jsonl::{archive}#1"]


@pytest.mark.parametrize("head", ["zip", "zip://"])
def test_an_archive_elsewhere(archive, head):
    write("mails.zip", data=archive.read_bytes())
    inside = [("a.txt", ""), ("b.txt", ""), ("rows.jsonl", "#1"), ("sub/c.txt", "")]
    named = [f"zip://{name}::memory://mails.zip{row}" for name, row in inside]
    assert sources_of(f"{head}::memory://mails.zip") == named


def test_a_cache_before_an_address_only_hands_files_on():
    write("in/a.txt")
    assert sources_of("simplecache::memory://in/*.txt") == ["simplecache::memory://in/a.txt"]
    assert sources_of("simplecache::memory://in/a.txt") == ["simplecache::memory://in/a.txt"]


# What cannot be used


@pytest.mark.parametrize(
    "address", ["memory://nowhere.txt", "memory://in/*.md", "memory://in/b/*", "zip://a::nowhere.zip"]
)
def test_what_is_not_there_is_an_error(address):
    write("in/a.txt")
    with pytest.raises(InputError, match=f"{re.escape(repr(address))} cannot be read: (nothing is there|No such file)"):
        find_sources([address])


def test_a_folder_or_glob_without_files_is_an_error():
    fsspec.filesystem("memory").makedirs("/empty/sub")
    write("in/.hidden")
    for address in ("memory://empty", "memory://in", "memory://empty/*"):
        with pytest.raises(InputError, match="holds no files"):
            find_sources([address])


def test_an_unknown_protocol_is_an_error_that_says_what_to_do():
    with pytest.raises(InputError, match=r"'nowhere://a' cannot be read: .*nowhere: mend the address, or install"):
        find_sources(["nowhere://a"])


def test_a_protocol_whose_package_is_missing_is_an_error_that_names_it(monkeypatch):
    known = {"class": "no_such_package.System", "err": "Install no_such_package to get there"}
    monkeypatch.setitem(known_implementations, "there", known)
    with pytest.raises(InputError, match="'there://a' cannot be read: Install no_such_package"):
        find_sources(["there://a"])


WITHOUT_FSSPEC = """
import sys
sys.modules["fsspec"] = None
from slotfill.extractors.documents.sources import find_sources
from slotfill.schemas.errors import MissingExtraError
print(len(find_sources([sys.argv[1]]).sources))
try:
    find_sources(["memory://a"])
except MissingExtraError as error:
    print(error)
"""


def test_without_the_extra_local_files_are_read_and_an_address_names_it(tmp_path):
    (tmp_path / "a.txt").write_text("local")
    command = [sys.executable, "-c", WITHOUT_FSSPEC, str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert said == "1\nan address needs the extra `remote`: pip install 'slotfill[remote]'\n"


# What fails later


@pytest.mark.parametrize("suffix", [".txt", ".csv", ".jsonl"])
def test_a_file_that_vanishes_fails_as_a_document_and_stops_no_other(suffix):
    write(f"in/a{suffix}", data=b"text\nhello\n")
    write("in/b.txt")
    found = find_sources(["memory://in"])
    fsspec.filesystem("memory").rm(f"/in/a{suffix}")
    failed, other = found
    assert (failed.source, failed.failure.type) == (f"memory://in/a{suffix}", "unreadable")
    assert "nothing is there" in failed.failure.message
    assert other.text == "text of in/b.txt"


@contextmanager
def vault(opened, *, info=None):
    """Let `vault://` be a file system that needs a password: `opened` gives its files, or raises."""

    class Vault(fsspec.AbstractFileSystem):
        protocol = "vault"
        cachable = False

        def __init__(self, address="", **options):
            super().__init__(**options)
            self.address = address

        @classmethod
        def _get_kwargs_from_urls(cls, address):
            return {"address": address}

        @classmethod
        def _strip_protocol(cls, address):
            return address.removeprefix("vault://").rpartition("@")[2]

        def info(self, path, **_):
            if info:
                info(self.address)
            return {"name": path, "type": "file", "size": None}

        def _open(self, path, *_, **__):
            return opened(self.address)

    register_implementation("vault", Vault, clobber=True)
    yield


class Broken(io.RawIOBase):
    def __init__(self, data, error):
        self._data, self._error = data, error

    def read(self, size):
        if self._data:
            data, self._data = self._data[:size], self._data[size:]
            return data
        raise self._error


class OddError(Exception):
    """An error of a protocol's own, as each has them."""


@pytest.mark.parametrize(
    "error", [OddError("the line is dead"), OSError(5, "the line is dead"), ValueError("the line is dead")]
)
def test_a_line_that_breaks_fails_the_document_after_the_rows_that_came(error):
    with vault(lambda _: Broken(b'{"text": "one"}\n' * 2000, error)):
        found = list(find_sources(["vault://host/a.jsonl", "vault://host/a.txt"]))
    assert {document.text for document in found[:-2]} == {"one"}
    assert len(found) > 1000
    assert kinds(found)[-2:] == ["unreadable", "unreadable"]
    assert {document.failure.message for document in found[-2:]} == {"cannot be read: the line is dead"}
    assert [document.source for document in found[-2:]] == ["vault://host/a.jsonl", "vault://host/a.txt"]


def test_a_file_that_is_too_large_is_refused_unread(monkeypatch):
    monkeypatch.setattr(kinds_of_files, "MOST_BYTES", 10)
    write("in/a.txt", data=b"0123456789")
    write("in/b.txt", data=b"01234567890")
    assert kinds(find_sources(["memory://in"])) == [None, "too_large"]

    unread = Broken(b"", AssertionError("it was read"))
    unread.size = 11
    with vault(lambda _: unread):
        assert kinds(find_sources(["vault://host/a.txt"])) == ["too_large"]


def test_a_file_of_unknown_size_is_read_up_to_the_largest(monkeypatch):
    monkeypatch.setattr(kinds_of_files, "MOST_BYTES", 10)
    with vault(lambda _: Broken(b"x" * 11, AssertionError("it was read too far"))):
        assert kinds(find_sources(["vault://host/a.txt"])) == ["too_large"]


# Secrets

SECRET = "s3cr3t/w@rd"


def refusing(address):
    raise OddError(f"530 {address} is refused: {SECRET}, {quote(SECRET, safe='')}")


@pytest.mark.parametrize(
    "address",
    [
        f"vault://user:{quote(SECRET, safe='')}@host/a.txt",
        f"vault://user:{quote(SECRET)}@host/a.txt",
        f"vault://user:{SECRET}@host/a.txt",
        f"vault://:{quote(SECRET, safe='')}@host/a.jsonl",
        f"vault://host/a.txt?X-Amz-Signature={quote(SECRET, safe='')}&n=1",
        f"vault://host/a.jsonl?n=1&sig={quote(SECRET, safe='')}",
    ],
)
def test_what_nobody_may_see_is_in_no_name_no_message_and_no_traceback(address):
    shown = []
    with vault(refusing):
        try:
            found = find_sources([address])
            shown += [repr(found), repr(list(found))]
            assert kinds(found) == ["unreadable"]
        except InputError:
            shown.append(traceback.format_exc())
    with vault(refusing, info=refusing), pytest.raises(InputError, match="cannot be read") as caught:
        find_sources([address])
    shown += [str(caught.value), "".join(traceback.format_exception(caught.value))]
    for form in (SECRET, quote(SECRET), quote(SECRET, safe=""), "s3cr3t", "w@rd"):
        assert not [text for text in shown if form in text]
    assert all("host/a" in text for text in shown)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("vault://user:pass@host/a.txt", "vault://user@host/a.txt"),
        ("vault://user:p@ss@host/a.txt", "vault://user@host/a.txt"),
        ("vault://host:8080/a@b.txt", "vault://host:8080/a@b.txt"),
        ("vault://host/10:30/a@b.txt", "vault://host/10:30/a@b.txt"),
        ("vault://user@host/a.txt", "vault://user@host/a.txt"),
        ("vault://host/a.txt?author=me&design=2&sig=x", "vault://host/a.txt?author=me&design=2&sig=…"),
        ("vault://host/a.txt?access_token=x", "vault://host/a.txt?access_token=…"),
        ("simplecache::vault://user:pass@host/a.txt", "simplecache::vault://user@host/a.txt"),
    ],
)
def test_the_rest_of_an_address_stays_as_it_is(address, name):
    with vault(lambda _: io.BytesIO(b"text")):
        assert sources_of(address) == [name]


def test_what_looks_like_a_password_where_there_is_none_stays():
    write("Re: a@b.eml")
    assert sources_of("memory://Re: a@b.eml") == ["memory://Re: a@b.eml"]


@given(st.text(st.characters(codec="utf-8", exclude_characters="…"), min_size=6))
@example("a:b::c@d/e?f#g h")
@example("123/4@host")
def test_no_password_is_shown_however_it_is_made(password):
    with vault(refusing):
        document = next(iter(find_sources([f"vault://someone:{quote(password, safe='')}@host/a.txt"])))
    assert document.source == "vault://someone@host/a.txt"
    assert quote(password, safe="") not in document.failure.message
    assert password not in document.failure.message


def test_a_password_that_is_not_escaped_is_refused():
    with pytest.raises(InputError, match=r"'ftp://user@host/a\.txt' cannot be read: its password must be escaped"):
        find_sources(["ftp://user:12ab/34@host/a.txt"])


# The web


class Web(BaseHTTPRequestHandler):
    pages: ClassVar = {
        "/": b'<a href="b.txt">b</a> <a href="a.txt">a</a> <a href="closed.txt?sig=linked">c</a>',
        "/a.txt": b"one",
        "/b.txt": b"two",
        "/rows.jsonl": ROWS,
    }

    def do_GET(self):
        path = self.path.partition("?")[0]
        page = self.pages.get(path)
        self.send_response(403 if path == "/closed.txt" else 404 if page is None else 200)
        self.send_header("Content-Length", str(len(page or b"")))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(page or b"")

    do_HEAD = do_GET  # noqa: N815 - the server's name for it

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def web():
    with ThreadingHTTPServer(("127.0.0.1", 0), Web) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_page_is_a_document_and_a_token_is_not_in_its_name(web):
    assert (
        sources_of(f"http://t0ken@{web}/a.txt") == sources_of(f"http://t0ken:@{web}/a.txt") == [f"http://{web}/a.txt"]
    )
    assert sources_of(f"http://{web}/a.txt?n=1") == [f"http://{web}/a.txt?n=1"]


def test_what_a_page_links_to_is_named_by_its_own_address(web):
    found = list(find_sources([f"http://user:s3cr3t@{web}/*.txt*"]))
    named = [f"http://{web}/{name}" for name in ("a.txt", "b.txt", "closed.txt?sig=…")]
    assert [document.source for document in found] == named
    assert kinds(found) == [None, None, "unreadable"]
    assert "403" in found[-1].failure.message
    assert "linked" not in repr(found)


def test_rows_of_the_web_are_told_by_the_path(web):
    assert sources_of(f"http://{web}/rows.jsonl?sig=s3cr3t#x")[0] == f"http://{web}/rows.jsonl?sig=…#x#1"


def test_a_page_that_cannot_be_had_is_an_error_that_says_why(web):
    for page, reason in (("nowhere.txt", "404"), ("closed.txt", "403")):
        with pytest.raises(InputError, match=f"'http://{web}/{page}' cannot be read: {reason}"):
            find_sources([f"http://user:s3cr3t@{web}/{page}"])


# A record's document


def test_a_record_leads_back_to_its_row():
    write("in/a.jsonl", data=ROWS)
    write("in/b.txt")
    for document in [*find_sources(["memory://in"]), *find_sources(["memory://in/a.jsonl"], id_field="id")]:
        if document.failure is None:
            assert (
                read_document({"document": {"id": document.id, "source": document.source}}, document.source) == document
            )


def test_a_record_leads_back_into_an_archive(archive):
    document = next(iter(find_sources([f"zip://rows.jsonl::{archive}"])))
    assert read_document({"document": {"id": document.id, "source": document.source}}, document.source) == document


def test_a_record_of_what_has_changed_says_so():
    write("a.jsonl", data=ROWS)
    document = next(iter(find_sources(["memory://a.jsonl"])))
    write("a.jsonl", data=ROWS.replace(b"one", b"two"))
    with pytest.raises(InputError, match="has changed"):
        read_document({"document": {"id": document.id, "source": document.source}}, document.source)
    with pytest.raises(InputError, match="nothing is there"):
        read_document({"document": {"id": document.id, "source": document.source}}, "memory://b.jsonl#1")


def test_a_record_by_itself_leads_to_no_other_host():
    write("a.txt")
    document = next(iter(find_sources(["memory://a.txt"])))
    with pytest.raises(InputError, match="no regular file below"):
        read_document({"document": {"id": document.id, "source": document.source}})


def test_a_record_is_found_by_the_whole_address_which_no_error_shows():
    with vault(lambda _: io.BytesIO(b"text")):
        document = next(iter(find_sources(["vault://user:s3cr3t@host/a.txt"])))
        record = {"document": {"id": document.id, "source": document.source}}
        assert read_document(record, "vault://user:s3cr3t@host/a.txt") == document
    with vault(lambda _: io.BytesIO(b"other")), pytest.raises(InputError, match=r"'vault://user@host/a\.txt' is not"):
        read_document(record, "vault://user:s3cr3t@host/a.txt")
