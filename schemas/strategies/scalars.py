"""Strategies for strings and numbers, within what the schemas of one place say of them together."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC
from fractions import Fraction
from functools import cache
from sys import float_info

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption

from slotfill.schemas.json_schema.formats import conforms
from slotfill.schemas.json_schema.patterns import OutOfTimeError, for_python, matches_somewhere
from slotfill.schemas.json_values.json_types import JSON, JSONMapping
from slotfill.schemas.passages.boundaries import next_boundary, previous_boundary
from slotfill.schemas.passages.passages import stands_in
from slotfill.schemas.strategies.filtering import filtered
from slotfill.schemas.verbatim import FORMAT

__all__ = ["ANY_TEXT", "JSON_VALUES", "matching", "numbers", "strings", "values_of", "whole_numbers"]

Schemas = Sequence[JSONMapping]
"""The schemas that speak of one value: it has to satisfy each."""

_CHARACTERS = st.characters(codec="utf-8")  # no lone surrogates: JSON that travels has none

ANY_TEXT = st.text(_CHARACTERS)
"""Any string."""

_FAR = 10**18
"""How far whole numbers without a bound go: Python writes no integer of thousands of digits."""

_VAST = 1e100
"""How far other numbers without a bound go: the product of three is finite, as that of any text's numbers is."""

JSON_VALUES: st.SearchStrategy[JSON] = st.recursive(
    st.none() | st.booleans() | st.integers(-_FAR, _FAR) | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=5,
)
"""Any JSON value."""

_LONG = 100
"""From this length on strings repeat themselves: drawn letter by letter they would exhaust Hypothesis."""

_LABEL = "[a-z][a-z0-9]{0,9}"
_HOST = rf"{_LABEL}(\.{_LABEL}){{1,2}}"

_FORMATS: Mapping[str, st.SearchStrategy[str]] = {
    "date": st.dates().map(str),
    "date-time": st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat()),
    "time": st.times(timezones=st.just(UTC)).map(lambda time: time.isoformat()),
    "duration": st.from_regex(r"P[1-9][0-9]{0,2}DT[1-9][0-9]?H", fullmatch=True),
    "email": st.from_regex(rf"{_LABEL}@{_HOST}", fullmatch=True),
    "hostname": st.from_regex(_HOST, fullmatch=True),
    "uri": st.from_regex(rf"https://{_HOST}(/{_LABEL}){{0,3}}", fullmatch=True),
    "uuid": st.uuids().map(str),
    "ipv4": st.ip_addresses(v=4).map(str),
    "ipv6": st.ip_addresses(v=6).map(str),
    "ipvanyaddress": st.ip_addresses().map(str),
    "json-pointer": st.from_regex(rf"(/{_LABEL}){{0,3}}", fullmatch=True),
    "uri-reference": st.from_regex(rf"(/{_LABEL}){{0,3}}(\?{_LABEL})?(#{_LABEL})?", fullmatch=True),
    "iri": st.from_regex(rf"https://{_HOST}(/é{_LABEL}){{0,3}}", fullmatch=True),
    "iri-reference": st.from_regex(rf"(/é{_LABEL}){{0,3}}", fullmatch=True),
    "idn-email": st.from_regex(rf"é{_LABEL}@{_HOST}", fullmatch=True),
    "idn-hostname": st.from_regex(rf"é{_LABEL}\.{_HOST}", fullmatch=True),
    "uri-template": st.from_regex(rf"/{_LABEL}(/\{{{_LABEL}\}}){{0,2}}", fullmatch=True),
    "relative-json-pointer": st.from_regex(rf"[0-9](/{_LABEL}){{0,2}}", fullmatch=True),
    "regex": st.from_regex(r"\^[a-z0-9]{0,5}\$", fullmatch=True),
    "base64": st.from_regex("([A-Za-z0-9]{4}){0,5}", fullmatch=True),
}
"""By format: strings that conform to it. Other formats get any string."""


def strings(
    schemas: Schemas, document: str | None, conforms: Callable[[str, str], bool] = conforms
) -> st.SearchStrategy[str]:
    """Return strings.

    document: where one is given, `format: verbatim` quotes it.
    conforms: tells whether a string conforms to a format, where that is checked.
    """
    least = max((0, *values_of(schemas, "minLength")))
    most = min((math.inf, *values_of(schemas, "maxLength")))
    if least > most:
        return st.nothing()
    patterns, formats = values_of(schemas, "pattern"), values_of(schemas, "format")

    def fits(text: str) -> bool:
        is_sized = least <= len(text) <= most
        return (
            is_sized and all(_is_found(one, text) for one in patterns) and all(conforms(one, text) for one in formats)
        )

    quoted = FORMAT in formats and document is not None
    kinds = [_passages(document or "", most)] if quoted else [*_kinds(schemas, least, most)]
    fitted = [filtered(texts, fits) for texts in kinds]
    return fitted[0] if len(fitted) == 1 else _first(fitted)


@st.composite
def _first(draw: st.DrawFn, kinds: Sequence[st.SearchStrategy[str]]) -> str:
    """Draw from the first kind that has anything, starting with any of them."""
    start = draw(st.integers(0, len(kinds) - 1))
    for texts in (*kinds[start:], *kinds[:start]):
        with suppress(UnsatisfiedAssumption):
            return draw(texts)
    return reject()


def _kinds(schemas: Schemas, least: float, most: float) -> Iterator[st.SearchStrategy[str]]:
    """Yield strings by what is said of them: each kind satisfies one thing, and may satisfy all."""
    formats = [_FORMATS[name] for name in values_of(schemas, "format") if name in _FORMATS]
    patterns = values_of(schemas, "pattern")
    yield from formats
    for pattern in patterns:
        yield matching(pattern).map(lambda text: _fitted(text, least, most))
        yield matching(pattern, whole=True)
    if "application/json" in values_of(schemas, "contentMediaType"):
        yield JSON_VALUES.map(json.dumps)
    elif not formats and not patterns:
        size = int(min(least, _LONG)), int(min(most, _LONG))
        yield st.text(_CHARACTERS, min_size=size[0], max_size=size[1]).map(lambda text: _fitted(text, least, most))


@cache
def matching(pattern: str, *, whole: bool = False) -> st.SearchStrategy[str]:
    """Return strings in which an ECMA-262 pattern is found, or any where the standard library cannot be told it.

    whole: whether there is nothing around it.
    """
    expression = for_python(pattern)
    try:
        drawn = st.from_regex(re.compile(expression or "", re.ASCII), alphabet=_CHARACTERS, fullmatch=whole)
        drawn.validate()
    except (re.error, ValueError):
        return ANY_TEXT
    return ANY_TEXT if expression is None else drawn


def _is_found(pattern: str, text: str) -> bool:
    try:
        return matches_somewhere(pattern, text)
    except OutOfTimeError:
        return False


def _fitted(text: str, least: float, most: float) -> str:
    """Repeat or cut a text to a length."""
    if len(text) > most:
        return text[: int(most)]
    return (text * math.ceil(least / len(text)))[: int(least)] if text and len(text) < least else text


def _passages(document: str, most: float) -> st.SearchStrategy[str]:
    """Return passages of a document that say something: runs of words, and any others."""
    words = [match.span() for match in re.finditer(r"\S+", document)]
    if not words:
        return st.nothing()
    ends = st.tuples(st.sampled_from(words), st.sampled_from(words))
    runs = ends.map(lambda pair: (min(pair)[0], max(pair)[1]))
    places = st.integers(0, len(document))
    others = st.tuples(places, places).map(lambda pair: (next_boundary(document, min(pair)), max(pair)))
    passages = (runs | others).map(lambda where: _passage(document, *where, most))
    return filtered(passages, lambda passage: stands_in(passage, document))


def _passage(document: str, start: int, end: int, most: float) -> str:
    """Return the words and figures of a passage that are no longer than that."""
    return document[start : previous_boundary(document, int(min(end, start + most)))]


def whole_numbers(schemas: Schemas) -> st.SearchStrategy[float]:
    """Return integers."""
    return _multiples(schemas, Fraction(1))


def numbers(schemas: Schemas) -> st.SearchStrategy[float]:
    """Return numbers that JSON can write, whole ones among them."""
    if factors := values_of(schemas, "multipleOf"):
        return _multiples(schemas, _written(factors[0]))
    low, high = _bounds(schemas)
    least, most = (_float(low[0]) if low else None), (_float(high[0]) if high else None)
    if least is not None and most is not None and least > most:
        return st.nothing()
    fractions = st.floats(*_ends(least, most), allow_nan=False, allow_infinity=False)
    written = _multiples(schemas, Fraction(1, 100))  # as prices and measures are
    return (fractions.map(lambda number: number or 0.0) | written | whole_numbers(schemas)).filter(
        lambda number: _is_within(number, low, high)
    )


def _ends(least: float | None, most: float | None) -> tuple[float | None, float | None]:
    """Return how far numbers go, where no bound says so."""
    if least is None and (most is None or most > -_VAST):
        least = -_VAST
    if most is None and (least is None or least < _VAST):
        most = _VAST
    return least, most


Bound = tuple[float, bool] | None
"""A number, and whether it is itself excluded."""


def _bounds(schemas: Schemas) -> tuple[Bound, Bound]:
    """Return the narrowest bounds; draft 4 has `exclusiveMinimum: true` beside `minimum`."""
    lows = [(one["minimum"], one.get("exclusiveMinimum") is True) for one in schemas if "minimum" in one]
    lows += [(value, True) for value in values_of(schemas, "exclusiveMinimum") if not isinstance(value, bool)]
    highs = [(one["maximum"], one.get("exclusiveMaximum") is True) for one in schemas if "maximum" in one]
    highs += [(value, True) for value in values_of(schemas, "exclusiveMaximum") if not isinstance(value, bool)]
    return max(lows, default=None), min(highs, key=lambda bound: (bound[0], not bound[1]), default=None)


def _is_within(number: float, low: Bound, high: Bound) -> bool:
    above = low is None or number > low[0] or (number == low[0] and not low[1])
    return above and (high is None or number < high[0] or (number == high[0] and not high[1]))


def _multiples(schemas: Schemas, step: Fraction) -> st.SearchStrategy[float]:
    for factor in values_of(schemas, "multipleOf"):
        step = _common(step, _written(factor))
    low, high = _bounds(schemas)
    least = math.ceil(_written(low[0]) / step) if low else None
    most = math.floor(_written(high[0]) / step) if high else max(least or 0, 0) + _FAR
    least = min(most, 0) - _FAR if least is None else least
    if least > most:
        return st.nothing()
    steps = st.integers(least, most).map(lambda count: _number(count * step))
    return steps.filter(lambda number: _is_within(number, low, high))


def _common(one: Fraction, other: Fraction) -> Fraction:
    """Return the least common multiple."""
    multiple = math.lcm(one.numerator * other.denominator, other.numerator * one.denominator)
    return Fraction(multiple, one.denominator * other.denominator)


def _written(number: float) -> Fraction:
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def _number(fraction: Fraction) -> float:
    is_whole = fraction.denominator == 1 or abs(fraction) > float_info.max
    return int(fraction) if is_whole else float(fraction)


def _float(number: float) -> float:
    return float(min(max(number, -float_info.max), float_info.max))


def values_of(schemas: Schemas, keyword: str) -> list[JSON]:
    """Return what each of the schemas that has a keyword says by it."""
    return [schema[keyword] for schema in schemas if keyword in schema]
