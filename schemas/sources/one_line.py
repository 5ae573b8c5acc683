"""A schema in one line: `name, age int?, tags [str], address {street, city}`, or `[{name, age int}]` as the whole.

The grammar, with spaces wherever they help:

    whole       = line | list | "{" line "}"
    line        = field { separator field }
    separator   = "," or a line end, or both
    field       = name [ type ] [ "?" ] [ ":" description ]
    type        = choice { bound }
    choice      = list | "{" line "}" | one of TYPES | option "|" option { "|" option }, and "|" "null" with any of them
    list        = [ "list" ] "[" type "]"
    bound       = ( ">=" | ">" | "<=" | "<" ) number, after a type of numbers
    name        = a letter or "_", then letters, digits, "_" and "-", of any script
    option      = a run of anything but spaces and , : | ? [ ] { }, and no name of TYPES
    description = anything but , [ ] { } and line ends, or anything but line ends in quotes, double or single

A line end after "," "|" "[" or "{" says nothing, nor does one before "]" or "}". A field without a type is a `str`; `?`
makes a field optional: it may be absent. With `|null` it may be null: its key is there, unless it is optional, too.
Options are always strings. A whole that begins with `list[` is a list, and no field of that name. A description that
looks as if it had swallowed a type or a field is refused, unless it is quoted; what follows its first quote's fellow
has to end it, or it is none that is quoted. The outcome is a JSON Schema, of an object that allows no other fields or
of a list. Brackets nest up to `MAX_LINE_DEPTH` levels.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from math import inf
from typing import NoReturn

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_schema.decimals import DECIMAL
from slotfill.schemas.json_values.json_types import JSONObject
from slotfill.schemas.marks.free_text import FREE_TEXT_KEYWORD

__all__ = ["FIELD_TYPES", "MAX_LINE_DEPTH", "parse_line"]

FIELD_TYPES: dict[str, JSONObject] = {
    "str": {"type": "string"},
    "string": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "number": {"type": "number"},
    "decimal": {"type": "number", DECIMAL: {}},
    "bool": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "verbatim": {"type": "string", "format": "verbatim"},
    "free-text": {"type": "string", FREE_TEXT_KEYWORD: True},
    "any": {},
}
"""What each type's name means in JSON Schema."""

MAX_LINE_DEPTH = 16
"""How many brackets may stand inside one another."""

_CLOSING = {"[": "]", "{": "}"}
_WORD = re.compile(r"[^\s,:|?\[\]{}]+")
_LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_DESCRIPTION = re.compile(rf"[^,\[\]{{}}{_LINE_ENDS}]*")
_QUOTED = re.compile(
    rf"""
    (?P<quote>["']) (?P<text>(?:(?!(?P=quote))[^{_LINE_ENDS}])*) (?P=quote)      # "the town, and its state"
    (?= [^\S{_LINE_ENDS}]* (?: [,\]}}{_LINE_ENDS}] | $ ) )        # and the field ends behind it
    """,
    re.VERBOSE,
)
_NULL = "null"
_LIST = "list"
_BOUNDED = re.compile(r"(?P<type>\w+)[<>]")
"""Begins a type's name that a bound follows with no space: `int>=0`."""
_BOUND = re.compile(r"(?P<sign>[<>]=?)\s*(?P<number>[^\s,:|?\[\]{}<>]*)")
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_LEAST, _MOST = ("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")
_BOUNDS = {">=": ("minimum", _LEAST), ">": ("exclusiveMinimum", _LEAST)}
_BOUNDS |= {"<=": ("maximum", _MOST), "<": ("exclusiveMaximum", _MOST)}
"""By sign: the keyword, and those of its side."""
_OPTIONS = re.compile(rf"{_WORD.pattern}(\s*\|\s*{_WORD.pattern})+")
_FOREIGN_TYPES = frozenset({"integer", "boolean", "double", "array", "list", "null"})
"""What other languages call a type: as a whole description, one is a type after a colon."""
_NO_PROSE = "str|int|float|bool|datetime|string|integer|boolean"
"""Types' names with which no description begins: `name: str; age`. "date of birth" is one, and "any other name"."""
_TYPE_FIRST = re.compile(rf"(?P<type>{_NO_PROSE})\b\??")
_SWALLOWED = re.compile(
    rf"""
    (?<![\w-])(?P<field>[\w-]+\s+(?:{_NO_PROSE})\??)\s*:            # the name age int: in years
    | ;\s*(?P<last>[\w-]+\s+(?:{_NO_PROSE})\??)\s*(?:;|$)             # the name; age int
    | \\n\s*(?P<line>[\w-]+\s+(?:{"|".join(FIELD_TYPES)})\??)\s*(?:\\|:|$)    # the name\nage int, as shells leave it
    """,
    re.VERBOSE,
)


def parse_line(line: str) -> JSONObject:
    """Turn the line, or several, into a JSON Schema. Raises SchemaError, which names the column, counted from 1."""
    return _Reader(line).whole()


class _Reader:
    """A recursive descent over the line. `at` is the next code point to read, never a space, maybe a line end."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.at = 0
        self.opened: list[int] = []
        self.skip_space(across_lines=True)

    def whole(self) -> JSONObject:
        is_list = self.line.startswith(f"{_LIST}[", self.at)
        if not is_list and self.next not in _CLOSING:
            return self.fields()
        schema = self.list_type() if is_list else self.bracket()
        self.skip_space(across_lines=True)
        if self.next:
            hint = ": for a field of that name write 'list [str]'" if is_list else ""
            self.fail(f"nothing stands behind a bracket that is the whole, found {self.what_stands_here()}{hint}")
        return schema

    def fields(self) -> JSONObject:
        properties: JSONObject = {}
        required: list[str] = []
        while True:
            name = self.name(properties)
            properties[name], is_required = self.field_type(name)
            if is_required:
                required.append(name)
            if not self.separator():
                break
        self.close()
        return {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }

    def separator(self) -> bool:
        """Read on over what stands between two fields, if anything does."""
        start = self.at
        self.skip_space(across_lines=True)
        is_line_end = any(character in _LINE_ENDS for character in self.line[start : self.at])
        return self.take(",") or (is_line_end and self.next not in {"", "]", "}"})

    def name(self, taken: JSONObject) -> str:
        start, word = self.at, self.skip(_WORD)
        if not word:
            self.fail(f"expected a field's name, found {self.what_stands_here()}")
        if word.startswith("-") or not word.replace("-", "_").isidentifier():
            self.fail(f"{_quoted(word)} is no field name: use letters, digits, '_' and '-'", start)
        if word in taken:
            self.fail(f"field {_quoted(word)} stands there twice: rename one", start)
        return word

    def field_type(self, name: str) -> tuple[JSONObject, bool]:
        is_bare = self.next in {"", *",:?]}", *_LINE_ENDS}
        schema = dict(FIELD_TYPES["str"]) if is_bare else self.type()
        is_required = not self.take("?")
        start = self.at
        if self.take(":"):
            description = self.quoted_description()
            if description is None:
                description = self.description()
                self.check_description(name, description, start, is_bare=is_bare)
            schema["description"] = description
        return schema, is_required

    def quoted_description(self) -> str | None:
        """Read a description in quotes; None where there is none."""
        quoted = _QUOTED.match(self.line, self.at)
        if quoted is None:
            return None
        if not quoted["text"].strip():
            self.fail("expected a description in the quotes")
        self.at = quoted.end()
        self.skip_space()
        return quoted["text"].strip()

    def description(self) -> str:
        start, text = self.at, self.skip(_DESCRIPTION).rstrip()
        if text.startswith('"') and text.count('"') % 2:
            self.fail("the quote that begins a description is not closed, or more stands behind it", start)
        if self.next in _CLOSING:
            self.fail("a description holds no brackets unless it is quoted, and a type stands before the colon")
        if not text:
            self.fail("expected a description after ':'", start)
        return text

    def check_description(self, name: str, description: str, start: int, *, is_bare: bool) -> None:
        if is_bare and _is_type(description):
            self.fail(f"a type takes no colon: {_without_colon(name, description)}", start)
        if swallowed := _SWALLOWED.search(description):
            field = swallowed[swallowed.lastgroup or 0]
            self.fail(f"a description seems to run over the field {_quoted(field)}: write ',' before it", start)

    def type(self) -> JSONObject:
        """Read a type, with null and bounds."""
        if self.next in _CLOSING:
            return self.with_null(self.bracket())
        start, word = self.at, self.type_word()
        if word == _LIST and self.next == "[":
            self.at = start
            return self.with_null(self.list_type())
        if self.next == "|":
            return self.choice(word, start)
        if word not in FIELD_TYPES:
            self.fail(_unknown_type(word) if word else f"expected a type, found {self.what_stands_here()}", start)
        return self.bounded(dict(FIELD_TYPES[word]))

    def type_word(self) -> str:
        """Read a word, a type's name or null without the bound that follows it at once."""
        start, word = self.at, self.skip(_WORD)
        if (bounded := _BOUNDED.match(word)) and bounded["type"] in {*FIELD_TYPES, _NULL}:
            word, self.at = bounded["type"], start + bounded.end("type")
        return word

    def list_type(self) -> JSONObject:
        """Read `list[…]`."""
        self.skip(_WORD)
        return self.bracket()

    def bracket(self) -> JSONObject:
        if len(self.opened) == MAX_LINE_DEPTH:
            self.fail(f"brackets nest deeper than {MAX_LINE_DEPTH} levels")
        self.opened.append(self.at)
        if self.take("{"):
            return self.fields()
        self.take("[")
        schema = {"type": "array", "items": self.type()}
        self.close()
        return schema

    def with_null(self, schema: JSONObject) -> JSONObject:
        """Read what may follow a bracket: `|null`."""
        if not self.take("|"):
            return schema
        start = self.at
        if self.skip(_WORD) != _NULL or self.next == "|":
            self.fail("beside a list or an object stands null alone: write '[str]|null'", start)
        return _nullable(schema)

    def choice(self, first: str, start: int) -> JSONObject:
        """Read on where "|" stands: options, or a type that may be null."""
        named = [first]
        while self.take("|"):
            named.append(self.type_word())
        if "" in named:
            self.fail("an option is empty: write 'a|b'", start)
        if len(set(named)) < len(named):
            self.fail("an option stands there twice", start)
        options = [option for option in named if option != _NULL]
        if len(options) == 1:
            if options[0] not in FIELD_TYPES:
                self.fail(_unknown_type(options[0]), start)
            return _nullable(self.bounded(dict(FIELD_TYPES[options[0]])))
        if types := [option for option in options if option in FIELD_TYPES]:
            self.fail(
                f"option {_quoted(types[0])} is a type's name, and a field has one type or options (with null: "
                f"'{types[0]}|null')",
                start,
            )
        schema = {"type": "string", "enum": options}
        return _nullable(schema) if _NULL in named else schema

    def bounded(self, schema: JSONObject) -> JSONObject:
        """Read the bounds that follow a type."""
        start = self.at
        while bound := _BOUND.match(self.line, self.at):
            if schema.get("type") not in _NUMERIC:
                self.fail("bounds are of numbers: write 'age int >= 0'")
            keyword, side = _BOUNDS[bound["sign"]]
            if not schema.keys().isdisjoint(side):
                self.fail("a number has one bound of each side: write '>= 0 <= 10'")
            if not _NUMBER.fullmatch(bound["number"]):
                self.fail(f"expected a number after {bound['sign']!r}", self.at + len(bound["sign"]))
            schema[keyword] = float(bound["number"]) if "." in bound["number"] else int(bound["number"])
            self.at = bound.end()
            self.skip_space()
        if _is_empty(schema):
            self.fail("no number is within these bounds", start)
        if self.next == "|" and self.at > start:
            self.fail("null stands before the bounds: write 'age int|null >= 0'")
        return schema

    def close(self) -> None:
        """Read what ends the innermost bracket, or find the end of the line."""
        self.skip_space(across_lines=True)
        expected = _CLOSING[self.line[self.opened[-1]]] if self.opened else ""
        if self.next != expected:
            self.fail(self.not_closed(expected))
        if expected:
            self.take(expected)
            self.opened.pop()

    def not_closed(self, expected: str) -> str:
        if not self.next:
            return f"the bracket of {self.place(self.opened[-1])} is not closed: {expected!r} is missing"
        if self.next in {"]", "}"} and not self.opened:
            return f"{self.next!r} closes no bracket"
        if self.next == "?":
            return "'?' stands once, after a field's type"
        allowed = repr(expected) if expected == "]" else f"',' or {repr(expected) if expected else 'the end'}"
        return f"expected {allowed}, found {self.what_stands_here()}"

    @property
    def next(self) -> str:
        """The next code point, "" at the end."""
        return self.line[self.at : self.at + 1]

    def take(self, mark: str) -> bool:
        if self.next != mark:
            return False
        self.at += 1
        self.skip_space(across_lines=mark in {*",|[{"})
        return True

    def skip(self, pattern: re.Pattern[str]) -> str:
        """Read on over `pattern` and the spaces after it; gives what matched, "" where nothing does."""
        text = match[0] if (match := pattern.match(self.line, self.at)) else ""
        self.at += len(text)
        self.skip_space()
        return text

    def skip_space(self, *, across_lines: bool = False) -> None:
        while self.next.isspace() and (across_lines or self.next not in _LINE_ENDS):
            self.at += 1

    def what_stands_here(self) -> str:
        word = _WORD.match(self.line, self.at)
        return _quoted(word[0] if word else self.next) if self.next else "the end"

    def fail(self, message: str, at: int | None = None) -> NoReturn:
        raise SchemaError(f"one-line schema, {self.place(self.at if at is None else at)}: {message}")

    def place(self, at: int) -> str:
        """Say where a code point stands: its column, and its line where there are several."""
        *above, line = re.split(rf"\r\n|[{_LINE_ENDS}]", self.line[:at])
        is_one = not any(end in self.line.strip() for end in _LINE_ENDS)
        return f"column {at + 1}" if is_one else f"line {len(above) + 1}, column {len(line) + 1}"


_NUMERIC = ("integer", "number")


def _nullable(schema: JSONObject) -> JSONObject:
    return {"anyOf": [schema, {"type": "null"}]} if schema else {}


def _is_empty(schema: JSONObject) -> bool:
    """Whether no number is within a schema's bounds."""
    low = next((schema[keyword] for keyword in _LEAST if keyword in schema), -inf)
    high = next((schema[keyword] for keyword in _MOST if keyword in schema), inf)
    is_open = "exclusiveMinimum" in schema or "exclusiveMaximum" in schema
    return bool(low > high or (is_open and low == high))


def _is_type(description: str) -> bool:
    """Whether what stands after a bare name's colon is a type, or begins with one."""
    is_whole = description.removesuffix("?") in FIELD_TYPES.keys() | _FOREIGN_TYPES
    return is_whole or bool(_OPTIONS.fullmatch(description) or _TYPE_FIRST.match(description))


def _without_colon(name: str, description: str) -> str:
    if description.removesuffix("?") in FIELD_TYPES or _OPTIONS.fullmatch(description):
        return f"write '{name} {description}'"
    if begun := _TYPE_FIRST.match(description):
        return f"write '{name} {get_close_matches(begun['type'], FIELD_TYPES, n=1, cutoff=0.3)[0]}'"
    return _unknown_type(description)


def _unknown_type(word: str) -> str:
    if word == _NULL:
        return "null alone is no type: write 'str|null'"
    if word.casefold() == _LIST:
        return f"unknown type {_quoted(word)}: a list says of what, as 'list[str]' or '[str]'"
    if _BOUND.match(word):
        return "bounds follow a type of numbers: write 'age int >= 0'"
    nearest = get_close_matches(word.lower(), FIELD_TYPES, n=1, cutoff=0.5)
    hint = f": did you mean {nearest[0]!r}?" if nearest else ":"
    return f"unknown type {_quoted(word)}{hint} the types are {', '.join(FIELD_TYPES)}, [type], {{fields}} and a|b"


def _quoted(word: str) -> str:
    return repr(word if len(word) <= 40 else word[:39] + "…")  # noqa: PLR2004 - what fits in a message
