"""Candidate passages: where in a text a mention might stand.

There are families of them, each found by its look alone: names (runs of capitalised words, @handles), amounts (dates,
years, and numbers with their signs and units), terms (runs of words between function words) and clauses (what stands
between marks of punctuation). Names and amounts serve unless the worked examples show passages of another kind.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from slotfill.extractors.local.candidates.amounts import amount_candidates
from slotfill.extractors.local.candidates.english import is_english_word
from slotfill.extractors.local.candidates.names import name_candidates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["FUNCTION_WORDS", "TextRange", "candidates", "choose_families"]

TextRange = tuple[int, int]

WORD = re.compile(r"[@#]?\w+(?:[\u2019'.-]\w+)*|&|\n|\S")
"""A word (`don't`, `e.g`, `@ada`, `well-known`), `&`, the end of a line, which ends a name too, or any other mark."""

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

CLAUSE = re.compile(r"[^\s,.;:!?()\[\]\"\n][^,.;:!?()\[\]\"\n]*")
"""What stands between two marks of punctuation: `the soup was cold` of `Well, the soup was cold.`"""

COVERED = 0.6
"""The share of the examples' passages that names and amounts must find to be thought enough."""

LONGEST_TERM = 4

SHORT_DATE = 2
"""The most words of a date that a name may begin with; a day, a month and a year are of no name."""

EDGES = " \t\r\n,.;:"
"""What is left at the edge of a name beside a date."""


def candidates(text: str, families: tuple[str, ...]) -> tuple[TextRange, ...]:
    """Find the candidate passages of some families, in order.

    Where those of two families overlap, the earlier family's stays, but for one within a longer of the later: a date
    within a name (2024 Olympics, Saturday Night Live). Candidates that overlap are rivals: one at most can be right.
    """
    spans: list[TextRange] = []
    for family in families:
        found = [part for span in FAMILIES[family](text) for part in _beside(text, span, spans)]
        spans += [span for span in dict.fromkeys(found) if not any(_excludes(other, span) for other in spans)]
    return tuple(sorted(spans))


def choose_families(examples: Iterable[tuple[str, Iterable[str]]]) -> tuple[str, ...]:
    """Return which families find the passages of worked examples, each a text and its passages."""
    pairs = [(text, passage) for text, passages in examples for passage in passages]
    for families in (USUAL, ("terms",)):
        hits = sum(
            any(text[a:b] == passage for a, b in _cached(text, families))
            for text, passage in pairs
            if families != USUAL or not _is_common(passage)
        )
        if hits >= COVERED * len(pairs):
            return families
    return ("clauses",)


def _is_common(passage: str) -> bool:
    """Whether a passage is common words in lower case: no name, though the look of a rare one may be that of a name."""
    return passage.islower() and all(map(is_english_word, passage.split()))


@lru_cache(maxsize=256)
def _cached(text: str, families: tuple[str, ...]) -> tuple[TextRange, ...]:
    return candidates(text, families)


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


def _beside(text: str, span: TextRange, earlier: Iterable[TextRange]) -> Iterator[TextRange]:
    """Give what is left of a run without the date or sum that it begins or ends with, and the run where it may be one.

    Of "3 May 2026 Ada Byron" that is the name alone; of "Sept 11 Commission" the whole, too.
    """
    start, end = span
    may_be_one = True
    for other in earlier:
        words = len(text[slice(*other)].split())
        if words == 1:  # a year, a weekday: names begin with them
            continue
        if other[0] <= start < other[1] < end:
            start, may_be_one = other[1], may_be_one and words <= SHORT_DATE
        elif start < other[0] < end <= other[1]:
            end, may_be_one = other[0], may_be_one and words <= SHORT_DATE
    if may_be_one:
        yield span
    rest = text[start:end]
    if any(map(str.isalnum, rest)):
        yield start + len(rest) - len(rest.lstrip(EDGES)), end - len(rest) + len(rest.rstrip(EDGES))


def _excludes(earlier: TextRange, span: TextRange) -> bool:
    overlap = earlier[0] < span[1] and span[0] < earlier[1]
    is_part = span[0] <= earlier[0] and earlier[1] <= span[1] and earlier != span
    return overlap and not is_part


FAMILIES = {"names": name_candidates, "amounts": amount_candidates, "terms": _terms, "clauses": _clauses}
USUAL = ("amounts", "names")
