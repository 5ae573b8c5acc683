"""What traces and metrics cost a document of a run in CPU: where nobody takes them, and where they are recorded.

python benchmarks/telemetry.py [BATCHES]

silent        no provider is registered, as in most processes, against the same run without any hook
metrics       a page for Prometheus
traces        spans, those of the SDK among them, in batches to a collector
SDK's own     the spans of the SDK alone, which are there without slotfill's, too
both

All against a loopback server, and a collector, in processes of their own; the runs of a batch follow each other, and
what counts is the least that each took: all else is what other programs take from it. Beside it, what the hooks of a
document take by themselves. Targets: under 2 % where nobody listens; under 25 % where everything is recorded and
exported, beside what the SDK's own spans take.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from timeit import timeit
from typing import Any
from unittest.mock import patch

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from overhead import KEY
from prometheus_client import CollectorRegistry, generate_latest
from runs import DOCUMENTS, run, service, write_rows

from slotfill import Extractor, Usage
from slotfill.extractors import drivers
from slotfill.extractors.clients import models
from slotfill.extractors.documents.document import Document
from slotfill.extractors.runs import budget
from slotfill.extractors.telemetry.request_telemetry import SilentRequest
from slotfill.schemas import Feedback

BATCHES = 7
SILENT_TARGET, RECORDING_TARGET = 0.02, 0.25
CALLS = 20_000


def collect(pipe: Connection) -> None:
    """Take what is exported, and throw it away."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    pipe.send(server.server_port)
    server.serve_forever()


@contextmanager
def collector() -> Iterator[str]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=collect, args=(there,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}/v1/traces"
    finally:
        process.terminate()


@contextmanager
def without_hooks() -> Iterator[None]:
    """Have nothing ask whether anybody listens."""
    silent = SilentRequest()
    with (
        patch.object(drivers, "tell_extraction", lambda events, *_: events),
        patch.object(models.ModelPool, "_request", lambda *_: silent),
        patch.object(budget, "count_spending", lambda *_: None),
    ):
        yield


@contextmanager
def recorded(url: str, *, traces: bool, page: bool) -> Iterator[None]:
    """Record; what is left is exported within it, as it costs what it costs."""
    with ExitStack() as stack:
        if page:
            registry = CollectorRegistry()
            meters = MeterProvider([PrometheusMetricReader(registry=registry)])
            stack.enter_context(patch.object(metrics._internal, "_METER_PROVIDER", meters))  # noqa: SLF001 - for a while
            stack.callback(meters.shutdown)
            stack.callback(generate_latest, registry)
        if traces:
            tracers = TracerProvider()
            tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(url), max_queue_size=10_000))
            stack.enter_context(patch.object(trace, "_TRACER_PROVIDER", tracers))
            stack.callback(tracers.shutdown)
        yield


@contextmanager
def sdk_alone(url: str) -> Iterator[None]:
    """Record the spans that the SDK makes without slotfill's, too."""
    with recorded(url, traces=True, page=False), without_hooks():
        yield


def hooks_ms() -> float:
    """Measure what all hooks of a document take by themselves where nobody listens, in milliseconds."""
    extractor = Extractor(Feedback, model="claude-haiku-5-5")
    pool = extractor.executor
    plan = extractor.begin(Document.of("It is broken."))
    (ask,) = plan.asks
    target = pool._targets[ask.model]  # noqa: SLF001 - what a request is made of
    usage, answer = Usage(1, 1), None

    def hooks() -> None:
        drivers.tell_extraction(answer, plan.schema.name, plan.model)
        with pool._request(target, ask) as request:  # noqa: SLF001 - likewise
            request.answered(answer)
        budget.count_spending("feedback", ask.model, usage, None)

    return 1_000 * timeit(hooks, number=CALLS) / CALLS


def main(batches: int = BATCHES) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        state = stack.enter_context(tempfile.TemporaryDirectory())
        os.environ |= {"ANTHROPIC_API_KEY": KEY, "SLOTFILL_STATE": state}
        os.environ["ANTHROPIC_BASE_URL"] = stack.enter_context(service())
        url = stack.enter_context(collector())
        ways: dict[str, Callable[[], Any]] = {
            "no hooks": without_hooks,
            "silent": ExitStack,
            "metrics": lambda: recorded(url, traces=False, page=True),
            "traces": lambda: recorded(url, traces=True, page=False),
            "both": lambda: recorded(url, traces=True, page=True),
            "SDK's own": lambda: sdk_alone(url),
        }
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for batch in range(batches + 1):
            rows = write_rows(folder / f"{batch}.jsonl", DOCUMENTS, batch * DOCUMENTS)
            for name in sorted(ways, reverse=batch % 2 == 0):  # none is always behind the same other one
                with ways[name]():
                    seconds = run(rows, folder / f"{batch}.{name}.jsonl")
                if batch:
                    taken[name].append(1_000 * seconds / DOCUMENTS)
            if not batch:  # imports, caches
                gc.collect()
                gc.freeze()
        document = min(taken["no hooks"])
        for name, values in taken.items():
            print(f"  {name:<12}{min(values):6.3f} ms{min(values) / document - 1:+8.1%}")
        share = hooks_ms() / document
        print(f"  hooks alone {1_000 * share * document:.1f} µs a document, {share:.2%}", _met(share, SILENT_TARGET))
        recording = min(taken["both"]) / min(taken["SDK's own"]) - 1
        print(f"  recording, beside the SDK's own {recording:+.1%}", _met(recording, RECORDING_TARGET))


def _met(share: float, target: float) -> str:
    return f"(target {target:.0%}: {'met' if share < target else 'missed'})"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
