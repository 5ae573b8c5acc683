"""`--otel`: traces and metrics arrive at a collector, those of workers too; a run is the same if they do not."""

import json
import os
import subprocess
import sys

import pytest
from collecting import collector
from heard import SDK
from killing import SCHEMA, reply

from slotfill.extractors.telemetry.conventions import TOKEN_KINDS
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

CALL = f"slotfill.run/slotfill.extract/slotfill.attempt/{SDK}"
COUNT = 30


def slotfill(folder, *arguments, **variables):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "ANTHROPIC_"))}
    command = [sys.executable, "-m", "slotfill", *arguments]
    environment = {**kept, "ANTHROPIC_API_KEY": "sk-ant-any", **variables}
    apart = {"cwd": folder, "env": environment, "timeout": 120}
    return subprocess.run(command, check=False, capture_output=True, text=True, **apart)


@pytest.fixture(scope="module")
def service():
    with served(SimulatedClaude(reply, faults=["500:0.1", "prose:0.2"], seed=3)) as url:
        yield url


@pytest.fixture
def folder(tmp_path):
    rows = (json.dumps({"text": f"Row {number} says: it came late."}) for number in range(COUNT))
    (tmp_path / "in.jsonl").write_text("\n".join(rows), encoding="utf-8")
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA), encoding="utf-8")
    return tmp_path


EXTRACT = ("extract", "schema.json", "in.jsonl", "-o", "out.jsonl", "--otel")


@pytest.mark.parametrize(
    "workers",
    [
        pytest.param((), id="alone"),
        pytest.param(("--engine", "processes", "--workers", "2"), id="workers", marks=pytest.mark.slow),
    ],
)
def test_all_arrives_and_sums_are_those_of_costs(service, folder, workers):
    with collector() as collected:
        result = slotfill(
            folder, *EXTRACT, *workers, ANTHROPIC_BASE_URL=service, OTEL_EXPORTER_OTLP_ENDPOINT=collected.url
        )
    assert result.returncode == 1, result.stderr  # some are refused
    assert "may not arrive" not in result.stderr
    costs = json.loads(slotfill(folder, "costs", "out.jsonl", "--json").stdout)["total"]
    assert {field: collected.total("slotfill.tokens", kind=kind) for field, kind in TOKEN_KINDS.items()} == {
        field: costs["usage"][field] for field in TOKEN_KINDS
    }
    assert costs["usage"]["output_tokens"] > 0
    assert collected.total("slotfill.cost.usd") == pytest.approx(float(costs["cost_usd"]), rel=1e-9)
    assert collected.total("slotfill.extractions") == COUNT
    paths = collected.paths()
    assert paths["slotfill.run"] == 1
    assert paths["slotfill.run/slotfill.extract"] == COUNT
    assert paths[CALL] == collected.total("slotfill.attempts") - collected.total("slotfill.attempts", rung="mend")
    assert len({span.trace_id for span in collected.spans}) == 1
    processes = {one["service.instance.id"] for one in collected.resources}
    assert len(processes) == (3 if workers else 1)
    assert {one["service.name"] for one in collected.resources} == {"slotfill"}
    assert all(b"it came late" not in body and b"in.jsonl" not in body for body in collected.bodies)


def test_the_variables_are_those_of_the_standard(service, folder):
    result = slotfill(
        folder,
        *EXTRACT,
        ANTHROPIC_BASE_URL=service,
        OTEL_TRACES_EXPORTER="console",
        OTEL_METRICS_EXPORTER="none",
        OTEL_SERVICE_NAME="mails",
        OTEL_RESOURCE_ATTRIBUTES="team=support",
    )
    assert '"service.name": "mails"' in result.stdout
    assert '"team": "support"' in result.stdout
    assert '"name": "slotfill.run"' in result.stdout
    assert "metrics" not in result.stderr


@pytest.mark.slow
def test_nobody_takes_it_and_the_run_is_as_ever(service, folder):
    nowhere = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
    result = slotfill(folder, *EXTRACT, ANTHROPIC_BASE_URL=service, **nowhere)
    assert result.returncode == 1
    assert len((folder / "out.jsonl").read_text("utf-8").splitlines()) > COUNT / 2
    assert result.stderr.count("traces and metrics may not arrive") == 1
    assert "127.0.0.1" not in result.stderr


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "no exporter 'zipkin' is installed"),
        pytest.param(
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "carrier pigeon"},
            "'carrier pigeon' is no protocol of OTLP's here",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "pip install opentelemetry-exporter-otlp-proto-grpc",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_what_there_is_none_of_is_said_before_any_call(folder, variables, told):
    result = slotfill(folder, *EXTRACT, ANTHROPIC_BASE_URL="http://127.0.0.1:9", **variables)
    assert result.returncode == 2
    assert told in result.stderr
