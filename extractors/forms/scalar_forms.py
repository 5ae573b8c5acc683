"""Other ways to write one text, number or truth: the label, number, date or address that a value plainly is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from slotfill.extractors.forms.dates import day_first_in
from slotfill.extractors.forms.numerals import json_number, read_number, whole_number
from slotfill.extractors.forms.reformatting import TEMPORAL, rewritten
from slotfill.extractors.forms.value_types import Context, ExpectedForms, PlainMeaning
from slotfill.extractors.forms.vocabulary import BOOLEANS, is_nothing

__all__ = ["scalars"]


def scalars(value: Any, wanted: ExpectedForms, context: Context) -> Iterator[PlainMeaning]:
    """Give what a scalar may stand for, of the types that are asked for."""
    match value:
        case bool():
            return
        case str():
            yield from _label(value, wanted.labels)
            proposed = [*_words(value, wanted), *_formatted(value, wanted, context)]
            yield from (way for way in proposed if wanted.accepts(way.value))
        case int() | float():
            yield from _numeric(value, wanted, context)


def _numeric(value: float, wanted: ExpectedForms, context: Context) -> Iterator[PlainMeaning]:
    if isinstance(value, float) and value.is_integer() and "integer" in wanted.types:
        yield PlainMeaning("number", whole_number(value), "none")
    elif wanted.formats & TEMPORAL:  # no number is a date, but that of its digits: 20260303
        yield from _formatted(context.digits(), wanted, context, only_dates=True)
    elif "string" in wanted.types and wanted.accepts(written := context.digits()):
        yield PlainMeaning("string", written, "low")
    if value in (0, 1) and wanted.takes_any("boolean"):
        yield PlainMeaning("boolean", bool(value), "low")


def _formatted(
    text: str, wanted: ExpectedForms, context: Context, *, only_dates: bool = False
) -> Iterator[PlainMeaning]:
    day_first = context.day_first
    if day_first is None and context.document and wanted.formats & TEMPORAL:
        day_first = day_first_in(context.document, text)
    for way in rewritten(text, wanted, day_first):
        if way.value != text and (way.kind == "date" or not only_dates):
            yield way


def _label(text: str, labels: Sequence[str]) -> Iterator[PlainMeaning]:
    """Find the label that differs in letter case and the signs between words alone."""
    for form, risk in ((str.casefold, "none"), (_letters, "low")):
        meant = {label for label in labels if form(label.strip()) == form(text.strip())}
        if len(meant) == 1 and form(text.strip()):
            yield PlainMeaning("case", meant.pop(), risk)  # type: ignore[arg-type]  # both are risks
            return


def _letters(text: str) -> str:
    return re.sub(r"[\s_\-.!*\"'`]+", "", text).casefold()


def _words(text: str, wanted: ExpectedForms) -> Iterator[PlainMeaning]:
    word = text.strip().lower()
    if wanted.types & {"integer", "number"}:
        yield from _number(text, wanted)
    if word in BOOLEANS and (word in ("true", "false") or wanted.takes_any("boolean")):
        yield PlainMeaning("boolean", BOOLEANS[word], "low")
    if "null" in wanted.types and is_nothing(text):
        yield PlainMeaning("null", None, "low")


def _number(text: str, wanted: ExpectedForms) -> Iterator[PlainMeaning]:
    read = read_number(text, whole="number" not in wanted.types)
    if read is None:
        return
    digits, risk = read
    if wanted.takes_any("string") and wanted.accepts(digits):  # a decimal number, as a text: its zeros count
        if digits != text:
            yield PlainMeaning("number", digits, risk)
    elif (number := json_number(digits)) is not None:
        is_whole = isinstance(number, float) and number.is_integer() and "number" not in wanted.types
        yield PlainMeaning("number", whole_number(number) if is_whole else number, risk)
