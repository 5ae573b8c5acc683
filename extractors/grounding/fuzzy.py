"""Fuzzy passages: where a document says nearly what a quote says.

Nearly is one slip in `SPACING` code points at most, both being folded: a code point more, less, replaced, or two
swapped. No word stands for another one, however long both texts are (`are_misspellings`): that is another fact. The
passage holds whole words, and the same figures. Last come the words that hold the quote as a part, ham in hamburgers.
"""

from __future__ import annotations

from slotfill.extractors.grounding.misspellings import are_misspellings
from slotfill.extractors.grounding.opposites import contradict
from slotfill.schemas.passages.boundaries import next_boundary, previous_boundary
from slotfill.schemas.passages.folding import Folded, Where, fold, folded
from slotfill.schemas.passages.passages import within_words

__all__ = ["SPACING", "fuzzy"]

SPACING = 8
"""A quote that is shorter than this, folded, is like too much."""

SHORTEST_PART = 3
"""A part of a word that is shorter says nothing of it."""

LONGEST = 2000
"""A longer quote is a text of its own, and no passage."""

SHORT = 4_000
"""In a text of no more code points the whole of it is compared with a quote at once."""

# Each slip costs at most two of the code points of both: this is looser than what is counted in the end.
_CUTOFF = 100 * (1 - 2 / SPACING)


def fuzzy(quote: str, document: str) -> list[Where]:
    """Return the passages that are most like a quote, in order: several where they are equally so.

    Where there are none: the words that it is a part of.
    """
    text = fold(quote).strip()
    return _with_slips(text, folded(document)) or _of_words(text, document)


def _of_words(text: str, document: str) -> list[Where]:
    if not SHORTEST_PART <= len(text) <= LONGEST:
        return []
    words = [where for where in within_words(text, document) if where[1] - where[0] <= LONGEST]
    return [where for where in words if not contradict(text, fold(document[slice(*where)]))]


def _with_slips(text: str, within: Folded) -> list[Where]:
    if not SPACING <= len(text) <= LONGEST or not _may_stand(text, within.text):
        return []
    aligned = [match for window in within.likely(text) if (match := _align(text, within, window))]
    least = min((slips for slips, _ in aligned), default=0)
    return sorted({where for slips, where in aligned if slips == least})


def _may_stand(quote: str, text: str) -> bool:
    """Whether it is worth a search: most quotes that stand nowhere are like nothing at all in a short text."""
    from rapidfuzz.fuzz import partial_ratio

    return len(text) > SHORT or partial_ratio(quote, text, score_cutoff=_CUTOFF) > 0


def _align(quote: str, within: Folded, window: Where) -> tuple[int, Where] | None:
    """Find the words in a window that are most like the quote, and count their slips.

    None where there are too many, or one that says something else.
    """
    from rapidfuzz.distance.OSA import distance
    from rapidfuzz.fuzz import partial_ratio_alignment

    start, end = window
    alignment = partial_ratio_alignment(quote, within.text[start:end], score_cutoff=_CUTOFF)
    if alignment is None:
        return None
    start, end = within.around(*_fit(quote, within.text, (start + alignment.dest_start, start + alignment.dest_end)))
    where = previous_boundary(within.document, start), next_boundary(within.document, end)
    passage = fold(within.document[slice(*where)]).strip()
    slips = distance(quote, passage)
    return (slips, where) if slips <= len(quote) // SPACING and are_misspellings(quote, passage) else None


def _fit(quote: str, text: str, where: Where) -> Where:
    """Move both ends while that leaves fewer slips, or brings the passage closer to the quote's length.

    The aligner keeps to the quote's length, and would rather lose a replaced letter at an end than keep it.
    """
    from rapidfuzz.distance.OSA import distance

    def cost(where: Where) -> tuple[int, int]:
        start, end = where
        return distance(quote, text[start:end]), abs(end - start - len(quote))

    best = where
    while True:
        start, end = best
        moved = ((start - 1, end), (start + 1, end), (start, end - 1), (start, end + 1))
        better = min((place for place in moved if 0 <= place[0] < place[1] <= len(text)), key=cost, default=best)
        if cost(better) >= cost(best):
            return best
        best = better
