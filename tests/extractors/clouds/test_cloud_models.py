"""`bedrock:`, `vertex:` and `foundry:`: what is known of their models, and what must be set."""

from __future__ import annotations

import pytest

from slotfill.extractors.catalogue.model_facts import look_up
from slotfill.extractors.catalogue.prices import price_a_million
from slotfill.extractors.catalogue.transport_facts import takes_pages, transport_facts
from slotfill.extractors.clouds.cloud_models import BEDROCK, FOUNDRY, VERTEX
from slotfill.extractors.errors import ModelError
from slotfill.extractors.settings import Settings


def test_a_model_takes_what_it_takes_elsewhere() -> None:
    model = look_up("bedrock:us.anthropic.claude-haiku-4-5-20251001-v1:0")
    assert (model.least_cached, model.structured, model.context) == (4_096, True, 200_000)
    assert takes_pages("vertex:claude-opus-4-5")


def test_prices_are_those_of_the_cloud_and_of_the_region(monkeypatch: pytest.MonkeyPatch) -> None:
    regional = price_a_million("bedrock:us.anthropic.claude-haiku-4-5-20251001-v1:0")
    everywhere = price_a_million("bedrock:global.anthropic.claude-haiku-4-5-20251001-v1:0")
    assert regional == ("1.10", "5.50")
    assert everywhere == ("1.00", "5.00")
    assert price_a_million("foundry:claude-haiku-4-5") == ("?", "?")
    monkeypatch.setenv("CLOUD_ML_REGION", "us-east5")
    assert VERTEX.facts("vertex:claude-haiku-4-5").priced_as == ("https://unknown.invalid", "claude-haiku-4-5")
    monkeypatch.setenv("CLOUD_ML_REGION", "global")
    assert VERTEX.facts("vertex:claude-haiku-4-5").priced_as == (
        "https://aiplatform.googleapis.com/v1",
        "claude-haiku-4-5",
    )


@pytest.mark.parametrize("cloud", [BEDROCK, VERTEX, FOUNDRY])
def test_what_is_not_set_is_named(cloud: object, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {BEDROCK: "AWS_REGION", VERTEX: "CLOUD_ML_REGION", FOUNDRY: "ANTHROPIC_FOUNDRY_API_KEY"}
    for variable in (*wanted.values(), "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(ModelError, match=f"set .*{wanted[cloud]}"):  # type: ignore[index]  # each is a key
        cloud.open("x:m", Settings())  # type: ignore[attr-defined]  # it is a transport


@pytest.mark.parametrize("model", ["bedrock", "vertex:", "foundry:"])
def test_an_id_that_names_no_model_is_refused(model: str) -> None:
    with pytest.raises(ModelError, match="names no model"):
        transport_facts(model)
