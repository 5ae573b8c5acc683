"""Which fields of a schema hold one of a few labels."""

from slotfill.schemas import resolve
from slotfill.schemas.json_schema.closed_fields import closed_fields


def labels_of(json_schema):
    return {path: labels for path, _, labels in closed_fields(json_schema)}


def test_they_are_found_in_objects_and_lists_and_behind_references():
    item = {"properties": {"kind": {"enum": ["a", "b", None]}, "parts": {"items": {"$ref": "#/$defs/item"}}}}
    schema = {
        "$defs": {"item": item},
        "properties": {
            "mood": {"anyOf": [{"const": "good"}, {"enum": ["bad"]}, {"type": "null"}]},
            "open": {"anyOf": [{"enum": ["x"]}, {"type": "string"}]},
            "text": {"type": "string"},
            "items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
        },
    }
    found = labels_of(schema)
    assert found["/mood"] == ("good", "bad")
    assert found["/items/*/kind"] == found["/items/*/parts/*/kind"] == ("a", "b", None)
    assert not {"/open", "/text"} & found.keys()


def test_those_of_the_built_ins_are_their_labels():
    assert labels_of(resolve("sentiment").output_schema)["/sentiment"][:2] == ("positive", "negative")
    assert "person" in labels_of(resolve("entities").output_schema)["/entities/*/type"]
