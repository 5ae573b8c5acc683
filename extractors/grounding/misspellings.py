"""Slips: words that differ as a word and its misspelling do, soup and soop; login and logout are two words.

Two texts are compared word by word. A few letters of a sentence are soon another fact: a symptomatic patient is none
without symptoms, and who buys (Käufer) is not who sells (Verkäufer). So a slip is bounded by its word, however long the
text is. Words that are left out or added are no slips of a word: who compares bounds them by the letters of both texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from unicodedata import normalize

from slotfill.extractors.grounding.opposites import are_opposed, is_decisive, words_of

__all__ = ["are_misspellings"]

LONG_WORD = 8
"""A word of so many letters may have two slips, a shorter one has one at most."""

_LETTER_PREFIXES = frozenset("aeiouynsаеиоусв")  # noqa: RUF001 - Latin, then Cyrillic
"""Letters that make another word before one: afebrile, emigrate, ilegal, olycklig, scontento. Any other is a slip."""


def are_misspellings(one: str, other: str) -> bool:
    """Whether two texts (folded) differ in spelling, spacing and words that change no fact alone.

    False where a word stands for another one, or only one of them has a negation or a figure.
    """
    return all(_are_alike(words, others) for words, others in _differing(words_of(one), words_of(other)))


def _differing(words: Sequence[str], others: Sequence[str]) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Yield the runs of words, side by side, between those that are the same in both."""
    from rapidfuzz.distance.Levenshtein import editops

    start = at = 0
    for same in editops(words, others).as_matching_blocks():
        yield words[start : same.a], others[at : same.b]
        start, at = same.a + same.size, same.b + same.size


def _are_alike(words: Sequence[str], others: Sequence[str]) -> bool:
    """Whether each word of the shorter run has its counterpart in the longer one, in order."""
    if any(map(is_decisive, (*words, *others))):
        return False
    if "".join(words) == "".join(others):
        return not _are_parted(words, others)
    shorter, longer = sorted((words, others), key=len)
    rest = iter(longer)
    return all(any(_is_slip(word, counterpart) for counterpart in rest) for word in shorter)


def _are_parted(words: Sequence[str], others: Sequence[str]) -> bool:
    """Whether a space parts a word from what makes it the opposite: a symptomatic, asymptomatic."""
    return len(words) != len(others) and are_opposed(words[-1], others[-1])


def _is_slip(word: str, other: str) -> bool:
    """Whether both are one word, as it is spelt with ss, or with ß, which is folded to it."""
    if word == other or are_opposed(word, other):
        return word == other
    word, other = normalize("NFC", word), normalize("NFC", other)
    return _is_misspelt(word, other) or _is_misspelt(word.replace("ss", "ß"), other.replace("ss", "ß"))


def _is_misspelt(word: str, other: str) -> bool:
    from rapidfuzz.distance.OSA import distance

    shorter, longer = sorted((word, other), key=len)
    if longer.endswith(shorter):
        return _is_stray(longer.removesuffix(shorter), shorter)
    slips = distance(word, other)
    if word[0] != other[0]:
        return slips == 1 and len(word) == len(other)
    return slips == 1 or (slips == 2 and len(shorter) >= LONG_WORD and not _is_morpheme(word, other))  # noqa: PLR2004


def _is_stray(start: str, word: str) -> bool:
    """Whether what stands before a word makes no other word of it: a letter that is doubled, or no prefix."""
    return len(start) == 1 and (start == word[0] or start not in _LETTER_PREFIXES)


def _is_morpheme(word: str, other: str) -> bool:
    """Whether two slips stand side by side within a word, as a part of it does: Aufnahme, Abnahme.

    At its end they are its inflection: businesses.
    """
    from rapidfuzz.distance import OSA, Postfix, Prefix

    before = Prefix.similarity(word, other)
    after = Postfix.similarity(word[before:], other[before:])
    word, other = word[before : len(word) - after], other[before : len(other) - after]
    return after > 0 and OSA.distance(word, other) == max(len(word), len(other))
