"""Which credential there is, and which model is asked where none is named."""

import anthropic
import pytest

from slotfill import ModelError
from slotfill.extractors.clients.credentials import choose_model, credential_for, credentials_of
from slotfill.extractors.settings import Settings


def test_the_model_is_chosen_by_what_there_is(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert choose_model(Settings.read(model="claude-sonnet-5")) == "claude-sonnet-5"
    assert choose_model(Settings.read(api_key="sk-ant-any")) == "claude-haiku-5-5"
    monkeypatch.setenv("SLOTFILL_MODEL", "local:x.gguf")
    assert choose_model(Settings.read()) == "local:x.gguf"
    monkeypatch.delenv("SLOTFILL_MODEL")
    monkeypatch.setattr("slotfill.extractors.local.weights.weights.installed", lambda: None)
    with pytest.raises(ModelError, match="set ANTHROPIC_API_KEY, or fetch the model with `slotfill models pull`"):
        choose_model(Settings.read())
    monkeypatch.setattr("slotfill.extractors.local.weights.weights.installed", lambda: tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: "there")
    assert choose_model(Settings.read()) == "local"
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    message = r"the extra `local`: set ANTHROPIC_API_KEY, or install it: pip install 'slotfill\[local\]'"
    with pytest.raises(ModelError, match=message):
        choose_model(Settings.read())


def test_a_model_that_nobody_serves_is_named_with_its_nearest(monkeypatch):
    monkeypatch.delenv("ANTHROPIC_BASE_URL")
    with pytest.raises(ModelError, match=r"'claud-haiku-5-5' is known: did you mean claude-haiku-5-5"):
        choose_model(Settings.read(model="claud-haiku-5-5"))
    with pytest.raises(ModelError, match=r"no model 'gpt-4' is known: `slotfill models` lists them"):
        choose_model(Settings.read(model="gpt-4"))
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    assert choose_model(Settings.read(model="a-gateways-own")) == "a-gateways-own"


def test_the_sdk_is_given_the_credential_that_is_set():
    assert credential_for("m", Settings.read(api_key="sk-ant-any")) == {"api_key": "sk-ant-any"}
    assert credential_for("m", Settings.read(auth_token="sk-ant-oat")) == {"auth_token": "sk-ant-oat"}
    with pytest.raises(ModelError, match=r"no Anthropic credential is set for 'm': set ANTHROPIC_API_KEY"):
        credential_for("m", Settings.read())


def test_a_client_of_ones_own_tells_its_credentials():
    with anthropic.Anthropic(api_key="sk-ant-own") as client:
        assert [*credentials_of(client)] == ["sk-ant-own"]
    assert [*credentials_of(None)] == []
