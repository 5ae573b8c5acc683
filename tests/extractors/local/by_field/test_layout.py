"""Questions and examples as plain text."""

from __future__ import annotations

from typing import Any

import pytest

from slotfill.extractors.local.by_field.layout import (
    ask_mention,
    begin,
    introduction,
    show_fields,
    show_mentions,
    value_at,
    write_field,
)
from slotfill.extractors.local.by_field.schema_compiler import compile_schema
from slotfill.extractors.local.conversation import Shot
from slotfill.extractors.local.strategies import (
    ABSENT,
    NOT_EMPTY,
    Choice,
    Doubt,
    Field,
    FieldPath,
    Line,
    MentionList,
    Strategy,
    Written,
)
from slotfill.schemas.built_in.entities import Entities

KINDS = MentionList("text", "kind", Choice(("person", "place", ABSENT), ("person", "place", "none")), (), None, None)
NAMES = ("names",)


YES = Choice((True, False, None, 1, ABSENT), ("yes", "no", "none", "1", "(none)"))


@pytest.mark.parametrize(
    ("strategy", "value", "said"),
    [
        (YES, True, "yes"),
        (YES, False, "no"),
        (YES, None, "none"),
        (YES, 1, "1"),
        (YES, ABSENT, "(none)"),
        (Choice(([1], [2]), ("[1]", "[2]")), [2], "[2]"),
        (Line(verbatim=False, many=False, blank=NOT_EMPTY), " two\n lines ", "two lines"),
        (Line(verbatim=False, many=False, blank=None), None, "none"),
        (Line(verbatim=False, many=False, blank=ABSENT), ABSENT, "none"),
        (Line(verbatim=True, many=True, blank=[]), ["a  b", "c"], "a b; c"),
        (Line(verbatim=True, many=True, blank=[]), [], "none"),
        (Written({}), {"a": [1, "é"]}, '{"a": [1, "é"]}'),
        (Written({}), "text", '"text"'),
        (Written({}, optional=True), ABSENT, "null"),
    ],
)
def test_a_value_stands_after_its_heading(strategy: Strategy, value: Any, said: str) -> None:
    assert write_field(Field(("x",), strategy), value) == said


def test_an_example_shows_all_its_answers() -> None:
    fields = [
        Field(("mood",), Choice(("good", "bad"), ("good", "bad"))),
        Field(("key", "points"), Line(verbatim=False, many=True, blank=[])),
        Field(("key", "cost"), Written({"type": "number"}, optional=True)),
    ]
    shot = Shot("Nice,\nbut  dear.", {"mood": "good", "key": {"points": ["nice", "dear"]}})
    expected = "Text: Nice, but dear.\nMood: good\nKey points: nice; dear\nKey cost: null\n\n"
    assert show_fields(fields, shot) == expected
    assert expected.startswith(begin(shot.text))


def shown(text: str, *items: tuple[str, str], path: FieldPath = ("all",)) -> str:
    listed = [{"text": passage, "kind": kind} for passage, kind in items]
    return show_mentions(KINDS, path, NAMES, Shot(text, {"all": listed}))


def test_candidates_that_are_no_mentions_are_shown_as_none() -> None:
    assert shown("Ada saw a Volvo in New York", ("Ada", "person"), ("York", "place")) == (
        "Text: Ada saw a Volvo in New York\nAda = person\nVolvo = none\nYork = place\n\n"
    )
    assert shown("Ada sleeps", path=("missing",)) == "Text: Ada sleeps\nAda = none\n\n"
    assert shown("all sleep") == "Text: all sleep\n\n"


def test_a_passage_that_comes_twice_is_shown_twice() -> None:
    text = "Paris met Ada in Paris"
    assert shown(text, ("Paris", "person"), ("Ada", "person"), ("Paris", "place")) == (
        f"Text: {text}\nParis = person\nAda = person\nParis = place\n\n"
    )
    # Out of order, too.
    assert shown(text, ("Ada", "person"), ("Paris", "place")).endswith(
        "\nParis = none\nAda = person\nParis = place\n\n"
    )
    assert "\nAda = person\n" in shown("Ada met Bob", ("Bob", "person"), ("Ada", "person"))


def test_a_mention_over_two_lines_is_asked_in_one() -> None:
    assert ask_mention("New\n York") == "New York ="


def test_every_mention_of_the_built_in_examples_is_shown_once() -> None:
    compiled = compile_schema(Entities.model_json_schema())
    assert compiled is not None
    (field,) = compiled.fields
    assert isinstance(field.strategy, MentionList)
    for one in Entities.examples:
        text = show_mentions(field.strategy, field.path, ("amounts", "names"), Shot(one.text, one.value))
        said = [line.rpartition(" = ") for line in text.splitlines()[1:-1]]
        entities = [(item["text"], item["type"]) for item in one.value["entities"]]
        assert [(passage, label) for passage, _, label in said if label != "none"] == entities


@pytest.mark.parametrize(
    ("path", "found"),
    [(("a", "b"), 1), (("a",), {"b": 1}), ((), {"a": {"b": 1}}), (("c",), ABSENT), (("a", "b", "c"), ABSENT)],
)
def test_values_are_looked_up_by_keys(path: FieldPath, found: Any) -> None:
    assert value_at({"a": {"b": 1}}, path) == found


def test_what_no_example_shows_is_told() -> None:
    schema = {
        "type": "object",
        "properties": {
            "mood": {"enum": ["good", "bad"], "description": "The writer's\nmood."},
            "sure": {"type": "number", "x-confidence-of": "mood"},
            "key_points": {"type": "array", "items": {"type": "string"}},
            "cost": {"type": "number", "description": "In euros."},
        },
        "required": ["mood", "sure", "key_points", "cost"],
    }
    compiled = compile_schema(schema)
    assert compiled is not None
    assert any(isinstance(field.strategy, Doubt) for field in compiled.fields)
    assert introduction(compiled, "Judge a text.\n\nAt length.") == (
        "Judge a text.\n\n- Mood (good, bad): The writer's mood.\n- Key points\n- Cost: In euros.\n\n"
    )
