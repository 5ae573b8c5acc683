"""Surface forms: where numbers and dates stand in a text, however they are written there.

A number may have its groups parted (1,250.00, 1.250,00, 1 250, 1,00,000), be a percentage of one (15 % is 0.15 too),
have a word of magnitude after it (3 million, 2.5k), or be an English word up to twelve. A date may be numeric with its
day or its month first, or have its month named in one of seven languages, with or without the year.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import date
from decimal import Decimal

from slotfill.extractors.forms.named_dates import NAMED_DATES, month_number
from slotfill.extractors.forms.numerals import CURRENCY
from slotfill.schemas.passages.boundaries import DASHES, figures, is_whole
from slotfill.schemas.passages.folding import Where

__all__ = ["date_places", "number_places", "numbers_in"]

LEAP_YEAR = 4
"""The year that stands for none."""

_WORDS = "zero one two three four five six seven eight nine ten eleven twelve"
_COUNTS = {word: Decimal(number) for number, word in enumerate(_WORDS.split())}
_MAGNITUDES = {
    **dict.fromkeys(("k", "thousand"), Decimal(10**3)),
    **dict.fromkeys(("mn", "mio", "million", "millions"), Decimal(10**6)),
    **dict.fromkeys(("bn", "billion", "billions"), Decimal(10**9)),
    "万": Decimal(10**4),
    **dict.fromkeys(("億", "亿"), Decimal(10**8)),
}
_GROUP = r"[.,'\u2019\u066c \u00a0\u2009\u202f]"
_NUMBER = re.compile(
    rf"""
    (?P<minus>[{DASHES}]\ ?)? [^\w\s.]?
    (?P<digits>
        \d{{1,3}}(?P<group>{_GROUP})\d{{3}}(?:(?P=group)\d{{3}})*(?!\d)(?:[.,\u066b]\d+)?  # 1.250.000,50
      | \d{{1,2}}(?:,\d\d)+,\d{{3}}(?!\d)(?:\.\d+)?                                        # 1,00,000
      | \d+(?:[.,\u066b]\d+)? | [.,\u066b]\d+                                              # 1250; 1.5; .5
    )
    (?:[eE](?P<power>[-+]?\d{{1,3}}))? (?P<credit>[{DASHES}])?
    """,
    re.VERBOSE,
)
_TAIL = re.compile(rf"\s?(?:%|(?:{'|'.join(_MAGNITUDES)})(?![a-z]))", re.IGNORECASE)
_SHORT_MAGNITUDES = {
    "m": Decimal(10**6),
    "b": Decimal(10**9),
    "tn": Decimal(10**12),
}
"""What stands for a magnitude after a sum of money alone: 5 m are metres, $5m are millions."""

_TIMES = re.compile(r"(?<!\w)x(\d{1,4})(?!\w|[.,]\d)")
"""How often a thing is there: Oak shelf x2. Behind a sign, as in \u00d72, figures are no part of a word."""

_SUM = re.compile(rf"{CURRENCY}[ \u00a0]?")
_SHORT_TAIL = re.compile(rf"(?:{'|'.join(_SHORT_MAGNITUDES)})(?![A-Za-z])", re.IGNORECASE)

LONGEST_CURRENCY = 5

_COUNTED = re.compile(
    rf"(?<!ty[- ])\b({'|'.join(_COUNTS)})\b(?![- ](?:hundred|dozen|{'|'.join(filter(str.isascii, _MAGNITUDES))})\b)",
    re.IGNORECASE,
)
"""A number as a word, and no part of one: twenty-one, two hundred."""

_OPENED, _CLOSED = re.compile(r"\((?:[A-Z]{3} ?|[^\w\s] ?)?"), re.compile(r"(?: ?(?:[A-Z]{3}|[^\w\s)]))?\)")
"""The brackets in which accountants write what is negative: (1,234), (EUR 5), (5 %)."""

LONGEST_OPENING = 6
"""So many code points before a number a bracket is sought: (EUR 5)."""

_LONGEST_NUMBER = 40
"""What has more digits is no number that anybody read."""

_NUMERIC = re.compile(
    r"(?<!\d)(?P<first>\d{4}|\d{1,2})(?P<mark>[./-]|\s?年\s?)(?P<second>\d{1,2})(?:(?P=mark)|\s?月\s?)"
    r"(?P<third>\d{4}|\d{1,2})(?!\d)(?:\s?日)?"
)


def number_places(text: str, numbers: AbstractSet[Decimal]) -> dict[Decimal, list[Where]]:
    """Find where numbers stand, whole and with their signs, each in order."""
    if not numbers:
        return {}
    places: defaultdict[Decimal, list[Where]] = defaultdict(list)
    known = {_significant(format(number, "f")) for number in numbers}
    for match in _figures(text):
        if _significant(match["digits"]) in known:
            for number, where in _meanings(match):
                if number in numbers:
                    places[number].append(where)
    for count, where in () if numbers.isdisjoint(_COUNTS.values()) else _counted(text):
        if count in numbers:
            places[count].append(where)
    for count, where in _times(text):
        if count in numbers:
            places[count].append(where)
    return {number: sorted(where) for number, where in places.items()}


def numbers_in(text: str) -> Iterator[tuple[Decimal, Where]]:
    """Iterate over all numbers of a text, figures first: each with all that it may mean, and where that stands."""
    for match in _figures(text):
        yield from _meanings(match)
    yield from _counted(text)
    yield from _times(text)


def _figures(text: str) -> Iterator[re.Match[str]]:
    for start, end in figures(text):
        match = _NUMBER.fullmatch(text, start, end)
        if match and len(match["digits"]) <= _LONGEST_NUMBER:
            yield match


def _counted(text: str) -> Iterator[tuple[Decimal, Where]]:
    for match in _COUNTED.finditer(text):
        if (count := _COUNTS.get(match[1].casefold())) is not None:
            yield count, match.span()


def _times(text: str) -> Iterator[tuple[Decimal, Where]]:
    """Iterate over counts behind a thing, which are a word with their sign."""
    for match in _TIMES.finditer(text):
        yield Decimal(match[1]), match.span()


def date_places(text: str, days: AbstractSet[date]) -> dict[date, list[Where]]:
    """Find where dates stand, each in order; those with no year only where the date has none with it."""
    dated: defaultdict[date, list[Where]] = defaultdict(list)
    yearless: defaultdict[date, list[Where]] = defaultdict(list)
    for day, where in _dates(text) if days else ():
        (yearless if day.year == LEAP_YEAR else dated)[day].append(where)
    places = {day: dated[day] or yearless[day.replace(year=LEAP_YEAR)] for day in days}
    return {day: sorted(dict.fromkeys(where)) for day, where in places.items() if where}


def _significant(digits: str) -> str:
    """Return the digits, but for the zeros at both ends, which grouping, magnitudes and percentages change."""
    return "".join(str(int(digit)) for digit in digits if digit.isdecimal()).strip("0")


def _meanings(match: re.Match[str]) -> Iterator[tuple[Decimal, Where]]:
    """Iterate over what a number may mean, and where that stands: with its tail it means more."""
    text, where = match.string, match.span()
    if not is_whole(text, where) or text[max(0, where[0] - 1)] == "_":
        return
    tail = _TAIL.match(text, where[1])
    opening = max(0, match.start("digits") - LONGEST_CURRENCY)
    is_sum = any(found.end() == match.start("digits") for found in _SUM.finditer(text, opening, match.start("digits")))
    short = _SHORT_TAIL.match(text, where[1]) if is_sum else None
    brackets = None if match["minus"] or match["credit"] else _brackets(text, where)
    for number in dict.fromkeys(_values(match["digits"], match["group"])):
        value = number.scaleb(int(match["power"] or 0))
        signed = -value if match["minus"] or match["credit"] else value
        yield signed, where
        if short:
            yield signed * _SHORT_MAGNITUDES[short[0].casefold()], (where[0], short.end())
        if tail and (factor := _factor(tail[0].strip())):
            yield signed * factor, (where[0], tail.end())
        if brackets:
            yield -value, brackets


def _brackets(text: str, where: Where) -> Where | None:
    """Return the brackets around a number, if there are any."""
    start, end = where
    opened = next((at for at in range(start - 1, max(-1, start - LONGEST_OPENING), -1) if text[at] == "("), None)
    closed = _CLOSED.match(text, end)
    if opened is None or not closed or not _OPENED.fullmatch(text, opened, start):
        return None
    return opened, closed.end()


def _factor(tail: str) -> Decimal | None:
    return Decimal("0.01") if tail == "%" else _MAGNITUDES.get(tail.casefold())


def _values(digits: str, group: str | None) -> Iterator[Decimal]:
    """Read digits: one mark before three digits may part groups or begin a fraction."""
    marks = [mark for mark in digits if not mark.isdecimal()]
    whole, mark, fraction = digits.rpartition(marks[-1]) if marks else (digits, "", "")
    if not mark or (group and {*marks} == {group}) or marks.count(",") == len(marks) > 1:
        yield Decimal("".join(filter(str.isdecimal, digits)))
    if mark in (*".,\u066b",) and marks.count(mark) == 1:
        yield Decimal(f"{''.join(filter(str.isdecimal, whole)) or 0}.{fraction}")


def _dates(text: str) -> Iterator[tuple[date, Where]]:
    for pattern in NAMED_DATES:
        for match in pattern.finditer(text):
            year = int(match["year"] or LEAP_YEAR)
            if month := month_number(match["month"]):
                yield from _valid(year, month, int(match["day"]), match.span())
    for match in _NUMERIC.finditer(text):
        first, second, third = match["first"], int(match["second"]), match["third"]
        if len(first) > 2:  # noqa: PLR2004 - a year in full
            yield from _valid(int(first), second, int(third), match.span())
            continue
        for year in [int(third)] if len(third) > 2 else [1900 + int(third), 2000 + int(third)]:  # noqa: PLR2004 - likewise
            yield from _valid(year, second, int(first), match.span())
            yield from _valid(year, int(first), second, match.span())


def _valid(year: int, month: int, day: int, where: Where) -> Iterator[tuple[date, Where]]:
    try:
        yield date(year, month, day), where
    except ValueError:
        return
