"""Typed values before all of them has arrived: instances of models that grow, and were never validated as a whole.

What a part is to become is read from the model's core schema, so that it is validated by the very validators that the
model has for it, those of its fields included.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from pydantic import BaseModel
from pydantic_core import SchemaValidator

from slotfill.schemas.json_values.json_types import JSON
from slotfill.schemas.validation.core_walk import bare, definitions_of
from slotfill.schemas.validation.field_keys import keys_of

__all__ = [
    "MAX_PARTIAL_DEPTH",
    "ModelFields",
    "Typed",
    "TypedModel",
    "ValidationContext",
    "ValueShape",
    "partial_fields_of",
]

MAX_PARTIAL_DEPTH = 16
"""How many levels are typed while they arrive: what ends is validated once more with each level around it."""

_AROUND = frozenset({"default", "definitions", "function-after", "function-before", "function-wrap", "nullable"})
"""The kinds of core schema that hold the one that says which form a value has."""

CoreSchema = Mapping[str, Any]

ValidationContext = dict[str, object]
"""What the fields' own validators are given."""


class Typed(ABC):
    """An object or a list that is still arriving; `value` is what there is of it, typed.

    levels: how many levels, itself included, are typed.
    """

    def __init__(self, value: Any, levels: int) -> None:
        self.value = value
        self._levels = levels

    @abstractmethod
    def put(self, key: str | int, value: object) -> None:
        """Show a member or an item; nothing happens where there is no place for it."""

    @abstractmethod
    def shape(self, key: str | int) -> ValueShape | None:
        """Return what the value at a key is to become; None where that is not known."""

    def begin(self, key: str | int, data: JSON) -> Typed | None:
        """Show a string, a list or an object that has begun; give what grows in its place, None where `data` does."""
        shape = self.shape(key)
        partial = shape.begun(data, self._levels - 1) if shape else None
        self.put(key, partial.value if partial else data)
        return partial

    def end(self, key: str | int, data: JSON, context: ValidationContext) -> None:
        """Show a value that has ended: validated, or else as it arrived."""
        shape = self.shape(key)
        try:
            self.put(key, shape.validated(data, context) if shape else data)
        except Exception:  # noqa: BLE001 - validators are the user's code, and this is only a preview
            if not isinstance(data, dict | list):  # these are shown since they began
                self.put(key, data)


class TypedModel(Typed):
    """A model's instance that is still arriving; what has not arrived is None."""

    def __init__(self, fields: ModelFields, levels: int = MAX_PARTIAL_DEPTH) -> None:
        super().__init__(fields.instance(), levels)
        self._fields = fields

    def put(self, key: str | int, value: object) -> None:
        """Set the field of a key, frozen or not, or else an extra one where the model takes these."""
        name = self._fields.names.get(key)
        if name is not None:
            self.value.__dict__[name] = value
            self.value.__pydantic_fields_set__.add(name)
        elif (extra := self.value.__pydantic_extra__) is not None:
            extra[key] = value

    def shape(self, key: str | int) -> ValueShape | None:
        """Return the shape of a key's field."""
        return self._fields.shapes.get(self._fields.names.get(key, ""))


class _TypedList(Typed):
    """A list that is still arriving."""

    def __init__(self, items: ValueShape, levels: int) -> None:
        super().__init__([], levels)
        self._items = items

    def put(self, key: str | int, value: object) -> None:
        """Set the last item, or append one."""
        self.value[key:] = [value]

    def shape(self, _: str | int) -> ValueShape | None:
        """Return the shape of the items."""
        return self._items


@dataclass(frozen=True, slots=True)
class _Scope:
    """What the parts of one model's core schema share."""

    definitions: Mapping[str, CoreSchema]
    models: dict[type[BaseModel], ModelFields] = field(default_factory=dict)

    def bare(self, schema: CoreSchema) -> CoreSchema:
        """Follow references, and take off what stands around a schema."""
        return bare(schema, self.definitions, _AROUND)

    def fields(self, schema: CoreSchema) -> ModelFields:
        """Return the fields of a model's core schema, the same ones wherever the model stands."""
        model = schema["cls"]
        if model not in self.models:
            self.models[model] = ModelFields(schema, self)
        return self.models[model]


class ValueShape:
    """What one part of a model is to become."""

    def __init__(self, schema: CoreSchema, config: CoreSchema, scope: _Scope) -> None:
        self._schema, self._config, self._scope = schema, config, scope

    def validated(self, data: JSON, context: ValidationContext) -> object:
        """Return plain JSON data, typed. Raises ValidationError, and whatever the model's own validators raise."""
        return self._validator.validate_json(json.dumps(data), strict=True, context=context)

    def begun(self, data: JSON, levels: int) -> Typed | None:
        """Return what grows in the place of an object or a list that has begun; None where `data` itself does."""
        if isinstance(data, dict) and levels and self._fields:
            return TypedModel(self._fields, levels)
        if isinstance(data, list) and levels and self._items:
            return _TypedList(self._items, levels)
        return None

    @cached_property
    def _validator(self) -> SchemaValidator:
        whole = {"type": "definitions", "schema": self._schema, "definitions": [*self._scope.definitions.values()]}
        return SchemaValidator(cast("Any", whole), cast("Any", self._config))

    @cached_property
    def _bare(self) -> CoreSchema:
        return self._scope.bare(self._schema)

    @cached_property
    def _fields(self) -> ModelFields | None:
        is_object = self._bare["type"] == "model" and not self._bare["root_model"]
        return self._scope.fields(self._bare) if is_object else None

    @cached_property
    def _items(self) -> ValueShape | None:
        if self._bare["type"] != "list" or "items_schema" not in self._bare:
            return None
        return ValueShape(self._bare["items_schema"], self._config, self._scope)


class ModelFields:
    """The fields of a model.

    names: the name of the field that a key of JSON stands for; a root model has one of key and name `root`.
    shapes: by name.
    """

    def __init__(self, schema: CoreSchema, scope: _Scope) -> None:
        self._model: type[BaseModel] = schema["cls"]
        config = schema.get("config", {})
        fields = {"root": schema} if schema["root_model"] else scope.bare(schema["schema"]).get("fields", {})
        self.names: dict[str | int, str] = {
            key: name for name, one in fields.items() for key in _keys(name, one, config)
        }
        self.shapes = {name: ValueShape(one["schema"], config, scope) for name, one in fields.items()}
        self._takes_extra = config.get("extra_fields_behavior") == "allow"

    def instance(self) -> BaseModel:
        """Make an instance whose fields are all None; no code of the model's own runs."""
        instance = object.__new__(self._model)
        for name, value in (
            ("__dict__", dict.fromkeys(self._model.model_fields)),
            ("__pydantic_fields_set__", set()),
            ("__pydantic_extra__", {} if self._takes_extra else None),
            ("__pydantic_private__", {} if self._model.__private_attributes__ else None),
        ):
            object.__setattr__(instance, name, value)
        return instance


def partial_fields_of(model: type[BaseModel]) -> ModelFields:
    """Read a model's fields from its core schema; there are none in a schema that the model makes up itself."""
    schema: CoreSchema = model.__pydantic_core_schema__
    scope = _Scope(definitions_of(schema))
    model_schema = scope.bare(schema)
    is_model = model_schema["type"] == "model"
    return scope.fields(model_schema if is_model else {"cls": model, "root_model": False, "schema": {"type": "any"}})


def _keys(name: str, schema: CoreSchema, config: CoreSchema) -> list[str]:
    """Return the keys under which a field may stand."""
    keys = keys_of(name, schema)
    return [*keys, name] if config.get("validate_by_name") else keys
