"""Parquet in parts: the manifest says what the output is, and is there when all that it names is."""

import hashlib
import io
import json
import os
import signal
import subprocess
import sys

import pandas as pd
import polars as pl
import pytest
from checkout import ROOT
from disks import full
from killing import KEY, reply, rows
from pyarrow import dataset
from tabular import record, schema_of, write

from slotfill.extractors.errors import OutputError
from slotfill.extractors.runs.outputs.sinks import open_sink
from slotfill.extractors.runs.outputs.tables import parts_sink
from slotfill.extractors.runs.outputs.tables.parts_sink import MANIFEST
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

SCHEMA = schema_of({"type": "object", "properties": {"n": {"type": "integer"}}})
WIDE = schema_of({"type": "object", "properties": {f"n{number}": {"type": "integer"} for number in range(2_000)}})


@pytest.fixture(autouse=True)
def _short_parts(monkeypatch):
    monkeypatch.setattr(parts_sink, "ROWS_A_PART", 3)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "t.parquet"


def opened(folder, schema=SCHEMA):
    return open_sink(f"{folder}/", io.BytesIO(), schema=schema, records=False, several=True, run="ab12")


def put(folder, numbers):
    return write(f"{folder}/", SCHEMA, [{"n": number} for number in numbers])


def manifest(folder):
    return json.loads((folder / MANIFEST).read_text())


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("count", [0, 1, 3, 6, 7])
def test_parts_hold_each_row_once_and_the_manifest_names_them(folder, count):
    put(folder, range(count))
    told = manifest(folder)
    assert names(folder) == sorted([MANIFEST, *(part["name"] for part in told["parts"])])
    assert [part["rows"] for part in told["parts"]] == [3] * (count // 3) + [count % 3] * bool(count % 3 or not count)
    for part in told["parts"]:
        data = (folder / part["name"]).read_bytes()
        assert (part["bytes"], part["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert (told["rows"], told["complete"]) == (count, True)
    assert told["outcomes"] == ({"valid": count} if count else {})
    assert told["columns"] == {"source": "string", "n": "int64", "rest": "string"}
    assert told["schema"] == {"name": "thing", "id": SCHEMA.id}
    # Readers of a folder leave out what begins with an underscore; polars is told what to read.
    assert dataset.dataset(folder).to_table()["n"].to_pylist() == [*range(count)]
    assert [*pd.read_parquet(folder)["n"]] == [*range(count)]
    assert pl.scan_parquet(folder / "*.parquet").collect()["n"].to_list() == [*range(count)]


def test_an_older_output_is_whole_until_the_manifest_is_replaced(folder):
    put(folder, range(7))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with opened(folder) as sink:
        for number in range(10, 18):
            sink.write(record({"n": number}))
        assert all((folder / name).read_bytes() == data for name, data in before.items())
        sink.commit(complete=False)
    assert dataset.dataset(folder).to_table()["n"].to_pylist() == [*range(10, 18)]
    assert (manifest(folder)["complete"], manifest(folder)["run"]) == (False, "ab12")


def test_what_is_broken_off_leaves_no_manifest_and_is_gone_on_with(folder):
    with opened(folder) as sink:
        for number in range(8):
            sink.write(record({"n": number}, str(number)))
    assert [name.rpartition("-")[0] for name in names(folder)] == ["part-00000", "part-00001"]
    before = {path.name: path.stat().st_ino for path in folder.iterdir()}
    put(folder, range(8))
    assert before.items() <= {path.name: path.stat().st_ino for path in folder.iterdir()}.items()
    assert dataset.dataset(folder).to_table()["n"].to_pylist() == [*range(8)]


def test_parts_of_another_content_go_when_the_manifest_is_there(folder):
    with opened(folder) as sink:
        for number in range(6):
            sink.write(record({"n": -number}))
    (folder / "mine.txt").write_text("what somebody else has put there stays")
    put(folder, range(4))
    assert names(folder) == sorted([MANIFEST, "mine.txt", *(part["name"] for part in manifest(folder)["parts"])])


def test_a_part_that_was_removed_leaves_no_manifest(folder):
    with opened(folder) as sink:
        for number in range(4):
            sink.write(record({"n": number}))
        next(folder.glob("part-00000-*")).unlink()
        with pytest.raises(OutputError, match=r"part-00000-.*\.parquet was removed from '.*t\.parquet'"):
            sink.commit(complete=True)
    assert not (folder / MANIFEST).exists()


def test_a_full_disk_leaves_what_was_there(folder):
    put(folder, range(4))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with opened(folder) as sink:
        sink.write(record({"n": 9}))
        with full(1), pytest.raises(OutputError, match="cannot write"):
            sink.commit(complete=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_one_process_writes_a_folder_and_a_schema_that_is_refused_locks_none(folder):
    with pytest.raises(OutputError, match="columns") as refused:
        opened(folder, WIDE)
    assert refused.tb  # which keeps all that was made on the way
    with opened(folder), pytest.raises(OutputError, match="another process is writing it"):
        opened(folder)
    put(folder, [1])


def test_a_run_without_rows_that_was_stopped_keeps_what_was_there(folder):
    put(folder, [1])
    before = manifest(folder)
    with opened(folder) as sink:
        sink.commit(complete=False)
    assert manifest(folder) == before


DIES = """
import os, signal, sys
from slotfill.extractors.runs.outputs.atomic_files import AtomicFile
from slotfill.extractors.runs.outputs.tables import parts_sink
parts_sink.ROWS_A_PART = 4
left, commit = int(sys.argv.pop(1)), AtomicFile.commit
def commit_or_die(file, name=None):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    commit(file, name)
AtomicFile.commit = commit_or_die
from slotfill.__main__ import main
main()
"""


def run(folder, url, dies, *options):
    """Run over forty rows; dies: at which of the files that the run puts in their places, 0 for none."""
    environment = {**os.environ, "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": KEY, "PYTHONPATH": str(ROOT)}
    arguments = ("extract", "note str, urgency int", "rows.jsonl", "-o", "out.parquet/", *options)
    command = [sys.executable, "-c", DIES, str(dies), *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, check=False, timeout=120
    ).returncode


def held(folder):
    return {path.name: path.read_bytes() for path in (folder / "out.parquet").iterdir()}


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--engine", "processes", "--workers", "2")], ids=["alone", "processes"])
def test_a_run_that_is_killed_between_parts_goes_on_to_the_same_bytes(tmp_path, options):
    for name in ("undisturbed", "killed"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows.jsonl").write_text(rows(40))
    with served(SimulatedClaude(reply)) as url:
        assert run(tmp_path / "undisturbed", url, 0) == 1
        for dies in (3, 2, 5):
            assert run(tmp_path / "killed", url, dies, *options) == -signal.SIGKILL
            assert MANIFEST not in held(tmp_path / "killed")
        assert run(tmp_path / "killed", url, 0, *options) == 1
    assert held(tmp_path / "killed") == held(tmp_path / "undisturbed")
    sources = dataset.dataset(tmp_path / "killed" / "out.parquet").to_table()["source"].to_pylist()
    assert len(set(sources)) == len(sources) > 30
