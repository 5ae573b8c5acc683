"""Why a reply ended: the service's words for a reply that was cut off, and two of our own."""

from __future__ import annotations

__all__ = ["BROKEN_STREAM", "CONTEXT_FULL", "CUT_OFF", "MAX_TOKENS", "NOT_STATED"]

MAX_TOKENS = "max_tokens"
"""The reply took all the room it was given: more may help."""

CONTEXT_FULL = "model_context_window_exceeded"

BROKEN_STREAM = "broken_stream"
"""Ours: a streamed reply broke off; an answer's `errors` say why."""

NOT_STATED = "not_stated"
"""Ours: the embedded model found that the text lacks what the schema requires. Asked again it would find the same."""

CUT_OFF = (MAX_TOKENS, CONTEXT_FULL, BROKEN_STREAM)
"""Those of a reply that was cut off."""
