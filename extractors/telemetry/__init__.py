"""Traces and metrics, by OpenTelemetry: what happens, how long it takes and what it costs; never a text."""
