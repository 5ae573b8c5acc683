"""Runs whose inputs and outputs are elsewhere: the same as here, and gone on with."""

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import fsspec
import pytest
from checkout import ROOT
from click.testing import CliRunner
from fsspec.implementations.memory import MemoryFileSystem
from killing import KEY, reply, rows
from pyarrow import dataset
from tabular import record, schema_of

from slotfill.cli import main
from slotfill.extractors.runs.outputs.sinks import open_sink
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

FEEDBACK = {"sentiment": "negative", "key_issues": [], "urgency": 3, "suggested_action": "Refund."}
REMOTE = ("extract", "feedback", "memory://in", "-o", "memory://in/out.jsonl", "--rejects", "memory://in/no.jsonl")


@pytest.fixture
def claude(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLOTFILL_STATE", str(tmp_path / "state"))
    claude = SimulatedClaude(lambda request: FEEDBACK)
    with served(claude) as url:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        for number in range(10):
            fsspec.filesystem("memory").pipe_file(f"/in/{number}.txt", f"It came {number} days late.".encode())
        yield claude
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


def run(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


def test_a_run_from_elsewhere_to_elsewhere_is_gone_on_with(claude, tmp_path):
    assert run(*REMOTE, "--limit", 4).exit_code == 0
    result = run(*REMOTE)
    assert result.exit_code == 0
    assert "10 extracted, 4 of them before" in result.stderr
    assert len(claude.requests) == 10
    written = fsspec.filesystem("memory").cat_file("/in/out.jsonl").decode()
    assert [json.loads(line)["source"] for line in written.splitlines()] == [
        f"memory://in/{number}.txt" for number in range(10)
    ]
    assert fsspec.filesystem("memory").cat_file("/in/no.jsonl") == b""
    assert [path.name[:10] for path in (tmp_path / "state").glob("*.db")] == ["out.jsonl-"]
    assert {path.name for path in tmp_path.iterdir()} == {"state"}
    costs = json.loads(run("costs", "memory://in/out.jsonl", "--json").stdout)
    assert costs


def test_a_protocol_of_this_machine_is_a_path(claude, tmp_path):
    assert run("extract", "feedback", "memory://in/1.txt", "-o", f"file://{tmp_path}/one.json").exit_code == 0
    assert json.loads(Path("one.json").read_text()) == FEEDBACK


def test_one_address_is_not_two_outputs(claude):
    result = run("extract", "feedback", "memory://in", "-o", "memory://o.jsonl", "--rejects", "memory://o.jsonl")
    assert (result.exit_code, claude.requests) == (2, [])
    assert "one file is named for two outputs" in result.stderr


def test_an_address_that_cannot_be_written_is_said_in_one_line_before_anything_is_asked(claude):
    result = run("extract", "feedback", "memory://in", "-o", "https://kim:secret@localhost/o.jsonl")
    assert (result.exit_code, claude.requests) == (2, [])
    assert result.stderr == (
        "Error: cannot write to 'https://localhost': it can only be read: "
        "name an object store, or another file system\n"
    )


@pytest.fixture(scope="module")
def s3():
    """An object store on a port, with a bucket; gives the variables of those who use it."""
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    server = pytest.importorskip("moto.server", reason="moto is not installed").ThreadedMotoServer(
        "127.0.0.1", 0, verbose=False
    )
    server.start()
    host, port = server.get_host_and_port()
    variables = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "nobody-is-to-find-it",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    try:
        store(variables).mkdir("bucket")
        yield variables
    finally:
        server.stop()


def store(variables):
    names = {"key": "AWS_ACCESS_KEY_ID", "secret": "AWS_SECRET_ACCESS_KEY", "endpoint_url": "AWS_ENDPOINT_URL"}
    return fsspec.filesystem("s3", skip_instance_cache=True, **{name: variables[of] for name, of in names.items()})


DIES = """
import os, signal, sys
from slotfill.extractors.runs.outputs.tables import parts_sink
from slotfill.extractors.runs.outputs.remote_outputs import RemoteFolder
parts_sink.ROWS_A_PART = 10
left, put = int(sys.argv.pop(1)), RemoteFolder.put
def put_or_die(folder, file, name):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    put(folder, file, name)
RemoteFolder.put = put_or_die
from slotfill.__main__ import main
main()
"""


def process(folder, url, variables, *arguments, dies=0):
    """Run in a process; dies: as it puts so many files, 0 for not."""
    others = {name: text for name, text in os.environ.items() if not name.startswith(("AWS_", "SLOTFILL_"))}
    environment = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": KEY, "SLOTFILL_STATE": str(folder / "state")}
    command = [sys.executable, "-c", DIES, str(dies), "extract", "note str, urgency int", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env={**others, **environment, **variables, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)},
        capture_output=True,
        check=False,
        text=True,
        timeout=120,
    )


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["local", "processes"])
def test_a_run_on_an_object_store_that_is_killed_goes_on_to_the_same_bytes(s3, tmp_path, engine):
    bucket = store(s3)
    bucket.pipe_file(f"bucket/{engine}/rows.jsonl", rows(60).encode())
    (tmp_path / "rows.jsonl").write_text(rows(60))
    remote = (f"s3://bucket/{engine}/rows.jsonl", "-o", f"s3://bucket/{engine}/out.parquet/", "--engine", engine)
    claude = SimulatedClaude(reply)
    with served(claude) as url:
        assert process(tmp_path, url, {}, "rows.jsonl", "-o", "out.parquet/").returncode == 1
        needed = len(claude.requests)
        for dies, parts in ((2, 1), (3, 3)):  # what is there is not put again
            assert process(tmp_path, url, s3, *remote, dies=dies).returncode == -signal.SIGKILL
            bucket.invalidate_cache()
            assert not bucket.exists(f"bucket/{engine}/out.parquet/_manifest.json")
            assert len(bucket.glob(f"bucket/{engine}/out.parquet/part-*")) == parts
        assert process(tmp_path, url, s3, *remote).returncode == 1
        # What failed is asked about again by each start, else nothing is.
        assert len(claude.requests) < 2.5 * needed
    bucket.invalidate_cache()
    manifest = json.loads(bucket.cat_file(f"bucket/{engine}/out.parquet/_manifest.json"))
    for part in manifest["parts"]:
        assert (
            hashlib.sha256(bucket.cat_file(f"bucket/{engine}/out.parquet/{part['name']}")).hexdigest() == part["sha256"]
        )
    here = dataset.dataset(tmp_path / "out.parquet").to_table().drop_columns("source").to_pylist()
    there = dataset.dataset(f"bucket/{engine}/out.parquet", filesystem=bucket).to_table()
    assert there.drop_columns("source").to_pylist() == here
    assert len(set(there["source"].to_pylist())) == manifest["rows"] == len(here)


@pytest.mark.slow
def test_a_file_of_several_uploads_is_whole(s3, monkeypatch):
    """Of more than 5 MB: s3fs puts it in pieces."""
    for name, text in s3.items():
        monkeypatch.setenv(name, text)
    schema = schema_of({"type": "object", "properties": {"n": {"type": "string"}}})
    with open_sink("s3://bucket/large.jsonl", io.BytesIO(), schema=schema, records=False, several=True) as sink:
        for _ in range(60):
            sink.write(record({"n": "x" * 200_000}))
        assert not store(s3).exists("bucket/large.jsonl")
        sink.commit(complete=True)
    values = [json.loads(line)["value"]["n"] for line in store(s3).cat_file("bucket/large.jsonl").splitlines()]
    assert values == ["x" * 200_000] * 60


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "bucket", "reason"),
    [
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "bucket", "Unable to locate credentials"),
        ({}, "nobodys", "An error occurred (NoSuchBucket)"),
        ({"AWS_ENDPOINT_URL": "http://localhost:9"}, "bucket", "Could not connect to the endpoint URL"),
    ],
)
def test_a_bucket_that_cannot_be_written_is_said_in_one_line_before_anything_is_asked(
    s3, tmp_path, changed, bucket, reason
):
    (tmp_path / "rows.jsonl").write_text(rows(3))
    claude = SimulatedClaude(reply)
    with served(claude) as url:
        end = process(tmp_path, url, s3 | changed, "rows.jsonl", "-o", f"s3://{bucket}/out.jsonl")
    assert (end.returncode, claude.requests, end.stdout) == (2, [], "")
    (line,) = end.stderr.splitlines()
    assert line.startswith(f"Error: cannot write to 's3://{bucket}': {reason}")
