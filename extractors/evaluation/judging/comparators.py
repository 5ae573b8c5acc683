"""Comparators: whether a value is the same as gold's, strictly and by the comparison of its field, and how alike it is.

All are symmetric, so that gold and prediction may change places.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from rapidfuzz.distance import Indel

from slotfill.extractors.evaluation.judging.plugged_comparators import plugged_likeness
from slotfill.extractors.forms.dates import ISO_FORMS
from slotfill.extractors.forms.numerals import read_number
from slotfill.schemas.json_values.exact_json import is_same
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.marks.comparison import COMPARATORS, Compare
from slotfill.schemas.passages.folding import fold
from slotfill.schemas.passages.passages import is_same_quote

__all__ = ["always", "is_like", "is_near", "is_quoted_alike", "is_same_time", "is_tolerated", "likeness", "never"]

_FIGURES = re.compile(r"\d+")

LEAST_LIKENESS = 0.6
"""Two texts that are less alike share no more than any two texts of one language do."""


def is_tolerated(compare: Compare, one: JSON, other: JSON) -> bool:
    """Whether two values, neither of them null, are the same by a comparison; what is equal always is."""
    return is_same(one, other) or _comparison(compare.kind)(compare, one, other)


def likeness(compare: Compare, one: JSON, other: JSON) -> float:
    """Return how alike two values are, 0 to 1, which is what is tolerated."""
    if is_tolerated(compare, one, other):
        return 1.0
    if compare.kind not in COMPARATORS.built_ins:
        return plugged_likeness(compare.kind, one, other)
    if compare.kind not in ("text", "verbatim") or not (isinstance(one, str) and isinstance(other, str)):
        return 0.0
    first, second = _folded(one), _folded(other)
    if _FIGURES.findall(first) != _FIGURES.findall(second):
        return 0.0
    ratio = Indel.normalized_similarity(first, second, score_cutoff=LEAST_LIKENESS)
    return max(0.0, (ratio - LEAST_LIKENESS) / (1 - LEAST_LIKENESS))


@lru_cache(maxsize=64)
def _comparison(kind: str) -> Callable[[Compare, JSON, JSON], bool]:
    return COMPARATORS.load(kind).value if kind in COMPARATORS.built_ins else _is_alike_enough


def _is_alike_enough(compare: Compare, one: JSON, other: JSON) -> bool:
    """Whether two values are the same by a plug-in's comparator."""
    return plugged_likeness(compare.kind, one, other) >= compare.at_least


def never(_: Compare, one: JSON, other: JSON) -> bool:
    """Tell what is not equal from what is the same, always."""
    del one, other
    return False


def is_near(compare: Compare, one: JSON, other: JSON) -> bool:
    """Whether two numbers are as near as the comparison asks."""
    first, second = _number(one), _number(other)
    if first is None or second is None:
        return False
    allowed = max(Decimal(str(compare.absolute)), Decimal(str(compare.relative)) * max(abs(first), abs(second)))
    return abs(first - second) <= allowed


def is_like(compare: Compare, one: JSON, other: JSON) -> bool:
    """Whether two texts are alike: INV-17 and INV-18 are not, however long they are."""
    if not (isinstance(one, str) and isinstance(other, str)):
        return False
    first, second = _folded(one), _folded(other)
    if first == second:
        return True
    if Indel.normalized_similarity(first, second, score_cutoff=compare.at_least) < compare.at_least:
        return False
    return _FIGURES.findall(first) == _FIGURES.findall(second)


def is_quoted_alike(_: Compare, one: JSON, other: JSON) -> bool:
    """Whether two quotes are of the same words."""
    return isinstance(one, str) and isinstance(other, str) and is_same_quote(one, other)


def is_same_time(_: Compare, one: JSON, other: JSON) -> bool:
    """Whether two texts tell the same day, moment, time of day or length of time."""
    if not (isinstance(one, str) and isinstance(other, str)):
        return False
    times = _times(one)
    return any(value == times.get(name) for name, value in _times(other).items())


def always(_: Compare, one: JSON, other: JSON) -> bool:
    """Take any two values for the same."""
    del one, other
    return True


@lru_cache(maxsize=8192)
def _folded(text: str) -> str:
    return " ".join(fold(text).split())


def _number(value: JSON) -> Decimal | None:
    """Read a number, or one that is written in a string: "1,234.50"; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        read = read_number(value, whole=False)
        return _decimal(read[0]) if read else None
    return _decimal(str(value))


def _decimal(digits: str) -> Decimal | None:
    try:
        number = Decimal(digits)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


@lru_cache(maxsize=8192)
def _times(text: str) -> Mapping[str, str]:
    """Read a text as whatever of a day, a moment, a time of day or a length of time it may be: each in one form."""
    forms = {name: read(text.strip(), None) for name, read in ISO_FORMS.items()}
    return {name: _instant(form) if name == "date-time" else form for name, form in forms.items() if form}


def _instant(moment: str) -> str:
    """Write a moment with a zone in UTC."""
    try:
        instant = datetime.fromisoformat(moment)
    except ValueError:
        return moment
    return (instant.astimezone(UTC) if instant.tzinfo else instant).isoformat()
