"""Texts folded for comparison, and the way back: which code points of the text a folded passage stands for.

Folding takes away what people and models change when they copy: the Unicode form (NFKD), case, the kind and the
amount of white space, the kind of quotes and dashes, and characters that do not show. Turkish dotted and dotless i
are one letter.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from heapq import nlargest
from itertools import accumulate

import regex

from slotfill.schemas.passages.boundaries import is_whole, past_word

__all__ = ["Folded", "Where", "divides", "fold", "folded", "widen"]

Where = tuple[int, int]
"""A passage: the code points from the first offset up to the second."""

GRAM = 3
"""Texts are indexed by pieces of so many code points, laid end to end: whatever is twice as long holds one whole."""

LOOKED_AT = 1000
"""About how many places of its pieces are looked at for one quote, the rarest pieces' first."""

CANDIDATES = 20
"""How many of the likeliest passages are compared with a quote, at most."""

LONGEST_QUOTE = 1000
"""How much of a quote is looked at for where it is likely to stand."""

LONGEST_UNIT = 64
"""A character of more code points than this may be cut."""

_QUOTES = '"`´‘’‚‛“”„‟′″‴‹›«»「」『』〝〞〟'  # noqa: RUF001 - look-alikes are what it is about
_MINUS = "\N{MINUS SIGN}"
_DOT = "\N{COMBINING DOT ABOVE}"
_SAME = {**dict.fromkeys(_QUOTES, "'"), _MINUS: "-", "\N{FRACTION SLASH}": "/", "ı": "i", "İ": "i"}  # noqa: RUF001 - likewise
_UNSEEN = regex.compile(r"[\p{Cf}\p{Variation_Selector}\N{COMBINING GRAPHEME JOINER}]")
_SURPLUS = regex.compile(rf"\s([\s\p{{Cf}}]+)|[iIịỊįĮḭḬ][\p{{M}}--\p{{ccc=230}}]*({_DOT})", regex.VERSION1)
"""What goes: white space after other white space, and the dot that a Turkish capital has apart from it.

Other marks may stand before the dot, but none that are above the letter too (class 230): these it would follow.
"""

_SPACES = re.compile(r"\s\s")
"""White space after other white space, in a text of ASCII alone: there nothing else goes."""

_RAISED = regex.compile(r"(?<=[\p{Nd}\p{No}])[\p{No}\u207a\u207b\u208a\u208b]|\p{No}(?=\p{Nd})")
"""Figures that Unicode takes for digits, beside others: 10² is not 102, nor 1½ the half of 11."""

_RAISING = {"<super>": "^", "<sub>": "_"}

_CHARACTER = regex.compile(r"\X")
_FIRST_COMBINING = "\u0300"
"""Below it no code point joins the one before, but for a line feed."""


class _Foldings(dict[str, str]):
    """What each code point folds to, worked out when it is first met."""

    def __missing__(self, character: str) -> str:
        self[character] = folding = _folding(character)
        return folding


def _folding(character: str) -> str:
    if character in _SAME:
        return _SAME[character]
    if _UNSEEN.match(character):
        return ""
    if character.isspace():
        return " "
    if unicodedata.category(character) == "Pd":
        return "-"
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    # An accent that stands alone is no white space.
    return character if parts[0] == " " else "".join(_SAME.get(part, part) for part in parts)


_FOLDINGS = _Foldings()

_PLAIN_FOLDINGS = {code: _folding(chr(code)) for code in range(128)}
"""What ASCII folds to, each to one."""


def fold(text: str) -> str:
    """Fold a text. Two texts fold to the same where they differ in nothing but what folding takes away."""
    return text.translate(_PLAIN_FOLDINGS) if _is_plain(text) else _in_order("".join(_pieces(text)))


@lru_cache(maxsize=4)
def folded(document: str) -> Folded:
    """Fold a document for many quotes: the last few are remembered."""
    return Folded(document)


def divides(text: str, at: int) -> bool:
    """Whether a user-perceived character ends at an offset: CR LF and an emoji sequence are each one."""
    if not 0 < at < len(text):
        return True
    if text[at] < _FIRST_COMBINING:
        return text[at - 1 : at + 1] != "\r\n"
    window = text[max(0, at - LONGEST_UNIT) : at + 1]
    found = _CHARACTER.match(window, len(window) - 2)
    return found is not None and found.end() < len(window)


def widen(text: str, where: Where) -> Where:
    """Let a passage hold whole characters."""
    start, end = where
    starts = range(start, max(0, start - LONGEST_UNIT), -1)
    ends = range(end, min(len(text), end + LONGEST_UNIT))
    start = next((at for at in starts if divides(text, at)), starts.stop if starts else start)
    return start, next((at for at in ends if divides(text, at)), ends.stop if ends else end)


class Folded:
    """A document and what it folds to, `text`. Offsets into that are called places here."""

    def __init__(self, document: str) -> None:
        self.document = document
        self._places: Sequence[int]
        if _is_plain(document):
            self.text, self._places = fold(document), range(len(document) + 1)
            return
        pieces = _pieces(document)
        self.text = _in_order("".join(pieces))
        self._places = array("Q", accumulate(map(len, pieces), initial=0))

    def occurrences(self, quote: str, *, in_words: bool = False) -> Iterator[Where]:
        """Yield the passages that fold to a quote (folded, not empty); none overlap. They hold whole characters.

        in_words: also such as begin or end within a word or a figure.
        """
        at = self.text.find(quote)
        while at >= 0:
            where = self._passage(at, at + len(quote))
            if where and (in_words or is_whole(self.document, where)):
                yield where
                at = self.text.find(quote, at + len(quote))
            else:
                at = self.text.find(quote, at + 1 if in_words else past_word(self.text, at))

    def around(self, start: int, end: int) -> Where:
        """Return the least passage of whole characters that holds the places `start` to `end`."""
        first, last = bisect_right(self._places, start) - 1, bisect_left(self._places, end)
        return widen(self.document, (min(first, last), last))

    def likely(self, quote: str) -> list[Where]:
        """Return the places between which a passage like a quote (folded) may stand, the likeliest first."""
        width = max(8, len(quote) // 8)
        votes: Counter[int] = Counter()
        for at, places in self._hits(quote):
            votes.update([(place - at) // width for place in places])
        # What is missing from a passage, or too much in it, moves the votes from one block to the next.
        best = [block * width for block in nlargest(CANDIDATES, votes, key=votes.__getitem__)]
        margin = width // 2
        return [(max(0, at - margin), min(len(self.text), at + width + len(quote) + margin)) for at in best]

    def _passage(self, start: int, end: int) -> Where | None:
        """Return the code points between two places, None where these stand within a character."""
        first, last = self._edge(start, latest=True), self._edge(end, latest=False)
        return None if first is None or last is None else (first, last)

    def _edge(self, place: int, *, latest: bool) -> int | None:
        """Return the offset of a place between two characters; among several, what does not show lies between."""
        low, high = bisect_left(self._places, place), bisect_right(self._places, place) - 1
        offsets = range(high, low - 1, -1) if latest else range(low, high + 1)
        return next((at for at in offsets[:LONGEST_UNIT] if divides(self.document, at)), None)

    def _hits(self, quote: str) -> Iterator[tuple[int, list[int]]]:
        """Yield offsets in the quote, and the places of the piece that stands there, the rarest pieces first."""
        first, more = self._index
        grams = [(quote[at : at + GRAM], at) for at in range(min(len(quote), LONGEST_QUOTE) - GRAM + 1)]
        left = LOOKED_AT
        for count, at, gram in sorted((len(more.get(gram, ())), at, gram) for gram, at in grams if gram in first):
            yield at, [first[gram], *more.get(gram, ())[: left - 1]]
            left -= count + 1
            if left <= 0:
                return

    @cached_property
    def _index(self) -> tuple[Mapping[str, int], Mapping[str, list[int]]]:
        """The first place of each piece, and the others of those that have more: most have one, and no list."""
        first: dict[str, int] = {}
        more: defaultdict[str, list[int]] = defaultdict(list)
        text = self.text
        for at in range(0, len(text) - GRAM + 1, GRAM):
            gram = text[at : at + GRAM]
            if first.setdefault(gram, at) != at:
                more[gram].append(at)
        return first, dict(more)


def _is_plain(text: str) -> bool:
    """Whether each code point folds to one, whatever stands around it: most texts in English are so."""
    return text.isascii() and not _SPACES.search(text)


def _pieces(text: str) -> list[str]:
    """Fold each code point; one that goes leaves an empty piece."""
    pieces = [*map(_FOLDINGS.__getitem__, text)]
    for surplus in _SURPLUS.finditer(text):
        start, end = surplus.span(surplus.lastindex or 0)
        pieces[start:end] = [""] * (end - start)
    for raised in () if text.isascii() else _RAISED.finditer(text):
        at = raised.start()
        pieces[at] = _set_apart(pieces[at], text[at], text[at - 1 : at], text[at + 1 : at + 2])
    return pieces


def _set_apart(piece: str, raised: str, before: str, after: str) -> str:
    """Write what Unicode takes for digits so that it stays apart from the figures around it: 10^2, 1 1/2."""
    mark = _raising(raised)
    goes_on = mark != " " and _raising(before) == mark  # 10²³ is 10^23
    opening = mark if before.isnumeric() and not goes_on else ""
    return f"{opening}{piece}{' ' if after.isdecimal() else ''}"


def _raising(character: str) -> str:
    how = unicodedata.decomposition(character).partition(" ")[0] if character else ""
    return _RAISING.get(how, " ")


def _in_order(text: str) -> str:
    """Put marks on one letter in their canonical order, which is all that NFD does to what is decomposed."""
    return text if text.isascii() else unicodedata.normalize("NFD", text)
