"""Any proposal at all, settled, is a schema that slotfill takes and that breaks no law."""

import json

import proposals as made
from examples import examples
from hypothesis import given

from slotfill.extractors.suggestion.json_form import proposed_schema
from slotfill.extractors.suggestion.sense_checks import settle
from slotfill.extractors.testing.check import check
from slotfill.schemas import resolve


def schema_of(*fields):
    return proposed_schema(settle(made.proposal(*fields), made.TEXTS).proposal)


@given(made.proposals)
@examples(50)
def test_any_proposal_makes_a_schema(proposal):
    json_schema = proposed_schema(settle(proposal, made.TEXTS).proposal)
    schema = resolve(json_schema)
    assert schema.json_schema == json_schema == json.loads(json.dumps(json_schema))
    assert schema.instructions.strip()


def test_it_breaks_no_law():
    drawn = []

    @given(made.proposals)
    @examples(40)
    def draw(proposal):
        drawn.append(proposal)

    draw()
    for proposal in sorted(drawn, key=lambda one: len(one.model_dump_json()))[-1::-25]:
        findings = check(proposed_schema(settle(proposal, made.TEXTS).proposal), max_examples=5)
        assert [finding for finding in findings if finding.kind == "broken"] == []


def test_what_is_optional_may_be_null_and_a_list_may_be_empty():
    assert schema_of(
        made.field("number"),
        made.field("due", "date", always=False),
        made.field("tags", "label", labels=["new", "old"], many=True, always=False),
        made.field("items", "object", many=True, fields=[made.part("pieces", "whole number", always=False)]),
    ) == {
        "title": "invoice",
        "description": "Extract the invoice.",
        "type": "object",
        "properties": {
            "number": {"description": "the number", "type": "string", "format": "verbatim"},
            "due": {
                "description": "the due",
                "anyOf": [{"type": "string", "format": "date"}, {"type": "null"}],
                "default": None,
            },
            "tags": {
                "description": "the tags",
                "type": "array",
                "items": {"type": "string", "enum": ["new", "old"]},
            },
            "items": {
                "description": "the items",
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "pieces": {
                            "description": "the pieces",
                            "anyOf": [{"type": "integer"}, {"type": "null"}],
                            "default": None,
                        }
                    },
                    "additionalProperties": False,
                },
            },
        },
        "required": ["number", "tags", "items"],
        "additionalProperties": False,
    }


def test_no_text_of_a_sample_is_in_the_schema():
    assert "A-17" not in json.dumps(schema_of(made.field("number", example="A-17")))
