"""Other ways to write one text, number or truth: the label, number, date or address that a value plainly is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from slotfill.extractors.forms.dates import day_first_in
from slotfill.extractors.forms.numerals import json_number, read_number, whole_number
from slotfill.extractors.forms.reformatting import TEMPORAL, rewritten
from slotfill.extractors.forms.value_types import Context, ExpectedForms, PlainMeaning
from slotfill.extractors.forms.vocabulary import BOOLEANS, is_nothing
from slotfill.schemas.json_values.json_types import JSON

__all__ = ["scalars"]


def scalars(value: JSON, expected: ExpectedForms, context: Context) -> Iterator[PlainMeaning]:
    """Yield what a scalar may stand for, of the types that are asked for."""
    match value:
        case bool():
            return
        case str():
            yield from _label(value, expected.labels)
            proposed = [*_words(value, expected), *_formatted(value, expected, context)]
            yield from (meaning for meaning in proposed if expected.accepts(meaning.value))
        case int() | float():
            yield from _numeric(value, expected, context)


def _numeric(value: float, expected: ExpectedForms, context: Context) -> Iterator[PlainMeaning]:
    if isinstance(value, float) and value.is_integer() and "integer" in expected.types:
        yield PlainMeaning("number", whole_number(value), "none")
    elif expected.formats & TEMPORAL:  # no number is a date, but that of its digits: 20260303
        yield from _formatted(context.digits(), expected, context, only_dates=True)
    elif "string" in expected.types and expected.accepts(written := context.digits()):
        yield PlainMeaning("string", written, "low")
    if value in (0, 1) and expected.takes_any("boolean"):
        yield PlainMeaning("boolean", bool(value), "low")


def _formatted(
    text: str, expected: ExpectedForms, context: Context, *, only_dates: bool = False
) -> Iterator[PlainMeaning]:
    day_first = context.day_first
    if day_first is None and context.document and expected.formats & TEMPORAL:
        day_first = day_first_in(context.document, text)
    for meaning in rewritten(text, expected, day_first):
        if meaning.value != text and (meaning.kind == "date" or not only_dates):
            yield meaning


def _label(text: str, labels: Sequence[str]) -> Iterator[PlainMeaning]:
    """Find the label that differs in letter case and the signs between words alone."""
    for form, risk in ((str.casefold, "none"), (_letters, "low")):
        meanings = {label for label in labels if form(label.strip()) == form(text.strip())}
        if len(meanings) == 1 and form(text.strip()):
            yield PlainMeaning("case", meanings.pop(), risk)  # type: ignore[arg-type]  # both are risks
            return


def _letters(text: str) -> str:
    return re.sub(r"[\s_\-.!*\"'`]+", "", text).casefold()


def _words(text: str, expected: ExpectedForms) -> Iterator[PlainMeaning]:
    word = text.strip().lower()
    if expected.types & {"integer", "number"}:
        yield from _number(text, expected)
    if word in BOOLEANS and (word in ("true", "false") or expected.takes_any("boolean")):
        yield PlainMeaning("boolean", BOOLEANS[word], "low")
    if "null" in expected.types and is_nothing(text):
        yield PlainMeaning("null", None, "low")


def _number(text: str, expected: ExpectedForms) -> Iterator[PlainMeaning]:
    number_form = read_number(text, whole="number" not in expected.types)
    if number_form is None:
        return
    digits, risk = number_form
    if expected.takes_any("string") and expected.accepts(digits):  # a decimal number, as a text: its zeros count
        if digits != text:
            yield PlainMeaning("number", digits, risk)
    elif (number := json_number(digits)) is not None:
        is_whole = isinstance(number, float) and number.is_integer() and "number" not in expected.types
        yield PlainMeaning("number", whole_number(number) if is_whole else number, risk)
