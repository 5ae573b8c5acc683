"""A span that is open: what is done within it is beneath it, wherever it is done."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import Token
from typing import Self

from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import INVALID_SPAN, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.util.types import AttributeValue

from slotfill.extractors.telemetry.conventions import ERROR_TYPE

__all__ = ["Attributes", "OpenSpan"]

Attributes = Mapping[str, AttributeValue]


class OpenSpan:
    """A span, from its beginning to its end. As a context it is the current one, each time that it is entered.

    tracer: None where nobody takes spans: then it is none, and changes no context.

    What a generator does between two values is done in the context of whoever asks for the next one. So a span is never
    left entered over a `yield`: it would be the caller's, too, and could not be left by another task.
    """

    __slots__ = ("_context", "_span", "_token")

    def __init__(self, tracer: Tracer | None, name: str, attributes: Attributes) -> None:
        self._span = tracer.start_span(name, attributes=attributes) if tracer else INVALID_SPAN
        self._context = set_span_in_context(self._span) if tracer else None
        self._token: Token[Context] | None = None

    def __enter__(self) -> Self:
        if self._context is not None:
            self._token = attach(self._context)
        return self

    def __exit__(self, *_: object) -> None:
        if self._token is not None:
            detach(self._token)
            self._token = None

    @property
    def is_recording(self) -> bool:
        """Whether anything that is said of it is kept: a sampler may have dropped it."""
        return self._span.is_recording()

    def set(self, attributes: Attributes) -> None:
        """Add attributes."""
        self._span.set_attributes(attributes)

    def fail(self, kind: str) -> None:
        """Note a failure by its kind. What it says of itself is not told: it may quote a document."""
        self._span.set_attribute(ERROR_TYPE, kind)
        self._span.set_status(Status(StatusCode.ERROR))

    def end(self) -> None:
        """End it."""
        self._span.end()
