"""Ids of models: those of the embedded one, and those of the service's."""

import pytest

from slotfill.extractors.catalogue.model_ids import is_claude, is_local


@pytest.mark.parametrize("model", ["local", "local:x.gguf", "hf:acme/tiny/x.gguf"])
def test_the_embedded_model_has_ids_of_its_own(model):
    assert is_local(model)
    assert not is_claude(model)


@pytest.mark.parametrize("model", ["claude-haiku-5-5", "localhost", "local-claude", "hf-claude", "claude/hf:x.gguf"])
def test_no_other_model_is_embedded(model):
    assert not is_local(model)


@pytest.mark.parametrize("model", ["claude-haiku-5-5", "anthropic/claude-opus-5.5", "eu.anthropic.claude-v2:1"])
def test_gateways_write_ids_of_their_own(model):
    assert is_claude(model)
