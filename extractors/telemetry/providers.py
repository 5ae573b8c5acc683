"""Who takes traces and metrics: the providers that the application has registered, or nobody.

Nobody takes them in most processes, and then nothing is to cost anything: that is asked once a document, and once a
request, and takes a tenth of a microsecond. A provider may be registered at any time.
"""

from __future__ import annotations

import os

from opentelemetry import metrics, trace
from opentelemetry.environment_variables import OTEL_PYTHON_METER_PROVIDER, OTEL_PYTHON_TRACER_PROVIDER
from opentelemetry.trace import Tracer

from slotfill.extractors.telemetry.conventions import SCOPE
from slotfill.extractors.telemetry.instruments import Instruments
from slotfill.extractors.telemetry.live_gauges import LIVE

__all__ = ["Recorders", "count_elsewhere", "has_meter_provider", "has_tracer_provider", "recorders"]


class Recorders:
    """What takes traces and metrics. None for each that nobody takes."""

    __slots__ = ("_providers", "instruments", "tracer")

    def __init__(self, tracers: trace.TracerProvider | None, meters: metrics.MeterProvider | None) -> None:
        self._providers = tracers, meters
        self.tracer: Tracer | None = tracers.get_tracer(SCOPE) if tracers else None
        self.instruments = Instruments(meters.get_meter(SCOPE), LIVE) if meters else None

    def serves(self, tracers: trace.TracerProvider | None, meters: metrics.MeterProvider | None) -> bool:
        """Whether these are the providers that it was made for."""
        return self._providers[0] is tracers and self._providers[1] is meters


_made: Recorders | None = None

_counts_here = True


def recorders() -> Recorders | None:
    """Return what takes traces and metrics; None where nobody does."""
    global _made  # noqa: PLW0603 - as the providers are, which it belongs to
    tracers, meters = _tracer_provider(), _meter_provider() if _counts_here else None
    if tracers is None and meters is None:
        return None
    if _made is None or not _made.serves(tracers, meters):
        _made = Recorders(tracers, meters)
    return _made


def has_tracer_provider() -> bool:
    """Whether anybody takes traces."""
    return _tracer_provider() is not None


def has_meter_provider() -> bool:
    """Whether anybody takes metrics."""
    return _meter_provider() is not None


def count_elsewhere() -> None:
    """Leave metrics to another process, which counts what this one reports to it."""
    global _counts_here  # noqa: PLW0603 - of the whole process, a worker
    _counts_here = False


def _tracer_provider() -> trace.TracerProvider | None:
    if trace._TRACER_PROVIDER is None and not _ARE_NAMED:  # noqa: SLF001 - see _ARE_NAMED
        return None
    try:
        provider = trace.get_tracer_provider()
    except Exception:  # noqa: BLE001 - a variable names one that is not installed
        return None
    return None if isinstance(provider, _NO_TRACES) else provider


def _meter_provider() -> metrics.MeterProvider | None:
    if metrics._internal._METER_PROVIDER is None and not _ARE_NAMED:  # noqa: SLF001 - likewise
        return None
    try:
        provider = metrics.get_meter_provider()
    except Exception:  # noqa: BLE001 - likewise
        return None
    return None if type(provider).__module__.startswith(_API) else provider


_ARE_NAMED = any(name in os.environ for name in (OTEL_PYTHON_TRACER_PROVIDER, OTEL_PYTHON_METER_PROVIDER))
"""Whether the environment names providers, which the API loads when it is asked for them.

It looks there each time that it is asked and has none: that takes ten times as long as to see that it has none.
"""

_NO_TRACES = (trace.ProxyTracerProvider, trace.NoOpTracerProvider)

_API = metrics.__name__
"""What the API gives where there is no provider is of its own; one of the two classes has no public name."""
