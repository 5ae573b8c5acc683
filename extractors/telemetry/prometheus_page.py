"""The metrics as a page for Prometheus: what a service answers `GET /metrics` with. Extra `otel`."""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING

from opentelemetry import metrics

from slotfill.extractors.telemetry.exporting import missing_otel, own_resource
from slotfill.extractors.telemetry.providers import has_meter_provider, recorders

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

__all__ = ["PROMETHEUS_TYPE", "prometheus_text"]

PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""The content type of the page."""

_setting_up = threading.Lock()


def prometheus_text() -> bytes:
    """Write the metrics of this process as Prometheus reads them.

    What happens is counted from the first call on, so that a service calls it once as it starts. It belongs to a
    process that has no meter provider: one that is registered already sends metrics elsewhere, and the page holds none.

    Raises:
        MissingExtraError: The extra `otel` is not installed.
    """
    try:
        from prometheus_client import generate_latest
    except ImportError:
        raise missing_otel() from None

    with _setting_up:
        registry = _registry()
    return generate_latest(registry)


@cache
def _registry() -> CollectorRegistry:
    """Register a meter provider that has a page made of it, unless there is one."""
    try:
        from opentelemetry.exporter.prometheus import PrometheusMetricReader
        from opentelemetry.sdk.metrics import MeterProvider
        from prometheus_client import CollectorRegistry
    except ImportError:
        raise missing_otel() from None

    registry = CollectorRegistry()
    if not has_meter_provider():
        reader = PrometheusMetricReader(scope_info_enabled=False, registry=registry)
        metrics.set_meter_provider(MeterProvider([reader], resource=own_resource()))
        recorders()  # so that the page is whole before anything has happened
    return registry
