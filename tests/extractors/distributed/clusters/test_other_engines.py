"""The recipes for Daft and Spark, as they stand in the documentation: each row once, with what came of it."""

import json
import os
import re
import subprocess
import sys
import textwrap

import pyarrow as pa
import pytest
from checkout import ROOT
from pyarrow import dataset, parquet

from slotfill.extractors.runs.outputs.sinks import open_sink
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served
from slotfill.schemas import resolve

COUNT = 300


def recipe(title, folder):
    """Give the code below a heading, with local folders in place of buckets."""
    page = (ROOT / "docs" / "scale.md").read_text("utf-8")
    section = re.search(rf"^## {title}$(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)[1]
    code = textwrap.dedent(re.search(r"(?:^    .*\n|^\n)*^    .*\.write.*$", section, re.MULTILINE)[0])
    assert len([line for line in code.splitlines() if line]) <= 20
    return re.sub(r"s3a?://bucket", str(folder), code)


def ran(code, folder):
    """Run it over rows; give what it has written, and how many requests it took."""
    (folder / "mails").mkdir()
    bodies = [f"Row {number} says: it came late." for number in range(COUNT)]
    parquet.write_table(pa.table({"id": [*range(COUNT)], "body": bodies}), folder / "mails" / "mails.parquet")
    value = {"sentiment": "negative", "key_issues": [], "suggested_action": "Refund."}
    claude = SimulatedClaude(lambda asked: value | {"urgency": 1 + int(asked.document.split()[1]) % 5})
    with served(claude) as url:
        told = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-ant-any", "DO_NOT_TRACK": "1"}
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            env={**os.environ, **told, "PYSPARK_PYTHON": sys.executable},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-2000:]
    return dataset.dataset(folder / "feedback").to_table().sort_by("id").to_pylist(), len(claude.requests)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("runner", ["ray", "native"])
def test_daft(tmp_path, runner):
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    pytest.importorskip("daft", reason="Daft is not installed")
    code = recipe("Daft", tmp_path).replace("daft.set_runner_ray()", f"daft.set_runner_{runner}()")
    code = code.replace(
        "concurrency=8", "concurrency=2"
    )  # Daft waits for two minutes for actors that there is no core for
    # Threads of Daft's own engine may meet an interpreter that is being taken down, and abort it (seen once). The
    # recipe has run by then.
    end = "import os\nos._exit(0)\n" if runner == "native" else ""
    rows, requests = ran(f"{code}\n{end}", tmp_path)
    assert [row["id"] for row in rows] == [*range(COUNT)]
    records = [json.loads(row["feedback"]) for row in rows]
    assert [record["value"]["urgency"] for record in records] == [1 + number % 5 for number in range(COUNT)]
    assert requests == COUNT


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_spark(tmp_path):
    pytest.importorskip("pyspark", reason="Spark is not installed")
    rows, requests = ran(recipe("Spark", tmp_path), tmp_path)
    assert [row["id"] for row in rows] == [*range(COUNT)]
    assert {row["outcome"] for row in rows} == {"valid"}
    urgencies = [json.loads(row["record"])["value"]["urgency"] for row in rows]
    assert urgencies == [1 + number % 5 for number in range(COUNT)]
    assert requests == COUNT


READING = """
import sys
from pyspark.sql import SparkSession
rows = SparkSession.builder.getOrCreate().read.parquet(sys.argv[1])
print(rows.columns, rows.count())
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_spark_reads_an_output_in_parts(tmp_path):
    pytest.importorskip("pyspark", reason="Spark is not installed")
    output = f"{tmp_path}/t.parquet/"
    with open_sink(output, sys.stdout.buffer, schema=resolve("sentiment"), records=False, several=True) as sink:
        sink.commit(complete=True)
    done = subprocess.run([sys.executable, "-c", READING, output], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("['source', 'sentiment', ")
    assert done.stdout.endswith(" 0\n")
