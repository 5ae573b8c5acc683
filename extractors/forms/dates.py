"""Dates, moments, times of day and durations as people write them, in the form that ISO 8601 and JSON Schema have."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal

from slotfill.extractors.forms.named_dates import NAMED_DATES, month_number

__all__ = ["ISO_FORMS", "day_first_in"]

_NUMERIC = (
    re.compile(r"(?P<year>\d{4})([/.-])(?P<month>\d{1,2})\2(?P<day>\d{1,2})", re.ASCII),  # 2026/3/3
    re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})", re.ASCII),  # 20260303
)
_WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_WEEKDAY = re.compile(r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,? ", re.IGNORECASE)
_EITHER_WAY = re.compile(r"(?<!\d)(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?!\d)", re.ASCII)

_ZONE = r"\s?(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
_CLOCK_FORM = rf"""
    (?: (?P<hour>\d{{1,2}}) [:.] (?P<minute>\d{{2}}) (?: : (?P<second>\d{{2}}) (?P<part>[.,]\d+)? )?
          (?: \s?(?P<half>[ap])\.?m\.? )? {_ZONE}            # 10:30:15.5 UTC
      | (?P<hour2>\d{{1,2}}) \s? (?P<half2>[ap])\.?m\.?     # 9 pm
    )
"""
_CLOCK = re.compile(_CLOCK_FORM, re.ASCII | re.IGNORECASE | re.VERBOSE)
_MOMENT = re.compile(rf"(?P<date>.+?) (?:T|,?\ at\ |,?\ |,) {_CLOCK_FORM}", re.ASCII | re.IGNORECASE | re.VERBOSE)
_COMPACT_MOMENT = re.compile(
    r"(\d{8}|\d{4}-\d{2}-\d{2})(?:T(?=\d{4}(?:\d{2})?(?!\d))|(?=\d{6}(?!\d)))(\d{2})(\d{2})(\d{2})?"
)
_MIDNIGHT = re.compile(r"00:00:00(?:\.0+)?(?:Z|[+-]\d{2}:\d{2})?", re.ASCII)

_UNITS: Mapping[str, int] = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
"""The seconds of a unit of time, by its first letter."""

_SPAN = re.compile(
    r"""
    (?P<n>\d{1,12}(?:\.\d{1,12})?) [ ]?    # exact in a Decimal
    (?P<unit>weeks?|days?|d|hours?|hrs?|h|minutes?|mins?|seconds?|secs?) (?![a-z])    # a lone m may be a month
    (?:,?[ ]and[ ]|,[ ]?|[ ])?
    """,
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)

Form = Callable[[str, bool | None], str | None]
"""Writes a text as ISO 8601 does; None where it is no such thing, or may be read in two ways.

Its second argument tells whether 03/04/2026 is in April: True, False, or None where nothing tells.
"""


def day_first_in(text: str, sample: str) -> bool | None:
    """Whether a text writes the day before the month, where it writes dates like a sample, such as 03/04/2026.

    None where no date tells (each may be read both ways), or dates tell different things.
    """
    like = _EITHER_WAY.search(sample)
    if like is None:
        return None
    pairs = [(int(match[1]), int(match[3])) for match in _EITHER_WAY.finditer(text) if match[2] == like[2]]
    orders = {first > second for first, second in pairs if min(first, second) <= 12 < max(first, second) <= 31}  # noqa: PLR2004 - months, days
    return orders.pop() if len(orders) == 1 else None


def _date(text: str, day_first: bool | None) -> str | None:
    """Write a date; a moment is one where it is the day's midnight."""
    moment = _MOMENT.fullmatch(_spread(text))
    if moment and (clock := _clock(moment)) and _MIDNIGHT.fullmatch(clock):
        return _day(moment["date"], day_first)
    return _day(text, day_first)


def _day(text: str, day_first: bool | None) -> str | None:
    """Write a day; None where it falls on another day of the week than the text says: one of the two is wrong."""
    weekday = _WEEKDAY.match(text)
    if weekday is None:
        return _calendar_day(text, day_first)
    day = _calendar_day(text[weekday.end() :], day_first)
    is_right = day and date.fromisoformat(day).weekday() == _WEEKDAYS.index(weekday[0][:3].lower())
    return day if is_right else None


def _calendar_day(text: str, day_first: bool | None) -> str | None:
    if match := _EITHER_WAY.fullmatch(text):
        return _either_way(int(match[1]), int(match[3]), int(match[4]), day_first)
    for form in _NUMERIC:
        if match := form.fullmatch(text):
            return _iso(int(match["year"]), int(match["month"]), int(match["day"]))
    return _named_day(text)


def _named_day(text: str) -> str | None:
    for form in NAMED_DATES:
        if (match := form.fullmatch(text)) and match["year"] and (month := month_number(match["month"])):
            return _iso(int(match["year"]), month, int(match["day"]))
    return None


def _either_way(first: int, second: int, year: int, day_first: bool | None) -> str | None:
    if first <= 12 and second <= 12 and first != second and day_first is None:  # noqa: PLR2004 - months
        return None
    ordered = first > 12 or (second <= 12 and bool(day_first))  # noqa: PLR2004 - months
    return _iso(year, second, first) if ordered else _iso(year, first, second)


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _moment(text: str, day_first: bool | None) -> str | None:
    """Write a moment; a date is its midnight, but digits alone may be a date, or be none."""
    if not text.isdecimal() and (day := _day(text, day_first)):
        return f"{day}T00:00:00"
    match = _MOMENT.fullmatch(_spread(text))
    if match is None or (day := _day(match["date"], day_first)) is None or (clock := _clock(match)) is None:
        return None
    return f"{day}T{clock}"


def _spread(text: str) -> str:
    """Write 20260303T103015Z with the signs between hours, minutes and seconds."""
    return _COMPACT_MOMENT.sub(lambda match: f"{match[1]}T{match[2]}:{match[3]}:{match[4] or '00'}", text)


def _time(text: str, _: bool | None) -> str | None:
    match = _CLOCK.fullmatch(text)
    return _clock(match) if match else None


def _clock(match: re.Match[str]) -> str | None:
    hour, half = int(match["hour"] or match["hour2"]), match["half"] or match["half2"]
    if half and not 1 <= hour <= 12:  # noqa: PLR2004 - hours of half a day
        return None
    hour = hour % 12 + 12 * (half in "pP") if half else hour
    try:
        clock = time(hour, int(match["minute"] or 0), int(match["second"] or 0)).isoformat()
    except ValueError:
        return None
    zone = re.sub("UTC|GMT", "Z", (match["zone"] or "").upper())
    return clock + (match["part"] or "").replace(",", ".") + re.sub(r"(?<=\d\d)(?=\d\d$)", ":", zone)


def _duration(text: str, _: bool | None) -> str | None:
    """Add up spans with their units; a number alone has none."""
    at, seconds, last = 0, Decimal(0), "w"
    while match := _SPAN.match(text, at):
        unit = match["unit"][0].lower()
        if at and _UNITS[unit] >= _UNITS[last]:
            return None
        at, seconds, last = match.end(), seconds + Decimal(match["n"]) * _UNITS[unit], unit
    if not at or at != len(text):
        return None
    days, rest = divmod(seconds, _UNITS["d"])
    hours, rest = divmod(rest, _UNITS["h"])
    minutes, rest = divmod(rest, _UNITS["m"])
    whole = f"P{int(days)}D" if days else "P"
    amounts = ((hours, "H", hours), (minutes, "M", minutes or (hours and rest)), (rest, "S", rest))  # PT1H0M5S
    clock = "".join(f"{amount.normalize():f}{unit}" for amount, unit, is_told in amounts if is_told)
    return f"{whole}T{clock}" if clock else whole if days else "PT0S"


ISO_FORMS: Mapping[str, Form] = {"date": _date, "date-time": _moment, "time": _time, "duration": _duration}
"""By the `format` of JSON Schema."""
