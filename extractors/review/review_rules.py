"""The rules of a review: what accepting, correcting, rejecting and adding make of a field, as its schema allows."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from slotfill.extractors.errors import InputError
from slotfill.extractors.record.json_writer import NO_MEMBER
from slotfill.extractors.repair.coercion import coerce, complaints
from slotfill.extractors.review.review_fields import review_fields
from slotfill.extractors.review.review_fold import ReviewView
from slotfill.extractors.review.reviewed_value import ReviewedValue
from slotfill.extractors.review.value_editors import empty_value, schemas_at, typed_value, value_editor
from slotfill.schemas.errors import FieldError
from slotfill.schemas.json_values.exact_json import MAX_JSON_DEPTH
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.json_values.places import ValuePath
from slotfill.schemas.json_values.pointer import follow, is_within, join, list_index, tokens
from slotfill.schemas.schema import Schema

__all__ = ["DecisionError", "ReviewRules", "UnknownFieldError"]

_MOST_LEVELS = MAX_JSON_DEPTH - 1
"""Of a value: a row of the log and a line of gold hold it in an object."""


class DecisionError(InputError):
    """A decision that cannot be taken: the schema refuses the value, or there is no such field.

    Attributes:
        errors: What the schema says, in its own words; their paths lead into the reviewed value.
    """

    def __init__(self, message: str, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(message)
        self.errors = errors


class UnknownFieldError(DecisionError):
    """A decision on what is no field of the document."""


@dataclass(frozen=True, slots=True)
class ReviewRules:
    """What a schema allows in one document's value.

    Attributes:
        schema: The schema.
        text: The document's text, for validators that look at it; None where it is not known.
    """

    schema: Schema[Any]
    text: str | None

    def errors(self, value: ReviewedValue) -> tuple[FieldError, ...]:
        """Return what the schema says against a reviewed value, by paths into it."""
        nodes = [node for node in value.walk() if not node.is_removed]
        for node in nodes:
            if len(node.steps) >= _MOST_LEVELS and isinstance(node.value, dict | list):
                return (FieldError(node.path, f"it has more than {_MOST_LEVELS} levels of lists and objects"),)
        paths = {node.written: node.path for node in nodes}
        found = complaints(value.value(), self.schema, self.text)
        return tuple(FieldError(_reviewed(error.path, paths), error.message) for error in found)

    def steps(self, value: ReviewedValue, path: str) -> ValuePath:
        """Return the keys and indexes that a path leads by. Raises DecisionError where it leads nowhere."""
        if path and not path.startswith("/"):
            raise UnknownFieldError(f"{path!r} is no JSON Pointer: it begins with /")
        steps: list[str | int] = []
        for number, token in enumerate(tokens(path), 1):
            holder: JSON = value.get(join(steps))
            if isinstance(holder, list) and (index := list_index(token)) is not None:
                steps.append(index)
            elif isinstance(holder, dict):
                steps.append(token)
            else:
                raise UnknownFieldError(
                    f"{path!r} leads nowhere in the value: there is nothing to hold its part {number}"
                )
        return tuple(steps)

    def read(self, view: ReviewView, path: str, typed: str) -> tuple[JSON, tuple[FieldError, ...]]:
        """Read what was typed for a field, and say what the schema has against it.

        What the schema refuses may be a form of what it takes: "3 March 2026" of a date, "1,250.00" of a number.
        """
        editor = value_editor(schemas_at(self.schema.json_schema, self.steps(view.value, path)))
        candidates = [typed_value(typed, editor)]
        if not isinstance(candidates[0], str):
            candidates.append(typed)
        refusals = []
        for candidate in candidates:
            if not (errors := self.errors_at(view, path, candidate)):
                return candidate, ()
            refusals.append(errors)
        reshaped = self._reshaped(view, path, typed)
        if reshaped is not NO_MEMBER and not self.errors_at(view, path, reshaped):
            return reshaped, ()
        return candidates[0], refusals[0]

    def errors_at(self, view: ReviewView, path: str, value: JSON) -> tuple[FieldError, ...]:
        """Return what the schema would say of a field, or of parts of it, if it held a value."""
        changed = _changed_value(view.value, path, value)
        return tuple(error for error in self.errors(changed) if is_within(error.path, (path,)))

    def corrected(self, view: ReviewView, path: str, value: JSON) -> JSON:
        """Return a value that is to stand at a path. Raises DecisionError where the schema refuses it."""
        self.steps(view.value, path)
        if errors := self.errors_at(view, path, value):
            raise DecisionError(_messages(errors), errors)
        return value

    def accepted(self, view: ReviewView, path: str) -> JSON:
        """Return what stands at a path, NO_MEMBER for nothing. Raises DecisionError where the schema refuses it."""
        value = view.value.get(path)
        if value is not NO_MEMBER:
            return self.corrected(view, path, value)
        self._missing(view, path)
        if errors := tuple(error for error in self.errors(view.value) if error.path == path):
            raise DecisionError(f"{_messages(errors)}: correct it instead", errors)
        return NO_MEMBER

    def rejected(self, view: ReviewView, path: str) -> JSON:
        """Return what stands at a path when nothing there is right: null, nothing, or no item.

        Raises DecisionError where the schema takes none of these.
        """
        steps = self.steps(view.value, path)
        if path and isinstance(view.value.get(join(steps[:-1])), list):
            if view.value.get(path) is NO_MEMBER:
                raise UnknownFieldError(f"{path!r} is no item: it was taken out, or never there")
            return NO_MEMBER
        if view.value.get(path) is NO_MEMBER:
            self._missing(view, path)
        errors: tuple[FieldError, ...] = ()
        for nothing in self._nothings(view, path):
            errors = self.errors_at(view, path, nothing)
            if not errors:
                return nothing
        raise DecisionError(f"{_messages(errors)}: correct it instead", errors)

    def _missing(self, view: ReviewView, path: str) -> None:
        """Make sure that a path at which nothing stands is that of a field. Raises UnknownFieldError."""
        self.steps(view.value, path)
        if all(field.path != path for field in review_fields(view.value, self.schema.json_schema)):
            raise UnknownFieldError(f"{path!r} is no field: neither the value has it nor the schema")

    def added(self, view: ReviewView, path: str, value: JSON) -> JSON:
        """Return the item that a list is to have, what a new one starts as where `value` is NO_MEMBER.

        path: that of the list with the index that the item will have. Raises DecisionError.
        """
        steps = self.steps(view.value, path)
        if value is not NO_MEMBER:
            return self.corrected(view, path, value)
        return empty_value(self.schema.json_schema, schemas_at(self.schema.json_schema, steps))

    def _nothings(self, view: ReviewView, path: str) -> Iterator[JSON]:
        yield None
        if isinstance(view.value.get(path), list):
            yield []
        if path:
            yield NO_MEMBER

    def _reshaped(self, view: ReviewView, path: str, typed: str) -> JSON:
        """Return what a text means in the form that the schema asks for, NO_MEMBER where nobody can say."""
        changed = _changed_value(view.value, path, typed)
        whole = changed.value()
        written = next((node.written for node in changed.walk() if node.path == path), "")
        coerced = coerce(
            whole, self.schema, ("none", "low"), as_written=lambda: copy.deepcopy(whole), document=self.text
        )
        return follow(written, coerced.data) if coerced.edits else NO_MEMBER


def _changed_value(value: ReviewedValue, path: str, part: JSON) -> ReviewedValue:
    """Return a copy of a reviewed value with another part at a path, NO_MEMBER for none."""
    changed = copy.deepcopy(value, {id(NO_MEMBER): NO_MEMBER})
    changed.put(path, part)
    return changed


def _reviewed(written: str, paths: dict[str, str]) -> str:
    """Return a path into a value as it is written as one into the reviewed value; what is missing has the same name."""
    known, rest = written, ""
    while known and known not in paths:
        known, _, last = known.rpartition("/")
        rest = f"/{last}{rest}"
    return paths.get(known, "") + rest


def _messages(errors: tuple[FieldError, ...]) -> str:
    return "; ".join(dict.fromkeys(error.message for error in errors)) or "the schema refuses it"
