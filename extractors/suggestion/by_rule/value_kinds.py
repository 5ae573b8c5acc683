"""What the values of one field are, by what they look like: a date, a number, one of a few, or a passage."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date

from slotfill.extractors.suggestion.proposal import PartType

__all__ = ["kind_of_values"]

ENOUGH_VALUES, MOST_CHOICES, LONGEST_CHOICE = 4, 6, 30
"""From how many values on they may be one of a few; how many few are; how long one of them is."""

_WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,8})", re.ASCII)
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d{0,8})(?:\.\d{1,6})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_YES_NO = frozenset({"yes", "no", "true", "false"})

_OF_IDENTIFIERS = frozenset(
    {
        *("account", "card", "code", "customer", "iban", "id", "isbn", "key", "order", "pin", "room", "serial", "sku"),
        *("fax", "mobile", "phone", "tel", "telefon", "telephone", "plz", "postcode", "zip", "ref", "reference"),
        *("no", "nr", "number", "nummer", "tax", "ticket"),
    }
)
"""Words of names whose digits are no number: nobody adds them up, and some begin with a nought."""


def kind_of_values(values: Sequence[str], name: str = "") -> tuple[PartType, list[str]]:
    """Return what values of one field are, and the labels where they are one of a few.

    Args:
        values: Those of all samples; at least one.
        name: The field's key: the number of an order is no number.
    """
    if all(map(_is_date, values)):
        return "date", []
    if all(value.casefold() in _YES_NO for value in values):
        return "yes/no", []
    if not _OF_IDENTIFIERS & {*name.split("_")}:
        if all(map(_WHOLE.fullmatch, values)):
            return "whole number", []
        if all(map(_DECIMAL.fullmatch, values)):
            return "number", []
    labels = _choices(values)
    return ("label", labels) if labels else ("verbatim", [])


def _is_date(value: str) -> bool:
    try:
        return bool(_DATE.fullmatch(value)) and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _choices(values: Sequence[str]) -> list[str]:
    """Return the few values that all are one of: each stands there twice on the average, and they are words."""
    counts = Counter(value.casefold() for value in values)
    few = 1 < len(counts) <= min(MOST_CHOICES, len(values) // 2)
    if len(values) < ENOUGH_VALUES or not few or any(len(value) > LONGEST_CHOICE for value in values):
        return []
    spelling = {value.casefold(): value for value in reversed(values)}
    return [spelling[value] for value in counts]
