"""Coercion without loss: where a schema complains of a value, its other form that the schema asks for.

Only what strict validation refuses is touched. Nothing is invented, and nothing goes but a field that nobody asked for.
"""

from __future__ import annotations

import copy
import difflib
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from slotfill.extractors.lossless import meaning, takes, types_of
from slotfill.extractors.record import Edit, Risk
from slotfill.schemas.errors import FieldError, InvalidError
from slotfill.schemas.parts import parts_at, properties_of, resolved
from slotfill.schemas.patterns import OutOfTimeError, deadline, found
from slotfill.schemas.pointer import join
from slotfill.schemas.schema import Schema

__all__ = ["Coerced", "coerce", "complaints"]

_encode = json.JSONEncoder(ensure_ascii=False).encode

_ROUNDS = 6
"""How often a value is changed and validated again: a text may be a list's item, a label in a list, …"""

_ALIKE = 0.8
"""How alike two names must be, as difflib has it, for one to be a misspelling of the other."""


@dataclass(frozen=True, slots=True)
class Coerced:
    """A value, unwrapped, with what was changed, and what strict validation still says of it."""

    data: Any
    edits: tuple[Edit, ...]
    errors: tuple[FieldError, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """A part of the value: where it hangs, and all schemas that may speak of it."""

    holder: Any
    key: str | int
    path: tuple[str | int, ...]
    schemas: tuple[dict[str, Any], ...]

    @property
    def value(self) -> Any:
        return self.holder[self.key]


def complaints(data: Any, schema: Schema[Any], document: str | None) -> tuple[FieldError, ...]:
    """Tell what strict validation says of a value, unwrapped."""
    try:
        schema.validate(_encode(schema.wrap(data)), document=document)
    except InvalidError as error:
        return error.errors
    except RecursionError:
        return (FieldError("", "is nested too deeply"),)
    return ()


def coerce(
    data: Any,
    schema: Schema[Any],
    allowed: Collection[Risk],
    *,
    as_written: Callable[[], Any],
    document: str | None = None,
) -> Coerced:
    """Change what strict validation refuses, in place.

    data: the value, unwrapped. allowed: the risks that may be taken.
    as_written: gives the value again, its numbers as they were written.
    """
    coercion = _Coercion({"": data}, schema, allowed, as_written)
    errors = complaints(data, schema, document)
    for _ in range(_ROUNDS):
        if not errors or not coercion.mend(errors):
            break
        errors = complaints(coercion.data, schema, document)
    return Coerced(coercion.data, tuple(coercion.edits), errors)


class _Coercion:
    def __init__(
        self,
        carrier: dict[str, Any],
        schema: Schema[Any],
        allowed: Collection[Risk],
        as_written: Callable[[], Any],
    ) -> None:
        self._carrier, self._allowed = carrier, allowed
        self._root = schema.json_schema
        self._as_written = cache(as_written)
        self.edits: list[Edit] = []

    @property
    def data(self) -> Any:
        return self._carrier[""]

    def mend(self, errors: Iterable[FieldError]) -> bool:
        """Change what the errors speak of; tells whether anything was."""
        before = len(self.edits)
        checked: set[tuple[str | int, ...]] = set()
        for path in dict.fromkeys(error.path for error in errors):
            places = self._places(path)
            changed = self._change(places[-1])
            for place in places[:-3:-1]:
                changed |= place.path not in checked and self._change_keys(place)
                checked.add(place.path)
            if not changed and _is_union(places[-1]):
                self._change_within(places[-1])
        return len(self.edits) > before

    def _places(self, pointer: str) -> list[_Place]:
        """Give the parts on the way to a path, as far as it leads."""
        places = [_Place(self._carrier, "", (), self._spoken([self._root]))]
        for token in pointer.split("/")[1:]:
            step = _step(token.replace("~1", "/").replace("~0", "~"), places[-1].value)
            if step is None:
                break
            places.append(self._part(places[-1], step))
        return places

    def _part(self, place: _Place, step: str | int) -> _Place:
        parts = [part for schema in place.schemas for part in parts_at(schema, step)]
        return _Place(place.value, step, (*place.path, step), self._spoken(parts))

    def _spoken(self, schemas: list[Any]) -> tuple[dict[str, Any], ...]:
        return tuple(resolved(schemas, self._root))

    def _change(self, place: _Place) -> bool:
        found = meaning(place.value, place.schemas, lambda: self._digits(place))
        if found is None or found.risk not in self._allowed or (found.kind == "list" and not self._is_item(place)):
            return False
        self._note(place.path, found.kind, place.value, found.value, found.risk)
        place.holder[place.key] = found.value
        return True

    def _is_item(self, place: _Place) -> bool:
        """Tell whether an object may be the one item of the list that is asked for: it has a key that items have."""
        items = self._spoken([part for schema in place.schemas for part in parts_at(schema, 0)])
        if not isinstance(place.value, dict) or not types_of(items):
            return True
        known = {name for schema in items for name in properties_of(schema)}
        return "object" in types_of(items) and (not known or not known.isdisjoint(place.value))

    def _digits(self, place: _Place) -> str:
        """Find a number as it was written; where changes have moved it too far, write it anew."""
        written = self._as_written()
        for step in place.path:
            try:
                written = written if isinstance(written, str) else written[step]
            except (LookupError, TypeError):
                break
        same = isinstance(written, str) and _is_number(written) and float(written) == place.value
        return written if same else json.dumps(place.value)

    def _note(self, path: tuple[str | int, ...], kind: str, before: Any, after: Any, risk: Risk) -> None:
        self.edits.append(Edit(join(path), kind, copy.deepcopy(before), copy.deepcopy(after), risk))

    def _change_within(self, place: _Place) -> None:
        """Change all parts that no alternative of a union takes: the errors of a union lead no deeper."""
        rest = [place]
        while rest:
            place = rest.pop()
            value = place.value
            if place.schemas and not takes(place.schemas, value) and self._change(place):
                continue
            if isinstance(value, dict):
                self._change_keys(place)
            steps: Iterable[str | int] = (
                value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
            )
            rest += [self._part(place, step) for step in steps]

    def _change_keys(self, place: _Place) -> bool:
        """Rename keys that are nearly a known one, and take out those that nobody asked for."""
        if not isinstance(place.value, dict):
            return False
        before = len(self.edits)
        for key in [*_unknown(place.value, place.schemas)]:
            if (known := self._meant(key, place)) is not None:
                self._rename(place, key, *known)
            elif "low" in self._allowed:
                self._note((*place.path, key), "extra", place.value.pop(key), None, "low")
        return len(self.edits) > before

    def _meant(self, key: str, place: _Place) -> tuple[str, Risk] | None:
        """Give the known key that is missing and nearly this one."""
        known = {name for schema in place.schemas for name in properties_of(schema)}
        absent = sorted(known - {*place.value})
        same = [name for name in absent if _bare(name) == _bare(key)]
        if len(same) == 1:
            return same[0], "low"
        alike = difflib.get_close_matches(key, absent, n=2, cutoff=_ALIKE)
        return (alike[0], "high") if alike else None

    def _rename(self, place: _Place, key: str, known: str, risk: Risk) -> None:
        if risk in self._allowed:
            self._note((*place.path, known), "key", key, known, risk)
            items = [(known if name == key else name, value) for name, value in place.value.items()]
            place.value.clear()
            place.value.update(items)


def _step(token: str, value: Any) -> str | int | None:
    if isinstance(value, dict):
        return token if token in value else None
    if isinstance(value, list) and token.isdecimal() and int(token) < len(value):
        return int(token)
    return None


def _is_union(place: _Place) -> bool:
    return any("anyOf" in schema or "oneOf" in schema for schema in place.schemas)


def _is_number(text: str) -> bool:
    return text[-1:].isdigit() and text.lstrip("-")[:1].isdigit()


def _bare(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _unknown(value: Mapping[str, Any], schemas: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Give the keys that no alternative knows, where further ones are forbidden."""
    schemas = [*schemas]
    others = [
        schema[name]
        for schema in schemas
        for name in ("additionalProperties", "unevaluatedProperties")
        if name in schema
    ]
    if False not in others or any(other is not False for other in others):
        return
    known = {name for schema in schemas for name in properties_of(schema)}
    patterns = {pattern for schema in schemas for pattern in schema.get("patternProperties", ())}
    yield from (key for key in value if key not in known and not _matches(key, patterns))


def _matches(key: str, patterns: Iterable[str]) -> bool:
    """Tell whether a pattern knows a key; one that takes too long to say so might."""
    try:
        with deadline():
            return any(found(pattern, key) for pattern in patterns)
    except OutOfTimeError:
        return True
