"""`SlotfillExtract` in a pipeline of Ray Data: rows in, the same rows out, with what came of each."""

import json
import os
import subprocess
import sys

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
rows = ray.data.from_arrow(pa.table({"review": [f"Row {n} says: it came late." for n in range(60)], "n": [*range(60)]}))
for form in sys.argv[2:]:
    done = rows.repartition(4).map_batches(
        SlotfillExtract,
        fn_constructor_args=(json.loads(sys.argv[1]),),
        fn_constructor_kwargs={"text": "review", "mend": "off"},
        compute=ray.data.ActorPoolStrategy(size=2),
        num_cpus=0.5,
        batch_size=15,
        batch_format=form,
    )
    print(json.dumps(done.to_pandas().to_dict("records"), default=str))
"""

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
            [sys.executable, "-c", PIPELINE, json.dumps(SCHEMA), *FORMS],
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
