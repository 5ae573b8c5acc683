"""A real server of the Chat Completions API: llama.cpp's own, on a port, with the embedded model's weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slotfill import Extractor
from slotfill.extractors.doctor import examine
from slotfill.extractors.extractions.extraction import Extraction
from slotfill.extractors.local.llama_server import EngineOptions, _parameters
from slotfill.extractors.local.weights.weights import locate_weights

pytestmark = [pytest.mark.local, pytest.mark.slow]

KEY = "sk-llama-key"
MOOD = {
    "title": "mood",
    "type": "object",
    "properties": {
        "mood": {"enum": ["good", "bad"]},
        "sure": {"type": "number", "minimum": 0, "maximum": 1, "x-confidence-of": "mood"},
    },
    "required": ["mood", "sure"],
}
LABEL = {**MOOD, "properties": {"mood": {"enum": ["good", "bad"]}}, "required": ["mood"]}
TEXT = "The soup was cold and the waiter was rude. Never again."


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    xllamacpp = pytest.importorskip("xllamacpp")
    folder: Path = tmp_path_factory.mktemp("llama")
    parameters: Any = _parameters(
        xllamacpp, locate_weights("local"), folder / "s", EngineOptions(slots=1, context=1_024)
    )
    parameters.hostnames, parameters.port, parameters.api_keys = ["127.0.0.1"], 0, [KEY]
    parameters.model_alias = {"smollm2"}
    server = xllamacpp.Server(parameters)
    yield f"{server.listening_address}/v1"
    del server


@pytest.fixture
def model(address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    return f"openai:smollm2@{address}"


async def test_each_driver_gets_a_value_and_its_confidence_is_computed(model: str) -> None:
    async with Extractor(MOOD, model=model, max_tokens=100) as extractor:
        whole = extractor.extract(TEXT)
        again = await extractor.aextract(TEXT)
    async with Extractor(LABEL, model=model, max_tokens=100) as extractor:
        *_, streamed = [event async for event in extractor.astream(TEXT)]
    assert isinstance(streamed, Extraction)
    for extraction, confidence in ((whole, {"/sure": "scored"}), (again, {"/sure": "scored"}), (streamed, {})):
        assert extraction.error is None
        assert extraction.outcome == "valid"
        assert extraction.value["mood"] in ("good", "bad")
        assert extraction.confidence == confidence
        assert (extraction.usage.input_tokens or 0) + (extraction.usage.cache_read_tokens or 0) > 100
        assert extraction.usage.output_tokens
    assert 0 < whole.value["sure"] <= 1


def test_a_text_that_is_too_long_a_key_that_is_wrong_and_a_reply_that_is_cut(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Extractor(MOOD, model=model, max_tokens=3, retries=0) as extractor:
        cut = extractor.extract(TEXT)
        assert cut.error
        assert cut.error.type == "truncated"
    with Extractor(LABEL, model=model, max_tokens=20, retries=0) as extractor:
        long = extractor.extract("word " * 1_200)
    errors = [error.message for attempt in long.attempts for error in attempt.errors]
    assert any(message.startswith("prompt is too long: ") for message in errors)
    assert len(long.attempts) > 1  # a shorter text may help
    monkeypatch.setenv("OPENAI_API_KEY", "sk-another")
    with Extractor(MOOD, model=model) as extractor:
        refused = extractor.extract(TEXT)
        assert refused.error
        assert refused.error.type == "authentication"


def test_the_doctor_finds_the_model_and_says_which_there_are(model: str, address: str) -> None:
    assert [check.state for check in examine(model)][-1] == "ok"
    *_, last = examine(f"openai:other@{address}")
    assert last.state == "failed"
    assert "smollm2" in last.detail
