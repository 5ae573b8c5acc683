"""A schema in one line: `name, age int?, tags [str], address {street, city}`.

The grammar, with spaces wherever they help:

    line        = field { separator field }
    separator   = "," or a line end, or both
    field       = name [ type ] [ "?" ] [ ":" description ]
    type        = "[" type "]" | "{" line "}" | option "|" option { "|" option } | one of TYPES
    name        = a letter or "_", then letters, digits, "_" and "-", of any script
    option      = a run of anything but spaces and , : | ? [ ] { }, and no name of TYPES
    description = anything but , [ ] { } and line ends

A line end after "," "|" "[" or "{" says nothing, nor does one before "]" or "}". A field without a type is a `str`; `?`
makes a field optional: it may be absent. Options are always strings. A description that looks as if it had swallowed
a type or a field is refused. The outcome is a JSON Schema object that allows no other fields. Brackets nest up to
`MAX_LINE_DEPTH` levels.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import NoReturn

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.json_values.json_types import JSONObject

__all__ = ["FIELD_TYPES", "MAX_LINE_DEPTH", "parse_line"]

FIELD_TYPES: dict[str, dict[str, str]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "number": {"type": "number"},
    "bool": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "verbatim": {"type": "string", "format": "verbatim"},
    "any": {},
}
"""What each type's name means in JSON Schema."""

MAX_LINE_DEPTH = 16
"""How many brackets may stand inside one another."""

_CLOSING = {"[": "]", "{": "}"}
_WORD = re.compile(r"[^\s,:|?\[\]{}]+")
_LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_DESCRIPTION = re.compile(rf"[^,\[\]{{}}{_LINE_ENDS}]*")
_OPTIONS = re.compile(rf"{_WORD.pattern}(\s*\|\s*{_WORD.pattern})+")
_FOREIGN_TYPES = frozenset({"string", "integer", "boolean", "double", "array", "list", "null"})
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
    return _Reader(line).fields()


class _Reader:
    """A recursive descent over the line. `at` is the next code point to read, never a space, maybe a line end."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.at = 0
        self.opened: list[int] = []
        self.skip_space(across_lines=True)

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
            schema["description"] = description = self.description()
            if is_bare and _is_type(description):
                self.fail(f"a type takes no colon: {_without_colon(name, description)}", start)
            if swallowed := _SWALLOWED.search(description):
                field = swallowed[swallowed.lastgroup or 0]
                self.fail(f"a description seems to run over the field {_quoted(field)}: write ',' before it", start)
        return schema, is_required

    def description(self) -> str:
        start, text = self.at, self.skip(_DESCRIPTION).rstrip()
        if self.next in _CLOSING:
            self.fail("a description holds no brackets, and a type stands before the colon")
        if not text:
            self.fail("expected a description after ':'", start)
        return text

    def type(self) -> JSONObject:
        if self.next in _CLOSING:
            return self.bracket()
        start, word = self.at, self.skip(_WORD)
        if self.next == "|":
            return self.options(word, start)
        if word not in FIELD_TYPES:
            self.fail(_unknown_type(word) if word else f"expected a type, found {self.what_stands_here()}", start)
        return dict(FIELD_TYPES[word])

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

    def options(self, first: str, start: int) -> JSONObject:
        options = [first]
        while self.take("|"):
            options.append(self.skip(_WORD))
        if "" in options:
            self.fail("an option is empty: write 'a|b'", start)
        if types := [option for option in options if option in FIELD_TYPES]:
            self.fail(f"option {_quoted(types[0])} is a type's name, and a field has one type or options", start)
        if len(set(options)) < len(options):
            self.fail("an option stands there twice", start)
        return {"type": "string", "enum": options}

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
    nearest = get_close_matches(word.lower(), FIELD_TYPES, n=1, cutoff=0.5)
    hint = f": did you mean {nearest[0]!r}?" if nearest else ":"
    return f"unknown type {_quoted(word)}{hint} the types are {', '.join(FIELD_TYPES)}, [type], {{fields}} and a|b"


def _quoted(word: str) -> str:
    return repr(word if len(word) <= 40 else word[:39] + "…")  # noqa: PLR2004 - what fits in a message
