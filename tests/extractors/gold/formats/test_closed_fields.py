"""Which fields of a schema have one of a few labels."""

from slotfill.extractors.gold.formats.closed_fields import closed_fields
from slotfill.schemas import built_ins, resolve


def test_they_are_found_in_objects_and_lists_and_behind_references():
    kind = {"enum": ["a", "b", None]}
    schema = {
        "$defs": {
            "item": {"type": "object", "properties": {"kind": kind, "parts": {"items": {"$ref": "#/$defs/item"}}}}
        },
        "properties": {
            "mood": {"const": "good"},
            "size": {"enum": [1, 2]},
            "open": {"anyOf": [{"enum": ["x"]}, {"type": "string"}]},
            "items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
        },
    }
    closed = closed_fields(schema)
    assert closed["/mood"] == ("good",)
    assert closed["/items/*/kind"] == closed["/items/*/parts/*/kind"] == ("a", "b")
    assert not {"/size", "/open"} & closed.keys()


def test_those_of_the_built_ins_are_their_labels():
    assert "entities" in built_ins()
    assert closed_fields(resolve("sentiment").output_schema)["/sentiment"][:2] == ("positive", "negative")
    assert "person" in closed_fields(resolve("entities").output_schema)["/entities/*/type"]
