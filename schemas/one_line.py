"""A schema in one line: `name, age int?, tags [str], address {street, city}`.

The grammar, with spaces wherever they help:

    line        = field { "," field }
    field       = name [ type ] [ "?" ] [ ":" description ]
    type        = "[" type "]" | "{" line "}" | option "|" option { "|" option } | one of TYPES
    name        = a letter or "_", then letters, digits, "_" and "-", of any script
    option      = a run of anything but spaces and , : | ? [ ] { }, and no name of TYPES
    description = anything but , [ ] { }

A field without a type is a `str`; `?` makes a field optional: it may be absent. Options are always strings.
The outcome is a JSON Schema object that allows no other fields. Brackets nest up to `DEEPEST` levels.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any, NoReturn

from slotfill.schemas.errors import SchemaError

__all__ = ["DEEPEST", "TYPES", "parse"]

TYPES: dict[str, dict[str, str]] = {
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

DEEPEST = 16
"""How many brackets may stand inside one another."""

_CLOSING = {"[": "]", "{": "}"}
_WORD = re.compile(r"[^\s,:|?\[\]{}]+")
_DESCRIPTION = re.compile(r"[^,\[\]{}]*")
_OPTIONS = re.compile(rf"{_WORD.pattern}(\s*\|\s*{_WORD.pattern})+")


def parse(line: str) -> dict[str, Any]:
    """Turn the line into a JSON Schema. Raises SchemaError, which names the column, counted from 1."""
    return _Reader(line).fields()


class _Reader:
    """A recursive descent over the line. `at` is the next code point to read, never a space."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.at = 0
        self.opened: list[int] = []
        self.skip_space()

    def fields(self) -> dict[str, Any]:
        properties: dict[str, Any] = {}
        required: list[str] = []
        while True:
            name = self.name(properties)
            properties[name], is_required = self.field_type(name)
            if is_required:
                required.append(name)
            if not self.take(","):
                break
        self.close()
        return {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }

    def name(self, taken: dict[str, Any]) -> str:
        start, word = self.at, self.skip(_WORD)
        if not word:
            self.fail(f"expected a field's name, found {self.found()}")
        if word.startswith("-") or not word.replace("-", "_").isidentifier():
            self.fail(f"{_quoted(word)} is no field name: use letters, digits, '_' and '-'", start)
        if word in taken:
            self.fail(f"field {_quoted(word)} stands there twice: rename one", start)
        return word

    def field_type(self, name: str) -> tuple[dict[str, Any], bool]:
        is_bare = self.next in {"", *",:?]}"}
        schema = dict(TYPES["str"]) if is_bare else self.type()
        is_required = not self.take("?")
        start = self.at
        if self.take(":"):
            schema["description"] = self.description()
            if is_bare and (schema["description"] in TYPES or _OPTIONS.fullmatch(schema["description"])):
                self.fail(f"a type takes no colon: write '{name} {schema['description']}'", start)
        return schema, is_required

    def description(self) -> str:
        start, text = self.at, self.skip(_DESCRIPTION).rstrip()
        if self.next in _CLOSING:
            self.fail("a description holds no brackets, and a type stands before the colon")
        if not text:
            self.fail("expected a description after ':'", start)
        return text

    def type(self) -> dict[str, Any]:
        if self.next in _CLOSING:
            return self.bracket()
        start, word = self.at, self.skip(_WORD)
        if self.next == "|":
            return self.options(word, start)
        if word not in TYPES:
            self.fail(_unknown_type(word) if word else f"expected a type, found {self.found()}", start)
        return dict(TYPES[word])

    def bracket(self) -> dict[str, Any]:
        if len(self.opened) == DEEPEST:
            self.fail(f"brackets nest deeper than {DEEPEST} levels")
        self.opened.append(self.at)
        if self.take("{"):
            return self.fields()
        self.take("[")
        schema = {"type": "array", "items": self.type()}
        self.close()
        return schema

    def options(self, first: str, start: int) -> dict[str, Any]:
        options = [first]
        while self.take("|"):
            options.append(self.skip(_WORD))
        if "" in options:
            self.fail("an option is empty: write 'a|b'", start)
        if types := [option for option in options if option in TYPES]:
            self.fail(f"option {_quoted(types[0])} is a type's name, and a field has one type or options", start)
        if len(set(options)) < len(options):
            self.fail("an option stands there twice", start)
        return {"type": "string", "enum": options}

    def close(self) -> None:
        """Read what ends the innermost bracket, or find the end of the line."""
        expected = _CLOSING[self.line[self.opened[-1]]] if self.opened else ""
        if self.next != expected:
            self.fail(self.not_closed(expected))
        if expected:
            self.take(expected)
            self.opened.pop()

    def not_closed(self, expected: str) -> str:
        if not self.next:
            return f"the bracket of column {self.opened[-1] + 1} is not closed: {expected!r} is missing"
        if self.next in {"]", "}"} and not self.opened:
            return f"{self.next!r} closes no bracket"
        if self.next == "?":
            return "'?' stands once, after a field's type"
        allowed = repr(expected) if expected == "]" else f"',' or {repr(expected) if expected else 'the end'}"
        return f"expected {allowed}, found {self.found()}"

    @property
    def next(self) -> str:
        """The next code point, "" at the end."""
        return self.line[self.at : self.at + 1]

    def take(self, mark: str) -> bool:
        if self.next != mark:
            return False
        self.at += 1
        self.skip_space()
        return True

    def skip(self, pattern: re.Pattern[str]) -> str:
        """Read on over `pattern` and the spaces after it; gives what matched, "" where nothing does."""
        text = match[0] if (match := pattern.match(self.line, self.at)) else ""
        self.at += len(text)
        self.skip_space()
        return text

    def skip_space(self) -> None:
        while self.next.isspace():
            self.at += 1

    def found(self) -> str:
        word = _WORD.match(self.line, self.at)
        return _quoted(word[0] if word else self.next) if self.next else "the end"

    def fail(self, message: str, at: int | None = None) -> NoReturn:
        column = (self.at if at is None else at) + 1
        raise SchemaError(f"one-line schema, column {column}: {message}")


def _unknown_type(word: str) -> str:
    nearest = get_close_matches(word.lower(), TYPES, n=1, cutoff=0.5)
    hint = f": did you mean {nearest[0]!r}?" if nearest else ":"
    return f"unknown type {_quoted(word)}{hint} the types are {', '.join(TYPES)}, [type], {{fields}} and a|b"


def _quoted(word: str) -> str:
    return repr(word if len(word) <= 40 else word[:39] + "…")  # noqa: PLR2004 - what fits in a message
