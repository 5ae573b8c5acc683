"""Constraints in words: how a description says what structured output has no keyword for, and how it is read again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache

from slotfill.schemas.json_values.json_types import JSON, JSONMapping, JSONObject
from slotfill.schemas.verbatim import FORMAT

__all__ = ["TEMPLATES", "in_words", "out_of_words"]

TEMPLATES: Mapping[str, str] = {
    "oneOf": "exactly one of the alternatives holds",
    "format": "format: {}",
    "pattern": "matches the regular expression {}",
    "minLength": "characters: at least {}",
    "maxLength": "characters: at most {}",
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minItems": "items: at least {}",
    "maxItems": "items: at most {}",
    "uniqueItems": "no item twice",
    "minProperties": "keys: at least {}",
    "maxProperties": "keys: at most {}",
    "x-decimal": "a decimal number of {}",
}
"""By keyword that a description can stand in for: how it reads there. Clauses are parted by semicolons."""

_VERBATIM = "copied word for word from the document"
_DIGITS = {"max_digits": "at most {} digits", "decimal_places": "at most {} decimal places"}
_TEXTS = ("format", "pattern")
_CLAUSES = {
    keyword: re.compile(re.escape(template).replace(r"\{\}", "(.+)"), re.DOTALL)
    for keyword, template in TEMPLATES.items()
    if keyword != "oneOf"  # its alternatives travel as `anyOf`
}


def in_words(keyword: str, value: JSON) -> str:
    """Say one constraint in words."""
    template = TEMPLATES[keyword]
    if keyword == "format" and value == FORMAT:
        return _VERBATIM
    if keyword == "x-decimal" and isinstance(value, Mapping):
        return template.format(
            " and ".join(text.format(value[name]) for name, text in _DIGITS.items() if name in value)
        )
    if isinstance(value, bool) and "{}" in template:  # draft 4: `exclusiveMinimum: true`
        return keyword
    return template.format(value if isinstance(value, str) else json.dumps(value))


@lru_cache(maxsize=1024)
def out_of_words(description: str) -> JSONMapping:
    """Read the constraints that the last paragraph of a description states; none where it is prose."""
    found: JSONObject = {}
    for clause in re.split(r"; (?=[a-z]+(?::| ))", description.rpartition("\n\n")[2]):
        read = _constraint(clause)
        if read is None:
            return {}
        found |= read
    return found


def _constraint(clause: str) -> JSONObject | None:
    if clause == _VERBATIM:
        return {"format": FORMAT}
    for keyword, expression in _CLAUSES.items():
        if match := expression.fullmatch(clause):
            if keyword == "x-decimal":  # JSON Schema has no keyword for it
                return {}
            return _stated(keyword, match[1] if expression.groups else "true")
    return {} if clause == TEMPLATES["oneOf"] else None


def _stated(keyword: str, text: str) -> JSONObject | None:
    if keyword in _TEXTS:
        return {keyword: text}
    try:
        return {keyword: json.loads(text)}
    except ValueError:
        return None
