"""Another way to write the same value: what a value of the wrong form plainly means, by what the schema says of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from slotfill.extractors.record import Risk
from slotfill.schemas import exact_json
from slotfill.schemas.schema import WRAPPER

__all__ = ["Meaning", "meaning", "takes", "types_of"]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}
_BOOLEANS = {"true": True, "yes": True, "y": True, "on": True, "false": False, "no": False, "n": False, "off": False}
_NOTHING = frozenset(
    ["", "-", "\u2013", "\u2014", "n/a", "na", "n.a.", "nan", "nil", "none", "null", "undefined", "unknown"]
    + [f"not {what}" for what in ("applicable", "available", "given", "specified", "stated")]
)
_NUMBER = re.compile(r"[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(\.\d+)?", re.ASCII)
_SEPARATORS = re.compile(r"[,;|\n•]")
_MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october"]
_MONTHS += ["november", "december"]
_DAY, _MONTH, _YEAR = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?", r"(?P<name>[a-z]{3,9})\.?", r"(?P<year>\d{4})"
_DATES = (
    re.compile(rf"{_DAY}(?: of)?[ -]{_MONTH},?[ -]{_YEAR}", re.IGNORECASE | re.ASCII),
    re.compile(rf"{_MONTH} {_DAY},? {_YEAR}", re.IGNORECASE | re.ASCII),
    re.compile(r"(?P<year>\d{4})([/.-])(?P<month>\d{1,2})\2(?P<day>\d{1,2})", re.ASCII),
    re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})", re.ASCII),
)
_WEEKDAY = re.compile(r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,? ", re.IGNORECASE)
_EITHER_WAY = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})", re.ASCII)
_CLOCK = re.compile(
    r"(?P<date>.+?)(?:T|,? (?:at )?)(?P<clock>\d{2}:\d{2})(?P<seconds>:\d{2}(?:\.\d+)?)? ?"
    r"(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a value was meant to be. kind: that of the edit."""

    kind: str
    value: Any
    risk: Risk


Schemas = Sequence[Mapping[str, Any]]


def meaning(value: Any, schemas: Schemas, digits: Callable[[], str]) -> Meaning | None:
    """Give the one value that this one plainly stands for, None where there is none or more than one.

    schemas: all that may speak of it; of a union, every alternative.
    digits: gives a number as it was written.
    """
    for ways in (_scalars(value, schemas, digits), _containers(value, schemas)):
        found = {json.dumps(way.value): way for way in reversed([*ways])}
        if len(found) == 1:
            return next(iter(found.values()))
        if found:
            return None
    return None


def takes(schemas: Schemas, value: Any) -> bool:
    """Tell whether an alternative takes a value, by type and by what it lists."""
    return any(_takes(schema, value) for schema in schemas)


def _takes(schema: Mapping[str, Any], value: Any) -> bool:
    listed = _listed((schema,))
    if listed:
        return any(type(one) is type(value) and one == value for one in listed)
    return any(_is(value, kind) for kind in _types((schema,)))


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES.get(kind, ())) or (
        kind == "integer" and isinstance(value, float) and value.is_integer()
    )


def types_of(schemas: Schemas) -> frozenset[str]:
    """Give the types that schemas speak of, those of the values that they list included."""
    return frozenset(_types(schemas)).union(kind for one in _listed(schemas) for kind in _TYPES if _is(one, kind))


def _types(schemas: Schemas) -> list[str]:
    named = [schema["type"] for schema in schemas if "type" in schema]
    return [kind for name in named for kind in (name if isinstance(name, list) else [name])]


def _listed(schemas: Schemas) -> list[Any]:
    listed = [value for schema in schemas if isinstance(schema.get("enum"), list) for value in schema["enum"]]
    return listed + [schema["const"] for schema in schemas if "const" in schema]


def _scalars(value: Any, schemas: Schemas, digits: Callable[[], str]) -> Iterator[Meaning]:
    types, listed = types_of(schemas), _listed(schemas)
    match value:
        case bool():
            return
        case str():
            yield from _label(value, [one for one in listed if isinstance(one, str)])
            proposed = [*_words(value, types), *_formatted(value, schemas)]
            yield from (way for way in proposed if takes(schemas, way.value))
        case int() | float():
            if isinstance(value, float) and value.is_integer() and "integer" in types:
                yield Meaning("number", int(value), "none")
            elif "string" in types and takes(schemas, written := digits()):
                yield Meaning("string", written, "low")
            if value in (0, 1) and "boolean" in types:
                yield Meaning("boolean", bool(value), "low")


def _label(text: str, labels: list[str]) -> Iterator[Meaning]:
    """Find the label that differs in letter case and the signs between words alone."""
    for form, risk in ((str.casefold, "none"), (_letters, "low")):
        meant = {label for label in labels if form(label.strip()) == form(text.strip())}
        if len(meant) == 1 and form(text.strip()):
            yield Meaning("case", meant.pop(), risk)  # type: ignore[arg-type]  # both are risks
            return


def _letters(text: str) -> str:
    return re.sub(r"[\s_\-.!*\"'`]+", "", text).casefold()


def _words(text: str, types: frozenset[str]) -> Iterator[Meaning]:
    bare = text.strip()
    if types & {"integer", "number"} and (number := _number(bare)) is not None:
        grouped = "," in bare and "." not in bare and bare.count(",") == 1 and "integer" not in types
        yield Meaning("number", number, "high" if grouped else "low")
    if "boolean" in types and bare.lower() in _BOOLEANS:
        yield Meaning("boolean", _BOOLEANS[bare.lower()], "low")
    if "null" in types and bare.lower() in _NOTHING:
        yield Meaning("null", None, "low")


def _number(text: str) -> int | float | None:
    """Read a number written in full, its thousands maybe apart; None where a float would not hold all of it."""
    if not (_NUMBER.fullmatch(text) or _GROUPED.fullmatch(text)):
        return None
    digits = text.replace(",", "")
    if digits.lstrip("+-").isdecimal():
        return int(digits) if len(digits) <= 4_000 else None  # noqa: PLR2004 - int() refuses longer ones
    number = float(digits)
    return number if Decimal(repr(number)) == Decimal(digits) else None


def _formatted(text: str, schemas: Schemas) -> Iterator[Meaning]:
    formats = {schema.get("format") for schema in schemas}
    bare = text.strip()
    if "date" in formats and (day := _date(bare)):
        yield Meaning("date", day, "low")
    if "date-time" in formats and (moment := _moment(bare)):
        yield Meaning("date", moment, "low")
    strict = formats & {"date", "date-time"} or any("pattern" in schema for schema in schemas)
    if bare and bare != text and strict:
        yield Meaning("space", bare, "none")


def _date(text: str) -> str | None:
    """Write a date as ISO 8601 does; None for one that may be read in two ways."""
    text = _WEEKDAY.sub("", text, count=1)
    if found := _EITHER_WAY.fullmatch(text):
        first, second = int(found[1]), int(found[3])
        if first <= 12 and second <= 12 and first != second:  # noqa: PLR2004 - months
            return None
        return _iso(int(found[4]), min(first, second), max(first, second))
    for form in _DATES:
        if found := form.fullmatch(text):
            parts = found.groupdict()
            month = int(parts["month"]) if "month" in parts else _month(parts["name"].lower())
            return _iso(int(parts["year"]), month, int(parts["day"]))
    return None


def _month(name: str) -> int:
    names = [number for number, month in enumerate(_MONTHS, 1) if name == month or name in (month[:3], month[:4])]
    return names[0] if names else 0


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _moment(text: str) -> str | None:
    found = _CLOCK.fullmatch(text)
    if found is None or (day := _date(found["date"])) is None:
        return None
    zone = (found["zone"] or "").replace("UTC", "Z")
    return f"{day}T{found['clock']}{found['seconds'] or ':00'}{zone}"


def _containers(value: Any, schemas: Schemas) -> Iterator[Meaning]:
    types = types_of(schemas)
    if isinstance(value, list) and len(value) == 1 and "array" not in types:
        yield from _inner("list", value[0], schemas)
    elif isinstance(value, dict) and [*value] == [WRAPPER] and "object" not in types:
        yield from _inner("unwrapped", value[WRAPPER], schemas)
    elif isinstance(value, str) and (parsed := _json(value, types)) is not None:
        yield Meaning("json", parsed, "low")
    elif "array" in types and value is not None and not isinstance(value, list) and not takes(schemas, value):
        several = isinstance(value, str) and _SEPARATORS.search(value)
        yield Meaning("list", [value], "high" if several else "low")


def _inner(kind: str, value: Any, schemas: Schemas) -> Iterator[Meaning]:
    """Give what a list or wrapper holds alone, where that is asked for or can be made so."""
    if takes(schemas, value) or any(_scalars(value, schemas, lambda: json.dumps(value))):
        yield Meaning(kind, value, "low")


def _json(text: str, types: frozenset[str]) -> Any:
    """Read an object or list that was sent as a text."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        parsed = exact_json.loads(text)
    except ValueError:
        return None
    return parsed if any(_is(parsed, kind) for kind in types & {"array", "object"}) else None
