"""Which gold documents become worked examples: by label, by what was got wrong, by how near texts are, by chance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from random import Random

from rapidfuzz.fuzz import token_set_ratio

from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.extractors.tuning.gold_parts import stratum_of
from slotfill.extractors.tuning.variants import Trial
from slotfill.schemas.errors import InvalidError
from slotfill.schemas.example import Example
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.schema import Schema

__all__ = ["CHOICES", "ORDERS", "Shown", "shown_documents"]

NEAREST_CHARS = 500
"""So much of a text is compared with others: enough to tell what it is about."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A gold document that can be shown.

    example: with a whole value; None where gold has but some of its fields, and the model none for the others.
    labelled: with what gold has, which is enough to calibrate by. stratum: its labels. mistakes: how many fields the
    untuned schema got wrong.
    """

    labelled: Example
    example: Example | None
    stratum: str
    mistakes: int


ExampleChoice = Callable[[Sequence[Shown], int, Random], list[Shown]]
"""Chooses so many documents, or all that there are."""


def shown_documents(schema: Schema[object], pool: Sequence[GoldDocument], untuned: Trial) -> tuple[Shown, ...]:
    """Return gold documents as what can be shown. untuned: what the schema as it is made of them.

    Of a document of which gold has but some fields, the others are taken from what the model said itself; that makes an
    example only where the whole is valid.
    """
    stratum = stratum_of(pool)
    shown = []
    for document in pool:
        text, key = document.text or "", document.id or ""
        candidates = [document.value]
        if isinstance(document.value, dict) and isinstance(untuned.values.get(key), dict):
            candidates.append(_completed(document.value, untuned.values[key]))
        value = next((one for one in candidates if _is_valid(schema, one, text)), None)
        example = None if value is None else Example(text, value)
        mistakes = len(untuned.mistakes.get(key, ()))
        shown.append(Shown(Example(text, document.value), example, stratum(document), mistakes))
    return tuple(shown)


def _completed(gold: JSON, extracted: JSON) -> JSON:
    """Return what was extracted, with gold over it."""
    if isinstance(gold, dict) and isinstance(extracted, dict):
        return extracted | {key: _completed(part, extracted.get(key)) for key, part in gold.items()}
    return gold


def _is_valid(schema: Schema[object], value: JSON, text: str) -> bool:
    try:
        schema.validate(dumps(schema.wrap(value)), document=text)
    except (InvalidError, ValueError):
        return False
    return True


def balanced(shown: Sequence[Shown], count: int, random: Random) -> list[Shown]:
    """Choose of each label in turn, by chance."""
    return _in_turn(random.sample(shown, len(shown)))[:count]


def hardest(shown: Sequence[Shown], count: int, random: Random) -> list[Shown]:
    """Choose those that the untuned schema got most wrong, of each label in turn."""
    return _in_turn(sorted(random.sample(shown, len(shown)), key=lambda one: -one.mistakes))[:count]


def representative(shown: Sequence[Shown], count: int, random: Random) -> list[Shown]:
    """Choose those to which the other texts are nearest, one after the other: each text shall be near to one of them.

    Greedy facility location: at each step the one that adds most to the sum of the likenesses of all texts to their
    nearest. At most 1 - 1/e of the best sum is missed (Nemhauser, Wolsey and Fisher, 1978).
    """
    rest = random.sample(shown, len(shown))
    texts = [one.labelled.text[:NEAREST_CHARS] for one in rest]
    likeness = [[token_set_ratio(a, b) for b in texts] for a in texts]
    nearest = [0.0] * len(rest)
    chosen: list[int] = []
    while len(chosen) < min(count, len(rest)):
        left = [at for at in range(len(rest)) if at not in chosen]
        best = max(left, key=lambda at: sum(map(max, likeness[at], nearest)))
        nearest = [*map(max, likeness[best], nearest)]
        chosen.append(best)
    return [rest[at] for at in chosen]


def drawn(shown: Sequence[Shown], count: int, random: Random) -> list[Shown]:
    """Choose by chance alone."""
    return random.sample(shown, min(count, len(shown)))


CHOICES: Mapping[str, ExampleChoice] = {
    "balanced": balanced,
    "hardest": hardest,
    "representative": representative,
    "drawn": drawn,
}
"""The ways to choose, by the names that variants have of them."""


def _in_turn(shown: Sequence[Shown]) -> list[Shown]:
    """Take one of each label, then the next of each: the first ones first."""
    by_label: defaultdict[str, list[Shown]] = defaultdict(list)
    for one in shown:
        by_label[one.stratum].append(one)
    rounds = zip_longest(*by_label.values())
    return [one for one in chain.from_iterable(rounds) if one is not None]


def _reversed(examples: Sequence[Example], _: Random) -> list[Example]:
    return [*reversed(examples)]


def _shuffled(examples: Sequence[Example], random: Random) -> list[Example]:
    return random.sample(examples, len(examples))


def _by_value(examples: Sequence[Example], _: Random) -> list[Example]:
    """Put equal values together: a small model falls for a pattern in the labels' order."""
    return sorted(examples, key=lambda one: dumps(one.value))


def _longest_last(examples: Sequence[Example], _: Random) -> list[Example]:
    return sorted(examples, key=lambda one: len(one.text))


ORDERS: Mapping[str, Callable[[Sequence[Example], Random], list[Example]]] = {
    "reversed": _reversed,
    "shuffled": _shuffled,
    "equal values together": _by_value,
    "longest last": _longest_last,
}
"""The orders in which examples may stand, by the names that variants have of them."""
