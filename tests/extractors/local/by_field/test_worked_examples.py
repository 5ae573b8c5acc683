"""What is shown where a schema brings no worked examples."""

from __future__ import annotations

from typing import Any, cast

import pytest

from slotfill.extractors.local.by_field.fields import FieldDecoder
from slotfill.extractors.local.by_field.schema_compiler import compile_schema
from slotfill.extractors.local.by_field.worked_examples import WORKED_EXAMPLES
from slotfill.extractors.local.conversation import Shot

SCHEMA = {"type": "object", "properties": {"mood": {"enum": ["good", "bad"]}}, "required": ["mood"]}


@pytest.mark.parametrize("example", WORKED_EXAMPLES)
def test_each_answer_stands_in_its_text(example: str) -> None:
    text, *answers = example.rstrip("\n").split("\n")
    assert text.startswith("Text: ")
    assert example.endswith("\n\n")
    values = [value for answer in answers for value in answer.partition(": ")[2].split("; ")]
    assert len(values) > 2
    assert all(value == "none" or value in text for value in values)


def test_a_schema_with_examples_shows_its_own_alone() -> None:
    def shots(*examples: Shot) -> tuple[str, ...]:
        compiled = compile_schema(SCHEMA)
        assert compiled is not None
        engine = cast("Any", None)  # nothing is asked
        decoder = FieldDecoder(engine, SCHEMA, compiled, None, examples=examples, labelled=(), instructions="Judge it.")
        return decoder.shots

    assert shots() == ("Judge it.\n\n- Mood (good, bad)\n\n", *WORKED_EXAMPLES)
    assert shots(Shot("Fine.", {"mood": "good"})) == ("", "Text: Fine.\nMood: good\n\n")
