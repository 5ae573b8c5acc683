"""The engine: what it answers does not rest on what it was asked before."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from slotfill import Extractor
from slotfill.extractors.local.llama import Engine, shared_engine
from slotfill.extractors.local.llama_server import EngineOptions, is_asked_whole
from slotfill.schemas import Sentiment

pytestmark = pytest.mark.local

SENTENCE = "The screen is bright and the battery lasts for days, but the strap broke within a week of wearing it. "
LABELS = ("positive", "neutral", "negative")


def scores(engine: Engine, text: str) -> tuple[float, ...]:
    return engine.score(f"Text: {text}\nSentiment:", LABELS, threading.Event())[0]


def test_scores_are_the_same_whatever_was_read_before(model_file: Path) -> None:
    """A text of 90 tokens, read in one go, from its middle, and but for its last token."""
    engine = shared_engine(model_file)
    text = SENTENCE * 4
    scores(engine, "Seen.")
    whole = scores(engine, text)
    scores(engine, text[: len(text) // 2])
    assert scores(engine, text) == whole
    assert scores(engine, text) == whole


@pytest.mark.slow
def test_so_they_are_of_long_prompts_with_many_threads(model_file: Path) -> None:
    """From 512 tokens on llama.cpp shares a single token's attention among its threads."""
    engine = Engine(model_file, EngineOptions(slots=1, threads=4, context=1_024))
    text = SENTENCE * 26
    assert engine.count(text) > 512
    whole = scores(engine, text)
    assert scores(engine, text) == whole


@pytest.mark.slow
def test_a_record_is_the_same_after_other_texts(model_file: Path) -> None:
    texts = [SENTENCE * 3, SENTENCE + "I would not buy it again, and told them so.", "Seen it."]
    with Extractor(Sentiment, model="local") as extractor:
        first = json.dumps(extractor.extract(texts[0]).data)
        for text in texts[1:]:
            extractor.extract(text)
        assert json.dumps(extractor.extract(texts[0]).data) == first
        assert json.dumps(extractor.extract(texts[0]).data) == first


def test_a_model_is_asked_by_field_unless_it_is_large_or_told_otherwise(tmp_path: Path) -> None:
    small, large = tmp_path / "small.gguf", tmp_path / "large-00001-of-00002.gguf"
    small.write_bytes(b"GGUF")
    large.write_bytes(b"GGUF")
    with (tmp_path / "large-00002-of-00002.gguf").open("wb") as rest:
        rest.truncate(600 << 20)
    assert [is_asked_whole(path, EngineOptions()) for path in (small, large)] == [False, True]
    assert is_asked_whole(small, EngineOptions(decoding="whole"))
    assert not is_asked_whole(large, EngineOptions(decoding="fields"))
