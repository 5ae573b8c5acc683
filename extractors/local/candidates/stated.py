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

__all__ = ["DECIMALS", "StatedValue", "likely_values", "stated_values", "without_labels"]

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

TOTAL_WORDS = frozenset(("total", "sum"))
BARE_NAMES = {
    NUMBER: frozenset("amount balance cost grand price sum the total".split()),  # noqa: SIM905 - a list of words
    "date": frozenset("date day on the when".split()),  # noqa: SIM905 - a list of words
}
"""Names of fields that say no more than their kind: where the text states one value of that kind, it is theirs."""

DEADLINE = re.compile(r"\b(?:before|by|due|till|until)(?: on)?[ ]\Z", re.IGNORECASE)
"""What stands before a date by which something is to be done, and which is not the date of the text."""

DECIMALS = re.compile(r"[.,]\d\d\Z")
"""How an amount ends whose currency is not told."""

FEWEST_SUMMANDS = 2

DOTTED = re.compile(r"\d{1,2}\.\d{1,2}\.")
"""How a date begins that has its day first wherever it is written so."""

NEAR = 48
"""So many code points behind a field's name its value stands, if it does."""

GENERIC = frozenset("amount date day due full id name no number of on the time total value".split())  # noqa: SIM905 - a list of words
"""Words of names that tell little: a due date stands behind `Due`, not behind every `Date`."""

LABEL = re.compile(r"[^\n:]{1,40}:(?:[ \t]*[^\s:]+){0,3}[ \t]*")
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
    """Narrow down the values to those that a field means by its name; tell whether it surely means one of them.

    It does where its name stands before them, where a total is the sum of those before it, and where its name says
    nothing but its kind, of which there is one value.
    """
    words = {*name.casefold().split()}
    of_kind = _of_kind(text, values, words) if kind == NUMBER else list(values)
    sure = (
        _behind(text, of_kind, name)
        or (_sums(text, values) if kind == NUMBER and words & TOTAL_WORDS else [])
        or _only_one(text, of_kind, words, kind)
    )
    return sure or of_kind, bool(sure)


def without_labels(text: str, values: Sequence[StatedValue]) -> list[StatedValue]:
    """Return the values before which no label stands on their line: `Due: 30/09/2026` is no other date."""
    return [one for one in values if not LABEL.fullmatch(text, text.rfind("\n", 0, one.start) + 1, one.start)]


def _sums(text: str, values: Sequence[StatedValue]) -> list[StatedValue]:
    """Return the last amount of a text that is the sum of those right before it, two at least."""
    amounts = [one for one in values if one.unit == "money" or DECIMALS.search(text, one.start, one.end)]
    for last in range(len(amounts) - 1, FEWEST_SUMMANDS - 1, -1):
        total = Decimal(str(amounts[last].value))
        for number, one in enumerate(reversed(amounts[:last]), 1):
            total -= Decimal(str(one.value))
            if total <= 0:
                if total == 0 and number >= FEWEST_SUMMANDS:
                    return [amounts[last]]
                break
    return []


def _only_one(text: str, values: Sequence[StatedValue], words: set[str], kind: str) -> list[StatedValue]:
    """Return the one value that a field can mean whose name says nothing but its kind; nothing where there are more."""
    if not words <= BARE_NAMES.get(kind, frozenset()):
        return []
    if kind == NUMBER:
        own = [one for one in values if one.unit == "money"]
    else:
        own = [
            one
            for one in without_labels(text, values)
            if not DEADLINE.search(text, max(0, one.start - NEAR), one.start)
        ]
    return own[:1] if len({one.value for one in own}) == 1 else []


def _of_kind(text: str, values: Sequence[StatedValue], words: set[str]) -> list[StatedValue]:
    for unit, hints in (("percent", SHARE_WORDS), ("money", MONEY_WORDS), ("", COUNT_WORDS)):
        if words & hints and (of_unit := [one for one in values if one.unit == unit]):
            return of_unit
    if words & MONEY_WORDS:  # no sum is written `one`
        values = [one for one in values if any(map(str.isdigit, text[one.start : one.end]))]
    elif words & COUNT_WORDS:
        values = [one for one in values if one.unit not in ("money", "percent")]
    if words & YEAR_WORDS and (years := [one for one in values if one.unit in ("year", "date")]):
        return years
    return [one for one in values if one.unit not in ("date", "year")] or [*values]


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
            value = ISO_FORMS[kind](passage, True if DOTTED.match(passage) else day_first_in(text, passage))
            if value is not None and fits(value):
                yield StatedValue(value, start, last, "date")
                break
