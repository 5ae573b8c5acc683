"""The value of a reply that is still arriving: plain and typed, in time linear in the reply."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast
from weakref import WeakKeyDictionary

from pydantic import RootModel

from slotfill.extractors.streaming.json_stream import JsonEvent, JsonStream
from slotfill.extractors.streaming.partial_models import (
    ModelFields,
    Typed,
    TypedModel,
    ValidationContext,
    ValueShape,
    partial_fields_of,
)
from slotfill.schemas.json_schema.response_model import JsonValue
from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.json_values.pointer import join
from slotfill.schemas.json_values.wrapper import WRAPPER
from slotfill.schemas.schema import Schema
from slotfill.schemas.typed_root import plain_root

__all__ = ["CompletedPart", "PartialValue"]

M = TypeVar("M")

_FIELDS: WeakKeyDictionary[Schema[Any], ModelFields] = WeakKeyDictionary()
"""By schema, with their validators: these take longer to build than a short reply to read."""


@dataclass(frozen=True, slots=True)
class CompletedPart:
    """A part of the value that has ended: a member or an item, or an item of a list that is one of these.

    Attributes:
        path: Its JSON Pointer, from the value on: "/key_issues/0".
        value: Its plain JSON data.
    """

    path: str
    value: JSON


class PartialValue(Generic[M]):
    """The value of a reply that is still arriving.

    The reply's object is read as `JsonStream` does, without what was asked for beside the value. It is a preview: it
    never raises, and where the text is no JSON it goes no further. Where the schema's values travel wrapped, all here
    starts at the unwrapped one.

    `data` and `value` are live: the objects that they give grow, and are up to date when the property is read again.
    Copy what you keep.
    """

    def __init__(self, schema: Schema[M]) -> None:
        self._wrapped, self._unwrap_path = schema.wrapped, schema.unwrap_path
        self._context: ValidationContext = {"document": None, "parameters": schema.parameters}
        self._reader = JsonStream(schema.added_keys)
        self._whole = None if issubclass(schema.model, JsonValue) else _Whole(schema)
        self._path: list[str | int] = []
        self._partials: list[Typed | None] = [None if schema.wrapped else self._whole]

    def feed(self, text: str) -> tuple[CompletedPart, ...]:
        """Take the next piece of the reply's text, cut anywhere; give the parts that it completed, in order.

        Parts are the members or items of the value, and the items of each list that is one of these: the items come
        before their list. A value that is neither an object nor a list is itself a part, of path "".
        """
        parts: list[CompletedPart] = []
        for event in self._reader.feed(text):
            if event.ended:
                self._end(event)
                parts += self._parts(event)
            else:
                self._begin(event)
        return tuple(parts)

    @property
    def data(self) -> JSON:
        """What has arrived, as plain JSON; None while nothing of a wrapped value has.

        A string is there as far as it has come (beyond 64 KB, all but a 64th of it), a number or a literal once it has
        ended, a key once its value has begun. Of a key that comes twice the last value counts.
        """
        self._look()
        root = self._reader.root
        return root.get(WRAPPER) if self._wrapped else root

    @property
    def value(self) -> M:
        """What has arrived, typed: an instance of the model, its fields None until they arrive.

        What ends is validated, strictly and by itself, and is from then on what the schema makes of it; what does not
        validate stays as it arrived. While they are open, models and lists (optional ones too) are typed down to 16
        levels, and all else is plain data. Once the whole has ended and validates, this is the validated value. Of a
        JSON Schema's response model it is always `data`, of a type that is no model what its root holds.
        """
        if self._whole is None:
            return cast("M", self.data)
        self._look()
        return cast("M", plain_root(self._whole.value))

    def _look(self) -> None:
        """Show how far the string has come that is arriving."""
        if self._reader.grew:
            key, around = self._reader.key, self._partials[-1]
            if around:
                around.put(key, "")  # a string that somebody else holds is copied as it grows
            text = self._reader.look()
            if around:
                around.put(key, text)

    def _begin(self, event: JsonEvent) -> None:
        around = self._partials[-1]
        partial = around.begin(event.key, event.value) if around else None
        if not isinstance(event.value, str):
            self._partials.append(self._whole if self._wrapped and not self._path else partial)
            self._path.append(event.key)

    def _end(self, event: JsonEvent) -> None:
        if isinstance(event.value, dict | list):
            self._partials.pop()
            self._path.pop()
        if around := self._partials[-1]:
            around.end(event.key, event.value, self._context)

    def _parts(self, event: JsonEvent) -> list[CompletedPart]:
        """Return a value that has ended as a part, if it is one."""
        # All of a path as deep as the text is long would be too much.
        place = self._unwrap_path((*self._path[:4], event.key)[1:])
        match place:
            case None:
                return []
            case ():
                is_part = not isinstance(event.value, dict | list)
            case (_,) | (_, int()):
                is_part = True
            case _:
                is_part = False
        return [CompletedPart(join(place), event.value)] if is_part else []


class _Whole(Typed):
    """What holds the value itself: what travels, or the wrapper in it."""

    def __init__(self, schema: Schema[Any]) -> None:
        self._top = TypedModel(_fields(schema))
        super().__init__(self._top.value, 0)
        self._load = schema.load
        self._key = WRAPPER if schema.wrapped else 0
        self._is_root_model = issubclass(schema.model, RootModel)

    def shape(self, _: str | int) -> ValueShape | None:
        """Return None: the schema itself says what becomes of the value."""
        return None

    def put(self, key: str | int, value: object) -> None:
        """Show the value in a root model; any other is its own."""
        if key == self._key:
            self.value = self._top.value
            if self._is_root_model:
                self._top.put("root", value)

    def begin(self, key: str | int, data: JSON) -> Typed | None:
        """Show that the value has begun."""
        self.put(key, data)
        if key != self._key:
            return None
        if self._is_root_model:
            return self._top.begin("root", data)
        return self._top if isinstance(data, dict) else None

    def end(self, key: str | int, data: JSON, _: ValidationContext) -> None:
        """Show the value that has ended: validated, or else as it arrived."""
        if key == self._key:
            if not isinstance(data, dict | list):  # these are shown since they began
                self.put(key, data)
            with suppress(Exception):  # it may be nested too deeply even to be written as JSON
                self.value = self._load(data)


def _fields(schema: Schema[Any]) -> ModelFields:
    if schema not in _FIELDS:
        _FIELDS[schema] = partial_fields_of(schema.model)
    return _FIELDS[schema]
