"""Boundaries: where a passage of a text may begin and end, so that it is words and figures as a whole.

"ham" is no word of "hamburgers", "12" no figure of "2012", and "5" none of "-5": a figure has its sign, its separators
and its decimals. What may stand apart: the unit of a figure (10kg, 5€, 10%), the ends of a range (5-10), the parts of
a compound with a hyphen or an apostrophe (well-known, Ann's, l'homme), the year of a date. Scripts that write words
without spaces, or with particles joined to them, may be parted anywhere.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache

import regex

__all__ = [
    "DASHES",
    "FIGURE",
    "UNSPACED",
    "cuts",
    "figures",
    "is_whole",
    "is_word",
    "may_begin",
    "next_boundary",
    "past_word",
    "previous_boundary",
]

# ruff: noqa: RUF001 - look-alikes are what it is about

Where = tuple[int, int]

UNSPACED = (
    r"\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\p{Hangul}\p{Yi}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
    r"\p{Javanese}\p{Balinese}\p{Tai_Le}\p{New_Tai_Lue}\p{Tai_Tham}\p{Tai_Viet}ー々〆"
)
"""Letters of scripts in which nothing shows where a word ends. Korean joins particles to words: 서울에서, in Seoul."""

DASHES = "-\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d"
"""What may be a minus sign: hyphens, the figure and the en dash, the minus sign itself; no em dash."""

_UNSPACED = regex.compile(rf"[{UNSPACED}]")
_JOINER = regex.compile(r"[\p{M}\u00ad\u200d\u2060\ufeff]")
"""What may stand between two letters of one word and is none: marks, the soft hyphen, the joiners."""

LONGEST_JOINT = 64
"""So many of them are passed over."""

LONGEST_MIXED = 24
"""Of a word of letters and digits so much is looked at on each side."""

_UNIT = re.compile(r"[^\W\d_]{1,24}(?!\w)")
_TIME = re.compile(r"(?<=\d\d)T\d\d:")
_CODED = re.compile(r"[A-Z]{3}\|\d|[vV]\|\d{1,9}\.\d")
"""What is written right before a figure: a currency (EUR|40), a version's v (v|2.0). COVID|19 is one word."""

_NEGATION = re.compile(r"n['’]t\b", re.IGNORECASE)

_CLITICS = regex.compile(
    r"""
      (?:[\u0648\u0641\u0628\u0643\u0644\u0633]\p{M}{0,2}){0,2} (?:\u0627\p{M}?\u0644\p{M}?)?  # Arabic
    | (?:[\u05d5\u05d4\u05d1\u05db\u05dc\u05de\u05e9]\p{M}{0,2}){1,3}                          # Hebrew
    """,
    regex.VERBOSE,
)
"""What is written before a word as a part of it, and is "and", "in", "to", "the": the word begins after it, too."""

LONGEST_CLITIC = 12

_NOT_BEFORE_SIGN = r"\p{L}\p{N}\p{M}%‰°)\]\p{Sc}/\p{Pd}−"
_SIGN = rf"[{DASHES}](?<![{_NOT_BEFORE_SIGN}].)|\u2212[ \u00a0](?<![\p{{N}}%)\p{{Sc}}][ \u00a0]?..)"
_PLAIN = r"\d++(?:\.\d++)*+"
_SPACES = r"[ \u00a0\u2009\u202f]"

FIGURE = regex.compile(
    rf"""
    (?P<sign>(?:{_SIGN})\p{{Sc}}?)?
    (?:
      \d++(?![.,'’·٫٬\-‐–/:]\d|{_SPACES}\d\d\d|[eE^]|\p{{No}})                          # 5
    | (?P<date>(?P<year>\d{{4}})(?P<ymd>[-/.‐–])\d{{1,2}}(?P=ymd)\d{{1,2}}(?!\d)       # 2026-03-03
        |  (?<!\d)\d{{1,2}}(?P<dmy>[-/.‐–])\d{{1,2}}(?P=dmy)(?P<last>\d{{4}})(?!\d))   # 03/03/2026
    | \d{{1,3}}(?:,\d{{3}})++(?!,?\d)(?:\.\d++)?                                       # 1,250,000.00
    | \d{{1,2}}(?:,\d\d(?!\d))++,\d{{3}}(?!,?\d)(?:\.\d++)?                            # 1,00,000
    | (?P<list>{_PLAIN}(?:,{_PLAIN}){{2,}}+)                                          # 1,2,3
    | (?<!\d[^\d\s]|\d{_SPACES})[1-9]\d{{0,2}}(?P<space>{_SPACES})\d{{3}}(?:(?P=space)\d{{3}})*+
      (?!(?P=space)?\d)(?:[.,٫]\d++)?                                                 # 20 000,50
    | \d{{1,2}}(?::\d\d){{1,2}}(?!:?\d)                                               # 15:30
    | \d++(?P<mark>[-‐–/:])\d++(?:(?P=mark)\d++)++                                    # 555-12-34, 3/4/5
    | \d++(?:[.,'’·٫٬]\d++)*+                                                         # 1.234,56; 1'000; 1.2.3
    | (?<![\p{{L}}\p{{N}}.,·٫])[.,·٫]\d++                                               # .5
    )
    (?:[eE][-+−]?\d++|\^[-−]?\d++|[⁺⁻₊₋]?\p{{No}}++)?                                        # 1.5e-6, 10^6, 10², 1½
    (?:(?<=[.,]\d\d)[-−](?!\S))?                                                      # 1,234.00-
    """,
    regex.VERBOSE | regex.VERSION1,
)
"""A figure with its sign; a `list` is several. The currency before it belongs to it where a sign stands before that."""

_MAY_BE_FIGURE = re.compile(rf"(?:[{DASHES}][^\w\s]?[ \u00a0]?)?[.,·٫]?\d")
_UNSIGNED = re.compile(rf"[{DASHES}][^\w\s]?[.,]?\d")
_ITEM = regex.compile(_PLAIN)
_LATIN = r"[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u036f\u0388-\u03ff\u0400-\u0481\u048a-\u052f]"
_RUN = regex.compile(rf"{_LATIN}++|\d++|\p{{M}}++|")
_RUN_BEFORE = regex.compile(rf"(?r){_LATIN}*+")
"""Letters of Latin, Greek and Cyrillic, digits, marks: many of them are passed at once."""


def is_whole(text: str, where: Where) -> bool:
    """Whether a passage begins and ends between words and figures."""
    start, end = where
    return may_begin(text, start) and not cuts(text, end)


def may_begin(text: str, at: int) -> bool:
    """Whether a passage may begin at an offset: it cuts nothing, and takes no dash for a sign (-10 of 5-10)."""
    if cuts(text, at):
        return False
    return not _UNSIGNED.match(text, at) or _figures(text).has_sign(at)


def cuts(text: str, at: int) -> bool:
    """Whether an offset lies within a word or a figure."""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    may_be_figure = before.isnumeric() or after.isnumeric() or before in DASHES or after in DASHES
    if may_be_figure and _figures(text).around(at):
        return True
    return not (before.isspace() or after.isspace()) and _is_in_word(text, at)


def figures(text: str) -> Iterator[Where]:
    """Return where the figures of a text stand, in order; the year of a date, and the rest of it, are each one."""
    return _figures(text).places()


def is_word(text: str) -> bool:
    """Whether a text is letters alone, of a script that parts words."""
    return bool(text) and all(_KINDS[character] in {"letter", "joiner"} for character in text)


def past_word(text: str, at: int) -> int:
    """Return an offset after this one before which nothing whole begins: the end of the letters that stand here."""
    run = _RUN.match(text, at)
    return max(at + 1, run.end() if run else 0)


def next_boundary(text: str, at: int) -> int:
    """Return the first offset from `at` on that cuts nothing."""
    while cuts(text, at):
        around = _figures(text).around(at)
        at = around[1] if around else past_word(text, at)
    return at


def previous_boundary(text: str, at: int) -> int:
    """Return the last offset up to `at` that cuts nothing."""
    while cuts(text, at):
        around = _figures(text).around(at)
        run = _RUN_BEFORE.match(text, 0, at)
        at = around[0] if around else min(at - 1, run.start() if run else at)
    return at


class _Kinds(dict[str, str]):
    """What a code point is in a word: a "letter", a "digit", a "joiner"; "" for what shows no words."""

    def __missing__(self, character: str) -> str:
        self[character] = kind = _kind(character)
        return kind


def _kind(character: str) -> str:
    if character.isdecimal():
        return "digit"
    if _JOINER.match(character):
        return "joiner"
    is_letter = unicodedata.category(character)[0] == "L" or unicodedata.category(character) == "Nl"
    return "letter" if is_letter and not _UNSPACED.match(character) else ""


_KINDS = _Kinds()


def _is_in_word(text: str, at: int) -> bool:
    kinds = _kind_beside(text, at - 1, -1), _kind_beside(text, at, 1)
    if kinds == ("letter", "letter"):
        return not _follows_clitic(text, at)
    if "" in kinds:
        return _is_in_negation(text, at)
    return kinds[0] != kinds[1] and not _stand_apart(text, at)


def _kind_beside(text: str, at: int, step: int) -> str:
    """Return the kind of the code point here; of a joiner, that of the next which is none: "" at the text's ends."""
    last = max(0, at - LONGEST_JOINT) if step < 0 else min(len(text) - 1, at + LONGEST_JOINT)
    while (kind := _KINDS[text[at]]) == "joiner" and at != last:
        at += step
    return "" if kind == "joiner" and at in (0, len(text) - 1) else kind


def _follows_clitic(text: str, at: int) -> bool:
    if not "\u0590" <= text[at - 1] <= "\u06ff":
        return False
    start = next((start for start in range(at, max(0, at - LONGEST_CLITIC), -1) if not _KINDS[text[start - 1]]), 0)
    return _CLITICS.fullmatch(text, start, at) is not None


def _is_in_negation(text: str, at: int) -> bool:
    """Whether an offset is at the apostrophe of "isn't", whose first part says the opposite."""
    if "'" not in (around := text[at - 1 : at + 1]) and "’" not in around:
        return False
    return any(start >= 0 and _NEGATION.match(text, start) for start in (at - 1, at - 2))


def _stand_apart(text: str, at: int) -> bool:
    """Whether letters and digits that touch are two things: 10|kg, EUR|40, 2026-03-03|T|15:30."""
    if any(_TIME.match(text, start) for start in (at - 1, at)):
        return True
    kind, most = _KINDS[text[at - 1]], max(0, at - LONGEST_MIXED)
    start = next((start for start in range(at - 1, most, -1) if _KINDS[text[start - 1]] != kind), most)
    if start and _KINDS[text[start - 1]]:
        return False
    if kind == "digit":
        return _UNIT.match(text, at) is not None
    return _CODED.match(f"{text[start:at]}|{text[at : at + LONGEST_MIXED]}") is not None


class _Figures:
    """Where the figures of a text stand, in order."""

    def __init__(self, text: str) -> None:
        self._starts, self._ends = array("Q"), array("Q")
        self._signed = set[int]()
        at = 0
        while candidate := _MAY_BE_FIGURE.search(text, at):
            match = FIGURE.match(text, candidate.start())
            if match is None:
                at = candidate.start() + 1
                continue
            at = match.end()
            for start, end in _parts(match):
                self._starts.append(start)
                self._ends.append(end)
            if match["sign"]:
                self._signed.add(match.start())

    def places(self) -> Iterator[Where]:
        return zip(self._starts, self._ends, strict=True)

    def has_sign(self, at: int) -> bool:
        """Whether a figure with a sign begins at an offset."""
        return at in self._signed

    def around(self, at: int) -> Where | None:
        """Return the figure that an offset lies within, if any does."""
        index = bisect_left(self._starts, at) - 1
        return (self._starts[index], self._ends[index]) if index >= 0 and at < self._ends[index] else None


def _parts(match: regex.Match[str]) -> Iterator[Where]:
    """Yield the figures of a match: the items of a list each, the year of a date apart."""
    if match["list"]:
        yield from (item.span() for item in _ITEM.finditer(match.string, *match.span("list")))
        return
    start, end = match.span()
    parted = match.end("year") if match["year"] else match.start("last") if match["last"] else end
    yield from ((first, last) for first, last in ((start, parted), (parted, end)) if first < last)


@lru_cache(maxsize=8)
def _figures(text: str) -> _Figures:
    return _Figures(text)
