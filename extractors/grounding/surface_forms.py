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

from slotfill.schemas.passages.boundaries import DASHES, figures, is_whole
from slotfill.schemas.passages.folding import Where

__all__ = ["date_places", "number_places"]

LEAP_YEAR = 4
"""The year that stands for none."""

_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905 - a list of words
_MAGNITUDES = {
    "k": 10**3,
    "thousand": 10**3,
    "mn": 10**6,
    "mio": 10**6,
    "million": 10**6,
    "millions": 10**6,
    "bn": 10**9,
    "billion": 10**9,
    "billions": 10**9,
    "万": 10**4,
    "億": 10**8,
    "亿": 10**8,
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
_COUNTED = re.compile(
    rf"(?<!ty[- ])\b({'|'.join(_WORDS)})\b(?![- ](?:hundred|dozen|{'|'.join(filter(str.isascii, _MAGNITUDES))})\b)",
    re.IGNORECASE,
)
"""A number as a word, and no part of one: twenty-one, two hundred."""

_OPENED, _CLOSED = re.compile(r"\((?:[A-Z]{3} ?|[^\w\s] ?)?"), re.compile(r"(?: ?(?:[A-Z]{3}|[^\w\s)]))?\)")
"""The brackets in which accountants write what is negative: (1,234), (EUR 5), (5 %)."""

LONGEST_OPENING = 6

_LONGEST_NUMBER = 40
"""What has more digits is no number that anybody read."""

_MONTHS = (
    "january jan januar janvier enero ene gennaio gen janeiro januari",
    "february feb februar février févr fevrier febrero febbraio fevereiro februari",
    "march mar märz mrz mars marzo março maart",
    "april apr avril avr abril abr aprile",
    "may mai mayo maggio mag maio mei",
    "june jun juni juin junio giugno giu junho",
    "july jul juli juillet juil julio luglio lug julho",
    "august aug août aout agosto ago augustus",
    "september sep sept septembre septiembre settembre set setembro",
    "october oct oktober okt octobre octubre ottobre ott outubro",
    "november nov novembre noviembre novembro",
    "december dec dezember dez décembre déc decembre diciembre dic dicembre dezembro december",
)
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_NAMES = rf"(?P<month>{'|'.join(sorted(_MONTH, key=len, reverse=True))})\b\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.|º)?"
_YEAR = r"(?P<year>\d{4})"
_NAMED = (
    re.compile(
        rf"(?<!\d){_DAY}[ \u00a0-]?(?:of |de )?{_NAMES}(?:,?[ \u00a0-](?:de |del )?{_YEAR}(?!\d))?", re.IGNORECASE
    ),
    re.compile(rf"\b{_NAMES}[ \u00a0]{_DAY}(?!\d)(?:,?[ \u00a0]{_YEAR}(?!\d))?", re.IGNORECASE),
)
_NUMERIC = re.compile(
    r"(?<!\d)(?P<first>\d{4}|\d{1,2})(?P<mark>[./-]|\s?年\s?)(?P<second>\d{1,2})(?:(?P=mark)|\s?月\s?)"
    r"(?P<third>\d{4}|\d{1,2})(?!\d)(?:\s?日)?"
)


def number_places(text: str, wanted: AbstractSet[Decimal]) -> dict[Decimal, list[Where]]:
    """Find where the wanted numbers stand, whole and with their signs, each in order."""
    if not wanted:
        return {}
    found: defaultdict[Decimal, list[Where]] = defaultdict(list)
    known = {_significant(format(number, "f")) for number in wanted}
    for start, end in figures(text):
        match = _NUMBER.fullmatch(text, start, end)
        if match and len(match["digits"]) <= _LONGEST_NUMBER and _significant(match["digits"]) in known:
            for number, where in _readings(match):
                if number in wanted:
                    found[number].append(where)
    for match in _COUNTED.finditer(text) if not wanted.isdisjoint(range(len(_WORDS))) else ():
        if (number := Decimal(_WORDS.index(match[1].lower()))) in wanted:
            found[number].append(match.span())
    return {number: sorted(places) for number, places in found.items()}


def date_places(text: str, wanted: AbstractSet[date]) -> dict[date, list[Where]]:
    """Find where the wanted dates stand, each in order; those with no year only where the date has none with it."""
    found: defaultdict[date, list[Where]] = defaultdict(list)
    yearless: defaultdict[date, list[Where]] = defaultdict(list)
    for day, where in _dates(text) if wanted else ():
        (yearless if day.year == LEAP_YEAR else found)[day].append(where)
    places = {day: found[day] or yearless[day.replace(year=LEAP_YEAR)] for day in wanted}
    return {day: sorted(dict.fromkeys(where)) for day, where in places.items() if where}


def _significant(digits: str) -> str:
    """Give the digits, but for the zeros at both ends, which grouping, magnitudes and percentages change."""
    return "".join(str(int(digit)) for digit in digits if digit.isdecimal()).strip("0")


def _readings(match: re.Match[str]) -> Iterator[tuple[Decimal, Where]]:
    """Give what a number that was found may mean, and where that stands: with its tail it means more."""
    text, where = match.string, match.span()
    if not is_whole(text, where) or text[max(0, where[0] - 1)] == "_":
        return
    tail = _TAIL.match(text, where[1])
    brackets = None if match["minus"] or match["credit"] else _brackets(text, where)
    for number in dict.fromkeys(_values(match["digits"], match["group"])):
        value = number.scaleb(int(match["power"] or 0))
        signed = -value if match["minus"] or match["credit"] else value
        yield signed, where
        if tail:
            yield _multiplied(signed, tail[0].strip().lower()), (where[0], tail.end())
        if brackets:
            yield -value, brackets


def _brackets(text: str, where: Where) -> Where | None:
    """Give the brackets around a number, if there are any."""
    start, end = where
    opened = next((at for at in range(start - 1, max(-1, start - LONGEST_OPENING), -1) if text[at] == "("), None)
    closed = _CLOSED.match(text, end)
    if opened is None or not closed or not _OPENED.fullmatch(text, opened, start):
        return None
    return opened, closed.end()


def _multiplied(number: Decimal, tail: str) -> Decimal:
    return number / 100 if tail == "%" else number * _MAGNITUDES[tail]


def _values(digits: str, group: str | None) -> Iterator[Decimal]:
    """Read digits: one mark before three digits may part groups or begin a fraction."""
    marks = [mark for mark in digits if not mark.isdecimal()]
    whole, mark, fraction = digits.rpartition(marks[-1]) if marks else (digits, "", "")
    if not mark or (group and {*marks} == {group}) or marks.count(",") == len(marks) > 1:
        yield Decimal("".join(filter(str.isdecimal, digits)))
    if mark in (*".,\u066b",) and marks.count(mark) == 1:
        yield Decimal(f"{''.join(filter(str.isdecimal, whole)) or 0}.{fraction}")


def _dates(text: str) -> Iterator[tuple[date, Where]]:
    for pattern in _NAMED:
        for match in pattern.finditer(text):
            year = int(match["year"] or LEAP_YEAR)
            yield from _valid(year, _MONTH[match["month"].lower()], int(match["day"]), match.span())
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
