"""Disclosure: what a log line may tell of a failure: its kind, its place and its reason, never a value.

A failure's message may quote the document, a value or a request: a validator's, a refusal's, the service's own. So only
forms of messages that are known are told, and of these only what is fixed, a number that the schema sets, or a word of
the schema's. The whole message stands in the record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from slotfill.extractors.record.failure_kinds import Failure
from slotfill.schemas.json_values.pointer import follow, join, tokens
from slotfill.schemas.schema import Schema

__all__ = ["ANY", "disclosed", "place_of"]

ANY = "*"
"""What stands for a key that is no name of the schema's."""

_NUMBER = r"-?\d[\d.,eE+-]*"
_THINGS = (
    "string|integer|number|boolean|list|dictionary|tuple|set|date|datetime|date or datetime|datetime or date|time|"
    "timedelta|decimal|URL|UUID"
)

_SIZED = "String|List|Dictionary|Tuple|Set|Frozenset|Data|URL"
_WORDS = r"(?:'[^']*'|-?\d[\d.]*)"
_LIST = rf"{_WORDS}(?:(?:, | or ){_WORDS})*"

_FORMS = tuple(
    re.compile(form, re.DOTALL)
    for form in (
        # Pydantic's.
        r"(Field required|Extra inputs are not permitted|Input should be (?:None|a finite number))",
        rf"(Input should be a valid (?:{_THINGS}))(?:, .*)?",
        rf"(Input should be (?:(?:greater|less) than(?: or equal to)?|a multiple of) {_NUMBER})",
        rf"(Input should be {_LIST})",
        rf"((?:{_SIZED}) should have at (?:least|most) {_NUMBER} (?:item|character|byte)s?)(?: after .*)?",
        rf"(String should match pattern {_WORDS})",
        r"(Input tag) '.*",
        # slotfill's own.
        r"(does not stand in the document)\b.*",
        r"(is no JSON): .*",
        r"(a validator of \w+ raised \w+): .*",
        r"(the reply holds more than the JSON value|the reply does not hold (?:any text|exactly one tool call))",
        r"(the reply calls the tool) '.*",
        r"(the model refused: the model gave no reason)",
        r"(the reply was cut off after \d+ tokens: .*)",
        r"(the reply's stream broke off): .*",
        r"(\d+ of \d+ parts could not be read): .*",
        r"(is larger than \d+ MB, the most a document may hold: split it)",
        r"(the service did not answer in time; allow more with --timeout)(?:: .*)?",
        r"(the service(?: cannot be reached|'s reply cannot be read): \w+)(?:: .*)?",
        r"(the service's reply is no message)",
        r"(the service answered HTTP \d+)",
        r"(a gateway answered HTTP \d+ in the service's place)",
        # Last those of the validator of JSON Schemas, which begin with the value.
        rf".* (is not of type {_LIST}|does not match {_WORDS}|is not a {_WORDS})",
        r".* (is not one of) \[.*",
        r".* (is too (?:long|short)|has non-unique elements|does not have enough properties|has too many properties)",
        r".* (does not contain items matching the given schema)",
        rf".* (is not a multiple of {_NUMBER}|is (?:greater|less) than (?:or equal to )?the \w+ of {_NUMBER})",
        rf"({_WORDS} is a required property)",
        rf"({_WORDS} is a dependency of {_WORDS})",
        r"(Additional properties are not allowed|fits none of the alternatives)\b.*",
        r"(is nested too deeply(?: to be checked, or the schema refers to itself for ever)?)",
        r"(takes too long to check against the schema)",
    )
)

_MORE = re.compile(r"(?P<message>.*?)(?P<more> \(and \d+ more\))?", re.DOTALL)
_STATUS = re.compile(r" \(HTTP \d+\)\Z")
_QUOTED = re.compile(r"'([^']*)'")


def disclosed(failure: Failure, schema: Schema[Any] | None = None) -> str:
    """Say in one line why there is no value, without quoting one."""
    if failure.type.own_message:
        return failure.message.partition("\n")[0]
    whole = _MORE.fullmatch(failure.message)
    message, more = (whole["message"], whole["more"] or "") if whole else (failure.message, "")
    for form in _FORMS:
        if found := form.fullmatch(message):
            return _without_quotes(found[1], _words(schema)) + more
    status = _STATUS.search(message)
    return failure.type.log_text + (status[0] if status else more)


def place_of(path: str, schema: Schema[Any], data: object) -> str:
    """Return a JSON Pointer into `data` with `ANY` for each key that is none of the schema's: it may be a value."""
    words, steps = _words(schema), tokens(path)
    place = []
    for depth, step in enumerate(steps):
        is_index = step.isdecimal() and isinstance(follow(join(steps[:depth]), data), list)
        place.append(step if is_index or step in words else ANY)
    return join(place)


def _without_quotes(message: str, words: frozenset[str]) -> str:
    """Cut a message off where it quotes what is no word of the schema's."""
    for quote in _QUOTED.finditer(message):
        if quote[1] not in words:
            return f"{message[: quote.start()]}…"
    return message


@lru_cache(maxsize=8)
def _words(schema: Schema[Any] | None) -> frozenset[str]:
    """Return all strings that a schema holds: the names of its properties, the values that it lists, its patterns."""
    return frozenset() if schema is None else frozenset(_strings(schema.json_schema))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield name
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)
