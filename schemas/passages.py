"""Passages: where a quote stands in a document, and what stands there that is most like it."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right

from slotfill.schemas.folding import GRAM, Folded, Where, divides, fold, folded, widen

__all__ = ["exact", "nearest", "normalised"]

LIKENESS = 0.4
"""The share of a quote's pieces that a passage must hold to be near it."""

LOOKED_AT = 8
"""How many likely places are looked at."""

_WORD = 20
"""How far the ends of a near passage may move to hold whole words."""


def exact(quote: str, document: str) -> list[Where]:
    """Find a quote, code point for code point. Only whole characters count, and whole words where there are any."""
    if not quote.strip():
        return []
    found, at = [], document.find(quote)
    while at >= 0:
        end = at + len(quote)
        whole = divides(document, at) and divides(document, end)
        if whole:
            found.append((at, end))
        at = document.find(quote, end if whole else at + 1)
    return _whole_words(found, document)


def normalised(quote: str, document: str) -> list[Where]:
    """Find a quote up to case, Unicode form, white space, quotes, dashes and what does not show.

    Where it is not found so: up to the white space and punctuation at its ends too; and last, where it is a part of
    a user-perceived character, the passage that holds the character whole.
    """
    if not quote.strip():
        return []
    text, within = fold(quote).strip(), folded(document)
    unquoted = text[1:-1].strip() if text[:1] == text[-1:] == "'" else text
    for form in dict.fromkeys((text, unquoted, _core(text))):
        if form and (found := [*within.occurrences(form)]):
            return _whole_words(found, document)
    at = document.find(quote)
    return [] if at < 0 else [widen(document, (at, at + len(quote)))]


def nearest(quote: str, document: str, *, limit: int = 3) -> list[str]:
    """Give the passages of a document that are most like a quote, the nearest first; none where nothing is like it."""
    text, within = fold(quote).strip(), folded(document)
    pieces = {text[at : at + GRAM] for at in range(len(text) - GRAM + 1)}
    found = [_most_like(pieces, len(text), within, window) for window in within.likely(text)[:LOOKED_AT]]
    chosen: list[Where] = []
    for likeness, places in sorted(found, key=lambda one: -one[0]):
        start, end = _to_words(document, within.around(*places))
        if likeness >= LIKENESS and not any(start < other[1] and other[0] < end for other in chosen):
            chosen.append((start, end))
    return [document[start:end].strip() for start, end in chosen[:limit]]


def _most_like(pieces: set[str], length: int, within: Folded, window: Where) -> tuple[float, Where]:
    """Find the part of a window, no longer than the quote, that holds most of its pieces: what share, and where."""
    hits = [at for at in range(window[0], window[1] - GRAM + 1) if within.text[at : at + GRAM] in pieces]
    best: list[int] = []
    for at, first in enumerate(hits):
        held = hits[at : bisect_right(hits, first + length - GRAM)]
        best = max(best, held, key=len)
    if not best:
        return 0, window
    return len({within.text[at : at + GRAM] for at in best}) / len(pieces), (best[0], best[-1] + GRAM)


def _core(text: str) -> str:
    """Strip what is punctuation or white space at the ends."""
    kept = [at for at, character in enumerate(text) if unicodedata.category(character)[0] not in "PZ"]
    return text[kept[0] : kept[-1] + 1] if kept else ""


def _whole_words(found: list[Where], document: str) -> list[Where]:
    """Leave out the passages that begin or end within a word, unless all of them do."""
    return [(start, end) for start, end in found if not (_in_word(document, start) or _in_word(document, end))] or found


def _in_word(document: str, at: int) -> bool:
    return 0 < at < len(document) and document[at - 1].isalnum() and document[at].isalnum()


def _to_words(document: str, where: Where) -> Where:
    start, end = where
    starts, ends = range(start, max(-1, start - _WORD), -1), range(end, min(len(document) + 1, end + _WORD))
    start = next((at for at in starts if not _in_word(document, at)), start)
    return start, next((at for at in ends if not _in_word(document, at)), end)
