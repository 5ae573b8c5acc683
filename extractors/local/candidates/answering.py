"""The sentences of a text that a question may be answered by: they share its telling words, and are of its kind.

A small model quotes something for every question. Here a text that does not speak of the matter gives nothing, which
is silent where other words are used for the same, and never an invention.
"""

from __future__ import annotations

import re

from slotfill.extractors.grounding.surface_forms import numbers_in
from slotfill.extractors.local.candidates.candidates import FUNCTION_WORDS
from slotfill.extractors.local.candidates.names import name_candidates
from slotfill.schemas.passages.sentences import sentence_ranges

__all__ = ["answering_sentences"]

ASKING = frozenset(
    """
    according describe document explain exactly give happen happens how kind list mean means much name often policy
    procedure rule rules say says sort state tell text type
    """.split()  # noqa: SIM905 - a list of words
)
"""Words of questions that say nothing of what is asked about."""

MOMENT = re.compile(
    r"\d|\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|september"
    r"|october|november|december|noon|midnight|morning|evening|daily|weekdays?|weekends?|today|tomorrow|yesterday)",
    re.IGNORECASE,
)
ASKS_WHEN = re.compile(r"\b(?:when|what time|which day|what date)\b", re.IGNORECASE)
ASKS_HOW_MANY = re.compile(r"\bhow (?:much|many|long|old|far|often|big|high|expensive)\b", re.IGNORECASE)
ASKS_WHO = re.compile(r"\bwho(?:se|m)?\b", re.IGNORECASE)

SHARED = 0.6
"""Of the telling words of a question so many stand in a sentence that answers it."""

MOST = 2
"""The most sentences of an answer."""

ALIKE = 4
"""So many letters two forms of a word begin with, at least."""


def answering_sentences(text: str, question: str) -> list[str]:
    """Return the sentences that say most of what a question asks about, in order; nothing where none does."""
    asked = _telling_words(question)
    lines = (line for line in re.finditer(r"[^\n]*\w[^\n]*", text))
    sentences = [line[0][start:end] for line in lines for start, end in sentence_ranges(line[0])]
    shares = [_share(asked, sentence) for sentence in sentences]
    best = max((share for share, one in zip(shares, sentences, strict=True) if _is_of_kind(question, one)), default=0.0)
    if best < SHARED:
        return []
    fitting = (
        one for share, one in zip(shares, sentences, strict=True) if share == best and _is_of_kind(question, one)
    )
    return [*dict.fromkeys(fitting)][:MOST]


def _telling_words(text: str) -> set[str]:
    words = {word.casefold() for word in re.findall(r"[^\W_]+", text)}
    return {word for word in words if word not in FUNCTION_WORDS and word not in ASKING and len(word) > 1}


def _share(asked: set[str], sentence: str) -> float:
    words = _telling_words(sentence)
    return sum(any(_are_forms(one, other) for other in words) for one in asked) / len(asked) if asked else 0.0


def _are_forms(one: str, other: str) -> bool:
    """Whether two words are forms of one: refund, refunds; delivery, delivered."""
    shorter = min(len(one), len(other))
    alike = next((at for at in range(shorter) if one[at] != other[at]), shorter)
    return one == other or alike >= max(ALIKE, shorter - 1)


def _is_of_kind(question: str, sentence: str) -> bool:
    """Whether a sentence holds the kind of thing that is asked for: a moment, a number, a name."""
    if ASKS_WHEN.search(question):
        return MOMENT.search(sentence) is not None
    if ASKS_HOW_MANY.search(question):
        return any(True for _ in numbers_in(sentence))
    if ASKS_WHO.search(question):
        asked = _telling_words(question)
        return any(not _telling_words(sentence[a:b]) <= asked for a, b in name_candidates(sentence))
    return True
