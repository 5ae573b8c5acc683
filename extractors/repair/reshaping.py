"""Another way to write the same value: what a value of the wrong form plainly means, by what the schema says of it.

Scalars are written otherwise (`forms/`); lists, objects and maps come in another shape: one layer too many, or too few.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from slotfill.extractors.forms.scalar_forms import scalars
from slotfill.extractors.forms.value_types import Context, ExpectedForms, PlainMeaning, Schemas
from slotfill.extractors.forms.vocabulary import is_about_nothing, is_nothing
from slotfill.extractors.repair.lenient_json import BrokenError, LenientReader
from slotfill.extractors.repair.syntax_repairs import highest_risk
from slotfill.schemas.json_values import exact_json
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.json_values.wrapper import is_wrapper

__all__ = ["ENVELOPES", "plain_meaning"]

ENVELOPES = frozenset({"array", "elements", "entries", "items", "list", "rows", "value", "values"})
"""Keys that say of the list that they hold no more than that it is one."""

_SEPARATORS = re.compile(r"[,;|\n\r\t•·\u060c\u061b\u3001\uff0c\uff1b]|\s/\s")
_FENCED = re.compile(r"\s*```\w*+\s(.*)```\s*", re.DOTALL)
_KEY_NAMES = frozenset(
    {"attribute", "clave", "clé", "feature", "field", "id", "k", "key", "label", "name", "param", "parameter"}
    | {"property", "question", "schlüssel", "term", "title"}
)
_VALUE_NAMES = frozenset({"answer", "content", "definition", "text", "v", "val", "valeur", "valor", "value", "wert"})
"""What an object that stands for one entry of a map calls the key and the value of it, in small letters."""


def plain_meaning(value: JSON, schemas: Schemas, context: Context) -> PlainMeaning | None:
    """Return the one value that this one plainly stands for, None where there is none or more than one."""
    expected = ExpectedForms(schemas)
    for meanings in (scalars(value, expected, context), _reshaped(value, expected, context)):
        distinct = {exact_json.dumps(meaning.value): meaning for meaning in reversed([*meanings])}
        if len(distinct) == 1:
            return next(iter(distinct.values()))
        if distinct:
            return None
    return None


def _reshaped(value: JSON, expected: ExpectedForms, context: Context) -> Iterator[PlainMeaning]:
    """Yield the other shapes that a value may take."""
    match value:
        case list() | dict() if expected.is_json_text:
            yield PlainMeaning("json", exact_json.dumps(value), "low")
        case list():
            yield from _list(value, expected, context)
        case dict():
            yield from _object(value, expected, context)
        case str():
            yield from _text(value, expected, context.document)
        case None:
            return
        case _ if "array" in expected.types and not expected.accepts(value):
            yield PlainMeaning("list", [value], "low")


def _list(value: list[JSON], expected: ExpectedForms, context: Context) -> Iterator[PlainMeaning]:
    if "array" in expected.types:
        return
    if expected.is_map and (entries := _entries(value)) is not None:
        yield PlainMeaning("map" if value else "empty", entries, "low")
    elif len(value) == 1 and not (expected.is_map and _is_entry(value[0])):
        yield from _inner("list", value[0], expected, context)


def _inner(kind: str, value: JSON, expected: ExpectedForms, context: Context) -> Iterator[PlainMeaning]:
    """Yield what a list or wrapper holds alone, where that is asked for or can be made so."""
    if expected.accepts(value) or any(
        scalars(value, expected, replace(context, digits=lambda: exact_json.dumps(value)))
    ):
        yield PlainMeaning(kind, value, "low")


def _object(value: JSONObject, expected: ExpectedForms, context: Context) -> Iterator[PlainMeaning]:
    inner = next(iter(value.values())) if len(value) == 1 else None
    if is_wrapper(value) and "object" not in expected.types:
        yield from _inner("unwrapped", inner, expected, context)
    elif "array" in expected.types and "object" not in expected.types:
        if not value:
            yield PlainMeaning("empty", [], "low")
        elif isinstance(inner, list) and {*value} & {*ENVELOPES, context.name} - context.item_keys():
            yield PlainMeaning("unwrapped", inner, "low")
        else:
            yield PlainMeaning("list", [value], "low")


def _text(value: str, expected: ExpectedForms, document: str | None) -> Iterator[PlainMeaning]:
    empty: JSON = [] if "array" in expected.types else {} if expected.is_map else None
    if empty is not None and (risk := is_nothing(value)):
        yield PlainMeaning("nothing", empty, risk)
    elif parsed := _parsed(value, expected):
        yield parsed
    elif "array" in expected.types and not expected.accepts(value):
        several = _SEPARATORS.search(value) or is_about_nothing(value, document)
        yield PlainMeaning("list", [value], "high" if several else "low")


def _entries(value: list[JSON]) -> JSONObject | None:
    """Read a map that was sent as a list: of pairs, of objects for one entry each; None for what is none."""
    pairs = [_pair(item) for item in value]
    entries = {pair[0]: pair[1] for pair in pairs if pair}
    written = {(pair[0], exact_json.dumps(pair[1])) for pair in pairs if pair}
    return entries if all(pairs) and len(written) == len(entries) else None


def _pair(item: JSON) -> tuple[str, JSON] | None:
    key: JSON = None
    if isinstance(item, list) and len(item) == 2:  # noqa: PLR2004 - a pair
        key, value = item
    elif isinstance(item, dict):
        if names := _names_in(item):
            key, value = (item[name] for name in names)
        elif len(item) == 1:
            ((key, value),) = item.items()
    if isinstance(key, int) and not isinstance(key, bool):
        key = str(key)
    return (key, value) if isinstance(key, str) else None


def _names_in(item: JSONObject) -> tuple[str, str] | None:
    """Return the keys of an object for the key and the value of one entry; None where it has others."""
    first, second = (key.casefold() for key in item) if len(item) == 2 else ("", "")  # noqa: PLR2004 - a pair
    is_ordered, is_turned = _is_pair(first, second), _is_pair(second, first)
    names = [*item] if is_ordered else [*item][::-1]
    return (names[0], names[1]) if is_ordered or is_turned else None


def _is_pair(key: str, value: str) -> bool:
    return key in _KEY_NAMES and value in _VALUE_NAMES


def _is_entry(item: JSON) -> bool:
    """Whether an object may stand for one entry of a map, be it with a remark."""
    keys = {key.casefold() for key in item} if isinstance(item, dict) else set()
    return not (_KEY_NAMES.isdisjoint(keys) or _VALUE_NAMES.isdisjoint(keys))


def _parsed(text: str, expected: ExpectedForms) -> PlainMeaning | None:
    """Read an object or list that was sent as a text, in whatever notation, fenced or not."""
    if fenced := _FENCED.fullmatch(text):
        text = fenced[1]
    start = len(text) - len(text.lstrip())
    kinds: Mapping[str, type] = {"{": dict, "[": list, "(": list}
    kind = kinds.get(text[start : start + 1])
    is_asked_for = ("object" if kind is dict else "array") in expected.types
    if kind is None or not (is_asked_for or expected.is_json_text):
        return None
    reader = LenientReader(text, start, len(text))
    try:
        parsed = reader.read()
    except BrokenError:
        return None
    if text[reader.at :].strip(" \t\r\n,;") or not isinstance(parsed, kind):
        return None
    risk = highest_risk(reader.repairs, least="low")
    if is_asked_for:
        return PlainMeaning("json", parsed, risk)
    return PlainMeaning("json", exact_json.dumps(parsed), risk) if fenced or reader.repairs else None
