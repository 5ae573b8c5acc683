"""Outputs at an address are those at a path: the same bytes, there whole or not at all, and no password is shown."""

import io
import tempfile
from contextlib import closing
from sqlite3 import connect

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import register_implementation
from pyarrow import dataset
from tabular import record, schema_of

from slotfill.extractors.documents.sources import find_sources
from slotfill.extractors.errors import InputError, OutputError
from slotfill.extractors.runs.outputs.sinks import open_rejects, open_sink
from slotfill.extractors.runs.outputs.tables import parts_sink

SCHEMA = schema_of({"type": "object", "properties": {"n": {"type": "integer"}}})


class Shared(MemoryFileSystem):
    """Files of a server, one of which can be seen while it is written: what is written must be moved to its place."""

    protocol = "shared"
    store, pseudo_dirs, moved, takes_nothing = {}, [""], [], False

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.removeprefix("shared://").replace("kim:s%2Fecret@", ""))

    def pipe_file(self, path, value, **options):
        if self.takes_nothing:
            raise PermissionError("kim:s/ecret may not write")
        super().pipe_file(path, value, **options)

    def mv(self, path1, path2, **options):
        self.moved.append((path1, path2))
        super().mv(path1, path2, **options)


register_implementation("shared", Shared, clobber=True)
FOLDERS = ("memory://out", "shared://kim:s%2Fecret@out")


@pytest.fixture(autouse=True)
def _empty(monkeypatch, tmp_path):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    yield
    assert [*(tmp_path / "temporary").iterdir()] == []
    for system in (MemoryFileSystem, Shared):
        system.store.clear()
        system.pseudo_dirs[:] = [""]
    Shared.moved.clear()
    Shared.takes_nothing = False


def opened(output):
    return open_sink(str(output), io.BytesIO(), schema=SCHEMA, records=False, several=not output.endswith(".json"))


def put(output, numbers):
    with opened(output) as sink:
        for number in numbers:
            sink.write(record({"n": number}, str(number)))
        sink.commit(complete=True)


def stored(folder):
    system, path = fsspec.core.url_to_fs(folder)
    return {file.removeprefix(f"{path}/"): system.cat_file(file) for file in system.find(path)} if path else {}


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("name", ["t.jsonl", "t.json", "t.csv", "t.parquet", "t.db"])
def test_a_file_at_an_address_is_what_it_is_at_a_path(tmp_path, folder, name):
    put(str(tmp_path / name), [1])
    put(f"{folder}/{name}", [1])
    written = stored(folder)
    assert [*written] == [name]
    if name == "t.db":
        (tmp_path / "copy.db").write_bytes(written[name])
        with closing(connect(tmp_path / name)) as one, closing(connect(tmp_path / "copy.db")) as other:
            assert [*one.iterdump()] == [*other.iterdump()]
    else:
        assert written[name] == (tmp_path / name).read_bytes()


@pytest.mark.parametrize("folder", FOLDERS)
def test_parts_at_an_address_are_those_in_a_folder(tmp_path, folder, monkeypatch):
    monkeypatch.setattr(parts_sink, "ROWS_A_PART", 3)
    put(f"{folder}/t.parquet/", range(9, 5, -1))
    with opened(f"{folder}/t.parquet/") as sink:
        for number in range(6):
            sink.write(record({"n": number}, str(number)))
    put(f"{folder}/t.parquet/", range(7))
    put(f"{tmp_path}/t.parquet/", range(7))
    assert stored(f"{folder}/t.parquet") == {
        path.name: path.read_bytes() for path in (tmp_path / "t.parquet").iterdir()
    }
    system, path = fsspec.core.url_to_fs(f"{folder}/t.parquet")
    assert dataset.dataset(path, filesystem=system).to_table()["n"].to_pylist() == [*range(7)]


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("name", ["t.jsonl", "t.parquet", "t.parquet/"])
def test_what_is_not_committed_is_not_there_and_an_older_output_is(folder, name):
    put(f"{folder}/{name}", [1])
    before = stored(folder)
    with opened(f"{folder}/{name}") as sink:
        sink.write(record({"n": 2}))
        assert stored(folder) == before
    assert stored(folder) == before


def test_where_a_file_is_seen_while_it_is_written_it_is_moved_to_its_place():
    put("shared://out/t.jsonl", [1])
    assert Shared.moved == [("/out/.t.jsonl.slotfill-part", "/out/t.jsonl")]
    put("memory://t.jsonl", [1])
    assert MemoryFileSystem.store["/t.jsonl"].getvalue() == b'{"source": "1", "value": {"n": 1}}\n'


def test_what_cannot_be_put_is_an_error_before_anything_is_paid_for_and_shows_no_password():
    Shared.takes_nothing = True
    with pytest.raises(OutputError) as refused:
        opened("shared://kim:s%2Fecret@out/t.jsonl")
    assert str(refused.value) == "cannot write to 'shared://kim@out': kim:… may not write"
    with pytest.raises(OutputError, match="cannot write to 'shared://kim@out'"):
        open_rejects("shared://kim:s%2Fecret@out/t.jsonl")


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("https://kim:secret@host/t.jsonl", "'https://host': it can only be read"),
        ("zip://t.jsonl::memory://a.jsonl", "it can only be read"),
        ("nobody://out/t.jsonl", "install the package that brings its protocol"),
        ("memory://out", "a folder with a file each, which is not written elsewhere"),
        ("memory://out/t.xml", "names a format that is not written"),
    ],
)
def test_what_is_not_written_elsewhere_says_what_is(output, reason):
    with pytest.raises(OutputError, match=reason) as refused:
        opened(output)
    assert "secret" not in str(refused.value)


def test_what_a_run_writes_into_a_folder_is_no_input_of_it():
    fsspec.filesystem("memory").pipe({"/in/a.txt": b"a", "/in/out.jsonl": b"{}", "/in/t.parquet/_manifest.json": b"{}"})
    own = ["memory://in/out.jsonl", "memory://in/t.parquet/", "memory://out/t.jsonl"]
    assert [document.source for document in find_sources(["memory://in"], skip=own)] == ["memory://in/a.txt"]
    with pytest.raises(InputError, match=r"'memory://in/out\.jsonl' is what the run itself writes"):
        find_sources(["memory://in/out.jsonl"], skip=own)
    fsspec.filesystem("memory").pipe("/out/t.jsonl", b"{}")
    with pytest.raises(InputError, match="holds no files to read but what the run itself writes"):
        find_sources(["memory://out"], skip=own)
