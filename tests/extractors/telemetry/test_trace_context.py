"""A trace goes on in another process, where it is named; `test_exporting` shows it with workers."""

from heard import hearing
from opentelemetry import trace

from slotfill.extractors.telemetry.exporting import flush_spans
from slotfill.extractors.telemetry.trace_context import continued_trace, traceparent


def test_a_trace_goes_on_where_it_is_named():
    assert traceparent() is None
    with hearing() as heard:
        tracer = trace.get_tracer("app")
        with tracer.start_as_current_span("here"):
            parent = traceparent()
        assert traceparent() is None
        with continued_trace(parent), tracer.start_as_current_span("there"):
            pass
        with continued_trace(None), tracer.start_as_current_span("alone"):
            pass
        assert heard.paths() == {"here": 1, "here/there": 1, "alone": 1}


def test_nobody_listens_and_nothing_is_named():
    with continued_trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"):
        assert not trace.get_current_span().get_span_context().is_valid


def test_what_is_left_is_exported(monkeypatch):
    flush_spans()  # nobody is there
    with hearing():
        flushed = []
        monkeypatch.setattr(trace.get_tracer_provider(), "force_flush", flushed.append)
        flush_spans()
        assert flushed == [5_000]
