"""Candidate passages: where in a text a mention might stand.

There are families of them, each found by its look alone: names (runs of capitalised words, @handles), amounts (dates,
years, and numbers with their signs and units), terms (runs of words between function words) and clauses (what stands
between marks of punctuation). Names and amounts serve unless the worked examples show passages of another kind.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["FUNCTION_WORDS", "TextRange", "candidates", "choose_families"]

TextRange = tuple[int, int]

WORD = re.compile(r"[@#]?\w+(?:[\u2019'.-]\w+)*|&|\n|\S")
"""A word (`don't`, `e.g`, `@ada`, `well-known`), `&`, the end of a line, which ends a name too, or any other mark."""

JOINING = frozenset("of de van von der den del della da di du la le las los &".split())  # noqa: SIM905 - a list of words
"""Words that stand within a name."""

FUNCTION_WORDS = frozenset(
    """
    a about after again against ah all also although always am an and any are aren't as at be because been before
    being best between bit both but by can can't could couldn't day dear did didn't do does doesn't doing don't down
    during each else ever every few first for from get go going good got great had has have haven't having he hello
    her here hers hey hi him his how however i i'd i'll i'm i've if im in into is isn't it it's its just know last
    let let's like lol look lot love made make many may maybe me meanwhile might more most much must my need never
    new no nope not now of off oh ok okay old omg on once one only onto or other our out over own part please put
    quite re really regards s said same say see shall she should since so some still subject such sure t than thank
    thanks that that's the their them then there there's these they they're thing things think this those though
    through to today tomorrow too two u under until up upon ur us very via want was wasn't way we we're well were
    what what's when where which while who whom whose why will with without won't would wow yeah yep yes yesterday
    yet you you're your yours
    """.split()  # noqa: SIM905 - a list of words
)
"""English words that no name begins or ends with, and that stand between terms."""

UNIT = r"(?:[€$£¥%]|(?:million|billion|thousand|percent|euros?|dollars?|pounds?|bucks|cents?|USD|EUR|GBP|CHF)\b)"
MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|"
    r"July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
YEAR = r"(?:1[89]|20)\d\d"
SUM = r"(?<!\d)\d+(?:[.,\u00a0 ]\d+)*"
AMOUNT = re.compile(
    rf"""
      \b{MONTH}[ ]\d{{1,2}}(?:st|nd|rd|th)?(?:,?[ ]{YEAR})?\b             # May 3rd, 2024
    | \b\d{{1,2}}(?:st|nd|rd|th)?(?:[ ]of)?[ ]{MONTH}(?:,?[ ]{YEAR})?\b   # 3rd of May 2024
    | \b\d{{1,4}}([/.-])\d{{1,2}}(?:\1\d{{2,4}})\b                       # 2024-05-03, 3.5.24
    | \b\d{{1,2}}/\d{{1,2}}\b                                            # 5/3
    | [€$£¥][ ]?{SUM}(?:[ ]{UNIT})?                                     # $1,250.50, € 3 million
    | {SUM}(?:[ ]?{UNIT})+                                              # 12 percent, 3 million euros, 40%
    | \b{YEAR}\b                                                        # 1984
    """,
    re.VERBOSE,
)
"""An amount or a date, in English and in digits."""

CLAUSE = re.compile(r"[^\s,.;:!?()\[\]\"\n][^,.;:!?()\[\]\"\n]*")
"""What stands between two marks of punctuation: `the soup was cold` of `Well, the soup was cold.`"""

COVERED = 0.6
"""The share of the examples' passages that names and amounts must find to be thought enough."""

LONGEST_TERM = 4

SHOUT = 4
"""So many words in capitals are loud, and no name."""


def candidates(text: str, families: tuple[str, ...]) -> tuple[TextRange, ...]:
    """Find the candidate passages of some families, in order. Where two overlap, the earlier family's stays."""
    spans: list[TextRange] = []
    for family in families:
        spans += [span for span in FAMILIES[family](text) if not any(_overlap(span, other) for other in spans)]
    return tuple(sorted(spans))


def choose_families(examples: Iterable[tuple[str, Iterable[str]]]) -> tuple[str, ...]:
    """Return which families find the passages of worked examples, each a text and its passages."""
    pairs = [(text, passage) for text, passages in examples for passage in passages]
    for families in (USUAL, ("terms",)):
        hits = sum(any(text[a:b] == passage for a, b in _cached(text, families)) for text, passage in pairs)
        if hits >= COVERED * len(pairs):
            return families
    return ("clauses",)


@lru_cache(maxsize=256)
def _cached(text: str, families: tuple[str, ...]) -> tuple[TextRange, ...]:
    return candidates(text, families)


def _names(text: str) -> list[TextRange]:
    words = [(found[0], found.start(), found.end()) for found in WORD.finditer(text)]
    spans, at = [], 0
    while at < len(words):
        end = _name_end(words, at)
        if end > at:
            spans += _trimmed(words[at:end])
        at = max(end, at + 1)
    return spans


def _name_end(words: list[tuple[str, int, int]], at: int) -> int:
    """Return where the run of capitalised words that begins at `at` ends; `at` itself where none begins."""
    end = at
    while end < len(words):
        word = words[end][0]
        if _is_capitalised(word) or (end > at and word[0].isdigit() and len(word) < 4):  # noqa: PLR2004 - no year
            end += 1
        elif at < end < len(words) - 1 and word.lower() in JOINING and _is_capitalised(words[end + 1][0]):
            end += 2
        else:
            break
    return end


def _is_capitalised(word: str) -> bool:
    return word[0].isupper() or (word[0] == "@" and len(word) > 1)


def _trimmed(words: list[tuple[str, int, int]]) -> list[TextRange]:
    if len(words) >= SHOUT and all(word.isupper() for word, *_ in words):
        return []
    while words and words[0][0].lower().replace("\u2019", "'") in FUNCTION_WORDS:
        words = words[1:]
    while words and words[-1][0].lower().replace("\u2019", "'") in FUNCTION_WORDS:
        words = words[:-1]
    if not words:
        return []
    start, end = words[0][1], words[-1][2]
    if words[-1][0].endswith(("'s", "\u2019s")):
        end -= 2
    return [(start, end)] if end - start > 1 else []


def _amounts(text: str) -> list[TextRange]:
    return [found.span() for found in AMOUNT.finditer(text)]


def _terms(text: str) -> list[TextRange]:
    spans: list[TextRange] = []
    run: list[TextRange] = []
    for found in WORD.finditer(text):
        ends = not found[0][0].isalnum() or found[0].lower().replace("\u2019", "'") in FUNCTION_WORDS
        if (ends or len(run) == LONGEST_TERM) and run:
            spans.append((run[0][0], run[-1][1]))
            run = []
        if not ends:
            run.append(found.span())
    return [*spans, *([(run[0][0], run[-1][1])] if run else [])]


def _clauses(text: str) -> list[TextRange]:
    found = ((match.start(), match.start() + len(match[0].rstrip())) for match in CLAUSE.finditer(text))
    return [(start, end) for start, end in found if any(map(str.isalnum, text[start:end]))]


def _overlap(one: TextRange, other: TextRange) -> bool:
    return one[0] < other[1] and other[0] < one[1]


FAMILIES = {"names": _names, "amounts": _amounts, "terms": _terms, "clauses": _clauses}
USUAL = ("amounts", "names")
