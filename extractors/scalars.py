"""Other ways to write one text, number or truth: the label, number, date or address that a value plainly is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from slotfill.extractors.dates import day_first_in
from slotfill.extractors.numerals import json_number, read_number
from slotfill.extractors.reformatting import TEMPORAL, rewritten
from slotfill.extractors.value_types import Context, Meaning, Schemas, formats_of, listed_in, takes, types_of
from slotfill.extractors.vocabulary import BOOLEANS, is_nothing

__all__ = ["scalars"]


def scalars(value: Any, schemas: Schemas, context: Context) -> Iterator[Meaning]:
    """Give what a scalar may stand for, of the types that are asked for."""
    match value:
        case bool():
            return
        case str():
            yield from _label(value, [one for one in listed_in(schemas) if isinstance(one, str)])
            proposed = [*_words(value, schemas), *_formatted(value, schemas, context)]
            yield from (way for way in proposed if takes(schemas, way.value))
        case int() | float():
            yield from _numeric(value, schemas, context)


def _numeric(value: float, schemas: Schemas, context: Context) -> Iterator[Meaning]:
    types = types_of(schemas)
    if isinstance(value, float) and value.is_integer() and "integer" in types:
        yield Meaning("number", int(value), "none")
    elif formats_of(schemas) & TEMPORAL:  # no number is a date, but that of its digits: 20260303
        yield from _formatted(context.digits(), schemas, context, only_dates=True)
    elif "string" in types and takes(schemas, written := context.digits()):
        yield Meaning("string", written, "low")
    if value in (0, 1) and _is_free(schemas, "boolean"):
        yield Meaning("boolean", bool(value), "low")


def _formatted(text: str, schemas: Schemas, context: Context, *, only_dates: bool = False) -> Iterator[Meaning]:
    day_first = context.day_first
    if day_first is None and context.document and formats_of(schemas) & TEMPORAL:
        day_first = day_first_in(context.document, text)
    for way in rewritten(text, schemas, day_first):
        if way.value != text and (way.kind == "date" or not only_dates):
            yield way


def _is_free(schemas: Schemas, kind: str) -> bool:
    """Tell whether any value of a type is asked for: of `Literal[True]`, what is not quite true is another answer."""
    return any(kind in types_of([schema]) and not listed_in([schema]) for schema in schemas)


def _label(text: str, labels: list[str]) -> Iterator[Meaning]:
    """Find the label that differs in letter case and the signs between words alone."""
    for form, risk in ((str.casefold, "none"), (_letters, "low")):
        meant = {label for label in labels if form(label.strip()) == form(text.strip())}
        if len(meant) == 1 and form(text.strip()):
            yield Meaning("case", meant.pop(), risk)  # type: ignore[arg-type]  # both are risks
            return


def _letters(text: str) -> str:
    return re.sub(r"[\s_\-.!*\"'`]+", "", text).casefold()


def _words(text: str, schemas: Schemas) -> Iterator[Meaning]:
    types, word = types_of(schemas), text.strip().lower()
    if types & {"integer", "number"}:
        yield from _number(text, schemas, types)
    if word in BOOLEANS and (word in ("true", "false") or _is_free(schemas, "boolean")):
        yield Meaning("boolean", BOOLEANS[word], "low")
    if "null" in types and is_nothing(text):
        yield Meaning("null", None, "low")


def _number(text: str, schemas: Schemas, types: frozenset[str]) -> Iterator[Meaning]:
    read = read_number(text, whole="number" not in types)
    if read is None:
        return
    digits, risk = read
    if _is_free(schemas, "string") and takes(schemas, digits):  # a decimal number, as a text: its zeros count
        if digits != text:
            yield Meaning("number", digits, risk)
    elif (number := json_number(digits)) is not None:
        whole = isinstance(number, float) and number.is_integer() and "number" not in types
        yield Meaning("number", int(number) if whole else number, risk)
