"""Totals: what a run has done so far."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.record.money import add_money, money_json
from slotfill.extractors.record.parts import Outcome
from slotfill.extractors.record.usage import Usage
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["Totals", "Writing"]


class Paid(Protocol):
    """What was paid for a document: an extraction, or what is left of one. The amounts are None where unknown."""

    @property
    def usage(self) -> Usage: ...
    @property
    def cost_usd(self) -> Decimal | None: ...
    @property
    def saved_usd(self) -> Decimal | None: ...
    @property
    def surcharge_usd(self) -> Decimal | None: ...


@dataclass(slots=True)
class Writing:
    """How far the outputs are that are written in the end: how many documents they hold, `before` of them at first.

    started: when it began, by the monotonic clock.
    """

    done: int
    before: int
    started: float

    @property
    def seconds(self) -> float:
        """How long they have been written."""
        return time.monotonic() - self.started


@dataclass(slots=True)
class Totals:
    """What a run has done so far. A document is one of the input; several may have the same text.

    outcomes: of all documents that have ended, those included that ended before, when the run was stopped.
    resumed: how many of them ended before. repeated: how many took what another of the same text had got.
    usage, cost_usd, saved_usd, surcharge_usd: of the texts that ended this time, whenever they were asked about; the
        amounts are None once a price was unknown.
    judged: how many values of these texts have evidence to be told of. unevidenced: how many of them have none.
    evidence_usd: what of the cost the evidence took, by its share of the replies; None once a price was unknown.
    spent_usd: what the whole run has spent, resumed parts and lost replies included; None without an account of it.
    taken_whole, taken_in_part: how many documents took over an earlier record, and were asked nothing, or less.
    before_usd, since_usd: what these had cost before, and what they cost this time; None once a price was unknown.
    writing: how far the outputs are, once all has been asked; None before, and where they hold all by then.
    waiting: what of batches is waited for, "" for nothing.
    answered, asked: how many requests were answered, of how many that were made so far.
    seconds: since it was started.
    """

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    resumed: int = 0
    repeated: int = 0
    usage: Usage = Usage()
    cost_usd: Decimal | None = Decimal(0)
    saved_usd: Decimal | None = Decimal(0)
    surcharge_usd: Decimal | None = Decimal(0)
    judged: int = 0
    unevidenced: int = 0
    evidence_usd: Decimal | None = Decimal(0)
    spent_usd: Decimal | None = None
    taken_whole: int = 0
    taken_in_part: int = 0
    before_usd: Decimal | None = Decimal(0)
    since_usd: Decimal | None = Decimal(0)
    writing: Writing | None = None
    waiting: str = ""
    answered: int = 0
    asked: int = 0
    _started: float = field(default_factory=time.monotonic)

    @property
    def documents(self) -> int:
        """How many documents have ended."""
        return self.outcomes.total()

    @property
    def extracted(self) -> int:
        """How many of them hold a whole and valid value."""
        return sum(count for outcome, count in self.outcomes.items() if outcome.ok)

    @property
    def seconds(self) -> float:
        """How long it has been at work."""
        return time.monotonic() - self._started

    def add(self, extraction: Extraction[Any], repeated: int = 0) -> None:
        """Count one more that has ended this time, and `repeated` others of its text."""
        self.end(extraction.outcome, repeated)
        self.pay(extraction)
        self.take_over(extraction, repeated)

    def end(self, outcome: Outcome, repeated: int = 0) -> None:
        """Count how a document and `repeated` others of its text have ended."""
        self.outcomes[outcome] += 1 + repeated
        self.repeated += repeated

    def pay(self, paid: Paid) -> None:
        """Count what was paid for a document."""
        self.usage += paid.usage
        self.cost_usd = add_money(self.cost_usd, paid.cost_usd)
        self.saved_usd = add_money(self.saved_usd, paid.saved_usd)
        self.surcharge_usd = add_money(self.surcharge_usd, paid.surcharge_usd)

    def take_over(self, extraction: Extraction[Any], repeated: int = 0) -> None:
        """Count what was taken over of an earlier record, if anything was, for a document and others of its text."""
        if extraction.taken_over is None:
            return
        if extraction.attempts:
            self.taken_in_part += 1 + repeated
        else:
            self.taken_whole += 1 + repeated
        self.before_usd = add_money(self.before_usd, extraction.taken_over.cost_usd)
        self.since_usd = add_money(self.since_usd, extraction.cost_usd)

    @property
    def spared_usd(self) -> Decimal | None:
        """About what was saved by it: an estimate, as to ask for all would have cost about what it did before."""
        if self.before_usd is None or self.since_usd is None:
            return None
        return max(self.before_usd - self.since_usd, Decimal(0))

    def count_evidence(self, extraction: Extraction[Any]) -> None:
        """Count the judged values of a text that has ended this time, and which of them have no evidence."""
        if extraction.evidence:
            self.judged += len(extraction.evidence)
            self.unevidenced += sum(not passages for passages in extraction.evidence.values())
            self.evidence_usd = add_money(self.evidence_usd, extraction.evidence_usd)

    def fail(self, outcomes: Mapping[Outcome, int]) -> None:
        """Count documents as failed that had these outcomes, for what was left, or could be made, of their records."""
        for outcome, count in outcomes.items():
            self.outcomes[outcome] -= count
            self.outcomes[Outcome.FAILED] += count

    def write(self, documents: int) -> None:
        """Note that the outputs, which are written in the end, hold so many documents."""
        self.writing = self.writing or Writing(documents, documents, time.monotonic())
        self.writing.done = documents

    def _evidence_json(self) -> JSONObject:
        if not self.judged:
            return {}
        counts = {"judged": self.judged, "without": self.unevidenced}
        return {"evidence": {**counts, "cost_usd": money_json(self.evidence_usd)}}

    def to_json(self) -> JSONObject:
        """Return the totals as plain JSON data."""
        return {
            "documents": self.documents,
            "extracted": self.extracted,
            "outcomes": {outcome.value: count for outcome, count in sorted(self.outcomes.items()) if count},
            "resumed": self.resumed,
            "repeated": self.repeated,
            "usage": self.usage.to_json(),
            "cost_usd": money_json(self.cost_usd),
            "saved_usd": money_json(self.saved_usd),
            "surcharge_usd": money_json(self.surcharge_usd),
            **self._evidence_json(),
            "spent_usd": money_json(self.spent_usd),
            "seconds": round(self.seconds, 3),
            **({"taken_over": self._taken_over()} if self.taken_whole or self.taken_in_part else {}),
        }

    def _taken_over(self) -> JSONObject:
        return {
            "whole": self.taken_whole,
            "in_part": self.taken_in_part,
            "before_usd": money_json(self.before_usd),
            "cost_usd": money_json(self.since_usd),
            "saved_usd_about": money_json(self.spared_usd),
        }
