"""The page that Prometheus reads: whole before anything has happened, and it counts from then on."""

import subprocess
import sys
from textwrap import dedent

import pytest
from heard import hearing

from slotfill.extractors.telemetry.prometheus_page import prometheus_text


def in_a_process(code):
    """Run code in a process of its own: a provider is registered for good."""
    command = [sys.executable, "-c", dedent(code)]
    result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_page_counts_from_its_first_call_on():
    page = in_a_process(
        """
        from slotfill import Extractor
        from slotfill.extractors.telemetry.prometheus_page import prometheus_text
        from slotfill.extractors.testing.claude import SimulatedClaude

        print(prometheus_text().decode())
        print("---")
        with Extractor("sentiment", client=SimulatedClaude().client()) as extractor:
            assert extractor.extract("it is broken").ok
        print(prometheus_text().decode())
        """
    )
    before, after = page.split("---\n")
    assert "slotfill_in_flight 0.0" in before
    assert "slotfill_extractions_total{" not in before
    labels = 'model="claude-haiku-5-5",outcome="valid",schema="sentiment"'
    assert f"slotfill_extractions_total{{{labels}}} 1.0" in after
    assert 'slotfill_extraction_duration_seconds_bucket{le="0.25",' in after


def test_a_provider_of_the_application_stays():
    with hearing():
        prometheus_text.__globals__["_page"].cache_clear()
        assert prometheus_text() == b""


def test_what_is_exported_stands_on_the_page_too():
    page = in_a_process(
        """
        import os
        os.environ.update(OTEL_TRACES_EXPORTER="none", OTEL_METRICS_EXPORTER="console")
        from slotfill import Extractor
        from slotfill.extractors.telemetry.exporting import exporting
        from slotfill.extractors.telemetry.prometheus_page import prometheus_reader, prometheus_text
        from slotfill.extractors.testing.claude import SimulatedClaude

        with exporting(prometheus_reader):
            with Extractor("sentiment", client=SimulatedClaude().client()) as extractor:
                assert extractor.extract("it is broken").ok
            print(prometheus_text().decode())
        """
    )
    assert 'slotfill_extractions_total{model="claude-haiku-5-5",outcome="valid",schema="sentiment"} 1.0' in page
    assert '"name": "slotfill.extractions"' in page


@pytest.mark.parametrize("missing", ["opentelemetry.sdk", "prometheus_client"])
def test_the_extra_is_named(missing):
    told = in_a_process(
        f"""
        import sys
        sys.modules[{missing!r}] = None
        from slotfill import MissingExtraError
        from slotfill.extractors.telemetry.exporting import exporting
        from slotfill.extractors.telemetry.prometheus_page import prometheus_text
        try:
            prometheus_text()
        except MissingExtraError as error:
            print(error)
        """
    )
    assert "pip install 'slotfill[otel]'" in told
