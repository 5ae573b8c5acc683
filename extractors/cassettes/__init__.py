"""Tapes: real traffic recorded once at the transport, and replayed for ever."""
