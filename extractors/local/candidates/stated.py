"""What a text states for a field: its numbers, dates and times, in any of their forms, and which of them it may mean.

A field may be filled with nothing else. Of several it means those that stand behind its name (`Total: EUR 63.00`), or
else those of its kind: a price is a sum of money, a quantity is none, and neither is a year.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from slotfill.extractors.forms.dates import ISO_FORMS, day_first_in
from slotfill.extractors.grounding.surface_forms import numbers_in
from slotfill.extractors.local.candidates.amounts import amount_candidates, amount_kind
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["StatedValue", "likely_values", "stated_values", "without_labels"]

TextRange = tuple[int, int]

NUMBER = "number"
"""The kind that is no format of JSON Schema; the others are `date`, `date-time` and `time`."""

MONEY_WORDS = frozenset(
    [
        "amount",
        "balance",
        "bill",
        "budget",
        "charge",
        "cost",
        "costs",
        "deposit",
        "due",
        "fare",
        "fee",
        "loan",
        "paid",
        "pay",
        "payment",
        "price",
        "profit",
        "refund",
        "rent",
        "revenue",
        "salary",
        "sales",
        "spent",
        "subtotal",
        "sum",
        "tax",
        "tip",
        "total",
        "turnover",
        "value",
        "vat",
        "wage",
        "worth",
    ]
)
SHARE_WORDS = frozenset("discount interest percent percentage rate share".split())  # noqa: SIM905 - a list of words
YEAR_WORDS = frozenset("founded since year".split())  # noqa: SIM905 - a list of words
COUNT_WORDS = frozenset(
    [
        "age",
        "count",
        "employees",
        "guests",
        "headcount",
        "items",
        "months",
        "number",
        "nights",
        "people",
        "persons",
        "pieces",
        "qty",
        "quantity",
        "rooms",
        "seats",
        "size",
        "staff",
        "stars",
        "units",
        "years",
    ]
)

CLOCK = re.compile(
    r"(?<![\d.,:])\d{1,2}(?:[:.]\d{2}(?::\d{2})?(?:[ ]?[ap]\.?m\b\.?)?|[ ]?[ap]\.?m\b\.?)(?![\d:])", re.IGNORECASE
)
MOMENT_TAIL = re.compile(
    rf"(?:T|,?[ ](?:at[ ])?){CLOCK.pattern}(?:[ ]?(?:Z|UTC|GMT|[+-]\d{{2}}:?\d{{2}}))?", re.IGNORECASE
)

NEAR = 48
"""So many code points behind a field's name its value stands, if it does."""

GENERIC = frozenset("amount date day due full id name no number of on the time total value".split())  # noqa: SIM905 - a list of words
"""Words of names that tell little: a due date stands behind `Due`, not behind every `Date`."""

LABEL = re.compile(r"[^\n:]{1,40}:[^\n]*")
"""What stands before a value on its line, where that is labelled."""

SAME_LINE = re.compile(r"[ \t]*[:=]?[ \t]*(?:\n[ \t]*)?[^\n]*")
"""What is looked at behind a name: the rest of its line, or the next where that is empty."""


@dataclass(frozen=True, slots=True)
class StatedValue:
    """A value, and where it stands. unit: "money", "percent", "date", "year" or "" for what it is a number of."""

    value: JSON
    start: int
    end: int
    unit: str = ""


def stated_values(text: str, kind: str, fits: Callable[[JSON], bool], *, as_text: bool = False) -> list[StatedValue]:
    """Return the values of a kind that a text states and a schema takes, in order, one for each place.

    kind: "number", or a format: "date", "date-time", "time".
    fits: tells what the schema takes. as_text: numbers are strings, with all their digits.
    """
    found = _numbers(text, fits, as_text=as_text) if kind == NUMBER else _moments(text, kind, fits)
    return sorted(found, key=lambda stated: (stated.start, stated.end))


def likely_values(
    text: str, values: Sequence[StatedValue], name: str, *, kind: str = NUMBER
) -> tuple[list[StatedValue], bool]:
    """Narrow down the values to those that a field means by its name; tell whether its name stands before them."""
    of_kind = _of_kind(values, {*name.casefold().split()}) if kind == NUMBER else list(values)
    named = _behind(text, of_kind, name)
    return named or of_kind, bool(named)


def without_labels(text: str, values: Sequence[StatedValue]) -> list[StatedValue]:
    """Return the values before which no label stands on their line: `Due: 30/09/2026` is no other date."""
    return [one for one in values if not LABEL.fullmatch(text, text.rfind("\n", 0, one.start) + 1, one.start)]


def _of_kind(values: Sequence[StatedValue], words: set[str]) -> list[StatedValue]:
    for unit, hints in (("percent", SHARE_WORDS), ("money", MONEY_WORDS), ("", COUNT_WORDS)):
        if words & hints and (of_unit := [one for one in values if one.unit == unit]):
            return of_unit
    if words & YEAR_WORDS and (years := [one for one in values if one.unit in ("year", "date")]):
        return years
    return [one for one in values if one.unit not in ("date", "year")] or list(values)


def _behind(text: str, values: Sequence[StatedValue], name: str) -> list[StatedValue]:
    """Return the values that stand first behind a field's name, or behind a word of it that tells something."""
    words = [word for word in name.casefold().split() if len(word) > 1]
    telling = [word for word in words if word not in GENERIC] or words[:1]
    for phrase in dict.fromkeys((" ".join(words), *telling)):
        named = []
        pattern = re.escape(phrase).replace(r"\ ", r"[\s_-]+")
        for match in re.finditer(rf"(?<![\w-]){pattern}(?!\w)", text, re.IGNORECASE) if phrase else ():
            reach = SAME_LINE.match(text, match.end(), match.end() + NEAR)
            limit = reach.end() if reach else match.end()
            named += [one for one in values if match.end() <= one.start < limit][:1]
        if named:
            return [*dict.fromkeys(named)]
    return []


def _numbers(text: str, fits: Callable[[JSON], bool], *, as_text: bool) -> Iterator[StatedValue]:
    units = _units(text)
    readings: dict[int, list[tuple[Decimal, TextRange]]] = {}
    for number, (start, end) in numbers_in(text):
        at = next((at for at in readings if at <= start < readings[at][-1][1][1]), start)
        readings.setdefault(at, []).append((number, (start, end)))
    for meanings in readings.values():
        unit = next((unit for (start, end), unit in units if start <= meanings[0][1][0] < end), "")
        for number, (start, end) in sorted(meanings, key=lambda one: _rank(text, one, unit)):
            value = _json(number, as_text=as_text)
            if fits(value):
                yield StatedValue(value, start, end, unit)
                break


def _units(text: str) -> list[tuple[TextRange, str]]:
    units = []
    for start, end in amount_candidates(text):
        passage = text[start:end]
        is_share = passage.endswith(("%", "t", "points", "point"))
        units.append(((start, end), amount_kind(passage) or ("percent" if is_share else "year")))
    return units


def _rank(text: str, meaning: tuple[Decimal, TextRange], unit: str) -> tuple[int, int]:
    """Order what a number may mean: with its magnitude, a share as it is written, sums without thousandths."""
    number, (start, end) = meaning
    passage = text[start:end]
    if passage.endswith("%"):
        return 1, 0
    thousandths = number != number.to_integral_value() and number.as_tuple().exponent == -3  # noqa: PLR2004 - digits
    doubtful = thousandths if unit == "money" or "," in passage else ("." in passage and not thousandths)
    return 0, (len(text) if doubtful else 0) - len(passage)


def _json(number: Decimal, *, as_text: bool) -> JSON:
    if as_text:
        return format(number, "f")
    whole = number == number.to_integral_value()
    return int(number) if whole else float(number)


def _moments(text: str, kind: str, fits: Callable[[JSON], bool]) -> Iterator[StatedValue]:
    if kind == "time":
        places = [match.span() for match in CLOCK.finditer(text)]
    else:
        places = [span for span in amount_candidates(text) if amount_kind(text[slice(*span)]) != "money"]
    for start, end in places:
        tail = MOMENT_TAIL.match(text, end) if kind == "date-time" else None
        for last in (tail.end() if tail else end, end):
            passage = text[start:last]
            value = ISO_FORMS[kind](passage, day_first_in(text, passage))
            if value is not None and fits(value):
                yield StatedValue(value, start, last, "date")
                break
