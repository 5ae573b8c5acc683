"""A run, as it is told: a span over all that is done in it, and what is looked at while it lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from slotfill.extractors.telemetry.conventions import COST, DOCUMENTS, EXTRACTED, REQUEST_MODEL, RUN_SPAN, SCHEMA
from slotfill.extractors.telemetry.live_gauges import LIVE, LiveRun
from slotfill.extractors.telemetry.open_span import OpenSpan
from slotfill.extractors.telemetry.providers import recorders

__all__ = ["ToldRun", "tell_run"]


class ToldRun:
    """A run that is told of. span: None where nobody wants to know."""

    def __init__(self, span: OpenSpan | None = None) -> None:
        self._span = span

    def ended(self, *, documents: int, extracted: int, usd: Decimal | None, stopped: BaseException | None) -> None:
        """Take how it ended. stopped: what stopped it before its end."""
        if self._span is None:
            return
        self._span.set({DOCUMENTS: documents, EXTRACTED: extracted})
        if usd is not None:
            self._span.set({COST: float(usd)})
        if stopped is not None:
            self._span.fail(type(stopped).__name__)


@contextmanager
def tell_run(model: str, run: LiveRun) -> Iterator[ToldRun]:
    """Tell of a run, which asks this model first, while it is entered."""
    with LIVE.showing(run):
        if (heard := recorders()) is None:
            yield ToldRun()
            return
        span = OpenSpan(heard.tracer, RUN_SPAN, {SCHEMA: run.schema, REQUEST_MODEL: model})
        try:
            with span:
                yield ToldRun(span)
        finally:
            span.end()
