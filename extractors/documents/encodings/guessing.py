"""A sample of a file in an unknown encoding -> which it is in, or looks to be in.

Two opinions: ours, by the letters of languages (`alphabets`), and that of charset-normalizer, by how often they stand
side by side. What is read must be the one text that has the letters of any language, hold enough of them, and be of the
alphabet that the other sees, too.
"""

from __future__ import annotations

import codecs
from typing import NamedTuple

import regex

from slotfill.extractors.documents.encodings.alphabets import ALPHABETS, Alphabet

__all__ = ["Guess", "guess_encoding", "is_rather_other"]

_LONGEST = 4
"""No character has more bytes."""

_LEAST_EVIDENCE = 0.25
"""With less even a guess is idle."""

_SCRIPTS = {
    "Latin": regex.compile(r"\p{Latin}"),
    "Cyrillic": regex.compile(r"\p{Cyrillic}"),
    "Greek": regex.compile(r"\p{Greek}"),
    "Hebrew": regex.compile(r"\p{Hebrew}"),
    "Arabic": regex.compile(r"\p{Arabic}"),
    "Thai": regex.compile(r"\p{Thai}"),
    "Korean": regex.compile(r"\p{Hangul}"),
    "Japanese": regex.compile(r"\p{Hiragana}"),
    "Chinese": regex.compile(r"\p{Han}"),
}


class Guess(NamedTuple):
    """What a text looks to be in.

    Attributes:
        encoding: Its Python name.
        alphabet: The letters it then holds, as messages call them.
        is_evident: Whether it is to be read so.
    """

    encoding: str
    alphabet: str
    is_evident: bool


def guess_encoding(sample: bytes) -> Guess | None:
    """Guess what a sample, lines with bytes beyond ASCII, is in; None where nothing tells."""
    texts = _texts(sample)
    other = _second_opinion(sample) if texts else None
    if other is None:
        return None
    alphabets = {alphabet for alphabet, _, _ in texts.values()}
    text = min(texts, key=lambda text: texts[text][2]) if len(alphabets) == 1 else other
    if text not in texts or _script(other) != _script(text):
        return None
    alphabet, encoding, flaws = texts[text]
    evidence = alphabet.evidence(text)
    if evidence < _LEAST_EVIDENCE:
        return None
    rivals = [one for one in texts.values() if one[0] is not alphabet or one[2] <= flaws]
    return Guess(encoding, alphabet.name, len(rivals) == 1 and evidence >= 1)


def is_rather_other(sample: bytes) -> bool:
    """Whether a sample has the letters of some language, but of none in Windows-1252."""
    texts = _texts(sample)
    return bool(texts) and sample.decode("cp1252", "replace") not in texts


def _texts(sample: bytes) -> dict[str, tuple[Alphabet, str, int]]:
    """Return what the sample may be: each text with the commonest encoding that gives it, and its flaws."""
    texts: dict[str, tuple[Alphabet, str, int]] = {}
    for alphabet in ALPHABETS:
        for encoding in alphabet.encodings:
            try:
                text = codecs.getincrementaldecoder(encoding)().decode(sample)
            except UnicodeError:
                continue
            if text not in texts and (flaws := alphabet.flaws(text)) is not None:
                texts[text] = alphabet, encoding, flaws
    return texts


def _second_opinion(sample: bytes) -> str | None:
    """Return the text that charset-normalizer reads a sample as, which may end within a character."""
    from charset_normalizer import from_bytes

    for end in range(len(sample), len(sample) - _LONGEST, -1):
        if best := from_bytes(sample[:end], preemptive_behaviour=False).best():
            return str(best)
    return None


def _script(text: str) -> str:
    """Return which alphabet most of a text's letters beyond ASCII are of: Japanese where it has any kana."""
    beyond = regex.sub(r"[\x00-\x7f]+", "", text)
    counts = {name: len(script.findall(beyond)) for name, script in _SCRIPTS.items()}
    counts["Japanese"] *= 4
    return max(counts, key=counts.__getitem__)
