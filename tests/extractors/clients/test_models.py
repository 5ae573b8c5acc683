"""How far a document's plan may go: how much of it one request holds by default."""

from __future__ import annotations

import json
from typing import Annotated

import pytest
from pydantic import BaseModel

from slotfill import Document, Example, Extractor, Schema
from slotfill.extractors.catalogue import model_facts
from slotfill.extractors.clients.models import ModelPool
from slotfill.extractors.settings import Settings
from slotfill.extractors.testing.claude import SimulatedClaude
from slotfill.schemas import Entities, Merge, Summary
from slotfill.schemas.sources.schema_sources import resolve

WORDS = "Ada Lovelace met Charles Babbage in London. "
LONG = WORDS * 20_000
BAND = 100_000
DENSE = 2
"""Bytes a token: hardly any text has less."""


def test_only_the_embedded_model_is_told_the_question_beside_the_instructions() -> None:
    schema = resolve("answer", parameters={"question": "Who pays?"})
    marks = {}
    for model in ("local", "claude-haiku-5-5"):
        with Extractor(schema, model=model, api_key="none") as extractor:
            (request,) = extractor.requests("Ada pays.")
        marks[model] = request["output_config"]["format"]["schema"].get("x-question")
    assert marks == {"local": "Who pays?", "claude-haiku-5-5": None}


class Listed(BaseModel):
    """List the names."""

    names: list[str]


class Titled(Listed):
    title: str


class FirstTitled(Listed):
    title: Annotated[str, Merge("first")]


def sizes(schema: type[BaseModel], text: str = LONG, model: str = "claude-haiku-5-5", **options: object) -> list[int]:
    """Give the size in bytes of each first request for a text."""
    client = SimulatedClaude().client()
    with Extractor(schema, client=client, model=model, **options) as extractor:  # type: ignore[misc,arg-type]  # options as they come
        requests = extractor.requests(text)
    return [len(json.dumps(request, ensure_ascii=False).encode()) for request in requests]


@pytest.mark.parametrize("schema", [Entities, FirstTitled])
@pytest.mark.parametrize("text", [LONG, "日本" * 200_000, "12 345 6789 " * 50_000])
def test_chunks_stay_in_the_first_price_band(schema: type[BaseModel], text: str) -> None:
    chunks = sizes(schema, text)
    assert max(chunks) <= BAND * DENSE
    assert len(chunks) <= len(text.encode()) / (BAND * DENSE) * 1.2 + 1  # and not far below


@pytest.mark.parametrize("text", [WORDS, WORDS * (BAND * DENSE // len(WORDS) - 500)])
def test_what_is_in_the_band_is_one_request(text: str) -> None:
    assert len(sizes(Entities, text)) == 1


@pytest.mark.parametrize("schema", [Summary, Titled])
def test_a_judgement_of_the_whole_is_one_request(schema: type[BaseModel]) -> None:
    assert len(sizes(schema)) == 1


@pytest.mark.parametrize("model", ["claude-opus-5", "claude-of-tomorrow", "claude-sonnet-5-5"])
def test_so_is_all_where_no_prompt_costs_more(model: str) -> None:
    assert len(sizes(Entities, model=model)) == 1


def test_a_size_that_is_asked_for_is_kept_to() -> None:
    assert len(sizes(Entities, chunk_chars=len(LONG))) == 1
    assert len(sizes(Entities, chunk_chars=30_000)) > 20
    assert len(sizes(Summary, chunk_chars=300_000)) > 1


@pytest.mark.parametrize(("examples", "chunks"), [(100, 1), (10, 5)])
def test_what_each_chunk_is_told_anew_may_cost_more(examples: int, chunks: int) -> None:
    shots = [Example(f"{number} {WORDS * 42}", {"names": ["Ada Lovelace"]}) for number in range(examples)]
    assert len(sizes(Listed, examples=shots)) == pytest.approx(chunks, abs=1)


@pytest.mark.parametrize("model", ["claude-haiku-5-5", "claude-3-haiku-20240307"])
def test_a_chunk_leaves_room_for_a_reply_that_is_asked_for_again(model: str) -> None:
    """A cut reply is asked for again with all the room that the model has: prompt and reply must fit its context."""
    known = model_facts.look_up(model)
    assert known.context is not None
    text = "a" * (4 * known.context)
    pool = ModelPool(Schema(Titled), Settings.read(), [model], SimulatedClaude().client())
    policy = pool.policy(Document.of(text))
    assert policy.ceiling == known.max_output
    assert policy.chunk_chars is not None
    assert policy.chunk_chars // 3 + policy.ceiling <= known.context  # English has four bytes a token, or less


def test_each_fallback_has_a_policy_of_its_own() -> None:
    names = ["claude-haiku-5-5", "claude-sonnet-5-5", "claude-3-haiku-20240307"]
    pool = ModelPool(Schema(Titled), Settings.read(), names, SimulatedClaude().client())
    policy = pool.policy(Document.of(WORDS))
    assert [other.model for other in policy.fallbacks] == names[1:]
    assert policy.fallbacks[1].ceiling == model_facts.look_up(names[2]).max_output
