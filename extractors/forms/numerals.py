"""Numbers as people write them: with thousands apart, a decimal comma, a currency."""

from __future__ import annotations

import re
from decimal import Decimal

from slotfill.extractors.record.parts import Risk
from slotfill.schemas.json_values import exact_json
from slotfill.schemas.json_values.exact_json import ExactFloat

__all__ = ["CURRENCY", "json_number", "read_number", "whole_number"]

_PLAIN = re.compile(r"(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_GROUPED = re.compile(
    r"""
      (?P<whole>[1-9]\d{0,2} (?: (?:,\d{3})+ | (?:[ ]\d{3})+ | (?:_\d{3})+ | (?:['\u2019]\d{3})+ )) (?:\.(?P<part>\d+))?
    | (?P<whole2>[1-9]\d{0,2} (?: (?:\.\d{3})+ | (?:[ ]\d{3})+ )) ,(?P<part2>\d+)    # 1.234,50
    | (?P<whole3>[1-9]\d{0,2} (?:\.\d{3}){2,})                                       # 1.234.567
    """,
    re.ASCII | re.VERBOSE,
)
_DECIMAL_COMMA = re.compile(r"(0|[1-9]\d*),(\d+)", re.ASCII)  # 24,50 and 0,125; 1,234 was grouped before
_BARE_POINT = re.compile(r"(0|[1-9]\d*)?\.(\d+)?", re.ASCII)  # .5 and 5.
_UNDERSCORED = re.compile(r"\d+(?:_\d+)+(?:\.\d+)?", re.ASCII)
_ONE_GROUP = re.compile(r"\d{1,3}[, ]\d{3}", re.ASCII)  # 1,234: a thousand, or a fraction; 1 234: two numbers?
_ONE_POINT = re.compile(r"[1-9]\d{0,2}\.\d{3}", re.ASCII)  # € 1.234: a thousand, where the comma is for cents
_SIGNS = str.maketrans({"\u2212": "-", "\u00a0": "\u202f", "\u2009": "\u202f"})
CURRENCY = (
    r"(?:(?:US|CA|AU|NZ|HK|S|R|A|C)?\$|[€£¥₹₽₩₺₴₪฿₫₦₱₫]|"
    r"(?:AED|ARS|AUD|BGN|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EGP|EUR|GBP|HKD|HUF|IDR|ILS|INR|ISK|JPY|KRW|MAD|MXN|MYR|NGN|"
    r"NOK|NZD|PEN|PHP|PLN|QAR|RON|RSD|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR)(?![A-Za-z]))"
)
"""A currency beside a sum, as a sign or as one of the codes of ISO 4217 that are met most."""

_PRICE = re.compile(rf"([+-]?)\s*(?:{CURRENCY})?\s*([+-]?)\s*(\.?\d.*?)\s*(?:{CURRENCY})?", re.ASCII)


def read_number(text: str, *, whole: bool) -> tuple[str, Risk] | None:
    """Read a number written in full: gives its digits as JSON has them, None for what is none.

    whole: whether it can only be an integer: `1,234` is then no decimal fraction.
    """
    price = _PRICE.fullmatch(text.strip().translate(_SIGNS))
    if price is None or (price[1] and price[2]):
        return None
    sign = "-" if "-" in (price[1], price[2]) else ""
    digits, risk = _digits(price[3], whole=whole)
    if price[3] != text.strip(" +-") and _ONE_POINT.fullmatch(digits):
        risk = "high"
    return (sign + digits, risk) if digits else None


def json_number(digits: str) -> int | float | None:
    """Return the number of these digits; None where no double holds all of it."""
    try:
        number = exact_json.loads(digits)
    except ValueError:
        return None
    return None if isinstance(number, ExactFloat) or not isinstance(number, int | float) else number


def whole_number(number: float) -> int:
    """Return a number without a fraction as an integer, by the digits that are written: 1e30 has thirty zeros."""
    digits = number.digits if isinstance(number, ExactFloat) else repr(number)
    return int(Decimal(digits))


def _digits(text: str, *, whole: bool) -> tuple[str, Risk]:
    spaced = text.replace("\u202f", " ")
    if _PLAIN.fullmatch(text):
        return text, "low"
    if match := _GROUPED.fullmatch(spaced):
        doubtful = _ONE_GROUP.fullmatch(text) and not (whole and "," in text)
        grouped = match["whole"] or match["whole2"] or match["whole3"]
        part = match["part"] or match["part2"]
        return re.sub(r"\D", "", grouped) + (f".{part}" if part else ""), "high" if doubtful else "low"
    if match := _DECIMAL_COMMA.fullmatch(text):
        return f"{match[1]}.{match[2]}", "low"
    if match := _BARE_POINT.fullmatch(text):
        return f"{match[1] or 0}" + (f".{match[2]}" if match[2] else ""), "low"
    return (text.replace("_", ""), "low") if _UNDERSCORED.fullmatch(text) else ("", "low")
