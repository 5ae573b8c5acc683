"""Runs by HTTP: begun, looked at, cancelled, their records streamed."""
