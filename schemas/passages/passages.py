"""Passages: where a quote stands in a document, and what stands there that is most like it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice
from unicodedata import category

import regex

from slotfill.schemas.passages.boundaries import (
    DASHES,
    cuts,
    is_whole,
    is_word,
    next_boundary,
    past_word,
    previous_boundary,
)
from slotfill.schemas.passages.folding import GRAM, Folded, Where, divides, fold, folded, widen
from slotfill.schemas.passages.markup import Plain, may_have_marks, plain

__all__ = ["exact", "is_same_quote", "nearest", "normalised", "stands_in", "within_words"]

# ruff: noqa: RUF001 - look-alikes are what it is about

LIKENESS = 0.4
"""The share of a quote's pieces that a passage must hold to be near it."""

LOOKED_AT = 8
"""How many likely places are looked at."""

_WORD = 20
"""How far the ends of a near passage may move to hold whole words."""

_UNITS = "%‰‱"
"""Punctuation that says something."""

_SILENT = {"Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Zs", "Zl", "Zp", "Cc", "Cf", "Sk"}

_SIGNED = regex.compile(rf"[{DASHES}]\s?\p{{Sc}}?\d|[.,]\d")
"""A figure's first marks: a sign, a decimal point. Without them it is another one."""

_BRACKETED = regex.compile(
    r"\(\s?(?:\p{Sc}|[A-Z]{3}\s?)?[-−–]?\p{Sc}?\d[\d.,'’\s]{0,40}(?:\s?(?:\p{L}{1,8}|[%‰]|\p{Sc})){0,2}\s?\)"
)
"""A figure in brackets, which accountants write for a negative one: (1,234), (5 EUR), ($2.5 million)."""


def stands_in(quote: str, document: str) -> bool:
    """Whether a quote stands in a document, as it is or normalised, and says anything at all."""
    return any(True for _ in _exact(quote, document)) or bool(normalised(quote, document))


def is_same_quote(quote: str, other: str) -> bool:
    """Whether two quotes are the same words, up to all that `normalised` forgives."""
    if _folded(_core(quote)) == _folded(_core(other)):
        return True
    return _is_all_of(quote, other) or _is_all_of(other, quote)


def _is_all_of(quote: str, other: str) -> bool:
    """Whether a quote stands in another one, which says nothing else."""
    places = normalised(quote, other)
    return any(not _says_anything(other[:start]) and not _says_anything(other[end:]) for start, end in places)


def exact(quote: str, document: str) -> list[Where]:
    """Find a quote, code point for code point. Only whole characters, words and figures count."""
    return [*_exact(quote, document)]


def _exact(quote: str, document: str) -> Iterator[Where]:
    at = document.find(quote) if _says_anything(quote) else -1
    while at >= 0:
        end = at + len(quote)
        whole = divides(document, at) and divides(document, end) and is_whole(document, (at, end))
        if whole:
            yield at, end
        at = document.find(quote, end if whole else past_word(document, at))


def normalised(quote: str, document: str) -> list[Where]:
    """Find a quote up to case, Unicode form, white space, quotes, dashes and what does not show.

    Where it is not found so: up to the white space and punctuation at its ends too; then up to Markdown marks, and
    hyphens at the ends of lines; and last, where it is a part of a user-perceived character, the passage that holds
    the character whole. Only whole words and figures count.
    """
    if not _says_anything(quote):
        return []
    forms = _forms(quote)
    if _folded(forms[-1]) in folded(document).text:  # the others hold it: most of what stands nowhere ends here
        for form in dict.fromkeys(map(_folded, forms)):
            if form and (found := [*folded(document).occurrences(form)]):
                return found
    if plain(document).has_marks or may_have_marks(quote):
        for form in forms:
            if found := _in_plain(form, document):
                return found
    at = document.find(quote)
    where = widen(document, (at, at + len(quote)))
    return [where] if at >= 0 and where != (at, at + len(quote)) and is_whole(document, where) else []


def within_words(quote: str, document: str, *, limit: int = 1000) -> list[Where]:
    """Return the words that a word is a part of, in order: at the first places where it is one."""
    form, found = _folded(_core(quote)), list[Where]()
    for start, end in islice(folded(document).occurrences(form, in_words=True), limit) if is_word(form) else ():
        if not found or start >= found[-1][1]:
            found.append((previous_boundary(document, start), next_boundary(document, end)))
    return found


def nearest(quote: str, document: str, *, limit: int = 3) -> list[str]:
    """Return the passages of a document most like a quote, the nearest first; none where nothing is like it."""
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


def _says_anything(quote: str) -> bool:
    """Whether a quote has more than punctuation and white space."""
    return quote[:1].isalnum() or any(mark in _UNITS or category(mark) not in _SILENT for mark in quote)


def _forms(quote: str) -> list[str]:
    """Return a quote as it is, without the quotation marks around it, and without punctuation at its ends."""
    text = quote.strip()
    is_quoted = not text[:1].isalnum() and fold(text[:1]) == fold(text[-1:]) == "'"
    return [*dict.fromkeys((text, text[1:-1].strip() if is_quoted else text, _core(text)))]


def _core(text: str) -> str:
    """Strip what is punctuation or white space at the ends, but for what belongs to a figure there."""
    text = text.strip()
    if _BRACKETED.fullmatch(text):
        return text
    start, end = 0, len(text)
    while start < end and category(text[start]) in _SILENT and not _SIGNED.match(text, start):
        start += 1
    while end > start and category(text[end - 1]) in _SILENT and not _ends_figure(text, end):
        end -= 1
    return text[start:end]


def _ends_figure(text: str, end: int) -> bool:
    """Whether the last mark belongs to a figure: 10%, and 1,234- for a negative one."""
    last, before = text[end - 1], text[: end - 1].rstrip()[-1:]
    return (last in _UNITS and before.isnumeric()) or (last in DASHES and text[end - 2 : end - 1].isnumeric())


def _folded(text: str) -> str:
    return fold(text).strip()


def _in_plain(quote: str, document: str) -> list[Where]:
    """Find a quote where both are without marks."""
    source, without = plain(document), Plain(quote)
    form = _folded(without.text)
    if not form or not (source.has_marks or without.has_marks):
        return []
    places = folded(source.text).occurrences(form, in_words=True)
    found = (widen(document, source.source(where)) for where in places if source.agrees(where, without))
    return [where for where in found if is_whole(document, where)]


def _to_words(document: str, where: Where) -> Where:
    start, end = where
    starts, ends = range(start, max(-1, start - _WORD), -1), range(end, min(len(document) + 1, end + _WORD))
    start = next((at for at in starts if _parts(document, at)), start)
    return start, next((at for at in ends if _parts(document, at)), end)


def _parts(document: str, at: int) -> bool:
    """Whether an offset is between words; in scripts that write none, whether it is between their sentences."""
    return not cuts(document, at) and not (document[at - 1 : at].isalnum() and document[at : at + 1].isalnum())
