"""Where results go."""

import io
import json
import os
import random
import shutil
import signal
import string
import subprocess
import sys
import tracemalloc
from zipfile import ZipFile

import pytest
from checkout import ROOT
from disks import full, read_only
from examples import examples
from hypothesis import example, given
from hypothesis import strategies as st
from tabular import OUTPUTS, record, schema_of

from slotfill import Outcome, OutputError
from slotfill.extractors.runs.outputs.json_sinks import encode
from slotfill.extractors.runs.outputs.output_locks import beside
from slotfill.extractors.runs.outputs.sinks import open_rejects, open_sink

SCHEMA = schema_of({"type": "object", "properties": {"note": {"type": "string"}}})


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_comes_back_and_holds_no_control_character(data):
    for indent in (None, 2):
        text = encode(data, indent=indent).decode()
        assert json.loads(text) == data
        assert text.endswith("\n")
        assert not any(character != "\n" and (character < " " or "\x7f" <= character <= "\x9f") for character in text)
    assert encode(data).count(b"\n") == 1


def test_standard_output_takes_one_value_or_lines():
    for several, expected in ((False, '{\n  "a": 1\n}\n'), (True, '{"source": "a.txt", "value": {"a": 1}}\n')):
        for output in (None, "-"):
            stream = io.BytesIO()
            with open_sink(output, stream, schema=SCHEMA, records=False, several=several) as sink:
                sink.write(record(value={"a": 1}))
            assert stream.getvalue().decode() == expected


def test_standard_output_that_is_full_says_so():
    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(28, "No space left on device")

    sink = open_sink(None, Full(), schema=SCHEMA, records=False, several=True)
    with pytest.raises(OutputError, match="cannot write to standard output: No space left"):
        sink.write(record())


def test_records_in_place_of_values(tmp_path):
    with open_sink(str(tmp_path / "r.jsonl"), io.BytesIO(), schema=SCHEMA, records=True, several=True) as sink:
        sink.write(record(value=1))
        sink.write(record(outcome=Outcome.REFUSED))
        sink.commit(complete=True)
    assert [line["outcome"] for line in lines(tmp_path / "r.jsonl")] == ["valid", "refused"]


@pytest.mark.parametrize(
    ("name", "complete", "there"),
    [
        ("v.jsonl", True, True),
        ("v.jsonl", False, False),
        ("v.json", True, False),
        *((output, complete, complete) for output in OUTPUTS for complete in (True, False)),
    ],
)
def test_what_a_run_without_results_leaves(tmp_path, name, complete, there):
    """A whole run over nothing makes an empty file; a stopped one leaves what was there; no value is no JSON."""
    with open_sink(str(tmp_path / name), io.BytesIO(), schema=SCHEMA, records=False, several=False) as sink:
        sink.commit(complete=complete)
    assert (tmp_path / name).exists() == there
    assert [path.name for path in tmp_path.iterdir()] == [name] * there


@pytest.mark.parametrize("name", ["v.jsonl", *OUTPUTS])
def test_leaving_without_a_commit_keeps_the_old_file(tmp_path, name):
    (tmp_path / name).write_text("old\n")
    with open_sink(str(tmp_path / name), io.BytesIO(), schema=SCHEMA, records=False, several=True) as sink:
        sink.write(record())
        assert (tmp_path / name).read_text() == "old\n"
    assert (tmp_path / name).read_text() == "old\n"
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_table_of_a_run_that_was_stopped_holds_what_was_written(tmp_path, name):
    (tmp_path / name).write_text("old\n")
    with open_sink(str(tmp_path / name), io.BytesIO(), schema=SCHEMA, records=False, several=True) as sink:
        sink.write(record({"note": "kept"}))
        sink.commit(complete=False)
    assert b"kept" in unpacked((tmp_path / name).read_bytes())
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_table_that_cannot_be_written_says_so_at_once(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        open_sink(str(tmp_path / "file" / name), io.BytesIO(), schema=SCHEMA, records=False, several=True)


def test_a_source_that_is_no_unicode_is_escaped(tmp_path):
    with open_sink(str(tmp_path / "v.jsonl"), io.BytesIO(), schema=SCHEMA, records=False, several=True) as sink:
        sink.write(record({}, "caf\udce9.txt"))
        sink.commit(complete=True)
    assert lines(tmp_path / "v.jsonl")[0]["source"] == "caf\udce9.txt"


def kind_of(path):
    with open_sink(str(path), io.BytesIO(), schema=SCHEMA, records=False, several=False) as sink:
        return type(sink).__name__


@pytest.mark.parametrize(
    "name", ["x.xls", "x.YAML", "a.b.txt", "x.jsonl.gz", "x.sqlite3", "x.feather", ".md.html", "x.jsnl", "x.parqet"]
)
def test_the_suffix_of_a_format_that_is_not_written_is_an_error_that_names_those_that_are(tmp_path, name):
    with pytest.raises(
        OutputError,
        match=r"write a \.json, \.jsonl, \.ndjson, \.csv, \.tsv, \.xlsx, \.parquet or \.db, or a folder, named '.*/'",
    ):
        kind_of(tmp_path / name)
    assert [*tmp_path.iterdir()] == []
    assert kind_of(f"{tmp_path / name}/") == "FolderSink"
    assert kind_of(tmp_path / name) == "FolderSink"  # which it is now


@pytest.mark.parametrize(
    ("name", "meant"),
    [("x.jsnl", "jsonl"), ("x.JSN", "json"), ("x.cvs", "csv"), ("x.xslx", "xlsx"), ("x.ndjsn", "ndjson")],
)
def test_a_suffix_that_looks_like_a_format_s_is_told_which(tmp_path, name, meant):
    with pytest.raises(OutputError, match=rf"names a format that is not written: did you mean \.{meant}\? write a"):
        kind_of(tmp_path / name)
    with pytest.raises(OutputError, match=r"rejects are not written in: name a \.jsonl"):
        open_rejects(str(tmp_path / name))


@pytest.mark.parametrize(
    "name", ["v1.2", "run.2026-03-03", "mails", "a.b c", ".hidden", "x.", "x.txt.d", "x.old", "x.results"]
)
def test_a_name_with_a_dot_that_is_no_format_s_is_a_folder(tmp_path, name):
    assert kind_of(tmp_path / name) == "FolderSink"


@pytest.mark.parametrize("name", ["x.CSV", "x.Jsonl", "x.JSON", "x.DB", "x.Parquet", "x.NDJSON", "x.tsv", "x.Xlsx"])
def test_a_suffix_may_be_in_capitals(tmp_path, name):
    assert kind_of(tmp_path / name) != "FolderSink"


@pytest.mark.parametrize("name", ["x.csv", "x.parquet", "x.xlsx", "x.tsv"])
def test_rejects_are_in_no_other_format(tmp_path, name):
    with pytest.raises(OutputError, match=r"name a \.jsonl"):
        open_rejects(str(tmp_path / name))


def test_rejects_are_records(tmp_path):
    with open_rejects(str(tmp_path / "bad.txt")) as sink:
        sink.write(record(outcome=Outcome.FAILED))
        sink.commit(complete=True)
    assert lines(tmp_path / "bad.txt")[0]["error"] == {"type": "refusal", "message": "no", "path": ""}


@examples(30)  # each file waits for the disk
@given(st.lists(st.text(st.characters(), max_size=20), min_size=1, max_size=5))
@example(["/", "..", ".", "-", "stdin"])
@example(["a", "a.json/b", "a", "\0", "\ud800", "x" * 300])
def test_each_document_gets_a_file_of_its_own_below_the_folder(tmp_path_factory, sources):
    folder = tmp_path_factory.mktemp("out") / "values"
    with opened(folder) as sink:
        for number, source in enumerate(sources):
            sink.write(record(number, source))
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert sorted(json.loads(path.read_text()) for path in files) == list(range(len(sources)))
    assert [path.name for path in folder.parent.iterdir()] == ["values"]


def test_a_file_that_is_there_as_it_would_be_is_left(tmp_path):
    def written(value):
        with opened(tmp_path) as sink:
            sink.write(record(value))
            sink.commit(complete=True)
        return (tmp_path / "a.txt.json").stat().st_ino, json.loads((tmp_path / "a.txt.json").read_text())

    first, _ = written(["same"])
    assert written(["same"]) == (first, ["same"])
    other, value = written(["else"])
    assert other != first
    assert value == ["else"]


def test_a_ledger_in_the_folder_is_not_written_over(tmp_path):
    ledger = tmp_path / ".slotfill" / "values.db.json"
    ledger.parent.mkdir()
    ledger.write_text("ledger")
    with opened(tmp_path) as sink:
        sink.write(record(1, ".slotfill/values.db"))
        sink.write(record(2, "/.slotfill/values.db"))
    assert ledger.read_text() == "ledger"
    assert [*ledger.parent.iterdir()] == [ledger]
    written = [tmp_path / "_slotfill" / name for name in ("values.db.json", "values.db.2.json")]
    assert [json.loads(path.read_text()) for path in written] == [1, 2]


EVERYWHERE = ["v.jsonl", *OUTPUTS, "values"]


def opened(path):
    return open_sink(str(path), io.BytesIO(), schema=SCHEMA, records=False, several=True)


def unpacked(data):
    """Give what is in a file, of a workbook in its sheet."""
    if not data.startswith(b"PK"):
        return data
    with ZipFile(io.BytesIO(data)) as book:
        return book.read("xl/worksheets/sheet1.xml")


def content(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", [name for name in EVERYWHERE if not name.endswith(".xlsx")])  # which cuts such texts
@pytest.mark.parametrize("size", [50_000, 150_000, 450_000])
def test_a_full_disk_leaves_the_older_output(tmp_path, name, size):
    """It fills in the first write, in a later one, or at the commit; what is told is told once."""

    def write_all(sink):
        for number in range(5):
            note = "".join(random.Random(number).choices(string.hexdigits, k=size // 3 * 2**number))
            sink.write(record({"note": note}, f"{number}.txt"))
        sink.commit(complete=True)

    with opened(tmp_path / name) as sink:
        sink.write(record({"note": "old"}, "old.txt"))
        sink.commit(complete=True)
    old = content(tmp_path)
    with opened(tmp_path / name) as sink:
        with full(size), pytest.raises(OutputError, match="cannot write") as told:
            write_all(sink)
        assert str(tmp_path / name) in str(told.value)
        sink.commit(complete=False)
    left = content(tmp_path)
    assert old.items() <= left.items()
    if name == "values":  # whose files are whole, each for itself
        assert all(json.loads(file)["note"] for file in left.values())
    else:
        assert left == old


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no such names")
@pytest.mark.parametrize("name", EVERYWHERE)
def test_an_output_of_any_name(tmp_path, name):
    path = tmp_path / f"a ?mode=ro#%41\udce9{name}"
    with opened(path) as sink:
        sink.write(record({"note": "kept"}))
        sink.commit(complete=True)
    assert [*tmp_path.iterdir()] == [path]
    assert b"kept" in unpacked(b"".join(content(tmp_path).values()))


@pytest.mark.parametrize("name", EVERYWHERE)
def test_a_folder_that_is_removed_meanwhile_is_told(tmp_path, name):
    folder = tmp_path / "folder"
    with opened(folder / name) as sink:
        sink.write(record({"note": "lost"}, "in/a.txt"))
        shutil.rmtree(folder)
        with pytest.raises(OutputError, match=r"cannot write .*folder.* was removed while it was "):
            sink.commit(complete=True)
    assert not folder.exists()


def test_a_folder_that_is_removed_is_not_made_again_for_the_next_file(tmp_path):
    with opened(tmp_path / "values") as sink:
        sink.write(record(1, "in/a.txt"))
        shutil.rmtree(tmp_path / "values")
        with pytest.raises(OutputError, match="was removed"):
            sink.write(record(2, "in/b.txt"))
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("name", EVERYWHERE)
def test_a_folder_that_takes_no_files_is_told_at_once(name):
    with read_only() as folder:
        with pytest.raises(OutputError, match=r"cannot write .*Permission denied"):
            opened(folder / name)
        assert [*folder.iterdir()] == []


def test_a_folder_that_is_there_and_takes_no_files_is_told_at_once():
    with read_only() as folder, pytest.raises(OutputError, match=r"cannot write into folder .*Permission denied"):
        opened(folder)


KILLED = """
import io, os, signal, sys
from tabular import record, schema_of
from slotfill.extractors.runs.outputs.sinks import open_sink
schema = schema_of({"type": "object", "properties": {"note": {"type": "string"}}})
with open_sink(sys.argv[1], io.BytesIO(), schema=schema, records=False, several=True) as sink:
    for number in range(1000):
        sink.write(record({"note": "half"}))
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("name", ["v.jsonl", *OUTPUTS])
def test_what_a_killed_run_left_is_gone_after_the_next(tmp_path, name):
    path = tmp_path / name
    path.write_text("old")
    command = [sys.executable, "-c", KILLED, str(path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    assert subprocess.run(command, check=False, env=environment).returncode == -signal.SIGKILL
    assert path.read_text() == "old"
    assert {*tmp_path.iterdir()} == {path, beside(path, ".slotfill-part"), beside(path, ".slotfill-lock")}
    with opened(path) as sink:
        sink.write(record({"note": "whole"}))
        sink.commit(complete=True)
    assert b"whole" in unpacked(path.read_bytes())
    assert b"half" not in unpacked(path.read_bytes())
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["v.jsonl", *OUTPUTS])
def test_memory_does_not_grow_with_the_documents(tmp_path, name):
    def written(sink, numbers):
        for number in numbers:
            sink.write(record({"note": f"{number:090}"}, f"in/{number}.txt"))
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        with opened(tmp_path / name) as sink:
            before = written(sink, range(1_000))
            after = written(sink, range(1_000, 3_000))
    finally:
        tracemalloc.stop()
    assert (after - before) / 2_000 < 20, "bytes a document"
