"""What a Pydantic model says of itself: the JSON Schema of a reply, that of its output, and the names of its fields."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from slotfill.schemas.json_schema.decimals import DECIMAL
from slotfill.schemas.json_schema.response_model import JsonValue
from slotfill.schemas.json_schema.subschemas import properties_of, resolve_local, subschemas
from slotfill.schemas.json_values.json_types import JSON, JSONObject
from slotfill.schemas.validation.core_walk import Node, definitions_of, nodes_of
from slotfill.schemas.validation.field_keys import KeyPath, fields_of, key_of, names_of, paths_of

__all__ = ["decimal_schema", "inner_paths_of", "output_schema", "reply_schema", "synonyms_of"]


def reply_schema(model: type[BaseModel], *, by_alias: bool = True) -> JSONObject:
    """Return the JSON Schema of what a model reads, as strictly as replies are read.

    Objects take no keys but their own, unless the model's `extra` is "allow": Pydantic would drop what it does not
    know without a word. The property by which a union's members are told apart is required, also where it has a
    default: without it Pydantic refuses the object.
    """
    if issubclass(model, JsonValue):
        return model.model_json_schema()
    json_schema = model.model_json_schema(by_alias=by_alias, schema_generator=_ReplySchema)
    _require_tags(json_schema)
    return json_schema


def output_schema(model: type[BaseModel]) -> JSONObject:
    """Return the JSON Schema of a model's values as they are written: with computed fields, and the aliases of that.

    Where the model has none, as of a serializer whose type is unknown, it is that of a reply.
    """
    if issubclass(model, JsonValue):
        return model.model_json_schema()
    try:
        return model.model_json_schema(mode="serialization", schema_generator=_OutputSchema)
    except Exception:  # noqa: BLE001 - a model may be read without being described when it is written
        return reply_schema(model)


def decimal_schema(schema: CoreSchema) -> JSONObject:
    """Return the JSON Schema of what a core schema reads, its decimal numbers marked with `DECIMAL`."""
    return _OutputSchema().generate(schema)


def synonyms_of(model: type[BaseModel]) -> dict[str, frozenset[str]]:
    """Return, by JSON key, the other names by which a model and those within it know the field.

    `items: list[str] = Field(validation_alias="lineItems")` gives {"lineItems": {"items"}}.
    """
    names: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for name, field in _all_fields(model):
        names[key_of(name, field)] |= names_of(name, field)
    return {key: others for key, others in names.items() if others}


def inner_paths_of(model: type[BaseModel]) -> dict[str, tuple[KeyPath, ...]]:
    """Return, by JSON key, the paths into other values by which a model and those within it read the field, too.

    `street: str = Field(validation_alias=AliasPath("address", "street"))` gives {"street": (("address", "street"),)}.
    """
    paths: defaultdict[str, tuple[KeyPath, ...]] = defaultdict(tuple)
    for name, field in _all_fields(model):
        paths[key_of(name, field)] += paths_of(field)
    return {key: others for key, others in paths.items() if others}


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

    A serializer of a whole object that gives `JSONObject`, as one that leaves nulls out does, says nothing of keys:
    the object's fields do.
    """

    def generate_inner(self, schema: JSON) -> JsonSchemaValue:
        of_keys = schema.get("serialization", {}).get("return_schema", {}) if schema["type"] in _OBJECTS else {}
        unsaid = of_keys.get("type") == "dict" and of_keys.get("values_schema", {"type": "any"})["type"] == "any"
        return super().generate_inner({**schema, "serialization": {}} if unsaid else schema)

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        return {**super().decimal_schema(schema), DECIMAL: _digits(schema)}


def _digits(schema: core_schema.DecimalSchema) -> JSONObject:
    return {name: schema[name] for name in ("max_digits", "decimal_places") if schema.get(name) is not None}


def _closed(json_schema: JsonSchemaValue) -> JsonSchemaValue:
    open_to_others = ("additionalProperties", "patternProperties", "$ref")
    if json_schema.get("type") == "object" and not any(keyword in json_schema for keyword in open_to_others):
        json_schema["additionalProperties"] = False
    return json_schema


def _require_tags(json_schema: JSONObject) -> None:
    for _, union in [*subschemas(json_schema)]:
        discriminator = union.get("discriminator")
        tag = discriminator.get("propertyName") if isinstance(discriminator, dict) else None
        for branch in union.get("oneOf", ()) if tag else ():
            member = resolve_local(branch, json_schema)
            if tag in properties_of(member) and tag not in member.get("required", ()):
                member["required"] = [tag, *member.get("required", ())]


def _all_fields(model: type[BaseModel]) -> Iterator[tuple[str, Node]]:
    schema = model.__pydantic_core_schema__
    for whole in (schema, *definitions_of(schema).values()):
        for node in nodes_of(whole):
            yield from fields_of(node)
