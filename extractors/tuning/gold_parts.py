"""Gold in parts: what is learnt from, what is chosen by, and what nobody looks at before the end.

A part has of each label as large a share as of all, and documents of one text stand in one part: else what is shown as
a worked example could be asked about again.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from slotfill.extractors.gold.gold_document import GoldDocument
from slotfill.schemas.json_values.exact_json import dumps
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["gold_parts", "stratum_of"]

MOST_LABELS = 12
"""A key whose values are more than these is no label: nothing is balanced by it."""

MANY_ITEMS = 2
"""Lists are told apart as empty, of one item, and of more."""

Stratify = Callable[[GoldDocument], str]


def gold_parts(
    documents: Sequence[GoldDocument], shares: Sequence[float], seed: int = 0
) -> tuple[tuple[GoldDocument, ...], ...]:
    """Divide gold, the same way each time.

    Args:
        documents: The gold, in any order.
        shares: How much of it each part gets.
        seed: Another one divides it otherwise.

    Returns:
        The parts. The documents of each are mixed: any beginning of it has about the shares of labels of the whole.
    """
    stratum = stratum_of(documents)
    groups: defaultdict[str, list[GoldDocument]] = defaultdict(list)
    for document in documents:
        groups[_identity(document)].append(document)
    ordered = sorted(groups.items(), key=lambda group: (stratum(group[1][0]), _draw(group[0], seed)))
    parts: list[list[GoldDocument]] = [[] for _ in shares]
    dealt = 0
    # The labels stand one behind the other: dealing to who is furthest behind gives each part its share of each.
    for _, group in ordered:
        dealt += len(group)
        behind = [share * dealt - len(part) for share, part in zip(shares, parts, strict=True)]
        parts[behind.index(max(behind))] += group
    return tuple(_mixed(part, stratum, seed) for part in parts)


def stratum_of(documents: Iterable[GoldDocument]) -> Stratify:
    """Return what tells documents apart by their labels: values of few kinds, and how many items lists have."""
    documents = list(documents)
    kinds: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for document in documents:
        for key, part in _parts(document.value):
            kinds[key][part] += 1
    most = min(MOST_LABELS, max(2, len(documents) // 2))
    labels = {key for key, counts in kinds.items() if len(counts) <= most}

    def stratum(document: GoldDocument) -> str:
        return dumps(sorted(pair for pair in _parts(document.value) if pair[0] in labels))

    return stratum


def _parts(value: JSON) -> list[tuple[str, str]]:
    """Return the parts of a value that may be labels, each as text."""
    members = value.items() if isinstance(value, dict) else [("", value)]
    return [(key, _label(part)) for key, part in members if not isinstance(part, dict)]


def _label(part: JSON) -> str:
    return f"{min(len(part), MANY_ITEMS)} items" if isinstance(part, list) else dumps(part)


def _mixed(part: Sequence[GoldDocument], stratum: Stratify, seed: int) -> tuple[GoldDocument, ...]:
    """Mix documents, so that each stratum is spread evenly over the whole."""
    members: defaultdict[str, list[GoldDocument]] = defaultdict(list)
    for document in sorted(part, key=lambda one: _draw(_identity(one), seed + 1)):
        members[stratum(document)].append(document)
    placed = [
        ((at + _fraction(name, seed)) / len(group), _draw(_identity(document), seed), document)
        for name, group in members.items()
        for at, document in enumerate(group)
    ]
    return tuple(document for *_, document in sorted(placed, key=lambda place: place[:2]))


def _identity(document: GoldDocument) -> str:
    return document.id or document.source or dumps(document.value)


def _draw(text: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}:{text}".encode("utf-8", "surrogatepass")).digest()


def _fraction(text: str, seed: int) -> float:
    """Draw a number between 0 and 1, so that strata of one document each do not all stand at one place."""
    return int.from_bytes(_draw(text, seed)[:4]) / 2**32
