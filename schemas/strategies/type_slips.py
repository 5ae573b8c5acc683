"""Slips of the pen: values that mean what was asked but have the wrong type, and text that is nearly JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import strategies as st

from slotfill.schemas.json_schema.value_walk import walk
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.strategies.mutations import Mutation

__all__ = ["loosely", "type_slips"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def type_slips(value: object, json_schema: JSONObject) -> Iterator[Mutation]:
    """Yield changes of type and letter case, after which a reader still knows what is meant."""
    for node in walk(value, json_schema):
        yield from (Mutation("type", node.path, replacement) for replacement in _slips_of(node.value))


def _slips_of(value: JSON) -> Iterator[JSON]:
    match value:
        case None:
            yield from ("null", "None", "")
        case bool():
            yield from (str(value), "yes" if value else "no", int(value))
        case int() | float():
            yield from (str(value), f"{value:,}", f" {value} ", [value])
        case str():
            yield from (value.upper(), value.title(), f" {value}", [value], {"value": value})
        case [only] if not isinstance(only, list):
            yield only
        case [_, *_] if all(isinstance(item, str) for item in value):
            yield ", ".join(value)
        case dict():
            yield json.dumps(value)


@dataclass(frozen=True, slots=True)
class _Style:
    """A way of writing that is nearly JSON: JavaScript's, or Python's."""

    quote: str
    bare_keys: bool
    comma: str
    comment: str
    names: tuple[str, str, str]


_STYLES = st.builds(
    _Style,
    quote=st.sampled_from("\"'"),
    bare_keys=st.booleans(),
    comma=st.sampled_from(("", ",")),
    comment=st.sampled_from(("", " // as asked\n", " /* as asked */ ")),
    names=st.sampled_from((("null", "true", "false"), ("None", "True", "False"))),
)


def loosely(value: JSON) -> st.SearchStrategy[str]:
    """Return a value written with single quotes, bare keys, trailing commas, comments, or as Python writes it."""
    return st.just(repr(value)) | _STYLES.map(lambda style: _write(value, style))


def _write(value: JSON, style: _Style) -> str:
    match value:
        case None | True | False:
            return style.names[(None, True, False).index(value)]
        case str():
            return _quoted(value, style.quote)
        case list():
            items = [_write(item, style) for item in value]
            return f"[{', '.join(items)}{style.comma if items else ''}]"
        case dict():
            pairs = [f"{_key(key, style)}: {_write(item, style)}" for key, item in value.items()]
            return f"{{{style.comment}{', '.join(pairs)}{style.comma if pairs else ''}}}"
        case _:
            return json.dumps(value)


def _key(key: str, style: _Style) -> str:
    return key if style.bare_keys and _NAME.fullmatch(key) else _quoted(key, style.quote)


def _quoted(text: str, quote: str) -> str:
    written = json.dumps(text, ensure_ascii=False)
    return written if quote == '"' else "'" + written[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"
