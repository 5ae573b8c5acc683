"""`auto:`: the model by what is set, in the order of the documentation."""

from __future__ import annotations

import pytest
from chat_completions import completion, serving

from slotfill.extractors.clients.credentials import choose_model
from slotfill.extractors.errors import ModelError
from slotfill.extractors.settings import Settings
from slotfill.extractors.transports.automatic_choice import AutomaticChoice, choose_by_environment

VARIABLES = {
    "AWS_REGION": "us-east-1",
    "AWS_PROFILE": "work",
    "CLOUD_ML_REGION": "global",
    "ANTHROPIC_VERTEX_PROJECT_ID": "p1",
    "ANTHROPIC_FOUNDRY_API_KEY": "k",
    "ANTHROPIC_FOUNDRY_RESOURCE": "r",
}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    others = ("AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "ANTHROPIC_FOUNDRY_BASE_URL", "OPENAI_BASE_URL")
    for variable in (*VARIABLES, *others, "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OPENAI_API_KEY"):
        monkeypatch.delenv(variable, raising=False)


def test_the_first_of_what_is_set_whole_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_by_environment(Settings()) is None
    for variable, value in VARIABLES.items():
        monkeypatch.setenv(variable, value)
    expected = ["bedrock:global.anthropic.claude-haiku-5-5", "vertex:claude-haiku-5-5", "foundry:claude-haiku-5-5"]
    for model, dropped in zip(expected, ("AWS_PROFILE", "CLOUD_ML_REGION", "ANTHROPIC_FOUNDRY_RESOURCE"), strict=True):
        choice = choose_by_environment(Settings())
        assert choice
        assert choice.model == model
        assert dropped in choice.reason
        monkeypatch.delenv(dropped)
    assert choose_by_environment(Settings()) is None


def test_the_one_model_of_a_server_is_taken_and_of_several_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving([completion("{}")]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        assert choose_by_environment(Settings()) == AutomaticChoice("openai:qwen3", "OPENAI_BASE_URL")
        server.models = ["phi", "gemma"]
        with pytest.raises(ModelError, match="has phi, gemma: name one, -m openai:MODEL"):
            choose_by_environment(Settings())
        server.models = []
        with pytest.raises(ModelError, match="lists no model"):
            choose_by_environment(Settings())


def test_a_server_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(ModelError, match="OPENAI_BASE_URL does not say which models it has"):
        choose_by_environment(Settings())


@pytest.mark.parametrize("wish", ["auto", "auto:"])
def test_what_was_taken_is_said(wish: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("CLOUD_ML_REGION", "global")
    monkeypatch.setenv("ANTHROPIC_VERTEX_PROJECT_ID", "p1")
    assert choose_model(Settings.read(model=wish)) == "vertex:claude-haiku-5-5"
    assert "auto: vertex:claude-haiku-5-5, by CLOUD_ML_REGION and ANTHROPIC_VERTEX_PROJECT_ID" in caplog.text
    assert choose_model(Settings.read(model=wish, api_key="k")) == "claude-haiku-5-5"
    assert "auto: claude-haiku-5-5, by an Anthropic credential" in caplog.text


def test_with_nothing_set_it_is_the_embedded_model_or_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slotfill.extractors.local.weights.weights.installed", lambda: None)
    with pytest.raises(ModelError, match="set ANTHROPIC_API_KEY, or fetch the model"):
        choose_model(Settings.read(model="auto:"))
