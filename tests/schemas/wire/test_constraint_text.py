"""Constraints in words, and out of them again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slotfill.schemas.built_in.sentiment import Sentiment
from slotfill.schemas.schema import Schema
from slotfill.schemas.wire.constraint_text import in_words, out_of_words
from slotfill.schemas.wire.subset import Reduction

NUMBERS = st.integers(-1000, 1000) | st.floats(-1e6, 1e6, allow_nan=False)
COUNTS = st.integers(1, 1000)
STRINGS = st.fixed_dictionaries(
    {}, optional={"minLength": COUNTS, "maxLength": COUNTS, "pattern": st.sampled_from(["^a; b$", "[a-z]+", "x"])}
)
OTHERS = st.fixed_dictionaries(
    {}, optional={"minimum": NUMBERS, "exclusiveMaximum": NUMBERS, "multipleOf": COUNTS, "maximum": NUMBERS}
)
ARRAYS = st.fixed_dictionaries({}, optional={"minItems": COUNTS, "maxItems": COUNTS, "uniqueItems": st.just(True)})


@given(constraints=STRINGS | OTHERS | ARRAYS, prose=st.sampled_from(["", "How much.\n\n", "At least one.\n\n"]))
def test_what_is_said_is_understood(constraints: dict[str, Any], prose: str) -> None:
    words = "; ".join(in_words(keyword, value) for keyword, value in constraints.items())
    assert out_of_words(prose + words) == constraints or not constraints


@pytest.mark.parametrize("prose", ["", "One sentence.", "at least a few", "Up to 5; strongest first.", "format"])
def test_prose_states_nothing(prose: str) -> None:
    assert out_of_words(prose) == {}


def test_the_reduced_schema_of_a_built_in_can_be_read_again() -> None:
    reduced = Reduction(Schema(Sentiment).json_schema).root()
    phrases = reduced["properties"]["key_phrases"]
    assert out_of_words(phrases["description"]) == {"maxItems": 5}
    assert out_of_words(phrases["items"]["description"]) == {"format": "verbatim", "minLength": 1, "maxLength": 120}
    assert out_of_words(reduced["properties"]["summary"]["description"]) == {"minLength": 1, "maxLength": 400}
