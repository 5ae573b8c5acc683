"""What a model takes is told twice, by the catalogue and by the simulated service, and they agree."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from anthropic._data import DEPRECATED_MODELS
from anthropic.types import Model

from slotfill.extractors.catalogue.families import Effort
from slotfill.extractors.catalogue.model_facts import known_models, look_up
from slotfill.extractors.errors import SettingsError
from slotfill.extractors.messages_api.thinking import thinking_for
from slotfill.extractors.testing.rules.model_rules import EFFORTS, MODELS, ModelRules, rules_of
from slotfill.extractors.testing.rules.model_settings import check_settings

RETIRED = {"claude-mythos-preview"}
"""Which the SDK still names."""

by_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)


def test_the_models_of_the_sdk_are_known() -> None:
    names = {name for part in get_args(Model) for name in get_args(part)}
    assert {name for name in names if rules_of(name) is None} == RETIRED
    retiring = {model for name in DEPRECATED_MODELS if (model := rules_of(name))}
    assert {model for model in MODELS if model.lifecycle == "deprecated"} == retiring


def test_the_current_models_of_the_catalogue_are_known() -> None:
    assert {model.id for model in MODELS if not model.alias and model.generation > (4, 5)} - {*known_models()} == {
        "claude-mythos-5",  # the catalogue's prices lack them
        "claude-mythos-5-1",
    }
    assert {name for name in known_models() if rules_of(name) is None} == {
        "claude-2",  # long retired, or no names of the service
        "claude-3-5-haiku-latest",
        "claude-3-5-sonnet",
        "claude-3-7-sonnet-latest",
        "claude-3-haiku",
        "claude-3-opus-latest",
        "claude-3-sonnet",
        "claude-v1",
    }


@by_model
def test_the_catalogue_says_the_same(model: ModelRules) -> None:
    told = look_up(model.id)
    assert told.context in (model.context, None)
    assert told.max_output <= model.output
    assert told.forced_tool == model.forced_tool
    assert told.least_cached == model.cacheable
    assert told.structured == model.structured


@by_model
@pytest.mark.parametrize("effort", [None, *EFFORTS])
@pytest.mark.parametrize("wanted", [None, "off", "auto", 2_048])
def test_what_thinking_is_asked_for_is_taken(model: ModelRules, wanted: Any, effort: Any) -> None:
    try:
        told = thinking_for(model.id, wanted, effort, max_tokens=4_000)
    except SettingsError:
        return
    check_settings({"max_tokens": 4_000, "thinking": told.form, "output_config": {"effort": told.effort}}, model)


@by_model
def test_whoever_thinks_is_told_not_to_or_has_room(model: ModelRules) -> None:
    told = thinking_for(model.id, max_tokens=4_000)
    assert (told.room > 0 or told.form is not None) == model.thinks


@by_model
def test_an_effort_that_is_taken_is_asked_for(model: ModelRules) -> None:
    for effort in get_args(Effort):
        if effort in model.efforts:
            assert thinking_for(model.id, effort=effort, max_tokens=4_000).effort == effort
        else:
            with pytest.raises(SettingsError):
                thinking_for(model.id, effort=effort, max_tokens=4_000)


def test_names_that_nobody_has_are_none() -> None:
    assert [rules_of(name) for name in ("claude-sonet-4-5", "claude-opus-5-20260724", "anthropic/claude-opus-5")] == [
        None
    ] * 3
    other = rules_of("anthropic/claude-opus-5", also=["anthropic/claude-opus-5"])
    assert other is not None
    assert other.id == "anthropic/claude-opus-5"


def test_efforts() -> None:
    by_id = {model.id: model.efforts for model in MODELS}
    assert by_id["claude-haiku-4-5-20251001"] == by_id["claude-sonnet-4-5-20250929"] == ()
    assert by_id["claude-opus-4-5-20251101"] == ("low", "medium", "high")
    assert by_id["claude-sonnet-4-6"] == by_id["claude-opus-4-6"] == ("low", "medium", "high", "max")
    assert {by_id[name] for name in ("claude-opus-4-7", "claude-sonnet-5", "claude-haiku-5-5")} == {EFFORTS}
