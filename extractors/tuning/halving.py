"""Successive halving: many variants are tried on few documents, and the better half of them on twice as many.

Each rung costs about the same, and what is good is measured best (Jamieson and Talwalkar, Non-stochastic Best Arm
Identification and Hyperparameter Optimization, AISTATS 2016).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from slotfill.extractors.tuning.variants import Variant

__all__ = ["TuningRung", "halving", "ranked", "rungs_of"]

LEAST_DOCUMENTS = 8
"""On fewer the scores of a rung say too little for half of the variants to be dropped."""


@dataclass(frozen=True, slots=True)
class TuningRung:
    """So many documents to ask about, always the first ones, with each of the variants."""

    variants: tuple[Variant, ...]
    documents: int


def halving(
    variants: Sequence[Variant], documents: int, *, always: Variant | None = None
) -> Generator[TuningRung, Sequence[float], tuple[Variant, ...]]:
    """Find the best of variants.

    Args:
        variants: In the order in which they are preferred where their scores are equal.
        documents: How many there are to ask about.
        always: The variant that is in every rung, to compare with.

    Yields:
        The rungs. It is sent the scores of each rung's variants, in their order.

    Returns:
        The variants of the last rung, the best first.
    """
    left = tuple(variants)
    ranking: tuple[Variant, ...] = left
    for count, asked in rungs_of(len(left), documents):
        kept = ranking[:count]
        left = kept if always is None or always in kept else (*kept, always)
        ranking = ranked(left, (yield TuningRung(left, asked)))
    return ranking


def rungs_of(variants: int, documents: int) -> list[tuple[int, int]]:
    """Return for each rung how many variants are in it, and how many documents they are asked about.

    The last one has two variants, or less where there are no more, and all documents.
    """
    halvings = max(1, (variants - 1).bit_length())
    sizes = [-(-variants // 2**at) for at in range(halvings)]
    counts = [max(LEAST_DOCUMENTS, -(-documents // 2**at)) for at in reversed(range(halvings))]
    return [(size, min(documents, count)) for size, count in zip(sizes, counts, strict=True)]


def ranked(variants: Sequence[Variant], scores: Sequence[float]) -> tuple[Variant, ...]:
    """Return variants, the best first; of equal ones the first stays first."""
    order = sorted(range(len(variants)), key=lambda at: -scores[at])
    return tuple(variants[at] for at in order)
