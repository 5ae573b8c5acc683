"""JSON read and written without loss: every digit of a number, and no key that stands twice.

The standard library rounds 12345678901234567890.12 to a double and keeps the last of two equal keys. Here such a number
is an `ExactFloat`, a float that knows its digits, and such a key is an error.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from decimal import Decimal
from typing import ClassVar, NoReturn, Self

from slotfill.schemas.json_values.json_types import JSON, JSONObject

__all__ = [
    "MAX_JSON_DEPTH",
    "DuplicateKeyError",
    "ExactFloat",
    "decode_at",
    "dumps",
    "exact_float",
    "has_exact_floats",
    "is_same",
    "loads",
    "read_again",
    "with_digits",
    "with_whole_numbers",
]

MAX_JSON_DEPTH = 200
"""How deep lists and objects may be nested: as deep as Pydantic's own parser goes."""

_SAFE_DIGITS = 15
"""Any decimal number of so many significant digits survives as a double (IEEE 754, binary64)."""


class DuplicateKeyError(ValueError):
    """An object holds one key twice. key: which."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the key {key!r} stands twice in one object")
        self.key = key


class ExactFloat(float):
    """A number that no double holds: it compares by its digits, and counts as the nearest double elsewhere.

    digits: the number as JSON writes it.
    """

    digits: str
    exists: ClassVar = False
    """Whether there has been any in this process: in most there never is, and nobody has to look for them."""

    def __new__(cls, digits: str) -> Self:
        """Make the number of its digits."""
        ExactFloat.exists = True
        number = super().__new__(cls, digits)
        number.digits = digits
        return number

    @property
    def exact(self) -> Decimal:
        """The number itself."""
        return Decimal(self.digits)

    def is_integer(self) -> bool:
        """Whether it has no fraction: 9007199254740993.0 has none, 9007199254740993.5 does."""
        return self.exact == self.exact.to_integral_value()

    def __int__(self) -> int:
        return int(self.exact)

    def __repr__(self) -> str:
        return self.digits

    def __eq__(self, other: object) -> bool:
        return bool(self.exact == _comparable(other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __lt__(self, other: JSON) -> bool:
        return bool(self.exact < _comparable(other))

    def __le__(self, other: JSON) -> bool:
        return bool(self.exact <= _comparable(other))

    def __gt__(self, other: JSON) -> bool:
        return bool(self.exact > _comparable(other))

    def __ge__(self, other: JSON) -> bool:
        return bool(self.exact >= _comparable(other))

    def __hash__(self) -> int:
        return hash(self.exact)

    def __copy__(self) -> ExactFloat:
        return self

    def __deepcopy__(self, _: object) -> ExactFloat:
        return self

    def __reduce__(self) -> tuple[type[ExactFloat], tuple[str]]:
        return ExactFloat, (self.digits,)


def loads(text: str) -> JSON:
    """Read a text that is JSON and nothing else.

    Raises ValueError for what is no JSON, or what JSON cannot write again: NaN, Infinity, a number beyond all doubles,
    half a surrogate pair, more than `MAX_JSON_DEPTH` levels. Raises DuplicateKeyError, which is one, for a key that
    stands twice in an object.
    """
    start = len(text) - len(text.lstrip(" \t\r\n"))
    value, end = decode_at(text, start)
    if rest := text[end:].strip(" \t\r\n"):
        raise ValueError(f"more stands behind the value, at character {end}: {rest[:20]!r}")
    return value


def decode_at(text: str, start: int) -> tuple[JSON, int]:
    """Read the JSON value that starts at a place of a text; give it and its end. Raises as `loads` does."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    if isinstance(value, dict | list) and text.count("[", start, end) + text.count("{", start, end) > MAX_JSON_DEPTH:
        _check_depth(value)
    if not text.isascii():
        text[start:end].encode()  # refuses half a surrogate pair
    if text.find("\\u", start, end) >= 0:
        _encoded(value).encode()  # an escape can make one, too
    return value, end


def read_again(text: str) -> JSON:
    """Read what `dumps` wrote, in half the time: it is known to be JSON."""
    return _WRITTEN.decode(text)


def dumps(data: JSON, *, indent: int | None = None) -> str:
    """Write JSON, a number that was read exactly with all its digits. Raises ValueError for NaN and Infinity."""
    write = _encoded if indent is None else json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=indent).encode
    text = write(data)
    return _MARKED.sub(r"\1", write(_marked(data))) if has_exact_floats(data) else text


def is_same(one: JSON, other: JSON) -> bool:
    """Compare as JSON does: 1 and 1.0 are one number, 1 is not true, and the order of keys says nothing."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(part, other[key]) for key, part in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    are_numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (one, other))
    return bool((are_numbers or type(one) is type(other)) and one == other)


def with_digits(data: JSON) -> JSON:
    """Return a copy of plain JSON data in which each number that was read exactly is the text of its digits."""
    if isinstance(data, ExactFloat):
        return data.digits
    if isinstance(data, dict):
        return {key: with_digits(part) for key, part in data.items()}
    return [*map(with_digits, data)] if isinstance(data, list) else data


def has_exact_floats(data: JSON) -> bool:
    """Whether plain JSON data holds a number that no double holds. Nearly all does not: this has to be fast."""
    if not ExactFloat.exists:
        return False
    rest: list[JSON] = [[data]]
    for holder in rest:  # it grows as it is read
        for part in holder.values() if isinstance(holder, dict) else holder:
            if type(part) in _PLAIN:
                continue
            if isinstance(part, ExactFloat):
                return True
            if isinstance(part, (dict, list)):
                rest.append(part)
    return False


_TOO_DEEP = f"lists and objects are nested more than {MAX_JSON_DEPTH} times"

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)

_make_encoder = getattr(json.encoder, "c_make_encoder", None)  # None where Python is not CPython
_encode = _make_encoder and _make_encoder(
    None, _ENCODER.default, json.encoder.encode_basestring, None, ": ", ", ", False, False, False
)


def _encoded(data: JSON) -> str:
    """Write as `JSONEncoder.encode` does, which makes anew for each value what it is written by: a third of all."""
    return "".join(_encode(data, 0)) if _encode else _ENCODER.encode(data)


_PLAIN = frozenset({str, int, float, bool, type(None)})

_MARK = "\ufdd0"
"""Stands before an exact number's digits while it is written: a noncharacter, which no text should hold."""

_MARKED = re.compile(rf'"{_MARK}([-+.0-9eE]+)"')


def _marked(value: JSON) -> JSON:
    if isinstance(value, ExactFloat):
        return _MARK + value.digits
    if isinstance(value, dict):
        return {key: _marked(part) for key, part in value.items()}
    return [*map(_marked, value)] if isinstance(value, list) else value


def _comparable(other: object) -> JSON:
    if isinstance(other, ExactFloat):
        return other.exact
    return Decimal(repr(other)) if isinstance(other, float) else other  # as it is written: 0.1, and no 0.100…0555


def _object(pairs: list[tuple[str, JSON]]) -> JSONObject:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise DuplicateKeyError(Counter(key for key, _ in pairs).most_common(1)[0][0])
    return value


def exact_float(digits: str) -> float:
    """Return the number that JSON writes with these digits. Raises ValueError for one beyond all doubles."""
    number = float(digits)
    if len(digits) <= _SAFE_DIGITS and "e" not in digits and "E" not in digits:
        return number
    if not math.isfinite(number):
        raise ValueError(f"the number {digits[:20]} is beyond what a double holds")
    return number if Decimal(repr(number)) == Decimal(digits) else ExactFloat(digits)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=exact_float, parse_constant=_refuse)


_WRITTEN = json.JSONDecoder(parse_float=exact_float)
"""Reads what `dumps` wrote."""


def _check_depth(value: JSON) -> None:
    level, depth = [value], 0
    while level and depth <= MAX_JSON_DEPTH:
        nodes = [node.values() if isinstance(node, dict) else node for node in level]
        level, depth = [child for node in nodes for child in node if isinstance(child, dict | list)], depth + 1
    if level:
        raise ValueError(_TOO_DEEP)


def with_whole_numbers(data: JSON) -> JSON:
    """Return a copy of plain JSON data in which whole numbers that no double holds are integers: 9007199254740993.0."""
    if isinstance(data, ExactFloat):
        return int(data) if data.is_integer() else data
    if isinstance(data, dict):
        return {key: with_whole_numbers(part) for key, part in data.items()}
    return [*map(with_whole_numbers, data)] if isinstance(data, list) else data
