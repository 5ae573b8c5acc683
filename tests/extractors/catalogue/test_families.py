"""Families of models: each model is in one, and what a row says reaches who asks."""

import re

import pytest

from slotfill.extractors.catalogue import families
from slotfill.extractors.catalogue.families import family_of
from slotfill.extractors.catalogue.model_facts import known_models


def test_every_known_model_is_in_a_family():
    unknown = family_of("claude-of-tomorrow")
    assert [name for name in known_models() if family_of(name) is unknown] == []


def test_no_row_hides_another():
    """A pattern that fits what a later row is for would have that row never count."""
    rows = [pattern for pattern, _ in families._FAMILIES]
    for place, pattern in enumerate(rows):
        assert not any(re.search(earlier, pattern) for earlier in rows[:place]), pattern


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("anthropic/claude-opus-5.5", "claude-opus-5-5"),
        ("anthropic.claude-v2:1", "claude-2.1"),
        ("claude-opus-4@20250514", "claude-opus-4-0"),
        ("claude-opus-4", "claude-opus-4-20250514"),
    ],
)
def test_a_model_is_known_by_all_its_names(model, family):
    assert family_of(model) is family_of(family)


def test_thinking_that_cannot_end_is_that_of_a_model_that_thinks():
    for _, family in families._FAMILIES:
        assert family.thinks or family.thinking_off is None
        assert not (family.adaptive and family.budget)
        assert family.effort in family.efforts or not family.efforts
