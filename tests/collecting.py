"""A collector on this machine: takes what is exported by OTLP over HTTP, as any collector does."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass
class Collected:
    """What has arrived. resources: the attributes of what it is of."""

    url: str = ""
    spans: list[Any] = field(default_factory=list)
    metrics: dict[tuple[str, str], Any] = field(default_factory=dict)
    resources: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    _taking: Lock = field(default_factory=Lock)

    def take(self, path: str, body: bytes) -> None:
        with self._taking:
            self.bodies.append(body)
            if path == "/v1/traces":
                for one in ExportTraceServiceRequest.FromString(body).resource_spans:
                    self._take_resource(one.resource)
                    self.spans += [span for scope in one.scope_spans for span in scope.spans]
            else:
                for one in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                    process = self._take_resource(one.resource)
                    for scope in one.scope_metrics:  # the last one of each process counts
                        self.metrics |= {(process, metric.name): metric for metric in scope.metrics}

    def _take_resource(self, resource: Any) -> str:
        self.resources.append({one.key: one.value.string_value for one in resource.attributes})
        return self.resources[-1]["service.instance.id"]

    def paths(self) -> Counter[str]:
        """Count the spans by their names and those above them."""
        by_id = {span.span_id: span for span in self.spans}

        def path(span: Any) -> str:
            above = by_id.get(span.parent_span_id)
            return f"{path(above)}/{span.name}" if above else span.name

        return Counter(map(path, self.spans))

    def total(self, name: str, **labels: str) -> float:
        """Add up the points of a counter that have these labels, of all processes."""
        points = (point for (_, its), one in self.metrics.items() if its == name for point in one.sum.data_points)
        named = ((point, {one.key: one.value.string_value for one in point.attributes}) for point in points)
        return sum(point.as_int or point.as_double for point, held in named if labels.items() <= held.items())


@contextmanager
def collector() -> Iterator[Collected]:
    """Have one at work while it is entered."""
    collected = Collected()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            collected.take(self.path, body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collected.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield collected
    finally:
        server.shutdown()
        server.server_close()
