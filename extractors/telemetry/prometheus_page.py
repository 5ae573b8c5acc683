"""The metrics as a page for Prometheus: what a service answers `GET /metrics` with. Extra `otel`."""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING

from opentelemetry import metrics

from slotfill.extractors.telemetry.exporting import missing_otel, own_resource
from slotfill.extractors.telemetry.providers import has_meter_provider, recorders

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricReader
    from prometheus_client import CollectorRegistry

__all__ = ["PROMETHEUS_TYPE", "prometheus_reader", "prometheus_text"]

PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""The content type of the page."""

_setting_up = threading.Lock()


def prometheus_reader() -> MetricReader:
    """Return what makes the page, for a meter provider that sends metrics elsewhere too: one of this process.

    Raises:
        MissingExtraError: The extra `otel` is not installed.
    """
    return _page()[1]


def prometheus_text() -> bytes:
    """Write the metrics of this process as Prometheus reads them.

    What happens is counted from the first call on, so that a service calls it once as it starts. Where a process has a
    meter provider already, without `prometheus_reader`, metrics go elsewhere alone, and the page holds none.

    Raises:
        MissingExtraError: The extra `otel` is not installed.
    """
    with _setting_up:
        if not has_meter_provider():
            _provide(prometheus_reader())
    if not _page.cache_info().currsize:
        return b""
    from prometheus_client import generate_latest

    return generate_latest(_page()[0])


@cache
def _page() -> tuple[CollectorRegistry, MetricReader]:
    """Make what gathers metrics, and what makes a page of them."""
    try:
        from opentelemetry.exporter.prometheus import PrometheusMetricReader
        from prometheus_client import CollectorRegistry
    except ImportError:
        raise missing_otel() from None

    registry = CollectorRegistry()
    return registry, PrometheusMetricReader(scope_info_enabled=False, registry=registry)


def _provide(reader: MetricReader) -> None:
    """Register a meter provider that has a page made of it alone."""
    from opentelemetry.sdk.metrics import MeterProvider

    metrics.set_meter_provider(MeterProvider([reader], resource=own_resource()))
    recorders()  # so that the page is whole before anything has happened
