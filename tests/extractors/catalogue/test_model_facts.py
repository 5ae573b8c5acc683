"""What is known of a model."""

import pytest

from slotfill.extractors.catalogue.model_facts import known_models, look_up
from slotfill.extractors.catalogue.model_ids import DEFAULT_MODEL


def test_the_embedded_model_takes_any_schema():
    assert look_up("local").structured


def test_the_default_model_is_known():
    assert DEFAULT_MODEL in known_models()
    model = look_up(DEFAULT_MODEL)
    assert (model.context, model.max_output, model.structured) == (1_000_000, 21_333, True)


@pytest.mark.parametrize(
    ("model", "structured", "max_output"),
    [
        ("claude-3-haiku-20240307", False, 4_096),
        ("claude-3-5-sonnet-latest", False, 8_192),
        ("claude-3-7-sonnet-latest", False, 21_333),
        ("claude-sonnet-4-20250514", False, 21_333),
        ("claude-opus-4-20250514", False, 8_192),
        ("claude-opus-4-1", True, 8_192),
        ("claude-sonnet-4-5", True, 21_333),
        ("claude-haiku-4-5-20251001", True, 21_333),
        ("claude-opus-5", True, 21_333),
        ("claude-of-tomorrow", True, 21_333),
    ],
)
def test_older_models_can_less(model, structured, max_output):
    found = look_up(model)
    assert (found.structured, found.max_output) == (structured, max_output)


@pytest.mark.parametrize(
    ("least", "models"),
    [
        (512, ["haiku-5-5", "sonnet-5-5", "opus-5-5", "opus-5", "fable-5-1", "mythos-5-2"]),
        (1_024, ["sonnet-5", "opus-4-8", "sonnet-4-6", "sonnet-4-5-20250929", "opus-4-20250514", "3-5-sonnet-latest"]),
        (2_048, ["opus-4-7", "3-haiku-20240307", "3-5-haiku-latest"]),
        (4_096, ["opus-4-6", "opus-4-5-20251101", "haiku-4-5"]),
    ],
)
def test_the_cache_keeps_no_less(least, models):
    assert {look_up(f"claude-{model}").least_cached for model in models} == {least}
