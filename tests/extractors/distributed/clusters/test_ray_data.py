"""`SlotfillExtract` in a pipeline of Ray Data: rows in, the same rows out, with what came of each."""

import json
import os
import subprocess
import sys
import time

import psutil
import pytest

from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

PIPELINE = """
import json, logging, os, sys
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
import pyarrow as pa
import ray
from slotfill.distributed import SlotfillExtract

ray.init(include_dashboard=False, logging_level=logging.ERROR, log_to_driver=False)
ray.data.DataContext.get_current().enable_progress_bars = False
schema, count, ledger, *forms = sys.argv[1:]
numbers = [*range(int(count))]
rows = ray.data.from_arrow(pa.table({"review": [f"Row {n} says: it came late." for n in numbers], "n": numbers}))
for form in forms:
    done = rows.repartition(4).map_batches(
        SlotfillExtract,
        fn_constructor_args=(json.loads(schema),),
        fn_constructor_kwargs={"text": "review", "mend": "off", "ledger": ledger or None},
        compute=ray.data.ActorPoolStrategy(size=2),
        num_cpus=0.5,
        batch_size=15,
        batch_format=form,
    )
    print(json.dumps(done.to_pandas().to_dict("records"), default=str))
"""

MANY = 600

FORMS = ("pyarrow", "pandas", "numpy")

SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "day": {"type": "string", "format": "date"}},
    "required": ["n", "day"],
}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_rows_come_out_with_what_came_of_each(tmp_path):
    pytest.importorskip("ray", reason="the extra `ray` is not installed")

    def reply(asked):
        number = int(asked.document.split()[1])
        return {"n": number, "day": "2026-01-02" if number % 10 else "no day"}

    claude = SimulatedClaude(reply)
    with served(claude) as url:
        variables = {**os.environ, "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-ant-any"}
        done = subprocess.run(
            [sys.executable, "-c", PIPELINE, json.dumps(SCHEMA), "60", "", *FORMS],
            cwd=tmp_path,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-2000:]
    results = [json.loads(line) for line in done.stdout.splitlines()[-len(FORMS) :]]
    for rows in results:
        assert sorted(row["n"] for row in rows) == [*range(60)]
        good = [row for row in rows if row["n"] % 10]
        assert all(row["outcome"] == "valid" and row["n_2"] == row["n"] and "2026-01-02" in row["day"] for row in good)
        bad = [row for row in rows if not row["n"] % 10]
        assert all(row["error"] == "validation" and json.loads(row["record"])["value"] is None for row in bad)
    bodies = [seen.http.body for seen in claude.requests]
    assert len(set(bodies)) == len(bodies)  # all pipelines of one coordinator share what was answered


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_coordinator_that_is_killed_goes_on_from_its_ledger(tmp_path):
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    claude = SimulatedClaude(lambda asked: {"n": int(asked.document.split()[1]), "day": "2026-01-02"})
    with served(claude) as url:
        variables = {**os.environ, "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-ant-any"}
        command = [sys.executable, "-c", PIPELINE, json.dumps(SCHEMA), str(MANY), str(tmp_path / "ledger.db"), "pandas"]
        with subprocess.Popen(command, cwd=tmp_path, env=variables, stdout=subprocess.PIPE, text=True) as process:
            while process.poll() is None and len(claude.requests) < MANY // 4:
                time.sleep(0.02)
            started = psutil.Process(process.pid).children(recursive=True)
            coordinators = [one for one in started if "RayCoordinator" in " ".join(one.cmdline())]
            for one in coordinators:
                one.kill()
            out, _ = process.communicate()
    assert len(coordinators) == 1
    (rows,) = [json.loads(line) for line in out.splitlines() if line.startswith("[{")]  # Ray itself tells of the kill
    assert sorted(row["n"] for row in rows) == [*range(MANY)]
    assert {row["outcome"] for row in rows} == {"valid"}
    assert len(claude.requests) <= MANY + 2 * 8  # what was in flight


FATAL = '''
import os
import re
from pydantic import BaseModel, field_validator
from slotfill.extractors.distributed.clusters import ray_data

ray_data.ALIVE_SECONDS, ray_data.LOST_SECONDS, ray_data.SILENT_SECONDS = 0.5, 3.0, 5.0

class Row(BaseModel):
    """Say which."""

    n: int

    @field_validator("n")
    @classmethod
    def ends(cls, n: int) -> int:
        if n == 12:
            os._exit(3)
        if n == 25:
            re.fullmatch("(a+)+", 60 * "a" + "b")
        return n
'''


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_rows_that_end_actors_or_have_them_hang_are_failures_and_no_others_are(tmp_path):
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    (tmp_path / "fatal.py").write_text(FATAL, "utf-8")
    claude = SimulatedClaude(lambda asked: {"n": int(asked.document.split()[1])})
    with served(claude) as url:
        variables = {**os.environ, "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-ant-any"}
        done = subprocess.run(
            [sys.executable, "-c", PIPELINE, json.dumps("fatal:Row"), "40", "", "pandas"],
            cwd=tmp_path,
            env={**variables, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-2000:]
    (rows,) = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[{")]
    assert sorted(row["n"] for row in rows) == [*range(40)]
    assert {row["n"]: row["error"] for row in rows if row["error"]} == {12: "worker_lost", 25: "worker_lost"}
    assert len(claude.requests) <= 40 + 6 * 8
