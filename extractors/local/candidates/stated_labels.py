"""Labels that stand in the text: what tells more about a currency or a status than a small model does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

__all__ = ["stated_label"]

SIGNS: Mapping[str, str] = {
    "EUR": r"\u20ac|\beuros?\b",
    "USD": r"(?<![A-Z])(?:US|U\.S\.)?[ ]?\$|\b(?:US |U\.S\. )?dollars?\b|\bbucks\b",
    "GBP": r"\u00a3|\bpounds?(?: sterling)?\b|\bpence\b|\bquid\b",
    "JPY": r"\u00a5|\byen\b",
    "CHF": r"\b(?:Swiss )?francs?\b|\bFr\.",
    "INR": r"\u20b9|\brupees?\b",
    "CNY": r"\byuan\b|\brenminbi\b|\bRMB\b",
    "SEK": r"\bSwedish kron(?:or|a)\b",
    "NOK": r"\bNorwegian kroner?\b",
    "DKK": r"\bDanish kroner?\b",
    "PLN": r"\bz\u0142(?:oty)?\b|\bzlotys?\b",
    "CAD": r"\bCA?\$|\bCanadian dollars?\b",
    "AUD": r"\bAU?\$|\bAustralian dollars?\b",
}
"""How a currency is written, beside its code."""

CODE = re.compile(r"[A-Z]{3}")


def stated_label(text: str, labels: Sequence[str], name: str) -> int | None:
    """Return which label a text states; None where it states none, or several.

    A label is stated that stands behind the field's name on its line (`Status: closed`), and a currency that is the
    only one in the text. That a label is a word of the text says nothing by itself: a positive terminal.
    """
    named = {number for number, label in enumerate(labels) if _stands_behind(text, name, label)}
    if len(named) == 1:
        return named.pop()
    codes = [label for label in labels if CODE.fullmatch(label)]
    if not named and len(codes) > 1 and len(codes) >= len(labels) - 2:  # none, and other
        there = {number for number, label in enumerate(labels) if label in codes and _is_paid_in(text, label)}
        if len(there) == 1:
            return there.pop()
    return None


def _stands_behind(text: str, name: str, label: str) -> bool:
    if not label or not name:
        return False
    phrase = re.escape(name).replace(r"\ ", r"[\s_-]+")
    pattern = rf"(?<![\w-]){phrase}[ \t]*(?:[:=]|\bis\b|-)[ \t]*(?:\n[ \t]*)?{re.escape(label)}(?![\w-])"
    return re.search(pattern, text, re.IGNORECASE) is not None


def _is_paid_in(text: str, code: str) -> bool:
    if re.search(rf"(?<![A-Za-z]){code}(?![A-Za-z])", text):
        return True
    return code in SIGNS and re.search(SIGNS[code], text) is not None
