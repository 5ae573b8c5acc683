"""A run in batches that is killed at any point, and started again, sends nothing twice and ends as undisturbed."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import replace

import pytest
from batching import SCHEMA, rows

from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.extractors.testing.server import served

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")]

DOCUMENTS = 100
PATIENCE = 180
CREATE, BATCH = "/v1/messages/batches", "/v1/messages/batches/"


def reply(asked):
    """Reply to each request by what it says alone; every fifth document needs a patch."""
    number = int(asked.document.split()[1].rstrip(":"))
    value = {"note": "camera", "urgency": 1 + number % 5}
    if number % 5 == 2:
        value["urgency"] = 99 if "note" in asked.schema["properties"] else 4
    return {name: value[name] for name in asked.schema["properties"]}


class DeadlyClaude(SimulatedClaude):
    """A service that kills whoever asks it, once, at one point."""

    def __init__(self, point=None):
        super().__init__(reply)
        self.point, self.process = point, None

    def handle(self, request):
        point = self._point_of(request)
        if point == "before":
            self.kill()
        response = super().handle(request)
        if point in ("after", "polling"):
            self.kill()
        if point == "reading":
            (body,) = response.chunks
            half = len(body) // 2
            threading.Timer(0.5, self.kill).start()
            return replace(response, chunks=(body[:half], body[half:]), pause=PATIENCE)
        return response

    def _point_of(self, request):
        names = {
            "before": request.method == "POST" and request.path == CREATE,
            "after": request.method == "POST" and request.path == CREATE,
            "polling": request.method == "GET" and request.path.startswith(BATCH),
            "reading": request.path.endswith("/results"),
        }
        return self.point if names.get(self.point) else None

    def kill(self):
        self.point = None
        self.process.kill()


def start(claude, folder, url):
    """Run the command to its end, whatever that is; kill it between two waves where that is the point."""
    command = [sys.executable, "-m", "slotfill", "extract", "schema.json", "rows.jsonl", "-o", "out.jsonl", "--batch"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ANTHROPIC", "SLOTFILL"))}
    environment |= {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-ant-nobody", "HOME": str(folder.parent)}
    with subprocess.Popen(
        [*command, "--batch-tail", "0"], cwd=folder, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        claude.process = process
        for line in process.stderr:
            if claude.point == "between" and "answered" in line:
                claude.kill()
        return process.wait(PATIENCE)


def folder_of(path):
    path.mkdir()
    (path / "schema.json").write_text(json.dumps(SCHEMA))
    (path / "rows.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in rows(DOCUMENTS)))
    return path


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder, claude = folder_of(tmp_path_factory.mktemp("undisturbed") / "run"), DeadlyClaude()
    with served(claude) as url:
        assert start(claude, folder, url) == 0
    return (folder / "out.jsonl").read_bytes()


@pytest.mark.parametrize("point", ["before", "after", "polling", "reading", "between"])
def test_each_request_is_seen_once_wherever_the_run_is_killed(point, undisturbed, tmp_path):
    folder, claude = folder_of(tmp_path / "run"), DeadlyClaude(point)
    with served(claude) as url:
        assert start(claude, folder, url) == -signal.SIGKILL
        assert start(claude, folder, url) == 0
    assert (folder / "out.jsonl").read_bytes() == undisturbed
    asked = Counter(entry.http.body for entry in claude.requests if entry.document is not None)
    assert len(asked) >= DOCUMENTS
    assert set(asked.values()) == {1}
