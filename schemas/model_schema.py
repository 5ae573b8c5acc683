"""What a Pydantic model says of itself: the JSON Schema of a reply, that of its output, and the names of its fields."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from slotfill.schemas.core_walk import definitions_of, nodes_of
from slotfill.schemas.json_schema import JsonValue, resolve_local
from slotfill.schemas.parts import properties_of, subschemas

__all__ = ["DECIMAL", "decimal_schema", "output_schema", "reply_schema", "synonyms_of"]

DECIMAL = "x-decimal"
"""The keyword that marks a decimal number in the JSON Schema of what is written: `{"max_digits", "decimal_places"}`."""


def reply_schema(model: type[BaseModel], *, by_alias: bool = True) -> dict[str, Any]:
    """Give the JSON Schema of what a model reads, as strictly as replies are read.

    Objects take no keys but their own, unless the model's `extra` is "allow": Pydantic would drop what it does not
    know without a word. The property by which a union's members are told apart is required, also where it has a
    default: without it Pydantic refuses the object.
    """
    if issubclass(model, JsonValue):
        return model.model_json_schema()
    json_schema = model.model_json_schema(by_alias=by_alias, schema_generator=_ReplySchema)
    _require_tags(json_schema)
    return json_schema


def output_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Give the JSON Schema of a model's values as they are written: with computed fields, and the aliases of that.

    Where the model has none, as of a serializer whose type is unknown, it is that of a reply.
    """
    if issubclass(model, JsonValue):
        return model.model_json_schema()
    try:
        return model.model_json_schema(mode="serialization", schema_generator=_OutputSchema)
    except Exception:  # noqa: BLE001 - a model may be read without being described when it is written
        return reply_schema(model)


def decimal_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Give the JSON Schema of what a model reads, its decimal numbers marked with `DECIMAL`."""
    return model.model_json_schema(schema_generator=_OutputSchema)


def synonyms_of(model: type[BaseModel]) -> dict[str, frozenset[str]]:
    """Give, by JSON key, the other names by which a model and those within it know the field.

    `items: list[str] = Field(validation_alias="lineItems")` gives {"lineItems": {"items"}}.
    """
    names: defaultdict[str, set[str]] = defaultdict(set)
    for node in _all_nodes(model.__pydantic_core_schema__):
        for name, field in _fields(node):
            key, *others = [*_aliases(field), name]
            names[key].update(other for other in (*others, field.get("serialization_alias", key)) if other != key)
    return {key: frozenset(others) for key, others in names.items() if others}


_OBJECTS = ("model", "dataclass", "typed-dict")


class _ReplySchema(GenerateJsonSchema):
    """Writes a model's JSON Schema with its objects closed, and what it asks of a decimal's digits."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        bounds = _digits(schema)
        return {**super().decimal_schema(schema), **({DECIMAL: bounds} if bounds else {})}

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        return _closed(super().model_schema(schema))

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        return _closed(super().typed_dict_schema(schema))

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        return _closed(super().dataclass_schema(schema))


class _OutputSchema(GenerateJsonSchema):
    """Writes a model's JSON Schema with its decimal numbers marked: in JSON they are strings like any other.

    A serializer of a whole object that gives `dict[str, Any]`, as one that leaves nulls out does, says nothing of keys:
    the object's fields do.
    """

    def generate_inner(self, schema: Any) -> JsonSchemaValue:
        of_keys = schema.get("serialization", {}).get("return_schema", {}) if schema["type"] in _OBJECTS else {}
        unsaid = of_keys.get("type") == "dict" and of_keys.get("values_schema", {"type": "any"})["type"] == "any"
        return super().generate_inner({**schema, "serialization": {}} if unsaid else schema)

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        return {**super().decimal_schema(schema), DECIMAL: _digits(schema)}


def _digits(schema: core_schema.DecimalSchema) -> dict[str, Any]:
    return {name: schema[name] for name in ("max_digits", "decimal_places") if schema.get(name) is not None}


def _closed(json_schema: JsonSchemaValue) -> JsonSchemaValue:
    open_to_others = ("additionalProperties", "patternProperties", "$ref")
    if json_schema.get("type") == "object" and not any(keyword in json_schema for keyword in open_to_others):
        json_schema["additionalProperties"] = False
    return json_schema


def _require_tags(json_schema: dict[str, Any]) -> None:
    for _, union in [*subschemas(json_schema)]:
        discriminator = union.get("discriminator")
        tag = discriminator.get("propertyName") if isinstance(discriminator, dict) else None
        for branch in union.get("oneOf", ()) if tag else ():
            member = resolve_local(branch, json_schema)
            if tag in properties_of(member) and tag not in member.get("required", ()):
                member["required"] = [tag, *member.get("required", ())]


def _all_nodes(schema: CoreSchema) -> Iterator[Mapping[str, Any]]:
    for whole in (schema, *definitions_of(schema).values()):
        yield from nodes_of(whole)


def _fields(node: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if node["type"] in ("model-fields", "typed-dict"):
        yield from node["fields"].items()
    elif node["type"] == "dataclass-args":
        yield from ((field["name"], field) for field in node["fields"])


def _aliases(field: Mapping[str, Any]) -> list[str]:
    """Give the names that are one key each; a path into another value is none."""
    alias = field.get("validation_alias", [])
    paths = [[alias]] if isinstance(alias, str) else alias if alias and isinstance(alias[0], list) else [alias]
    return [path[0] for path in paths if len(path) == 1 and isinstance(path[0], str)]
