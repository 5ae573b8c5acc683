"""What passes for a JSON Schema and is none."""

import json
import re

import pytest

from slotfill.schemas.errors import SchemaError
from slotfill.schemas.sources.schema_sources import resolve

REAL = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"type": "function", "function": {"name": "f", "parameters": REAL}}, "/function/parameters"),
        ({"name": "f", "description": "d", "parameters": REAL, "strict": True}, "/parameters"),
        ({"name": "f", "description": "d", "input_schema": REAL}, "/input_schema"),
        ({"type": "custom", "name": "f", "input_schema": REAL}, "/input_schema"),
        ({"name": "f", "title": "F", "inputSchema": REAL}, "/inputSchema"),
        ({"name": "f", "schema": REAL, "strict": True}, "/schema"),
        ({"type": "json_schema", "json_schema": {"name": "f", "schema": REAL}}, "/json_schema/schema"),
        ({"format": {"type": "json_schema", "schema": REAL}}, "/format/schema"),
        ({"response_format": {"json_schema": {"schema": REAL}}}, "/response_format/json_schema/schema"),
        ({"functionDeclarations": [{"name": "f", "parameters": REAL}]}, "/functionDeclarations/0/parameters"),
        ({"toolSpec": {"name": "f", "inputSchema": {"json": REAL}}}, "/toolSpec/inputSchema/json"),
        ({"text": {"format": {"type": "json_schema", "name": "f", "schema": REAL}}}, "/text/format/schema"),
        ({"tools": [{"name": "f"}, {"name": "g", "input_schema": REAL}]}, "/tools/1/input_schema"),
    ],
)
def test_a_services_wrapper_is_refused_with_where_the_schema_stands(document, place, tmp_path):
    with pytest.raises(SchemaError, match=rf"what wraps one for a service: pass what stands at {place} of it$"):
        resolve(document)
    path = tmp_path / "tool.json"
    path.write_text(json.dumps(document))
    with pytest.raises(SchemaError, match=rf"tool.json': no JSON Schema.*{place} of it$"):
        resolve(str(path))


@pytest.mark.parametrize(
    "document",
    [
        {"name": "Ada", "age": 36},
        {"name": "Ada", "title": "Dr", "age": 36},
        {"name": "Ada", "type": "customer"},
        {"name": "string", "age": "integer"},
        {"items": {"sku": "a-1"}, "total": 3},
        {"name": "a", "children": [{"name": "b", "schema": 3}]},
        {1: 2},
    ],
)
def test_an_example_of_a_value_is_no_schema(document):
    with pytest.raises(SchemaError, match=r"no JSON Schema: .*say its fields in one line"):
        resolve(document)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"description": "whatever stands there"},
        {"title": "anything", "x-note": 1, "$comment": "as it comes"},
        {"$ref": "#/$defs/a", "$defs": {"a": {}}, "version": 2},
        {"$schema": "http://json-schema.org/draft-07/schema#", "version": 2},
        {"enum": ["a"], "name": "size"},
        {"minimum": 3},
        {"items": {"type": "string"}},
        {"type": "object", "properties": {"schema": REAL, "parameters": REAL}},
        {"$defs": {}},
    ],
)
def test_a_schema_stays_one(document):
    assert resolve(document).json_schema == document


@pytest.mark.parametrize("keyword", ["$defs", "definitions"])
def test_definitions_that_nothing_refers_to_are_no_schema(keyword):
    with pytest.raises(SchemaError, match=rf'definitions alone: .*"\$ref": "#/{re.escape(keyword)}/Person"'):
        resolve({"title": "People", keyword: {"Person": REAL, "Pet": REAL}})


@pytest.mark.parametrize("keyword", ["$defs", "definitions"])
@pytest.mark.parametrize("value", [5, True, "ab", ["a"], None])
def test_definitions_that_are_none_are_refused_as_that(keyword, value):
    with pytest.raises(SchemaError, match=rf"/{re.escape(keyword)}"):
        resolve({keyword: value})
