"""What OpenTelemetry's own variables say, done: traces and metrics go where OTEL_* sends them. Extra `otel`.

The SDK's classes read most of the variables by themselves. Which exporters there are to be is left to whoever sets them
up: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from opentelemetry import metrics, trace

from slotfill.extractors.errors import SettingsError
from slotfill.extractors.telemetry.providers import count_elsewhere, has_meter_provider, has_tracer_provider
from slotfill.schemas.errors import MissingExtraError

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricReader
    from opentelemetry.sdk.resources import Resource

__all__ = ["export_as_worker", "exporting", "flush_spans", "missing_otel", "own_resource"]

_logger = logging.getLogger("slotfill")

_TRACES, _METRICS = "OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER"

_PROTOCOL = "OTEL_EXPORTER_OTLP_PROTOCOL"

_BY_PROTOCOL = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}

_SERVICE = "OTEL_SERVICE_NAME"

FLUSH_MS = 5_000
"""Milliseconds that what is left has in the end to be sent: nobody may be there to take it."""


@contextmanager
def exporting(*readers: Callable[[], MetricReader]) -> Iterator[None]:
    """Export traces and metrics while it is entered, and what is left of them at its end.

    A provider that is registered already, by `opentelemetry-instrument` or the application, stays as it is.

    Args:
        readers: Make what reads the metrics too, such as `prometheus_reader`.

    Raises:
        MissingExtraError: The extra `otel` is not installed, or the package of an exporter.
        SettingsError: A variable names an exporter or a protocol that there is none of.
    """
    with ExitStack() as ends:
        ends.callback(_tell_problems())
        if not has_tracer_provider():
            ends.callback(_export_traces())
        if not has_meter_provider():
            ends.callback(_export_metrics(readers))
        if _TRACES not in os.environ:  # what is taken for said here is said to workers
            os.environ[_TRACES] = "otlp"
            ends.callback(os.environ.pop, _TRACES, None)
        yield


class _Problems(logging.Handler):
    """Tells once that something does not arrive. The exporters tell each try, with all that an address may hold."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._has_spoken = False

    def emit(self, record: logging.LogRecord) -> None:
        if not self._has_spoken:
            self._has_spoken = True
            _logger.warning("traces and metrics may not arrive: OpenTelemetry reports a problem: -vv tells which")
        _logger.debug("%s: %s", record.name, record.getMessage())


def _tell_problems() -> Callable[[], None]:
    """Have problems told as slotfill's own; return what ends that."""
    theirs, handler = logging.getLogger("opentelemetry"), _Problems()
    propagated, theirs.propagate = theirs.propagate, False
    theirs.addHandler(handler)

    def end() -> None:
        theirs.removeHandler(handler)
        theirs.propagate = propagated

    return end


def export_as_worker() -> None:
    """Export the spans of a worker, where its environment says to whom. The run's own process counts for all.

    Raises what `exporting` does.
    """
    count_elsewhere()
    if _TRACES in os.environ and not has_tracer_provider():
        _tell_problems()
        _export_traces()


def flush_spans() -> None:
    """Export what is left of a worker that will not end by itself: an actor is ended."""
    flush = getattr(trace.get_tracer_provider(), "force_flush", None)
    if flush is not None:
        flush(FLUSH_MS)


def own_resource() -> Resource:
    """Say what telemetry is of: of `slotfill`, unless a variable says otherwise."""
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource

    # Of both, what the environment says counts.
    return Resource.create({} if _SERVICE in os.environ else {SERVICE_NAME: "slotfill"})


def missing_otel() -> MissingExtraError:
    """Say that the extra is not installed."""
    return MissingExtraError("traces and metrics need the extra `otel`: pip install 'slotfill[otel]'")


def _export_traces() -> Callable[[], None]:
    """Register what exports traces; return what ends it."""
    try:
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise missing_otel() from None

    provider = TracerProvider(resource=own_resource())
    for exporter in _exporters("traces", _TRACES):
        provider.add_span_processor(BatchSpanProcessor(exporter()))
    trace.set_tracer_provider(provider)

    return provider.shutdown  # what is left is sent once, without another try


def _export_metrics(others: Iterable[Callable[[], MetricReader]]) -> Callable[[], None]:
    """Register what exports metrics, or has them fetched; return what ends it."""
    try:
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
    except ImportError:
        raise missing_otel() from None

    exporters = (exporter() for exporter in _exporters("metrics", _METRICS))
    readers = [one if isinstance(one, MetricReader) else PeriodicExportingMetricReader(one) for one in exporters]
    provider = MeterProvider([*readers, *(make() for make in others)], resource=own_resource())
    metrics.set_meter_provider(provider)

    return partial(provider.shutdown, FLUSH_MS)


def _exporters(signal: str, variable: str) -> list[Callable[[], Any]]:
    """Return the exporters that a variable names, of all that are installed."""
    named = (name.strip() for name in os.environ.get(variable, "otlp").split(","))
    return [_exporter(signal, name, variable) for name in named if name not in ("", "none")]


def _exporter(signal: str, name: str, variable: str) -> Callable[[], Any]:
    kind = _otlp(signal) if name == "otlp" else name
    for entry_point in entry_points(group=f"opentelemetry_{signal}_exporter", name=kind):
        exporter: Callable[[], Any] = entry_point.load()
        return exporter
    if kind in ("otlp_proto_http", "prometheus"):
        raise missing_otel()
    if kind in _BY_PROTOCOL.values():
        raise MissingExtraError(
            f"{_PROTOCOL} needs a package: pip install opentelemetry-exporter-{kind.replace('_', '-')}"
        )
    raise SettingsError(f"{variable}: no exporter {name!r} is installed: otlp, console, none, prometheus for metrics")


def _otlp(signal: str) -> str:
    """Return the exporter of the protocol that is to be spoken."""
    protocol = os.environ.get(f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL") or os.environ.get(_PROTOCOL)
    if (exporter := _BY_PROTOCOL.get(protocol or "http/protobuf")) is None:
        raise SettingsError(f"{_PROTOCOL}: {protocol!r} is no protocol of OTLP's here: {', '.join(_BY_PROTOCOL)}")
    return exporter
