"""The metrics: what they are called, what they count, and the buckets that make a histogram of use.

What is counted is counted here, in plain numbers, and looked at when metrics are collected: a counter of the SDK takes
ten times as long for each. Money is added up as the exact decimals that it is.

Their labels are few, and each has few values: outcomes, rungs, risks, kinds of tokens, and the names of schemas and
models, of which a client may make up any number.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.record.failure_kinds import FailureKind
from slotfill.extractors.record.parts import Rung
from slotfill.extractors.record.usage import Usage
from slotfill.extractors.telemetry.conventions import OTHER, TOKEN_KINDS
from slotfill.extractors.telemetry.live_gauges import LiveGauges

__all__ = ["Instruments"]

SECONDS = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""A short text takes the fastest model some half a second, a long document in chunks minutes."""

MOST_NAMES = 100
"""So many names of schemas, and of models, have series of their own; all others are told together, as `other`."""


class _Names:
    """Names that become labels, as many as there may be."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def __call__(self, name: str) -> str:
        if name not in self._known:
            if len(self._known) >= MOST_NAMES:
                return OTHER
            self._known.add(name)
        return name


class _Totals:
    """A counter: a total for each of the values that its labels have."""

    def __init__(self, meter: Meter, name: str, description: str, *labels: str) -> None:
        self._labels = labels
        self._totals: defaultdict[tuple[str, ...], Decimal | int] = defaultdict(int)
        meter.create_observable_counter(name, [self._observe], "", description)

    def add(self, amount: Decimal | int, *values: str) -> None:
        """Count. The caller sees to it that no other thread does."""
        self._totals[values] += amount

    def _observe(self, _: CallbackOptions) -> Iterable[Observation]:
        for values, total in [*self._totals.items()]:
            amount = float(total) if isinstance(total, Decimal) else total
            yield Observation(amount, dict(zip(self._labels, values, strict=True)))


class Instruments:
    """The metrics of a process. live: what is looked at when they are collected."""

    def __init__(self, meter: Meter, live: LiveGauges) -> None:
        def counter(name: str, description: str, *labels: str) -> _Totals:
            return _Totals(meter, name, description, *labels)

        self._counting = threading.Lock()
        self._schema, self._model = _Names(), _Names()
        named = "schema", "model"
        self._extractions = counter("slotfill.extractions", "Extractions that have ended.", *named, "outcome")
        self._attempts = counter(
            "slotfill.attempts", "Steps: requests to a model, and mends.", *named, "rung", "failure"
        )
        self._edits = counter("slotfill.edits", "Changes of what a model said.", "schema", "risk")
        self._tokens = counter("slotfill.tokens", "Tokens, as the service counts them.", *named, "kind")
        self._cost = counter("slotfill.cost.usd", "What was spent, in US dollars.", *named)
        self._problems = counter("slotfill.problems", "Requests that a service answered with a problem.", "code")
        self._seconds = meter.create_histogram(
            "slotfill.extraction.duration", "s", "A whole extraction.", explicit_bucket_boundaries_advisory=SECONDS
        )
        self._first_seconds = meter.create_histogram(
            "slotfill.extraction.first.event",
            "s",
            "Until the first part of a value, where they are streamed.",
            explicit_bucket_boundaries_advisory=SECONDS,
        )
        live.observed_by(meter)

    def ended(self, extraction: Extraction[Any], seconds: float | None) -> None:
        """Count an extraction that took so long; None where that says nothing, as in a batch."""
        with self._counting:
            schema, model = self._schema(extraction.schema_name), self._model(extraction.model)
            self._extractions.add(1, schema, model, extraction.outcome.value)
            for edit in extraction.edits:
                self._edits.add(1, schema, edit.risk)
            for attempt in extraction.attempts:
                if attempt.rung is Rung.MEND:  # it asks no model, and so is no request that was counted as it was made
                    self._attempts.add(1, schema, self._model(attempt.model), attempt.rung.value, _NO_FAILURE)
        if seconds is not None:
            self._seconds.record(seconds, {"schema": schema, "model": model})

    def begun(self, schema: str, model: str, seconds: float) -> None:
        """Count what an extraction took until its first event."""
        with self._counting:
            named = {"schema": self._schema(schema), "model": self._model(model)}
        self._first_seconds.record(seconds, named)

    def attempted(self, schema: str, model: str, rung: Rung, failure: FailureKind | None) -> None:
        """Count a request."""
        kind = failure.value if failure else _NO_FAILURE
        with self._counting:
            self._attempts.add(1, self._schema(schema), self._model(model), rung.value, kind)

    def refused(self, code: str) -> None:
        """Count a request that a service answered with a problem."""
        with self._counting:
            self._problems.add(1, code)

    def spent(self, schema: str, model: str, usage: Usage | None, usd: Decimal | None) -> None:
        """Count what was spent; None for what is not known."""
        with self._counting:
            schema, model = self._schema(schema), self._model(model)
            for field, kind in TOKEN_KINDS.items() if usage is not None else ():
                if count := getattr(usage, field):
                    self._tokens.add(count, schema, model, kind)
            if usd:
                self._cost.add(usd, schema, model)


_NO_FAILURE = "none"
