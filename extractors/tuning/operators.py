"""Operators: what makes variants of a schema's words, and of a variant that has proved good."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, zip_longest
from random import Random

from slotfill.extractors.tuning.example_choice import CHOICES, ORDERS, Shown
from slotfill.extractors.tuning.variants import Variant
from slotfill.schemas.example import Example

__all__ = ["Material", "neighbours", "variants_of"]

COUNTS = (8, 4, 2)
"""How many examples are tried, besides none."""

MOST_CALIBRATING = 48
"""So many labelled texts calibrate: with more the fit changes little, and each is asked about once a variant."""


@dataclass(frozen=True, slots=True)
class Material:
    """What variants are made of.

    shown: gold documents that can be shown. wordings: other instructions, by how they were made.
    calibrates: whether the model takes labelled texts for its scores, as the embedded one does.
    """

    shown: tuple[Shown, ...]
    wordings: Mapping[str, str]
    calibrates: bool = False

    @property
    def examples(self) -> tuple[Shown, ...]:
        """Those that are whole."""
        return tuple(one for one in self.shown if one.example is not None)


def variants_of(untuned: Variant, material: Material, count: int, seed: int = 0) -> tuple[Variant, ...]:
    """Make variants of the untuned one.

    First each operator alone, by kinds in turn, so that each has its trial however few there are to be; then examples
    and instructions together, drawn by the seed.

    Args:
        untuned: The schema's own words.
        material: What there is to make them of.
        count: How many, at most.
        seed: Of all that is drawn.

    Returns:
        The variants, no two alike and none like the untuned one.
    """
    random = Random(seed)  # noqa: S311 - a choice, not a secret
    by_examples = [*_by_examples(untuned, material, random)]
    by_words = [replace(untuned, name=name, instructions=text) for name, text in material.wordings.items()]
    calibrated = [*_calibrated([untuned, *by_examples], material)]
    alone = [one for ones in zip_longest(by_examples, by_words, calibrated) for one in ones if one is not None]
    return tuple(islice(_distinct(chain(alone, _pairs(by_examples, by_words, random)), {untuned.id}), count))


def neighbours(
    best: Variant, others: Sequence[Variant], material: Material, count: int, seed: int = 0
) -> tuple[Variant, ...]:
    """Make variants of one that has proved good: another order, fewer examples, what others that are good have.

    others: the good ones, the best first. The rest is as in `variants_of`; none is like the best or the others.
    """
    random = Random(seed)  # noqa: S311 - likewise
    made = chain(
        (_joined(best, other) for other in others if other.instructions != best.instructions),
        _calibrated([best], material),
        _in_other_orders(best, random),
        _with_fewer(best),
    )
    return tuple(islice(_distinct(made, {one.id for one in (best, *others)}), count))


def _by_examples(untuned: Variant, material: Material, random: Random) -> Iterator[Variant]:
    """Choose examples in each way, in each number; then none, and the schema's own with some of gold."""
    pool = material.examples
    sets: dict[str, tuple[Example, ...]] = {}
    for count in COUNTS:
        for name, choose in CHOICES.items():
            chosen = choose(pool, count, random) if pool else []
            shown = tuple(one.example for one in random.sample(chosen, len(chosen)) if one.example)
            if shown:
                sets[f"{len(shown)} examples, {name}"] = shown
    if untuned.examples:
        more = [one.example for one in CHOICES["hardest"](pool, COUNTS[1], random) if one.example] if pool else []
        own = {"no examples": (), f"own examples and the {len(more)} hardest": (*untuned.examples, *more)}
        sets = {**dict(islice(sets.items(), 2)), **own, **sets}
    for name, shown in sets.items():
        yield replace(untuned, name=name, examples=shown)


def _calibrated(variants: Iterable[Variant], material: Material) -> Iterator[Variant]:
    """Calibrate by the gold that is not shown."""
    if not material.calibrates:
        return
    for variant in variants:
        texts = {one.text for one in variant.examples}
        labelled = [one.labelled for one in material.shown if one.labelled.text not in texts]
        if labelled:
            calibration = tuple(labelled[:MOST_CALIBRATING])
            yield replace(variant, name=f"{variant.name}; calibrated", calibration=calibration)


def _pairs(by_examples: Sequence[Variant], by_words: Sequence[Variant], random: Random) -> Iterator[Variant]:
    """Pair other examples with other instructions."""
    pairs = [(shown, told) for shown in by_examples for told in by_words]
    for shown, told in random.sample(pairs, len(pairs)):
        yield replace(shown, name=f"{shown.name}; {told.name}", instructions=told.instructions)


def _joined(best: Variant, other: Variant) -> Variant:
    """Return what is best with the instructions of another."""
    return replace(best, name=f"{best.name}; instructions of: {other.name}", instructions=other.instructions)


def _in_other_orders(best: Variant, random: Random) -> Iterator[Variant]:
    for name, order in ORDERS.items():
        yield replace(best, name=f"{best.name}; {name}", examples=tuple(order(best.examples, random)))


def _with_fewer(best: Variant) -> Iterator[Variant]:
    half = len(best.examples) // 2
    if half:
        yield replace(best, name=f"{best.name}; the last {half}", examples=best.examples[-half:])


def _distinct(variants: Iterable[Variant], known: set[str]) -> Iterator[Variant]:
    known = set(known)
    for variant in variants:
        if variant.id not in known:
            known.add(variant.id)
            yield variant
