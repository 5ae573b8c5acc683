"""Coercion without loss: where a schema complains of a value, its other form that the schema asks for.

Only what strict validation refuses is touched. Nothing is invented, and nothing goes but a field that nobody asked for.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

from slotfill.extractors.forms.value_types import Context, accepts_value, listed_in, types_of
from slotfill.extractors.forms.vocabulary import is_nothing
from slotfill.extractors.record.parts import Edit, Risk
from slotfill.extractors.repair.inner_paths import contradicted, move_up
from slotfill.extractors.repair.object_keys import (
    Synonyms,
    closest_member,
    contradicts,
    has_twin_keys,
    known_as,
    known_keys,
    likely_key,
    twin_keys,
    unknown_keys,
)
from slotfill.extractors.repair.reshaping import plain_meaning
from slotfill.schemas.errors import FieldError, InvalidError
from slotfill.schemas.json_schema.value_walk import ApplicableSchemas, applicable_schemas
from slotfill.schemas.json_values import exact_json
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.json_values.places import PathStep, ValuePath, steps_of
from slotfill.schemas.json_values.pointer import join, list_index, tokens
from slotfill.schemas.schema import Schema

__all__ = ["Coerced", "coerce", "complaints"]

_ROUNDS = 6
"""How often a value is changed and validated again: a text may be a list's item, a label in a list, …"""


@dataclass(frozen=True, slots=True)
class Coerced:
    """A value, unwrapped, with what was changed, and what strict validation still says of it."""

    data: JSON
    edits: tuple[Edit, ...]
    errors: tuple[FieldError, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """A part of the value: where it hangs, and all schemas that may speak of it."""

    holder: JSON
    key: PathStep
    path: ValuePath
    schemas: ApplicableSchemas

    @property
    def value(self) -> JSON:
        return self.holder[self.key]


def complaints(data: JSON, schema: Schema[Any], document: str | None) -> tuple[FieldError, ...]:
    """Return what strict validation says of a value, unwrapped."""
    try:
        schema.validate(exact_json.dumps(schema.wrap(data)), document=document)
    except InvalidError as error:
        return error.errors
    except RecursionError:
        return (FieldError("", "is nested too deeply"),)
    return ()


def coerce(
    data: JSON,
    schema: Schema[Any],
    allowed: Collection[Risk],
    *,
    as_written: Callable[[], JSON],
    document: str | None = None,
) -> Coerced:
    """Change what strict validation refuses, in place.

    data: the value, unwrapped. allowed: the risks that may be taken.
    as_written: gives the value again, its numbers as they were written.
    """
    coercion = _Coercion({"": data}, schema, allowed, as_written, document)
    coercion.rename_twins()
    errors = complaints(coercion.data, schema, document)
    for _ in range(_ROUNDS):
        if not errors or not coercion.mend(errors):
            break
        errors = complaints(coercion.data, schema, document)
    return Coerced(coercion.data, tuple(coercion.edits), errors)


class _Coercion:
    def __init__(
        self,
        carrier: JSONObject,
        schema: Schema[Any],
        allowed: Collection[Risk],
        as_written: Callable[[], JSON],
        document: str | None,
    ) -> None:
        self._carrier, self._allowed, self._document = carrier, allowed, document
        self._schema = schema
        self._synonyms: Synonyms = schema.synonyms
        self._day_first: bool | None = getattr(schema.parameters, "day_first", None)
        self._as_written = cache(as_written)
        self._passed: defaultdict[ValuePath, list[JSON]] = defaultdict(list)
        self.edits: list[Edit] = []

    @property
    def data(self) -> JSON:
        return self._carrier[""]

    def mend(self, errors: Iterable[FieldError]) -> bool:
        """Change what the errors speak of; tells whether anything was."""
        before = len(self.edits)
        checked: set[ValuePath] = set()
        for path in dict.fromkeys(error.path for error in errors):
            places = self._places(path)
            changed = self._change(places[-1])
            if len(places) > 1 and self._leave_out(*places[:-3:-1]):
                continue
            for place in places[:-3:-1]:
                changed |= place.path not in checked and self._change_keys(place)
                checked.add(place.path)
            for place in places[:-3:-1]:
                if not changed and (members := place.schemas.branches()):
                    changed = self._change_within(place, members)
        return len(self.edits) > before

    def rename_twins(self) -> None:
        """Rename the keys that open objects may have, and that mean one that is missing: no error tells of them."""
        rest = self._places("") if has_twin_keys(self.data, self._schema) else []
        while rest:
            place = rest.pop()
            if isinstance(place.value, dict) and [*self._twins(place)]:
                self._change_keys(place)
            rest += [self._part(place, step) for step in steps_of(place.value)]

    def _twins(self, place: _Place) -> Iterator[str]:
        return twin_keys(place.value, place.schemas, self._synonyms)

    def _places(self, pointer: str) -> list[_Place]:
        """Return the parts on the way to a path, as far as it leads."""
        places = [_Place(self._carrier, "", (), applicable_schemas(self._schema.json_schema))]
        for token in tokens(pointer):
            step = _step(token, places[-1].value)
            if step is None:
                break
            places.append(self._part(places[-1], step))
        return places

    def _part(self, place: _Place, step: PathStep) -> _Place:
        key = known_as(step, place.schemas, self._synonyms) if isinstance(step, str) else step
        return _Place(place.value, step, (*place.path, step), place.schemas.at(key))

    def _change(self, place: _Place) -> bool:
        found = plain_meaning(place.value, place.schemas, self._context(place))
        if found is None or found.risk not in self._allowed or not self._is_plain(place, found.kind):
            return False
        passed = self._passed[place.path]
        passed.append(place.value)
        if any(type(one) is type(found.value) and one == found.value for one in passed):
            return False  # it would come back to what it was: neither form is the one asked for
        self._note(place.path, found.kind, place.value, found.value, found.risk)
        place.holder[place.key] = found.value
        return True

    def _context(self, place: _Place) -> Context:
        item_keys = partial(self._item_keys, place)
        return Context(place.key, partial(self._digits, place), item_keys, self._document, self._day_first)

    def _item_keys(self, place: _Place) -> frozenset[str]:
        return known_keys(place.schemas.at(0))

    def _is_plain(self, place: _Place, kind: str) -> bool:
        """Whether the items that are asked for leave no other reading: `none` may be one of their labels."""
        if kind == "nothing":
            labels = {label.casefold() for label in listed_in(place.schemas.at(0)) if isinstance(label, str)}
            return place.value.strip().casefold() not in labels
        return kind != "list" or self._is_item(place)

    def _is_item(self, place: _Place) -> bool:
        """Whether an object may be the one item of the list that is asked for: it has a key that items have."""
        items = place.schemas.at(0)
        if not isinstance(place.value, dict) or not types_of(items):
            return True
        known = known_keys(items)
        return "object" in types_of(items) and (not known or not known.isdisjoint(place.value))

    def _digits(self, place: _Place) -> str:
        """Find a number as it was written; where changes have moved it too far, write it anew."""
        written = self._as_written()
        for step in place.path:
            try:
                written = written if isinstance(written, str) else written[step]
            except (LookupError, TypeError):
                break
        same = isinstance(written, str) and _as_float(written) == float(place.value)
        return written if same else exact_json.dumps(place.value)

    def _note(self, path: ValuePath, kind: str, before: JSON, after: JSON, risk: Risk) -> None:
        self.edits.append(Edit(join(path), kind, copy.deepcopy(before), copy.deepcopy(after), risk))

    def _change_within(self, place: _Place, members: Sequence[ApplicableSchemas]) -> bool:
        """Change all parts that no member of a union takes, the errors of a union lead no deeper; then what is over."""
        before, rest = len(self.edits), [place]
        while rest:
            part = rest.pop()
            value = part.value
            if part.schemas and not accepts_value(part.schemas, value) and self._change(part):
                continue
            if isinstance(value, dict):
                self._change_keys(part)
            rest += [self._part(part, step) for step in steps_of(value)]
        if len(self.edits) == before and isinstance(place.value, dict):
            member = closest_member(place.value, members)
            self._change_keys(replace(place, schemas=member) if member else place)
        return len(self.edits) > before

    def _change_keys(self, place: _Place) -> bool:
        """Rename keys that are nearly a known one, and take out those that nobody asked for.

        Where nothing of an object would be left, it is a guess that it says nothing: `{"error": "no data"}`.
        """
        if not isinstance(place.value, dict):
            return False
        before = len(self.edits)
        self._move_up(place)
        unknown = [*unknown_keys(place.value, place.schemas), *self._twins(place)]
        known = known_keys(place.schemas) if unknown else frozenset()
        twice = contradicted(place.value, self._schema.inner_paths)
        extra = [key for key in unknown if key not in twice and self._is_extra(place, key, known)]
        risk: Risk = "low" if len(extra) < len(place.value) else "high"
        for key in extra if risk in self._allowed else ():
            self._note((*place.path, key), "extra", place.value.pop(key), None, risk)
        return len(self.edits) > before

    def _move_up(self, place: _Place) -> None:
        """Put under its key what stands where the model reads it, too: `{"address": {"street": …}}` for `street`."""
        paths = self._schema.inner_paths if "low" in self._allowed else {}
        moved = move_up(place.value, known_keys(place.schemas), paths) if paths else {}
        for key, path in moved.items():
            self._note((*place.path, key), "key", join(path), key, "low")

    def _is_extra(self, place: _Place, key: str, known: frozenset[str]) -> bool:
        """Whether nobody asked for a key; one that is nearly a known one is renamed."""
        if contradicts(key, place.value, known, self._synonyms):
            return False  # one of the two is wrong
        if likely := likely_key(key, place.value, known, self._synonyms):
            self._rename(place, key, *likely)
        return likely is None

    def _rename(self, place: _Place, key: str, known: str, risk: Risk) -> None:
        if risk in self._allowed:
            self._note((*place.path, known), "key", key, known, risk)
            items = [(known if name == key else name, value) for name, value in place.value.items()]
            place.value.clear()
            place.value.update(items)

    def _leave_out(self, place: _Place, holder: _Place) -> bool:
        """Take out a word for nothing where the field may be left out and cannot be null: there is none."""
        says_none = place.value is None or (isinstance(place.value, str) and is_nothing(place.value))
        if not says_none or not place.path or not isinstance(place.holder, dict) or accepts_value(place.schemas, None):
            return False
        needed = {key for schema in holder.schemas for key in schema.get("required", ())}
        if place.key not in known_keys(holder.schemas) - needed or "low" not in self._allowed:
            return False
        value = place.value
        del place.holder[place.key]
        self._note(place.path, "left_out", value, None, "low")
        return True


def _step(token: str, value: JSON) -> PathStep | None:
    if isinstance(value, dict):
        return token if token in value else None
    if isinstance(value, list) and (index := list_index(token)) is not None and index < len(value):
        return index
    return None


def _as_float(number: str) -> float | None:
    """Read a number as a model writes it: 1_000 and 1,000, too."""
    try:
        return float(number.replace(",", ""))
    except ValueError:
        return None
