"""Fuzzy passages: where a document says nearly what a quote says.

Nearly is one slip in `SPACING` code points at most, both being folded: a code point more, less, replaced, or two
swapped. The digits are the same: another digit is another fact, no slip.
"""

from __future__ import annotations

from slotfill.schemas.folding import Where, fold, folded

__all__ = ["SPACING", "fuzzy"]

SPACING = 8
"""A quote that is shorter than this, folded, is like too much."""

LONGEST = 2000
"""A longer quote is a text of its own, and no passage."""

SHORT = 4_000
"""In a text of no more code points the whole of it is compared with a quote at once."""

# Each slip costs at most two of the code points of both: this is looser than what is counted in the end.
_CUTOFF = 100 * (1 - 2 / SPACING)


def fuzzy(quote: str, document: str) -> list[Where]:
    """Give the passages that are most like a quote, in order: several where they are equally so."""
    text, within = fold(quote).strip(), folded(document)
    if not SPACING <= len(text) <= LONGEST or not _may_stand(text, within.text):
        return []
    aligned = [found for window in within.likely(text) if (found := _align(text, within.text, window))]
    least = min((slips for slips, _ in aligned), default=0)
    return sorted({within.around(*where) for slips, where in aligned if slips == least})


def _may_stand(quote: str, text: str) -> bool:
    """Tell whether it is worth a search: most quotes that stand nowhere are like nothing at all in a short text."""
    from rapidfuzz.fuzz import partial_ratio

    return len(text) > SHORT or partial_ratio(quote, text, score_cutoff=_CUTOFF) > 0


def _align(quote: str, text: str, window: Where) -> tuple[int, Where] | None:
    """Find the part of a window that is most like the quote, and count its slips. None where there are too many."""
    from rapidfuzz.fuzz import partial_ratio_alignment

    start, end = window
    most = len(quote) // SPACING
    found = partial_ratio_alignment(quote, text[start:end], score_cutoff=_CUTOFF)
    if found is None:
        return None
    slips, (start, end) = _fit(quote, text, (start + found.dest_start, start + found.dest_end))
    same_digits = [*filter(str.isdigit, quote)] == [*filter(str.isdigit, text[start:end])]
    return (slips, (start, end)) if slips <= most and same_digits else None


def _fit(quote: str, text: str, where: Where) -> tuple[int, Where]:
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
        better = min((way for way in moved if 0 <= way[0] < way[1] <= len(text)), key=cost, default=best)
        if cost(better) >= cost(best):
            return cost(best)[0], best
        best = better
