"""The model with known errors: as wrong as is said of it, in values that are valid, and in one way where shared."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from slotfill import Extractor
from slotfill.extractors.testing import SimulatedClaude, erring
from slotfill.schemas.json_values.json_types import JSON

COUNT = 400
GOLD: dict[str, JSON] = {
    f"Complaint {number}.": {
        "urgency": number % 5,
        "team": f"team{number % 7}",
        "lines": [{"price": number * 10 + at} for at in range(number % 3)],
    }
    for number in range(COUNT)
}


class Line(BaseModel):
    price: int


class Ticket(BaseModel):
    urgency: int
    team: str
    lines: list[Line]


def asked(text: str, digest: str = "1", model: str = "claude-haiku-5-5", schema: Any = None) -> Any:
    """Stand in for a request: all that a script looks at."""

    class Request:
        document = text

    Request.digest, Request.model, Request.schema = text + digest, model, schema  # type: ignore[attr-defined]
    return Request


def wrong(script: Callable[[Any], Any], field: str, **request: Any) -> set[str]:
    """Name the documents of which a field is wrong."""
    return {text for text, value in GOLD.items() if script(asked(text, **request))[field] != value[field]}


@pytest.mark.parametrize("shared", [0.0, 0.5, 1.0])
def test_a_field_is_as_often_wrong_as_is_said(shared: float) -> None:
    script = erring(GOLD, {"/urgency": 0.2}, shared=shared)
    assert len(wrong(script, "urgency")) / COUNT == pytest.approx(0.2, abs=0.05)
    assert wrong(script, "team") == set()


def test_what_is_shared_is_wrong_in_the_same_way_each_time() -> None:
    script = erring(GOLD, {"/urgency": 0.3}, shared=1.0)
    assert wrong(script, "urgency") == wrong(script, "urgency", digest="2") != set()
    assert all(script(asked(text)) == script(asked(text, "2")) for text in GOLD)


def test_what_is_not_shared_is_wrong_each_time_anew() -> None:
    script = erring(GOLD, {"/urgency": 0.3}, shared=0.0)
    one, other = wrong(script, "urgency"), wrong(script, "urgency", digest="2")
    assert len(one & other) / COUNT == pytest.approx(0.09, abs=0.04)
    assert one == wrong(script, "urgency")  # the same request has the same answer


def test_what_a_better_model_shares_the_others_share_with_it() -> None:
    rates = {"strong": {"/urgency": 0.1}}
    script = erring(GOLD, {"/urgency": 0.3}, by_model=rates, shared=1.0)
    assert wrong(script, "urgency", model="strong") < wrong(script, "urgency")


def test_another_seed_has_other_errors() -> None:
    one, other = (wrong(erring(GOLD, {"/urgency": 0.3}, seed=seed), "urgency") for seed in (1, 2))
    assert one != other


def test_fields_of_items_and_lists_err_too() -> None:
    prices = erring(GOLD, {"/lines/*/price": 0.5})
    lengths = {text: len(value["lines"]) for text, value in GOLD.items()}
    assert wrong(prices, "lines")
    assert all(len(prices(asked(text))["lines"]) == length for text, length in lengths.items())
    lists = erring(GOLD, {"/lines": 1.0})
    assert {abs(len(lists(asked(text))["lines"]) - length) for text, length in lengths.items()} == {1}


def test_the_parts_that_a_patch_asks_for_are_given_alone() -> None:
    line = {"type": "object", "properties": {"price": {"type": "integer"}}}
    schema = {"properties": {"lines": {"type": "object", "properties": {"1": line}}}}
    assert erring(GOLD, {})(asked("Complaint 5.", schema=schema)) == {"lines": {"1": {"price": 51}}}


def test_it_answers_an_extractor_and_knows_no_other_document(tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text("".join(json.dumps({"text": text, "value": value}) + "\n" for text, value in GOLD.items()))
    with Extractor(Ticket, client=SimulatedClaude(erring(path, {})).client(max_retries=0)) as extractor:
        assert extractor.extract("Complaint 5.").data == GOLD["Complaint 5."]
        assert not extractor.extract("Something else.").ok
