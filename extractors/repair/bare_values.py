"""Values that stand in nearly JSON without quotes: numbers of another notation, literals of other languages, words."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from slotfill.extractors.forms.vocabulary import is_nothing
from slotfill.extractors.record.parts import Risk
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["BareValue", "read_bare"]

_LITERALS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "none": None}
_LITERALS |= dict.fromkeys(("nan", "nil", "undefined"))
"""Truth and nothing in JavaScript, Python and Ruby, in lower case. JSON has no NaN: it stands for no number."""

_NUMBERS = frozenset({"inf", "infinity"})
"""Numbers that JSON has not, in lower case: no text that lacks its quotes."""

_PYTHON = frozenset({"true", "false", "none"})

_NUMBER = re.compile(
    r"""
    [+-]?
    (?: \d++(?:_\d++)++ (?:\.\d++)?    # 82_461
      | \d++\.?\d*+                    # 007, 1.
      | \.\d++                         # .5
    )
    (?:[eE][+-]?\d++)?
    (?![\w.+:%€$£¥-]|/[^/*])
    """,
    re.ASCII | re.VERBOSE,
)
_NOTHING = re.compile(r"[nN]/[aA](?=\s*+[,}\])])")
_LITERAL = re.compile(r"(?:True|False|None|undefined|NaN|nil)\b")
_WORD = re.compile(r"[^\W\d][\w.+-]*+(?=\s*+(?:[,}\])]|//|/\*))")
_LEADING_DIGIT = re.compile(r"""[+-]?[€$£¥]?\d[^\s"'`,{}\[\]()]*+(?=\s*+(?:[,}\])]|//|/\*))""")  # 2026-03-03, 12kg, €5
_PHRASE = re.compile(r"[^\W\d_][^\"'`,:{}\[\]\n]*+(?=\s*+[,}\]])")


@dataclass(frozen=True, slots=True)
class BareValue:
    """What stands at a place without quotes.

    raw: as it is written. digits: those of a number, as JSON has them, None for what is none. value: of all else.
    kind, after, risk: of the repair.
    """

    raw: str
    kind: str
    after: str
    risk: Risk = "low"
    digits: str | None = None
    value: JSON = None


def read_bare(text: str, at: int, end: int) -> BareValue | None:
    """Read what starts at a place; None where it makes no sense."""
    if match := _LITERAL.match(text, at, end):
        return _word(match[0])
    if match := _NUMBER.match(text, at, end):
        digits = _json_digits(match[0].replace("_", ""))
        return BareValue(match[0], "number_form", digits, digits=digits)
    if match := _NOTHING.match(text, at, end):  # null, or these three signs
        return BareValue(match[0], "unquoted_value", json.dumps(match[0]), "high", value=match[0])
    for pattern in (_WORD, _LEADING_DIGIT, _PHRASE):
        if match := pattern.match(text, at, end):
            return _word(match[0])
    return None


def _word(raw: str) -> BareValue:
    word = raw.rstrip()
    if (literal := word.lower()) in _LITERALS:
        value = _LITERALS[literal]
        kind = "python_literal" if literal in _PYTHON else "literal"
        return BareValue(raw, kind, json.dumps(value), value=value)
    plain = word == raw and " " not in word and literal not in _NUMBERS and not is_nothing(word)
    return BareValue(
        raw, "unquoted_value", json.dumps(word, ensure_ascii=False), "low" if plain else "high", value=word
    )


def _json_digits(digits: str) -> str:
    """Write a number as JSON does: no plus, no zeros in front, digits on both sides of the point."""
    sign, digits = "-" if digits.startswith("-") else "", digits.lstrip("+-")
    mantissa, exponent, power = digits.replace("E", "e").partition("e")
    whole, point, rest = mantissa.partition(".")
    return f"{sign}{whole.lstrip('0') or '0'}{point and '.' + (rest or '0')}{exponent}{power}"
