"""The trace that a document belongs to, as it travels to another process: W3C's `traceparent`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.context import attach, detach
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from slotfill.extractors.telemetry.providers import has_tracer_provider

__all__ = ["continued_trace", "traceparent"]

_FIELD = "traceparent"

_W3C = TraceContextTextMapPropagator()


def traceparent() -> str | None:
    """Name the span that is open here; None where there is none."""
    carrier: dict[str, str] = {}
    if has_tracer_provider():
        _W3C.inject(carrier)
    return carrier.get(_FIELD)


@contextmanager
def continued_trace(parent: str | None) -> Iterator[None]:
    """Have spans that are opened within it beneath the one that was named elsewhere."""
    if parent is None or not has_tracer_provider():
        yield
        return
    token = attach(_W3C.extract({_FIELD: parent}))
    try:
        yield
    finally:
        detach(token)
