"""What a schema says under a word that JSON Schema does not know."""

import pytest

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.sources.schema_sources import resolve

TEXT = {"type": "string"}
FIELDS = {"name": TEXT, "age": {"type": "integer"}}
REAL = {"type": "object", "properties": FIELDS, "required": ["name"]}


@pytest.mark.parametrize(
    ("key", "said"),
    [
        *((key, FIELDS) for key in ("fields", "props", "columns", "attributes", "property", "propertys", "Properties")),
        *((key, ["name", "age"]) for key in ("fields", "columns", "keys")),
        ("fields", [{"name": "name", "type": "string"}]),
        ("fields", {"name": "string"}),
        ("parameters", FIELDS),
        ("optionalProperties", FIELDS),
        ("fieldList", [{"name": "name"}]),
        ("field_names", ["name", "age"]),
        ("columns", "name, age"),
        ("function", {"name": "f", "parameters": REAL}),
    ],
)
@pytest.mark.parametrize("more", [{}, {"required": ["name"]}, {"additionalProperties": False}, {"properties": {}}])
def test_fields_under_another_word_are_refused(key, said, more):
    with pytest.raises(SchemaError, match=rf"JSON Schema knows no {key!r}, .*: write 'properties', as in"):
        resolve({"type": "object", key: said, **more})


@pytest.mark.parametrize("key", ["schema", "parameters"])
def test_a_schema_within_an_object_is_what_is_meant(key):
    with pytest.raises(SchemaError, match=f"put what stands at /{key} in place of what is around it"):
        resolve({"type": "object", key: REAL})


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"type": "object", "name": "string", "age": "integer"}, "'name', 'age' under"),
        ({"type": "object", "name": TEXT}, "'name' under"),
        ({"type": "object", "address": FIELDS}, "'address' under"),
        ({"type": "object", "data": {"name": "string"}}, "'data' under"),
        ({"type": "object", "properties": {"address": {"street": TEXT}}}, "at /properties/address where"),
        ({"type": "array", "items": {"street": TEXT, "title": "Address"}}, "at /items where"),
    ],
)
def test_fields_beside_the_keywords_are_refused(document, place):
    with pytest.raises(SchemaError, match=rf"fields stand.*{place}.* as in "):
        resolve(document)


@pytest.mark.parametrize(
    ("part", "key", "keyword"),
    [
        ({"type": "object", "fields": FIELDS}, "fields", "properties"),
        ({"type": ["object", "null"], "props": FIELDS}, "props", "properties"),
        ({"type": "array", "of": TEXT}, "of", "items"),
        ({"type": "array", "item": TEXT}, "item", "items"),
        ({"type": "array", "elements": "string"}, "elements", "items"),
        ({"type": "array", "itemSchema": REAL}, "itemSchema", "items"),
        ({"type": "array", "fields": FIELDS}, "fields", "items"),
        ({"type": "object", "values": TEXT}, "values", "additionalProperties"),
        ({"type": "string", "possible_values": ["S", "M"]}, "possible_values", "enum"),
        ({"any_of": [TEXT, {"type": "null"}]}, "any_of", "anyOf"),
        ({"type": "string", "choices": ["S", "M"]}, "choices", "enum"),
        ({"options": ["S", "M"]}, "options", "enum"),
        ({"datatype": "string"}, "datatype", "type"),
        ({"bsonType": "string"}, "bsonType", "type"),
    ],
)
def test_so_is_any_part_that_says_so(part, key, keyword):
    said = rf"knows no {key!r}{{}}, so that .*: write {keyword!r}"
    with pytest.raises(SchemaError, match=said.format(" at /properties/size")):
        resolve({"type": "object", "properties": {"size": part}})
    with pytest.raises(SchemaError, match=said.format(" at /anyOf/1/items")):
        resolve({"anyOf": [{"type": "null"}, {"type": "array", "items": part}]})


def test_the_fields_of_a_list_are_those_of_its_items():
    with pytest.raises(SchemaError, match=r"^'properties' is not of lists, so that any list would do: write 'items'"):
        resolve({"type": "array", "properties": FIELDS})


@pytest.mark.parametrize(
    "document",
    [
        {"type": "object"},
        {"type": "object", "title": "Anything", "description": "as it comes", "minProperties": 1},
        {"type": "object", "markdownDescription": "**as it comes**", "ui": {"widget": "json"}, "x-fields": FIELDS},
        {"type": "object", "kind": "object", "labels": {"en": "Anything"}, "options": {"collapsed": True}},
        {"type": "object", "tsType": "Record<string, string>", "javaType": "object"},
        {"type": "object", "additionalProperties": TEXT, "columns": ["key", "value"]},
        {"type": "object", "default": {"fields": FIELDS}, "examples": [{"props": FIELDS}]},
        {**REAL, "propertyOrdering": ["name", "age"], "markdownDescription": "**A person**", "$comment": "as it was"},
        {**REAL, "fields": ["name"], "attributes": {"class": "wide"}, "options": {"columns": 2}, "values": ["a"]},
        {"type": "object", "properties": {"fields": TEXT, "type": TEXT, "schema": REAL, "choices": {"type": "array"}}},
        {"$ref": "#/$defs/person", "$defs": {"person": REAL, "more": {"pet": REAL}}, "props": FIELDS},
        {"type": "string", "enum": ["S", "M"], "enumNames": ["small", "medium"], "options": ["S", "M"]},
        {"type": "string", "options": {"columns": 2}},
    ],
)
def test_extensions_stay(document):
    assert resolve(document).json_schema == document


def test_a_schema_that_is_nested_too_deeply_is_told_so():
    document = {"type": "string"}
    for _ in range(3_000):
        document = {"type": "object", "properties": {"a": document}}
    with pytest.raises(SchemaError, match="nested too deeply"):
        resolve(document)
