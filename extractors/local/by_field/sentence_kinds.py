"""Which sentences of a text are what a list asks for: scored, before any entry is written.

Asked whether a text holds any wishes, a model of this size says yes and no at random. Asked what one sentence is, after
examples of other kinds, it tells (measured on texts of this project's own, docs/embedded.md).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence

from slotfill.extractors.local.by_field.calibration import CONTENT_FREE
from slotfill.extractors.local.candidates.named_strings import asks_for_names
from slotfill.schemas.passages.sentences import sentence_ranges

__all__ = ["are_of_whole_texts", "passages_of_kind", "text_sentences"]

EXAMPLES = (
    ("The tyres were changed on Tuesday.", "fact"),
    ("What a splendid garden, we loved it!", "praise"),
    ("Tickets cost 5 euros and 3 for children.", "prices"),
    ("When does the shop open?", "question"),
    ("Mara brought plums and a jar of honey.", "food"),
    ("The hall has 300 seats.", "fact"),
    ("Next year we mean to move to Oslo.", "plans"),
)
OTHERS = ("fact", "praise", "question")
"""What a sentence may be that is not of the kind asked for."""

OF_WHOLE_TEXTS = frozenset(
    """
    categories genres keywords labels languages phrases products sections subjects tags themes titles topics words
    """.split()  # noqa: SIM905 - a list of words
)
"""What a list is called whose entries are no kind of sentence."""

PART_END = re.compile(r"[,;:]\s+(?:(?:and|but|or|so)\s+)?|\s+but\s+|(?<=\d)[.!?]\s+(?=[A-Z])")
"""Where a part of a sentence ends, as far as marks show it."""

Scorer = Callable[[str, Sequence[str]], Sequence[float]]
"""Returns how likely each label is to continue a prompt: natural logarithms."""


def are_of_whole_texts(heading: str) -> bool:
    """Whether what a list asks for is no kind of sentence: names, or words about the text as a whole."""
    return asks_for_names(heading) or not OF_WHOLE_TEXTS.isdisjoint(heading.casefold().split())


def text_sentences(text: str) -> list[str]:
    """Return the sentences of a text; each line ends one."""
    lines = (line for line in text.splitlines() if any(map(str.isalnum, line)))
    return [line[start:end] for line in lines for start, end in sentence_ranges(line)]


def passages_of_kind(text: str, heading: str, score: Scorer) -> list[str]:
    """Return the sentences that are what a field's heading says, in order, without the marks that end them.

    A sentence is one that the model finds so far likelier to be than a text that says nothing is. Of one in several
    parts those parts are returned that are it by themselves, if there are any.
    """
    kind = heading.casefold()
    labels = (kind, *(other for other in OTHERS if other != kind))
    nothing = [_lead(one, labels, score) for one in CONTENT_FREE]
    least = sum(nothing) / len(nothing) / 2

    def are_of_kind(passages: Iterable[str]) -> list[str]:
        return [passage for passage in passages if _lead(passage, labels, score) > min(least, 0)]

    found = []
    for sentence in are_of_kind(text_sentences(text)):
        parts = [part for part in PART_END.split(sentence) if any(map(str.isalnum, part))]
        found += (are_of_kind(parts) if len(parts) > 1 else []) or [sentence]
    return [passage.strip(" \t.,;:!?") for passage in found]


def _lead(sentence: str, labels: Sequence[str], score: Scorer) -> float:
    shown = "".join(f"Sentence: {text}\nKind: {kind}\n\n" for text, kind in EXAMPLES)
    chances = score(f"{shown}Sentence: {' '.join(sentence.split())}\nKind:", labels)
    return chances[0] - max(chances[1:], default=-math.inf)
