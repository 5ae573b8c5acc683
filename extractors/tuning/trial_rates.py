"""What asking costs a document, by variant: measured where it was asked, else by how much longer its prompt is."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.tuning.halving import rungs_of
from slotfill.extractors.tuning.variants import Trial, Variant

__all__ = ["TrialRates"]

MARGIN = Decimal("1.25")
"""By so much a rung may cost more than the documents before it: texts differ, and some replies are asked for again."""


class TrialRates:
    """Costs a document in USD. untuned: the first variant that was asked, about `documents`, with what came of it."""

    def __init__(self, untuned: Variant, trial: Trial, documents: Sequence[GoldDocument]) -> None:
        self._untuned = untuned
        self._chars = sum(len(one.text or "") for one in documents) // max(1, len(documents))
        self._known: dict[str, tuple[Decimal, int]] = {}
        self._first = _rate(trial)

    @property
    def highest(self) -> Decimal:
        """The most that a document has cost with any variant, on average."""
        return max((self._first, *(rate for rate, _ in self._known.values())))

    def learn(self, variant: Variant, trial: Trial) -> None:
        """Note what a trial has cost."""
        self._known[variant.id] = (_rate(trial), trial.documents)

    def rate(self, variant: Variant) -> Decimal:
        """Return what a document costs, or is likely to."""
        if variant.id in self._known:
            return self._known[variant.id][0]
        longer = Decimal(variant.chars + self._chars + 1) / (self._untuned.chars + self._chars + 1)
        return self._first * max(longer, Decimal(1) / 2)

    def estimate(self, variants: Sequence[Variant], documents: int) -> Decimal:
        """Return what it is likely to cost to ask about so many documents; what was answered before costs nothing."""
        costs = [self.rate(one) * max(0, documents - self._asked(one)) for one in variants]
        return MARGIN * sum(costs, Decimal(0))

    def most(self, variants: Sequence[Variant], documents: int, left: Decimal | None) -> int:
        """Return how many of variants, the first ones, can be halved down to one for what is left."""
        for count in range(len(variants), 0, -1):
            if left is None or self._halved(variants[:count], documents) <= left:
                return count
        return 0

    def _halved(self, variants: Sequence[Variant], documents: int) -> Decimal:
        """Estimate all rungs; who will be left in the later ones is not known, and so takes the mean."""
        mean = sum(map(self.rate, variants), Decimal(0)) / len(variants)
        before, total = 0, Decimal(0)
        for count, asked in rungs_of(len(variants), documents):
            total += mean * count * (asked - before)
            before = asked
        return MARGIN * total

    def _asked(self, variant: Variant) -> int:
        return self._known[variant.id][1] if variant.id in self._known else 0


def _rate(trial: Trial) -> Decimal:
    return (trial.cost_usd or Decimal(0)) / max(1, trial.documents)
