"""What of traces and metrics is heard: providers that are registered for one test, and what they were told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

SDK = "anthropic.messages.create"


@dataclass
class Heard:
    """The spans that have ended, and the metrics as they are."""

    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    reader: InMemoryMetricReader = field(default_factory=InMemoryMetricReader)

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == name]

    def paths(self) -> Counter[str]:
        """Count the spans by their names and those above them: "slotfill.extract/slotfill.attempt"."""
        by_id = {span.context.span_id: span for span in self.spans}

        def path(span: ReadableSpan) -> str:
            above = by_id.get(span.parent.span_id) if span.parent else None
            return f"{path(above)}/{span.name}" if above else span.name

        return Counter(map(path, self.spans))

    def points(self, name: str) -> dict[tuple, object]:
        """Give the points of a metric by the values of their labels, in the order of the labels' names."""
        data = self.reader.get_metrics_data()
        scopes = [scope for one in data.resource_metrics for scope in one.scope_metrics] if data else []
        return {
            tuple(value for _, value in sorted(point.attributes.items())): point
            for scope in scopes
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        }

    def values(self, name: str) -> dict[tuple, float]:
        return {labels: point.value for labels, point in self.points(name).items()}


@contextmanager
def hearing(*readers: MetricReader) -> Iterator[Heard]:
    """Have providers registered while it is entered; the API lets them be set once, and for good."""
    heard = Heard()
    tracers, meters = TracerProvider(), MeterProvider([heard.reader, *readers])
    tracers.add_span_processor(SimpleSpanProcessor(heard.exporter))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trace, "_TRACER_PROVIDER", tracers)
        patch.setattr(metrics._internal, "_METER_PROVIDER", meters)
        yield heard
    tracers.shutdown()
    meters.shutdown()
