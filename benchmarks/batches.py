"""What a run in batches comes to: waves, failures, cost, memory, processor time.

python benchmarks/batches.py faults [DOCUMENTS]     waves, failures, cost by tier of 5,000 documents, where 20 % of the
                                                    replies lack a field, 5 % of the requests expire, 5 % fail
python benchmarks/batches.py memory [DOCUMENTS]     peak memory, processor time a document, of 100,000 documents

Each run is the command line, in a process of its own, against a service in another one. Targets: no failure of
transport, 3 to 4 waves, half the price exactly; 100,000 documents in under 1 GB.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import ClassVar

from overhead import TEXT
from pydantic_core import from_json, to_json

from slotfill.extractors.catalogue import prices
from slotfill.extractors.record.usage import Usage

FAULTS = ("missing_field:0.2", "batch_expired:0.05", "batch_errored:0.05")
MODEL = "claude-haiku-5-5"
MEMORY_TARGET = 1_000

VALUE = {"sentiment": "negative", "key_issues": [], "urgency": 3, "suggested_action": "Refund."}
USAGE = {"input_tokens": 1_400, "output_tokens": 60, "service_tier": "batch"}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": MODEL,
    "content": [{"type": "text", "text": json.dumps(VALUE)}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": USAGE,
}


class Handler(BaseHTTPRequestHandler):
    """Answers each request alike, at once; of a batch it keeps the custom ids alone."""

    protocol_version = "HTTP/1.1"
    batches: ClassVar[list[list[str]]] = []

    def do_POST(self) -> None:
        """Answer a message, or take a batch."""
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/v1/messages":
            return self._send(to_json(MESSAGE))
        names = [request["custom_id"] for request in from_json(body)["requests"]]
        self.batches.append(names)
        return self._send(to_json(self._status(len(self.batches) - 1, "in_progress")))

    def do_GET(self) -> None:
        """Say that a batch has ended, or give its results."""
        number = int(re.search(r"_(\d+)", self.path)[1])  # type: ignore[index]  # the path of a batch
        if not self.path.endswith("/results"):
            return self._send(to_json(self._status(number, "ended")))
        message = to_json(MESSAGE)
        line = b'{"custom_id":"%b","result":{"type":"succeeded","message":%b}}\n'
        return self._send(b"".join(line % (name.encode(), message) for name in self.batches[number]))

    def _status(self, number: int, state: str) -> dict[str, object]:
        count = len(self.batches[number])
        counts = {"processing": 0 if state == "ended" else count, "succeeded": count if state == "ended" else 0}
        zero = {"errored": 0, "canceled": 0, "expired": 0}
        times = {"created_at": "2026-11-30T08:00:00Z", "expires_at": "2026-12-01T08:00:00Z"}
        named = {"id": f"msgbatch_{number}", "type": "message_batch", "processing_status": state}
        return named | times | {"request_counts": counts | zero, "archived_at": None}

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def serve(there: Connection) -> None:
    """Serve for ever, and tell the port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    there.send(server.server_port)
    server.serve_forever()


@contextmanager
def constant_service() -> Iterator[str]:
    """Serve what is always the same, from a process of its own; give the base URL."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()


@contextmanager
def simulated_service() -> Iterator[str]:
    """Serve a simulated Claude with faults; give the base URL."""
    command = [sys.executable, "-m", "slotfill", "simulate"]
    for fault in FAULTS:
        command += ["--fault", fault]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def extract(url: str, folder: Path, documents: int, *options: str) -> tuple[list[str], float, float]:
    """Run the command line; give what it said, its peak memory in MB and its seconds of processor time."""
    rows = folder / "rows.jsonl"
    with rows.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({"text": TEXT.format(number)}) + "\n" for number in range(documents))
    environment = os.environ | {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "sk-benchmark"}
    command = [sys.executable, "-m", "slotfill", "extract", "feedback", rows.name, "-m", MODEL, "--batch", *options]
    process = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(process.stderr or ()))
    reader.start()
    _, status, used = os.wait4(process.pid, 0)
    reader.join()
    if (code := os.waitstatus_to_exitcode(status)) > 1:  # 1: some replies never were what they should be
        sys.exit(f"exit code {code}: {''.join(lines)}")
    return lines, used.ru_maxrss / 1_000, used.ru_utime + used.ru_stime


def faults(documents: int = 5_000) -> None:
    with tempfile.TemporaryDirectory() as name, simulated_service() as url:
        folder = Path(name)
        lines, _, _ = extract(url, folder, documents, "-o", "out.jsonl", "--record")
        records = [json.loads(line) for line in (folder / "out.jsonl").read_text("utf-8").splitlines()]
    for line in lines:
        if line.startswith("wave"):
            print(" ", line.rstrip())
    kinds = Counter(record["error"]["type"] for record in records if record["error"])
    attempts = [attempt for record in records for attempt in record["attempts"] if attempt["rung"] != "mend"]
    paid: Counter[str] = Counter()
    for attempt in attempts:
        usage = Usage(**attempt["usage"])
        paid["batch" if usage.tier else "live"] += prices.cost(attempt["model"], usage, ttl="1h") or Decimal(0)
        counts = {name: part for name, part in attempt["usage"].items() if name != "tier"}
        paid["batch at full prices"] += (prices.cost(MODEL, Usage(**counts), ttl="1h") or 0) if usage.tier else 0
    total = sum(Decimal(record["cost_usd"]) for record in records)
    print(f"  {len(records):,} documents, failures: {dict(kinds) or 'none'}")
    for tier, amount in paid.items():
        print(f"  {tier:<22}${amount:.6f}")
    exact = 2 * paid["batch"] == paid["batch at full prices"] and total == paid["batch"] + paid["live"]
    print(f"  half the price of what went in batches, and the records' sum: {'exactly' if exact else 'NOT'}")


def memory(documents: int = 100_000) -> None:
    with tempfile.TemporaryDirectory() as name, constant_service() as url:
        lines, peak, seconds = extract(url, Path(name), documents, "-o", "out.jsonl")
    for line in lines:
        print(" ", line.rstrip())
    print(f"  {1_000 * seconds / documents:.2f} ms of processor time a document")
    print(f"  {peak:,.0f} MB at its peak (target {MEMORY_TARGET:,}: {'met' if peak <= MEMORY_TARGET else 'missed'})")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    what, *sizes = sys.argv[1:] or ["faults"]
    {"faults": faults, "memory": memory}[what](*map(int, sizes))
